#pragma once

// POST /v1/outcomes: {"decision_id","outcome":0|1,"observed_at"}, one, an array or a line each; all or none.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/decision_key.hpp>
#include <riskflag/serve/detail/document.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// Turns a body into lines of the outcome log.
class OutcomeReader {
 public:
  struct Outcome {
    monitor::DecisionKey decision;
    bool positive = false;
    std::int64_t observed_ms = 0;
  };

  explicit OutcomeReader(std::string_view request_id)
      : head_(R"({"v":1,"ts":")" + rfc3339(now_ms()) + R"(","request_id":")" + std::string(request_id) +
              R"(","decision_id":")") {}

  /// One object or an array of them.
  void json(std::string_view body) {
    if (const auto read = document_.read(body); !read)
      return refuse("the body cannot be read: " + read.failure().text());
    if (!document_.is(Document::root(), Kind::array)) return take(Document::root(), 1);
    std::uint64_t row = 0;
    document_.each_item(Document::root(), [&](Place item) { take(item, ++row); });
  }
  /// An object a line; blank lines count and say nothing.
  void ndjson(std::string_view body) {
    std::uint64_t row = 0;
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = std::min(body.find('\n', at), body.size());
      const std::string_view line = trimmed(body.substr(at, end - at));
      at = end + 1;
      ++row;
      if (line.empty()) continue;
      if (const auto read = document_.read(line); !read) {
        return refuse("line " + std::to_string(row) + " cannot be read: " + read.failure().text());
      }
      take(Document::root(), row);
    }
  }

  /// After a body without a problem.
  [[nodiscard]] const std::string& lines() const noexcept { return lines_; }
  [[nodiscard]] const std::vector<Outcome>& taken() const noexcept { return taken_; }
  [[nodiscard]] std::uint64_t outcomes() const noexcept { return outcomes_; }
  /// Why nothing is taken; nullptr when all is.
  [[nodiscard]] std::unique_ptr<Problem> problem() {
    if (!problem_ && !errors_.empty()) {
      const auto& [row, issue] = errors_.front();
      std::string text = "row " + std::to_string(row) + ": " + issue.sentence() + "; no outcome was taken";
      problem_ = std::make_unique<Problem>(Problem{422, "invalid_field", std::move(text), std::move(errors_)});
    }
    return std::move(problem_);
  }

 private:
  using Place = Document::Place;
  using Kind = Document::Kind;
  static constexpr std::string_view kNames[] = {"decision_id", "outcome", "observed_at"};
  static constexpr std::string_view kExpected[] = {"the UUID that the score came with", "0 or 1",
                                                   "a time such as \"2026-11-29T10:00:00.000Z\""};

  void refuse(std::string text) {
    if (!problem_) problem_ = std::make_unique<Problem>(Problem{400, "bad_request", std::move(text)});
  }
  void issue(std::uint64_t row, std::string_view field, std::string_view code, std::string found,
             std::string_view expected) {
    if (errors_.size() < kMaxErrors) {
      errors_.push_back({row, {std::string(field), code, std::move(found), std::string(expected)}});
    }
  }
  [[nodiscard]] std::string found(Place value) const {
    switch (document_.kind(value)) {
      case Kind::null: return "null";
      case Kind::string: return quoted(document_.text(value));
      case Kind::number:
      case Kind::boolean: return std::string(document_.text(value).substr(0, 60));
      case Kind::array: return "an array";
      case Kind::object:
      case Kind::key: break;
    }
    return "an object";
  }

  void take(Place object, std::uint64_t row) {
    ++outcomes_;
    if (!document_.is(object, Kind::object)) {
      return refuse("row " + std::to_string(row) +
                    " is no object; {\"decision_id\", \"outcome\", \"observed_at\"} is accepted");
    }
    Place values[] = {Document::kNone, Document::kNone, Document::kNone};
    document_.each_member(object, [&](std::string_view name, Place value) {
      const auto* at = std::find(std::begin(kNames), std::end(kNames), name);
      if (at == std::end(kNames)) {
        return issue(row, name.substr(0, 200), "unknown_field", "a value", "decision_id, outcome and observed_at");
      }
      Place& place = values[at - std::begin(kNames)];
      if (place != Document::kNone)
        return issue(row, name, "duplicate_key", "the field more than once", "the field once");
      place = value;
    });
    std::int64_t observed_ms = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      if (values[i] == Document::kNone) {
        issue(row, kNames[i], "missing_field", "nothing", kExpected[i]);
      } else if (!is_good(i, values[i], observed_ms)) {
        issue(row, kNames[i], "wrong_type", found(values[i]), kExpected[i]);
      }
    }
    if (!errors_.empty() || problem_) return;
    lines_.append(head_).append(lower_ascii(document_.text(values[0]))).append(R"(","outcome":)");
    lines_.append(document_.text(values[1])).append(R"(,"observed_at":")").append(rfc3339(observed_ms)).append("\"}\n");
    taken_.push_back({monitor::find_decision_key(document_.text(values[0])).value_or(monitor::DecisionKey{}),
                      document_.text(values[1]) == "1", observed_ms});
  }
  [[nodiscard]] bool is_good(std::size_t which, Place value, std::int64_t& observed_ms) const {
    if (which == 1) {
      return document_.is(value, Kind::number) && (document_.text(value) == "0" || document_.text(value) == "1");
    }
    if (!document_.is(value, Kind::string)) return false;
    if (which == 0) return monitor::find_decision_key(document_.text(value)).has_value();
    const auto ms = parse_rfc3339(document_.text(value));
    observed_ms = ms.value_or(0);
    return ms.has_value();
  }

  std::string head_, lines_;
  Document document_;
  std::uint64_t outcomes_ = 0;
  std::vector<Outcome> taken_;
  std::vector<RowIssue> errors_;
  std::unique_ptr<Problem> problem_;
};

}  // namespace riskflag::inline v0_1::serve::detail
