#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/bins.hpp>
#include <riskflag/monitor/counters.hpp>
#include <riskflag/monitor/drift.hpp>
#include <riskflag/monitor/exposition.hpp>

namespace riskflag::inline v0_1::monitor {

struct LiveOptions {
  std::vector<std::int64_t> sliding_s{3600, 86400};  ///< lengths of windows that slide, each in steps of a 60th
  std::vector<std::uint64_t> tumbling_rows{1000};    ///< lengths of windows that follow each other
  std::uint64_t least_rows = 200;                    ///< a window with fewer has no alarm: it says too little
};

/// One window's rows beside the training rows.
struct WindowDrift {
  std::string window;         ///< "3600s", "1000rows"
  std::uint64_t rows = 0;     ///< that it had when it was looked at
  std::int64_t until_ms = 0;  ///< when that was
  struct Field {
    double psi = 0;
    std::optional<double> threshold;  ///< looked up when PSI exceeds 0.10, which no threshold is below
    bool alarm = false;
  };
  std::vector<Field> fields;  ///< as BinLayout::fields()
};

/// What the live rows of one model look like, and whether they still look like the training rows.
///
/// Life: 1. made over the reference profile; 2. add() from many threads, without waiting; 3. tick() about once a second
/// from one thread, which closes windows and compares them; 4. write() and text() from any thread. Memory is fixed: a
/// counter for each place, and 60 copies of them for each sliding window.
class LiveProfile {
 public:
  explicit LiveProfile(const Reference& reference, LiveOptions options = {});

  [[nodiscard]] const BinLayout& layout() const noexcept { return layout_; }
  /// Counts rows whose places BinLayout::places() gave.
  void add(std::span<const std::uint32_t> places) noexcept {
    for (const std::uint32_t place : places) counts_.add(place);
  }

  void tick(std::int64_t now_ms);

  /// The families field_bin_total, score_bin_total, reference_share, drift_psi and drift_alarm.
  void write(Exposition& page, std::string_view version) const;
  /// A profile of a model that does not answer all requests.
  struct Beside {
    const LiveProfile* profile;
    std::string_view role, version;
  };
  /// The same with the bins of others too, and their windows as the families beside_drift_psi and beside_drift_alarm.
  /// One of a version that is on the page already has no bins of its own there.
  void write(Exposition& page, std::string_view version, std::span<const Beside> beside) const;
  /// {"rows","windows":[{"window","rows","until","fields":[{"field","psi","threshold","alarm"}]}]}
  [[nodiscard]] std::string text() const;
  /// What restore() takes: how many rows came since each copy, and what the windows said. From tick()'s thread.
  [[nodiscard]] std::string save(std::int64_t now_ms) const;
  /// Goes on with the windows that save() told of a profile over the same reference; before the first tick(). The
  /// counters that write() tells stay those of this process: to Prometheus a start is a reset, and rows that it counted
  /// already would be new ones. Throws Error(parse | corrupt | unsupported) naming `where`; nothing is changed then.
  void restore(std::string_view text, std::string_view where, std::int64_t now_ms);
  /// Of the windows that had rows.
  [[nodiscard]] std::vector<WindowDrift> drift() const {
    const std::lock_guard guard(lock_);
    return drift_;
  }

 private:
  using Counts = std::vector<std::uint64_t>;
  struct Copy {
    std::int64_t ms = 0;
    Counts counts;
  };
  struct Sliding {
    std::string name;
    std::int64_t length_ms = 0;
    std::deque<Copy> copies;  // the oldest first; the first is the window's begin
  };
  struct Tumbling {
    std::string name;
    std::uint64_t length = 0;
    Counts begin;
  };

