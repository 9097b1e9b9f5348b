#pragma once

// A local registry's versions, aliases and audit trail, told to an MLflow server.

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/registry.hpp>
#include <riskflag/mlflow/sync_audit.hpp>
#include <riskflag/mlflow/sync_run.hpp>
#include <riskflag/mlflow/sync_state.hpp>
#include <riskflag/mlflow/turn.hpp>
#include <riskflag/track/local_registry.hpp>
#include <riskflag/track/promotion.hpp>

namespace riskflag::inline v0_1::mlflow {

/// Where a journal's models are registered: a LocalRegistry inside its directory.
[[nodiscard]] inline std::string registry_of(const std::string& journal_directory) {
  return join_path(journal_directory, "models");
}

/// What the server calls the versions of one registered model, and where its aliases stood when they were last told.
struct RegistryState {
  std::map<std::uint64_t, std::uint64_t> versions{};  ///< local -> server's
  std::map<std::string, std::uint64_t> aliases{};     ///< -> server's version
  std::map<std::string, std::uint64_t> audit{};       ///< alias -> how many records of it are sent
};

namespace detail {

[[nodiscard]] inline RegistryState read_registry_state(const std::string& path) {
  RegistryState state;
  if (!exists(path)) return state;
  const Json json = value_or_throw(read_json(read_file(path), path));
  const auto numbers = [&](std::string_view key, const auto& add) {
    const Json* object = key == "audit" ? json.find(key) : value_or_throw(json.at(key));
    if (object == nullptr) return;  // written before the trail was told
    if (object->object() == nullptr) fail(ErrorCode::corrupt, path, quoted(key) + " is no object");
    for (const auto& [name, number] : *object->object()) add(name, value_or_throw(number.unsigned_integer()));
  };
  numbers("versions", [&](const std::string& name, std::uint64_t number) {
    state.versions[static_cast<std::uint64_t>(parse_integer(name).value_or(0))] = number;
  });
  numbers("aliases", [&](const std::string& name, std::uint64_t number) { state.aliases[name] = number; });
  numbers("audit", [&](const std::string& name, std::uint64_t number) { state.audit[name] = number; });
  return state;
}

inline void write_registry_state(const std::string& path, const RegistryState& state) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("versions").begin_object();
  for (const auto& [local, server] : state.versions) json.key(std::to_string(local)).value(server);
  json.end_object().key("aliases").begin_object();
  for (const auto& [alias, server] : state.aliases) json.key(alias).value(server);
  json.end_object().key("audit").begin_object();
  for (const auto& [alias, sent] : state.audit) json.key(alias).value(sent);
  json.end_object().end_object();
  write_file(path, json.text() + "\n");
}

/// The logged model of a registered version: its run's, or, where no run of the journal logged that directory, one made
/// for it in an experiment of the registered name.
[[nodiscard]] inline LoggedModel logged_model(const std::string& directory, const track::ModelVersion& version,
                                              Client& client) {
  LoggedModel model;
  const auto refuse = [&](const std::string& why) {
    fail(ErrorCode::unsupported, client.rest().where(),
         version.name + " version " + std::to_string(version.version) + " is not registered: " + why);
  };
  const std::string path = sync_path(directory, version.run_id, client.rest().where());
  if (!version.run_id.empty() && exists(path)) {
    const SyncState run = read_sync_state(path, client.rest().where());
    if (const auto found = run.models.find(version.digest); found != run.models.end()) {
      model.model_id = found->second;
      return model;
    }
    if (const std::string why = why_no_files(run.artifact_uri); !why.empty()) refuse(why);
  }
  track::JournalLogger journal(directory);
  track::RunInfo info;
  info.experiment = version.name;
  info.name = version.name + "-" + std::to_string(version.version);
  info.run_id = "registered-" + sha256_hex(version.name + "@" + version.digest).substr(0, 32);
  if (!exists(join_path(directory, info.run_id + ".jsonl"))) {
    track::Run run(journal, info);
    run.model({version.path, "model"});
    run.finish();
  }
  RunSync sync(directory, info.run_id, client);
  while (sync.step()) {
  }
  const auto sent = sync.state().models.find(version.digest);
  if (sent == sync.state().models.end()) {
    const std::string why = why_no_files(sync.state().artifact_uri);
    refuse(why.empty() ? version.path + " is no longer what was registered here" : why);
  }
  model.model_id = sent->second;
  return model;
}

/// Registers the versions that the server does not have yet; `told` hears when the first of a name meets others'.
inline void sync_versions(const std::string& directory, const std::string& name,
                          const std::vector<track::ModelVersion>& versions, const std::string& path,
                          RegistryState& state, Client& client, const Told& told) {
  for (const track::ModelVersion& version : versions) {
    if (state.versions.contains(version.version)) continue;
    const LoggedModel model = logged_model(directory, version, client);
    const std::string run_path = sync_path(directory, version.run_id, client.rest().where());
    const std::string run_id = !version.run_id.empty() && exists(run_path)
                                   ? read_sync_state(run_path, client.rest().where()).run_id
                                   : std::string();
    const track::ModelVersion there = client.ensure_version(name, model, run_id, version.digest, version.description,
                                                            version.tags, state.versions.empty() ? told : Told());
    state.versions[version.version] = there.version;
    write_registry_state(path, state);
  }
}

/// One registered model's aliases and the records about them.
class AliasSync {
 public:
  AliasSync(const track::LocalRegistry& local, std::string name, std::string path, RegistryState& state, Client& client,
            const Told& told)
      : name_(std::move(name)),
        path_(std::move(path)),
        state_(state),
        client_(client),
        told_(told),
        trail_(audit_by_alias(local.audit(name_))) {}

