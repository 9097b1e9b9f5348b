#pragma once

// Definitions of core/exact.hpp.

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/detail/exact_tables.hpp>
#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1::exact {

namespace detail {

/// `x`, about whose origin the compiler knows nothing: it can neither fuse what made it with what uses it, nor reorder
/// (-ffast-math) across it. Costs no instruction.
[[nodiscard]] inline double pin(double x) noexcept {
#if defined(__SSE2__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#else
  asm("" : "+m"(x));
#endif
  return x;
}

[[nodiscard]] constexpr std::uint64_t bits_of(double x) noexcept {
  return riskflag::detail::bit_cast<std::uint64_t>(x);
}
[[nodiscard]] constexpr double from_bits(std::uint64_t bits) noexcept {
  return riskflag::detail::bit_cast<double>(bits);
}
[[nodiscard]] constexpr std::uint64_t magnitude_bits(double x) noexcept { return bits_of(x) & 0x7fffffffffffffffULL; }

inline constexpr std::uint64_t kInfinityBits = 0x7ff0000000000000ULL;
inline constexpr std::uint64_t kSignBit = 0x8000000000000000ULL;
inline constexpr std::uint64_t kNanBits = 0x7ff8000000000000ULL;
inline constexpr std::uint64_t kOneBits = 0x3ff0000000000000ULL;

/// A number as an unevaluated sum: |low| is at most half an ulp of high, or nearly so.
struct Sum {
  double high, low;
};

}  // namespace detail

inline double mul(double a, double b) noexcept { return detail::pin(a * b); }
inline double add(double a, double b) noexcept { return detail::pin(a + b); }
inline double sub(double a, double b) noexcept { return detail::pin(a - b); }
// The operands are pinned too: -ffast-math would multiply by the reciprocal of one that it knows or meets often.
inline double div(double a, double b) noexcept { return detail::pin(detail::pin(a) / detail::pin(b)); }
inline double sqrt(double x) noexcept { return detail::pin(__builtin_sqrt(detail::pin(x))); }

