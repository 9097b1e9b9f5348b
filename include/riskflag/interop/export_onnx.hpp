#pragma once

#include <string>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1::interop {

/// `model` as an ONNX file (ai.onnx 13, ai.onnx.ml 1; scored by ONNX Runtime 1.32): input `features`, float
/// [rows, features], NaN = missing, categories as the indices of their levels; outputs `margin` and `prediction`
/// (after the link), float [rows, outputs]. Requires a checked model.
///
/// Every row of floats takes the same leaf: thresholds become the greatest float that is at most the double. Margins
/// are within T * 2^-24 of the sum of |leaf| and |base margin| for T trees an output, for ONNX Runtime adds floats. A
/// categorical question becomes a table of the levels that go left, looked up before the trees. Names of the features
/// stand in the file's metadata.
///
/// Fails with `unsupported` for a node that takes zeros for missing and sends them elsewhere than their number.
[[nodiscard]] Result<std::string> onnx_bytes(const Model& model);

}  // namespace riskflag::inline v0_1::interop

#include <riskflag/interop/detail/export_onnx.hpp>
