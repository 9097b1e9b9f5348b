#pragma once

// Reading a file without exceptions and without POSIX, for programs that only score. The rest is in core/file.hpp.

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include <riskflag/core/result.hpp>

namespace riskflag::inline v0_1 {

/// The whole file as bytes, read in blocks (a mapped file that shrinks would kill the process). Fails with not_found,
/// io, or resource when the file is longer than `max_bytes`. Never throws but std::bad_alloc.
[[nodiscard]] Result<std::string> try_read_file(const std::string& path, std::size_t max_bytes = SIZE_MAX);

namespace detail {

/// "cannot open: No such file or directory", with the code that the reason calls for.
[[nodiscard]] inline Failure system_failure(const std::string& path, const char* attempt, int reason) {
  const ErrorCode code = reason == ENOENT || reason == ENOTDIR  ? ErrorCode::not_found
                         : reason == EEXIST                     ? ErrorCode::already_exists
                         : reason == EMFILE || reason == ENFILE ? ErrorCode::resource
                                                                : ErrorCode::io;
  return {code, path, std::string("cannot ") + attempt + ": " + std::generic_category().message(reason)};
}

}  // namespace detail

inline Result<std::string> try_read_file(const std::string& path, std::size_t max_bytes) {
  if (path.find('\0') != std::string::npos) {
    return Failure{ErrorCode::not_found, path.substr(0, path.find('\0')), "the path has a zero byte in it"};
  }
#if defined(__GLIBC__)
  std::FILE* file = std::fopen(path.c_str(), "rbe");  // e: not inherited by programs that another thread starts
#else
  std::FILE* file = std::fopen(path.c_str(), "rb");
#endif
  if (file == nullptr) return detail::system_failure(path, "open", errno);
  std::string bytes;
  std::size_t block = std::size_t{1} << 16;
  for (;;) {
    const std::size_t before = bytes.size();
    const std::size_t room = max_bytes - before;
    const std::size_t wanted = room < block ? room + 1 : block;  // one more than allowed tells "longer"
    bytes.resize(before + wanted);
    errno = 0;
    const std::size_t got = std::fread(bytes.data() + before, 1, wanted, file);
    bytes.resize(before + got);
    if (got == wanted && got <= room) {
      block = std::min<std::size_t>(block * 2, std::size_t{1} << 24);
      continue;
    }
    if (std::ferror(file) != 0) {
      const int reason = errno;
      if (reason == EINTR) {
        std::clearerr(file);
        continue;
      }
      std::fclose(file);
      return detail::system_failure(path, "read", reason);
    }
    std::fclose(file);
    if (bytes.size() > max_bytes) {
      return Failure{ErrorCode::resource, path,
                     "the file is longer than the " + std::to_string(max_bytes) + " bytes that are read here"};
    }
    return bytes;
  }
}

}  // namespace riskflag::inline v0_1
