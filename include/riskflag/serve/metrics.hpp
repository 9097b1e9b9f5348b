#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/monitor/counters.hpp>
#include <riskflag/monitor/exposition.hpp>
#include <riskflag/serve/detail/routes.hpp>
#include <riskflag/serve/model_role.hpp>

namespace riskflag::inline v0_1::serve {

/// What a service counts about itself for `/metrics` (docs/formats/http.md lists the families). Counting is lock-free
/// and costs some tens of nanoseconds a request; only page() and version() take a lock.
class ServiceMetrics {
 public:
  /// Scored rows of one model version in one role; a version that comes back goes on with its counts.
  struct Predictions {
    Predictions(ModelRole as, std::string named) : role(as), version(std::move(named)) {}
    enum Counter : std::size_t { kHigh, kLow };
    void add(std::uint64_t rows, std::uint64_t high) noexcept {
      counts.add(kHigh, high);
      counts.add(kLow, rows - high);
    }
    ModelRole role;
    std::string version;
    monitor::Counters counts{2};
  };

  /// Call when a request begins; gives what finished() wants.
  [[nodiscard]] std::int64_t begin() noexcept {
    totals_.add(kBegun);
    return monotonic_ns();
  }
  /// `route` is an index of detail::kRoutes, or kNoRoute. Gives the nanoseconds since begin().
  std::int64_t finished(std::size_t route, std::string_view method, int status, std::int64_t begun_ns) noexcept {
    const std::int64_t ns = monotonic_ns() - begun_ns;
    totals_.add(kEnded);
    requests_.add(place_of(route, method, status));
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && static_cast<double>(ns) > kBounds[bucket] * 1e9) ++bucket;
    durations_.add(route * kDurationCounters + bucket);
    durations_.add(route * kDurationCounters + kDurationCounters - 1, static_cast<std::uint64_t>(ns));
    return ns;
  }
  /// A request that the server in front answered itself; `reason` is empty unless it was load.
  void refused(int status, std::string_view reason) noexcept {
    requests_.add(place_of(kNoRoute, {}, status));
    for (std::size_t i = 0; i < kShedReasons.size(); ++i) {
      if (kShedReasons[i] == reason) totals_.add(kShed + i);
    }
  }
  /// A decision log that could not be written, once for each request.
  void log_failed() noexcept { totals_.add(kLogErrors); }
  enum class Outcomes { accepted, refused, failed };
  void outcomes(Outcomes how, std::uint64_t rows) noexcept {
    totals_.add(kOutcomes + static_cast<std::size_t>(how), rows);
  }
  enum class Reload { ok, failed };
  void reloaded(Reload how) noexcept { totals_.add(how == Reload::ok ? kReloaded : kReloadFailed); }

  /// The counters of that version. The last kVersions that were asked for are kept.
  [[nodiscard]] std::shared_ptr<Predictions> version(ModelRole role, std::string_view name) {
    const std::lock_guard guard(lock_);
    for (const auto& each : versions_) {
      if (each->role == role && each->version == name) return each;
    }
    if (versions_.size() == kVersions) versions_.erase(versions_.begin());
    return versions_.emplace_back(std::make_shared<Predictions>(role, std::string(name)));
  }

  struct ModelNames {
    std::string_view name, version, digest;
  };
  /// All families of this object.
  void write(monitor::Exposition& page, const ModelNames& model) const;

  static constexpr std::size_t kNoRoute = detail::kRoutes.size();
  static constexpr std::string_view kOther = "other";  ///< the name of what is no route

 private:
  static constexpr std::size_t kVersions = 32;
  // A single row takes some ten microseconds, a batch at the limit seconds.
  static constexpr std::array<double, 17> kBounds{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
                                                  0.001,   0.0025,   0.005,   0.01,   0.025,   0.05,
                                                  0.1,     0.25,     0.5,     1,      5};
  static constexpr std::array<std::string_view, 5> kMethods{"GET", "HEAD", "POST", "other", "unknown"};
  static constexpr std::array<int, 15> kCodes{200, 202, 400, 401, 403, 404, 405, 408, 413, 415, 422, 431, 500, 503, 0};
  static constexpr std::array<std::string_view, 4> kShedReasons{"connections", "in_flight", "queue", "draining"};
  static constexpr std::size_t kDurationCounters = kBounds.size() + 2;  // the bound that is none, and the sum in ns
  enum Total : std::size_t { kBegun, kEnded, kReloaded, kReloadFailed, kLogErrors, kOutcomes, kShed = kOutcomes + 3 };

