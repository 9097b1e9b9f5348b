#pragma once

#include <string_view>

#include <riskflag/core/cpu.hpp>
#include <riskflag/predict/kernels/kernel.hpp>
#include <riskflag/predict/kernels/neon.hpp>
#include <riskflag/predict/kernels/scalar.hpp>
#include <riskflag/predict/kernels/x86.hpp>

namespace riskflag::inline v0_1 {

/// All kernels that this build holds, weakest first; which of them run depends on the CPU.
inline constexpr const ScanKernel* kScanKernels[] = {
    &scan_scalar::kKernel,
#if defined(__aarch64__)
    &scan_neon::kKernel,
#endif
#if defined(__x86_64__)
    &scan_ssse3::kKernel,  &scan_avx2::kKernel, &scan_avx512::kKernel,
#endif
};

/// True when this CPU can run the kernel.
[[nodiscard]] inline bool is_runnable(const ScanKernel& kernel) noexcept {
  return kernel.level == CpuLevel::scalar || static_cast<int>(kernel.level) <= static_cast<int>(cpu_level());
}

/// The kernel of that name; nullptr when there is none.
[[nodiscard]] inline const ScanKernel* find_kernel(std::string_view name) noexcept {
  for (const ScanKernel* kernel : kScanKernels) {
    if (kernel->name == name) return kernel;
  }
  return nullptr;
}

/// The strongest kernel that this CPU runs.
[[nodiscard]] inline const ScanKernel& best_kernel() noexcept {
  const ScanKernel* best = kScanKernels[0];
  for (const ScanKernel* kernel : kScanKernels) {
    if (is_runnable(*kernel)) best = kernel;
  }
  return *best;
}

}  // namespace riskflag::inline v0_1
