#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/sha256.hpp>

namespace riskflag::inline v0_1::mlflow {

/// How much of a journal's run a server has been told. Kept beside the journal, one file a run and server, written only
/// when the server has acknowledged: what a kill loses is told again, which MLflow takes once.
struct SyncState {
  std::string server{};  ///< Settings::uri
  std::string run_id{};  ///< the server's; empty: not begun there
  std::string experiment_id{};
  std::string artifact_uri{};
  std::uint64_t offset = 0;  ///< bytes of RUN_ID.jsonl that are sent
  bool ended = false;
  std::map<std::string, std::string> models{};  ///< SHA-256 of a model directory's manifest -> logged model
};

/// "mlflow-1a2b3c4d": part of file names, so that one journal can be told to several servers.
[[nodiscard]] inline std::string server_key(std::string_view server) {
  return "mlflow-" + sha256_hex(server).substr(0, 8);
}
[[nodiscard]] inline std::string sync_path(const std::string& directory, std::string_view run_id,
                                           std::string_view server) {
  return join_path(directory, std::string(run_id) + "." + server_key(server) + ".json");
}

[[nodiscard]] inline SyncState read_sync_state(const std::string& path, std::string_view server) {
  SyncState state;
  state.server = server;
  if (!exists(path)) return state;
  const Json json = value_or_throw(read_json(read_file(path), path));
  const auto text = [&](std::string_view key) { return value_or_throw(value_or_throw(json.at(key))->string()); };
  state.run_id = text("run_id");
  state.experiment_id = text("experiment_id");
  state.artifact_uri = text("artifact_uri");
  state.offset = value_or_throw(value_or_throw(json.at("offset"))->unsigned_integer());
  state.ended = value_or_throw(value_or_throw(json.at("ended"))->boolean());
  const Json* models = value_or_throw(json.at("models"));
  if (models->object() == nullptr) fail(ErrorCode::corrupt, path, "\"models\" is no object");
  for (const auto& [digest, id] : *models->object()) state.models[digest] = value_or_throw(id.string());
  return state;
}

inline void write_sync_state(const std::string& path, const SyncState& state) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("server").value(std::string_view(state.server));
  json.key("run_id").value(std::string_view(state.run_id));
  json.key("experiment_id").value(std::string_view(state.experiment_id));
  json.key("artifact_uri").value(std::string_view(state.artifact_uri));
  json.key("offset").value(state.offset).key("ended").value(state.ended);
  json.key("models").begin_object();
  for (const auto& [digest, id] : state.models) json.key(digest).value(std::string_view(id));
  json.end_object().end_object();
  write_file(path, json.text() + "\n");
}

}  // namespace riskflag::inline v0_1::mlflow
