#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/track/directory.hpp>

namespace riskflag::inline v0_1::mlflow {

namespace detail {

/// "a b/c" as a path: each segment encoded.
[[nodiscard]] inline std::string encoded_path(std::string_view path) {
  std::string out;
  for (const std::string_view part : split_text(path, '/')) {
    if (part.empty()) continue;
    out += (out.empty() ? "" : "/") + http::percent_encoded(part);
  }
  return out;
}

inline constexpr std::string_view kProxied = "mlflow-artifacts:";

/// Why files at `uri` cannot be sent or fetched: any place but the server's own proxy. Empty for that one.
[[nodiscard]] inline std::string why_no_files(std::string_view uri) {
  if (uri.starts_with(kProxied)) return {};
  return "the server keeps files at " + quoted(uri) +
         ", which only MLflow's own client can reach; start it with --serve-artifacts and --artifacts-destination, and "
         "use a new experiment";
}

/// What stands behind "mlflow-artifacts:/" (a host in it is left out: files go where the records go). Throws for any
/// other place.
[[nodiscard]] inline std::string proxied_path(std::string_view uri, const std::string& where) {
  if (const std::string why = why_no_files(uri); !why.empty()) fail(ErrorCode::unsupported, where, why);
  uri.remove_prefix(kProxied.size());
  if (uri.starts_with("//")) {
    uri.remove_prefix(2);
    const std::size_t slash = uri.find('/');
    uri = slash == std::string_view::npos ? std::string_view() : uri.substr(slash);
  }
  while (uri.starts_with('/')) uri.remove_prefix(1);
  while (uri.ends_with('/')) uri.remove_suffix(1);
  return std::string(uri);
}

inline constexpr std::string_view kArtifacts = "/api/2.0/mlflow-artifacts/artifacts";

}  // namespace detail

inline std::string Client::artifact_target(const std::string& artifact_uri, const std::string& name) const {
  const std::string path = detail::proxied_path(artifact_uri, rest_.where()) + "/" + name;
  return std::string(detail::kArtifacts) + "/" + detail::encoded_path(path);
}

inline void Client::upload(const std::string& artifact_uri, const std::string& name, const std::string& path) {
  if (!is_directory(path)) {
    rest_.upload(artifact_target(artifact_uri, name), path);
    return;
  }
  for (const std::string& file : track::detail::files_below(path)) {
    rest_.upload(artifact_target(artifact_uri, name.empty() ? file : name + "/" + file), join_path(path, file));
  }
}

inline void Client::upload_text(const std::string& artifact_uri, const std::string& name, const std::string& bytes) {
  rest_.upload_text(artifact_target(artifact_uri, name), bytes);
}

inline std::optional<std::string> Client::find_text(const std::string& artifact_uri, const std::string& name) {
  // Asked for a file that is not there, MLflow answers 500, as it does to what may be tried again.
  const std::string root = detail::proxied_path(artifact_uri, rest_.where());
  const Json json = rest_.get("/mlflow-artifacts/artifacts", "path=" + http::percent_encoded(root));
  for (const Json& entry : detail::items_of(json.find("files"))) {
    if (detail::text_or(entry.find("path")) == name) return rest_.download_text(artifact_target(artifact_uri, name));
  }
  return std::nullopt;
}

inline void Client::download(const std::string& artifact_uri, const std::string& directory) {
  const std::string root = detail::proxied_path(artifact_uri, rest_.where());
  make_directories(directory);
  std::vector<std::string> folders{""};  // below root, still to be listed
  while (!folders.empty()) {
    const std::string folder = folders.back();
    folders.pop_back();
    const std::string path = root + (folder.empty() ? "" : "/" + folder);
    const Json json = rest_.get("/mlflow-artifacts/artifacts", "path=" + http::percent_encoded(path));
    for (const Json& entry : detail::items_of(json.find("files"))) {
      const std::string name = detail::text_or(entry.find("path"));
      track::detail::check_relative(name, rest_.where());
      const std::string below = folder.empty() ? name : folder + "/" + name;
      const Json* is_folder = entry.find("is_dir");
      const Result<bool> yes = is_folder != nullptr ? is_folder->boolean() : Result<bool>(false);
      if (yes.ok() && *yes) {
        make_directories(join_path(directory, below));
        folders.push_back(below);
      } else {
        rest_.download(artifact_target(artifact_uri, below), join_path(directory, below));
      }
    }
  }
}

}  // namespace riskflag::inline v0_1::mlflow
