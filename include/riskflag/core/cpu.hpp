#pragma once

#include <string_view>

namespace riskflag::inline v0_1 {

/// Instruction sets that our kernels are written for, weakest first. `scalar` runs everywhere.
enum class CpuLevel { scalar, neon, avx2, avx512 };  ///< avx2: Haswell (AVX2, BMI2); avx512: F, BW, DQ, VL, VBMI (Ice Lake, Zen 4)

/// What this CPU and the operating system allow; asked once, then a load.
[[nodiscard]] CpuLevel cpu_level() noexcept;
[[nodiscard]] std::string_view name_of(CpuLevel level) noexcept;

}  // namespace riskflag::inline v0_1