namespace detail {

/// a + b exactly (Knuth).
[[nodiscard]] inline Sum two_sum(double a, double b) noexcept {
  const double s = add(a, b);
  const double from_b = sub(s, a);
  return {s, add(sub(a, sub(s, from_b)), sub(b, from_b))};
}

/// a + b exactly, for |a| >= |b| or a = 0 (Dekker).
[[nodiscard]] inline Sum quick_two_sum(double a, double b) noexcept {
  const double s = add(a, b);
  return {s, sub(b, sub(s, a))};
}

/// a * b exactly (Dekker, Veltkamp), for operands below 2^990 whose product is far from underflow.
[[nodiscard]] inline Sum two_product(double a, double b) noexcept {
  constexpr double kSplit = 0x1p27 + 1;
  const double p = mul(a, b);
  const double as = mul(a, kSplit), bs = mul(b, kSplit);
  const double ah = sub(as, sub(as, a)), bh = sub(bs, sub(bs, b));
  const double al = sub(a, ah), bl = sub(b, bh);
  return {p, add(add(add(sub(mul(ah, bh), p), mul(ah, bl)), mul(al, bh)), mul(al, bl))};
}

/// y * 2^e for y in [0.5, 4); to nearest even below 2^-1022, infinite beyond double.
[[nodiscard]] inline double scaled(double y, std::int64_t e) noexcept {
  const std::uint64_t bits = bits_of(y);
  const std::int64_t exponent = static_cast<std::int64_t>(bits >> 52) + e;
  if (exponent >= 2047) return from_bits(kInfinityBits);
  if (exponent > 0) return from_bits(bits + (static_cast<std::uint64_t>(e) << 52));
  if (exponent < -53) return 0.0;
  const std::uint64_t mantissa = (bits & 0xfffffffffffffULL) | 0x10000000000000ULL;
  const auto shift = static_cast<unsigned>(1 - exponent);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t kept = mantissa >> shift, lost = mantissa & (2 * half - 1);
  return from_bits(kept + (lost > half || (lost == half && (kept & 1) != 0) ? 1 : 0));
}

/// e^(x + low) for |x| <= 1000, |low| below an ulp of x or so.
///
/// x = k ln2/32 + r, |r| <= ln2/64: the result is 2^(k/32) (1 + r + r^2/2 + ...); the powers of 2^(1/32) come from a
/// table.
[[nodiscard]] inline double exp_of_sum(double x, double low) noexcept {
  constexpr double kRound = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
  constexpr double kPerLn2 = 0x1.71547652b82fep+5;
  constexpr double kLn2High = 0x1.62e42fefa0000p-6,
                   kLn2Low = 0x1.cf79abc9e3b3ap-45;  // 36 bits, so that k times it is exact
  const double shifted = add(mul(x, kPerLn2), kRound);
  const double k = sub(shifted, kRound);
  const auto n = static_cast<std::int64_t>(bits_of(shifted) - bits_of(kRound));
  const double r = add(sub(sub(x, mul(k, kLn2High)), mul(k, kLn2Low)), low);
  double p = 1.0 / 5040;
  p = add(mul(p, r), 1.0 / 720);
  p = add(mul(p, r), 1.0 / 120);
  p = add(mul(p, r), 1.0 / 24);
  p = add(mul(p, r), 1.0 / 6);
  p = add(mul(p, r), 0.5);
  const ExpRow& row = kExpRows[static_cast<std::uint64_t>(n) & 31];
  const double rest = add(row.tail, add(r, mul(mul(r, r), p)));
  return scaled(add(row.power, mul(row.power, rest)), n >> 5);
}

/// Where the logarithm of x + low is looked up: x + low = 2^k z, z = (1 + r) / reciprocal, |r| < 2^-7.4.
struct LogArgument {
  double k;
  const LogRow* row;
  Sum r;  ///< exact when low = 0
};

/// For x > 0 and finite, |low| at most half an ulp of x.
[[nodiscard]] inline LogArgument log_argument(std::uint64_t bits, double low) noexcept {
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e00000000ULL;  // z is taken from [0.7071, 1.4142)
  std::int64_t exponent = 0;
  if (bits < 0x10000000000000ULL) {  // denormal: by integers, for flush-to-zero modes
    const int shift = std::countl_zero(bits) - 11;
    bits <<= shift;
    exponent = -shift;
  }
  const std::int64_t k = static_cast<std::int64_t>(bits - kRootHalf) >> 52;
  const std::uint64_t z_bits = bits - (static_cast<std::uint64_t>(k) << 52);
  const double z = from_bits(z_bits);
  constexpr double kRound = 0x1.8p52 * 0x1p-7;
  const double shifted = add(z, kRound);  // the nearest multiple of 1/128
  const auto i = static_cast<std::int64_t>(bits_of(shifted) - bits_of(kRound));
  const LogRow& row = kLogRows[i - kFirstLogRow];
  const double z_high = from_bits((z_bits + 0x100000ULL) & ~0x1fffffULL);  // 32 bits
  const double z_low = sub(z, z_high);
  Sum r = two_sum(sub(mul(z_high, row.reciprocal), 1.0), mul(z_low, row.reciprocal));
  if (low != 0.0) {
    const double scale = from_bits(static_cast<std::uint64_t>(1023 - k) << 52);
    r.low = add(r.low, mul(mul(low, scale), row.reciprocal));
    r = quick_two_sum(r.high, r.low);
  }
  return {static_cast<double>(k + exponent), &row, r};
}

/// (log(1 + r) - r + r^2/2) / r^3.
[[nodiscard]] inline double log_cubic(double r) noexcept {
  double p = -1.0 / 10;
  p = add(mul(p, r), 1.0 / 9);
  p = add(mul(p, r), -1.0 / 8);
  p = add(mul(p, r), 1.0 / 7);
  p = add(mul(p, r), -1.0 / 6);
  p = add(mul(p, r), 1.0 / 5);
  p = add(mul(p, r), -1.0 / 4);
  return add(mul(p, r), 1.0 / 3);
}

inline constexpr double kLn2High = 0x1.62e42fefa3800p-1,
                        kLn2Low = 0x1.ef35793c76730p-45;  // a multiple of 2^-42, and the rest

/// The nearest double but for 0.02 ulp.
[[nodiscard]] inline double log_near(const LogArgument& x) noexcept {
  const double r = x.r.high;
  const double base = add(mul(x.k, kLn2High), x.row->log_high);  // exact
  const Sum s = quick_two_sum(base, r);
  const double square = mul(r, r);
  const double curve = add(mul(-0.5, square), mul(mul(square, r), log_cubic(r)));
  const double low = add(add(s.low, x.r.low), add(x.row->log_low, mul(x.k, kLn2Low)));
  return add(s.high, add(low, curve));
}

/// With an error below 2^-66 of the result.
[[nodiscard]] inline Sum log_sum(const LogArgument& x) noexcept {
  const double r = x.r.high;
  const double base = add(mul(x.k, kLn2High), x.row->log_high);
  const Sum s = quick_two_sum(base, r);
  const Sum square = two_product(r, r);
  const Sum t = quick_two_sum(s.high, mul(-0.5, square.high));
  double low = add(mul(mul(square.high, r), log_cubic(r)), sub(x.r.low, mul(r, x.r.low)));
  low = add(low, add(x.row->log_low, mul(x.k, kLn2Low)));
  low = add(low, mul(-0.5, square.low));
  low = add(low, add(s.low, t.low));
  return quick_two_sum(t.high, low);
}

enum class Parity { fraction, even, odd };
[[nodiscard]] inline Parity parity_of(double y) noexcept {
  const std::uint64_t magnitude = magnitude_bits(y);
  if (magnitude == 0) return Parity::even;
  const auto exponent = static_cast<int>(magnitude >> 52) - 1023;
  if (exponent < 0) return Parity::fraction;
  if (exponent > 52) return Parity::even;
  const std::uint64_t mantissa = (magnitude & 0xfffffffffffffULL) | 0x10000000000000ULL;
  const int below_point = 52 - exponent;
  if ((mantissa & ((std::uint64_t{1} << below_point) - 1)) != 0) return Parity::fraction;
  return (mantissa >> below_point & 1) != 0 ? Parity::odd : Parity::even;
}

/// x^y for finite x > 0, x != 1, and finite y.
[[nodiscard]] inline double pow_positive(std::uint64_t x_bits, double y) noexcept {
  const std::uint64_t y_magnitude = magnitude_bits(y);
  const bool grows = (x_bits > kOneBits) == (bits_of(y) < kSignBit);
  if (y_magnitude >= bits_of(0x1p65)) return from_bits(grows ? kInfinityBits : 0);  // |log x| >= 2^-53
  if (y_magnitude < bits_of(0x1p-65)) return 1.0;                                   // |log x| < 746
  const Sum log_x = log_sum(log_argument(x_bits, 0.0));
  const Sum product = two_product(y, log_x.high);
  if (magnitude_bits(product.high) > bits_of(800.0)) return from_bits(grows ? kInfinityBits : 0);
  return exp_of_sum(product.high, add(product.low, mul(y, log_x.low)));
}

}  // namespace detail

