#pragma once

// --recipe: the applicant's raw fields are prepared first. The recipe is fitted on the rows of --data; the model's
// features are found among what it makes, by name. Columns that are neither prepared nor asked for stay out.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/read_file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/gzip/gzip.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/prep/fit.hpp>
#include <riskflag/prep/recipe.hpp>
#include <riskflag/prep/steps.hpp>
#include <riskflag/study/target.hpp>

namespace program {

struct Prepared {
  riskflag::Schema schema;
  riskflag::prep::Pipeline pipeline;
};

/// Whether a step says the column's name; one with a pattern may mean any.
inline bool is_said(const riskflag::prep::Recipe& recipe, const std::string& column) {
  return std::any_of(recipe.steps.begin(), recipe.steps.end(), [&](const riskflag::prep::Step& any) {
    return std::visit(
        [&](const auto& step) {
          if constexpr (requires { step.expression; }) {
            return step.expression.find(column) != std::string::npos;
          } else {
            const std::vector<std::string>& names = step.columns.names;
            return !step.columns.pattern.empty() || std::find(names.begin(), names.end(), column) != names.end();
          }
        },
        any);
  });
}

/// Takes the columns out that are neither prepared nor among what `model` asks for: ids, protected attributes, results.
/// Whether there was one.
inline bool drop_the_rest(riskflag::Schema& schema, const riskflag::prep::Recipe& recipe,
                          const std::vector<riskflag::Feature>& made, const riskflag::Model& model) {
  std::set<std::string> asked, used;
  for (const riskflag::Feature& own : model.features) asked.insert(own.name);
  for (const riskflag::Feature& feature : made) {
    if (asked.contains(feature.name)) used.insert(feature.fields.begin(), feature.fields.end());
  }
  bool any = false;
  for (riskflag::Field& field : schema.fields) {
    if (field.role != riskflag::Role::feature || used.contains(field.name) || is_said(recipe, field.name)) continue;
    field.role = riskflag::Role::dropped;
    any = true;
  }
  return any;
}

inline Prepared fit_recipe(const std::string& recipe_file, const std::string& data, const std::string& target,
                           const std::string& positive, riskflag::bundle::Kind kind, const riskflag::Model& model) {
  const riskflag::prep::Recipe recipe = riskflag::prep::parse_recipe(riskflag::read_file(recipe_file), recipe_file);
  riskflag::Pool pool(0);
  riskflag::CsvOptions csv;
  csv.digest = false;
  const auto source = riskflag::open_source(data);
  const riskflag::Frame frame = riskflag::read_csv(*source, csv, pool).frame;
  riskflag::Schema schema = riskflag::infer_schema(frame);
  std::vector<double> labels;
  for (riskflag::Field& field : schema.fields) {
    field.unseen = riskflag::UnseenPolicy::missing;
    if (field.type == riskflag::ColumnType::text) field.role = riskflag::Role::dropped;
    if (target.empty() || field.name != target) continue;
    field.role = riskflag::Role::target;
    labels = riskflag::study::read_target(frame.column(target), kind, positive, data).labels;
  }
  if (kind == riskflag::bundle::Kind::binary) {
    schema.positive = "1";
    schema.target_levels = {"0", "1"};
  }
  if (kind == riskflag::bundle::Kind::multiclass) {
    for (int k = 0; k < model.num_outputs; ++k) schema.target_levels.push_back(std::to_string(k));
  }
  schema = riskflag::prep::prepare_schema(recipe, std::move(schema));
  riskflag::prep::FitInputs inputs;
  inputs.labels = labels;
  riskflag::prep::Pipeline pipeline = riskflag::prep::fit(recipe, schema, frame, inputs, pool).pipeline;
  if (drop_the_rest(schema, recipe, pipeline.features(), model)) {
    pipeline = riskflag::prep::fit(recipe, schema, frame, inputs, pool).pipeline;
  }
  return {std::move(schema), std::move(pipeline)};
}

/// Makes `features`, which have at least the model's own by name, the model's features.
inline void take_features(riskflag::Model& model, const std::vector<riskflag::Feature>& features,
                          const std::string& where) {
  std::vector<std::int32_t> place;
  std::vector<std::string> names;
  for (const riskflag::Feature& feature : features) names.push_back(feature.name);
  for (const riskflag::Feature& own : model.features) {
    const auto found = std::find(names.begin(), names.end(), own.name);
    if (found == names.end()) {
      riskflag::fail(riskflag::ErrorCode::schema_mismatch, where,
                     "the model has the feature " + riskflag::quoted(own.name) + ", which the recipe does not make" +
                         riskflag::did_you_mean(own.name, names));
    }
    const auto at = static_cast<std::int32_t>(found - names.begin());
    if (std::find(place.begin(), place.end(), at) != place.end()) {
      riskflag::fail(riskflag::ErrorCode::schema_mismatch, where,
                     "the model has two features of the name " + riskflag::quoted(own.name) +
                         ", and the recipe makes one; accepted: a name for each, such as a copy of the column");
    }
    place.push_back(at);
    const riskflag::Feature& made = features[static_cast<std::size_t>(place.back())];
    if (made.type != own.type || made.levels != own.levels) {
      riskflag::fail(riskflag::ErrorCode::schema_mismatch, where,
                     "the model's feature " + riskflag::quoted(own.name) +
                         " is of another type or has other levels than the recipe makes of these rows; give --data the "
                         "rows that the model was trained on");
    }
  }
  for (riskflag::Tree& tree : model.trees) {
    for (riskflag::Node& node : tree.nodes) node.feature = place[static_cast<std::size_t>(node.feature)];
    for (riskflag::LinearLeaf& leaf : tree.linear) {
      for (std::int32_t& feature : leaf.features) feature = place[static_cast<std::size_t>(feature)];
    }
  }
  model.features = features;
}

/// A field that no question of the model derives from may be absent.
inline void relax_unused(riskflag::Schema& schema, const riskflag::Model& model) {
  const std::vector<bool> used = riskflag::used_features(model);
  for (riskflag::Field& field : schema.fields) {
    bool asked = false;
    for (std::size_t f = 0; f < model.features.size(); ++f) {
      const auto& from = model.features[f].fields;
      asked = asked || (used[f] && std::find(from.begin(), from.end(), field.name) != from.end());
    }
    field.required = field.required && asked;
  }
}

}  // namespace program
