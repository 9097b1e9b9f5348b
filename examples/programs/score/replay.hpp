#pragma once

// A decision log scored again: every logged probability must come out, to the bit.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/monitor/decision_record.hpp>

#include "../program.hpp"

namespace program {

struct ReplayCounts {
  std::uint64_t decisions = 0, equal = 0, different = 0;
  std::uint64_t other_model = 0;     ///< made by a model of another digest
  std::uint64_t without_fields = 0;  ///< of mode hmac
  std::uint64_t torn = 0;            ///< last lines that were never finished, and so never acknowledged
  std::string first_difference;
};

class Replay {
 public:
  explicit Replay(const riskflag::bundle::Bundle& bundle) : bundle_(bundle), program_(bundle) {
    if (bundle.kind() != riskflag::bundle::Kind::binary) {
      riskflag::fail(riskflag::ErrorCode::unsupported, bundle.path, "only binary models make decisions");
    }
    for (std::size_t i = 0; i < program_.inputs().size(); ++i) by_name_.emplace(program_.inputs()[i], i);
    features_.resize(program_.features());
  }

  /// `sink` may be nullptr: row,decision_id,probability,risk,error for each decision of this model.
  ReplayCounts run(const std::string& log, riskflag::ByteSink* sink, const std::stop_token& stop) {
    const auto paths = riskflag::monitor::log_paths(log, "decisions");
    if (paths.empty()) {
      riskflag::fail(riskflag::ErrorCode::not_found, log,
                     "is an empty directory; one with decisions-*.jsonl is accepted");
    }
    if (sink != nullptr) sink->write("row,decision_id,probability,risk,error\n");
    ReplayCounts counts;
    const auto reading = riskflag::monitor::each_log_line(paths, [&](std::string_view line, const std::string& where) {
      if (stop.stop_requested()) riskflag::fail(riskflag::ErrorCode::cancelled, log, "stopped; nothing was written");
      ++counts.decisions;
      const auto record = riskflag::monitor::parse_decision(line, where);
      if (record.model_digest != bundle_.digest) {
        ++counts.other_model;
      } else if (!record.fields) {
        ++counts.without_fields;
      } else {
        again(record, where, counts, sink);
      }
    });
    counts.torn = reading.torn;
    return counts;
  }

 private:
  void again(const riskflag::monitor::DecisionRecord& record, const std::string& where, ReplayCounts& counts,
             riskflag::ByteSink* sink) {
    cells_.assign(program_.inputs().size(), {});
    issues_.clear();
    std::string error;
    for (const auto& [name, text] : *record.fields) {
      const auto at = by_name_.find(name);
      if (at == by_name_.end()) {
        error = "the model has no field " + riskflag::quoted(name);
        break;
      }
      cells_[at->second] = text ? riskflag::bundle::RawCell::of_csv(*text)
                                : riskflag::bundle::RawCell{riskflag::bundle::RawCell::Kind::null, {}};
    }
    double probability = 0;
    bool high = false;
    const bool scored = error.empty() && program_.prepare(cells_, features_, scratch_, issues_);
    if (scored) {
      probability = program_.probability(features_);
      high = probability >= bundle_.decision.threshold;
      const bool same = riskflag::order_key(probability) == riskflag::order_key(record.probability) &&
                        record.threshold == bundle_.decision.threshold && high == record.high;
      if (!same) {
        error = "the log says " + riskflag::number_text(record.probability) + (record.high ? ", High" : ", Low") +
                " at the threshold " + riskflag::number_text(record.threshold);
      }
    } else if (error.empty()) {
      error = issues_.front().sentence();
    }
    error.empty() ? ++counts.equal : ++counts.different;
    if (!error.empty() && counts.first_difference.empty()) counts.first_difference = where + ": " + error;
    if (sink == nullptr) return;
    std::string line = std::to_string(counts.decisions) + "," + riskflag::csv_cell(record.decision_id) + ",";
    if (scored) line += riskflag::number_text(probability) + (high ? ",High," : ",Low,");
    if (!scored) line += ",,";
    sink->write(line + riskflag::csv_cell(error) + "\n");
  }

  const riskflag::bundle::Bundle& bundle_;
  riskflag::bundle::RowProgram program_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<riskflag::bundle::RawCell> cells_;
  std::vector<double> features_;
  riskflag::bundle::RowProgram::Scratch scratch_;
  std::vector<riskflag::bundle::FieldIssue> issues_;
};

/// What --replay prints, and how it ends: 0 when every decision of this model that has its fields came out again.
inline int tell_replay(const ReplayCounts& counts, const std::string& log, const riskflag::bundle::Bundle& bundle,
                       bool as_json, bool quiet, std::FILE* out) {
  if (counts.different > 0) {
    riskflag::fail(riskflag::ErrorCode::invalid_data, log,
                   std::to_string(counts.different) + " of " + std::to_string(counts.equal + counts.different) +
                       " decisions come out differently; the first is " + counts.first_difference);
  }
  if (counts.equal == 0) {
    riskflag::fail(riskflag::ErrorCode::invalid_data, log,
                   "of " + std::to_string(counts.decisions) + " decisions none can be made again: " +
                       std::to_string(counts.other_model) + " are another model's, " +
                       std::to_string(counts.without_fields) + " have no fields (mode hmac)");
  }
  if (as_json) {
    riskflag::JsonWriter json;
    json.begin_object().key("replay").value(riskflag::absolute_path(log)).key("decisions").value(counts.decisions);
    json.key("equal").value(counts.equal).key("different").value(counts.different);
    json.key("other_model").value(counts.other_model).key("without_fields").value(counts.without_fields);
    json.key("torn").value(counts.torn).key("model").begin_object().key("name").value(bundle.name);
    json.key("version").value(bundle.version).key("digest").value(bundle.digest).end_object().end_object();
    return print(std::move(json).text() + "\n") ? kDone : kFailed;
  }
  if (!quiet) {
    const auto n = [](std::uint64_t x) { return static_cast<unsigned long long>(x); };
    std::fprintf(out, "%llu decisions replayed, all equal", n(counts.equal));
    if (counts.other_model > 0) std::fprintf(out, "; %llu of other models left out", n(counts.other_model));
    if (counts.without_fields > 0) std::fprintf(out, "; %llu without fields left out", n(counts.without_fields));
    if (counts.torn > 0) std::fprintf(out, "; %llu unfinished lines at the end of a file", n(counts.torn));
    std::fprintf(out, "\n");
  }
  return kDone;
}

}  // namespace program
