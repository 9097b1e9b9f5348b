#pragma once

// The boosting loop.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bin/binned.hpp>
#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/memory.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/monotone.hpp>
#include <riskflag/train/detail/check_data.hpp>
#include <riskflag/train/detail/class_shares.hpp>
#include <riskflag/train/detail/class_weights.hpp>
#include <riskflag/train/detail/continue.hpp>
#include <riskflag/train/detail/finish_tree.hpp>
#include <riskflag/train/detail/row_gradients.hpp>
#include <riskflag/train/detail/score_rows.hpp>
#include <riskflag/train/detail/thread_choice.hpp>
#include <riskflag/train/evaluation.hpp>
#include <riskflag/train/grower.hpp>
#include <riskflag/train/objective.hpp>
#include <riskflag/train/objectives/make.hpp>
#include <riskflag/train/sampling.hpp>
#include <riskflag/train/train.hpp>

namespace riskflag::inline v0_1::detail {

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// One training. Life: 1. made from checked data; 2. run() once.
class Booster {
 public:
  Booster(const TrainData& data, std::span<const ValidData> valid, const TrainOptions& options, Executor& executor,
          CpuLevel level)
      : data_(data),
        options_(options),
        executor_(executor),
        choice_(data.bins.rows() * data.bins.stored_columns(), executor.concurrency()),
        level_(level),
        objective_(make_objective(options, level)),
        outputs_(objective_->outputs()),
        sampling_(options, data.labels, data.bins.rows(), data.bins.cols(), data.groups) {
    validate(options);
    check_train_data(data, *objective_);
    check_groups_and_costs(data, options);
    is_monotone_ = check_monotone_constraints(data.bins, options);
    groups_ = interaction_groups(data.bins.cuts().features, options);
    if (data.start != nullptr) {
      check_start_model(*data.start, data.bins.cuts().features, *objective_, options);
      check_length(data.features.rows(), data.bins.rows(), "features to go on with");
      check_length(data.features.cols(), data.bins.cols(), "features to go on with, columns");
      first_ = static_cast<int>(data.start->trees.size() / outputs_);
    }
    for (const ValidData& set : valid) check_valid_data(set, data.bins.cols(), *objective_);
    costs_.emplace(options, data.bins.rows(), data.bins.cols());
    if (data.start != nullptr) costs_->start_from(*data.start);
    make_weights();
    start(valid);
  }

  [[nodiscard]] TrainResult run(const TrainHooks& hooks);

 private:
  void make_weights();
  void warn_of_weights();
  [[nodiscard]] double best_constant(double mean) const;
  [[nodiscard]] std::vector<double> class_margins(bool average, double grid);
  void prove_monotone() const;
  void start(std::span<const ValidData> valid);
  void start_from_model();
  [[nodiscard]] SplitUnits units(const RowGradients& gradients) const noexcept;
  /// The margins of output k, of all that output after output gives.
  [[nodiscard]] std::span<double> of_output(std::vector<double>& scores, std::size_t k) const noexcept {
    const std::size_t rows = scores.size() / outputs_;
    return std::span(scores).subspan(k * rows, rows);
  }
  void add_init_margins(std::span<const double> margins, std::vector<double>& scores) const;
  [[nodiscard]] bool add_round(int iteration, const TrainHooks& hooks, const Random& random);
  template <class Cell>
  [[nodiscard]] bool add_tree(Grower<Cell>& grower, std::span<const Cell> cells, std::size_t output,
                              const Random& random);
  void add_idle_tree();
  [[nodiscard]] std::vector<double> values_of(const TrainHooks& hooks);
  void check_leaves(const Tree& tree, std::size_t output);

