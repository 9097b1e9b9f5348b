#pragma once

// A whole JSON text in memory, for the protocols whose parts may come in any order. /v1/score reads row by row instead.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/json/exact.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// The values of one JSON text in the order of the text; a value is named by its place. Numbers keep their own text.
/// The text that was read must outlive the document.
class Document {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object, key };
  using Place = std::uint32_t;
  static constexpr Place kNone = static_cast<Place>(-1);

  /// Replaces the content. A failure names the position.
  [[nodiscard]] Result<void> read(std::string_view text) {
    nodes_.clear();
    copies_.clear();
    Reader reader(*this, text);
    return read_json_events(text, reader);
  }
  /// The same for what Python's json writes where a number is missing: NaN is null, an infinity a number beyond every
  /// double. MLflow's server and Triton take these; JSON (RFC 8259) does not have them.
  [[nodiscard]] Result<void> read_with_nan(std::string_view text) {
    if (text.find("NaN") == std::string_view::npos && text.find("Infinity") == std::string_view::npos)
      return read(text);
    as_json_.clear();
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!in_string && text.substr(i).starts_with("NaN")) {
        as_json_ += "null";
        i += 2;
      } else if (!in_string && text.substr(i).starts_with("Infinity")) {
        as_json_ += "1e999";
        i += 7;
      } else {
        as_json_ += text[i];
        if (text[i] == '"') in_string = !in_string;
        if (in_string && text[i] == '\\' && i + 1 < text.size()) as_json_ += text[++i];
      }
    }
    return read(as_json_);
  }

  [[nodiscard]] static constexpr Place root() noexcept { return 0; }
  [[nodiscard]] Kind kind(Place value) const noexcept { return nodes_[value].kind; }
  [[nodiscard]] bool is(Place value, Kind kind) const noexcept { return value != kNone && nodes_[value].kind == kind; }
  /// A string's content, a number's own text, "true" or "false".
  [[nodiscard]] std::string_view text(Place value) const noexcept { return nodes_[value].text; }

  /// Calls `f(place)` for each item of an array.
  template <class F>
  void each_item(Place array, F f) const {
    for (Place i = array + 1; i < nodes_[array].end; i = nodes_[i].end) f(i);
  }
  /// Calls `f(key, place)` for each member of an object.
  template <class F>
  void each_member(Place object, F f) const {
    for (Place i = object + 1; i < nodes_[object].end; i = nodes_[i + 1].end) f(nodes_[i].text, i + 1);
  }
  /// The first member of that name, or kNone (also where `object` is none).
  [[nodiscard]] Place find(Place object, std::string_view key) const {
    Place found = kNone;
    if (!is(object, Kind::object)) return found;
    each_member(object, [&](std::string_view name, Place value) {
      if (found == kNone && name == key) found = value;
    });
    return found;
  }
  [[nodiscard]] std::size_t items(Place array) const {
    std::size_t n = 0;
    each_item(array, [&](Place) { ++n; });
    return n;
  }
  /// The first item of an array; kNone when it is empty.
  [[nodiscard]] Place first(Place array) const noexcept { return array + 1 < nodes_[array].end ? array + 1 : kNone; }

  /// A value as a cell of a row; an array of one value is that value ([n, 1] tensors). False for other arrays, objects.
  [[nodiscard]] bool cell(Place value, bundle::RawCell& out) const {
    using Cell = bundle::RawCell::Kind;
    switch (nodes_[value].kind) {
      case Kind::null: out = {Cell::null, {}}; return true;
      case Kind::boolean: out = {Cell::boolean, nodes_[value].text}; return true;
      case Kind::number: out = {Cell::number, nodes_[value].text}; return true;
      case Kind::string: out = {Cell::text, nodes_[value].text}; return true;
      case Kind::array:
        if (nodes_[value].end == value + 2 && nodes_[value + 1].kind < Kind::array) return cell(value + 1, out);
        return false;
      case Kind::object:
      case Kind::key: break;
    }
    return false;
  }

 private:
  struct Node {
    std::string_view text;
    Place end = 0;  // one past the value's last descendant
    Kind kind = Kind::null;
  };

  class Reader : public JsonEvents {
   public:
    Reader(Document& document, std::string_view text) : document_(document), text_(text) {}
    bool begin_object() { return open(Kind::object); }
    bool end_object() { return close(); }
    bool begin_array() { return open(Kind::array); }
    bool end_array() { return close(); }
    bool key(std::string_view name) { return add(Kind::key, keep(name)); }
    bool string(std::string_view text) { return add(Kind::string, keep(text)); }
    bool number(std::string_view text) { return add(Kind::number, keep(text)); }
    bool boolean(bool yes) { return add(Kind::boolean, yes ? "true" : "false"); }
    bool null() { return add(Kind::null, {}); }

   private:
    bool add(Kind kind, std::string_view text) {
      document_.nodes_.push_back({text, static_cast<Place>(document_.nodes_.size() + 1), kind});
      return true;
    }
    bool open(Kind kind) {
      open_.push_back(static_cast<Place>(document_.nodes_.size()));
      return add(kind, {});
    }
    bool close() {
      document_.nodes_[open_.back()].end = static_cast<Place>(document_.nodes_.size());
      open_.pop_back();
      return true;
    }
    /// What had escapes lives in the parser for a moment only.
    std::string_view keep(std::string_view text) {
      if (text.data() >= text_.data() && text.data() + text.size() <= text_.data() + text_.size()) return text;
      return document_.copies_.emplace_back(text);
    }
    Document& document_;
    std::string_view text_;
    std::vector<Place> open_;
  };

  std::vector<Node> nodes_;
  std::string as_json_;             // of read_with_nan
  std::deque<std::string> copies_;  // a deque: growing moves no string
};

}  // namespace riskflag::inline v0_1::serve::detail
