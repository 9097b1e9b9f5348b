#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/detail/mlmodel.hpp>
#include <riskflag/bundle/detail/parts.hpp>
#include <riskflag/bundle/detail/python_code.hpp>
#include <riskflag/bundle/pipeline_json.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/json/manifest.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/model/file.hpp>

namespace riskflag::inline v0_1::bundle {

inline std::string save(const BundleParts& parts, const std::string& directory, Replace replace) {
  const Kind kind = kind_of(parts.model.objective);
  detail::check_fit(parts.schema, parts.pipeline, parts.model, parts.reference, directory);
  if (kind == Kind::binary && !is_finite(parts.decision.threshold)) {
    fail(ErrorCode::invalid_option, directory, "the decision threshold is not a finite number");
  }
  const ApprovedRows& approved = parts.approved;
  if (approved.rows() > 0 && (kind != Kind::binary || approved.features != parts.pipeline.features().size() ||
                              approved.rows() > kMostApproved || approved.cells.size() % approved.features != 0)) {
    fail(ErrorCode::invalid_option, directory,
         std::to_string(approved.rows()) + " approved rows of " + std::to_string(approved.features) +
             " features; accepted: at most " + std::to_string(kMostApproved) + " of the pipeline's " +
             std::to_string(parts.pipeline.features().size()) + ", for a binary model");
  }
  if (const auto metrics = read_json(parts.metrics_json, "metrics.json"); !metrics) throw Error(metrics.failure());

  // Scored through their own files, so that what open() replays is what stands there.
  const Predictor predictor = value_or_throw(Predictor::make(parts.model));
  const RowProgram program(parts.schema, parts.pipeline, predictor, parts.calibration);
  const std::string example = detail::example_text(parts.schema, parts.example);
  const auto scores = detail::score_example(program, detail::parse_example(example, "input_example.json"));

  std::vector<std::pair<std::string, std::string>> files;
  if (approved.rows() > 0)
    files.emplace_back("approved.json", detail::approved_text(parts.pipeline.features(), approved));
  files.emplace_back("calibration.json", calibration_text(parts.calibration));
  files.emplace_back("decision.json", detail::decision_text(parts.decision, kind, approved.rows() > 0));
  files.emplace_back("expected_scores.json", detail::expected_text(kind, program.outputs(), scores));
  files.emplace_back("input_example.json", example);
  files.emplace_back("metrics.json", parts.metrics_json);
  files.emplace_back("model.json", model_text(parts.model));
  files.emplace_back("pipeline.json", pipeline_text(parts.pipeline));
  files.emplace_back("reference.json", monitor::reference_text(parts.reference));
  files.emplace_back("schema.json", schema_text(parts.schema));
  for (auto& file : detail::python_files()) files.push_back(std::move(file));

  Manifest manifest;
  for (const auto& [path, bytes] : files) manifest.files.emplace_back(path, sha256_hex(bytes));
  const std::string listing = manifest_text(manifest);
  const std::string digest = sha256_hex(listing);

  DirectoryWriter writer(directory, replace);
  for (const auto& [path, bytes] : files) writer.write(path, bytes);
  writer.write("manifest.json", listing);
  writer.write("MLmodel", detail::mlmodel_text(parts.schema, kind, digest, parts.run_id, now_ms()));
  writer.commit();
  return digest;
}

}  // namespace riskflag::inline v0_1::bundle
