#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/dispatch.hpp>
#include <riskflag/train/objective.hpp>

namespace riskflag::inline v0_1::detail {

/// Which output's gradients are asked for, and what share_rows() says of the round; nothing for one output.
struct OfOutput {
  std::size_t output = 0;
  std::span<const double> tops{}, sums{};
};

/// TrainHooks::gradients.
using CustomGradients = std::function<void(std::span<const double> margins, std::span<double> g, std::span<double> h)>;

/// Rows whose floating-point sums are made by one thread, in one order; the blocks' sums are added in their order.
inline constexpr std::size_t kSumBlock = 4096;

/// Sum of n numbers in an order that vector units can follow: eight running sums, then these from first to last.
template <class Value>
[[nodiscard]] double sum_of_block(std::size_t n, Value value) noexcept {
  std::array<double, 8> lanes{};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] = exact::add(lanes[lane], value(i + lane));
  }
  for (std::size_t lane = 0; i < n; ++i, ++lane) lanes[lane] = exact::add(lanes[lane], value(i));
  double sum = lanes[0];
  for (std::size_t lane = 1; lane < 8; ++lane) sum = exact::add(sum, lanes[lane]);
  return sum;
}

[[nodiscard]] inline double magnitude(double x) noexcept {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & 0x7fffffffffffffffULL);
}

/// Gradients and hessians of all rows, and their cells: scaled anew in each iteration so that no subset of rows can
/// overflow.
///
/// Life, once an iteration: 1. compute(); 2. read by the grower: narrow() or wide(), whichever is_wide() says; 3. fine
/// sums of leaves from g() and h().
class RowGradients {
 public:
  /// When 32 bits are too coarse: fewer quanta to the mean, or more than one nonzero gradient in a hundred below half a
  /// quantum.
  static constexpr double kFewestQuanta = 1024.0;
  static constexpr std::size_t kMostNarrowRows = std::size_t{1} << 27;

  /// `level` chooses the kernels; every level gives the same bits.
  RowGradients(std::size_t rows, const ObjectiveFunction& objective, CpuLevel level)
      : objective_(objective), kernels_(kernels::train_kernels(level)), g_(rows), h_(rows), narrow_(rows) {}

