#include <riskflag/prep/fit.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/random.hpp>

#include "frames.hpp"
#include "label_use.hpp"

using namespace riskflag;
using namespace prep_test;

namespace {

/// What the fitted pipeline gives for rows it was fitted on, as for later rows: not cross-fitted.
Values scored(const prep::Fitted& fitted, const Frame& rows, const std::string& name) {
  SerialExecutor executor;
  return feature(fitted.pipeline, fitted.pipeline.transform(rows, infer_schema(rows), executor), name);
}

/// Every step whose result for a training row is cross-fitted; what comes behind one is too.
std::vector<std::string> label_steps() {
  std::vector<std::string> steps = examples_of(LabelUse::cross_fitted);
  steps.push_back(
      R"({"op":"target_encode","columns":["city","grade"]},{"op":"scale","columns":["income"]},{"op":"derive","name":"d","expression":"city * 2 - grade"})");
  return steps;
}
const std::vector<std::string> kLabelSteps = label_steps();

}  // namespace

TEST_CASE("target encoding with m pseudo-rows is (sum + m mean) / (rows + m)") {
  const Frame rows = frame({category("c", {"a", "a", "a", "b", ""})});
  const Values labels = {1, 0, 1, 0, 1};  // mean 0.6
  const prep::Fitted fitted = fit(R"({"op":"target_encode","columns":["c"],"smooth":2})", rows, {.labels = labels});
  const Values got = scored(fitted, frame({category("c", {"a", "b", ""})}), "c");
  // The frame of two levels has the codes of the training frame, since both sort a before b.
  CHECK(got[0] == doctest::Approx((2 + 1.2) / 5).epsilon(1e-15));
  CHECK(got[1] == doctest::Approx((0 + 1.2) / 3).epsilon(1e-15));
  CHECK(got[2] == doctest::Approx((1 + 1.2) / 3).epsilon(1e-15));
  const auto& lookup = std::get<prep::Lookup>(fitted.pipeline.parts().operations[0]);
  CHECK(lookup.unseen == doctest::Approx(0.6).epsilon(1e-15));
}

TEST_CASE("auto smoothing weighs a level by its variance against all labels'") {
  const Frame rows = frame({category("c", {"a", "a", "a", "a", "b", "b"})});
  const Values labels = {1, 1, 1, 0, 0, 0};
  // mean 1/2, variance 1/4. a: 4 rows, mean 3/4, sum of squares 3/4: share 1 / (1 + 3/16) = 16/19.
  // b: no variance inside, so its share is 1.
  const prep::Fitted fitted = fit(R"({"op":"target_encode","columns":["c"]})", rows, {.labels = labels});
  const Values got = scored(fitted, rows, "c");
  CHECK(got[0] == doctest::Approx(16.0 / 19 * 0.75 + 3.0 / 19 * 0.5).epsilon(1e-15));
  CHECK(got[5] == 0);
}

TEST_CASE("weights count as so many rows") {
  const Frame rows = frame({category("c", {"a", "a", "b"})});
  const Frame repeated = frame({category("c", {"a", "a", "a", "b", "b"})});
  const Values labels = {1, 0, 1}, weights = {2, 1, 2}, labels_repeated = {1, 1, 0, 1, 1};
  for (const char* step :
       {R"({"op":"target_encode","columns":["c"]})", R"({"op":"target_encode","columns":["c"],"smooth":3})",
        R"({"op":"woe_encode","columns":["c"]})"}) {
    CAPTURE(step);
    const prep::Fitted weighted = fit(step, rows, {.labels = labels, .weights = weights});
    const prep::Fitted plain = fit(step, repeated, {.labels = labels_repeated});
    CHECK(bits(scored(weighted, rows, "c")) == bits(scored(plain, rows, "c")));
  }
}

TEST_CASE("weight of evidence is positive where it is safer, and the information value adds up") {
  const Frame rows = frame({category("c", {"safe", "safe", "safe", "risky", "risky"})});
  const Values labels = {0, 0, 0, 1, 0};
  const prep::Fitted fitted = fit(R"({"op":"woe_encode","columns":["c"],"folds":0})", rows, {.labels = labels});
  // With half a row more each: good safe 3.5, risky 1.5 of 5; bad safe 0.5, risky 1.5 of 2.
  const double safe = std::log((3.5 / 5) / (0.5 / 2)), risky = std::log((1.5 / 5) / (1.5 / 2));
  CHECK(feature(fitted, "c")[0] == doctest::Approx(safe).epsilon(1e-14));
  CHECK(feature(fitted, "c")[4] == doctest::Approx(risky).epsilon(1e-14));
  CHECK(safe > 0);
  CHECK(fitted.pipeline.parts().information_value.at("c") ==
        doctest::Approx((3.5 / 5 - 0.5 / 2) * safe + (1.5 / 5 - 1.5 / 2) * risky).epsilon(1e-14));
}

