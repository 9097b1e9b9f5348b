#pragma once

// The study's own settings, one row each.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/study/detail/forced_bins_json.hpp>
#include <riskflag/study/detail/setting_value.hpp>
#include <riskflag/study/options_json.hpp>

namespace riskflag::inline v0_1::study::detail {

inline std::vector<std::string> split_names(const SettingValue& value) {
  std::vector<std::string> names;
  for (const std::string& text : value.list()) {
    for (const std::string_view name : split_text(text, ',')) names.emplace_back(name);
  }
  return names;
}

inline void set_missing(StudyOptions& options, const SettingValue& value) {
  for (const std::string& text : value.list()) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      if (!options.reading.missing) options.reading.missing.emplace();
      options.reading.missing->push_back(text);
    } else {
      options.reading.column_missing[text.substr(0, equals)].push_back(text.substr(equals + 1));
    }
  }
}

inline void set_special(StudyOptions& options, const SettingValue& value) {
  for (const std::string& text : value.list()) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0)
      fail(ErrorCode::invalid_option, value.where(), quoted(text) + " is not COL=CODE,...");
    for (const std::string_view code : split_text(std::string_view(text).substr(equals + 1), ',')) {
      const auto x = parse_double(code);
      if (!x) fail(ErrorCode::invalid_option, value.where(), quoted(text) + ": " + quoted(code) + " is not a number");
      options.reading.special[text.substr(0, equals)].push_back(*x);
    }
  }
}

inline void check_date_format(const SettingValue& value, std::string_view format) {
  bool year = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const char letter = ++i < format.size() ? format[i] : ' ';
    if (std::string_view("YymbdHMS").find(letter) == std::string_view::npos) year = false, i = format.size();
    year = year || letter == 'Y' || letter == 'y';
  }
  if (!year) {
    fail(
        ErrorCode::invalid_option, value.where(),
        quoted(format) + " is no date format; accepted: %Y %y %m %b %d %H %M %S and literal characters, with %Y or %y");
  }
}

inline void set_date_format(StudyOptions& options, const SettingValue& value) {
  for (const std::string& text : value.list()) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      fail(ErrorCode::invalid_option, value.where(), quoted(text) + " is not COL=FORMAT, such as due=%d/%m/%Y");
    const std::string column = text.substr(0, equals), format = text.substr(equals + 1);
    check_date_format(value, format);
    if (!options.reading.date_formats.emplace(column, format).second)
      fail(ErrorCode::usage, value.where(), "column " + quoted(column) + " has two date formats; one is accepted");
  }
}

[[nodiscard]] inline std::uint64_t line_count(const SettingValue& value) {
  return static_cast<std::uint64_t>(value.whole(0, 1000000000));
}

inline SplitKind parse_split_kind(const SettingValue& value) {
  const std::string& text = value.text();
  if (text == "stratified") return SplitKind::stratified;
  if (text == "random") return SplitKind::random;
  if (text == "group") return SplitKind::group;
  if (text == "time") return SplitKind::time;
  value.refuse("is no way to split; accepted: stratified, random, group, time");
}

inline void set_calibrate(StudyOptions& options, const SettingValue& value) {
  options.calibrate = value.text();
  for (const char* known : {"none", "auto", "platt", "isotonic", "beta", "prior"}) {
    if (options.calibrate == known) return;
  }
  value.refuse("is no calibration; accepted: none, auto, platt, isotonic, beta, prior");
}

inline void set_reason_reference(StudyOptions& options, const SettingValue& value) {
  options.reason_reference = value.text();
  if (options.reason_reference != "train" && options.reason_reference != "approved")
    value.refuse("is nothing that reasons compare with; accepted: train, approved");
}

inline void set_monotone(StudyOptions& options, const SettingValue& value) {
  for (const std::string& text : value.list()) {
    const std::size_t equals = text.rfind('=');
    const std::string sign = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (equals == 0 || (sign != "+1" && sign != "1" && sign != "-1")) {
      fail(ErrorCode::invalid_option, value.where(),
           quoted(text) + " is not FIELD=+1 (a larger value never lowers the prediction) or FIELD=-1");
    }
    const std::string field = text.substr(0, equals);
    for (const prep::FieldDirection& before : options.monotone) {
      if (before.field == field) fail(ErrorCode::usage, value.where(), "field " + quoted(field) + " is named twice");
    }
    options.monotone.push_back({field, sign == "-1" ? -1 : 1});
  }
}

struct SettingRow {
  std::string_view name;
  void (*apply)(StudyOptions&, const SettingValue&);
};

