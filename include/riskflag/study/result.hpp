#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/calibrate/calibration.hpp>
#include <riskflag/study/evaluate.hpp>
#include <riskflag/study/fit.hpp>
#include <riskflag/study/search.hpp>
#include <riskflag/study/warning.hpp>

namespace riskflag::inline v0_1::study {

/// What came of a study; result_json() writes it as `--json` does.
struct StudyResult {
  std::string model;   ///< absolute path of the model directory
  std::string digest;  ///< the model's digest
  bundle::Kind kind = bundle::Kind::binary;
  std::string positive;  ///< the level that is 1; empty for regression
  std::uint64_t train_rows = 0, valid_rows = 0, test_rows = 0;
  std::size_t features = 0;
  std::size_t trees = 0;   ///< kept
  int best_iteration = 0;  ///< 1-based
  double threshold = 0.5;
  Seconds seconds;
  std::uint64_t peak_rss_bytes = 0;
  MetricList train, valid, test;  ///< empty: the part has no rows, or (valid, with cv) is not told
  int cv = 0;
  std::vector<FoldMetric> cv_metrics;  ///< empty without cv
  std::vector<Warning> warnings;
  std::string run_id;                         ///< empty: not tracked
  std::string model_name{}, model_version{};  ///< as registered; empty: not
  SearchResult search{};                      ///< what a parameter search tried
  Calibration calibration{};                  ///< of the model; the metrics are of calibrated probabilities
  std::size_t most_leaves = 0;                ///< of the largest tree
};

}  // namespace riskflag::inline v0_1::study
