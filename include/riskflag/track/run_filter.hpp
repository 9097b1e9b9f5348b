#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/track/journal_reader.hpp>

namespace riskflag::inline v0_1::track {

/// A condition on runs in MLflow's own words, so that one text asks a journal and a server:
///     metrics.test.roc_auc > 0.7 and params.num_leaves = '31' and tags.team != 'b' and attributes.status = 'FINISHED'
/// Metrics compare as numbers with = != > >= < <=; parameters, tags and attributes (status, run_name, run_id) as text
/// with = and !=. A key with other characters stands in `backticks` or "double quotes". A run without the key does not
/// match.
class RunFilter {
 public:
  RunFilter() = default;  ///< matches every run
  /// Throws Error(usage) that shows where the text stops making sense.
  explicit RunFilter(std::string_view text);
  [[nodiscard]] bool matches(const RunRecord& run) const;
  /// Throws Error(not_found), with those there are, for a metric, parameter or tag that none of these runs has. No runs
  /// know no better.
  void require_keys(const std::vector<RunRecord>& runs) const;

 private:
  enum class Kind { metric, param, tag, attribute };
  struct Condition {
    Kind kind = Kind::metric;
    std::string key, op, text;
    double number = 0;
  };
  [[nodiscard]] static bool holds(const Condition& condition, const RunRecord& run);
  std::vector<Condition> conditions_;
};

/// Runs in order of a metric's last value, the greatest first (or the smallest); runs without it stand last.
enum class MetricOrder { greatest_first, smallest_first };
inline void sort_runs(std::vector<RunRecord>& runs, std::string_view metric, MetricOrder order) {
  struct Place {
    double value;
    std::size_t at;  // equal runs keep their order
  };
  std::vector<Place> places;
  for (std::size_t i = 0; i < runs.size(); ++i) places.push_back({runs[i].last_metric(metric), i});
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (is_missing(a.value) != is_missing(b.value)) return is_missing(b.value);
    if (is_missing(a.value) || a.value == b.value) return a.at < b.at;
    return order == MetricOrder::greatest_first ? a.value > b.value : a.value < b.value;
  });
  std::vector<RunRecord> sorted;
  sorted.reserve(runs.size());
  for (const Place& place : places) sorted.push_back(std::move(runs[place.at]));
  runs = std::move(sorted);
}

/// Throws Error(not_found) under the name of `flag`, with those there are, for a metric that none of these runs has.
void require_metric(const std::vector<RunRecord>& runs, std::string_view metric, std::string_view flag);

/// True for metrics that are better when small: losses and errors by their names ("valid.log_loss", "rmse").
[[nodiscard]] inline bool smaller_is_better(std::string_view metric) noexcept {
  for (const std::string_view part : {"loss", "brier", "rmse", "mae", "error", "ece", "deviance"}) {
    if (metric.find(part) != std::string_view::npos) return true;
  }
  return false;
}

