#include <riskflag/prep/operation.hpp>

#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

using namespace riskflag;
using prep_test::bits;
using prep_test::kNan;

namespace {

/// What an operation that reads slot 0 makes of a column: its first output slot, run over all values at once and one by
/// one.
std::vector<double> run(const prep::Operation& operation, std::vector<double> in, std::uint32_t column = 0) {
  const std::uint32_t written = prep::slots_written(operation);
  std::vector<std::vector<double>> out(written, std::vector<double>(in.size(), -77));
  std::vector<double*> slots = {in.data()};
  for (auto& each : out) slots.push_back(each.data());
  prep::apply(operation, in.size(), slots.data(), nullptr);
  for (std::size_t i = 0; i < in.size(); ++i) {  // one row at a time gives the same bits
    std::vector<double> one(written, -77);
    std::vector<double*> row = {&in[i]};
    for (double& each : one) row.push_back(&each);
    prep::apply(operation, 1, row.data(), nullptr);
    for (std::uint32_t k = 0; k < written; ++k) CHECK(bits({&one[k], 1}) == bits({&out[k][i], 1}));
  }
  return out[column];
}

}  // namespace

TEST_CASE("fill replaces missing alone") {
  CHECK(run(prep::Fill{0, 1, 5}, {1, kNan, prep::kUnseen}) == std::vector<double>{1, 5, -1});
}

TEST_CASE("a missing flag is 1 for missing, not for an unseen level") {
  CHECK(run(prep::MissingFlag{0, 1}, {1, kNan, prep::kUnseen}) == std::vector<double>{0, 1, 0});
}

TEST_CASE("clip, scale and log1p keep missing") {
  CHECK(bits(run(prep::Clip{0, 1, 2, 4}, {1, 2, 3, 5, kNan})) == bits(std::vector<double>{2, 2, 3, 4, kNan}));
  CHECK(bits(run(prep::Scale{0, 1, 10, 4}, {10, 18, kNan})) == bits(std::vector<double>{0, 2, kNan}));
  CHECK(bits(run(prep::Log1p{0, 1}, {0, -1, -2, kNan})) == bits(std::vector<double>{0, kNan, kNan, kNan}));
}

TEST_CASE("a lookup has its own value for missing, for unseen, and beyond its table") {
  CHECK(run(prep::Lookup{0, 1, {10, 20}, 30, 40}, {0, 1, kNan, prep::kUnseen, 2, 1e300}) ==
        std::vector<double>{10, 20, 30, 40, 40, 40});
}

TEST_CASE("one-hot sets one column or none") {
  const prep::OneHot op{0, 1, 2, {1, -1, 0}, 1, -1};
  CHECK(run(op, {0, 1, 2, kNan, prep::kUnseen}, 0) == std::vector<double>{0, 0, 1, 0, 0});
  CHECK(run(op, {0, 1, 2, kNan, prep::kUnseen}, 1) == std::vector<double>{1, 0, 0, 1, 0});
}

TEST_CASE("an edge belongs to the bin above it") {
  CHECK(bits(run(prep::Bin{0, 1, {1, 5, 9}}, {0, 1, 4.999, 5, 9, 100, kNan})) ==
        bits(std::vector<double>{0, 1, 1, 2, 3, 3, kNan}));
  CHECK(run(prep::Bin{0, 1, {}}, {3}) == std::vector<double>{0});
}

TEST_CASE("special codes become missing in the number and a level beside it") {
  CHECK(bits(run(prep::DropSpecial{0, 1, {96, 98}}, {1, 96, 98, 97, kNan})) ==
        bits(std::vector<double>{1, kNan, kNan, 97, kNan}));
  CHECK(bits(run(prep::SpecialLevel{0, 1, {96, 98}}, {1, 96, 98, 97, kNan})) ==
        bits(std::vector<double>{0, 1, 2, 0, kNan}));
}

TEST_CASE("an unseen level of a native category is missing") {
  CHECK(bits(run(prep::KnownLevel{0, 1}, {0, 3, prep::kUnseen, kNan})) == bits(std::vector<double>{0, 3, kNan, kNan}));
}

TEST_CASE("a formula that is not well formed has no stack depth") {
  using Kind = prep::Token::Kind;
  CHECK(prep::stack_depth({}) == 0);
  CHECK(prep::stack_depth({{Kind::add, 0, 0}}) == 0);
  CHECK(prep::stack_depth({{Kind::constant, 1, 0}, {Kind::constant, 2, 0}}) == 0);
  CHECK(prep::stack_depth({{Kind::constant, 1, 0}, {Kind::constant, 2, 0}, {Kind::add, 0, 0}}) == 2);
}
