#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/json/exact.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/detail/decision_record.hpp>
#include <riskflag/serve/detail/json_rows.hpp>

namespace riskflag::inline v0_1::serve {

namespace detail {

inline std::unique_ptr<Problem> problem(int status, std::string code, std::string text,
                                        std::vector<RowIssue> errors = {}) {
  return std::make_unique<Problem>(Problem{status, std::move(code), std::move(text), std::move(errors)});
}

inline std::string rows_text(std::uint64_t rows) { return std::to_string(rows) + (rows == 1 ? " row" : " rows"); }

}  // namespace detail

inline Codec::Codec(const bundle::Bundle& model, ModelRole role)
    : model_(model), program_(model), book_(model.schema, program_) {
  if (model.kind() != bundle::Kind::binary) {
    fail(ErrorCode::unsupported, model.path,
         "the model's objective is " + quoted(model.model.objective.name) +
             "; only binary models can be served (riskflag-score takes all)");
  }
  try {
    reasons_.emplace(model);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
  }
  const auto end_of = [&](std::string_view risk) {
    JsonWriter json;
    json.begin_object()
        .key("risk")
        .value(risk)
        .key("threshold")
        .value(model.decision.threshold)
        .key("model")
        .begin_object();
    json.key("name").value(std::string_view(model.name)).key("version").value(std::string_view(model.version));
    json.key("digest").value(std::string_view(model.digest)).end_object().end_object();
    return "," + std::move(json).text().substr(1);
  };
  high_ = end_of("High");
  low_ = end_of("Low");
  JsonWriter model_json;
  model_json.begin_object().key("name").value(std::string_view(model.name));
  model_json.key("version").value(std::string_view(model.version));
  model_json.key("digest").value(std::string_view(model.digest)).end_object();
  record_model_ = R"(,"role":")" + std::string(name_of(role)) + R"(","model":)" + model_json.text() + R"(,"fields":)";
  for (const std::string& name : program_.inputs()) field_keys_.push_back(json_quoted(name) + ":");
  const std::string tail = "," + number_text(model.decision.threshold) + "," + csv_cell(model.version) + ",\n";
  csv_high_ = ",High" + tail;
  csv_low_ = ",Low" + tail;
}

inline bool Codec::score_row(Workspace& memory, double& probability) const {
  memory.features.resize(program_.features());
  // Issues of the reader (unknown or repeated names) come first; the cells are read all the same, so that one answer
  // tells all.
  const bool readable = memory.row.issues.empty();
  const bool good = program_.prepare(memory.row.cells, memory.features, memory.scratch, memory.row.issues);
  if (!readable || !good) return false;
  probability = program_.probability(memory.features);
  if (memory.layout != nullptr) memory.layout->places(memory.scratch.fields, probability, memory.places);
  return true;
}

inline bool Codec::write_result(std::string& out, Workspace& memory, double probability, DecisionIds& ids,
                                std::uint64_t row) const {
  out += R"({"decision_id":")";
  const std::size_t id_at = out.size();
  append_decision_id(out, memory, ids, row);
  out += R"(","id":)";
  write_ids(out, memory.row);
  out += R"(,"probability":)";
  append_number(out, probability);
  const bool high = is_high(probability);
  out += high ? high_ : low_;
  if (memory.explain > 0) {
    find_reasons(memory);
    out.pop_back();  // the result's brace
    out.append(R"(,"reasons":)").append(memory.reasons_text).append("}");
  }
  keep(memory, std::string_view(out).substr(id_at, 36), row, probability);
  return high;
}

inline void Codec::append_decision_id(std::string& out, const Workspace& memory, DecisionIds& ids,
                                      std::uint64_t row) const {
  const ScoredRow* made = memory.find_made(row);
  made != nullptr ? void(out.append(made->decision_id.data(), made->decision_id.size())) : ids.append(out);
}

inline void Codec::keep(Workspace& memory, std::string_view decision_id, std::uint64_t row, double probability) const {
  if (memory.made != nullptr && memory.find_made(row) == nullptr) return;
  if (memory.records.log != nullptr) record(memory, decision_id, row, probability);
  if (!memory.keep_scored) return;
  ScoredRow& kept = memory.scored.emplace_back(ScoredRow{row, probability, is_high(probability)});
  std::copy(decision_id.begin(), decision_id.end(), kept.decision_id.begin());
}

