#pragma once

// The live performance of each model that answers or answered lately.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/monitor/expected.hpp>
#include <riskflag/monitor/live_performance.hpp>
#include <riskflag/serve/model_role.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// One LivePerformance for each model: what it decided as champion and as challenger together, as riskflag-monitor
/// judges it, and apart from these what it said as shadow. Thread-safe.
class Performances {
 public:
  explicit Performances(monitor::LivePerformanceOptions options) : options_(options) {}

  /// A model that comes back goes on where it was while it is among the last kMost.
  [[nodiscard]] std::shared_ptr<monitor::LivePerformance> of(const bundle::Bundle& model, ModelRole role) {
    const bool silent = role == ModelRole::shadow;
    const std::lock_guard guard(lock_);
    const auto known = std::find_if(models_.begin(), models_.end(), [&](const Model& each) {
      return each.digest == model.digest && each.silent == silent;
    });
    if (known != models_.end()) {
      std::rotate(known, known + 1, models_.end());
      return models_.back().performance;
    }
    while (models_.size() >= kMost) {  // the one that stands nowhere for the longest time
      const auto idle = std::find_if(models_.begin(), models_.end(),
                                     [](const Model& each) { return each.performance.use_count() == 1; });
      if (idle == models_.end()) break;  // someone looks at it just now
      models_.erase(idle);
    }
    models_.push_back({model.digest, silent,
                       std::make_shared<monitor::LivePerformance>(
                           model.decision.threshold, monitor::find_expected(model.metrics_json), options_)});
    return models_.back().performance;
  }

  /// Of a decision and of what a shadow said to it.
  void outcome(const monitor::DecisionKey& key, bool positive, std::int64_t observed_ms) {
    bool known = false;
    for (const Model& each : models()) known |= each.performance->outcome(key, positive, observed_ms);
    if (!known) unknown_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Outcomes of decisions that are not here: another server's, or too old.
  [[nodiscard]] std::uint64_t unknown() const noexcept { return unknown_.load(std::memory_order_relaxed); }

  void tick() {
    for (const Model& each : models()) each.performance->tick();
  }

 private:
  static constexpr std::size_t kMost = 4;  // champion, challenger, shadow, and one that went
  struct Model {
    std::string digest;
    bool silent = false;
    std::shared_ptr<monitor::LivePerformance> performance;
  };
  [[nodiscard]] std::vector<Model> models() const {
    const std::lock_guard guard(lock_);
    return models_;
  }

  monitor::LivePerformanceOptions options_;
  std::atomic<std::uint64_t> unknown_{0};
  mutable std::mutex lock_;  // of the list
  std::vector<Model> models_;
};

}  // namespace riskflag::inline v0_1::serve::detail