inline double exp(double x) noexcept {
  const std::uint64_t magnitude = detail::magnitude_bits(x);
  if (magnitude > detail::bits_of(746.0)) {
    if (magnitude > detail::kInfinityBits) return detail::from_bits(detail::kNanBits);
    return detail::from_bits(detail::bits_of(x) < detail::kSignBit ? detail::kInfinityBits : 0);
  }
  return detail::exp_of_sum(x, 0.0);
}

inline double log(double x) noexcept {
  const std::uint64_t bits = detail::bits_of(x);
  if (bits - 1 >= detail::kInfinityBits - 1) {  // zero, negative, infinite or NaN
    if (detail::magnitude_bits(x) == 0) return detail::from_bits(detail::kInfinityBits | detail::kSignBit);
    return detail::from_bits(bits == detail::kInfinityBits ? bits : detail::kNanBits);
  }
  return detail::log_near(detail::log_argument(bits, 0.0));
}

inline double log1p(double x) noexcept {
  const std::uint64_t bits = detail::bits_of(x), magnitude = detail::magnitude_bits(x);
  if (magnitude < detail::bits_of(0x1p-54)) return x;  // keeps denormals and the sign of zero
  if (bits == detail::kInfinityBits) return x;
  if (bits >= detail::bits_of(-1.0) || magnitude > detail::kInfinityBits) {
    return detail::from_bits(bits == detail::bits_of(-1.0) ? detail::kInfinityBits | detail::kSignBit
                                                           : detail::kNanBits);
  }
  if (magnitude >= detail::bits_of(0x1p60)) return log(x);
  const detail::Sum u = detail::two_sum(1.0, x);
  return detail::log_near(detail::log_argument(detail::bits_of(u.high), u.low));
}

