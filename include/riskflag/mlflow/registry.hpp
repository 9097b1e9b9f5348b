#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/names.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/names.hpp>
#include <riskflag/mlflow/sync_audit.hpp>
#include <riskflag/mlflow/sync_run.hpp>
#include <riskflag/mlflow/turn.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::mlflow {

namespace detail {
/// The records of a model's versions, oldest first.
[[nodiscard]] inline std::vector<std::string> audit_trail(Client& client, const std::string& name) {
  std::vector<track::KeyValue> records;
  for (const track::ModelVersion& version : client.versions(name)) {
    for (const track::KeyValue& tag : version.tags) {
      if (!tag.key.starts_with(kAuditTag)) continue;
      track::detail::require_record(tag.value, name + " version " + std::to_string(version.version) + ", " + tag.key);
      records.push_back(tag);
    }
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  std::vector<std::string> out;
  for (track::KeyValue& record : records) out.push_back(std::move(record.value));
  return out;
}
}  // namespace detail

/// An MLflow server's model registry. A version's `path` is its models:/ URI, which mlflow::fetch makes a directory of.
/// May be called from many threads, which take turns.
class MlflowRegistry final : public track::Registry {
 public:
  MlflowRegistry(Settings settings, http::Connector connect, std::stop_token stop = {}, Patience patience = {})
      : client_(std::move(settings), std::move(connect), std::move(stop), patience) {
    (void)client_.rest().version();
  }

  [[nodiscard]] std::unique_ptr<track::Registry::Turn> take_turn(std::string_view name) override;
  /// Sends the directory as a logged model in the experiment of the model's name, then registers it; of a `source`
  /// models:/m-..., which lies there already, only the latter.
  track::ModelVersion register_model(const track::NewVersion& model) override;
  [[nodiscard]] std::vector<std::string> names() const override {
    const std::lock_guard lock(mutex_);
    return client_.model_names();
  }
  [[nodiscard]] std::vector<track::ModelVersion> versions(std::string_view name) const override;
  [[nodiscard]] std::optional<track::ModelVersion> find_version(std::string_view name,
                                                                std::uint64_t version) const override {
    const std::lock_guard lock(mutex_);
    return client_.find_version(std::string(name), version);
  }
  [[nodiscard]] std::optional<track::ModelVersion> find_alias(std::string_view name,
                                                              std::string_view alias) const override {
    const std::lock_guard lock(mutex_);
    return client_.find_alias(std::string(name), std::string(alias));
  }
  void set_alias(std::string_view name, std::string_view alias, std::uint64_t version) override;
  bool remove_alias(std::string_view name, std::string_view alias) override;
  void remove_version(std::string_view name, std::uint64_t version) override;
  /// As a tag of the version, riskflag.audit.TIME-NUMBER: the server has no other place that is only added to.
  void append_audit(std::string_view name, std::uint64_t version, std::string_view record) override;
  [[nodiscard]] std::vector<std::string> audit(std::string_view name) const override;

 private:
  static constexpr std::string_view kLoggedModel = "models:/";
  [[nodiscard]] track::ModelVersion register_logged(const track::NewVersion& model);

