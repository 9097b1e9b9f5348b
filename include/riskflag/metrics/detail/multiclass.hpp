#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/multiclass.hpp>

namespace riskflag::inline v0_1::metrics {

namespace detail {

inline void check_many_classes(MatrixView<double> p, std::span<const double> labels, std::span<const double> weights) {
  check_length(labels.size(), p.rows(), "labels");
  if (!weights.empty()) check_length(weights.size(), p.rows(), "weights");
  const auto classes = static_cast<double>(p.cols());
  for (std::size_t i = 0; i < p.rows(); ++i) {
    const double y = labels[i];
    if (!(y >= 0.0 && y < classes) || static_cast<double>(static_cast<std::size_t>(y)) != y) {
      fail(ErrorCode::invalid_data, "metrics",
           "label " + std::to_string(i) + " is " + number_text(y) + "; labels are whole numbers below " +
               std::to_string(p.cols()) + ", the number of classes");
    }
    for (std::size_t k = 0; k < p.cols(); ++k) {
      const double each = p(i, k);
      if (!is_missing(each) && each >= 0.0 && each <= 1.0) continue;
      fail(ErrorCode::invalid_data, "metrics",
           "the probability of class " + std::to_string(k) + " in row " + std::to_string(i) + " is " +
               number_text(each) + "; it must lie in [0, 1]");
    }
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!is_finite(weights[i]) || weights[i] < 0) {
      fail(ErrorCode::invalid_data, "metrics",
           "weight " + std::to_string(i) + " is " + number_text(weights[i]) + "; weights are finite and >= 0");
    }
  }
}

inline Metric multi_log_loss_of(MatrixView<double> p, std::span<const double> labels, std::span<const double> weights) {
  if (const auto why = empty_because(labels.size(), weights); !why.empty()) return Metric::undefined(why);
  constexpr double kEdge = 0x1p-52;
  return Metric::of(weighted_mean(labels.size(), weights, [&](std::size_t i) {
    const double own = p(i, static_cast<std::size_t>(labels[i]));
    return -exact::log(own < kEdge ? kEdge : own > 1.0 - kEdge ? 1.0 - kEdge : own);
  }));
}

inline ClassConfusion class_confusion_of(MatrixView<double> p, std::span<const double> labels,
                                         std::span<const double> weights) {
  ClassConfusion out{p.cols(), std::vector<double>(p.cols() * p.cols())};
  std::vector<CompensatedSum> cells(out.cells.size());
  for (std::size_t i = 0; i < p.rows(); ++i)
    cells[static_cast<std::size_t>(labels[i]) * p.cols() + called_class(p, i)].add(weight_of(weights, i));
  for (std::size_t c = 0; c < cells.size(); ++c) out.cells[c] = cells[c].value();
  return out;
}

inline Metric roc_auc_ovr_of(MatrixView<double> p, std::span<const double> labels, std::span<const double> weights) {
  if (const auto why = empty_because(labels.size(), weights); !why.empty()) return Metric::undefined(why);
  std::vector<double> scores(p.rows()), is_class(p.rows());
  CompensatedSum sum;
  for (std::size_t k = 0; k < p.cols(); ++k) {
    for (std::size_t i = 0; i < p.rows(); ++i) {
      scores[i] = p(i, k);
      is_class[i] = labels[i] == static_cast<double>(k) ? 1.0 : 0.0;
    }
    const Metric own = roc_auc(scores, is_class, weights);
    if (!own) return Metric::undefined("a class has no rows, or all of them");
    sum.add(*own.value);
  }
  return Metric::of(exact::div(sum.value(), static_cast<double>(p.cols())));
}

/// Mean of the classes' F1 with weight(class).
template <class Weight>
Metric mean_f1(const ClassConfusion& table, Weight weight) {
  CompensatedSum sum, all;
  for (const ClassScores& each : class_scores(table)) {
    if (!each.f1) continue;
    sum.add(exact::mul(weight(each), *each.f1.value));
    all.add(weight(each));
  }
  if (!(all.value() > 0)) return Metric::undefined(kNoRows);
  return Metric::of(exact::div(sum.value(), all.value()));
}

}  // namespace detail

inline std::size_t called_class(MatrixView<double> probabilities, std::size_t row) noexcept {
  std::size_t out = 0;
  for (std::size_t k = 1; k < probabilities.cols(); ++k) {
    if (probabilities(row, k) > probabilities(row, out)) out = k;
  }
  return out;
}

inline Metric multi_log_loss(MatrixView<double> probabilities, std::span<const double> labels,
                             std::span<const double> weights) {
  detail::check_many_classes(probabilities, labels, weights);
  return detail::multi_log_loss_of(probabilities, labels, weights);
}

inline ClassConfusion class_confusion(MatrixView<double> probabilities, std::span<const double> labels,
                                      std::span<const double> weights) {
  detail::check_many_classes(probabilities, labels, weights);
  return detail::class_confusion_of(probabilities, labels, weights);
}

inline Metric roc_auc_ovr(MatrixView<double> probabilities, std::span<const double> labels,
                          std::span<const double> weights) {
  detail::check_many_classes(probabilities, labels, weights);
  return detail::roc_auc_ovr_of(probabilities, labels, weights);
}

inline Metric accuracy(const ClassConfusion& table) {
  CompensatedSum right, all;
  for (std::size_t k = 0; k < table.classes; ++k) right.add(table.at(k, k));
  for (const double cell : table.cells) all.add(cell);
  if (!(all.value() > 0)) return Metric::undefined(kNoRows);
  return Metric::of(exact::div(right.value(), all.value()));
}

inline std::vector<ClassScores> class_scores(const ClassConfusion& table) {
  std::vector<ClassScores> out(table.classes);
  for (std::size_t k = 0; k < table.classes; ++k) {
    CompensatedSum missed, wrong;
    for (std::size_t other = 0; other < table.classes; ++other) {
      if (other == k) continue;
      missed.add(table.at(k, other));
      wrong.add(table.at(other, k));
    }
    const Confusion own{table.at(k, k), wrong.value(), 0.0, missed.value()};
    out[k] = {precision(own), recall(own), f1(own), exact::add(own.tp, own.fn)};
  }
  return out;
}

inline Metric f1_macro(const ClassConfusion& table) {
  return detail::mean_f1(table, [](const ClassScores&) { return 1.0; });
}

inline Metric f1_weighted(const ClassConfusion& table) {
  return detail::mean_f1(table, [](const ClassScores& each) { return each.rows; });
}

inline MulticlassMetrics multiclass_metrics(MatrixView<double> probabilities, std::span<const double> labels,
                                            std::span<const double> weights) {
  detail::check_many_classes(probabilities, labels, weights);
  MulticlassMetrics out;
  out.log_loss = detail::multi_log_loss_of(probabilities, labels, weights).value;
  out.roc_auc_ovr = detail::roc_auc_ovr_of(probabilities, labels, weights).value;
  out.confusion = detail::class_confusion_of(probabilities, labels, weights);
  out.accuracy = accuracy(out.confusion).value;
  out.f1_macro = f1_macro(out.confusion).value;
  out.f1_weighted = f1_weighted(out.confusion).value;
  return out;
}

}  // namespace riskflag::inline v0_1::metrics
