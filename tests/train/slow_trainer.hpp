#pragma once

// The library's training without any of its shortcuts: no shared histograms, no subtraction, no vectors, no threads, no
// work ahead, every limit on exact counts. It shares definitions (a row's integers, the gain of two sums, what is drawn
// for a node) and nothing of how they are computed fast; so its trees must be the library's, bit for bit.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/train.hpp>

namespace slow {

using namespace riskflag;
using detail::NodeState;
using detail::Split;

struct Tree {
  std::vector<int> leaf_split, feature;  ///< in the order of splits: which leaf, on what
  std::vector<bool> default_left;
  std::vector<double> gain, leaves, counts;
};

/// Features that the forest has asked, and rows that have met a question about a feature.
struct Paid {
  std::vector<bool> features;
  std::set<std::pair<std::size_t, std::uint32_t>> rows;
};

template <class Cell>
class Grower {
 public:
  Grower(const Binned& bins, const TrainOptions& options, Paid& paid, const detail::RowGradients& gradients,
         std::span<const Cell> cells, detail::SplitUnits units, detail::NodeFeatures& features, const Random& random)
      : bins_(bins),
        o_(options),
        paid_(paid),
        gradients_(gradients),
        cells_(cells),
        units_(units),
        features_(features),
        random_(random) {}

  struct Leaf {
    std::vector<std::uint32_t> rows;
    int depth = 0;
    NodeState state;
    Split<Cell> best{};
    double output = 0.0;
    std::vector<std::uint8_t> region;  ///< method intermediate: of each feature, a flag a bin
  };

  std::vector<Leaf> grow(const std::vector<std::uint32_t>& rows, Tree& tree) {
    std::vector<Leaf> leaves(1);
    leaves[0].rows = rows;
    leaves[0].state = features_.root();
    leaves[0].region.assign(bins_.cols() * 256, 0);
    for (std::size_t f = 0; f < bins_.cols(); ++f) {
      const FeatureCuts& cuts = bins_.feature(f);
      const unsigned last = cuts.type == FeatureType::categorical ? cuts.unseen_bin() : cuts.missing_bin();
      std::fill_n(leaves[0].region.begin() + static_cast<std::ptrdiff_t>(f * 256), last + 1, std::uint8_t{1});
    }
    search(leaves[0]);
    while (static_cast<int>(leaves.size()) < o_.num_leaves) {
      std::size_t top = leaves.size();
      for (std::size_t k = 0; k < leaves.size(); ++k) {
        if (!leaves[k].best.exists()) continue;
        if (top == leaves.size()) {
          top = k;
          continue;
        }
        const bool level = o_.grow_policy == "depthwise" && leaves[k].depth != leaves[top].depth;
        if (level ? leaves[k].depth < leaves[top].depth : leaves[k].best.gain > leaves[top].best.gain) top = k;
      }
      if (top == leaves.size()) break;
      const Leaf parent = leaves[top];
      const auto f = static_cast<std::size_t>(parent.best.feature);
      const auto go_left = parent.best.go_left(bins_.feature(f));
      Leaf child[2];
      for (const std::uint32_t row : parent.rows) child[go_left[bins_.column(f)[row]] != 0 ? 0 : 1].rows.push_back(row);
      const bool cheaper = !o_.cegb_penalty_feature_coupled.empty() && !paid_.features[f] &&
                           o_.cegb_tradeoff * o_.cegb_penalty_feature_coupled[f] > 0;
      paid_.features[f] = true;
      for (const std::uint32_t row : parent.rows) paid_.rows.insert({f, row});
      for (const std::size_t side : {0U, 1U}) {
        Leaf& c = child[side];
        c.depth = parent.depth + 1;
        c.state.key = detail::child_key(parent.state.key, side);
        c.state.bounds = parent.state.bounds;
        if (features_.varies()) c.state.groups = features_.groups_below(parent.state, static_cast<std::uint32_t>(f));
        const int sign = o_.monotone_constraints.empty() ? 0 : o_.monotone_constraints[f];
        c.output = side == 0 ? parent.best.left_output : parent.best.right_output;
        const double other = side == 0 ? parent.best.right_output : parent.best.left_output;
        const double limit = is_intermediate() ? other : exact::mul(exact::add(c.output, other), 0.5);
        if (sign != 0) ((sign > 0) == (side == 0) ? c.state.bounds.high : c.state.bounds.low) = limit;
        c.region = parent.region;
        for (std::size_t b = 0; b < 256; ++b) {
          if ((go_left[b] != 0) != (side == 0)) c.region[f * 256 + b] = 0;
        }
        search(c);
      }
      tree.leaf_split.push_back(static_cast<int>(top));
      tree.feature.push_back(parent.best.feature);
      tree.default_left.push_back(parent.best.default_left);
      tree.gain.push_back(parent.best.gain);
      leaves[top] = child[0];
      leaves.push_back(child[1]);
      if (static_cast<int>(leaves.size()) == o_.num_leaves && !is_intermediate()) break;
      for (std::size_t k = 0; k + 1 < leaves.size(); ++k) {
        if (k == top) continue;
        Leaf& leaf = leaves[k];
        bool tighter = false;
        for (const std::size_t c : {top, leaves.size() - 1}) {
          const int order = is_intermediate() ? order_of(leaves[c], leaf) : 0;
          double& bound = order > 0 ? leaf.state.bounds.low : leaf.state.bounds.high;
          if (order == 0 || (order > 0 ? leaves[c].output <= bound : leaves[c].output >= bound)) continue;
          bound = leaves[c].output;
          tighter = true;
        }
        if (!cheaper && !(tighter && leaf.best.exists())) continue;
        leaf.best = {};
        search(leaf);
      }
    }
    if (is_intermediate()) {
      std::vector<detail::OutputBounds> last(leaves.size());
      for (std::size_t a = 0; a < leaves.size(); ++a) {
        for (std::size_t b = 0; b < leaves.size(); ++b) {
          if (a == b || order_of(leaves[a], leaves[b]) <= 0) continue;
          const double middle = exact::mul(exact::add(leaves[a].output, leaves[b].output), 0.5);
          last[a].high = std::min(last[a].high, middle);
          last[b].low = std::max(last[b].low, middle);
        }
      }
      for (std::size_t k = 0; k < leaves.size(); ++k) leaves[k].state.bounds = last[k];
    }
    return leaves;
  }

