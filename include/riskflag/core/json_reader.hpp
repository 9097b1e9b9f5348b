#pragma once

// A strict reader for the JSON files that we write ourselves (model.json and its neighbours). RFC 8259 without
// leniency: no duplicate keys, no NaN, no comments, UTF-8 checked, depth limited, numbers exact (std::from_chars).
// Never throws. Requests of strangers and foreign files go through Boost.JSON in json/ and interop/.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/detail/json_lexer.hpp>
#include <riskflag/core/result.hpp>

namespace riskflag::inline v0_1 {

class Json;
using JsonArray = std::vector<Json>;
/// Members in file order; keys are unique.
using JsonObject = std::vector<std::pair<std::string, Json>>;

namespace detail {
class JsonParser;
}

/// One JSON value. A number is kept as the double and, when it is one, the 64-bit integer: both come back exactly.
class Json {
 public:
  enum class Kind { null, boolean, number, string, array, object };

  Json() = default;  ///< null
  Json(const Json& other);
  Json(Json&&) noexcept = default;
  Json& operator=(const Json& other);
  Json& operator=(Json&&) noexcept = default;
  ~Json() = default;

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_null() const noexcept { return kind() == Kind::null; }

  /// Line and column (1-based) where the value starts, for messages.
  [[nodiscard]] std::size_t line() const noexcept { return line_; }
  [[nodiscard]] std::size_t column() const noexcept { return column_; }
  /// "model.json:12:7".
  [[nodiscard]] std::string place() const;

  // Each gives the value, or a failure that names the place of this value, what was found and what was expected.
  [[nodiscard]] Result<bool> boolean() const;
  [[nodiscard]] Result<double> number()
      const;  ///< finite; also accepts "inf" and "-inf" strings as the writer makes them
  [[nodiscard]] Result<std::int64_t> integer() const;  ///< no fraction, no exponent, within int64
  [[nodiscard]] Result<std::uint64_t> unsigned_integer() const;
  [[nodiscard]] Result<std::string> string() const;
  [[nodiscard]] const JsonArray* array() const noexcept;    ///< nullptr when it is none
  [[nodiscard]] const JsonObject* object() const noexcept;  ///< nullptr when it is none

  /// Member `key` of an object; nullptr when this is no object or has no such member.
  [[nodiscard]] const Json* find(std::string_view key) const noexcept;
  /// Member `key`, or a failure that names it and what is there instead.
  [[nodiscard]] Result<const Json*> at(std::string_view key) const;
  /// Fails on the first member whose key is not in `known`, naming the nearest known one.
  [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> known) const;
  /// A failure at this value's place, for the caller's own checks.
  [[nodiscard]] Failure failure(std::string message, ErrorCode code = ErrorCode::parse) const;
  /// "the string \"abc\"", "the number 1.5", "an array of 3": for messages.
  [[nodiscard]] std::string description() const;

 private:
  friend class detail::JsonParser;
  using Number = detail::JsonNumber;

  /// What does not fit beside the number.
  struct Composite {
    std::string text;
    JsonArray items;
    JsonObject members;
  };
  Composite& composite(Kind kind) {
    kind_ = kind;
    composite_ = std::make_unique<Composite>();
    return *composite_;
  }

  Kind kind_ = Kind::null;
  bool boolean_ = false;
  Number number_{};
  std::unique_ptr<Composite> composite_;  ///< strings, arrays and objects
  std::shared_ptr<const std::string> where_;
  std::uint32_t line_ = 0, column_ = 0;
};

/// Parses the whole of `text` as one value. `where` is the file's name for messages ("model.json:12:7: ..."; the column
/// counts bytes). Recursion is as deep as the text, up to `max_depth`. A number beyond double's range is refused.
[[nodiscard]] Result<Json> read_json(std::string_view text, std::string_view where, std::size_t max_depth = 64);

}  // namespace riskflag::inline v0_1

#include <riskflag/core/detail/json_parser.hpp>
#include <riskflag/core/detail/json_reader.hpp>
