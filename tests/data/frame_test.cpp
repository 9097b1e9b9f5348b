#include <riskflag/data/frame.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "columns.hpp"

using namespace riskflag;

TEST_CASE("a text pool tells missing from empty") {
  TextPool pool;
  pool.push_back("ab");
  pool.push_back(std::nullopt);
  pool.push_back("");
  pool.push_back("c");
  REQUIRE(pool.size() == 4);
  CHECK(pool[0] == "ab");
  CHECK(pool[1] == std::nullopt);
  CHECK(pool[2] == "");
  CHECK(pool[3] == "c");
  const TextPool same = TextPool::from_parts("abc", {2, 2 | TextPool::kMissingBit, 2, 3});
  CHECK(same == pool);
}

TEST_CASE("cell_text is canonical, and empty when missing") {
  CHECK(columns::numbers("n", {0.1}).cell_text(0) == "0.1");
  CHECK(columns::numbers("n", {kMissing}).cell_text(0) == "");
  Column date;
  date.type = ColumnType::date;
  date.days = {-1, kMissingDate};
  CHECK(date.cell_text(0) == "1969-12-31");
  CHECK(date.is_missing_at(1));
}

TEST_CASE("column types have names that find them again") {
  for (const ColumnType type : {ColumnType::number, ColumnType::category, ColumnType::text, ColumnType::date}) {
    CHECK(find_column_type(name_of(type)) == type);
  }
  CHECK(find_column_type("Number") == std::nullopt);
}

TEST_CASE("a frame finds columns by name and names the nearest when there is none") {
  Frame frame;
  frame.add(columns::numbers("income", {1, 2}));
  frame.add(columns::numbers("age", {3, 4}));
  CHECK(frame.rows() == 2);
  CHECK(frame.find("age")->numbers[1] == 4);
  CHECK(frame.find("Age") == nullptr);
  CHECK(frame.position("age") == 1);
  CHECK_THROWS_WITH_AS((void)frame.column("incme"),
                       "there is no column \"incme\" (did you mean \"income\"?); there are \"income\", \"age\"", Error);
}

TEST_CASE("a frame refuses a second column of one name, another length, and a code without a level") {
  Frame frame;
  frame.add(columns::numbers("a", {1, 2}));
  CHECK_THROWS_WITH_AS(frame.add(columns::numbers("a", {1, 2})), doctest::Contains("has a column \"a\" already"),
                       Error);
  CHECK_THROWS_WITH_AS(frame.add(columns::numbers("b", {1})),
                       doctest::Contains("column \"b\" has 1 rows, the frame has 2"), Error);
  Column category;
  category.name = "c";
  category.type = ColumnType::category;
  category.levels = {"x"};
  category.codes = {0, 1};
  CHECK_THROWS_WITH_AS(frame.add(category), doctest::Contains("code 1 among 1 levels"), Error);
  CHECK(frame.cols() == 1);
}

TEST_CASE("remove hands the column back and the others stay findable") {
  Frame frame;
  frame.add(columns::numbers("a", {1}));
  frame.add(columns::numbers("b", {2}));
  CHECK(frame.remove("a").numbers[0] == 1);
  CHECK(frame.find("a") == nullptr);
  CHECK(frame.column("b").numbers[0] == 2);
  (void)frame.remove("b");
  CHECK(frame.rows() == 0);
  frame.add(columns::numbers("c", {1, 2, 3}));
  CHECK(frame.rows() == 3);
}

TEST_CASE("take picks rows in the order asked, with repeats, and keeps dictionaries whole") {
  Frame frame;
  frame.add(columns::numbers("n", {10, 11, 12}));
  Column category;
  category.name = "c";
  category.type = ColumnType::category;
  category.levels = {"x", "y"};
  category.codes = {1, kMissingCode, 0};
  frame.add(category);
  Column text;
  text.name = "t";
  text.type = ColumnType::text;
  for (const auto& each : std::vector<std::optional<std::string_view>>{"a", std::nullopt, "c"})
    text.texts.push_back(each);
  frame.add(text);
  const std::vector<std::uint32_t> rows = {2, 2, 1};
  const Frame part = frame.take(rows);
  CHECK(part.column("n").numbers == std::vector<double>{12, 12, 11});
  CHECK(part.column("c").levels == category.levels);
  CHECK(part.column("c").codes == std::vector<std::int32_t>{0, 0, kMissingCode});
  CHECK(part.column("t").cell_text(0) == "c");
  CHECK(part.column("t").is_missing_at(2));
  const std::vector<std::uint32_t> outside = {3};
  CHECK_THROWS_AS((void)frame.take(outside), Error);
}
