#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1 {

/// Lines of a source, front to back, in memory for one line and a block.
class LineReader {
 public:
  /// `source` must outlive it.
  explicit LineReader(ByteSource& source) : source_(source), block_(std::size_t{1} << 16) {}

  /// The next line without its end, valid until the next call; false when there is none. Throws what the source throws.
  [[nodiscard]] bool next(std::string_view& line) {
    long_line_.clear();
    for (;;) {
      const std::string_view rest(block_.data() + at_, end_ - at_);
      if (const std::size_t length = rest.find('\n'); length != std::string_view::npos) {
        at_ += length + 1;
        return give(rest.substr(0, length), true, line);
      }
      long_line_ += rest;
      at_ = 0;
      end_ = source_.read(block_.data(), block_.size());
      if (end_ == 0) return !long_line_.empty() && give({}, false, line);
    }
  }
  /// Of the line that next() gave, from 1.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// False for a last line that has no end: whoever wrote it was stopped in the middle.
  [[nodiscard]] bool is_whole() const noexcept { return whole_; }

 private:
  bool give(std::string_view end, bool whole, std::string_view& line) {
    ++number_;
    whole_ = whole;
    if (long_line_.empty()) {
      line = end;
    } else {
      long_line_ += end;
      line = long_line_;
    }
    return true;
  }

  ByteSource& source_;
  std::vector<char> block_;
  std::size_t at_ = 0, end_ = 0;
  std::string long_line_;  // one that stands in more than one block
  std::uint64_t number_ = 0;
  bool whole_ = true;
};

}  // namespace riskflag::inline v0_1
