#pragma once

// Runs whose writer died before it could end them: a second Ctrl-C, kill -9, a power cut.

#include <string>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/work_mark.hpp>
#include <riskflag/track/journal.hpp>
#include <riskflag/track/journal_reader.hpp>
#include <riskflag/track/logger.hpp>

namespace riskflag::inline v0_1::track {

namespace detail {

/// Removes the half-made copies of artifacts below `directory`: the run's writers are gone.
inline void remove_half_made(const std::string& directory) {
  if (!is_directory(directory)) return;
  for (const std::string& name : list_directory(directory)) {
    const std::string path = join_path(directory, name);
    if (const std::size_t mark = name.rfind(".tmp-");
        mark != std::string::npos && riskflag::detail::owner_of_neighbour(name, name.substr(0, mark)) > 0) {
      remove_all(path);
    } else if (is_directory(path)) {
      remove_half_made(path);
    }
  }
}

}  // namespace detail

/// Ends the runs of the journal `directory` whose every writer died, as KILLED at the time of their last record,
/// removes the copies that they left half-made, and gives the runs' ids. Looks at no run that somebody writes to, in
/// whatever process or container. Throws Error(io).
inline std::vector<std::string> end_dead_runs(const std::string& directory) {
  std::vector<std::string> ended;
  if (!is_directory(directory)) return ended;
  for (const std::string& name : list_directory(directory)) {
    if (!name.ends_with(detail::kWorkMark)) continue;
    const std::string id = name.substr(0, name.size() - detail::kWorkMark.size());
    const std::string path = join_path(directory, id + ".jsonl");
    if_abandoned(join_path(directory, name), [&] {
      if (!exists(path)) return;
      const RunRecord run = read_run(path);
      if (run.status != RunStatus::running || run.last_ms == 0) return;
      detail::remove_half_made(join_path(directory, id));
      JsonWriter json;
      json.begin_object().key("v").value(1).key("type").value("end").key("ts").value(rfc3339(run.last_ms));
      json.key("status").value(name_of(RunStatus::killed)).end_object();
      AppendFile(path).append(json.text(), Durability::sync);
      ended.push_back(id);
    });
  }
  return ended;
}

}  // namespace riskflag::inline v0_1::track
