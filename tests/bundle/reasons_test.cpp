#include <riskflag/bundle/reasons.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/bundle.hpp>

#include "tiny_model.hpp"

using namespace riskflag;

namespace {

/// The tiny model with counts: 1 of 4 training rows had a low income, 2 of 4 owned their home.
bundle::Bundle counted(std::vector<bundle::ReasonText> texts, double sigmoid = 1.0) {
  Model model = tiny::model();
  model.objective.sigmoid = sigmoid;
  model.trees[0].nodes[0].count = 4.0;
  model.trees[0].leaf_counts = {1.0, 3.0};
  model.trees[1].nodes[0].count = 4.0;
  model.trees[1].leaf_counts = {2.0, 2.0};
  Predictor predictor = Predictor::make(model).value();
  return {.schema = tiny::schema(),
          .pipeline = tiny::pipeline(),
          .model = std::move(model),
          .calibration = {},
          .decision = {.threshold = 0.5, .reasons = std::move(texts)},
          .reference = {},
          .metrics_json = "{}",
          .name = "tiny",
          .version = {},
          .digest = {},
          .path = "tiny",
          .predictor = std::move(predictor),
          .ignored_files = {}};
}

}  // namespace

TEST_CASE("reasons: what speaks for High, the greatest first, with the table's words or the field's name") {
  const bundle::Bundle opened = counted({{"income", "R07", "Income too low for the amount asked"}});
  const bundle::ReasonProgram program(opened);
  bundle::ReasonProgram::Scratch scratch;
  std::vector<bundle::Reason> got;
  // Low income: 2 - (2 + 3 x 0.5) / 4 = 1.125; a rented home: 0.75 - (0.75 - 0.25) / 2 = 0.5.
  program.reasons(std::vector<double>{500, 2, kMissing}, 3, got, scratch);
  REQUIRE(got.size() == 2);
  CHECK(got[0].field == "income");
  CHECK(got[0].code == "R07");
  CHECK(got[0].text == "Income too low for the amount asked");
  CHECK(std::abs(got[0].contribution - 1.125) < 1e-15);
  CHECK(got[1].field == "home");
  CHECK(got[1].code == "home");
  CHECK(std::abs(got[1].contribution - 0.5) < 1e-15);
  program.reasons(std::vector<double>{500, 2, kMissing}, 1, got, scratch);
  CHECK(got.size() == 1);
  program.reasons(std::vector<double>{5000, 1, kMissing}, 3, got, scratch);
  CHECK(got.empty());
}

TEST_CASE("contributions of a model with a sigmoid other than 1 are log-odds, too") {
  const bundle::Bundle opened = counted({}, 2.0);
  const bundle::ReasonProgram program(opened);
  bundle::ReasonProgram::Scratch scratch;
  std::vector<bundle::Reason> got;
  program.reasons(std::vector<double>{500, 1, kMissing}, 3, got, scratch);
  REQUIRE(got.size() == 1);
  CHECK(std::abs(got[0].contribution - 2.25) < 1e-15);
}

TEST_CASE("with approved rows kept, a reason is what makes the row riskier than these, by hand") {
  bundle::Bundle opened = counted({});
  // Both earn enough; one owns the home, one rents it: -0.25 and 0.75.
  opened.approved = {3, {5000, 1, kMissing, 5000, 2, kMissing}};
  const bundle::ReasonProgram program(opened);
  bundle::ReasonProgram::Scratch scratch;
  std::vector<bundle::Reason> got;
  // A low income is 2 - 0.5 above both (1.125 above the training mean); a rented home 1 above the one, 0 the other.
  program.reasons(std::vector<double>{500, 2, kMissing}, 3, got, scratch);
  REQUIRE(got.size() == 2);
  CHECK(got[0].field == "income");
  CHECK(std::abs(got[0].contribution - 1.5) < 1e-15);
  CHECK(got[1].field == "home");
  CHECK(std::abs(got[1].contribution - 0.5) < 1e-15);
  program.reasons(std::vector<double>{5000, 1, kMissing}, 3, got, scratch);
  CHECK(got.empty());
}

TEST_CASE("approved rows come back from a model directory, missing cells and all, and what does not fit is refused") {
  const tiny::Folder folder;
  const Schema schema = tiny::schema();
  const Model model = tiny::model();
  const prep::Pipeline pipeline = tiny::pipeline();
  const Frame example = tiny::rows();
  const monitor::Reference reference = monitor::make_reference(schema, example, {});
  bundle::BundleParts parts{.schema = schema,
                            .pipeline = pipeline,
                            .model = model,
                            .reference = reference,
                            .example = example,
                            .approved = {3, {1500.25, 1, kMissing, -0.0, 2, 5}}};
  (void)bundle::save(parts, folder / "kept");
  const bundle::Bundle opened = bundle::open(folder / "kept");
  REQUIRE(opened.approved.rows() == 2);
  CHECK(opened.approved.view()(0, 0) == 1500.25);
  CHECK(is_missing(opened.approved.view()(0, 2)));
  CHECK(opened.approved.view()(1, 2) == 5);
  parts.approved = {2, {1, 2}};
  CHECK_THROWS_AS(bundle::save(parts, folder / "narrow"), Error);
  parts.approved = {3, std::vector<double>(3 * 65)};
  CHECK_THROWS_AS(bundle::save(parts, folder / "long"), Error);
  parts.approved = {};
  (void)bundle::save(parts, folder / "none");
  CHECK(bundle::open(folder / "none").approved.rows() == 0);
  CHECK(!exists(folder / "none/approved.json"));
}

TEST_CASE("a regression, or a model without counts, has no reasons") {
  bundle::Bundle opened = counted({});
  opened.model.objective.name = "regression";
  CHECK_THROWS_WITH_AS(bundle::ReasonProgram{opened}, "tiny: reasons are those for High: the model is not binary",
                       Error);
  opened.model = tiny::model();
  CHECK_THROWS_AS(bundle::ReasonProgram{opened}, Error);
}
