#pragma once

// What the simulator's presets share: one row's random numbers, sums that round the same everywhere, finished columns.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/data/column.hpp>

namespace riskflag::inline v0_1::detail {

/// Which rows to make: [first, first + count) of stream `seed`.
struct SimulateJob {
  std::uint64_t seed = 0;
  double drift = 0;
  std::uint64_t first = 0;
  std::size_t count = 0;
};

/// Columns of equal length, the probability behind each row's outcome, and the outcome (0 or 1).
struct SimulatedColumns {
  std::vector<Column> columns;
  std::vector<double> probability;
  std::vector<double> target;
};

/// The random numbers of row i: a stream of their own, so that no row knows about another.
class RowDraws {
 public:
  RowDraws(std::uint64_t seed, std::uint64_t row) noexcept : random_(seed, row) {}
  [[nodiscard]] double uniform() noexcept { return random_.uniform(next_++); }
  [[nodiscard]] double normal() noexcept { return random_.normal(next_++); }
  [[nodiscard]] bool chance(double probability) noexcept { return uniform() < probability; }
  [[nodiscard]] int below(int n) noexcept {
    return static_cast<int>(random_.below(static_cast<std::uint64_t>(n), next_++));
  }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

/// A sum of products, each rounded once in the order written.
class ExactSum {
 public:
  explicit ExactSum(double start = 0) noexcept : total_(start) {}
  ExactSum& plus(double weight, double x) noexcept {
    total_ = exact::add(total_, exact::mul(weight, x));
    return *this;
  }
  ExactSum& plus(double x) noexcept {
    total_ = exact::add(total_, x);
    return *this;
  }
  [[nodiscard]] double value() const noexcept { return total_; }

 private:
  double total_;
};

/// x rounded half up to a multiple of 1 / `per_unit`; the shortest text of the result is short.
[[nodiscard]] inline double rounded_to(double x, double per_unit) noexcept {
  return exact::div(std::floor(exact::add(exact::mul(x, per_unit), 0.5)), per_unit);
}

[[nodiscard]] inline double clamped(double x, double low, double high) noexcept {
  return x < low ? low : x > high ? high : x;
}

[[nodiscard]] inline Column number_column(std::string name, std::size_t rows) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::number;
  column.numbers.resize(rows);
  return column;
}

}  // namespace riskflag::inline v0_1::detail
