#pragma once

namespace riskflag::inline v0_1::detail {

/// std::bit_cast by the compiler's built-in: the standard library that Debian's emscripten brings does not have it, and
/// what scores runs there too.
template <class To, class From>
[[nodiscard]] constexpr To bit_cast(const From& x) noexcept {
  return __builtin_bit_cast(To, x);
}

}  // namespace riskflag::inline v0_1::detail