inline double pow(double x, double y) noexcept {
  const std::uint64_t y_magnitude = detail::magnitude_bits(y), x_magnitude = detail::magnitude_bits(x);
  const bool y_negative = detail::bits_of(y) >= detail::kSignBit, x_negative = detail::bits_of(x) >= detail::kSignBit;
  if (y_magnitude == 0 || detail::bits_of(x) == detail::kOneBits) return 1.0;
  if (x_magnitude > detail::kInfinityBits || y_magnitude > detail::kInfinityBits) {
    return detail::from_bits(detail::kNanBits);
  }
  if (y_magnitude == detail::kInfinityBits) {
    if (x_magnitude == detail::kOneBits) return 1.0;
    return detail::from_bits((x_magnitude > detail::kOneBits) != y_negative ? detail::kInfinityBits : 0);
  }
  const detail::Parity parity = detail::parity_of(y);
  const std::uint64_t sign = x_negative && parity == detail::Parity::odd ? detail::kSignBit : 0;
  if (x_magnitude == 0 || x_magnitude == detail::kInfinityBits) {
    return detail::from_bits(sign | ((x_magnitude == 0) == y_negative ? detail::kInfinityBits : 0));
  }
  if (x_negative && parity == detail::Parity::fraction) return detail::from_bits(detail::kNanBits);
  const double result = x_magnitude == detail::kOneBits ? 1.0 : detail::pow_positive(x_magnitude, y);
  return detail::from_bits(detail::bits_of(result) | sign);
}

inline double sigmoid(double margin) noexcept {
  const std::uint64_t magnitude = detail::magnitude_bits(margin);
  if (magnitude > detail::kInfinityBits) return detail::from_bits(detail::kNanBits);
  const double t = exp(detail::from_bits(magnitude | detail::kSignBit));
  if (detail::bits_of(margin) < detail::kSignBit) return div(1.0, add(1.0, t));
  if (detail::bits_of(t) < detail::bits_of(0x1p-54)) return t;  // 1 + t is 1; denormals survive flush-to-zero modes
  return div(t, add(1.0, t));
}

inline double logit(double probability) noexcept {
  const std::uint64_t bits = detail::bits_of(probability);
  if (detail::magnitude_bits(probability) == 0) return detail::from_bits(detail::kInfinityBits | detail::kSignBit);
  if (bits > detail::kOneBits) return detail::from_bits(detail::kNanBits);  // negative, above 1, or NaN
  if (bits == detail::kOneBits) return detail::from_bits(detail::kInfinityBits);
  const double rest = sub(1.0, probability);
  if (probability > 0.25 && probability < 0.75) {  // 2p - 1 is exact here, and small where the logarithm is
    return log1p(div(sub(add(probability, probability), 1.0), rest));
  }
  return log(div(probability, rest));
}

}  // namespace riskflag::inline v0_1::exact
