#pragma once

// The part of a generated policy that is the same in all of them, as text: the steps of core/detail/exact.hpp,
// prep/detail/operation_apply.hpp and calibrate/detail/calibration.hpp again, so that the header stands alone. A test
// compares bits with the library (tests/programs/test_policy.py).

#include <string_view>

namespace riskflag::inline v0_1::bundle::detail {

/// Before the tables: what the tables and the applicant's types need.
inline constexpr std::string_view kPolicyArithmetic = R"policy(namespace detail {

using u64 = std::uint64_t;
using i64 = std::int64_t;

// The compiler knows nothing of the origin of what was pinned, so no flag (-ffast-math, -march=native) changes bits.
constexpr double pin(double x) noexcept {
  if (!__builtin_is_constant_evaluated()) {
#if defined(__SSE2__)
    asm("" : "+x"(x));
#elif defined(__aarch64__)
    asm("" : "+w"(x));
#else
    asm("" : "+m"(x));
#endif
  }
  return x;
}
constexpr u64 bits(double x) noexcept { return __builtin_bit_cast(u64, x); }
constexpr double from_bits(u64 x) noexcept { return __builtin_bit_cast(double, x); }
constexpr double kInf = from_bits(0x7ff0000000000000ULL), kNan = from_bits(0x7ff8000000000000ULL);
constexpr u64 size(double x) noexcept { return bits(x) & 0x7fffffffffffffffULL; }
constexpr bool missing(double x) noexcept { return size(x) > 0x7ff0000000000000ULL; }
constexpr bool finite(double x) noexcept { return size(x) < 0x7ff0000000000000ULL; }
constexpr double mul(double a, double b) noexcept { return pin(a * b); }
constexpr double add(double a, double b) noexcept { return pin(a + b); }
constexpr double sub(double a, double b) noexcept { return pin(a - b); }
constexpr double div(double a, double b) noexcept { return pin(pin(a) / pin(b)); }

// Orders doubles as < does, -0 equal to +0.
constexpr i64 key(double x) noexcept {
  const i64 b = __builtin_bit_cast(i64, x);
  return b >= 0 ? b : static_cast<i64>(0x8000000000000000ULL - static_cast<u64>(b));
}
// To the nearest float, also where a flush-to-zero mode (-ffast-math) would make 0 of it.
constexpr double as_float(double x) noexcept {
  constexpr double kGrid = 0x1.8p-97;
  if (size(x) - 1 < bits(0x1p-126) - 1) return sub(add(x, kGrid), kGrid);
  return static_cast<double>(static_cast<float>(x));
}
constexpr bool at_most(double x, double y) noexcept {
  if (__builtin_is_constant_evaluated()) return x <= y;
  return key(x) <= key(y);
}

)policy";

/// After kExpRows and kLogRows.
inline constexpr std::string_view kPolicyFunctions = R"policy(
constexpr double scaled(double y, i64 e) noexcept {
  const u64 b = bits(y);
  const i64 exponent = static_cast<i64>(b >> 52) + e;
  if (exponent >= 2047) return kInf;
  if (exponent > 0) return from_bits(b + (static_cast<u64>(e) << 52));
  if (exponent < -53) return 0.0;
  const u64 mantissa = (b & 0xfffffffffffffULL) | 0x10000000000000ULL;
  const auto shift = static_cast<unsigned>(1 - exponent);
  const u64 half = u64{1} << (shift - 1);
  const u64 kept = mantissa >> shift, lost = mantissa & (2 * half - 1);
  return from_bits(kept + (lost > half || (lost == half && (kept & 1) != 0) ? 1 : 0));
}

