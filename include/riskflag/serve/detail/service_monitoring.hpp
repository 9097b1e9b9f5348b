#pragma once

// What monitoring knows, on its way over a restart: a line that says of which model, then what the room monitor made.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {

inline std::vector<Service::MonitoringPart> Service::monitored() const {
  std::vector<MonitoringPart> out;
  for (const detail::Lane* lane : lanes()) {
    const detail::Serving serving = lane->current();
    const std::string& digest = serving.loaded->model->digest;
    const ModelRole role = serving.predictions->role;
    if (serving.live) out.push_back({"windows-" + std::string(name_of(role)), digest, serving.live, nullptr});
    if (!serving.performance) continue;
    // Champion and challenger share a model's, as they may change places.
    const std::string name = "performance-" + digest.substr(0, 16) + (role == ModelRole::shadow ? "-shadow" : "");
    const auto same = [&](const MonitoringPart& each) { return each.name == name; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back({name, digest, nullptr, serving.performance});
  }
  return out;
}

inline std::vector<std::string> Service::monitoring_parts() const {
  std::vector<std::string> out;
  for (MonitoringPart& each : monitored()) out.push_back(std::move(each.name));
  return out;
}

inline std::optional<std::string> Service::save_monitoring(std::string_view part, std::string& version,
                                                           std::int64_t now_ms) const {
  for (const MonitoringPart& each : monitored()) {
    if (each.name != part) continue;
    JsonWriter json;
    json.begin_object().key("format").value(1).key("digest").value(std::string_view(each.digest)).end_object();
    std::string out = std::move(json).text() + "\n";
    if (each.live) return out + each.live->save(now_ms) + "\n";  // time alone changes it
    std::string now = each.digest + ":" + std::to_string(each.performance->revision());
    if (now == version) return std::nullopt;
    out += each.performance->save();
    version = std::move(now);
    return out;
  }
  return std::nullopt;
}

inline bool Service::restore_monitoring(std::string_view part, std::string_view bytes, std::string_view where,
                                        std::int64_t now_ms) {
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  const JsonFile file(where);
  const Json head = file.open(bytes.substr(0, line), 1);
  file.only(head, {"format", "digest"});
  const std::string digest = file.text(head, "digest");
  bytes.remove_prefix(std::min(line + 1, bytes.size()));
  for (const MonitoringPart& each : monitored()) {
    if (each.name != part || each.digest != digest) continue;
    each.live ? each.live->restore(bytes, where, now_ms) : each.performance->restore(bytes, where);
    return true;
  }
  return false;
}

}  // namespace riskflag::inline v0_1::serve
