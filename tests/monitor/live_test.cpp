#include <riskflag/monitor/live.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>

#include "kept.hpp"

using namespace riskflag;
using kept_test::with;

namespace {

/// income: bins <=10, <=20, >20 and the code -9; home: OWN, RENT; scores with one edge.
monitor::Reference small_reference() {
  monitor::Reference reference;
  reference.rows = 10'000;
  monitor::FieldProfile income{.name = "income", .edges = {10, 20}, .counts = {3000, 3000, 3000}};
  income.special = {-9};
  income.special_counts = {500};
  income.missing = 500;
  monitor::FieldProfile home{
      .name = "home", .type = ColumnType::category, .levels = {"OWN", "RENT"}, .counts = {6000, 3800}};
  home.missing = 200;
  reference.fields = {income, home};
  reference.score_edges = {0.5};
  reference.score_counts = {7000, 3000};
  return reference;
}
std::vector<std::string> bins_of(const monitor::BinLayout& layout, std::span<const double> values, double probability) {
  std::vector<std::uint32_t> places;
  layout.places(values, probability, places);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < places.size(); ++i)
    out.push_back(layout.fields()[i].bins.at(places[i] - layout.fields()[i].begin));
  return out;
}
using Bins = std::vector<std::string>;

/// Rows of that income, or of the training's incomes; everything else, of each hundred, as in training.
void feed(monitor::LiveProfile& live, std::optional<double> income, int rows) {
  for (int i = 0; i < rows; ++i) {
    const int row = i % 100, home = row * 37 % 100, score = row * 53 % 100;
    const double usual = row < 30 ? 5 : row < 60 ? 15 : row < 90 ? 25 : row < 95 ? -9 : kMissing;
    const std::vector<double> values{income.value_or(usual), home < 60 ? 0.0 : home < 98 ? 1.0 : kMissing};
    std::vector<std::uint32_t> places;
    live.layout().places(values, score < 70 ? 0.1 : 0.9, places);
    live.add(places);
  }
}
void feed_as_training(monitor::LiveProfile& live, int hundreds) { feed(live, std::nullopt, 100 * hundreds); }

}  // namespace

TEST_CASE("every value of a field has one place, named by what it holds") {
  const monitor::BinLayout layout(small_reference());
  CHECK(bins_of(layout, std::vector<double>{10, 0}, 0.5) == Bins{"<=10", "=OWN", "<=0.5"});
  CHECK(bins_of(layout, std::vector<double>{10.5, 1}, 0.6) == Bins{"<=20", "=RENT", ">0.5"});
  CHECK(bins_of(layout, std::vector<double>{21, -1}, 0.6) == Bins{">20", "unseen", ">0.5"});
  CHECK(bins_of(layout, std::vector<double>{-9, kMissing}, 0.6) == Bins{"=-9", "missing", ">0.5"});
  CHECK(bins_of(layout, std::vector<double>{kMissing, 7}, 0.6) == Bins{"missing", "unseen", ">0.5"});
  CHECK(std::vector<std::uint64_t>(layout.training().begin(), layout.training().end()) ==
        std::vector<std::uint64_t>{3000, 3000, 3000, 500, 500, 6000, 3800, 200, 0, 7000, 3000});
}

TEST_CASE("of many levels the rare ones share a place") {
  monitor::Reference reference;
  reference.rows = 1;
  monitor::FieldProfile field{.name = "city", .type = ColumnType::category};
  for (std::uint64_t i = 0; i < 60; ++i) {
    field.levels.push_back("c" + std::to_string(100 + i));
    field.counts.push_back(i);
  }
  reference.fields = {field};
  const monitor::BinLayout layout(reference);
  const auto& bins = layout.fields().at(0).bins;
  CHECK(bins.size() == monitor::BinLayout::kMostLevels + 2);  // with missing and unseen
  CHECK(bins_of(layout, std::vector<double>{59}, 0.5) == Bins{"=c159"});
  CHECK(bins_of(layout, std::vector<double>{11}, 0.5) == Bins{"=c111"});
  CHECK(bins_of(layout, std::vector<double>{10}, 0.5) == Bins{"other"});
  CHECK(layout.training()[monitor::BinLayout::kMostLevels - 1] == 55);  // 0 + ... + 10
}

