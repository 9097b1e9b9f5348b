#pragma once

#include <string_view>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor/performance.hpp>

namespace riskflag::inline v0_1::monitor {

/// {"cohort","decisions","high","outcomes","positives","coverage","mean_probability","roc_auc","roc_auc_interval",
/// "gini","ks","brier"}; null for what the outcomes do not tell yet.
inline void write_performance(JsonWriter& json, const Performance& performance) {
  const auto metric = [&json](std::string_view name, const metrics::Metric& value) {
    json.key(name);
    value ? json.value(*value.value) : json.null();
  };
  json.begin_object().key("cohort").value(std::string_view(performance.cohort));
  json.key("decisions").value(performance.decisions).key("high").value(performance.high);
  json.key("outcomes").value(performance.outcomes).key("positives").value(performance.positives);
  json.key("coverage").value(performance.coverage()).key("mean_probability");
  performance.outcomes > 0 ? json.value(performance.mean_probability) : json.null();
  metric("roc_auc", performance.roc_auc);
  json.key("roc_auc_interval");
  if (performance.roc_auc_interval) {
    json.begin_array().value(performance.roc_auc_interval.low).value(performance.roc_auc_interval.high).end_array();
  } else {
    json.null();
  }
  metric("gini", performance.gini);
  metric("ks", performance.ks);
  metric("brier", performance.brier);
  json.end_object();
}

}  // namespace riskflag::inline v0_1::monitor
