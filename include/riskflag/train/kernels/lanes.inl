// The bodies of the vector kernels, written once with compiler vectors and included once for each instruction set, with
//   RISKFLAG_LANES   doubles a vector
//   RISKFLAG_TARGET  the target attribute of every function
//   RISKFLAG_PIN     the register constraint of a vector
//   RISKFLAG_LEVEL   the namespace that they go to
// No lambdas and no functions from outside: they would be compiled for the consumer's flags. Every product that is
// added is pinned, as in core/exact.hpp: the compiler fuses vector operations too.

namespace riskflag::inline v0_1::kernels::RISKFLAG_LEVEL {

typedef double Doubles __attribute__((vector_size(RISKFLAG_LANES * 8), aligned(8), may_alias));
typedef std::int64_t Longs __attribute__((vector_size(RISKFLAG_LANES * 8), aligned(8), may_alias));
typedef std::uint64_t ULongs __attribute__((vector_size(RISKFLAG_LANES * 8), aligned(8), may_alias));
typedef std::int32_t Ints __attribute__((vector_size(RISKFLAG_LANES * 4), aligned(4), may_alias));
typedef std::uint32_t UInts __attribute__((vector_size(RISKFLAG_LANES * 4), aligned(4), may_alias));

RISKFLAG_TARGET inline Doubles pin(Doubles x) noexcept {
  asm("" : RISKFLAG_PIN(x));
  return x;
}
RISKFLAG_TARGET inline Doubles all(double x) noexcept { return Doubles{} + x; }
RISKFLAG_TARGET inline ULongs all_bits(std::uint64_t x) noexcept { return ULongs{} + x; }

/// The table of exact::exp, column by column.
struct ExpTable {
  double powers[32], tails[32];
};
RISKFLAG_TARGET inline void fill(ExpTable& table) noexcept {
  for (int j = 0; j < 32; ++j) {
    table.powers[j] = exact::detail::kExpRows[j].power;
    table.tails[j] = exact::detail::kExpRows[j].tail;
  }
}

/// exact::exp for -700 <= x <= 0.
RISKFLAG_TARGET inline Doubles exp_lanes(Doubles x, const ExpTable& table) noexcept {
  constexpr double kRound = 0x1.8p52;
  constexpr std::uint64_t kRoundBits = std::bit_cast<std::uint64_t>(kRound);
  const Doubles shifted = pin(pin(x * 0x1.71547652b82fep+5) + kRound);
  const Doubles k = pin(shifted - kRound);
  const ULongs n = reinterpret_cast<ULongs>(shifted) - kRoundBits;
  Doubles r = pin(x - pin(k * 0x1.62e42fefa0000p-6));
  r = pin(r - pin(k * 0x1.cf79abc9e3b3ap-45));
  r = pin(r + 0.0);
  Doubles p = pin(pin(r * (1.0 / 5040)) + (1.0 / 720));
  p = pin(pin(p * r) + (1.0 / 120));
  p = pin(pin(p * r) + (1.0 / 24));
  p = pin(pin(p * r) + (1.0 / 6));
  p = pin(pin(p * r) + 0.5);
  const ULongs row = n & 31;
  Doubles power, tail;
  for (int lane = 0; lane < RISKFLAG_LANES; ++lane) {
    power[lane] = table.powers[row[lane]];
    tail[lane] = table.tails[row[lane]];
  }
  const Doubles rest = pin(tail + pin(r + pin(pin(r * r) * p)));
  const Doubles y = pin(power + pin(power * rest));
  // times 2^(n / 32): the exponent moves by n >> 5, whose low bits are cut off before the shift
  return reinterpret_cast<Doubles>(reinterpret_cast<ULongs>(y) + ((n & ~std::uint64_t{31}) << 47));
}

/// True when exp_lanes() may take -|x|: beyond lie denormal or infinite powers, as rare as they are slow.
RISKFLAG_TARGET inline bool is_ordinary(ULongs magnitude) noexcept {
  bool ordinary = true;
  for (int lane = 0; lane < RISKFLAG_LANES; ++lane)
    ordinary = ordinary && magnitude[lane] <= std::bit_cast<std::uint64_t>(700.0);
  return ordinary;
}

/// kernels::logistic_scalar for whole vectors; returns how many rows it did.
RISKFLAG_TARGET inline std::size_t logistic_lanes(const detail::GradientBlock& block) noexcept {
  constexpr std::uint64_t kSign = 0x8000000000000000ULL;
  ExpTable table;
  fill(table);
  std::size_t i = 0;
  for (; i + RISKFLAG_LANES <= block.rows; i += RISKFLAG_LANES) {
    ULongs score_bits = *reinterpret_cast<const ULongs*>(block.scores + i);
    const ULongs magnitude = score_bits & ~kSign;
    if (!is_ordinary(magnitude)) {
      logistic_scalar({block.scores + i, block.labels + i, block.weights == nullptr ? nullptr : block.weights + i,
                       block.g + i, block.h + i, RISKFLAG_LANES});
      continue;
    }
    const Doubles t = exp_lanes(reinterpret_cast<Doubles>(magnitude | kSign), table);
    const Doubles one = all(1.0);
    const Doubles top = reinterpret_cast<Longs>(score_bits) < 0 ? t : one;
    const Doubles probability = pin(top / pin(one + t));
    Doubles g = pin(probability - *reinterpret_cast<const Doubles*>(block.labels + i));
    Doubles h = pin(probability * pin(one - probability));
    h = h > kLeastHessian ? h : all(kLeastHessian);
    if (block.weights != nullptr) {
      const Doubles w = *reinterpret_cast<const Doubles*>(block.weights + i);
      g = pin(g * w);
      h = pin(h * w);
    }
    *reinterpret_cast<Doubles*>(block.g + i) = g;
    *reinterpret_cast<Doubles*>(block.h + i) = h;
  }
  return i;
}

RISKFLAG_TARGET inline void logistic(const detail::GradientBlock& block) noexcept {
  const std::size_t done = logistic_lanes(block);
  if (done < block.rows) {
    logistic_scalar({block.scores + done, block.labels + done,
                     block.weights == nullptr ? nullptr : block.weights + done, block.g + done, block.h + done,
                     block.rows - done});
  }
}

/// kernels::softmax_sums_scalar.
RISKFLAG_TARGET inline void softmax_sums(const detail::SharedBlock& block) noexcept {
  constexpr std::uint64_t kMagnitude = 0x7fffffffffffffffULL;
  ExpTable table;
  fill(table);
  std::size_t i = 0;
  for (; i + RISKFLAG_LANES <= block.rows; i += RISKFLAG_LANES) {
    const double* const margins = block.scores + i;
    Doubles top = *reinterpret_cast<const Doubles*>(margins);
    for (std::size_t k = 1; k < block.outputs; ++k) {
      const Doubles m = *reinterpret_cast<const Doubles*>(margins + k * block.stride);
      top = m > top ? m : top;
    }
    Doubles sum = {};
    bool ordinary = true;
    for (std::size_t k = 0; k < block.outputs && ordinary; ++k) {
      const Doubles x = pin(*reinterpret_cast<const Doubles*>(margins + k * block.stride) - top);
      ordinary = is_ordinary(reinterpret_cast<ULongs>(x) & kMagnitude);
      sum = pin(sum + exp_lanes(x, table));
    }
    if (!ordinary) {
      softmax_sums_scalar({margins, block.stride, block.outputs, block.tops + i, block.sums + i, RISKFLAG_LANES});
      continue;
    }
    *reinterpret_cast<Doubles*>(block.tops + i) = top;
    *reinterpret_cast<Doubles*>(block.sums + i) = sum;
  }
  if (i < block.rows) {
    softmax_sums_scalar(
        {block.scores + i, block.stride, block.outputs, block.tops + i, block.sums + i, block.rows - i});
  }
}

/// kernels::softmax_gradients_scalar.
RISKFLAG_TARGET inline void softmax_gradients(const detail::GradientBlock& block, double factor) noexcept {
  constexpr std::uint64_t kMagnitude = 0x7fffffffffffffffULL;
  ExpTable table;
  fill(table);
  const Doubles of_class = all(static_cast<double>(block.output)), one = all(1.0), none = {};
  std::size_t i = 0;
  while (i < block.rows) {
    const std::size_t left = block.rows - i;
    bool ordinary = left >= RISKFLAG_LANES;
    Doubles x = {};
    if (ordinary) {
      x = pin(*reinterpret_cast<const Doubles*>(block.scores + i) - *reinterpret_cast<const Doubles*>(block.tops + i));
      ordinary = is_ordinary(reinterpret_cast<ULongs>(x) & kMagnitude);
    }
    if (!ordinary) {
      const std::size_t rows = left < RISKFLAG_LANES ? left : RISKFLAG_LANES;
      softmax_gradients_scalar(
          {block.scores + i, block.labels + i, block.weights == nullptr ? nullptr : block.weights + i, block.g + i,
           block.h + i, rows, block.output, block.tops + i, block.sums + i},
          factor);
      i += rows;
      continue;
    }
    const Doubles p = pin(exp_lanes(x, table) / *reinterpret_cast<const Doubles*>(block.sums + i));
    Doubles g = pin(p - (*reinterpret_cast<const Doubles*>(block.labels + i) == of_class ? one : none));
    Doubles h = pin(pin(p * factor) * pin(one - p));
    h = h > kLeastHessian ? h : all(kLeastHessian);
    if (block.weights != nullptr) {
      const Doubles w = *reinterpret_cast<const Doubles*>(block.weights + i);
      g = pin(g * w);
      h = pin(h * w);
    }
    *reinterpret_cast<Doubles*>(block.g + i) = g;
    *reinterpret_cast<Doubles*>(block.h + i) = h;
    i += RISKFLAG_LANES;
  }
}

/// kernels::sum_scalar: eight running sums, whatever the width of a vector.
RISKFLAG_TARGET inline GradientSums sum(const double* g, const double* h, std::size_t n) noexcept {
  constexpr int kVectors = 8 / RISKFLAG_LANES;
  Doubles sums_g[kVectors] = {}, sums_h[kVectors] = {}, least[kVectors];
  for (int v = 0; v < kVectors; ++v) least[v] = all(std::numeric_limits<double>::max());
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int v = 0; v < kVectors; ++v) {
      const Doubles m = reinterpret_cast<Doubles>(*reinterpret_cast<const ULongs*>(g + i + v * RISKFLAG_LANES) &
                                                  0x7fffffffffffffffULL);
      sums_g[v] = pin(sums_g[v] + m);
      sums_h[v] = pin(sums_h[v] + *reinterpret_cast<const Doubles*>(h + i + v * RISKFLAG_LANES));
      const Doubles nonzero = m > 0.0 ? m : least[v];
      least[v] = nonzero < least[v] ? nonzero : least[v];
    }
  }
  double lanes_g[8], lanes_h[8];
  GradientSums out;
  for (int lane = 0; lane < 8; ++lane) {
    lanes_g[lane] = sums_g[lane / RISKFLAG_LANES][lane % RISKFLAG_LANES];
    lanes_h[lane] = sums_h[lane / RISKFLAG_LANES][lane % RISKFLAG_LANES];
    const double m = least[lane / RISKFLAG_LANES][lane % RISKFLAG_LANES];
    if (m < out.least_g) out.least_g = m;
  }
  return finish_sums(g + i, h + i, n - i, lanes_g, lanes_h, out);
}

