#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/interop/detail/float_nodes.hpp>
#include <riskflag/interop/export_xgboost.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/link.hpp>

namespace riskflag::inline v0_1::interop {
namespace detail {

/// Writes one model. Life: constructed; write() once.
class XgboostWriter {
 public:
  explicit XgboostWriter(const Model& model) : model_(model) {}

  [[nodiscard]] Result<std::string> write() {
    const auto objective = objective_json();
    if (!objective) return objective.failure();
    if (auto checked = check_float_nodes(model_, "XGBoost"); !checked) return checked.failure();
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    const std::size_t trees = model_.trees.empty() ? outputs : model_.trees.size();
    out_ = "{\"learner\":{\"attributes\":{},";
    names();
    out_ += R"("gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":")" +
            std::to_string(trees) + "\"},\"iteration_indptr\":";
    numbers(trees / outputs + 1, [&](std::size_t i) { return std::to_string(i * outputs); });
    out_ += ",\"tree_info\":";
    numbers(trees, [&](std::size_t i) { return std::to_string(i % outputs); });
    out_ += ",\"trees\":[";
    Tree constant;
    constant.leaves = {0.0};
    for (std::size_t t = 0; t < trees; ++t) {
      if (t > 0) out_ += ',';
      if (auto written = tree(model_.trees.empty() ? constant : model_.trees[t], t); !written) return written.failure();
    }
    out_ += R"(]},"name":"gbtree"},"learner_model_param":{"base_score":")" + neutral_score() +
            R"(","boost_from_average":"1","num_class":")" + std::to_string(outputs > 1 ? outputs : 0) +
            R"(","num_feature":")" + std::to_string(model_.features.size()) + R"(","num_target":"1"},"objective":)" +
            *objective + "},\"version\":[2,1,0]}";
    return std::move(out_);
  }

 private:
  /// The objective that has our link, with the parameters that XGBoost wants to see when it loads.
  [[nodiscard]] Result<std::string> objective_json() const {
    const std::string& name = model_.objective.name;
    const auto json = [](std::string_view theirs, std::string_view parameters) {
      return "{\"name\":\"" + std::string(theirs) + "\"," + std::string(parameters) + "}";
    };
    constexpr std::string_view kPlain = R"("reg_loss_param":{"scale_pos_weight":"1"})";
    if (name == "binary") return json("binary:logistic", kPlain);
    if (name == "cross_entropy") return json("reg:logistic", kPlain);
    if (name == "poisson") return json("count:poisson", R"("poisson_regression_param":{"max_delta_step":"0.7"})");
    if (name == "gamma") return json("reg:gamma", kPlain);
    if (name == "tweedie") {
      return json("reg:tweedie", R"("tweedie_regression_param":{"tweedie_variance_power":"1.5"})");
    }
    if (name == "multiclass") {
      return json("multi:softprob",
                  R"("softmax_multiclass_param":{"num_class":")" + std::to_string(model_.num_outputs) + "\"}");
    }
    if (find_link(name) == Link::identity && model_.num_outputs == 1) return json("reg:squarederror", kPlain);
    return Failure{ErrorCode::unsupported, "objective",
                   quoted(name) + " has a link that no objective of XGBoost's has; export it as LightGBM's text"};
  }

  /// base_score that means a margin of 0.
  [[nodiscard]] std::string neutral_score() const {
    const auto link = find_link(model_.objective.name);
    return link == Link::sigmoid ? "5E-1" : link == Link::exp ? "1E0" : "0E0";  // softmax: margins as they are
  }

  void names() {
    JsonWriter names, types;
    names.begin_array();
    types.begin_array();
    for (const Feature& feature : model_.features) {
      names.value(std::string_view(feature.name));
      types.value(std::string_view(feature.type == FeatureType::categorical ? "c" : "float"));
    }
    names.end_array();
    types.end_array();
    out_ += "\"feature_names\":" + std::move(names).text() + ",\"feature_types\":" + std::move(types).text() + ",";
  }

  template <class Text>
  void numbers(std::size_t count, Text text) {
    out_ += '[';
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      out_ += text(i);
    }
    out_ += ']';
  }

  static std::string float_text(float x) {
    if (is_missing(x)) return "NaN";
    if (!is_finite(static_cast<double>(x))) return x < 0 ? "-Infinity" : "Infinity";
    std::array<char, 40> buffer{};
    char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x).ptr;
    std::string text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    // XGBoost reads a number without either as an integer, and refuses it here.
    if (text.find_first_of(".e") == std::string::npos) text += "E0";
    return text;
  }
  static std::string finite_text(double x) { return float_text(is_finite(x) ? to_float32(x) : 0.0F); }

  /// XGBoost steps from a left child to its right one by adding 1, so siblings get neighbouring ids, level by level.
  Result<void> tree(const Tree& each, std::size_t t) {
    const std::size_t inner = each.nodes.size(), all = inner + each.leaves.size();
    std::vector<std::int32_t> order = {each.nodes.empty() ? ~0 : 0};  // id -> node, or ~leaf
    std::vector<std::size_t> lefts(all, 0), parents(all, 2147483647);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (order[i] < 0) continue;
      const Node& node = each.nodes[static_cast<std::size_t>(order[i])];
      lefts[i] = order.size();
      parents[order.size()] = parents[order.size() + 1] = i;
      // XGBoost sends a set to the right, here it goes left.
      order.push_back(node.categorical ? node.right : node.left);
      order.push_back(node.categorical ? node.left : node.right);
    }
    const auto node_of = [&](std::size_t i) {
      return order[i] < 0 ? nullptr : &each.nodes[static_cast<std::size_t>(order[i])];
    };
    const auto leaf = [&](std::size_t i) {
      const double scale = model_.objective.name == "binary" ? model_.objective.sigmoid : 1.0;
      return float_text(float_leaf(model_, t, each.leaves[static_cast<std::size_t>(~order[i])], scale));
    };
    std::vector<std::uint8_t> sets(all, 0);  // a node that asks a set; an empty one becomes x < inf
    std::vector<std::size_t> categories, owners, begins, sizes;
    for (std::size_t i = 0; i < all; ++i) {
      const Node* node = node_of(i);
      if (node == nullptr || !node->categorical) continue;
      const std::size_t begin = categories.size();
      const auto& words = each.category_sets[node->category_set];
      for (std::size_t level = 0; level < words.size() * 32; ++level) {
        if ((words[level / 32] >> (level % 32) & 1U) != 0) categories.push_back(level);
      }
      if (categories.size() == begin) continue;
      if (categories.back() >= (std::size_t{1} << 24)) {
        return Failure{ErrorCode::unsupported, "tree " + std::to_string(t) + ", node " + std::to_string(order[i]),
                       "it asks for level " + std::to_string(categories.back()) + "; XGBoost has 2^24"};
      }
      sets[i] = 1;
      owners.push_back(i);
      begins.push_back(begin);
      sizes.push_back(categories.size() - begin);
    }
    const auto list = [&](std::string_view key, std::size_t count, auto text) {
      out_ += '"';
      out_ += key;
      out_ += "\":";
      numbers(count, text);
      out_ += ',';
    };
    const auto plain = [](const std::vector<std::size_t>& items) {
      return [&items](std::size_t i) { return std::to_string(items[i]); };
    };
    const auto child = [&](std::size_t i, std::size_t side) {
      return order[i] < 0 ? std::string("-1") : std::to_string(lefts[i] + side);
    };
    out_ += '{';
    list("base_weights", all, [&](std::size_t i) { return order[i] < 0 ? leaf(i) : finite_text(node_of(i)->value); });
    list("categories", categories.size(), plain(categories));
    list("categories_nodes", owners.size(), plain(owners));
    list("categories_segments", begins.size(), plain(begins));
    list("categories_sizes", sizes.size(), plain(sizes));
    list("default_left", all, [&](std::size_t i) {
      const Node* node = node_of(i);
      if (node == nullptr) return "0";
      return (node->categorical ? !node->default_left : missing_goes_left(*node).value_or(false)) ? "1" : "0";
    });
    out_ += "\"id\":" + std::to_string(t) + ",";
    list("left_children", all, [&](std::size_t i) { return child(i, 0); });
    list("loss_changes", all, [&](std::size_t i) { return finite_text(order[i] < 0 ? 0.0 : node_of(i)->gain); });
    list("parents", all, plain(parents));
    list("right_children", all, [&](std::size_t i) { return child(i, 1); });
    list("split_conditions", all, [&](std::size_t i) {
      if (order[i] < 0) return leaf(i);
      if (sets[i] != 0) return finite_text(0.0);
      constexpr float kInf = std::numeric_limits<float>::infinity();
      const float most = node_of(i)->categorical ? kInf : float_at_most(node_of(i)->threshold);
      return float_text(most < kInf ? float_above(most) : kInf);
    });
    list("split_indices", all,
         [&](std::size_t i) { return order[i] < 0 ? std::string("0") : std::to_string(node_of(i)->feature); });
    list("split_type", all, [&](std::size_t i) { return sets[i] != 0 ? "1" : "0"; });
    list("sum_hessian", all, [&](std::size_t i) {
      if (order[i] >= 0) return finite_text(node_of(i)->count);
      return finite_text(each.leaf_counts.empty() ? 0.0 : each.leaf_counts[static_cast<std::size_t>(~order[i])]);
    });
    out_ += R"("tree_param":{"num_deleted":"0","num_feature":")" + std::to_string(model_.features.size()) +
            R"(","num_nodes":")" + std::to_string(all) + R"(","size_leaf_vector":"1"}})";
    return {};
  }

  const Model& model_;
  std::string out_;
};

}  // namespace detail

inline Result<std::string> xgboost_json(const Model& model) {
  if (auto checked = check_model(model, "model"); !checked) return checked.failure();
  if (model.features.empty()) {
    return Failure{ErrorCode::unsupported, "model", "XGBoost has no models without features"};
  }
  return detail::XgboostWriter(model).write();
}

}  // namespace riskflag::inline v0_1::interop
