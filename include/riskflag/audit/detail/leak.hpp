#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/audit/detail/column_check.hpp>
#include <riskflag/audit/detail/lookup.hpp>
#include <riskflag/audit/detail/row_groups.hpp>
#include <riskflag/audit/detail/row_hash.hpp>
#include <riskflag/audit/detail/sample.hpp>
#include <riskflag/audit/detail/split_check.hpp>
#include <riskflag/audit/leak.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/metrics/classification.hpp>

namespace riskflag::inline v0_1::audit {

namespace detail {

[[nodiscard]] inline std::string fixed(double x, int digits) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::fixed, digits);
  return {buffer.data(), end.ptr};
}
/// "85.6 %"; as many digits as it takes not to say 100 % of what is less.
[[nodiscard]] inline std::string percent(double share) {
  for (int digits = 1; digits < 6; ++digits) {
    std::string text = fixed(100 * share, digits);
    if (digits == 5 || share >= 1 || !text.starts_with("100")) return text + " %";
  }
  return {};
}

/// What all checks look at.
struct LeakInputs {
  std::vector<const Column*> columns{};
  std::span<const double> labels{};
  std::vector<RowPart> parts{};
  std::vector<std::uint32_t> held_out{};  ///< valid and test
  bool binary = true;
};

[[nodiscard]] inline LeakInputs leak_inputs(const Frame& frame, const Schema& schema, std::span<const double> labels,
                                            const Split& split) {
  if (labels.size() != frame.rows()) {
    fail(ErrorCode::invalid_data, "leak guard",
         std::to_string(labels.size()) + " labels for " + std::to_string(frame.rows()) +
             " rows; one label a row is needed");
  }
  LeakInputs in;
  in.labels = labels;
  for (const std::size_t field : schema.features()) in.columns.push_back(&frame.column(schema.fields[field].name));
  in.parts.assign(frame.rows(), RowPart::none);
  const auto mark = [&](const std::vector<std::uint32_t>& rows, RowPart part) {
    for (const std::uint32_t row : rows) {
      if (row >= frame.rows()) {
        fail(ErrorCode::invalid_data, "leak guard",
             "the split names row " + std::to_string(row) + " of " + std::to_string(frame.rows()));
      }
      in.parts[row] = part;
    }
  };
  mark(split.train, RowPart::train);
  mark(split.valid, RowPart::valid);
  mark(split.test, RowPart::test);
  in.held_out = split.valid;
  in.held_out.insert(in.held_out.end(), split.test.begin(), split.test.end());
  in.binary = std::all_of(labels.begin(), labels.end(), [](double y) { return y == 0 || y == 1; });
  return in;
}

/// The columns by which rows are compared: all but those that name rows, if any is left.
struct Compared {
  std::vector<const Column*> columns{};
  std::string aside{};        ///< " (\"Id\" aside)", for messages
  std::string give_role{};    ///< the flags that take those columns out of the features, for remedies
  bool without_keys = false;  ///< some column was left out
};

[[nodiscard]] inline Compared compared_columns(std::span<const Column* const> columns,
                                               const std::vector<bool>& is_key) {
  Compared out;
  std::string names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!is_key[i]) {
      out.columns.push_back(columns[i]);
      continue;
    }
    names += (names.empty() ? "" : ", ") + quoted(columns[i]->name);
    out.give_role += "--id " + shell_word(columns[i]->name) + " ";
  }
  if (names.empty() || out.columns.empty()) return {{columns.begin(), columns.end()}};
  out.aside = " (" + names + " aside)";
  out.without_keys = true;
  return out;
}

/// What brings equal rows of the table to one side.
[[nodiscard]] inline std::string grouping(const Compared& compared, const SplitSource& source) {
  return compared.give_role + "--split group --group-by fields" +
         (source.kind == SplitKind::time ? " (instead of --split time --time-by)" : "");
}

