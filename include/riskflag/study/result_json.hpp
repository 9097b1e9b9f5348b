#pragma once

#include <string>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/study/evaluate.hpp>
#include <riskflag/study/result.hpp>
#include <riskflag/study/threshold.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

inline void write_text_or_null(JsonWriter& json, const std::string& text) {
  if (text.empty())
    json.null();
  else
    json.value(text);
}

inline void write_number_or_null(JsonWriter& json, const std::optional<double>& x) {
  if (x)
    json.value(*x);
  else
    json.null();
}

inline void write_parts(JsonWriter& json, const StudyResult& result) {
  json.begin_object();
  json.key("train");
  write_metrics(json, result.train);
  json.key("valid");
  write_metrics(json, result.valid);
  json.key("test");
  write_metrics(json, result.test);
  json.end_object();
}

inline void write_cv(JsonWriter& json, const StudyResult& result) {
  if (result.cv == 0) {
    json.null();
    return;
  }
  json.begin_object().key("k").value(result.cv).key("metrics").begin_object();
  for (const FoldMetric& metric : result.cv_metrics) {
    json.key(metric.name).begin_object().key("mean");
    write_number_or_null(json, metric.mean);
    json.key("std");
    write_number_or_null(json, metric.std);
    json.end_object();
  }
  json.end_object().end_object();
}

}  // namespace detail

/// `result` as riskflag-train --json writes it: every key of the contract, null where it does not apply
/// (docs/formats/train_json.md).
[[nodiscard]] inline std::string result_json(const StudyResult& result) {
  JsonWriter json;
  json.begin_object().key("model").value(result.model);
  json.key("rows").begin_object().key("train").value(result.train_rows).key("valid").value(result.valid_rows);
  json.key("test").value(result.test_rows).end_object();
  json.key("features").value(std::uint64_t{result.features}).key("trees").value(std::uint64_t{result.trees});
  json.key("best_iteration").value(result.best_iteration);
  const Seconds& seconds = result.seconds;
  json.key("seconds").begin_object().key("read").value(seconds.read).key("prepare").value(seconds.prepare);
  json.key("bin").value(seconds.bin).key("train").value(seconds.train).key("evaluate").value(seconds.evaluate);
  json.key("total").value(seconds.total).end_object();
  json.key("peak_rss_bytes").value(result.peak_rss_bytes);
  json.key("metrics");
  detail::write_parts(json, result);
  json.key("cv");
  detail::write_cv(json, result);
  json.key("warnings").begin_array();
  for (const Warning& warning : result.warnings) {
    json.begin_object().key("code").value(warning.code).key("message").value(warning.message).key("column");
    detail::write_text_or_null(json, warning.column);
    json.key("number");
    detail::write_number_or_null(json, warning.number);
    json.key("remedy");
    detail::write_text_or_null(json, warning.remedy);
    json.end_object();
  }
  json.end_array().key("run_id");
  detail::write_text_or_null(json, result.run_id);
  json.key("model_name");
  detail::write_text_or_null(json, result.model_name);
  json.key("model_version");
  detail::write_text_or_null(json, result.model_version);
  json.end_object();
  return std::move(json).text();
}

/// The model directory's metrics.json: what was measured, and nothing that changes from run to run.
[[nodiscard]] inline std::string metrics_json(const StudyResult& result, const ThresholdRule& rule) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1);
  json.key("rows").begin_object().key("train").value(result.train_rows).key("valid").value(result.valid_rows);
  json.key("test").value(result.test_rows).end_object();
  json.key("threshold_rule");
  if (result.kind == bundle::Kind::binary)
    json.value(rule.text);
  else
    json.null();
  json.key("calibration");
  if (result.kind == bundle::Kind::binary)
    json.value(name_of(result.calibration.method));
  else
    json.null();
  json.key("metrics");
  detail::write_parts(json, result);
  json.key("cv");
  detail::write_cv(json, result);
  json.end_object();
  return std::move(json).text() + "\n";
}

}  // namespace riskflag::inline v0_1::study
