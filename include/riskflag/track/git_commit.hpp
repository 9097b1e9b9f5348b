#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/read_file.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::track {

namespace detail {

inline constexpr std::size_t kMostOfGitFile = std::size_t{64} << 20;

[[nodiscard]] inline std::string git_text(const std::string& path) {
  Result<std::string> text = try_read_file(path, kMostOfGitFile);
  return text.ok() ? std::move(text).value() : std::string();
}

[[nodiscard]] inline bool is_commit(std::string_view text) noexcept {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The directory behind `directory`/.git, which in a worktree or submodule is a file that names it.
[[nodiscard]] inline std::optional<std::string> git_directory(const std::string& directory) {
  std::string path = join_path(directory, ".git");
  if (is_directory(path)) return path;
  constexpr std::string_view kSays = "gitdir: ";
  const std::string text = git_text(path);
  if (!text.starts_with(kSays)) return std::nullopt;
  const std::string named(trimmed(std::string_view(text).substr(kSays.size())));
  return named.starts_with('/') ? named : join_path(directory, named);
}

}  // namespace detail

/// The commit that is checked out in the Git working tree around `directory`; nullopt outside of one, and where there
/// is none yet. Reads Git's own files; no program is started.
[[nodiscard]] inline std::optional<std::string> git_commit(const std::string& directory) {
  std::string at = absolute_path(directory);
  std::optional<std::string> git = detail::git_directory(at);
  while (!git && at != "/" && !at.empty()) {
    at = std::filesystem::path(at).parent_path().string();
    git = detail::git_directory(at);
  }
  if (!git) return std::nullopt;
  const std::string head_text = detail::git_text(join_path(*git, "HEAD"));
  const std::string_view head = trimmed(head_text);
  if (detail::is_commit(head)) return std::string(head);
  if (!head.starts_with("ref: ")) return std::nullopt;
  const std::string ref(trimmed(head.substr(5)));
  // A worktree keeps its HEAD beside itself and its branches in the directory that "commondir" names.
  std::string common = *git;
  if (const std::string text = detail::git_text(join_path(*git, "commondir")); !text.empty()) {
    const std::string named(trimmed(text));
    common = named.starts_with('/') ? named : join_path(*git, named);
  }
  const std::string loose = detail::git_text(join_path(common, ref));
  if (detail::is_commit(trimmed(loose))) return std::string(trimmed(loose));
  const std::string packed = detail::git_text(join_path(common, "packed-refs"));
  for (const std::string_view line : split_text(packed, '\n')) {
    const std::size_t blank = line.find(' ');
    if (blank != std::string_view::npos && line.substr(blank + 1) == ref && detail::is_commit(line.substr(0, blank)))
      return std::string(line.substr(0, blank));
  }
  return std::nullopt;
}

}  // namespace riskflag::inline v0_1::track
