// Any bytes, read as a table in blocks of any size and as a stream, are the slow reader's table or an Error fit to
// print.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>

#include "../data/slow_csv.hpp"

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

void check_frame(const Frame& frame, const std::vector<slow::Row>& rows, const slow::Row& names) {
  demand(frame.cols() == names.size());
  demand(frame.rows() == rows.size() - 1);
  for (std::size_t j = 0; j < frame.cols(); ++j) {
    const Column& column = frame.column(j);
    demand(column.name == names[j]);
    const ColumnType type = slow::type_of(rows, j);
    demand(column.type == type || (column.type == ColumnType::date && type != ColumnType::number));
    for (std::size_t i = 0; i < frame.rows(); ++i) {
      const std::string& cell = rows[i + 1][j];
      demand(column.is_missing_at(i) == slow::is_missing(cell));
      if (slow::is_missing(cell) || column.type == ColumnType::date) continue;
      if (column.type == ColumnType::number) {
        demand(std::bit_cast<std::uint64_t>(column.numbers[i]) == std::bit_cast<std::uint64_t>(*slow::number(cell)));
      } else {
        demand(column.cell_text(i) == cell);
      }
    }
  }
}

/// The stream gives the same rows, or meets a problem where there is one.
void check_stream(std::string_view text, const CsvOptions& options, const std::vector<slow::Row>* rows) {
  MemorySource source(text, "fuzz.csv");
  std::size_t i = 1;
  bool met_problem = false;
  try {
    CsvRows stream(source, options);
    std::vector<std::string_view> cells;
    for (CsvRows::Next next; (next = stream.next(cells)) != CsvRows::Next::end; ++i) {
      met_problem = met_problem || next == CsvRows::Next::problem;
      if (rows == nullptr) continue;
      demand(next == CsvRows::Next::row && i < rows->size());
      demand(slow::Row(cells.begin(), cells.end()) == (*rows)[i]);
    }
  } catch (const Error&) {
    met_problem = true;
  }
  demand(met_problem == (rows == nullptr));
  demand(rows == nullptr || i == rows->size());
}

/// Read in blocks of some size and as a stream: what the slow reader says of the text in this dialect.
void compare(std::string_view text, CsvOptions options, std::size_t block_bytes) {
  auto rows = slow::read_rows(text, {options.delimiter, options.collapse_blanks, options.skip_rows});
  std::optional<slow::Row> names;
  if (rows && !rows->empty()) names = slow::name_columns(*rows, options.header);
  check_stream(text, options, names ? &*rows : nullptr);
  MemorySource source(text, "fuzz.csv");
  const detail::csv::Bytes bytes(source);
  SerialExecutor serial;
  try {
    const CsvResult result = detail::csv::TableReader(bytes, options, serial, block_bytes).read();
    demand(names.has_value());
    check_frame(result.frame, *rows, *names);
  } catch (const Error& error) {
    demand(!names);
    demand(!error.where().empty() && is_utf8(error.message()));
  }
}

/// Whatever the options, nothing but an Error may come out.
void read_loosely(std::string_view text, std::uint8_t knob) {
  CsvOptions options;
  options.collapse_blanks = (knob & 1) != 0;
  options.header = (knob & 2) != 0;
  options.skip_rows = knob >> 6;
  options.allow_absent = true;
  if ((knob & 4) != 0) options.types["c0"] = ColumnType::number;
  if ((knob & 8) != 0) options.keep_text = {"c1"};
  if ((knob & 16) != 0) options.types["c2"] = ColumnType::category;
  if ((knob & 32) != 0) options.max_levels = 2;
  SerialExecutor serial;
  MemorySource source(text, "fuzz.csv");
  try {
    (void)read_csv(source, options, serial);
  } catch (const Error& error) {
    demand(std::string_view(error.what()).starts_with("fuzz.csv"));
  }
  MemorySource again(text, "fuzz.csv");
  try {
    CsvRows rows(again, options);
    std::vector<std::string_view> cells;
    while (rows.next(cells) != CsvRows::Next::end) demand(rows.line() > 0);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  read_loosely(text, data[1]);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return 0;  // refused as UTF-16
  static constexpr char kDelimiters[] = {',', ';', '\t', ' ', '|', ',', '\xA7', ','};
  CsvOptions options;
  options.delimiter = kDelimiters[data[1] % 8];
  options.collapse_blanks = data[1] % 8 == 5;
  options.header = (data[1] & 8) != 0;
  options.skip_rows = (data[1] >> 4) % 4;
  compare(text, options, 1 + data[0] % 128);
  return 0;
}