/// Of one held-out part: how many of its rows training has seen.
[[nodiscard]] inline std::optional<Finding> split_finding(const LeakInputs& in, const Compared& compared,
                                                          const Split& split, const RowGroups& groups,
                                                          const LeakOptions& options, RowPart side) {
  const bool by_test = side == RowPart::test;
  const std::vector<std::uint32_t>& judged = by_test ? split.test : split.valid;
  if (judged.empty()) return std::nullopt;
  std::uint64_t shared = 0;
  double train_sum = 0;
  for (const std::uint32_t row : split.train) train_sum += in.labels[row];
  const double overall = split.train.empty() ? 0 : train_sum / static_cast<double>(split.train.size());
  std::vector<double> scores, labels;
  for (const std::uint32_t row : judged) {
    const bool known = !is_missing(groups.train_mean[row]);
    shared += known ? 1 : 0;
    scores.push_back(known ? groups.train_mean[row] : overall);
    labels.push_back(in.labels[row]);
  }
  const double share = static_cast<double>(shared) / static_cast<double>(judged.size());
  if (share < options.split_share) return std::nullopt;
  const double chance = chance_share(compared.columns, split.train, judged);
  if (share - chance < options.split_share || share < 2 * chance) return std::nullopt;

  Finding out{.code = "split_leak", .number = share, .count = shared};
  const std::string part = by_test ? "test" : "validation";
  out.message = std::to_string(shared) + " of " + std::to_string(judged.size()) + " " + part + " rows (" +
                percent(share) + ") have their feature row" + compared.aside + " in the training part too";
  if (in.binary) out.auc = metrics::roc_auc(scores, labels).value;
  if (out.auc) {
    out.message +=
        "; a look-up table of training rows alone reaches ROC-AUC " + fixed(*out.auc, 3) + " on the " + part + " part";
  }
  out.message += by_test ? ", so a score on this split says little about new applicants"
                         : ", so early stopping and the threshold are chosen on rows that the trees have learned";
  const std::string& file = by_test ? options.source.test_file : options.source.valid_file;
  if (file.empty()) {
    out.remedy = "keep equal applicants on one side: " + grouping(compared, options.source);
  } else {  // no split moves rows from one file to another
    out.remedy = "remove those rows from " + file + ", or draw the part from the table instead of " +
                 (by_test ? "--test" : "--valid") + ": " + grouping(compared, options.source);
  }
  return out;
}

/// Rows that are there twice. Without key columns a table of few levels repeats itself by chance, which is no finding;
/// nor is it one where rows repeat within the groups that the split was asked to keep together.
[[nodiscard]] inline std::optional<Finding> duplicate_finding(const LeakInputs& in, const Compared& compared,
                                                              const Split& split, const RowGroups& groups,
                                                              const LeakOptions& options) {
  const auto rows = static_cast<double>(in.labels.size());
  const double repeated = static_cast<double>(groups.repeated_rows) / rows;
  if (repeated < options.duplicate_share) return std::nullopt;
  const SplitSource& source = options.source;
  const bool apart = std::all_of(in.held_out.begin(), in.held_out.end(),
                                 [&](std::uint32_t row) { return is_missing(groups.train_mean[row]); });
  if (source.kind == SplitKind::group && apart) return std::nullopt;
  if (compared.without_keys) {
    const double chance = chance_share(compared.columns, split.train, split.train);
    if (repeated - chance < options.duplicate_share || repeated < 2 * chance) return std::nullopt;
  }
  Finding out{.code = "duplicate_rows", .number = repeated, .count = groups.repeated_rows};
  out.message = std::to_string(groups.repeated_rows) + " of " + std::to_string(in.labels.size()) + " rows (" +
                percent(repeated) + ") repeat an earlier row exactly" + compared.aside + ", target included; " +
                std::to_string(groups.distinct_rows) + " feature rows are distinct";
  std::string others;
  for (const std::string* file : {&source.test_file, &source.valid_file}) {
    if (!file->empty()) others += " and from " + *file;
  }
  out.remedy = "remove repeated rows from the table" + others;
  if (others.empty()) out.remedy += ", or keep them on one side: " + grouping(compared, source);
  return out;
}

