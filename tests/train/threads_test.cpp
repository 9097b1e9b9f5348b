#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <riskflag/bin/chunks.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/model/file.hpp>

#include "../sanitized.hpp"
#include "small_table.hpp"

using namespace riskflag;

namespace {

std::string hash_of_training(const SmallTable& t, const TrainOptions& o, unsigned threads, bool weighted = false) {
  Pool pool(threads);
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), pool);
  const std::span<const double> weights = weighted ? std::span<const double>(t.weights) : std::span<const double>{};
  return sha256_hex(model_text(train({.bins = bins, .labels = t.labels, .weights = weights}, {}, o, pool).model));
}

/// Scalar kernels on one thread: what everything else has to give.
std::string hash_of_scalar(const SmallTable& t, const TrainOptions& o) {
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, bin_options(o), serial);
  const TrainData data{.bins = bins, .labels = t.labels};
  return sha256_hex(model_text(riskflag::detail::Booster(data, {}, o, serial, CpuLevel::scalar).run({}).model));
}

}  // namespace

TEST_CASE("invariant: one model, byte for byte, for 1, 2 and 7 threads, at 5, 70 and 600 thousand rows") {
  struct Case {
    std::size_t rows, cols;
    int iterations;
  };
  for (const Case c :
       {Case{5000, 10, 5}, Case{5000, 65, 3}, Case{70000, 10, 3}, Case{70000, 140, 1}, Case{600000, 10, 2}}) {
    if (riskflag_test::kSanitized && c.rows * c.cols > 700000) continue;
    CAPTURE(c.rows);
    CAPTURE(c.cols);
    const SmallTable t = small_table(c.rows, c.cols, 42);
    TrainOptions o;
    o.num_iterations = c.iterations;
    o.num_leaves = 63;
    o.max_bin = 63;
    const std::string one = hash_of_training(t, o, 1);
    CHECK(hash_of_training(t, o, 2) == one);
    CHECK(hash_of_training(t, o, 7) == one);
    CHECK(hash_of_scalar(t, o) == one);
  }
}

namespace {

/// A caller's own: tasks from the last to the first, by workers in turn.
class Backwards final : public Executor {
 public:
  [[nodiscard]] unsigned concurrency() const noexcept override { return 5; }
  void run(std::size_t tasks, FunctionRef<void(std::size_t, unsigned)> task) override {
    for (std::size_t i = tasks; i-- > 0;) task(i, static_cast<unsigned>(turn_++ % 5));
    runs += tasks > 1 ? 1 : 0;
  }
  int runs = 0;

 private:
  std::size_t turn_ = 0;
};

}  // namespace

TEST_CASE(
    "invariant: one model for 64 threads, a caller's own executor, and a table in chunks, with what limits leaves") {
  const SmallTable t = small_table(70000, 9, 11);
  TrainOptions plain;
  plain.num_iterations = riskflag_test::kSanitized ? 1 : 2;
  plain.max_bin = 63;
  TrainOptions limited = plain;
  limited.monotone_constraints = {1, -1, 0, 1, 0, -1, 1, 0, 0};
  limited.monotone_constraints_method = "intermediate";
  limited.cegb_penalty_feature_coupled = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  limited.cegb_penalty_feature_lazy = {0, 0.01, 0, 0.01, 0, 0.01, 0, 0.01, 0};
  limited.forced_bins = {{"f0", {-1.0, 0.25}}};
  limited.bagging_freq = 1;
  limited.bagging_fraction = 0.8;
  TrainOptions symmetric = plain;
  symmetric.grow_policy = "symmetric";
  symmetric.num_leaves = 16;
  for (const TrainOptions& o : {plain, limited, symmetric}) {
    CAPTURE(o.grow_policy);
    const std::string want = hash_of_training(t, o, 1);
    CHECK(hash_of_training(t, o, 64) == want);
    CHECK(hash_of_scalar(t, o) == want);
    Backwards own;
    ChunkedBinning binning(t.rows, t.features, bin_options(o), own);
    for (const bool second : {false, true}) {
      for (std::size_t at = 0; at < t.rows; at += 9000) {
        const auto chunk = t.view().rows_from(at, std::min<std::size_t>(9000, t.rows - at));
        if (second) {
          binning.fill(chunk);
        } else {
          binning.look(chunk);
        }
      }
    }
    const Binned bins = binning.take();
    CHECK(sha256_hex(model_text(train({.bins = bins, .labels = t.labels}, {}, o, own).model)) == want);
    CHECK(own.runs > 20);
  }
}

