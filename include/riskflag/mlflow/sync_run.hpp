#pragma once

// A journal's run, told to an MLflow server: all at once later, or piece by piece while it is still being written.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/file_lock.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/sync_state.hpp>
#include <riskflag/track/journal_reader.hpp>

namespace riskflag::inline v0_1::mlflow {

/// Life: 1. constructed for one run of a journal; 2. step() until it returns false, again whenever the journal has
/// grown. A lock beside the journal keeps two processes from telling the same run at once; a step that fails has
/// changed nothing here, and what the server took of it is taken once.
class RunSync {
 public:
  RunSync(std::string directory, std::string run_id, Client& client, Told told = {})
      : directory_(std::move(directory)),
        run_id_(std::move(run_id)),
        client_(client),
        told_(std::move(told)),
        path_(sync_path(directory_, run_id_, client_.rest().where())) {}

  /// Sends at most about 512 KiB of the journal, or 4,000 metrics; false when there was nothing new.
  bool step();
  /// As of the last step.
  [[nodiscard]] const SyncState& state() const noexcept { return state_; }

 private:
  [[nodiscard]] std::string parent_of(const track::RunInfo& info);
  void begin(const track::RunRecord& piece);
  void send_params(std::span<const track::KeyValue> params);
  [[nodiscard]] bool takes_files(const std::string& name) const;
  void send_artifact(const track::KeptArtifact& artifact);
  void send_model(const track::KeptArtifact& artifact, const std::string& path);

