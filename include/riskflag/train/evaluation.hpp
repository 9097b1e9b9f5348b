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
#include <riskflag/metrics/regression.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/train/detail/score_rows.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/train_data.hpp>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline bool higher_is_better(std::string_view metric) noexcept {
  return metric == "auc" || metric == "average_precision" || metric == "ks" || metric == "gini";
}

/// One validation set during training.
struct ValidSet {
  Binned bins;
  const ValidData* data;
  std::vector<double> scores;

  /// The metric of the present scores; NaN where it is not defined.
  [[nodiscard]] double value(std::string_view metric, const TrainOptions& options, Executor& executor) const {
    using namespace metrics;
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
      const std::vector<double> p = predictions(options, executor);
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
  [[nodiscard]] std::vector<double> predictions(const TrainOptions& options, Executor& executor) const {
    std::vector<double> out = scores;
    const Link kind = find_link(options.objective).value_or(Link::identity);
    if (kind == Link::identity) return out;
    parallel_for(executor, out.size(), 4096, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) apply_link(kind, 1.0, std::span<double>(&out[i], 1));
    });
    return out;
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
