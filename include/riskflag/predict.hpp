#pragma once

// The door of predict: scores a saved model with nothing but the standard library, without exceptions, RTTI, threads or
// anything to link.
//
//     auto predictor = riskflag::try_load("model.json");
//     if (!predictor) return report(predictor.failure().text());
//     double p = predictor->probability(row);

#include <string>

#include <riskflag/core/read_file.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/model/parse.hpp>
#include <riskflag/predict/predictor.hpp>

namespace riskflag::inline v0_1 {

/// A predictor for the model.json at `path`, or the reason why there is none: not_found, io, corrupt, unsupported.
/// Throws nothing but std::bad_alloc.
[[nodiscard]] inline Result<Predictor> try_load(const std::string& path, const PredictorOptions& options = {}) {
  const auto text = try_read_file(path);
  if (!text) return text.failure();
  const auto model = parse_model(*text, path);
  if (!model) return model.failure();
  return Predictor::make(*model, options);
}

}  // namespace riskflag::inline v0_1
