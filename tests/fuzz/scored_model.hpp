#pragma once

// What every target that ends in a Model demands of it: the scorers agree with the slow one to the bit.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict/predictor.hpp>

namespace fuzz {

inline void demand(bool condition) {
  if (!condition) __builtin_trap();
}

/// Every scorer gives the slow one's bits for rows of small numbers, zeros, infinities and missing values.
inline void score(const riskflag::Model& model) {
  if (model.features.size() > 64 || model.num_outputs > 8 || model.trees.size() > 64) return;
  const auto fast = riskflag::Predictor::make(model);
  demand(fast.ok());
  const double values[] = {0.0, -1.0, 2.5, riskflag::kMissing, 1e308, -0.0, 1e-320, 17.0};
  std::vector<double> row(model.features.size()), got(static_cast<std::size_t>(model.num_outputs));
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t f = 0; f < row.size(); ++f) row[f] = values[(start + f * 3) % 8];
    fast->row_margins(row.data(), got.data());
    for (std::size_t k = 0; k < got.size(); ++k) {
      const double want = riskflag::margin(model, row, static_cast<int>(k));
      demand(std::bit_cast<std::uint64_t>(want) == std::bit_cast<std::uint64_t>(got[k]) ||
             (riskflag::is_missing(want) && riskflag::is_missing(got[k])));
    }
  }
}

/// What an import gave: a model that every scorer may walk, or a failure with a place and a message fit to print.
inline void check_import(const riskflag::Result<riskflag::Model>& model) {
  if (!model) {
    demand(model.failure().where.rfind("fuzz", 0) == 0 && !model.failure().message.empty());
    demand(riskflag::is_utf8(model.failure().text()));
    return;
  }
  demand(riskflag::check_model(*model, "fuzz").ok());
  score(*model);
}

}  // namespace fuzz
