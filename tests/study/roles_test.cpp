#include <riskflag/study/roles.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <riskflag/study/parts.hpp>

namespace riskflag::study {
namespace {

/// Ten rows: id (text), x (number), c (category with a gap), note (text), w (number), day (date), y.
Frame ten_rows() {
  Frame frame;
  Column id{.name = "id", .type = ColumnType::text}, note{.name = "note", .type = ColumnType::text};
  Column x{.name = "x"}, w{.name = "w"}, y{.name = "y"};
  Column c{.name = "c", .type = ColumnType::category, .levels = {"blue", "green", "red"}};
  Column day{.name = "day", .type = ColumnType::date};
  for (int i = 0; i < 10; ++i) {
    id.texts.push_back("k" + std::to_string(i));
    note.texts.push_back("words");
    x.numbers.push_back(i == 9 ? kMissing : i);
    c.codes.push_back(i == 9 ? 2 : i == 0 ? kMissingCode : i % 2);
    w.numbers.push_back(1 + i);
    day.days.push_back(100 - i);
    y.numbers.push_back(i % 2);
  }
  for (Column* column : {&id, &x, &c, &note, &w, &day, &y}) frame.add(*column);
  return frame;
}

StudyOptions options() {
  StudyOptions o;
  o.data = "t.csv";
  o.columns.target = "y";
  o.columns.id = {"id"};
  return o;
}

std::string roles_text(const Schema& schema) {
  std::string text;
  for (const Field& field : schema.fields) text += field.name + ":" + std::string(name_of(field.role)) + " ";
  return text;
}

}  // namespace

TEST_CASE("every flag gives its role, text without a role is dropped with a warning") {
  StudyOptions o = options();
  o.columns.weight = "w";
  o.columns.protected_ = {"c"};
  o.parts.time_by = "day";
  std::vector<Warning> warnings;
  CHECK(roles_text(make_schema(ten_rows(), o, warnings)) ==
        "id:id x:feature c:protected note:dropped w:weight day:time y:target ");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == "text_dropped");
  CHECK(warnings[0].column == "note");
}