  mutable std::mutex mutex_;
  mutable Client client_;  ///< a connection: asking changes it
};

inline std::vector<track::ModelVersion> MlflowRegistry::versions(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  std::vector<track::ModelVersion> found = client_.versions(std::string(name));
  if (found.empty()) {
    fail(ErrorCode::not_found, client_.rest().where(),
         "there is no model " + quoted(name) + what_there_is(name, client_.model_names()));
  }
  // The search leaves the aliases out; each version by itself has them.
  for (track::ModelVersion& version : found) {
    if (auto whole = client_.find_version(version.name, version.version)) version = std::move(*whole);
  }
  return found;
}

inline std::unique_ptr<track::Registry::Turn> MlflowRegistry::take_turn(std::string_view name) {
  try {
    return std::make_unique<mlflow::Turn>(client_, mutex_, std::string(name));
  } catch (const ApiError& error) {
    if (!error.is("RESOURCE_DOES_NOT_EXIST")) throw;
    track::require_model(*this, name);  // says which names there are
    throw;
  }
}

inline track::ModelVersion MlflowRegistry::register_logged(const track::NewVersion& model) {
  const LoggedModel logged = client_.logged_model(model.source.substr(kLoggedModel.size()));
  const std::string where = client_.rest().where();
  if (logged.status != "LOGGED_MODEL_READY") {
    fail(ErrorCode::invalid_data, where, model.source + " is " + logged.status + ": not all of its files are there");
  }
  const std::optional<std::string> manifest = client_.find_text(logged.artifact_uri, "manifest.json");
  if (!manifest) {
    fail(ErrorCode::unsupported, where,
         model.source + " is no model of ours: it has no manifest.json; riskflag-import makes one of others");
  }
  return client_.ensure_version(model.name, logged, model.run_id, sha256_hex(*manifest), model.description, model.tags);
}

inline track::ModelVersion MlflowRegistry::register_model(const track::NewVersion& model) {
  if (model.source.starts_with(kLoggedModel)) {
    const std::lock_guard lock(mutex_);
    return register_logged(model);
  }
  if (!is_directory(model.source))
    fail(ErrorCode::not_found, model.source, "is no directory; a model directory can be registered");
  const std::lock_guard lock(mutex_);
  const std::string digest = track::detail::path_digest(model.source);
  const std::string experiment = client_.experiment_id(model.name);
  const std::string client_id = "registered-" + sha256_hex(model.name + "@" + digest).substr(0, 32);
  track::RunInfo info;
  info.name = model.name;
  info.start_ms = now_ms();
  const ServerRun run =
      model.run_id.empty() ? client_.ensure_run(experiment, client_id, info, "", {}) : client_.run(model.run_id);
  const LoggedModel logged =
      client_.ensure_model(run.experiment_id, run.run_id, client_id + ":model", "model", run.params);
  for (const std::string& file : track::detail::files_below(model.source)) {
    if (file != "MLmodel") client_.upload(logged.artifact_uri, file, join_path(model.source, file));
  }
  if (const std::string file = join_path(model.source, "MLmodel"); exists(file)) {
    client_.upload_text(logged.artifact_uri, "MLmodel", detail::mlmodel_with_ids(read_file(file), logged, run.run_id));
  }
  client_.finish_model(run.run_id, logged.model_id, true);
  if (model.run_id.empty()) client_.update_run(run.run_id, track::RunStatus::finished, now_ms());
  return client_.ensure_version(model.name, logged, run.run_id, digest, model.description, model.tags);
}

inline void MlflowRegistry::set_alias(std::string_view name, std::string_view alias, std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  client_.set_alias(std::string(name), std::string(alias), version);
}

inline bool MlflowRegistry::remove_alias(std::string_view name, std::string_view alias) {
  const std::lock_guard lock(mutex_);
  if (!client_.find_alias(std::string(name), std::string(alias))) return false;
  client_.remove_alias(std::string(name), std::string(alias));
  return true;
}

inline void MlflowRegistry::remove_version(std::string_view name, std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  const std::string which = std::string(name) + " version " + std::to_string(version);
  const std::optional<track::ModelVersion> found = client_.find_version(std::string(name), version);
  if (!found) fail(ErrorCode::not_found, which, "is not there");
  if (!found->aliases.empty()) {
    fail(ErrorCode::invalid_option, which, "has the alias " + quoted(found->aliases.front()) + ", and stays");
  }
  client_.remove_version(std::string(name), version);
}

inline void MlflowRegistry::append_audit(std::string_view name, std::uint64_t version, std::string_view record) {
  const std::lock_guard lock(mutex_);
  client_.set_version_tag(
      std::string(name), version,
      std::string(detail::kAuditTag) + std::to_string(now_ms()) + "-" + track::new_run_id().substr(0, 8),
      std::string(record));
}

inline std::vector<std::string> MlflowRegistry::audit(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return detail::audit_trail(client_, std::string(name));
}

}  // namespace riskflag::inline v0_1::mlflow
