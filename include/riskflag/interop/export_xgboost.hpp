#pragma once

#include <string>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1::interop {

/// `model` as XGBoost's JSON, which XGBoost 3.2 loads: the same leaf for every row of floats without infinities,
/// margins within T * 2^-24 of the sum of |leaf| and |base margin| for T trees an output, for XGBoost adds floats.
/// Requires a checked model.
///
/// Thresholds become the least float above the last float that goes left. Base margins go into the leaves of each
/// output's first tree (base_score says 0), averages are divided out, and a binary model's `sigmoid` is multiplied into
/// the leaves. Categories are the indices of our levels, as a pandas column of those categories in that order has them.
///
/// Fails with `unsupported` and what stands in the way: an objective without one of XGBoost's that has its link; a node
/// that takes zeros for missing and sends them elsewhere than their number; a level beyond 2^24.
[[nodiscard]] Result<std::string> xgboost_json(const Model& model);

}  // namespace riskflag::inline v0_1::interop

#include <riskflag/interop/detail/export_xgboost.hpp>
