#pragma once

// Definitions of prep/monotone.hpp: each slot's direction in one field and its range, operation by operation.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/monotone.hpp>
#include <riskflag/prep/operation.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

/// What is known of a slot while one field moves and the others stay.
struct Course {
  int sign = 0;  ///< 1: never falls; -1: never rises; 0: stays. Meaningless where `unknown` says why
  std::string unknown{};
  bool goes_missing = false;  ///< missing for some values of the field and not for others
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  [[nodiscard]] bool moves() const noexcept { return sign != 0 || !unknown.empty(); }
};

[[nodiscard]] inline Course unknown_course(std::string why) {
  Course out;
  out.unknown = std::move(why);
  return out;
}

/// 1: never negative; -1: never positive; 0: either, as far as is known.
[[nodiscard]] inline int sign_of_range(const Course& x) noexcept { return x.low >= 0 ? 1 : x.high <= 0 ? -1 : 0; }

/// The sign of a sum whose terms have signs a and b; nullopt when they work against each other.
[[nodiscard]] inline std::optional<int> sum_of_signs(int a, int b) noexcept {
  if (a != 0 && b != 0 && a != b) return std::nullopt;
  return a != 0 ? a : b;
}

/// Courses of slots under one field. Life: 1. made with the fields' ranges; 2. run() for each operation, in order.
class MonotoneSlots {
 public:
  MonotoneSlots(const PipelineParts& parts, const Schema& schema, std::size_t field) : slots_(parts.inputs.size()) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      for (const Field& known : schema.fields) {
        if (known.name != parts.inputs[i]) continue;
        if (known.minimum) slots_[i].low = *known.minimum;
        if (known.maximum) slots_[i].high = *known.maximum;
      }
    }
    slots_[field].sign = 1;
  }

  [[nodiscard]] const Course& operator[](Slot slot) const noexcept { return slots_[slot]; }

  void run(const Operation& operation) {
    std::vector<Course> out = std::visit([&](const auto& op) { return follow(op); }, operation);
    for (Course& course : out) slots_.push_back(std::move(course));
  }

 private:
  static constexpr const char* kFilled =
      "values of the field that a derivation makes missing are then filled; clip them first";

  [[nodiscard]] std::vector<Course> follow(const Fill& op) const {
    Course x = slots_[op.in];
    if (x.goes_missing && x.unknown.empty()) return {unknown_course(kFilled)};
    x.low = std::min(x.low, op.value);
    x.high = std::max(x.high, op.value);
    return {x};
  }
  [[nodiscard]] std::vector<Course> follow(const MissingFlag& op) const {
    const Course& x = slots_[op.in];
    if (!x.unknown.empty()) return {x};
    if (x.goes_missing) return {unknown_course("a flag tells which values of the field a derivation made missing")};
    Course out;
    out.low = 0;
    out.high = 1;
    return {out};
  }
  [[nodiscard]] std::vector<Course> follow(const Clip& op) const {
    Course x = slots_[op.in];
    x.low = std::min(std::max(x.low, op.low), op.high);
    x.high = std::max(std::min(x.high, op.high), op.low);
    return {x};
  }
  [[nodiscard]] std::vector<Course> follow(const Log1p& op) const { return {logarithm(slots_[op.in], -1.0)}; }
  [[nodiscard]] std::vector<Course> follow(const Scale& op) const {
    Course x = slots_[op.in];
    if (!x.unknown.empty() || op.scale > 0) {
      x.low = exact::div(exact::sub(x.low, op.mean), op.scale);
      x.high = exact::div(exact::sub(x.high, op.mean), op.scale);
      return {x};
    }
    if (x.moves()) return {unknown_course("its scale is not positive")};
    return {Course{}};
  }
  [[nodiscard]] std::vector<Course> follow(const Lookup& op) const {
    const Course& x = slots_[op.in];
    Course out;
    if (!x.unknown.empty()) return {x};
    if (x.goes_missing) return {unknown_course("values of the field that a derivation makes missing have a code")};
    if (x.sign == 0) return {out};
    const bool in_table = x.low >= 0 && x.high < static_cast<double>(op.table.size());
    const auto ordered = [&](int sign) {
      for (std::size_t i = 0; i < op.table.size(); ++i) {
        if (is_missing(op.table[i])) return false;
        if (i > 0 && (sign > 0 ? op.table[i] < op.table[i - 1] : op.table[i] > op.table[i - 1])) return false;
      }
      return true;
    };
    for (const int sign : {1, -1}) {
      if (!in_table || !ordered(sign)) continue;
      out.sign = x.sign * sign;
      return {out};
    }
    return {unknown_course("the values that its encoding gives to bins neither rise nor fall throughout")};
  }
  [[nodiscard]] std::vector<Course> follow(const OneHot& op) const {
    const Course& x = slots_[op.in];
    Course out;
    out.low = 0;
    out.high = 1;
    if (!x.unknown.empty())
      out = x;
    else if (x.moves() || x.goes_missing)
      out = unknown_course("a one-hot column is 1 in the middle of the field's range and 0 on both sides");
    return std::vector<Course>(op.count, out);
  }
  [[nodiscard]] std::vector<Course> follow(const Bin& op) const {
    Course x = slots_[op.in];
    x.low = 0;
    x.high = static_cast<double>(op.edges.size());
    return {x};
  }
  [[nodiscard]] std::vector<Course> follow(const DropSpecial& op) const {  // codes are no values
    return {slots_[op.in]};
  }
  [[nodiscard]] std::vector<Course> follow(const SpecialLevel& op) const {
    Course out;
    if (!slots_[op.in].unknown.empty()) return {slots_[op.in]};
    out.goes_missing = slots_[op.in].goes_missing;
    return {out};
  }
  [[nodiscard]] std::vector<Course> follow(const KnownLevel& op) const {
    Course x = slots_[op.in];
    if (x.moves() && x.low < 0) x.goes_missing = true;
    return {x};
  }
  [[nodiscard]] std::vector<Course> follow(const Formula& op) const {
    std::vector<Course> stack;
    const auto pop = [&] {
      Course x = std::move(stack.back());
      stack.pop_back();
      return x;
    };
    for (const Token& token : op.program) {
      if (token.kind == Token::Kind::slot) {
        stack.push_back(slots_[token.slot]);
        continue;
      }
      if (token.kind == Token::Kind::constant) {
        Course x;
        x.low = x.high = token.constant;
        stack.push_back(x);
        continue;
      }
      const Course y = pop();
      if (operands(token.kind) == 1) {
        stack.push_back(y.unknown.empty() ? one_operand(token.kind, y) : y);
        continue;
      }
      const Course x = pop();
      stack.push_back(!x.unknown.empty() ? x : !y.unknown.empty() ? y : two_operands(token.kind, x, y));
    }
    Course out = pop();
    if (!out.unknown.empty() && out.unknown.find(op.text) == std::string::npos)
      out.unknown = quoted(op.text) + ": " + out.unknown;
    return {out};
  }

  /// log(x) or log1p(x): missing up to `edge`.
  [[nodiscard]] static Course logarithm(Course x, double edge) {
    if (!x.unknown.empty()) return x;
    x.goes_missing = x.goes_missing || (x.sign != 0 && !(x.low > edge));
    x.low = x.low >= edge + 1.0 ? 0.0 : -std::numeric_limits<double>::infinity();
    x.high = x.high <= edge + 1.0 ? 0.0 : std::numeric_limits<double>::infinity();
    return x;
  }

  [[nodiscard]] static Course one_operand(Token::Kind kind, Course x) {
    if (kind == Token::Kind::log) return logarithm(x, 0.0);
    if (kind == Token::Kind::log1p) return logarithm(x, -1.0);
    const int side = kind == Token::Kind::negate ? -1 : sign_of_range(x);
    if (side == 0 && x.sign != 0) return unknown_course("abs() of what may be negative falls, then rises");
    if (side < 0) {
      std::swap(x.low, x.high);
      x.low = -x.low;
      x.high = -x.high;
      x.sign = -x.sign;
    } else if (side == 0) {
      x.high = std::max(-x.low, x.high);
      x.low = 0.0;
    }
    return x;
  }

  [[nodiscard]] static Course two_operands(Token::Kind kind, const Course& x, const Course& y) {
    Course out;
    out.goes_missing = x.goes_missing || y.goes_missing;
    std::optional<int> sign;
    switch (kind) {
      case Token::Kind::add:
        sign = sum_of_signs(x.sign, y.sign);
        out.low = exact::add(x.low, y.low);
        out.high = exact::add(x.high, y.high);
        break;
      case Token::Kind::subtract:
        sign = sum_of_signs(x.sign, -y.sign);
        out.low = exact::sub(x.low, y.high);
        out.high = exact::sub(x.high, y.low);
        break;
      case Token::Kind::multiply:
      case Token::Kind::divide: return product(kind, x, y);
      case Token::Kind::minimum:
        sign = sum_of_signs(x.sign, y.sign);
        out.low = std::min(x.low, y.low);
        out.high = std::min(x.high, y.high);
        break;
      case Token::Kind::maximum:
        sign = sum_of_signs(x.sign, y.sign);
        out.low = std::max(x.low, y.low);
        out.high = std::max(x.high, y.high);
        break;
      default:  // if_missing(x, y): whether x is missing must not depend on the field
        if (x.goes_missing) return unknown_course(kFilled);
        sign = sum_of_signs(x.sign, y.sign);
        out.low = std::min(x.low, y.low);
        out.high = std::max(x.high, y.high);
        break;
    }
    if (!sign) return unknown_course("its operands work against each other as the field rises");
    out.sign = *sign;
    return out;
  }

  [[nodiscard]] static Course product(Token::Kind kind, const Course& x, const Course& y) {
    Course out;
    const bool divides = kind == Token::Kind::divide;
    const int of_x = sign_of_range(x), of_y = sign_of_range(y);
    if (divides && y.sign != 0 && of_y == 0)
      return unknown_course("it divides by what may be negative or positive, and jumps between them");
    // What a rising factor does depends on the sign of the other; 0: known to do nothing.
    const auto effect = [](int factor, int other) -> std::optional<int> {
      if (factor == 0) return 0;
      if (other == 0) return std::nullopt;
      return factor * other;
    };
    const std::optional<int> from_x = effect(x.sign, of_y), from_y = effect(divides ? -y.sign : y.sign, of_x);
    if (!from_x || !from_y) {
      return unknown_course(std::string(divides ? "a quotient" : "a product") +
                            " whose other operand may be negative or positive; say which by max(..., 0) around it");
    }
    const std::optional<int> sign = sum_of_signs(*from_x, *from_y);
    if (!sign) return unknown_course("its operands work against each other as the field rises");
    out.sign = *sign;
    out.goes_missing =
        x.goes_missing || y.goes_missing || (divides && y.sign != 0 && !(y.low > 0.0) && !(y.high < 0.0));
    const int together = of_x * of_y;
    if (together > 0) out.low = 0.0;
    if (together < 0) out.high = 0.0;
    return out;
  }

  std::vector<Course> slots_;
};

