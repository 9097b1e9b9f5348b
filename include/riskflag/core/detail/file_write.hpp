#pragma once

// Definitions of core/file.hpp: everything that writes.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <riskflag/core/detail/file_read.hpp>
#include <riskflag/core/detail/neighbours.hpp>
#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// Writes all of `bytes`, however often the system takes only a part; 0 or the reason.
[[nodiscard]] inline int write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    if (wrote == 0) return EIO;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

[[nodiscard]] inline int sync_descriptor(int fd) noexcept {
  while (::fsync(fd) != 0) {
    if (errno == EINTR) continue;
    return errno == EINVAL || errno == ENOTSUP || errno == EROFS ? 0 : errno;  // file systems that cannot, do not
  }
  return 0;
}

inline void sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_system(path, "open the directory to sync it");
  const int reason = sync_descriptor(fd);
  ::close(fd);
  if (reason != 0) fail_system(path, "sync the directory", reason);
}

/// Where a write to `path` ends up: the end of its symbolic links, or the path itself.
[[nodiscard]] inline std::string link_target(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;  // a link to nowhere is replaced
  std::string target = real;
  std::free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath allocated it
  return target;
}

/// Devices, pipes and sockets are written to; renaming a file over /dev/null would take it from the whole machine.
[[nodiscard]] inline bool is_special(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/// Creates a new file "path.tmp-PID-N" and opens it for writing, with the permissions of `path` if there is one.
[[nodiscard]] inline int open_neighbour(const std::string& path, std::string& name) {
  remove_stale_neighbours(path);
  for (unsigned n = 0; n < 10000; ++n) {
    name = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(n);
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0) {
      if (!lock_neighbour(fd)) {
        ::close(fd);
        continue;
      }
      struct stat status{};
      if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) (void)::fchmod(fd, status.st_mode & 07777);
      return fd;
    }
    if (errno != EEXIST && errno != EINTR) fail_system(path, "create a neighbour of the file");
  }
  fail_system(path, "create a neighbour of the file", EEXIST);
}

#if defined(SYS_renameat2)
/// renameat2 by its number: glibc before 2.28 and musl have no wrapper. 0 or the reason.
[[nodiscard]] inline int rename_with(const std::string& from, const std::string& to, unsigned flags) noexcept {
  return ::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0 ? 0 : errno;
}
#else
[[nodiscard]] inline int rename_with(const std::string&, const std::string&, unsigned) noexcept { return ENOSYS; }
#endif
inline constexpr unsigned kRenameNoReplace = 1;  // linux/fs.h, which clashes with other headers
inline constexpr unsigned kRenameExchange = 2;

}  // namespace detail

inline FileSink::FileSink(std::string path) : path_(std::move(path)) {
  if (path_ == "-") {
    fd_ = STDOUT_FILENO;
    path_ = "standard output";
  } else if (target_ = detail::link_target(path_); detail::is_special(target_)) {
    fd_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) detail::fail_system(path_, "open for writing");
    owned_ = true;
  } else {
    if (is_directory(target_)) detail::fail_system(path_, "write", EISDIR);
    fd_ = detail::open_neighbour(target_, staging_);
    owned_ = true;
  }
}

inline void FileSink::drop() noexcept {
  if (owned_) ::close(fd_);
  fd_ = -1;
  owned_ = false;
  if (!staging_.empty()) ::unlink(staging_.c_str());
  staging_.clear();
}

inline FileSink::~FileSink() { drop(); }

inline void FileSink::flush(std::string_view more) {
  int reason = detail::write_all(fd_, buffer_);
  if (reason == 0) reason = detail::write_all(fd_, more);
  buffer_.clear();
  if (reason != 0) {
    drop();
    detail::fail_system(path_, "write", reason);
  }
}

inline void FileSink::write(std::string_view bytes) {
  constexpr std::size_t kBuffer = std::size_t{1} << 17;
  if (fd_ < 0) fail(ErrorCode::io, path_, "written to after it was closed or after an error");
  if (buffer_.size() + bytes.size() >= kBuffer) {
    flush(bytes);
  } else {
    buffer_ += bytes;
  }
}

