#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/json/manifest.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/sync_state.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::mlflow {

/// A model that lies on this disk now.
struct Fetched {
  std::string directory;  ///< for bundle::open
  std::string name;       ///< registered model
  std::uint64_t version = 0;
  std::string digest;       ///< SHA-256 of manifest.json
  bool from_cache = false;  ///< the server did not answer: this is what the URI last meant
};

struct FetchOptions {
  Settings settings{};
  http::Connector connect{};
  std::string cache{};  ///< directory; models lie there by digest, each once
  std::stop_token stop{};
  Told told{};  ///< hears why the cache answers
};

/// The directory that models:/NAME@ALIAS or models:/NAME/VERSION means at the server: downloaded unless its digest is
/// there already, every file held against the manifest before it appears in the cache. When the server does not answer,
/// what the same URI meant last time. Throws Error(not_found) for a name, version or alias that is not there,
/// Error(corrupt) for files that are not what the manifest says, Error(io) without server and cache.
[[nodiscard]] Fetched fetch(std::string_view uri, const FetchOptions& options);

namespace detail {

/// CACHE/uris/<digest of server and URI>.json: what a URI last meant.
[[nodiscard]] inline std::string memory_path(const FetchOptions& options, std::string_view uri) {
  const std::string key = sha256_hex(options.settings.uri + "\n" + std::string(uri));
  return join_path(join_path(options.cache, "uris"), key.substr(0, 32) + ".json");
}

[[nodiscard]] inline std::string digest_path(const FetchOptions& options, const std::string& digest) {
  return join_path(join_path(options.cache, "models"), digest);
}

/// Holds every file against the manifest; the digest of that.
inline std::string verified_digest(const std::string& directory) {
  const std::string path = join_path(directory, "manifest.json");
  const std::string text = read_file(path);
  (void)read_verified(parse_manifest(text, path), directory);
  return sha256_hex(text);
}

/// Moves a directory to its place in the cache; another process may have been faster with the same bytes.
inline void move_into_cache(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (!error) return;
  if (!is_directory(to)) fail(ErrorCode::io, to, "cannot move " + from + " there: " + error.message());
  remove_all(from);
}

inline std::optional<Fetched> remembered(const FetchOptions& options, std::string_view uri) {
  const std::string path = memory_path(options, uri);
  if (!exists(path)) return std::nullopt;
  const Json json = value_or_throw(read_json(read_file(path), path));
  Fetched out;
  out.name = text_or(json.find("name"));
  out.version = static_cast<std::uint64_t>(integer_or(json.find("version"), 0));
  out.digest = text_or(json.find("digest"));
  out.directory = digest_path(options, out.digest);
  out.from_cache = true;
  if (!is_directory(out.directory)) return std::nullopt;
  return out;
}

}  // namespace detail

inline Fetched fetch(std::string_view uri, const FetchOptions& options) {
  const std::optional<track::ModelUri> parsed = track::parse_model_uri(uri);
  if (!parsed) fail(ErrorCode::usage, std::string(uri), "is no model; use models:/NAME@ALIAS or models:/NAME/VERSION");
  Fetched out;
  try {
    Client client(options.settings, options.connect, options.stop, Patience{1, 3000});
    (void)client.rest().version();
    const std::optional<track::ModelVersion> version = parsed->version != 0
                                                           ? client.find_version(parsed->name, parsed->version)
                                                           : client.find_alias(parsed->name, parsed->alias);
    if (!version) {
      const std::vector<std::string> names = client.model_names();
      const bool known = std::find(names.begin(), names.end(), parsed->name) != names.end();
      fail(ErrorCode::not_found, std::string(uri),
           known ? "the model has no such version or alias at " + options.settings.uri
                 : "there is no model " + quoted(parsed->name) + " at " + options.settings.uri +
                       did_you_mean(parsed->name, names));
    }
    out.name = version->name;
    out.version = version->version;
    out.digest = version->digest;
    if (out.digest.empty() || !is_directory(detail::digest_path(options, out.digest))) {
      make_directories(join_path(options.cache, "models"));
      const std::string staging = join_path(options.cache, "fetching-" + track::new_run_id());
      try {
        client.download(client.download_uri(out.name, out.version), staging);
        if (!exists(join_path(staging, "manifest.json"))) {
          fail(ErrorCode::unsupported, std::string(uri),
               "is no model of ours: it has no manifest.json; riskflag-import makes one of LightGBM's and XGBoost's");
        }
        const std::string digest = detail::verified_digest(staging);
        if (!out.digest.empty() && out.digest != digest) {
          fail(ErrorCode::corrupt, std::string(uri),
               "the files have the digest " + digest + ", but " + out.digest + " was registered");
        }
        out.digest = digest;
        detail::move_into_cache(staging, detail::digest_path(options, digest));
      } catch (...) {
        remove_all(staging);
        throw;
      }
    }
    out.directory = detail::digest_path(options, out.digest);
    (void)detail::verified_digest(out.directory);
    JsonWriter json(JsonStyle::pretty);
    json.begin_object().key("uri").value(uri).key("server").value(std::string_view(options.settings.uri));
    json.key("name").value(std::string_view(out.name)).key("version").value(out.version);
    json.key("digest").value(std::string_view(out.digest)).end_object();
    make_directories(join_path(options.cache, "uris"));
    write_file(detail::memory_path(options, uri), json.text() + "\n");
    return out;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::io) throw;
    std::optional<Fetched> last = detail::remembered(options, uri);
    if (!last) throw;
    (void)detail::verified_digest(last->directory);
    if (options.told) {
      options.told(std::string(error.what()) + "; going on with version " + std::to_string(last->version) + ", which " +
                   std::string(uri) + " meant last time");
    }
    return *last;
  }
}

}  // namespace riskflag::inline v0_1::mlflow
