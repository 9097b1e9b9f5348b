#pragma once

// Builds a ScanForest from a checked Model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/order_key.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/predict/detail/flat_array.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1::detail {

/// Builds the columns, then the trees in both forms. Life: constructed with a checked model; build() once.
class ScanBuilder {
 public:
  ScanBuilder(const Model& model, ScanForest& out) : model_(model), out_(out), features_(model.features.size()) {}

  /// Fills the forest; or says why this model cannot be scanned (the forest is then of no use).
  [[nodiscard]] std::string build() {
    for (std::size_t t = 0; t < model_.trees.size(); ++t) {
      if (model_.trees[t].leaves.size() <= kScanMaxLeaves) continue;
      return "tree " + std::to_string(t) + " has " + std::to_string(model_.trees[t].leaves.size()) +
             " leaves, and leaf numbers have one byte";
    }
    out_.float32_inputs = model_.float32_inputs;
    collect_keys();
    if (!collect_columns()) return "its questions need more than 256 rank columns, and column numbers have one byte";
    for (std::size_t f = 0; f < features_.size(); ++f) make_searches(f);
    out_.columns = next_number_;
    for (const Tree& tree : model_.trees) make_tree(tree);
    out_.leaves.push_back(0.0);
    make_lanes();
    return {};
  }

 private:
  /// What a column does with missing values.
  enum class Kind : std::uint8_t { nan_left, nan_right, none, zero_left, zero_right };
  static Kind kind_of(const Node& node) noexcept {
    if (node.missing == MissingRule::none) return Kind::none;
    if (node.missing == MissingRule::zero) return node.default_left ? Kind::zero_left : Kind::zero_right;
    return node.default_left ? Kind::nan_left : Kind::nan_right;
  }

  struct Column {
    std::size_t slice;  ///< of the feature's thresholds, 255 each
    Kind kind;
    std::uint8_t number;
  };
  struct SetColumn {
    const std::uint32_t* words;  ///< the model's own, without zero words at the end
    std::size_t size;
    bool default_left;
    std::uint8_t number;
  };
  struct FeatureColumns {
    FlatArray<std::int64_t> keys;  ///< of all thresholds, rising, each once
    FlatArray<Column> columns;
    FlatArray<SetColumn> sets;
  };

  FeatureColumns& at(const Node& node) { return features_[static_cast<std::size_t>(node.feature)]; }

  void collect_keys() {
    for (const Tree& tree : model_.trees) {
      for (const Node& node : tree.nodes) {
        if (!node.categorical) at(node).keys.push_back(order_key(node.threshold));
      }
    }
    for (FeatureColumns& feature : features_) {
      std::sort(feature.keys.begin(), feature.keys.end());
      std::size_t kept = 0;
      for (const std::int64_t key : feature.keys) {
        if (kept == 0 || feature.keys[kept - 1] != key) feature.keys[kept++] = key;
      }
      feature.keys.shrink(kept);
    }
  }

  /// False when there are too many.
  bool collect_columns() {
    std::size_t columns = 0;
    for (const Tree& tree : model_.trees) {
      for (const Node& node : tree.nodes) {
        FeatureColumns& feature = at(node);
        if (node.categorical) {
          const SetColumn wanted = set_of(tree, node);
          if (find_set(feature, wanted) != nullptr) continue;
          feature.sets.push_back(wanted);
        } else {
          const std::size_t slice = key_index(feature, node) / kScanMaxThresholds;
          if (find_column(feature, slice, kind_of(node)) != nullptr) continue;
          feature.columns.push_back({slice, kind_of(node), 0});
        }
        if (++columns > kScanMaxColumns) return false;
      }
    }
    return true;
  }

  static std::size_t key_index(const FeatureColumns& feature, const Node& node) {
    return static_cast<std::size_t>(
        std::lower_bound(feature.keys.begin(), feature.keys.end(), order_key(node.threshold)) - feature.keys.begin());
  }
  static const Column* find_column(const FeatureColumns& feature, std::size_t slice, Kind kind) {
    for (const Column& column : feature.columns) {
      if (column.slice == slice && column.kind == kind) return &column;
    }
    return nullptr;
  }
  static SetColumn set_of(const Tree& tree, const Node& node) {
    const auto& words = tree.category_sets[node.category_set];
    std::size_t size = words.size();
    while (size > 0 && words[size - 1] == 0) --size;
    return {words.data(), size, node.default_left, 0};
  }
  static const SetColumn* find_set(const FeatureColumns& feature, const SetColumn& wanted) {
    for (const SetColumn& set : feature.sets) {
      if (set.default_left != wanted.default_left || set.size != wanted.size) continue;
      bool same = true;
      for (std::size_t i = 0; i < set.size; ++i) same = same && set.words[i] == wanted.words[i];
      if (same) return &set;
    }
    return nullptr;
  }