inline void Codec::find_reasons(Workspace& memory) const {
  reasons_->reasons(memory.features, memory.explain, memory.reasons, memory.reasoning);
  JsonWriter json;
  json.begin_array();
  for (const bundle::Reason& reason : memory.reasons) {
    json.begin_object().key("field").value(reason.field).key("code").value(reason.code);
    json.key("text").value(reason.text).key("contribution").value(reason.contribution).end_object();
  }
  json.end_array();
  memory.reasons_text = std::move(json).text();
}

inline Codec::Outcome Codec::json(std::string_view body, std::string& out, Workspace& memory) const {
  Outcome outcome;
  DecisionIds ids(memory.begun_ms);
  std::vector<RowIssue> errors;
  const std::size_t begin = out.size();
  auto on_row = [&](RowInput& row) {
    ++outcome.rows;
    double probability = 0;
    if (score_row(memory, probability)) {
      if (errors.empty()) {
        out += outcome.rows == 1 ? "" : ",";
        outcome.high += write_result(out, memory, probability, ids, outcome.rows) ? 1 : 0;
      }
      return true;
    }
    for (auto& issue : row.issues) {
      if (errors.size() < kMaxErrors) errors.push_back({outcome.rows, std::move(issue)});
    }
    return errors.size() < kMaxErrors;
  };
  detail::JsonRows rows(book_, program_.inputs().size(), memory.row, on_row);
  out += ' ';  // becomes '[' or goes
  const auto read = read_json_events(body, rows);
  if (!read && read.failure().code == ErrorCode::parse) {
    outcome.problem = detail::problem(400, "bad_request", "the body cannot be read: " + read.failure().text());
  } else if (!rows.shape_defect().empty()) {
    outcome.problem = detail::problem(400, "bad_request", rows.shape_defect());
  } else if (!errors.empty()) {
    const bool cut = errors.size() == kMaxErrors;
    std::string text = (cut ? "at least " : "") + std::to_string(errors.size()) +
                       (errors.size() == 1 ? " field" : " fields") +
                       " cannot be used; nothing was scored. First: " + errors.front().issue.sentence();
    outcome.problem = detail::problem(422, "invalid_field", std::move(text), std::move(errors));
  }
  if (outcome.problem) {
    out.resize(begin);
    memory.records.lines.clear();
    return outcome;
  }
  if (rows.is_array()) {
    out[begin] = '[';
    out += ']';
  } else {
    out.erase(begin, 1);
  }
  return outcome;
}

inline Codec::Outcome Codec::ndjson(std::string_view body, std::string& out, Workspace& memory) const {
  Outcome outcome;
  DecisionIds ids(memory.begun_ms);
  std::uint64_t line_number = 0;  // blank lines count: a row is found again in the client's own text
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const std::string_view line = trimmed(body.substr(at, end - at));
    at = end + 1;
    ++line_number;
    if (line.empty()) continue;
    ++outcome.rows;
    bool scored = false, high = false;
    detail::JsonRows rows(book_, program_.inputs().size(), memory.row, [&](RowInput&) {
      double probability = 0;
      scored = score_row(memory, probability);
      if (scored) high = write_result(out, memory, probability, ids, line_number);
      return true;
    });
    const std::size_t begin = out.size(), recorded = memory.records.lines.size(), placed = memory.places.size();
    const std::size_t kept = memory.scored.size();
    const auto read = read_json_events(line, rows);
    const bool one_object = read && !rows.is_array();
    if (!scored || !one_object) {
      out.resize(begin);
      memory.records.lines.resize(recorded);
      memory.places.resize(placed);
      memory.scored.resize(kept);
      ++outcome.bad_rows;
      JsonWriter json;
      json.begin_object().key("row").value(line_number).key("error").begin_object();
      std::vector<RowIssue> errors;
      if (one_object) {
        for (auto& issue : memory.row.issues) errors.push_back({line_number, std::move(issue)});
        json.key("code").value("invalid_field").key("detail").value(std::string_view(errors.front().issue.sentence()));
      } else {
        std::string text = !read && read.failure().code == ErrorCode::parse
                               ? read.failure().message
                               : std::string(rows.is_array() ? "the line is an array" : "the line is a single value");
        text += "; one flat object of fields is accepted on a line";
        json.key("code").value("bad_request").key("detail").value(std::string_view(text));
      }
      json.key("errors");
      write_errors(json, errors);
      json.end_object().end_object();
      out += json.text();
    } else if (high) {
      ++outcome.high;
    }
    out += '\n';
  }
  return outcome;
}

