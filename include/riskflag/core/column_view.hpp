#pragma once

#include <cstddef>
#include <cstdint>

#include <riskflag/core/missing.hpp>

namespace riskflag::inline v0_1 {

/// One column that somebody else owns: values `stride` elements apart, and optional validity bits (Arrow's: bit i of
/// byte i / 8, least significant first; 0 = missing). Without validity NaN alone is missing.
template <class T>
class ColumnView {
 public:
  constexpr ColumnView() noexcept = default;
  constexpr ColumnView(const T* data, std::size_t size, std::ptrdiff_t stride = 1,
                       const std::uint8_t* validity = nullptr, std::size_t validity_offset = 0) noexcept
      : data_(data), size_(size), stride_(stride), validity_(validity), validity_offset_(validity_offset) {}

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr const T* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::ptrdiff_t stride() const noexcept { return stride_; }
  [[nodiscard]] constexpr bool is_valid(std::size_t i) const noexcept {
    if (validity_ == nullptr) return true;
    const std::size_t bit = validity_offset_ + i;
    return ((validity_[bit / 8] >> (bit % 8)) & 1) != 0;
  }
  /// The value as double; missing as NaN.
  [[nodiscard]] constexpr double operator[](std::size_t i) const noexcept {
    return is_valid(i) ? static_cast<double>(data_[static_cast<std::ptrdiff_t>(i) * stride_]) : kMissing;
  }

 private:
  const T* data_ = nullptr;
  std::size_t size_ = 0;
  std::ptrdiff_t stride_ = 1;
  const std::uint8_t* validity_ = nullptr;
  std::size_t validity_offset_ = 0;
};

}  // namespace riskflag::inline v0_1
