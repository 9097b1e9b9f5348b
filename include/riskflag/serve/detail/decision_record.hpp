#pragma once

// One scored row as a line of the decision log.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/serve/codec.hpp>

namespace riskflag::inline v0_1::serve {
namespace detail {

/// The id's own JSON: a number or boolean as it stood, a string quoted, null.
inline void append_id(std::string& out, const bundle::RawCell& cell) {
  switch (cell.kind) {
    case bundle::RawCell::Kind::absent:
    case bundle::RawCell::Kind::null: out += "null"; return;
    case bundle::RawCell::Kind::number:
      // A number beyond double's range is no number to most readers: it goes back as text.
      parse_double(cell.text) ? void(out.append(cell.text)) : append_json_quoted(out, cell.text);
      return;
    case bundle::RawCell::Kind::boolean: out += cell.text; return;
    case bundle::RawCell::Kind::cell:
    case bundle::RawCell::Kind::text: append_json_quoted(out, cell.text); return;
  }
}

}  // namespace detail

inline void Codec::write_ids(std::string& out, const RowInput& row) const {
  out += '{';
  for (std::size_t i = 0; i < row.ids.size(); ++i) {
    if (i > 0) out += ',';
    append_json_quoted(out, book_.ids()[i]);
    out += ':';
    detail::append_id(out, row.ids[i]);
  }
  out += '}';
}

/// The raw fields as the record keeps them, into memory.records.fields: read as cells of a CSV they give the same
/// score.
inline void Codec::write_fields(Workspace& memory) const {
  using Kind = bundle::RawCell::Kind;
  std::string& out = memory.records.fields;
  out = "{";
  for (std::size_t i = 0; i < field_keys_.size(); ++i) {
    const bundle::RawCell& cell = memory.row.cells[i];
    out += i > 0 ? "," : "";
    out += field_keys_[i];
    if (cell.kind == Kind::absent || cell.kind == Kind::null) {
      out += "null";
    } else if (cell.kind == Kind::number && program_.field(i).type == ColumnType::category) {
      // 1.0 may be the level "1", which the text "1.0" is not.
      double as_cell = 0;
      std::vector<bundle::FieldIssue> issues;
      const bool same = program_.read(i, bundle::RawCell::of_csv(cell.text), as_cell, issues) &&
                        order_key(as_cell) == order_key(memory.scratch.fields[i]);
      same ? append_json_quoted(out, cell.text)
           : append_json_quoted(out, number_text(parse_double(cell.text).value_or(0)));
    } else {
      append_json_quoted(out, cell.text);
    }
  }
  out += '}';
}

inline void Codec::record(Workspace& memory, std::string_view decision_id, std::uint64_t row,
                          double probability) const {
  DecisionRecords& records = memory.records;
  std::string& out = records.lines;
  out.append(R"({"v":1,"ts":")").append(records.time).append(R"(","decision_id":")").append(decision_id);
  out.append(R"(","request_id":")").append(records.request_id).append(R"(","row":)");
  append_number(out, row);
  out += R"(,"id":)";
  write_ids(out, memory.row);
  out += record_model_;
  write_fields(memory);
  if (records.log->mode() == LogMode::full) {
    out.append(records.fields).append(R"(,"hmac":null,"probability":)");
  } else {
    out.append(R"(null,"hmac":")").append(records.log->hmac(records.fields)).append(R"(","probability":)");
  }
  append_number(out, probability);
  out += R"(,"threshold":)";
  append_number(out, model_.decision.threshold);
  out += is_high(probability) ? R"(,"risk":"High","reasons":)" : R"(,"risk":"Low","reasons":)";
  out.append(memory.explain > 0 ? std::string_view(memory.reasons_text) : "null").append("}\n");
}

}  // namespace riskflag::inline v0_1::serve
