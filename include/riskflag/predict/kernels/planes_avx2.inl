// Planes of 256 rows with AVX2: included by x86.hpp after avx2.inl.

typedef __m256i Plane;
inline constexpr std::size_t kPickWidth = 64;
#include <riskflag/predict/kernels/planes.inl>
//
#include <riskflag/predict/kernels/planes_bytes.inl>

/// 16 leaves' bytes, in both halves.
inline Plane piece(const std::uint8_t* table) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}

/// Where leaves are in a piece: below 16 in their own, with the highest bit, for which a shuffle gives 0, elsewhere.
inline Plane place(Plane number, int piece) {
  const __m256i own = _mm256_xor_si256(number, _mm256_set1_epi8(static_cast<char>(16 * piece)));
  return _mm256_adds_epu8(own, _mm256_set1_epi8(0x70));
}

inline Plane pick(Plane piece, Plane place) { return _mm256_shuffle_epi8(piece, place); }

#include <riskflag/predict/kernels/planes_pick.inl>
