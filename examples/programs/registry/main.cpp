// riskflag-registry: what was tried, and which model is the one: runs and registered models of a journal or an MLflow
// server.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/track/journal_reader.hpp>
#include <riskflag/track/promotion.hpp>
#include <riskflag/track/registry.hpp>

#include "../command_line.hpp"
#include "../program.hpp"
#include "../tracking/tracking.hpp"
#include "fetch.hpp"
#include "flags.hpp"
#include "moves.hpp"
#include "run_table.hpp"

namespace {

using riskflag::ErrorCode;
using riskflag::fail;
using riskflag::track::ModelVersion;

using Flags = program::RegistryFlags;
using program::known_place;
using program::place_of;

void write_version(riskflag::JsonWriter& json, const ModelVersion& version) {
  json.begin_object().key("name").value(std::string_view(version.name)).key("version").value(version.version);
  json.key("digest").value(std::string_view(version.digest)).key("run_id").value(std::string_view(version.run_id));
  json.key("created").value(std::string_view(riskflag::rfc3339(version.created_ms)));
  json.key("path").value(std::string_view(version.path)).key("description");
  json.value(std::string_view(version.description)).key("aliases").begin_array();
  for (const std::string& alias : version.aliases) json.value(std::string_view(alias));
  json.end_array().key("tags").begin_object();
  for (const auto& tag : version.tags) json.key(tag.key).value(std::string_view(tag.value));
  json.end_object().end_object();
}

int print_versions(const Flags& flags, const std::vector<ModelVersion>& versions) {
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("versions").begin_array();
    for (const ModelVersion& version : versions) write_version(json, version);
    json.end_array().end_object();
    return program::print(json.text() + "\n") ? program::kDone : program::kFailed;
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "VERSION", "ALIASES", "CREATED", "DIGEST", "RUN"}};
  for (const ModelVersion& version : versions) {
    std::string aliases;
    for (const std::string& alias : version.aliases) aliases += (aliases.empty() ? "" : ",") + alias;
    rows.push_back({version.name, std::to_string(version.version), aliases,
                    riskflag::rfc3339(version.created_ms).substr(0, 16), version.digest.substr(0, 12),
                    version.run_id.substr(0, 12)});
  }
  return program::print(program::table_text(rows)) ? program::kDone : program::kFailed;
}

int list(const Flags& flags) {
  const auto registry = program::open_registry(known_place(flags));
  if (!flags.name.empty()) riskflag::track::require_model(*registry, flags.name);
  std::vector<ModelVersion> all;
  for (const std::string& name : registry->names()) {
    if (!flags.name.empty() && name != flags.name) continue;
    for (ModelVersion& version : registry->versions(name)) all.push_back(std::move(version));
  }
  return print_versions(flags, all);
}

/// One version, and who moved aliases of its model.
int show(const Flags& flags) {
  const auto registry = program::open_registry(known_place(flags));
  const std::string uri = flags.name.starts_with("models:/") ? flags.name : "models:/" + flags.name;
  const ModelVersion version = riskflag::track::resolve(*registry, uri);
  const std::vector<std::string> trail = registry->audit(version.name);
  if (!flags.json) {
    const int done = print_versions(flags, {version});
    std::string text;
    for (const std::string& record : trail) text += record + "\n";
    return program::print(text) ? done : program::kFailed;
  }
  riskflag::JsonWriter json;
  json.begin_object().key("versions").begin_array();
  write_version(json, version);
  json.end_array().key("audit").begin_array();
  for (const std::string& record : trail) json.raw(record);
  json.end_array().end_object();
  return program::print(json.text() + "\n") ? program::kDone : program::kFailed;
}