  const TrainData& data_;
  const TrainOptions& options_;
  ChosenExecutor executor_;
  ThreadChoice choice_;
  CpuLevel level_;
  std::unique_ptr<const ObjectiveFunction> objective_;
  std::size_t outputs_;
  Sampling sampling_;
  std::vector<double> own_weights_;  ///< where classes weigh differently
  std::span<const double> weights_;
  double sum_of_weights_ = 0.0;
  std::vector<double> scores_;  ///< output after output
  std::vector<bool> learned_;   ///< of each output; false: a class without rows
  std::vector<ValidSet> valid_;
  std::vector<std::string> metrics_;
  std::vector<std::vector<std::uint32_t>> groups_;  ///< of interaction_constraints
  std::optional<FeatureCosts> costs_{};
  bool is_monotone_ = false;
  int first_ = 0;                  ///< rounds of the model that training goes on from
  double rate_ = 0.0;              ///< of the round
  std::vector<double> leaf_mass_;  ///< of an output: sum over trees of the largest |leaf|: must stay exact in double
  // While it runs:
  std::optional<RowGradients> gradients_;
  std::optional<SharedRows> shared_;
  std::optional<TreeFinisher> finisher_;
  std::optional<Grower<NarrowCell>> narrow_;
  std::optional<Grower<WideCell>> wide_;
  TrainResult result_;
};

inline void Booster::make_weights() {
  weights_ = data_.weights;
  own_weights_ = class_weighted(options_, data_.labels, weights_);
  if (!own_weights_.empty()) {
    weights_ = own_weights_;
    warn_of_weights();
  }
  sampling_.leave_out_zero_weights(weights_);
}

/// Weighing classes moves the probabilities: say so, with the rates.
inline void Booster::warn_of_weights() {
  double rows[2] = {0.0, 0.0}, weight[2] = {0.0, 0.0};
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const std::size_t label = data_.labels[i] != 0.0 ? 1 : 0;
    rows[label] = exact::add(rows[label], data_.weights.empty() ? 1.0 : data_.weights[i]);
    weight[label] = exact::add(weight[label], weights_[i]);
  }
  const auto rate = [](const double(&sums)[2]) {  // four digits
    const double share = exact::div(sums[1], exact::add(sums[0], sums[1]));
    return number_text(exact::div(__builtin_floor(exact::add(exact::mul(share, 1e4), 0.5)), 1e4));
  };
  result_.warnings.push_back(std::string(options_.is_unbalance ? "is_unbalance" : "scale_pos_weight") +
                             " moves probabilities: the observed rate is " + rate(rows) +
                             ", what is learned averages " + rate(weight) +
                             "; calibrate, or leave weights alone (they hardly change the order of scores)");
}

