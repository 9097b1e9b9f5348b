#pragma once

// Definitions of core/file.hpp: sources, and questions to the system.

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

[[noreturn]] inline void fail_system(const std::string& path, const char* attempt, int reason = errno) {
  throw Error(system_failure(path, attempt, reason));
}

}  // namespace detail

inline std::string read_file(const std::string& path, std::size_t max_bytes) {
  return value_or_throw(try_read_file(path, max_bytes));
}

inline FileSource::FileSource(std::string path) : path_(std::move(path)) {
  do {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  } while (fd_ < 0 && errno == EINTR);
  if (fd_ < 0) detail::fail_system(path_, "open");
  struct stat status{};
  if (::fstat(fd_, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int reason = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(fd_);
    detail::fail_system(path_, "read", reason);
  }
  size_ = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

inline FileSource::~FileSource() { ::close(fd_); }

namespace detail {

[[nodiscard]] inline std::size_t read_some(int fd, char* buffer, std::size_t size, const std::string& name) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::read(fd, buffer + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_system(name, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

}  // namespace detail

inline std::size_t FileSource::read(char* buffer, std::size_t size) {
  return detail::read_some(fd_, buffer, size, path_);
}

inline std::size_t FileSource::read_at(std::uint64_t offset, char* buffer, std::size_t size) const {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(fd_, buffer + filled, size - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) detail::fail_system(path_, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

inline std::uint64_t FileSource::size() const noexcept { return size_; }
inline const std::string& FileSource::name() const noexcept { return path_; }

inline std::size_t StdinSource::read(char* buffer, std::size_t size) {
  return detail::read_some(STDIN_FILENO, buffer, size, name());
}

inline const std::string& StdinSource::name() const noexcept {
  static const std::string kName = "standard input";
  return kName;
}

inline MemorySource::MemorySource(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

inline std::size_t MemorySource::read(char* buffer, std::size_t size) {
  const std::size_t taken = std::min(size, bytes_.size() - at_);
  if (taken != 0) std::memcpy(buffer, bytes_.data() + at_, taken);
  at_ += taken;
  return taken;
}

inline const std::string& MemorySource::name() const noexcept { return name_; }

inline bool exists(const std::string& path) noexcept {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

inline bool is_directory(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

inline std::vector<std::string> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) detail::fail_system(path, "list");
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory);  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int reason = errno;
  ::closedir(directory);
  if (reason != 0) detail::fail_system(path, "list", reason);
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string absolute_path(const std::string& path) {
  if (!path.empty() && path.front() == '/') return path;
  char* here = ::getcwd(nullptr, 0);
  if (here == nullptr) detail::fail_system(".", "name the working directory");
  const std::string directory = here;
  std::free(here);  // NOLINT(cppcoreguidelines-no-malloc): getcwd allocated it
  return path.empty() || path == "." ? directory : join_path(directory, path);
}

inline std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string path(directory);
  if (path.back() != '/' && !name.empty()) path += '/';
  path += name;
  return path;
}

inline std::string file_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1));
}

inline void system_random(void* out, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(out);
  while (size != 0) {
    const ssize_t got = ::getrandom(bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) detail::fail_system("getrandom", "draw random bytes");
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

inline std::uint64_t peak_rss_bytes() noexcept {
  struct rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts KiB
}

inline void ask_for_large_pages(void* memory, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kPage = 4096, kLarge = std::uintptr_t{2} << 20;
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t begin = (at + kPage - 1) / kPage * kPage;
  const std::uintptr_t end = (at + bytes) / kPage * kPage;
  if (end >= begin + kLarge) (void)::madvise(static_cast<char*>(memory) + (begin - at), end - begin, MADV_HUGEPAGE);
}

inline std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

inline std::int64_t monotonic_ns() noexcept {
  struct timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

}  // namespace riskflag::inline v0_1
