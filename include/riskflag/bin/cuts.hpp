#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/feature.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1 {

/// Bins of one numeric feature that have to end where the caller says.
struct ForcedBins {
  std::string feature{};               ///< its name
  std::vector<double> upper_bounds{};  ///< finite, rising: x <= upper_bounds[i] and x > upper_bounds[i] are apart
  bool operator==(const ForcedBins&) const = default;
};

/// How real values become at most 255 bins and one for missing values.
struct BinOptions {
  int max_bin = 255;                      ///< value bins a feature, 2 to 255; the missing bin comes on top
  int min_data_in_bin = 3;                ///< >= 1; sampled rows a bin should hold
  std::uint64_t sample_rows = 200'000;    ///< >= 1; rows that the cuts are taken from, spread evenly over the table
  std::uint64_t seed = 42;                ///< chooses the sampled rows
  std::vector<int> max_bin_by_feature{};  ///< empty, or max_bin for each feature
  bool zero_as_missing = false;           ///< numeric values within 1e-35 of 0 are missing
  std::vector<ForcedBins> forced_bins{};  ///< at most one of each feature; the first max_bin - 1 bounds are kept
};

/// LightGBM's kZeroThreshold, which model/tree.hpp repeats: what zero_as_missing takes for zero.
inline constexpr double kZeroIsMissing = static_cast<double>(1e-35F);

/// The bins of one feature: value bins 0 .. value_bins - 1, then one for missing values; categorical features have one
/// more for values that are no known level (they never occur in training and always go right).
struct FeatureCuts {
  FeatureType type = FeatureType::numeric;
  /// Numeric: rising; x lies in bin b when cuts[b - 1] < x <= cuts[b]. So x <= cuts[b] exactly when bin <= b.
  std::vector<double> cuts{};
  /// Categorical: the bin of each level. Levels beyond the 253 most frequent share the last value bin.
  std::vector<std::uint8_t> level_bins{};
  unsigned value_bins = 1;
  bool zero_is_missing = false;  ///< numeric: values within kZeroIsMissing of 0 lie in the missing bin

  [[nodiscard]] unsigned missing_bin() const noexcept { return value_bins; }
  [[nodiscard]] unsigned unseen_bin() const noexcept { return value_bins + 1; }
  /// The bin of one value; NaN gives missing_bin(). The slow path that the kernels are tested against.
  [[nodiscard]] std::uint8_t bin_of(double x) const noexcept;
  /// The threshold that separates bins <= b from those above: cuts[b], or +inf for the last value bin.
  [[nodiscard]] double threshold(unsigned b) const noexcept;

  bool operator==(const FeatureCuts&) const = default;
};

/// Features with their bins: all that is needed to bin more rows in the same way.
struct Cuts {
  std::vector<Feature> features{};
  std::vector<FeatureCuts> bins{};  ///< one for each feature
};

/// Chooses the bins of every column.
///
/// A numeric feature with at most max_bin different sampled values gets a cut after each value that fills its bin up to
/// min_data_in_bin sampled rows; otherwise equal shares of the sample, where a value with more than its share gets a
/// bin of its own (both LightGBM's greedy rule). Cuts lie halfway between two sampled values, so +-inf, 1e308 and
/// denormals are ordinary values. Forced bounds are cuts, whatever the sample; what they leave of max_bin goes to the
/// stretches between them by their shares of the sample, the rest to the last (LightGBM's forced bins). The sample
/// depends on the number of rows and the seed alone. Categorical values are indices into Feature::levels (or any index
/// below 2^20 where levels is empty).
///
/// Throws Error(invalid_option) for options outside their range or forced bins of no numeric feature,
/// Error(schema_mismatch) when features.size() is not x.cols(), Error(invalid_data) for no rows, no columns or a
/// categorical value that is no index, Error(resource) when memory runs out.
[[nodiscard]] Cuts make_cuts(MatrixView<double> x, std::span<const Feature> features, const BinOptions& options,
                             Executor& executor);
[[nodiscard]] Cuts make_cuts(MatrixView<float> x, std::span<const Feature> features, const BinOptions& options,
                             Executor& executor);

}  // namespace riskflag::inline v0_1

#include <riskflag/bin/detail/make_cuts.hpp>
