#pragma once

#include <cerrno>
#include <string>

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
  explicit FileLock(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) detail::fail_system(path, "open the lock file");
    while (::flock(fd_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      const int reason = errno;
      ::close(fd_);
      detail::fail_system(path, "lock", reason);
    }
  }
  ~FileLock() { ::close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

}  // namespace riskflag::inline v0_1
