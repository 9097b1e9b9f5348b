#pragma once

// From logs to a verdict: stable, drift or decay.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/bins.hpp>
#include <riskflag/monitor/drift.hpp>
#include <riskflag/monitor/estimated.hpp>
#include <riskflag/monitor/performance.hpp>

namespace riskflag::inline v0_1::monitor {

/// One field's live rows, or the scores, beside the training rows.
struct FieldDrift {
  std::string field;
  std::uint64_t rows = 0;  ///< live ones
  double psi = 0, jensen_shannon = 0;
  ChiSquare chi_square;
  double threshold = kPsiLook;  ///< psi_alarm() of these rows
  bool alarm = false;
  std::optional<double> ks{}, wasserstein{};  ///< of bins that have an order, by rank_positions(); not of a category
  /// Shares of the rows, in [0, 1], without a value and with a level that training did not know.
  struct Rates {
    double missing = 0, unseen = 0;
  };
  Rates training{}, live{};
};

namespace detail {

[[nodiscard]] inline FieldDrift::Rates rates_of(const BinLayout::Field& field, std::span<const std::uint64_t> counts) {
  const double rows = std::max(1.0, static_cast<double>(sum_of(counts)));
  FieldDrift::Rates out;
  for (std::size_t i = field.ordered; i < counts.size(); ++i) {  // a level's bin begins with "="
    if (field.bins[i] == "missing") out.missing = static_cast<double>(counts[i]) / rows;
    if (field.bins[i] == "unseen") out.unseen = static_cast<double>(counts[i]) / rows;
  }
  return out;
}

}  // namespace detail

/// Of each field of the layout; one with fewer than `least_rows` rows has no alarm.
[[nodiscard]] inline std::vector<FieldDrift> drift_of(const BinLayout& layout, std::span<const std::uint64_t> counts,
                                                      std::uint64_t least_rows = 200) {
  std::vector<FieldDrift> out;
  for (std::size_t i = 0; i < layout.fields().size(); ++i) {
    const auto training = layout.of(i, layout.training()), live = layout.of(i, counts);
    FieldDrift drift;
    drift.field = layout.fields()[i].name;
    drift.rows = detail::sum_of(live);
    drift.training = detail::rates_of(layout.fields()[i], training);
    drift.live = detail::rates_of(layout.fields()[i], live);
    if (drift.rows > 0) {
      drift.psi = psi(training, live);
      drift.jensen_shannon = jensen_shannon(training, live);
      drift.chi_square = chi_square(training, live);
      drift.threshold = psi_alarm(training, drift.rows, psi_alpha(layout.fields().size()));
      drift.alarm = drift.rows >= least_rows && drift.psi > drift.threshold;
      if (const std::size_t ordered = layout.fields()[i].ordered; ordered > 0) {
        const auto e = training.first(ordered), a = live.first(ordered);
        drift.ks = ks_distance(e, a);
        drift.wasserstein = wasserstein(rank_positions(e), e, a);
      }
    }
    out.push_back(std::move(drift));
  }
  return out;
}

/// Whether a small model tells whole live rows from whole training rows (audit::find_shift()): the fields together.
struct RowDrift {
  std::uint64_t training_rows = 0, rows = 0;  ///< that were compared
  double roc_auc = 0.5;                       ///< of telling them apart
  double limit = 0.5;
  bool alarm = false;
  std::vector<std::pair<std::string, double>> fields;  ///< by their share of what tells them apart, falling
};

/// What the logs of one model say about it.
struct Evidence {
  std::string model_name, model_version, model_digest;
  std::int64_t from_ms = 0, until_ms = 0;  ///< of the first and the last decision
  std::uint64_t decisions = 0;             ///< of this model
  std::uint64_t other_models = 0, torn = 0;
  std::optional<std::uint64_t> outcome_files;  ///< that were read; nothing where no outcomes were asked for
  std::vector<FieldDrift> drift;
  std::optional<RowDrift> row_drift{};  ///< nothing without training rows, or with too few rows
  Performance performance;
  std::vector<Performance> weeks;
  std::vector<CalibrationBand> bands;
  Estimated estimated;                     ///< of all decisions
  std::optional<double> expected_roc_auc;  ///< on the test set of the training
  std::uint64_t expected_rows = 0;         ///< of that set
};

struct Verdict {
  enum class State { stable, drift, decay };
  State state = State::stable;
  std::string reason;
};
[[nodiscard]] constexpr std::string_view name_of(Verdict::State state) noexcept {
  return state == Verdict::State::stable ? "stable" : state == Verdict::State::drift ? "drift" : "decay";
}

/// The variance of a ROC-AUC by its value and the rows of each class alone: Hanley and McNeil, Radiology 1982, eq. 2.
[[nodiscard]] inline double hanley_mcneil_variance(double auc, double positives, double negatives) noexcept {
  const double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc), square = auc * auc;
  return (auc * (1 - auc) + (positives - 1) * (q1 - square) + (negatives - 1) * (q2 - square)) /
         (positives * negatives);
}

