#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/bit_cast.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/export_lightgbm.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// The greatest double that rounds to a float of at most `threshold`.
inline double before_rounding(double threshold) noexcept {
  constexpr double kMost = 0x1.fffffep127;
  if (threshold > kMost && !is_finite(threshold)) return threshold;
  if (threshold < -kMost) return -0x1.ffffffp127;  // what rounds to -inf
  float below = to_float32(threshold > kMost ? kMost : threshold);
  if (order_key(from_float32(below)) > order_key(threshold)) {  // rounded up
    const auto bits = detail::bit_cast<std::uint32_t>(below);
    below = (bits & 0x7fffffffU) == 0   ? detail::bit_cast<float>(0x80000001U)
            : (bits & 0x80000000U) != 0 ? detail::bit_cast<float>(bits + 1)
                                        : detail::bit_cast<float>(bits - 1);
  }
  const auto bits = detail::bit_cast<std::uint32_t>(below);
  double above = 0x1p128;
  if (from_float32(below) < kMost) {
    const bool negative = (bits & 0x80000000U) != 0 && (bits & 0x7fffffffU) != 0;
    above = from_float32(detail::bit_cast<float>(negative ? bits - 1 : (bits & 0x7fffffffU) + 1));
  }
  const double middle = exact::mul(0.5, exact::add(from_float32(below), above));  // exact
  // A tie goes to the float whose last bit is 0.
  return (bits & 1U) == 0 ? middle : from_order_key(order_key(middle) - 1);
}

/// Writes one model. Life: constructed; write() once.
class LightgbmWriter {
 public:
  explicit LightgbmWriter(const Model& model) : model_(model) {}

  [[nodiscard]] Result<std::string> write() {
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    if (auto named = header(); !named) return named.failure();
    std::size_t written = 0;
    for (std::size_t t = 0; t < model_.trees.size() || t < outputs; ++t, ++written) {
      Tree constant;
      constant.leaves = {0.0};
      const bool there = t < model_.trees.size();
      const double base = t < outputs || model_.average_output ? model_.base_margin[t % outputs] : 0.0;
      if (auto added = tree(there ? model_.trees[t] : constant, t, base); !added) return added.failure();
    }
    out_ += "end of trees\n\nfeature_importances:\n\nparameters:\n[categorical_feature: ";
    bool first = true;
    JsonWriter levels;
    levels.begin_array();
    for (std::size_t f = 0; f < model_.features.size(); ++f) {
      if (model_.features[f].type != FeatureType::categorical) continue;
      out_ += (first ? "" : ",") + std::to_string(f);
      first = false;
      levels.begin_array();
      for (const std::string& level : model_.features[f].levels) levels.value(std::string_view(level));
      levels.end_array();
    }
    levels.end_array();
    out_ += "]\nend of parameters\n\npandas_categorical:" + (first ? std::string("null") : levels.text()) + "\n";
    return std::move(out_);
  }

 private:
  static Failure refusal(std::string where, std::string message) {
    return {ErrorCode::unsupported, std::move(where), std::move(message)};
  }

  Result<void> header() {
    const std::string count = std::to_string(model_.num_outputs);
    out_ = "tree\nversion=v4\nnum_class=" + count + "\nnum_tree_per_iteration=" + count +
           "\nlabel_index=0\nmax_feature_idx=" + std::to_string(model_.features.size() - 1) + "\n";
    const std::string& objective = model_.objective.name;
    if (objective != "custom" && objective != "probability") {
      out_ += "objective=" + objective;
      if (model_.num_outputs > 1) out_ += " num_class:" + count;
      if (objective == "binary" || objective == "multiclassova") {
        out_ += " sigmoid:" + number_text(model_.objective.sigmoid);
      }
      out_ += "\n";
    }
    if (model_.average_output) out_ += "average_output\n";
    std::vector<std::string> names;
    for (const Feature& feature : model_.features) {
      std::string name = feature.name;
      for (char& c : name) c = c == ' ' || c == '\t' ? '_' : c;
      for (const char c : name) {
        if (static_cast<unsigned char>(c) < ' ') return refusal(quoted(name), "LightGBM's names have no control bytes");
      }
      for (const std::string& other : names) {
        if (other == name) return refusal(quoted(name), "two features have this name, blanks written as '_'");
      }
      if (name.empty()) return refusal("feature " + std::to_string(names.size()), "it has no name");
      names.push_back(std::move(name));
    }
    out_ += "feature_names=";
    for (std::size_t f = 0; f < names.size(); ++f) out_ += (f == 0 ? "" : " ") + names[f];
    out_ += "\nfeature_infos=";
    for (std::size_t f = 0; f < names.size(); ++f) out_ += (f == 0 ? "" : " ") + range(f);
    out_ += "\n\n";
    return {};
  }

