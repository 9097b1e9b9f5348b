// Counts what scoring allocates: nothing.

#include <cstddef>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/predict.hpp>

#include "../allocations.hpp"
#include "random_model.hpp"

TEST_CASE("invariant: scoring a row or a small batch allocates nothing, with any engine; a large batch one buffer") {
  using namespace riskflag;
  using namespace riskflag_test;
  for (const std::size_t features : {8u, 300u}) {
    const Model model = random_model(
        features,
        {.trees = 90, .leaves = 31, .features = features, .categorical = 0.3, .all_rules = true, .outputs = 2});
    const std::vector<double> rows = random_rows(features, 40, model);
    const std::vector<double> many = random_rows(features, 600, model);
    std::vector<double> out(80);
    std::vector<double> long_out(1200);
    for (const char* engine : {"scan", "walk"}) {
      const auto made = Predictor::make(model, {.engine = engine});
      REQUIRE(made.ok());
      const std::size_t before = allocations;
      out[0] = made->margin(rows.data());
      out[1] = made->is_at_least(rows.data(), 0.5) ? 1.0 : 0.0;
      made->row_probabilities(rows.data(), out.data());
      const bool done = made->probabilities(MatrixView<double>::row_major(rows.data(), 40, features), out);
      const std::size_t after = allocations;
      const bool large = made->margins(MatrixView<double>::row_major(many.data(), 600, features), long_out);
      CHECK(allocations <= after + 1);
      CHECK(done);
      CHECK(large);
      CHECK(after == before);
    }
    CHECK(allocations > 0);  // the count counts
  }
}
