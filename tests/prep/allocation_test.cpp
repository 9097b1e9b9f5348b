#include <riskflag/prep/pipeline.hpp>

#include <vector>

#include <doctest/doctest.h>

#include "../allocations.hpp"
#include "every_step.hpp"

using namespace riskflag;
using riskflag_test::allocations;

TEST_CASE("invariant: preparing a row allocates nothing once the scratch has seen one") {
  const prep_test::EverySteps every(300);
  const prep::FieldEncoder encoder(every.schema);
  const prep::FrameFields bound = encoder.bind(every.rows);
  std::vector<double> fields(bound.fields()), out(every.fitted.pipeline.features().size());
  std::vector<double*> cells;
  for (double& cell : fields) cells.push_back(&cell);
  prep::Scratch scratch;
  bound.encode(0, 1, cells);
  every.fitted.pipeline.transform_row(fields, out, scratch);
  const std::size_t before = allocations;
  for (std::size_t row = 1; row < 300; ++row) {
    bound.encode(row, 1, cells);
    every.fitted.pipeline.transform_row(fields, out, scratch);
  }
  CHECK(allocations == before);
  CHECK(allocations > 0);  // else nothing is counted
}

TEST_CASE("looking up a level allocates nothing where the field has no text rules") {
  const prep_test::EverySteps every(300);
  const prep::FieldEncoder encoder(every.schema);
  const std::size_t before = allocations;
  double sum = 0;
  for (int i = 0; i < 100; ++i)
    sum += encoder.level_code(2, "city 7") + encoder.level_code(2, "a level that nobody has ever seen anywhere");
  CHECK(allocations == before);
  CHECK(sum != 0);
}
