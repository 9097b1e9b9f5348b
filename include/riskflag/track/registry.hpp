#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::track {

/// A registered model directory.
struct ModelVersion {
  std::string name;
  std::uint64_t version = 0;  ///< 1, 2, 3, ... in order of registration; what was removed leaves a gap
  std::string path{};         ///< the directory to open; or a URI, for registries that are not on this disk
  std::string digest{};       ///< SHA-256 of its manifest.json
  std::string run_id{};       ///< the run that made it; may be empty
  std::string description{};
  std::vector<KeyValue> tags{};
  std::int64_t created_ms = 0;
  std::vector<std::string> aliases{};  ///< that point to it now, sorted
};

/// What register_model takes.
struct NewVersion {
  std::string name;    ///< registered model; created with its first version
  std::string source;  ///< model directory; at MLflow also models:/m-..., a model that a run logged there
  std::string run_id{};
  std::string description{};
  std::vector<KeyValue> tags{};
};

/// Models under names, in numbered versions, with aliases that move: the local one below (track/local_registry.hpp), or
/// an MLflow server's. A version never changes once it is there; an alias is always at exactly one version.
class Registry {
 public:
  virtual ~Registry() = default;
  /// Held by who looks where an alias is and then sets it.
  class Turn {
   public:
    virtual ~Turn() = default;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   protected:
    Turn() = default;
  };
  /// Comes when nobody else has the turn of that model, here or in another process; ends with its destruction. What
  /// promotion.hpp does is done in one; set_alias and remove_alias do not ask for it.
  [[nodiscard]] virtual std::unique_ptr<Turn> take_turn(std::string_view name) = 0;
  /// Adds `source` as the next version of its name.
  virtual ModelVersion register_model(const NewVersion& model) = 0;
  /// Names of all registered models, sorted.
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;
  /// All versions of a model, ascending; throws Error(not_found) for an unknown name.
  [[nodiscard]] virtual std::vector<ModelVersion> versions(std::string_view name) const = 0;
  [[nodiscard]] virtual std::optional<ModelVersion> find_version(std::string_view name,
                                                                 std::uint64_t version) const = 0;
  [[nodiscard]] virtual std::optional<ModelVersion> find_alias(std::string_view name, std::string_view alias) const = 0;
  /// Points the alias to that version in one step, whether it existed or not. Throws Error(not_found) without that
  /// version.
  virtual void set_alias(std::string_view name, std::string_view alias, std::uint64_t version) = 0;
  /// False when there was no such alias.
  virtual bool remove_alias(std::string_view name, std::string_view alias) = 0;
  /// Removes a version that no alias points to; throws Error(invalid_option) where one does. Its number is not used
  /// again.
  virtual void remove_version(std::string_view name, std::uint64_t version) = 0;
  /// Keeps `record` (one JSON object) about that version for good: who moved an alias to it, and why.
  virtual void append_audit(std::string_view name, std::uint64_t version, std::string_view record) = 0;
  /// What append_audit kept of a model, oldest first.
  [[nodiscard]] virtual std::vector<std::string> audit(std::string_view name) const = 0;

 protected:
  Registry() = default;
  Registry(const Registry&) = default;
  Registry& operator=(const Registry&) = default;
};

/// "models:/NAME@ALIAS" or "models:/NAME/VERSION", taken apart.
struct ModelUri {
  std::string name;
  std::string alias{};        ///< empty when a version is named
  std::uint64_t version = 0;  ///< 0 when an alias is named
};
/// nullopt for any other text.
[[nodiscard]] std::optional<ModelUri> parse_model_uri(std::string_view uri);

/// Throws Error(not_found) with the names there are, the nearest first, unless `name` is one of them.
void require_model(const Registry& registry, std::string_view name);
/// Every alias of a model, sorted.
[[nodiscard]] std::vector<std::string> aliases_of(const Registry& registry, std::string_view name);

/// The version that a models:/ URI names. Throws Error(usage) for another text, Error(not_found) for an unknown name,
/// version or alias, with what there is.
[[nodiscard]] ModelVersion resolve(const Registry& registry, std::string_view uri);

inline std::optional<ModelUri> parse_model_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "models:/";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const std::size_t at = uri.find_last_of("@/");
  if (at == std::string_view::npos || at == 0 || at + 1 == uri.size()) return std::nullopt;
  ModelUri out{std::string(uri.substr(0, at))};
  const std::string_view rest = uri.substr(at + 1);
  if (uri[at] == '@') {
    out.alias = rest;
    return out;
  }
  const auto version = parse_integer(rest);
  if (!version || *version < 1) return std::nullopt;
  out.version = static_cast<std::uint64_t>(*version);
  return out;
}

inline void require_model(const Registry& registry, std::string_view name) {
  const std::vector<std::string> names = registry.names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  fail(ErrorCode::not_found, std::string(name), "there is no such model" + what_there_is(name, names));
}

inline std::vector<std::string> aliases_of(const Registry& registry, std::string_view name) {
  std::vector<std::string> all;
  for (const ModelVersion& version : registry.versions(name)) {
    all.insert(all.end(), version.aliases.begin(), version.aliases.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

namespace detail {

/// Throws Error(corrupt) for a line of an audit trail that is no JSON object: nothing is decided by half a trail.
inline void require_record(std::string_view line, const std::string& where) {
  const Result<Json> json = read_json(line, "record");
  if (json.ok() && json.value().object() != nullptr) return;
  fail(ErrorCode::corrupt, where, "is no record of an audit trail: " + quoted(line, 100) + "; mend it or take it out");
}

/// "; there are 1, 2, 5", the newest ones where there are many.
[[nodiscard]] inline std::string versions_there_are(const Registry& registry, std::string_view name) {
  constexpr std::size_t kShown = 8;
  const std::vector<ModelVersion> all = registry.versions(name);
  std::string text = all.size() > kShown ? "..." : "";
  for (std::size_t i = all.size() > kShown ? all.size() - kShown : 0; i < all.size(); ++i) {
    text += (text.empty() ? "" : ", ") + std::to_string(all[i].version);
  }
  return (all.size() == 1 ? "; there is only " : "; there are ") + text;
}

}  // namespace detail

inline ModelVersion resolve(const Registry& registry, std::string_view uri) {
  const std::optional<ModelUri> parsed = parse_model_uri(uri);
  if (!parsed) fail(ErrorCode::usage, std::string(uri), "is no model; use models:/NAME@ALIAS or models:/NAME/VERSION");
  require_model(registry, parsed->name);
  if (parsed->version != 0) {
    if (auto found = registry.find_version(parsed->name, parsed->version)) return *found;
    fail(ErrorCode::not_found, std::string(uri),
         "there is no version " + std::to_string(parsed->version) + detail::versions_there_are(registry, parsed->name));
  }
  if (auto found = registry.find_alias(parsed->name, parsed->alias)) return *found;
  fail(ErrorCode::not_found, std::string(uri),
       "there is no alias " + quoted(parsed->alias) + what_there_is(parsed->alias, aliases_of(registry, parsed->name)));
}

}  // namespace riskflag::inline v0_1::track
