#include <algorithm>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

#include "table.hh"

namespace binding {

using riskflag::ColumnType;
using riskflag::ErrorCode;
using riskflag::fail;
using riskflag::quoted;

FeatureReader::FeatureReader(const Table& table, std::span<const riskflag::Feature> features) : table_(table) {
  std::vector<std::string_view> names;
  for (const TableColumn& column : table.columns()) names.push_back(column.name);
  for (const riskflag::Feature& feature : features) {
    const TableColumn* column = table.find(feature.name);
    if (column == nullptr) {
      fail(ErrorCode::schema_mismatch, "",
           "there is no column " + quoted(feature.name) + ", which the model needs" +
               riskflag::did_you_mean(feature.name, names));
    }
    const bool categorical = feature.type == riskflag::FeatureType::categorical;
    const bool has_levels = column->type == ColumnType::category;
    const bool empty = has_levels && column->levels.empty();  // nothing but missing values fits both
    if ((categorical != has_levels && !empty) || column->type == ColumnType::date) {
      fail(ErrorCode::schema_mismatch, "column " + quoted(feature.name),
           categorical ? "is a category in the model, and none here" : "is a number in the model, and none here");
    }
    Source source{column, has_levels, {}};
    for (const std::string& level : column->levels) {
      const auto found = std::lower_bound(feature.levels.begin(), feature.levels.end(), level);
      const bool known = found != feature.levels.end() && *found == level;
      source.level.push_back(known ? static_cast<double>(found - feature.levels.begin()) : riskflag::kMissing);
    }
    in_order_ = in_order_ && !has_levels && columns_.size() < table.columns().size() &&
                column == &table.columns()[columns_.size()];
    columns_.push_back(std::move(source));
  }
  in_order_ = in_order_ && columns_.size() == table.columns().size();
}

void FeatureReader::read_column(std::size_t j, std::size_t first, std::size_t count, double* out) const {
  const Source& source = columns_[j];
  source.column->read(first, count, out);
  if (!source.categorical) return;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = out[i] >= 0 ? source.level[static_cast<std::size_t>(out[i])] : riskflag::kMissing;
  }
}

void FeatureReader::read(std::size_t first, std::size_t count, double* out) const {
  for (std::size_t j = 0; j < columns_.size(); ++j) read_column(j, first, count, out + j * count);
}

std::vector<double> FeatureReader::read_all(riskflag::Executor& executor) const {
  std::vector<double> out(rows() * cols());
  executor.run(cols(), [&](std::size_t j, unsigned) { read_column(j, 0, rows(), out.data() + j * rows()); });
  return out;
}

std::optional<riskflag::MatrixView<double>> FeatureReader::as_it_lies() const noexcept {
  return in_order_ ? table_.doubles() : std::nullopt;
}

}  // namespace binding