constexpr double exp(double x) noexcept {
  if (size(x) > bits(746.0)) {
    if (missing(x)) return kNan;
    return bits(x) < 0x8000000000000000ULL ? kInf : 0.0;
  }
  constexpr double kRound = 0x1.8p52, kPerLn2 = 0x1.71547652b82fep+5;
  constexpr double kLn2High = 0x1.62e42fefa0000p-6, kLn2Low = 0x1.cf79abc9e3b3ap-45;
  const double shifted = add(mul(x, kPerLn2), kRound);
  const double k = sub(shifted, kRound);
  const auto n = static_cast<i64>(bits(shifted) - bits(kRound));
  const double r = add(sub(sub(x, mul(k, kLn2High)), mul(k, kLn2Low)), 0.0);
  double p = 1.0 / 5040;
  p = add(mul(p, r), 1.0 / 720);
  p = add(mul(p, r), 1.0 / 120);
  p = add(mul(p, r), 1.0 / 24);
  p = add(mul(p, r), 1.0 / 6);
  p = add(mul(p, r), 0.5);
  const double power = kExpRows[static_cast<u64>(n) & 31][0], tail = kExpRows[static_cast<u64>(n) & 31][1];
  const double rest = add(tail, add(r, mul(mul(r, r), p)));
  return scaled(add(power, mul(power, rest)), n >> 5);
}

constexpr double log_of(u64 b, double low) noexcept {
  i64 exponent = 0;
  if (b < 0x10000000000000ULL) {
    const int shift = __builtin_clzll(b) - 11;
    b <<= shift;
    exponent = -shift;
  }
  const i64 k = static_cast<i64>(b - 0x3fe6a09e00000000ULL) >> 52;
  const u64 z_bits = b - (static_cast<u64>(k) << 52);
  const double z = from_bits(z_bits);
  constexpr double kRound = 0x1.8p52 * 0x1p-7;
  const double* row = kLogRows[static_cast<i64>(bits(add(z, kRound)) - bits(kRound)) - kFirstLogRow];
  const double z_high = from_bits((z_bits + 0x100000ULL) & ~0x1fffffULL);
  const double a = sub(mul(z_high, row[0]), 1.0), c = mul(sub(z, z_high), row[0]);
  double r = add(a, c);
  const double from_c = sub(r, a);
  double r_low = add(sub(a, sub(r, from_c)), sub(c, from_c));
  if (low != 0.0) {
    r_low = add(r_low, mul(mul(low, from_bits(static_cast<u64>(1023 - k) << 52)), row[0]));
    const double whole = add(r, r_low);
    r_low = sub(r_low, sub(whole, r));
    r = whole;
  }
  constexpr double kLn2High = 0x1.62e42fefa3800p-1, kLn2Low = 0x1.ef35793c76730p-45;
  const auto steps = static_cast<double>(k + exponent);
  const double base = add(mul(steps, kLn2High), row[1]);
  const double s = add(base, r), s_low = sub(r, sub(s, base));
  double p = -1.0 / 10;
  p = add(mul(p, r), 1.0 / 9);
  p = add(mul(p, r), -1.0 / 8);
  p = add(mul(p, r), 1.0 / 7);
  p = add(mul(p, r), -1.0 / 6);
  p = add(mul(p, r), 1.0 / 5);
  p = add(mul(p, r), -1.0 / 4);
  p = add(mul(p, r), 1.0 / 3);
  const double square = mul(r, r);
  const double curve = add(mul(-0.5, square), mul(mul(square, r), p));
  return add(s, add(add(add(s_low, r_low), add(row[2], mul(steps, kLn2Low))), curve));
}

constexpr double log(double x) noexcept {
  if (missing(x)) return kNan;
  if (size(x) == 0) return -kInf;
  if (bits(x) >= 0x8000000000000000ULL) return kNan;
  return finite(x) ? log_of(bits(x), 0.0) : x;
}

constexpr double log1p(double x) noexcept {
  if (size(x) < bits(0x1p-54) || bits(x) == bits(kInf)) return x;
  if (missing(x) || bits(x) > bits(-1.0)) return kNan;
  if (bits(x) == bits(-1.0)) return -kInf;
  if (size(x) >= bits(0x1p60)) return log(x);
  const double u = add(1.0, x), from_x = sub(u, 1.0);
  return log_of(bits(u), add(sub(1.0, sub(u, from_x)), sub(x, from_x)));
}

