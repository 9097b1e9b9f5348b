#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/detail/parts.hpp>
#include <riskflag/bundle/pipeline_json.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/json/manifest.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/model/file.hpp>

namespace riskflag::inline v0_1::bundle {
namespace detail {

/// Step 4 of open(): the scores that were saved beside the example come out again, to the bit.
inline void replay(const Bundle& bundle, const std::string& example, const std::string& expected) {
  const std::string where = join_path(bundle.path, "expected_scores.json");
  const RowProgram program(bundle.schema, bundle.pipeline, bundle.predictor, bundle.calibration);
  const auto want = parse_expected(expected, where, program.outputs());
  const auto got = score_example(program, parse_example(example, join_path(bundle.path, "input_example.json")));
  if (want.size() != got.size()) {
    fail(ErrorCode::corrupt, where,
         std::to_string(want.size()) + " scores, the input example gives " + std::to_string(got.size()));
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(got[i]) != std::bit_cast<std::uint64_t>(want[i])) {
      fail(ErrorCode::corrupt, where,
           "row " + std::to_string(i / program.outputs() + 1) + " of the input example scores " + number_text(got[i]) +
               ", saved was " + number_text(want[i]) + ": this build does not compute what the trainer computed");
    }
  }
}

}  // namespace detail

inline Bundle open(const std::string& directory) {
  const std::string path = absolute_path(directory);
  const std::string manifest_path = join_path(path, "manifest.json");
  if (!is_directory(path))
    fail(ErrorCode::not_found, directory,
         exists(path) ? "is a file; a model directory is accepted (the directory of model.json, not the file)"
                      : "there is no such directory; a model directory is accepted");
  if (!exists(manifest_path)) {
    fail(ErrorCode::not_found, directory,
         "no model directory: it has no manifest.json (riskflag-train --output makes one)");
  }
  const std::string listing = read_file(manifest_path);
  const Manifest manifest = parse_manifest(listing, manifest_path);
  std::map<std::string, std::string> files;
  for (auto& [name, bytes] : read_verified(manifest, path)) files.emplace(name, std::move(bytes));
  auto file = [&](const std::string& name) -> const std::string& {
    const auto it = files.find(name);
    if (it == files.end())
      fail(ErrorCode::corrupt, manifest_path,
           "it lists no " + name +
               (name == "approved.json" ? ", which decision.json names" : ", which every model directory has"));
    return it->second;
  };
  auto place = [&](const std::string& name) { return join_path(path, name); };

  Schema schema = parse_schema(file("schema.json"), place("schema.json"));
  prep::Pipeline pipeline = parse_pipeline(file("pipeline.json"), place("pipeline.json"));
  Model model = value_or_throw(parse_model(file("model.json"), place("model.json")));
  monitor::Reference reference = monitor::parse_reference(file("reference.json"), place("reference.json"));
  detail::check_fit(schema, pipeline, model, reference, path);
  if (const auto metrics = read_json(file("metrics.json"), place("metrics.json")); !metrics)
    throw Error(metrics.failure());
  bool compares = false;
  Decision decision =
      detail::parse_decision(file("decision.json"), place("decision.json"), kind_of(model.objective), compares);
  ApprovedRows approved;
  if (compares) {
    approved = detail::parse_approved(file("approved.json"), place("approved.json"), pipeline.features());
  } else if (files.contains("approved.json")) {
    fail(ErrorCode::corrupt, place("decision.json"), "says nothing of approved.json, which manifest.json lists");
  }
  Predictor predictor = value_or_throw(Predictor::make(model));
  const std::string digest = sha256_hex(listing);

  Bundle bundle{.schema = std::move(schema),
                .pipeline = std::move(pipeline),
                .model = std::move(model),
                .calibration = parse_calibration(file("calibration.json"), place("calibration.json")),
                .decision = std::move(decision),
                .reference = std::move(reference),
                .metrics_json = file("metrics.json"),
                .name = file_name(path),
                .version = digest.substr(0, 12),
                .digest = digest,
                .path = path,
                .predictor = std::move(predictor),
                .ignored_files = {},
                .approved = std::move(approved),
                .input_example = file("input_example.json")};
  for (const std::string& name : list_directory(path)) {
    const auto inside = files.lower_bound(name + "/");  // a folder of ours
    const bool ours = files.contains(name) || (inside != files.end() && inside->first.starts_with(name + "/"));
    if (!ours && name != "manifest.json" && name != "MLmodel") bundle.ignored_files.push_back(name);
  }
  detail::replay(bundle, bundle.input_example, file("expected_scores.json"));
  return bundle;
}

}  // namespace riskflag::inline v0_1::bundle
