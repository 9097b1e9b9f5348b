#pragma once

// MLflow's tracking and registry interface, typed (docs: MLflow REST API 2.0, as 3.x serves it).

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/mlflow/rest.hpp>
#include <riskflag/track/logger.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::mlflow {

/// A run as the server tells it.
struct ServerRun {
  std::string run_id, name, experiment_id, status, artifact_uri;
  std::int64_t start_ms = 0, end_ms = 0;
  std::vector<track::KeyValue> params{}, tags{};
  std::vector<track::MetricPoint> metrics{};  ///< the last value of each key
  std::vector<std::string> models{};          ///< ids of the logged models that it put out, in that order
};

/// A model as the server keeps it, apart from any registered name.
struct LoggedModel {
  std::string model_id, artifact_uri, status;
};

/// What becomes of an item of a batch that MLflow takes in another form: "metric \"a@1\" is sent as \"a_at_1\"".
using Told = std::function<void(const std::string& message)>;

/// Calls of one server. What would make something twice when an answer is lost (a run, a model, a version) is looked up
/// by a tag of ours before it is made again. Throws as Rest does; not for two threads at once.
class Client {
 public:
  Client(Settings settings, http::Connector connect, std::stop_token stop = {}, Patience patience = {})
      : rest_(std::move(settings), std::move(connect), std::move(stop), patience) {}
  [[nodiscard]] Rest& rest() noexcept { return rest_; }

  /// Its id; made when there is none of that name. A deleted one is refused.
  [[nodiscard]] std::string experiment_id(const std::string& name);
  [[nodiscard]] std::optional<std::string> find_experiment(const std::string& name);
  /// Names of the experiments that are not deleted, by id.
  [[nodiscard]] std::map<std::string, std::string> experiments();
  /// The same, sorted.
  [[nodiscard]] std::vector<std::string> experiment_names();
  /// A run with the tag riskflag.client_run_id = `client_id`, made unless it is there.
  [[nodiscard]] ServerRun ensure_run(const std::string& experiment_id, const std::string& client_id,
                                     const track::RunInfo& info, const std::string& parent_run_id,
                                     std::span<const track::KeyValue> tags);
  [[nodiscard]] ServerRun run(const std::string& run_id);
  /// At most `limit` runs of these experiments, `filter` and `order_by` in MLflow's words; empty ones leave them out.
  [[nodiscard]] std::vector<ServerRun> search_runs(const std::vector<std::string>& experiment_ids,
                                                   const std::string& filter, const std::string& order_by,
                                                   std::size_t limit);
  void update_run(const std::string& run_id, track::RunStatus status, std::int64_t end_ms);
  /// In as many calls as MLflow's limits ask for. The time of every point must be given: points that are sent twice
  /// with it are kept once.
  void log_batch(const std::string& run_id, std::span<const track::MetricPoint> metrics,
                 std::span<const track::KeyValue> params, std::span<const track::KeyValue> tags, const Told& told);
  void log_dataset(const std::string& run_id, const track::DatasetInfo& dataset);

  /// Sends a file, or every file of a directory, below `artifact_uri`/`name`.
  void upload(const std::string& artifact_uri, const std::string& name, const std::string& path);
  void upload_text(const std::string& artifact_uri, const std::string& name, const std::string& bytes);
  /// The bytes of the small file `name` below `artifact_uri`, no folder between them; nullopt when there is none.
  [[nodiscard]] std::optional<std::string> find_text(const std::string& artifact_uri, const std::string& name);
  /// Everything below `artifact_uri` into `directory`.
  void download(const std::string& artifact_uri, const std::string& directory);

  /// A logged model of that run with the tag riskflag.client_model_id = `client_id`, made unless it is there.
  [[nodiscard]] LoggedModel ensure_model(const std::string& experiment_id, const std::string& run_id,
                                         const std::string& client_id, const std::string& name,
                                         std::span<const track::KeyValue> params);
  void finish_model(const std::string& run_id, const std::string& model_id, bool ready);
  [[nodiscard]] LoggedModel logged_model(const std::string& model_id);

  /// The name itself need not be there yet; `told` hears when it was, with versions of others. A prompt's name is
  /// refused. A version with the tag riskflag.digest = `digest` and that model id is found again, not made twice.
  [[nodiscard]] track::ModelVersion ensure_version(const std::string& name, const LoggedModel& model,
                                                   const std::string& run_id, const std::string& digest,
                                                   const std::string& description,
                                                   std::span<const track::KeyValue> tags, const Told& told = {});
  [[nodiscard]] std::vector<std::string> model_names();
  [[nodiscard]] std::vector<track::ModelVersion> versions(const std::string& name);
  [[nodiscard]] std::optional<track::ModelVersion> find_version(const std::string& name, std::uint64_t version);
  [[nodiscard]] std::optional<track::ModelVersion> find_alias(const std::string& name, const std::string& alias);
  void set_alias(const std::string& name, const std::string& alias, std::uint64_t version);
  void remove_alias(const std::string& name, const std::string& alias);
  void set_version_tag(const std::string& name, std::uint64_t version, const std::string& key,
                       const std::string& value);
  void remove_version(const std::string& name, std::uint64_t version);
  /// Tags of the name itself.
  [[nodiscard]] std::vector<track::KeyValue> model_tags(const std::string& name);
  void set_model_tag(const std::string& name, const std::string& key, const std::string& value);
  void remove_model_tag(const std::string& name, const std::string& key);
  /// Where the files of a version lie.
  [[nodiscard]] std::string download_uri(const std::string& name, std::uint64_t version);

 private:
  template <class Find, class Make>
  auto find_or_make(const Find& find, const Make& make);
  [[nodiscard]] std::string artifact_target(const std::string& artifact_uri, const std::string& name) const;

  Rest rest_;
};

}  // namespace riskflag::inline v0_1::mlflow

#include <riskflag/mlflow/detail/client_artifacts.hpp>
#include <riskflag/mlflow/detail/client_models.hpp>
#include <riskflag/mlflow/detail/client_runs.hpp>