constexpr double sigmoid(double margin) noexcept {
  if (missing(margin)) return kNan;
  const double t = exp(from_bits(size(margin) | 0x8000000000000000ULL));
  if (bits(margin) < 0x8000000000000000ULL) return div(1.0, add(1.0, t));
  return bits(t) < bits(0x1p-54) ? t : div(t, add(1.0, t));
}

// Calibration: a line or curve in the log-odds, or a rising line through knots.
constexpr double curve(double a, double b, double c, double p) noexcept {
  if (missing(p)) return p;
  const bool lower = p < 0.5;
  const double smaller = lower ? p : sub(1.0, p);
  const double x = from_bits(bits(smaller < 0x1p-90 ? 0x1p-90 : smaller) & ~u64{0x7F});
  const double near = log(x), far = log1p(-x);
  double z = add(sub(mul(a, lower ? near : far), mul(b, lower ? far : near)), c);
  if (z > -4.0 && z < 4.0) z = static_cast<double>(static_cast<i64>(mul(z, 0x1p50))) * 0x1p-50;
  z = z < -700.0 ? -700.0 : z > 700.0 ? 700.0 : z;
  return div(1.0, add(1.0, exp(-z)));
}
constexpr double line(const double (*knots)[2], int count, double p) noexcept {
  if (missing(p)) return p;
  const double x = p < 0x1p-90 ? 0.0 : p;
  int above = 0;
  while (above < count && !(x < knots[above][0])) ++above;
  if (above == 0) return knots[0][1];
  if (above == count) return knots[count - 1][1];
  const double x0 = knots[above - 1][0], y0 = knots[above - 1][1], x1 = knots[above][0], y1 = knots[above][1];
  const double y = add(y0, mul(div(sub(x, x0), sub(x1, x0)), sub(y1, y0)));
  return y > y1 ? y1 : y;
}

// Preparation: what each operation of the pipeline does to one value.
constexpr double keep(double x) noexcept { return finite(x) ? x : kNan; }
constexpr double fill(double x, double value) noexcept { return missing(x) ? value : x; }
constexpr double flag(double x) noexcept { return missing(x) ? 1.0 : 0.0; }
constexpr double clip(double x, double low, double high) noexcept {
  return missing(x) ? x : x < low ? low : x > high ? high : x;
}
constexpr double scale(double x, double mean, double width) noexcept {
  return missing(x) ? kNan : div(sub(x, mean), width);
}
constexpr bool in_table(double code, int count) noexcept { return !(code < 0) && code < static_cast<double>(count); }
constexpr double lookup(double code, const double* table, int count, double none, double unseen) noexcept {
  return missing(code) ? none : in_table(code, count) ? table[static_cast<int>(code)] : unseen;
}
constexpr void one_hot(double code, double* out, int columns, const int* table, int count, int none,
                       int unseen) noexcept {
  for (int i = 0; i < columns; ++i) out[i] = 0.0;
  const int at = missing(code) ? none : in_table(code, count) ? table[static_cast<int>(code)] : unseen;
  if (at >= 0) out[at] = 1.0;
}
constexpr double bin(double x, const double* edges, int count) noexcept {
  if (missing(x)) return kNan;
  int begin = 0;
  for (int length = count; length > 0;) {
    const int half = length / 2;
    if (edges[begin + half] <= x) {
      begin += half + 1;
      length -= half + 1;
    } else {
      length = half;
    }
  }
  return static_cast<double>(begin);
}
constexpr double drop_special(double x, const double* codes, int count) noexcept {
  for (int i = 0; i < count; ++i) {
    if (!missing(x) && x == codes[i]) return kNan;
  }
  return x;
}
constexpr double special_level(double x, const double* codes, int count) noexcept {
  double level = missing(x) ? kNan : 0.0;
  for (int i = 0; i < count; ++i) {
    if (!missing(x) && x == codes[i]) level = static_cast<double>(i + 1);
  }
  return level;
}
constexpr double known(double x) noexcept { return missing(x) || x < 0 ? kNan : x; }
constexpr double negate(double x) noexcept { return missing(x) ? kNan : keep(-x); }
constexpr double abs(double x) noexcept { return missing(x) ? kNan : keep(x < 0 ? -x : x); }
constexpr double ln(double x) noexcept { return !missing(x) && x > 0 ? keep(log(x)) : kNan; }
constexpr double ln1p(double x) noexcept { return !missing(x) && x > -1 ? keep(log1p(x)) : kNan; }
constexpr bool either(double x, double y) noexcept { return missing(x) || missing(y); }
constexpr double plus(double x, double y) noexcept { return either(x, y) ? kNan : keep(add(x, y)); }
constexpr double minus(double x, double y) noexcept { return either(x, y) ? kNan : keep(sub(x, y)); }
constexpr double times(double x, double y) noexcept { return either(x, y) ? kNan : keep(mul(x, y)); }
constexpr double over(double x, double y) noexcept {
  return !either(x, y) && (y < 0 || y > 0) ? keep(div(x, y)) : kNan;
}
constexpr double least(double x, double y) noexcept { return either(x, y) ? kNan : keep(y < x ? y : x); }
constexpr double most(double x, double y) noexcept { return either(x, y) ? kNan : keep(y > x ? y : x); }
constexpr double if_missing(double x, double y) noexcept { return missing(x) ? y : x; }

)policy";