  /// `here`: where each alias is in the local registry.
  void run(const std::map<std::string, std::uint64_t>& here) {
    // The alias before the one that remembers where it was, so that the record comes before both.
    for (const bool previous : {false, true}) {
      for (const auto& [alias, version] : here) {
        if (track::detail::is_previous(alias) == previous) move(alias, state_.versions.at(version));
      }
    }
    for (const auto& [alias, records] : trail_) {
      if (state_.audit[alias] < records.size() && stands_as_here(alias, here)) send(alias);
    }
  }

 private:
  void tell(const std::string& alias, const std::string& what) const {
    if (told_) told_("alias " + quoted(alias) + " of " + name_ + " " + what);
  }

  void move(const std::string& alias, std::uint64_t to) {
    const auto known = state_.aliases.find(alias);
    if (known != state_.aliases.end() && known->second == to) return;
    if (!turn_) turn_.emplace(client_, mutex_, name_);
    const std::optional<track::ModelVersion> there = client_.find_alias(name_, alias);
    const std::uint64_t before = known == state_.aliases.end() ? 0 : known->second;
    if (there && there->version != before && there->version != to) {
      tell(alias, "is at version " + std::to_string(there->version) +
                      " there and stays: it was moved at the server; move it with riskflag-registry promote");
      return;
    }
    const auto last = there ? std::nullopt : track::last_version(audit_trail(client_, name_), alias);
    if (last && *last != to) {
      tell(alias, "was taken from version " + std::to_string(*last) +
                      " there and goes to no other: give it back and move it with riskflag-registry promote");
      return;
    }
    send(alias);
    client_.set_alias(name_, alias, to);
    state_.aliases[alias] = to;
    write_registry_state(path_, state_);
  }

  [[nodiscard]] bool stands_as_here(const std::string& alias, const std::map<std::string, std::uint64_t>& here) {
    const std::optional<track::ModelVersion> there = client_.find_alias(name_, alias);
    const auto at = here.find(alias);
    if (at != here.end()) return there && there->version == state_.versions.at(at->second);  // else told above
    if (!there) return true;
    tell(alias, "was taken away here and is at version " + std::to_string(there->version) +
                    " there: take it away there too, with riskflag-registry alias --delete");
    return false;
  }

  void send(const std::string& alias) {
    const auto records = trail_.find(alias);
    if (records == trail_.end()) return;
    send_audit(client_, name_, records->second, state_.versions, state_.audit[alias], told_);
    write_registry_state(path_, state_);
  }

  std::string name_, path_;
  RegistryState& state_;
  Client& client_;
  const Told& told_;
  std::map<std::string, std::vector<std::string>> trail_;
  std::mutex mutex_;  ///< of turn_; the client has no other user
  std::optional<Turn> turn_;
};

}  // namespace detail

/// What of a registry is told.
struct RegistryScope {
  /// Runs that could not be told: a model with a new version of one waits, and that is told.
  std::set<std::string> waiting{};
  /// Only models that have a version of one of these runs. nullopt: all models.
  std::optional<std::set<std::string>> runs{};
};

/// Registers what the server does not have yet and moves the aliases that were moved here since the last time. An alias
/// that somebody moved at the server meanwhile, or took away, is left so, and told: `promote` is for that. The records
/// of the audit trail go before the move that they speak of, and wait while an alias is elsewhere than here. Every
/// version of `directory`'s runs must have been told before (RunSync), or be in `scope.waiting`. What the server
/// refuses of one model keeps back no other, and is thrown at the end. Gives the state of each name that was told.
inline std::map<std::string, RegistryState> sync_registry(const std::string& directory, Client& client,
                                                          const Told& told, const RegistryScope& scope = {}) {
  std::map<std::string, RegistryState> all;
  const std::string root = registry_of(directory);
  if (!is_directory(root)) return all;
  const track::LocalRegistry local(root);
  std::optional<Error> first;  // keeps back no other model
  for (const std::string& name : local.names()) {
    const std::string path = join_path(join_path(root, name), server_key(client.rest().where()) + ".json");
    const FileLock lock(path + ".lock");
    RegistryState state = detail::read_registry_state(path);
    const std::vector<track::ModelVersion> versions = local.versions(name);
    const auto is_theirs = [&](const track::ModelVersion& version) { return scope.runs->contains(version.run_id); };
    if (scope.runs && std::none_of(versions.begin(), versions.end(), is_theirs)) continue;
    const auto waits = std::find_if(versions.begin(), versions.end(), [&](const track::ModelVersion& version) {
      return !state.versions.contains(version.version) && scope.waiting.contains(version.run_id);
    });
    if (waits != versions.end()) {
      if (told) {
        told("the model " + quoted(name) + " waits, with its aliases: run " + waits->run_id + " of version " +
             std::to_string(waits->version) + " is not told yet");
      }
      continue;
    }
    try {
      detail::sync_versions(directory, name, versions, path, state, client, told);
      std::map<std::string, std::uint64_t> here;
      for (const track::ModelVersion& version : versions) {
        for (const std::string& alias : version.aliases) here[alias] = version.version;
      }
      detail::AliasSync(local, name, path, state, client, told).run(here);
    } catch (const Error& error) {
      if (concerns_all(error)) throw;
      if (first && told) told(error.what());
      if (!first) first = error;
    }
    all[name] = state;
  }
  if (first) throw Error(*first);
  return all;
}

}  // namespace riskflag::inline v0_1::mlflow
