#pragma once

// The door of model/ that throws; everything else here reports by Result.

#include <string>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/file.hpp>

namespace riskflag::inline v0_1 {

/// The model in the file `path`. Throws Error: io or not_found from the system, corrupt or unsupported as parse_model
/// says.
[[nodiscard]] inline Model load_model(const std::string& path) {
  return value_or_throw(parse_model(read_file(path), path));
}

/// Writes model_text(model) to `path`: a temporary neighbour, fsync, rename. Throws Error(corrupt) for a model that
/// load_model would refuse, Error(io) from the system.
inline void save_model(const Model& model, const std::string& path) {
  value_or_throw(check_model(model, path));
  write_file(path, model_text(model));
}

}  // namespace riskflag::inline v0_1
