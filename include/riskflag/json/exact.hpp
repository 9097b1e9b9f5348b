#pragma once

// JSON of strangers (requests, foreign model files), read exactly: Boost.JSON's tokens, but every number stays its own
// text, because Boost.JSON 1.81 turns about 10 % of doubles into a neighbour. core/text.hpp's parse_double reads the
// text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>

#include <riskflag/core/result.hpp>

namespace riskflag::inline v0_1 {

/// Base of what read_json_events() calls, in the order of the text. Each member returns true to go on, false to stop; a
/// derived class hides those that it wants to hear. Views stay valid until the outermost value ends; in an array, until
/// that item of it ends which they lie in (one row of an array of rows).
struct JsonEvents {
  bool begin_object() { return true; }
  bool end_object() { return true; }
  bool begin_array() { return true; }
  bool end_array() { return true; }
  bool key(std::string_view) { return true; }
  bool string(std::string_view) { return true; }
  bool number(std::string_view) { return true; }  ///< its text as it stands; RFC 8259 form, magnitude not checked
  bool boolean(bool) { return true; }
  bool null() { return true; }
  /// True while strings are not needed: those with escapes are then not kept.
  [[nodiscard]] bool skipping() const { return false; }
};

struct JsonLimits {
  std::size_t max_depth = 32;                                        ///< arrays and objects inside one another
  std::size_t max_string = std::numeric_limits<std::size_t>::max();  ///< bytes of one string or key, after its escapes
  std::size_t max_number = 1000;                                     ///< characters of one number
};

namespace json_detail {

/// Joins the parts that Boost.JSON hands out, and keeps strings that had to be joined.
template <class Events>
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using Code = boost::json::error_code;
  using View = boost::json::string_view;

  Handler(Events& events, std::string_view text, JsonLimits limits) : events_(events), text_(text), limits_(limits) {}

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code& problem) { return begin(events_.begin_object(), problem); }
  bool on_object_end(std::size_t, Code& problem) { return end(events_.end_object(), problem); }
  bool on_array_begin(Code& problem) {
    if (depth_ == 0) of_items_ = true;
    return begin(events_.begin_array(), problem);
  }
  bool on_array_end(std::size_t, Code& problem) { return end(events_.end_array(), problem); }
  bool on_key_part(View part, std::size_t, Code& problem) { return add(part, limits_.max_string, problem); }
  bool on_key(View part, std::size_t, Code& problem) {
    std::string_view whole;
    return join(part, limits_.max_string, whole, problem) && go_on(events_.key(whole), problem);
  }
  bool on_string_part(View part, std::size_t, Code& problem) { return add(part, limits_.max_string, problem); }
  bool on_string(View part, std::size_t, Code& problem) {
    std::string_view whole;
    return join(part, limits_.max_string, whole, problem) && go_on(events_.string(whole), problem);
  }
  bool on_number_part(View part, Code& problem) { return add(part, limits_.max_number, problem); }
  bool on_int64(std::int64_t, View part, Code& problem) { return number(part, problem); }
  bool on_uint64(std::uint64_t, View part, Code& problem) { return number(part, problem); }
  bool on_double(double, View part, Code& problem) { return number(part, problem); }
  bool on_bool(bool value, Code& problem) { return go_on(events_.boolean(value), problem); }
  bool on_null(Code& problem) { return go_on(events_.null(), problem); }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }

  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  [[nodiscard]] bool too_long() const noexcept { return too_long_; }

 private:
  bool begin(bool yes, Code& problem) {
    ++depth_;
    return go_on(yes, problem);
  }
  bool end(bool yes, Code& problem) {
    --depth_;
    if (depth_ == 0 || (depth_ == 1 && of_items_)) kept_.clear();
    return go_on(yes, problem);
  }
  bool go_on(bool yes, Code& problem) {
    if (yes) return true;
    stopped_ = true;
    problem = boost::json::error::syntax;  // any error ends the parser; stopped() tells it from the text's own
    return false;
  }
  bool add(View part, std::size_t limit, Code& problem) {
    if (part.size() > limit - std::min(limit, pending_.size())) {
      too_long_ = true;
      problem = boost::json::error::string_too_large;
      return false;
    }
    pending_.append(part.data(), part.size());
    return true;
  }
  bool join(View part, std::size_t limit, std::string_view& whole, Code& problem) {
    const bool inside = part.data() >= text_.data() && part.data() + part.size() <= text_.data() + text_.size();
    if (pending_.empty() && inside && part.size() <= limit) {
      whole = {part.data(), part.size()};
      return true;
    }
    if (!add(part, limit, problem)) return false;
    if (events_.skipping()) {
      whole = {};
    } else {
      kept_.push_back(std::move(pending_));
      whole = kept_.back();
    }
    pending_.clear();
    return true;
  }
  bool number(View part, Code& problem) {
    std::string_view whole;
    return join(part, limits_.max_number, whole, problem) && go_on(events_.number(whole), problem);
  }

  Events& events_;
  std::string_view text_;
  JsonLimits limits_;
  std::string pending_;
  std::list<std::string> kept_;  // growing moves no string, and none costs no memory, as a deque would
  std::size_t depth_ = 0;
  bool of_items_ = false;  ///< the outermost value is an array
  bool stopped_ = false, too_long_ = false;
};

/// Line and column (1-based) of byte `at`.
[[nodiscard]] inline std::string position_text(std::string_view text, std::size_t at) {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n' ? 1u : 0u;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace json_detail

/// Reads the whole of `text` as one JSON value and tells `events` what it says. RFC 8259 without leniency: UTF-8
/// checked, no NaN, no comments, no trailing comma, nothing after the value. Fails with code parse and the position, or
/// with ErrorCode::cancelled when an event returned false. Linear in the text.
template <class Events>
[[nodiscard]] Result<void> read_json_events(std::string_view text, Events& events, JsonLimits limits = {}) {
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  boost::json::basic_parser<json_detail::Handler<Events>> parser(options, events, text, limits);
  boost::json::error_code problem;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), problem);
  if (!problem && used < text.size()) {
    return Failure{ErrorCode::parse, json_detail::position_text(text, used),
                   "something follows the JSON value; one value is accepted"};
  }
  if (!problem) return {};
  if (parser.handler().stopped()) return Failure{ErrorCode::cancelled, {}, "stopped by the reader"};
  if (parser.handler().too_long()) {
    return Failure{ErrorCode::parse, json_detail::position_text(text, used),
                   "a string or number is longer than is accepted here"};
  }
  std::string what = problem.message();
  if (problem == boost::json::error::incomplete)
    what = text.empty() ? "there is no text" : "the text ends before the value does";
  if (problem == boost::json::error::too_deep) {
    what = "arrays and objects lie more than " + std::to_string(limits.max_depth) + " deep, which is not accepted";
  }
  return Failure{ErrorCode::parse, json_detail::position_text(text, used), "not JSON: " + what};
}

}  // namespace riskflag::inline v0_1
