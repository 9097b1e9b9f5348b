#pragma once

#include <cstddef>
#include <vector>

#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1 {

/// Places and weights of a Gauss-Legendre rule on [0, 1]: exact for polynomials up to degree 2 * points - 1.
struct Quadrature {
  std::vector<double> points;   ///< rising, inside (0, 1)
  std::vector<double> weights;  ///< positive, their sum is 1
};

/// The rule with `count` >= 1 points, by Newton's method on the Legendre polynomial; the same bits everywhere.
/// O(count^2).
[[nodiscard]] Quadrature gauss_legendre(std::size_t count);

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

/// Good to 1e-6 on [0, pi]: a start for Newton's method, which decides the bits.
inline double rough_cosine(double angle) noexcept {
  const double half = exact::mul(angle, 0.5);  // cos(2h) = 1 - 2 sin(h)^2
  const double square = exact::mul(half, half);
  double sine = 1.0 / 362880;
  sine = exact::sub(exact::mul(sine, square), 1.0 / 5040);
  sine = exact::add(exact::mul(sine, square), 1.0 / 120);
  sine = exact::sub(exact::mul(sine, square), 1.0 / 6);
  sine = exact::mul(exact::add(exact::mul(sine, square), 1.0), half);
  return exact::sub(1.0, exact::mul(2.0, exact::mul(sine, sine)));
}

}  // namespace detail

inline Quadrature gauss_legendre(std::size_t count) {
  const auto n = static_cast<double>(count);
  Quadrature rule{std::vector<double>(count, 0.5), std::vector<double>(count, 1.0)};
  for (std::size_t i = 0; i < (count + 1) / 2; ++i) {
    double x = detail::rough_cosine(
        exact::div(exact::mul(3.141592653589793, exact::add(static_cast<double>(i), 0.75)), exact::add(n, 0.5)));
    double slope = 0.0;
    for (int step = 0; step < 8; ++step) {
      double before = 0.0, value = 1.0;  // P(k - 1), P(k)
      for (std::size_t k = 1; k <= count; ++k) {
        const auto degree = static_cast<double>(k);
        const double next = exact::sub(exact::mul(exact::mul(exact::sub(exact::mul(2.0, degree), 1.0), x), value),
                                       exact::mul(exact::sub(degree, 1.0), before));
        before = value;
        value = exact::div(next, degree);
      }
      slope = exact::div(exact::mul(n, exact::sub(before, exact::mul(x, value))), exact::sub(1.0, exact::mul(x, x)));
      if (step < 7) x = exact::sub(x, exact::div(value, slope));
    }
    const double weight = exact::div(1.0, exact::mul(exact::sub(1.0, exact::mul(x, x)), exact::mul(slope, slope)));
    rule.points[i] = exact::mul(0.5, exact::sub(1.0, x));
    rule.points[count - 1 - i] = exact::mul(0.5, exact::add(1.0, x));
    rule.weights[i] = rule.weights[count - 1 - i] = weight;
  }
  return rule;
}

}  // namespace riskflag::inline v0_1
