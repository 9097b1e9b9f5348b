// The guard on public tables, which are not part of the project: RISKFLAG_DATA names their directory, ../shared/data
// beside the checkout is looked at otherwise; skipped, with a printed line, where there is none.

#include <riskflag/audit/leak.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <riskflag/data/csv.hpp>

namespace audit = riskflag::audit;
using riskflag::Role;

namespace {

struct Question {
  std::string file, target, positive;
  riskflag::CsvOptions csv{};
  std::vector<std::string> ids{};
  riskflag::SplitKind kind = riskflag::SplitKind::random;
  double valid_fraction = 0;
};

std::string data_path(const std::string& file) {
  const char* given = std::getenv("RISKFLAG_DATA");
  const std::string root = given != nullptr ? given : std::string(RISKFLAG_TESTS_DIR) + "/../../shared/data";
  const std::string path = root + "/" + file;
  if (riskflag::exists(path)) return path;
  MESSAGE("skipped: " << path << " is not there");
  return {};
}

std::vector<audit::Finding> ask(const Question& question) {
  riskflag::Pool pool;
  const riskflag::Frame frame = riskflag::read_csv(question.file, question.csv, pool).frame;
  riskflag::Schema schema = riskflag::infer_schema(frame);
  std::vector<std::string> fields;
  for (riskflag::Field& field : schema.fields) {
    if (field.name == question.target) field.role = Role::target;
    for (const std::string& id : question.ids) {
      if (field.name == id) field.role = Role::id;
    }
    if (field.role == Role::feature) fields.push_back(field.name);
  }
  std::vector<double> labels;
  const riskflag::Column& target = frame.column(question.target);
  for (std::size_t i = 0; i < frame.rows(); ++i) labels.push_back(target.cell_text(i) == question.positive ? 1 : 0);
  std::vector<std::uint64_t> groups;
  if (question.kind == riskflag::SplitKind::group) groups = riskflag::group_ids(frame, fields);
  const riskflag::Split split = riskflag::split_rows(
      frame.rows(), {.kind = question.kind, .valid_fraction = question.valid_fraction}, labels, groups);
  auto findings = audit::find_leaks(frame, schema, labels, split, pool, {.source = {question.kind}});
  for (const audit::Finding& finding : findings)
    MESSAGE(finding.code << ": " << finding.message << " -> " << finding.remedy);
  return findings;
}

bool has(const std::vector<audit::Finding>& findings, const std::string& code) {
  for (const audit::Finding& finding : findings) {
    if (finding.code == code) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("loan_behavior: a random split is a leak of 85.6 % of the test rows, a split by customer is none") {
  Question question{
      .file = data_path("loan_behavior/Training Data.csv"), .target = "Risk_Flag", .positive = "1", .ids = {"Id"}};
  if (question.file.empty()) return;
  const auto findings = ask(question);
  REQUIRE(!findings.empty());
  CHECK(findings[0].code == "split_leak");
  CHECK(findings[0].number == doctest::Approx(0.856).epsilon(0.005));
  REQUIRE(findings[0].auc);
  CHECK(*findings[0].auc == doctest::Approx(0.938).epsilon(0.005));
  bool duplicates = false;
  for (const audit::Finding& finding : findings) {
    if (finding.code != "duplicate_rows") continue;
    duplicates = true;
    CHECK(finding.count == 252000 - 43190);  // as the table's description counts them
  }
  CHECK(duplicates);
  question.kind = riskflag::SplitKind::group;
  const auto by_customer = ask(question);
  CHECK_FALSE(has(by_customer, "split_leak"));
  CHECK_FALSE(has(by_customer, "target_leak"));
  CHECK_FALSE(has(by_customer, "duplicate_rows"));
  question.ids.clear();
  CHECK(has(ask(question), "near_key"));  // the row id left among the features
}

TEST_CASE("adult: neither a split leak nor a target leak") {
  Question question{
      .file = data_path("adult/adult.data"), .target = "c14", .positive = ">50K", .csv = {.header = false}};
  if (question.file.empty()) return;
  for (const double share : {0.0, 0.1}) {
    question.valid_fraction = share;
    CHECK(ask(question).empty());
  }
}

TEST_CASE("gmsc: clean without its row number, which is a key") {
  Question question{.file = data_path("gmsc/cs-training.csv"), .target = "SeriousDlqin2yrs", .positive = "1"};
  if (question.file.empty()) return;
  riskflag::Pool pool;
  const riskflag::Frame frame = riskflag::read_csv(question.file, question.csv, pool).frame;
  const std::string row_number = frame.column(std::size_t{0}).name;
  const auto with_it = ask(question);
  REQUIRE(with_it.size() == 1);
  CHECK(with_it[0].code == "near_key");
  CHECK(with_it[0].column == row_number);
  question.ids = {row_number};
  for (const double share : {0.0, 0.1}) {
    question.valid_fraction = share;
    CHECK(ask(question).empty());
  }
}

TEST_CASE("credit_risk_dataset: no leak of split or target") {
  Question question{
      .file = data_path("credit_risk_dataset/credit_risk_dataset.csv"), .target = "loan_status", .positive = "1"};
  if (question.file.empty()) return;
  const auto findings = ask(question);
  CHECK_FALSE(has(findings, "split_leak"));
  CHECK_FALSE(has(findings, "target_leak"));
  CHECK_FALSE(has(findings, "target_copy"));
}
