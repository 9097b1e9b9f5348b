#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

[[nodiscard]] inline std::string six_digits(double x) {
  return number_text(exact::div(__builtin_floor(exact::add(exact::mul(x, 1e6), 0.5)), 1e6));
}

}  // namespace detail

inline std::string calibration_sentence(const Calibration& calibration) {
  std::string text = "calibration: " + std::string(name_of(calibration.method));
  if (calibration.rows > 0) text += " on " + std::to_string(calibration.rows) + " rows";
  if (calibration.trials.empty()) return text;
  text += ", the least cross-validated log loss of";
  const char* separator = " ";
  for (const CalibrationTrial& trial : calibration.trials) {
    text += separator + std::string(name_of(trial.method)) + " " + detail::six_digits(trial.log_loss);
    separator = ", ";
  }
  return text;
}

inline std::string calibration_text(const Calibration& calibration) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("method").value(name_of(calibration.method));
  switch (calibration.method) {
    case CalibrationMethod::identity: break;
    case CalibrationMethod::isotonic: {
      json.key("from").begin_array();
      for (const auto& [from, to] : calibration.knots) json.value(from);
      json.end_array().key("to").begin_array();
      for (const auto& [from, to] : calibration.knots) json.value(to);
      json.end_array();
      break;
    }
    default: json.key("a").value(calibration.a).key("b").value(calibration.b).key("c").value(calibration.c);
  }
  if (calibration.rows > 0) json.key("rows").value(calibration.rows);
  if (!calibration.trials.empty()) {
    json.key("cv_log_loss").begin_object();
    for (const CalibrationTrial& trial : calibration.trials) json.key(name_of(trial.method)).value(trial.log_loss);
    json.end_object();
  }
  json.end_object();
  return std::move(json).text() + "\n";
}

namespace detail {

inline void read_knots(const JsonFile& file, const Json& root, Calibration& out) {
  const std::vector<double> from = file.numbers(root, "from"), to = file.numbers(root, "to");
  const Json& at = file.member(root, "from");
  if (from.empty() || from.size() != to.size()) {
    file.refuse(at, "\"from\" and \"to\" have " + std::to_string(from.size()) + " and " + std::to_string(to.size()) +
                        " values; one pair or more is accepted");
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool inside = from[i] >= 0 && from[i] <= 1 && to[i] >= 0 && to[i] <= 1;
    if (!inside || (i > 0 && (from[i] <= from[i - 1] || to[i] < to[i - 1]))) {
      file.refuse(at, "knot " + std::to_string(i + 1) + ", from " + number_text(from[i]) + " to " + number_text(to[i]) +
                          ": knots lie in [0, 1] and rise");
    }
    out.knots.emplace_back(from[i], to[i]);
  }
}

inline void read_curve(const JsonFile& file, const Json& root, Calibration& out) {
  out.a = file.number(root, "a");
  out.b = file.number(root, "b");
  out.c = file.number(root, "c");
  const bool rises = is_finite(out.a) && is_finite(out.b) && is_finite(out.c) && out.a >= 0 && out.b >= 0;
  const bool fits = out.method == CalibrationMethod::beta ||
                    (out.a == out.b && (out.method == CalibrationMethod::platt || out.a == 1));
  if (!rises || !fits) {
    file.refuse(root, "a, b and c are " + number_text(out.a) + ", " + number_text(out.b) + " and " +
                          number_text(out.c) + ", which is no " + std::string(name_of(out.method)) + " curve");
  }
}

}  // namespace detail

inline Calibration parse_calibration(std::string_view text, std::string_view where) {
  const JsonFile file(where);
  const Json root = file.open(text, 1);
  const std::string method = file.text(root, "method");
  const auto known = find_calibration_method(method);
  if (!known) {
    fail(ErrorCode::unsupported, std::string(where),
         "calibration method " + quoted(method) +
             ": this build knows identity, prior, platt, beta and isotonic; use the riskflag that wrote it, or a newer "
             "one");
  }
  Calibration out;
  out.method = *known;
  if (*known == CalibrationMethod::identity) {
    file.only(root, {"format", "method", "rows", "cv_log_loss"});
  } else if (*known == CalibrationMethod::isotonic) {
    file.only(root, {"format", "method", "from", "to", "rows", "cv_log_loss"});
    detail::read_knots(file, root, out);
  } else {
    file.only(root, {"format", "method", "a", "b", "c", "rows", "cv_log_loss"});
    detail::read_curve(file, root, out);
  }
  if (root.find("rows") != nullptr) out.rows = file.count(root, "rows");
  if (root.find("cv_log_loss") != nullptr) {
    const Json& trials = file.member(root, "cv_log_loss");
    if (trials.object() == nullptr) file.refuse(trials, "\"cv_log_loss\" is no object");
    for (const auto& [name, loss] : *trials.object()) {
      const auto trial = find_calibration_method(name);
      if (!trial) file.refuse(loss, "\"cv_log_loss\" names " + quoted(name) + ", which is no calibration method");
      out.trials.push_back({*trial, file.take(loss.number())});
    }
  }
  return out;
}

}  // namespace riskflag::inline v0_1
