#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/data/split.hpp>
#include <riskflag/prep/monotone.hpp>
#include <riskflag/prep/recipe.hpp>
#include <riskflag/study/search.hpp>
#include <riskflag/study/threshold.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::study {

/// Which columns are what. Every name must be a column of the training file; no column has two of these roles.
struct ColumnOptions {
  std::string target{};                    ///< required
  std::string positive{};                  ///< level of the target that counts as 1; empty: found, see find_positive()
  std::vector<std::string> id{};           ///< name a row; copied to scores, never a feature
  std::vector<std::string> drop{};         ///< not used at all
  std::vector<std::string> protected_{};   ///< reported by group, never a feature
  std::vector<std::string> categorical{};  ///< categories even when every cell is a number
  std::vector<std::string> numeric{};      ///< numbers: a cell that is none is an error
  std::string weight{};                    ///< weight of the row, >= 0
  std::string offset{};                    ///< added to the row's margin, such as ln of the exposure; not in the model
};

/// How the CSV text is read.
struct ReadingOptions {
  std::optional<std::vector<std::string>> missing{};                 ///< replaces the tokens "" NA NaN null ?
  std::map<std::string, std::vector<std::string>> column_missing{};  ///< more tokens of one column
  std::map<std::string, std::vector<double>> special{};              ///< codes that become levels of their own
  std::map<std::string, std::string> date_formats{};                 ///< columns that are dates of this format
  std::string delimiter = "auto";                  ///< auto, tab, space (runs count as one) or one character
  bool header = true;                              ///< false: columns are c0, c1, ...
  std::uint64_t skip_rows = 0;                     ///< lines before the header, of every file
  std::optional<std::uint64_t> test_skip_rows{};   ///< of the test file, when it is not the same
  std::optional<std::uint64_t> valid_skip_rows{};  ///< of the validation file
};

/// Which rows train, choose and judge.
struct PartOptions {
  SplitKind kind = SplitKind::stratified;
  double test_fraction = 0.2;   ///< [0, 1); 0 leaves the part out; ignored with test_data
  double valid_fraction = 0.1;  ///< of what test leaves, [0, 1); 0 leaves the part out; left out with valid_data or cv
  std::string test_data{};      ///< a file of its own for the test part
  std::string valid_data{};     ///< a file of its own for the validation part
  std::vector<std::string> group_by{};  ///< columns, or the one word "fields": all features
  std::string time_by{};                ///< a date or number column
  int cv = 0;                           ///< folds; 0 = one validation part instead
};

/// All that riskflag-train can be told, but for how it talks (docs/formats/train_json.md).
struct StudyOptions {
  std::string data{};    ///< CSV file, plain; the programs read .gz and - too
  std::string output{};  ///< model directory to make
  Replace replace = Replace::refuse;
  ColumnOptions columns{};
  ReadingOptions reading{};
  PartOptions parts{};
  prep::Recipe recipe{};
  TrainOptions train{};
  bool early_stopping_given = false;  ///< false: 50 rounds of patience where there is a validation part
  ThresholdRule threshold{};
  std::vector<bundle::ReasonText> reasons{};
  std::uint64_t seed = 42;  ///< of splits, preparation and training alike
  std::string experiment = "default";
  std::string run_name{};
  std::string report{};            ///< HTML file to write; empty = none
  std::string tracking{};          ///< "journal:DIR" or an MLflow server; for the program that makes the logger
  bool tracking_required = false;  ///< the same
  int threads = 0;                 ///< 0 = all cores; for the program that makes the executor
  bool strict = false;             ///< what the leak guard finds is an error
  bool keep_on_interrupt = false;  ///< a stop, once there is a tree, gives the model so far
  std::string command{};           ///< for the report and the run's record: how the program was called
  /// none, auto, platt, isotonic, beta or prior: fitted on the scores that choose the threshold
  /// (docs/guide/calibrate.md)
  std::string calibrate = "none";
  int search = 0;  ///< trials of a parameter search besides the options as given; 0 = no search
  std::vector<SearchParameter> search_space = default_search_space();
  /// Raw fields in which the prediction may only rise or only fall, whatever the recipe makes of them
  std::vector<prep::FieldDirection> monotone{};
  /// Training options that were given, by name, so that they stay even where the value is TrainOptions' default.
  std::vector<std::string> given{};
  /// True: where no option of capacity was given, folds of the training rows choose them (study/table_defaults.hpp);
  /// false: they have TrainOptions' defaults, which are LightGBM's.
  bool table_defaults = false;
  /// What reasons compare with: "train", the training mean; or "approved", up to 64 applicants below the threshold,
  /// kept in the model directory.
  std::string reason_reference = "train";
  /// True: where table_defaults chose, and the validation rows were drawn from the training file, they choose as ever,
  /// and then the model that is saved is fitted once more on training and validation rows.
  bool refit_with_valid = false;
  std::string register_name{};  ///< registered model that the result becomes a version of; empty: none
  std::string alias{};          ///< given to that version where nothing has it yet
  /// Flags and paths of the files that options were read from: no output may replace one.
  std::vector<std::pair<std::string, std::string>> option_files{};
};

/// Rounds without improvement after which training stops, when nobody said otherwise.
inline constexpr int kDefaultPatience = 50;

}  // namespace riskflag::inline v0_1::study
