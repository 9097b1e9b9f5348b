#pragma once

// A table and a recipe in which every op of prep stands at least once, fitted; for tests of what holds for all of them.

#include <cstdint>
#include <vector>

#include <riskflag/data/schema.hpp>
#include <riskflag/prep/fit.hpp>

#include "frames.hpp"

namespace riskflag::prep_test {

inline constexpr const char* kEveryStep = R"({"format":1,"steps":[
  {"op":"impute","columns":["age"],"strategy":"mean","indicator":true},
  {"op":"clip","columns":["income"],"low":0.02,"high":0.98,"keep":true},
  {"op":"log1p","columns":["income"],"keep":true},
  {"op":"scale","columns":["income:clipped"]},
  {"op":"derive","name":"ratio","expression":"if_missing(log(income) / (age - 30), min(age, 1, `late`) ) "},
  {"op":"bin","columns":["income"],"max_bins":7,"keep":true},
  {"op":"bin","columns":["late"],"kind":"supervised","output":"category","keep":true},
  {"op":"woe_encode","columns":["late:bin"]},
  {"op":"bin","columns":["age"],"kind":"monotone","output":"woe","keep":true},
  {"op":"ordinal_encode","columns":["grade"],"order":["A","B","C","D","E"],"keep":true},
  {"op":"frequency_encode","columns":["city"],"keep":true},
  {"op":"target_encode","columns":["city"],"keep":true},
  {"op":"woe_encode","columns":["grade"],"keep":true},
  {"op":"group","columns":["city"],"other":"rest","min_frequency":0.025,"keep":true},
  {"op":"one_hot","columns":["city"],"max_categories":9},
  {"op":"drop","columns":["income:bin"]},
  {"op":"select","columns":{"pattern":"*"}}]})";

class EverySteps {
 public:
  explicit EverySteps(std::size_t count) : table_(random_table(11, count)) {
    for (std::size_t i = 0; i < count; ++i) weights_.push_back(0.5 + static_cast<double>(i % 3));
    rows = table_.frame;
    schema = prep::prepare_schema(recipe, infer_schema(rows));
    schema.fields[4].special = {96, 98};
    SerialExecutor executor;
    fitted = prep::fit(recipe, schema, rows, inputs(), executor);
  }
  [[nodiscard]] prep::FitInputs inputs() const { return {.labels = table_.labels, .weights = weights_, .seed = 5}; }

  prep::Recipe recipe = prep::parse_recipe(kEveryStep, "every step");
  Frame rows;
  Schema schema;
  prep::Fitted fitted;

 private:
  RandomTable table_;
  std::vector<double> weights_;
};

}  // namespace riskflag::prep_test
