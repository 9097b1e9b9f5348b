#pragma once

// Boosting as a textbook writes it: sums in double over raw rows, every limit on exact counts, no histograms, no
// integers. Shares with the library the cuts, the definition of a gain and nothing else. Gains within one part in a
// million count as equal; the first candidate keeps the lead (features, then missing right, missing left, then rising
// cuts).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <riskflag/bin/cuts.hpp>
#include <riskflag/train/options.hpp>

#include "small_table.hpp"

namespace reference {

struct Split {
  double gain = 0.0;
  int feature = -1;
  std::vector<bool> left;  ///< by bin
  double left_output = 0, right_output = 0;
};
struct Leaf {
  std::vector<std::size_t> rows;
  int depth = 0;
  double low = -1e300, high = 1e300;  ///< of its output, from monotone constraints above
  Split best;
};
struct NodeFacts {
  int leaf, feature;
  std::vector<std::size_t> left_rows;  ///< who went left, by row number: independent of how thresholds are written
  double gain;
};
struct Round {
  std::vector<NodeFacts> splits;
  std::vector<double> leaves;
};

class Trainer {
 public:
  Trainer(const SmallTable& table, const std::vector<double>& weights, const riskflag::Cuts& cuts,
          const riskflag::TrainOptions& options)
      : table_(table), weights_(weights), cuts_(cuts), o_(options) {}

  std::vector<Round> run() {
    const std::size_t n = table_.rows;
    double wy = 0, w = 0;
    for (std::size_t i = 0; i < n; ++i) {
      wy += weight(i) * table_.labels[i];
      w += weight(i);
    }
    const bool binary = o_.objective == "binary";
    scores_ = table_.margins;
    if (scores_.empty()) scores_.assign(n, binary ? std::log(wy / (w - wy)) : wy / w);
    std::vector<Round> rounds;
    for (int t = 0; t < o_.num_iterations; ++t) {
      g_.resize(n);
      h_.resize(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double p = binary ? 1 / (1 + std::exp(-scores_[i])) : scores_[i];
        g_[i] = weight(i) * (p - table_.labels[i]);
        h_[i] = weight(i) * (binary ? p * (1 - p) : 1.0);
      }
      Round round = grow();
      if (round.splits.empty()) break;
      rounds.push_back(round);
    }
    return rounds;
  }

 private:
  double weight(std::size_t i) const { return weights_.empty() ? 1.0 : weights_[i]; }
  unsigned bin(std::size_t row, std::size_t f) const {
    return cuts_.bins[f].bin_of(table_.values[row * table_.cols + f]);
  }
  static bool clearly_more(double a, double b) { return a > b + 1e-6 * std::abs(b) + 1e-9; }
  double threshold_l1(double g) const {
    return std::abs(g) <= o_.lambda_l1 ? 0.0 : (g > 0 ? g - o_.lambda_l1 : g + o_.lambda_l1);
  }
  double output(const Leaf& leaf, double g, double h, double l2) const {
    double w = -threshold_l1(g) / (h + l2);
    if (o_.max_delta_step > 0) w = std::clamp(w, -o_.max_delta_step, o_.max_delta_step);
    return std::clamp(w, leaf.low, leaf.high);
  }
  /// How much the loss falls, times two, when rows with these sums get the output w.
  double part(double g, double h, double l2, double w) const { return -2 * threshold_l1(g) * w - (h + l2) * w * w; }

  void consider(const Leaf& leaf, std::size_t f, const std::vector<bool>& left, double l2, Split& best) const {
    double gl = 0, hl = 0, gr = 0, hr = 0;
    int nl = 0, nr = 0;
    for (const std::size_t i : leaf.rows) {
      if (left[bin(i, f)]) {
        gl += g_[i], hl += h_[i], ++nl;
      } else {
        gr += g_[i], hr += h_[i], ++nr;
      }
    }
    if (nl < std::max(1, o_.min_data_in_leaf) || nr < std::max(1, o_.min_data_in_leaf)) return;
    if (hl < o_.min_sum_hessian_in_leaf || hr < o_.min_sum_hessian_in_leaf) return;
    const double wl = output(leaf, gl, hl, l2), wr = output(leaf, gr, hr, l2);
    const int sign = o_.monotone_constraints.empty() ? 0 : o_.monotone_constraints[f];
    if ((sign > 0 && wl > wr) || (sign < 0 && wl < wr)) return;
    const double gain = part(gl, hl, l2, wl) + part(gr, hr, l2, wr) -
                        part(gl + gr, hl + hr, o_.lambda_l2, output(leaf, gl + gr, hl + hr, o_.lambda_l2));
    if (gain <= o_.min_gain_to_split + 1e-7) return;
    if (best.feature < 0 || clearly_more(gain, best.gain)) {
      best = {gain, static_cast<int>(f), left, output(leaf, gl, hl, o_.lambda_l2), output(leaf, gr, hr, o_.lambda_l2)};
    }
  }

  Split search(const Leaf& leaf) const {
    Split best;
    if (o_.max_depth > 0 && leaf.depth >= o_.max_depth) return best;
    for (std::size_t f = 0; f < table_.cols; ++f) {
      const riskflag::FeatureCuts& cuts = cuts_.bins[f];
      if (cuts.type == riskflag::FeatureType::categorical) {
        search_levels(leaf, f, best);
        continue;
      }
      for (const bool missing_left : {false, true}) {
        for (unsigned b = 0; b + (missing_left ? 1 : 0) < cuts.value_bins; ++b) {
          std::vector<bool> left(257);
          for (unsigned k = 0; k <= b; ++k) left[k] = true;
          left[cuts.missing_bin()] = missing_left;
          consider(leaf, f, left, o_.lambda_l2, best);
        }
      }
    }
    return best;
  }