 private:
  [[nodiscard]] bool is_intermediate() const {
    return o_.monotone_constraints_method == "intermediate" && !o_.monotone_constraints.empty();
  }
  /// 1: the output of `b` may not be below that of `a`; -1: not above; 0: neither. From all their bins.
  [[nodiscard]] int order_of(const Leaf& a, const Leaf& b) const {
    int apart = -1;
    for (std::size_t f = 0; f < bins_.cols(); ++f) {
      bool meet = false;
      for (std::size_t bin = 0; bin < 256; ++bin)
        meet = meet || (a.region[f * 256 + bin] != 0 && b.region[f * 256 + bin] != 0);
      if (meet) continue;
      if (apart >= 0) return 0;  // a row would have to change two features
      apart = static_cast<int>(f);
    }
    if (apart < 0 || o_.monotone_constraints[static_cast<std::size_t>(apart)] == 0) return 0;
    const auto first_value = [&](const Leaf& leaf) {
      const auto f = static_cast<std::size_t>(apart);
      for (unsigned bin = 0; bin < bins_.feature(f).value_bins; ++bin) {
        if (leaf.region[f * 256 + bin] != 0) return static_cast<int>(bin);
      }
      return -1;
    };
    const int in_a = first_value(a), in_b = first_value(b);
    if (in_a < 0 || in_b < 0) return 0;
    return (in_a < in_b ? 1 : -1) * o_.monotone_constraints[static_cast<std::size_t>(apart)];
  }
  [[nodiscard]] double output(Cell sum, const detail::OutputBounds& bounds) const {
    return kernels::limited_output(static_cast<double>(g_of(sum)),
                                   exact::add(static_cast<double>(h_of(sum)), units_.l2), units_.l1, bounds);
  }