int register_model(const Flags& flags) {
  const program::TrackingPlace place = place_of(flags);
  riskflag::track::NewVersion model;
  model.name = flags.name;
  model.source = flags.source;
  model.description = flags.description;
  if (flags.source.empty() == flags.best.empty()) {
    fail(ErrorCode::usage, "register", "takes a model directory, or --best METRIC with --experiment NAME");
  }
  if (!flags.best.empty()) {
    const riskflag::track::RunRecord best = program::best_run(place, flags.experiment, flags.best);
    for (const auto& artifact : best.artifacts) {
      if (artifact.is_model) model.source = artifact.path;
    }
    if (place.server.empty() && !model.source.empty()) model.source = riskflag::join_path(place.journal, model.source);
    if (model.source.empty()) {
      fail(ErrorCode::not_found, best.run_id, "is the best run by " + flags.best + ", but kept no model");
    }
    model.run_id = best.run_id;
  }
  const bool at_server = !flags.best.empty() && !place.server.empty();
  if (!at_server && !riskflag::exists(riskflag::join_path(model.source, "manifest.json"))) {
    fail(ErrorCode::not_found, model.source,
         riskflag::is_directory(model.source) ? "is no model directory: it has no manifest.json"
         : riskflag::exists(model.source)     ? "is a file; a model directory is accepted"
                                              : "there is no such directory; a model directory is accepted");
  }
  if (model.run_id.empty()) model.run_id = program::run_of_model(place, model.source);
  const auto registry = program::open_registry(place);
  if (!flags.alias.empty()) riskflag::track::require_free_alias(*registry, flags.name, flags.alias);
  ModelVersion version = registry->register_model(model);
  if (version.version > 1) {
    std::fprintf(stderr,
                 "note: the model %s was there already: this is its version %llu; its aliases stay where they are "
                 "(riskflag-registry promote moves one)\n",
                 riskflag::quoted(version.name).c_str(), static_cast<unsigned long long>(version.version));
  }
  if (!flags.alias.empty()) {
    riskflag::track::give_alias(*registry, version.name, flags.alias, version.version);
    version.aliases.push_back(flags.alias);
  }
  return print_versions(flags, {version});
}

/// Creates or deletes; a move is promote's, which asks for reasons.
int alias(const Flags& flags) {
  using riskflag::track::give_alias;
  if (flags.remove == (flags.version != 0)) {
    fail(ErrorCode::usage, "alias",
         flags.remove ? "takes a version or --delete, not both" : "needs a version, or --delete");
  }
  if (!flags.remove && !(flags.approved_by + flags.reason).empty()) {
    fail(ErrorCode::usage, flags.reason.empty() ? "--approved-by" : "--reason",
         "belongs to --delete; promote takes it too");
  }
  const riskflag::track::Approval approval{flags.approved_by, flags.reason, {}};
  if (flags.remove) program::require_approval(approval);
  const auto registry = program::open_registry(known_place(flags));
  riskflag::track::require_model(*registry, flags.name);
  if (flags.remove) {
    const auto move = riskflag::track::take_alias(*registry, flags.name, flags.alias, approval);
    return program::print(flags.json ? move.record + "\n"
                                     : move.name + " has no alias " + move.alias + " now; it was at version " +
                                           std::to_string(move.from.version) + "\n")
               ? program::kDone
               : program::kFailed;
  }
  give_alias(*registry, flags.name, flags.alias, flags.version);
  return print_versions(flags, {*registry->find_version(flags.name, flags.version)});
}