/// Base margin, leaf grid, starting scores, validation sets.
inline void Booster::start(std::span<const ValidData> valid) {
  const std::size_t n = data_.labels.size();
  double sum_wy = 0.0;
  double range = 0.0;
  for (std::size_t begin = 0; begin < n; begin += kSumBlock) {
    const std::size_t rows = std::min(kSumBlock, n - begin);
    const double* const y = data_.labels.data() + begin;
    const double* const w = weights_.empty() ? nullptr : weights_.data() + begin;
    sum_of_weights_ =
        exact::add(sum_of_weights_,
                   w == nullptr ? static_cast<double>(rows) : sum_of_block(rows, [&](std::size_t i) { return w[i]; }));
    sum_wy = exact::add(
        sum_wy, sum_of_block(rows, [&](std::size_t i) { return w == nullptr ? y[i] : exact::mul(w[i], y[i]); }));
    for (std::size_t i = 0; i < rows; ++i) {
      if (w == nullptr || w[i] > 0.0) range = std::max(range, magnitude(y[i]));
    }
  }
  const bool goes_on = data_.start != nullptr;
  const double grid =
      goes_on && data_.start->leaf_grid > 0.0 ? data_.start->leaf_grid : objective_->leaf_grid(exact::mul(range, 2.0));
  if (!is_finite(sum_wy)) {
    fail(ErrorCode::numeric, "labels",
         "their weighted sum is " + number_text(sum_wy) + "; scale labels or weights down");
  }
  const bool average = options_.boost_from_average && data_.init_margins.empty() && !goes_on;
  std::vector<double> base;
  if (outputs_ > 1) {
    base = class_margins(average, grid);
  } else {
    base = {average ? on_grid(best_constant(exact::div(sum_wy, sum_of_weights_)), grid) : 0.0};
    learned_ = {true};
  }

  Model& model = result_.model;
  model.objective.name = std::string(objective_->name());
  model.objective.parameter = objective_->parameter();
  model.features = data_.bins.cuts().features;
  model.num_outputs = static_cast<int>(outputs_);
  model.base_margin = base;
  model.leaf_grid = grid;
  if (first_ > std::numeric_limits<int>::max() - options_.num_iterations) {
    fail(ErrorCode::invalid_option, "num_iterations",
         std::to_string(options_.num_iterations) + " after the " + std::to_string(first_) +
             " of the model that training goes on from; together at most 2147483647");
  }
  TrainOptions recorded = options_;
  recorded.num_iterations += first_;
  model.options = recorded_options(recorded);
  for (const double margin : base) scores_.insert(scores_.end(), n, margin);
  add_init_margins(data_.init_margins, scores_);
  for (std::size_t k = 0; k < outputs_; ++k) {
    double& mass = leaf_mass_.emplace_back(magnitude(base[k]));
    for (const double score : of_output(scores_, k)) mass = std::max(mass, magnitude(score));
  }
  if (goes_on) start_from_model();

  metrics_ = options_.metric;
  if (metrics_.empty()) metrics_.emplace_back(objective_->default_metric());
  const auto binning = std::chrono::steady_clock::now();
  for (const ValidData& set : valid) {
    ValidSet out{bin_like(data_.bins.cuts(), set.features, executor_), &set, {}, {}};
    for (const double margin : base) out.scores.insert(out.scores.end(), set.labels.size(), margin);
    add_init_margins(set.init_margins, out.scores);
    if (goes_on) add_margins(margins_of(*data_.start, set.features, executor_), out.scores);
    valid_.push_back(std::move(out));
  }
  result_.bin_seconds = seconds_since(binning);
}

/// Where init margins are given, no base margin was: they stand for it.
inline void Booster::add_init_margins(std::span<const double> margins, std::vector<double>& scores) const {
  for (std::size_t i = 0; i < margins.size(); ++i)
    of_output(scores, i % outputs_)[i / outputs_] = on_grid(margins[i], result_.model.leaf_grid);
}

/// The margins that classes start from, and which of them there is something to learn about. As in LightGBM a class
/// without rows keeps the margin of its share (1e-15) whatever boost_from_average says.
inline std::vector<double> Booster::class_margins(bool average, double grid) {
  const std::vector<double> shares = class_shares(data_.labels, weights_, outputs_);
  std::vector<double> out;
  for (std::size_t k = 0; k < outputs_; ++k) {
    learned_.push_back(shares[k] > 0.0);
    const bool starts_at_share = average || (!learned_[k] && data_.init_margins.empty() && data_.start == nullptr);
    out.push_back(starts_at_share ? on_grid(objective_->margin_of_mean(shares[k]), grid) : 0.0);
    if (!learned_[k]) {
      result_.warnings.push_back("no training row is of class " + std::to_string(k) + ": " +
                                 (starts_at_share ? "the model gives it next to no probability, whatever the row"
                                                  : "nothing is learned about it"));
    }
  }
  return out;
}

/// Trees, base margin and starting scores of the model that training goes on from.
inline void Booster::start_from_model() {
  const Model& before = *data_.start;
  if (!(before.leaf_grid > 0.0)) {
    fail(ErrorCode::invalid_data, "model",
         "its leaves lie on no grid (it was imported); give its margins as init margins instead");
  }
  Model& model = result_.model;
  model.base_margin = before.base_margin;
  model.trees = before.trees;
  for (std::size_t k = 0; k < outputs_; ++k) leaf_mass_[k] = exact::add(leaf_mass_[k], leaf_mass(before, k));
  add_margins(margins_of(before, data_.features, executor_), scores_);
}