/// Findings about one column, each with its place in the order of kinds.
[[nodiscard]] inline std::vector<std::pair<int, Finding>> column_findings(const LeakInputs& in, const Column& column,
                                                                          const Sample& sample,
                                                                          const LeakOptions& options) {
  std::vector<std::pair<int, Finding>> out;
  const std::string name = quoted(column.name), word = shell_word(column.name), drop = "--drop " + word;
  if (const auto share = find_constant(column, options.constant_share)) {
    const bool missing = cell_bits(column, column.size() / 2) == kMissingCell;
    Finding f{.code = "constant", .column = column.name, .number = *share};
    f.count = static_cast<std::uint64_t>(std::llround(*share * static_cast<double>(column.size())));
    f.message = "column " + name + (missing ? " is missing" : " has one value") + " in " + percent(*share) +
                " of the rows: nothing can be learned from it";
    f.remedy = drop;
    out.emplace_back(4, std::move(f));
    if (*share >= 1) return out;
  }
  const LookupTable table(column, sample);
  const auto copy = in.binary ? find_binary_copy(column, table, in.labels, options.copy_share)
                              : find_numeric_copy(column, in.labels, options.copy_share);
  if (copy) {
    Finding f{.code = "target_copy", .column = column.name, .number = *copy};
    f.count = static_cast<std::uint64_t>(std::llround(*copy * static_cast<double>(column.size())));
    f.message =
        "column " + name + " says the target under another name: they agree on " + percent(*copy) + " of the rows";
    f.remedy = drop;
    out.emplace_back(0, std::move(f));
  } else if (in.binary) {
    const auto found = lookup_auc(table, column, sample);
    if (found && found->auc - 2 * found->error >= options.target_auc) {
      Finding f{.code = "target_leak",
                .column = column.name,
                .number = found->auc,
                .count = column.size(),
                .auc = found->auc};
      f.message = "column " + name + " alone nearly determines the target: a look-up table of it reaches ROC-AUC " +
                  fixed(found->auc, 3) + " on held-out rows";
      f.remedy = drop + ", unless its value is known before the outcome is";
      out.emplace_back(1, std::move(f));
    }
  } else if (const auto r2 = lookup_r2(table, column, sample); r2 && *r2 >= options.target_r2) {
    Finding f{.code = "target_leak", .column = column.name, .number = *r2, .count = column.size()};
    f.message = "column " + name + " alone nearly determines the target: a look-up table of it explains " +
                percent(*r2) + " of the target's variance in ranks on held-out rows";
    f.remedy = drop + ", unless its value is known before the outcome is";
    out.emplace_back(1, std::move(f));
  }
  if (const auto key = find_key(column, options.key_share)) {
    Finding f{.code = "near_key", .column = column.name, .number = key->share, .count = key->distinct};
    f.message = "column " + name + " is nearly a key: " + std::to_string(key->distinct) + " distinct values, " +
                percent(key->share) + " of its rows; it names applicants instead of describing them";
    f.remedy = "--id " + word + " (kept in outputs, not a feature), or " + drop;
    out.emplace_back(3, std::move(f));
  }
  if (const auto share = find_dates(column, options.date_share)) {
    Finding f{.code = "text_date", .column = column.name, .number = *share};
    f.count = static_cast<std::uint64_t>(std::llround(*share * static_cast<double>(column.size())));
    f.message = "column " + name + " holds dates as text (" + percent(*share) +
                " of its cells): as categories they have no order, and tomorrow's are unseen";
    const std::string format = find_date_format(column);
    f.remedy = (format.empty() ? "write them as YYYY-MM-DD, which is read as a date"
                               : "--date-format " + shell_word(column.name + "=" + format)) +
               ", or " + drop;
    out.emplace_back(5, std::move(f));
  }
  return out;
}

}  // namespace detail

inline std::vector<Finding> find_leaks(const Frame& frame, const Schema& schema, std::span<const double> labels,
                                       const Split& split, Executor& executor, const LeakOptions& options) {
  const detail::LeakInputs in = detail::leak_inputs(frame, schema, labels, split);
  if (frame.rows() == 0 || in.columns.empty()) return {};
  const detail::Sample sample = in.binary ? detail::binary_sample(split.train, in.held_out, labels)
                                          : detail::numeric_sample(split.train, in.held_out, labels);

  std::vector<std::vector<std::pair<int, Finding>>> by_column(in.columns.size());
  executor.run(in.columns.size(), [&](std::size_t i, unsigned) {
    by_column[i] = detail::column_findings(in, *in.columns[i], sample, options);
  });

  constexpr int kKey = 3;
  std::vector<bool> is_key(in.columns.size());
  for (std::size_t i = 0; i < is_key.size(); ++i) {
    is_key[i] = std::any_of(by_column[i].begin(), by_column[i].end(), [](const auto& f) { return f.first == kKey; });
  }
  const detail::Compared compared = detail::compared_columns(in.columns, is_key);
  const std::vector<std::uint64_t> hashes = detail::row_hashes(frame.rows(), compared.columns, executor);
  const detail::RowGroups groups = detail::group_rows(hashes, labels, in.parts, executor);

  std::vector<Finding> out;
  for (const detail::RowPart side : {detail::RowPart::test, detail::RowPart::valid}) {
    if (auto found = detail::split_finding(in, compared, split, groups, options, side))
      out.push_back(std::move(*found));
  }
  const auto add_kind = [&](int kind) {
    for (auto& findings : by_column) {
      for (auto& [place, finding] : findings) {
        if (place == kind) out.push_back(std::move(finding));
      }
    }
  };
  add_kind(0);
  add_kind(1);
  if (auto found = detail::duplicate_finding(in, compared, split, groups, options)) out.push_back(std::move(*found));
  for (const int kind : {kKey, 4, 5}) add_kind(kind);
  return out;
}

}  // namespace riskflag::inline v0_1::audit
