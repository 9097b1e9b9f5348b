#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/study/options_json.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// What was said about one setting, on its way into StudyOptions.
class SettingValue {
 public:
  SettingValue(const std::vector<std::string>& values, const std::string& where) : values_(values), where_(where) {}

  [[nodiscard]] const std::vector<std::string>& list() const noexcept { return values_; }
  [[nodiscard]] const std::string& text() const {
    if (values_.size() != 1)
      fail(ErrorCode::invalid_option, where_, "has " + std::to_string(values_.size()) + " values; one is accepted");
    return values_[0];
  }
  [[nodiscard]] bool flag() const {
    const std::string lower = lower_ascii(text());
    if (lower == "true" || lower == "1") return true;
    if (lower == "false" || lower == "0") return false;
    refuse("is not true or false");
  }
  [[nodiscard]] double number() const {
    const auto x = parse_double(text());
    if (!x) refuse("is not a number");
    return *x;
  }
  [[nodiscard]] int whole(int least, int most) const {
    const auto x = parse_integer(text());
    if (!x || *x < least || *x > most)
      refuse("is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return static_cast<int>(*x);
  }
  [[noreturn]] void refuse(const std::string& why) const {
    fail(ErrorCode::invalid_option, where_, quoted(values_[0]) + " " + why);
  }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  const std::vector<std::string>& values_;
  const std::string& where_;
};

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

inline SplitKind parse_split_kind(const SettingValue& value) {
  const std::string& text = value.text();
  if (text == "stratified") return SplitKind::stratified;
  if (text == "random") return SplitKind::random;
  if (text == "group") return SplitKind::group;
  if (text == "time") return SplitKind::time;
  value.refuse("is no way to split; accepted: stratified, random, group, time");
}

[[noreturn]] inline void not_yet(const SettingValue& value, const std::string& what) {
  fail(ErrorCode::usage, value.where(), what + " is not built yet in riskflag " + std::string(kVersion));
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
    SettingRow{"skip_rows",
               [](StudyOptions& o, const SettingValue& v) {
                 o.reading.skip_rows = static_cast<std::uint64_t>(v.whole(0, 1000000000));
               }},
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
    SettingRow{"threads", [](StudyOptions& o, const SettingValue& v) { o.threads = v.whole(0, 1024); }},
    SettingRow{"tracking",
               [](StudyOptions& o, const SettingValue& v) {
                 if (!v.text().starts_with("journal:")) {
                   if (v.text().starts_with("http:") || v.text().starts_with("https:"))
                     not_yet(v, "tracking by an HTTP server");
                   v.refuse("is no tracking address; accepted: journal:DIR");
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
    SettingRow{"calibrate",
               [](StudyOptions&, const SettingValue& v) {
                 if (v.text() == "none") return;
                 if (v.text() != "auto" && v.text() != "platt" && v.text() != "isotonic" && v.text() != "beta") {
                   v.refuse("is no calibration; accepted: none");
                 }
                 not_yet(v, "calibration");
               }},
    SettingRow{"monotone", [](StudyOptions&, const SettingValue& v) { not_yet(v, "a monotone constraint"); }},
    SettingRow{"offset", [](StudyOptions&, const SettingValue& v) { not_yet(v, "an offset column"); }},
    SettingRow{"search", [](StudyOptions&, const SettingValue& v) { not_yet(v, "the hyper-parameter search"); }},
    SettingRow{"search_space", [](StudyOptions&, const SettingValue& v) { not_yet(v, "the hyper-parameter search"); }},
    SettingRow{"register", [](StudyOptions&, const SettingValue& v) { not_yet(v, "the registry"); }},
    SettingRow{"alias", [](StudyOptions&, const SettingValue& v) { not_yet(v, "the registry"); }},
};

[[nodiscard]] inline const SettingRow* find_setting(std::string_view name) noexcept {
  for (const SettingRow& row : kSettings) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

/// The one name of a setting, whichever alias was used; empty when there is none. LightGBM's thread aliases are ours
/// too.
[[nodiscard]] inline std::string canonical_setting(std::string_view name) {
  for (const std::string_view alias : {"num_threads", "num_thread", "nthread", "nthreads", "n_jobs"}) {
    if (name == alias) return "threads";
  }
  if (const SettingRow* row = find_setting(name)) return std::string(row->name);
  if (const auto* row = riskflag::detail::find_option(name)) return std::string(row->name);
  return {};
}

/// A JSON scalar as the text that a flag would have had.
[[nodiscard]] inline std::string scalar_text(const Json& value, const std::string& where) {
  switch (value.kind()) {
    case Json::Kind::string: return value_or_throw(value.string());
    case Json::Kind::boolean: return value_or_throw(value.boolean()) ? "true" : "false";
    case Json::Kind::number: {
      if (const auto integer = value.integer()) return std::to_string(integer.value());
      if (const auto large = value.unsigned_integer()) return std::to_string(large.value());
      return number_text(value_or_throw(value.number()));
    }
    default: break;
  }
  fail(ErrorCode::invalid_option, where,
       "holds an object, an array in an array, or null; accepted: text, numbers, true and false, and arrays of those");
}

}  // namespace detail

inline std::vector<std::string_view> setting_names() {
  std::vector<std::string_view> names;
  for (const detail::SettingRow& row : detail::kSettings) names.push_back(row.name);
  for (const std::string_view name : option_names()) names.push_back(name);
  return names;
}

inline void Settings::add(Layer layer, std::string_view name, std::vector<std::string> values,
                          const std::string& where) {
  const std::string canonical = detail::canonical_setting(name);
  if (canonical.empty()) {
    const std::vector<std::string_view> names = setting_names();
    fail(ErrorCode::invalid_option, where, "there is no option " + quoted(name) + did_you_mean(name, names));
  }
  for (const Said& said : said_) {
    if (said.layer == layer && said.name == canonical) {
      fail(ErrorCode::usage, where, quoted(canonical) + " was said twice (before: " + said.where + ")");
    }
  }
  said_.push_back({layer, canonical, std::move(values), where});
}

inline void Settings::add_set(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    fail(ErrorCode::usage, "--set", quoted(text) + " is not NAME=VALUE");
  }
  add(Layer::set, trimmed(text.substr(0, equals)), {std::string(trimmed(text.substr(equals + 1)))},
      "--set " + std::string(trimmed(text.substr(0, equals))));
}

inline void Settings::add_config(std::string_view text, std::string_view where) {
  const Json json = value_or_throw(read_json(text, where));
  const JsonObject* object = json.object();
  if (object == nullptr)
    fail(ErrorCode::parse, std::string(where), "holds no JSON object; accepted: {\"NAME\": VALUE, ...}");
  for (const auto& [name, value] : *object) {
    const std::string at = std::string(where) + ":" + std::to_string(value.line());
    std::vector<std::string> values;
    if (const JsonArray* array = value.array()) {
      for (const Json& element : *array) values.push_back(detail::scalar_text(element, at));
      if (name == "metric" || name == "metrics") {  // a training option that is one text with commas
        std::string joined;
        for (const std::string& each : values) joined += (joined.empty() ? "" : ",") + each;
        values = {joined};
      }
    } else {
      values.push_back(detail::scalar_text(value, at));
    }
    add(Layer::config, name, std::move(values), at);
  }
}

inline StudyOptions Settings::resolve() const {
  StudyOptions options;
  const auto strongest = [this](const std::string& name) {
    const Said* found = nullptr;
    for (const Said& said : said_) {
      if (said.name == name && (found == nullptr || said.layer > found->layer)) found = &said;
    }
    return found;
  };
  for (const Said& said : said_) {
    if (strongest(said.name) != &said) continue;
    const detail::SettingValue value(said.values, said.where);
    if (const detail::SettingRow* row = detail::find_setting(said.name)) {
      row->apply(options, value);
      continue;
    }
    try {
      set_option(options.train, said.name, value.text());
    } catch (const Error& error) {
      fail(error.code(), said.where, said.name + ": " + error.message());
    }
  }
  options.seed = options.train.seed;
  options.early_stopping_given = strongest("early_stopping_round") != nullptr;
  if (strongest("split") == nullptr) {
    if (!options.parts.group_by.empty())
      options.parts.kind = SplitKind::group;
    else if (!options.parts.time_by.empty())
      options.parts.kind = SplitKind::time;
    else if (options.train.objective != "binary")
      options.parts.kind = SplitKind::random;
  }
  for (const auto& [file, fraction] : {std::pair("test", "test_fraction"), std::pair("valid", "valid_fraction")}) {
    const Said* a = strongest(file);
    const Said* b = strongest(fraction);
    if (a != nullptr && b != nullptr && a->layer == b->layer) {
      fail(ErrorCode::usage, a->where, std::string("a file of its own and ") + b->where + " exclude each other");
    }
  }
  return options;
}

inline std::vector<bundle::ReasonText> parse_reasons(std::string_view text, std::string_view where) {
  const Json json = value_or_throw(read_json(text, where));
  if (json.object() == nullptr) {
    fail(ErrorCode::parse, std::string(where),
         "holds no JSON object; accepted: {\"FIELD\": {\"code\": ..., \"text\": ...}, ...}");
  }
  std::vector<bundle::ReasonText> reasons;
  for (const auto& [field, reason] : *json.object()) {
    const auto fit = reason.only({"code", "text"});
    const auto code = reason.at("code"), words = reason.at("text");
    if (!fit || !code || !words) {
      const Failure& why = !fit ? fit.failure() : !code ? code.failure() : words.failure();
      fail(ErrorCode::invalid_option, std::string(where) + ":" + std::to_string(reason.line()),
           "reason of " + quoted(field) + ": " + why.message);
    }
    reasons.push_back({field, value_or_throw((*code)->string()), value_or_throw((*words)->string())});
  }
  return reasons;
}

}  // namespace riskflag::inline v0_1::study
