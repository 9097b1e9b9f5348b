#pragma once

// The reader: head, map of rows, first belief about types, passes until no cell contradicts.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/detail/csv_blocks.hpp>
#include <riskflag/data/detail/csv_parse.hpp>
#include <riskflag/data/detail/csv_types.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// Text per task: large enough to hide a task's cost, small enough to stay in a second-level cache.
inline constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

class TableReader {
 public:
  TableReader(const Bytes& bytes, const CsvOptions& options, Executor& executor, std::size_t block_bytes)
      : bytes_(bytes), options_(options), executor_(executor), block_bytes_(block_bytes) {}

  CsvResult read() {
    const Head head = read_head();
    cols_ = head.names.size();
    plans_ = make_plans(head.names, options_, bytes_.name());
    const RowMap map = map_rows(bytes_, head.data_begin, head.dialect, block_bytes_, executor_, [&] { poll(); });
    if (map.unclosed_quote != kNowhere) {
      fail(ErrorCode::parse, bytes_.where(map.unclosed_quote),
           "a quote that opens here is never closed; write a quote inside a cell as \"\"");
    }
    regions_ = map.regions;
    bound_rows();
    believe_sample(bytes_, head.data_begin, head.dialect, plans_, options_.max_levels);
    const RegionParser parser(bytes_, head.dialect, cols_);
    columns_.resize(cols_);
    text_sizes_.resize(cols_);
    overflow_ = std::make_unique<std::atomic<bool>[]>(cols_);
    CsvResult result;
    for (bool first = true; first || is_reading(); first = false) {
      pass(parser, first, result);
      for (std::size_t j = 0; j < cols_; ++j) settle(j, result);
    }
    explain_text_columns(parser, plans_, columns_, regions_, result.notes);
    for (std::size_t j = 0; j < cols_; ++j) {
      columns_[j].name = plans_[j].name;
      result.frame.add(std::move(columns_[j]));
    }
    result.bytes = bytes_.size();
    return result;
  }

 private:
  void poll() const {
    if (options_.stop.stop_requested()) fail(ErrorCode::cancelled, bytes_.name(), "reading was stopped on request");
  }
  [[nodiscard]] bool is_reading() const {
    return std::any_of(plans_.begin(), plans_.end(), [](const ColumnPlan& plan) { return plan.mode != Mode::skip; });
  }

  Head read_head() {
    Buffer buffer;
    for (std::uint64_t size = std::uint64_t{256} << 10;; size *= 4) {
      poll();
      const std::uint64_t end = std::min(size, bytes_.size());
      const char* text = buffer.fill(bytes_, 0, end);
      const auto head =
          parse_head({text, static_cast<std::size_t>(end)}, end == bytes_.size(), options_, bytes_.name());
      if (head) return *head;
    }
  }

