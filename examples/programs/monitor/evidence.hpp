#pragma once

// From the files of a server's logs to what they say about one model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle.hpp>
#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor.hpp>

#include "row_drift.hpp"

namespace program {

struct EvidenceFlags {
  std::string reference, log, outcomes, since, until, training;
  std::string role;  // empty: champion and challenger, whose scores clients got
};

/// Counts the decisions of one model into the places of its training profile.
class DecisionCounter {
 public:
  explicit DecisionCounter(const riskflag::bundle::Bundle& bundle)
      : program_(bundle), layout_(bundle.reference), counts_(layout_.size(), 0), rows_(program_) {
    if (bundle.kind() != riskflag::bundle::Kind::binary) {
      riskflag::fail(riskflag::ErrorCode::unsupported, bundle.path, "only binary models make decisions");
    }
    if (bundle.reference.rows == 0 || bundle.reference.fields.size() != program_.inputs().size()) {
      riskflag::fail(
          riskflag::ErrorCode::unsupported, bundle.path,
          "the model has no profile of its training rows to compare with; train it, or import it with --data");
    }
  }

  void add(const riskflag::monitor::DecisionRecord& record, const std::string& where) {
    places_.clear();
    values_.assign(program_.inputs().size(), 0.0);
    for (std::size_t i = 0; record.fields && i < record.fields->size(); ++i) {
      const auto& [name, text] = (*record.fields)[i];
      const std::size_t input = program_.find_input(name);
      issues_.clear();
      const auto cell = text ? riskflag::bundle::RawCell::of_csv(*text)
                             : riskflag::bundle::RawCell{riskflag::bundle::RawCell::Kind::null, {}};
      if (input == riskflag::bundle::ColumnMap::kAbsent || !program_.read(input, cell, values_[input], issues_)) {
        riskflag::fail(riskflag::ErrorCode::corrupt, where,
                       "the model cannot read the field " + riskflag::quoted(name));
      }
    }
    layout_.places(values_, record.probability, places_);
    // Without fields (mode hmac) the score alone has a place.
    const bool scores = layout_.fields().back().name == riskflag::monitor::BinLayout::kScore;
    const std::size_t first = record.fields ? 0 : places_.size() - (scores ? 1 : 0);
    for (std::size_t i = first; i < places_.size(); ++i) ++counts_[places_[i]];
    if (record.fields) rows_.add(values_);
  }

  [[nodiscard]] const riskflag::monitor::BinLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }
  [[nodiscard]] const riskflag::bundle::RowProgram& program() const noexcept { return program_; }
  [[nodiscard]] const RowCollector& rows() const noexcept { return rows_; }

 private:
  riskflag::bundle::RowProgram program_;
  riskflag::monitor::BinLayout layout_;
  std::vector<std::uint64_t> counts_;
  RowCollector rows_;
  std::vector<std::uint32_t> places_;
  std::vector<double> values_;
  std::vector<riskflag::bundle::FieldIssue> issues_;
};

/// A day ("2026-11-29", its begin in UTC) or an RFC 3339 time, in ms; `otherwise` where none is given.
inline std::int64_t time_of_flag(const std::string& flag, const std::string& text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  if (const auto ms = riskflag::parse_rfc3339(text)) return *ms;
  if (const auto day = riskflag::parse_date(text); day && text.size() == 10) return std::int64_t{*day} * 86'400'000;
  riskflag::fail(riskflag::ErrorCode::usage, flag,
                 riskflag::quoted(text) + " is no time; 2026-11-29 and 2026-11-29T10:00:00Z are accepted");
}

/// Whether decisions of that role are judged.
inline bool is_of_role(const EvidenceFlags& flags, const std::string& role) {
  return flags.role.empty() ? role != "shadow" : role == flags.role;
}

inline riskflag::monitor::Evidence gather(const EvidenceFlags& flags, const riskflag::bundle::Bundle& bundle,
                                          const std::stop_token& stop) {
  namespace monitor = riskflag::monitor;
  const std::int64_t since = time_of_flag("--since", flags.since, INT64_MIN);
  const std::int64_t until = time_of_flag("--until", flags.until, INT64_MAX);
  DecisionCounter counter(bundle);
  const auto go_on = [&stop, &flags] {
    if (stop.stop_requested()) riskflag::fail(riskflag::ErrorCode::cancelled, flags.log, "stopped");
  };

  monitor::OutcomeBook book;
  monitor::Evidence evidence;
  if (!flags.outcomes.empty()) {
    const auto paths = monitor::log_paths(flags.outcomes, "outcomes");
    const auto read = monitor::each_log_line(paths, [&](std::string_view line, const std::string& where) {
      go_on();
      book.add(monitor::parse_outcome(line, where));
    });
    evidence.torn += read.torn;
    evidence.outcome_files = paths.size();
  }
  std::vector<monitor::JudgedDecision> decisions;
  std::uint64_t other_roles = 0;
  const auto logs = monitor::log_paths(flags.log, "decisions");
  if (logs.empty()) {
    riskflag::fail(riskflag::ErrorCode::invalid_data, flags.log,
                   "there are no decisions yet: the directory is empty; riskflag-serve --decision-log writes "
                   "decisions-*.jsonl there");
  }
  const auto read = monitor::each_log_line(logs, [&](std::string_view line, const std::string& where) {
    go_on();
    const auto record = monitor::parse_decision(line, where);
    if (record.time_ms < since || record.time_ms >= until) return;
    if (record.model_digest != bundle.digest) {
      ++evidence.other_models;
      return;
    }
    if (!is_of_role(flags, record.role)) {
      ++other_roles;
      return;
    }
    counter.add(record, where);
    decisions.push_back({record.time_ms, record.probability, record.high, book.find(record.decision_id)});
  });
  if (read.lines == 0) {
    riskflag::fail(riskflag::ErrorCode::invalid_data, flags.log, "there are no decisions yet: no file has a line");
  }
  if (decisions.empty()) {
    riskflag::fail(riskflag::ErrorCode::invalid_data, flags.log,
                   "there is no decision of the model " + bundle.name + " in that time; " +
                       std::to_string(evidence.other_models) + " are other models'" +
                       (other_roles == 0 ? std::string()
                                         : ", " + std::to_string(other_roles) + " it made in another role (--role)"));
  }
  evidence.torn += read.torn;
  evidence.model_name = bundle.name;
  evidence.model_version = bundle.version;
  evidence.model_digest = bundle.digest;
  const auto [first, last] = std::minmax_element(
      decisions.begin(), decisions.end(), [](const auto& a, const auto& b) { return a.scored_ms < b.scored_ms; });
  evidence.from_ms = first->scored_ms;
  evidence.until_ms = last->scored_ms;
  evidence.decisions = decisions.size();
  evidence.drift = monitor::drift_of(counter.layout(), counter.counts());
  if (!flags.training.empty()) {
    evidence.row_drift =
        row_drift_of(read_training_rows(flags.training, bundle, counter.program(), stop), counter.rows());
  }
  evidence.performance = monitor::performance_of("all", decisions);
  evidence.weeks = monitor::performance_by_week(decisions);
  evidence.estimated = monitor::estimate_performance(decisions);
  evidence.bands = monitor::calibration_bands(decisions, bundle.reference.score_edges);
  if (const auto expected = monitor::find_expected(bundle.metrics_json)) {
    evidence.expected_roc_auc = expected->roc_auc;
    evidence.expected_rows = expected->rows;
  }
  return evidence;
}

}  // namespace program
