#pragma once

// Which version is the one: compare, promote, rollback, and what may be thrown away (gc).

#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/decision_record.hpp>
#include <riskflag/track/promotion.hpp>

#include "../program.hpp"
#include "../tracking/open_model.hpp"
#include "flags.hpp"

namespace program {

/// A model directory, or a registered version where `uri` names one.
inline riskflag::bundle::Bundle open_model(const RegistryFlags& flags, const std::string& uri) {
  return open_model(uri, flags.tracking,
                    [](const std::string& message) {
                      // What a server meant last time decides nothing.
                      riskflag::fail(riskflag::ErrorCode::io, "--tracking", message);
                    })
      .bundle;
}

inline std::string version_uri(const riskflag::track::ModelVersion& version) {
  return "models:/" + version.name + "/" + std::to_string(version.version);
}

inline int compare(const RegistryFlags& flags) {
  const GateAnswer answer = judge(open_model(flags, flags.challenger), open_model(flags, flags.champion), flags.gate);
  const std::string text = flags.json ? answer_json(answer, flags.gate.margin) + "\n" : answer_table(answer);
  return print(text) ? kDone : kFailed;
}

inline int print_move(const RegistryFlags& flags, const riskflag::track::Promotion& move) {
  if (flags.json) return print(move.record + "\n") ? kDone : kFailed;
  return print(move.name + "@" + move.alias + " is version " + std::to_string(move.to.version) + " now; version " +
               std::to_string(move.from.version) + " is " + riskflag::track::previous_alias(move.alias) + "\n")
             ? kDone
             : kFailed;
}

/// By the names of the flags, which may be given and empty.
inline void require_approval(const riskflag::track::Approval& approval) {
  using riskflag::ErrorCode;
  if (riskflag::trimmed(approval.approved_by).empty())
    riskflag::fail(ErrorCode::usage, "--approved-by", "is needed: who answers for it");
  if (riskflag::trimmed(approval.reason).empty())
    riskflag::fail(ErrorCode::usage, "--reason", "is needed: why, in a sentence");
}

/// Every reason to refuse stands before the minutes of scoring, but for the gate's own.
inline int promote(const RegistryFlags& flags) {
  using riskflag::ErrorCode;
  using riskflag::fail;
  riskflag::track::Approval approval{flags.approved_by, flags.reason, {}};
  require_approval(approval);
  riskflag::track::detail::refuse_previous(flags.over);
  const auto registry = open_registry(known_place(flags));
  const std::string uri = flags.challenger.starts_with("models:/") ? flags.challenger : "models:/" + flags.challenger;
  const riskflag::track::ModelVersion challenger = riskflag::track::resolve(*registry, uri);
  const riskflag::track::ModelVersion champion =
      riskflag::track::detail::holder(*registry, challenger.name, flags.over);
  if (challenger.version == champion.version) {
    fail(ErrorCode::usage, challenger.name,
         "version " + std::to_string(challenger.version) + " is " + riskflag::quoted(flags.over) + " already");
  }
  const GateAnswer answer =
      judge(open_model(flags, version_uri(challenger)), open_model(flags, version_uri(champion)), flags.gate);
  if (!riskflag::study::all_passed(answer.metrics)) {
    std::string why;
    for (const auto& metric : answer.metrics) {
      if (metric.passed) continue;
      why += (why.empty() ? "" : "; ") + metric.name + " " + fixed(metric.challenger) + " against " +
             fixed(metric.champion) + ", of whose difference the bound is " + fixed(metric.lower_bound) +
             ", not above " + fixed(-flags.gate.margin);
    }
    fail(ErrorCode::invalid_data, challenger.name,
         "version " + std::to_string(challenger.version) + " may not take the place of version " +
             std::to_string(champion.version) + ": " + why);
  }
  approval.evidence = answer_json(answer, flags.gate.margin);
  return print_move(flags, riskflag::track::promote(*registry, challenger.name, flags.over, champion.version,
                                                    challenger.version, approval));
}

inline int rollback(const RegistryFlags& flags) {
  require_approval({flags.approved_by, flags.reason, {}});
  const auto registry = open_registry(known_place(flags));
  riskflag::track::require_model(*registry, flags.name);
  return print_move(
      flags, riskflag::track::roll_back(*registry, flags.name, flags.over, {flags.approved_by, flags.reason, {}}));
}

/// Versions that the audit trail speaks of.
inline std::set<std::uint64_t> audited(const riskflag::track::Registry& registry, const std::string& name) {
  std::set<std::uint64_t> out;
  for (const std::string& record : registry.audit(name)) {
    const riskflag::Json json = riskflag::value_or_throw(riskflag::read_json(record, "audit trail of " + name));
    for (const char* key : {"from", "to"}) {
      const riskflag::Json* side = riskflag::value_or_throw(json.at(key));
      if (side->is_null()) continue;  // an alias that was taken away
      out.insert(riskflag::value_or_throw(riskflag::value_or_throw(side->at("version"))->unsigned_integer()));
    }
  }
  return out;
}

/// The digests of the models whose decisions still lie in those logs.
inline std::set<std::string> decided(const std::vector<std::string>& logs) {
  std::set<std::string> out;
  for (const std::string& log : logs) {
    riskflag::monitor::each_log_line(riskflag::monitor::log_paths(log, "decisions"),
                                     [&](std::string_view line, const std::string& where) {
                                       out.insert(riskflag::monitor::parse_decision(line, where).model_digest);
                                     });
  }
  return out;
}

/// Removes versions that are old, have no alias, never had a part in a promotion, and no decisions in --decision-log.
inline int collect_garbage(const RegistryFlags& flags) {
  const auto registry = open_registry(known_place(flags));
  if (!flags.name.empty()) riskflag::track::require_model(*registry, flags.name);
  std::set<std::string> of_decisions = decided(flags.decision_logs);
  if (!flags.decision_logs.empty()) of_decisions.insert("");  // whose digest is not known may be one of them
  std::vector<std::pair<std::string, std::uint64_t>> removed;
  for (const std::string& name : registry->names()) {
    if (!flags.name.empty() && name != flags.name) continue;
    const std::set<std::uint64_t> spoken_of = audited(*registry, name);
    const auto versions = registry->versions(name);
    for (std::size_t i = 0; i + flags.keep < versions.size(); ++i) {
      if (!versions[i].aliases.empty() || spoken_of.contains(versions[i].version)) continue;
      if (of_decisions.contains(versions[i].digest)) continue;  // --replay needs it
      if (!flags.dry_run) registry->remove_version(name, versions[i].version);
      removed.emplace_back(name, versions[i].version);
    }
  }
  std::string text;
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("dry_run").value(flags.dry_run).key("removed").begin_array();
    for (const auto& [name, version] : removed) {
      json.begin_object().key("name").value(std::string_view(name)).key("version").value(version).end_object();
    }
    json.end_array().end_object();
    text = json.text() + "\n";
  } else {
    for (const auto& [name, version] : removed) text += name + "/" + std::to_string(version) + "\n";
    text += std::to_string(removed.size()) + (removed.size() == 1 ? " version" : " versions") +
            (flags.dry_run ? " would be removed\n" : " removed\n");
  }
  return print(text) ? kDone : kFailed;
}

}  // namespace program
