#pragma once

// Whole live rows beside whole training rows.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/audit/shift.hpp>
#include <riskflag/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/monitor/verdict.hpp>

namespace program {

/// A sample of rows as bundle::RowProgram reads them; a level that the model does not know is one of its own.
class RowCollector {
 public:
  explicit RowCollector(const riskflag::bundle::RowProgram& program) : sample_(program.inputs().size()) {
    for (std::size_t i = 0; i < program.inputs().size(); ++i) {
      const riskflag::Field& field = program.field(i);
      riskflag::Feature feature{.name = field.name};
      if (field.type == riskflag::ColumnType::category) {
        feature.type = riskflag::FeatureType::categorical;
        feature.levels = field.levels;
        feature.levels.emplace_back("(unseen)");
      }
      features_.push_back(std::move(feature));
    }
  }
  void add(std::vector<double> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t levels = features_[i].levels.size();
      if (levels > 0 && values[i] < 0) values[i] = static_cast<double>(levels - 1);
    }
    sample_.add(values);
  }
  [[nodiscard]] const std::vector<riskflag::Feature>& features() const noexcept { return features_; }
  [[nodiscard]] riskflag::MatrixView<double> rows() const noexcept { return sample_.rows(); }

 private:
  std::vector<riskflag::Feature> features_;
  riskflag::audit::RowSample sample_;
};

/// The table that the model learned from, or another one to compare with. Throws Error(schema_mismatch) where a column
/// lacks, Error(invalid_data) for a row that the model could not read.
inline RowCollector read_training_rows(const std::string& path, const riskflag::bundle::Bundle& bundle,
                                       const riskflag::bundle::RowProgram& program, const std::stop_token& stop) {
  using riskflag::ErrorCode;
  using riskflag::bundle::RawCell;
  RowCollector out(program);
  riskflag::FileSource source(path);
  riskflag::CsvRows rows(source, {});
  const auto columns = riskflag::bundle::map_columns(bundle.schema, rows.header());
  if (!columns.missing_required.empty()) {
    riskflag::fail(ErrorCode::schema_mismatch, path,
                   "there is no column " + riskflag::quoted(columns.missing_required.front()) +
                       ", which the model needs" + riskflag::delimiter_hint(rows.header()));
  }
  std::vector<std::string_view> cells;
  std::vector<riskflag::bundle::FieldIssue> issues;
  for (auto got = rows.next(cells); got != riskflag::CsvRows::Next::end; got = rows.next(cells)) {
    if (stop.stop_requested()) riskflag::fail(ErrorCode::cancelled, path, "stopped");
    const std::string where = path + ":" + std::to_string(rows.line());
    if (got == riskflag::CsvRows::Next::problem) riskflag::fail(ErrorCode::invalid_data, where, rows.problem().message);
    std::vector<double> values(program.inputs().size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool absent = columns.inputs[i] == riskflag::bundle::ColumnMap::kAbsent;
      const RawCell cell = absent ? RawCell{RawCell::Kind::null, {}} : RawCell::of_csv(cells[columns.inputs[i]]);
      issues.clear();
      if (!program.read(i, cell, values[i], issues)) {
        riskflag::fail(ErrorCode::invalid_data, where, issues.front().sentence());
      }
    }
    out.add(std::move(values));
  }
  return out;
}

inline std::optional<riskflag::monitor::RowDrift> row_drift_of(const RowCollector& training, const RowCollector& live) {
  riskflag::Pool pool;
  const auto shift = riskflag::audit::find_shift(training.rows(), live.rows(), training.features(), pool);
  if (!shift) return std::nullopt;
  riskflag::monitor::RowDrift out{shift->reference_rows, shift->live_rows, shift->roc_auc,
                                  shift->limit,          shift->alarm,     {}};
  for (const auto& part : shift->parts) out.fields.emplace_back(part.feature, part.share);
  return out;
}

}  // namespace program