TEST_CASE("without smoothing a level of one class alone says nothing instead of infinity") {
  const Frame rows = frame({category("c", {"a", "a", "b", "b"})});
  const Values labels = {0, 0, 0, 1};
  const prep::Fitted fitted =
      fit(R"({"op":"woe_encode","columns":["c"],"folds":0,"smoothing":0})", rows, {.labels = labels});
  CHECK(feature(fitted, "c")[0] == 0);
  CHECK(feature(fitted, "c")[2] == doctest::Approx(std::log(1.0 / 3)).epsilon(1e-14));
}

TEST_CASE("missing and unseen have a weight of evidence of their own: as learned, and 0") {
  const Frame rows = frame({category("c", {"a", "a", "", ""})});
  const Frame numbers = frame({number("c", {1, 2, kNan, kNan})});
  const Values labels = {0, 1, 0, 0};
  // Good: level 1.5 of 4, missing 2.5 of 4; bad: level 1.5 of 2, missing 0.5 of 2.
  const double missing = std::log((2.5 / 4) / (0.5 / 2));
  const prep::Fitted level = fit(R"({"op":"woe_encode","columns":["c"],"folds":0})", rows, {.labels = labels});
  CHECK(feature(level, "c")[2] == doctest::Approx(missing).epsilon(1e-14));
  CHECK(std::get<prep::Lookup>(level.pipeline.parts().operations[0]).unseen == 0);
  // Two bins of one row each beside missing: good 1.5, 0.5, 2.5 of 4.5; bad 0.5, 1.5, 0.5 of 2.5.
  const prep::Fitted bins =
      fit(R"({"op":"bin","columns":["c"],"max_bins":2,"output":"woe","folds":0})", numbers, {.labels = labels});
  CHECK(feature(bins, "c")[0] == doctest::Approx(std::log((1.5 / 4.5) / (0.5 / 2.5))).epsilon(1e-14));
  CHECK(feature(bins, "c")[3] == doctest::Approx(std::log((2.5 / 4.5) / (0.5 / 2.5))).epsilon(1e-14));
}

TEST_CASE("invariant: a row's own label never reaches its own encoding, to the bit, unless the recipe says folds 0") {
  const auto table = prep_test::random_table(3, 120);
  for (const std::string& steps : kLabelSteps) {
    CAPTURE(steps);
    const prep::Fitted before = fit(steps, table.frame, {.labels = table.labels});
    bool somebody_else_changed = false;
    for (std::size_t row = 0; row < table.labels.size(); row += 7) {
      CAPTURE(row);
      Values flipped = table.labels;
      flipped[row] = 1 - flipped[row];
      const prep::Fitted after = fit(steps, table.frame, {.labels = flipped});
      REQUIRE(after.pipeline.feature_names() == before.pipeline.feature_names());
      for (std::size_t j = 0; j < before.train.cols; ++j) {
        const std::size_t cell = j * before.train.rows + row;
        CHECK(bits({&before.train.values[cell], 1}) == bits({&after.train.values[cell], 1}));
      }
      somebody_else_changed = somebody_else_changed || bits(before.train.values) != bits(after.train.values);
    }
    CHECK(somebody_else_changed);  // else the test above would prove nothing
  }
}

TEST_CASE("invariant: with groups given, no label of a row's group reaches its encoding") {
  const auto table = prep_test::random_table(4, 120);
  std::vector<std::uint64_t> groups;
  for (std::size_t i = 0; i < table.labels.size(); ++i) groups.push_back(i % 30);
  for (const std::string& steps : kLabelSteps) {
    CAPTURE(steps);
    const prep::Fitted before = fit(steps, table.frame, {.labels = table.labels, .groups = groups});
    Values flipped = table.labels;
    for (std::size_t i = 5; i < flipped.size(); i += 30) flipped[i] = 1 - flipped[i];
    const prep::Fitted after = fit(steps, table.frame, {.labels = flipped, .groups = groups});
    for (std::size_t j = 0; j < before.train.cols; ++j) {
      for (std::size_t i = 5; i < flipped.size(); i += 30) {
        const std::size_t cell = j * before.train.rows + i;
        CHECK(bits({&before.train.values[cell], 1}) == bits({&after.train.values[cell], 1}));
      }
    }
  }
}