  void search(Leaf& leaf) const {
    const auto least = static_cast<std::size_t>(std::max(1, o_.min_data_in_leaf));
    if (o_.max_depth > 0 && leaf.depth >= o_.max_depth) return;
    Cell total{};
    for (const std::uint32_t row : leaf.rows) total += cells_[row];
    if (leaf.rows.size() < 2 * least || static_cast<double>(h_of(total)) < 2.0 * units_.min_h) return;
    const double noise =
        exact::mul(exact::div(exact::mul(4.0, static_cast<double>(leaf.rows.size())), static_cast<double>(h_of(total))),
                   units_.gain);
    const double floor = std::max(noise, o_.min_gain_to_split);
    std::vector<std::uint32_t> own;
    for (const std::uint32_t f : features_.of(leaf.state, own)) {
      Split<Cell> split = best_of(leaf, f, total, least);
      if (split.feature < 0 || !(split.gain > floor)) continue;
      if (!o_.feature_contri.empty()) split.gain = exact::mul(split.gain, o_.feature_contri[f]);
      if (o_.cegb_penalty_split > 0.0)
        split.gain = exact::sub(split.gain, exact::mul(exact::mul(o_.cegb_tradeoff, o_.cegb_penalty_split),
                                                       static_cast<double>(leaf.rows.size())));
      if (!o_.cegb_penalty_feature_coupled.empty() && !paid_.features[f])
        split.gain = exact::sub(split.gain, exact::mul(o_.cegb_tradeoff, o_.cegb_penalty_feature_coupled[f]));
      if (!o_.cegb_penalty_feature_lazy.empty()) {
        double unpaid = 0;
        for (const std::uint32_t row : leaf.rows) unpaid += paid_.rows.count({f, row}) == 0 ? 1 : 0;
        split.gain =
            exact::sub(split.gain, exact::mul(exact::mul(o_.cegb_tradeoff, o_.cegb_penalty_feature_lazy[f]), unpaid));
      }
      if (!(split.gain > 0.0)) continue;
      if (!leaf.best.exists() || split.gain > leaf.best.gain) leaf.best = split;
    }
  }

  [[nodiscard]] Split<Cell> best_of(const Leaf& leaf, std::uint32_t f, Cell total, std::size_t least) const {
    const FeatureCuts& cuts = bins_.feature(f);
    std::array<Cell, 256> sums{};
    detail::BinCounts counts{static_cast<std::int32_t>(f), {}};
    for (const std::uint32_t row : leaf.rows) {
      sums[bins_.column(f)[row]] += cells_[row];
      ++counts.rows[bins_.column(f)[row]];
    }
    const Random drawn = random_.split(leaf.state.key).split(f);
    Split<Cell> best;
    if (cuts.type == FeatureType::categorical) {
      best = detail::best_level_split(
          detail::LevelSplitInput<Cell>{sums.data(), cuts, total, static_cast<std::uint32_t>(leaf.rows.size()), &counts,
                                        o_, units_, leaf.state, o_.extra_trees ? std::optional(drawn) : std::nullopt});
      if (!(best.gain >= 0.0)) return {};
    } else {
      const bool some_missing = h_of(sums[cuts.missing_bin()]) != 0;
      const unsigned cuts_here = cuts.value_bins - (some_missing ? 0U : 1U);
      const auto only = static_cast<unsigned>(drawn.below(std::max(1U, cuts_here), 0));
      double lead = -detail::OutputBounds::kNone;
      bool found = false;
      for (const bool missing_left : {false, true}) {
        if (missing_left && !some_missing) break;
        Cell left = missing_left ? sums[cuts.missing_bin()] : Cell{};
        std::size_t rows = missing_left ? counts.rows[cuts.missing_bin()] : 0;
        for (unsigned b = 0; b + (missing_left || !some_missing ? 1 : 0) < cuts.value_bins; ++b) {
          left += sums[b];
          rows += counts.rows[b];
          if (o_.extra_trees && b != only) continue;
          if (rows < least || leaf.rows.size() - rows < least) continue;
          const Cell right = total - left;
          const auto hl = static_cast<double>(h_of(left)), hr = static_cast<double>(h_of(right));
          if (hl < units_.min_h || hr < units_.min_h) continue;
          const auto gl = static_cast<double>(g_of(left)), gr = static_cast<double>(g_of(right));
          const double wl = exact::add(hl, units_.l2), wr = exact::add(hr, units_.l2);
          const int sign = o_.monotone_constraints.empty() ? 0 : o_.monotone_constraints[f];
          const double gain =
              units_.limited
                  ? kernels::limited_sides(gl, wl, gr, wr, units_.l1, units_.allowed(leaf.state.bounds), sign).gain
                  : kernels::two_sided_gain(gl, wl, gr, wr, units_.l1);
          if (!(gain > lead)) continue;
          lead = gain;
          found = true;
          best.bin = b;
          best.left = left;
          best.default_left = some_missing ? missing_left : h_of(left) >= h_of(right);
        }
      }
      if (!found) return {};
      const auto g = static_cast<double>(g_of(total)), h = static_cast<double>(h_of(total));
      best.gain = units_.limited ? units_.limited_gain(lead, g, h, leaf.state.bounds) : units_.real_gain(lead, g, h);
    }
    best.feature = static_cast<std::int32_t>(f);
    best.left_output = output(best.left, units_.allowed(leaf.state.bounds));
    best.right_output = output(total - best.left, units_.allowed(leaf.state.bounds));
    return best;
  }

