#pragma once

// Metrics after each iteration, and when to stop because of them.

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/credit.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/metrics/regression.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/train/detail/score_rows.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/train_data.hpp>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline bool higher_is_better(std::string_view metric) noexcept {
  return metric == "auc" || metric == "average_precision" || metric == "ks" || metric == "gini" ||
         metric == "accuracy" || metric == "f1_macro" || metric == "f1_weighted" || metric == "roc_auc_ovr";
}

/// Whether a metric is made of predictions; the others take margins.
[[nodiscard]] inline bool is_of_predictions(std::string_view metric) noexcept {
  return metric != "auc" && metric != "average_precision" && metric != "ks" && metric != "gini" &&
         metric != "cross_entropy";
}

/// One validation set during training.
struct ValidSet {
  Binned bins;
  const ValidData* data;
  std::vector<double> scores;       ///< output after output
  std::vector<double> predictions;  ///< the same after the link, as of the last predict()

  [[nodiscard]] std::size_t outputs() const noexcept { return scores.size() / data->labels.size(); }

  /// To be called before value() when scores have changed.
  void predict(const TrainOptions& options, Executor& executor) {
    predictions = scores;
    const Link kind = find_link(options.objective).value_or(Link::identity);
    if (kind == Link::identity) return;
    const std::size_t rows = data->labels.size(), width = outputs();
    parallel_for(executor, rows, 4096, [&](std::size_t begin, std::size_t end, unsigned) {
      std::vector<double> row(width);
      for (std::size_t i = begin; i < end; ++i) {
        for (std::size_t k = 0; k < width; ++k) row[k] = scores[k * rows + i];
        apply_link(kind, 1.0, row);
        for (std::size_t k = 0; k < width; ++k) predictions[k * rows + i] = row[k];
      }
    });
  }
  /// The scores as callers see them: rows x outputs, row-major.
  [[nodiscard]] std::vector<double> margins_by_row() const {
    const std::size_t rows = data->labels.size(), width = outputs();
    std::vector<double> out(scores.size());
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t k = 0; k < width; ++k) out[i * width + k] = scores[k * rows + i];
    }
    return out;
  }

  /// The metric of the present scores; NaN where it is not defined.
  [[nodiscard]] double value(std::string_view metric, const TrainOptions& options) const {
    using namespace metrics;
    if (outputs() > 1) return value_of_classes(metric);
    const std::span<const double> y = data->labels, w = data->weights;
    Metric out;
    if (metric == "auc") {
      out = roc_auc(scores, y, w);
    } else if (metric == "average_precision") {
      out = pr_auc(scores, y, w);
    } else if (metric == "ks") {
      out = ks(scores, y, w);
    } else if (metric == "gini") {
      out = gini(scores, y, w);
    } else if (metric == "cross_entropy") {
      return cross_entropy();
    } else {
      const std::span<const double> p = predictions;
      if (metric == "binary_logloss") out = log_loss(p, y, w);
      if (metric == "brier") out = brier(p, y, w);
      if (metric == "l1") out = mae(p, y, w);
      if (metric == "l2") out = mse(p, y, w);
      if (metric == "rmse") out = rmse(p, y, w);
      if (metric == "huber") return huber(p, options.alpha);
      if (metric == "quantile") out = quantile_loss(p, y, options.alpha < 1.0 ? options.alpha : 1.0, w);
      if (metric == "poisson_deviance") out = poisson_deviance(p, y, w);
      if (metric == "gamma_deviance") out = gamma_deviance(p, y, w);
      if (metric == "tweedie_deviance") out = tweedie_deviance(p, y, options.tweedie_variance_power, w);
    }
    return out.value.value_or(kMissing);
  }

 private:
  [[nodiscard]] double value_of_classes(std::string_view metric) const {
    using namespace metrics;
    const std::span<const double> y = data->labels, w = data->weights;
    const auto p = MatrixView<double>::col_major(predictions.data(), y.size(), outputs());
    Metric out;
    if (metric == "multi_logloss") {
      out = multi_log_loss(p, y, w);
    } else if (metric == "roc_auc_ovr") {
      out = roc_auc_ovr(p, y, w);
    } else {
      const ClassConfusion table = class_confusion(p, y, w);
      out = metric == "f1_macro" ? f1_macro(table) : metric == "f1_weighted" ? f1_weighted(table) : accuracy(table);
      if (metric == "multi_error" && out) return exact::sub(1.0, *out.value);
    }
    return out.value.value_or(kMissing);
  }
  /// Weighted mean of `loss` of each row.
  template <class Loss>
  [[nodiscard]] double mean_of(Loss loss) const {
    double sum = 0.0, weight = 0.0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double w = data->weights.empty() ? 1.0 : data->weights[i];
      sum = exact::add(sum, exact::mul(w, loss(i)));
      weight = exact::add(weight, w);
    }
    return exact::div(sum, weight);
  }
  /// -y log p - (1 - y) log(1 - p) from the margin m, without p: log(1 + e^m) - y m.
  [[nodiscard]] double cross_entropy() const {
    return mean_of([&](std::size_t i) {
      const double m = scores[i], size = m < 0.0 ? -m : m;
      const double soft = exact::add(m > 0.0 ? m : 0.0, exact::log1p(exact::exp(-size)));
      return exact::sub(soft, exact::mul(data->labels[i], m));
    });
  }
  [[nodiscard]] double huber(std::span<const double> p, double alpha) const {
    return mean_of([&](std::size_t i) {
      const double d = exact::sub(p[i], data->labels[i]), size = d < 0.0 ? -d : d;
      return size <= alpha ? exact::mul(0.5, exact::mul(d, d))
                           : exact::mul(alpha, exact::sub(size, exact::mul(0.5, alpha)));
    });
  }
};

