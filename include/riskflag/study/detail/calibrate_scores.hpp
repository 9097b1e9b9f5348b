#pragma once

// The step between scores and threshold: fits the calibration and puts every part's scores through it.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/study/detail/study_run.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// What the training's class weights and draws by class multiplied the odds of class 1 by; 1 without them.
[[nodiscard]] inline double odds_factor(const TrainOptions& options, std::span<const double> labels,
                                        std::span<const double> weights) {
  double factor = options.scale_pos_weight;
  if (options.is_unbalance) {  // the rarer class weighs as much as the other, in rows
    double rows[2] = {0, 0};
    for (std::size_t i = 0; i < labels.size(); ++i)
      rows[labels[i] != 0 ? 1 : 0] += weights.empty() || weights[i] > 0 ? 1 : 0;
    if (rows[0] > 0 && rows[1] > 0) factor = exact::div(rows[0], rows[1]);
  }
  if (options.bagging_freq > 0)
    factor = exact::mul(factor, exact::div(options.pos_bagging_fraction, options.neg_bagging_fraction));
  return factor;
}

struct Rates {
  double observed = 0, predicted = 0;
};

[[nodiscard]] inline Rates mean_rates(std::span<const double> scores, std::span<const double> labels,
                                      std::span<const double> weights) {
  double total = 0, positive = 0, predicted = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double w = weights.empty() ? 1.0 : weights[i];
    total = exact::add(total, w);
    positive = exact::add(positive, exact::mul(w, labels[i]));
    predicted = exact::add(predicted, exact::mul(w, scores[i]));
  }
  if (!(total > 0)) return {};
  return {exact::div(positive, total), exact::div(predicted, total)};
}

/// `share` with four digits, for a sentence.
[[nodiscard]] inline std::string rate_text(double share) {
  return number_text(static_cast<double>(static_cast<long long>(share * 10000 + 0.5)) / 10000);
}

inline StudyRun::Chooser StudyRun::chooser() {
  if (cv_) return {cv_->rows, cv_->scores};
  if (!parts_.split.valid.empty()) return {parts_.split.valid, valid_scores_};
  return {train_rows_, train_scores_};
}

inline void StudyRun::calibrate() {
  if (!binary()) return;
  const Chooser chosen = chooser();
  const std::vector<double> labels = labels_of(chosen.rows), weights = weights_of(chosen.rows);
  const double factor = odds_factor(train_options_, labels_of(train_rows_), weights_of(train_rows_));
  const CalibrationData data{chosen.scores, labels, weights};
  const std::string& how = options_.calibrate;
  if (how == "none") {
    if (factor == 1) return;
    const Rates rates = mean_rates(chosen.scores, labels, weights);
    warn({"uncalibrated_weights",
          "class weights or draws by class multiplied the odds by " + number_text(factor) +
              ", so that probabilities do not mean what they say: the observed rate is " + rate_text(rates.observed) +
              ", the mean predicted one " + rate_text(rates.predicted),
          "", "--calibrate auto, or no class weights: they hardly change the order of scores", rates.predicted});
    return;
  }
  try {
    if (how == "auto") {
      calibration_ = choose_calibration(data, {.seed = options_.seed, .odds_factor = factor});
    } else if (how == "prior") {
      calibration_ = odds_correction(factor);
    } else {
      calibration_ = how == "platt" ? fit_platt(data) : how == "beta" ? fit_beta(data) : fit_isotonic(data);
    }
  } catch (const Error& error) {
    fail(error.code(), "--calibrate " + how, error.message());
  }
  for (std::vector<double>* scores : {&train_scores_, &valid_scores_, &test_scores_})
    apply_calibration(calibration_, *scores);
  if (cv_) apply_calibration(calibration_, cv_->scores);
  result_.calibration = calibration_;
  const std::string sentence = calibration_sentence(calibration_);
  if (hooks_.note) hooks_.note(sentence);
  log_.log([&](track::Run& run) { run.tag("riskflag.calibration", sentence); });
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
