#pragma once

// Where High begins: the rule as --threshold writes it, and its value on scored rows.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/metrics/threshold.hpp>

namespace riskflag::inline v0_1::study {

/// How the threshold is chosen. High exactly when probability >= threshold.
struct ThresholdRule {
  enum class Kind {
    f1,       ///< the greatest F1
    cost,     ///< the least fn_cost * missed + fp_cost * wrongly High
    approve,  ///< the largest t with share(p < t) <= rate
    fixed,    ///< `value` as it stands
  };
  Kind kind = Kind::f1;
  double fn_cost = 1, fp_cost = 1;
  double rate = 0;
  double value = 0.5;
  std::string text = "f1";  ///< as it was written

  /// True when rows are needed to choose.
  [[nodiscard]] bool needs_rows() const noexcept { return kind != Kind::fixed; }
};

/// "f1", "cost:FN,FP" (both finite, >= 0, not both 0), "approve:RATE" and NUMBER (both in [0, 1]). Throws
/// Error(invalid_option) for anything else.
[[nodiscard]] inline ThresholdRule parse_threshold_rule(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    fail(ErrorCode::invalid_option, "threshold",
         quoted(text) + " " + why + "; accepted: f1, cost:FN,FP, approve:RATE or a number in [0, 1]");
  };
  ThresholdRule rule;
  rule.text = std::string(text);
  if (text == "f1") return rule;
  if (text.starts_with("cost:")) {
    const auto costs = split_text(text.substr(5), ',');
    const auto fn = costs.size() == 2 ? parse_double(costs[0]) : std::nullopt;
    const auto fp = costs.size() == 2 ? parse_double(costs[1]) : std::nullopt;
    if (!fn || !fp) refuse("does not have two costs");
    if (*fn < 0 || *fp < 0 || *fn + *fp <= 0) refuse("has a negative cost, or none");
    rule.kind = ThresholdRule::Kind::cost;
    rule.fn_cost = *fn;
    rule.fp_cost = *fp;
    return rule;
  }
  const bool approve = text.starts_with("approve:");
  const auto number = parse_double(approve ? text.substr(8) : text);
  if (!number) refuse(approve ? "does not have a rate" : "is no rule");
  if (*number < 0 || *number > 1) refuse("is outside its range");
  rule.kind = approve ? ThresholdRule::Kind::approve : ThresholdRule::Kind::fixed;
  (approve ? rule.rate : rule.value) = *number;
  return rule;
}

/// The threshold that `rule` gives on these rows.
[[nodiscard]] inline double choose_threshold(const ThresholdRule& rule, std::span<const double> probabilities,
                                             std::span<const double> labels, std::span<const double> weights) {
  switch (rule.kind) {
    case ThresholdRule::Kind::f1: return metrics::threshold_f1(probabilities, labels, weights);
    case ThresholdRule::Kind::cost:
      return metrics::threshold_cost(probabilities, labels, weights, rule.fn_cost, rule.fp_cost);
    case ThresholdRule::Kind::approve: return metrics::threshold_approve(probabilities, rule.rate, weights);
    case ThresholdRule::Kind::fixed: break;
  }
  return rule.value;
}

}  // namespace riskflag::inline v0_1::study
