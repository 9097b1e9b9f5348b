#include "tracking.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/mlflow.hpp>
#include <riskflag/track/dead_runs.hpp>
#include <riskflag/track/directory.hpp>
#include <riskflag/track/journal.hpp>
#include <riskflag/track/local_registry.hpp>
#include <riskflag/track/run_filter.hpp>
#if defined(RISKFLAG_WITH_TLS)
#include <riskflag/http/tls.hpp>
#endif

namespace program {
namespace {

constexpr std::string_view kJournal = "journal:";
constexpr int kRetries = 3;  // 14 seconds: somebody waits for the answer

std::string variable(const char* name) { return riskflag::mlflow::process_environment(name).value_or(std::string()); }

/// XDG's places for what a program keeps between its runs.
std::string home_of(const char* name, const char* below) {
  const std::string set = variable(name);
  if (set.starts_with('/')) return riskflag::join_path(set, "riskflag");
  const std::string home = variable("HOME");
  return riskflag::join_path(home.empty() ? std::string("/tmp") : home, below);
}

riskflag::http::Connector connector(const riskflag::mlflow::Settings& settings) {
#if defined(RISKFLAG_WITHOUT_MLFLOW_SERVER)
  riskflag::fail(riskflag::ErrorCode::usage, settings.uri,
                 "this program was built to ask no server for models or runs; journal:DIR is accepted");
#else
#if defined(RISKFLAG_WITH_TLS)
  if (settings.uri.starts_with("https:")) {
    return riskflag::http::connector_with_tls({!settings.insecure_tls, settings.ca_file, settings.client_file,
                                               "MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"});
  }
#else
  (void)settings;
#endif
  return riskflag::http::connect_plain;
#endif
}

}  // namespace

std::optional<TrackingPlace> find_tracking_place(const std::string& flag) {
  const std::string text = flag.empty() ? variable("MLFLOW_TRACKING_URI") : flag;
  if (text.empty()) return std::nullopt;
  TrackingPlace place;
  if (text.starts_with(kJournal)) {
    place.journal = text.substr(kJournal.size());
    if (place.journal.empty()) {
      riskflag::fail(riskflag::ErrorCode::usage, "--tracking", "journal: names no directory; journal:DIR is accepted");
    }
    return place;
  }
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    riskflag::fail(
        riskflag::ErrorCode::usage, flag.empty() ? "MLFLOW_TRACKING_URI" : "--tracking",
        riskflag::quoted(text) + " is no place; journal:DIR, http://HOST:PORT and https://HOST:PORT are accepted");
  }
  place.server = text;
  const std::string uri = riskflag::mlflow::settings_from(flag).uri;  // refuses what is no address, first of all
  place.journal = variable("RISKFLAG_JOURNAL");
  if (place.journal.empty()) {
    // One for each server: the models that are registered at one are not another's.
    place.journal =
        riskflag::join_path(home_of("XDG_STATE_HOME", ".local/state/riskflag"), riskflag::mlflow::server_key(uri));
  }
  return place;
}

void require_place(const TrackingPlace& place) {
  if (!place.server.empty()) return;
  if (!riskflag::is_directory(place.journal)) {
    riskflag::fail(
        riskflag::ErrorCode::not_found, place.journal,
        "is no journal: " + std::string(riskflag::exists(place.journal) ? "a file, and no directory, is there"
                                                                        : "there is no such directory"));
  }
  std::vector<std::string> others;
  for (const std::string& name : riskflag::list_directory(place.journal)) {
    if (name.ends_with(".jsonl") ||
        riskflag::join_path(place.journal, name) == riskflag::mlflow::registry_of(place.journal))
      return;
    if (!name.starts_with('.')) others.push_back(name);
  }
  if (others.empty()) return;  // one that nobody has written to yet
  riskflag::fail(
      riskflag::ErrorCode::not_found, place.journal,
      "is no journal: it holds neither a run (RUN_ID.jsonl) nor models/" + riskflag::what_there_is("", others));
}

