#include <riskflag/audit/shift.hpp>

#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/monitor/drift.hpp>
#include <riskflag/monitor/reference.hpp>

#include "../sanitized.hpp"

using namespace riskflag;

namespace {

/// Two normal columns whose correlation is `correlation`, a third by itself (moved by `shift`), 10 % of it missing, and
/// a category of four levels.
struct Rows {
  std::size_t rows;
  std::vector<double> values{};
  [[nodiscard]] MatrixView<double> view() const { return MatrixView<double>::row_major(values.data(), rows, 4); }
  [[nodiscard]] std::vector<double> column(std::size_t j) const {
    std::vector<double> out;
    for (std::size_t i = 0; i < rows; ++i) out.push_back(view()(i, j));
    return out;
  }
};
const std::vector<Feature> kFeatures{
    {.name = "a"}, {.name = "b"}, {.name = "c"}, {"d", FeatureType::categorical, {"w", "x", "y", "z"}, {}}};
Rows made(std::size_t rows, std::uint64_t seed, double correlation = 0.8, double shift = 0, std::uint64_t levels = 3) {
  const Random random(seed, 3);
  Rows out{rows};
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const double a = random.normal(at++), noise = random.normal(at++);
    out.values.push_back(a);
    out.values.push_back(correlation * a + std::sqrt(1 - correlation * correlation) * noise);
    const double c = random.normal(at++) + shift;
    out.values.push_back(random.uniform(at++) < 0.1 ? kMissing : c);
    out.values.push_back(static_cast<double>(random.below(levels, at++)));
  }
  return out;
}
std::optional<audit::Shift> shift_of(const Rows& reference, const Rows& live, const audit::ShiftOptions& options = {}) {
  SerialExecutor serial;
  return audit::find_shift(reference.view(), live.view(), kFeatures, serial, options);
}
/// PSI of a column by deciles of the reference, and whether it has an alarm among four fields.
bool psi_has_alarm(const std::vector<double>& reference, const std::vector<double>& live) {
  std::vector<double> sorted = reference;
  const auto edges = monitor::detail::decile_edges(sorted);
  std::vector<std::uint64_t> e(edges.size() + 1), a(edges.size() + 1);
  for (const double x : reference) ++e[monitor::bin_of(edges, x)];
  for (const double x : live) ++a[monitor::bin_of(edges, x)];
  return monitor::psi(e, a) > monitor::psi_alarm(e, live.size(), monitor::psi_alpha(4));
}

}  // namespace

TEST_CASE("invariant: of 100 quiet windows of 300 rows at most one is told from the reference rows") {
  const Rows reference = made(5000, 1);
  int alarms = 0;
  double auc = 0;
  const int windows = riskflag_test::kSanitized ? 20 : 100;
  for (int i = 0; i < windows; ++i) {
    const auto shift = shift_of(reference, made(300, 1000 + static_cast<std::uint64_t>(i)));
    REQUIRE(shift.has_value());
    alarms += shift->alarm ? 1 : 0;
    auc += shift->roc_auc / windows;
  }
  CHECK(alarms <= 1);
  CHECK(auc == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("rows whose features go together otherwise are told, where no feature alone looks different") {
  const Rows reference = made(5000, 1), live = made(1000, 2, 0.3);
  for (std::size_t j = 0; j < 2; ++j) CHECK_FALSE(psi_has_alarm(reference.column(j), live.column(j)));
  const auto shift = shift_of(reference, live);
  REQUIRE(shift.has_value());
  CHECK(shift->alarm);
  CHECK(shift->roc_auc > 0.6);
  CHECK(shift->reference_rows == 5000);
  CHECK(shift->live_rows == 1000);
  REQUIRE(shift->parts.size() >= 2);
  CHECK(shift->parts[0].feature + shift->parts[1].feature != "cd");
  CHECK(shift->parts[0].share + shift->parts[1].share > 0.7);
  double all = 0;
  for (const auto& part : shift->parts) all += part.share;
  CHECK(all == doctest::Approx(1));
}

TEST_CASE("a column that moved and a level that was not there are named first") {
  const auto moved = shift_of(made(5000, 1), made(1000, 2, 0.8, 0.5));
  REQUIRE(moved.has_value());
  CHECK(moved->alarm);
  CHECK(moved->parts.at(0).feature == "c");
  // Of normal columns half a deviation apart nobody tells more than Phi(0.5 / sqrt 2) = 0.638; 10 % are missing.
  CHECK(moved->roc_auc < 0.638 + 0.03);
  const auto unseen = shift_of(made(5000, 1), made(1000, 2, 0.8, 0, 4));
  REQUIRE(unseen.has_value());
  CHECK(unseen->alarm);
  CHECK(unseen->parts.at(0).feature == "d");
  // A quarter of the live rows holds it: 1/4 + 3/4 x 1/2.
  CHECK(unseen->roc_auc == doctest::Approx(0.625).epsilon(0.03));
}

TEST_CASE("the limit is Mann and Whitney's, or what concerns nobody") {
  // Halves of 100 and 100 rows: 0.5 + 3.0902 sqrt(201 / 120,000), by Python's statistics.NormalDist.
  CHECK(shift_of(made(200, 1), made(200, 2))->limit == doctest::Approx(0.6264727).epsilon(1e-6));
  CHECK(shift_of(made(200, 1), made(200, 2), {.alpha = 0.05})->limit == doctest::Approx(0.5673185).epsilon(1e-6));
  CHECK(shift_of(made(20'000, 1), made(20'000, 2))->limit == audit::kShiftLook);
}

TEST_CASE("few rows say nothing, many are sampled, and the answer does not depend on threads") {
  CHECK_FALSE(shift_of(made(5000, 1), made(199, 2)).has_value());
  CHECK_FALSE(shift_of(made(199, 1), made(5000, 2)).has_value());
  CHECK_THROWS_AS(static_cast<void>(shift_of(made(300, 1), made(300, 2), {.alpha = 0})), Error);
  const Rows reference = made(5000, 1), live = made(1000, 2, 0.5);
  const auto some = shift_of(reference, live, {.most_rows = 800});
  CHECK(some->reference_rows == 800);
  CHECK(some->live_rows == 800);
  Pool pool(3);
  const auto one = shift_of(reference, live), three = audit::find_shift(reference.view(), live.view(), kFeatures, pool);
  CHECK(one->roc_auc == three->roc_auc);
  CHECK(one->parts.at(0).share == three->parts.at(0).share);
}

TEST_CASE("a sample of a stream keeps all of a short one, and each row of a long one with the same chance") {
  audit::RowSample sample(2, 10);
  for (int i = 0; i < 7; ++i) sample.add(std::vector<double>{i * 1.0, i * 2.0});
  REQUIRE(sample.rows().rows() == 7);
  for (std::size_t i = 0; i < 7; ++i) CHECK(sample.rows()(i, 1) == 2.0 * static_cast<double>(i));
  std::map<double, int> kept;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    audit::RowSample one(1, 10, seed);
    for (int i = 0; i < 40; ++i) one.add(std::vector<double>{i * 1.0});
    CHECK(one.rows().rows() == 10);
    CHECK(one.seen() == 40);
    for (std::size_t i = 0; i < 10; ++i) ++kept[one.rows()(i, 0)];
  }
  REQUIRE(kept.size() == 40);
  for (const auto& [row, times] : kept) CHECK(std::abs(times - 500) < 5 * std::sqrt(2000 * 0.25 * 0.75));
}
