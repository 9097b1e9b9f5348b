#pragma once

// Whether a challenger may take a champion's place: not worse, beyond chance, on rows that both score.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/intervals.hpp>
#include <riskflag/metrics/regression.hpp>

namespace riskflag::inline v0_1::study {

/// What a challenger is asked.
struct GateOptions {
  std::vector<std::string> metrics{"roc_auc"};  ///< of gate_metrics()
  double margin = 0;        ///< how much worse it may be, in units of each metric, >= 0; 0: it must be better
  double level = 0.95;      ///< of the one-sided bound, (0.5, 1)
  int resamples = 1000;     ///< of the bootstrap
  std::uint64_t seed = 42;  ///< of the bootstrap
};

/// Both models' scores of the same rows, with the outcomes.
struct GateRows {
  bundle::Kind kind = bundle::Kind::binary;
  std::span<const double> challenger, champion, labels;
  std::span<const double> weights{};        ///< one a row, or empty
  std::span<const std::uint64_t> groups{};  ///< rows that belong together, 0, 1, ...; empty: independent rows
};

/// One metric of the two. Differences are challenger's minus champion's, of losses champion's minus challenger's: more
/// is better.
struct GateMetric {
  std::string name;
  double challenger = 0, champion = 0;
  double lower_bound = 0;   ///< of the difference: it is smaller with a probability of 1 - level only
  std::string_view method;  ///< "delong" or "bootstrap"
  bool passed = false;      ///< lower_bound > -margin
};

/// Names that a gate may ask for: roc_auc, gini, pr_auc, ks, log_loss, brier of two classes; rmse, mae of a number.
[[nodiscard]] std::vector<std::string_view> gate_metrics(bundle::Kind kind);

/// The two compared on each metric. ROC-AUC and Gini of independent unweighted rows by paired DeLong (metrics/
/// intervals.hpp), everything else by a paired bootstrap, of whole groups where there are any. Throws
/// Error(invalid_option) for an unknown metric, a negative margin or a level outside (0.5, 1), Error(invalid_data)
/// where a metric has no value or no bound on these rows, and Error(unsupported) for several classes.
[[nodiscard]] std::vector<GateMetric> compare_models(const GateRows& rows, const GateOptions& options);

/// True when every metric passed; there must be one.
[[nodiscard]] inline bool all_passed(std::span<const GateMetric> metrics) noexcept {
  return !metrics.empty() &&
         std::all_of(metrics.begin(), metrics.end(), [](const GateMetric& metric) { return metric.passed; });
}

// definitions

inline std::vector<std::string_view> gate_metrics(bundle::Kind kind) {
  if (kind == bundle::Kind::binary) return {"roc_auc", "gini", "pr_auc", "ks", "log_loss", "brier"};
  if (kind == bundle::Kind::regression) return {"rmse", "mae"};
  return {};
}

namespace detail {

[[nodiscard]] inline bool is_loss(std::string_view metric) noexcept {
  return metric == "log_loss" || metric == "brier" || metric == "rmse" || metric == "mae";
}

[[nodiscard]] inline metrics::Metric gate_value(std::string_view name, std::span<const double> scores,
                                                std::span<const double> labels, std::span<const double> weights) {
  if (name == "roc_auc") return metrics::roc_auc(scores, labels, weights);
  if (name == "gini") return metrics::gini(scores, labels, weights);
  if (name == "pr_auc") return metrics::pr_auc(scores, labels, weights);
  if (name == "ks") return metrics::ks(scores, labels, weights);
  if (name == "log_loss") return metrics::log_loss(scores, labels, weights);
  if (name == "brier") return metrics::brier(scores, labels, weights);
  if (name == "rmse") return metrics::rmse(scores, labels, weights);
  return metrics::mae(scores, labels, weights);
}

inline void check_gate(const GateRows& rows, const GateOptions& options) {
  const std::vector<std::string_view> known = gate_metrics(rows.kind);
  if (known.empty()) {
    fail(ErrorCode::unsupported, "compare", "models of several classes cannot be compared yet");
  }
  if (options.metrics.empty()) fail(ErrorCode::invalid_option, "metric", "none is named; roc_auc is one");
  for (const std::string& name : options.metrics) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string_view each : known) list += (list.empty() ? "" : ", ") + std::string(each);
    fail(ErrorCode::invalid_option, "metric",
         quoted(name) + " is none that these models are compared by; " + list + " are" + did_you_mean(name, known));
  }
  if (!(options.margin >= 0)) {
    fail(ErrorCode::invalid_option, "margin", number_text(options.margin) + "; a number of 0 or more is accepted");
  }
  if (!(options.level > 0.5 && options.level < 1)) {
    fail(ErrorCode::invalid_option, "level", number_text(options.level) + "; a number between 0.5 and 1 is accepted");
  }
  if (options.resamples < 1) {
    fail(ErrorCode::invalid_option, "resamples", std::to_string(options.resamples) + "; 1 or more are accepted");
  }
}

}  // namespace detail

inline std::vector<GateMetric> compare_models(const GateRows& rows, const GateOptions& options) {
  detail::check_gate(rows, options);
  // A two-sided interval's lower end is the one-sided bound of half its tail.
  const double two_sided = exact::sub(exact::mul(2.0, options.level), 1.0);
  std::vector<GateMetric> out;
  for (const std::string& name : options.metrics) {
    const auto value = [&](std::span<const double> scores, std::span<const double> weights) {
      return detail::gate_value(name, scores, rows.labels, weights);
    };
    const metrics::Metric challenger = value(rows.challenger, rows.weights);
    const metrics::Metric champion = value(rows.champion, rows.weights);
    if (!challenger || !champion) {
      fail(ErrorCode::invalid_data, name,
           "has no value on these rows: " + std::string((challenger ? champion : challenger).undefined_because));
    }
    GateMetric result{name, *challenger.value, *champion.value, 0, {}, false};
    metrics::Interval interval;
    const bool area = name == "roc_auc" || name == "gini";
    if (area && rows.weights.empty() && rows.groups.empty()) {
      result.method = "delong";
      interval = metrics::delong_difference(rows.challenger, rows.champion, rows.labels, two_sided);
      if (name == "gini") interval.low = exact::mul(2.0, interval.low);
    } else {
      result.method = "bootstrap";
      const bool loss = detail::is_loss(name);
      const auto difference = [&](std::span<const double> weights) {
        const metrics::Metric a = value(loss ? rows.champion : rows.challenger, weights);
        const metrics::Metric b = value(loss ? rows.challenger : rows.champion, weights);
        return a && b ? metrics::Metric::of(exact::sub(*a.value, *b.value)) : metrics::Metric::undefined("no value");
      };
      interval = metrics::bootstrap(rows.labels.size(), difference, static_cast<std::size_t>(options.resamples),
                                    options.seed, two_sided, rows.weights, rows.groups);
    }
    if (!interval) {
      fail(ErrorCode::invalid_data, name, "has no bound on these rows: " + std::string(interval.undefined_because));
    }
    result.lower_bound = interval.low;
    result.passed = interval.low > -options.margin;
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::study
