#include <riskflag/monitor/drift.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "../sanitized.hpp"

using namespace riskflag;

namespace {

using Counts = std::vector<std::uint64_t>;

/// `rows` rows drawn one by one: another way to a sample than monitor's own.
Counts drawn(const Counts& weights, std::uint64_t rows, const Random& random, std::uint64_t& at) {
  Counts out(weights.size(), 0);
  const std::uint64_t all = monitor::detail::sum_of(weights);
  for (std::uint64_t i = 0; i < rows; ++i) {
    std::uint64_t u = random.below(all, at++);
    std::size_t bin = 0;
    while (u >= weights[bin]) u -= weights[bin++];
    ++out[bin];
  }
  return out;
}

}  // namespace

// The expected numbers are Python's, from the formulas over plain lists.
TEST_CASE("distances of counts are those of the formulas") {
  const Counts even{50, 50}, odd{30, 70};
  CHECK(monitor::psi(even, odd) == doctest::Approx(0.1659180249910608).epsilon(1e-14));
  CHECK(monitor::jensen_shannon(even, odd) == doctest::Approx(0.17408372939284805).epsilon(1e-14));
  CHECK(monitor::ks_distance(even, odd) == doctest::Approx(0.2));
  CHECK(monitor::chi_square(even, odd).statistic == doctest::Approx(8.333333333333334).epsilon(1e-14));
  CHECK(monitor::chi_square(even, odd).degrees == 1);
  CHECK(monitor::psi(Counts{10, 20, 0}, Counts{0, 5, 5}) == doctest::Approx(2.218225296822105).epsilon(1e-14));
}

TEST_CASE("Wasserstein's distance is what rows must move, one by one, and in ranks it has no unit") {
  const std::vector<double> positions{1, 2, 4};
  CHECK(monitor::wasserstein(positions, Counts{2, 0, 0}, Counts{0, 0, 1}) == doctest::Approx(3));
  CHECK(monitor::wasserstein(positions, Counts{1, 1, 2}, Counts{2, 0, 2}) == doctest::Approx(0.25));
  CHECK(monitor::wasserstein(positions, Counts{1, 1, 2}, Counts{0, 0, 0}) == 0);
  const auto ranks = monitor::rank_positions(Counts{10, 30, 60});
  CHECK(ranks == std::vector<double>{0.05, 0.25, 0.7});
  // The slow way: both samples sorted, row beside row.
  const Random random(4, 1);
  std::uint64_t at = 0;
  for (int round = 0; round < 20; ++round) {
    const Counts weights{1, 5, 2, 7, 3}, e = drawn(weights, 400, random, at),
                                         a = drawn({5, 1, 2, 3, 7}, 400, random, at);
    const std::vector<double> where{-3, 0.5, 0.75, 10, 11};
    std::vector<double> e_rows, a_rows;
    for (std::size_t i = 0; i < where.size(); ++i) {
      e_rows.insert(e_rows.end(), e[i], where[i]);
      a_rows.insert(a_rows.end(), a[i], where[i]);
    }
    double moved = 0;
    for (std::size_t i = 0; i < e_rows.size(); ++i) moved += std::abs(e_rows[i] - a_rows[i]);
    CHECK(monitor::wasserstein(where, e, a) == doctest::Approx(moved / 400).epsilon(1e-12));
  }
}

TEST_CASE("the same rows are at no distance, and no rows say nothing") {
  const Counts some{3, 0, 9}, none{0, 0, 0};
  CHECK(monitor::psi(some, some) == 0.0);
  CHECK(monitor::jensen_shannon(some, some) == 0.0);
  CHECK(monitor::chi_square(some, some).statistic == 0.0);
  CHECK(monitor::chi_square(some, some).degrees == 1);  // the empty bin is no bin
  CHECK(monitor::jensen_shannon(some, none) == 0.0);
  CHECK(monitor::ks_distance(some, none) == 0.0);
  CHECK(monitor::chi_square(some, none).statistic == 0.0);
}

TEST_CASE("the alarm's threshold is 0.10 for many rows, and what chance explains for few") {
  const Counts deciles(10, 5000);
  CHECK(monitor::psi_alarm(deciles, 10'000, 1e-3) == 0.10);
  const double few = monitor::psi_alarm(deciles, 100, 1e-3);
  // (1/n + 1/m) chi-square(9), whose 99.9 % point is 27.877; add-one-half pulls small samples together.
  CHECK(few > 0.8 * 0.27877);
  CHECK(few < 1.2 * 0.27877);
  CHECK(monitor::psi_alarm(deciles, 100, 1e-3) == few);
  CHECK(monitor::psi_alarm(deciles, 100, 1e-2) < few);
}

TEST_CASE(
    "invariant: of 1,000 quiet windows over 12 features at most 10 have an alarm, at 200, 1,000 and 10,000 rows") {
  // Deciles, and a category with rare levels; training shares are themselves a sample of the truth.
  const Counts truth[2] = {Counts(10, 100), {900, 60, 30, 8, 2, 0}};
  const double alpha = monitor::psi_alpha(12);
  const Random random(5, 1);
  std::uint64_t at = 0;
  for (const std::uint64_t rows : {std::uint64_t{200}, std::uint64_t{1000}, std::uint64_t{10'000}}) {
    CAPTURE(rows);
    const std::uint64_t quiet =
        rows == 10'000 || riskflag_test::kSanitized ? 100 : 1000;  // long windows stay below 0.10 by far
    std::uint64_t alarms = 0;
    std::vector<Counts> training;
    std::vector<double> thresholds;
    for (int feature = 0; feature < 12; ++feature) {
      training.push_back(drawn(truth[feature % 2], 20'000, random, at));
      thresholds.push_back(monitor::psi_alarm(training.back(), rows, alpha));
    }
    for (std::uint64_t window = 0; window < quiet; ++window) {
      bool alarm = false;
      for (int feature = 0; feature < 12; ++feature) {
        const auto f = static_cast<std::size_t>(feature);
        alarm = alarm || monitor::psi(training[f], drawn(truth[feature % 2], rows, random, at)) > thresholds[f];
      }
      alarms += alarm ? 1 : 0;
    }
    CHECK(alarms <= quiet / 100);
  }
}

TEST_CASE("a shift of half a standard deviation has an alarm at 1,000 rows") {
  // Deciles of a normal variable whose mean moves by 0.5: shares by Python's statistics.NormalDist.
  const Counts live{37, 52, 63, 73, 83, 94, 107, 124, 149, 217};
  const Counts deciles(10, 5000);
  CHECK(monitor::psi(deciles, live) > monitor::psi_alarm(deciles, 1000, monitor::psi_alpha(12)));
}
