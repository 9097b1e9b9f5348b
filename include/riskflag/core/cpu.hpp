#pragma once

#include <string_view>

namespace riskflag::inline v0_1 {

/// Instruction sets that our kernels are written for, weakest first. `scalar` runs everywhere.
enum class CpuLevel {
  scalar,
  neon,
  ssse3,
  avx2,
  avx512
};  ///< avx2: Haswell (AVX2, BMI2); avx512: F, BW, DQ, VL, VBMI, VNNI (Ice Lake, Zen 4)

/// What this CPU and the operating system allow; asked once, then a load.
[[nodiscard]] CpuLevel cpu_level() noexcept;
[[nodiscard]] std::string_view name_of(CpuLevel level) noexcept;

}  // namespace riskflag::inline v0_1

namespace riskflag::inline v0_1 {

inline CpuLevel cpu_level() noexcept {
#if defined(_WIN32) && defined(__GNUC__) && !defined(__clang__)
  // GCC keeps vectors of 32 bytes and more on Windows's stack, which is aligned to 16, and reads them as if aligned
  // (GCC bug 54412): it crashes where they do not all fit into registers. Those of 16 bytes are aligned.
  static const CpuLevel kLevel = __builtin_cpu_supports("ssse3") ? CpuLevel::ssse3 : CpuLevel::scalar;
  return kLevel;
#elif defined(__x86_64__)
  static const CpuLevel kLevel = [] {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) {
      return __builtin_cpu_supports("ssse3") ? CpuLevel::ssse3 : CpuLevel::scalar;
    }
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
    return avx512 ? CpuLevel::avx512 : CpuLevel::avx2;
  }();
  return kLevel;
#elif defined(__aarch64__)
  return CpuLevel::neon;  // part of the base architecture
#else
  return CpuLevel::scalar;
#endif
}

inline std::string_view name_of(CpuLevel level) noexcept {
  switch (level) {
    case CpuLevel::scalar: return "scalar";
    case CpuLevel::neon: return "neon";
    case CpuLevel::ssse3: return "ssse3";
    case CpuLevel::avx2: return "avx2";
    case CpuLevel::avx512: return "avx512";
  }
  return "scalar";
}

}  // namespace riskflag::inline v0_1
