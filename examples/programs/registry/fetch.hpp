#pragma once

// fetch: a registered model becomes a directory, in a volume from which a server without MLflow serves it.

#include <cstdio>
#include <filesystem>
#include <string>

#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/sha256.hpp>

#include "../program.hpp"
#include "../tracking/open_model.hpp"
#include "flags.hpp"

namespace program {

inline std::string manifest_digest(const std::string& directory) {
  return riskflag::sha256_hex(riskflag::read_file(riskflag::join_path(directory, "manifest.json")));
}

/// Whole or not at all: another name first, then a rename. The same model there already is no error, another one is.
inline int fetch(const RegistryFlags& flags) {
  using riskflag::ErrorCode;
  const std::string uri = flags.name.starts_with("models:/") ? flags.name : "models:/" + flags.name;
  const FoundModel found = open_model(uri, flags.tracking, [](const std::string& message) {
    riskflag::fail(ErrorCode::io, "--tracking", message);  // what a server meant last time may be an old champion
  });
  const std::string digest = manifest_digest(found.place.directory);
  if (!riskflag::exists(flags.directory)) {
    const std::string fresh = flags.directory + ".new";
    riskflag::remove_all(fresh);
    std::error_code problem;
    std::filesystem::copy(found.place.directory, fresh, std::filesystem::copy_options::recursive, problem);
    if (!problem) std::filesystem::rename(fresh, flags.directory, problem);
    if (problem) {
      riskflag::remove_all(fresh);
      riskflag::fail(ErrorCode::io, flags.directory, "cannot be written: " + problem.message());
    }
  } else if (!riskflag::exists(riskflag::join_path(flags.directory, "manifest.json")) ||
             manifest_digest(flags.directory) != digest) {
    riskflag::fail(ErrorCode::usage, flags.directory,
                   "is there already and is not this model; a name that nothing has is accepted");
  }
  if (!flags.json) {
    return print(found.place.name + " version " + found.place.version + " is in " + flags.directory + "\n") ? kDone
                                                                                                            : kFailed;
  }
  riskflag::JsonWriter json;
  json.begin_object().key("name").value(std::string_view(found.place.name)).key("version");
  json.value(std::string_view(found.place.version)).key("digest").value(std::string_view(digest));
  json.key("directory").value(std::string_view(flags.directory)).end_object();
  return print(json.text() + "\n") ? kDone : kFailed;
}

}  // namespace program
