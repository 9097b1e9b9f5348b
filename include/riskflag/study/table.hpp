#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/study/append_rows.hpp>
#include <riskflag/study/options.hpp>

namespace riskflag::inline v0_1::study {

/// Opens a path for reading. The library reads plain files; a program that links zlib hands in gzip's open_source().
using OpenSource = std::function<std::unique_ptr<ByteSource>(const std::string& path)>;

/// One file that was read.
struct DataFile {
  std::string path;
  std::string context;  ///< "train", "valid", "test"
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// All rows of a study in one frame: those of the training file, then of the validation file, then of the test file.
struct Table {
  Frame frame;
  std::vector<DataFile> files;
  std::vector<CsvNote> notes;
  std::size_t data_rows = 0, valid_rows = 0, test_rows = 0;  ///< of each file
};

/// What the CSV reader is told for the training file.
[[nodiscard]] CsvOptions csv_options(const StudyOptions& options);

/// Reads the study's files. The columns of the training file fix those of the others: their types, and that they are
/// there (but for ids, dropped and reporting columns). Throws Error as read_csv does; invalid_data for a file without
/// rows.
[[nodiscard]] Table read_table(const StudyOptions& options, Executor& executor, const OpenSource& open,
                               std::stop_token stop, const std::function<void(double fraction)>& progress);

// definitions

inline CsvOptions csv_options(const StudyOptions& options) {
  CsvOptions csv;
  const ReadingOptions& reading = options.reading;
  set_delimiter(csv, reading.delimiter, "--delimiter");
  csv.header = reading.header;
  csv.skip_rows = static_cast<std::size_t>(reading.skip_rows);
  if (reading.missing) csv.missing = *reading.missing;
  csv.column_missing = reading.column_missing;
  csv.date_formats = reading.date_formats;
  csv.keep_text = options.columns.id;
  csv.allow_absent = true;  // require_named_columns() refuses those, under the flags that named them
  for (const std::string& name : options.columns.numeric) csv.types[name] = ColumnType::number;
  for (const std::string& name : options.columns.categorical) csv.types[name] = ColumnType::category;
  return csv;
}

namespace detail {

inline CsvResult read_one(const std::string& path, const CsvOptions& csv, Executor& executor, const OpenSource& open) {
  CsvResult result;
  if (open) {
    const std::unique_ptr<ByteSource> source = open(path);
    result = read_csv(*source, csv, executor);
  } else {
    result = read_csv(path, csv, executor);
  }
  if (result.frame.rows() == 0) {
    fail(ErrorCode::invalid_data, path,
         "there is a header and no row below it; at least two rows are needed to learn anything");
  }
  return result;
}

/// The reader's options for a further file: every column as the training file has it.
[[nodiscard]] inline CsvOptions like(CsvOptions csv, const Frame& frame) {
  for (const Column& column : frame.columns()) csv.types[column.name] = column.type;
  return csv;
}

inline void require_columns(const Frame& frame, const Frame& further, const StudyOptions& options,
                            const std::string& path) {
  std::vector<std::string> optional = options.columns.id;
  for (const auto* names : {&options.columns.drop, &options.columns.protected_, &options.parts.group_by}) {
    optional.insert(optional.end(), names->begin(), names->end());
  }
  optional.push_back(options.parts.time_by);
  for (const Column& column : frame.columns()) {
    if (further.find(column.name) != nullptr || column.type == ColumnType::text) continue;
    if (std::find(optional.begin(), optional.end(), column.name) != optional.end()) continue;
    fail(ErrorCode::schema_mismatch, path,
         "there is no column " + quoted(column.name) + ", which " + options.data +
             " has; columns match by name, in any order");
  }
}

}  // namespace detail

inline Table read_table(const StudyOptions& options, Executor& executor, const OpenSource& open, std::stop_token stop,
                        const std::function<void(double)>& progress) {
  CsvOptions csv = csv_options(options);
  csv.stop = std::move(stop);
  if (progress) {
    csv.progress = [&progress](std::uint64_t done, std::uint64_t total) {
      progress(total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total));
    };
  }
  Table table;
  const auto keep = [&table](CsvResult& result, const std::string& path, const char* context) {
    table.files.push_back({path, context, result.frame.rows(), result.bytes, result.sha256});
    for (CsvNote& note : result.notes) table.notes.push_back(std::move(note));
  };
  CsvResult data = detail::read_one(options.data, csv, executor, open);
  keep(data, options.data, "train");
  table.data_rows = data.frame.rows();
  table.frame = std::move(data.frame);

  const auto read_further = [&](const std::string& path, const char* context,
                                const std::optional<std::uint64_t>& skip_rows) -> std::size_t {
    if (path.empty()) return 0;
    CsvOptions same = detail::like(csv, table.frame);
    if (skip_rows) same.skip_rows = static_cast<std::size_t>(*skip_rows);
    CsvResult further = detail::read_one(path, same, executor, open);
    detail::require_columns(table.frame, further.frame, options, path);
    keep(further, path, context);
    const std::size_t rows = further.frame.rows();
    table.frame = append_rows(table.frame, further.frame);
    return rows;
  };
  table.valid_rows = read_further(options.parts.valid_data, "valid", options.reading.valid_skip_rows);
  table.test_rows = read_further(options.parts.test_data, "test", options.reading.test_skip_rows);
  return table;
}

}  // namespace riskflag::inline v0_1::study