/// The margin that training starts from.
inline double Booster::best_constant(double mean) const {
  const std::optional<double> share = objective_->quantile();
  if (!share) return objective_->margin_of_mean(mean);
  const double scale = weights_.empty() ? 1.0 : fine_scale(sum_of_weights_);
  std::vector<WeightedValue> labels;
  for (std::size_t i = 0; i < data_.labels.size(); ++i) {
    if (weights_.empty() || weights_[i] > 0.0)
      labels.push_back(
          {data_.labels[i], static_cast<std::int64_t>(weights_.empty() ? 1.0 : exact::mul(weights_[i], scale))});
  }
  return percentile(labels, !weights_.empty(), *share);
}

inline SplitUnits Booster::units(const RowGradients& gradients) const noexcept {
  SplitUnits out;
  out.l1 = exact::mul(options_.lambda_l1, gradients.scale_g());
  out.l2 = exact::mul(options_.lambda_l2, gradients.scale_h());
  out.quanta_of_h = gradients.scale_h();
  out.min_h = std::max(1.0, exact::mul(options_.min_sum_hessian_in_leaf, gradients.scale_h()));
  if (objective_->constant_hessian() && weights_.empty()) {  // quanta of h are rows
    out.min_h = std::max(out.min_h, static_cast<double>(options_.min_data_in_leaf));
  }
  out.gain = exact::div(exact::mul(gradients.unit_g(), gradients.unit_g()), gradients.unit_h());
  if (options_.max_delta_step > 0.0) {
    out.step.high = exact::div(exact::mul(options_.max_delta_step, gradients.scale_g()), gradients.scale_h());
    out.step.low = -out.step.high;
  }
  out.limited = options_.max_delta_step > 0.0 || is_monotone_;
  return out;
}

/// Sums of leaves are exact only below 2^53 quanta of the grid; nothing sane comes near.
inline void Booster::check_leaves(const Tree& tree, std::size_t output) {
  double& mass = leaf_mass_[output];
  mass = exact::add(mass, largest_leaf(tree));
  if (!(mass < exact::mul(0x1p52, result_.model.leaf_grid))) {
    fail(ErrorCode::numeric, "tree " + std::to_string(result_.model.trees.size() + 1),
         "leaves and margins add up to " + number_text(mass) +
             ", too much for exact sums; raise lambda_l2 or "
             "min_sum_hessian_in_leaf, or check labels and init margins");
  }
}

/// A tree that says nothing: other rows or features may do better in the next iteration, or another class did in this.
inline void Booster::add_idle_tree() {
  Tree idle;
  idle.leaves = {0.0};
  idle.leaf_counts = {weights_.empty() ? static_cast<double>(data_.labels.size()) : sum_of_weights_};
  result_.model.trees.push_back(std::move(idle));
}

/// Adds one tree. False when it is idle and another round would find no more.
template <class Cell>
bool Booster::add_tree(Grower<Cell>& grower, std::span<const Cell> cells, std::size_t output, const Random& random) {
  grower.work_alone(choice_.alone());
  using Rows = typename Grower<Cell>::Rows;
  const GrownTree<Cell>& grown = grower.grow(cells, sampling_.uses_all_rows() ? Rows::all : Rows::listed,
                                             sampling_.rows(), units(*gradients_), sampling_.features(), random);
  if (grown.splits.empty()) {
    add_idle_tree();
    return sampling_.draws() || options_.extra_trees || options_.feature_fraction_bynode < 1.0;
  }
  const std::span<double> scores = of_output(scores_, output);
  std::optional<LeafRenewal> renewal;
  if (const auto share = objective_->quantile()) renewal = LeafRenewal{*share, data_.labels, scores};
  Tree tree = finisher_->finish(grown, *gradients_, rate_, renewal, executor_);
  check_leaves(tree, output);
  if (sampling_.uses_all_rows()) {
    finisher_->add_to_scores(tree, grown.leaf_rows, scores, executor_);
  } else {
    score_rows<Cell>(data_.bins, grown.splits, tree.leaves, scores, executor_);
  }
  for (ValidSet& set : valid_)
    score_rows<Cell>(set.bins, grown.splits, tree.leaves, of_output(set.scores, output), executor_);
  result_.model.trees.push_back(std::move(tree));
  return true;
}

