// It declares the same structs: either may come first.
#include <riskflag/predict/arrow.hpp>
//
#include <riskflag/data/arrow.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace riskflag;

namespace {

/// A batch of one column, made by hand as the specification draws it; the buffers are the test's own.
struct Batch {
  ArrowSchema field{}, schema{}, dictionary_schema{};
  ArrowArray column{}, array{}, dictionary{};
  std::vector<const void*> buffers, dictionary_buffers;
  ArrowSchema* fields = &field;
  ArrowArray* columns = &column;

  Batch(const char* format, std::int64_t length, std::vector<const void*> parts, std::int64_t offset = 0)
      : buffers(std::move(parts)) {
    const auto keep_schema = [](ArrowSchema* self) { self->release = nullptr; };
    const auto keep_array = [](ArrowArray* self) { self->release = nullptr; };
    field = {format, "x", nullptr, ARROW_FLAG_NULLABLE, 0, nullptr, nullptr, keep_schema, nullptr};
    column = {length,  -1,         offset, static_cast<std::int64_t>(buffers.size()), 0, buffers.data(), nullptr,
              nullptr, keep_array, nullptr};
    schema = {"+s", "", nullptr, 0, 1, &fields, nullptr, keep_schema, nullptr};
    array = {length, 0, 0, 0, 1, nullptr, &columns, nullptr, keep_array, nullptr};
  }
  void set_dictionary(const char* format, std::int64_t length, std::vector<const void*> parts) {
    dictionary_buffers = std::move(parts);
    dictionary_schema.format = format;
    dictionary.length = length;
    dictionary.n_buffers = static_cast<std::int64_t>(dictionary_buffers.size());
    dictionary.buffers = dictionary_buffers.data();
    field.dictionary = &dictionary_schema;
    column.dictionary = &dictionary;
  }
  [[nodiscard]] Column read() const { return import_arrow(schema, array).column("x"); }
};

const std::uint8_t kAllButSecond = 0b11111101;

template <class T>
std::vector<double> numbers_of(const char* format) {
  const std::vector<T> values = {T{1}, T{2}, T{100}};
  return Batch(format, 3, {nullptr, values.data()}).read().numbers;
}

}  // namespace

TEST_CASE("integers of every width, float, double and bool become numbers") {
  const std::vector<double> want = {1, 2, 100};
  CHECK(numbers_of<std::int8_t>("c") == want);
  CHECK(numbers_of<std::uint8_t>("C") == want);
  CHECK(numbers_of<std::int16_t>("s") == want);
  CHECK(numbers_of<std::uint16_t>("S") == want);
  CHECK(numbers_of<std::int32_t>("i") == want);
  CHECK(numbers_of<std::uint32_t>("I") == want);
  CHECK(numbers_of<std::int64_t>("l") == want);
  CHECK(numbers_of<std::uint64_t>("L") == want);
  CHECK(numbers_of<float>("f") == want);
  CHECK(numbers_of<double>("g") == want);
  const std::uint8_t bits = 0b00000101;
  CHECK(Batch("b", 3, {nullptr, &bits}).read().numbers == std::vector<double>{1, 0, 1});
}

TEST_CASE("validity bits and an offset are obeyed") {
  const std::vector<std::int32_t> values = {9, 1, 2, 3};
  const std::uint8_t valid = 0b00001011;  // row 2 of the buffers is missing
  const Column column = Batch("i", 3, {&valid, values.data()}, 1).read();
  CHECK(column.numbers[0] == 1);
  CHECK(column.is_missing_at(1));
  CHECK(column.numbers[2] == 3);
}

TEST_CASE("utf8 and large_utf8 become categories, or text when there are too many levels") {
  const std::vector<std::int32_t> offsets = {0, 1, 1, 3, 4};
  const std::vector<std::int64_t> large(offsets.begin(), offsets.end());
  const std::string bytes = "yabz";
  for (const bool is_large : {false, true}) {
    const void* at = is_large ? static_cast<const void*>(large.data()) : offsets.data();
    const Column column = Batch(is_large ? "U" : "u", 4, {&kAllButSecond, at, bytes.data()}).read();
    CHECK(column.type == ColumnType::category);
    CHECK(column.levels == std::vector<std::string>{"ab", "y", "z"});
    CHECK(column.codes == std::vector<std::int32_t>{1, kMissingCode, 0, 2});
  }
  std::vector<std::int32_t> many = {0};
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += "id" + std::to_string(i);
    many.push_back(static_cast<std::int32_t>(all.size()));
  }
  const Column ids = Batch("u", 100, {nullptr, many.data(), all.data()}).read();
  CHECK(ids.type == ColumnType::text);
  CHECK(ids.cell_text(99) == "id99");
}