  void search_levels(const Leaf& leaf, std::size_t f, Split& best) const {
    const riskflag::FeatureCuts& cuts = cuts_.bins[f];
    struct Level {
      unsigned bin;
      double g = 0, h = 0, estimated = 0;
    };
    std::vector<Level> levels;
    double total_h = 0;
    for (const std::size_t i : leaf.rows) total_h += h_[i];
    for (unsigned b = 0; b <= cuts.missing_bin(); ++b) {
      Level level{b};
      int rows = 0;
      for (const std::size_t i : leaf.rows) {
        if (bin(i, f) == b) level.g += g_[i], level.h += h_[i], ++rows;
      }
      level.estimated = std::floor(level.h * static_cast<double>(leaf.rows.size()) / total_h + 0.5);
      if (rows > 0) levels.push_back(level);
    }
    if (static_cast<int>(cuts.value_bins) <= o_.max_cat_to_onehot) {
      for (const Level& level : levels) {
        std::vector<bool> left(257);
        left[level.bin] = true;
        consider(leaf, f, left, o_.lambda_l2, best);
      }
      return;
    }
    std::erase_if(levels, [&](const Level& level) { return level.estimated < o_.cat_smooth; });
    // By index among equals, and not std::stable_sort: Clang 19 warns about the buffer that libstdc++ 12 takes for it.
    std::sort(levels.begin(), levels.end(), [&](const Level& a, const Level& b) {
      const double ratio_a = a.g / (a.h + o_.cat_smooth), ratio_b = b.g / (b.h + o_.cat_smooth);
      return ratio_a != ratio_b ? ratio_a < ratio_b : a.bin < b.bin;
    });
    const auto most = std::min<std::size_t>(static_cast<std::size_t>(o_.max_cat_threshold), (levels.size() + 1) / 2);
    for (const bool from_end : {false, true}) {
      std::vector<bool> left(257);
      double group = 0, left_rows = 0;
      for (std::size_t k = 0; k < most; ++k) {
        const Level& level = levels[from_end ? levels.size() - 1 - k : k];
        left[level.bin] = true;
        group += level.estimated;
        left_rows += level.estimated;
        if (static_cast<double>(leaf.rows.size()) - left_rows < o_.min_data_per_group) break;
        // A side too small by rows or hessian leaves the group open, as in the library.
        Split probe;
        if (group < o_.min_data_per_group || !allowed(leaf, f, left)) continue;
        group = 0;
        consider(leaf, f, left, o_.lambda_l2 + o_.cat_l2, best);
      }
    }
  }
  bool allowed(const Leaf& leaf, std::size_t f, const std::vector<bool>& left) const {
    double hl = 0, hr = 0;
    int nl = 0, nr = 0;
    for (const std::size_t i : leaf.rows) {
      (left[bin(i, f)] ? hl : hr) += h_[i];
      ++(left[bin(i, f)] ? nl : nr);
    }
    return nl > 0 && nr > 0 && hl >= o_.min_sum_hessian_in_leaf && hr >= o_.min_sum_hessian_in_leaf;
  }

  Round grow() {
    Round round;
    std::vector<Leaf> leaves(1);
    for (std::size_t i = 0; i < table_.rows; ++i) {
      if (weight(i) > 0) leaves[0].rows.push_back(i);
    }
    leaves[0].best = search(leaves[0]);
    while (static_cast<int>(leaves.size()) < o_.num_leaves) {
      int top = -1;
      for (std::size_t k = 0; k < leaves.size(); ++k) {
        if (leaves[k].best.feature < 0) continue;
        const Leaf* lead = top < 0 ? nullptr : &leaves[static_cast<std::size_t>(top)];
        const bool by_level = o_.grow_policy == "depthwise";
        if (lead == nullptr || (by_level && leaves[k].depth < lead->depth) ||
            ((!by_level || leaves[k].depth == lead->depth) && clearly_more(leaves[k].best.gain, lead->best.gain))) {
          top = static_cast<int>(k);
        }
      }
      if (top < 0) break;
      Leaf& leaf = leaves[static_cast<std::size_t>(top)];
      Leaf left, right;
      left.depth = right.depth = leaf.depth + 1;
      left.low = right.low = leaf.low;
      left.high = right.high = leaf.high;
      const int sign =
          o_.monotone_constraints.empty() ? 0 : o_.monotone_constraints[static_cast<std::size_t>(leaf.best.feature)];
      const double middle = (leaf.best.left_output + leaf.best.right_output) / 2;
      if (sign > 0) left.high = right.low = middle;
      if (sign < 0) left.low = right.high = middle;
      for (const std::size_t i : leaf.rows) {
        (leaf.best.left[bin(i, static_cast<std::size_t>(leaf.best.feature))] ? left : right).rows.push_back(i);
      }
      round.splits.push_back({top, leaf.best.feature, left.rows, leaf.best.gain});
      left.best = search(left);
      right.best = search(right);
      leaf = left;
      leaves.push_back(right);
    }
    for (const Leaf& leaf : leaves) {
      double g = 0, h = 0;
      for (const std::size_t i : leaf.rows) g += g_[i], h += h_[i];
      round.leaves.push_back(output(leaf, g, h, o_.lambda_l2) * o_.learning_rate);
      for (const std::size_t i : leaf.rows) scores_[i] += round.leaves.back();
    }
    return round;
  }

  const SmallTable& table_;
  const std::vector<double>& weights_;
  const riskflag::Cuts& cuts_;
  const riskflag::TrainOptions& o_;
  std::vector<double> scores_, g_, h_;
};

}  // namespace reference
