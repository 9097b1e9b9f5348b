#pragma once

// JSON and UBJSON in one form, arrays of numbers packed.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::interop::detail {

struct Value {
  enum class Kind { null, number, text, numbers, list, object };
  Kind kind = Kind::null;
  double number = 0.0;  ///< a boolean is 0 or 1
  std::string text{};
  std::vector<double> numbers{};  ///< an array of numbers, booleans and nulls (NaN); an empty array
  std::vector<Value> items{};
  std::vector<std::pair<std::string, Value>> members{};

  [[nodiscard]] const Value* find(std::string_view key) const noexcept {
    for (const auto& [name, value] : members) {
      if (name == key) return &value;
    }
    return nullptr;
  }
};

/// XGBoost writes NaN, Infinity and -Infinity, which JSON does not have: null and texts of the same length in their
/// places.
[[nodiscard]] inline std::string plain_json(std::string_view text) {
  std::string out(text);
  bool quote = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (quote) {
      if (out[i] == '\\')
        ++i;
      else if (out[i] == '"')
        quote = false;
    } else if (out[i] == '"') {
      quote = true;
    } else if (out.compare(i, 3, "NaN") == 0) {
      out.replace(i, 3, "null");
      i += 3;
    } else if (out.compare(i, 9, "-Infinity") == 0) {
      out.replace(i, 9, "   \"-inf\"");
      i += 8;
    } else if (out.compare(i, 8, "Infinity") == 0) {
      out.replace(i, 8, "   \"inf\"");
      i += 7;
    }
  }
  return out;
}

[[nodiscard]] inline bool is_numeric(const Json& json) {
  if (json.kind() == Json::Kind::string) {
    const auto text = json.string();
    return text && (*text == "inf" || *text == "-inf");
  }
  return json.kind() == Json::Kind::number || json.kind() == Json::Kind::boolean || json.is_null();
}

[[nodiscard]] inline double numeric(const Json& json) {
  if (json.is_null()) return kMissing;
  if (json.kind() == Json::Kind::boolean) return json.boolean().value() ? 1.0 : 0.0;
  const auto number = json.number();
  return number ? *number : kMissing;
}

[[nodiscard]] inline Value value_of(const Json& json) {
  Value out;
  switch (json.kind()) {
    case Json::Kind::null: break;
    case Json::Kind::boolean:
    case Json::Kind::number:
      out.kind = Value::Kind::number;
      out.number = numeric(json);
      break;
    case Json::Kind::string:
      out.kind = Value::Kind::text;
      out.text = json.string().value();
      break;
    case Json::Kind::array: {
      bool packed = true;
      for (const Json& each : *json.array()) packed = packed && is_numeric(each);
      out.kind = packed ? Value::Kind::numbers : Value::Kind::list;
      for (const Json& each : *json.array()) {
        if (packed)
          out.numbers.push_back(numeric(each));
        else
          out.items.push_back(value_of(each));
      }
      break;
    }
    case Json::Kind::object:
      out.kind = Value::Kind::object;
      for (const auto& [key, each] : *json.object()) out.members.emplace_back(key, value_of(each));
      break;
  }
  return out;
}

/// Universal Binary JSON, draft 12, without high-precision numbers. Life: constructed; read() once.
class UbjsonReader {
 public:
  UbjsonReader(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  [[nodiscard]] Result<Value> read() {
    Value root;
    if (!read_value(marker(), root, 0)) return failure_;
    if (at_ != bytes_.size()) {
      (void)refuse("bytes follow the end of the object");
      return failure_;
    }
    return root;
  }

 private:
  static constexpr std::size_t kMaxDepth = 64;

  bool refuse(const std::string& message) {
    if (failure_.message.empty()) failure_ = {ErrorCode::parse, where_ + ": byte " + std::to_string(at_), message};
    return false;
  }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }

  char marker() noexcept {
    while (at_ < bytes_.size() && bytes_[at_] == 'N') ++at_;  // "no operation"
    return at_ < bytes_.size() ? bytes_[at_++] : '\0';
  }

  static std::size_t size_of(char type) noexcept {
    switch (type) {
      case 'i':
      case 'U':
      case 'C': return 1;
      case 'I': return 2;
      case 'l':
      case 'd': return 4;
      case 'L':
      case 'D': return 8;
      default: return 0;
    }
  }

