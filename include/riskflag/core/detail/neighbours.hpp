#pragma once

// Temporary neighbours "NAME.tmp-PID-N": what stands beside a path until it is renamed over it.

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The process that a neighbour "NAME.tmp-PID-N" of the file `name` belongs to; 0 for any other name.
[[nodiscard]] inline long owner_of_neighbour(std::string_view entry, std::string_view name) noexcept {
  constexpr std::string_view kMark = ".tmp-";
  if (!entry.starts_with(name) || !entry.substr(name.size()).starts_with(kMark)) return 0;
  entry.remove_prefix(name.size() + kMark.size());
  long numbers[2] = {0, 0};
  for (long& number : numbers) {
    std::size_t digits = 0;
    while (digits < entry.size() && entry[digits] >= '0' && entry[digits] <= '9' && digits < 9)
      number = number * 10 + (entry[digits++] - '0');
    const bool first = &number == &numbers[0];
    if (digits == 0 || (first ? digits == entry.size() || entry[digits] != '-' : digits != entry.size())) return 0;
    entry.remove_prefix(first ? digits + 1 : digits);
  }
  return numbers[0];
}

/// Says that somebody is at a neighbour of ours; false when it was taken for a dead process's before we could.
[[nodiscard]] inline bool lock_neighbour(int fd) noexcept {
  (void)::flock(fd, LOCK_EX);  // waits for the moment in which somebody looks
  struct stat status{};
  return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

/// Removes what killed processes left beside `path`: neighbours whose process is gone and whose lock nobody holds (a
/// process of another container has no number here, but holds its lock). Our own number may be that of a process of
/// another container that is gone: there every process may be number 1.
inline void remove_stale_neighbours(const std::string& path) noexcept {
  try {
    const std::string parent = parent_of(path), name = file_name(path);
    DIR* directory = ::opendir(parent.c_str());
    if (directory == nullptr) return;
    std::vector<std::string> stale;
    while (const dirent* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
      const long owner = owner_of_neighbour(entry->d_name, name);
      if (owner <= 0) continue;
      const bool gone = ::getpgid(static_cast<pid_t>(owner)) < 0 && errno == ESRCH;
      if (gone || owner == ::getpid()) stale.emplace_back(entry->d_name);
    }
    ::closedir(directory);
    for (const std::string& each : stale) {
      const std::string full = join_path(parent, each);
      const int fd = ::open(full.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      if (fd < 0) continue;
      if (::flock(fd, LOCK_EX | LOCK_NB) == 0) remove_all(full);  // locked meanwhile: see lock_neighbour()
      ::close(fd);
    }
  } catch (...) {  // litter that stays is no reason not to write
  }
}

}  // namespace riskflag::inline v0_1::detail
