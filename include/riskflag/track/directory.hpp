#pragma once

// Files and directories as the journal and the registry keep them: copied whole, named safely, told apart by digest.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::track::detail {

/// Throws unless `name` can be one file name anywhere: 1 to 200 of [A-Za-z0-9._-], not starting with '.' or '-'.
inline void check_name(std::string_view name, std::string_view what) {
  bool good = !name.empty() && name.size() <= 200 && name.front() != '.' && name.front() != '-';
  for (const char c : name) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                    c == '_' || c == '-');
  }
  if (!good) {
    fail(
        ErrorCode::invalid_option, std::string(what),
        quoted(name) +
            " is not accepted; use 1 to 200 of the characters A-Z a-z 0-9 . _ - and begin with a letter, a digit or _");
  }
}

/// Throws unless `path` stays below where it starts: relative, no empty part, no "." or "..".
inline void check_relative(std::string_view path, std::string_view what) {
  for (const std::string_view part : split_text(path, '/')) {
    if (part.empty() || part == "." || part == "..") {
      fail(ErrorCode::invalid_option, std::string(what),
           quoted(path) + " does not stay inside the run; use a relative path without ..");
    }
  }
}

/// Paths of all files below `directory`, relative, sorted by bytes.
[[nodiscard]] inline std::vector<std::string> files_below(const std::string& directory,
                                                          const std::string& prefix = {}) {
  std::vector<std::string> files;
  for (const std::string& name : list_directory(directory)) {
    const std::string path = join_path(directory, name);
    if (is_directory(path)) {
      for (std::string& file : files_below(path, prefix + name + "/")) files.push_back(std::move(file));
    } else {
      files.push_back(prefix + name);
    }
  }
  return files;
}

/// Gives a file's bytes to `take` block by block: an artifact may be larger than the memory.
template <class Take>
void each_block(const std::string& path, const Take& take) {
  FileSource file(path);
  std::string block(std::size_t{256} << 10, '\0');
  while (const std::size_t got = file.read(block.data(), block.size())) take(std::string_view(block).substr(0, got));
}

[[nodiscard]] inline std::string file_digest(const std::string& path) {
  Sha256 all;
  each_block(path, [&](std::string_view bytes) { all.update(bytes); });
  return all.hex_digest();
}

/// Copies a file or a directory to `target`, which appears whole or not at all; an older copy is replaced.
inline void copy_path(const std::string& source, const std::string& target) {
  const std::size_t slash = target.rfind('/');
  if (slash != std::string::npos && slash > 0) make_directories(target.substr(0, slash));
  if (!is_directory(source)) {
    FileSink copy(target);
    each_block(source, [&](std::string_view bytes) { copy.write(bytes); });
    copy.close();
    return;
  }
  DirectoryWriter writer(target, Replace::exchange);
  for (const std::string& file : files_below(source)) writer.write(file, read_file(join_path(source, file)));
  writer.commit();
}

/// SHA-256 of a file; of a directory its manifest.json's (a model directory's digest by contract), or else that of the
/// lines "DIGEST  FILE\n" of all its files, as sha256sum prints them.
[[nodiscard]] inline std::string path_digest(const std::string& path) {
  if (!is_directory(path)) return file_digest(path);
  const std::string manifest = join_path(path, "manifest.json");
  if (exists(manifest)) return sha256_hex(read_file(manifest));
  Sha256 all;
  for (const std::string& file : files_below(path)) {
    all.update(file_digest(join_path(path, file)) + "  " + file + "\n");
  }
  return all.hex_digest();
}

}  // namespace riskflag::inline v0_1::track::detail
