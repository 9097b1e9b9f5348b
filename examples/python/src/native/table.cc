#include "table.hh"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

#include "format.hh"

namespace binding {
namespace {

using riskflag::ColumnType;
using riskflag::ErrorCode;
using riskflag::fail;
using riskflag::quoted;

template <class T>
void read_as(const Piece& piece, std::size_t first, std::size_t count, double* out) {
  const unsigned char* at = piece.values + static_cast<std::ptrdiff_t>(first) * piece.stride;
  for (std::size_t i = 0; i < count; ++i, at += piece.stride) {
    T value;
    std::memcpy(&value, at, sizeof value);
    out[i] = static_cast<double>(value);
  }
  if (piece.valid == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t bit = piece.first_bit + first + i;
    if ((piece.valid[bit / 8] >> (bit % 8) & 1) == 0) out[i] = riskflag::kMissing;
  }
}

/// The letter of a numpy type.
char format_of(nb::dlpack::dtype type, const std::string& name) {
  const auto code = static_cast<nb::dlpack::dtype_code>(type.code);
  const auto by_bits = [&](const char* letters) {  // of 8, 16, 32 and 64 bits
    return type.bits == 8 ? letters[0] : type.bits == 16 ? letters[1] : type.bits == 32 ? letters[2] : letters[3];
  };
  char format = 0;
  if (code == nb::dlpack::dtype_code::Int && type.bits <= 64) format = by_bits("csil");
  if (code == nb::dlpack::dtype_code::UInt && type.bits <= 64) format = by_bits("CSIL");
  if (code == nb::dlpack::dtype_code::Bool && type.bits == 8) format = '?';
  if (code == nb::dlpack::dtype_code::Float && (type.bits == 32 || type.bits == 64))
    format = type.bits == 32 ? 'f' : 'g';
  if (format == 0) {
    fail(ErrorCode::invalid_data, "column " + quoted(name),
         "is of a type that is not read; accepted: float32, float64, integers, bool");
  }
  return format;
}

}  // namespace

std::size_t size_of(char format) {
  switch (format) {
    case 'c':
    case 'C':
    case '?': return 1;
    case 's':
    case 'S': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    default: return 8;
  }
}

void Piece::read(std::size_t first, std::size_t count, double* out) const {
  switch (format) {
    case 'c': return read_as<std::int8_t>(*this, first, count, out);
    case 'C':
    case '?': return read_as<std::uint8_t>(*this, first, count, out);
    case 's': return read_as<std::int16_t>(*this, first, count, out);
    case 'S': return read_as<std::uint16_t>(*this, first, count, out);
    case 'i': return read_as<std::int32_t>(*this, first, count, out);
    case 'I': return read_as<std::uint32_t>(*this, first, count, out);
    case 'l': return read_as<std::int64_t>(*this, first, count, out);
    case 'L': return read_as<std::uint64_t>(*this, first, count, out);
    case 'f': return read_as<float>(*this, first, count, out);
    default: return read_as<double>(*this, first, count, out);
  }
}

void TableColumn::read(std::size_t first, std::size_t count, double* out) const {
  for (const Piece& piece : pieces) {
    if (count == 0) return;
    if (first >= piece.rows) {
      first -= piece.rows;
      continue;
    }
    const std::size_t here = std::min(count, piece.rows - first);
    piece.read(first, here, out);
    out += here;
    count -= here;
    first = 0;
  }
}

const TableColumn* Table::find(std::string_view name) const noexcept {
  for (const TableColumn& column : columns_) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

void Table::add(TableColumn column) {
  std::size_t rows = 0;
  for (const Piece& piece : column.pieces) rows += piece.rows;
  if (find(column.name) != nullptr) {
    fail(ErrorCode::invalid_data, "column " + quoted(column.name), "stands in the table twice; names are unique");
  }
  if (!columns_.empty() && rows != rows_) {
    fail(ErrorCode::invalid_data, "column " + quoted(column.name),
         "has " + std::to_string(rows) + " rows, the table has " + std::to_string(rows_));
  }
  rows_ = rows;
  columns_.push_back(std::move(column));
  doubles_.reset();
  floats_.reset();
}

void Table::add_numbers(std::string name, const Numbers& values) {
  Piece piece;
  piece.format = format_of(values.dtype(), name);
  piece.values = static_cast<const unsigned char*>(values.data());
  piece.stride = values.stride(0) * static_cast<std::ptrdiff_t>(size_of(piece.format));
  piece.rows = values.shape(0);
  memory_.push_back(std::make_shared<std::remove_cvref_t<decltype(values)>>(values));
  add({std::move(name), ColumnType::number, {}, {piece}});
}

void Table::add_category(std::string name, const Codes& codes, std::vector<std::string> levels) {
  for (std::size_t i = 0; i < codes.shape(0); ++i) {
    if (codes(i) >= static_cast<std::int64_t>(levels.size())) {
      fail(ErrorCode::invalid_data, "column " + quoted(name), "has a code beyond its levels");
    }
  }
  Piece piece{'i',           reinterpret_cast<const unsigned char*>(codes.data()), codes.stride(0) * 4, nullptr, 0,
              codes.shape(0)};
  memory_.push_back(std::make_shared<Codes>(codes));
  add({std::move(name), ColumnType::category, std::move(levels), {piece}});
}

void Table::add_dates(std::string name, const Numbers& days) {
  add_numbers(std::move(name), days);
  columns_.back().type = ColumnType::date;
}

void Table::add_matrix(const std::vector<std::string>& names, const Matrix& values) {
  const std::size_t rows = values.shape(0), cols = values.shape(1);
  if (names.size() != cols) {
    fail(
        ErrorCode::schema_mismatch, "",
        "the table has " + std::to_string(cols) + " columns, and there are " + std::to_string(names.size()) + " names");
  }
  const char format = format_of(values.dtype(), "X");
  const auto size = static_cast<std::ptrdiff_t>(size_of(format));
  memory_.push_back(std::make_shared<std::remove_cvref_t<decltype(values)>>(values));
  const bool alone = columns_.empty();
  for (std::size_t j = 0; j < cols; ++j) {
    Piece piece;
    piece.format = format;
    piece.values =
        static_cast<const unsigned char*>(values.data()) + static_cast<std::ptrdiff_t>(j) * values.stride(1) * size;
    piece.stride = values.stride(0) * size;
    piece.rows = rows;
    add({names[j], ColumnType::number, {}, {piece}});
  }
  if (!alone) return;
  if (format == 'g')
    doubles_.emplace(static_cast<const double*>(values.data()), rows, cols, values.stride(0), values.stride(1));
  if (format == 'f')
    floats_.emplace(static_cast<const float*>(values.data()), rows, cols, values.stride(0), values.stride(1));
}

std::vector<riskflag::Feature> Table::features() const {
  std::vector<riskflag::Feature> out;
  std::vector<double> block(4096);
  for (const TableColumn& column : columns_) {
    riskflag::Feature& feature =
        out.emplace_back(riskflag::Feature{column.name, riskflag::FeatureType::numeric, {}, {column.name}});
    if (column.type == ColumnType::date) {
      fail(ErrorCode::invalid_data, "column " + quoted(column.name),
           "holds dates; make it a number, such as days before the application");
    }
    if (column.type != ColumnType::category) continue;
    feature.type = riskflag::FeatureType::categorical;
    std::vector<bool> used(column.levels.size());
    for (std::size_t first = 0; first < rows_; first += block.size()) {
      const std::size_t count = std::min(block.size(), rows_ - first);
      column.read(first, count, block.data());
      for (std::size_t i = 0; i < count; ++i) {
        if (block[i] >= 0) used[static_cast<std::size_t>(block[i])] = true;  // false for NaN
      }
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i]) feature.levels.push_back(column.levels[i]);
    }
    std::sort(feature.levels.begin(), feature.levels.end());
    if (std::adjacent_find(feature.levels.begin(), feature.levels.end()) != feature.levels.end()) {
      fail(ErrorCode::invalid_data, "column " + quoted(column.name), "has two levels of the same text");
    }
  }
  return out;
}

void bind_table(nb::module_& module) {
  nb::class_<Table>(module, "Table", "Columns of numpy, pandas or Arrow, kept alive and read where they lie.")
      .def(nb::init<>())
      .def("add_numbers", &Table::add_numbers, nb::arg("name"), nb::arg("values").noconvert())
      .def("add_category", &Table::add_category, nb::arg("name"), nb::arg("codes").noconvert(), nb::arg("levels"),
           "Codes are indices into `levels`; -1 is missing.")
      .def("add_dates", &Table::add_dates, nb::arg("name"), nb::arg("days").noconvert(),
           "Days since 1970-01-01; NaN is missing.")
      .def("add_matrix", &Table::add_matrix, nb::arg("names"), nb::arg("values").noconvert())
      .def("add_arrow", &Table::add_arrow, nb::arg("capsule"), "All columns of an __arrow_c_stream__ capsule.")
      .def_prop_ro("rows", &Table::rows)
      .def_prop_ro("names", [](const Table& table) {
        std::vector<std::string> names;
        for (const TableColumn& column : table.columns()) names.push_back(column.name);
        return names;
      });
}

}  // namespace binding