[[nodiscard]] inline std::size_t monotone_input(const Pipeline& pipeline, const FieldDirection& wanted) {
  const PipelineParts& parts = pipeline.parts();
  for (std::size_t i = 0; i < parts.inputs.size(); ++i) {
    if (parts.inputs[i] != wanted.field) continue;
    if (parts.input_levels[i] != 0) {
      fail(ErrorCode::invalid_option, "monotone",
           "field " + quoted(wanted.field) + " is a category: its levels have no order that a model could follow");
    }
    return i;
  }
  const std::vector<std::string_view> known(parts.inputs.begin(), parts.inputs.end());
  fail(ErrorCode::not_found, "monotone",
       "no field is called " + quoted(wanted.field) + did_you_mean(wanted.field, known));
}

}  // namespace detail

inline std::vector<int> monotone_features(const Pipeline& pipeline, const Schema& schema,
                                          std::span<const FieldDirection> wanted) {
  const PipelineParts& parts = pipeline.parts();
  std::vector<int> out(parts.features.size(), 0);
  std::vector<std::string_view> asked_by(parts.features.size());
  const auto refuse = [](const std::string& message) { fail(ErrorCode::invalid_option, "monotone", message); };
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    const FieldDirection& promise = wanted[w];
    if (promise.sign != 1 && promise.sign != -1)
      refuse("field " + quoted(promise.field) + " has the sign " + std::to_string(promise.sign) +
             "; accepted: 1 and -1");
    for (std::size_t before = 0; before < w; ++before) {
      if (wanted[before].field == promise.field) refuse("field " + quoted(promise.field) + " is named twice");
    }
    detail::MonotoneSlots slots(parts, schema, detail::monotone_input(pipeline, promise));
    for (const Operation& operation : parts.operations) slots.run(operation);
    bool used = false;
    for (std::size_t j = 0; j < parts.features.size(); ++j) {
      const detail::Course& course = slots[parts.feature_slots[j]];
      if (!course.moves()) continue;
      used = true;
      const Feature& feature = parts.features[j];
      const std::string place = "feature " + quoted(feature.name) + " derives from " + quoted(promise.field);
      if (!course.unknown.empty()) refuse(place + " in a way whose direction is not known: " + course.unknown);
      if (feature.type == FeatureType::categorical)
        refuse(place + " and is categorical: its levels have no order that a model could follow");
      const int sign = promise.sign * course.sign;
      if (out[j] == -sign)
        refuse(place + " and from " + quoted(std::string(asked_by[j])) +
               ", which ask it for opposite directions; leave one of them out");
      out[j] = sign;
      asked_by[j] = promise.field;
    }
    if (!used) refuse("no feature derives from field " + quoted(promise.field));
  }
  return out;
}

}  // namespace riskflag::inline v0_1::prep
