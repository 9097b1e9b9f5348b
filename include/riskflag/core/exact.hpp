#pragma once

// Arithmetic whose bits do not depend on compiler, flags or CPU (design decision 1). Everything that decides something
// and is not an integer goes through here: gains, sigmoids, encodings, standardisation.

namespace riskflag::inline v0_1::exact {

/// a * b, rounded once; never contracted into a fused multiply-add with what follows.
[[nodiscard]] double mul(double a, double b) noexcept;
/// a + b, rounded once; never contracted with the product that made an operand.
[[nodiscard]] double add(double a, double b) noexcept;
[[nodiscard]] double sub(double a, double b) noexcept;
[[nodiscard]] double div(double a, double b) noexcept;
[[nodiscard]] double sqrt(double x) noexcept;

/// e^x within 1 ulp. exp(-inf) = 0, exp(NaN) = NaN, overflow gives +inf.
[[nodiscard]] double exp(double x) noexcept;
/// Natural logarithm within 1 ulp. log(0) = -inf, log(x < 0) = NaN.
[[nodiscard]] double log(double x) noexcept;
/// log(1 + x), accurate for small x.
[[nodiscard]] double log1p(double x) noexcept;
/// x^y for x >= 0 within 2 ulp; NaN for negative x unless y is an integer.
[[nodiscard]] double pow(double x, double y) noexcept;

/// 1 / (1 + e^-x), in [0, 1]; the link of binary log loss. sigmoid(-x) and 1 - sigmoid(x) agree to 1 ulp.
[[nodiscard]] double sigmoid(double margin) noexcept;
/// log(p / (1 - p)); -inf at 0 and +inf at 1.
[[nodiscard]] double logit(double probability) noexcept;

}  // namespace riskflag::inline v0_1::exact
