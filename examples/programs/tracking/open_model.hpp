#pragma once

// A model for --model, opened: a directory, or what models:/ means at --tracking.

#include <functional>
#include <string>
#include <utility>

#include <riskflag/bundle/bundle.hpp>

#include "tracking.hpp"

namespace program {

struct FoundModel {
  ModelPlace place;
  riskflag::bundle::Bundle bundle;  ///< a registered one has the registry's name and version
};

inline FoundModel open_model(const std::string& model, const std::string& tracking,
                             const std::function<void(const std::string&)>& told) {
  ModelPlace place = find_model(model, tracking, told);
  riskflag::bundle::Bundle bundle = riskflag::bundle::open(place.directory);
  if (!place.name.empty()) {
    bundle.name = place.name;
    bundle.version = place.version;
  }
  return {std::move(place), std::move(bundle)};
}

}  // namespace program
