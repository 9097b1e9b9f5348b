#pragma once

// A local registry's audit trail, told to an MLflow server.

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/mlflow/client.hpp>

namespace riskflag::inline v0_1::mlflow::detail {

/// A version's tags with this prefix are the audit trail; what follows sorts them, oldest first.
inline constexpr std::string_view kAuditTag = "riskflag.audit.";

/// The records of a trail by the alias that they speak of, each list oldest first.
[[nodiscard]] inline std::map<std::string, std::vector<std::string>> audit_by_alias(
    const std::vector<std::string>& trail) {
  std::map<std::string, std::vector<std::string>> out;
  for (const std::string& record : trail) {
    const Json json = value_or_throw(read_json(record, "audit trail"));
    out[value_or_throw(value_or_throw(json.at("alias"))->string())].push_back(record);
  }
  return out;
}

inline void write_value(JsonWriter& out, const Json& value) {
  switch (value.kind()) {
    case Json::Kind::null: out.null(); return;
    case Json::Kind::boolean: out.value(*value.boolean()); return;
    case Json::Kind::string: out.value(std::string_view(*value.string())); return;
    case Json::Kind::number:
      if (const Result<std::int64_t> whole = value.integer(); whole.ok())
        out.value(*whole);
      else
        out.value(*value.number());
      return;
    case Json::Kind::array:
      out.begin_array();
      for (const Json& item : *value.array()) write_value(out, item);
      out.end_array();
      return;
    case Json::Kind::object:
      out.begin_object();
      for (const auto& [key, member] : *value.object()) {
        out.key(key);
        write_value(out, member);
      }
      out.end_object();
      return;
  }
}

/// A record as the server's trail has it.
struct ServerRecord {
  std::string key, text;
  std::uint64_t version = 0;  ///< that it is kept with; 0: the server has not all of its versions
};

/// With the server's version numbers instead of ours. The key is the record's own, so that it is kept once.
[[nodiscard]] inline ServerRecord server_record(const std::string& record,
                                                const std::map<std::uint64_t, std::uint64_t>& versions) {
  const Json json = value_or_throw(read_json(record, "audit trail"));
  const std::string ts = value_or_throw(value_or_throw(json.at("ts"))->string());
  ServerRecord out;
  out.key =
      std::string(kAuditTag) + std::to_string(parse_rfc3339(ts).value_or(0)) + "-" + sha256_hex(record).substr(0, 8);
  JsonWriter writer;
  writer.begin_object();
  for (const auto& [key, value] : *json.object()) {  // it has a ts, so it is one
    writer.key(key);
    const Json* number = key == "from" || key == "to" ? value.find("version") : nullptr;
    if (number == nullptr) {
      write_value(writer, value);
      continue;
    }
    const auto theirs = versions.find(value_or_throw(number->unsigned_integer()));
    if (theirs == versions.end()) return {};
    out.version = theirs->second;  // "to" comes after "from"
    writer.begin_object();
    for (const auto& [inner, what] : *value.object()) {
      writer.key(inner);
      if (inner == "version")
        writer.value(out.version);
      else
        write_value(writer, what);
    }
    writer.end_object();
  }
  writer.end_object();
  out.text = std::move(writer).text();
  return out;
}

/// Sends the records of one alias from the `sent`th on, and counts them there.
inline void send_audit(Client& client, const std::string& name, const std::vector<std::string>& records,
                       const std::map<std::uint64_t, std::uint64_t>& versions, std::uint64_t& sent, const Told& told) {
  for (; sent < records.size(); ++sent) {
    const ServerRecord record = server_record(records[sent], versions);
    if (record.version != 0) {
      client.set_version_tag(name, record.version, record.key, record.text);
    } else if (told) {
      told("a record of the audit trail of " + name +
           " is left out: it speaks of a version that is no longer here: " + records[sent]);
    }
  }
}

}  // namespace riskflag::inline v0_1::mlflow::detail
