#include <riskflag/data/simulate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/sha256.hpp>

namespace riskflag {
namespace {

std::string frame_text(const Frame& frame) {
  std::string text;
  for (const Column& column : frame.columns()) text += column.name + ",";
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    text += "\n";
    for (const Column& column : frame.columns()) text += column.cell_text(i) + ",";
  }
  return text;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  std::size_t seen = 0;
  for (const double x : values) {
    if (is_missing(x)) continue;
    sum += x;
    ++seen;
  }
  return sum / static_cast<double>(seen);
}

double missing_share(const Column& column) {
  std::size_t missing = 0;
  for (std::size_t i = 0; i < column.size(); ++i) missing += column.is_missing_at(i) ? 1 : 0;
  return static_cast<double>(missing) / static_cast<double>(column.size());
}

}  // namespace

TEST_CASE("invariant: row i of a simulated table depends on the seed and i alone") {
  for (const std::string_view preset : simulate_presets()) {
    CAPTURE(preset);
    SimulateOptions options;
    options.preset = std::string(preset);
    options.rows = 300;
    options.with_probability = true;
    const std::string whole = frame_text(simulate(options));
    std::string pieces = frame_text(simulate(options, 0, 7));
    for (const auto& [first, count] : {std::pair{7, 1}, std::pair{8, 192}, std::pair{200, 100}}) {
      const std::string piece =
          frame_text(simulate(options, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(count)));
      pieces += piece.substr(piece.find('\n'));
    }
    CHECK(pieces == whole);
    options.rows = 1000;  // a longer table begins with the same rows
    CHECK(frame_text(simulate(options, 0, 300)) == whole);
    options.seed = 43;
    CHECK(frame_text(simulate(options, 0, 300)) != whole);
  }
}

TEST_CASE("the simulated tables' bytes are the ones written here") {
  // Recorded with GCC 12 -O2 on x86-64; another compiler, flag or machine must give the same.
  const std::vector<std::pair<std::string, std::string>> want = {
      {"loans", "76b8ca9c089946f7540c03aebbb118b92439b9ed6df86f557effaa1e2292e2e7"},
      {"wide28", "d98db361ceb855a533b67e58c4ad2a0c8090407c16b5543828e7ae4ef42ba55e"},
      {"wide208", "129b23c2698d34cd9912efa2ec58e3edff4238451e97f89a922a9eb740afc132"},
      {"onehot300", "47f3a8c7facce44d37a355cbcaf54eb2b3daf050229c6ecacb830b10d237e850"},
      {"sparse95", "f9cb5b30b1db693ef05a6ce5fc517b6929f1aefea2bb2441d098740bdfa79319"}};
  for (const auto& [preset, digest] : want) {
    CAPTURE(preset);
    SimulateOptions options;
    options.preset = preset;
    options.rows = 500;
    options.with_probability = true;
    options.drift = 0.25;
    CHECK(sha256_hex(frame_text(simulate(options))) == digest);
  }
}

TEST_CASE("simulated loans look like loans: columns, rates, gaps, codes, levels") {
  SimulateOptions options;
  options.rows = 40000;
  const SimulatedRows made = simulate_rows(options, 0, options.rows);
  const Frame& frame = made.frame;
  std::string names;
  for (const Column& column : frame.columns()) names += column.name + " ";
  CHECK(names ==
        "Id Income Age Experience Married/Single House_Ownership Car_Ownership Profession CITY STATE CURRENT_JOB_YRS "
        "CURRENT_HOUSE_YRS Sex loan_amount credit_history_start inquiries_6m past_due_30 past_due_90 utilisation "
        "months_since_last_delinquency Risk_Flag ");
  const double rate = mean(frame.column("Risk_Flag").numbers);
  CHECK(rate > 0.12);
  CHECK(rate < 0.15);
  CHECK(std::fabs(rate - mean(made.probability)) < 0.005);  // 3 standard errors of 40,000 draws
  CHECK(missing_share(frame.column("credit_history_start")) > 0.05);
  CHECK(missing_share(frame.column("months_since_last_delinquency")) > 0.6);
  CHECK(missing_share(frame.column("inquiries_6m")) > 0.02);
  CHECK(missing_share(frame.column("Income")) == 0);
  std::size_t not_reported = 0, refused = 0;
  for (const double x : frame.column("past_due_30").numbers) {
    not_reported += x == 96 ? 1 : 0;
    refused += x == 98 ? 1 : 0;
    if (!is_missing(x)) CHECK((x <= 13 || x == 96 || x == 98));
  }
  CHECK(not_reported > 200);
  CHECK(refused > 100);
  for (const Column& column : frame.columns()) {
    if (column.type != ColumnType::category) continue;
    CAPTURE(column.name);
    std::vector<std::size_t> counts(column.levels.size());
    for (const std::int32_t code : column.codes) ++counts[static_cast<std::size_t>(code)];
    for (const std::size_t count : counts) CHECK(count > 0);
    CHECK(std::is_sorted(column.levels.begin(), column.levels.end()));
  }
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    if (frame.column("Experience").numbers[i] > frame.column("Age").numbers[i] - 20 ||
        frame.column("CURRENT_JOB_YRS").numbers[i] > frame.column("Experience").numbers[i] ||
        frame.column("credit_history_start").days[i] > 20454) {
      FAIL("row " << i << " cannot be a person's");
    }
  }
}

