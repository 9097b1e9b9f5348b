#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/row_program.hpp>
#include <riskflag/serve/decision_id.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve {

/// What the names in a row mean: an input of the model, an id that is echoed, or a field of the schema that is not used.
class FieldBook {
 public:
  enum class Kind : std::uint8_t { input, id, other };
  struct Entry {
    Kind kind = Kind::other;
    std::uint32_t place = 0;   ///< input: index into RowProgram::inputs(); id: index into ids()
    std::uint32_t number = 0;  ///< among all entries, for finding repeats
  };

  FieldBook(const Schema& schema, const bundle::RowProgram& program);

  /// nullptr for a name that the schema does not have.
  [[nodiscard]] const Entry* find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t number) const noexcept { return names_[number]; }
  [[nodiscard]] const Entry& entry(std::size_t number) const noexcept { return entries_[number]; }
  [[nodiscard]] const std::vector<std::string>& ids() const noexcept { return ids_; }
  /// "a field of the model (did you mean …?)".
  [[nodiscard]] std::string expected(std::string_view unknown) const;

 private:
  std::vector<std::string> names_, ids_;
  std::vector<Entry> entries_;  // in the schema's order: clients tend to keep it, so the next name is guessed
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
};

/// One row of a request while it is read. Reused from row to row.
struct RowInput {
  std::vector<bundle::RawCell> cells;  ///< one for each input
  std::vector<bundle::RawCell> ids;    ///< one for each id field
  std::vector<std::uint32_t> seen;     ///< by FieldBook number: the row that had it last
  std::uint32_t stamp = 0;
  std::vector<bundle::FieldIssue> issues;

  void begin(const FieldBook& book, std::size_t inputs);
};

/// The memory of one request; a Service keeps some of these and lends them.
struct Workspace {
  RowInput row;
  bundle::RowProgram::Scratch scratch;
  std::vector<double> features;
};

/// Scores rows of one model, format by format. Const and thread-safe; each call takes a Workspace of its own.
class Codec {
 public:
  /// `model` must outlive the codec. Binary models only; throws Error(unsupported) for others.
  explicit Codec(const bundle::Bundle& model);

  /// One object, or an array of objects: all rows or a Problem.
  /// On success appends the answer to `out` and returns the number of rows.
  struct Outcome {
    std::uint64_t rows = 0;
    std::uint64_t bad_rows = 0;         ///< NDJSON and CSV: rows that carry an error instead of a score
    std::size_t ignored_columns = 0;    ///< CSV
    std::unique_ptr<Problem> problem{};  ///< set: nothing was scored
  };
  [[nodiscard]] Outcome json(std::string_view body, std::string& out, Workspace& memory) const;
  /// Line by line; a bad line answers {"row","error"} and the others are scored.
  [[nodiscard]] Outcome ndjson(std::string_view body, std::string& out, Workspace& memory) const;
  /// CSV with a header; the answer has the input's columns and ours.
  [[nodiscard]] Outcome csv(std::string_view body, std::string& out, Workspace& memory) const;

  [[nodiscard]] const bundle::RowProgram& program() const noexcept { return program_; }
  [[nodiscard]] const FieldBook& book() const noexcept { return book_; }

 private:
  [[nodiscard]] bool score(Workspace& memory, double& probability) const;
  void write_result(std::string& out, const RowInput& row, double probability, DecisionIds& ids) const;

  const bundle::Bundle& model_;
  bundle::RowProgram program_;
  FieldBook book_;
  std::string high_, low_;  // the end of a result, which never changes: ,"risk":…,"threshold":…,"model":{…}}
  std::string csv_high_, csv_low_;
};

}  // namespace riskflag::inline v0_1::serve

#include <riskflag/serve/detail/codec.hpp>
