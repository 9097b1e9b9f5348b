#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/expression.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

/// A recursive-descent parser that writes postfix as it goes.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  [[nodiscard]] Expression parse() {
    if (text_.size() > kMaxBytes)
      refuse(0, std::to_string(text_.size()) + " bytes", "at most " + std::to_string(kMaxBytes));
    out_.text = std::string(text_);
    sum(0);
    skip_blanks();
    if (at_ < text_.size()) refuse(at_, found(), "an operator (+ - * /) or the end");
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kMaxBytes = 10'000;
  static constexpr int kMaxDepth = 64;
  struct Function {
    std::string_view name;
    Token::Kind kind;
    std::size_t least, most;  // arguments
  };
  static constexpr std::array<Function, 6> kFunctions = {{{"log", Token::Kind::log, 1, 1},
                                                          {"log1p", Token::Kind::log1p, 1, 1},
                                                          {"abs", Token::Kind::abs, 1, 1},
                                                          {"min", Token::Kind::minimum, 2, 1000},
                                                          {"max", Token::Kind::maximum, 2, 1000},
                                                          {"if_missing", Token::Kind::if_missing, 2, 2}}};

  [[noreturn]] void refuse(std::size_t at, const std::string& what, const std::string& accepted) const {
    fail(ErrorCode::parse, std::string(where_),
         "expression " + quoted(text_) + ", character " + std::to_string(at + 1) + ": found " + what +
             "; accepted: " + accepted);
  }
  [[nodiscard]] std::string found() const { return at_ < text_.size() ? quoted(text_.substr(at_, 12)) : "the end"; }

  void skip_blanks() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  [[nodiscard]] bool take(char c) noexcept {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void emit(Token::Kind kind) { out_.program.push_back({kind, 0, 0}); }

  void sum(int depth) {
    product(depth);
    for (;;) {
      if (take('+')) {
        product(depth);
        emit(Token::Kind::add);
      } else if (take('-')) {
        product(depth);
        emit(Token::Kind::subtract);
      } else {
        return;
      }
    }
  }
  void product(int depth) {
    sign(depth);
    for (;;) {
      if (take('*')) {
        sign(depth);
        emit(Token::Kind::multiply);
      } else if (take('/')) {
        sign(depth);
        emit(Token::Kind::divide);
      } else {
        return;
      }
    }
  }
  void sign(int depth) {
    if (depth > kMaxDepth) refuse(at_, "more than " + std::to_string(kMaxDepth) + " levels of nesting", "fewer");
    if (take('-')) {
      sign(depth + 1);
      emit(Token::Kind::negate);
    } else if (take('+')) {
      sign(depth + 1);
    } else {
      primary(depth);
    }
  }
  void primary(int depth) {
    if (take('(')) {
      sum(depth + 1);
      close();
      return;
    }
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '`') return column(backquoted());
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return number();
    const std::size_t begin = at_;
    const std::string_view name = word();
    if (name.empty()) refuse(begin, found(), "a number, a column, a function or \"(\"");
    if (take('(')) return call(name, begin, depth);
    column(std::string(name));
  }
  void close() {
    if (!take(')')) refuse(at_, found(), "\")\"");
  }

  [[nodiscard]] static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
  [[nodiscard]] static bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' ||
           static_cast<unsigned char>(c) > 127;
  }
  /// A name at at_, possibly empty; "if-missing" counts as one when an argument list follows.
  [[nodiscard]] std::string_view word() noexcept {
    constexpr std::string_view kDashed = "if-missing";
    if (text_.substr(at_, kDashed.size()) == kDashed) {
      const std::size_t begin = at_;
      at_ += kDashed.size();
      skip_blanks();
      if (at_ < text_.size() && text_[at_] == '(') return "if_missing";
      at_ = begin;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  [[nodiscard]] std::string backquoted() {
    const std::size_t begin = at_++;
    std::string name;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] != '`') {
        name.push_back(text_[at_]);
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '`') {
        name.push_back('`');
        ++at_;
      } else {
        ++at_;
        if (name.empty()) refuse(begin, "an empty name", "a column's name between the backquotes");
        return name;
      }
    }
    refuse(begin, "a backquote that nothing closes", "`name`");
  }
  void number() {
    const std::size_t begin = at_;
    const auto digits = [&] {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    digits();
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      std::size_t exponent = at_ + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (exponent < text_.size() && is_digit(text_[exponent])) {
        at_ = exponent;
        digits();
      }
    }
    const std::string_view literal = text_.substr(begin, at_ - begin);
    const std::optional<double> value = parse_double(literal);
    if (!value || (at_ < text_.size() && is_word(text_[at_]))) {
      refuse(begin, quoted(text_.substr(begin, literal.size() + 8)), "a number such as 12, 0.5 or 1e6");
    }
    out_.program.push_back({Token::Kind::constant, *value, 0});
  }
  void column(std::string name) {
    const auto it = std::find(out_.names.begin(), out_.names.end(), name);
    const auto index = static_cast<Slot>(it - out_.names.begin());
    if (it == out_.names.end()) out_.names.push_back(std::move(name));
    out_.program.push_back({Token::Kind::slot, 0, index});
  }
  void call(std::string_view name, std::size_t begin, int depth) {
    const auto* const function =
        std::find_if(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == name; });
    if (function == kFunctions.end()) {
      std::array<std::string_view, kFunctions.size()> names;
      std::transform(kFunctions.begin(), kFunctions.end(), names.begin(), [](const Function& f) { return f.name; });
      refuse(begin, "the function " + quoted(name),
             "log, log1p, abs, min, max, if_missing" + did_you_mean(name, names));
    }
    std::size_t arguments = 0;
    do {
      sum(depth + 1);
      if (++arguments > function->most) break;
      // min(a, b, c) is min(min(a, b), c): the stack stays two high.
      if (arguments >= 2) emit(function->kind);
    } while (take(','));
    close_call(*function, arguments, begin);
    if (function->most == 1) emit(function->kind);
  }
  void close_call(const Function& function, std::size_t arguments, std::size_t begin) {
    if (arguments < function.least || arguments > function.most) {
      refuse(begin,
             quoted(function.name) + " with " + (arguments > function.most ? "more than " : "") +
                 std::to_string(std::min(arguments, function.most)) + " operand(s)",
             function.most == 1   ? "one operand"
             : function.most == 2 ? "two operands"
                                  : "two or more operands");
    }
    close();
  }

  std::string_view text_, where_;
  std::size_t at_ = 0;
  Expression out_;
};

}  // namespace detail

inline Expression parse_expression(std::string_view text, std::string_view where) {
  return detail::ExpressionParser(text, where).parse();
}

inline double evaluate(const Expression& expression, const std::vector<double>& values) {
  Formula formula{static_cast<Slot>(values.size()), expression.program, {}};
  std::vector<double> cells = values;
  cells.push_back(kMissing);
  std::vector<double*> slots;
  for (double& cell : cells) slots.push_back(&cell);
  std::vector<double> stack(stack_depth(expression.program));
  detail::run(formula, 1, slots.data(), stack.data());
  return cells.back();
}

}  // namespace riskflag::inline v0_1::prep
