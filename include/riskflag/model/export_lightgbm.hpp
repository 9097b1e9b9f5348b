#pragma once

#include <string>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// `model` as a LightGBM text file (version v4) that LightGBM loads and scores alike: the same leaf for every row, but
/// for values of |x| <= 1e-35 other than 0, which LightGBM takes for 0. Requires a checked model.
///
/// Base margins go into the leaves of the first tree of each output (of all trees where they are averaged). Thresholds
/// of models that round their values to float become the doubles at which the rounding turns. Blanks in feature names
/// become '_', as LightGBM's own Python package makes them; counts are rounded to integers.
///
/// Fails with `unsupported` and what stands in the way: a categorical node that sends missing values to its set's side
/// (LightGBM always sends them to the other), a name that is not one word after that, or that stands twice.
[[nodiscard]] Result<std::string> lightgbm_text(const Model& model);

}  // namespace riskflag::inline v0_1

#include <riskflag/model/detail/export_lightgbm.hpp>
