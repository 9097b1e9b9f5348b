#pragma once

// The models that the flags name, opened.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle.hpp>
#include <riskflag/serve.hpp>

#include "../tracking/open_model.hpp"
#include "flags.hpp"

namespace program {

using riskflag::serve::ModelRole;

/// A model as it was opened: from `text`, which is the flag's, at `place`.
struct OpenedModel {
  ModelRole role;
  std::string text;
  ModelPlace place;
  std::shared_ptr<const riskflag::bundle::Bundle> bundle;
};

inline OpenedModel open_model(ModelRole role, const std::string& text, const std::string& tracking) {
  FoundModel found = open_model(text, tracking, [](const std::string& message) {
    std::fprintf(stderr, "riskflag-serve: %s\n", message.c_str());
  });
  return {role, text, std::move(found.place),
          std::make_shared<const riskflag::bundle::Bundle>(std::move(found.bundle))};
}

/// The champion first.
inline std::vector<OpenedModel> open_models(const ServeFlags& flags) {
  std::vector<OpenedModel> out;
  out.push_back(open_model(ModelRole::champion, flags.model, flags.tracking));
  if (!flags.challenger.empty()) out.push_back(open_model(ModelRole::challenger, flags.challenger, flags.tracking));
  if (!flags.shadow.empty()) out.push_back(open_model(ModelRole::shadow, flags.shadow, flags.tracking));
  return out;
}

/// Puts challenger and shadow beside the champion, and tells of them on stderr. Throws Error(unsupported) for one that
/// does not take the champion's requests.
inline void put_beside(riskflag::serve::Service& service, const std::vector<OpenedModel>& models, double percent) {
  for (const OpenedModel& each : models) {
    if (each.role == ModelRole::champion) continue;
    std::string what = "scores silently";
    if (each.role == ModelRole::challenger) {
      service.set_challenger(each.bundle, percent);
      what = "answers " + riskflag::number_text(percent) + " % of /v1/score";
    } else {
      service.set_shadow(each.bundle);
    }
    std::fprintf(stderr, "riskflag-serve: %s %s, version %s, %s\n", std::string(name_of(each.role)).c_str(),
                 each.bundle->name.c_str(), each.bundle->version.c_str(), what.c_str());
  }
}

/// The directories that --watch follows; models of a registry are AliasFollower's.
inline std::vector<std::unique_ptr<riskflag::serve::Follower>> follow(const std::vector<OpenedModel>& models,
                                                                      riskflag::serve::Service& service) {
  std::vector<std::unique_ptr<riskflag::serve::Follower>> out;
  for (const OpenedModel& each : models) {
    if (!each.place.name.empty()) continue;
    out.push_back(std::make_unique<riskflag::serve::Follower>(each.place.directory, service, each.role));
  }
  return out;
}

}  // namespace program
