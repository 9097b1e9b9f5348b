#pragma once

// A local registry's versions and aliases, told to an MLflow server.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/registry.hpp>
#include <riskflag/mlflow/sync_run.hpp>
#include <riskflag/mlflow/sync_state.hpp>
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
};

namespace detail {

[[nodiscard]] inline RegistryState read_registry_state(const std::string& path) {
  RegistryState state;
  if (!exists(path)) return state;
  const Json json = value_or_throw(read_json(read_file(path), path));
  const auto numbers = [&](std::string_view key, const auto& add) {
    const Json* object = value_or_throw(json.at(key));
    if (object->object() == nullptr) fail(ErrorCode::corrupt, path, quoted(key) + " is no object");
    for (const auto& [name, number] : *object->object()) add(name, value_or_throw(number.unsigned_integer()));
  };
  numbers("versions", [&](const std::string& name, std::uint64_t number) {
    state.versions[static_cast<std::uint64_t>(parse_integer(name).value_or(0))] = number;
  });
  numbers("aliases", [&](const std::string& name, std::uint64_t number) { state.aliases[name] = number; });
  return state;
}

inline void write_registry_state(const std::string& path, const RegistryState& state) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("versions").begin_object();
  for (const auto& [local, server] : state.versions) json.key(std::to_string(local)).value(server);
  json.end_object().key("aliases").begin_object();
  for (const auto& [alias, server] : state.aliases) json.key(alias).value(server);
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

}  // namespace detail

/// Registers what the server does not have yet and moves the aliases that were moved here since the last time. An alias
/// that somebody moved at the server meanwhile, or took away, is left so, and told: `promote` is for that. Every
/// version of `directory`'s runs must have been told before (RunSync). Gives the state of each name.
inline std::map<std::string, RegistryState> sync_registry(const std::string& directory, Client& client,
                                                          const Told& told) {
  std::map<std::string, RegistryState> all;
  const std::string root = registry_of(directory);
  if (!is_directory(root)) return all;
  const track::LocalRegistry local(root);
  for (const std::string& name : local.names()) {
    const std::string path = join_path(join_path(root, name), server_key(client.rest().where()) + ".json");
    const FileLock lock(path + ".lock");
    RegistryState state = detail::read_registry_state(path);
    for (const track::ModelVersion& version : local.versions(name)) {
      if (!state.versions.contains(version.version)) {
        const LoggedModel model = detail::logged_model(directory, version, client);
        const std::string run_path = sync_path(directory, version.run_id, client.rest().where());
        const std::string run_id = !version.run_id.empty() && exists(run_path)
                                       ? read_sync_state(run_path, client.rest().where()).run_id
                                       : std::string();
        state.versions[version.version] =
            client.ensure_version(name, model, run_id, version.digest, version.description, version.tags).version;
        detail::write_registry_state(path, state);
      }
      const std::uint64_t theirs = state.versions.at(version.version);
      for (const std::string& alias : version.aliases) {
        const auto known = state.aliases.find(alias);
        if (known != state.aliases.end() && known->second == theirs) continue;
        const std::optional<track::ModelVersion> there = client.find_alias(name, alias);
        const std::uint64_t before = known == state.aliases.end() ? 0 : known->second;
        if (there && there->version != before && there->version != theirs) {
          if (told) {
            told("alias " + quoted(alias) + " of " + name + " is at version " + std::to_string(there->version) +
                 " there and stays: it was moved at the server; move it with riskflag-registry promote");
          }
          continue;
        }
        const auto last = there ? std::nullopt : track::last_version(detail::audit_trail(client, name), alias);
        if (last && *last != theirs) {
          if (told) {
            told("alias " + quoted(alias) + " of " + name + " was taken from version " + std::to_string(*last) +
                 " there and goes to no other: give it back and move it with riskflag-registry promote");
          }
          continue;
        }
        client.set_alias(name, alias, theirs);
        state.aliases[alias] = theirs;
        detail::write_registry_state(path, state);
      }
    }
    all[name] = state;
  }
  return all;
}

}  // namespace riskflag::inline v0_1::mlflow
