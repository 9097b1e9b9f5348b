#pragma once

// LightGBM's own parameter files: NAME = VALUE lines, # comments.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/study/detail/lightgbm_names.hpp>
#include <riskflag/study/options_json.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// A LightGBM parameter that is ours under another name.
struct ConfName {
  std::string_view lightgbm, ours;
  bool is_column = false;  ///< the value names columns: "name:a,b"
};
inline constexpr std::array kConfNames{
    ConfName{"data", "data"},
    ConfName{"valid", "valid"},
    ConfName{"output_model", "output"},
    ConfName{"label_column", "target", true},
    ConfName{"weight_column", "weight", true},
    ConfName{"ignore_column", "drop", true},
    ConfName{"categorical_feature", "categorical", true},
};

/// A parameter that a file may say although nothing here listens to it.
struct ConfAside {
  std::string_view name;
  std::string_view value;  ///< the one value that is accepted; empty: any
  std::string_view why;
};
inline constexpr std::array kConfAside{
    ConfAside{"task", "train", "this program trains"},
    ConfAside{"boosting", "gbdt", "that is how trees are boosted here"},
    ConfAside{"tree_learner", "serial", "there is one machine"},
    ConfAside{"num_machines", "1", "there is one machine"},
    ConfAside{"local_listen_port", "", "there is one machine"},
    ConfAside{"machine_list_filename", "", "there is one machine"},
    ConfAside{"time_out", "", "there is one machine"},
    ConfAside{"pre_partition", "", "there is one machine"},
    ConfAside{"device_type", "cpu", "training is on the CPU"},
    ConfAside{"verbosity", "", "--quiet leaves out the progress"},
    ConfAside{"metric_freq", "", "every round is recorded"},
    ConfAside{"is_provide_training_metric", "", "metrics.train is always there"},
    ConfAside{"deterministic", "", "training is always deterministic"},
    ConfAside{"force_col_wise", "", "it changes no model"},
    ConfAside{"force_row_wise", "", "it changes no model"},
    ConfAside{"histogram_pool_size", "", "it changes no model"},
    ConfAside{"is_enable_sparse", "", "it changes no model"},
    ConfAside{"enable_bundle", "", "it changes no model"},
    ConfAside{"two_round", "", "it changes no model"},
    ConfAside{"feature_pre_filter", "", "it changes no model"},
    ConfAside{"use_missing", "true", "missing values are always used"},
    ConfAside{"save_binary", "false", "no binary table is written"},
    ConfAside{"linear_tree", "false", "leaves are constants here"},
    ConfAside{"use_quantized_grad", "", "gradients are integers here in any case"},
    ConfAside{"data_sample_strategy", "bagging", "that is how rows are drawn here"},
    ConfAside{"data_random_seed", "", "the one seed is \"seed\""},
    ConfAside{"bagging_seed", "", "the one seed is \"seed\""},
    ConfAside{"feature_fraction_seed", "", "the one seed is \"seed\""},
    ConfAside{"extra_seed", "", "the one seed is \"seed\""},
    ConfAside{"objective_seed", "", "the one seed is \"seed\""},
    ConfAside{"drop_seed", "", "the one seed is \"seed\""},
};

/// "name:a,b" or "a,b" as columns.
[[nodiscard]] inline std::vector<std::string> conf_columns(std::string_view value, const std::string& where) {
  if (value.starts_with("name:")) value.remove_prefix(5);
  std::vector<std::string> columns;
  for (const std::string_view each : split_text(value, ',')) {
    if (parse_integer(trimmed(each)))
      fail(ErrorCode::usage, where, "column number " + quoted(each) + " is not accepted; name:COL names a column");
    columns.emplace_back(trimmed(each));
  }
  return columns;
}

/// LightGBM takes + and - for true and false; other texts stay as they are.
[[nodiscard]] inline std::string_view conf_truth(std::string_view value) noexcept {
  if (value == "+" || value == "1") return "true";
  if (value == "-" || value == "0") return "false";
  return value;
}

}  // namespace detail

inline void Settings::add_conf(std::string_view text, std::string_view where) {
  lightgbm_file_ = true;
  std::size_t number = 0;
  for (const std::string_view raw : split_text(text, '\n')) {
    ++number;
    std::string_view line = raw.substr(0, raw.find('#'));
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    line = trimmed(line);
    if (line.empty()) continue;
    const std::string at = std::string(where) + ":" + std::to_string(number);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0)
      fail(ErrorCode::parse, at, quoted(line) + " is no parameter; accepted: NAME = VALUE, and # for a comment");
    const std::string_view name = trimmed(line.substr(0, equals));
    std::string_view value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    if (value.empty()) fail(ErrorCode::parse, at, quoted(name) + " has no value");
    add_conf_line(name, value, at);
  }
}

inline void Settings::add_conf_line(std::string_view name, std::string_view value, const std::string& at) {
  // The trainer's own options first, then LightGBM's other names in LightGBM's meaning ("test" is a validation file
  // there), then ours.
  const detail::KnownName* known =
      riskflag::detail::find_option(name) != nullptr ? nullptr : detail::find_known(detail::kKnownParameters, name);
  if (known == nullptr) return add(Layer::config, name, {std::string(value)}, at);
  for (const detail::ConfName& each : detail::kConfNames) {
    if (each.lightgbm != known->name) continue;
    return add(Layer::config, each.ours,
               each.is_column ? detail::conf_columns(value, at) : std::vector<std::string>{std::string(value)}, at);
  }
  if (known->name == "header") {
    const std::string_view truth = detail::conf_truth(value);
    if (truth == "false") add(Layer::config, "no_header", {"true"}, at);
    if (truth != "true" && truth != "false")
      fail(ErrorCode::invalid_option, at, quoted(value) + " is not true or false");
    return;
  }
  for (const detail::ConfAside& each : detail::kConfAside) {
    if (each.name != known->name) continue;
    const bool accepted = each.value.empty() || value == each.value || detail::conf_truth(value) == each.value ||
                          (each.name == "boosting" && value == "gbrt") || (each.name == "task" && value == "training");
    if (!accepted) {
      fail(ErrorCode::usage, at,
           "LightGBM's " + quoted(each.name) + " can be " + quoted(each.value) + " alone in riskflag " +
               std::string(kVersion) + ", not " + quoted(value));
    }
    set_aside_.push_back(at + ": " + std::string(name) + " is set aside: " + std::string(each.why));
    return;
  }
  add(Layer::config, name, {std::string(value)}, at);  // refuses it with its sentence
}

}  // namespace riskflag::inline v0_1::study
