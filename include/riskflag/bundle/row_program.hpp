#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/prep/fields.hpp>

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
  std::string_view code;  ///< unknown_field missing_field wrong_type out_of_range unseen_category duplicate_key not_finite
  std::string found;      ///< what came, cut to a readable length
  std::string expected;   ///< what would be accepted

  /// "field \"age\": \"3O\" is not accepted (wrong_type); expected a number".
  [[nodiscard]] std::string sentence() const;
};

/// From raw cells to a score: the one path for JSON rows, CSV rows and the input example.
///
/// Life: 1. made over an opened Bundle, which must outlive it and stay where it is; 2. used by many threads, each with its
/// own Scratch; nothing is allocated for a good row once the Scratch is warm.
class RowProgram {
 public:
  /// One thread's memory.
  struct Scratch {
    std::vector<double> fields, features;
    prep::Scratch pipeline;
  };

  explicit RowProgram(const Bundle& bundle);
  /// The same before there is a Bundle (the trainer, save()).
  RowProgram(const Schema& schema, const prep::Pipeline& pipeline, const Predictor& predictor,
             const Calibration& calibration);

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

  /// Turns `cells` (inputs().size()) into `features` (features()). False: every unusable cell was appended to `issues`.
  bool prepare(std::span<const RawCell> cells, std::span<double> features, Scratch& scratch,
               std::vector<FieldIssue>& issues) const;

  /// The calibrated probability of a prepared row (binary), or the prediction (regression).
  [[nodiscard]] double probability(std::span<const double> features) const noexcept;
  /// All outputs(), after link and calibration: probability, prediction, or one probability a class.
  void scores(std::span<const double> features, std::span<double> out) const;

 private:
  const Schema* schema_;
  const prep::Pipeline* pipeline_;
  const Predictor* predictor_;
  Calibration calibration_;
  prep::FieldEncoder encoder_;
  std::vector<std::string> inputs_;
  std::vector<std::size_t> fields_;  // input -> index into schema_->fields
  std::vector<std::uint32_t> by_name_;  // inputs sorted by name
  std::vector<unsigned char> numeric_levels_;
};

/// Where a CSV file's columns go: the header matched with the schema by name, in any order.
struct ColumnMap {
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
  std::vector<std::size_t> inputs;           ///< input -> column, or kAbsent (an optional field)
  std::vector<std::size_t> ids;              ///< columns with role id, in the schema's order
  std::vector<std::string> id_names;
  std::size_t ignored = 0;                   ///< columns that are neither
  std::vector<std::string> missing_required; ///< required fields without a column: the file cannot be scored
};
[[nodiscard]] ColumnMap map_columns(const Schema& schema, std::span<const std::string> header);

}  // namespace riskflag::inline v0_1::bundle

#include <riskflag/bundle/detail/row_program.hpp>