namespace {

/// A second Ctrl-C ends a program at once, and so do kill -9 and a power cut: what they left open is ended now.
void end_dead_runs(const std::string& journal, const std::function<void(const std::string&)>& told) {
  try {
    for (const std::string& id : riskflag::track::end_dead_runs(journal))
      told("run " + id + " was left open by a process that is gone; it is KILLED now");
  } catch (const riskflag::Error& error) {
    told(std::string("runs that were left open stay so: ") + error.what());
  }
}

}  // namespace

std::unique_ptr<riskflag::track::Logger> open_logger(const TrackingPlace& place, bool required,
                                                     std::function<void(const std::string&)> told) {
  end_dead_runs(place.journal, told);
  if (place.server.empty()) return std::make_unique<riskflag::track::JournalLogger>(place.journal);
  riskflag::mlflow::LoggerOptions options;
  options.settings = riskflag::mlflow::settings_from(place.server);
  options.connect = connector(options.settings);
  options.journal = place.journal;
  options.required = required;
  options.told = std::move(told);
  return std::make_unique<riskflag::mlflow::MlflowLogger>(std::move(options));
}

std::optional<std::uint64_t> server_version(riskflag::track::Logger& logger, const std::string& name,
                                            std::uint64_t local) {
  auto* mlflow = dynamic_cast<riskflag::mlflow::MlflowLogger*>(&logger);
  return mlflow != nullptr ? mlflow->server_version(name, local) : std::nullopt;
}

std::unique_ptr<riskflag::track::Registry> open_registry(const TrackingPlace& place, Asked asked) {
  if (place.server.empty()) {
    return std::make_unique<riskflag::track::LocalRegistry>(riskflag::mlflow::registry_of(place.journal));
  }
  riskflag::mlflow::Settings settings = riskflag::mlflow::settings_from(place.server);
  riskflag::http::Connector connect = connector(settings);
  const riskflag::mlflow::Patience patience =
      asked == Asked::once ? riskflag::mlflow::Patience{0, 3000} : riskflag::mlflow::Patience{kRetries, 3000};
  return std::make_unique<riskflag::mlflow::MlflowRegistry>(std::move(settings), std::move(connect), std::stop_token(),
                                                            patience);
}

ModelPlace find_model(const std::string& model, const std::string& tracking,
                      const std::function<void(const std::string&)>& told) {
  if (!model.starts_with("models:")) {
    if (!tracking.empty()) (void)find_tracking_place(tracking);
    return {model, "", ""};
  }
  const std::optional<TrackingPlace> place = find_tracking_place(tracking);
  if (!place) {
    riskflag::fail(riskflag::ErrorCode::usage, "--model",
                   model + " is in a registry; --tracking or MLFLOW_TRACKING_URI says which (journal:DIR or http://…)");
  }
  if (place->server.empty()) {
    require_place(*place);
    const riskflag::track::LocalRegistry registry(riskflag::mlflow::registry_of(place->journal));
    const riskflag::track::ModelVersion version = riskflag::track::resolve(registry, model);
    registry.verify(version);
    return {version.path, version.name, std::to_string(version.version)};
  }
  riskflag::mlflow::FetchOptions options;
  options.settings = riskflag::mlflow::settings_from(place->server);
  options.connect = connector(options.settings);
  options.cache = variable("RISKFLAG_CACHE");
  if (options.cache.empty()) options.cache = home_of("XDG_CACHE_HOME", ".cache/riskflag");
  options.told = told;
  const riskflag::mlflow::Fetched fetched = riskflag::mlflow::fetch(model, options);
  return {fetched.directory, fetched.name, std::to_string(fetched.version)};
}

