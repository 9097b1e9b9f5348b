#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riskflag::inline v0_1 {

/// The files of a model directory with their SHA-256, sorted by path.
struct Manifest {
  std::vector<std::pair<std::string, std::string>> files;  ///< relative path, 64 hex digits

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// `manifest` as manifest.json holds it; sorted here, so that the order of `files` does not matter.
[[nodiscard]] std::string manifest_text(const Manifest& manifest);
/// Throws Error(parse | corrupt) naming `where`; refuses paths that are absolute or leave the directory.
[[nodiscard]] Manifest parse_manifest(std::string_view text, std::string_view where);

/// Reads every listed file under `directory` and compares its SHA-256. Throws Error(corrupt) with file and both
/// digests, or Error(corrupt) when a listed file is absent. Returns the bytes read, path by path, so that what was
/// verified is what is parsed.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_verified(const Manifest& manifest,
                                                                             const std::string& directory);

}  // namespace riskflag::inline v0_1

#include <riskflag/json/detail/manifest.hpp>