TEST_CASE("the loans' best reachable AUC is between 0.80 and 0.85, and Sex has no effect of its own") {
  SimulateOptions options;
  options.rows = 40000;
  const SimulatedRows made = simulate_rows(options, 0, options.rows);
  const double auc = bayes_auc(made.probability).value();
  CHECK(auc > 0.80);
  CHECK(auc < 0.85);
  // The same applicant as a man and as a woman: the probability does not read Sex at all.
  detail::Loan loan{};
  loan.age = 30;
  loan.income = 500000;
  loan.amount = 200000;
  const double as_man = detail::loan_log_odds(loan);
  loan.female = true;
  CHECK(detail::loan_log_odds(loan) == as_man);
}

TEST_CASE("applicants have no outcome; the probability is there when asked for") {
  SimulateOptions options;
  options.rows = 10;
  options.target = false;
  CHECK(simulate(options).find("Risk_Flag") == nullptr);
  CHECK(simulate(options).find("default_probability") == nullptr);
  options.with_probability = true;
  const SimulatedRows made = simulate_rows(options, 0, 10);
  CHECK(made.frame.column("default_probability").numbers == made.probability);
  const Frame without = simulate({.rows = 10});
  for (const Column& column : without.columns()) {
    if (column.name == "Risk_Flag") continue;
    CHECK(column.cell_text(9) == made.frame.column(column.name).cell_text(9));  // the applicants are the same people
  }
}

TEST_CASE("drift moves the columns that docs/formats says, by so many standard deviations") {
  SimulateOptions options;
  options.rows = 20000;
  const Frame before = simulate(options);
  options.drift = 1;
  const Frame after = simulate(options);
  double log_income_before = 0, log_income_after = 0;
  for (std::size_t i = 0; i < options.rows; ++i) {
    log_income_before += std::log(before.column("Income").numbers[i]) / 20000;
    log_income_after += std::log(after.column("Income").numbers[i]) / 20000;
  }
  CHECK(log_income_before - log_income_after > 0.40);  // one sd of the noise is 0.45; the floor of 60,000 keeps some
  CHECK(log_income_before - log_income_after <= 0.4501);
  CHECK(mean(after.column("utilisation").numbers) > mean(before.column("utilisation").numbers) + 0.15);
  CHECK(mean(after.column("inquiries_6m").numbers) > mean(before.column("inquiries_6m").numbers) + 1);
  CHECK(after.column("Age").numbers == before.column("Age").numbers);
}

TEST_CASE("the benchmark presets have the columns, gaps and zeros of their names") {
  const auto table = [](const std::string& preset) { return simulate({.rows = 4000, .preset = preset}); };
  const Frame wide28 = table("wide28"), wide208 = table("wide208"), one_hot = table("onehot300"),
              sparse = table("sparse95");
  CHECK(wide28.cols() == 29);
  CHECK(wide208.cols() == 209);
  CHECK(one_hot.cols() == 301);
  CHECK(sparse.cols() == 101);
  for (const Frame* frame : {&wide28, &wide208, &one_hot, &sparse}) {
    const double rate = mean(frame->column("label").numbers);
    CHECK(rate > 0.08);
    CHECK(rate < 0.35);
  }
  std::size_t zeros = 0;
  for (const double x : wide28.column("x6").numbers) zeros += x == 0 ? 1 : 0;
  CHECK(std::fabs(static_cast<double>(zeros) / 4000 - 0.9) < 0.02);
  for (const Column& column : sparse.columns()) {
    if (column.name != "label") CHECK(std::fabs(missing_share(column) - 0.95) < 0.02);
  }
  for (std::size_t i = 0; i < one_hot.rows(); ++i) {
    for (std::size_t group = 0; group < 300; group += 10) {
      double ones = 0;
      for (std::size_t j = group; j < group + 10; ++j) ones += one_hot.column(j).numbers[i];
      if (ones != 1) FAIL("row " << i << ", group " << group << " has " << ones << " ones");
    }
  }
}

TEST_CASE("bayes_auc counts pairs as the slow double sum does") {
  const std::vector<double> p = {0.1, 0.5, 0.5, 0.9, 0.2, 0.5};
  double won = 0, pairs = 0;
  for (std::size_t bad = 0; bad < p.size(); ++bad) {
    for (std::size_t good = 0; good < p.size(); ++good) {
      const double weight = p[bad] * (1 - p[good]);
      pairs += weight;
      won += weight * (p[bad] > p[good] ? 1 : p[bad] == p[good] ? 0.5 : 0);
    }
  }
  CHECK(bayes_auc(p).value() == doctest::Approx(won / pairs).epsilon(1e-14));
  CHECK_FALSE(bayes_auc({}).has_value());
  CHECK_FALSE(bayes_auc(std::vector<double>{0, 0}).has_value());
  CHECK_FALSE(bayes_auc(std::vector<double>{1}).has_value());
}

TEST_CASE("an unknown preset, rows past the end and a drift that is no number are refused with a sentence") {
  CHECK_THROWS_WITH_AS(
      (void)simulate({.preset = "loan"}),
      "preset: \"loan\" is no preset; accepted: loans, wide28, wide208, onehot300, sparse95 (did you mean \"loans\"?)",
      Error);
  CHECK_THROWS_AS((void)simulate_rows({.rows = 10}, 5, 6), Error);
  CHECK_THROWS_AS((void)simulate({.rows = 1, .drift = std::numeric_limits<double>::infinity()}), Error);
  CHECK(simulate({.rows = 0}).rows() == 0);
}

}  // namespace riskflag
