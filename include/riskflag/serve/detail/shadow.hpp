#pragma once

// A model that scores what the champion answered, after the answer, and is compared with it.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor/exposition.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/decision_log.hpp>
#include <riskflag/serve/detail/lane.hpp>
#include <riskflag/serve/detail/routes.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// Life: 1. offer() by the champion's requests, which costs them a copy of the body; 2. work() again and again, from
/// one thread of the caller's. A body that finds no room is dropped and counted. Nothing of it reaches an answer.
class Shadow {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // that wait

  explicit Shadow(Serving serving) : lane_(std::move(serving)) {}

  /// The model that stands there, for its replacement.
  [[nodiscard]] Lane& lane() noexcept { return lane_; }
  [[nodiscard]] const Lane& lane() const noexcept { return lane_; }

  /// `made`: the champion's decisions on that body.
  void offer(std::string_view body, Media media, std::string_view request_id, std::string_view champion,
             std::vector<ScoredRow> made) noexcept;
  /// Scores one body; false when none came within `wait`. `log` may be nullptr.
  bool work(std::chrono::milliseconds wait, DecisionLog* log, ServiceMetrics& metrics) noexcept;

  /// The families of /metrics.
  void write(monitor::Exposition& page) const;
  /// The object in /v1/monitor.
  [[nodiscard]] std::string text() const;

 private:
  struct Job {
    std::string body, request_id, champion;
    Media media = Media::json;
    std::vector<ScoredRow> made;
    [[nodiscard]] std::size_t bytes() const noexcept { return body.size() + made.size() * sizeof(ScoredRow); }
  };
  /// Of one version beside one of the champion's.
  struct Comparison {
    std::string champion, version;
    std::uint64_t same_risk = 0, other_risk = 0;
    std::uint64_t refused = 0;  // rows that the champion scored and the shadow did not
    double difference = 0, most = 0;
    [[nodiscard]] std::uint64_t rows() const noexcept { return same_risk + other_risk; }
  };
  struct Requests {
    std::uint64_t scored = 0, failed = 0, dropped = 0;
  };

  [[nodiscard]] std::optional<Job> take(std::chrono::milliseconds wait);
  void score(const Job& job, DecisionLog* log, ServiceMetrics& metrics);
  void compare(const Job& job, const std::string& version, const std::vector<ScoredRow>& scored);

  Lane lane_;
  mutable std::mutex lock_;  // of all that follows
  std::condition_variable came_;
  std::deque<Job> jobs_;
  std::size_t bytes_ = 0;
  Requests requests_;
  Comparison comparison_;
};

inline void Shadow::offer(std::string_view body, Media media, std::string_view request_id, std::string_view champion,
                          std::vector<ScoredRow> made) noexcept {
  if (made.empty()) return;
  try {
    const std::size_t needed = body.size() + made.size() * sizeof(ScoredRow);
    {
      const std::lock_guard guard(lock_);
      if (bytes_ + needed > kMostBytes) {
        ++requests_.dropped;
        return;
      }
      bytes_ += needed;  // now, so that the copy is made outside of the lock
    }
    try {
      Job job{std::string(body), std::string(request_id), std::string(champion), media, std::move(made)};
      const std::lock_guard guard(lock_);
      jobs_.push_back(std::move(job));
    } catch (...) {
      const std::lock_guard guard(lock_);
      bytes_ -= needed;
      ++requests_.dropped;
      return;
    }
    came_.notify_one();
  } catch (...) {  // a lock that cannot be had
  }
}

inline std::optional<Shadow::Job> Shadow::take(std::chrono::milliseconds wait) {
  std::unique_lock guard(lock_);
  if (!came_.wait_for(guard, wait, [this] { return !jobs_.empty(); })) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  bytes_ -= job.bytes();
  return job;
}

inline bool Shadow::work(std::chrono::milliseconds wait, DecisionLog* log, ServiceMetrics& metrics) noexcept {
  try {
    const auto job = take(wait);
    if (!job) return false;
    try {
      score(*job, log, metrics);
    } catch (...) {
      const std::lock_guard guard(lock_);
      ++requests_.failed;
    }
  } catch (...) {
    return false;
  }
  return true;
}

