#pragma once

// The decisions and weeks of a LivePerformance on their way over a restart: a line of JSON, then 32 bytes a decision.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor/live_performance.hpp>

namespace riskflag::inline v0_1::monitor {
namespace detail {

inline constexpr std::int64_t kLivePerformanceFormat = 1;
inline constexpr std::size_t kDecisionBytes = 32;

/// Little-endian.
inline void put_word(std::string& out, std::uint64_t word) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(static_cast<unsigned char>(word >> (8 * i)));
  out.append(bytes.data(), bytes.size());
}
[[nodiscard]] inline std::uint64_t word_at(std::string_view bytes, std::size_t at) noexcept {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return out;
}

/// Figures that decisions which are gone were judged by: what cannot be judged again.
inline void write_judged(JsonWriter& json, const Performance& judged) {
  const auto put = [&json](std::string_view name, const metrics::Metric& metric) {
    json.key(name);
    metric ? json.value(*metric.value) : json.null();
  };
  json.begin_object().key("outcomes").value(judged.outcomes).key("positives").value(judged.positives);
  json.key("mean_probability").value(judged.mean_probability);
  put("roc_auc", judged.roc_auc);
  put("roc_auc_variance", judged.roc_auc_variance);
  json.key("roc_auc_interval").begin_array();
  if (judged.roc_auc_interval) json.value(judged.roc_auc_interval.low).value(judged.roc_auc_interval.high);
  json.end_array();
  put("gini", judged.gini);
  put("ks", judged.ks);
  put("brier", judged.brier);
  json.end_object();
}

[[nodiscard]] inline Performance judged_of(const JsonFile& file, const Json& json) {
  file.only(json, {"outcomes", "positives", "mean_probability", "roc_auc", "roc_auc_variance", "roc_auc_interval",
                   "gini", "ks", "brier"});
  Performance out;
  out.outcomes = file.count(json, "outcomes");
  out.positives = file.count(json, "positives");
  out.mean_probability = file.number(json, "mean_probability");
  const std::string_view why = out.outcomes == 0 ? metrics::kNoRows : metrics::kOneClass;
  const auto metric = [&](std::string_view name) {
    return file.member(json, name).is_null() ? metrics::Metric::undefined(why)
                                             : metrics::Metric::of(file.number(json, name));
  };
  out.roc_auc = metric("roc_auc");
  out.roc_auc_variance = metric("roc_auc_variance");
  out.gini = metric("gini");
  out.ks = metric("ks");
  out.brier = metric("brier");
  const auto interval = file.numbers(json, "roc_auc_interval");
  if (!interval.empty() && interval.size() != 2) file.refuse(json, "roc_auc_interval has not two ends");
  out.roc_auc_interval = interval.empty() ? metrics::Interval{0, 0, why} : metrics::Interval{interval[0], interval[1]};
  return out;
}

}  // namespace detail

inline std::string LivePerformance::save() {
  const std::lock_guard guard(lock_);
  take_in();
  JsonWriter json;
  json.begin_object().key("format").value(detail::kLivePerformanceFormat);
  json.key("decisions").value(std::uint64_t{kept_}).key("weeks").begin_array();
  for (const auto& [monday, week] : by_week_) {
    json.begin_object().key("monday").value(std::string_view(date_text(monday)));
    json.key("decisions").value(week.decisions).key("high").value(week.high).key("closed").value(week.is_closed);
    json.key("judged");
    detail::write_judged(json, week.judged);
    json.end_object();
  }
  json.end_array().end_object();
  std::string out = std::move(json).text() + "\n";
  out.reserve(out.size() + kept_ * detail::kDecisionBytes);
  for (const Chunk& chunk : chunks_) {
    for (const Decision& decision : chunk.decisions) {
      detail::put_word(out, decision.key.high);
      detail::put_word(out, decision.key.low);
      detail::put_word(out, std::bit_cast<std::uint64_t>(decision.probability));
      detail::put_word(out, static_cast<std::uint64_t>(decision.outcome));
    }
  }
  return out;
}

inline void LivePerformance::restore(std::string_view bytes, std::string_view where) {
  const JsonFile file(where);
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  const Json root = file.open(bytes.substr(0, line), detail::kLivePerformanceFormat);
  file.only(root, {"format", "decisions", "weeks"});
  const std::string_view records = bytes.substr(std::min(line + 1, bytes.size()));
  const std::uint64_t count = file.count(root, "decisions");
  if (records.size() % detail::kDecisionBytes != 0 || records.size() / detail::kDecisionBytes != count) {
    file.refuse(root, std::to_string(records.size()) + " bytes for " + std::to_string(count) + " decisions");
  }
  std::map<std::int32_t, Week> weeks;
  for (const Json& json : file.objects(root, "weeks", {"monday", "decisions", "high", "closed", "judged"})) {
    const auto monday = parse_date(file.text(json, "monday"));
    if (!monday || monday_of(std::int64_t{*monday} * 86'400'000) != *monday) file.refuse(json, "a week has no Monday");
    Week& week = weeks[*monday];
    week.decisions = file.count(json, "decisions");
    week.high = file.count(json, "high");
    week.is_closed = file.boolean(json, "closed");
    week.judged = detail::judged_of(file, file.member(json, "judged"));
  }
  LivePerformance read(threshold_, expected_, options_);  // apart, until all of it is good
  for (std::size_t at = 0; at < records.size(); at += detail::kDecisionBytes) {
    const Decision decision{{detail::word_at(records, at), detail::word_at(records, at + 8)},
                            std::bit_cast<double>(detail::word_at(records, at + 16)),
                            static_cast<std::int64_t>(detail::word_at(records, at + 24))};
    if (!(decision.probability >= 0 && decision.probability <= 1)) {
      file.refuse(root, "decision " + std::to_string(at / detail::kDecisionBytes + 1) + " has no probability");
    }
    read.keep(decision);
  }
  for (auto& [monday, saved] : weeks) {
    if (!read.by_week_.empty() && monday <= read.by_week_.rbegin()->first - 7 * options_.most_weeks) continue;
    Week& week = read.by_week_[monday];
    saved.is_closed |= week.is_closed || week.decisions != saved.decisions;  // less room than there was
    week = std::move(saved);
    week.has_news = true;
  }
  const std::lock_guard guard(lock_);
  chunks_ = std::move(read.chunks_);
  kept_ = read.kept_;
  kept_high_ = read.kept_high_;
  by_week_ = std::move(read.by_week_);
  has_news_ = true;
  ++revision_;
}

}  // namespace riskflag::inline v0_1::monitor
