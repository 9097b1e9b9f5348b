#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

/// Members of one of our own JSON files: the value, or Error(corrupt) that names the file, what was found and expected.
class JsonFile {
 public:
  explicit JsonFile(std::string_view where) : where_(where) {}

  [[noreturn]] void refuse(const Json& at, const std::string& message) const {
    fail(ErrorCode::corrupt, where_ + ":" + std::to_string(at.line()), message);
  }
  /// The value, or Error(corrupt) with the reader's own sentence.
  template <class T>
  [[nodiscard]] T take(Result<T> result) const {
    if (!result) refuse(result.failure());
    return std::move(result).value();
  }
  [[nodiscard]] const Json& member(const Json& object, std::string_view key) const { return *take(object.at(key)); }
  [[nodiscard]] std::string text(const Json& object, std::string_view key) const {
    return take(member(object, key).string());
  }
  [[nodiscard]] double number(const Json& object, std::string_view key) const {
    return take(member(object, key).number());
  }
  [[nodiscard]] bool boolean(const Json& object, std::string_view key) const {
    return take(member(object, key).boolean());
  }
  [[nodiscard]] std::uint64_t count(const Json& object, std::string_view key) const {
    return take(member(object, key).unsigned_integer());
  }
  [[nodiscard]] const JsonArray& array(const Json& object, std::string_view key) const {
    const Json& value = member(object, key);
    if (value.array() == nullptr) refuse(value, "member " + quoted(key) + " is no array");
    return *value.array();
  }
  /// The array's items: each an object that has no members but `known`.
  [[nodiscard]] const JsonArray& objects(const Json& object, std::string_view key,
                                         std::initializer_list<std::string_view> known) const {
    const JsonArray& items = array(object, key);
    for (const Json& item : items) {
      if (item.object() == nullptr) refuse(item, "an item of " + quoted(key) + " is no object");
      only(item, known);
    }
    return items;
  }
  /// What `find(text)` (an optional) says the member's text means; `accepted` lists the texts for the message.
  template <class Find>
  [[nodiscard]] auto chosen(const Json& object, std::string_view key, Find find, std::string_view accepted) const {
    const std::string found = text(object, key);
    const auto value = find(found);
    if (!value)
      refuse(member(object, key), quoted(key) + " is " + quoted(found) + "; accepted: " + std::string(accepted));
    return *value;
  }
  [[nodiscard]] std::vector<std::string> texts(const Json& object, std::string_view key) const {
    std::vector<std::string> out;
    for (const Json& value : array(object, key)) out.push_back(take(value.string()));
    return out;
  }
  [[nodiscard]] std::vector<double> numbers(const Json& object, std::string_view key) const {
    std::vector<double> out;
    for (const Json& value : array(object, key)) out.push_back(take(value.number()));
    return out;
  }
  [[nodiscard]] std::vector<std::uint64_t> counts(const Json& object, std::string_view key) const {
    std::vector<std::uint64_t> out;
    for (const Json& value : array(object, key)) out.push_back(take(value.unsigned_integer()));
    return out;
  }
  void only(const Json& object, std::initializer_list<std::string_view> known) const {
    const auto result = object.only(known);
    if (!result) refuse(result.failure());
  }
  /// The whole text as an object whose member "format" is at most `format`.
  [[nodiscard]] Json open(std::string_view bytes, std::int64_t format) const {
    Json root = value_or_throw(read_json(bytes, where_));
    if (root.object() == nullptr) refuse(root, "the file holds no JSON object");
    const std::int64_t found = take(member(root, "format").integer());
    if (found < 1 || found > format) {
      fail(ErrorCode::unsupported, where_,
           "format " + std::to_string(found) + ", this build reads up to " + std::to_string(format) +
               "; use the riskflag that wrote it, or a newer one");
    }
    return root;
  }

 private:
  [[noreturn]] void refuse(const Failure& failure) const {
    fail(ErrorCode::corrupt, failure.where.empty() ? where_ : failure.where, failure.message);
  }
  std::string where_;
};

}  // namespace riskflag::inline v0_1