int sync(const Flags& flags) {
  program::Interrupt interrupt;
  const std::uint64_t runs = program::sync_journal(
      flags.directory, flags.server,
      [](const std::string& message) { std::fprintf(stderr, "note: %s\n", message.c_str()); }, interrupt.token());
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("runs").value(runs).end_object();
    return program::print(json.text() + "\n") ? program::kDone : program::kFailed;
  }
  return program::print(std::to_string(runs) + (runs == 1 ? " run" : " runs") + " had something to send\n")
             ? program::kDone
             : program::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Lists runs, and keeps registered models: of a journal on this disk, or of an MLflow server.\n"
      "--tracking says which; MLFLOW_TRACKING_URI unless given. COMMAND --help lists its flags.",
      "riskflag-registry");
  Flags flags;
  line.add_option("--tracking", flags.tracking, "journal:DIR, http://HOST:PORT or https://HOST:PORT")
      .type_name("WHERE");
  line.add_flag("--json", flags.json, "one JSON object on stdout");

  auto runs = line.add_command("runs", "runs, compared by their metrics");
  runs.add_option("--experiment", flags.experiment, "of this experiment alone").type_name("NAME");
  runs.add_option("--sort", flags.sort, "best first by this metric, such as test.roc_auc").type_name("METRIC");
  runs.add_option("--filter", flags.filter, "such as \"metrics.test.roc_auc > 0.7 and params.num_leaves = '31'\"")
      .type_name("TEXT");
  runs.add_option("--limit", flags.limit, "at most so many (50)").range(1, 50000).type_name("N");
  auto listing = line.add_command("list", "versions of all registered models, or of one");
  listing.add_option("name", flags.name, "registered model");
  auto showing = line.add_command("show", "one version: NAME@ALIAS or NAME/VERSION");
  showing.add_option("name", flags.name, "NAME@ALIAS or NAME/VERSION").required();
  auto registering = line.add_command("register", "adds a version to a registered model");
  registering.add_option("directory", flags.source, "model directory");
  registering.add_option("--name", flags.name, "registered model; made with its first version")
      .required()
      .type_name("NAME");
  registering.add_option("--alias", flags.alias, "given to the version, where it is free").type_name("A");
  registering.add_option("--best", flags.best, "the model of the best run by this metric; roc_auc is test.roc_auc")
      .type_name("METRIC");
  registering.add_option("--experiment", flags.experiment, "of --best").type_name("NAME");
  registering.add_option("--description", flags.description, "a sentence for people").type_name("TEXT");
  auto aliasing = line.add_command("alias", "gives a version an alias that is free, or deletes one");
  aliasing.add_option("name", flags.name, "registered model").required();
  aliasing.add_option("alias", flags.alias, "letters, digits, _ and -").required();
  aliasing.add_option("version", flags.version, "that gets it");
  aliasing.add_flag("--delete", flags.remove, "nothing has it any more, until that version is given it again");
  aliasing.add_option("--approved-by", flags.approved_by, "of --delete: who answers for it").type_name("WHO");
  aliasing.add_option("--reason", flags.reason, "of --delete: why").type_name("TEXT");
  const auto ask = [&](program::Command& command) {
    command.add_option("--data", flags.gate.data, "labelled rows that neither model has learned from")
        .required()
        .type_name("F.csv");
    command
        .add_option("--metric", flags.gate.metrics,
                    "roc_auc (unless given), gini, pr_auc, ks, log_loss, brier, rmse, mae")
        .type_name("NAME");
    command.add_option("--target", flags.gate.target, "column of outcomes, where the champion knows none")
        .type_name("COL");
    command.add_option("--weight", flags.gate.weight, "column of row weights").type_name("COL");
    command.add_option("--group-by", flags.gate.group_by, "columns of which equal cells make rows belong together")
        .type_name("COL,...");
  };
  const auto answer_for = [&](program::Command& command) {
    command.add_option("--approved-by", flags.approved_by, "who answers for it").required().type_name("WHO");
    command.add_option("--reason", flags.reason, "why").required().type_name("TEXT");
  };
  auto comparing = line.add_command("compare", "two models on the same rows");
  comparing.add_option("challenger", flags.challenger, "model directory, or models:/NAME/VERSION").required();
  comparing.add_option("champion", flags.champion, "model directory, or models:/NAME@ALIAS").required();
  ask(comparing);
  comparing.add_option("--margin", flags.gate.margin, "how much worse still passes (0)").type_name("X");
  auto promoting = line.add_command("promote", "moves an alias to a version that is not worse");
  promoting.add_option("challenger", flags.challenger, "NAME/VERSION or NAME@ALIAS").required();
  promoting.add_option("--over", flags.over, "the alias (champion)").type_name("ALIAS");
  ask(promoting);
  promoting.add_option("--margin", flags.gate.margin, "how much worse the challenger may be on each metric")
      .required()
      .type_name("X");
  answer_for(promoting);
  auto rolling_back = line.add_command("rollback", "moves an alias back to where it was before");
  rolling_back.add_option("name", flags.name, "registered model").required();
  rolling_back.add_option("--alias", flags.over, "the alias (champion)").type_name("ALIAS");
  answer_for(rolling_back);
  auto collecting = line.add_command("gc", "removes old versions that have no alias and never were promoted");
  collecting.add_option("name", flags.name, "of this registered model alone");
  collecting.add_option("--keep", flags.keep, "newest versions of each model that stay (10)")
      .range(1, 1'000'000)
      .type_name("N");
  collecting
      .add_option("--decision-log", flags.decision_logs, "of servers; a version that decided what lies there stays")
      .type_name("DIR");
  collecting.add_flag("--dry-run", flags.dry_run, "only says which");
  auto syncing = line.add_command("sync", "tells a journal to an MLflow server; what it knows is not sent twice");
  syncing.add_option("directory", flags.directory, "of the journal").required();
  syncing.add_option("server", flags.server, "http://HOST:PORT or https://HOST:PORT").required();
  auto fetching = line.add_command("fetch", "copies a version into a new directory");
  fetching.add_option("name", flags.name, "NAME@ALIAS or NAME/VERSION").required();
  fetching.add_option("directory", flags.directory, "that nothing has yet").required();
  return line.run(argc, argv, [&] {
    if (runs.given()) {
      return program::print_runs(
          {known_place(flags), flags.experiment, flags.sort, flags.filter, flags.limit, flags.json});
    }
    if (listing.given()) return list(flags);
    if (showing.given()) return show(flags);
    if (fetching.given()) return program::fetch(flags);
    if (registering.given()) return register_model(flags);
    if (aliasing.given()) return alias(flags);
    if (comparing.given()) return program::compare(flags);
    if (promoting.given()) return program::promote(flags);
    if (rolling_back.given()) return program::rollback(flags);
    if (collecting.given()) return program::collect_garbage(flags);
    return sync(flags);
  });
}