/// kernels::quantize_scalar.
RISKFLAG_TARGET inline void quantize(const QuantizeBlock& block, NarrowCell* out) noexcept {
  UInts rows;
  for (int lane = 0; lane < RISKFLAG_LANES; ++lane)
    rows[lane] = static_cast<std::uint32_t>(block.first) + static_cast<std::uint32_t>(lane);
  std::size_t i = 0;
  for (; i + RISKFLAG_LANES <= block.n; i += RISKFLAG_LANES) {
    UInts a = rows * 0x9e3779b1U + block.key_g;
    a ^= a >> 16;
    a *= 0x85ebca6bU;
    a ^= a >> 13;
    a *= 0xc2b2ae35U;
    a ^= a >> 16;
    UInts b = (a ^ block.key_h) * 0x297a2d39U;
    b ^= b >> 15;
    rows += static_cast<std::uint32_t>(RISKFLAG_LANES);
    const Doubles dither_g = __builtin_convertvector(reinterpret_cast<Ints>(a), Doubles) * 0x1p-32;
    const Doubles dither_h = __builtin_convertvector(reinterpret_cast<Ints>(b), Doubles) * 0x1p-32;
    const Doubles h_in = *reinterpret_cast<const Doubles*>(block.h + i);
    const Doubles g = pin(pin(*reinterpret_cast<const Doubles*>(block.g + i) * block.scale_g) + pin(dither_g));
    const Doubles h = pin(pin(h_in * block.scale_h) + pin(dither_h));
    const ULongs g_bits = reinterpret_cast<ULongs>(pin(g + kToInteger));
    ULongs h_bits = reinterpret_cast<ULongs>(pin(h + kToInteger)) & 0xffffffffULL;
    const ULongs one = h_in > 0.0 ? all_bits(1) : all_bits(0);
    h_bits = h_bits == 0 ? one : h_bits;
    *reinterpret_cast<ULongs*>(out + i) = (g_bits << 32) + h_bits;
  }
  if (i < block.n) {
    quantize_scalar({block.g + i, block.h + i, block.first + i, block.n - i, block.scale_g, block.scale_h, block.key_g,
                     block.key_h},
                    out + i);
  }
}

}  // namespace riskflag::inline v0_1::kernels::RISKFLAG_LEVEL
