#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/result.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/interop/detail/float_nodes.hpp>
#include <riskflag/interop/detail/protobuf.hpp>
#include <riskflag/interop/export_onnx.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/model/walk.hpp>

namespace riskflag::inline v0_1::interop {
namespace detail {

/// Writes one model; field numbers are those of onnx.proto. Life: constructed; write() once.
class OnnxWriter {
 public:
  explicit OnnxWriter(const Model& model) : model_(model) {}

  [[nodiscard]] Result<std::string> write() {
    if (auto checked = check_float_nodes(model_, "ONNX"); !checked) return checked.failure();
    collect_sets();
    const std::string trees = lookups("features");
    forest(trees);
    link();
    graph_.bytes(2, "riskflag");
    graph_.message(11, value_info("features", static_cast<std::int64_t>(model_.features.size())));
    graph_.message(12, value_info("margin", model_.num_outputs));
    graph_.message(12, value_info("prediction", model_.num_outputs));
    Protobuf file;
    file.integer(1, 8).bytes(2, "riskflag").bytes(3, kVersion).message(7, graph_);
    file.message(8, Protobuf().bytes(1, "").integer(2, 13)).message(8, Protobuf().bytes(1, "ai.onnx.ml").integer(2, 1));
    for (std::size_t f = 0; f < model_.features.size(); ++f) {
      file.message(14, Protobuf().bytes(1, "feature." + std::to_string(f)).bytes(2, model_.features[f].name));
    }
    return file.text();
  }

 private:
  static constexpr std::int64_t kFloat = 1, kInt64 = 7;

  static Protobuf value_info(std::string_view name, std::int64_t columns) {
    const Protobuf rows = Protobuf().bytes(2, "rows"), cols = Protobuf().integer(1, columns);
    const Protobuf shape = Protobuf().message(1, rows).message(1, cols);
    const Protobuf tensor = Protobuf().integer(1, kFloat).message(2, shape);
    return Protobuf().bytes(1, name).message(2, Protobuf().message(1, tensor));
  }
  void node(std::string_view type, const std::vector<std::string>& inputs, const std::string& output,
            const std::vector<Protobuf>& attributes = {}, std::string_view domain = {}) {
    Protobuf out;
    for (const std::string& input : inputs) out.bytes(1, input);
    out.bytes(2, output).bytes(3, output + "_node").bytes(4, type);
    for (const Protobuf& attribute : attributes) out.message(5, attribute);
    if (!domain.empty()) out.bytes(7, domain);
    graph_.message(1, out);
  }
  static Protobuf attribute(std::string_view name, std::int64_t value) {
    return Protobuf().bytes(1, name).integer(3, value).integer(20, 2);
  }
  static Protobuf attribute(std::string_view name, const std::vector<float>& values) {
    return Protobuf().bytes(1, name).reals(7, values).integer(20, 6);
  }
  static Protobuf attribute(std::string_view name, const std::vector<std::int64_t>& values) {
    return Protobuf().bytes(1, name).integers(8, values).integer(20, 7);
  }
  static Protobuf attribute(std::string_view name, const std::vector<std::string>& values) {
    Protobuf out;
    out.bytes(1, name);
    for (const std::string& value : values) out.bytes(9, value);
    return out.integer(20, 8);
  }
  std::string constant(const std::string& name, const std::vector<std::int64_t>& dims,
                       const std::vector<float>& values) {
    Protobuf out;
    for (const std::int64_t size : dims) out.integer(1, size);
    graph_.message(5, out.integer(2, kFloat).reals(4, values).bytes(8, name));
    return name;
  }
  std::string index(const std::string& name, std::int64_t value) {
    graph_.message(5, Protobuf().integer(1, 1).integer(2, kInt64).integers(7, std::vector{value}).bytes(8, name));
    return name;
  }

  /// A categorical question that nodes may share: which levels go left, and where missing values go.
  struct Question {
    const std::vector<std::uint32_t>* words;
    bool missing_left;
  };

  /// Gives every distinct question of a feature a column behind the features.
  void collect_sets() {
    using Key = std::pair<std::vector<std::uint32_t>, bool>;
    std::vector<std::map<Key, std::size_t>> seen(model_.features.size());
    questions_.resize(model_.features.size());
    for (const Tree& tree : model_.trees) {
      for (const Node& each : tree.nodes) {
        if (!each.categorical) continue;
        const auto f = static_cast<std::size_t>(each.feature);
        const auto& words = tree.category_sets[each.category_set];
        const auto [at, fresh] = seen[f].try_emplace({words, each.default_left}, questions_[f].size());
        if (fresh) questions_[f].push_back({&words, each.default_left});
        asked_.push_back(at->second);
      }
    }
    first_column_.resize(model_.features.size());
    std::size_t column = model_.features.size();
    for (std::size_t f = 0; f < questions_.size(); ++f) {
      first_column_[f] = column;
      column += questions_[f].size();
    }
  }

