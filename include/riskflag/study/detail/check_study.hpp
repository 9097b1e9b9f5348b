#pragma once

// What a study refuses before it reads a row: options that contradict each other.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include <riskflag/core/text.hpp>
#include <riskflag/study/detail/study_run.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

inline void StudyRun::check_options() {
  result_.kind = bundle::kind_of(Objective{options_.train.objective, 1.0, 0.0});
  TrainOptions as_it_will_be = options_.train;
  if (multiclass() && as_it_will_be.num_class == 1) as_it_will_be.num_class = 2;  // the target says how many
  validate(as_it_will_be);
  const auto refuse = [](const char* where, const std::string& message) {
    fail(ErrorCode::invalid_option, where, message);
  };
  if (options_.train.objective == "custom")
    refuse("--objective",
           "\"custom\" takes its gradients from a function of the program that trains "
           "(TrainHooks::gradients); a command line has none");
  if (options_.data.empty()) refuse("--data", "is needed: the CSV file to learn from");
  if (options_.columns.target.empty()) refuse("--target", "is needed: the column to predict");
  if (options_.output.empty()) refuse("--output", "is needed: the model directory to make");
  std::map<std::string, const char*> typed;
  const auto type = [&](const std::string& column, const char* flag) {
    const auto [it, fresh] = typed.emplace(column, flag);
    if (!fresh && it->second != std::string_view(flag))
      refuse(flag, "column " + quoted(column) + " is named by " + it->second + " already; a column has one type");
  };
  for (const std::string& name : options_.columns.numeric) type(name, "--numeric");
  for (const std::string& name : options_.columns.categorical) type(name, "--categorical");
  for (const auto& [name, format] : options_.reading.date_formats) type(name, "--date-format");
  const PartOptions& parts = options_.parts;
  for (const auto& [flag, rows, file] :
       {std::tuple("--test-skip-rows", &options_.reading.test_skip_rows, &parts.test_data),
        std::tuple("--valid-skip-rows", &options_.reading.valid_skip_rows, &parts.valid_data)}) {
    if (*rows && file->empty()) refuse(flag, "is of a file that is not given");
  }
  for (const auto& [flag, fraction] :
       {std::pair("--test-fraction", parts.test_fraction), std::pair("--valid-fraction", parts.valid_fraction)}) {
    if (!(fraction >= 0 && fraction < 1)) refuse(flag, number_text(fraction) + " is outside [0, 1)");
  }
  if (parts.cv < 0 || parts.cv == 1)
    refuse("--cv", std::to_string(parts.cv) + " folds; accepted: 2 or more (0 = no cross-validation)");
  if (parts.cv > 0 && !parts.valid_data.empty())
    refuse("--cv", "takes the validation rows out of each fold; leave out --valid");
  if (result_.kind == bundle::Kind::regression && parts.kind == SplitKind::stratified)
    refuse("--split", "stratified needs a target of classes; accepted here: random, group, time");
  if (!binary() && options_.threshold.text != ThresholdRule{}.text)
    refuse("--threshold", "needs a binary target; objective " + options_.train.objective + " has no High and Low");
  if (multiclass()) check_multiclass();
  if (!options_.columns.offset.empty() && result_.kind != bundle::Kind::regression)
    refuse("--offset", "is for objectives with a mean, such as poisson, gamma, tweedie, regression; found " +
                           options_.train.objective);
  if (!options_.monotone.empty() && !options_.train.monotone_constraints.empty())
    refuse("--monotone",
           "names raw fields and monotone_constraints the features made of them; one of both is accepted");
  if (options_.search < 0) refuse("--search", std::to_string(options_.search) + " trials; accepted: 0 and more");
  if (options_.search > 0 && parts.cv == 0 && parts.valid_data.empty() && parts.valid_fraction == 0)
    refuse("--search", "needs held-out rows: --valid, --valid-fraction above 0, or --cv");
  if (options_.calibrate != "none") {
    if (!binary()) refuse("--calibrate", "needs a binary target (--objective binary)");
    const bool held_out = parts.cv > 0 || !parts.valid_data.empty() || parts.valid_fraction > 0;
    if (!held_out && options_.calibrate != "prior") {
      refuse("--calibrate",
             options_.calibrate +
                 " needs scores of rows that the trees did not see: --valid, --valid-fraction above 0, or "
                 "--cv");
    }
  }
  if (!binary() && options_.reason_reference != "train")
    refuse("reason_reference", "needs a binary target: reasons are those for High");
  if (!binary() && !options_.columns.positive.empty()) refuse("--positive", "needs a binary target");
  if (!parts.group_by.empty() && parts.kind != SplitKind::group) refuse("--group-by", "needs --split group");
  if (!parts.time_by.empty() && parts.kind != SplitKind::time) refuse("--time-by", "needs --split time");
}

/// What is said of one score and means nothing for several.
inline void StudyRun::check_multiclass() const {
  if (!options_.monotone.empty()) {
    fail(ErrorCode::invalid_option, "--monotone",
         "promises the direction of one prediction, and several classes have one each; --set monotone_constraints=... "
         "binds the margin of every class, as LightGBM does");
  }
  for (const prep::Step& step : options_.recipe.steps) {
    const auto* bins = std::get_if<prep::BinNumbers>(&step);
    const bool supervised =
        bins != nullptr && (bins->kind != prep::BinKind::quantile || bins->output == prep::BinOutput::woe);
    const char* const op = std::holds_alternative<prep::TargetEncode>(step) ? "target_encode"
                           : std::holds_alternative<prep::WoeEncode>(step)  ? "woe_encode"
                           : supervised ? "bin of kind supervised or monotone, or output woe,"
                                        : nullptr;
    if (op == nullptr) continue;
    fail(ErrorCode::invalid_option, "--recipe",
         std::string(op) +
             " learns from labels that are 0 and 1 or amounts; of several classes it would take their "
             "numbers for amounts (native categories, one_hot and frequency need no labels)");
  }
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