inline void FileSink::close() {
  if (fd_ < 0) fail(ErrorCode::io, path_, "closed twice, or after an error");
  flush({});
  if (staging_.empty()) {
    const bool failed = owned_ && ::close(fd_) != 0;
    const int reason = errno;
    owned_ = false;
    fd_ = -1;
    if (failed) detail::fail_system(path_, "close", reason);
    return;
  }
  int reason = detail::sync_descriptor(fd_);
  if (::close(fd_) != 0 && reason == 0) reason = errno;
  owned_ = false;
  if (reason == 0 && ::rename(staging_.c_str(), target_.c_str()) != 0) reason = errno;
  if (reason != 0) {
    drop();
    detail::fail_system(path_, "write", reason);
  }
  staging_.clear();
  fd_ = -1;
  detail::sync_directory(detail::parent_of(target_));
}

inline void write_file(const std::string& path, std::string_view bytes) {
  FileSink sink(path);
  sink.write(bytes);
  sink.close();
}

inline AppendFile::AppendFile(const std::string& path) : path_(path) {
  do {
    fd_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  } while (fd_ < 0 && errno == EINTR);
  if (fd_ < 0) detail::fail_system(path, "open for appending");
}

inline AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

inline AppendFile::AppendFile(AppendFile&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) {
  other.fd_ = -1;
}

inline AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

inline const std::string& AppendFile::path() const noexcept { return path_; }

inline void AppendFile::append(std::string_view line, Durability durability) {
  while (::flock(fd_, LOCK_EX) != 0) {
    if (errno != EINTR) detail::fail_system(path_, "lock");
  }
  struct Unlock {
    int fd;
    ~Unlock() { ::flock(fd, LOCK_UN); }
  } const unlock{fd_};
  struct stat status{};
  if (::fstat(fd_, &status) != 0) detail::fail_system(path_, "append");
  char last = '\n';
  if (S_ISREG(status.st_mode) && status.st_size > 0 && ::pread(fd_, &last, 1, status.st_size - 1) != 1) {
    detail::fail_system(path_, "read the last byte");
  }
  std::string record;
  record.reserve(line.size() + 2);
  if (last != '\n') record += '\n';  // whoever wrote last was killed in the middle of a line
  record += line;
  record += '\n';
  if (const int reason = detail::write_all(fd_, record); reason != 0) {
    if (S_ISREG(status.st_mode))
      (void)!::ftruncate(fd_, status.st_size);  // a full disk took a part: leave whole lines only
    detail::fail_system(path_, "append", reason);
  }
  if (durability == Durability::sync) {
    while (::fdatasync(fd_) != 0) {
      if (errno == EINVAL) break;  // a pipe or terminal
      if (errno != EINTR) detail::fail_system(path_, "sync");
    }
  }
}

inline void make_directories(const std::string& path) {
  for (std::size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0777) == 0 || errno == EISDIR) continue;
    const int reason = errno;
    if (!is_directory(part)) detail::fail_system(part, "make the directory", reason);
  }
}

inline void remove_all(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    detail::fail_system(path, "remove");
  }
  if (!S_ISDIR(status.st_mode)) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) detail::fail_system(path, "remove");
    return;
  }
  for (const std::string& name : list_directory(path)) remove_all(join_path(path, name));
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) detail::fail_system(path, "remove");
}

namespace detail {

/// A new directory "path.tmp-PID-N", and in `lock` the descriptor that holds it; -1 where none can.
[[nodiscard]] inline std::string make_neighbour(const std::string& path, int& lock) {
  for (unsigned n = 0; n < 10000; ++n) {
    std::string name = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(n);
    if (::mkdir(name.c_str(), 0777) == 0) {
      lock = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (lock < 0 && errno != ENOENT) return name;
      if (lock >= 0 && lock_neighbour(lock)) return name;
      if (lock >= 0) ::close(lock);
      continue;
    }
    if (errno != EEXIST) break;
  }
  fail_system(path, "create a neighbour of the directory");
}

[[noreturn]] inline void fail_without_exchange(const std::string& path) {
  fail(ErrorCode::unsupported, path,
       "this file system cannot swap two directories in one step (RENAME_EXCHANGE); remove the old one first, or write "
       "beside it");
}

}  // namespace detail