/// The study's own settings; every other name is a training option.
inline constexpr std::array kSettings{
    SettingRow{"data", [](StudyOptions& o, const SettingValue& v) { o.data = v.text(); }},
    SettingRow{"target", [](StudyOptions& o, const SettingValue& v) { o.columns.target = v.text(); }},
    SettingRow{"output", [](StudyOptions& o, const SettingValue& v) { o.output = v.text(); }},
    SettingRow{"positive", [](StudyOptions& o, const SettingValue& v) { o.columns.positive = v.text(); }},
    SettingRow{"id", [](StudyOptions& o, const SettingValue& v) { o.columns.id = v.list(); }},
    SettingRow{"drop", [](StudyOptions& o, const SettingValue& v) { o.columns.drop = v.list(); }},
    SettingRow{"protected", [](StudyOptions& o, const SettingValue& v) { o.columns.protected_ = v.list(); }},
    SettingRow{"categorical", [](StudyOptions& o, const SettingValue& v) { o.columns.categorical = v.list(); }},
    SettingRow{"numeric", [](StudyOptions& o, const SettingValue& v) { o.columns.numeric = v.list(); }},
    SettingRow{"weight", [](StudyOptions& o, const SettingValue& v) { o.columns.weight = v.text(); }},
    SettingRow{"missing", set_missing},
    SettingRow{"special", set_special},
    SettingRow{"delimiter", [](StudyOptions& o, const SettingValue& v) { o.reading.delimiter = v.text(); }},
    SettingRow{"no_header", [](StudyOptions& o, const SettingValue& v) { o.reading.header = !v.flag(); }},
    SettingRow{"date_format", set_date_format},
    SettingRow{"skip_rows", [](StudyOptions& o, const SettingValue& v) { o.reading.skip_rows = line_count(v); }},
    SettingRow{"test_skip_rows",
               [](StudyOptions& o, const SettingValue& v) { o.reading.test_skip_rows = line_count(v); }},
    SettingRow{"valid_skip_rows",
               [](StudyOptions& o, const SettingValue& v) { o.reading.valid_skip_rows = line_count(v); }},
    SettingRow{"test", [](StudyOptions& o, const SettingValue& v) { o.parts.test_data = v.text(); }},
    SettingRow{"test_fraction", [](StudyOptions& o, const SettingValue& v) { o.parts.test_fraction = v.number(); }},
    SettingRow{"valid", [](StudyOptions& o, const SettingValue& v) { o.parts.valid_data = v.text(); }},
    SettingRow{"valid_fraction", [](StudyOptions& o, const SettingValue& v) { o.parts.valid_fraction = v.number(); }},
    SettingRow{"split", [](StudyOptions& o, const SettingValue& v) { o.parts.kind = parse_split_kind(v); }},
    SettingRow{"group_by", [](StudyOptions& o, const SettingValue& v) { o.parts.group_by = split_names(v); }},
    SettingRow{"time_by", [](StudyOptions& o, const SettingValue& v) { o.parts.time_by = v.text(); }},
    SettingRow{"cv", [](StudyOptions& o, const SettingValue& v) { o.parts.cv = v.whole(0, 1000); }},
    SettingRow{"recipe", [](StudyOptions& o,
                            const SettingValue& v) { o.recipe = prep::parse_recipe(read_file(v.text()), v.text()); }},
    SettingRow{"threshold",
               [](StudyOptions& o, const SettingValue& v) { o.threshold = parse_threshold_rule(v.text()); }},
    SettingRow{"reasons", [](StudyOptions& o,
                             const SettingValue& v) { o.reasons = parse_reasons(read_file(v.text()), v.text()); }},
    SettingRow{"reason_reference", set_reason_reference},
    SettingRow{"threads", [](StudyOptions& o, const SettingValue& v) { o.threads = v.whole(0, 1024); }},
    SettingRow{"tracking",
               [](StudyOptions& o, const SettingValue& v) {
                 if (!v.text().starts_with("journal:") && !v.text().starts_with("http://") &&
                     !v.text().starts_with("https://")) {
                   v.refuse("is no tracking address; accepted: journal:DIR, http://HOST:PORT, https://HOST:PORT");
                 }
                 o.tracking = v.text();
               }},
    SettingRow{"tracking_required", [](StudyOptions& o, const SettingValue& v) { o.tracking_required = v.flag(); }},
    SettingRow{"experiment", [](StudyOptions& o, const SettingValue& v) { o.experiment = v.text(); }},
    SettingRow{"run_name", [](StudyOptions& o, const SettingValue& v) { o.run_name = v.text(); }},
    SettingRow{"report", [](StudyOptions& o, const SettingValue& v) { o.report = v.text(); }},
    SettingRow{"strict", [](StudyOptions& o, const SettingValue& v) { o.strict = v.flag(); }},
    SettingRow{"force", [](StudyOptions& o,
                           const SettingValue& v) { o.replace = v.flag() ? Replace::exchange : Replace::refuse; }},
    SettingRow{"keep_on_interrupt", [](StudyOptions& o, const SettingValue& v) { o.keep_on_interrupt = v.flag(); }},
    SettingRow{"calibrate", set_calibrate},
    SettingRow{"monotone", set_monotone},
    SettingRow{"offset", [](StudyOptions& o, const SettingValue& v) { o.columns.offset = v.text(); }},
    SettingRow{"table_defaults", [](StudyOptions& o, const SettingValue& v) { o.table_defaults = v.flag(); }},
    SettingRow{"refit_with_valid", [](StudyOptions& o, const SettingValue& v) { o.refit_with_valid = v.flag(); }},
    SettingRow{"search", [](StudyOptions& o, const SettingValue& v) { o.search = v.whole(0, 100000); }},
    SettingRow{"search_space",
               [](StudyOptions& o, const SettingValue& v) {
                 o.search_space = parse_search_space(read_file(v.text()), v.text());
               }},
    SettingRow{"forcedbins_filename",
               [](StudyOptions& o, const SettingValue& v) {
                 o.train.forced_bins = parse_forced_bins(read_file(v.text()), v.text());
               }},
    SettingRow{"register", [](StudyOptions& o, const SettingValue& v) { o.register_name = v.text(); }},
    SettingRow{"alias", [](StudyOptions& o, const SettingValue& v) { o.alias = v.text(); }},
};

[[nodiscard]] inline const SettingRow* find_setting(std::string_view name) noexcept {
  for (const SettingRow& row : kSettings) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace riskflag::inline v0_1::study::detail
