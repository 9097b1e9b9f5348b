// Any bytes, read as a table in blocks of any size and as a stream, are the slow reader's table or an Error fit to
// print.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
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

void check_frame(const Frame& frame, const std::vector<slow::Row>& rows) {
  demand(frame.cols() == rows[0].size());
  demand(frame.rows() == rows.size() - 1);
  for (std::size_t j = 0; j < frame.cols(); ++j) {
    const Column& column = frame.column(j);
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
  CsvOptions options;
  options.delimiter = ',';
  options.header = false;
  auto rows = slow::read_rows(text);
  const bool is_table = rows && !rows->empty();
  if (is_table) rows->insert(rows->begin(), slow::Row(rows->front().size()));
  MemorySource source(text, "fuzz.csv");
  const detail::csv::Bytes bytes(source);
  SerialExecutor serial;
  try {
    const CsvResult result = detail::csv::TableReader(bytes, options, serial, 1 + data[0] % 128).read();
    demand(is_table);
    check_frame(result.frame, *rows);
  } catch (const Error& error) {
    demand(!is_table);
    demand(!error.where().empty() && is_utf8(error.message()));
  }
  return 0;
}