  /// Gives every region its rows in the columns. A row of n cells takes at least n bytes with its line end, so a file
  /// of line ends alone cannot ask for memory beyond its own size.
  void bound_rows() {
    row_begin_.assign(regions_.size() + 1, 0);
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      const std::uint64_t most = (regions_[i].end - regions_[i].begin + 1) / cols_;
      row_begin_[i + 1] = row_begin_[i] + std::min(regions_[i].rows, std::max<std::uint64_t>(most, 1));
    }
  }

  [[nodiscard]] std::size_t max_levels(const ColumnPlan& plan) const noexcept {
    return plan.forced ? static_cast<std::size_t>(INT32_MAX) : options_.max_levels;
  }

  /// Memory for the columns that this pass fills.
  void allocate() {
    const auto rows = static_cast<std::size_t>(row_begin_.back());
    parallel_for(executor_, cols_, 1, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t j = begin; j < end; ++j) {
        Column& column = columns_[j];
        switch (plans_[j].mode) {
          case Mode::skip: break;
          case Mode::number: resize_column(column.numbers, rows); break;
          case Mode::date: resize_column(column.days, rows); break;
          case Mode::category: resize_column(column.codes, rows); break;
          case Mode::text_measure: text_sizes_[j].assign(regions_.size() + 1, 0); break;
          case Mode::text_fill:
            text_bytes(j).resize(static_cast<std::size_t>(text_sizes_[j].back()));
            resize_column(text_ends(j), rows);
            break;
        }
      }
    });
  }

  void pass(const RegionParser& parser, bool first, CsvResult& result) {
    if (text_.size() < cols_) text_.resize(cols_);
    allocate();
    workers_ = std::vector<Worker>(executor_.concurrency());
    for (Worker& worker : workers_) prepare(worker, parser.dialect());
    region_worker_.assign(regions_.size(), 0);
    std::vector<std::uint64_t> row_end(regions_.size());
    const std::size_t digest_tasks = first && options_.digest ? 1 : 0;
    std::mutex progress_mutex;
    std::uint64_t done = 0;
    executor_.run(regions_.size() + digest_tasks, [&](std::size_t task, unsigned worker_index) {
      poll();
      if (task < digest_tasks) {
        result.sha256 = digest();
        return;
      }
      const std::size_t i = task - digest_tasks;
      Worker& worker = workers_[worker_index];
      for (std::size_t j = 0; j < cols_; ++j) {
        if (worker.slots[j].mode == Mode::text_fill) worker.slots[j].text_size = text_sizes_[j][i];
        if (worker.slots[j].mode == Mode::text_measure) worker.slots[j].text_size = 0;
      }
      region_worker_[i] = worker_index;
      row_end[i] = parser.parse(worker, regions_[i].begin, regions_[i].end, row_begin_[i], row_begin_[i + 1]);
      for (std::size_t j = 0; j < cols_; ++j) {
        if (worker.slots[j].mode == Mode::text_measure) text_sizes_[j][i + 1] = worker.slots[j].text_size;
      }
      if (first && options_.progress) {
        const std::lock_guard lock(progress_mutex);
        done += regions_[i].end - regions_[i].begin;
        options_.progress(done, bytes_.size());
      }
    });
    for (std::size_t j = 0; j < cols_; ++j) {
      // text_fill sees what text_measure has counted.
      if (plans_[j].mode == Mode::skip || plans_[j].mode == Mode::text_fill) continue;
      plans_[j].missing_cells = plans_[j].bad_cells = 0;
      for (const Worker& worker : workers_) {
        plans_[j].missing_cells += worker.slots[j].missing_cells;
        plans_[j].bad_cells += worker.slots[j].bad_cells;
      }
    }
    if (first) close_gaps(row_end);
  }

  void prepare(Worker& worker, const Dialect& dialect) {
    worker.cutter = RowCutter(dialect.delimiter, cols_);
    worker.slots = std::vector<Slot>(cols_);
    for (std::size_t j = 0; j < cols_; ++j) {
      Slot& slot = worker.slots[j];
      Column& column = columns_[j];
      slot.plan = &plans_[j];
      slot.mode = plans_[j].mode;
      // A number that may be a missing token must be compared.
      if (slot.mode == Mode::number && !plans_[j].numeric_tokens) slot.look = Look::number;
      if (slot.mode == Mode::category) slot.look = Look::code;
      if (slot.mode == Mode::skip) slot.look = Look::cut;
      slot.max_levels = max_levels(plans_[j]);
      slot.overflow = &overflow_[j];
      if (slot.mode == Mode::category) {
        for (const std::string& token : plans_[j].missing) slot.levels.add_missing(token);
      }
      slot.numbers = column.numbers.data();
      slot.codes = slot.mode == Mode::date ? column.days.data() : column.codes.data();
      slot.ends = text_ends(j).data();
      slot.bytes = text_bytes(j).data();
    }
  }

  /// Digest of the text as it stands in the file.
  [[nodiscard]] std::string digest() const {
    Sha256 sha;
    Buffer buffer;
    for (std::uint64_t at = 0; at < bytes_.size(); at += block_bytes_) {
      poll();
      const std::uint64_t end = std::min(at + block_bytes_, bytes_.size());
      sha.update(buffer.fill(bytes_, at, end), static_cast<std::size_t>(end - at));
    }
    return sha.hex_digest();
  }

  /// Blank lines among the rows leave gaps behind their regions' rows: moves what was read together.
  void close_gaps(const std::vector<std::uint64_t>& row_end) {
    std::vector<std::uint64_t> begin(row_begin_.size(), 0);
    for (std::size_t i = 0; i < regions_.size(); ++i) begin[i + 1] = begin[i] + (row_end[i] - row_begin_[i]);
    const auto rows = static_cast<std::size_t>(begin.back());
    const auto close = [&](auto& values) {
      if (values.empty()) return;
      for (std::size_t i = 0; i < regions_.size(); ++i) {
        if (begin[i] == row_begin_[i]) continue;
        const auto at = [&](std::uint64_t row) { return values.begin() + static_cast<std::ptrdiff_t>(row); };
        std::copy(at(row_begin_[i]), at(row_end[i]), at(begin[i]));
      }
      values.resize(rows);
    };
    for (Column& column : columns_) {
      close(column.numbers);
      close(column.codes);
      close(column.days);
    }
    row_begin_ = std::move(begin);
  }

  /// After a pass: the column is finished, or the next type is tried.
  void settle(std::size_t j, CsvResult& result) {
    ColumnPlan& plan = plans_[j];
    Column& column = columns_[j];
    const std::uint64_t rows = row_begin_.back();
    switch (plan.mode) {
      case Mode::skip: return;
      case Mode::number:
        if (plan.bad_cells == 0) return finish(j, ColumnType::number);
        column.numbers = {};
        // Without one number among them the cells may be dates.
        plan.mode = plan.bad_cells + plan.missing_cells == rows ? Mode::date : Mode::category;
        return;
      case Mode::date:
        if (plan.bad_cells == 0) return finish(j, ColumnType::date);
        column.days = {};
        plan.mode = Mode::category;
        return;
      case Mode::category: {
        std::vector<std::string> levels = merged_levels(j);
        // A table of few rows has no half worth speaking of.
        const std::uint64_t limit = std::min<std::uint64_t>(options_.max_levels, std::max<std::uint64_t>(16, rows / 2));
        if (!plan.forced && (overflow_[j] || levels.size() > limit)) {
          column.codes = {};
          plan.mode = Mode::text_measure;
          return;
        }
        renumber(j, levels);
        column.levels = std::move(levels);
        return finish(j, ColumnType::category);
      }
      case Mode::text_measure:
        if (plan.forced != ColumnType::text) {
          result.notes.push_back({"many_levels", plan.name,
                                  "column " + quoted(plan.name) +
                                      " is text: it has more different values than a category may have (" +
                                      std::to_string(options_.max_levels) + ", or half the rows)"});
        }
        for (std::size_t i = 0; i < regions_.size(); ++i) text_sizes_[j][i + 1] += text_sizes_[j][i];
        plan.mode = Mode::text_fill;
        return;
      case Mode::text_fill:
        column.texts = TextPool::from_parts(std::move(text_bytes(j)), std::move(text_ends(j)));
        return finish(j, ColumnType::text);
    }
  }
  void finish(std::size_t j, ColumnType type) {
    columns_[j].type = type;
    plans_[j].mode = Mode::skip;
  }

  [[nodiscard]] std::vector<std::string> merged_levels(std::size_t j) const {
    std::vector<std::string> levels;
    for (const Worker& worker : workers_) {
      const auto& texts = worker.slots[j].levels.texts();
      levels.insert(levels.end(), texts.begin(), texts.end());
    }
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    return levels;
  }

  /// From each worker's own codes to the sorted dictionary's.
  void renumber(std::size_t j, const std::vector<std::string>& levels) {
    std::vector<std::vector<std::int32_t>> to(workers_.size(), {kMissingCode});  // by code + 1
    for (std::size_t w = 0; w < workers_.size(); ++w) {
      for (const std::string& text : workers_[w].slots[j].levels.texts()) {
        const auto at = std::lower_bound(levels.begin(), levels.end(), text) - levels.begin();
        to[w].push_back(static_cast<std::int32_t>(at));
      }
    }
    executor_.run(regions_.size(), [&](std::size_t i, unsigned) {
      const std::int32_t* const map = to[region_worker_[i]].data() + 1;
      std::int32_t* const codes = columns_[j].codes.data();
      for (std::uint64_t row = row_begin_[i]; row < row_begin_[i + 1]; ++row) codes[row] = map[codes[row]];
    });
  }

  [[nodiscard]] std::string& text_bytes(std::size_t j) { return text_[j].first; }
  [[nodiscard]] std::vector<std::uint64_t>& text_ends(std::size_t j) { return text_[j].second; }

  const Bytes& bytes_;
  const CsvOptions& options_;
  Executor& executor_;
  std::size_t block_bytes_;
  std::size_t cols_ = 0;
  std::vector<ColumnPlan> plans_;
  std::vector<Column> columns_;
  std::vector<Region> regions_;
  std::vector<std::uint64_t> row_begin_;  // of each region, and the end
  std::vector<unsigned> region_worker_;   // whose codes the region's rows hold
  std::vector<Worker> workers_;
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> text_;
  std::vector<std::vector<std::uint64_t>> text_sizes_;  // bytes before each region, for text columns
  std::unique_ptr<std::atomic<bool>[]> overflow_;
};

}  // namespace riskflag::inline v0_1::detail::csv

namespace riskflag::inline v0_1 {

inline CsvResult read_csv(ByteSource& source, const CsvOptions& options, Executor& executor) {
  const auto* file = dynamic_cast<const FileSource*>(&source);
  // What has no size (a pipe, /proc) is a stream.
  if (file != nullptr && file->size() > 0) {
    return detail::csv::TableReader(detail::csv::Bytes(*file), options, executor, detail::csv::kBlockBytes).read();
  }
  return detail::csv::TableReader(detail::csv::Bytes(source), options, executor, detail::csv::kBlockBytes).read();
}

inline CsvResult read_csv(const std::string& path, const CsvOptions& options, Executor& executor) {
  FileSource file(path);
  return read_csv(file, options, executor);
}

}  // namespace riskflag::inline v0_1
