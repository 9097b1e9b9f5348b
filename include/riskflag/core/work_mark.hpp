#pragma once

// A file that says that somebody is at work, and whose lock says whether that is still so.

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <riskflag/core/file.hpp>
#include <riskflag/core/function_ref.hpp>

namespace riskflag::inline v0_1 {

/// Says that this process is at some work, until it is done() or the process ends, however that ends; several may say
/// so of the same work. The lock (flock) is seen by processes of other containers too. A process that died, or an
/// object that is destroyed without done(), leaves the file behind without a lock: see if_abandoned().
class WorkMark {
 public:
  /// Creates the file if absent. Throws Error(io) when it cannot.
  explicit WorkMark(std::string path) : path_(std::move(path)) {
    for (;;) {
      fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
      if (fd_ < 0 && errno == EINTR) continue;
      if (fd_ < 0) detail::fail_system(path_, "make the mark");
      while (::flock(fd_, LOCK_SH) != 0 && errno == EINTR) {
      }  // a file system without locks: nobody can say then that the work was abandoned
      struct stat status{};
      if (::fstat(fd_, &status) != 0 || status.st_nlink != 0) return;
      ::close(fd_);  // if_abandoned() took it away in between
    }
  }
  ~WorkMark() { close(); }
  WorkMark(WorkMark&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  WorkMark& operator=(WorkMark&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  void done() noexcept {
    if (fd_ >= 0) ::unlink(path_.c_str());
    close();
  }

 private:
  void close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  std::string path_;
  int fd_ = -1;
};

/// Where there is a mark at `path` that nobody holds any more, calls clean_up() and then removes it; only one process
/// does. False for one that is held, is not there, or cannot be locked. Throws what clean_up throws; the mark stays.
inline bool if_abandoned(const std::string& path, FunctionRef<void()> clean_up) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  struct Close {
    int fd;
    ~Close() { ::close(fd); }
  } const closing{fd};
  struct stat status{};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || ::fstat(fd, &status) != 0 || status.st_nlink == 0) return false;
  clean_up();
  ::unlink(path.c_str());
  return true;
}

}  // namespace riskflag::inline v0_1
