#pragma once

#include <string>
#include <vector>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/core/file.hpp>
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

enum class Kind { binary, regression, multiclass };
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;
/// By the objective's name: "binary", "multiclass…" and everything else.
[[nodiscard]] Kind kind_of(const Objective& objective) noexcept;

/// What a trainer has at the end; save() makes a model directory of it. References stay the caller's.
struct BundleParts {
  const Schema& schema;
  const prep::Pipeline& pipeline;
  const Model& model;
  const monitor::Reference& reference;
  const Frame& example;           ///< 1 to 100 raw rows with (at least) the schema's feature fields; replayed at every opening
  Decision decision{};            ///< ignored unless the model is binary
  Calibration calibration{};
  std::string metrics_json = "{}";  ///< metrics.json as it stands
  std::string run_id{};           ///< goes into MLmodel when not empty
};

/// Writes the model directory `directory` whole or not at all (core's DirectoryWriter): docs/formats/model_directory.md.
/// Throws Error(already_exists) as `replace` says, Error(schema_mismatch) when schema, pipeline, model and example do not fit
/// together, Error(io). Returns the model's digest.
std::string save(const BundleParts& parts, const std::string& directory, Replace replace = Replace::refuse);

/// An opened model directory. All of it is const after open(); a RowProgram over it may be used by many threads.
struct Bundle {
  Schema schema;
  prep::Pipeline pipeline;
  Model model;
  Calibration calibration;
  Decision decision;
  monitor::Reference reference;
  std::string metrics_json;
  std::string name;    ///< the directory's own name, or the registered one that a registry sets
  std::string version; ///< the first 12 digits of the digest, or the registry's
  std::string digest;  ///< SHA-256 of manifest.json
  std::string path;    ///< absolute
  Predictor predictor;
  std::vector<std::string> ignored_files;  ///< in the directory, but not ours

  [[nodiscard]] Kind kind() const noexcept { return kind_of(model.objective); }
};

/// Opens a model directory: 1. every file that manifest.json lists has its SHA-256; 2. each is read strictly; 3. schema,
/// pipeline and model fit together; 4. the input example is scored and must give expected_scores.json to the bit.
/// Throws Error(not_found) without such a directory, Error(corrupt) naming the file and both digests when a byte changed,
/// Error(corrupt | schema_mismatch | unsupported) otherwise.
[[nodiscard]] Bundle open(const std::string& directory);

}  // namespace riskflag::inline v0_1::bundle

#include <riskflag/bundle/detail/open.hpp>
#include <riskflag/bundle/detail/save.hpp>