/// Remembers the best iteration of each watched metric. LightGBM's rule: the first metric of any validation set that
/// has not improved for `rounds` iterations ends the training, and its best iteration is the model's.
class EarlyStopping {
 public:
  EarlyStopping(const TrainOptions& options, std::span<const std::string> metrics, std::span<const CustomMetric> own,
                std::size_t sets)
      : rounds_(options.early_stopping_round), min_delta_(options.early_stopping_min_delta) {
    for (std::size_t set = 0; set < sets; ++set) {
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        const bool higher = higher_is_better(metrics[m]);
        watched_.push_back({!options.first_metric_only || m == 0, higher, higher ? -kInfinity : kInfinity, 0});
      }
      for (std::size_t m = 0; m < own.size(); ++m) {
        const bool higher = own[m].higher_is_better;
        watched_.push_back(
            {!options.first_metric_only || metrics.size() + m == 0, higher, higher ? -kInfinity : kInfinity, 0});
      }
    }
  }

  /// Takes the values of one iteration (1-based); true when training should stop.
  [[nodiscard]] bool stop_after(int iteration, std::span<const double> values) {
    if (rounds_ == 0) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      Watched& w = watched_[i];
      if (!w.counts || is_missing(values[i])) continue;
      const bool better =
          w.higher ? values[i] > exact::add(w.best, min_delta_) : values[i] < exact::sub(w.best, min_delta_);
      if (better || w.iteration == 0) {
        w.best = values[i];
        w.iteration = iteration;
      } else if (iteration - w.iteration >= rounds_) {
        best_iteration_ = w.iteration;
        return true;
      }
    }
    return false;
  }

  /// The best iteration of the metric that ended the training, or of the first one watched; 0 when none has a value.
  [[nodiscard]] int best_iteration() const noexcept {
    if (best_iteration_ != 0) return best_iteration_;
    for (const Watched& w : watched_) {
      if (w.counts && w.iteration != 0) return w.iteration;
    }
    return 0;
  }
  [[nodiscard]] bool is_on() const noexcept { return rounds_ > 0; }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Watched {
    bool counts, higher;
    double best;
    int iteration;
  };
  int rounds_;
  double min_delta_;
  int best_iteration_ = 0;
  std::vector<Watched> watched_;
};

}  // namespace riskflag::inline v0_1::detail
