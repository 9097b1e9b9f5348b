// SHA-256 of any bytes is the same from the portable code and from the processor's instructions, block by block, and
// the same in one piece as in the pieces that the input asks for.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <riskflag/core/sha256.hpp>

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

/// FIPS 180-4 by its text: the padded message, block after block, by the portable code.
std::string slow_digest(std::string_view bytes) {
  std::string padded(bytes);
  padded += '\x80';
  while (padded.size() % 64 != 56) padded += '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    padded += static_cast<char>((static_cast<std::uint64_t>(bytes.size()) * 8) >> shift);
  std::array<std::uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  riskflag::detail::sha256_blocks_portable(state.data(), reinterpret_cast<const std::uint8_t*>(padded.data()),
                                           padded.size() / 64);
  std::string hex;
  for (const std::uint32_t word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[word >> shift & 15U];
  }
  return hex;
}

}  // namespace

/// The first byte says how many cuts follow it; each of these moves on by its value, past the end to the end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::size_t cuts = size == 0 ? 0 : data[0] % 16U;
  if (size < 1 + cuts) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1 + cuts, size - 1 - cuts);
  const std::string want = slow_digest(text);
  demand(sha256_hex(text) == want);
  Sha256 pieces;
  std::size_t at = 0;
  for (std::size_t i = 0; i < cuts; ++i) {
    const std::string_view piece = text.substr(at, data[1 + i]);
    pieces.update(piece);
    at += piece.size();
  }
  pieces.update(text.substr(at));
  demand(pieces.hex_digest() == want);

#if defined(__x86_64__)
  // The state before the blocks is the input's as well: its first 32 bytes.
  if (!riskflag::detail::has_sha_instructions() || text.size() < 32) return 0;
  std::array<std::uint32_t, 8> portable;
  std::memcpy(portable.data(), text.data(), 32);
  std::array<std::uint32_t, 8> fast = portable;
  const auto* blocks = reinterpret_cast<const std::uint8_t*>(text.data()) + 32;
  const std::size_t count = (text.size() - 32) / 64;
  riskflag::detail::sha256_blocks_portable(portable.data(), blocks, count);
  riskflag::detail::sha256_blocks_x86(fast.data(), blocks, count);
  demand(fast == portable);
#endif
  return 0;
}
