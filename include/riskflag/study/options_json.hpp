#pragma once

// One name, one meaning, three places to say it: --set beats the flag of its own, which beats the member of --config's
// JSON object.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/study/options.hpp>

namespace riskflag::inline v0_1::study {

/// Where a setting was said; the later one wins.
enum class Layer { config, flag, set };

/// All settings of a study as they were said, until resolve() makes StudyOptions of them.
///
/// Names are those of riskflag-train's flags with underscores (`test_fraction`) and LightGBM's parameter names and
/// aliases (`eta`). Life: 1. add() and add_config() in any order; 2. resolve().
class Settings {
 public:
  /// Notes a setting; `where` is for messages ("--test-fraction", "config.json:3"). Throws Error(invalid_option) for a
  /// name that does not exist (with the nearest one), Error(usage) for one that was said twice in this layer, under
  /// whichever alias.
  void add(Layer layer, std::string_view name, std::vector<std::string> values, const std::string& where);
  /// "NAME=VALUE", as --set takes it.
  void add_set(std::string_view text);
  /// Every member of a JSON object: a string, number or boolean, or an array of those where a flag can be repeated.
  /// Throws Error(parse) for text that is no JSON object, and what add() throws.
  void add_config(std::string_view text, std::string_view where);
  /// A file in LightGBM's own format: NAME = VALUE lines and # comments, names and aliases as LightGBM means them
  /// ("test" is a validation file, "label = name:COL" the target), and ours. What changes nothing here (task = train,
  /// verbosity, seeds other than "seed", ...) is set aside; what would change something is refused. Throws
  /// Error(parse) for a line that is none, and what add() throws.
  void add_conf(std::string_view text, std::string_view where);
  /// What add_conf() set aside, each with its line and the reason.
  [[nodiscard]] const std::vector<std::string>& set_aside() const noexcept { return set_aside_; }

  /// The options; reads the files that `recipe` and `reasons` name. Unless they were said, table_defaults is true where
  /// no file in LightGBM's format was added, and refit_with_valid where nothing says which rows validate. Throws
  /// Error(invalid_option) for a value that cannot be read.
  [[nodiscard]] StudyOptions resolve() const;

 private:
  struct Said {
    Layer layer;
    std::string name;
    std::vector<std::string> values;
    std::string where;
  };
  void add_conf_line(std::string_view name, std::string_view value, const std::string& at);

  std::vector<Said> said_;
  std::vector<std::string> set_aside_;
  bool lightgbm_file_ = false;
};

/// The names that Settings takes, without aliases: the study's own and the trainer's.
[[nodiscard]] std::vector<std::string_view> setting_names();

/// {"Income": {"code": "R01", "text": "Income is low for this amount"}, ...}: what a person is told when a field speaks
/// for High. Throws Error(parse) or Error(invalid_option), naming `where`.
[[nodiscard]] std::vector<bundle::ReasonText> parse_reasons(std::string_view text, std::string_view where);

}  // namespace riskflag::inline v0_1::study

#include <riskflag/study/detail/lightgbm_conf.hpp>
#include <riskflag/study/detail/settings.hpp>
