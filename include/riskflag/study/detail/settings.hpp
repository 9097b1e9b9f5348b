#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/study/detail/lightgbm_names.hpp>
#include <riskflag/study/detail/setting_rows.hpp>
#include <riskflag/study/detail/setting_value.hpp>
#include <riskflag/study/options_json.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

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
    if (const detail::KnownName* known = detail::find_known(detail::kKnownParameters, name)) {
      fail(ErrorCode::usage, where,
           "LightGBM's " + quoted(known->name) +
               (known->instead.empty() ? " is not built yet in riskflag " + std::string(kVersion)
                                       : " is no option here; " + std::string(known->instead)));
    }
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
  const Said* forced = strongest("forcedbins_filename");
  const Said* bounds = strongest("forced_bins");
  if (forced != nullptr && bounds != nullptr)
    fail(ErrorCode::usage, forced->where, "a file of forced bins and " + bounds->where + " exclude each other");
  options.table_defaults = !lightgbm_file_;
  options.refit_with_valid = strongest("valid") == nullptr && strongest("valid_fraction") == nullptr;
  for (const Said& said : said_) {
    if (strongest(said.name) != &said) continue;
    // A flag's name says which option it is; a line of a file does not.
    const std::string where = said.layer == Layer::config ? said.where + ": " + said.name : said.where;
    const detail::SettingValue value(said.values, where);
    if (const detail::SettingRow* row = detail::find_setting(said.name)) {
      row->apply(options, value);
      for (const std::string_view file : {"recipe", "reasons", "search_space", "forcedbins_filename"}) {
        if (said.name == file) options.option_files.emplace_back(said.where, value.text());
      }
      continue;
    }
    options.given.push_back(said.name);
    try {
      set_option(options.train, said.name, value.text());
    } catch (const Error& error) {
      fail(error.code(), where, error.message());
    }
    if (said.name == "objective" && detail::is_objective_of_later(options.train.objective))
      detail::not_yet(value, "the objective " + quoted(options.train.objective));
  }
  options.seed = options.train.seed;
  options.early_stopping_given = strongest("early_stopping_round") != nullptr;
  if (strongest("split") == nullptr) {
    if (!options.parts.group_by.empty())
      options.parts.kind = SplitKind::group;
    else if (!options.parts.time_by.empty())
      options.parts.kind = SplitKind::time;
    else if (options.train.objective != "binary" && !riskflag::detail::is_multiclass(options.train.objective))
      options.parts.kind = SplitKind::random;
  }
  for (const auto& [file, fraction] : {std::pair("test", "test_fraction"), std::pair("valid", "valid_fraction")}) {
    const Said* a = strongest(file);
    const Said* b = strongest(fraction);
    if (a != nullptr && b != nullptr && a->layer == b->layer) {
      fail(ErrorCode::usage, a->where, std::string("a file of its own and ") + b->where + " exclude each other");
    }
  }
  const Said *folds = strongest("cv"), *share = strongest("valid_fraction");
  if (folds != nullptr && share != nullptr && folds->layer == share->layer && options.parts.cv > 0 &&
      options.parts.valid_fraction > 0) {
    fail(ErrorCode::usage, share->where,
         "each fold of " + folds->where + " is held out in turn; leave one of them out");
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
