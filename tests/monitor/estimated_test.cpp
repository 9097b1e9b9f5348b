#include <riskflag/monitor/estimated.hpp>

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/random.hpp>

using namespace riskflag;

namespace {

using Decisions = std::vector<monitor::JudgedDecision>;

/// `n` decisions; of `levels` different probabilities where that is not 0.
Decisions decisions_of(std::size_t n, std::uint64_t levels) {
  const Random random(21, 1);
  Decisions out;
  for (std::size_t i = 0; i < n; ++i) {
    const double p =
        levels == 0 ? random.uniform(i) : static_cast<double>(random.below(levels, i)) / static_cast<double>(levels);
    out.push_back({0, p, p >= 0.4, {}});
  }
  return out;
}

}  // namespace

TEST_CASE("what is to be expected of calibrated scores is the formulas over every pair") {
  for (const std::uint64_t levels : {std::uint64_t{0}, std::uint64_t{7}}) {
    const Decisions decisions = decisions_of(300, levels);
    double right = 0, squares = 0, pairs = 0, all = 0;
    for (const auto& a : decisions) {
      right += a.high ? a.probability : 1 - a.probability;
      squares += a.probability * (1 - a.probability) * (1 - a.probability) +
                 (1 - a.probability) * a.probability * a.probability;
      for (const auto& b : decisions) {  // a as a positive, b as a negative, itself too
        const double weight = a.probability * (1 - b.probability);
        all += weight;
        pairs += weight * (a.probability > b.probability ? 1.0 : a.probability == b.probability ? 0.5 : 0.0);
      }
    }
    const auto seen = monitor::estimate_performance(decisions);
    CHECK(*seen.accuracy.value == doctest::Approx(right / 300).epsilon(1e-12));
    CHECK(*seen.brier.value == doctest::Approx(squares / 300).epsilon(1e-12));
    CHECK(*seen.roc_auc.value == doctest::Approx(pairs / all).epsilon(1e-12));
  }
}

TEST_CASE("of outcomes that come as the scores say the estimate is what is realised, within chance") {
  Decisions decisions = decisions_of(20'000, 0);
  const auto estimated = monitor::estimate_performance(decisions);
  const Random random(22, 1);
  for (std::size_t i = 0; i < decisions.size(); ++i)
    decisions[i].positive = random.uniform(i) < decisions[i].probability;
  const auto realised = monitor::performance_of("all", decisions);
  CHECK(realised.roc_auc_interval.low < *estimated.roc_auc.value);
  CHECK(*estimated.roc_auc.value < realised.roc_auc_interval.high);
  CHECK(*estimated.brier.value == doctest::Approx(*realised.brier.value).epsilon(0.02));
}

TEST_CASE("without decisions, and of those of one class, there is nothing to estimate") {
  CHECK_FALSE(monitor::estimate_performance({}).roc_auc);
  CHECK_FALSE(monitor::estimate_performance({}).brier);
  const Decisions sure{{0, 1.0, true, {}}, {0, 1.0, true, {}}};
  CHECK_FALSE(monitor::estimate_performance(sure).roc_auc);
  CHECK(*monitor::estimate_performance(sure).accuracy.value == 1);
}
