#include <riskflag/prep/fit.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;
using namespace prep_test;

namespace {

std::string refusal(const std::string& steps, const Frame& rows, ErrorCode code, const prep::FitInputs& inputs = {}) {
  return refusal_of(code, [&] { (void)fit(steps, rows, inputs); });
}

}  // namespace

TEST_CASE("without steps numbers and dates pass, categories are native, and missing stays missing") {
  const Frame rows = frame({number("x", {1, kNan, 3}), prep_test::category("c", {"b", "", "a"})});
  const prep::Fitted fitted = fit("", rows);
  REQUIRE(fitted.pipeline.features().size() == 2);
  CHECK(fitted.pipeline.features()[0] == Feature{"x", FeatureType::numeric, {}, {"x"}});
  CHECK(fitted.pipeline.features()[1] == Feature{"c", FeatureType::categorical, {"a", "b"}, {"c"}});
  CHECK(bits(feature(fitted, "x")) == bits(Values{1, kNan, 3}));
  CHECK(bits(feature(fitted, "c")) == bits(Values{1, kNan, 0}));
}

TEST_CASE("special codes split a number in two before the first step") {
  Schema schema = infer_schema(frame({number("late", {0, 96, 98, kNan})}));
  schema.fields[0].special = {96, 98};
  SerialExecutor executor;
  const prep::Fitted fitted = prep::fit({}, schema, frame({number("late", {0, 96, 98, kNan})}), {}, executor);
  CHECK(fitted.pipeline.features()[1] ==
        Feature{"late:special", FeatureType::categorical, {"none", "96", "98"}, {"late"}});
  CHECK(bits(feature(fitted, "late")) == bits(Values{0, kNan, kNan, kNan}));
  CHECK(bits(feature(fitted, "late:special")) == bits(Values{0, 1, 2, kNan}));
}

TEST_CASE("impute learns mean, median, mode or takes a constant, and flags what was missing") {
  const Frame rows = frame({number("x", {4, kNan, 1, 1, 10})});
  const auto filled = [&](const std::string& options) {
    return feature(fit(R"({"op":"impute","columns":["x"],)" + options + "}", rows), "x")[1];
  };
  CHECK(filled(R"("strategy":"mean")") == 4);
  CHECK(filled(R"("strategy":"median")") == 2.5);
  CHECK(filled(R"("strategy":"most_frequent")") == 1);
  CHECK(filled(R"("strategy":"constant","value":-9)") == -9);
  const prep::Fitted flagged = fit(R"({"op":"impute","columns":["x"],"indicator":true})", rows);
  CHECK(flagged.pipeline.feature_names() == std::vector<std::string>{"x", "x:missing"});
  CHECK(feature(flagged, "x:missing") == Values{0, 1, 0, 0, 0});
  const prep::Fitted kept = fit(R"({"op":"impute","columns":["x"],"keep":true})", rows);
  CHECK(kept.pipeline.feature_names() == std::vector<std::string>{"x", "x:imputed"});
  CHECK(is_missing(feature(kept, "x")[1]));
}

TEST_CASE("ties for the most frequent value take the smallest, and its mean uses weights") {
  const Frame rows = frame({number("x", {5, 2, 5, 2, kNan})});
  CHECK(feature(fit(R"({"op":"impute","columns":["x"],"strategy":"most_frequent"})", rows), "x")[4] == 2);
  const Values weights = {3, 1, 0, 0, 7};
  CHECK(feature(fit(R"({"op":"impute","columns":["x"],"strategy":"mean"})", rows, {.weights = weights}), "x")[4] ==
        17.0 / 4);
}

TEST_CASE("impute gives a category its most frequent level, or a level of its own") {
  const Frame rows = frame({prep_test::category("c", {"b", "a", "", "b"})});
  const prep::Fitted frequent = fit(R"({"op":"impute","columns":["c"],"strategy":"most_frequent"})", rows);
  CHECK(feature(frequent, "c") == Values{1, 0, 1, 1});
  const prep::Fitted own = fit(R"({"op":"impute","columns":["c"],"strategy":"constant","level":"unknown"})", rows);
  CHECK(own.pipeline.features()[0].levels == std::vector<std::string>{"a", "b", "unknown"});
  CHECK(feature(own, "c") == Values{1, 0, 2, 1});
  CHECK(
      says(refusal(R"({"op":"impute","columns":["c"]})", rows, ErrorCode::invalid_option), "most_frequent, constant"));
  CHECK(says(refusal(R"({"op":"impute","columns":["c"],"strategy":"constant"})", rows, ErrorCode::invalid_option),
             "\"level\""));
}

TEST_CASE("clip takes the training rows' quantiles and later rows obey them") {
  const Frame rows = frame({number("x", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})});
  const prep::Fitted fitted = fit(R"({"op":"clip","columns":["x"],"low":0.1,"high":0.85})", rows);
  CHECK(feature(fitted, "x") == Values{1, 1, 2, 3, 4, 5, 6, 7, 8, 8.5, 8.5});
  prep::Scratch scratch;
  double out = 0;
  const double in = 1e6;
  fitted.pipeline.transform_row({&in, 1}, {&out, 1}, scratch);
  CHECK(out == 8.5);
}