/// After the forest's tables; kFloatInputs, kRoots … are theirs.
inline constexpr std::string_view kPolicyForest = R"policy(
// flags: 1 default left; 2 NaN counts as 0; 4 NaN and |x| <= 1e-35 take the default side; 8 a set of levels.
constexpr bool goes_left(int node, double x, bool none) noexcept {
  const int flags = kFlags[node];
  if ((flags & 8) != 0) {
    if (none) return (flags & 1) != 0;
    const int set = static_cast<int>(kThresholds[node]), begin = kSets[set], words = kSets[set + 1] - begin;
    if (words == 0 || at_most(x, -1.0) || (kFloatInputs && x < 0) || at_most(static_cast<double>(words) * 32.0, x)) return false;
    const int level = static_cast<int>(x);
    return ((kSetWords[begin + level / 32] >> (level % 32)) & 1U) != 0;
  }
  if (none) {
    if ((flags & 2) == 0) return (flags & 1) != 0;
    x = 0.0;
  }
  constexpr double kZeroBand = static_cast<double>(1e-35F);
  if ((flags & 4) != 0 && at_most(-kZeroBand, x) && at_most(x, kZeroBand)) return (flags & 1) != 0;
  return at_most(x, kThresholds[node]);
}

constexpr double forest(double* slots) noexcept {
  bool none[kSlotCount] = {};
  for (int i = 0; i < kSlotCount; ++i) {
    none[i] = missing(slots[i]);
    if (kFloatInputs && !none[i]) slots[i] = as_float(slots[i]);
  }
  double sum = kAverage ? 0.0 : kBaseMargin;
  for (int tree = 0; tree < kTrees; ++tree) {
    int at = kRoots[tree];
    while (at >= 0) {
      const int slot = kSlots[at];
      const bool plain = !none[slot] && kFlags[at] <= 1;
      const bool left = plain ? at_most(slots[slot], kThresholds[at]) : goes_left(at, slots[slot], none[slot]);
      at = left ? kLeft[at] : kRight[at];
    }
    sum = add(sum, kLeaves[~at]);
  }
  if (kAverage) sum = add(kBaseMargin, kTrees == 0 ? 0.0 : div(sum, static_cast<double>(kTrees)));
  return from_bits(bits(sum) == 0x8000000000000000ULL ? 0 : bits(sum));
}

}  // namespace detail

)policy";

}  // namespace riskflag::inline v0_1::bundle::detail