  /// A number of a fixed size; its bytes are there.
  double take(char type) noexcept {
    std::uint64_t bits = 0;
    const std::size_t size = size_of(type);
    for (std::size_t i = 0; i < size; ++i) bits = bits << 8 | static_cast<unsigned char>(bytes_[at_ + i]);
    at_ += size;
    switch (type) {
      case 'i': return static_cast<double>(static_cast<std::int8_t>(bits));
      case 'I': return static_cast<double>(static_cast<std::int16_t>(bits));
      case 'l': return static_cast<double>(static_cast<std::int32_t>(bits));
      case 'L': return static_cast<double>(static_cast<std::int64_t>(bits));
      case 'd': return from_float32(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      case 'D': return std::bit_cast<double>(bits);
      default: return static_cast<double>(bits);
    }
  }

  bool read_count(std::size_t& count) {
    const char type = marker();
    if (type == 'd' || type == 'D' || type == 'C' || size_of(type) == 0 || left() < size_of(type)) {
      return refuse("a length is expected");
    }
    const double value = take(type);
    if (!(value >= 0.0) || !(value <= static_cast<double>(left()))) {
      return refuse("a length of " + number_text(value) + ", and " + std::to_string(left()) + " bytes are left");
    }
    count = static_cast<std::size_t>(value);
    return true;
  }

  bool read_text(std::string& text) {
    std::size_t size = 0;
    if (!read_count(size)) return false;
    text = std::string(bytes_.substr(at_, size));
    at_ += size;
    return is_utf8(text) || refuse("a text is not UTF-8");
  }

  bool read_value(char type, Value& out, std::size_t depth) {
    if (depth > kMaxDepth) return refuse("nested more than 64 deep");
    if (size_of(type) > 0) {
      if (left() < size_of(type)) return refuse("the bytes end within a number");
      out.kind = Value::Kind::number;
      out.number = take(type);
      return true;
    }
    switch (type) {
      case 'Z': return true;
      case 'T':
      case 'F':
        out.kind = Value::Kind::number;
        out.number = type == 'T' ? 1.0 : 0.0;
        return true;
      case 'S': out.kind = Value::Kind::text; return read_text(out.text);
      case '[': return read_array(out, depth);
      case '{': return read_object(out, depth);
      case '\0': return refuse("the bytes end where a value is expected");
      default: return refuse("no value begins with byte " + std::to_string(static_cast<unsigned char>(type)));
    }
  }

  bool read_array(Value& out, std::size_t depth) {
    out.kind = Value::Kind::numbers;
    char type = '\0';
    if (left() > 0 && bytes_[at_] == '$') {
      ++at_;
      type = marker();
      if (size_of(type) == 0 || left() == 0 || bytes_[at_] != '#') return refuse("a typed array of no known type");
    }
    bool counted = false;
    std::size_t count = 0;
    if (left() > 0 && bytes_[at_] == '#') {
      ++at_;
      counted = true;
      if (!read_count(count)) return false;
    }
    if (type != '\0') {
      if (count > left() / size_of(type)) return refuse("an array is longer than the bytes that are left");
      out.numbers.reserve(count);
      for (std::size_t i = 0; i < count; ++i) out.numbers.push_back(take(type));
      return true;
    }
    for (std::size_t i = 0; !counted || i < count; ++i) {
      const char next = marker();
      if (!counted && next == ']') break;
      Value item;
      if (!read_value(next, item, depth + 1)) return false;
      out.items.push_back(std::move(item));
    }
    bool packed = true;
    for (const Value& item : out.items)
      packed = packed && (item.kind == Value::Kind::number || item.kind == Value::Kind::null);
    if (!packed) {
      out.kind = Value::Kind::list;
      return true;
    }
    for (const Value& item : out.items) {
      out.numbers.push_back(item.kind == Value::Kind::null ? kMissing : item.number);
    }
    out.items.clear();
    return true;
  }

  bool read_object(Value& out, std::size_t depth) {
    out.kind = Value::Kind::object;
    while (true) {
      while (left() > 0 && bytes_[at_] == 'N') ++at_;
      if (left() > 0 && bytes_[at_] == '}') {
        ++at_;
        return true;
      }
      std::string key;
      if (!read_text(key)) return false;
      if (out.find(key) != nullptr) return refuse(quoted(key) + " stands twice");
      if (out.members.size() > 4096) return refuse("an object of more than 4096 members");
      Value value;
      if (!read_value(marker(), value, depth + 1)) return false;
      out.members.emplace_back(std::move(key), std::move(value));
    }
  }

  std::string_view bytes_;
  std::string where_;
  std::size_t at_ = 0;
  Failure failure_;
};

/// JSON when the second byte that is no blank begins a key, UBJSON otherwise.
[[nodiscard]] inline Result<Value> read_value(std::string_view bytes, std::string_view where) {
  std::size_t at = 1;
  while (at < bytes.size() && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) ++at;
  if (at < bytes.size() && bytes[at] != '"' && bytes[at] != '}') return UbjsonReader(bytes, where).read();
  const auto json = read_json(plain_json(bytes), where);
  if (!json) return json.failure();
  return value_of(*json);
}

}  // namespace riskflag::inline v0_1::interop::detail