  std::uint8_t next_number() noexcept { return static_cast<std::uint8_t>(next_number_++); }

  void make_searches(std::size_t f) {
    FeatureColumns& feature = features_[f];
    for (std::size_t slice = 0; slice * kScanMaxThresholds < feature.keys.size(); ++slice) make_search(f, slice);
    for (SetColumn& set : feature.sets) {
      set.number = next_number();
      out_.sets.push_back({static_cast<std::uint32_t>(f), static_cast<std::uint32_t>(out_.words.size()),
                           static_cast<std::uint32_t>(set.size), set.number,
                           static_cast<std::uint8_t>(set.default_left ? 0 : 1)});
      out_.words.append(set.words, set.size);
    }
  }

  void make_search(std::size_t f, std::size_t slice) {
    FeatureColumns& feature = features_[f];
    const std::int64_t* own = feature.keys.data() + slice * kScanMaxThresholds;
    const std::size_t count = std::min(kScanMaxThresholds, feature.keys.size() - slice * kScanMaxThresholds);
    const std::size_t blocks = (count + 15) / 16;
    ScanSearch search{};
    search.feature = static_cast<std::uint32_t>(f);
    search.first_key = static_cast<std::uint32_t>(out_.keys.size());
    search.first_fill = static_cast<std::uint32_t>(out_.fills.size());
    search.blocks = static_cast<std::uint8_t>(blocks);
    search.plain = 1;
    constexpr std::int64_t kAbove = std::numeric_limits<std::int64_t>::max();
    for (std::size_t b = 0; b < 16; ++b) out_.keys.push_back(b + 1 < blocks ? own[16 * b + 15] : kAbove);
    for (std::size_t i = 0; i < 16 * blocks; ++i) out_.keys.push_back(i < count ? own[i] : kAbove);
    std::size_t zero_rank = 0;
    while (zero_rank < count && own[zero_rank] < order_key(0.0)) ++zero_rank;
    for (Column& column : feature.columns) {
      if (column.slice != slice) continue;
      column.number = next_number();
      const bool left = column.kind == Kind::nan_left || column.kind == Kind::zero_left;
      const bool zero = column.kind == Kind::zero_left || column.kind == Kind::zero_right;
      const auto missing = static_cast<std::uint8_t>(column.kind == Kind::none ? zero_rank : left ? 0 : count);
      out_.fills.push_back({column.number, missing, static_cast<std::uint8_t>(zero ? 1 : 0)});
      ++search.fills;
      if (zero || search.fills > 2) search.plain = 0;
      for (std::uint32_t i = search.fills - 1; i < 2; ++i) {
        search.column[i] = column.number;
        search.missing_rank[i] = missing;
      }
    }
    out_.searches.push_back(search);
  }

  /// The node's column and rank, as kernels ask for them.
  void push_question(const Tree& tree, const Node& node) {
    const FeatureColumns& feature = at(node);
    if (node.categorical) {
      out_.nodes.push_back(find_set(feature, set_of(tree, node))->number);
      out_.nodes.push_back(0);
    } else {
      const std::size_t index = key_index(feature, node);
      out_.nodes.push_back(find_column(feature, index / kScanMaxThresholds, kind_of(node))->number);
      out_.nodes.push_back(static_cast<std::uint8_t>(index % kScanMaxThresholds));
    }
  }

