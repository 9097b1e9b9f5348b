#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/frame.hpp>

namespace riskflag::inline v0_1 {

/// How CSV text is read. The dialect is RFC 4180 with these widenings: LF or CRLF ends a row, the last one needs none;
/// a UTF-8 byte order mark is skipped; blanks (space, tab) around an unquoted cell and outside the quotes of a quoted
/// one are trimmed; a quote inside an unquoted cell is itself; lines of nothing but blanks are skipped. Bytes are
/// untouched.
struct CsvOptions {
  char delimiter = 0;            ///< 0: found from the first rows among , tab ; | and blanks
  bool collapse_blanks = false;  ///< runs of spaces and tabs are one delimiter
  bool header = true;            ///< false: columns are c0, c1, ...
  std::size_t skip_rows = 0;     ///< lines left out before the header
  std::vector<std::string> missing = {"", "NA", "NaN", "null", "?"};  ///< cells that mean missing, quoted or not
  std::map<std::string, std::vector<std::string>> column_missing{};   ///< more such cells of one column
  std::map<std::string, ColumnType> types{};                          ///< forced: a cell that breaks it is an error
  std::map<std::string, std::string> date_formats{};  ///< columns that are dates of this format (core/calendar.hpp)
  std::vector<std::string> keep_text{};               ///< columns that stay text (ids)
  std::size_t max_levels = 1000;                      ///< a category has at most so many levels (and half its rows)
  bool allow_absent = false;                          ///< columns that the options name may be absent
  bool digest = true;                                 ///< compute CsvResult::sha256
  std::stop_token stop{};                             ///< asked once a block; then Error(cancelled)
  std::function<void(std::uint64_t done, std::uint64_t total)>
      progress{};  ///< bytes parsed; one call at a time, on any thread
};

/// Sets what separates cells from words: "auto", "tab", "space" (runs of blanks count as one) or one character. Throws
/// Error(invalid_option) under `where` for anything else.
void set_delimiter(CsvOptions& options, std::string_view text, const std::string& where);

/// "; its only column is named ..." when the names look like a header that was not cut; else "". For messages about a
/// column that is not there.
[[nodiscard]] std::string delimiter_hint(const std::vector<std::string>& names);

/// Something the reader did that its user may not expect.
struct CsvNote {
  std::string
      code;  ///< "text_column": not a number because of few cells; "many_levels": text because of too many levels
  std::string column;
  std::string message;  ///< with file:line of the first cell
};

struct CsvResult {
  Frame frame;
  std::vector<CsvNote> notes;
  std::uint64_t bytes = 0;  ///< of text (after decompression)
  std::string sha256;       ///< of that text, hex; "" when CsvOptions::digest is off
};

/// The table in `path`, a plain file. Types are inferred over the whole file: a column is a number when every cell is
/// one or missing; then a date; then a category of at most max_levels and half its rows (16 in short tables); else
/// text. An integer with leading zeros or beyond 2^53 is not a number unless `types` says so; nor are "inf" and what
/// overflows. Values are strtod's, bit for bit; the result does not depend on the executor. Memory: the columns and
/// small blocks.
///
/// Throws Error with "file:line": parse for a ragged row, an unclosed quote, text after a closing quote, a NUL byte, a
/// bare CR, an empty file; invalid_data for duplicate names; schema_mismatch for a cell against its forced type;
/// not_found for an option that names no column; io; cancelled.
[[nodiscard]] CsvResult read_csv(const std::string& path, const CsvOptions& options, Executor& executor);
/// The same from any source (gzip, standard input, memory): what exceeds 64 MiB goes through an unlinked temporary
/// file.
[[nodiscard]] CsvResult read_csv(ByteSource& source, const CsvOptions& options, Executor& executor);

/// A row that cannot be used: the physical line it starts on (1-based), and what was found and would be accepted.
struct RowProblem {
  std::uint64_t line = 0;
  std::string message;
};

/// Rows of CSV text one after another, as views of cells: what scoring programs stream. Same dialect as read_csv; of
/// the options it uses the dialect's alone (delimiter, collapse_blanks, header, skip_rows).
///
/// Life: 1. constructed: reads the header (throws as read_csv does); 2. next() until it returns end. Memory: one row.
class CsvRows {
 public:
  enum class Next {
    row,      ///< cells are filled
    problem,  ///< this row cannot be used, see problem(); the next one may be
    end,
  };
  CsvRows(ByteSource& source, const CsvOptions& options);
  ~CsvRows();
  CsvRows(const CsvRows&) = delete;
  CsvRows& operator=(const CsvRows&) = delete;

  [[nodiscard]] const std::vector<std::string>& header() const noexcept;
  /// The next row's cells: header().size() views, valid until the next call. Throws io only.
  [[nodiscard]] Next next(std::vector<std::string_view>& cells);
  /// Physical line (1-based) where the row of the last next() starts.
  [[nodiscard]] std::uint64_t line() const noexcept;
  /// The row's bytes as they stand in the text, without the line end.
  [[nodiscard]] std::string_view raw() const noexcept;
  [[nodiscard]] const RowProblem& problem() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes header and rows, LF, cells quoted when they must be; missing is empty. read_csv with the same types gives the
/// same bits back (a text that is one of the reader's missing tokens reads as missing).
void write_csv(const Frame& frame, ByteSink& sink);
/// The cell as CSV writes it: in quotes when it holds a comma, quote, line end or outer blanks.
[[nodiscard]] std::string csv_cell(std::string_view text);

inline std::string delimiter_hint(const std::vector<std::string>& names) {
  if (names.size() != 1) return {};
  for (const auto& [mark, word] : {std::pair(',', "\",\""), std::pair(';', "\";\""), std::pair('\t', "tab"),
                                   std::pair('|', "\"|\""), std::pair(' ', "space")}) {
    if (names[0].find(mark) != std::string::npos)
      return "; its only column is named " + quoted(names[0]) + ": is it --delimiter " + word + "?";
  }
  return {};
}

}  // namespace riskflag::inline v0_1

#include <riskflag/data/detail/csv_read.hpp>
#include <riskflag/data/detail/csv_rows.hpp>
#include <riskflag/data/detail/csv_write.hpp>
