#include <riskflag/study/append_rows.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "../data/columns.hpp"

namespace riskflag::study {

TEST_CASE("appended rows stand below, dictionaries are joined, and every cell keeps its text") {
  Frame above, below;
  above.add(columns::numbers("x", {1, 2}));
  above.add(columns::categories("c", {"b", "d"}, {1, kMissingCode}));
  below.add(columns::categories("c", {"a", "d"}, {0, 1}));
  below.add(columns::numbers("extra", {7, 7}));
  below.add(columns::numbers("x", {3, kMissing}));
  const Frame all = append_rows(above, below);
  CHECK(all.rows() == 4);
  CHECK(all.cols() == 2);
  CHECK(all.column("c").levels == std::vector<std::string>{"a", "b", "d"});
  std::string cells;
  for (std::size_t i = 0; i < 4; ++i) cells += all.column("x").cell_text(i) + "/" + all.column("c").cell_text(i) + " ";
  CHECK(cells == "1/d 2/ 3/a /d ");
}

TEST_CASE("a column that the rows below lack is missing there, of every type") {
  Frame above, below;
  Column text{.name = "t", .type = ColumnType::text};
  text.texts.push_back("one");
  Column date{.name = "d", .type = ColumnType::date, .days = {5}};
  above.add(columns::numbers("x", {1}));
  above.add(std::move(text));
  above.add(std::move(date));
  above.add(columns::categories("c", {"a"}, {0}));
  below.add(columns::numbers("other", {1, 2}));
  const Frame all = append_rows(above, below);
  for (const Column& column : all.columns()) {
    CAPTURE(column.name);
    CHECK_FALSE(column.is_missing_at(0));
    CHECK(column.is_missing_at(1));
    CHECK(column.is_missing_at(2));
  }
}

TEST_CASE("columns of different types are refused by name") {
  Frame above, below;
  above.add(columns::numbers("x", {1}));
  below.add(columns::categories("x", {"a"}, {0}));
  CHECK_THROWS_WITH_AS((void)append_rows(above, below), "column \"x\" is number in one file and category in the other",
                       Error);
}

}  // namespace riskflag::study