TEST_CASE("threads agree with weights, squared error and drawn rows too") {
  for (const bool binary : {true, false}) {
    const SmallTable t = small_table(40000, 8, 3, binary);
    TrainOptions o;
    o.objective = binary ? "binary" : "regression";
    o.num_iterations = 4;
    o.bagging_fraction = 0.7;
    o.bagging_freq = 1;
    o.feature_fraction = 0.6;
    CHECK(hash_of_training(t, o, 1, true) == hash_of_training(t, o, 7, true));
    o.bagging_freq = 0;
    CHECK(hash_of_training(t, o, 1) == hash_of_training(t, o, 3));
  }
}

TEST_CASE("invariant: shared and sparse columns give the model of separate dense ones, for 1, 2 and 7 threads") {
  struct Case {
    std::size_t rows, cols;
    bool wide, drawn, sparse;
  };
  constexpr std::size_t kMany = riskflag_test::kSanitized ? 20'000 : 60'000;
  for (const Case c :
       {Case{3000, 40, false, true, false}, Case{3000, 40, true, false, true}, Case{kMany, 60, false, false, false},
        Case{kMany, 60, true, true, false}, Case{kMany, 60, false, true, true}, Case{kMany, 60, true, false, true}}) {
    CAPTURE(c.rows);
    CAPTURE(c.wide);
    CAPTURE(c.sparse);
    SmallTable t = small_table(c.rows, c.cols, 8);
    if (c.sparse) {
      make_sparse(t, c.rows == 3000 ? 0 : 2, 9);
    } else {
      make_exclusive(t, 3, 9);
    }
    TrainOptions o;
    o.num_iterations = riskflag_test::kSanitized ? 1 : 3;
    o.num_leaves = 40;
    o.max_bin = 40;
    if (c.drawn) {
      o.bagging_fraction = 0.7;
      o.bagging_freq = 1;
      o.feature_fraction_bynode = 0.8;
    }
    if (c.wide) {  // heavy tails
      t.weights.assign(t.rows, 0x1p-17);
      for (std::size_t i = 0; i < t.rows; i += 9) t.weights[i] = 0x1p20;
    }
    Pool pool(2);
    const Binned shared = bin_matrix(t.view(), t.features, bin_options(o), pool);
    const Binned apart = Binned::make(shared.cuts(), t.view(), Binned::Use::unshared, pool);
    REQUIRE((c.sparse ? shared.sparse().first : shared.stored_columns()) < c.cols / 3);
    REQUIRE(apart.stored_columns() == c.cols);
    REQUIRE(apart.sparse().first == c.cols);
    const std::span<const double> weights = c.wide ? std::span<const double>(t.weights) : std::span<const double>{};
    const std::string want =
        sha256_hex(model_text(train({.bins = apart, .labels = t.labels, .weights = weights}, {}, o, pool).model));
    for (const unsigned threads : {1U, 2U, 7U}) CHECK(hash_of_training(t, o, threads, c.wide) == want);
  }
}

TEST_CASE(
    "invariant: one-hot columns, whose splits are looked at together, give the model of separate ones on every "
    "kernel") {
  SmallTable t = small_table(4000, 40, 12);
  const Random random(13);
  for (std::size_t i = 0; i < t.rows; ++i) {
    for (std::size_t j = 0; j < t.cols; ++j) {
      const double u = random.split(j / 10).uniform(i);
      t.values[i * t.cols + j] = static_cast<std::size_t>(10 * u * u) == j % 10 ? 1.0 : 0.0;
    }
  }
  for (Feature& feature : t.features) feature = {.name = feature.name};
  SerialExecutor serial;
  for (const double fraction : {1.0, 0.6}) {
    TrainOptions o;
    o.num_iterations = 6;
    o.feature_fraction_bynode = fraction;
    o.min_data_in_leaf = 5;
    const Binned shared = bin_matrix(t.view(), t.features, bin_options(o), serial);
    const Binned apart = Binned::make(shared.cuts(), t.view(), Binned::Use::unshared, serial);
    REQUIRE(riskflag::detail::FlagRuns(shared).runs.size() >= 4);
    REQUIRE(riskflag::detail::FlagRuns(apart).runs.empty());
    const std::string want = model_text(train({.bins = apart, .labels = t.labels}, {}, o, serial).model);
    for (const CpuLevel level : {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512}) {
      if (level != CpuLevel::scalar && (level > cpu_level() || cpu_level() == CpuLevel::neon)) continue;
      CAPTURE(name_of(level));
      const TrainData data{.bins = shared, .labels = t.labels};
      CHECK((model_text(riskflag::detail::Booster(data, {}, o, serial, level).run({}).model) == want));
    }
  }
}

