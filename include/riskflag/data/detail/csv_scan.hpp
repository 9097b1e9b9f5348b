#pragma once

// Finding bytes: 64 at a time as bit masks (pass 1), 16 at a time (cells). SSE2 is part of x86-64, so no -m flag and no
// dispatch is needed; elsewhere the same masks come from plain loops.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace riskflag::inline v0_1::detail::csv {

/// Readable bytes that every buffer has behind its last one, so that the scans may look past the end.
inline constexpr std::size_t kCsvPadding = 64;

/// Bit i is set when p[i] == byte, i < 64.
[[nodiscard]] inline std::uint64_t match64(const char* p, char byte) noexcept {
#if defined(__SSE2__)
  const __m128i want = _mm_set1_epi8(byte);
  const auto part = [&](int i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    return std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, want)))};
  };
  return (part(3) << 48 | part(2) << 32) | (part(1) << 16 | part(0));
#else
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 64; ++i) mask |= static_cast<std::uint64_t>(p[i] == byte) << i;
  return mask;
#endif
}

/// Bits set. std::popcount calls a function where the processor's own instruction may not be used.
[[nodiscard]] constexpr unsigned count_bits(std::uint64_t bits) noexcept {
  bits -= (bits >> 1) & 0x5555555555555555ULL;
  bits = (bits & 0x3333333333333333ULL) + ((bits >> 2) & 0x3333333333333333ULL);
  bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
  return static_cast<unsigned>((bits * 0x0101010101010101ULL) >> 56);
}

/// Bit i is set when p[i] is `a` or `b`, i < 16.
[[nodiscard]] inline std::uint32_t match16(const char* p, char a, char b) noexcept {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(hit));
#else
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < 16; ++i) mask |= static_cast<std::uint32_t>(p[i] == a || p[i] == b) << i;
  return mask;
#endif
}

/// Bit i is set when p[i] is no digit, i < 16.
[[nodiscard]] inline std::uint32_t others16(const char* p) noexcept {
#if defined(__SSE2__)
  const __m128i bytes = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_set1_epi8('0'));
  const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(9)), bytes);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(digit)) ^ 0xffffU;
#else
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < 16; ++i) mask |= static_cast<std::uint32_t>(static_cast<unsigned>(p[i]) - '0' > 9U) << i;
  return mask;
#endif
}

/// The first `a` or `b` at or after p. There must be one: readers put a newline behind the last byte.
[[nodiscard]] inline const char* find_either(const char* p, char a, char b) noexcept {
#if defined(__SSE2__)
  for (;; p += 16) {
    if (const std::uint32_t bits = match16(p, a, b); bits != 0) return p + std::countr_zero(bits);
  }
#else
  while (*p != a && *p != b) ++p;
  return p;
#endif
}

/// Newlines in [p, p + size).
[[nodiscard]] inline std::uint64_t count_newlines(const char* p, std::size_t size) noexcept {
  std::uint64_t count = 0;
  const char* const end = p + size;
  while (p < end) {
    const auto* hit = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    if (hit == nullptr) break;
    ++count;
    p = hit + 1;
  }
  return count;
}

}  // namespace riskflag::inline v0_1::detail::csv