inline Codec::Outcome Codec::csv(std::string_view body, std::string& out, Workspace& memory) const {
  Outcome outcome;
  MemorySource source(body, "the body");
  std::unique_ptr<CsvRows> rows;
  try {
    rows = std::make_unique<CsvRows>(source, CsvOptions{});
  } catch (const Error& error) {
    outcome.problem = detail::problem(400, "bad_request", error.what());
    return outcome;
  }
  const bundle::ColumnMap map = bundle::map_columns(model_.schema, rows->header());
  outcome.ignored_columns = map.ignored;
  if (!map.missing_required.empty()) {
    std::vector<RowIssue> errors;
    for (const std::string& name : map.missing_required) {
      if (errors.size() < kMaxErrors)
        errors.push_back({0, {name, "missing_field", "no such column", "a column " + quoted(name)}});
    }
    outcome.problem =
        detail::problem(422, "invalid_field",
                        "the CSV has no column " + quoted(map.missing_required.front()) + ", which the model requires",
                        std::move(errors));
    return outcome;
  }

  // A column of an answer that comes in again is replaced, so that no name stands twice.
  static constexpr std::string_view kOurs[] = {"decision_id", "probability",   "risk",
                                               "threshold",   "model_version", "error"};
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < rows->header().size(); ++i) {
    if (memory.explain > 0 && rows->header()[i].starts_with("reason_")) continue;
    if (std::find(std::begin(kOurs), std::end(kOurs), rows->header()[i]) == std::end(kOurs)) kept.push_back(i);
  }
  for (const std::size_t column : kept) out += csv_cell(rows->header()[column]) + ",";
  out += "decision_id,probability,risk,threshold,model_version,error";
  for (std::size_t i = 1; i <= memory.explain; ++i) out += ",reason_" + std::to_string(i);
  out += '\n';

  std::vector<std::size_t> id_places;  // of map.ids among the book's
  for (const std::string& name : map.id_names) id_places.push_back(book_.find(name)->place);
  DecisionIds ids(memory.begun_ms);
  std::vector<std::string_view> cells;
  for (auto next = rows->next(cells); next != CsvRows::Next::end; next = rows->next(cells)) {
    ++outcome.rows;
    const bool whole = next == CsvRows::Next::row;
    for (const std::size_t column : kept) {
      if (whole) out += csv_cell(cells[column]);
      out += ',';
    }
    std::string error;
    if (whole) {
      memory.row.begin(book_, program_.inputs().size());
      for (std::size_t i = 0; i < map.inputs.size(); ++i) {
        if (map.inputs[i] != bundle::ColumnMap::kAbsent)
          memory.row.cells[i] = bundle::RawCell::of_csv(cells[map.inputs[i]]);
      }
      for (std::size_t i = 0; i < id_places.size(); ++i) {
        memory.row.ids[id_places[i]] = bundle::RawCell::of_csv(cells[map.ids[i]]);
      }
      double probability = 0;
      if (score_row(memory, probability)) {
        const std::size_t id_at = out.size();
        append_decision_id(out, memory, ids, outcome.rows);
        out += ',';
        append_number(out, probability);
        const bool high = is_high(probability);
        outcome.high += high ? 1 : 0;
        out += high ? csv_high_ : csv_low_;
        if (memory.explain > 0) {
          find_reasons(memory);
          out.pop_back();  // the line's end
          for (std::size_t i = 0; i < memory.explain; ++i) {
            out += ',';
            if (i < memory.reasons.size()) out += csv_cell(memory.reasons[i].code);
          }
          out += '\n';
        }
        keep(memory, std::string_view(out).substr(id_at, 36), outcome.rows, probability);
        continue;
      }
      for (const auto& issue : memory.row.issues) error += (error.empty() ? "" : "; ") + issue.sentence();
    } else {
      error = "line " + std::to_string(rows->problem().line) + ": " + rows->problem().message;
    }
    ++outcome.bad_rows;
    out += ",,,," + csv_cell(model_.version) + "," + csv_cell(error) + std::string(memory.explain, ',') + "\n";
  }
  return outcome;
}

}  // namespace riskflag::inline v0_1::serve
