#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/json/manifest.hpp>

namespace riskflag::inline v0_1 {
namespace json_detail {

inline constexpr std::int64_t kManifestFormat = 1;

/// Inside the directory, and spelled in one way only.
[[nodiscard]] inline bool is_inner_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (const std::string_view part : split_text(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

[[nodiscard]] inline bool is_sha256_text(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace json_detail

inline std::string manifest_text(const Manifest& manifest) {
  auto files = manifest.files;
  std::sort(files.begin(), files.end());
  JsonWriter json(JsonStyle::pretty);
  json.begin_object();
  json.key("format").value(json_detail::kManifestFormat);
  json.key("files").begin_object();
  for (const auto& [path, digest] : files) json.key(path).value(std::string_view(digest));
  json.end_object().end_object();
  return std::move(json).text() + "\n";
}

inline Manifest parse_manifest(std::string_view text, std::string_view where) {
  const JsonFile file(where);
  const Json root = file.open(text, json_detail::kManifestFormat);
  file.only(root, {"format", "files"});
  const Json& files = file.member(root, "files");
  if (files.object() == nullptr) file.refuse(files, "member \"files\" is no object");
  Manifest manifest;
  for (const auto& [path, value] : *files.object()) {
    std::string digest = file.take(value.string());
    if (!json_detail::is_inner_path(path)) file.refuse(value, quoted(path) + " is no path inside the model directory");
    if (!json_detail::is_sha256_text(digest)) {
      file.refuse(value, quoted(path) + ": " + quoted(digest) + " is no SHA-256 of 64 lower-case hex digits");
    }
    manifest.files.emplace_back(path, std::move(digest));
  }
  std::sort(manifest.files.begin(), manifest.files.end());
  return manifest;
}

inline std::vector<std::pair<std::string, std::string>> read_verified(const Manifest& manifest,
                                                                      const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [path, digest] : manifest.files) {
    const std::string full = join_path(directory, path);
    auto bytes = try_read_file(full);
    if (!bytes) {
      fail(ErrorCode::corrupt, full,
           "manifest.json lists the file, but it cannot be read (" + bytes.failure().message + ")");
    }
    const std::string found = sha256_hex(*bytes);
    if (found != digest) {
      fail(
          ErrorCode::corrupt, full,
          "the file was changed after the model was saved: its SHA-256 is " + found + ", manifest.json says " + digest);
    }
    out.emplace_back(path, std::move(bytes).value());
  }
  return out;
}

}  // namespace riskflag::inline v0_1