TEST_CASE("a window of rows closes when it has them, and tells a field that drifted from those that did not") {
  monitor::LiveProfile live(small_reference(), {.sliding_s = {}, .tumbling_rows = {1000}});
  feed_as_training(live, 9);
  live.tick(1000);
  CHECK(live.drift().empty());
  feed_as_training(live, 1);
  live.tick(2000);
  REQUIRE(live.drift().size() == 1);
  auto window = live.drift()[0];
  CHECK(window.window == "1000rows");
  CHECK(window.rows == 1000);
  CHECK(window.until_ms == 2000);
  for (const auto& field : window.fields) {
    CHECK(field.psi < 0.01);
    CHECK_FALSE(field.alarm);
  }
  feed(live, 25.0, 1000);
  live.tick(3000);
  window = live.drift().at(0);
  CHECK(window.fields.at(0).psi > 1);
  CHECK(window.fields.at(0).alarm);
  CHECK(window.fields.at(0).threshold.value() == 0.10);
  CHECK_FALSE(window.fields.at(1).alarm);
  feed_as_training(live, 10);
  live.tick(4000);
  CHECK_FALSE(live.drift().at(0).fields.at(0).alarm);
}

TEST_CASE("a sliding window forgets what is older than its length, in steps of a 60th") {
  monitor::LiveProfile live(small_reference(), {.sliding_s = {60}, .tumbling_rows = {}});
  live.tick(0);
  feed(live, 25.0, 500);
  live.tick(500);
  CHECK(live.drift().empty());  // the step is not over
  live.tick(1000);
  REQUIRE(live.drift().size() == 1);
  CHECK(live.drift()[0].window == "60s");
  CHECK(live.drift()[0].rows == 500);
  CHECK(live.drift()[0].fields[0].alarm);
  for (int second = 2; second <= 60; ++second) {
    feed_as_training(live, 1);
    live.tick(second * 1000);
  }
  CHECK(live.drift()[0].rows == 500 + 59 * 100);
  feed_as_training(live, 1);
  live.tick(61'000);
  CHECK(live.drift()[0].rows == 60 * 100);
  CHECK_FALSE(live.drift()[0].fields[0].alarm);
  for (int second = 62; second <= 122; ++second) live.tick(second * 1000);
  CHECK(live.drift().empty());
}

TEST_CASE("a window with few rows has no alarm, however far they are") {
  monitor::LiveProfile live(small_reference(), {.sliding_s = {}, .tumbling_rows = {100}});
  feed(live, 25.0, 100);
  live.tick(1000);
  CHECK(live.drift().at(0).fields.at(0).psi > 1);
  CHECK_FALSE(live.drift().at(0).fields.at(0).alarm);
}

TEST_CASE("what is exported adds up to the rows, and reads as JSON and Prometheus text") {
  monitor::LiveProfile live(small_reference(), {.sliding_s = {}, .tumbling_rows = {400}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&live] { feed_as_training(live, 1); });
  for (auto& thread : threads) thread.join();
  live.tick(1000);
  monitor::Exposition page;
  live.write(page, "v1");
  const std::string text = std::move(page).text();
  for (const char* line : {"riskflag_field_bin_total{version=\"v1\",field=\"income\",bin=\"<=10\"} 120\n",
                           "riskflag_field_bin_total{version=\"v1\",field=\"income\",bin=\"=-9\"} 20\n",
                           "riskflag_field_bin_total{version=\"v1\",field=\"home\",bin=\"unseen\"} 0\n",
                           "riskflag_score_bin_total{version=\"v1\",bin=\"<=0.5\"} ",
                           "riskflag_reference_share{version=\"v1\",field=\"(score)\",bin=\">0.5\"} 0.3\n",
                           "riskflag_drift_alarm{field=\"income\",window=\"400rows\"} 0\n",
                           "riskflag_drift_psi{field=\"(score)\",window=\"400rows\"} "}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  const auto json = read_json(live.text(), "live");
  REQUIRE(json);
  CHECK(json.value().find("rows")->integer().value() == 400);
  const Json& window = (*json.value().find("windows")->array()).at(0);
  CHECK(window.find("window")->string().value() == "400rows");
  CHECK(window.find("fields")->array()->size() == 3);
}

TEST_CASE("windows go on over a restart as if nothing had been, and the counters begin anew") {
  const monitor::LiveOptions options{.sliding_s = {60}, .tumbling_rows = {1000}};
  monitor::LiveProfile whole(small_reference(), options), before(small_reference(), options);
  for (monitor::LiveProfile* live : {&whole, &before}) {
    for (int second = 0; second <= 12; ++second) {
      feed(*live, second < 6 ? std::optional(25.0) : std::nullopt, 100);
      live->tick(second * 1000);
    }
    feed(*live, 25.0, 50);  // that no tick() saw
  }
  monitor::LiveProfile after(small_reference(), options);
  feed(after, 5.0, 30);  // requests do not wait
  feed(whole, 5.0, 30);
  after.restore(before.save(12'400), "windows.state", 12'600);
  CHECK(value_or_throw(read_json(after.text(), "live")).find("windows")->array()->size() == 2);
  for (int second = 13; second <= 80; ++second) {
    CAPTURE(second);
    for (monitor::LiveProfile* live : {&whole, &after}) {
      feed_as_training(*live, 1);
      live->tick(second * 1000);
    }
    const auto want = whole.drift(), got = after.drift();
    REQUIRE(got.size() == want.size());
    for (std::size_t w = 0; w < want.size(); ++w) {
      const auto at = std::find_if(got.begin(), got.end(), [&](const auto& g) { return g.window == want[w].window; });
      REQUIRE(at != got.end());
      CHECK(at->rows == want[w].rows);
      CHECK(at->until_ms == want[w].until_ms);
      for (std::size_t f = 0; f < want[w].fields.size(); ++f) {
        CHECK(at->fields[f].psi == want[w].fields[f].psi);
        CHECK(at->fields[f].alarm == want[w].fields[f].alarm);
      }
    }
  }
  monitor::Exposition page;
  after.write(page, "v1");
  CHECK(std::move(page).text().find("field=\"income\",bin=\"<=10\"} 2070\n") != std::string::npos);  // 30 + 68 x 30
}

TEST_CASE("rows of before a long stop are in no window that slid past them, and a clock put back loses none") {
  monitor::LiveProfile before(small_reference(), {.sliding_s = {60}, .tumbling_rows = {1000}});
  before.tick(0);
  feed(before, 25.0, 700);
  before.tick(1000);
  feed(before, 25.0, 40);
  const std::string kept = before.save(1500);
  monitor::LiveProfile late(small_reference(), {.sliding_s = {60}, .tumbling_rows = {1000}});
  late.restore(kept, "windows.state", 70'000);
  CHECK(late.drift().at(0).rows == 700);  // as it was seen last
  feed_as_training(late, 3);
  late.tick(71'000);
  for (const auto& window : late.drift()) CHECK(window.rows == (window.window == "60s" ? 300 : 1040));
  monitor::LiveProfile early(small_reference(), {.sliding_s = {60}, .tumbling_rows = {1000}});
  early.restore(kept, "windows.state", 500);
  feed_as_training(early, 1);
  early.tick(1600);
  CHECK(early.drift().at(0).rows == 840);
}

TEST_CASE("windows that were kept otherwise are refused, and what was there goes on") {
  monitor::LiveProfile live(small_reference(), {.sliding_s = {60}, .tumbling_rows = {1000}});
  feed_as_training(live, 10);
  live.tick(1000);
  const std::string good = live.save(1000);
  const auto refused = [&](const std::string& text, const char* word) {
    kept_test::check_refused([&](const std::string& kept) { live.restore(kept, "windows.state", 1000); }, text, word);
  };
  refused(good.substr(0, good.size() / 2), "windows.state");
  refused(with(good, "\"format\":1", "\"format\":2"), "format 2");
  refused(with(good, "\"since\":[0,", "\"since\":["), "places");
  refused(with(good, "\"since\":[0,", "\"since\":[-1,"), "windows.state");
  refused(with(good, "\"rows\":1000,", ""), "rows");
  CHECK(live.drift().at(0).rows == 1000);
  CHECK(live.save(1000) == good);
  monitor::Reference other = small_reference();
  other.fields.pop_back();
  CHECK_THROWS_AS(monitor::LiveProfile(other).restore(good, "windows.state", 1000), Error);
  monitor::LiveProfile longer(small_reference(), {.sliding_s = {120}, .tumbling_rows = {500}});
  longer.restore(good, "windows.state", 1000);  // windows that are kept no more are left out
  CHECK(longer.drift().empty());
}
