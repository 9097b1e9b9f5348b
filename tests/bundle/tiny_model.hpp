#pragma once

// A model directory small enough to score by hand: income (number), home (category), since (date), id, sex (protected).
//
// Margin = -1 + (income <= 1000 ? 2 : 0.5) + (home in {OWN} ? -0.25 : 0.75), missing income goes right, missing home
// right.

#include <filesystem>
#include <string>
#include <utility>

#include <riskflag/bundle.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/file.hpp>

namespace tiny {

using namespace riskflag;

inline Schema schema() {
  Schema s;
  s.positive = "1";
  s.target_levels = {"0", "1"};
  Field income{.name = "income"};
  income.special = {-9};
  income.minimum = 0;
  income.maximum = 1e7;
  Field home{.name = "home", .type = ColumnType::category, .levels = {"MORTGAGE", "OWN", "RENT"}};
  Field since{.name = "since", .type = ColumnType::date, .required = false};
  s.fields = {Field{.name = "id", .type = ColumnType::text, .role = Role::id},
              income,
              home,
              Field{.name = "sex", .type = ColumnType::category, .role = Role::protected_, .levels = {"f", "m"}},
              since,
              Field{.name = "default", .type = ColumnType::category, .role = Role::target, .levels = {"0", "1"}}};
  return s;
}

inline prep::Pipeline pipeline() {
  prep::PipelineParts parts;
  parts.inputs = {"income", "home", "since"};
  parts.input_levels = {0, 3, 0};
  parts.features = {Feature{"income", FeatureType::numeric, {}, {"income"}},
                    Feature{"home", FeatureType::categorical, {"MORTGAGE", "OWN", "RENT"}, {"home"}},
                    Feature{"since", FeatureType::numeric, {}, {"since"}}};
  parts.feature_slots = {0, 1, 2};
  return prep::Pipeline(std::move(parts));
}

inline Model model(std::string objective = "binary") {
  Model m;
  m.objective.name = std::move(objective);
  m.features = pipeline().features();
  m.base_margin = {-1.0};
  m.leaf_grid = 0.25;
  Tree by_income;
  by_income.nodes = {Node{.feature = 0, .threshold = 1000, .left = ~0, .right = ~1}};
  by_income.leaves = {2.0, 0.5};
  Tree by_home;
  by_home.nodes = {Node{.feature = 1, .categorical = true, .category_set = 0, .left = ~0, .right = ~1}};
  by_home.leaves = {-0.25, 0.75};
  by_home.category_sets = {{2u}};  // level 1: OWN
  m.trees = {by_income, by_home};
  m.best_iteration = 2;
  return m;
}

inline Frame rows() {
  Frame frame;
  Column income{.name = "income", .numbers = {500, 1000.5, kMissing}};
  Column home{.name = "home",
              .type = ColumnType::category,
              .codes = {1, 2, kMissingCode},
              .levels = {"MORTGAGE", "OWN", "RENT"}};
  Column since{.name = "since", .type = ColumnType::date, .days = {0, 20000, kMissingDate}};
  frame.add(income);
  frame.add(home);
  frame.add(since);
  return frame;
}

/// The probability of a margin that is known by hand.
inline double of_margin(double margin) { return exact::sigmoid(margin); }

/// A fresh folder that goes when the test ends.
struct Folder {
  std::filesystem::path path;
  Folder() : path(std::filesystem::temp_directory_path() / ("riskflag-test-" + std::to_string(monotonic_ns()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path / name).string(); }
};

inline std::string save_to(const std::string& directory, const Schema& s = schema(), const Model& m = model(),
                           double threshold = 0.5) {
  const Frame example = rows();
  const monitor::Reference reference = monitor::make_reference(s, example, {});
  const prep::Pipeline p = pipeline();
  return bundle::save({.schema = s,
                       .pipeline = p,
                       .model = m,
                       .reference = reference,
                       .example = example,
                       .decision = {.threshold = threshold, .reasons = {{"income", "R1", "the income is low"}}}},
                      directory);
}

}  // namespace tiny
