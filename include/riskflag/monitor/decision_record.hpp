#pragma once

// What a decision log holds (docs/formats/decision_log.md), read back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/line_reader.hpp>
#include <riskflag/core/names.hpp>

namespace riskflag::inline v0_1::monitor {

/// One scored row.
struct DecisionRecord {
  std::int64_t time_ms = 0;  ///< since 1970, UTC
  std::string decision_id, request_id;
  std::uint64_t row = 1;  ///< of its request
  std::string role;       ///< champion, challenger, shadow
  std::string model_name, model_version, model_digest;
  /// Name and raw text of each field of the model, in its order; no text for a missing one. Absent in mode hmac.
  std::optional<std::vector<std::pair<std::string, std::optional<std::string>>>> fields;
  std::string hmac;  ///< mode hmac: of the fields; else empty
  double probability = 0, threshold = 0;
  bool high = false;
};

/// One outcome that was reported.
struct OutcomeRecord {
  std::string decision_id;
  bool positive = false;
  std::int64_t observed_ms = 0;
};

namespace detail {

[[nodiscard]] inline std::int64_t time_of(const JsonFile& file, const Json& object, std::string_view key) {
  const auto ms = parse_rfc3339(file.text(object, key));
  if (!ms) file.refuse(object, "member \"" + std::string(key) + "\" is no time such as 2026-11-29T10:00:00.000Z");
  return *ms;
}

[[nodiscard]] inline Json open_line(const JsonFile& file, std::string_view line, std::string_view where) {
  Json root = value_or_throw(read_json(line, where));
  if (root.object() == nullptr) file.refuse(root, "the line is no JSON object");
  if (const auto version = file.count(root, "v"); version != 1) {
    fail(ErrorCode::unsupported, std::string(where), "version " + std::to_string(version) + ", this build reads 1");
  }
  return root;
}

}  // namespace detail

/// Throws Error(parse | corrupt | unsupported) naming `where`.
[[nodiscard]] inline DecisionRecord parse_decision(std::string_view line, std::string_view where) {
  const JsonFile file(where);
  const Json root = detail::open_line(file, line, where);
  file.only(root, {"v", "ts", "decision_id", "request_id", "row", "id", "role", "model", "fields", "hmac",
                   "probability", "threshold", "risk", "reasons"});
  DecisionRecord record;
  record.time_ms = detail::time_of(file, root, "ts");
  record.decision_id = file.text(root, "decision_id");
  record.request_id = file.text(root, "request_id");
  record.row = file.count(root, "row");
  record.role = file.text(root, "role");
  const Json& model = file.member(root, "model");
  record.model_name = file.text(model, "name");
  record.model_version = file.text(model, "version");
  record.model_digest = file.text(model, "digest");
  if (const Json& fields = file.member(root, "fields"); fields.object() != nullptr) {
    auto& out = record.fields.emplace();
    for (const auto& [name, value] : *fields.object()) {
      out.emplace_back(name, value.is_null() ? std::nullopt : std::optional(file.take(value.string())));
    }
  } else if (!fields.is_null()) {
    file.refuse(fields, "\"fields\" is neither an object nor null");
  }
  if (const Json& hmac = file.member(root, "hmac"); !hmac.is_null()) record.hmac = file.take(hmac.string());
  record.probability = file.number(root, "probability");
  record.threshold = file.number(root, "threshold");
  const std::string risk = file.text(root, "risk");
  if (risk != "High" && risk != "Low") file.refuse(root, "\"risk\" is neither High nor Low");
  record.high = risk == "High";
  return record;
}

/// Throws as parse_decision does.
[[nodiscard]] inline OutcomeRecord parse_outcome(std::string_view line, std::string_view where) {
  const JsonFile file(where);
  const Json root = detail::open_line(file, line, where);
  OutcomeRecord record;
  record.decision_id = file.text(root, "decision_id");
  const std::uint64_t outcome = file.count(root, "outcome");
  if (outcome > 1) file.refuse(root, "\"outcome\" is neither 0 nor 1");
  record.positive = outcome == 1;
  record.observed_ms = detail::time_of(file, root, "observed_at");
  return record;
}

/// The files of a log: `path` itself, or in a directory all PREFIX-*.jsonl, oldest first; none in an empty directory,
/// which nothing was written to yet. Throws Error(not_found) for a path where nothing is, and for a directory of other
/// things.
[[nodiscard]] inline std::vector<std::string> log_paths(const std::string& path, std::string_view prefix) {
  if (!is_directory(path)) {
    if (!exists(path)) fail(ErrorCode::not_found, path, "there is no such file or directory");
    return {path};
  }
  std::vector<std::string> out, others;
  for (const std::string& name : list_directory(path)) {
    if (name.starts_with(std::string(prefix) + "-") && name.ends_with(".jsonl"))
      out.push_back(join_path(path, name));
    else if (!name.starts_with('.'))
      others.push_back(name);
  }
  if (out.empty() && !others.empty()) {
    const std::string ours = std::string(prefix) + "-*.jsonl";
    fail(ErrorCode::not_found, path,
         "holds no " + ours + what_there_is("", others) + "; a directory with " + ours +
             ", one file, or an empty directory is accepted");
  }
  return out;
}

/// What lay in a log beside its records.
struct LogReading {
  std::uint64_t lines = 0;  ///< whole ones
  std::uint64_t torn = 0;   ///< last lines that their writer did not finish, of decisions that were not acknowledged
};

/// Calls `f(line, where)` for each whole line of `paths`; `where` is "file:line".
template <class F>
LogReading each_log_line(const std::vector<std::string>& paths, F f) {
  LogReading reading;
  for (const std::string& path : paths) {
    FileSource source(path);
    LineReader lines(source);
    std::string_view line;
    while (lines.next(line)) {
      if (!lines.is_whole()) {
        ++reading.torn;
      } else if (!line.empty()) {
        ++reading.lines;
        f(line, path + ":" + std::to_string(lines.number()));
      }
    }
  }
  return reading;
}

}  // namespace riskflag::inline v0_1::monitor