/// Adds a tree for each output, all from the margins at the beginning of the round. False, and nothing added, when no
/// leaf of any could be split.
inline bool Booster::add_round(int iteration, const TrainHooks& hooks, const Random& random) {
  sampling_.draw(iteration);
  shared_->look(scores_, executor_);
  bool grew = false;
  for (std::size_t k = 0; k < outputs_; ++k) {
    if (!learned_[k]) {
      add_idle_tree();
      continue;
    }
    const Random here = outputs_ == 1 ? random : random.split(k);
    sampling_.draw_features(static_cast<std::uint64_t>(iteration - 1) * outputs_ + k + 1);
    gradients_->compute(of_output(scores_, k), data_.labels, weights_, here, executor_, hooks.gradients,
                        shared_->of(k));
    bool more = false;
    if (gradients_->is_wide()) {
      if (!wide_) wide_.emplace(data_.bins, options_, groups_, *costs_, executor_, level_);
      more = add_tree<WideCell>(*wide_, gradients_->wide(), k, here);
    } else {
      if (!narrow_) narrow_.emplace(data_.bins, options_, groups_, *costs_, executor_, level_);
      more = add_tree<NarrowCell>(*narrow_, gradients_->narrow(), k, here);
    }
    grew = grew || more;
  }
  if (!grew) result_.model.trees.resize(result_.model.trees.size() - outputs_);
  return grew;
}

/// Every metric of every validation set.
inline std::vector<double> Booster::values_of(const TrainHooks& hooks) {
  std::vector<double> values;
  for (ValidSet& set : valid_) {
    if (std::any_of(metrics_.begin(), metrics_.end(), is_of_predictions)) set.predict(options_, executor_);
    for (const std::string& metric : metrics_) values.push_back(set.value(metric, options_));
    if (hooks.metrics.empty()) continue;
    const std::vector<double> by_row = outputs_ > 1 ? set.margins_by_row() : std::vector<double>{};
    for (const CustomMetric& metric : hooks.metrics)
      values.push_back(metric.value(outputs_ > 1 ? by_row : set.scores, *set.data));
  }
  return values;
}

/// Monotone constraints are proved over the finished trees; a violation is a defect of ours, and no model leaves.
inline void Booster::prove_monotone() const {
  if (!is_monotone_) return;
  for (std::size_t f = 0; f < options_.monotone_constraints.size(); ++f) {
    const auto found =
        find_monotone_violation(result_.model, static_cast<std::int32_t>(f), options_.monotone_constraints[f]);
    if (!found) continue;
    fail(ErrorCode::internal, "tree " + std::to_string(found->tree + 1),
         "leaves " + std::to_string(found->lower) + " and " + std::to_string(found->upper) +
             " break the monotone constraint of " + quoted(result_.model.features[f].name));
  }
}

