#pragma once

// Rows in, scores out, in order and in bounded memory: while one batch is scored, the next one is read.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/reasons.hpp>
#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>

namespace program {

/// Counts what a source gives, to notice a file that became shorter after it was opened.
class CountingSource final : public riskflag::ByteSource {
 public:
  explicit CountingSource(riskflag::ByteSource& source) : source_(source) {}
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override {
    const std::size_t got = source_.read(buffer, size);
    bytes_ += got;
    return got;
  }
  [[nodiscard]] const std::string& name() const noexcept override { return source_.name(); }
  void check_length() const {
    const auto* file = dynamic_cast<const riskflag::FileSource*>(&source_);
    if (file != nullptr && bytes_ < file->size()) {
      riskflag::fail(riskflag::ErrorCode::io, name(),
                     "became shorter while it was read: " + std::to_string(bytes_) + " of " +
                         std::to_string(file->size()) + " bytes; score it again when it is complete");
    }
  }

 private:
  riskflag::ByteSource& source_;
  std::uint64_t bytes_ = 0;
};

/// What became of a file.
struct ScoreCounts {
  std::uint64_t rows = 0, bad = 0, high = 0;
  std::uint64_t first_bad = 0;  ///< row number, 1-based
  std::string first_error;
};

/// Some rows as text: the cells that the model and the output need, one after another in one buffer.
class RowBatch {
 public:
  static constexpr std::size_t kMostRows = 8192;
  static constexpr std::size_t kMostBytes = std::size_t{8} << 20;

  void clear(std::uint64_t first_row, std::size_t cells_per_row) {
    bytes_.clear();
    ends_.clear();
    errors_.clear();
    first_row_ = first_row;
    cells_per_row_ = cells_per_row;
  }
  [[nodiscard]] bool is_full() const noexcept { return errors_.size() >= kMostRows || bytes_.size() >= kMostBytes; }
  void add_cell(std::string_view text) {
    bytes_ += text;
    ends_.push_back(bytes_.size());
  }
  /// Ends a row; `error` is empty for one whose cells were added, else no cell was.
  void end_row(std::string error) {
    if (!error.empty()) {
      for (std::size_t i = 0; i < cells_per_row_; ++i) ends_.push_back(bytes_.size());
    }
    errors_.push_back(std::move(error));
  }
  [[nodiscard]] std::size_t rows() const noexcept { return errors_.size(); }
  [[nodiscard]] std::uint64_t first_row() const noexcept { return first_row_; }
  [[nodiscard]] const std::string& error(std::size_t row) const noexcept { return errors_[row]; }
  [[nodiscard]] std::string_view cell(std::size_t row, std::size_t cell) const noexcept {
    const std::size_t i = row * cells_per_row_ + cell;
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::string> errors_;
  std::uint64_t first_row_ = 1;
  std::size_t cells_per_row_ = 0;
};

/// Life: 1. constructed over an opened bundle and a CSV source (reads the header); 2. run(), once.
class ScoreStream {
 public:
  ScoreStream(const riskflag::bundle::Bundle& bundle, riskflag::ByteSource& source, const riskflag::CsvOptions& reading,
              riskflag::Executor& executor, std::size_t explain = 0)
      : bundle_(bundle),
        program_(bundle),
        source_(source),
        rows_(source_, reading),
        executor_(executor),
        explain_(explain) {
    if (explain > 0) reasons_.emplace(bundle);
    columns_ = riskflag::bundle::map_columns(bundle.schema, rows_.header());
    if (!columns_.missing_required.empty()) {
      std::string names;
      for (const std::string& name : columns_.missing_required)
        names += (names.empty() ? "" : ", ") + riskflag::quoted(name);
      riskflag::fail(
          riskflag::ErrorCode::schema_mismatch, source.name(),
          "there is no column " + names + ", which the model needs; columns match by name, in any order" + hint());
    }
  }

  [[nodiscard]] std::size_t ignored_columns() const noexcept { return columns_.ignored; }