inline DirectoryWriter::DirectoryWriter(std::string path, Replace replace) : path_(std::move(path)), replace_(replace) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  if (path_.empty()) fail(ErrorCode::usage, "output directory", "the path is empty; name a directory");
  if (exists(path_) && replace_ == Replace::refuse) {
    fail(ErrorCode::already_exists, path_, "exists already; it is left as it is");
  }
  if (exists(path_) && !is_directory(path_)) {
    fail(ErrorCode::already_exists, path_, "is a file; only a directory is replaced by a directory");
  }
  path_ = detail::link_target(path_);
  make_directories(detail::parent_of(path_));
  detail::remove_stale_neighbours(path_);
  staging_ = detail::make_neighbour(path_, lock_);
  if (replace_ == Replace::exchange &&
      exists(path_)) {  // whether it can be done is found before there is something to lose
    int other_lock = -1;
    try {
      const std::string other = detail::make_neighbour(path_, other_lock);
      const int reason = detail::rename_with(other, staging_, detail::kRenameExchange);
      if (reason == 0) std::swap(lock_, other_lock);  // the lock is the directory's, whatever its name
      ::rmdir(other.c_str());
      if (other_lock >= 0) ::close(other_lock);
      if (reason == ENOSYS || reason == EINVAL) detail::fail_without_exchange(path_);
    } catch (...) {
      drop();
      throw;
    }
  }
}

inline void DirectoryWriter::drop() noexcept {
  try {
    if (!committed_) remove_all(staging_);
  } catch (...) {  // nothing to tell it to; the neighbour's name says what it is
  }
  if (lock_ >= 0) ::close(lock_);
  lock_ = -1;
}

inline DirectoryWriter::~DirectoryWriter() { drop(); }

inline const std::string& DirectoryWriter::staging_path() const noexcept { return staging_; }

inline void DirectoryWriter::write(const std::string& relative_path, std::string_view bytes) {
  const std::string path = join_path(staging_, relative_path);
  if (relative_path.empty() || relative_path.front() == '/' || relative_path.find("..") != std::string::npos) {
    fail(ErrorCode::usage, path_, "\"" + relative_path + "\" is no path inside the directory");
  }
  make_directories(detail::parent_of(path));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) detail::fail_system(path, "create");
  int reason = detail::write_all(fd, bytes);
  if (reason == 0) reason = detail::sync_descriptor(fd);
  if (::close(fd) != 0 && reason == 0) reason = errno;
  if (reason != 0) detail::fail_system(path, "write", reason);
}

namespace detail {

inline void sync_tree(const std::string& path) {
  for (const std::string& name : list_directory(path)) {
    const std::string child = join_path(path, name);
    if (is_directory(child)) sync_tree(child);
  }
  sync_directory(path);
}

}  // namespace detail

inline void DirectoryWriter::commit() {
  if (committed_) fail(ErrorCode::usage, path_, "committed twice");
  detail::sync_tree(staging_);
  const bool exchange = replace_ == Replace::exchange && exists(path_);
  int reason = detail::rename_with(staging_, path_, exchange ? detail::kRenameExchange : detail::kRenameNoReplace);
  if (!exchange && (reason == ENOSYS || reason == EINVAL)) {  // a file system without NOREPLACE: look, then rename
    reason = exists(path_) ? EEXIST : ::rename(staging_.c_str(), path_.c_str()) == 0 ? 0 : errno;
  }
  if (exchange && (reason == ENOSYS || reason == EINVAL)) detail::fail_without_exchange(path_);
  if (reason == EEXIST) fail(ErrorCode::already_exists, path_, "exists already; it is left as it is");
  if (reason != 0) detail::fail_system(path_, exchange ? "replace the directory" : "rename the new directory", reason);
  committed_ = true;
  detail::sync_directory(detail::parent_of(path_));
  if (exchange) remove_all(staging_);
}

}  // namespace riskflag::inline v0_1
