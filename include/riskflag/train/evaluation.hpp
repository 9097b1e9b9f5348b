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
#include <riskflag/metrics/regression.hpp>
#include <riskflag/train/detail/score_rows.hpp>
#include <riskflag/train/options.hpp>
#include <riskflag/train/train.hpp>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline bool higher_is_better(std::string_view metric) noexcept { return metric == "auc"; }

/// One validation set during training.
struct ValidSet {
  Binned bins;
  std::span<const double> labels, weights;
  std::vector<double> scores;

  /// The metric of the present scores; NaN where it is not defined.
  [[nodiscard]] double value(std::string_view metric, Executor& executor) const {
    metrics::Metric out;
    if (metric == "auc") {
      out = metrics::roc_auc(scores, labels, weights);
    } else if (metric == "binary_logloss") {
      std::vector<double> probabilities(scores.size());
      parallel_for(executor, scores.size(), 4096, [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t i = begin; i < end; ++i) probabilities[i] = exact::sigmoid(scores[i]);
      });
      out = metrics::log_loss(probabilities, labels, weights);
    } else if (metric == "rmse") {
      out = metrics::rmse(scores, labels, weights);
    } else {
      out = metrics::mse(scores, labels, weights);
    }
    return out.value.value_or(kMissing);
  }
};

/// Remembers the best iteration of each watched metric. LightGBM's rule: the first metric of any validation set that
/// has not improved for `rounds` iterations ends the training, and its best iteration is the model's.
class EarlyStopping {
 public:
  EarlyStopping(const TrainOptions& options, std::span<const std::string> metrics, std::size_t sets)
      : rounds_(options.early_stopping_round), min_delta_(options.early_stopping_min_delta) {
    for (std::size_t set = 0; set < sets; ++set) {
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        const bool higher = higher_is_better(metrics[m]);
        watched_.push_back({!options.first_metric_only || m == 0, higher, higher ? -kInfinity : kInfinity, 0});
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
