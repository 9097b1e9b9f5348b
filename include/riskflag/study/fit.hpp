#pragma once

// One fit: rows in, schema, pipeline and model out. The study calls it once, cross-validation once for each fold.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/predict/predictor.hpp>
#include <riskflag/prep/fit.hpp>
#include <riskflag/prep/monotone.hpp>
#include <riskflag/study/detail/stop_executor.hpp>
#include <riskflag/study/parts.hpp>
#include <riskflag/study/roles.hpp>
#include <riskflag/train/train.hpp>

namespace riskflag::inline v0_1::study {

/// Wall-clock seconds by phase.
struct Seconds {
  double read = 0, prepare = 0, bin = 0, train = 0, evaluate = 0, total = 0;
};

/// Seconds since construction.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const noexcept { return static_cast<double>(monotonic_ns() - start_) * 1e-9; }

 private:
  std::int64_t start_ = monotonic_ns();
};

/// What a fit sees. The spans have one element for each row of `frame`.
struct FitJob {
  const Frame& frame;
  const Schema& schema;  ///< of the whole table; the fit narrows it to its training rows
  const prep::Recipe& recipe;
  std::span<const double> labels;
  std::span<const double> weights;        ///< empty = all 1
  std::span<const std::uint64_t> groups;  ///< empty unless the split is by group
  std::span<const std::uint32_t> train_rows;
  std::span<const std::uint32_t> valid_rows;  ///< empty: no early stopping
  const TrainOptions& options;
  std::span<const prep::FieldDirection> monotone{};  ///< promises about raw fields; see prep::monotone_features()
  std::span<const std::string> without{};  ///< features that no tree may ask; options: no interaction_constraints
  std::span<const double> offsets{};       ///< added to the margins before the link; empty = all 0
};

/// What a fit gives.
struct Fit {
  Schema schema;  ///< what the training rows know, as the recipe wants it
  prep::Pipeline pipeline;
  TrainResult trained;
};

/// Told when a phase of a fit begins (0) and when "prepare" and "bin" end (1): "prepare", "bin", "train".
using OnPhase = std::function<void(std::string_view phase, double fraction)>;

/// Fits the recipe and the trees on the training rows alone; hooks.stop is looked at in every phase. Throws what
/// prep::fit(), prep::monotone_features() and train() throw,
/// Error(cancelled) when hooks.stop asked before there was a tree; later the result says cancelled and has the trees so
/// far.
[[nodiscard]] inline Fit fit(const FitJob& job, Executor& executor, const TrainHooks& hooks, Seconds& seconds,
                             const OnPhase& on_phase) {
  Fit out;
  on_phase("prepare", 0);
  detail::StopExecutor preparing(executor, hooks.stop, "prepare"), binning(executor, hooks.stop, "bin");
  const Stopwatch prepare;
  out.schema = prep::prepare_schema(job.recipe, narrow_to_rows(job.schema, job.frame, job.train_rows, preparing));
  const std::vector<double> labels = detail::gather(job.labels, job.train_rows);
  const std::vector<double> weights = detail::gather(job.weights, job.train_rows);
  const std::vector<std::uint64_t> groups = detail::gather(job.groups, job.train_rows);
  const std::vector<double> offsets = detail::gather(job.offsets, job.train_rows);
  const prep::FitInputs inputs{labels, weights, job.options.seed, groups};
  prep::Fitted fitted = prep::fit(job.recipe, out.schema,
                                  take_features(job.frame, out.schema, job.train_rows, preparing), inputs, preparing);
  out.pipeline = std::move(fitted.pipeline);
  check_stop(hooks.stop, "prepare");
  TrainOptions options = job.options;
  if (!job.monotone.empty())
    options.monotone_constraints = prep::monotone_features(out.pipeline, out.schema, job.monotone);
  if (!job.without.empty()) {
    std::vector<std::string> asked;
    for (const Feature& feature : out.pipeline.features()) {
      if (std::find(job.without.begin(), job.without.end(), feature.name) == job.without.end())
        asked.push_back(feature.name);
    }
    options.interaction_constraints = {std::move(asked)};
  }

  prep::FeatureMatrix valid_matrix;
  std::vector<ValidData> valid;
  const std::vector<double> valid_labels = detail::gather(job.labels, job.valid_rows);
  const std::vector<double> valid_weights = detail::gather(job.weights, job.valid_rows);
  const std::vector<double> valid_offsets = detail::gather(job.offsets, job.valid_rows);
  if (!job.valid_rows.empty()) {
    valid_matrix =
        out.pipeline.transform(take_features(job.frame, out.schema, job.valid_rows, preparing), out.schema, preparing);
    valid.push_back({"valid", valid_matrix.view(), valid_labels, valid_weights, valid_offsets});
  }
  seconds.prepare += prepare.seconds();
  check_stop(hooks.stop, "prepare");

  on_phase("prepare", 1);
  on_phase("bin", 0);
  const Stopwatch bin;
  const Binned bins = bin_matrix(fitted.train.view(), out.pipeline.features(), bin_options(options), binning);
  fitted.train = {};
  const double binned = bin.seconds();
  check_stop(hooks.stop, "bin");

  on_phase("bin", 1);
  on_phase("train", 0);
  const TrainData data{.bins = bins, .labels = labels, .weights = weights, .init_margins = offsets, .groups = groups};
  out.trained = train(data, valid, options, executor, hooks);
  if (out.trained.cancelled && out.trained.model.trees.empty()) check_stop(hooks.stop, "train");
  seconds.bin += binned + out.trained.bin_seconds;
  seconds.train += out.trained.train_seconds;
  return out;
}

/// Probabilities (or predictions) of the rows of `features`, into `out`; of several classes: rows x classes, row-major.
/// Offsets (one a row, or none; one output) are added to the margins, as in training.
inline void predict_rows(const Predictor& predictor, MatrixView<double> features, std::span<const double> offsets,
                         std::span<double> out, Executor& executor) {
  const auto outputs = static_cast<std::size_t>(predictor.outputs());
  constexpr std::size_t kBlock = 4096;
  parallel_for(executor, features.rows(), kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    const std::span<double> block = out.subspan(begin * outputs, (end - begin) * outputs);
    if (offsets.empty()) {
      predictor.probabilities(features.rows_from(begin, end - begin), block);
      return;
    }
    predictor.margins(features.rows_from(begin, end - begin), block);
    for (std::size_t i = begin; i < end; ++i)
      block[i - begin] = predictor.prediction_of(exact::add(block[i - begin], offsets[i]));
  });
}

/// Probabilities (or predictions) of some rows of `frame`, by the pipeline as it stands: what riskflag-score gives for
/// them, where there are no offsets (one a row of `frame`). Of several classes: rows x classes, row-major.
[[nodiscard]] inline std::vector<double> score_rows(const Frame& frame, const Schema& schema,
                                                    const prep::Pipeline& pipeline, const Predictor& predictor,
                                                    std::span<const std::uint32_t> rows,
                                                    std::span<const double> offsets, Executor& executor) {
  std::vector<double> scores(rows.size() * static_cast<std::size_t>(predictor.outputs()));
  if (rows.empty()) return scores;
  const prep::FeatureMatrix matrix = pipeline.transform(take_features(frame, schema, rows, executor), schema, executor);
  predict_rows(predictor, matrix.view(), detail::gather(offsets, rows), scores, executor);
  return scores;
}

}  // namespace riskflag::inline v0_1::study
