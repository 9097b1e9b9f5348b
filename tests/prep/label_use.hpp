#pragma once

// What labels do to the steps of a recipe, an example of each, and a function that every new step has to be told to.

#include <string>
#include <vector>

#include <riskflag/prep/recipe.hpp>

namespace riskflag::prep_test {

enum class LabelUse {
  none,          ///< it looks at no label
  shared,        ///< labels make one rule from value to result, the same for every row
  cross_fitted,  ///< a training row's result is what other rows' labels say
};

/// No template and no default: a step without its line here does not compile.
struct LabelUseOf {
  LabelUse operator()(const prep::Impute&) const { return LabelUse::none; }
  LabelUse operator()(const prep::ClipQuantiles&) const { return LabelUse::none; }
  LabelUse operator()(const prep::Log1pOf&) const { return LabelUse::none; }
  LabelUse operator()(const prep::Standardize&) const { return LabelUse::none; }
  LabelUse operator()(const prep::OrdinalEncode&) const { return LabelUse::none; }
  LabelUse operator()(const prep::OneHotEncode&) const { return LabelUse::none; }
  LabelUse operator()(const prep::FrequencyEncode&) const { return LabelUse::none; }
  LabelUse operator()(const prep::TargetEncode&) const { return LabelUse::cross_fitted; }
  LabelUse operator()(const prep::WoeEncode& step) const {
    return step.folds > 0 ? LabelUse::cross_fitted : LabelUse::shared;
  }
  LabelUse operator()(const prep::BinNumbers& step) const {
    if (step.output == prep::BinOutput::woe) return step.folds > 0 ? LabelUse::cross_fitted : LabelUse::shared;
    return step.kind == prep::BinKind::quantile ? LabelUse::none : LabelUse::shared;
  }
  LabelUse operator()(const prep::Group&) const { return LabelUse::none; }
  LabelUse operator()(const prep::Derive&) const { return LabelUse::none; }
  LabelUse operator()(const prep::Select&) const { return LabelUse::none; }
  LabelUse operator()(const prep::Drop&) const { return LabelUse::none; }
};

/// Steps for the columns of random_table().
inline std::vector<std::string> examples_of(LabelUse use) {
  switch (use) {
    case LabelUse::none:
      return {
          R"({"op":"impute","columns":["age"],"strategy":"mean","indicator":true})",
          R"({"op":"clip","columns":["income","age"]})",
          R"({"op":"log1p","columns":["income"]})",
          R"({"op":"scale","columns":["income","age"]})",
          R"({"op":"ordinal_encode","columns":["city","grade"]})",
          R"({"op":"one_hot","columns":["grade"],"max_categories":3})",
          R"({"op":"frequency_encode","columns":["city"]})",
          R"({"op":"bin","columns":["income","age"],"kind":"quantile","output":"index"})",
          R"({"op":"bin","columns":["income","age"],"kind":"quantile","output":"category"})",
          R"({"op":"group","columns":["city"],"min_frequency":4,"other":"rest"})",
          R"({"op":"derive","name":"d","expression":"income / age"})",
          R"({"op":"select","columns":["income","city"]})",
          R"({"op":"drop","columns":["income"]})",
      };
    case LabelUse::shared:
      return {
          R"({"op":"woe_encode","columns":["city","grade"],"folds":0})",
          R"({"op":"bin","columns":["income","age"],"kind":"supervised","output":"index"})",
          R"({"op":"bin","columns":["income","age"],"kind":"supervised","output":"category"})",
          R"({"op":"bin","columns":["income","age"],"kind":"supervised","output":"woe","folds":0})",
          R"({"op":"bin","columns":["income","age"],"kind":"monotone","output":"index"})",
          R"({"op":"bin","columns":["income","age"],"kind":"monotone","output":"category"})",
          R"({"op":"bin","columns":["income","age"],"kind":"monotone","output":"woe","folds":0})",
          R"({"op":"bin","columns":["income","age"],"kind":"quantile","output":"woe","folds":0})",
      };
    case LabelUse::cross_fitted:
      return {
          R"({"op":"target_encode","columns":["city","grade"]})",
          R"({"op":"target_encode","columns":["city","grade"],"smooth":7.5,"folds":3})",
          R"({"op":"target_encode","columns":["city","grade"],"smooth":2,"ordered":true})",
          R"({"op":"woe_encode","columns":["city","grade"]})",
          R"({"op":"bin","columns":["income","age"],"kind":"quantile","output":"woe"})",
          R"({"op":"bin","columns":["income","age"],"kind":"supervised","output":"woe"})",
          R"({"op":"bin","columns":["income","age"],"kind":"monotone","output":"woe"})",
      };
  }
  return {};
}

}  // namespace riskflag::prep_test