TEST_CASE("scaling has mean 0 and deviation 1 on the training rows, and a constant column becomes 0") {
  const Frame rows = frame({number("x", {2, 4, kNan, 6}), number("same", {0.1, 0.1, 0.1, 0.1})});
  const prep::Fitted fitted = fit(R"({"op":"scale","columns":{"type":"number"}})", rows);
  const double deviation = std::sqrt(8.0 / 3);  // squares 4, 0, 4 over 3 rows
  CHECK(feature(fitted, "x")[0] == doctest::Approx(-2 / deviation).epsilon(1e-15));
  CHECK(feature(fitted, "x")[1] == 0);
  CHECK(is_missing(feature(fitted, "x")[2]));
  CHECK(feature(fitted, "same") == Values{0, 0, 0, 0});
}

TEST_CASE("log1p loses what is not above -1") {
  const prep::Fitted fitted =
      fit(R"({"op":"log1p","columns":["x"],"keep":true})", frame({number("x", {0, -1, std::exp(1.0) - 1})}));
  CHECK(feature(fitted, "x:log1p")[0] == 0);
  CHECK(is_missing(feature(fitted, "x:log1p")[1]));
  CHECK(feature(fitted, "x:log1p")[2] == doctest::Approx(1).epsilon(1e-15));
}

TEST_CASE("derive sees what earlier steps made, and names the raw fields behind a feature") {
  const Frame rows = frame({number("Income", {100, 200, 300}), number("Age", {20, 0, kNan})});
  const prep::Fitted fitted = fit(R"({"op":"derive","name":"income_to_age","expression":"Income / Age"},
      {"op":"impute","columns":["Age"],"strategy":"constant","value":30},
      {"op":"derive","name":"again","expression":"Income / Age + income_to_age * 0"},
      {"op":"derive","name":"filled","expression":"if_missing(income_to_age, -1) "})",
                                  rows);
  CHECK(bits(feature(fitted, "income_to_age")) == bits(Values{5, kNan, kNan}));
  CHECK(bits(feature(fitted, "again")) == bits(Values{5, kNan, kNan}));
  CHECK(feature(fitted, "filled") == Values{5, -1, -1});
  CHECK(fitted.pipeline.features()[2].fields == std::vector<std::string>{"Age", "Income"});
}

TEST_CASE("select and drop choose by name, type and pattern") {
  const Frame rows = frame(
      {number("CURRENT_JOB", {1}), number("Age", {1}), prep_test::category("c", {"a"}), number("CURRENT_HOUSE", {1})});
  const auto names = [&](const std::string& steps) { return fit(steps, rows).pipeline.feature_names(); };
  CHECK(names(R"({"op":"select","columns":["c","Age"]})") == std::vector<std::string>{"Age", "c"});
  CHECK(names(R"({"op":"select","columns":{"type":"number"}})") ==
        std::vector<std::string>{"CURRENT_JOB", "Age", "CURRENT_HOUSE"});
  CHECK(names(R"({"op":"drop","columns":{"pattern":"CURRENT_*","except":["CURRENT_JOB"]}})") ==
        std::vector<std::string>{"CURRENT_JOB", "Age", "c"});
  CHECK(names(R"({"op":"select","columns":{"type":"number","pattern":"?ge"}})") == std::vector<std::string>{"Age"});
  CHECK(says(refusal(R"({"op":"select","columns":["Agee"]})", rows, ErrorCode::not_found), "did you mean \"Age\""));
  CHECK(says(refusal(R"({"op":"select","columns":{"pattern":"nothing*"}})", rows, ErrorCode::not_found),
             "no column matches"));
  CHECK(
      says(refusal(R"({"op":"drop","columns":{"pattern":"*"}})", rows, ErrorCode::invalid_option), "leaves no column"));
}

TEST_CASE("a step that does not fit its column's type says what would") {
  const Frame rows = frame({number("x", {1, 2}), prep_test::category("c", {"a", "b"})});
  CHECK(
      says(refusal(R"({"op":"scale","columns":["c"]})", rows, ErrorCode::invalid_option), "encode the category first"));
  CHECK(says(refusal(R"({"op":"one_hot","columns":["x"]})", rows, ErrorCode::invalid_option), "bin the number first"));
  CHECK(says(refusal(R"({"op":"derive","name":"r","expression":"c / x"})", rows, ErrorCode::invalid_option),
             "is a category"));
  CHECK(says(refusal(R"({"op":"derive","name":"x","expression":"x"})", rows, ErrorCode::already_exists),
             "two columns \"x\""));
}

TEST_CASE("a column without values, and values whose sum overflows, teach nothing and say so") {
  const Frame rows = frame({number("x", {kNan, kNan}), number("huge", {1.7e308, 1.7e308 * 0.99})});
  CHECK(says(refusal(R"({"op":"impute","columns":["x"]})", rows, ErrorCode::invalid_data), "no value to learn"));
  CHECK(says(refusal(R"({"op":"scale","columns":["x"]})", rows, ErrorCode::invalid_data), "no value to learn"));
  CHECK(says(refusal(R"({"op":"clip","columns":["x"]})", rows, ErrorCode::invalid_data), "no value to learn"));
  CHECK(says(refusal(R"({"op":"scale","columns":["huge"]})", rows, ErrorCode::numeric), "not finite"));
}

TEST_CASE("labels, weights and groups must fit the rows") {
  const Frame rows = frame({number("x", {1, 2})});
  const Values one = {1}, bad = {1, kNan}, negative = {1, -1};
  CHECK(says(refusal("", rows, ErrorCode::invalid_data, {.labels = one}), "1 labels for 2 rows"));
  CHECK(says(refusal("", rows, ErrorCode::invalid_data, {.labels = bad}), "the label of row 2 is nan"));
  CHECK(says(refusal("", rows, ErrorCode::invalid_data, {.weights = negative}), "the weight of row 2 is -1"));
}
