#include <riskflag/monitor/reference.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>

#include "../data/columns.hpp"

using namespace riskflag;

TEST_CASE("twenty distinct numbers fall two by two into ten bins") {
  std::vector<double> values(20);
  std::iota(values.begin(), values.end(), 1.0);  // 1..20; decile d is value 2 d
  Frame frame;
  frame.add(columns::numbers("x", values));
  const auto reference = monitor::make_reference(infer_schema(frame), frame, {});
  const auto& x = reference.fields.at(0);
  CHECK(x.edges == std::vector<double>{2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(x.counts == std::vector<std::uint64_t>(10, 2));
  CHECK(reference.rows == 20);
  CHECK(reference.score_counts.empty());
}

TEST_CASE("a value on an edge belongs to the bin below it") {
  const std::vector<double> edges{1, 2};
  CHECK(monitor::bin_of(edges, 0.5) == 0);
  CHECK(monitor::bin_of(edges, 1) == 0);
  CHECK(monitor::bin_of(edges, 1.5) == 1);
  CHECK(monitor::bin_of(edges, 2.5) == 2);
}

TEST_CASE("deciles of shuffled values with ties and signed zeros are those of the sorted ones") {
  const Random random(11, 1);
  for (const std::size_t rows : std::initializer_list<std::size_t>{1, 2, 7, 10, 99, 1000}) {
    CAPTURE(rows);
    std::vector<double> values;
    for (std::size_t i = 0; i < rows; ++i) {
      const double drawn = static_cast<double>(random.below(40, i)) - 20.0;
      values.push_back(drawn == 0.0 && i % 2 == 0 ? -0.0 : drawn);
    }
    std::vector<double> sorted = values, want;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t d = 1; d < 10; ++d) {
      const double edge = sorted[(rows * d + 9) / 10 - 1];
      if (edge < sorted.back() && (want.empty() || want.back() < edge)) want.push_back(edge);
    }
    Frame frame;
    frame.add(columns::numbers("x", values));
    const auto x = monitor::make_reference(infer_schema(frame), frame, {}).fields.at(0);
    CHECK(x.edges == want);
    for (const double edge : x.edges) CHECK_FALSE((edge == 0.0 && std::signbit(edge)));
  }
}

TEST_CASE("invariant: a reference profile is the same from any number of threads, and stops between fields") {
  Frame frame;
  std::vector<double> values(500), scores(500);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<double>(i * 7919 % 1009), scores[i] = values[i] / 1009.0;
  for (const char* name : {"a", "b", "c", "d"}) frame.add(columns::numbers(name, values));
  const Schema schema = infer_schema(frame);
  Pool pool(3);
  CHECK(monitor::make_reference(schema, frame, scores, pool) == monitor::make_reference(schema, frame, scores));

  struct Stopped : Executor {
    std::size_t tasks = 0;
    [[nodiscard]] unsigned concurrency() const noexcept override { return 1; }
    void run(std::size_t n, FunctionRef<void(std::size_t, unsigned)> task) override {
      for (std::size_t i = 0; i < n; ++i) {
        if (++tasks > 2) fail(ErrorCode::cancelled, "save", "stopped");
        task(i, 0);
      }
    }
  } stopped;
  CHECK_THROWS_AS((void)monitor::make_reference(schema, frame, scores, stopped), Error);
  CHECK(stopped.tasks == 3);
}

TEST_CASE("missing cells, special codes and repeats are counted apart") {
  Frame frame;
  frame.add(columns::numbers("x", {5, 5, 5, 5, 96, kMissing, kMissing, 98, 96, 7}));
  Schema schema = infer_schema(frame);
  schema.fields[0].special = {96, 98};
  const auto x = monitor::make_reference(schema, frame, {}).fields.at(0);
  CHECK(x.missing == 2);
  CHECK(x.special_counts == std::vector<std::uint64_t>{2, 1});
  CHECK(x.edges == std::vector<double>{5});  // 5 5 5 5 7: every lower decile is 5
  CHECK(x.counts == std::vector<std::uint64_t>{4, 1});
}

TEST_CASE("levels are counted by the schema's list, others as unseen, through the field's text rules") {
  Frame frame;
  Column home;
  home.name = "home";
  home.type = ColumnType::category;
  home.levels = {"OWN", "RENT", "own", "tent"};
  home.codes = {0, 1, 2, 2, kMissingCode, 3};
  frame.add(home);
  Schema schema = infer_schema(frame);
  schema.fields[0].levels = {"OWN", "RENT"};
  auto profile = monitor::make_reference(schema, frame, {}).fields.at(0);
  CHECK(profile.counts == std::vector<std::uint64_t>{1, 1});
  CHECK(profile.unseen == 3);
  CHECK(profile.missing == 1);
  schema.fields[0].text_rules.ignore_case = true;
  profile = monitor::make_reference(schema, frame, {}).fields.at(0);
  CHECK(profile.counts == std::vector<std::uint64_t>{3, 1});
  CHECK(profile.unseen == 1);
}

TEST_CASE("invariant: a reference profile counts every row once, and comes back from its text to the bit") {
  Frame frame;
  std::vector<double> values, scores;
  Column since;
  since.name = "since";
  since.type = ColumnType::date;
  for (int i = 0; i < 997; ++i) {
    values.push_back(i % 13 == 0 ? kMissing : 0.1 * (i * 7919 % 1009));
    scores.push_back((i * 31 % 1000) / 1000.0);
    since.days.push_back(i % 50 == 0 ? kMissingDate : i * 3);
  }
  frame.add(columns::numbers("x", values));
  frame.add(since);
  const auto reference = monitor::make_reference(infer_schema(frame), frame, scores);
  for (const auto& field : reference.fields) {
    CAPTURE(field.name);
    const auto sum = std::accumulate(field.counts.begin(), field.counts.end(), field.missing + field.unseen);
    CHECK(std::accumulate(field.special_counts.begin(), field.special_counts.end(), sum) == 997);
  }
  CHECK(std::accumulate(reference.score_counts.begin(), reference.score_counts.end(), std::uint64_t{0}) == 997);
  const std::string text = monitor::reference_text(reference);
  CHECK(monitor::parse_reference(text, "reference.json") == reference);
}

TEST_CASE("a reference profile that does not add up is refused") {
  const std::string good = R"({"format":1,"rows":1,"score_edges":[0.5],"score_counts":[1,0],"fields":[]})";
  CHECK(monitor::parse_reference(good, "reference.json").rows == 1);
  for (const char* bad : {R"({"format":1,"rows":1,"score_edges":[0.5],"score_counts":[1],"fields":[]})",
                          R"({"format":1,"rows":1,"score_edges":[0.5,0.5],"score_counts":[1,0,0],"fields":[]})",
                          R"({"format":9,"rows":1,"score_edges":[],"score_counts":[],"fields":[]})",
                          R"({"format":1,"rows":-1,"score_edges":[],"score_counts":[],"fields":[]})", "[]", "x"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(monitor::parse_reference(bad, "reference.json")), Error);
  }
}
