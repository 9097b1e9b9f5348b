#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/feature.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1::audit {

struct ShiftOptions {
  std::size_t most_rows = 20'000;  ///< of each side; of more a seeded sample is taken
  std::size_t least_rows = 200;    ///< with fewer of either side nothing is said
  double alpha = 0.001;            ///< in (0, 0.5]: share of quiet comparisons above Shift::limit, at most
  std::uint64_t seed = 42;
};

/// How well a small model tells live rows from reference rows.
struct Shift {
  std::size_t reference_rows = 0, live_rows = 0;  ///< that were compared
  double roc_auc = 0.5;  ///< of telling them apart, on rows that the model had not seen: 0.5 where it cannot
  double limit = 0.5;    ///< above this roc_auc something changed: the greater of kShiftLook and what chance explains
  bool alarm = false;
  struct Part {
    std::string feature;
    double share = 0;  ///< of the models' gain, in [0, 1]
  };
  std::vector<Part> parts;  ///< of the features that were asked, the most telling first
};
/// Below it a difference concerns nobody, however sure it is: a normal feature that moved by 0.18 standard deviations.
inline constexpr double kShiftLook = 0.55;

/// Learns to tell `live` rows from `reference` rows (rows x features, NaN = missing) and says how well that goes: a
/// difference in how features go together is seen too, where each one alone looks as ever. Nothing where either side
/// has too few rows.
///
/// Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017, with ROC-AUC in place of accuracy, which
/// does not depend on how many rows each side has, and both halves held out in turn. Each half's ROC-AUC has the null
/// distribution of Mann and Whitney's U; the two depend on each other, so that their mean is held against the limit of
/// one, which errs to the quiet side. Two trainings of 50 trees of 8 leaves. The same for any executor. Throws what
/// train() throws.
[[nodiscard]] std::optional<Shift> find_shift(MatrixView<double> reference, MatrixView<double> live,
                                              std::span<const Feature> features, Executor& executor,
                                              const ShiftOptions& options = {});

/// A seeded sample of rows that come one after another, in memory for that sample: each row that came is in it with the
/// same chance. Vitter, "Random sampling with a reservoir", ACM TOMS 1985, algorithm R.
class RowSample {
 public:
  explicit RowSample(std::size_t cols, std::size_t most = ShiftOptions{}.most_rows, std::uint64_t seed = 42)
      : cols_(cols), most_(most), seed_(seed) {}
  /// `row` has as many values as the sample has columns.
  void add(std::span<const double> row);
  /// Row-major; valid until the next add().
  [[nodiscard]] MatrixView<double> rows() const noexcept {
    return MatrixView<double>::row_major(values_.data(), cols_ == 0 ? 0 : values_.size() / cols_, cols_);
  }
  [[nodiscard]] std::uint64_t seen() const noexcept { return seen_; }

 private:
  std::size_t cols_, most_;
  std::uint64_t seed_, seen_ = 0;
  std::vector<double> values_;
};

}  // namespace riskflag::inline v0_1::audit

#include <riskflag/audit/detail/shift.hpp>
