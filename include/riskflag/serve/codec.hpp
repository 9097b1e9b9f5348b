#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/reasons.hpp>
#include <riskflag/bundle/row_program.hpp>
#include <riskflag/monitor/bins.hpp>
#include <riskflag/serve/decision_id.hpp>
#include <riskflag/serve/decision_log.hpp>
#include <riskflag/serve/model_role.hpp>
#include <riskflag/serve/problem.hpp>
#include <riskflag/serve/row_input.hpp>

namespace riskflag::inline v0_1::serve {

/// What was decided on one row of a body.
struct ScoredRow {
  std::uint64_t row = 1;  ///< as in the answer's errors; NDJSON: the line
  double probability = 0;
  bool high = false;
  std::array<char, 36> decision_id{};
};

/// The memory of one request; a Service keeps some of these and lends them.
struct Workspace {
  RowInput row;
  bundle::RowProgram::Scratch scratch;
  std::vector<double> features;
  std::int64_t begun_ms = 0;  ///< when the request came, since 1970: in the ids of its decisions
  std::size_t explain = 0;    ///< the most reasons that each scored row gets; 0 = none are asked for
  bundle::ReasonProgram::Scratch reasoning;
  std::vector<bundle::Reason> reasons;
  std::string reasons_text;  ///< the scored row's, as JSON
  DecisionRecords records;
  const monitor::BinLayout* layout = nullptr;  ///< where rows are counted; nullptr: nowhere
  std::vector<std::uint32_t> places;           ///< of the request's scored rows
  bool keep_scored = false;                    ///< whether `scored` is wanted
  std::vector<ScoredRow> scored;               ///< ascending
  /// For a shadow: the champion's decisions on the same body. Their ids are taken, other rows are neither recorded nor
  /// kept. nullptr: these are decisions of their own.
  const std::vector<ScoredRow>* made = nullptr;

  /// The champion's decision on that row; nullptr without one.
  [[nodiscard]] const ScoredRow* find_made(std::uint64_t at_row) const noexcept {
    if (made == nullptr) return nullptr;
    const auto at = std::lower_bound(made->begin(), made->end(), at_row,
                                     [](const ScoredRow& a, std::uint64_t b) { return a.row < b; });
    return at != made->end() && at->row == at_row ? &*at : nullptr;
  }
};

/// Scores rows of one model, format by format. Const and thread-safe; each call takes a Workspace of its own.
class Codec {
 public:
  /// `model` must outlive the codec. Binary models only; throws Error(unsupported) for others.
  explicit Codec(const bundle::Bundle& model, ModelRole role = ModelRole::champion);

  /// One object, or an array of objects: all rows or a Problem.
  /// On success appends the answer to `out` and returns the number of rows.
  struct Outcome {
    std::uint64_t rows = 0;
    std::uint64_t bad_rows = 0;          ///< NDJSON and CSV: rows that carry an error instead of a score
    std::uint64_t high = 0;              ///< scored rows that are High
    std::size_t ignored_columns = 0;     ///< CSV
    std::unique_ptr<Problem> problem{};  ///< set: nothing was scored
  };
  [[nodiscard]] Outcome json(std::string_view body, std::string& out, Workspace& memory) const;
  /// Line by line; a bad line answers {"row","error"} and the others are scored.
  [[nodiscard]] Outcome ndjson(std::string_view body, std::string& out, Workspace& memory) const;
  /// CSV with a header; the answer has the input's columns and ours.
  [[nodiscard]] Outcome csv(std::string_view body, std::string& out, Workspace& memory) const;

  /// Scores the cells of `memory.row`; false when it has issues, its own or new ones.
  [[nodiscard]] bool score_row(Workspace& memory, double& probability) const;
  [[nodiscard]] bool is_high(double probability) const noexcept { return probability >= model_.decision.threshold; }
  /// Whether rows can be explained; a model that was imported without counts of its training rows cannot.
  /// Appends the line of a row that was just scored to `memory.records`, which must have a log.
  void record(Workspace& memory, std::string_view decision_id, std::uint64_t row, double probability) const;
  /// What `memory` wants to have of a row that was just scored: its line for the log, and the row among `scored`.
  void keep(Workspace& memory, std::string_view decision_id, std::uint64_t row, double probability) const;
  [[nodiscard]] bool can_explain() const noexcept { return reasons_.has_value(); }
  [[nodiscard]] const bundle::RowProgram& program() const noexcept { return program_; }
  [[nodiscard]] const FieldBook& book() const noexcept { return book_; }

 private:
  /// True when the row is High.
  bool write_result(std::string& out, Workspace& memory, double probability, DecisionIds& ids, std::uint64_t row) const;
  void append_decision_id(std::string& out, const Workspace& memory, DecisionIds& ids, std::uint64_t row) const;
  void find_reasons(Workspace& memory) const;
  void write_ids(std::string& out, const RowInput& row) const;
  void write_fields(Workspace& memory) const;

  const bundle::Bundle& model_;
  bundle::RowProgram program_;
  std::optional<bundle::ReasonProgram> reasons_;
  FieldBook book_;
  std::string high_, low_;  // the end of a result, which never changes: ,"risk":…,"threshold":…,"model":{…}}
  std::string csv_high_, csv_low_;
  std::string record_model_;             // of a record: ,"role":…,"model":{…},"fields":
  std::vector<std::string> field_keys_;  // "income":
};

}  // namespace riskflag::inline v0_1::serve

#include <riskflag/serve/detail/codec.hpp>
