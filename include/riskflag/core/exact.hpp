#pragma once

// Arithmetic whose bits do not depend on compiler, flags or CPU (design decision 1). Everything that decides something
// and is not an integer goes through here: gains, sigmoids, encodings, standardisation.

//
// The multiplications, additions and table look-ups below, in their order, are the definition of these functions:
// whoever writes them again (numpy, CUDA) gets the same bits by the same steps, without fma.

#include <bit>
#include <cstdint>

#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1::exact {

/// a * b, rounded once; never contracted into a fused multiply-add with what follows.
[[nodiscard]] double mul(double a, double b) noexcept;
/// a + b, rounded once; never contracted with the product that made an operand.
[[nodiscard]] double add(double a, double b) noexcept;
[[nodiscard]] double sub(double a, double b) noexcept;
[[nodiscard]] double div(double a, double b) noexcept;
[[nodiscard]] double sqrt(double x) noexcept;

/// e^x within 1 ulp. exp(-inf) = 0, exp(NaN) = NaN, overflow gives +inf.
/// Results below 2^-1022 are rounded by integers, so that they do not depend on flush-to-zero modes.
[[nodiscard]] double exp(double x) noexcept;
/// Natural logarithm within 1 ulp. log(0) = -inf, log(x < 0) = NaN.
[[nodiscard]] double log(double x) noexcept;
/// log(1 + x) within 1 ulp, accurate for small x. -inf at -1, NaN below.
[[nodiscard]] double log1p(double x) noexcept;
/// x^y within 2 ulp; the special values of IEEE 754 pow: x^0 = 1^y = 1 even for NaN; negative x has a power for integer
/// y alone, else NaN.
[[nodiscard]] double pow(double x, double y) noexcept;

/// 1 / (1 + e^-x), in [0, 1]; the link of binary log loss. sigmoid(-x) and 1 - sigmoid(x) agree to 1 ulp
/// of 1. Within 3 ulp of its own size, down to denormal results.
[[nodiscard]] double sigmoid(double margin) noexcept;
/// log(p / (1 - p)) within 4 ulp; -inf at 0, +inf at 1, NaN outside [0, 1].
[[nodiscard]] double logit(double probability) noexcept;

}  // namespace riskflag::inline v0_1::exact

#include <riskflag/core/detail/exact.hpp>
