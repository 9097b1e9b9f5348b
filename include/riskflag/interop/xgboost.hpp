#pragma once

#include <string_view>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1::interop {

/// The model in a file that XGBoost's save_model wrote, JSON or UBJSON (1.6 to 3.x), scoring as XGBoost does: the same
/// leaf for every row without infinities, margins within 1e-6 of max(1, sum of |leaf|) for up to 16 trees an output,
/// and in proportion for more, because XGBoost adds in float.
///
/// Values are rounded to float before they are compared (Model::float32_inputs), and x < condition is kept as x <= the
/// float below. base_score becomes a margin by the objective's own rule; DART's weights are multiplied into the leaves;
/// trees of several classes are brought into the order of their classes. Counts are sums of hessians, as XGBoost's own
/// explanations take them. Levels are those of the data frame's categories (XGBoost 3.1 and later), or "0", "1", ...
/// Leaves are rounded to a grid (put_on_grid).
///
/// Fails, never throws: `parse` or `corrupt` with the place or the tree for bytes that are cut off or altered;
/// `unsupported`, with what to do, for gblinear, several targets, vector leaves and objectives without a link here.
/// Memory is proportional to the bytes, whatever they claim. `where` is the file's name for messages.
[[nodiscard]] Result<Model> import_xgboost(std::string_view bytes, std::string_view where);

/// True when `bytes` begin as XGBoost's JSON and UBJSON files do.
[[nodiscard]] bool looks_like_xgboost(std::string_view bytes) noexcept;

}  // namespace riskflag::inline v0_1::interop

#include <riskflag/interop/detail/xgboost.hpp>
