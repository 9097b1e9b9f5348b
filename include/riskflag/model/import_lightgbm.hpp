#pragma once

#include <string_view>

#include <riskflag/core/result.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// The model in a LightGBM text file (Booster.save_model; versions v3 and v4), scoring as LightGBM does: the same leaf
/// for every row (NaN, zeros, infinities, unseen and negative categories included), margins within 1e-12 of
/// max(1, sum of |leaf|); with linear leaves (linear_tree=true) the same bits.
///
/// Every tree's missing types, category sets, shrinkage (DART too), averaging (random forests) and the objective with
/// its parameters are kept; boost_from_average stands in the leaves. Leaves are rounded to a grid (put_on_grid), but
/// not those of models with linear ones. A categorical feature has the levels of `pandas_categorical`, or "0", "1", ...
/// up to the greatest category seen.
///
/// Fails, never throws: `parse` or `corrupt` with the line or the tree for a file that is cut off or altered;
/// `unsupported`, with what to do, for `regression sqrt` and objectives that we do not know. Memory is
/// proportional to the text, whatever it claims. `where` is the file's name for messages.
[[nodiscard]] Result<Model> import_lightgbm(std::string_view text, std::string_view where);

/// True when `text` begins as LightGBM text models do.
[[nodiscard]] bool looks_like_lightgbm(std::string_view text) noexcept;

/// Rounds leaves and base margins to the finest power of two of which sums stay exact, so that predictors may add them
/// in any order. Moves a margin by about the rounding of an ordinary sum. Leaves a model with a grid or with linear
/// leaves as it is, and one with a leaf so far beyond the others that the grid would be too coarse for these.
void put_on_grid(Model& model);

}  // namespace riskflag::inline v0_1

#include <riskflag/model/detail/import_lightgbm.hpp>
#include <riskflag/model/detail/put_on_grid.hpp>