inline RunFilter::RunFilter(std::string_view text) {
  std::size_t at = 0;
  const auto refuse = [&](const std::string& expected) {
    fail(ErrorCode::usage, "--filter",
         "at " + quoted(at < text.size() ? text.substr(at) : std::string_view("the end")) + ": " + expected +
             " is expected; metrics.NAME > 0.7 and params.NAME = 'x' is a filter");
  };
  const auto skip = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  const auto word = [&](auto&& ends) {
    const std::size_t begin = at;
    while (at < text.size() && !ends(text[at])) ++at;
    return std::string(text.substr(begin, at - begin));
  };
  skip();
  while (at < text.size()) {
    if (!conditions_.empty()) {
      if (lower_ascii(text.substr(at, 4)) != "and ") refuse("\"and\"");
      at += 4;
      skip();
    }
    Condition condition;
    const std::size_t begin = at;
    const std::string family = word([](char c) { return c == '.' || c == ' '; });
    if (family == "metrics" || family == "metric")
      condition.kind = Kind::metric;
    else if (family == "params" || family == "param" || family == "parameters")
      condition.kind = Kind::param;
    else if (family == "tags" || family == "tag")
      condition.kind = Kind::tag;
    else if (family == "attributes" || family == "attribute")
      condition.kind = Kind::attribute;
    else {
      at = begin;
      refuse("metrics., params., tags. or attributes.");
    }
    if (at >= text.size() || text[at] != '.') refuse("a point and a name");
    ++at;
    if (at < text.size() && (text[at] == '`' || text[at] == '"')) {
      const char quote = text[at++];
      condition.key = word([quote](char c) { return c == quote; });
      if (at == text.size()) refuse("the closing quote");
      ++at;
    } else {
      condition.key = word([](char c) { return c == ' ' || c == '=' || c == '!' || c == '<' || c == '>'; });
    }
    if (condition.key.empty()) refuse("a name");
    constexpr std::array<std::string_view, 3> kAttributes{"status", "run_name", "run_id"};
    if (condition.kind == Kind::attribute &&
        std::find(kAttributes.begin(), kAttributes.end(), condition.key) == kAttributes.end()) {
      fail(ErrorCode::usage, "--filter",
           "there is no attribute " + quoted(condition.key) + what_there_is(condition.key, kAttributes));
    }
    skip();
    for (const std::string_view op : {"!=", ">=", "<=", "=", ">", "<"}) {
      if (text.substr(at).starts_with(op)) {
        condition.op = op;
        break;
      }
    }
    if (condition.op.empty()) refuse("one of = != > >= < <=");
    at += condition.op.size();
    skip();
    if (condition.kind == Kind::metric) {
      const std::size_t number = at;
      const auto value = parse_double(word([](char c) { return c == ' '; }));
      if (!value) {
        at = number;
        refuse("a number");
      }
      condition.number = *value;
    } else {
      if (condition.op != "=" && condition.op != "!=") refuse("= or != for text");
      if (at >= text.size() || (text[at] != '\'' && text[at] != '"')) refuse("text in quotes");
      const char quote = text[at++];
      condition.text = word([quote](char c) { return c == quote; });
      if (at == text.size()) refuse("the closing quote");
      ++at;
      constexpr std::array<std::string_view, 5> kStatuses{"FINISHED", "RUNNING", "FAILED", "KILLED", "SCHEDULED"};
      if (condition.kind == Kind::attribute && condition.key == "status" &&
          std::find(kStatuses.begin(), kStatuses.end(), condition.text) == kStatuses.end()) {
        fail(ErrorCode::usage, "--filter",
             "there is no status " + quoted(condition.text) + what_there_is(condition.text, kStatuses));
      }
    }
    conditions_.push_back(std::move(condition));
    skip();
  }
}

inline bool RunFilter::holds(const Condition& condition, const RunRecord& run) {
  if (condition.kind == Kind::metric) {
    const double x = run.last_metric(condition.key), y = condition.number;
    if (is_missing(x)) return false;
    if (condition.op == "=") return x == y;
    if (condition.op == "!=") return x != y;
    if (condition.op == ">") return x > y;
    if (condition.op == ">=") return x >= y;
    return condition.op == "<" ? x < y : x <= y;
  }
  std::optional<std::string> value;
  if (condition.kind == Kind::attribute) {
    if (condition.key == "status") value = name_of(run.status);
    if (condition.key == "run_name") value = run.info.name;
    if (condition.key == "run_id") value = run.run_id;
  } else {
    for (const KeyValue& pair : condition.kind == Kind::param ? run.params : run.tags) {
      if (pair.key == condition.key) value = pair.value;
    }
  }
  return value && (*value == condition.text) == (condition.op == "=");
}

inline bool RunFilter::matches(const RunRecord& run) const {
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [&](const Condition& condition) { return holds(condition, run); });
}

namespace detail {

/// The different keys among what each run has, sorted.
template <class List>
[[nodiscard]] std::vector<std::string> keys_of(const std::vector<RunRecord>& runs, List RunRecord::* list) {
  std::vector<std::string> keys;
  for (const RunRecord& run : runs) {
    for (const auto& entry : run.*list) keys.push_back(entry.key);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  }
  return keys;
}

}  // namespace detail

inline void RunFilter::require_keys(const std::vector<RunRecord>& runs) const {
  if (runs.empty()) return;
  for (const Condition& condition : conditions_) {
    if (condition.kind == Kind::attribute) continue;
    const std::vector<std::string> keys = condition.kind == Kind::metric  ? detail::keys_of(runs, &RunRecord::metrics)
                                          : condition.kind == Kind::param ? detail::keys_of(runs, &RunRecord::params)
                                                                          : detail::keys_of(runs, &RunRecord::tags);
    if (std::find(keys.begin(), keys.end(), condition.key) != keys.end()) continue;
    const char* what = condition.kind == Kind::metric  ? "metric "
                       : condition.kind == Kind::param ? "parameter "
                                                       : "tag ";
    fail(ErrorCode::not_found, "--filter",
         "no run has the " + (what + quoted(condition.key)) + what_there_is(condition.key, keys));
  }
}

inline void require_metric(const std::vector<RunRecord>& runs, std::string_view metric, std::string_view flag) {
  const std::vector<std::string> keys = detail::keys_of(runs, &RunRecord::metrics);
  if (std::find(keys.begin(), keys.end(), metric) != keys.end()) return;
  fail(ErrorCode::not_found, std::string(flag),
       "no run has the metric " + quoted(metric) + what_there_is(metric, keys));
}

}  // namespace riskflag::inline v0_1::track
