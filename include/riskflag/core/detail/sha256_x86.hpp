#pragma once

// SHA-256 by the processor's own instructions (Intel SHA extensions; Goldmont, Ice Lake, Zen and later).
// Built-ins instead of <immintrin.h>, which costs every includer half a second.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <riskflag/core/sha256.hpp>

#if defined(__x86_64__)
#include <cpuid.h>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline bool has_sha_instructions() noexcept {
  static const bool kHas = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
  }();
  return kHas;
}

typedef int ShaWords __attribute__((vector_size(16)));
typedef unsigned ShaSums __attribute__((vector_size(16)));  // unsigned: additions wrap
typedef char ShaBytes __attribute__((vector_size(16)));

/// Takes `blocks` blocks of 64 bytes into the eight words of `state`; needs has_sha_instructions().
__attribute__((target("sha,sse4.1"))) inline void sha256_blocks_x86(std::uint32_t* state, const std::uint8_t* data,
                                                                    std::size_t blocks) noexcept {
  ShaSums abef = {state[5], state[4], state[1], state[0]};
  ShaSums cdgh = {state[7], state[6], state[3], state[2]};
  for (; blocks != 0; --blocks, data += 64) {
    const ShaSums abef_before = abef, cdgh_before = cdgh;
    ShaWords message[4];
#pragma GCC unroll 16
    for (int group = 0; group < 16; ++group) {  // four rounds each
      ShaWords& now = message[group % 4];
      if (group < 4) {
        ShaBytes bytes;
        std::memcpy(&bytes, data + 16 * group, 16);
        now = (ShaWords)__builtin_shufflevector(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
      } else {
        const ShaWords before = message[(group + 3) % 4], two_before = message[(group + 2) % 4];
        const ShaSums sum = (ShaSums)__builtin_ia32_sha256msg1(now, message[(group + 1) % 4]) +
                            (ShaSums)__builtin_shufflevector(two_before, before, 1, 2, 3, 4);
        now = __builtin_ia32_sha256msg2((ShaWords)sum, before);
      }
      ShaSums constants;
      std::memcpy(&constants, kSha256Rounds + 4 * group, 16);
      const ShaWords keyed = (ShaWords)((ShaSums)now + constants);
      cdgh = (ShaSums)__builtin_ia32_sha256rnds2((ShaWords)cdgh, (ShaWords)abef, keyed);
      abef = (ShaSums)__builtin_ia32_sha256rnds2((ShaWords)abef, (ShaWords)cdgh,
                                                 __builtin_shufflevector(keyed, keyed, 2, 3, 2, 3));
    }
    abef += abef_before;
    cdgh += cdgh_before;
  }
  state[0] = abef[3], state[1] = abef[2], state[4] = abef[1], state[5] = abef[0];
  state[2] = cdgh[3], state[3] = cdgh[2], state[6] = cdgh[1], state[7] = cdgh[0];
}

}  // namespace riskflag::inline v0_1::detail
#endif
