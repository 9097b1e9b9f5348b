#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/detail/document.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// What a protocol of tables makes of a request: all rows scored, or why none is.
struct TableScores {
  std::vector<double> probabilities;
  std::uint64_t high = 0;
  std::size_t ignored_columns = 0;
  std::unique_ptr<Problem> problem{};

  void refuse(std::string text, std::vector<RowIssue> errors = {}) {
    problem = std::make_unique<Problem>(Problem{400, "bad_request", std::move(text), std::move(errors)});
  }
};

/// Scores rows whose cells are set one by one: begin_row(), set() each, end_row(); at last finish().
class RowScorer {
 public:
  using Entry = FieldBook::Entry;

  RowScorer(const Codec& codec, Workspace& memory, TableScores& out)
      : codec_(codec), memory_(memory), out_(out), ids_(memory.begun_ms) {}

  /// nullptr for a column that the model does not have; each is counted once for each call.
  [[nodiscard]] const Entry* column(std::string_view name) {
    const Entry* entry = codec_.book().find(name);
    if (entry == nullptr) ++out_.ignored_columns;
    return entry;
  }
  /// The columns of rows without names: the fields that the model scores, in their order.
  [[nodiscard]] std::vector<const Entry*> positional() const {
    std::vector<const Entry*> columns;
    for (const std::string& name : codec_.program().inputs()) columns.push_back(codec_.book().find(name));
    return columns;
  }

  void begin_row() { memory_.row.begin(codec_.book(), codec_.program().inputs().size()); }
  void set(const Entry* entry, const Document& document, Document::Place value) {
    if (entry == nullptr || entry->kind == FieldBook::Kind::other) return;
    bundle::RawCell cell;
    if (document.cell(value, cell)) return set(entry, cell);
    if (entry->kind == FieldBook::Kind::id) return;
    memory_.row.cells[entry->place].kind = bundle::RawCell::Kind::null;
    memory_.row.issues.push_back({codec_.book().name(entry->number), "wrong_type",
                                  document.is(value, Document::Kind::object) ? "an object" : "an array",
                                  "a single value"});
  }
  void set(const Entry* entry, bundle::RawCell cell) {
    if (entry == nullptr) return;
    if (entry->kind == FieldBook::Kind::input) memory_.row.cells[entry->place] = cell;
    if (entry->kind == FieldBook::Kind::id) memory_.row.ids[entry->place] = cell;
  }
  void end_row() {
    ++rows_;
    double probability = 0;
    if (codec_.score_row(memory_, probability)) {
      out_.probabilities.push_back(probability);
      out_.high += codec_.is_high(probability) ? 1 : 0;
      if (memory_.records.log != nullptr || memory_.keep_scored) {
        codec_.keep(memory_, ids_.next(), rows_, probability);
      }
      return;
    }
    for (auto& issue : memory_.row.issues) {
      if (errors_.size() < kMaxErrors) errors_.push_back({rows_, std::move(issue)});
    }
  }
  /// Sets out.problem when a row had one.
  void finish() {
    if (errors_.empty() || out_.problem) return;
    std::string text =
        "row " + std::to_string(errors_.front().row) + ": " + errors_.front().issue.sentence() + "; nothing was scored";
    out_.refuse(std::move(text), std::move(errors_));
  }
  [[nodiscard]] bool is_full() const noexcept { return errors_.size() >= kMaxErrors; }

 private:
  const Codec& codec_;
  Workspace& memory_;
  TableScores& out_;
  std::uint64_t rows_ = 0;
  DecisionIds ids_;
  std::vector<RowIssue> errors_;
};

}  // namespace riskflag::inline v0_1::serve::detail