inline TrainResult Booster::run(const TrainHooks& hooks) {
  const auto begin = std::chrono::steady_clock::now();
  const Random random = Random(options_.seed).split(0x726f756e64);  // "round"
  gradients_.emplace(data_.labels.size(), *objective_, level_);
  shared_.emplace(data_.labels.size(), *objective_);
  finisher_.emplace(data_.bins, options_, weights_, sum_of_weights_, result_.model.leaf_grid);
  EarlyStopping stopping(options_, metrics_, hooks.metrics, valid_.size());
  Model& model = result_.model;
  for (const ValidSet& set : valid_) {
    for (const std::string& metric : metrics_) model.history.names.push_back(set.data->name + "." + metric);
    for (const CustomMetric& metric : hooks.metrics) model.history.names.push_back(set.data->name + "." + metric.name);
  }
  if (first_ > 0 && !model.history.names.empty()) {
    // A row a round, from the first one: what was not watched then is missing.
    if (data_.start->history.names == model.history.names) model.history.values = data_.start->history.values;
    model.history.values.resize(static_cast<std::size_t>(first_),
                                std::vector<double>(model.history.names.size(), kMissing));
  }
  if ((options_.objective == "custom") != static_cast<bool>(hooks.gradients)) {
    fail(ErrorCode::invalid_option, "objective",
         hooks.gradients
             ? quoted(options_.objective) + " has gradients of its own; TrainHooks::gradients is for \"custom\""
             : "\"custom\" needs TrainHooks::gradients: a function of the program that trains");
  }
  for (int iteration = first_ + 1; iteration <= first_ + options_.num_iterations; ++iteration) {
    if (hooks.stop.stop_requested()) {
      result_.cancelled = true;
      break;
    }
    const auto round = std::chrono::steady_clock::now();
    executor_.work_alone(choice_.alone());
    rate_ = hooks.learning_rate ? hooks.learning_rate(iteration) : options_.learning_rate;
    check_above("learning_rate of round " + std::to_string(iteration), rate_, 0.0, 1.0, "in (0, 1]");
    if (!add_round(iteration, hooks, random.split(static_cast<std::uint64_t>(iteration)))) break;  // all is learned
    choice_.took(seconds_since(round));
    const std::vector<double> values = values_of(hooks);
    if (!valid_.empty()) model.history.values.push_back(values);
    if (hooks.on_iteration) hooks.on_iteration({iteration, model.history.names, values, seconds_since(begin)});
    if (stopping.stop_after(iteration, values)) {
      result_.stopped_early = true;
      break;
    }
  }
  prove_monotone();
  const auto rounds = static_cast<int>(model.trees.size() / outputs_);
  result_.best_iteration = stopping.is_on() && stopping.best_iteration() > 0 ? stopping.best_iteration() : rounds;
  if (stopping.is_on()) model.trees.resize(static_cast<std::size_t>(result_.best_iteration) * outputs_);
  model.best_iteration = result_.best_iteration;
  result_.train_seconds = seconds_since(begin);
  return std::move(result_);
}

/// Memory that runs out says what training needs of it.
template <class Work>
[[nodiscard]] auto within_memory(const Binned& bins, const TrainOptions& options, const Executor& executor, Work work) {
  const auto needs = [&] {
    return std::to_string(bins.rows()) + " rows take about 40 bytes each, and " + std::to_string(options.num_leaves) +
           " leaves and " + std::to_string(executor.concurrency()) + " threads 2.1 KB each for every one of " +
           std::to_string(bins.cols()) + " features; less of any of them needs less";
  };
  return or_out_of_memory("training", needs, work);
}

}  // namespace riskflag::inline v0_1::detail

namespace riskflag::inline v0_1 {

inline TrainResult train(const TrainData& data, std::span<const ValidData> valid, const TrainOptions& options,
                         Executor& executor, const TrainHooks& hooks) {
  return detail::within_memory(data.bins, options, executor,
                               [&] { return detail::Booster(data, valid, options, executor, cpu_level()).run(hooks); });
}

inline TrainResult train(MatrixView<double> x, std::span<const Feature> features, std::span<const double> labels,
                         const TrainOptions& options, Executor& executor) {
  validate(options);
  const auto begin = std::chrono::steady_clock::now();
  const Binned bins = bin_matrix(x, features, bin_options(options), executor);
  const double seconds = detail::seconds_since(begin);
  TrainResult result = train(TrainData{.bins = bins, .labels = labels}, {}, options, executor);
  result.bin_seconds = seconds;
  return result;
}

}  // namespace riskflag::inline v0_1