  ScoreCounts run(riskflag::ByteSink& sink, const std::stop_token& stop) {
    binary_ = bundle_.kind() == riskflag::bundle::Kind::binary;
    if (bundle_.kind() == riskflag::bundle::Kind::multiclass) {
      for (const std::string& level : bundle_.schema.target_levels) classes_.push_back(riskflag::csv_cell(level));
    }
    score_cells_ = binary_ ? 2 : classes_.empty() ? 1 : classes_.size() + 1;
    sink.write(header());
    workers_.resize(executor_.concurrency());

    ScoreCounts counts;
    RowBatch current, next;
    fill(current, 1);
    while (current.rows() > 0) {
      if (stop.stop_requested())
        riskflag::fail(riskflag::ErrorCode::cancelled, source_.name(), "stopped; nothing was written");
      constexpr std::size_t kBlock = 256;
      const std::size_t blocks = (current.rows() + kBlock - 1) / kBlock;
      blocks_.assign(blocks, {});
      executor_.run(blocks + 1, [&](std::size_t task, unsigned worker) {
        if (task == 0) {
          fill(next, current.first_row() + current.rows());
        } else {
          const std::size_t begin = (task - 1) * kBlock;
          score(current, begin, std::min(begin + kBlock, current.rows()), workers_[worker], blocks_[task - 1]);
        }
      });
      for (Block& block : blocks_) {
        sink.write(block.text);
        if (block.counts.bad > 0 && counts.bad == 0) {
          counts.first_bad = block.counts.first_bad;
          counts.first_error = std::move(block.counts.first_error);
        }
        counts.rows += block.counts.rows;
        counts.bad += block.counts.bad;
        counts.high += block.counts.high;
      }
      std::swap(current, next);
    }
    source_.check_length();
    return counts;
  }

