#pragma once

// riskflag-registry's flags, of whichever command.

#include <cstdint>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>

#include "../tracking/tracking.hpp"
#include "judge.hpp"

namespace program {

struct RegistryFlags {
  std::string tracking, name, alias, source, experiment, sort, filter, best, directory, server, description;
  std::string challenger, champion, over = "champion", approved_by, reason;
  std::vector<std::string> decision_logs;
  GateQuestion gate;
  std::uint64_t version = 0, limit = 50, keep = 10;
  bool remove = false, dry_run = false, json = false;
};

inline TrackingPlace place_of(const RegistryFlags& flags) {
  const auto place = find_tracking_place(flags.tracking);
  if (!place) {
    riskflag::fail(riskflag::ErrorCode::usage, "--tracking",
                   "is needed: journal:DIR or http://HOST:PORT (or MLFLOW_TRACKING_URI)");
  }
  return *place;
}

/// The same, of what is there already: only a registration may begin a journal.
inline TrackingPlace known_place(const RegistryFlags& flags) {
  TrackingPlace place = place_of(flags);
  require_place(place);
  return place;
}

}  // namespace program
