#include <riskflag/prep/fit.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;
using namespace prep_test;

namespace {

using Values = std::vector<double>;
using Names = std::vector<std::string>;

/// One feature of rows that were not fitted on.
Values later(const prep::Fitted& fitted, const Frame& train, const Frame& rows, const std::string& name) {
  SerialExecutor executor;
  Schema schema = infer_schema(train);
  for (Field& field : schema.fields) field.required = false;
  const prep::FeatureMatrix out =
      fitted.pipeline.transform(rows, prep::prepare_schema(fitted.pipeline.parts().recipe, schema), executor);
  return feature(fitted.pipeline, out, name);
}

}  // namespace

TEST_CASE("ordinal codes follow the bytes of the levels, or a given order; missing and unseen are chosen") {
  const Frame rows = frame({category("c", {"mid", "hi", "", "lo"})});
  const Frame next = frame({category("c", {"never", "hi", ""})});
  CHECK(bits(feature(fit(R"({"op":"ordinal_encode","columns":["c"]})", rows), "c")) == bits(Values{2, 0, kNan, 1}));
  const prep::Fitted ordered =
      fit(R"({"op":"ordinal_encode","columns":["c"],"order":["lo","mid","hi"],"missing":-1,"unseen":-2})", rows);
  CHECK(feature(ordered, "c") == Values{1, 2, -1, 0});
  CHECK(later(ordered, rows, next, "c") == Values{-2, 2, -1});
  CHECK_THROWS_WITH_AS((void)fit(R"({"op":"ordinal_encode","columns":["c"],"order":["lo","hi"]})", rows),
                       doctest::Contains("has the level \"mid\", which \"order\" leaves out"), Error);
}

TEST_CASE("one-hot makes a column of each level that the training rows have, and one for missing") {
  const Frame rows = frame({category("c", {"b", "a", "", "b"})});
  const prep::Fitted fitted = fit(R"({"op":"one_hot","columns":["c"]})", rows);
  CHECK(fitted.pipeline.feature_names() == Names{"c=a", "c=b", "c=missing"});
  CHECK(feature(fitted, "c=a") == Values{0, 1, 0, 0});
  CHECK(feature(fitted, "c=missing") == Values{0, 0, 1, 0});
  CHECK(later(fitted, rows, frame({category("c", {"never"})}), "c=b") == Values{0});
  CHECK(fit(R"({"op":"one_hot","columns":["c"]})", frame({category("c", {"b", "a"})})).pipeline.feature_names() ==
        Names{"c=a", "c=b"});
}

TEST_CASE("rare levels share the infrequent column, and unseen ones go there too") {
  const Frame rows = frame({category("c", {"a", "a", "a", "b", "b", "c", "d"})});
  const prep::Fitted by_rows = fit(R"({"op":"one_hot","columns":["c"],"min_frequency":2})", rows);
  CHECK(by_rows.pipeline.feature_names() == Names{"c=a", "c=b", "c=infrequent"});
  CHECK(feature(by_rows, "c=infrequent") == Values{0, 0, 0, 0, 0, 1, 1});
  CHECK(later(by_rows, rows, frame({category("c", {"never", "a"})}), "c=infrequent") == Values{1, 0});
  // Shares: 0.3 of 7 rows is 2.1, so b's two rows are too few.
  CHECK(fit(R"({"op":"one_hot","columns":["c"],"min_frequency":0.3})", rows).pipeline.feature_names() ==
        Names{"c=a", "c=infrequent"});
  CHECK(fit(R"({"op":"one_hot","columns":["c"],"max_categories":3})", rows).pipeline.feature_names() ==
        Names{"c=a", "c=b", "c=infrequent"});
}

TEST_CASE("a level that is called infrequent or missing keeps its column") {
  const Frame rows = frame({category("c", {"infrequent", "infrequent", "missing", "missing", "x", "", ""})});
  CHECK(fit(R"({"op":"one_hot","columns":["c"],"min_frequency":2})", rows).pipeline.feature_names() ==
        Names{"c=infrequent", "c=missing", "c=missing_", "c=infrequent_"});
}

