#include <riskflag/monitor/exposition.hpp>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/missing.hpp>
#include <riskflag/monitor/counters.hpp>
#include <riskflag/monitor/process.hpp>

using namespace riskflag;

TEST_CASE("families, samples and labels are written as Prometheus reads them") {
  monitor::Exposition page;
  page.family("a_total", "counter", "What\nit \\ is \"called\".");
  page.sample({}, std::uint64_t{18446744073709551615u});
  page.sample({{"route", "/v1/score"}, {"text", "quote \" back \\ line\n \xff"}}, 0.25);
  page.sample({{"x", ""}}, kMissing);
  CHECK(std::move(page).text() ==
        "# HELP a_total What\\nit \\\\ is \"called\".\n# TYPE a_total counter\na_total 18446744073709551615\n"
        "a_total{route=\"/v1/score\",text=\"quote \\\" back \\\\ line\\n \xef\xbf\xbd\"} 0.25\na_total{x=\"\"} NaN\n");
}

TEST_CASE("a histogram's buckets are cumulative and end at infinity") {
  monitor::Exposition page;
  page.family("h", "histogram", "x");
  page.histogram({{"r", "a"}}, std::array{0.5, 1.0}, std::array<std::uint64_t, 3>{2, 0, 5}, 7.5);
  CHECK(std::move(page).text() ==
        "# HELP h x\n# TYPE h histogram\nh_bucket{r=\"a\",le=\"0.5\"} 2\nh_bucket{r=\"a\",le=\"1\"} 2\n"
        "h_bucket{r=\"a\",le=\"+Inf\"} 7\nh_sum{r=\"a\"} 7.5\nh_count{r=\"a\"} 7\n");
}

TEST_CASE("counters that many threads add to lose nothing") {
  monitor::Counters counters(11);
  std::vector<std::thread> threads;
  for (int t = 0; t < 20; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 2000; ++i) counters.add(i % 11, i % 3);
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t c = 0; c < 11; ++c) {
    std::uint64_t want = 0;
    for (std::uint64_t i = c; i < 2000; i += 11) want += i % 3;
    CHECK(counters.total(c) == 20 * want);
  }
}

TEST_CASE("the process tells its memory, time and descriptors") {
  monitor::Exposition page;
  monitor::write_process(page);
  const std::string text = std::move(page).text();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_open_fds", "process_max_fds", "process_start_time_seconds"}) {
    CAPTURE(name);
    CHECK(text.find(std::string("\n") + name + " ") != std::string::npos);
  }
  const auto at = text.find("\nprocess_resident_memory_bytes ") + 31;
  const auto bytes = parse_double(std::string_view(text).substr(at, text.find('\n', at) - at));
  REQUIRE(bytes);
  CHECK(*bytes > 1e6);
  CHECK(*bytes < 1e9);
}
