#pragma once

// One model among those that a service holds, and the memory of the requests that score with it.

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/monitor/live.hpp>
#include <riskflag/monitor/live_performance.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/loaded.hpp>
#include <riskflag/serve/metrics.hpp>
#include <riskflag/serve/model_role.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// A model and the counters of its version.
struct Serving {
  std::shared_ptr<const Loaded> loaded;
  std::shared_ptr<ServiceMetrics::Predictions> predictions;
  std::shared_ptr<monitor::LiveProfile> live;             // nullptr for a model without a profile of its training rows
  std::shared_ptr<monitor::LivePerformance> performance;  // nullptr where no outcomes are taken

  /// Decisions that were answered, or made in silence.
  void decided(const std::vector<ScoredRow>& rows) const {
    if (performance == nullptr) return;
    for (const ScoredRow& row : rows) {
      const auto key = monitor::find_decision_key({row.decision_id.data(), row.decision_id.size()});
      if (key) performance->decided(*key, row.probability);
    }
  }
};
/// The memory of a request, and the model that it scores with.
struct Seat {
  Serving serving;
  Workspace memory;
};

/// The model that stands in a role now. Requests take a seat, and keep its model until they give it back. Thread-safe.
class Lane {
 public:
  explicit Lane(Serving serving) : serving_(std::move(serving)) {}

  [[nodiscard]] Serving current() const {
    const std::lock_guard guard(lock_);
    return serving_;
  }
  void replace(Serving serving) {
    std::vector<std::unique_ptr<Seat>> old_seats;  // they go outside of the lock, and so does the old model
    const std::lock_guard guard(lock_);
    std::swap(serving_, serving);
    std::swap(seats_, old_seats);
  }
  [[nodiscard]] std::unique_ptr<Seat> take_seat() const;
  void give_back(std::unique_ptr<Seat> seat) const;

 private:
  mutable std::mutex lock_;  // of all that follows
  Serving serving_;
  mutable std::vector<std::unique_ptr<Seat>> seats_;  // free ones, all of the current model
};

/// Each model has a live profile of the rows that it scored: its drift is what that model was not trained on.
[[nodiscard]] inline Serving serving_of(std::shared_ptr<const Loaded> loaded, ModelRole role, ServiceMetrics& metrics) {
  Serving serving;
  serving.loaded = std::move(loaded);
  serving.predictions = metrics.version(role, serving.loaded->model->version);
  const monitor::Reference& reference = serving.loaded->model->reference;
  // An import without data has no profile.
  const bool has_profile =
      reference.rows > 0 && reference.fields.size() == serving.loaded->codec.program().inputs().size();
  if (has_profile) serving.live = std::make_shared<monitor::LiveProfile>(reference);
  return serving;
}

inline std::unique_ptr<Seat> Lane::take_seat() const {
  Serving serving;
  {
    const std::lock_guard guard(lock_);
    if (!seats_.empty()) {
      auto seat = std::move(seats_.back());
      seats_.pop_back();
      return seat;
    }
    serving = serving_;
  }
  auto seat = std::make_unique<Seat>();
  seat->serving = std::move(serving);
  return seat;
}

inline void Lane::give_back(std::unique_ptr<Seat> seat) const {
  seat->memory.row.issues.clear();
  seat->memory.made = nullptr;
  constexpr std::size_t kMuch = std::size_t{1} << 20;  // of a batch: not kept for single rows
  if (std::string& lines = seat->memory.records.lines; lines.capacity() > kMuch) lines = {};
  if (auto& places = seat->memory.places; places.capacity() > kMuch / 4) places = {};
  if (auto& rows = seat->memory.scored; rows.capacity() > kMuch / 64) rows = {};
  const std::lock_guard guard(lock_);
  // One whose model was replaced meanwhile goes with it.
  if (seat->serving.loaded == serving_.loaded && seats_.size() < 256) seats_.push_back(std::move(seat));
}

}  // namespace riskflag::inline v0_1::serve::detail
