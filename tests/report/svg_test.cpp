#include <riskflag/report/svg.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/report/detail/intervals.hpp>

namespace report = riskflag::report;
using report::nice_ticks;

TEST_CASE("ticks are round and inside the axis") {
  const auto close = [](const std::vector<double>& got, const std::vector<double>& want) {
    if (got.size() != want.size()) return false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (std::abs(got[i] - want[i]) > 1e-9 * (1 + std::abs(want[i]))) return false;
    }
    return true;
  };
  CHECK(close(nice_ticks(0, 1), {0, 0.2, 0.4, 0.6, 0.8, 1}));
  CHECK(close(nice_ticks(0, 0.97), {0, 0.2, 0.4, 0.6, 0.8}));
  CHECK(close(nice_ticks(-3, 14), {0, 5, 10}));
  CHECK(close(nice_ticks(1, 230), {50, 100, 150, 200}));
  CHECK(close(nice_ticks(1e-9, 5e-9), {1e-9, 2e-9, 3e-9, 4e-9, 5e-9}));
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [low, high] : {std::pair{1.0, 1.0}, {2.0, 1.0}, {0.0, inf}, {nan, 1.0}, {-1e308, 1e308}}) {
    CHECK(nice_ticks(low, high).size() <= 50);
  }
  CHECK(nice_ticks(1, 1).empty());
}

TEST_CASE("numbers read as people write them") {
  using namespace report::detail;
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(grouped(-1234) == "-1,234");
  CHECK(grouped(999) == "999");
  CHECK(percent(0.1234) == "12.3\xe2\x80\xaf%");
  CHECK(readable(0.87123) == "0.8712");
  CHECK(readable(0.5) == "0.5");
  CHECK(readable(1234.56) == "1234.6");
  CHECK(readable(1.23e-7) == "1.2e-07");
  CHECK(fixed(-0.0001, 2) == "0.00");
  CHECK(fixed(riskflag::kMissing, 2) == "\xe2\x80\x93");
  CHECK(shortened("abcdef", 4) == "abc\xe2\x80\xa6");
  CHECK(shortened("abcd", 4) == "abcd");
  CHECK(shortened("\xc3\xa4\xc3\xb6\xc3\xbc", 2) == "\xc3\xa4\xe2\x80\xa6");  // cut between characters
  CHECK(escaped("a<b>&\"'\xff") == "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd");
}

TEST_CASE("what stands at an axis is short, however large or small the numbers are") {
  const auto text = [](double value, double step) {
    return report::detail::tick_text(value, step, report::TickStyle::number);
  };
  CHECK(text(800000, 200000) == "800k");
  CHECK(text(1000000, 200000) == "1.0M");
  CHECK(text(1200000, 200000) == "1.2M");
  CHECK(text(-25000, 5000) == "-25k");
  CHECK(text(5000, 5000) == "5000");
  CHECK(text(3.5e9, 5e8) == "3.5bn");
  CHECK(text(0, 5000) == "0");
  CHECK(text(0.25, 0.05) == "0.25");
  CHECK(text(2e-5, 1e-5) == "2.0e-05");
  CHECK(text(1e-21, 1e-5) == "0");
  CHECK(report::detail::tick_text(0.25, 0.05, report::TickStyle::percent) == "25\xe2\x80\xaf%");
  for (const double top : {3e-7, 0.03, 7.0, 650.0, 8.2e3, 1.7e6, 9.9e11, 4e14, 1e40}) {
    const auto ticks = nice_ticks(-top, top, 5);
    REQUIRE(ticks.size() > 2);
    for (const double tick : ticks) CHECK(text(tick, ticks[1] - ticks[0]).size() <= 8);
  }
}

TEST_CASE("points that are no numbers are left out, and an axis of one value still draws") {
  const double nan = riskflag::kMissing;
  const std::vector<report::Point> points{{0, 1}, {nan, 1}, {1, nan}, {2, 1}};
  report::Plot plot("t", "d", {"x", 0, 2}, {"y", 1, 1});
  plot.line(points, 1, "l").dots(points, 2).callout({nan, 1}, "c").vertical(nan, "v").horizontal(7, "h");
  const std::string svg = plot.svg();
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find(" d=\"M52 157L506 157\"") != std::string::npos);  // (0, 1) and (2, 1): both ends, at half height
  CHECK(svg.find("class=\"rule\"") == std::string::npos);
}

TEST_CASE("Wilson's interval is the published one") {
  // Newcombe, Statistics in Medicine 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
  const auto range = report::detail::wilson(81, 263);
  REQUIRE(range);
  CHECK(range->low == doctest::Approx(0.2553).epsilon(2e-4));
  CHECK(range->high == doctest::Approx(0.3662).epsilon(2e-4));
  CHECK_FALSE(report::detail::wilson(0, 0));
}

TEST_CASE("the resampled intervals hold the metric, and are as wide as the plain bootstrap's") {
  const riskflag::Random random(5);
  std::vector<double> scores, labels;
  for (std::size_t i = 0; i < 1500; ++i) {
    scores.push_back(random.uniform(2 * i));
    labels.push_back(random.uniform(2 * i + 1) < 0.1 + 0.5 * scores[i] ? 1 : 0);
  }
  const auto all = riskflag::metrics::binary_metrics(scores, labels, {}, 0.6);
  const auto ranges = report::detail::binary_ranges(scores, labels, {}, 0.6, all);
  REQUIRE(ranges.pr_auc);
  REQUIRE(ranges.ks);
  REQUIRE(ranges.f1);
  CHECK(ranges.pr_auc->low < *all.pr_auc);
  CHECK(ranges.pr_auc->high > *all.pr_auc);
  CHECK(ranges.f1->low < *all.f1);
  CHECK(ranges.f1->high > *all.f1);
  const auto plain = riskflag::metrics::bootstrap(
      1500, [&](std::span<const double> w) { return riskflag::metrics::ks(scores, labels, w); }, 400);
  CHECK(ranges.ks->high - ranges.ks->low == doctest::Approx(plain.high - plain.low).epsilon(0.25));
  CHECK(ranges.ks->low == doctest::Approx(plain.low).epsilon(0.08));
}