  /// `own`: the caller's gradients instead of the objective's. Throws Error(numeric) with round and row when a sum is
  /// not finite.
  void compute(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights,
               const Random& random, Executor& executor, const CustomGradients& own = {}, const OfOutput& of = {}) {
    if (round_ == 0 || of.output <= of_.output) ++round_;
    of_ = of;
    if (own) own(scores, g_, h_);
    is_custom_ = static_cast<bool>(own);
    sum(scores, labels, weights, executor);
    const std::size_t n = g_.size();
    const std::uint64_t key = random.bits(0);
    const auto rows = static_cast<double>(n);
    const double mean_g = (2147483647.0 - rows - 16.0) / rows;
    const double mean_h = (4294967295.0 - rows - 16.0) / rows;
    is_wide_ = n >= kMostNarrowRows || mean_g < kFewestQuanta || mean_h < kFewestQuanta;
    const bool counted = objective_.constant_hessian() && weights.empty();
    if (!is_wide_) {
      scale_g_ = exact::div(2147483647.0 - rows - 16.0, sum_g_);
      scale_h_ = counted ? 1.0 : exact::div(4294967295.0 - rows - 16.0, sum_h_);
      is_wide_ = too_coarse(executor);
    }
    if (is_wide_) {
      scale_g_ = exact::div(0x1p61, sum_g_);
      scale_h_ = counted ? 1.0 : exact::div(0x1p61, sum_h_);
      wide_.resize(n);
    }
    unit_g_ = exact::div(1.0, scale_g_);
    unit_h_ = exact::div(1.0, scale_h_);
    parallel_for(executor, n, kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      const kernels::QuantizeBlock block{g_.data() + begin,
                                         h_.data() + begin,
                                         begin,
                                         end - begin,
                                         scale_g_,
                                         scale_h_,
                                         static_cast<std::uint32_t>(key),
                                         static_cast<std::uint32_t>(key >> 32)};
      if (is_wide_) {
        kernels::quantize_wide(block, wide_.data() + begin);
      } else {
        kernels_.quantize(block, narrow_.data() + begin);
      }
    });
  }

  [[nodiscard]] bool is_wide() const noexcept { return is_wide_; }
  [[nodiscard]] std::span<const NarrowCell> narrow() const noexcept { return narrow_; }
  [[nodiscard]] std::span<const WideCell> wide() const noexcept { return wide_; }
  [[nodiscard]] std::span<const double> g() const noexcept { return g_; }
  [[nodiscard]] std::span<const double> h() const noexcept { return h_; }
  /// Sums of |g| and of h over all rows: no subset's sum is larger.
  [[nodiscard]] double sum_g() const noexcept { return sum_g_; }
  [[nodiscard]] double sum_h() const noexcept { return sum_h_; }
  /// One quantum in units of g, of h; and the quanta of one unit of each.
  [[nodiscard]] double unit_g() const noexcept { return unit_g_; }
  [[nodiscard]] double unit_h() const noexcept { return unit_h_; }
  [[nodiscard]] double scale_g() const noexcept { return scale_g_; }
  [[nodiscard]] double scale_h() const noexcept { return scale_h_; }

 private:
  void sum(std::span<const double> scores, std::span<const double> labels, std::span<const double> weights,
           Executor& executor) {
    const std::size_t n = g_.size();
    const std::size_t blocks = (n + kSumBlock - 1) / kSumBlock;
    block_sums_.resize(blocks);
    parallel_for(executor, n, kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      const GradientBlock block{scores.data() + begin,
                                labels.data() + begin,
                                weights.empty() ? nullptr : weights.data() + begin,
                                g_.data() + begin,
                                h_.data() + begin,
                                end - begin,
                                of_.output,
                                at(of_.tops, begin),
                                at(of_.sums, begin)};
      if (is_custom_) {
        weigh(block);
      } else {
        objective_.gradients(block);
      }
      block_sums_[begin / kSumBlock] = kernels_.sum(g_.data() + begin, h_.data() + begin, end - begin);
    });
    kernels::GradientSums all;
    for (const kernels::GradientSums& block : block_sums_) {
      all.g = exact::add(all.g, block.g);
      all.h = exact::add(all.h, block.h);
      all.least_g = std::min(all.least_g, block.least_g);
    }
    sum_g_ = all.g;
    sum_h_ = all.h;
    least_g_ = all.least_g;
    if (!is_finite(sum_g_) || !is_finite(sum_h_)) {
      std::size_t row = 0;
      while (row + 1 < n && is_finite(g_[row]) && is_finite(h_[row])) ++row;
      fail(ErrorCode::numeric, "round " + std::to_string(round_) + ", row " + std::to_string(row),
           "gradients sum to " + number_text(sum_g_) + " and hessians to " + number_text(sum_h_) +
               "; both must be finite (scale the labels or weights down)");
    }
    // All gradients or hessians zero: nothing is left to learn, and any scale will do.
    if (!(sum_g_ >= 0x1p-900)) sum_g_ = 0x1p-900;
    if (!(sum_h_ >= 0x1p-900)) sum_h_ = 0x1p-900;
  }

  [[nodiscard]] static const double* at(std::span<const double> x, std::size_t row) noexcept {
    return x.empty() ? nullptr : x.data() + row;
  }

  /// The caller's gradients times the weights. Hessians that are not positive are raised to the least: a negative one
  /// would turn a leaf's step around.
  static void weigh(const GradientBlock& block) noexcept {
    for (std::size_t i = 0; i < block.rows; ++i) {
      if (block.h[i] <= kernels::kLeastHessian) block.h[i] = kernels::kLeastHessian;
      if (block.weights == nullptr) continue;
      block.g[i] = exact::mul(block.g[i], block.weights[i]);
      block.h[i] = exact::mul(block.h[i], block.weights[i]);
    }
  }

  [[nodiscard]] bool too_coarse(Executor& executor) {
    const std::size_t n = g_.size();
    const std::size_t blocks = (n + kSumBlock - 1) / kSumBlock;
    const double half = exact::div(0.5, scale_g_);
    if (least_g_ >= half) return false;  // nearly always
    coarse_.assign(2 * blocks, 0);
    parallel_for(executor, n, kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      std::uint32_t small = 0, nonzero = 0;
      for (std::size_t i = begin; i < end; ++i) {
        const double g = magnitude(g_[i]);
        nonzero += g != 0.0 ? 1U : 0U;
        small += g < half ? 1U : 0U;
      }
      const auto zero = static_cast<std::uint32_t>(end - begin) - nonzero;
      coarse_[2 * (begin / kSumBlock)] = small - zero;
      coarse_[2 * (begin / kSumBlock) + 1] = nonzero;
    });
    std::uint64_t small = 0, nonzero = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
      small += coarse_[2 * b];
      nonzero += coarse_[2 * b + 1];
    }
    return small * 100 > nonzero;
  }

  const ObjectiveFunction& objective_;
  kernels::TrainKernels kernels_;
  std::vector<double> g_, h_;
  std::vector<NarrowCell> narrow_;
  std::vector<WideCell> wide_;
  std::vector<kernels::GradientSums> block_sums_;
  std::vector<std::uint32_t> coarse_;
  double sum_g_ = 0.0, sum_h_ = 0.0, least_g_ = 0.0;
  double scale_g_ = 1.0, scale_h_ = 1.0, unit_g_ = 1.0, unit_h_ = 1.0;
  bool is_wide_ = false;
  bool is_custom_ = false;
  int round_ = 0;
  OfOutput of_;
};

/// What an objective of several outputs keeps of every row from the beginning of a round to its last output.
///
/// Life: 1. made once; 2. look() at all margins when a round begins; 3. of() for each output of the round.
class SharedRows {
 public:
  SharedRows(std::size_t rows, const ObjectiveFunction& objective) : objective_(objective) {
    if (!objective.shares_rows()) return;
    tops_.resize(rows);
    sums_.resize(rows);
  }

  /// `scores`: the margins of all rows, output after output.
  void look(std::span<const double> scores, Executor& executor) {
    if (tops_.empty()) return;
    parallel_for(executor, tops_.size(), kSumBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      objective_.share_rows({scores.data() + begin, tops_.size(), objective_.outputs(), tops_.data() + begin,
                             sums_.data() + begin, end - begin});
    });
  }
  [[nodiscard]] OfOutput of(std::size_t output) const noexcept { return {output, tops_, sums_}; }

 private:
  const ObjectiveFunction& objective_;
  std::vector<double> tops_, sums_;
};

}  // namespace riskflag::inline v0_1::detail
