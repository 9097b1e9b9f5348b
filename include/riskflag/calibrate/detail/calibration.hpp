#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

inline std::string calibration_text(const Calibration& calibration) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("method").value(std::string_view(calibration.method)).end_object();
  return std::move(json).text() + "\n";
}

inline Calibration parse_calibration(std::string_view text, std::string_view where) {
  const JsonFile file(where);
  const Json root = file.open(text, 1);
  const std::string method = file.text(root, "method");
  if (method != "identity") {
    fail(ErrorCode::unsupported, std::string(where),
         "calibration method " + quoted(method) +
             ": this build knows \"identity\" alone; use the riskflag that wrote it, or a newer one");
  }
  file.only(root, {"format", "method"});
  return Calibration{method};
}

}  // namespace riskflag::inline v0_1
