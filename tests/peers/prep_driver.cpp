// Fits a recipe on one table and applies it to another: the C++ side of test_prep_sklearn.py, which compiles this file
// (c++ -std=c++20 -O2 -I include, Eigen's headers beside).
//
// In: a line with the recipe's JSON; a line of column names, "#name" for numbers and "name" for categories, the last
// one
// "#label"; rows of tab-separated cells, "" for missing; a line "--"; rows to apply the pipeline to.
// Out: a line of feature names; a line per training row (as fit returned it: cross-fitted), then its fold of 5; a line
// "--"; a line per applied row. "nan" for missing.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <riskflag/prep.hpp>

namespace {

using namespace riskflag;
using Rows = std::vector<std::vector<std::string>>;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == '\t') {
      out.emplace_back();
    } else {
      out.back().push_back(c);
    }
  }
  return out;
}

Frame frame_of(const std::vector<std::string>& header, const Rows& rows) {
  Frame out;
  for (std::size_t j = 0; j + 1 < header.size(); ++j) {
    Column column;
    const bool number = header[j][0] == '#';
    column.name = number ? header[j].substr(1) : header[j];
    column.type = number ? ColumnType::number : ColumnType::category;
    std::map<std::string, std::int32_t> codes;
    for (const auto& row : rows) {
      if (!row[j].empty()) codes[row[j]] = 0;
    }
    for (auto& [level, code] : codes) {
      code = static_cast<std::int32_t>(column.levels.size());
      if (!number) column.levels.push_back(level);
    }
    for (const auto& row : rows) {
      if (number) {
        column.numbers.push_back(row[j].empty() ? kMissing : std::strtod(row[j].c_str(), nullptr));
      } else {
        column.codes.push_back(row[j].empty() ? kMissingCode : codes[row[j]]);
      }
    }
    out.add(std::move(column));
  }
  return out;
}

void print(const prep::FeatureMatrix& matrix, bool folds) {
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t j = 0; j < matrix.cols; ++j) {
      std::printf("%s%.17g", j == 0 ? "" : "\t", matrix.view()(i, j));
    }
    if (folds) std::printf("\t%u", prep::cross_fit_fold(42, i, 5));
    std::printf("\n");
  }
}

}  // namespace

int main() try {
  std::string line;
  std::getline(std::cin, line);
  const prep::Recipe recipe = prep::parse_recipe(line, "recipe");
  std::getline(std::cin, line);
  const std::vector<std::string> header = cells(line);
  Rows train, apply;
  std::vector<double> labels;
  bool second = false;
  while (std::getline(std::cin, line)) {
    if (line == "--") {
      second = true;
    } else {
      (second ? apply : train).push_back(cells(line));
      if (!second) labels.push_back(std::strtod(train.back().back().c_str(), nullptr));
    }
  }
  const Frame rows = frame_of(header, train);
  const Schema schema = prep::prepare_schema(recipe, infer_schema(rows));
  SerialExecutor executor;
  const prep::Fitted fitted = prep::fit(recipe, schema, rows, {.labels = labels}, executor);
  bool first = true;
  for (const std::string& name : fitted.pipeline.feature_names()) {
    std::printf("%s%s", first ? "" : "\t", name.c_str());
    first = false;
  }
  std::printf("\n");
  print(fitted.train, true);
  std::printf("--\n");
  print(fitted.pipeline.transform(frame_of(header, apply), schema, executor), false);
  return 0;
} catch (const riskflag::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
