#include <riskflag/data/detail/csv_levels.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "../sanitized.hpp"

using namespace riskflag;
using detail::csv::LevelKey;
using detail::csv::Levels;

namespace {

/// What the parser asks before it asks code(): 16 bytes are readable, whatever stands behind the text.
std::int32_t known(const Levels& levels, std::string_view text, char behind) {
  const std::string padded = std::string(text) + std::string(16, behind);
  return Levels::Finder(levels).code(LevelKey::of_short(padded.data(), text.size()));
}
/// The same of a cell without quotes, blanks around it and all.
std::int32_t known_bare(const Levels& levels, std::string_view cell) {
  const std::string padded = std::string(cell) + std::string(16, ',');
  return Levels::Finder(levels).bare_code(LevelKey::of_short(padded.data(), cell.size()));
}

}  // namespace

TEST_CASE("codes are those of an ordered map by first appearance, at every length around the short ones") {
  std::mt19937_64 random(5);
  Levels levels;
  std::map<std::string, std::int32_t> want;
  for (int i = 0; i < riskflag_test::draws(200'000); ++i) {
    std::string text(random() % 40, 'a');
    if (!text.empty()) text.back() = static_cast<char>(random() % 256);
    if (text.size() > 9) text[random() % text.size()] = static_cast<char>(random() % 4);
    const bool is_new = !want.contains(text);
    const auto code = want.emplace(text, static_cast<std::int32_t>(want.size())).first->second;
    if (text.size() <= LevelKey::kShort) {
      REQUIRE(known(levels, text, static_cast<char>(random() % 256)) == (is_new ? Levels::kUnknown : code));
    }
    REQUIRE(levels.code(text, SIZE_MAX) == code);
  }
  CHECK(levels.size() == want.size());
  CHECK(want.size() > 5000);
  for (const auto& [text, code] : want) CHECK(levels.texts()[static_cast<std::size_t>(code)] == text);
}

TEST_CASE("bytes that pad a short key are no text: a NUL more is another level") {
  using namespace std::string_literals;
  Levels levels;
  const std::vector<std::string> texts = {""s,
                                          "\0"s,
                                          "\0\0"s,
                                          "a"s,
                                          "a\0"s,
                                          "12345678"s,
                                          "12345678\0"s,
                                          "123456789012345"s,
                                          "123456789012345\0"s,
                                          "1234567890123456"s};
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(levels.code(texts[i], 100) == static_cast<std::int32_t>(i));
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(levels.code(texts[i], 100) == static_cast<std::int32_t>(i));
}

TEST_CASE("a bare cell is known by all its bytes, and never as a text that only quotes can hold") {
  Levels levels;
  levels.add_missing("");
  levels.add_missing(" NA");
  std::int32_t code = 0;
  for (const char* text : {"a", " a", "a ", "\ta", "a\t", "\"a\"", "a\"", "a b", " "}) {
    CAPTURE(text);
    CHECK(levels.code(text, 100) == code++);
    CHECK(known(levels, text, 'x') == code - 1);
  }
  CHECK(known_bare(levels, "a") == 0);
  CHECK(known_bare(levels, "a\"") == 6);
  CHECK(known_bare(levels, "a b") == 7);
  CHECK(known_bare(levels, "") == kMissingCode);
  for (const char* cell : {" a", "a ", "\ta", "a\t", "\"a\"", " ", " NA", "NA", "b"})
    CHECK(known_bare(levels, cell) == Levels::kUnknown);
}

TEST_CASE("missing tokens are known first, short and long, and take no code; a full dictionary says so") {
  Levels levels;
  for (const char* token : {"", "NA", "a token of more than fifteen", "NA"}) levels.add_missing(token);
  CHECK(levels.size() == 0);
  CHECK(levels.code("a token of more than fifteen", 2) == kMissingCode);
  CHECK(levels.code("another of more than fifteen", 2) == 0);
  CHECK(levels.code("x", 2) == 1);
  CHECK(levels.code("y", 2) == Levels::kFull);
  CHECK(levels.code("x", 2) == 1);
  CHECK(levels.code("", 2) == kMissingCode);
  CHECK(known(levels, "NA", 'A') == kMissingCode);
  CHECK(levels.texts().size() == 2);
}
