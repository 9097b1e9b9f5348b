#pragma once

// The wire format of protocol buffers, as much as ONNX files need: varints, floats and what has a length.

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace riskflag::inline v0_1::interop::detail {

/// One message. Fields are appended in any order; text() is what a length-delimited field of another message holds.
class Protobuf {
 public:
  Protobuf& integer(std::uint32_t field, std::int64_t value) {
    varint(field << 3U);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Protobuf& real(std::uint32_t field, float value) {
    varint(field << 3U | 5U);
    fixed(value);
    return *this;
  }
  Protobuf& bytes(std::uint32_t field, std::string_view value) {
    varint(field << 3U | 2U);
    varint(value.size());
    out_ += value;
    return *this;
  }
  Protobuf& message(std::uint32_t field, const Protobuf& value) { return bytes(field, value.out_); }
  Protobuf& integers(std::uint32_t field, std::span<const std::int64_t> values) {
    Protobuf packed;
    for (const std::int64_t value : values) packed.varint(static_cast<std::uint64_t>(value));
    return message(field, packed);
  }
  Protobuf& reals(std::uint32_t field, std::span<const float> values) {
    Protobuf packed;
    for (const float value : values) packed.fixed(value);
    return message(field, packed);
  }
  [[nodiscard]] const std::string& text() const noexcept { return out_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) out_ += static_cast<char>(value | 0x80U);
    out_ += static_cast<char>(value);
  }
  void fixed(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) out_ += static_cast<char>(bits >> shift & 0xffU);
  }

  std::string out_;
};

}  // namespace riskflag::inline v0_1::interop::detail