TEST_CASE("utf8_view: up to 12 bytes stand in the view, longer texts in a buffer of their own") {
  struct View {
    std::int32_t length;
    char text[12];
  };
  const std::string first = "none", second = "..a text of 18 byte";
  const auto far = [](std::int32_t length, std::int32_t buffer, std::int32_t offset) {
    View out{length, {}};
    std::memcpy(out.text + 4, &buffer, 4);
    std::memcpy(out.text + 8, &offset, 4);
    return out;
  };
  const std::int64_t sizes[2] = {4, 19};
  const auto read = [&](const View& last) {
    const View views[4] = {
        {-1, {}}, {2, "ab"}, {12, {'t', 'w', 'e', 'l', 'v', 'e', ' ', 'b', 'y', 't', 'e', 's'}}, last};
    return Batch("vu", 3, {nullptr, views, first.data(), second.data(), sizes}, 1).read();
  };
  CHECK(read(far(17, 1, 2)).levels == std::vector<std::string>{"a text of 18 byte", "ab", "twelve bytes"});
  for (const View& wrong :
       {far(18, 1, 2), far(17, 2, 2), far(17, -1, 2), far(17, 1, -1), far(-1, 1, 2), far(13, 0, 0)}) {
    CHECK_THROWS_WITH_AS((void)read(wrong), doctest::Contains("row 2 lies outside the text's buffers"), Error);
  }
}

TEST_CASE("a dictionary becomes a category with sorted levels") {
  const std::vector<std::int8_t> indices = {1, 0, 1, 0};
  const std::vector<std::int32_t> offsets = {0, 1, 2};
  Batch batch("c", 4, {&kAllButSecond, indices.data()});
  batch.set_dictionary("u", 2, {nullptr, offsets.data(), "ba"});  // entry 0 is b, 1 is a
  const Column column = batch.read();
  CHECK(column.levels == std::vector<std::string>{"a", "b"});
  CHECK(column.codes == std::vector<std::int32_t>{0, kMissingCode, 0, 1});
  const std::vector<std::int8_t> outside = {0, 0, 2, 0};
  Batch bad("c", 4, {nullptr, outside.data()});
  bad.set_dictionary("u", 2, {nullptr, offsets.data(), "ba"});
  CHECK_THROWS_WITH_AS((void)bad.read(), doctest::Contains("row 2 points outside a dictionary of 2 entries"), Error);
}

TEST_CASE("date32 is a date, null is missing throughout") {
  const std::vector<std::int32_t> days = {0, 1, 20779};
  const Column column = Batch("tdD", 3, {&kAllButSecond, days.data()}).read();
  CHECK(column.type == ColumnType::date);
  CHECK(column.cell_text(2) == "2026-11-22");
  CHECK(column.is_missing_at(1));
  CHECK(Batch("n", 2, {}).read().is_missing_at(1));
}

TEST_CASE("what cannot be taken is refused with the column's name") {
  const std::vector<std::int64_t> big = {(std::int64_t{1} << 53) + 1};
  CHECK_THROWS_WITH_AS((void)Batch("l", 1, {nullptr, big.data()}).read(),
                       doctest::Contains("arrow column \"x\": row 0 holds 9007199254740993"), Error);
  const std::vector<std::int64_t> low = {-(std::int64_t{1} << 53)};
  CHECK(Batch("l", 1, {nullptr, low.data()}).read().numbers[0] == -9007199254740992.0);
  CHECK_THROWS_WITH_AS((void)Batch("tsu:UTC", 1, {nullptr, big.data()}).read(),
                       doctest::Contains("format \"tsu:UTC\"; accepted are"), Error);
  CHECK_THROWS_WITH_AS((void)Batch("g", 1, {nullptr, nullptr}).read(), doctest::Contains("buffer 1 is absent"), Error);
  Batch gone("g", 0, {nullptr, nullptr});
  gone.array.release = nullptr;
  CHECK_THROWS_AS((void)gone.read(), Error);
}

TEST_CASE("an exported frame imports as itself, also after its frame is gone, and is released once") {
  ArrowSchema schema{};
  ArrowArray array{};
  {
    Frame frame;
    Column n, c, t, d;
    n.name = "n";
    n.numbers = {1.5, kMissing, -0.0};
    c.name = "c";
    c.type = ColumnType::category;
    c.levels = {"x", "y"};
    c.codes = {1, 0, kMissingCode};
    t.name = "t";
    t.type = ColumnType::text;
    for (const auto& text : std::vector<std::optional<std::string_view>>{"a", std::nullopt, ""})
      t.texts.push_back(text);
    d.name = "d";
    d.type = ColumnType::date;
    d.days = {kMissingDate, 0, 20779};
    for (const Column& column : {n, c, t, d}) frame.add(column);
    export_arrow(frame, schema, array);
  }
  CHECK(array.length == 3);
  CHECK(array.children[0]->null_count == 1);
  const Frame back = import_arrow(schema, array);
  CHECK(back.column("n").cell_text(0) == "1.5");
  CHECK(back.column("n").is_missing_at(1));
  CHECK(back.column("n").cell_text(2) == "-0");
  CHECK(back.column("c").levels == std::vector<std::string>{"x", "y"});
  CHECK(back.column("c").codes == std::vector<std::int32_t>{1, 0, kMissingCode});
  CHECK(back.column("t").cell_text(0) == "a");
  CHECK(back.column("t").is_missing_at(1));
  CHECK_FALSE(back.column("t").is_missing_at(2));
  CHECK(back.column("d").days == std::vector<std::int32_t>{kMissingDate, 0, 20779});
  array.release(&array);
  schema.release(&schema);
  CHECK((array.release == nullptr));
  CHECK((schema.release == nullptr));
}
