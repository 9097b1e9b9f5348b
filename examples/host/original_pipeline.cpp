// The preparation of the pipeline that riskflag replaces, as one recipe: professions mapped to groups, CITY and STATE
// target-encoded over folds, ratios, a stability score, yes/no to 1/0. Fitted on simulated loans, applied to one
// applicant.
//
//     example-original_pipeline [RECIPE.json]      (default: examples/host/original_recipe.json, from the repository's
//     root)

#include <cstdio>
#include <string>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/prep.hpp>

int main(int argc, char** argv) try {
  using namespace riskflag;
  const std::string path = argc > 1 ? argv[1] : "examples/host/original_recipe.json";
  const prep::Recipe recipe = prep::parse_recipe(read_file(path), path);

  // 1. A table, and what its columns are for.
  const Frame loans = simulate({.rows = 5000, .preset = "loans"});
  Schema schema = infer_schema(loans);
  for (Field& field : schema.fields) {
    if (field.name == "Id") field.role = Role::id;
    if (field.name == "Sex") field.role = Role::protected_;
    if (field.name == "Risk_Flag") field.role = Role::target;
  }
  // 2. The recipe's text rules and maps belong to the schema: applicants' texts go through them too.
  schema = prep::prepare_schema(recipe, schema);

  // 3. Fitted on the training rows alone. fitted.train is cross-fitted: no row's label is in its own CITY or STATE.
  Pool pool;
  const std::vector<double>& labels = loans.column("Risk_Flag").numbers;
  const prep::Fitted fitted = prep::fit(recipe, schema, loans, {.labels = labels, .seed = 42}, pool);

  // 4. Another day's applicants: the same pipeline, nothing learned from them.
  const Frame applicants = simulate({.rows = 5001, .preset = "loans"}, 5000, 1);
  const prep::FeatureMatrix features = fitted.pipeline.transform(applicants, schema, pool);
  for (std::size_t j = 0; j < features.cols; ++j) {
    const Feature& feature = fitted.pipeline.features()[j];
    const double value = features.values[j];
    const bool level = feature.type == FeatureType::categorical && !is_missing(value);
    std::printf("%-24s %s\n", feature.name.c_str(),
                level ? feature.levels[static_cast<std::size_t>(value)].c_str() : number_text(value).c_str());
  }
  return 0;
} catch (const riskflag::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