namespace {

using Runs = std::vector<riskflag::track::RunRecord>;

/// The runs of a journal. Files that begin no run are left out, and told; a directory of nothing else is no journal.
Runs read_runs(const std::string& journal, const std::function<void(const std::string&)>& told) {
  Runs runs;
  std::string left_out;
  for (riskflag::track::RunRecord& run : riskflag::track::read_journal(journal)) {
    if (run.info.start_ms == 0) {
      left_out = riskflag::join_path(journal, run.run_id + ".jsonl") + ": no line of it begins a run";
      told(left_out + "; it is left out");
      continue;
    }
    if (const std::size_t notes = run.notes.size(); notes > 0) {
      told(riskflag::join_path(journal, run.notes.front().message) +
           (notes == 1 ? "" : ", and " + std::to_string(notes - 1) + " more lines of that run"));
    }
    runs.push_back(std::move(run));
  }
  if (runs.empty() && !left_out.empty()) {
    riskflag::fail(riskflag::ErrorCode::not_found, journal, "is no journal: " + left_out);
  }
  return runs;
}

Runs runs_of_journal(const TrackingPlace& place, const std::string& experiment, const std::string& filter,
                     const std::function<void(const std::string&)>& told) {
  const riskflag::track::RunFilter wanted(filter);
  require_place(place);
  Runs runs = read_runs(place.journal, told);
  if (!experiment.empty()) {
    std::vector<std::string> names;
    for (const auto& run : runs) names.push_back(run.info.experiment);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (!std::binary_search(names.begin(), names.end(), experiment)) {
      riskflag::fail(
          riskflag::ErrorCode::not_found, place.journal,
          "there is no experiment " + riskflag::quoted(experiment) + riskflag::what_there_is(experiment, names));
    }
    std::erase_if(runs, [&](const auto& run) { return run.info.experiment != experiment; });
  }
  wanted.require_keys(runs);
  std::erase_if(runs, [&](const auto& run) { return !wanted.matches(run); });
  std::reverse(runs.begin(), runs.end());  // the newest first
  return runs;
}

riskflag::track::RunRecord record_of(riskflag::mlflow::ServerRun there, const std::string& experiment) {
  riskflag::track::RunRecord run;
  run.run_id = there.run_id;
  run.info.experiment = experiment;
  run.info.name = there.name;
  run.info.start_ms = there.start_ms;
  run.end_ms = there.end_ms;
  run.status = there.status == "FINISHED" ? riskflag::track::RunStatus::finished
               : there.status == "FAILED" ? riskflag::track::RunStatus::failed
               : there.status == "KILLED" ? riskflag::track::RunStatus::killed
                                          : riskflag::track::RunStatus::running;
  run.params = std::move(there.params);
  run.tags = std::move(there.tags);
  run.metrics = std::move(there.metrics);
  for (const std::string& id : there.models) {
    riskflag::track::KeptArtifact model;
    model.path = "models:/" + id;
    model.is_model = true;
    run.artifacts.push_back(std::move(model));
  }
  return run;
}

Runs runs_of_server(const TrackingPlace& place, const std::string& experiment, const std::string& filter,
                    const std::string& sort, std::size_t limit) {
  const riskflag::track::RunFilter wanted(filter);  // the same text, the same mistakes
  riskflag::mlflow::Settings settings = riskflag::mlflow::settings_from(place.server);
  riskflag::http::Connector connect = connector(settings);
  riskflag::mlflow::Client client(std::move(settings), std::move(connect), {}, {kRetries, 3000});
  (void)client.rest().version();
  const std::string name = experiment.empty() ? variable("MLFLOW_EXPERIMENT_NAME") : experiment;
  std::map<std::string, std::string> experiments;  // name by id
  if (name.empty()) {
    experiments = client.experiments();
  } else if (const std::optional<std::string> id = client.find_experiment(name)) {
    experiments[*id] = name;
  } else {
    riskflag::fail(
        riskflag::ErrorCode::not_found, place.server,
        "there is no experiment " + riskflag::quoted(name) + riskflag::what_there_is(name, client.experiment_names()));
  }
  std::vector<std::string> ids;
  for (const auto& [id, named] : experiments) ids.push_back(id);
  const std::string order =
      sort.empty() ? std::string("attributes.start_time DESC")
                   : "metrics.`" + sort + "` " + (riskflag::track::smaller_is_better(sort) ? "ASC" : "DESC");
  const auto ask = [&](const std::string& words, std::size_t most) {
    Runs runs;
    for (riskflag::mlflow::ServerRun& there : client.search_runs(ids, words, order, most)) {
      const std::string& of = experiments[there.experiment_id];
      runs.push_back(record_of(std::move(there), of));
    }
    return runs;
  };
  Runs runs = ask(filter, limit);
  if (runs.empty() && !filter.empty()) wanted.require_keys(ask("", 1000));
  return runs;
}

}  // namespace

