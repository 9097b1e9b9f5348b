#include <riskflag/metrics/regression.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/error.hpp>
#include <riskflag/metrics/summary.hpp>

using namespace riskflag;
using namespace riskflag::metrics;
using Values = std::vector<double>;

TEST_CASE("regression metrics by hand") {
  const Values p = {2.5, 0.0, 2.0, 8.0}, y = {3.0, -0.5, 2.0, 7.0};
  CHECK(mse(p, y).value == 0.375);
  CHECK(*rmse(p, y).value == doctest::Approx(std::sqrt(0.375)).epsilon(1e-16));
  CHECK(mae(p, y).value == 0.5);
  CHECK(*r2(p, y).value == doctest::Approx(1 - 1.5 / 29.1875).epsilon(1e-15));
  CHECK(*quantile_loss(p, y, 0.1).value == doctest::Approx((0.05 + 0.45 + 0.0 + 0.9) / 4).epsilon(1e-15));
  CHECK(mae(p, y, Values{0, 0, 1, 1}).value == 0.5);
  CHECK(mae(p, y, Values{0, 0, 1, 0}).value == 0.0);
}

TEST_CASE("deviances by hand, and each power agrees with its named form") {
  const Values p = {2.0, 1.0}, y = {1.0, 4.0};
  CHECK(*poisson_deviance(p, y).value ==
        doctest::Approx((2 * (std::log(0.5) - 1 + 2) + 2 * (4 * std::log(4.0) - 4 + 1)) / 2).epsilon(1e-15));
  CHECK(*gamma_deviance(p, y).value ==
        doctest::Approx((2 * (std::log(2.0) + 0.5 - 1) + 2 * (std::log(0.25) + 4 - 1)) / 2).epsilon(1e-15));
  CHECK(tweedie_deviance(p, y, 0.0).value == mse(p, y).value);
  // Powers near 1 and 2 come close to the limits.
  CHECK(*tweedie_deviance(p, y, 1.000001).value == doctest::Approx(*poisson_deviance(p, y).value).epsilon(1e-5));
  CHECK(*tweedie_deviance(p, y, 1.999999).value == doctest::Approx(*gamma_deviance(p, y).value).epsilon(1e-5));
  CHECK(*poisson_deviance(Values{3.0}, Values{0.0}).value == 6.0);
}

TEST_CASE("regression metrics without an answer say why") {
  const Values none;
  CHECK(rmse(none, none).undefined_because == kNoRows);
  CHECK(mae(Values{1}, Values{2}, Values{0}).undefined_because == kNoWeight);
  CHECK(r2(Values{1}, Values{2}).undefined_because == "there are fewer than two rows");
  CHECK(r2(Values{1, 2}, Values{5, 5}).undefined_because == "all targets are equal");
  CHECK_FALSE(poisson_deviance(Values{0.0}, Values{1.0}));
  CHECK_FALSE(gamma_deviance(Values{1.0}, Values{0.0}));
  CHECK_FALSE(poisson_deviance(Values{1.0}, Values{-1.0}));
  CHECK_THROWS_AS((void)tweedie_deviance(Values{1.0}, Values{1.0}, 0.5), Error);
  CHECK_THROWS_AS((void)quantile_loss(Values{1.0}, Values{1.0}, 1.5), Error);
  CHECK_THROWS_AS((void)rmse(Values{1.0}, Values{std::nan("")}), Error);
}

TEST_CASE("the regression summary says what the single functions say") {
  const Values p = {2.5, 0.0, 2.0, 8.0}, y = {3.0, -0.5, 2.0, 7.0};
  CHECK(regression_metrics(p, y).rmse == rmse(p, y).value);
  CHECK(regression_metrics(p, y).r2 == r2(p, y).value);
}