  std::string directory_, run_id_;
  Client& client_;
  Told told_;
  std::string path_;
  SyncState state_;
};

namespace detail {

/// The whole lines from `offset` on, at most `limit` bytes unless one line is longer.
[[nodiscard]] inline std::string whole_lines(const std::string& path, std::uint64_t offset, std::size_t limit) {
  const FileSource file(path);
  std::string text;
  for (std::size_t size = limit;; size *= 2) {
    text.resize(size);
    text.resize(file.read_at(offset, text.data(), size));
    const std::size_t end = text.rfind('\n');
    if (end != std::string::npos) {
      text.resize(end + 1);
      return text;
    }
    if (text.size() < size) return {};  // the last line is still being written
  }
}

/// The MLmodel of a directory of ours, with the ids that the server gave.
[[nodiscard]] inline std::string mlmodel_with_ids(const std::string& text, const LoggedModel& model,
                                                  const std::string& run_id) {
  std::string out;
  for (const std::string_view line : split_text(text, '\n')) {
    if (line.empty() || line.starts_with("artifact_path:") || line.starts_with("run_id:") ||
        line.starts_with("model_id:") || line.starts_with("model_uuid:")) {
      continue;
    }
    out += std::string(line) + "\n";
  }
  out += "artifact_path: '" + model.artifact_uri + "'\nmodel_id: '" + model.model_id + "'\nmodel_uuid: '" +
         model.model_id + "'\nrun_id: '" + run_id + "'\n";
  return out;
}

}  // namespace detail

/// A parent that the server does not know yet is told first.
inline std::string RunSync::parent_of(const track::RunInfo& info) {
  if (info.parent_run_id.empty()) return {};
  const std::string path = sync_path(directory_, info.parent_run_id, client_.rest().where());
  if (!exists(path) && exists(join_path(directory_, info.parent_run_id + ".jsonl"))) {
    RunSync(directory_, info.parent_run_id, client_, told_).step();
  }
  return exists(path) ? read_sync_state(path, client_.rest().where()).run_id : std::string();
}

inline void RunSync::begin(const track::RunRecord& piece) {
  if (piece.run_id.empty()) {
    fail(ErrorCode::corrupt, join_path(directory_, run_id_ + ".jsonl"),
         "the journal does not begin with the beginning of its run");
  }
  (void)client_.rest().version();
  state_.experiment_id = client_.experiment_id(piece.info.experiment);
  const ServerRun run =
      client_.ensure_run(state_.experiment_id, run_id_, piece.info, parent_of(piece.info), piece.info.tags);
  state_.run_id = run.run_id;
  state_.artifact_uri = run.artifact_uri;
}

inline void RunSync::send_model(const track::KeptArtifact& artifact, const std::string& path) {
  const track::RunRecord whole = track::read_run(join_path(directory_, run_id_ + ".jsonl"));
  const LoggedModel model = client_.ensure_model(state_.experiment_id, state_.run_id, run_id_ + ":" + artifact.name,
                                                 artifact.name, whole.params);
  for (const std::string& file : track::detail::files_below(path)) {
    if (file == "MLmodel") continue;
    client_.upload(model.artifact_uri, file, join_path(path, file));
  }
  // Last, so that a directory without it is one that did not arrive.
  if (const std::string file = join_path(path, "MLmodel"); exists(file)) {
    client_.upload_text(model.artifact_uri, "MLmodel", detail::mlmodel_with_ids(read_file(file), model, state_.run_id));
  }
  client_.finish_model(state_.run_id, model.model_id, true);
  state_.models[artifact.sha256] = model.model_id;
}

/// A parameter that MLflow refuses (it has another value there already) must not keep back the others.
inline void RunSync::send_params(std::span<const track::KeyValue> params) {
  try {
    client_.log_batch(state_.run_id, {}, params, {}, told_);
    return;
  } catch (const ApiError& error) {
    if (!error.is("INVALID_PARAMETER_VALUE")) throw;
  }
  for (const track::KeyValue& param : params) {
    try {
      client_.log_batch(state_.run_id, {}, std::span(&param, 1), {}, {});
    } catch (const ApiError& error) {
      if (!error.is("INVALID_PARAMETER_VALUE")) throw;
      if (told_) told_("parameter " + quoted(param.key) + " is left out: " + error.message());
    }
  }
}

/// Records arrive at every server, files where it has an artifact proxy.
inline bool RunSync::takes_files(const std::string& name) const {
  const std::string why = detail::why_no_files(state_.artifact_uri);
  if (!why.empty() && told_) told_(quoted(name) + " is left out: " + why);
  return why.empty();
}

inline void RunSync::send_artifact(const track::KeptArtifact& artifact) {
  if (!takes_files(artifact.name)) return;
  const std::string path = join_path(directory_, artifact.path);
  if (!exists(path)) {
    if (told_) told_(quoted(artifact.name) + " is no longer at " + path + "; it is left out");
    return;
  }
  if (track::detail::path_digest(path) != artifact.sha256) {
    if (told_) told_(quoted(artifact.name) + " at " + path + " is no longer what was logged; it is left out");
    return;
  }
  if (artifact.is_model) {
    send_model(artifact, path);
  } else {
    client_.upload(state_.artifact_uri, artifact.name, path);
  }
}

inline bool RunSync::step() {
  constexpr std::size_t kPiece = std::size_t{512} << 10;
  constexpr std::size_t kMetrics = 4 * kMaxBatchMetrics;  // whole batches: what is left over costs a call of its own
  const FileLock lock(path_ + ".lock");
  state_ = read_sync_state(path_, client_.rest().where());
  const std::string text = detail::whole_lines(join_path(directory_, run_id_ + ".jsonl"), state_.offset, kPiece);
  if (text.empty()) return false;
  track::RunRecord piece;
  track::detail::RunBuilder builder(piece);
  bool ended = false;
  std::size_t taken = 0;
  while (taken < text.size()) {
    const std::string_view line = std::string_view(text).substr(taken, text.find('\n', taken) - taken);
    if (const Result<Json> json = read_json(line, run_id_); json.ok()) {  // else torn by a kill: journal_reader tells
      const std::size_t more = detail::items_of(json.value().find("metrics")).size();
      if (!piece.metrics.empty() && piece.metrics.size() + more > kMetrics) break;
      (void)builder.add(json.value());
      const Json* type = json.value().find("type");
      ended = ended || detail::text_or(type) == "end";
    }
    taken += line.size() + 1;
  }
  if (state_.run_id.empty()) {
    begin(piece);
    write_sync_state(path_, state_);
  }
  client_.log_batch(state_.run_id, piece.metrics, {}, piece.tags, told_);
  send_params(piece.params);
  for (const track::DatasetInfo& dataset : piece.datasets) client_.log_dataset(state_.run_id, dataset);
  for (const track::KeptArtifact& artifact : piece.artifacts) send_artifact(artifact);
  if (ended) {
    const std::string name = "journal.jsonl";
    if (takes_files(name)) client_.upload(state_.artifact_uri, name, join_path(directory_, run_id_ + ".jsonl"));
    client_.update_run(state_.run_id, piece.status, piece.end_ms);
  }
  state_.ended = state_.ended || ended;
  state_.offset += taken;
  write_sync_state(path_, state_);
  return true;
}

}  // namespace riskflag::inline v0_1::mlflow
