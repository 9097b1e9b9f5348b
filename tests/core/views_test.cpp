#include <riskflag/core/column_view.hpp>
#include <riskflag/core/cpu.hpp>
#include <riskflag/core/function_ref.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/missing.hpp>

#include <array>
#include <bit>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("one table reads the same row-major, column-major and strided") {
  const std::array<double, 6> rows = {1, 2, 3, 4, 5, 6}, cols = {1, 4, 2, 5, 3, 6};
  const auto a = MatrixView<double>::row_major(rows.data(), 2, 3);
  const auto b = MatrixView<double>::col_major(cols.data(), 2, 3);
  const std::array<double, 12> wide = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0};
  const MatrixView<double> c(wide.data(), 2, 3, 6, 2);
  const MatrixView<double> upside_down(rows.data() + 3, 2, 3, -3, 1);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(a(i, j) == b(i, j));
      CHECK(a(i, j) == c(i, j));
      CHECK(a(i, j) == upside_down(1 - i, j));
    }
  }
  CHECK(a.rows_from(1, 1)(0, 2) == 6);
  CHECK(*b.col(2) == 3);
  CHECK(*a.row(1) == 4);
}

TEST_CASE("a column's validity bits start anywhere, least significant first") {
  const std::array<float, 10> values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::array<std::uint8_t, 2> validity = {0b10111011, 0b00000010};  // bits 2, 6 and 8 are 0
  const ColumnView<float> column(values.data(), 10, 1, validity.data());
  for (std::size_t i = 0; i < 10; ++i) {
    CAPTURE(i);
    const bool missing = i == 2 || i == 6 || i == 8;
    CHECK(column.is_valid(i) == !missing);
    CHECK(is_missing(column[i]) == missing);
  }
  const ColumnView<float> shifted(values.data(), 4, 2, validity.data(), 5);
  CHECK(shifted[0] == 0);
  CHECK(is_missing(shifted[1]));
  CHECK(shifted[2] == 4);
  CHECK(is_missing(shifted[3]));
}

TEST_CASE("every NaN is missing, nothing else is") {
  for (const std::uint64_t bits :
       {0x7ff0000000000001ULL, 0x7ff8000000000000ULL, 0xfff8000000000001ULL, 0xffffffffffffffffULL}) {
    CHECK(is_missing(std::bit_cast<double>(bits)));
  }
  for (const std::uint32_t bits : {0x7f800001U, 0x7fc00000U, 0xffffffffU})
    CHECK(is_missing(std::bit_cast<float>(bits)));
  const double inf = std::numeric_limits<double>::infinity();
  for (const double x : {0.0, -0.0, inf, -inf, 5e-324, 1e308}) CHECK_FALSE(is_missing(x));
  CHECK_FALSE(is_missing(std::numeric_limits<float>::infinity()));
  CHECK(is_finite(1e308));
  CHECK_FALSE(is_finite(inf));
  CHECK_FALSE(is_finite(kMissing));
}

TEST_CASE("cpu_level names a level of this architecture") {
#if defined(__x86_64__)
  CHECK(cpu_level() != CpuLevel::neon);
#endif
  CHECK((name_of(cpu_level()) == "scalar" || cpu_level() != CpuLevel::scalar));
  CHECK(name_of(CpuLevel::avx512) == "avx512");
}

TEST_CASE("FunctionRef calls what it was made of, state included") {
  int calls = 0;
  auto count = [&calls](int n) { return calls += n; };
  const FunctionRef<int(int)> ref(count);
  CHECK(ref(2) == 2);
  CHECK(ref(3) == 5);
  CHECK(calls == 5);
}
