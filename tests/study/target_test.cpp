#include <riskflag/study/target.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace riskflag::study {
namespace {

Column levels_column(std::vector<std::string> levels, std::vector<std::int32_t> codes) {
  return {.name = "y", .type = ColumnType::category, .codes = std::move(codes), .levels = std::move(levels)};
}
Column number_column(std::vector<double> values) { return {.name = "y", .numbers = std::move(values)}; }

Target binary(const Column& column, const std::string& positive = "") {
  return read_target(column, bundle::Kind::binary, positive, "loans.csv");
}

}  // namespace

TEST_CASE("without a flag 1, true, yes or the greater of two numbers is positive") {
  using Levels = std::vector<std::string>;
  const auto positive = [](const Levels& levels) { return find_positive(levels, "", "y"); };
  CHECK(positive({"0", "1"}) == "1");
  CHECK(positive({"-3", "2.5"}) == "2.5");
  CHECK(positive({"1", "2"}) == "2");
  CHECK(positive({"10", "9"}) == "10");  // as numbers, not as text
  CHECK(positive({"no", "yes"}) == "yes");
  CHECK(positive({"FALSE", "TRUE"}) == "TRUE");
  CHECK(positive({"1", "none"}) == "1");
  CHECK_THROWS_AS((void)positive({"bad", "good"}), Error);
  CHECK_THROWS_AS((void)positive({"true", "yes"}), Error);  // both would do
}

TEST_CASE("the flag's level wins, and may be another spelling of the same number") {
  CHECK(find_positive(std::vector<std::string>{"0", "1"}, "0", "y") == "0");
  CHECK(find_positive(std::vector<std::string>{"0", "1"}, "1.0", "y") == "1");
  CHECK_THROWS_WITH_AS(
      (void)find_positive(std::vector<std::string>{"bad", "good"}, "bda", "y"),
      "positive: \"bda\" is no level of target \"y\"; it has \"bad\", \"good\" (did you mean \"bad\"?)", Error);
}

TEST_CASE("labels are 1 where the cell is the positive level") {
  const Target words = binary(levels_column({"bad", "good", "never used"}, {0, 1, 1, 0}), "bad");
  CHECK(words.labels == std::vector<double>{1, 0, 0, 1});
  CHECK(words.levels == std::vector<std::string>{"bad", "good"});  // levels that occur, not the dictionary
  CHECK(binary(number_column({2, 1, 1})).labels == std::vector<double>{1, 0, 0});
  CHECK(binary(number_column({2, 1, 1})).positive == "2");
}

TEST_CASE("a target that is not binary is refused with its levels") {
  CHECK_THROWS_WITH_AS((void)binary(levels_column({"a", "b", "c"}, {0, 1, 2})),
                       "loans.csv: target \"y\" has 3 levels (\"a\", \"b\", \"c\"); a binary model needs exactly two "
                       "(--objective multiclass tells more apart)",
                       Error);
  CHECK_THROWS_WITH_AS((void)binary(number_column({1, 1})),
                       "loans.csv: target \"y\" has 1 level (\"1\"); a binary model needs exactly two", Error);
  CHECK_THROWS_WITH_AS((void)binary(number_column({1, 2, 3, 4, 5, 6, 7, 8})),
                       "loans.csv: target \"y\" has more than 5 levels (\"1\", \"2\", \"3\", \"4\", \"5\", ...); a "
                       "binary model needs exactly two "
                       "(--objective multiclass tells more apart, --objective regression predicts a number)",
                       Error);
  CHECK_THROWS_WITH_AS(
      (void)binary(number_column({1, kMissing, 0, kMissing})),
      "loans.csv: target \"y\" is missing in 2 of 4 rows (the first is data row 2); leave those rows out", Error);
}

TEST_CASE("several classes are numbered by value, or by the bytes of their names") {
  const auto classes = [](const Column& column) {
    return read_target(column, bundle::Kind::multiclass, "", "loans.csv");
  };
  const Target words = classes(levels_column({"low", "never used", "high", "middle"}, {0, 3, 2, 0}));
  CHECK(words.levels == std::vector<std::string>{"high", "low", "middle"});
  CHECK(words.labels == std::vector<double>{1, 2, 0, 1});
  CHECK(words.positive.empty());
  const Target numbers = classes(number_column({10, 9, -1.5, 9}));
  CHECK(numbers.levels == std::vector<std::string>{"-1.5", "9", "10"});
  CHECK(numbers.labels == std::vector<double>{2, 1, 0, 1});
  CHECK(classes(number_column({0, 1})).labels == std::vector<double>{0, 1});
  CHECK_THROWS_WITH_AS((void)classes(number_column({3, 3})),
                       "loans.csv: target \"y\" has 1 level; a multiclass model tells 2 to 1000 apart", Error);
  std::vector<double> many;
  for (int i = 0; i <= 1000; ++i) many.push_back(i);
  CHECK_THROWS_WITH_AS((void)classes(number_column(many)),
                       "loans.csv: target \"y\" has more than 1000 levels; a multiclass model tells 2 to 1000 apart "
                       "(--objective regression predicts a number)",
                       Error);
  CHECK_THROWS_AS((void)classes(number_column({1, kMissing, 0})), Error);
}

TEST_CASE("a regression takes finite numbers alone") {
  const auto regression = [](const Column& column) {
    return read_target(column, bundle::Kind::regression, "", "loans.csv");
  };
  CHECK(regression(number_column({1.5, -2})).labels == std::vector<double>{1.5, -2});
  CHECK_THROWS_AS((void)regression(levels_column({"a", "b"}, {0, 1})), Error);
  CHECK_THROWS_AS((void)regression(number_column({1, std::numeric_limits<double>::infinity()})), Error);
}

}  // namespace riskflag::study
