#pragma once

// Moves of an alias that somebody answers for, and the way back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
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
  ModelVersion from, to;  ///< version 0 after take_alias(), which moves it nowhere
  std::string record;     ///< the line of the audit trail
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

/// Takes `alias` away from its version, the record first. Throws Error(not_found) where nothing has it, Error(usage) as
/// promote does.
Promotion take_alias(Registry& registry, std::string_view name, std::string_view alias, const Approval& approval);

/// Gives `version` an alias that nothing has: one that never was anywhere, or, where it was taken away, the version
/// that it was taken from. Anything else would be a move, which promote() and roll_back() make. Throws Error(usage)
/// then, also for previous_alias() of one, which no hand sets: roll_back() goes there.
void give_alias(Registry& registry, std::string_view name, std::string_view alias, std::uint64_t version);
/// Throws as give_alias does, for any version that is not there yet.
void require_free_alias(const Registry& registry, std::string_view name, std::string_view alias);

/// The version that an alias was at last by a trail, the oldest record first; nullopt when the trail has nothing of it.
[[nodiscard]] std::optional<std::uint64_t> last_version(const std::vector<std::string>& trail, std::string_view alias);

// definitions

namespace detail {

[[nodiscard]] inline bool is_previous(std::string_view alias) {
  return alias == "previous" || alias.starts_with("previous-");
}

inline void check_approval(const Approval& approval) {
  if (trimmed(approval.approved_by).empty()) {
    fail(ErrorCode::usage, "approved_by", "is needed: who answers for the move");
  }
  if (trimmed(approval.reason).empty()) fail(ErrorCode::usage, "reason", "is needed: why, in a sentence");
}

[[nodiscard]] inline ModelVersion holder(const Registry& registry, std::string_view name, std::string_view alias) {
  std::optional<ModelVersion> found = registry.find_alias(name, alias);
  if (found) return *std::move(found);
  require_model(registry, name);
  const std::string missing = "nothing has the alias " + quoted(alias);
  if (const auto last = last_version(registry.audit(name), alias)) {
    fail(ErrorCode::not_found, std::string(name),
         missing + "; it was at version " + std::to_string(*last) + ", which can be given it again");
  }
  fail(ErrorCode::not_found, std::string(name),
       missing + what_there_is(alias, aliases_of(registry, name)) + "; a version can be given one that is free");
}

inline void refuse_previous(std::string_view alias) {
  if (!is_previous(alias)) return;
  fail(ErrorCode::usage, "alias",
       quoted(alias) + " moves with the alias that it remembers the last version of; promote or roll back that one");
}

/// Where the trail allows the alias to be set, if it is nowhere.
[[nodiscard]] inline std::optional<std::uint64_t> last_place(const Registry& registry, std::string_view name,
                                                             std::string_view alias) {
  if (const auto taken = registry.find_alias(name, alias)) {
    fail(ErrorCode::usage, std::string(name),
         "alias " + quoted(alias) + " is at version " + std::to_string(taken->version) +
             "; riskflag-registry promote moves it, rollback moves it back");
  }
  const auto last = last_version(registry.audit(name), alias);
  if (!last) refuse_previous(alias);
  return last;
}

[[noreturn]] inline void refuse_gift(std::string_view name, std::string_view alias, std::uint64_t last) {
  const std::string version = std::to_string(last);
  fail(ErrorCode::usage, std::string(name),
       "alias " + quoted(alias) + " was at version " + version +
           " when it was taken away, and goes to no other: " + "give it back (riskflag-registry alias " +
           std::string(name) + " " + std::string(alias) + " " + version + "), then riskflag-registry promote moves it");
}

[[nodiscard]] inline std::string audit_record(std::string_view event, const Promotion& move, const Approval& approval) {
  JsonWriter json;
  json.begin_object().key("v").value(1).key("ts").value(std::string_view(rfc3339(now_ms())));
  json.key("event").value(event).key("alias").value(std::string_view(move.alias));
  for (const auto& [key, version] : {std::pair("from", &move.from), std::pair("to", &move.to)}) {
    json.key(key);
    if (version->version == 0) {
      json.null();
      continue;
    }
    json.begin_object().key("version").value(version->version);
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
  detail::refuse_previous(alias);
  const auto turn = registry.take_turn(name);
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
  if (!target)
    fail(ErrorCode::not_found, move.name,
         "there is no version " + std::to_string(to) + detail::versions_there_are(registry, name));
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
  detail::refuse_previous(alias);
  const std::string before = previous_alias(alias);
  const auto turn = registry.take_turn(name);
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

inline Promotion take_alias(Registry& registry, std::string_view name, std::string_view alias,
                            const Approval& approval) {
  detail::check_approval(approval);
  const auto turn = registry.take_turn(name);
  Promotion move{std::string(name), std::string(alias), detail::holder(registry, name, alias), {}, {}};
  move.record = detail::audit_record("unalias", move, approval);
  registry.append_audit(name, move.from.version, move.record);
  registry.remove_alias(name, alias);
  return move;
}

inline void give_alias(Registry& registry, std::string_view name, std::string_view alias, std::uint64_t version) {
  const auto turn = registry.take_turn(name);
  const auto last = detail::last_place(registry, name, alias);
  if (last && *last != version) detail::refuse_gift(name, alias, *last);
  if (!registry.find_version(name, version)) {
    fail(ErrorCode::not_found, std::string(name),
         "there is no version " + std::to_string(version) + detail::versions_there_are(registry, name));
  }
  registry.set_alias(name, alias, version);
}

inline void require_free_alias(const Registry& registry, std::string_view name, std::string_view alias) {
  if (const auto last = detail::last_place(registry, name, alias)) detail::refuse_gift(name, alias, *last);
}

inline std::optional<std::uint64_t> last_version(const std::vector<std::string>& trail, std::string_view alias) {
  for (auto record = trail.rbegin(); record != trail.rend(); ++record) {
    const Json json = value_or_throw(read_json(*record, "audit trail"));
    const auto text = [&](std::string_view key) { return value_or_throw(value_or_throw(json.at(key))->string()); };
    const bool taken = text("event") == "unalias";
    const std::string moved = text("alias");
    // A move leaves previous_alias() where it came from.
    if (moved != alias && (taken || previous_alias(moved) != alias)) continue;
    const Json* place = value_or_throw(json.at(taken || moved != alias ? "from" : "to"));
    return value_or_throw(value_or_throw(place->at("version"))->unsigned_integer());
  }
  return std::nullopt;
}

}  // namespace riskflag::inline v0_1::track