  /// Appends to `input` a column of 0 and 1 for each question; gives the name of the whole.
  std::string lookups(const std::string& input) {
    std::vector<std::string> parts = {input};
    for (std::size_t f = 0; f < questions_.size(); ++f) {
      if (questions_[f].empty()) continue;
      std::size_t levels = 1;
      for (const Question& question : questions_[f]) {
        levels = question.words->size() * 32 > levels ? question.words->size() * 32 : levels;
      }
      // Rows of the table: 0 for codes of -1 and below, 1 + level, then one for codes beyond, and one for NaN.
      const auto rows = static_cast<std::int64_t>(levels + 3);
      std::vector<float> table;
      for (std::int64_t row = 0; row < rows; ++row) {
        for (const Question& question : questions_[f]) {
          const bool left =
              row + 1 == rows ? question.missing_left : is_in_set(*question.words, static_cast<double>(row - 1));
          table.push_back(left ? 1.0F : 0.0F);
        }
      }
      const std::string own = "f" + std::to_string(f) + "_";
      node("Gather", {input, index(own + "index", static_cast<std::int64_t>(f))}, own + "code", {attribute("axis", 1)});
      node("Clip",
           {own + "code", constant(own + "low", {}, {-1.0F}), constant(own + "high", {}, {static_cast<float>(levels)})},
           own + "held");
      node("IsNaN", {own + "code"}, own + "none");
      node("Where", {own + "none", constant(own + "beyond", {}, {static_cast<float>(levels + 1)}), own + "held"},
           own + "known");
      std::string whole = own + "known";
      if (model_.float32_inputs) node("Floor", {std::exchange(whole, own + "floor")}, own + "floor");
      node("Cast", {whole}, own + "level", {attribute("to", kInt64)});
      node("Add", {own + "level", index(own + "one", 1)}, own + "row");
      node("Gather",
           {constant(own + "table", {rows, static_cast<std::int64_t>(questions_[f].size())}, table), own + "row"},
           own + "answers3", {attribute("axis", 0)});
      node("Squeeze", {own + "answers3", index(own + "squeezed", 1)}, own + "answers");
      parts.push_back(own + "answers");
    }
    if (parts.size() == 1) return input;
    node("Concat", parts, "all_columns", {attribute("axis", 1)});
    return "all_columns";
  }

  void forest(const std::string& input) {
    std::vector<std::int64_t> tree_ids, node_ids, features, yes, no, tracks, leaf_trees, leaf_nodes, targets;
    std::vector<float> values, weights;
    std::vector<std::string> modes;
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    const auto add = [&](std::size_t t, std::size_t id, std::string_view mode, std::int64_t feature, float value,
                         std::int64_t if_true, std::int64_t if_false, bool track) {
      tree_ids.push_back(static_cast<std::int64_t>(t));
      node_ids.push_back(static_cast<std::int64_t>(id));
      modes.emplace_back(mode);
      features.push_back(feature);
      values.push_back(value);
      yes.push_back(if_true);
      no.push_back(if_false);
      tracks.push_back(track ? 1 : 0);
    };
    Tree zero;
    zero.leaves = {0.0};
    std::size_t question = 0;
    for (std::size_t t = 0; t < (model_.trees.empty() ? outputs : model_.trees.size()); ++t) {
      const Tree& tree = model_.trees.empty() ? zero : model_.trees[t];
      const std::size_t inner = tree.nodes.size();
      const auto id = [&](std::int32_t child) {
        return child >= 0 ? std::int64_t{child} : static_cast<std::int64_t>(inner) + ~child;
      };
      for (std::size_t i = 0; i < inner; ++i) {
        const Node& each = tree.nodes[i];
        if (each.categorical) {  // the answer is 0 for right, 1 for left
          const std::size_t column = first_column_[static_cast<std::size_t>(each.feature)] + asked_[question++];
          add(t, i, "BRANCH_LEQ", static_cast<std::int64_t>(column), 0.5F, id(each.right), id(each.left), false);
        } else {
          add(t, i, "BRANCH_LEQ", each.feature, float_at_most(each.threshold), id(each.left), id(each.right),
              missing_goes_left(each).value_or(false));
        }
      }
      for (std::size_t leaf = 0; leaf < tree.leaves.size(); ++leaf) {
        add(t, inner + leaf, "LEAF", 0, 0.0F, 0, 0, false);
        leaf_trees.push_back(static_cast<std::int64_t>(t));
        leaf_nodes.push_back(static_cast<std::int64_t>(inner + leaf));
        targets.push_back(static_cast<std::int64_t>(t % outputs));
        weights.push_back(float_leaf(model_, t, tree.leaves[leaf], 1.0));
      }
    }
    node("TreeEnsembleRegressor", {input}, "margin",
         {attribute("n_targets", model_.num_outputs), attribute("nodes_treeids", tree_ids),
          attribute("nodes_nodeids", node_ids), attribute("nodes_featureids", features),
          attribute("nodes_values", values), attribute("nodes_modes", modes), attribute("nodes_truenodeids", yes),
          attribute("nodes_falsenodeids", no), attribute("nodes_missing_value_tracks_true", tracks),
          attribute("target_treeids", leaf_trees), attribute("target_nodeids", leaf_nodes),
          attribute("target_ids", targets), attribute("target_weights", weights)},
         "ai.onnx.ml");
  }

  void link() {
    switch (find_link(model_.objective.name).value_or(Link::identity)) {
      case Link::identity: return node("Identity", {"margin"}, "prediction");
      case Link::exp: return node("Exp", {"margin"}, "prediction");
      case Link::softmax: return node("Softmax", {"margin"}, "prediction", {attribute("axis", 1)});
      case Link::log1p_exp: return node("Softplus", {"margin"}, "prediction");
      case Link::sigmoid: break;
    }
    node("Mul", {"margin", constant("sigmoid", {}, {static_cast<float>(model_.objective.sigmoid)})}, "log_odds");
    node("Sigmoid", {"log_odds"}, "prediction");
  }

  const Model& model_;
  std::vector<std::vector<Question>> questions_;  // by feature
  std::vector<std::size_t> first_column_;         // by feature
  std::vector<std::size_t> asked_;  // by categorical node, in the order of trees and nodes: its feature's question
  Protobuf graph_;
};

}  // namespace detail

inline Result<std::string> onnx_bytes(const Model& model) {
  if (auto checked = check_model(model, "model"); !checked) return checked.failure();
  return detail::OnnxWriter(model).write();
}

}  // namespace riskflag::inline v0_1::interop
