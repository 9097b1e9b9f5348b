#pragma once

// From files to a table whose columns, labels and parts are known, looked over by the leak guard.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/study/detail/fold_warnings.hpp>
#include <riskflag/study/detail/study_run.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// The columns as MLflow shows those of a dataset.
[[nodiscard]] inline std::string column_spec(const Schema& schema) {
  JsonWriter json;
  json.begin_object().key("mlflow_colspec").begin_array();
  for (const Field& field : schema.fields) {
    json.begin_object().key("type").value(field.type == ColumnType::number ? "double" : "string");
    json.key("name").value(std::string_view(field.name)).key("required").value(field.required).end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

inline void StudyRun::read() {
  tell("read", 0);
  const Stopwatch watch;
  // A plain file tells its columns at once: a slip in a flag is not found after minutes of reading.
  std::error_code absent;
  if (std::filesystem::is_regular_file(options_.data, absent)) {
    const std::unique_ptr<ByteSource> source =
        hooks_.open ? hooks_.open(options_.data) : std::make_unique<FileSource>(options_.data);
    require_named_columns(CsvRows(*source, csv_options(options_)).header(), options_);
  }
  table_ = read_table(options_, executor_, hooks_.open, hooks_.stop, [&](double done) { tell("read", done); });
  const std::vector<std::string>& drop = options_.columns.drop;
  const auto dropped = [&](const std::string& name) { return std::find(drop.begin(), drop.end(), name) != drop.end(); };
  std::vector<Warning> warnings;
  for (const CsvNote& note : table_.notes) {
    if (!dropped(note.column)) warnings.push_back({note.code, note.message, note.column, "", {}});
  }
  // The model directory is JSON: names and levels that are not UTF-8 would come back as other text.
  for (const Column& column : table_.frame.columns()) {
    const std::string place = "column " + quoted(column.name);
    const char* remedy = " is not UTF-8 (Latin-1, Windows-1252?); save the file as UTF-8";
    if (!is_utf8(column.name)) fail(ErrorCode::invalid_data, options_.data, place + remedy);
    if (column.type != ColumnType::category || dropped(column.name)) continue;
    std::size_t longest = 0;
    for (const std::string& level : column.levels) {
      if (!is_utf8(level)) fail(ErrorCode::invalid_data, options_.data, place + ": " + quoted(level) + remedy);
      longest = std::max(longest, level.size());
    }
    constexpr std::size_t kLongLevel = 4096;
    if (longest > kLongLevel) {
      warnings.push_back({"long_level",
                          place + " has a level of " + std::to_string(longest) +
                              " bytes; the model directory keeps every level of a feature whole",
                          column.name, "--drop " + column.name + ", unless the cell is what it should be",
                          static_cast<double>(longest)});
    }
  }
  check("read");
  schema_ = make_schema(table_.frame, options_, warnings);
  for (Warning& warning : fold_alike(std::move(warnings))) warn(std::move(warning));
  log_.log([&](track::Run& run) {
    for (const DataFile& file : table_.files) {
      run.dataset({file_name(file.path), file.sha256,
                   file.context == "train"   ? "train"
                   : file.context == "valid" ? "eval"
                                             : "test",
                   file.path, column_spec(schema_), static_cast<std::int64_t>(file.rows),
                   static_cast<std::int64_t>(table_.frame.cols())});
    }
  });
  target_ =
      read_target(table_.frame.column(options_.columns.target), result_.kind, options_.columns.positive, options_.data);
  count_classes();
  schema_.positive = target_.positive;
  schema_.target_levels = target_.levels;
  result_.positive = target_.positive;
  weights_ = read_weights(table_.frame, options_);
  offsets_ = read_offsets(table_.frame, options_);
  parts_ = make_parts(table_, schema_, options_, target_.labels);
  result_.seconds.read = watch.seconds();
  tell("read", 1);

  const bool early = options_.parts.cv > 0 || !parts_.split.valid.empty();
  if (!options_.early_stopping_given) train_options_.early_stopping_round = early ? kDefaultPatience : 0;
  if (!early) {
    train_options_.early_stopping_round = 0;
    warn({"no_validation_part",
          std::string("there are no validation rows: nothing stops the training early") +
              (binary() && options_.threshold.needs_rows() ? ", and the threshold is chosen on training rows" : ""),
          "",
          "--valid-fraction 0.1, --valid FILE or --cv 5",
          {}});
  }
}

/// num_class is the target's number of levels; one that was given has to agree.
inline void StudyRun::count_classes() {
  if (!multiclass()) return;
  const auto found = static_cast<int>(target_.levels.size());
  int& wanted = train_options_.num_class;
  if (wanted != 1 && wanted != found) {
    fail(ErrorCode::invalid_option, "num_class",
         std::to_string(wanted) + " is not what target " + quoted(options_.columns.target) +
             " has: " + std::to_string(found) + " levels; leave num_class out");
  }
  wanted = found;
}

inline void StudyRun::audit() {
  tell("audit", 0);
  Split split = parts_.split;
  if (options_.parts.cv > 0) {  // the guard looks at the first fold as if it were the validation part
    const auto labels = labels_of(split.train);
    const auto groups = gather(std::span<const std::uint64_t>(parts_.groups), split.train);
    const auto times = gather(std::span<const std::int64_t>(parts_.times), split.train);
    const auto folds = k_folds(split.train.size(), static_cast<std::size_t>(options_.parts.cv), split_options(options_),
                               labels, groups, times);
    std::vector<std::uint32_t> rest;
    std::size_t next = 0;
    for (std::size_t i = 0; i < split.train.size(); ++i) {
      const bool held = next < folds[0].size() && folds[0][next] == i;
      if (held) ++next;
      (held ? split.valid : rest).push_back(split.train[i]);
    }
    split.train = std::move(rest);
  }
  StopExecutor guarding(executor_, hooks_.stop, "audit");
  const audit::LeakOptions guard{.source = {options_.parts.kind, options_.parts.test_data, options_.parts.valid_data}};
  findings_ = fold_alike(audit::find_leaks(table_.frame, schema_, target_.labels, split, guarding, guard));
  std::string sentences;
  for (const audit::Finding& finding : findings_) {
    warn({finding.code, finding.message, finding.column, finding.remedy, finding.number});
    sentences += (sentences.empty() ? "" : "; ") + finding.code + ": " + finding.message + " (" + finding.remedy + ")";
  }
  if (options_.strict && !findings_.empty()) fail(ErrorCode::invalid_data, options_.data, "--strict: " + sentences);
  check("audit");
  tell("audit", 1);
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
