#pragma once

// The text of a CSV file at any offset, for readers that read blocks in parallel and more than once.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/data/detail/csv_scan.hpp>

namespace riskflag::inline v0_1::detail::csv {

/// Up to this much of a stream is kept in memory; a longer one goes through a temporary file without a name.
inline constexpr std::size_t kSpoolInMemory = std::size_t{64} << 20;

/// Bytes [0, size) of a text. Reading is const and thread-safe.
class Bytes {
 public:
  /// A plain file as it is now; it must not change while it is read.
  explicit Bytes(const FileSource& file) : file_(&file), size_(file.size()), name_(file.name()) {}
  /// All of a stream, spooled.
  explicit Bytes(ByteSource& stream, std::size_t in_memory = kSpoolInMemory) : name_(stream.name()) {
    std::string chunk(std::size_t{1} << 16, '\0');
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(nullptr, &std::fclose);
    while (const std::size_t got = stream.read(chunk.data(), chunk.size())) {
      if (!out && memory_.size() + got <= in_memory) {
        memory_.append(chunk, 0, got);
      } else {
        if (!out) {
          out.reset(open_spool());
          write(*out, memory_.data(), memory_.size());
          memory_ = std::string();
        }
        write(*out, chunk.data(), got);
      }
      size_ += got;
    }
    if (out && std::fflush(out.get()) != 0) fail_spool();
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Copies [offset, offset + count) to `to`; throws io when the file has become shorter.
  void read(std::uint64_t offset, char* to, std::size_t count) const {
    if (file_ == nullptr) {
      std::memcpy(to, memory_.data() + offset, count);
      return;
    }
    const std::size_t got = file_->read_at(offset, to, count);
    if (got < count) {
      fail(ErrorCode::io, name_,
           "the file became shorter while it was read: it had " + std::to_string(size_) + " bytes, now " +
               std::to_string(offset + got) + "; read it when nobody writes it");
    }
  }

  /// Physical line (1-based) of the byte at `offset`. Reads all before it: for messages.
  [[nodiscard]] std::uint64_t line_of(std::uint64_t offset) const {
    std::string block(std::size_t{1} << 18, '\0');
    std::uint64_t line = 1;
    for (std::uint64_t at = 0; at < offset;) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), offset - at));
      read(at, block.data(), count);
      line += count_newlines(block.data(), count);
      at += count;
    }
    return line;
  }
  /// "train.csv:1042".
  [[nodiscard]] std::string where(std::uint64_t offset) const { return name_ + ":" + std::to_string(line_of(offset)); }

 private:
  [[noreturn]] void fail_spool() const {
    fail(ErrorCode::io, name_,
         "its text does not fit the folder for temporary files (" + std::filesystem::temp_directory_path().string() +
             "); set TMPDIR to one with more room");
  }
  void write(std::FILE& out, const char* data, std::size_t size) const {
    if (std::fwrite(data, 1, size, &out) != size) fail_spool();
  }
  /// A file that only we can read and that has no name any more once this returns: nothing stays behind, whatever
  /// happens.
  std::FILE* open_spool() {
    std::uint64_t id[2];
    system_random(id, sizeof id);
    const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                       ("riskflag-" + std::to_string(id[0]) + std::to_string(id[1]) + ".spool");
    std::FILE* out = std::fopen(path.c_str(), "wbx");
    if (out == nullptr) fail_spool();
    std::error_code ignored;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                 ignored);
    try {
      spool_ = std::make_unique<FileSource>(path.string());
    } catch (...) {
      std::fclose(out);
      std::filesystem::remove(path, ignored);
      throw;
    }
    std::filesystem::remove(path, ignored);
    file_ = spool_.get();
    return out;
  }

  const FileSource* file_ = nullptr;
  std::unique_ptr<FileSource> spool_;
  std::string memory_;
  std::uint64_t size_ = 0;
  std::string name_;
};

/// values.resize(size) for a column that is filled soon: the page faults of a big table cost a third of its parsing.
template <class Value>
void resize_column(std::vector<Value>& values, std::size_t size) {
  values.reserve(size);
  ask_for_large_pages(values.data(), values.capacity() * sizeof(Value));
  values.resize(size);
}

/// A buffer that grows and keeps its bytes uninitialised: one a worker. After fill() a newline and kCsvPadding readable
/// bytes stand behind the text, and kCsvPadding readable bytes before it.
class Buffer {
 public:
  const char* fill(const Bytes& bytes, std::uint64_t begin, std::uint64_t end) {
    const auto size = static_cast<std::size_t>(end - begin);
    if (size + 2 * kCsvPadding > capacity_) {
      capacity_ = size + 2 * kCsvPadding + size / 8;
      data_ = std::make_unique_for_overwrite<char[]>(capacity_);
      std::memset(data_.get(), 0, kCsvPadding);
    }
    char* const text = data_.get() + kCsvPadding;
    bytes.read(begin, text, size);
    std::memset(text + size, 0, kCsvPadding);
    text[size] = '\n';
    return text;
  }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
};

}  // namespace riskflag::inline v0_1::detail::csv
