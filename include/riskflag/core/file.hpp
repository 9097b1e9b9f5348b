#pragma once

// The only place with POSIX calls. Nothing that was saved is lost: temporary neighbour, fsync, rename.
// Everything here throws Error (io, not_found, already_exists) with the path, what was attempted and the system's
// reason; try_read_file, which never throws, is in core/read_file.hpp for programs without exceptions.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/read_file.hpp>
#include <riskflag/core/result.hpp>

namespace riskflag::inline v0_1 {

/// The whole file as bytes (try_read_file, throwing).
[[nodiscard]] std::string read_file(const std::string& path, std::size_t max_bytes = SIZE_MAX);

/// Writes a neighbour ("path.tmp-PID-N"), fsyncs it, renames it over `path`, fsyncs the directory. On failure the
/// neighbour is removed and `path` is as it was. A symbolic link is followed; a device or pipe is written to directly;
/// an existing file keeps its permissions.
void write_file(const std::string& path, std::string_view bytes);

/// Appends one record with a single write() under an exclusive lock (flock), so that many processes can append and a
/// kill loses at most the last line. Durability::sync adds fdatasync.
enum class Durability { os, sync };
class AppendFile {
 public:
  /// Creates the file (0644) if absent; ends a half-written last line with a newline first.
  explicit AppendFile(const std::string& path);
  ~AppendFile();
  AppendFile(AppendFile&&) noexcept;
  AppendFile& operator=(AppendFile&&) noexcept;
  void append(std::string_view line, Durability durability = Durability::os);  ///< adds the newline
  [[nodiscard]] const std::string& path() const noexcept;

 private:
  int fd_ = -1;
  std::string path_;
};

/// A directory that appears whole or not at all.
/// Life: 1. constructed: makes a temporary neighbour of `path`; 2. write() any number of files into it (sub-folders
/// made as needed); 3. commit(): fsync everything, rename to `path` (Replace::exchange swaps atomically with an
/// existing one by RENAME_EXCHANGE and removes the old); destroyed without commit: the neighbour is removed.
/// Neighbours that killed processes left beside `path` are removed in step 1, where a file system that cannot swap is
/// refused too (Replace::exchange; Error(unsupported)).
enum class Replace { refuse, exchange };
class DirectoryWriter {
 public:
  explicit DirectoryWriter(std::string path, Replace replace = Replace::refuse);
  ~DirectoryWriter();
  DirectoryWriter(const DirectoryWriter&) = delete;
  DirectoryWriter& operator=(const DirectoryWriter&) = delete;
  void write(const std::string& relative_path, std::string_view bytes);
  [[nodiscard]] const std::string& staging_path() const noexcept;
  void commit();

 private:
  void drop() noexcept;

  std::string path_, staging_;
  Replace replace_;
  bool committed_ = false;
  int lock_ = -1;  ///< says that the neighbour is somebody's
};

/// A byte source read front to back; data/csv takes one. `read` fills up to `size` bytes and returns how many; 0 at the
/// end.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::size_t read(char* buffer, std::size_t size) = 0;
  /// For messages: the path, or "standard input".
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};
/// A plain file, opened now. Random access for parallel readers: `read_at` (pread), `size`.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::string path);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, char* buffer, std::size_t size) const;
  [[nodiscard]] std::uint64_t size() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept override;

 private:
  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};
/// Standard input (descriptor 0, not owned).
class StdinSource final : public ByteSource {
 public:
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override;
  [[nodiscard]] const std::string& name() const noexcept override;
};
/// Bytes in memory that somebody else owns.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes, std::string name = "memory");
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size) override;
  [[nodiscard]] const std::string& name() const noexcept override;

 private:
  std::string_view bytes_;
  std::string name_;
  std::size_t at_ = 0;
};

/// Bytes written front to back through a buffer; every failed write throws Error(io) with path and reason (full disk).
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
};
/// A file that appears under its name on close() (neighbour, fsync, rename); "-" is standard output. Dropped without
/// close(): removed.
class FileSink final : public ByteSink {
 public:
  explicit FileSink(std::string path);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  void write(std::string_view bytes) override;
  void close();

 private:
  void flush(std::string_view more);
  void drop() noexcept;

  std::string path_, target_, staging_, buffer_;
  int fd_ = -1;
  bool owned_ = false;  ///< the descriptor is ours to close
};

[[nodiscard]] bool exists(const std::string& path) noexcept;
[[nodiscard]] bool is_directory(const std::string& path) noexcept;
void make_directories(const std::string& path);
/// Names (not paths) in a directory, sorted by bytes.
[[nodiscard]] std::vector<std::string> list_directory(const std::string& path);
void remove_all(const std::string& path);
[[nodiscard]] std::string absolute_path(const std::string& path);
/// "dir/name": the second part as it stands when it is absolute.
[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);
[[nodiscard]] std::string file_name(std::string_view path);
/// Random bytes of the system (getrandom), for ids.
void system_random(void* out, std::size_t size);
/// Peak resident memory of this process in bytes.
[[nodiscard]] std::uint64_t peak_rss_bytes() noexcept;
/// Wishes for large pages under memory that is filled soon and not touched yet, fewer page faults then; the contents
/// stay what they are. Less than 2 MiB is left alone.
void ask_for_large_pages(void* memory, std::size_t bytes) noexcept;
/// The machine's name.
[[nodiscard]] std::string host_name();
/// CPU seconds or wall clock since an arbitrary start, in nanoseconds; monotonic.
[[nodiscard]] std::int64_t monotonic_ns() noexcept;

}  // namespace riskflag::inline v0_1

#include <riskflag/core/detail/file_read.hpp>
#include <riskflag/core/detail/file_write.hpp>
