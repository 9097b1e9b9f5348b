#pragma once

// Moves of an alias that somebody answers for, and the way back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::track {

/// Who answers for a move, why, and what it rests on.
struct Approval {
  std::string approved_by, reason;  ///< neither may be empty
  std::string evidence{};           ///< a JSON value, such as the metrics of both models on one file; empty: null
};

/// A move that was made.
struct Promotion {
  std::string name, alias;
  ModelVersion from, to;
  std::string record;  ///< the line of the audit trail
};

/// The alias that remembers where `alias` was: "previous" for champion, "previous-ALIAS" for others.
[[nodiscard]] inline std::string previous_alias(std::string_view alias) {
  return alias == "champion" ? "previous" : "previous-" + std::string(alias);
}

/// Moves `alias` from `from`, where the approval saw it, to `to`, and previous_alias() to `from`. The record comes
/// first, so that no move is without one; a kill between the steps leaves the alias where it was, and the same call
/// again finishes. Throws Error(usage) for an approval without a name or reason and for a move to where the alias is,
/// Error(invalid_option) when somebody moved it meanwhile.
Promotion promote(Registry& registry, std::string_view name, std::string_view alias, std::uint64_t from,
                  std::uint64_t to, const Approval& approval);

/// Moves `alias` back to where previous_alias() is, and that to where the alias was: a second call undoes the first.
/// Throws Error(not_found) without one of the two, Error(usage) as promote does.
Promotion roll_back(Registry& registry, std::string_view name, std::string_view alias, const Approval& approval);

// definitions

namespace detail {

inline void check_approval(const Approval& approval) {
  if (trimmed(approval.approved_by).empty()) {
    fail(ErrorCode::usage, "approved_by", "is needed: who answers for the move");
  }
  if (trimmed(approval.reason).empty()) fail(ErrorCode::usage, "reason", "is needed: why, in a sentence");
}

[[nodiscard]] inline ModelVersion holder(const Registry& registry, std::string_view name, std::string_view alias) {
  std::optional<ModelVersion> found = registry.find_alias(name, alias);
  if (!found) {
    fail(ErrorCode::not_found, std::string(name),
         "nothing has the alias " + quoted(alias) + "; give it to a version first");
  }
  return *std::move(found);
}

[[nodiscard]] inline std::string audit_record(std::string_view event, const Promotion& move, const Approval& approval) {
  JsonWriter json;
  json.begin_object().key("v").value(1).key("ts").value(std::string_view(rfc3339(now_ms())));
  json.key("event").value(event).key("alias").value(std::string_view(move.alias));
  for (const auto& [key, version] : {std::pair("from", &move.from), std::pair("to", &move.to)}) {
    json.key(key).begin_object().key("version").value(version->version);
    json.key("digest").value(std::string_view(version->digest)).end_object();
  }
  json.key("approved_by").value(std::string_view(approval.approved_by));
  json.key("reason").value(std::string_view(approval.reason)).key("evidence");
  if (approval.evidence.empty())
    json.null();
  else
    json.raw(approval.evidence);
  json.end_object();
  return std::move(json).text();
}

}  // namespace detail

inline Promotion promote(Registry& registry, std::string_view name, std::string_view alias, std::uint64_t from,
                         std::uint64_t to, const Approval& approval) {
  detail::check_approval(approval);
  Promotion move{std::string(name), std::string(alias), detail::holder(registry, name, alias), {}, {}};
  if (move.from.version != from) {
    fail(ErrorCode::invalid_option, move.name,
         "alias " + quoted(alias) + " was moved to version " + std::to_string(move.from.version) +
             " meanwhile; compare with that one");
  }
  if (from == to) {
    fail(ErrorCode::usage, move.name, "version " + std::to_string(to) + " is " + quoted(alias) + " already");
  }
  std::optional<ModelVersion> target = registry.find_version(name, to);
  if (!target) fail(ErrorCode::not_found, move.name, "there is no version " + std::to_string(to));
  move.to = *std::move(target);
  move.record = detail::audit_record("promote", move, approval);
  registry.append_audit(name, to, move.record);
  registry.set_alias(name, previous_alias(alias), from);
  registry.set_alias(name, alias, to);
  return move;
}

inline Promotion roll_back(Registry& registry, std::string_view name, std::string_view alias,
                           const Approval& approval) {
  detail::check_approval(approval);
  const std::string before = previous_alias(alias);
  Promotion move{std::string(name), std::string(alias), detail::holder(registry, name, alias), {}, {}};
  std::optional<ModelVersion> target = registry.find_alias(name, before);
  if (!target || target->version == move.from.version) {
    fail(ErrorCode::not_found, move.name,
         "there is nothing to go back to: no version has the alias " + quoted(before) + " but for the one in use");
  }
  move.to = *std::move(target);
  move.record = detail::audit_record("rollback", move, approval);
  registry.append_audit(name, move.to.version, move.record);
  // In this order: a kill in between leaves the model that was asked for in use.
  registry.set_alias(name, alias, move.to.version);
  registry.set_alias(name, before, move.from.version);
  return move;
}

}  // namespace riskflag::inline v0_1::track
