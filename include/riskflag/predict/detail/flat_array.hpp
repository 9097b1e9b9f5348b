#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

namespace riskflag::inline v0_1::detail {

/// A growing array of plain values on a cache line of its own. Kernels read whole registers from its start; and where a
/// std::vector costs 10 ms of compile time for each type of element, this costs 1 (the door's bound is 1.5 times its
/// includes).
template <class T>
class FlatArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  FlatArray() noexcept = default;
  FlatArray(FlatArray&& other) noexcept : data_(other.data_), size_(other.size_), room_(other.room_) { other.forget(); }
  FlatArray& operator=(FlatArray&& other) noexcept {
    if (this == &other) return *this;
    release();
    data_ = other.data_;
    size_ = other.size_;
    room_ = other.room_;
    other.forget();
    return *this;
  }
  ~FlatArray() { release(); }

  void push_back(T value) {
    if (size_ == room_) reserve(size_ < 8 ? 16 : 2 * size_);
    data_[size_++] = value;
  }
  void append(const T* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) push_back(values[i]);
  }
  /// New elements are copies of `value`.
  void resize(std::size_t size, T value) {
    if (size > room_) reserve(size < 2 * room_ ? 2 * room_ : size);
    for (std::size_t i = size_; i < size; ++i) data_[i] = value;
    size_ = size;
  }
  void shrink(std::size_t size) noexcept { size_ = size; }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  void reserve(std::size_t room) {
    if (room <= room_) return;
    T* bigger = static_cast<T*>(::operator new(room * sizeof(T), kAlignment));
    if (size_ > 0) std::memcpy(static_cast<void*>(bigger), data_, size_ * sizeof(T));
    release();
    data_ = bigger;
    room_ = room;
  }
  void release() noexcept {
    if (data_ != nullptr) ::operator delete(data_, kAlignment);
  }
  void forget() noexcept {
    data_ = nullptr;
    size_ = room_ = 0;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace riskflag::inline v0_1::detail
