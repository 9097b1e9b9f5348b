#include <riskflag/train.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <riskflag/core/sha256.hpp>
#include <riskflag/model/file.hpp>

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
