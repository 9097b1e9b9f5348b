#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <riskflag/audit/leak.hpp>
#include <riskflag/explain/global.hpp>
#include <riskflag/model/history.hpp>

namespace riskflag::inline v0_1::report {

/// A line of a two-column list.
struct Fact {
  std::string name;
  std::string value;
};

/// A digest or a file that the run can be repeated from.
struct Digest {
  std::string name;    ///< "data", "schema", "model.json", "manifest.json"
  std::string source;  ///< path or description; may be empty
  std::string sha256;  ///< hex
};

/// One part of the data with what the model says about it. The spans belong to the caller.
struct Part {
  std::string name;                ///< "train", "valid", "test"; with cross-validation "out of fold"
  std::span<const double> labels;  ///< 0 and 1 (binary), numbers of classes (multiclass), or values (regression)
  std::span<const double>
      predictions;  ///< probabilities of the positive class (binary), rows x classes (multiclass), or values
  std::span<const double> weights{};  ///< empty = all 1
  /// Any number a row: rows of one group (a customer's) are not independent, and intervals draw groups. Empty: all are.
  std::span<const std::uint64_t> groups{};
};

/// One column of the table as read.
struct ColumnFact {
  std::string name;
  std::string type;        ///< "number", "category", "date", "text"
  std::string role;        ///< "feature", "target", "id", "protected", ...
  double missing = 0;      ///< share of rows, [0, 1]
  std::size_t levels = 0;  ///< categories; 0 = not a category
  std::string range{};     ///< "18 to 79", "RENT, OWN, MORTGAGE, ..."; may be empty
};

/// What one feature adds to the model.
struct FeatureImportance {
  std::string name;
  double gain = 0;                      ///< summed loss reduction
  double splits = 0;                    ///< times used
  std::optional<double> permutation{};  ///< metric lost when the column is shuffled
};

/// How far one feature moves predictions.
struct Contribution {
  std::string name;
  MeanInterval size{};  ///< of the mean |contribution|
};

/// How the mean margin moves along one feature.
struct Dependence {
  std::string name;
  std::vector<std::string> levels{};  ///< of a category: points' values are places in it; empty for a number
  std::vector<DependencePoint> points{};
};

/// A column that the model does not see, but whose groups the decision is compared across.
struct ProtectedColumn {
  std::string name;
  std::vector<std::string> groups;  ///< group names
  std::vector<std::int32_t> codes;  ///< index into groups per row of the *judged* part; -1 = missing
};

/// Everything that a report shows. What is empty or unset leaves its section out.
struct ReportData {
  enum class Kind { binary, regression, multiclass };
  Kind kind = Kind::binary;

  std::string title{};       ///< "Loan default model"; empty = "Model report"
  std::string model_name{};  ///< registered or directory name
  std::string model_version{};
  std::string created{};               ///< RFC 3339; empty = not shown (the library looks at no clock)
  std::string target{};                ///< name of the target column
  std::string positive{};              ///< the level that counts as 1 ("default", "1")
  std::vector<std::string> classes{};  ///< names, by number (multiclass)

  std::vector<Fact> data{};  ///< file, rows, columns, split, seed, ...
  std::vector<ColumnFact> columns{};
  std::vector<audit::Finding> findings{};
  bool audited = true;             ///< the guard ran: an empty list then reads "nothing found"
  std::vector<Fact> parameters{};  ///< resolved options of the model, in order

  std::vector<Part> parts{};     ///< in the order of the table; the curves show `judged`
  std::string judged{};          ///< name of the part that the headline and the curves are about; empty = the last part
  double threshold = 0.5;        ///< High exactly when probability >= threshold
  std::string threshold_rule{};  ///< "f1", "cost:5,1", "approve:0.8", "0.35"

  History history{};                            ///< learning curves, one per name
  int best_iteration = 0;                       ///< 1-based; 0 = not marked
  std::vector<FeatureImportance> importance{};  ///< any order; the largest 25 by gain are shown
  std::vector<ProtectedColumn> protected_columns{};
  std::vector<Contribution> contributions{};  ///< any order; the largest 15 are shown
  std::vector<Dependence> dependence{};       ///< in the order shown
  std::size_t explained_rows = 0;             ///< rows that both are means over

  std::string command{};  ///< as it can be pasted into a shell
  std::vector<Digest> digests{};
  std::vector<Fact> environment{};       ///< library version, threads, seconds, peak memory, ...
  std::vector<Fact> cross_validation{};  ///< "roc_auc" -> "0.871 +- 0.004"
  std::stop_token stop{};                ///< looked at between sections: then render() throws Error(cancelled)
  std::string grouped_by{};              ///< what rows of a group have in common: "customer", "all features"
};

}  // namespace riskflag::inline v0_1::report
