#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/sha256.hpp>

namespace riskflag::inline v0_1 {

/// HMAC-SHA256 (RFC 2104) of `text` under `key`, which may have any length, as 64 lower-case hex digits.
[[nodiscard]] inline std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<std::uint8_t, 64> block{};
  if (key.size() > block.size()) {
    Sha256 hash;
    hash.update(key);
    const auto digest = hash.digest();
    for (std::size_t i = 0; i < digest.size(); ++i) block[i] = digest[i];
  } else {
    for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<std::uint8_t>(key[i]);
  }
  Sha256 inner, outer;
  for (auto& byte : block) byte ^= 0x36;
  inner.update(block.data(), block.size());
  inner.update(text);
  const auto digest = inner.digest();
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  outer.update(block.data(), block.size());
  outer.update(digest.data(), digest.size());
  return outer.hex_digest();
}

}  // namespace riskflag::inline v0_1
