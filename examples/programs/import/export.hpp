#pragma once

// The other way round: a model directory's model in the form that somebody else reads.

#include <string>
#include <string_view>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/policy_header.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/interop.hpp>
#include <riskflag/model/export_lightgbm.hpp>

#include "../program.hpp"

namespace program {

inline constexpr std::string_view kExports = "cpp, lightgbm, xgboost, onnx";

struct ExportFlags {
  std::string from, to, output, name_space;
  bool force = false, json = false, quiet = false;
};

inline std::string exported(const riskflag::bundle::Bundle& bundle, const ExportFlags& flags) {
  if (flags.to == "cpp") {
    riskflag::bundle::PolicyHeaderOptions options;
    if (!flags.name_space.empty()) options.name_space = flags.name_space;
    return riskflag::bundle::policy_header(bundle, options);
  }
  if (flags.to == "lightgbm") return riskflag::value_or_throw(riskflag::lightgbm_text(bundle.model));
  if (flags.to == "xgboost") return riskflag::value_or_throw(riskflag::interop::xgboost_json(bundle.model));
  if (flags.to == "onnx") return riskflag::value_or_throw(riskflag::interop::onnx_bytes(bundle.model));
  riskflag::fail(riskflag::ErrorCode::usage, "--export",
                 "\"" + flags.to + "\" is no form that is known here; accepted: " + std::string(kExports));
}

/// riskflag-import --export: one file of `from`, a model directory.
inline int export_model(const ExportFlags& flags) {
  if (flags.to != "cpp" && !flags.name_space.empty()) {
    riskflag::fail(riskflag::ErrorCode::usage, "--namespace", "is for --export cpp");
  }
  if (!flags.force && riskflag::exists(flags.output)) {
    riskflag::fail(riskflag::ErrorCode::already_exists, flags.output, "exists; --force replaces it");
  }
  const riskflag::bundle::Bundle bundle = riskflag::bundle::open(flags.from);
  const std::string bytes = exported(bundle, flags);
  riskflag::write_file(flags.output, bytes);
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("file").value(riskflag::absolute_path(flags.output)).key("kind").value(flags.to);
    json.key("bytes").value(std::uint64_t{bytes.size()}).key("digest").value(bundle.digest).end_object();
    return print(json.text() + "\n") ? kDone : kFailed;
  }
  if (flags.quiet) return kDone;
  return print(flags.to + " of " + bundle.name + " written to " + flags.output + "\n") ? kDone : kFailed;
}

}  // namespace program
