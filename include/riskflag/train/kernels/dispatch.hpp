#pragma once

// Which kernels run at which level of instruction set. All levels give the same bits.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/train/cell.hpp>
#include <riskflag/train/kernels/logistic.hpp>
#include <riskflag/train/kernels/partition.hpp>
#include <riskflag/train/kernels/partition_avx2.hpp>
#include <riskflag/train/kernels/quantize.hpp>
#include <riskflag/train/kernels/scan.hpp>
#include <riskflag/train/kernels/scan_avx2.hpp>
#include <riskflag/train/kernels/scan_avx512.hpp>
#include <riskflag/train/kernels/softmax.hpp>
#include <riskflag/train/kernels/sum.hpp>

#if defined(__x86_64__)
#define RISKFLAG_LANES 4
#define RISKFLAG_TARGET __attribute__((target("avx2,bmi,bmi2")))
#define RISKFLAG_PIN "+x"
#define RISKFLAG_LEVEL avx2
#include <riskflag/train/kernels/lanes.inl>
#undef RISKFLAG_LANES
#undef RISKFLAG_TARGET
#undef RISKFLAG_PIN
#undef RISKFLAG_LEVEL

#define RISKFLAG_LANES 8
#define RISKFLAG_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2")))
#define RISKFLAG_PIN "+v"
#define RISKFLAG_LEVEL avx512
#include <riskflag/train/kernels/lanes.inl>
#undef RISKFLAG_LANES
#undef RISKFLAG_TARGET
#undef RISKFLAG_PIN
#undef RISKFLAG_LEVEL
#endif

namespace riskflag::inline v0_1::kernels {

/// The kernels of one level.
struct TrainKernels {
  Logistic logistic = logistic_scalar;
  SumGradients sum = sum_scalar;
  Quantize quantize = quantize_scalar;
  ScanNarrow scan = scan_scalar<NarrowCell>;
  PartitionRows partition = partition_rows;
  SoftmaxSums softmax_sums = softmax_sums_scalar;
  SoftmaxGradients softmax_gradients = softmax_gradients_scalar;
  FlagsAbove flags_above = flags_above_scalar;
};

[[nodiscard]] inline TrainKernels train_kernels(CpuLevel level) noexcept {
#if defined(__x86_64__)
  if (level == CpuLevel::avx512) {
    return {avx512::logistic,     avx512::sum,          avx512::quantize,          avx512::scan_cuts,
            avx2::partition_rows, avx512::softmax_sums, avx512::softmax_gradients, avx512::flags_above};
  }
  if (level == CpuLevel::avx2) {
    return {avx2::logistic,       avx2::sum,          avx2::quantize,          avx2::scan_cuts,
            avx2::partition_rows, avx2::softmax_sums, avx2::softmax_gradients, avx2::flags_above};
  }
#endif
  (void)level;
  return {};
}

}  // namespace riskflag::inline v0_1::kernels
