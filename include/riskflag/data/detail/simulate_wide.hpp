#pragma once

// The presets for benchmarks: many columns of the kinds that credit tables have, an outcome that depends on half of
// them.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/data/detail/simulate_row.hpp>

namespace riskflag::inline v0_1::detail {

/// What a cell of a wide preset is made of.
enum class WideKind {
  normal,   ///< a standard normal, four decimals
  amount,   ///< a whole number, log-normal
  gappy,    ///< uniform in [0, 1), 10 % missing
  flag,     ///< 0 or 1, 15 % ones
  count,    ///< 90 % zeros, then 1, 2, ...
  rare,     ///< a normal in 5 % of the rows, else missing
  one_hot,  ///< 0 or 1: one of each ten neighbours is 1
};

struct WidePreset {
  std::string_view name;
  std::size_t columns;
  std::array<WideKind, 8> kinds;  ///< column j is of kind j % 8
  double log_odds;                ///< where the sum of effects starts
  double strength;                ///< what every effect is multiplied with
};

inline constexpr std::array<WidePreset, 4> kWidePresets = {{
    {"wide28",
     28,
     {WideKind::normal, WideKind::normal, WideKind::amount, WideKind::gappy, WideKind::normal, WideKind::flag,
      WideKind::count, WideKind::normal},
     -2.4,
     0.7},
    {"wide208",
     208,
     {WideKind::normal, WideKind::normal, WideKind::amount, WideKind::gappy, WideKind::normal, WideKind::flag,
      WideKind::count, WideKind::normal},
     -2.2,
     0.22},
    {"onehot300",
     300,
     {WideKind::one_hot, WideKind::one_hot, WideKind::one_hot, WideKind::one_hot, WideKind::one_hot, WideKind::one_hot,
      WideKind::one_hot, WideKind::one_hot},
     -3.6,
     0.30},
    {"sparse95",
     100,
     {WideKind::rare, WideKind::rare, WideKind::rare, WideKind::rare, WideKind::rare, WideKind::rare, WideKind::rare,
      WideKind::rare},
     -0.6,
     1.0},
}};

/// The cell and its effect's argument: a number around 0, 0 for a missing or idle cell.
struct WidePresetCell {
  double value;
  double signal;
};

[[nodiscard]] inline WidePresetCell draw_wide_cell(WideKind kind, double shift, RowDraws& draws) noexcept {
  switch (kind) {
    case WideKind::normal: {
      const double x = rounded_to(exact::add(draws.normal(), shift), 10000);
      return {x, x};
    }
    case WideKind::amount: {
      const double x = std::floor(exact::exp(exact::add(7, exact::add(draws.normal(), shift))));
      return {x, exact::sub(exact::log1p(x), 7)};
    }
    case WideKind::gappy: {
      const bool gap = draws.chance(0.1);
      const double x = rounded_to(draws.uniform(), 10000);
      if (gap) return {kMissing, 0.5};
      return {x, exact::mul(3, exact::sub(x, 0.5))};
    }
    case WideKind::flag: {
      const double x = draws.chance(0.15) ? 1 : 0;
      return {x, x};
    }
    case WideKind::count: {
      const double z = exact::add(draws.normal(), shift);
      const double x = z > 1.2816 ? std::floor(exact::exp(exact::sub(z, 1.2816))) : 0;
      return {x, x};
    }
    case WideKind::rare: {
      if (!draws.chance(0.05)) return {kMissing, 0};
      const double x = rounded_to(exact::add(draws.normal(), shift), 10000);
      return {x, exact::add(x, 0.5)};
    }
    case WideKind::one_hot: break;  // drawn by the ten, below
  }
  return {0, 0};
}

/// Weight of column j: one fixed set for every table, smaller for later columns, alternating in no simple pattern.
[[nodiscard]] inline double wide_weight(std::size_t column) noexcept {
  static constexpr std::array<double, 7> kWeights = {0.9, -0.6, 0.5, 0.7, -0.4, 0.8, -0.3};
  return kWeights[(column * 5 + column / 7) % kWeights.size()];
}

[[nodiscard]] inline SimulatedColumns simulate_wide(std::string_view preset_name, const SimulateJob& job) {
  const WidePreset* preset = &kWidePresets[0];
  for (const WidePreset& candidate : kWidePresets) {
    if (candidate.name == preset_name) preset = &candidate;
  }
  const std::size_t n = job.count;
  SimulatedColumns made;
  made.probability.resize(n);
  made.target.resize(n);
  for (std::size_t j = 0; j < preset->columns; ++j) made.columns.push_back(number_column("x" + std::to_string(j), n));

  const bool one_hot = preset->kinds[0] == WideKind::one_hot;
  const std::size_t informative = preset->columns / 2;
  const Random level_effects(0x6f6e65686f74);  // the same effects whatever the seed of the rows
  std::vector<double> signal(preset->columns);
  for (std::size_t i = 0; i < n; ++i) {
    RowDraws draws(job.seed, job.first + i);
    ExactSum odds(preset->log_odds);
    if (one_hot) {
      for (std::size_t group = 0; group < preset->columns; group += 10) {
        const double u = draws.uniform();
        const std::size_t level = group + static_cast<std::size_t>(exact::mul(10, exact::mul(u, u)));
        for (std::size_t j = group; j < group + 10; ++j) made.columns[j].numbers[i] = j == level ? 1 : 0;
        odds.plus(preset->strength, level_effects.normal(level));
      }
    } else {
      for (std::size_t j = 0; j < preset->columns; ++j) {
        const double shift = j % 4 == 0 ? job.drift : 0;  // every fourth column drifts
        const WidePresetCell cell = draw_wide_cell(preset->kinds[j % preset->kinds.size()], shift, draws);
        made.columns[j].numbers[i] = cell.value;
        signal[j] = cell.signal;
      }
      for (std::size_t j = 0; j < informative; ++j) {
        const double x = signal[j];
        const double curve = j % 3 == 1 ? exact::sub(x < 0 ? -x : x, 0.8) : x;
        odds.plus(exact::mul(preset->strength, wide_weight(j)), curve);
        if (j % 4 == 3) odds.plus(exact::mul(preset->strength, 0.5), clamped(exact::mul(x, signal[j - 3]), -3, 3));
      }
    }
    made.probability[i] = exact::sigmoid(odds.value());
    made.target[i] = draws.chance(made.probability[i]) ? 1 : 0;
  }
  return made;
}

}  // namespace riskflag::inline v0_1::detail
