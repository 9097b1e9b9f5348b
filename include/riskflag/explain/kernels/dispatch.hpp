#pragma once

// Which kernel runs at which level of instruction set. All give the same bits.

#include <cstddef>
#include <cstdint>

#include <riskflag/core/cpu.hpp>
#include <riskflag/explain/kernels/kernel.hpp>

#define RISKFLAG_LANES 2
#define RISKFLAG_TARGET
#if defined(__x86_64__)
#define RISKFLAG_PIN "+x"
#elif defined(__aarch64__)
#define RISKFLAG_PIN "+w"
#else
#define RISKFLAG_PIN "+m"
#endif
#define RISKFLAG_LEVEL plain
#include <riskflag/explain/kernels/lanes.inl>
#include <riskflag/explain/kernels/references.inl>
#undef RISKFLAG_LANES
#undef RISKFLAG_TARGET
#undef RISKFLAG_PIN
#undef RISKFLAG_LEVEL

#if defined(__x86_64__)
#define RISKFLAG_LANES 4
#define RISKFLAG_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define RISKFLAG_PIN "+x"
#define RISKFLAG_LEVEL avx2
#include <riskflag/explain/kernels/lanes.inl>
#include <riskflag/explain/kernels/references.inl>
#undef RISKFLAG_LANES
#undef RISKFLAG_TARGET
#undef RISKFLAG_PIN
#undef RISKFLAG_LEVEL

#define RISKFLAG_LANES 8
#define RISKFLAG_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2")))
#define RISKFLAG_PIN "+v"
#define RISKFLAG_LEVEL avx512
#include <riskflag/explain/kernels/lanes.inl>
#undef RISKFLAG_LANES
#undef RISKFLAG_TARGET
#undef RISKFLAG_PIN
#undef RISKFLAG_LEVEL
#endif

namespace riskflag::inline v0_1 {

/// The kernel for an instruction set and a rule's number of points; a level that this build has no kernel of its own
/// for gets the plain one.
[[nodiscard]] inline ShapKernel shap_kernel(CpuLevel level, std::size_t points) noexcept {
#if defined(__x86_64__)
  if (level == CpuLevel::avx512 && points >= kShapPoints) return shap_kernels::avx512::tree;
  if (level == CpuLevel::avx2 || level == CpuLevel::avx512) return shap_kernels::avx2::tree;
#endif
  (void)level;
  (void)points;
  return shap_kernels::plain::tree;
}

[[nodiscard]] inline ReferenceKernel reference_kernel(CpuLevel level) noexcept {
#if defined(__x86_64__)
  if (level == CpuLevel::avx2 || level == CpuLevel::avx512) return shap_kernels::avx2::references;
#endif
  (void)level;
  return shap_kernels::plain::references;
}

}  // namespace riskflag::inline v0_1
