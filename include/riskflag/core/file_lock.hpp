#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1 {

/// Holds an exclusive lock (flock) on `path` from construction to destruction; waits until it is free. The file is
/// created if absent and stays. The lock ends with its process, however that ends; it excludes other processes and
/// other FileLocks of this one. Throws Error(io).
class FileLock {
 public:
  explicit FileLock(const std::string& path) : FileLock(path, LOCK_EX) {}
  /// nullptr, at once, while somebody holds it.
  [[nodiscard]] static std::unique_ptr<FileLock> try_lock(const std::string& path) {
    std::unique_ptr<FileLock> out(new FileLock(path, LOCK_EX | LOCK_NB));
    return out->fd_ < 0 ? nullptr : std::move(out);
  }
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  FileLock(const std::string& path, int how) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) detail::fail_system(path, "open the lock file");
    while (::flock(fd_, how) != 0) {
      if (errno == EINTR) continue;
      const int reason = errno;
      ::close(std::exchange(fd_, -1));
      if (reason == EWOULDBLOCK) return;
      detail::fail_system(path, "lock", reason);
    }
  }

  int fd_;
};

}  // namespace riskflag::inline v0_1