  const Binned& bins_;
  const TrainOptions& o_;
  Paid& paid_;
  const detail::RowGradients& gradients_;
  std::span<const Cell> cells_;
  detail::SplitUnits units_;
  detail::NodeFeatures& features_;
  Random random_;
};

/// All rounds of a training on one table.
class Trainer {
 public:
  Trainer(const Binned& bins, const std::vector<double>& labels, const std::vector<double>& weights,
          const std::vector<double>& margins, const TrainOptions& options)
      : bins_(bins), labels_(labels), weights_(weights), margins_(margins), o_(options) {}

  std::vector<Tree> run(const Model& model) {  // of the model only its base margin and grid
    const std::size_t n = labels_.size();
    const auto objective = detail::make_objective(o_, CpuLevel::scalar);
    SerialExecutor serial;
    std::vector<double> scores(n, model.base_margin[0]);
    for (std::size_t i = 0; i < margins_.size(); ++i) scores[i] = detail::on_grid(margins_[i], model.leaf_grid);
    detail::Sampling sampling(o_, labels_, n, bins_.cols());
    sampling.leave_out_zero_weights(weights_);
    detail::RowGradients gradients(n, *objective, CpuLevel::scalar);
    const Random random = Random(o_.seed).split(0x726f756e64);
    detail::NodeFeatures features(o_, detail::interaction_groups(bins_.cuts().features, o_));
    paid_.features.assign(bins_.cols(), false);
    std::vector<Tree> out;
    for (int iteration = 1; iteration <= o_.num_iterations; ++iteration) {
      sampling.draw(iteration);
      sampling.draw_features(static_cast<std::uint64_t>(iteration));
      const Random here = random.split(static_cast<std::uint64_t>(iteration));
      gradients.compute(scores, labels_, weights_, here, serial);
      std::vector<std::uint32_t> rows(sampling.rows().begin(), sampling.rows().end());
      if (sampling.uses_all_rows()) {
        for (std::uint32_t i = 0; i < n; ++i) rows.push_back(i);
      }
      features.start_tree(sampling.features(), here.split(0x6e6f6465));
      Tree tree;
      round_ = out.size();
      const bool go_on =
          gradients.is_wide()
              ? round<WideCell>(gradients.wide(), gradients, rows, features, here, model, *objective, scores, tree)
              : round<NarrowCell>(gradients.narrow(), gradients, rows, features, here, model, *objective, scores, tree);
      if (!go_on && !sampling.draws() && !o_.extra_trees && o_.feature_fraction_bynode >= 1.0) break;
      out.push_back(tree);
    }
    return out;
  }

