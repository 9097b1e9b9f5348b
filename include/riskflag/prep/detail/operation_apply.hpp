#pragma once

// Definitions of prep/operation.hpp. Missing is asked by bits and every product and sum goes through exact::, so that a
// consumer's -ffast-math or -march=native changes nothing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/prep/operation.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

/// Operands that a token takes from the stack; it leaves one value.
[[nodiscard]] constexpr std::size_t operands(Token::Kind kind) noexcept {
  switch (kind) {
    case Token::Kind::constant:
    case Token::Kind::slot: return 0;
    case Token::Kind::negate:
    case Token::Kind::log:
    case Token::Kind::log1p:
    case Token::Kind::abs: return 1;
    case Token::Kind::add:
    case Token::Kind::subtract:
    case Token::Kind::multiply:
    case Token::Kind::divide:
    case Token::Kind::minimum:
    case Token::Kind::maximum:
    case Token::Kind::if_missing: return 2;
  }
  return 0;
}

/// A code that a table can be asked for: false for missing, kUnseen and what lies beyond the table.
[[nodiscard]] inline bool is_in_table(double code, std::size_t size) noexcept {
  return !(code < 0) && code < static_cast<double>(size);
}

[[nodiscard]] inline double finite_or_missing(double x) noexcept { return is_finite(x) ? x : kMissing; }

[[nodiscard]] inline double unary(Token::Kind kind, double x) noexcept {
  if (is_missing(x)) return kMissing;
  switch (kind) {
    case Token::Kind::negate: return finite_or_missing(-x);
    case Token::Kind::abs: return finite_or_missing(x < 0 ? -x : x);
    case Token::Kind::log: return x > 0 ? finite_or_missing(exact::log(x)) : kMissing;
    default: return x > -1 ? finite_or_missing(exact::log1p(x)) : kMissing;
  }
}

[[nodiscard]] inline double binary(Token::Kind kind, double x, double y) noexcept {
  if (kind == Token::Kind::if_missing) return is_missing(x) ? y : x;
  if (is_missing(x) || is_missing(y)) return kMissing;
  switch (kind) {
    case Token::Kind::add: return finite_or_missing(exact::add(x, y));
    case Token::Kind::subtract: return finite_or_missing(exact::sub(x, y));
    case Token::Kind::multiply: return finite_or_missing(exact::mul(x, y));
    case Token::Kind::divide: return y < 0 || y > 0 ? finite_or_missing(exact::div(x, y)) : kMissing;
    case Token::Kind::minimum: return finite_or_missing(y < x ? y : x);
    default: return finite_or_missing(y > x ? y : x);
  }
}

inline void run(const Fill& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) out[i] = is_missing(in[i]) ? op.value : in[i];
}

inline void run(const MissingFlag& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) out[i] = is_missing(in[i]) ? 1.0 : 0.0;
}

inline void run(const Clip& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) {
    const double x = in[i];
    out[i] = is_missing(x) ? x : x < op.low ? op.low : x > op.high ? op.high : x;
  }
}

inline void run(const Log1p& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) out[i] = unary(Token::Kind::log1p, in[i]);
}

inline void run(const Scale& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = is_missing(in[i]) ? kMissing : exact::div(exact::sub(in[i], op.mean), op.scale);
  }
}

inline void run(const Lookup& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  const double* table = op.table.data();
  const std::size_t size = op.table.size();
  for (std::size_t i = 0; i < n; ++i) {
    const double code = in[i];
    if (is_missing(code)) {
      out[i] = op.missing;
    } else {
      out[i] = is_in_table(code, size) ? table[static_cast<std::size_t>(code)] : op.unseen;
    }
  }
}

inline void run(const OneHot& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  for (std::uint32_t k = 0; k < op.count; ++k) std::fill_n(slots[op.out + k], n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const double code = in[i];
    std::int32_t column = op.unseen;
    if (is_missing(code)) {
      column = op.missing;
    } else if (is_in_table(code, op.table.size())) {
      column = op.table[static_cast<std::size_t>(code)];
    }
    if (column >= 0) slots[op.out + static_cast<Slot>(column)][i] = 1.0;
  }
}

