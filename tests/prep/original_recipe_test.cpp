// The original pipeline's preparation (examples/host/original_recipe.json) on simulated loans, each feature by hand.

#include <riskflag/prep.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/core/file.hpp>
#include <riskflag/data/simulate.hpp>

#include "frames.hpp"

using namespace riskflag;
using prep_test::bits;
using prep_test::feature;

namespace {

struct Original {
  prep::Recipe recipe;
  Frame loans;
  Schema schema;
  prep::Fitted fitted;
};

Original original(std::uint64_t rows) {
  const std::string path = std::string(RISKFLAG_TESTS_DIR) + "/../examples/host/original_recipe.json";
  Original out{prep::parse_recipe(read_file(path), path), simulate({.rows = rows}), {}, {}};
  Schema schema = infer_schema(out.loans);
  for (Field& field : schema.fields) {
    if (field.name == "Id") field.role = Role::id;
    if (field.name == "Sex") field.role = Role::protected_;
    if (field.name == "Risk_Flag") field.role = Role::target;
  }
  out.schema = prep::prepare_schema(out.recipe, schema);
  Pool pool(2);
  out.fitted = prep::fit(out.recipe, out.schema, out.loans, {.labels = out.loans.column("Risk_Flag").numbers}, pool);
  return out;
}

}  // namespace

TEST_CASE("the original pipeline's features come out under their names") {
  const Original o = original(1500);
  CHECK(o.fitted.pipeline.feature_names() ==
        std::vector<std::string>{"Income", "Age", "Experience", "Married/Single", "House_Ownership=norent_noown",
                                 "House_Ownership=owned", "House_Ownership=rented", "Car_Ownership", "Profession",
                                 "CITY", "STATE", "CURRENT_JOB_YRS", "CURRENT_HOUSE_YRS", "income_to_age",
                                 "income_to_experience", "stability"});
  CHECK(o.fitted.pipeline.features()[8].levels ==
        std::vector<std::string>{"arts", "craft", "engineering", "health", "office", "public", "service"});
}

TEST_CASE("every feature of the original pipeline is what its name says, row by row") {
  const Original o = original(1500);
  const auto& income = o.loans.column("Income").numbers;
  const auto& age = o.loans.column("Age").numbers;
  const auto& experience = o.loans.column("Experience").numbers;
  const auto& job = o.loans.column("CURRENT_JOB_YRS").numbers;
  const auto& house = o.loans.column("CURRENT_HOUSE_YRS").numbers;
  for (std::size_t i = 0; i < o.loans.rows(); ++i) {
    const auto value = [&](const char* name) { return feature(o.fitted, name)[i]; };
    if (i % 100 != 0) continue;
    CAPTURE(i);
    CHECK(value("income_to_age") == income[i] / age[i]);
    const double per_year = experience[i] == 0 ? kMissing : income[i] / experience[i];
    CHECK(bits({&per_year, 1}) == bits(std::vector<double>{value("income_to_experience")}));
    CHECK(value("stability") == (job[i] + house[i]) / 2);
    CHECK(value("Car_Ownership") == (o.loans.column("Car_Ownership").cell_text(i) == "yes" ? 1 : 0));
    CHECK(value("Married/Single") == (o.loans.column("Married/Single").cell_text(i) == "married" ? 1 : 0));
    const std::string owned = o.loans.column("House_Ownership").cell_text(i);
    CHECK(value(("House_Ownership=" + owned).c_str()) == 1);
    CHECK(value("House_Ownership=norent_noown") + value("House_Ownership=owned") + value("House_Ownership=rented") ==
          1);
  }
}

TEST_CASE("professions are mapped under any spelling, and the city's encoding leaves out the row's own fold") {
  const Original o = original(1500);
  const auto& labels = o.loans.column("Risk_Flag").numbers;
  const Column& profession = o.loans.column("Profession");
  const std::map<std::string, double> groups = {{"Musician", 0}, {"Civil_Engineer", 2}, {"Nurse", 3}, {"Waiter", 6}};
  const std::vector<double> got = feature(o.fitted, "Profession");
  int seen = 0;
  for (std::size_t i = 0; i < o.loans.rows(); ++i) {
    const auto it = groups.find(profession.cell_text(i));
    if (it == groups.end()) continue;
    ++seen;
    CHECK(got[i] == it->second);
  }
  CHECK(seen > 20);
  // The slow way: Micci-Barreca's shrinkage over the rows of the other folds, for the first twenty rows.
  const Column& city = o.loans.column("CITY");
  const std::vector<double> encoded = feature(o.fitted, "CITY");
  for (std::size_t row = 0; row < 20; ++row) {
    CAPTURE(row);
    double n = 0, sum = 0, n_city = 0, sum_city = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (prep::cross_fit_fold(42, i, 5) == prep::cross_fit_fold(42, row, 5)) continue;
      n += 1;
      sum += labels[i];
      if (city.codes[i] != city.codes[row]) continue;
      n_city += 1;
      sum_city += labels[i];
    }
    const double mean = sum / n, variance = mean * (1 - mean);
    double want = mean;
    if (n_city > 0) {
      const double mean_city = sum_city / n_city;
      const double share = variance * n_city / (variance * n_city + mean_city * (1 - mean_city));
      want = share * mean_city + (1 - share) * mean;
    }
    CHECK(encoded[row] == doctest::Approx(want).epsilon(1e-12));
  }
}

TEST_CASE("an applicant spelled otherwise is prepared as the same applicant") {
  const Original o = original(500);
  const prep::FieldEncoder encoder(o.schema);
  const std::vector<std::string> inputs = encoder.inputs();
  const auto at = [&](const char* name) {
    return static_cast<std::size_t>(std::find(inputs.begin(), inputs.end(), name) - inputs.begin());
  };
  CHECK(encoder.level_code(at("Profession"), "CIVIL ENGINEER") ==
        encoder.level_code(at("Profession"), "Civil_Engineer"));
  CHECK(encoder.level_code(at("STATE"), "andhra  pradesh") == encoder.level_code(at("STATE"), "Andhra_Pradesh"));
  CHECK(encoder.level_code(at("STATE"), "Andhra_Pradesh") >= 0);
}
