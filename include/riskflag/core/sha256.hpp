#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace riskflag::inline v0_1 {

/// SHA-256 (FIPS 180-4). Life: update() any number of times, then hex_digest() or digest() once.
class Sha256 {
 public:
  Sha256() noexcept;
  void update(const void* data, std::size_t size) noexcept;
  void update(std::string_view bytes) noexcept { update(bytes.data(), bytes.size()); }
  [[nodiscard]] std::array<std::uint8_t, 32> digest() noexcept;
  [[nodiscard]] std::string hex_digest();

 private:
  std::array<std::uint32_t, 8> state_;
  std::array<std::uint8_t, 64> block_;
  std::uint64_t length_ = 0;
};

/// 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace riskflag::inline v0_1