inline void run(const Bin& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) {
    const double x = in[i];
    if (is_missing(x)) {
      out[i] = kMissing;
      continue;
    }
    std::size_t begin = 0, length = op.edges.size();  // upper bound: the first edge above x
    while (length > 0) {
      const std::size_t half = length / 2;
      if (op.edges[begin + half] <= x) {
        begin += half + 1;
        length -= half + 1;
      } else {
        length = half;
      }
    }
    out[i] = static_cast<double>(begin);
  }
}

inline void run(const DropSpecial& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) {
    double x = in[i];
    for (const double code : op.codes) {
      if (!is_missing(in[i]) && in[i] == code) x = kMissing;
    }
    out[i] = x;
  }
}

inline void run(const SpecialLevel& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) {
    double level = is_missing(in[i]) ? kMissing : 0.0;
    for (std::size_t k = 0; k < op.codes.size(); ++k) {
      if (!is_missing(in[i]) && in[i] == op.codes[k]) level = static_cast<double>(k + 1);
    }
    out[i] = level;
  }
}

inline void run(const KnownLevel& op, std::size_t n, double* const* slots, double*) noexcept {
  const double* in = slots[op.in];
  double* out = slots[op.out];
  for (std::size_t i = 0; i < n; ++i) out[i] = is_missing(in[i]) || in[i] < 0 ? kMissing : in[i];
}

inline void run(const Formula& op, std::size_t n, double* const* slots, double* stack) noexcept {
  std::size_t depth = 0;
  for (const Token& token : op.program) {
    double* top = stack + depth * n;  // one past the last value
    switch (operands(token.kind)) {
      case 0:
        if (token.kind == Token::Kind::constant) {
          std::fill_n(top, n, token.constant);
        } else {
          const double* in = slots[token.slot];
          for (std::size_t i = 0; i < n; ++i) top[i] = finite_or_missing(in[i]);
        }
        ++depth;
        break;
      case 1: {
        double* x = top - n;
        for (std::size_t i = 0; i < n; ++i) x[i] = unary(token.kind, x[i]);
        break;
      }
      default: {
        double* y = top - n;
        double* x = y - n;
        for (std::size_t i = 0; i < n; ++i) x[i] = binary(token.kind, x[i], y[i]);
        --depth;
        break;
      }
    }
  }
  std::copy_n(stack, n, slots[op.out]);
}

}  // namespace detail

inline std::vector<Slot> slots_read(const Operation& operation) {
  if (const auto* formula = std::get_if<Formula>(&operation)) {
    std::vector<Slot> out;
    for (const Token& token : formula->program) {
      if (token.kind == Token::Kind::slot) out.push_back(token.slot);
    }
    return out;
  }
  return std::visit(
      [](const auto& op) -> std::vector<Slot> {
        if constexpr (requires { op.in; }) {
          return {op.in};
        } else {
          return {};
        }
      },
      operation);
}

inline Slot first_slot_written(const Operation& operation) noexcept {
  return std::visit([](const auto& op) { return op.out; }, operation);
}

inline std::uint32_t slots_written(const Operation& operation) noexcept {
  const auto* one_hot = std::get_if<OneHot>(&operation);
  return one_hot != nullptr ? one_hot->count : 1;
}

inline std::size_t stack_depth(const std::vector<Token>& program) noexcept {
  std::size_t depth = 0, most = 0;
  for (const Token& token : program) {
    const std::size_t taken = detail::operands(token.kind);
    if (taken > depth) return 0;
    depth = depth - taken + 1;
    most = std::max(most, depth);
  }
  return depth == 1 ? most : 0;
}

inline void apply(const Operation& operation, std::size_t n, double* const* slots, double* stack) noexcept {
  std::visit([&](const auto& op) { detail::run(op, n, slots, stack); }, operation);
}

}  // namespace riskflag::inline v0_1::prep
