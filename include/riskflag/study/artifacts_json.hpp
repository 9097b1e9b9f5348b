#pragma once

// What a run keeps beside its figures: the features that its trees ask, and who was taken for what.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/metrics/classification.hpp>
#include <riskflag/metrics/multiclass.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/study/target.hpp>

namespace riskflag::inline v0_1::study {

/// {"format": 1, "features": [{"name", "gain", "splits"}]}, by falling gain.
[[nodiscard]] inline std::string importance_json(const Model& model) {
  const std::vector<FeatureImportance> all = importance(model);
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("features").begin_array();
  for (const std::size_t i : by_gain(all)) {
    json.begin_object().key("name").value(std::string_view(model.features[i].name)).key("gain").value(all[i].gain);
    json.key("splits").value(std::uint64_t{all[i].splits}).end_object();
  }
  json.end_array().end_object();
  return std::move(json).text() + "\n";
}

/// Scores of a part's rows with their outcomes.
struct ScoredPart {
  std::string_view name;           ///< "test"
  std::span<const double> scores;  ///< of several classes: rows x classes, row-major
  std::span<const double> labels, weights;
};

/// Rows (their weights, where they have some) by true and called class, in each part that has rows. Two classes:
/// {"format": 1, "positive": LEVEL, "threshold": x, "parts": {"test": {"tp", "fp", "tn", "fn"}}}; several:
/// {"format": 1, "classes": [LEVEL, ...], "parts": {"test": [[rows of the first class called first, second, ...],
/// ...]}}.
[[nodiscard]] inline std::string confusion_json(const Target& target, double threshold,
                                                std::span<const ScoredPart> parts) {
  const bool binary = !target.positive.empty();
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1);
  if (binary) {
    json.key("positive").value(std::string_view(target.positive)).key("threshold").value(threshold);
  } else {
    json.key("classes").begin_array();
    for (const std::string& level : target.levels) json.value(std::string_view(level));
    json.end_array();
  }
  json.key("parts").begin_object();
  for (const ScoredPart& part : parts) {
    if (part.scores.empty()) continue;
    json.key(part.name);
    if (binary) {
      const metrics::Confusion c = metrics::confusion(part.scores, part.labels, threshold, part.weights);
      json.begin_object().key("tp").value(c.tp).key("fp").value(c.fp).key("tn").value(c.tn);
      json.key("fn").value(c.fn).end_object();
      continue;
    }
    const std::size_t classes = part.scores.size() / part.labels.size();
    const auto p = MatrixView<double>::row_major(part.scores.data(), part.labels.size(), classes);
    const metrics::ClassConfusion c = metrics::class_confusion(p, part.labels, part.weights);
    json.begin_array();
    for (std::size_t truth = 0; truth < c.classes; ++truth) {
      json.begin_array();
      for (std::size_t called = 0; called < c.classes; ++called) json.value(c.at(truth, called));
      json.end_array();
    }
    json.end_array();
  }
  json.end_object().end_object();
  return std::move(json).text() + "\n";
}

}  // namespace riskflag::inline v0_1::study
