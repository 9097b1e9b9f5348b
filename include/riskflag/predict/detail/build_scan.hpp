#pragma once

// Builds a ScanForest from a checked Model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/order_key.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/predict/scan_forest.hpp>

namespace riskflag::inline v0_1::detail {

/// Builds the columns, then the trees in both forms. Life: constructed with a checked model; build() once.
class ScanBuilder {
 public:
  ScanBuilder(const Model& model, ScanForest& out) : model_(model), out_(out) {}

  /// Fills the forest; or says why this model cannot be scanned (the forest is then of no use).
  [[nodiscard]] std::string build() {
    for (std::size_t t = 0; t < model_.trees.size(); ++t) {
      if (model_.trees[t].leaves.size() > kScanMaxLeaves) {
        return "tree " + std::to_string(t) + " has " + std::to_string(model_.trees[t].leaves.size()) +
               " leaves, and leaf numbers have one byte";
      }
    }
    out_.float32_inputs = model_.float32_inputs;
    make_columns();
    if (columns_ > kScanMaxColumns) {
      return "its questions need " + std::to_string(columns_) + " rank columns, and column numbers have one byte";
    }
    out_.columns = static_cast<std::uint32_t>(columns_);
    make_trees();
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
    std::vector<std::uint32_t> words;
    bool default_left;
    std::uint8_t number;
  };
  struct FeatureColumns {
    std::vector<std::int64_t> keys;  ///< of all thresholds, rising, each once
    std::vector<Column> columns;
    std::vector<SetColumn> sets;
  };
  struct FlatNode {
    std::uint8_t column, rank, first, right;
  };

  static std::vector<std::uint32_t> trimmed_words(std::vector<std::uint32_t> words) {
    while (!words.empty() && words.back() == 0) words.pop_back();
    return words;
  }

  void make_columns() {
    features_.resize(model_.features.size());
    for (const Tree& tree : model_.trees) {
      for (const Node& node : tree.nodes) {
        if (!node.categorical) at(node).keys.push_back(order_key(node.threshold));
      }
    }
    for (FeatureColumns& feature : features_) {
      std::sort(feature.keys.begin(), feature.keys.end());
      feature.keys.erase(std::unique(feature.keys.begin(), feature.keys.end()), feature.keys.end());
    }
    for (const Tree& tree : model_.trees) {
      for (const Node& node : tree.nodes) {
        if (node.categorical) {
          add_set(at(node), trimmed_words(tree.category_sets[node.category_set]), node.default_left);
        } else {
          add_column(at(node), key_index(at(node), node) / kScanMaxThresholds, kind_of(node));
        }
      }
    }
    for (std::size_t f = 0; f < features_.size(); ++f) {
      for (std::size_t slice = 0; slice * kScanMaxThresholds < features_[f].keys.size(); ++slice) make_search(f, slice);
      for (SetColumn& set : features_[f].sets) {
        set.number = next_number();
        out_.sets.push_back({static_cast<std::uint32_t>(f), static_cast<std::uint32_t>(out_.words.size()),
                             static_cast<std::uint32_t>(set.words.size()), set.number,
                             static_cast<std::uint8_t>(set.default_left ? 0 : 1)});
        out_.words.insert(out_.words.end(), set.words.begin(), set.words.end());
      }
    }
  }