  enum class Family { fields, scores, reference };
  void write_bins(Exposition& page, std::string_view version, Family family) const;
  [[nodiscard]] std::uint64_t rows_of(const Counts& counts) const {
    return layout_.fields().empty() ? 0 : detail::sum_of(layout_.of(0, counts));
  }
  [[nodiscard]] Counts totals() const {
    Counts out(layout_.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = counts_.total(i);
    return out;
  }
  void compare(const std::string& window, const Counts& begin, const Counts& end, std::int64_t now_ms);
  [[nodiscard]] double threshold(std::size_t field, std::uint64_t rows);

  BinLayout layout_;
  LiveOptions options_;
  Counters counts_;
  // of tick() alone
  std::vector<Sliding> sliding_;
  std::vector<Tumbling> tumbling_;
  std::map<std::pair<std::size_t, std::uint64_t>, double> thresholds_;
  mutable std::mutex lock_;  // of the results
  std::vector<WindowDrift> drift_;
};

inline LiveProfile::LiveProfile(const Reference& reference, LiveOptions options)
    : layout_(reference), options_(std::move(options)), counts_(layout_.size()) {
  const Counts none(layout_.size(), 0);
  for (const std::int64_t length : options_.sliding_s) {
    sliding_.push_back({std::to_string(length) + "s", length * 1000, {}});
  }
  for (const std::uint64_t rows : options_.tumbling_rows) {
    tumbling_.push_back({std::to_string(rows) + "rows", rows, none});
  }
}

inline void LiveProfile::tick(std::int64_t now_ms) {
  Counts now;
  bool copied = false;
  const auto copy = [&] {
    if (!copied) now = totals();
    copied = true;
  };
  for (Tumbling& window : tumbling_) {
    copy();
    if (rows_of(now) - rows_of(window.begin) < window.length) continue;
    compare(window.name, window.begin, now, now_ms);
    window.begin = now;
  }
  for (Sliding& window : sliding_) {
    if (window.copies.empty()) window.copies.push_back({now_ms, Counts(layout_.size(), 0)});
    if (now_ms - window.copies.back().ms < window.length_ms / 60) continue;
    copy();
    window.copies.push_back({now_ms, now});
    while (window.copies.size() > 1 && now_ms - window.copies[1].ms >= window.length_ms) window.copies.pop_front();
    compare(window.name, window.copies.front().counts, now, now_ms);
  }
}

inline void LiveProfile::compare(const std::string& window, const Counts& begin, const Counts& end,
                                 std::int64_t now_ms) {
  Counts rows(end.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = end[i] - begin[i];
  WindowDrift drift{window, rows_of(rows), now_ms, {}};
  if (drift.rows > 0) {
    for (std::size_t field = 0; field < layout_.fields().size(); ++field) {
      WindowDrift::Field& out = drift.fields.emplace_back();
      out.psi = psi(layout_.of(field, layout_.training()), layout_.of(field, rows));
      if (out.psi <= kPsiLook || drift.rows < options_.least_rows) continue;
      out.threshold = threshold(field, drift.rows);
      out.alarm = out.psi > *out.threshold;
    }
  }
  const std::lock_guard guard(lock_);
  const auto at = std::find_if(drift_.begin(), drift_.end(), [&](const auto& each) { return each.window == window; });
  if (drift.rows == 0) {
    if (at != drift_.end()) drift_.erase(at);
  } else if (at != drift_.end()) {
    *at = std::move(drift);
  } else {
    drift_.push_back(std::move(drift));
  }
}

/// Looked up for two significant binary digits of the rows, rounded down, which makes it no smaller.
inline double LiveProfile::threshold(std::size_t field, std::uint64_t rows) {
  std::uint64_t step = 1;
  while (rows / step >= 4) step *= 2;
  const std::uint64_t rounded = rows / step * step;
  const auto [at, is_new] = thresholds_.try_emplace({field, rounded}, 0.0);
  if (is_new) {
    at->second = psi_alarm(layout_.of(field, layout_.training()), rounded, psi_alpha(layout_.fields().size()));
  }
  return at->second;
}

inline void LiveProfile::write(Exposition& page, std::string_view version) const { write(page, version, {}); }

inline void LiveProfile::write_bins(Exposition& page, std::string_view version, Family family) const {
  const auto& fields = layout_.fields();
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const bool is_score = fields[f].name == BinLayout::kScore;
    if (family != Family::reference && is_score != (family == Family::scores)) continue;
    const auto training = layout_.of(f, layout_.training());
    const double rows = std::max(1.0, static_cast<double>(detail::sum_of(training)));
    for (std::size_t i = 0; i < training.size(); ++i) {
      const std::string_view name = fields[f].name, bin = fields[f].bins[i];
      if (family == Family::reference) {
        page.sample({{"version", version}, {"field", name}, {"bin", bin}}, static_cast<double>(training[i]) / rows);
      } else if (is_score) {
        page.sample({{"version", version}, {"bin", bin}}, counts_.total(fields[f].begin + i));
      } else {
        page.sample({{"version", version}, {"field", name}, {"bin", bin}}, counts_.total(fields[f].begin + i));
      }
    }
  }
}

inline void LiveProfile::write(Exposition& page, std::string_view version, std::span<const Beside> beside) const {
  std::vector<Beside> shown{{this, {}, version}};
  for (const Beside& each : beside) {
    const auto same = [&](const Beside& other) { return other.version == each.version; };
    if (std::none_of(shown.begin(), shown.end(), same)) shown.push_back(each);
  }
  const auto bins = [&](Family family) {
    for (const Beside& each : shown) each.profile->write_bins(page, each.version, family);
  };
  page.family("riskflag_field_bin_total", "counter", "Scored rows by where a field's value lies.");
  bins(Family::fields);
  page.family("riskflag_score_bin_total", "counter", "Scored rows by training decile of the probability.");
  bins(Family::scores);
  page.family("riskflag_reference_share", "gauge",
              "Share of the training rows in a bin; field (score): of a probability.");
  bins(Family::reference);
  const auto windows = drift();
  const auto each_field = [&](const auto& of_windows, const BinLayout& layout, const auto& f) {
    for (const WindowDrift& window : of_windows) {
      for (std::size_t i = 0; i < layout.fields().size(); ++i) f(window, layout.fields()[i].name, window.fields[i]);
    }
  };
  page.family("riskflag_drift_psi", "gauge",
              "Population stability index of a window's rows against the training rows.");
  each_field(windows, layout_, [&](const WindowDrift& window, std::string_view name, const WindowDrift::Field& field) {
    page.sample({{"field", name}, {"window", window.window}}, field.psi);
  });
  page.family("riskflag_drift_alarm", "gauge", "1: that index is above what chance explains, and above 0.10.");
  each_field(windows, layout_, [&](const WindowDrift& window, std::string_view name, const WindowDrift::Field& field) {
    page.sample({{"field", name}, {"window", window.window}}, std::uint64_t{field.alarm});
  });
  if (beside.empty()) return;
  const auto windows_beside = [&](std::string_view family, std::string_view help, const auto& value) {
    page.family(family, "gauge", help);
    for (const Beside& of : beside) {
      each_field(of.profile->drift(), of.profile->layout_,
                 [&](const WindowDrift& window, std::string_view name, const WindowDrift::Field& field) {
                   page.sample({{"role", of.role}, {"version", of.version}, {"field", name}, {"window", window.window}},
                               value(field));
                 });
    }
  };
  windows_beside("riskflag_beside_drift_psi", "The same of what the challenger answered and the shadow scored.",
                 [](const WindowDrift::Field& field) { return field.psi; });
  windows_beside("riskflag_beside_drift_alarm", "Its alarms.",
                 [](const WindowDrift::Field& field) { return std::uint64_t{field.alarm}; });
}

inline std::string LiveProfile::text() const {
  JsonWriter json;
  json.begin_object().key("rows").value(rows_of(totals())).key("windows").begin_array();
  for (const auto& window : drift()) {
    json.begin_object().key("window").value(std::string_view(window.window)).key("rows").value(window.rows);
    json.key("until").value(rfc3339(window.until_ms)).key("fields").begin_array();
    for (std::size_t f = 0; f < window.fields.size(); ++f) {
      const auto& field = window.fields[f];
      json.begin_object().key("field").value(std::string_view(layout_.fields()[f].name)).key("psi").value(field.psi);
      json.key("threshold");
      field.threshold ? json.value(*field.threshold) : json.null();
      json.key("alarm").value(field.alarm).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::monitor

#include <riskflag/monitor/detail/live_state.hpp>