inline void Shadow::score(const Job& job, DecisionLog* log, ServiceMetrics& metrics) {
  auto seat = lane_.take_seat();
  Workspace& memory = seat->memory;
  memory.begun_ms = now_ms();
  memory.records.begin(log, job.request_id, memory.begun_ms);
  memory.keep_scored = true;  // for the comparison, and for outcomes
  memory.scored.clear();
  memory.made = &job.made;
  memory.layout = seat->serving.live ? &seat->serving.live->layout() : nullptr;
  memory.places.clear();
  const Codec& codec = seat->serving.loaded->codec;
  std::string unseen;
  const Codec::Outcome outcome = job.media == Media::json     ? codec.json(job.body, unseen, memory)
                                 : job.media == Media::ndjson ? codec.ndjson(job.body, unseen, memory)
                                                              : codec.csv(job.body, unseen, memory);
  if (outcome.problem) {
    lane_.give_back(std::move(seat));
    const std::lock_guard guard(lock_);
    ++requests_.failed;
    return;
  }
  if (log != nullptr && !log->append(memory.records.lines)) metrics.log_failed();
  std::uint64_t high = 0;
  for (const ScoredRow& row : memory.scored) high += row.high ? 1 : 0;
  seat->serving.predictions->add(memory.scored.size(), high);
  seat->serving.decided(memory.scored);
  if (seat->serving.live) seat->serving.live->add(memory.places);
  compare(job, seat->serving.loaded->model->version, memory.scored);
  lane_.give_back(std::move(seat));
}

inline void Shadow::compare(const Job& job, const std::string& version, const std::vector<ScoredRow>& scored) {
  const std::lock_guard guard(lock_);
  ++requests_.scored;
  if (comparison_.champion != job.champion || comparison_.version != version) {
    comparison_ = {.champion = job.champion, .version = version};
  }
  comparison_.refused += job.made.size() - scored.size();
  auto made = job.made.begin();
  for (const ScoredRow& row : scored) {  // both ascend, and each has its like
    while (made->row != row.row) ++made;
    const double difference =
        row.probability < made->probability ? made->probability - row.probability : row.probability - made->probability;
    comparison_.difference += difference;
    comparison_.most = std::max(comparison_.most, difference);
    ++(row.high == made->high ? comparison_.same_risk : comparison_.other_risk);
  }
}

inline void Shadow::write(monitor::Exposition& page) const {
  const std::lock_guard guard(lock_);
  page.family("riskflag_shadow_requests_total", "counter", "Answers of the champion that came to the shadow.");
  page.sample({{"result", "scored"}}, requests_.scored);
  page.sample({{"result", "failed"}}, requests_.failed);
  page.sample({{"result", "dropped"}}, requests_.dropped);
  if (comparison_.version.empty()) return;
  page.family("riskflag_shadow_rows_total", "counter", "The champion's rows by what the shadow said of them.");
  const auto rows = [&](std::string_view risk, std::uint64_t n) {
    page.sample({{"champion", comparison_.champion}, {"version", comparison_.version}, {"risk", risk}}, n);
  };
  rows("same", comparison_.same_risk);
  rows("other", comparison_.other_risk);
  rows("refused", comparison_.refused);
  page.family("riskflag_shadow_difference_total", "counter",
              "Sum of the absolute differences of probability; over the rows, same and other: their mean.");
  page.sample({{"champion", comparison_.champion}, {"version", comparison_.version}}, comparison_.difference);
}

inline std::string Shadow::text() const {
  const Serving serving = lane_.current();
  JsonWriter json;
  json.begin_object().key("model").raw(serving.loaded->model_object);
  const std::lock_guard guard(lock_);
  const std::uint64_t rows = comparison_.rows();
  json.key("requests").begin_object().key("scored").value(requests_.scored).key("failed").value(requests_.failed);
  json.key("dropped").value(requests_.dropped).end_object().key("compared").begin_object();
  json.key("champion").value(std::string_view(comparison_.champion)).key("version");
  json.value(std::string_view(comparison_.version)).key("rows").value(rows).key("same_risk");
  json.value(comparison_.same_risk).key("refused").value(comparison_.refused).key("mean_absolute_difference");
  rows > 0 ? json.value(comparison_.difference / static_cast<double>(rows)) : json.null();
  json.key("max_absolute_difference");
  rows > 0 ? json.value(comparison_.most) : json.null();
  json.end_object().key("live");
  serving.live ? json.raw(serving.live->text()) : json.null();
  json.key("performance");
  serving.performance ? serving.performance->write_json(json) : void(json.null());
  json.end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::serve::detail