TEST_CASE("an ordered encoding of a training row is what the rows before it in a drawn order would teach") {
  const auto table = prep_test::random_table(5, 60);
  const std::string step = R"({"op":"target_encode","columns":["city"],"smooth":2,"ordered":true})";
  const prep::Fitted fitted = fit(step, table.frame, {.labels = table.labels, .seed = 9});
  const Values got = feature(fitted, "city");
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  for (std::uint32_t i = 0; i < 60; ++i) order.emplace_back(Random(9).split(0x6f726465).bits(i), i);
  std::sort(order.begin(), order.end());
  const prep::Recipe recipe =
      prep::parse_recipe(R"({"format":1,"steps":[{"op":"target_encode","columns":["city"],"smooth":2}]})", "r");
  SerialExecutor executor;
  const Schema schema = infer_schema(table.frame);
  CHECK(std::isnan(got[order[0].second]));  // nothing stands before it
  for (std::size_t place = 1; place < order.size(); ++place) {
    std::vector<std::uint32_t> before;
    Values labels;
    for (std::size_t k = 0; k < place; ++k) {
      before.push_back(order[k].second);
      labels.push_back(table.labels[order[k].second]);
    }
    const prep::Fitted part = prep::fit(recipe, schema, table.frame.take(before), {.labels = labels}, executor);
    const std::vector<std::uint32_t> row = {order[place].second};
    const Values want =
        feature(part.pipeline, part.pipeline.transform(table.frame.take(row), schema, executor), "city");
    CHECK(bits(want) == bits({&got[row[0]], 1}));
  }
  CHECK(
      bits(scored(fitted, table.frame, "city")) ==
      bits(scored(fit(R"({"op":"target_encode","columns":["city"],"smooth":2})", table.frame, {.labels = table.labels}),
                  table.frame, "city")));  // later rows are encoded by all
}

TEST_CASE("a training row's encoding is what the other folds' rows alone would teach") {
  const auto table = prep_test::random_table(5, 200);
  for (const std::string step : {R"({"op":"target_encode","columns":["city"],"folds":4})",
                                 R"({"op":"woe_encode","columns":["city"],"folds":4})"}) {
    CAPTURE(step);
    const prep::Fitted fitted = fit(step, table.frame, {.labels = table.labels, .seed = 9});
    const Values got = feature(fitted, "city");
    SerialExecutor executor;
    const prep::Recipe recipe = prep::parse_recipe(R"({"format":1,"steps":[)" + step + "]}", "r");
    for (std::uint32_t fold = 0; fold < 4; ++fold) {
      std::vector<std::uint32_t> others, mine;
      Values labels;
      for (std::uint32_t i = 0; i < 200; ++i) {
        const bool left_out = prep::cross_fit_fold(9, i, 4) == fold;
        (left_out ? mine : others).push_back(i);
        if (!left_out) labels.push_back(table.labels[i]);
      }
      const Schema schema = infer_schema(table.frame);
      const prep::Fitted part = prep::fit(recipe, schema, table.frame.take(others), {.labels = labels}, executor);
      const Values want =
          feature(part.pipeline, part.pipeline.transform(table.frame.take(mine), schema, executor), "city");
      for (std::size_t i = 0; i < mine.size(); ++i) CHECK(bits({&want[i], 1}) == bits({&got[mine[i]], 1}));
    }
  }
}

TEST_CASE("every fold of cross-fitting is used and the seed decides it") {
  std::vector<int> rows(5);
  int moved = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ++rows[prep::cross_fit_fold(1, i, 5)];
    moved += prep::cross_fit_fold(1, i, 5) != prep::cross_fit_fold(2, i, 5) ? 1 : 0;
  }
  for (const int count : rows) CHECK(count > 150);
  CHECK(moved > 700);
}

TEST_CASE("label encodings say which labels they need") {
  const auto table = prep_test::random_table(6, 20);
  CHECK_THROWS_WITH_AS((void)fit(kLabelSteps[0], table.frame), doctest::Contains("no labels were given"), Error);
  Values real = table.labels;
  real[4] = 0.5;
  CHECK_THROWS_WITH_AS((void)fit(kLabelSteps[3], table.frame, {.labels = real}),
                       doctest::Contains("the label of row 5 is 0.5; accepted: 0 and 1"), Error);
  CHECK_NOTHROW((void)fit(kLabelSteps[0], table.frame, {.labels = real}));
}