  void make_search(std::size_t f, std::size_t slice) {
    FeatureColumns& feature = features_[f];
    const std::size_t first = slice * kScanMaxThresholds;
    const std::size_t count = std::min(kScanMaxThresholds, feature.keys.size() - first);
    const std::size_t blocks = (count + 15) / 16;
    std::vector<std::int64_t> padded(16 + 16 * blocks, std::numeric_limits<std::int64_t>::max());
    for (std::size_t i = 0; i < count; ++i) padded[16 + i] = feature.keys[first + i];
    for (std::size_t b = 0; b + 1 < blocks; ++b) padded[b] = padded[16 + 16 * b + 15];
    ScanSearch search{};
    search.feature = static_cast<std::uint32_t>(f);
    search.first_key = static_cast<std::uint32_t>(out_.keys.size() * 8);
    search.first_fill = static_cast<std::uint32_t>(out_.fills.size());
    search.blocks = static_cast<std::uint8_t>(blocks);
    search.plain = 1;
    for (std::size_t i = 0; i < padded.size(); i += 8) {
      ScanKeys line;
      for (std::size_t k = 0; k < 8; ++k) line.keys[k] = padded[i + k];
      out_.keys.push_back(line);
    }
    std::size_t zero_rank = 0;
    while (zero_rank < count && feature.keys[first + zero_rank] < order_key(0.0)) ++zero_rank;
    for (Column& column : feature.columns) {
      if (column.slice != slice) continue;
      column.number = next_number();
      const bool left = column.kind == Kind::nan_left || column.kind == Kind::zero_left;
      const std::size_t missing = column.kind == Kind::none ? zero_rank : left ? 0 : count;
      const bool zero = column.kind == Kind::zero_left || column.kind == Kind::zero_right;
      out_.fills.push_back({column.number, static_cast<std::uint8_t>(missing), static_cast<std::uint8_t>(zero ? 1 : 0)});
      ++search.fills;
      if (zero || search.fills > 2) search.plain = 0;
      for (std::uint32_t i = search.fills - 1; i < 2; ++i) {
        search.column[i] = column.number;
        search.missing_rank[i] = static_cast<std::uint8_t>(missing);
      }
    }
    out_.searches.push_back(search);
  }

  /// Numbers beyond a byte wrap; build() refuses such models before any is used.
  std::uint8_t next_number() noexcept { return static_cast<std::uint8_t>(columns_++); }

  FeatureColumns& at(const Node& node) { return features_[static_cast<std::size_t>(node.feature)]; }

  static std::size_t key_index(const FeatureColumns& feature, const Node& node) {
    return static_cast<std::size_t>(
        std::lower_bound(feature.keys.begin(), feature.keys.end(), order_key(node.threshold)) - feature.keys.begin());
  }

  static void add_column(FeatureColumns& feature, std::size_t slice, Kind kind) {
    for (const Column& column : feature.columns) {
      if (column.slice == slice && column.kind == kind) return;
    }
    feature.columns.push_back({slice, kind, 0});
  }
  static void add_set(FeatureColumns& feature, std::vector<std::uint32_t> words, bool default_left) {
    for (const SetColumn& set : feature.sets) {
      if (set.default_left == default_left && set.words == words) return;
    }
    feature.sets.push_back({std::move(words), default_left, 0});
  }

  [[nodiscard]] FlatNode flat(const Tree& tree, const Node& node) {
    FeatureColumns& feature = at(node);
    if (node.categorical) {
      const auto words = trimmed_words(tree.category_sets[node.category_set]);
      for (const SetColumn& set : feature.sets) {
        if (set.default_left == node.default_left && set.words == words) return {set.number, 0, 0, 0};
      }
    }
    const std::size_t index = key_index(feature, node);
    for (const Column& column : feature.columns) {
      if (column.slice == index / kScanMaxThresholds && column.kind == kind_of(node)) {
        return {column.number, static_cast<std::uint8_t>(index % kScanMaxThresholds), 0, 0};
      }
    }
    return {0, 255, 0, 0};  // not reached: make_columns() made one for every node
  }