 private:
  template <class Cell>
  bool round(std::span<const Cell> cells, const detail::RowGradients& gradients, const std::vector<std::uint32_t>& rows,
             detail::NodeFeatures& features, const Random& here, const Model& model,
             const detail::ObjectiveFunction& objective, std::vector<double>& scores, Tree& tree) {
    detail::SplitUnits units;
    units.l1 = exact::mul(o_.lambda_l1, gradients.scale_g());
    units.l2 = exact::mul(o_.lambda_l2, gradients.scale_h());
    units.quanta_of_h = gradients.scale_h();
    units.min_h = std::max(1.0, exact::mul(o_.min_sum_hessian_in_leaf, gradients.scale_h()));
    if (objective.constant_hessian() && weights_.empty())
      units.min_h = std::max(units.min_h, static_cast<double>(o_.min_data_in_leaf));
    units.gain = exact::div(exact::mul(gradients.unit_g(), gradients.unit_g()), gradients.unit_h());
    if (o_.max_delta_step > 0) {
      units.step.high = exact::div(exact::mul(o_.max_delta_step, gradients.scale_g()), gradients.scale_h());
      units.step.low = -units.step.high;
    }
    const bool monotone =
        std::any_of(o_.monotone_constraints.begin(), o_.monotone_constraints.end(), [](int s) { return s != 0; });
    units.limited = o_.max_delta_step > 0 || monotone;
    Grower<Cell> grower(bins_, o_, paid_, gradients, cells, units, features, here.split(0x637574));
    const auto leaves = grower.grow(rows, tree);
    if (leaves.size() == 1) {
      tree.leaves = {0.0};
      return false;
    }
    const double scale_g = detail::fine_scale(gradients.sum_g()), scale_h = detail::fine_scale(gradients.sum_h());
    const double unit = exact::div(gradients.unit_g(), gradients.unit_h());
    for (const auto& leaf : leaves) {
      if (const auto share = objective.quantile()) {
        double value = quantile_of(leaf.rows, *share, scores);
        if (o_.max_delta_step > 0) value = std::clamp(value, -o_.max_delta_step, o_.max_delta_step);
        if (monotone && leaf.state.bounds.low > -detail::OutputBounds::kNone)
          value = std::max(value, exact::mul(leaf.state.bounds.low, unit));
        if (monotone && leaf.state.bounds.high < detail::OutputBounds::kNone)
          value = std::min(value, exact::mul(leaf.state.bounds.high, unit));
        tree.leaves.push_back(detail::on_grid(exact::mul(value, o_.learning_rate), model.leaf_grid));
        tree.counts.push_back(static_cast<double>(leaf.rows.size()));
        continue;
      }
      std::int64_t g = 0, h = 0;
      for (const std::uint32_t row : leaf.rows) {
        g += static_cast<std::int64_t>(exact::mul(gradients.g()[row], scale_g));
        h += static_cast<std::int64_t>(exact::mul(gradients.h()[row], scale_h));
      }
      double gs = exact::div(static_cast<double>(g), scale_g);
      const double hs = exact::add(exact::div(static_cast<double>(h), scale_h), o_.lambda_l2);
      if (o_.lambda_l1 > 0) {
        const double rest = exact::sub(gs < 0 ? -gs : gs, o_.lambda_l1);
        gs = rest > 0 ? (gs < 0 ? -rest : rest) : 0.0;
      }
      double value = hs > 0 ? exact::div(-gs, hs) : 0.0;
      if (o_.max_delta_step > 0) value = std::clamp(value, -o_.max_delta_step, o_.max_delta_step);
      const detail::OutputBounds& b = leaf.state.bounds;
      if (monotone && b.low > -detail::OutputBounds::kNone) value = std::max(value, exact::mul(b.low, unit));
      if (monotone && b.high < detail::OutputBounds::kNone) value = std::min(value, exact::mul(b.high, unit));
      tree.leaves.push_back(detail::on_grid(exact::mul(value, o_.learning_rate), model.leaf_grid));
      tree.counts.push_back(static_cast<double>(leaf.rows.size()));
    }
    last_leaf_rows_.clear();
    for (const auto& leaf : leaves) last_leaf_rows_.push_back(leaf.rows);
    add_scores(tree, scores);
    return true;
  }

  /// From a full sort: unweighted between two ranks from the top, weighted the least value with more than the share of
  /// the weight at or below it.
  double quantile_of(const std::vector<std::uint32_t>& rows, double share, const std::vector<double>& scores) const {
    std::vector<std::pair<double, double>> left;
    double all = 0.0;
    for (const std::uint32_t row : rows) {
      left.emplace_back(labels_[row] - scores[row], weights_.empty() ? 1.0 : weights_[row]);
      all += left.back().second;
    }
    std::sort(left.begin(), left.end());
    if (!weights_.empty()) {
      double sum = 0.0;
      for (const auto& [value, weight] : left) {
        sum += weight;
        if (sum > all * share) return value;
      }
      return left.back().first;
    }
    std::reverse(left.begin(), left.end());
    const double rank = (1.0 - share) * static_cast<double>(left.size());
    const auto at = static_cast<std::size_t>(rank);
    if (at < 1) return left.front().first;
    if (at >= left.size()) return left.back().first;
    return left[at - 1].first - (left[at - 1].first - left[at].first) * (rank - static_cast<double>(at));
  }

  /// Rows that the tree was grown on have a leaf already; all others are sent down by the library's finished tree,
  /// which the test has compared by then: so a run with drawn rows takes their scores from there.
  void add_scores(const Tree& tree, std::vector<double>& scores) {
    std::vector<bool> known(scores.size());
    for (std::size_t k = 0; k < last_leaf_rows_.size(); ++k) {
      for (const std::uint32_t row : last_leaf_rows_[k]) {
        scores[row] = exact::add(scores[row], tree.leaves[k]);
        known[row] = true;
      }
    }
    if (!others) return;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (!known[i]) scores[i] = exact::add(scores[i], others(round_, i));
    }
  }

  const Binned& bins_;
  const std::vector<double>&labels_, &weights_, &margins_;
  const TrainOptions& o_;
  std::vector<std::vector<std::uint32_t>> last_leaf_rows_;
  Paid paid_;
  std::size_t round_ = 0;

 public:
  std::function<double(std::size_t tree, std::size_t row)> others;
};

}  // namespace slow
