#include <riskflag/core/log_files.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include <doctest/doctest.h>

#include <riskflag/core/line_reader.hpp>
#include <riskflag/core/text.hpp>

using namespace riskflag;

namespace {

struct LogFolder {
  std::string path =
      (std::filesystem::temp_directory_path() / ("riskflag-log-" + std::to_string(monotonic_ns()))).string();
  LogFolder() = default;
  ~LogFolder() { std::filesystem::remove_all(path); }
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;
  /// The lines of all files, oldest file first.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const std::string& name : list_directory(path)) {
      FileSource source(join_path(path, name));
      LineReader reader(source);
      std::string_view line;
      while (reader.next(line)) {
        CHECK(reader.is_whole());
        out.emplace_back(line);
      }
    }
    return out;
  }
  [[nodiscard]] std::size_t files() const { return list_directory(path).size(); }
};

/// Files of this process may have at most so many bytes while it lives: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("invariant: lines of many threads all arrive whole, in whole files, under each way to sync") {
  for (const LogSync sync : {LogSync::never, LogSync::every_second, LogSync::always}) {
    const LogFolder folder;
    {
      LogFiles log(folder.path, {.name = "t", .max_bytes = 300, .sync = sync});
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&log, t] {
          for (int i = 0; i < 40; ++i) {
            log.append("a" + std::to_string(t) + "-" + std::to_string(i) + "\nb" + std::to_string(t) + "\n");
            if (i % 10 == 0) log.tick();
          }
        });
      }
      for (auto& thread : threads) thread.join();
    }
    auto lines = folder.lines();
    CHECK(lines.size() == 320);
    for (std::size_t i = 1; i < lines.size(); ++i) {  // what was appended together stands together
      if (lines[i][0] == 'b') CHECK(lines[i - 1].substr(0, 3) == "a" + lines[i].substr(1) + "-");
    }
    std::sort(lines.begin(), lines.end());
    CHECK(std::unique(lines.begin(), lines.begin() + 160) == lines.begin() + 160);
    CHECK(folder.files() > 2);  // some 1,500 bytes
  }
}

TEST_CASE("a file ends by size when it is full, and by age when it holds something") {
  const LogFolder folder;
  LogFiles log(folder.path, {.max_bytes = 10, .max_age_ms = 1});
  log.tick();
  CHECK(folder.files() == 1);  // empty: it goes on, however old
  log.append("0123456789\n");
  CHECK(folder.files() == 1);
  log.append("x\n");
  CHECK(folder.files() == 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  log.tick();
  CHECK(folder.files() == 3);
  CHECK(folder.lines() == std::vector<std::string>{"0123456789", "x"});
}

TEST_CASE("files that begin within a millisecond are in the order of their names") {
  const LogFolder folder;
  LogFiles log(folder.path, {.max_bytes = 1, .sync = LogSync::never});
  std::vector<std::string> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(std::to_string(i));
    log.append(all.back() + "\n");
  }
  CHECK(folder.lines() == all);
}

TEST_CASE("a full disk leaves whole lines, and the log goes on when there is room again") {
  const LogFolder folder;
  LogFiles log(folder.path, {});
  log.append("first\n");
  {
    const FullDisk disk(10);
    CHECK_THROWS_AS(log.append("second, which does not fit\n"), Error);
    CHECK(folder.lines() == std::vector<std::string>{"first"});
  }
  log.append("third\n");
  CHECK(folder.lines() == std::vector<std::string>{"first", "third"});
}

TEST_CASE("a file that was removed is replaced, and its directory too") {
  const LogFolder folder;
  LogFiles log(folder.path, {});
  log.append("gone\n");
  std::filesystem::remove_all(folder.path);
  log.append("here\n");
  CHECK(folder.lines() == std::vector<std::string>{"here"});
}

TEST_CASE("a place that cannot be written is refused at the start") {
  const LogFolder folder;
  make_directories(folder.path);
  write_file(folder.path + "/file", "x");
  CHECK_THROWS_AS(LogFiles(folder.path + "/file", {}), Error);
  CHECK_THROWS_AS(LogFiles("/proc/nothing", {}), Error);
}

TEST_CASE("a reader of lines gives each with its number, and tells an unfinished last one") {
  std::string text = "a\n\n" + std::string(200'000, 'x') + "\nlast";
  MemorySource source(text);
  LineReader lines(source);
  std::string_view line;
  CHECK(lines.next(line));
  CHECK(line == "a");
  CHECK(lines.next(line));
  CHECK(line.empty());
  CHECK(lines.next(line));
  CHECK(line.size() == 200'000);
  CHECK(lines.number() == 3);
  CHECK(lines.is_whole());
  CHECK(lines.next(line));
  CHECK(line == "last");
  CHECK_FALSE(lines.is_whole());
  CHECK_FALSE(lines.next(line));
}