TEST_CASE("frequency is the share of the training rows, missing a share of its own, unseen 0") {
  const Frame rows = frame({category("c", {"a", "a", "b", ""})});
  const prep::Fitted fitted = fit(R"({"op":"frequency_encode","columns":["c"],"keep":true})", rows);
  CHECK(feature(fitted, "c:frequency") == Values{0.5, 0.5, 0.25, 0.25});
  CHECK(later(fitted, rows, frame({category("c", {"never", "b"})}), "c:frequency") == Values{0, 0.25});
}

TEST_CASE("a map sends levels to groups, other takes the rest, the unseen and the rare") {
  const Frame rows = frame({category("p", {"Nurse", "Doctor", "Clerk", "Clerk", "Pilot", ""})});
  const prep::Fitted mapped = fit(
      R"({"op":"group","columns":["p"],"map":{"Nurse":"health","Doctor":"health","Surgeon":"health"},"other":"rest"})",
      rows);
  CHECK(mapped.pipeline.features()[0].levels == Names{"health", "rest"});
  CHECK(bits(feature(mapped, "p")) == bits(Values{0, 0, 1, 1, 1, kNan}));
  CHECK(bits(later(mapped, rows, frame({category("p", {"Surgeon", "never", ""})}), "p")) == bits(Values{0, 1, kNan}));

  const prep::Fitted rare = fit(R"({"op":"group","columns":["p"],"other":"rest","min_frequency":2,"keep":true})", rows);
  CHECK(rare.pipeline.features()[1].name == "p:group");
  CHECK(rare.pipeline.features()[1].levels == Names{"Clerk", "rest"});
  CHECK(bits(feature(rare, "p:group")) == bits(Values{1, 1, 0, 0, 1, kNan}));
}

TEST_CASE("without other, a level outside the map keeps its name and an unseen one stays unseen") {
  const Frame rows = frame({category("p", {"Nurse", "Clerk"})});
  const prep::Fitted fitted = fit(R"({"op":"group","columns":["p"],"map":{"Nurse":"health"}})", rows);
  CHECK(fitted.pipeline.features()[0].levels == Names{"Clerk", "health"});
  CHECK(bits(later(fitted, rows, frame({category("p", {"never"})}), "p")) == bits(Values{kNan}));
}

TEST_CASE("text rules make spellings one level, in training rows and later ones") {
  const Frame rows = frame({category("c", {"New_York", "new york ", "Rome"})});
  const prep::Fitted fitted = fit(
      R"({"op":"group","columns":["c"],"ignore_case":true,"collapse_blanks":true,"underscores_as_blanks":true})", rows);
  CHECK(fitted.pipeline.features()[0].levels == Names{"new york", "rome"});
  CHECK(feature(fitted, "c") == Values{0, 0, 1});
  CHECK(later(fitted, rows, frame({category("c", {"NEW__YORK", "ROME"})}), "c") == Values{0, 1});
}

TEST_CASE("fitting a group step on a schema that was not prepared says what to call") {
  const Frame rows = frame({category("c", {"A", "b"})});
  SerialExecutor executor;
  const prep::Recipe text =
      prep::parse_recipe(R"({"format":1,"steps":[{"op":"group","columns":["c"],"ignore_case":true}]})", "r");
  CHECK_THROWS_WITH_AS((void)prep::fit(text, infer_schema(rows), rows, {}, executor),
                       doctest::Contains("prepare_schema"), Error);
  const prep::Recipe map =
      prep::parse_recipe(R"({"format":1,"steps":[{"op":"group","columns":["c"],"map":{"Z":"z"}}]})", "r");
  CHECK_THROWS_WITH_AS((void)prep::fit(map, infer_schema(rows), rows, {}, executor),
                       doctest::Contains("prepare_schema"), Error);
}