std::vector<riskflag::track::RunRecord> find_runs(const TrackingPlace& place, const std::string& experiment,
                                                  const std::string& filter, const std::string& sort, std::size_t limit,
                                                  const std::function<void(const std::string&)>& told) {
  Runs runs = place.server.empty() ? runs_of_journal(place, experiment, filter, told)
                                   : runs_of_server(place, experiment, filter, sort, limit);
  if (!sort.empty()) {
    riskflag::track::sort_runs(runs, sort,
                               riskflag::track::smaller_is_better(sort) ? riskflag::track::MetricOrder::smallest_first
                                                                        : riskflag::track::MetricOrder::greatest_first);
  }
  if (runs.size() > limit) runs.resize(limit);
  return runs;
}

std::string run_of_model(const TrackingPlace& place, const std::string& model) {
  if (!riskflag::is_directory(place.journal)) return {};
  const std::string digest = riskflag::track::detail::path_digest(model);
  const std::string server = place.server.empty() ? std::string() : riskflag::mlflow::settings_from(place.server).uri;
  std::string found;
  for (const riskflag::track::RunRecord& run : riskflag::track::read_journal(place.journal)) {  // the last one holds
    for (const auto& kept : run.artifacts) {
      if (!kept.is_model || kept.sha256 != digest) continue;
      const std::string id = server.empty()
                                 ? run.run_id
                                 : riskflag::mlflow::read_sync_state(
                                       riskflag::mlflow::sync_path(place.journal, run.run_id, server), server)
                                       .run_id;
      if (!id.empty()) found = id;
    }
  }
  return found;
}

std::uint64_t sync_journal(const std::string& journal, const std::string& server,
                           const std::function<void(const std::string&)>& told, std::stop_token stop) {
  require_place({journal, ""});
  end_dead_runs(journal, told);
  riskflag::mlflow::Settings settings = riskflag::mlflow::settings_from(server);
  riskflag::http::Connector connect = connector(settings);
  riskflag::mlflow::Client client(std::move(settings), std::move(connect), std::move(stop), {kRetries, 3000});
  (void)client.rest().version();
  client.rest().set_patience({});  // it is there: now as patient as MLflow's variables say
  std::uint64_t news = 0;
  std::set<std::string> refused;  // runs that the server does not take: the others are told all the same
  std::optional<riskflag::Error> first;
  for (const riskflag::track::RunRecord& run : read_runs(journal, told)) {  // parents before children
    riskflag::mlflow::RunSync sync(journal, run.run_id, client, told);
    bool any = false;
    try {
      while (sync.step()) any = true;
    } catch (const riskflag::Error& error) {
      if (riskflag::mlflow::concerns_all(error)) throw;
      told("run " + run.run_id + " is not told: " + error.what());
      refused.insert(run.run_id);
      if (!first) first = error;
    }
    news += any ? 1 : 0;
  }
  (void)riskflag::mlflow::sync_registry(journal, client, told, {refused, std::nullopt});
  if (first) {
    riskflag::fail(first->code(), first->where(),
                   first->message() + "; " + (refused.size() == 1 ? "that run waits" : "such runs wait") +
                       ", what else there was is told");
  }
  return news;
}

}  // namespace program
