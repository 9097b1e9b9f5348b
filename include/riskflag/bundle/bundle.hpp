#pragma once

#include <string>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1::bundle {

/// Writes the model directory `directory` whole or not at all (core's DirectoryWriter):
/// docs/formats/model_directory.md. Throws Error(already_exists) as `replace` says, Error(schema_mismatch) when schema,
/// pipeline, model and example do not fit together, Error(io). Returns the model's digest.
std::string save(const BundleParts& parts, const std::string& directory, Replace replace = Replace::refuse);

/// Opens a model directory: 1. every file that manifest.json lists has its SHA-256; 2. each is read strictly; 3.
/// schema, pipeline and model fit together; 4. the input example is scored and must give expected_scores.json to the
/// bit. Throws Error(not_found) without such a directory, Error(corrupt) naming the file and both digests when a byte
/// changed, Error(corrupt | schema_mismatch | unsupported) otherwise.
[[nodiscard]] Bundle open(const std::string& directory);

}  // namespace riskflag::inline v0_1::bundle

#include <riskflag/bundle/detail/open.hpp>
#include <riskflag/bundle/detail/save.hpp>
