// riskflag-monitor: the logs of riskflag-serve judged against the model's training: a page for people, a verdict for
// schedules.

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor.hpp>
#include <riskflag/report/monitoring.hpp>

#include "../command_line.hpp"
#include "../program.hpp"
#include "../tracking/open_model.hpp"
#include "evidence.hpp"

namespace {

constexpr int kStable = program::kDone, kDrift = 3, kDecay = 4;

std::string evidence_json(const riskflag::monitor::Evidence& evidence, const std::string& output) {
  const auto verdict = riskflag::monitor::judge(evidence);
  riskflag::JsonWriter json;
  json.begin_object().key("decision").value(name_of(verdict.state)).key("reason").value(verdict.reason);
  json.key("model").begin_object().key("name").value(evidence.model_name).key("version").value(evidence.model_version);
  json.key("digest").value(evidence.model_digest).end_object();
  json.key("decisions").value(evidence.decisions).key("other_models").value(evidence.other_models);
  json.key("torn").value(evidence.torn).key("outcome_files");
  evidence.outcome_files ? json.value(*evidence.outcome_files) : json.null();
  json.key("from").value(riskflag::rfc3339(evidence.from_ms));
  json.key("until").value(riskflag::rfc3339(evidence.until_ms)).key("drift").begin_array();
  for (const auto& each : evidence.drift) {
    json.begin_object().key("field").value(each.field).key("rows").value(each.rows).key("psi").value(each.psi);
    json.key("threshold").value(each.threshold).key("jensen_shannon").value(each.jensen_shannon);
    json.key("chi_square").value(each.chi_square.statistic).key("degrees").value(each.chi_square.degrees);
    json.key("ks");
    each.ks ? json.value(*each.ks) : json.null();
    json.key("wasserstein");
    each.wasserstein ? json.value(*each.wasserstein) : json.null();
    for (const auto& [name, rates] : {std::pair("training", &each.training), std::pair("live", &each.live)}) {
      json.key(name)
          .begin_object()
          .key("missing")
          .value(rates->missing)
          .key("unseen")
          .value(rates->unseen)
          .end_object();
    }
    json.key("alarm").value(each.alarm).end_object();
  }
  json.end_array().key("row_drift");
  if (const auto& rows = evidence.row_drift) {
    json.begin_object().key("training_rows").value(rows->training_rows).key("rows").value(rows->rows);
    json.key("roc_auc").value(rows->roc_auc).key("limit").value(rows->limit).key("alarm").value(rows->alarm);
    json.key("fields").begin_array();
    for (const auto& [field, share] : rows->fields) {
      json.begin_object().key("field").value(field).key("share").value(share).end_object();
    }
    json.end_array().end_object();
  } else {
    json.null();
  }
  json.key("expected_roc_auc");
  evidence.expected_roc_auc ? json.value(*evidence.expected_roc_auc) : json.null();
  json.key("decay_limit");
  const auto limit = riskflag::monitor::decay_limit(evidence);
  limit ? json.value(*limit) : json.null();
  json.key("estimated").begin_object();
  const auto estimated = [&json](const char* name, const riskflag::metrics::Metric& metric) {
    json.key(name);
    metric ? json.value(*metric.value) : json.null();
  };
  estimated("roc_auc", evidence.estimated.roc_auc);
  estimated("brier", evidence.estimated.brier);
  estimated("accuracy", evidence.estimated.accuracy);
  json.end_object().key("performance");
  riskflag::monitor::write_performance(json, evidence.performance);
  json.key("weeks").begin_array();
  for (const auto& week : evidence.weeks) riskflag::monitor::write_performance(json, week);
  json.end_array().key("output");
  output.empty() ? json.null() : json.value(riskflag::absolute_path(output));
  json.end_object();
  return std::move(json).text() + "\n";
}

struct Flags : program::EvidenceFlags {
  std::string output, tracking;
  bool report = false, decide = false, json = false, quiet = false;
};

int run(const Flags& flags) {
  using riskflag::ErrorCode;
  const auto need = [](const char* flag, const std::string& value, const char* what) {
    if (value.empty()) riskflag::fail(ErrorCode::usage, flag, std::string("is needed: ") + what);
  };
  if (flags.report == flags.decide) riskflag::fail(ErrorCode::usage, "task", "report or decide is needed, one of them");
  need("--log", flags.log, "the decision log of riskflag-serve");
  if (!flags.role.empty() && flags.role != "champion" && flags.role != "challenger" && flags.role != "shadow") {
    riskflag::fail(ErrorCode::usage, "--role",
                   riskflag::quoted(flags.role) + " is no role; champion, challenger and shadow are");
  }
  need("--reference", flags.reference, "the model that made the decisions");
  if (flags.report) need("--output", flags.output, "the page to write");
  if (flags.decide && !flags.output.empty()) {
    riskflag::fail(ErrorCode::usage, "--output", "belongs to report; decide prints its JSON on stdout");
  }
  program::Interrupt interrupt;
  const program::FoundModel model =
      program::open_model(flags.reference, flags.tracking, [](const std::string& message) {
        // What a server meant last time judges nothing.
        riskflag::fail(ErrorCode::io, "--tracking", message);
      });
  const auto evidence = program::gather(flags, model.bundle, interrupt.token());
  const auto verdict = riskflag::monitor::judge(evidence);
  if (flags.report) riskflag::write_file(flags.output, riskflag::report::render_monitoring(evidence));
  if (flags.decide || flags.json) {
    if (!program::print(evidence_json(evidence, flags.output))) return program::kFailed;
  }
  if (!flags.quiet) {
    std::fprintf(stderr, "riskflag-monitor: %s: %s\n", std::string(name_of(verdict.state)).c_str(),
                 verdict.reason.c_str());
  }
  if (flags.report) return program::kDone;
  using State = riskflag::monitor::Verdict::State;
  return verdict.state == State::decay ? kDecay : verdict.state == State::drift ? kDrift : kStable;
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Judges the decisions that riskflag-serve logged: do the applicants still look like those of the\n"
      "training, and how good were the scores? Only decisions of the model in --reference count.",
      "riskflag-monitor");
  Flags flags;
  line.add_option("--log", flags.log, "decision log: a file, or the directory of one or many servers").type_name("LOG");
  line.add_option("--outcomes", flags.outcomes, "what /v1/outcomes took: a file or a directory").type_name("LOG");
  line.add_option("--reference", flags.reference, "the model with its training profile: DIR, or models:/NAME@ALIAS")
      .type_name("MODEL");
  line.add_option("--training", flags.training, "the table it learned from: whole rows are compared with it too")
      .type_name("F.csv");
  line.add_option("--tracking", flags.tracking, "where models:/ is: journal:DIR or http://…").type_name("WHERE");
  line.add_option("--role", flags.role, "judge what it decided as champion, challenger or shadow (the first two)")
      .type_name("ROLE");
  line.add_option("--since", flags.since, "decisions from then on: 2026-11-29 or an RFC 3339 time").type_name("T");
  line.add_option("--until", flags.until, "decisions before then").type_name("T");
  line.add_option("--output", flags.output, "report: the page to write").type_name("pack.html");
  line.add_flag("--json", flags.json, "report: one JSON object on stdout; decide prints it always");
  line.add_flag("--quiet", flags.quiet, "no messages");
  line.add_task("report", flags.report, "writes a page: drift, performance by week, calibration", "");
  line.add_task("decide", flags.decide, "exits 0 stable, 3 drift, 4 decay, and says why as JSON", "");
  return line.run(argc, argv, [&] { return run(flags); });
}