  void make_tree(const Tree& tree) {
    const std::size_t nodes = tree.nodes.size();
    // Leaves below each node, children first; then the first leaf of each subtree, parents first.
    FlatArray<std::uint32_t> below, first;
    below.resize(nodes, 0);
    first.resize(nodes, 0);
    const auto count = [&](std::int32_t child) { return child < 0 ? 1U : below[static_cast<std::size_t>(child)]; };
    for (std::size_t i = nodes; i-- > 0;) below[i] = count(tree.nodes[i].left) + count(tree.nodes[i].right);
    const std::size_t first_leaf = out_.leaves.size();
    out_.trees.push_back({static_cast<std::uint32_t>(out_.nodes.size() / 4), static_cast<std::uint32_t>(nodes),
                          static_cast<std::uint32_t>(first_leaf), static_cast<std::uint32_t>(tree.leaves.size())});
    out_.leaves.resize(first_leaf + tree.leaves.size(), tree.leaves[0]);
    const auto place = [&](std::int32_t child, std::uint32_t leaf) {
      if (child < 0) {
        out_.leaves[first_leaf + leaf] = tree.leaves[static_cast<std::size_t>(~child)];
      } else {
        first[static_cast<std::size_t>(child)] = leaf;
      }
    };
    for (std::size_t i = 0; i < nodes; ++i) {
      const Node& node = tree.nodes[i];
      const std::uint32_t right = first[i] + count(node.left);
      push_question(tree, node);
      out_.nodes.push_back(static_cast<std::uint8_t>(first[i]));
      out_.nodes.push_back(static_cast<std::uint8_t>(right));
      place(node.left, first[i]);
      place(node.right, right);
    }
  }

  /// Deals the trees of each output, largest first, into bundles of 256, 128 or 64 lanes.
  void make_lanes() {
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    out_.output_bundles.push_back(0);
    for (std::size_t k = 0; k < outputs; ++k) {
      // Sorted as numbers: fewer nodes than 256 above, the tree's index below.
      FlatArray<std::int64_t> order;
      for (std::size_t t = k; t < model_.trees.size(); t += outputs) {
        order.push_back(static_cast<std::int64_t>((kScanMaxLeaves - out_.trees[t].nodes) << 32 | t));
      }
      std::sort(order.begin(), order.end());
      for (std::size_t dealt = 0; dealt < order.size();) {
        const std::size_t groups = (order.size() - dealt + kScanLanes - 1) / kScanLanes;
        const std::size_t width = groups >= 3 ? 4 : groups;
        const std::size_t lanes = std::min(width * kScanLanes, order.size() - dealt);
        make_bundle(order.data() + dealt, lanes, width);
        dealt += lanes;
      }
      out_.output_bundles.push_back(static_cast<std::uint32_t>(out_.bundles.size()));
    }
  }

  void make_bundle(const std::int64_t* order, std::size_t lanes, std::size_t width) {
    const auto tree_of = [&](std::size_t lane) {
      return out_.trees[static_cast<std::size_t>(order[lane] & 0xffffffff)];
    };
    const std::uint32_t steps = tree_of(0).nodes;
    const std::size_t first_byte = out_.steps.size();
    const std::size_t first_lane = out_.lane_leaf.size();
    out_.bundles.push_back({static_cast<std::uint32_t>(first_byte / 64), steps, static_cast<std::uint32_t>(width),
                            static_cast<std::uint32_t>(first_lane)});
    // Nodes that change nothing, where a lane has none: no rank is above 255.
    for (std::size_t i = 0; i < steps * width; ++i) {
      out_.steps.resize(out_.steps.size() + 64, 0);
      out_.steps.resize(out_.steps.size() + 64, 255);
      out_.steps.resize(out_.steps.size() + 128, 0);
    }
    out_.lane_leaf.resize(first_lane + width * kScanLanes, static_cast<std::uint32_t>(out_.leaves.size() - 1));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const ScanTree tree = tree_of(lane);
      out_.lane_leaf[first_lane + lane] = tree.first_leaf;
      for (std::size_t n = 0; n < tree.nodes; ++n) {
        std::uint8_t* step = out_.steps.data() + first_byte + (n * width + lane / kScanLanes) * kScanStepBytes;
        for (std::size_t part = 0; part < 4; ++part) {
          step[part * kScanLanes + lane % kScanLanes] = out_.nodes[(tree.first_node + n) * 4 + part];
        }
      }
    }
  }

  const Model& model_;
  ScanForest& out_;
  std::vector<FeatureColumns> features_;
  std::uint32_t next_number_ = 0;
};

}  // namespace riskflag::inline v0_1::detail
