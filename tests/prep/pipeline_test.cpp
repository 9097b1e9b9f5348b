#include <riskflag/prep/pipeline.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "every_step.hpp"
#include "frames.hpp"

using namespace riskflag;
using prep_test::bits;

namespace {

/// Raw fields of one row of a frame, in the pipeline's order.
std::vector<double> raw_row(const prep::FrameFields& bound, std::size_t row) {
  std::vector<double> out(bound.fields());
  std::vector<double*> cells;
  for (double& cell : out) cells.push_back(&cell);
  bound.encode(row, 1, cells);
  return out;
}

}  // namespace

TEST_CASE("invariant: a frame and its rows one by one are prepared to the same bits, whatever the block") {
  const prep_test::EverySteps every(3000);
  const prep::Pipeline& pipeline = every.fitted.pipeline;
  SerialExecutor executor;
  const prep::FeatureMatrix whole = pipeline.transform(every.rows, every.schema, executor);
  const prep::FieldEncoder encoder(every.schema);
  const prep::FrameFields bound = encoder.bind(every.rows);
  prep::Scratch scratch;
  std::vector<double> out(pipeline.features().size());
  for (const std::size_t row : {0u, 1u, 1023u, 1024u, 1025u, 2047u, 2048u, 2999u}) {
    CAPTURE(row);
    pipeline.transform_row(raw_row(bound, row), out, scratch);
    std::vector<double> want;
    for (std::size_t j = 0; j < whole.cols; ++j) want.push_back(whole.values[j * whole.rows + row]);
    CHECK(bits(out) == bits(want));
  }
  for (const std::size_t n : {1u, 7u, 100u}) {  // a block of n rows in the middle
    std::vector<std::vector<double>> fields(bound.fields(), std::vector<double>(n)),
        features(whole.cols, std::vector<double>(n));
    std::vector<double*> in, to;
    for (auto& each : fields) in.push_back(each.data());
    for (auto& each : features) to.push_back(each.data());
    bound.encode(500, n, in);
    const std::vector<const double*> const_in(in.begin(), in.end());
    pipeline.run(n, const_in, to, scratch);
    for (std::size_t j = 0; j < whole.cols; ++j) {
      CHECK(bits(features[j]) == bits({whole.values.data() + j * whole.rows + 500, n}));
    }
  }
}

TEST_CASE("invariant: fitting and applying give the same bits on 1, 2 and 7 threads") {
  const prep_test::EverySteps one(2500);
  for (const unsigned threads : {2u, 7u}) {
    Pool pool(threads);
    const prep::Fitted fitted = prep::fit(one.recipe, one.schema, one.rows, one.inputs(), pool);
    CHECK(bits(fitted.train.values) == bits(one.fitted.train.values));
    SerialExecutor serial;
    CHECK(bits(fitted.pipeline.transform(one.rows, one.schema, pool).values) ==
          bits(one.fitted.pipeline.transform(one.rows, one.schema, serial).values));
  }
}

TEST_CASE("training rows without label encodings are what the pipeline makes of them") {
  const auto table = prep_test::random_table(2, 300);
  const prep::Fitted fitted = prep_test::fit(
      R"({"op":"impute","columns":{"type":"number"},"indicator":true},{"op":"one_hot","columns":["grade"]})",
      table.frame);
  SerialExecutor executor;
  CHECK(bits(fitted.train.values) ==
        bits(fitted.pipeline.transform(table.frame, infer_schema(table.frame), executor).values));
}

TEST_CASE("fitting sees the rows that it is given and no others") {
  const auto table = prep_test::random_table(2, 300);
  std::vector<std::uint32_t> first;
  for (std::uint32_t i = 0; i < 200; ++i) first.push_back(i);
  Frame changed = table.frame.take(first);
  const std::string steps = R"({"op":"scale","columns":["income"]},{"op":"frequency_encode","columns":["city"]})";
  const prep::Fitted part = prep_test::fit(steps, changed);
  const prep::Fitted whole = prep_test::fit(steps, table.frame);
  const auto& scale = std::get<prep::Scale>(part.pipeline.parts().operations[0]);
  double sum = 0;
  for (std::size_t i = 0; i < 200; ++i) sum += table.frame.column("income").numbers[i];
  CHECK(scale.mean == doctest::Approx(sum / 200).epsilon(1e-13));
  CHECK(scale.mean != std::get<prep::Scale>(whole.pipeline.parts().operations[0]).mean);
}

TEST_CASE("a schema that is not the one it was fitted with is refused") {
  const auto table = prep_test::random_table(2, 50);
  const prep::Fitted fitted = prep_test::fit("", table.frame);
  SerialExecutor executor;
  Schema fewer = infer_schema(table.frame);
  fewer.fields[0].role = Role::id;
  CHECK_THROWS_WITH_AS((void)fitted.pipeline.transform(table.frame, fewer, executor),
                       doctest::Contains("not the fields"), Error);
  Schema levels = infer_schema(table.frame);
  levels.fields[2].levels.push_back("zzz");
  CHECK_THROWS_WITH_AS((void)fitted.pipeline.transform(table.frame, levels, executor),
                       doctest::Contains("field \"city\" has 30 levels in the schema and had 29"), Error);
}

TEST_CASE("parts that do not hold together are refused") {
  using prep::PipelineParts;
  const auto refused = [](PipelineParts parts) {
    try {
      (void)prep::Pipeline(std::move(parts));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::corrupt);
      return std::string(error.what());
    }
    return std::string();
  };
  const Feature x{"x", FeatureType::numeric, {}, {}};
  CHECK(refused({{"a"}, {0}, {prep::Fill{0, 1, 0}}, {x}, {1}, {}, {}}).empty());
  CHECK(refused({{"a"}, {0}, {prep::Fill{1, 1, 0}}, {x}, {1}, {}, {}}).find("before it is written") !=
        std::string::npos);
  CHECK(refused({{"a"}, {0}, {prep::Fill{0, 0, 0}}, {x}, {0}, {}, {}}).find("writes slot 0") != std::string::npos);
  CHECK(refused({{"a"}, {0}, {prep::Bin{0, 1, {2, 1}}}, {x}, {1}, {}, {}}).find("do not ascend") != std::string::npos);
  CHECK(refused({{"a"}, {0}, {prep::OneHot{0, 1, 1, {1}, -1, -1}}, {x}, {1}, {}, {}}).find("beyond its count") !=
        std::string::npos);
  CHECK(refused({{"a"}, {0}, {prep::Formula{1, {{prep::Token::Kind::add, 0, 0}}, ""}}, {x}, {1}, {}, {}})
            .find("not well formed") != std::string::npos);
  CHECK(refused({{"a"}, {0}, {}, {x}, {1}, {}, {}}).find("nothing writes") != std::string::npos);
  CHECK(refused({{"a"}, {0}, {}, {x, x}, {0, 0}, {}, {}}).find("two features") != std::string::npos);
  CHECK(refused({{"a"}, {}, {}, {x}, {0}, {}, {}}).find("differ in length") != std::string::npos);
}

TEST_CASE("a frame without rows is prepared to a matrix without rows") {
  const auto table = prep_test::random_table(2, 50);
  const prep::Fitted fitted = prep_test::fit(R"({"op":"one_hot","columns":["grade"]})", table.frame);
  SerialExecutor executor;
  const prep::FeatureMatrix none = fitted.pipeline.transform(table.frame.take({}), infer_schema(table.frame), executor);
  CHECK(none.rows == 0);
  CHECK(none.cols == 9);
  CHECK(none.values.empty());
}