TEST_CASE("names that are no columns, two roles and codes of a category are refused") {
  std::vector<Warning> warnings;
  const auto refused = [&](const StudyOptions& o) {
    try {
      (void)make_schema(ten_rows(), o, warnings);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  StudyOptions o = options();
  o.columns.target = "yy";
  CHECK(refused(o) == "t.csv: --target: there is no column \"yy\"; it has id, x, c, note, w, day, y");
  o = options();
  o.reading.column_missing["nota"] = {"none"};
  CHECK(refused(o) ==
        "t.csv: --missing: there is no column \"nota\" (did you mean \"note\"?); it has id, x, c, note, w, day, y");
  o = options();
  o.columns.drop = {"id"};
  CHECK(refused(o) == "--drop: column \"id\" is named by --id already; a column has one role");
  o = options();
  o.parts.group_by = {"y"};
  CHECK(refused(o) == "--group-by: column \"y\" is named by --target already; a column has one role");
  o = options();
  o.parts.time_by = "y";
  CHECK(refused(o) == "--time-by: column \"y\" is named by --target already; a column has one role");
  o = options();
  o.reasons = {{"xx", "R1", "words"}};
  CHECK(refused(o) == "t.csv: --reasons: there is no column \"xx\"; it has id, x, c, note, w, day, y");
  o = options();
  o.reading.special["c"] = {96};
  CHECK(refused(o) == "--special: column \"c\" is a category column; special codes are for numbers");
  o = options();
  o.columns.drop = {"x", "c", "w", "day"};
  CHECK(refused(o) == "t.csv: no column is left to learn from: all have another role or are text");
}

TEST_CASE("invariant: levels and required fields come from the rows that are trained on, and from no others") {
  std::vector<Warning> warnings;
  const Frame frame = ten_rows();
  const Schema schema = make_schema(frame, options(), warnings);
  SerialExecutor executor;
  const std::vector<std::uint32_t> middle = {1, 2, 3, 4}, ends = {0, 9};
  const Schema from_middle = narrow_to_rows(schema, frame, middle, executor);
  CHECK(from_middle.field("c").levels == std::vector<std::string>{"blue", "green"});
  CHECK(from_middle.field("c").required);
  CHECK(from_middle.field("x").required);
  const Schema from_ends = narrow_to_rows(schema, frame, ends, executor);
  CHECK(from_ends.field("c").levels == std::vector<std::string>{"red"});
  CHECK_FALSE(from_ends.field("c").required);
  CHECK_FALSE(from_ends.field("x").required);
  CHECK(take_features(frame, from_ends, ends, executor).cols() == 4);  // x, c, w, day
}

TEST_CASE("a header that was not cut hints at its delimiter") {
  CHECK_THROWS_WITH_AS(
      require_named_columns({"a;b;y"}, options()),
      "t.csv: --target: there is no column \"y\"; its only column is named \"a;b;y\": is it --delimiter "
      "\";\"?",
      Error);
}

TEST_CASE("a date column keeps the format it was read in") {
  StudyOptions o = options();
  o.reading.date_formats["day"] = "%d/%m/%Y";
  std::vector<Warning> warnings;
  CHECK(make_schema(ten_rows(), o, warnings).field("day").date_format == "%d/%m/%Y");
}

TEST_CASE("weights are finite and not negative") {
  StudyOptions o = options();
  CHECK(read_weights(ten_rows(), o).empty());
  o.columns.weight = "w";
  CHECK(read_weights(ten_rows(), o)[9] == 10);
  o.columns.weight = "x";
  CHECK_THROWS_WITH_AS((void)read_weights(ten_rows(), o),
                       "t.csv: weight column \"x\" holds a missing value in data row 10; weights are finite and >= 0",
                       Error);
}

TEST_CASE("offsets are finite and of a size that has an exponential") {
  StudyOptions o = options();
  CHECK(read_offsets(ten_rows(), o).empty());
  o.columns.offset = "w";
  CHECK(read_offsets(ten_rows(), o)[9] == 10);
  std::vector<Warning> warnings;
  CHECK(make_schema(ten_rows(), o, warnings).field("w").role == Role::offset);
  o.columns.offset = "x";
  CHECK_THROWS_WITH_AS(
      (void)read_offsets(ten_rows(), o),
      "t.csv: offset column \"x\" holds a missing value in data row 10; offsets are finite, at most 1e6 "
      "either way",
      Error);
}

TEST_CASE("parts: files of their own follow the table, time orders rows, groups need columns") {
  Table table;
  table.frame = ten_rows();
  table.data_rows = 6;
  table.valid_rows = 3;
  table.test_rows = 1;
  StudyOptions o = options();
  o.parts.valid_data = "v.csv";
  o.parts.test_data = "e.csv";
  std::vector<Warning> warnings;
  const Schema schema = make_schema(table.frame, o, warnings);
  const std::vector<double>& labels = table.frame.column("y").numbers;
  Parts parts = make_parts(table, schema, o, labels);
  CHECK(parts.split.train == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5});
  CHECK(parts.split.valid == std::vector<std::uint32_t>{6, 7, 8});
  CHECK(parts.split.test == std::vector<std::uint32_t>{9});

  table.data_rows = 10;
  table.valid_rows = table.test_rows = 0;
  o = options();
  o.parts.kind = SplitKind::time;
  o.parts.time_by = "day";
  parts = make_parts(table, schema, o, labels);
  CHECK(parts.split.test == std::vector<std::uint32_t>{0, 1});  // day falls with the row number
  CHECK(parts.split.valid == std::vector<std::uint32_t>{2});
  o.parts.time_by = "x";
  CHECK_THROWS_WITH_AS((void)make_parts(table, schema, o, labels),
                       "t.csv: --time-by: column \"x\" is missing in data row 10", Error);
  o.parts.kind = SplitKind::group;
  CHECK_THROWS_AS((void)make_parts(table, schema, o, labels), Error);
}

TEST_CASE("numbers as times keep their order, -0 equal to 0") {
  const std::vector<double> rising = {-1e308, -2.5, -5e-324, 0, 5e-324, 1, 1e308};
  for (std::size_t i = 0; i + 1 < rising.size(); ++i)
    CHECK(detail::order_of(rising[i]) < detail::order_of(rising[i + 1]));
  CHECK(detail::order_of(-0.0) == detail::order_of(0.0));
}

}  // namespace riskflag::study
