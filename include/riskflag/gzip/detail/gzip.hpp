#pragma once

// Definitions of gzip/gzip.hpp.

#include <zlib.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/gzip/gzip.hpp>

namespace riskflag::inline v0_1 {

struct GzipSource::State {
  std::unique_ptr<ByteSource> compressed;
  z_stream stream{};
  std::vector<unsigned char> input = std::vector<unsigned char>(std::size_t{1} << 16);
  bool in_member = false;  // between a member's header and its checksum
  bool any_member = false;

  explicit State(std::unique_ptr<ByteSource> source) : compressed(std::move(source)) {
    // 16: gzip with header and checksum, nothing else.
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[noreturn]] void fail_corrupt(const std::string& what) const {
    fail(ErrorCode::corrupt, compressed->name(),
         what + "; accepted is gzip as RFC 1952 defines it: compress the file again");
  }
  /// False at the end of the compressed bytes.
  [[nodiscard]] bool refill() {
    const std::size_t got = compressed->read(reinterpret_cast<char*>(input.data()), input.size());
    stream.next_in = input.data();
    stream.avail_in = static_cast<uInt>(got);
    return got > 0;
  }

  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    stream.next_out = reinterpret_cast<unsigned char*>(buffer);
    stream.avail_out = static_cast<uInt>(size < kMost ? size : kMost);
    const uInt wanted = stream.avail_out;
    while (stream.avail_out == wanted && wanted > 0) {
      if (stream.avail_in == 0 && !refill()) {
        if (in_member) fail_corrupt("the file ends in the middle of its compressed text");
        if (!any_member) fail_corrupt("the file is empty");
        return 0;
      }
      if (!in_member && any_member && skip_zeros()) continue;
      in_member = true;
      const int status = inflate(&stream, Z_NO_FLUSH);
      if (status == Z_STREAM_END) {
        in_member = false;
        any_member = true;
        inflateReset(&stream);
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        fail_corrupt(std::string("damaged compressed text (") +
                     (stream.msg != nullptr ? stream.msg : "zlib refuses it") + ")");
      }
    }
    return wanted - stream.avail_out;
  }

  /// Padding after the last member, as tar leaves it, is no member. True when all input at hand was padding.
  [[nodiscard]] bool skip_zeros() noexcept {
    while (stream.avail_in > 0 && *stream.next_in == 0) {
      ++stream.next_in;
      --stream.avail_in;
    }
    return stream.avail_in == 0;
  }
};

inline GzipSource::GzipSource(std::unique_ptr<ByteSource> compressed)
    : state_(std::make_unique<State>(std::move(compressed))) {}
inline GzipSource::~GzipSource() = default;
inline std::size_t GzipSource::read(char* buffer, std::size_t size) { return state_->read(buffer, size); }
inline const std::string& GzipSource::name() const noexcept { return state_->compressed->name(); }

namespace detail {

/// A source whose first bytes have been looked at.
class PeekedSource final : public ByteSource {
 public:
  explicit PeekedSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {
    while (size_ < sizeof peeked_) {
      const std::size_t got = source_->read(peeked_ + size_, sizeof peeked_ - size_);
      if (got == 0) break;
      size_ += got;
    }
  }
  [[nodiscard]] bool is_gzip() const noexcept { return size_ == 2 && peeked_[0] == '\x1f' && peeked_[1] == '\x8b'; }
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override {
    if (at_ == size_ || size == 0) return source_->read(buffer, size);
    const std::size_t count = size < size_ - at_ ? size : size_ - at_;
    std::memcpy(buffer, peeked_ + at_, count);
    at_ += count;
    return count;
  }
  [[nodiscard]] const std::string& name() const noexcept override { return source_->name(); }

 private:
  std::unique_ptr<ByteSource> source_;
  char peeked_[2] = {};
  std::size_t size_ = 0, at_ = 0;
};

}  // namespace detail

inline std::unique_ptr<ByteSource> open_source(const std::string& path) {
  std::unique_ptr<ByteSource> source;
  if (path == "-") {
    source = std::make_unique<StdinSource>();
  } else {
    auto file = std::make_unique<FileSource>(path);
    char magic[2] = {};
    const bool is_gzip =
        file->size() > 0 && file->read_at(0, magic, 2) == 2 && magic[0] == '\x1f' && magic[1] == '\x8b';
    if (is_gzip) return std::make_unique<GzipSource>(std::move(file));
    if (file->size() > 0) return file;
    source = std::move(file);  // a pipe, or empty
  }
  auto peeked = std::make_unique<detail::PeekedSource>(std::move(source));
  if (peeked->is_gzip()) return std::make_unique<GzipSource>(std::move(peeked));
  return peeked;
}

}  // namespace riskflag::inline v0_1