  /// "[least:greatest]" of the thresholds, "0:1:2" of the levels, "none" for a feature that nobody asks.
  std::string range(std::size_t f) const {
    const Feature& feature = model_.features[f];
    std::string text;
    if (feature.type == FeatureType::categorical) {
      for (std::size_t i = 0; i < feature.levels.size(); ++i) text += (i == 0 ? "" : ":") + std::to_string(i);
      return text.empty() ? "none" : text;
    }
    bool any = false;
    double least = 0.0, most = 0.0;
    for (const Tree& each : model_.trees) {
      for (const Node& node : each.nodes) {
        if (static_cast<std::size_t>(node.feature) != f) continue;
        least = !any || order_key(node.threshold) < order_key(least) ? node.threshold : least;
        most = !any || order_key(node.threshold) > order_key(most) ? node.threshold : most;
        any = true;
      }
    }
    return any ? "[" + number_text(least) + ":" + number_text(most) + "]" : "none";
  }

  template <class Items, class Text>
  void line(std::string_view key, const Items& items, Text text) {
    out_ += key;
    out_ += '=';
    bool first = true;
    for (const auto& item : items) {
      out_ += (first ? "" : " ") + text(item);
      first = false;
    }
    out_ += '\n';
  }

  static std::string count_text(double x) {
    return number_text(!(x > 0.0)         ? 0.0
                       : x < 2147483647.0 ? static_cast<double>(static_cast<std::int64_t>(exact::add(x, 0.5)))
                                          : 2147483647.0);
  }

  Result<void> tree(const Tree& each, std::size_t t, double base) {
    for (std::size_t i = 0; i < each.nodes.size(); ++i) {
      if (!each.nodes[i].categorical || !each.nodes[i].default_left) continue;
      return refusal("tree " + std::to_string(t) + ", node " + std::to_string(i),
                     "it sends missing categories to its set's side; LightGBM always sends them to the other");
    }
    out_ += "Tree=" + std::to_string(t) + "\nnum_leaves=" + std::to_string(each.leaves.size()) +
            "\nnum_cat=" + std::to_string(each.category_sets.size()) + "\n";
    const auto leaf = [base](double x) { return number_text(exact::add(x, base)); };
    if (!each.nodes.empty()) {
      line("split_feature", each.nodes, [](const Node& n) { return std::to_string(n.feature); });
      line("split_gain", each.nodes, [](const Node& n) { return number_text(is_finite(n.gain) ? n.gain : 0.0); });
      line("threshold", each.nodes, [this](const Node& n) {
        if (n.categorical) return std::to_string(n.category_set);
        return number_text(model_.float32_inputs ? before_rounding(n.threshold) : n.threshold);
      });
      line("decision_type", each.nodes, [](const Node& n) {
        if (n.categorical) return std::string("1");
        const int missing = n.missing == MissingRule::none ? 0 : n.missing == MissingRule::zero ? 1 : 2;
        return std::to_string((n.default_left ? 2 : 0) + (missing << 2));
      });
      line("left_child", each.nodes, [](const Node& n) { return std::to_string(n.left); });
      line("right_child", each.nodes, [](const Node& n) { return std::to_string(n.right); });
    }
    line("leaf_value", each.leaves, leaf);
    if (!each.nodes.empty()) {
      std::vector<double> counts = each.leaf_counts;
      counts.resize(each.leaves.size(), 0.0);
      line("leaf_weight", counts, [](double x) { return number_text(x); });
      line("leaf_count", counts, count_text);
      line("internal_value", each.nodes,
           [&](const Node& n) { return number_text(is_finite(n.value) ? n.value : 0.0); });
      line("internal_weight", each.nodes, [](const Node& n) { return number_text(n.count); });
      line("internal_count", each.nodes, [](const Node& n) { return count_text(n.count); });
      if (!each.category_sets.empty()) {
        std::vector<std::size_t> bounds = {0};
        std::vector<std::uint32_t> words;
        for (const auto& set : each.category_sets) {
          words.insert(words.end(), set.begin(), set.end());
          if (set.empty()) words.push_back(0);
          bounds.push_back(words.size());
        }
        line("cat_boundaries", bounds, [](std::size_t x) { return std::to_string(x); });
        line("cat_threshold", words, [](std::uint32_t x) { return std::to_string(x); });
      }
    }
    if (each.linear.empty()) {
      out_ += "is_linear=0\n";
    } else {
      linear_leaves(each, base);
    }
    out_ += "shrinkage=1\n\n\n";
    return {};
  }

  void linear_leaves(const Tree& each, double base) {
    out_ += "is_linear=1\n";
    line("leaf_const", each.linear, [base](const LinearLeaf& l) { return number_text(exact::add(l.constant, base)); });
    line("num_features", each.linear, [](const LinearLeaf& l) { return std::to_string(l.features.size()); });
    std::vector<std::int32_t> features;
    std::vector<double> coefficients;
    for (const LinearLeaf& leaf : each.linear) {
      features.insert(features.end(), leaf.features.begin(), leaf.features.end());
      coefficients.insert(coefficients.end(), leaf.coefficients.begin(), leaf.coefficients.end());
    }
    line("leaf_features", features, [](std::int32_t f) { return std::to_string(f); });
    line("leaf_coeff", coefficients, [](double x) { return number_text(x); });
  }

  const Model& model_;
  std::string out_;
};

}  // namespace detail

inline Result<std::string> lightgbm_text(const Model& model) {
  if (auto checked = check_model(model, "model"); !checked) return checked.failure();
  if (model.features.empty())
    return Failure{ErrorCode::unsupported, "model", "LightGBM has no models without features"};
  return detail::LightgbmWriter(model).write();
}

}  // namespace riskflag::inline v0_1
