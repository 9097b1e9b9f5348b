#include <riskflag/monitor/decision_record.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <doctest/doctest.h>

#include <riskflag/core/file.hpp>

namespace monitor = riskflag::monitor;

TEST_CASE("an empty directory is a log that nothing was written to, a directory of other things is none") {
  const std::string home =
      (std::filesystem::temp_directory_path() / ("riskflag_logs_" + std::to_string(::getpid()))).string();
  riskflag::make_directories(home);
  CHECK(monitor::log_paths(home, "outcomes").empty());
  riskflag::write_file(home + "/.keep", "");
  CHECK(monitor::log_paths(home, "outcomes").empty());
  riskflag::write_file(home + "/decisions-1.jsonl", "");
  CHECK_THROWS_WITH_AS(static_cast<void>(monitor::log_paths(home, "outcomes")),
                       doctest::Contains("holds no outcomes-*.jsonl; there is only \"decisions-1.jsonl\""),
                       riskflag::Error);
  CHECK(monitor::log_paths(home, "decisions") == std::vector<std::string>{home + "/decisions-1.jsonl"});
  CHECK_THROWS_AS(static_cast<void>(monitor::log_paths(home + "/absent", "outcomes")), riskflag::Error);
  riskflag::remove_all(home);
}
