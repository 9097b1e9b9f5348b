#pragma once

// Records that must outlive the process: whole lines in files of one directory, which end by size and by age.

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>

namespace riskflag::inline v0_1 {

/// When what was appended is safe from a loss of power too; from the end of the process it is at once.
enum class LogSync {
  never,         ///< when the system gets to it
  every_second,  ///< at the next tick()
  always,        ///< when append() returns; those that wait at the same time share one sync
};

/// "no", "everysec", "always".
[[nodiscard]] inline std::optional<LogSync> find_log_sync(std::string_view name) noexcept {
  if (name == "no") return LogSync::never;
  if (name == "everysec") return LogSync::every_second;
  return name == "always" ? std::optional(LogSync::always) : std::nullopt;
}

struct LogOptions {
  std::string name = "log";                              ///< files are NAME-TIME-RANDOM.jsonl
  std::uint64_t max_bytes = std::uint64_t{256} << 20;    ///< a file that has as many is ended, >= 1
  std::int64_t max_age_ms = std::int64_t{86400} * 1000;  ///< a file that is as old is ended by tick(), >= 1
  LogSync sync = LogSync::every_second;
};

/// Life: 1. constructed: makes the directory and the first file, so that a log that cannot be written is known at the
/// start; 2. append() from many threads; 3. tick() about once a second, from any thread. Each object has files of its
/// own: many processes may share a directory. Files are never removed. Throws Error(io) when something cannot be
/// written; whole lines are all that stays then, and the next append tries again.
class LogFiles {
 public:
  LogFiles(std::string directory, LogOptions options) : directory_(std::move(directory)), options_(std::move(options)) {
    open_next();
  }
  ~LogFiles() {
    // What every_second promised a moment ago; whoever cannot be told any more is not told.
    if (options_.sync != LogSync::never && dirty_) (void)sync_reason(file_->fd);
  }
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  /// One or more lines, each with its end, in one write(). A file that was removed under us is replaced by a new one.
  void append(std::string_view lines) {
    if (lines.empty()) return;
    std::unique_lock guard(lock_);
    write(lines);
    if (options_.sync == LogSync::always) {
      share_sync(guard);
    } else {
      dirty_ = true;
    }
  }

  /// Syncs under LogSync::every_second, and ends a file that is old enough.
  void tick() {
    std::unique_lock guard(lock_);
    if (now_ms() - begun_ms_ >= options_.max_age_ms && size() > 0) open_next();
    if (options_.sync != LogSync::every_second || !dirty_) return;
    dirty_ = false;
    const auto file = file_;
    guard.unlock();
    if (const int reason = sync_reason(file->fd); reason != 0) detail::fail_system(file->path, "sync", reason);
  }

  /// The file that append() writes to now.
  [[nodiscard]] std::string path() const {
    const std::lock_guard guard(lock_);
    return file_->path;
  }

 private:
  struct File {
    int fd;
    std::string path;
    File(int descriptor, std::string named) : fd(descriptor), path(std::move(named)) {}
    ~File() { ::close(fd); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
  };
  /// Those who wait for the same sync, and what came of it.
  struct Batch {
    bool over = false;
    int reason = 0;
  };

  [[nodiscard]] static int sync_reason(int fd) noexcept {
    while (::fdatasync(fd) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }
  [[nodiscard]] std::uint64_t size() const {
    struct stat status{};
    if (::fstat(file_->fd, &status) != 0) detail::fail_system(file_->path, "append");
    return status.st_nlink == 0 ? 0 : static_cast<std::uint64_t>(status.st_size);
  }

  void write(std::string_view lines) {
    struct stat status{};
    if (::fstat(file_->fd, &status) != 0) detail::fail_system(file_->path, "append");
    if (status.st_nlink == 0 || static_cast<std::uint64_t>(status.st_size) >= options_.max_bytes) {
      open_next();
      status.st_size = 0;
    }
    int reason = torn_ ? detail::write_all(file_->fd, "\n") : 0;
    if (reason == 0) {
      torn_ = false;
      reason = detail::write_all(file_->fd, lines);
    }
    if (reason == 0) return;
    torn_ = ::ftruncate(file_->fd, status.st_size) != 0;  // a full disk took a part
    detail::fail_system(file_->path, "append", reason);
  }

  /// Ends the file that there is and begins the next one; on failure the old one goes on.
  void open_next() {
    if (file_ && options_.sync != LogSync::never) {
      const int reason = sync_reason(file_->fd);
      end_batch(reason);
      if (reason != 0) detail::fail_system(file_->path, "sync", reason);
    }
    make_directories(directory_);
    std::string time;
    const std::int64_t now = now_ms();
    named_ms_ =
        std::max(now, named_ms_ + 1);  // by name is by age, also within a millisecond and when the clock goes back
    for (const char c : rfc3339(named_ms_)) {
      if (c != '-' && c != ':') time += c;
    }
    for (int tries = 0;; ++tries) {
      std::uint32_t random = 0;
      system_random(&random, sizeof random);
      static constexpr std::string_view kHex = "0123456789abcdef";
      std::string tail;
      for (int i = 0; i < 8; ++i) tail += kHex[random >> (4 * i) & 15];
      std::string path = join_path(directory_, options_.name + "-" + time + "-" + tail + ".jsonl");
      // Applicants' data: for the server's own account and its group.
      const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
      if (fd < 0 && tries < 100 && (errno == EEXIST || errno == EINTR)) continue;
      if (fd < 0) detail::fail_system(path, "begin the file");
      file_ = std::make_shared<const File>(fd, std::move(path));
      break;
    }
    begun_ms_ = now;
    dirty_ = torn_ = false;
    if (options_.sync != LogSync::never) detail::sync_directory(directory_);
  }

  void end_batch(int reason) {
    batch_->over = true;
    batch_->reason = reason;
    batch_ = std::make_shared<Batch>();
    synced_.notify_all();
  }

  /// Returns when what was written before is on the disk. The first who comes syncs for all who wrote before it began.
  void share_sync(std::unique_lock<std::mutex>& guard) {
    const auto mine = batch_;
    const auto file = file_;
    while (!mine->over) {
      if (syncing_) {
        synced_.wait(guard);
        continue;
      }
      syncing_ = true;
      batch_ = std::make_shared<Batch>();  // a batch that nobody syncs is the current one: it was `mine`
      guard.unlock();
      const int reason = sync_reason(file->fd);
      guard.lock();
      syncing_ = false;
      mine->over = true;
      mine->reason = reason;
      synced_.notify_all();
    }
    if (mine->reason != 0) detail::fail_system(file->path, "sync", mine->reason);
  }

  std::string directory_;
  LogOptions options_;
  mutable std::mutex lock_;  // of all that follows
  std::condition_variable synced_;
  std::shared_ptr<const File> file_;  // shared with whoever syncs it while the next one begins
  std::shared_ptr<Batch> batch_ = std::make_shared<Batch>();
  std::int64_t begun_ms_ = 0, named_ms_ = 0;
  bool dirty_ = false, torn_ = false, syncing_ = false;
};

}  // namespace riskflag::inline v0_1
