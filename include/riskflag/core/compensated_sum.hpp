#pragma once

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1 {

/// A compensated sum: the error does not grow with the number of terms, and the bits depend on the terms and their
/// order alone.
///
/// Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 1974. Pinned arithmetic, so
/// that -ffast-math cannot simplify the correction away.
class CompensatedSum {
 public:
  void add(double x) noexcept {
    const double next = exact::add(sum_, x);
    const double bigger = magnitude(sum_) >= magnitude(x) ? sum_ : x;
    const double smaller = magnitude(sum_) >= magnitude(x) ? x : sum_;
    rest_ = exact::add(rest_, exact::add(exact::sub(bigger, next), smaller));
    sum_ = next;
  }
  /// Not finite when the sum overflowed.
  [[nodiscard]] double value() const noexcept { return is_finite(sum_) ? exact::add(sum_, rest_) : sum_; }

 private:
  [[nodiscard]] static double magnitude(double x) noexcept { return x < 0 ? -x : x; }
  double sum_ = 0.0;
  double rest_ = 0.0;
};

}  // namespace riskflag::inline v0_1
