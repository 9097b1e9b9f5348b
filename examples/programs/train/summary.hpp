#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/study/options.hpp>
#include <riskflag/study/result.hpp>

namespace program {

/// What a person reads at the end: the model, the parts side by side, where it lies.
inline std::string summary(const riskflag::study::StudyResult& result, const riskflag::study::StudyOptions& options) {
  char line[256];
  std::string out;
  std::snprintf(line, sizeof line,
                "%zu trees of at most %zu leaves on %zu features, %.1f s (training %.1f s), %llu MiB\n\n", result.trees,
                result.most_leaves, result.features, result.seconds.total, result.seconds.train,
                static_cast<unsigned long long>(result.peak_rss_bytes >> 20));
  out += line;

  const std::vector<std::pair<const char*, const riskflag::study::MetricList*>> parts = {
      {"train", &result.train}, {"valid", &result.valid}, {"test", &result.test}};
  const auto cell = [&](const std::optional<double>& value) {
    if (value)
      std::snprintf(line, sizeof line, "%12.4f", *value);
    else
      std::snprintf(line, sizeof line, "%12s", "-");
    out += line;
  };
  const int label = result.kind == riskflag::bundle::Kind::multiclass ? 11 : 9;
  out += std::string(static_cast<std::size_t>(label) + 2, ' ');
  for (const auto& [name, list] : parts) {
    if (list->empty()) continue;
    std::snprintf(line, sizeof line, "%12s", name);
    out += line;
  }
  if (result.cv > 0) {
    std::snprintf(line, sizeof line, "%12s", (std::to_string(result.cv) + " folds").c_str());
    out += line;
    out += "         +-";
  }
  std::snprintf(line, sizeof line, "\n  %-*s", label, "rows");
  out += line;
  for (const auto& [rows, list] :
       {std::pair(result.train_rows, &result.train), std::pair(result.valid_rows, &result.valid),
        std::pair(result.test_rows, &result.test)}) {
    if (list->empty()) continue;
    std::snprintf(line, sizeof line, "%12llu", static_cast<unsigned long long>(rows));
    out += line;
  }
  out += "\n";
  for (std::size_t m = 0; m < result.train.size(); ++m) {
    if (result.train[m].first == "threshold") continue;
    std::snprintf(line, sizeof line, "  %-*s", label, result.train[m].first.c_str());
    out += line;
    for (const auto& [name, list] : parts) {
      if (!list->empty()) cell((*list)[m].second);
    }
    if (result.cv > 0) {
      cell(result.cv_metrics[m].mean);
      cell(result.cv_metrics[m].std);
    }
    out += "\n";
  }
  out += "\n";
  if (result.kind == riskflag::bundle::Kind::binary) {
    std::snprintf(line, sizeof line, "  High when probability >= %.6g (%s)\n", result.threshold,
                  options.threshold.text.c_str());
    out += line;
  }
  if (result.calibration.method != riskflag::CalibrationMethod::identity)
    out += "  calibrated by " + std::string(name_of(result.calibration.method)) + "\n";
  if (!result.warnings.empty()) out += "  warnings  " + std::to_string(result.warnings.size()) + "\n";
  out += "  model     " + result.model + "\n";
  if (!options.report.empty()) out += "  report    " + options.report + "\n";
  if (!result.run_id.empty()) out += "  run       " + result.run_id + "\n";
  return out;
}

}  // namespace program
