#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1 {

/// The text inside gzip bytes (RFC 1952), members concatenated as `cat a.gz b.gz` makes them. Throws Error(corrupt)
/// with the source's name for bytes that are not gzip, a wrong checksum, or an end in the middle of a member.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> compressed);
  ~GzipSource() override;
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override;
  [[nodiscard]] const std::string& name() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What `path` holds, decompressed if it begins with gzip's magic bytes; "-" is standard input. A plain file comes back
/// as a FileSource, which read_csv reads in parallel without spooling.
[[nodiscard]] std::unique_ptr<ByteSource> open_source(const std::string& path);

}  // namespace riskflag::inline v0_1

#include <riskflag/gzip/detail/gzip.hpp>
