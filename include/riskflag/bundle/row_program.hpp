#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/predict/predictor.hpp>
#include <riskflag/prep/fields.hpp>
#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::bundle {

/// One cell of a raw row before the schema has looked at it. The text belongs to the caller.
struct RawCell {
  enum class Kind {
    absent,   ///< the row has no such member
    null,     ///< missing, said so
    cell,     ///< a cell of a CSV file: text that may be a number, a date, a level or a missing token
    text,     ///< a JSON string: a level, a date or a missing token, but never a number
    number,   ///< a JSON number; `text` is its own text, so that it is read exactly
    boolean,  ///< a JSON boolean; `text` is "true" or "false"
  };
  Kind kind = Kind::absent;
  std::string_view text{};

  [[nodiscard]] static RawCell of_csv(std::string_view text) noexcept { return {Kind::cell, text}; }
};

/// Why one cell of a row cannot be used, as HTTP answers it and riskflag-score writes it.
struct FieldIssue {
  std::string field;
  std::string_view
      code;           ///< unknown_field missing_field wrong_type out_of_range unseen_category duplicate_key not_finite
  std::string found;  ///< what came, cut to a readable length
  std::string expected;  ///< what would be accepted

  /// "field \"age\": \"3O\" is of the wrong type (wrong_type); expected a finite number".
  [[nodiscard]] std::string sentence() const;
};

/// From raw cells to a score: the one path for JSON rows, CSV rows and the input example.
///
/// Life: 1. made over an opened Bundle, which must outlive it and stay where it is; 2. used by many threads, each with
/// its own Scratch; nothing is allocated for a good row once the Scratch is warm.
class RowProgram {
 public:
  /// One thread's memory.
  struct Scratch {
    std::vector<double> fields, features, scores;
    prep::Scratch pipeline;
  };

  explicit RowProgram(const Bundle& bundle);
  /// The same before there is a Bundle (the trainer, save()).
  RowProgram(const Schema& schema, const prep::Pipeline& pipeline, const Predictor& predictor,
             const Calibration& calibration);
  /// Nothing may be a temporary: only pointers are kept.
  RowProgram(Schema&&, const prep::Pipeline&, const Predictor&, const Calibration&) = delete;

  /// The fields that a row is made of (role feature), in the order that prepare() takes their cells.
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept;
  [[nodiscard]] const Field& field(std::size_t input) const noexcept;
  /// Index into inputs(), or SIZE_MAX.
  [[nodiscard]] std::size_t find_input(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t features() const noexcept;
  [[nodiscard]] std::size_t outputs() const noexcept;

  /// Reads one cell by its field's rules: the double that the pipeline takes (number, days, level index, NaN missing).
  /// On false an issue was appended.
  bool read(std::size_t input, const RawCell& cell, double& value, std::vector<FieldIssue>& issues) const;

  /// Turns `cells` (inputs().size()) into `features` (features()). False: every unusable cell was appended to `issues`;
  /// or the greatest number, where a model's linear leaves overflow to a score that is none.
  bool prepare(std::span<const RawCell> cells, std::span<double> features, Scratch& scratch,
               std::vector<FieldIssue>& issues) const;

  /// The calibrated probability of a prepared row (binary), or the prediction (regression).
  [[nodiscard]] double probability(std::span<const double> features) const noexcept;
  /// All outputs(), after link and calibration: probability, prediction, or one probability a class.
  void scores(std::span<const double> features, std::span<double> out) const;

 private:
  struct Input {
    std::size_t field = 0;        // index into schema_->fields
    bool numeric_tokens = false;  // a missing token reads as a number: values must be compared with the tokens first
    bool numeric_levels = false;  // a level is the text of a number, so that an unknown number is an unseen level
  };
  [[nodiscard]] bool read_number(std::size_t input, const RawCell& cell, double& value,
                                 std::vector<FieldIssue>& issues) const;
  [[nodiscard]] bool read_level(std::size_t input, const RawCell& cell, double& value,
                                std::vector<FieldIssue>& issues) const;
  [[nodiscard]] bool read_date(std::size_t input, const RawCell& cell, double& value,
                               std::vector<FieldIssue>& issues) const;
  [[nodiscard]] bool has_score(std::span<const RawCell> cells, std::span<const double> features, Scratch& scratch,
                               std::vector<FieldIssue>& issues) const;
  [[nodiscard]] bool refuse(std::size_t input, std::string_view code, const RawCell& cell,
                            std::vector<FieldIssue>& issues) const;
  [[nodiscard]] std::string expected(std::size_t input, std::string_view found) const;

  const Schema* schema_;
  const prep::Pipeline* pipeline_;
  const Predictor* predictor_;
  Calibration calibration_;
  bool probabilities_ = true;  // binary: the calibration applies
  prep::FieldEncoder encoder_;
  std::vector<std::string> names_;
  std::vector<Input> inputs_;
  std::vector<std::uint32_t> by_name_;  // inputs in the order of their names
};

/// Where a CSV file's columns go: the header matched with the schema by name, in any order.
struct ColumnMap {
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
  std::vector<std::size_t> inputs;  ///< input -> column, or kAbsent (an optional field)
  std::vector<std::size_t> ids;     ///< columns with role id, in the schema's order
  std::vector<std::string> id_names;
  std::size_t ignored = 0;                    ///< columns that are neither
  std::vector<std::string> missing_required;  ///< required fields without a column: the file cannot be scored
};
[[nodiscard]] ColumnMap map_columns(const Schema& schema, std::span<const std::string> header);

}  // namespace riskflag::inline v0_1::bundle

#include <riskflag/bundle/detail/row_program.hpp>