TEST_CASE_TEMPLATE("every feature's histogram is the sum over its own column, be it shared or sparse", Cell, NarrowCell,
                   WideCell) {
  SmallTable t = small_table(5000, 100, 4);
  make_sparse(t, 50, 3);
  SmallTable exclusive = small_table(5000, 50, 4);
  make_exclusive(exclusive, 6, 2);
  for (std::size_t i = 0; i < t.rows; ++i)
    std::copy_n(exclusive.row(i).begin(), 50, t.values.begin() + static_cast<std::ptrdiff_t>(i * t.cols));
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, {}, serial);
  REQUIRE(bins.stored_columns() < 75);
  REQUIRE(bins.sparse().first < 30);
  REQUIRE(bins.sparse().begin.size() > 2);  // rows with more entries than slots
  const riskflag::detail::HistogramMaker<Cell> maker(bins);
  std::vector<Cell> histogram(maker.cells()), cells(t.rows);
  for (std::size_t i = 0; i < t.rows; ++i) {
    const auto g = static_cast<std::int32_t>(i * 7919 % 2000) - 1000;
    if constexpr (std::is_same_v<Cell, WideCell>) {
      cells[i] = WideCell{g, static_cast<std::int64_t>(1 + i % 9)};
    } else {
      cells[i] = pack(g, static_cast<std::uint32_t>(1 + i % 9));
    }
  }
  std::vector<std::uint32_t> every_third;
  for (std::uint32_t i = 1; i < t.rows; i += 3) every_third.push_back(i);
  for (const bool listed : {false, true}) {
    const std::size_t n = listed ? every_third.size() : t.rows;
    maker.fill(histogram.data(), cells.data(), listed ? every_third.data() : nullptr, n);
    for (std::size_t f = 0; f < t.cols; ++f) {
      CAPTURE(f);
      std::array<Cell, 256> want{}, own;
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t row = listed ? every_third[i] : i;
        want[bins.column(f)[row]] += cells[row];
      }
      const Cell* const got =
          riskflag::detail::cells_of_feature(bins, f, histogram.data(), maker.total(histogram.data()), own);
      for (unsigned b = 0; b <= bins.feature(f).missing_bin(); ++b) REQUIRE((got[b] == want[b]));
    }
  }
}

TEST_CASE_TEMPLATE("histograms of joined columns' features are the sums over their own columns", Cell, NarrowCell,
                   WideCell) {
  const SmallTable t = small_table(20000, 24, 5);
  SerialExecutor serial;
  const Binned bins = bin_matrix(t.view(), t.features, {}, serial);
  REQUIRE(bins.stored_columns() < 20);
  const riskflag::detail::HistogramMaker<Cell> maker(bins);
  std::vector<Cell> histogram(maker.cells()), cells(t.rows);
  for (std::size_t i = 0; i < t.rows; ++i) {
    const auto g = static_cast<std::int32_t>(i * 7919 % 2000) - 1000;
    if constexpr (std::is_same_v<Cell, WideCell>) {
      cells[i] = {g, static_cast<std::int64_t>(1 + i % 9)};
    } else {
      cells[i] = pack(g, static_cast<std::uint32_t>(1 + i % 9));
    }
  }
  maker.fill(histogram.data(), cells.data(), nullptr, t.rows);
  std::size_t joined = 0;
  for (std::size_t f = 0; f < t.cols; ++f) {
    CAPTURE(f);
    joined += bins.place(f).step != 0 ? 1U : 0U;
    std::array<Cell, 256> want{}, own;
    for (std::size_t i = 0; i < t.rows; ++i) want[bins.column(f)[i]] += cells[i];
    const Cell* const got =
        riskflag::detail::cells_of_feature(bins, f, histogram.data(), maker.total(histogram.data()), own);
    for (unsigned b = 0; b <= bins.feature(f).missing_bin(); ++b) REQUIRE((got[b] == want[b]));
  }
  CHECK(joined >= 8);
}

TEST_CASE("two trainings at once in one process give the models that each gives alone") {
  const SmallTable a = small_table(30000, 7, 1), b = small_table(20000, 12, 2);
  TrainOptions o;
  o.num_iterations = 6;
  const std::string alone_a = hash_of_training(a, o, 2), alone_b = hash_of_training(b, o, 3);
  std::string together_a, together_b;
  std::thread other([&] { together_a = hash_of_training(a, o, 2); });
  together_b = hash_of_training(b, o, 3);
  other.join();
  CHECK(together_a == alone_a);
  CHECK(together_b == alone_b);
}