  [[nodiscard]] static std::size_t place_of(std::size_t route, std::string_view method, int status) noexcept {
    std::size_t m = method.empty() ? 4 : 0;
    while (m < 3 && kMethods[m] != method) ++m;
    std::size_t c = 0;
    while (c + 1 < kCodes.size() && kCodes[c] != status) ++c;
    return (route * kMethods.size() + m) * kCodes.size() + c;
  }
  [[nodiscard]] static std::string_view route_name(std::size_t route) noexcept {
    return route < kNoRoute ? detail::kRoutes[route].path : kOther;
  }

  monitor::Counters totals_{kShed + kShedReasons.size()};
  monitor::Counters requests_{(kNoRoute + 1) * kMethods.size() * kCodes.size()};
  monitor::Counters durations_{(kNoRoute + 1) * kDurationCounters};
  mutable std::mutex lock_;
  std::vector<std::shared_ptr<Predictions>> versions_;
};

inline void ServiceMetrics::write(monitor::Exposition& page, const ModelNames& model) const {
  page.family("riskflag_http_requests_total", "counter", "Answered requests; route other: no path of this server.");
  for (std::size_t route = 0; route <= kNoRoute; ++route) {
    for (std::size_t m = 0; m < kMethods.size(); ++m) {
      for (std::size_t c = 0; c < kCodes.size(); ++c) {
        const std::uint64_t n = requests_.total((route * kMethods.size() + m) * kCodes.size() + c);
        if (n == 0) continue;
        const std::string code = kCodes[c] == 0 ? "other" : std::to_string(kCodes[c]);
        page.sample({{"route", route_name(route)}, {"method", kMethods[m]}, {"code", code}}, n);
      }
    }
  }
  page.family("riskflag_http_request_duration_seconds", "histogram",
              "From a whole request to its whole answer in memory, without the network.");
  for (std::size_t route = 0; route <= kNoRoute; ++route) {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) all += counts[i] = durations_.total(route * kDurationCounters + i);
    if (all == 0) continue;
    const std::uint64_t ns = durations_.total(route * kDurationCounters + kDurationCounters - 1);
    page.histogram({{"route", route_name(route)}}, kBounds, counts, static_cast<double>(ns) * 1e-9);
  }
  page.family("riskflag_http_requests_in_flight", "gauge", "Requests that are being answered.");
  const std::uint64_t ended = totals_.total(kEnded);  // first: it is never ahead of those begun
  page.sample({}, totals_.total(kBegun) - ended);
  page.family("riskflag_shed_total", "counter", "Requests and connections refused because of load or the end.");
  for (std::size_t i = 0; i < kShedReasons.size(); ++i) {
    page.sample({{"reason", kShedReasons[i]}}, totals_.total(kShed + i));
  }
  page.family("riskflag_predictions_total", "counter", "Scored rows.");
  {
    const std::lock_guard guard(lock_);
    for (const auto& each : versions_) {
      page.sample({{"role", name_of(each->role)}, {"version", each->version}, {"risk", "High"}},
                  each->counts.total(Predictions::kHigh));
      page.sample({{"role", name_of(each->role)}, {"version", each->version}, {"risk", "Low"}},
                  each->counts.total(Predictions::kLow));
    }
  }
  page.family("riskflag_model_info", "gauge", "The model that answers.");
  page.sample({{"name", model.name}, {"version", model.version}, {"digest", model.digest}}, std::uint64_t{1});
  page.family("riskflag_reload_total", "counter", "Replacements of the model, and those refused.");
  page.sample({{"result", "ok"}}, totals_.total(kReloaded));
  page.sample({{"result", "failed"}}, totals_.total(kReloadFailed));
  page.family("riskflag_decision_log_errors_total", "counter", "Requests whose decisions could not be written.");
  page.sample({}, totals_.total(kLogErrors));
  page.family("riskflag_outcomes_total", "counter", "Outcomes that came; failed: they could not be written.");
  page.sample({{"result", "accepted"}}, totals_.total(kOutcomes));
  page.sample({{"result", "refused"}}, totals_.total(kOutcomes + 1));
  page.sample({{"result", "failed"}}, totals_.total(kOutcomes + 2));
}

}  // namespace riskflag::inline v0_1::serve
