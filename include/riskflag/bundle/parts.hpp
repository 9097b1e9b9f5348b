#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/monitor/reference.hpp>
#include <riskflag/predict/predictor.hpp>
#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::bundle {

/// What a person is told when `field` speaks for High.
struct ReasonText {
  std::string field, code, text;
  friend bool operator==(const ReasonText&, const ReasonText&) = default;
};

/// decision.json: High exactly when probability >= threshold.
struct Decision {
  double threshold = 0.5;
  std::vector<ReasonText> reasons{};
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// approved.json: prepared rows of training applicants that the model lets pass, which reasons compare with; the values
/// of the pipeline's features alone, so that no id, protected or dropped column is among them. Empty: reasons compare
/// with the training mean.
struct ApprovedRows {
  std::size_t features = 0;
  std::vector<double> cells{};  ///< row after row; NaN = missing

  [[nodiscard]] std::size_t rows() const noexcept { return features == 0 ? 0 : cells.size() / features; }
  [[nodiscard]] MatrixView<double> view() const noexcept {
    return MatrixView<double>::row_major(cells.data(), rows(), features);
  }
};

/// The most rows that approved.json may hold.
inline constexpr std::size_t kMostApproved = 64;

enum class Kind { binary, regression, multiclass };
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;
/// By the objective's name: "binary" and "probability", "multiclass…", and everything else.
[[nodiscard]] Kind kind_of(const Objective& objective) noexcept;

/// What a trainer has at the end; save() makes a model directory of it. References stay the caller's.
struct BundleParts {
  const Schema& schema;
  const prep::Pipeline& pipeline;
  const Model& model;
  const monitor::Reference& reference;
  const Frame& example;  ///< 1 to 100 raw rows with (at least) the schema's feature fields; replayed at every opening
  Decision decision{};   ///< ignored unless the model is binary
  Calibration calibration{};
  std::string metrics_json = "{}";  ///< metrics.json as it stands
  std::string run_id{};             ///< goes into MLmodel when not empty
  ApprovedRows approved{};          ///< binary models: what reasons compare with; at most kMostApproved rows
};

/// An opened model directory. All of it is const after open(); a RowProgram over it may be used by many threads.
struct Bundle {
  Schema schema;
  prep::Pipeline pipeline;
  Model model;
  Calibration calibration;
  Decision decision;
  monitor::Reference reference;
  std::string metrics_json;
  std::string name;     ///< the directory's own name, or the registered one that a registry sets
  std::string version;  ///< the first 12 digits of the digest, or the registry's
  std::string digest;   ///< SHA-256 of manifest.json
  std::string path;     ///< absolute
  Predictor predictor;
  std::vector<std::string> ignored_files;  ///< in the directory, but not ours
  ApprovedRows approved{};                 ///< none: reasons compare with the training mean
  std::string input_example{};             ///< input_example.json as it stands: rows that the model scores

  [[nodiscard]] Kind kind() const noexcept { return kind_of(model.objective); }
};

inline std::string_view name_of(Kind kind) noexcept {
  return kind == Kind::binary ? "binary" : kind == Kind::regression ? "regression" : "multiclass";
}

inline Kind kind_of(const Objective& objective) noexcept {
  if (objective.name == "binary" || objective.name == "probability") return Kind::binary;
  return std::string_view(objective.name).substr(0, 10) == "multiclass" ? Kind::multiclass : Kind::regression;
}

}  // namespace riskflag::inline v0_1::bundle