  void make_trees() {
    std::vector<std::uint8_t> bytes;
    for (const Tree& tree : model_.trees) {
      const std::size_t nodes = tree.nodes.size();
      // Leaves below each node, children first; then the first leaf of each subtree, parents first.
      std::vector<std::size_t> below(nodes), first(nodes);
      const auto count = [&](std::int32_t child) { return child < 0 ? 1 : below[static_cast<std::size_t>(child)]; };
      for (std::size_t i = nodes; i-- > 0;) below[i] = count(tree.nodes[i].left) + count(tree.nodes[i].right);
      std::vector<double> leaves(tree.leaves.size());
      if (nodes == 0) leaves[0] = tree.leaves[0];
      out_.trees.push_back({static_cast<std::uint32_t>(bytes.size() / 4), static_cast<std::uint32_t>(nodes),
                            static_cast<std::uint32_t>(out_.leaves.size()), static_cast<std::uint32_t>(leaves.size())});
      for (std::size_t i = 0; i < nodes; ++i) {
        const Node& node = tree.nodes[i];
        FlatNode own = flat(tree, node);
        own.first = static_cast<std::uint8_t>(first[i]);
        own.right = static_cast<std::uint8_t>(first[i] + count(node.left));
        bytes.insert(bytes.end(), {own.column, own.rank, own.first, own.right});
        const auto place = [&](std::int32_t child, std::size_t leaf) {
          if (child < 0) {
            leaves[leaf] = tree.leaves[static_cast<std::size_t>(~child)];
          } else {
            first[static_cast<std::size_t>(child)] = leaf;
          }
        };
        place(node.left, own.first);
        place(node.right, own.right);
      }
      out_.leaves.insert(out_.leaves.end(), leaves.begin(), leaves.end());
    }
    out_.leaves.push_back(0.0);
    out_.nodes.resize((bytes.size() + 63) / 64);
    for (std::size_t i = 0; i < bytes.size(); ++i) out_.nodes[i / 64].bytes[i % 64] = bytes[i];
  }

  /// Deals the trees of each output, largest first, into bundles of 256, 128 or 64 lanes.
  void make_lanes() {
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    out_.tree_lane.assign(model_.trees.size(), 0);
    out_.output_bundles.push_back(0);
    for (std::size_t k = 0; k < outputs; ++k) {
      std::vector<std::uint32_t> order;
      for (std::size_t t = k; t < model_.trees.size(); t += outputs) order.push_back(static_cast<std::uint32_t>(t));
      std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return out_.trees[a].nodes != out_.trees[b].nodes ? out_.trees[a].nodes > out_.trees[b].nodes : a < b;
      });
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

  void make_bundle(const std::uint32_t* trees, std::size_t lanes, std::size_t width) {
    const std::uint32_t steps = out_.trees[trees[0]].nodes;
    const std::size_t first_line = out_.steps.size();
    const std::size_t first_lane = out_.lane_leaf.size();
    out_.bundles.push_back({static_cast<std::uint32_t>(first_line), steps, static_cast<std::uint32_t>(width),
                            static_cast<std::uint32_t>(first_lane)});
    // A node that changes nothing: no rank is above 255.
    for (std::size_t i = 0; i < steps * width; ++i) {
      out_.steps.push_back(ScanLine{});
      ScanLine ranks{};
      for (std::uint8_t& rank : ranks.bytes) rank = 255;
      out_.steps.push_back(ranks);
      out_.steps.push_back(ScanLine{});
      out_.steps.push_back(ScanLine{});
    }
    out_.lane_leaf.resize(first_lane + width * kScanLanes, static_cast<std::uint32_t>(out_.leaves.size() - 1));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const ScanTree& tree = out_.trees[trees[lane]];
      out_.lane_leaf[first_lane + lane] = tree.first_leaf;
      out_.tree_lane[trees[lane]] = static_cast<std::uint32_t>(first_lane + lane);
      for (std::size_t n = 0; n < tree.nodes; ++n) {
        const std::size_t line = first_line + (n * width + lane / kScanLanes) * 4;
        for (std::size_t part = 0; part < 4; ++part) {
          const std::size_t byte = (tree.first_node + n) * 4 + part;
          out_.steps[line + part].bytes[lane % kScanLanes] = out_.nodes[byte / 64].bytes[byte % 64];
        }
      }
    }
  }

  const Model& model_;
  ScanForest& out_;
  std::vector<FeatureColumns> features_;
  std::size_t columns_ = 0;
};

}  // namespace riskflag::inline v0_1::detail