 private:
  [[nodiscard]] std::string header() const {
    std::vector<std::string> own{"row"};
    if (!classes_.empty()) {
      own.push_back("class");
      for (const std::string& level : bundle_.schema.target_levels) own.push_back("p_" + level);
    } else if (binary_) {
      own.insert(own.end(), {"probability", "risk"});
    } else {
      own.push_back("prediction");
    }
    own.push_back("error");
    for (std::size_t i = 1; i <= explain_; ++i) own.push_back("reason_" + std::to_string(i));

    const std::vector<std::string>& ids = columns_.id_names;
    const auto among = [](const std::vector<std::string>& names, const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::string line = own.front();
    for (const std::string& id : ids) {
      std::string name = id;  // names are unique, or nobody could read the scores by name
      while (among(own, name) || (name != id && among(ids, name))) name = "id_" + name;
      line += "," + riskflag::csv_cell(name);
    }
    for (std::size_t i = 1; i < own.size(); ++i) line += "," + riskflag::csv_cell(own[i]);
    return line + "\n";
  }

  /// What else may be wrong where a needed column is not there.
  [[nodiscard]] std::string hint() const {
    const std::string& name = columns_.missing_required.front();
    const bool numbered = name.size() > 1 && name[0] == 'c' && riskflag::parse_integer(name.substr(1));
    return numbered ? "; --no-header reads a file without a header" : riskflag::delimiter_hint(rows_.header());
  }

  struct Worker {
    riskflag::bundle::RowProgram::Scratch scratch;
    riskflag::bundle::ReasonProgram::Scratch reasons;
    std::vector<riskflag::bundle::Reason> found;
    std::vector<riskflag::bundle::RawCell> cells;
    std::vector<double> features, scores;
    std::vector<riskflag::bundle::FieldIssue> issues;
  };
  struct Block {
    std::string text;
    ScoreCounts counts;
  };

  /// Reads the next rows into `batch`; leaves it empty at the end of the file.
  void fill(RowBatch& batch, std::uint64_t first_row) {
    batch.clear(first_row, columns_.ids.size() + columns_.inputs.size());
    while (!batch.is_full()) {
      const auto got = rows_.next(cells_);
      if (got == riskflag::CsvRows::Next::end) return;
      if (got == riskflag::CsvRows::Next::problem) {
        batch.end_row("line " + std::to_string(rows_.problem().line) + ": " + rows_.problem().message);
        continue;
      }
      for (const std::size_t column : columns_.ids) batch.add_cell(cells_[column]);
      for (const std::size_t column : columns_.inputs) {
        batch.add_cell(column == riskflag::bundle::ColumnMap::kAbsent ? std::string_view() : cells_[column]);
      }
      batch.end_row({});
    }
  }

  void score(const RowBatch& batch, std::size_t begin, std::size_t end, Worker& worker, Block& block) const {
    const std::size_t ids = columns_.ids.size(), inputs = columns_.inputs.size();
    worker.cells.resize(inputs);
    worker.features.resize(program_.features());
    worker.scores.resize(program_.outputs());
    for (std::size_t row = begin; row < end; ++row) {
      ++block.counts.rows;
      riskflag::append_number(block.text, static_cast<std::int64_t>(batch.first_row() + row));
      for (std::size_t i = 0; i < ids; ++i) block.text += "," + riskflag::csv_cell(batch.cell(row, i));
      std::string error = batch.error(row);
      if (error.empty()) {
        for (std::size_t i = 0; i < inputs; ++i) {
          worker.cells[i] = columns_.inputs[i] == riskflag::bundle::ColumnMap::kAbsent
                                ? riskflag::bundle::RawCell{}
                                : riskflag::bundle::RawCell::of_csv(batch.cell(row, ids + i));
        }
        worker.issues.clear();
        if (program_.prepare(worker.cells, worker.features, worker.scratch, worker.issues)) {
          program_.scores(worker.features, worker.scores);
          write_scores(worker.scores, block);
          block.text += ',';
          if (explain_ > 0) write_reasons(worker, block.text);
          block.text += '\n';
          continue;
        }
        for (const auto& issue : worker.issues) error += (error.empty() ? "" : "; ") + issue.sentence();
      }
      if (block.counts.bad++ == 0) {
        block.counts.first_bad = batch.first_row() + row;
        block.counts.first_error = error;
      }
      block.text.append(score_cells_ + 1, ',');
      block.text += riskflag::csv_cell(error);
      block.text.append(explain_, ',');
      block.text += '\n';
    }
  }

  /// The row's cells between the ids and the error, each behind its comma.
  void write_scores(std::span<const double> scores, Block& block) const {
    if (!classes_.empty()) {
      std::size_t called = 0;  // of equal ones the first
      for (std::size_t k = 1; k < scores.size(); ++k) called = scores[k] > scores[called] ? k : called;
      block.text += "," + classes_[called];
    }
    for (const double score : scores) {
      block.text += ',';
      riskflag::append_number(block.text, score);
    }
    if (!binary_) return;
    const bool high = scores[0] >= bundle_.decision.threshold;
    block.counts.high += high ? 1 : 0;
    block.text += high ? ",High" : ",Low";
  }

  /// The codes of the row's reasons, and empty cells for those that it does not have.
  void write_reasons(Worker& worker, std::string& text) const {
    reasons_->reasons(worker.features, explain_, worker.found, worker.reasons);
    for (std::size_t i = 0; i < explain_; ++i) {
      text += ',';
      if (i < worker.found.size()) text += riskflag::csv_cell(worker.found[i].code);
    }
  }

  const riskflag::bundle::Bundle& bundle_;
  riskflag::bundle::RowProgram program_;
  CountingSource source_;
  riskflag::CsvRows rows_;
  riskflag::Executor& executor_;
  std::size_t explain_;
  std::optional<riskflag::bundle::ReasonProgram> reasons_;
  riskflag::bundle::ColumnMap columns_;
  bool binary_ = true;
  std::vector<std::string> classes_;  ///< of multiclass models: the levels as cells
  std::size_t score_cells_ = 1;       ///< of a row, without its error
  std::vector<std::string_view> cells_;
  std::vector<Worker> workers_;
  std::vector<Block> blocks_;
};

}  // namespace program
