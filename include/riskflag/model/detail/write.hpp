#pragma once

// model_text() of model/file.hpp.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/model/file.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// Bits of "decision_type" in the file, LightGBM's: 1 categorical, 2 default left, then the missing rule (0 none, 1
/// zero, 2 nan).
inline int decision_type(const Node& node) noexcept {
  const int rule = node.missing == MissingRule::none ? 0 : node.missing == MissingRule::zero ? 1 : 2;
  return (node.categorical ? 1 : 0) | (node.default_left ? 2 : 0) | rule << 2;
}

/// An array member with one value for each node.
template <class Get>
void write_nodes(JsonWriter& json, const Tree& tree, std::string_view name, Get get) {
  json.key(name).begin_array();
  for (const Node& node : tree.nodes) json.value(get(node));
  json.end_array();
}

template <class Values>
void write_list(JsonWriter& json, const Values& values) {
  json.begin_array();
  for (const auto& value : values) json.value(value);
  json.end_array();
}
template <class Values>
void write_values(JsonWriter& json, std::string_view name, const Values& values) {
  write_list(json.key(name), values);
}

inline void write_tree(JsonWriter& json, const Tree& tree) {
  json.begin_object();
  write_nodes(json, tree, "feature", [](const Node& n) { return n.feature; });
  write_nodes(json, tree, "threshold", [](const Node& n) { return n.threshold; });
  write_nodes(json, tree, "decision_type", [](const Node& n) { return decision_type(n); });
  write_nodes(json, tree, "left", [](const Node& n) { return n.left; });
  write_nodes(json, tree, "right", [](const Node& n) { return n.right; });
  write_nodes(json, tree, "gain", [](const Node& n) { return n.gain; });
  write_nodes(json, tree, "count", [](const Node& n) { return n.count; });
  write_nodes(json, tree, "value", [](const Node& n) { return n.value; });
  write_values(json, "leaf", tree.leaves);
  write_values(json, "leaf_count", tree.leaf_counts);
  if (!tree.category_sets.empty()) {
    write_nodes(json, tree, "category_set", [](const Node& n) { return static_cast<std::int64_t>(n.category_set); });
    json.key("category_sets").begin_array();
    for (const auto& words : tree.category_sets) {
      json.begin_array();
      for (const std::uint32_t word : words) json.value(static_cast<std::int64_t>(word));
      json.end_array();
    }
    json.end_array();
  }
  if (!tree.linear.empty()) {
    json.key("linear").begin_object().key("constant").begin_array();
    for (const LinearLeaf& leaf : tree.linear) json.value(leaf.constant);
    json.end_array().key("features").begin_array();
    for (const LinearLeaf& leaf : tree.linear) write_list(json, leaf.features);
    json.end_array().key("coefficients").begin_array();
    for (const LinearLeaf& leaf : tree.linear) write_list(json, leaf.coefficients);
    json.end_array().end_object();
  }
  json.end_object();
}

}  // namespace detail

inline std::string model_text(const Model& model) {
  JsonWriter json(JsonStyle::pretty);
  json.begin_object();
  json.key("format").value(kModelFormat);
  json.key("objective").begin_object();
  json.key("name").value(std::string_view(model.objective.name));
  json.key("sigmoid").value(model.objective.sigmoid);
  json.key("parameter").value(model.objective.parameter);
  json.end_object();
  json.key("num_outputs").value(model.num_outputs);
  detail::write_values(json, "base_margin", model.base_margin);
  json.key("leaf_grid").value(model.leaf_grid);
  json.key("average_output").value(model.average_output);
  json.key("float32_inputs").value(model.float32_inputs);
  json.key("best_iteration").value(model.best_iteration);
  json.key("data_digest").value(std::string_view(model.data_digest));
  json.key("schema_digest").value(std::string_view(model.schema_digest));
  json.key("options").begin_array();
  for (const auto& [name, value] : model.options) {
    json.begin_array().value(std::string_view(name)).value(std::string_view(value)).end_array();
  }
  json.end_array();
  json.key("features").begin_array();
  for (const Feature& feature : model.features) {
    json.begin_object();
    json.key("name").value(std::string_view(feature.name));
    json.key("type").value(name_of(feature.type));
    detail::write_values(json, "levels", feature.levels);
    detail::write_values(json, "fields", feature.fields);
    json.end_object();
  }
  json.end_array();
  json.key("history").begin_object();
  detail::write_values(json, "names", model.history.names);
  json.key("values").begin_array();
  for (const auto& iteration : model.history.values) {
    json.begin_array();
    for (const double value : iteration) json.value(value);
    json.end_array();
  }
  json.end_array();
  json.end_object();
  json.key("trees").begin_array();
  for (const Tree& tree : model.trees) detail::write_tree(json, tree);
  json.end_array();
  std::string text = std::move(json).text();
  text += ",\n  ";
  const std::string digest = sha256_hex(text);
  text += detail::kDigestName;
  text += digest;
  text += detail::kDigestEnd;
  return text;
}

}  // namespace riskflag::inline v0_1
