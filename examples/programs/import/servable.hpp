#pragma once

// What a model directory needs beside an imported model: a schema and a pipeline that changes nothing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/prep/pipeline.hpp>
#include <riskflag/study/target.hpp>

namespace program {

/// Brings every feature's levels into the order of their bytes, which schemas have, and the category sets with them.
inline void sort_levels(riskflag::Model& model, const std::string& where) {
  std::vector<std::vector<std::uint32_t>> order(model.features.size());  // new index -> old index
  for (std::size_t f = 0; f < model.features.size(); ++f) {
    riskflag::Feature& feature = model.features[f];
    if (feature.type != riskflag::FeatureType::categorical) continue;
    if (feature.levels.empty()) {
      riskflag::fail(riskflag::ErrorCode::unsupported, where,
                     "feature " + riskflag::quoted(feature.name) +
                         " is categorical, and its levels are unknown or too many to name; make it a column of "
                         "pandas's category type, or a number");
    }
    for (std::uint32_t i = 0; i < feature.levels.size(); ++i) order[f].push_back(i);
    std::sort(order[f].begin(), order[f].end(),
              [&](std::uint32_t a, std::uint32_t b) { return feature.levels[a] < feature.levels[b]; });
    std::vector<std::string> sorted;
    for (const std::uint32_t old : order[f]) sorted.push_back(feature.levels[old]);
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      riskflag::fail(riskflag::ErrorCode::unsupported, where,
                     "two levels of feature " + riskflag::quoted(feature.name) + " have the same text");
    }
    feature.levels = std::move(sorted);
  }
  for (riskflag::Tree& tree : model.trees) {
    std::vector<std::vector<std::uint32_t>> sets;
    for (riskflag::Node& node : tree.nodes) {
      if (!node.categorical) continue;
      const auto& from = tree.category_sets[node.category_set];
      const auto& indices = order[static_cast<std::size_t>(node.feature)];
      std::vector<std::uint32_t> words((indices.size() + 31) / 32);
      for (std::size_t i = 0; i < indices.size(); ++i) {
        const std::uint32_t old = indices[i];
        if (old / 32 < from.size() && (from[old / 32] >> (old % 32) & 1U) != 0) words[i / 32] |= 1U << (i % 32);
      }
      node.category_set = static_cast<std::uint32_t>(sets.size());
      sets.push_back(std::move(words));
    }
    tree.category_sets = std::move(sets);
  }
}

/// A field for each feature, under its name; one that no tree asks for may be absent. A level that no training row had
/// follows `unseen`.
inline riskflag::Schema schema_of(const riskflag::Model& model, riskflag::UnseenPolicy unseen) {
  riskflag::Schema schema;
  const std::vector<bool> used = riskflag::used_features(model);
  for (std::size_t f = 0; f < model.features.size(); ++f) {
    const riskflag::Feature& feature = model.features[f];
    riskflag::Field field;
    field.name = feature.name;
    field.required = used[f];
    if (feature.type == riskflag::FeatureType::categorical) {
      field.type = riskflag::ColumnType::category;
      field.levels = feature.levels;
      field.unseen = unseen;
      for (const std::string& level : field.levels) std::erase(schema.missing, level);  // a level, not a gap
    }
    schema.fields.push_back(std::move(field));
  }
  if (riskflag::bundle::kind_of(model.objective) == riskflag::bundle::Kind::binary) {
    schema.positive = "1";
    schema.target_levels = {"0", "1"};
  }
  if (riskflag::bundle::kind_of(model.objective) == riskflag::bundle::Kind::multiclass) {
    for (int k = 0; k < model.num_outputs; ++k) schema.target_levels.push_back(std::to_string(k));
  }
  return schema;
}

/// The classes of a foreign model are numbers. A target whose levels are such numbers is read as them; one with as many
/// other levels as the model has classes names these, in its order.
inline void name_classes(riskflag::study::Target& target, riskflag::Schema& schema, const std::string& column,
                         const std::string& where) {
  const std::size_t classes = schema.target_levels.size();
  std::vector<double> numbers;
  for (const std::string& level : target.levels) {
    const auto x = riskflag::parse_double(level);
    if (x && *x >= 0 && *x < static_cast<double>(classes) && *x == static_cast<double>(static_cast<int>(*x)))
      numbers.push_back(*x);
  }
  if (numbers.size() == target.levels.size()) {
    for (double& label : target.labels) label = numbers[static_cast<std::size_t>(label)];
    return;
  }
  if (target.levels.size() != classes) {
    riskflag::fail(riskflag::ErrorCode::schema_mismatch, where,
                   "target " + riskflag::quoted(column) + " has " + std::to_string(target.levels.size()) +
                       " levels, and the model " + std::to_string(classes) + " classes; accepted: numbers from 0 to " +
                       std::to_string(classes - 1) + ", or as many levels as classes");
  }
  schema.target_levels = target.levels;
}

/// Raw fields are features as they stand.
inline riskflag::prep::Pipeline identity_pipeline(const riskflag::Model& model) {
  riskflag::prep::PipelineParts parts;
  for (std::size_t f = 0; f < model.features.size(); ++f) {
    parts.inputs.push_back(model.features[f].name);
    parts.input_levels.push_back(model.features[f].levels.size());
    parts.features.push_back(model.features[f]);
    parts.feature_slots.push_back(static_cast<riskflag::prep::Slot>(f));
  }
  return riskflag::prep::Pipeline(std::move(parts));
}

/// A row without data: each number at a threshold that the model asks for, each category at its first level.
inline riskflag::Frame invented_row(const riskflag::Model& model) {
  riskflag::Frame frame;
  for (std::size_t f = 0; f < model.features.size(); ++f) {
    const riskflag::Feature& feature = model.features[f];
    riskflag::Column column;
    column.name = feature.name;
    if (feature.type == riskflag::FeatureType::categorical) {
      column.type = riskflag::ColumnType::category;
      column.levels = feature.levels;
      column.codes = {0};
    } else {
      double value = 0.0;
      for (std::size_t t = model.trees.size(); t-- > 0;) {
        for (const riskflag::Node& node : model.trees[t].nodes) {
          if (static_cast<std::size_t>(node.feature) == f && riskflag::is_finite(node.threshold))
            value = node.threshold;
        }
      }
      column.numbers = {value};
    }
    frame.add(std::move(column));
  }
  return frame;
}

}  // namespace program