/// Below this ROC-AUC the outcomes say that the model decayed: the test set's, less 2.576 standard errors of the
/// difference (1 in 200 models that are as good as ever falls below). The test set is a sample too; its share of
/// positives is taken to be that of the outcomes. Nothing where one of the two is not known.
[[nodiscard]] inline std::optional<double> decay_limit(const Performance& seen, std::optional<double> expected_roc_auc,
                                                       std::uint64_t expected_rows) {
  if (!expected_roc_auc || !seen.roc_auc || !seen.roc_auc_variance || expected_rows == 0) return std::nullopt;
  const double share = static_cast<double>(seen.positives) / static_cast<double>(seen.outcomes);
  const double positives = std::max(1.0, share * static_cast<double>(expected_rows));
  const double negatives = std::max(1.0, (1 - share) * static_cast<double>(expected_rows));
  const double variance =
      *seen.roc_auc_variance.value + hanley_mcneil_variance(*expected_roc_auc, positives, negatives);
  return *expected_roc_auc - 2.576 * exact::sqrt(variance);
}
[[nodiscard]] inline std::optional<double> decay_limit(const Evidence& evidence) {
  return decay_limit(evidence.performance, evidence.expected_roc_auc, evidence.expected_rows);
}

/// Decay when ROC-AUC is below decay_limit(); else drift when a field, the scores or whole rows have an alarm; else
/// stable.
[[nodiscard]] inline Verdict judge(const Evidence& evidence) {
  const Performance& seen = evidence.performance;
  const auto limit = decay_limit(evidence);
  if (limit && *seen.roc_auc.value < *limit) {
    return {Verdict::State::decay, "ROC-AUC is " + number_text(*seen.roc_auc.value) + " by " +
                                       std::to_string(seen.outcomes) + " outcomes; chance explains no less than " +
                                       number_text(*limit) + " where the test set had " +
                                       number_text(*evidence.expected_roc_auc)};
  }
  std::string fields;
  for (const FieldDrift& each : evidence.drift) {
    if (!each.alarm) continue;
    fields += (fields.empty() ? "" : ", ") + each.field + " (PSI " + number_text(each.psi) + " above " +
              number_text(each.threshold) + ")";
  }
  if (evidence.row_drift && evidence.row_drift->alarm) {
    const RowDrift& rows = *evidence.row_drift;
    std::string most;
    for (std::size_t i = 0; i < std::min<std::size_t>(rows.fields.size(), 3); ++i) {
      most += (most.empty() ? "" : ", ") + rows.fields[i].first;
    }
    fields += (fields.empty() ? "" : "; and in ") +
              std::string("how fields go together: a small model tells them apart with ") + "ROC-AUC " +
              number_text(rows.roc_auc) + " above " + number_text(rows.limit) + ", most by " + most;
  }
  if (!fields.empty()) return {Verdict::State::drift, "live rows differ from training rows in " + fields};
  return {Verdict::State::stable,
          "no field, nor the scores, differ from the training rows more than chance explains" +
              std::string(limit ? ", and ROC-AUC is not below the test set's more than chance explains" : "") +
              std::string(evidence.outcome_files == 0 ? "; there are no outcomes yet" : "")};
}

}  // namespace riskflag::inline v0_1::monitor
