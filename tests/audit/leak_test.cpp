#include <riskflag/audit/leak.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/metrics/classification.hpp>

namespace audit = riskflag::audit;
using riskflag::Column;
using riskflag::ColumnType;
using riskflag::Frame;
using riskflag::Random;
using riskflag::Role;
using riskflag::Schema;
using riskflag::Split;

namespace {

/// An honest table: two continuous fields, an amount in whole numbers, a category, a field with gaps; 20 % positives
/// that the fields explain in part.
struct Table {
  Frame frame;
  std::vector<double> labels;
  Split split;
  [[nodiscard]] Schema schema() const { return riskflag::infer_schema(frame); }
};

Column numbers(std::string name, std::vector<double> values) {
  return {.name = std::move(name), .numbers = std::move(values)};
}

Column category(std::string name, std::vector<std::string> levels, std::vector<std::int32_t> codes) {
  return {
      .name = std::move(name), .type = ColumnType::category, .codes = std::move(codes), .levels = std::move(levels)};
}

Table honest(std::size_t rows, std::uint64_t seed = 1) {
  const Random random(seed);
  std::vector<double> rate(rows), debt(rows), income(rows), gaps(rows);
  std::vector<std::int32_t> home(rows);
  Table table;
  for (std::size_t i = 0; i < rows; ++i) {
    rate[i] = random.uniform(8 * i);
    debt[i] = random.normal(8 * i + 1);
    income[i] = std::floor(20000 * std::exp(0.5 * random.normal(8 * i + 2)));
    gaps[i] = random.uniform(8 * i + 3) < 0.3 ? riskflag::kMissing : std::floor(10 * random.uniform(8 * i + 4));
    home[i] = static_cast<std::int32_t>(random.below(3, 8 * i + 5));
    const double p = 1 / (1 + std::exp(2.2 - debt[i] - rate[i]));
    table.labels.push_back(random.uniform(8 * i + 6) < p ? 1 : 0);
    (i % 10 < 7    ? table.split.train
     : i % 10 == 7 ? table.split.valid
                   : table.split.test)
        .push_back(static_cast<std::uint32_t>(i));
  }
  table.frame.add(numbers("rate", rate));
  table.frame.add(numbers("debt", debt));
  table.frame.add(numbers("income", income));
  table.frame.add(numbers("gaps", gaps));
  table.frame.add(category("home", {"MORTGAGE", "OWN", "RENT"}, home));
  return table;
}

std::vector<audit::Finding> find(const Table& table, const audit::LeakOptions& options = {}) {
  riskflag::SerialExecutor serial;
  return audit::find_leaks(table.frame, table.schema(), table.labels, table.split, serial, options);
}

std::optional<audit::Finding> only(const std::vector<audit::Finding>& findings) {
  for (const audit::Finding& finding : findings) {
    CAPTURE(finding.code);
    CAPTURE(finding.message);
    CHECK(findings.size() == 1);
  }
  if (findings.empty()) return std::nullopt;
  return findings[0];
}

/// A column that says the label, wrong in a share of the rows.
std::vector<std::int32_t> noisy_label(const std::vector<double>& labels, double wrong) {
  const Random random(99);
  std::vector<std::int32_t> out(labels.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool flip = random.uniform(i) < wrong;
    out[i] = (labels[i] > 0.5) != flip ? 1 : 0;
  }
  return out;
}

/// Equal rows by comparing cell texts: slow, and independent of hashes. Shares of repeated rows and of shared test
/// rows.
std::pair<double, double> slow_shares(const Table& table) {
  std::map<std::vector<std::string>, std::pair<bool, std::map<double, int>>> rows;
  const auto row_text = [&](std::size_t i) {
    std::vector<std::string> cells;
    for (const Column& column : table.frame.columns())
      cells.push_back(column.is_missing_at(i) ? "\x01" : column.cell_text(i));
    return cells;
  };
  double repeated = 0, shared = 0;
  for (std::size_t i = 0; i < table.frame.rows(); ++i)
    repeated += rows[row_text(i)].second[table.labels[i]]++ > 0 ? 1 : 0;
  for (const std::uint32_t i : table.split.train) rows[row_text(i)].first = true;
  for (const std::uint32_t i : table.split.test) shared += rows[row_text(i)].first ? 1 : 0;
  return {repeated / static_cast<double>(table.frame.rows()), shared / static_cast<double>(table.split.test.size())};
}

}  // namespace

TEST_CASE("an honest table has no finding, whatever its size") {
  for (const std::size_t rows : {1u, 2u, 10u, 50u, 200u, 1000u, 20000u}) {
    CAPTURE(rows);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Table table = honest(rows, seed);
      if (rows >= 50) CHECK_FALSE(only(find(table)));
    }
  }
}

TEST_CASE("simulated loans are clean") {
  Table table;
  table.frame = riskflag::simulate({.rows = 20000});
  const Schema whole = riskflag::infer_schema(table.frame);
  Schema schema = whole;
  for (riskflag::Field& field : schema.fields) {
    if (field.name == "Risk_Flag") field.role = Role::target;
    if (field.name == "Id") field.role = Role::id;
  }
  const Column& target = table.frame.column("Risk_Flag");
  for (std::size_t i = 0; i < target.size(); ++i) table.labels.push_back(target.cell_text(i) == "1" ? 1 : 0);
  table.split = riskflag::split_rows(20000, {}, table.labels);
  riskflag::SerialExecutor serial;
  CHECK_FALSE(only(audit::find_leaks(table.frame, schema, table.labels, table.split, serial)));
}

TEST_CASE(
    "rows on both sides of the split are counted as comparing their texts counts them, and the look-up table's AUC is "
    "told") {
  for (const double planted : {0.03, 0.3, 0.8}) {
    CAPTURE(planted);
    Table table = honest(4000);
    const Random random(5);
    std::vector<std::uint32_t> take(4000);
    for (std::uint32_t i = 0; i < 4000; ++i) {
      take[i] = random.uniform(i) < planted ? static_cast<std::uint32_t>(random.below(i + 1, 10000 + i)) : i;
    }
    std::vector<double> labels;
    for (const std::uint32_t i : take) labels.push_back(table.labels[i]);
    table.frame = table.frame.take(take);
    table.labels = labels;
    const auto [repeated, shared] = slow_shares(table);
    const auto findings = find(table);
    REQUIRE(findings.size() == 3);
    CHECK(findings[0].code == "split_leak");
    CHECK(findings[0].message.find(" test rows") != std::string::npos);
    CHECK(findings[1].code == "split_leak");
    CHECK(findings[1].message.find(" validation rows") != std::string::npos);
    CHECK(findings[0].number == doctest::Approx(shared).epsilon(1e-12));
    CHECK(findings[0].count == std::llround(shared * static_cast<double>(table.split.test.size())));
    REQUIRE(findings[0].auc);
    CHECK(*findings[0].auc > 0.5 + shared / 4);
    CHECK(findings[0].remedy.find("--split group --group-by fields") != std::string::npos);
    CHECK(findings[2].code == "duplicate_rows");
    CHECK(findings[2].number == doctest::Approx(repeated).epsilon(1e-12));
  }
}

TEST_CASE("the look-up table's AUC is the one worked out by hand") {
  // Feature rows A, B, C; training: A 1, A 0, B 0, B 0, C absent. Test: A 1, A 0, B 0, C 1.
  // Scores: A 0.5, B 0, unseen C the overall 0.25. Pairs (positive, negative): (A,A) tie 0.5, (A,B) 1, (C,A) 0, (C,B)
  // 1: 2.5 of 4.
  Table table;
  table.frame.add(numbers("x", {1.5, 1.5, 2.5, 2.5, 1.5, 1.5, 2.5, 3.5}));
  table.labels = {1, 0, 0, 0, 1, 0, 0, 1};
  table.split = {.train = {0, 1, 2, 3}, .test = {4, 5, 6, 7}};
  riskflag::SerialExecutor serial;
  const std::vector<const Column*> columns{&table.frame.column(0)};
  const auto in = audit::detail::leak_inputs(table.frame, table.schema(), table.labels, table.split);
  const auto groups =
      audit::detail::group_rows(audit::detail::row_hashes(8, columns, serial), table.labels, in.parts, serial);
  CHECK(groups.distinct_rows == 3);
  CHECK(groups.repeated_rows == 4);  // rows 3, 4, 5 and 6
  CHECK(groups.train_mean[4] == 0.5);
  CHECK(groups.train_mean[6] == 0.0);
  CHECK(riskflag::is_missing(groups.train_mean[7]));
  CHECK(riskflag::is_missing(groups.train_mean[0]));  // training rows judge nothing
  // By chance alone so small a column repeats too; a bar below zero asks for the finding all the same.
  const auto found = audit::detail::split_finding(in, {columns}, table.split, groups, {.split_share = -10},
                                                  audit::detail::RowPart::test);
  CHECK_FALSE(found);  // chance explains more than half of the share
  std::vector<double> scores, labels;
  for (const std::uint32_t row : table.split.test) {
    scores.push_back(riskflag::is_missing(groups.train_mean[row]) ? 0.25 : groups.train_mean[row]);
    labels.push_back(table.labels[row]);
  }
  CHECK(riskflag::metrics::roc_auc(scores, labels).value == 0.625);
}

TEST_CASE("few fields with few levels repeat by chance, and are no leak; planted repetition among them still is") {
  const Random random(3);
  Table table;
  std::vector<std::int32_t> a, b, c;
  for (std::size_t i = 0; i < 5000; ++i) {
    a.push_back(static_cast<std::int32_t>(random.below(3, 4 * i)));
    b.push_back(static_cast<std::int32_t>(random.below(5, 4 * i + 1)));
    c.push_back(static_cast<std::int32_t>(random.below(10, 4 * i + 2)));
    table.labels.push_back(random.uniform(4 * i + 3) < 0.2 ? 1 : 0);
    (i % 5 < 4 ? table.split.train : table.split.test).push_back(static_cast<std::uint32_t>(i));
  }
  table.frame.add(category("a", {"0", "1", "2"}, a));
  table.frame.add(category("b", {"0", "1", "2", "3", "4"}, b));
  table.frame.add(category("c", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, c));
  for (const audit::Finding& finding : find(table)) CHECK(finding.code == "duplicate_rows");

  // 20 x 20 x 20 x 20 combinations for 3,200 training rows: 2 % of the test rows would meet one of them by chance.
  Table planted = honest(4000);
  planted.frame = Frame();
  std::vector<std::vector<double>> columns(4, std::vector<double>(4000));
  for (std::size_t i = 0; i < 4000; ++i) {
    const bool again = i > 100 && random.uniform(90000 + i) < 0.25;
    const std::size_t from = again ? static_cast<std::size_t>(random.below(i, 95000 + i)) : i;
    for (std::size_t k = 0; k < 4; ++k) {
      columns[k][i] = again ? columns[k][from] : static_cast<double>(random.below(20, 100000 * (k + 2) + i));
    }
  }
  for (std::size_t k = 0; k < 4; ++k) planted.frame.add(numbers("c" + std::to_string(k), columns[k]));
  const auto findings = find(planted);
  REQUIRE(!findings.empty());
  CHECK(findings[0].code == "split_leak");
  CHECK(findings[0].number == doctest::Approx(slow_shares(planted).second).epsilon(1e-12));
}

TEST_CASE("a column that numbers the rows hides no repetition: rows are compared without it") {
  Table table = honest(4000);
  const Random random(5);
  std::vector<std::uint32_t> take(4000);
  for (std::uint32_t i = 0; i < 4000; ++i) {
    take[i] = random.uniform(i) < 0.3 ? static_cast<std::uint32_t>(random.below(i + 1, 10000 + i)) : i;
  }
  std::vector<double> labels, ids;
  for (std::size_t i = 0; i < 4000; ++i) {
    labels.push_back(table.labels[take[i]]);
    ids.push_back(static_cast<double>(i + 1));
  }
  table.frame = table.frame.take(take);
  table.labels = labels;
  const auto [repeated, shared] = slow_shares(table);
  table.frame.add(numbers("Id", ids));
  const auto findings = find(table);
  REQUIRE(findings.size() == 4);
  CHECK(findings[0].code == "split_leak");
  CHECK(findings[0].number == doctest::Approx(shared).epsilon(1e-12));
  CHECK(findings[0].message.find("(\"Id\" aside)") != std::string::npos);
  CHECK(findings[0].remedy.find("--id Id --split group --group-by fields") != std::string::npos);
  CHECK(findings[1].code == "split_leak");
  CHECK(findings[2].code == "duplicate_rows");
  CHECK(findings[2].number == doctest::Approx(repeated).epsilon(1e-12));
  CHECK(findings[3].code == "near_key");

  // Few levels beside the key repeat by chance.
  Table few;
  std::vector<std::int32_t> codes;
  for (std::size_t i = 0; i < 4000; ++i) codes.push_back(static_cast<std::int32_t>(random.below(5, 50000 + i)));
  few.frame.add(category("c", {"0", "1", "2", "3", "4"}, codes));
  few.frame.add(numbers("Id", ids));
  few.labels = table.labels;
  few.split = table.split;
  const auto alone = only(find(few));
  REQUIRE(alone);
  CHECK(alone->code == "near_key");
}

TEST_CASE("each held-out part is judged by itself, and the finding says which") {
  for (const char* where : {"test", "validation"}) {
    CAPTURE(std::string(where));
    Table table = honest(2000);
    const bool test = std::string(where) == "test";
    const std::vector<std::uint32_t>& leaky = test ? table.split.test : table.split.valid;
    std::vector<std::uint32_t> take(2000);
    for (std::uint32_t i = 0; i < 2000; ++i) take[i] = i;
    for (std::size_t i = 0; i < leaky.size() / 2; ++i) {
      take[leaky[i]] = table.split.train[i];
      table.labels[leaky[i]] = 1 - table.labels[table.split.train[i]];  // no exact repetition
    }
    table.frame = table.frame.take(take);
    const std::size_t rows = leaky.size();
    for (const bool alone : {false, true}) {  // with the other part, and without it
      if (alone) (test ? table.split.valid : table.split.test).clear();
      const auto found = only(find(table));
      REQUIRE(found);
      CHECK(found->code == "split_leak");
      CHECK(found->count == rows / 2);
      CHECK(found->message.find(std::string(" ") + where + " rows (50.0 %)") != std::string::npos);
      CHECK(found->message.find(std::string(" on the ") + where + " part") != std::string::npos);
    }
    audit::LeakOptions options;
    (test ? options.source.test_file : options.source.valid_file) = "held out.csv";
    const auto found = only(find(table, options));
    REQUIRE(found);
    CHECK(found->remedy.starts_with("remove those rows from held out.csv"));
  }
}

TEST_CASE("rows that repeat on one side of a split by group are what was asked for") {
  Table table = honest(2000);
  std::vector<std::uint32_t> take(2000);  // ten rows in a row are one applicant: 7 train, 1 validates, 2 test
  for (std::uint32_t i = 0; i < 2000; ++i) take[i] = i % 10 < 7 ? i / 10 * 10 : i % 10 == 7 ? i : i / 10 * 10 + 8;
  table.frame = table.frame.take(take);
  for (std::size_t i = 0; i < 2000; ++i) table.labels[i] = table.labels[take[i]];
  const auto found = only(find(table));
  REQUIRE(found);
  CHECK(found->code == "duplicate_rows");
  CHECK(found->count == 200 * 7);
  CHECK_FALSE(only(find(table, {.source = {riskflag::SplitKind::group}})));
  table.split.test.push_back(table.split.train.back());  // one applicant is on both sides: the groups were other ones
  table.split.train.pop_back();
  CHECK(only(find(table, {.source = {riskflag::SplitKind::group}})));
}

TEST_CASE("the target under another name is found as a category, a number, with gaps, and upside down") {
  const Table plain = honest(3000);
  for (const char* how : {"category", "number", "upside down", "missing means no"}) {
    CAPTURE(how);
    Table table = plain;
    const std::string kind = how;
    std::vector<double> copy;
    for (const double y : table.labels) {
      copy.push_back(kind == "upside down" ? 7 - 3 * y : kind == "missing means no" && y == 0 ? riskflag::kMissing : y);
    }
    table.frame.add(kind == "category" ? category("outcome", {"bad", "good"}, noisy_label(table.labels, 0))
                                       : numbers("outcome", copy));
    const auto found = only(find(table));
    REQUIRE(found);
    CHECK(found->code == "target_copy");
    CHECK(found->column == "outcome");
    CHECK(found->number == 1.0);
  }
}

TEST_CASE("a column that nearly determines the target is found however it does it; an honest strong column is not") {
  const Table plain = honest(6000);
  const Random random(17);
  for (const char* how : {"noisy category", "threshold", "missing", "two-sided", "code", "level of many"}) {
    CAPTURE(how);
    Table table = plain;
    const std::string kind = how;
    std::vector<double> x(table.labels.size());
    std::vector<std::int32_t> many(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool bad = table.labels[i] > 0.5;
      const double u = random.uniform(i);
      if (kind == "threshold") x[i] = bad ? 0.8 + 0.2 * u : 0.8 * u;
      if (kind == "missing") x[i] = bad ? u : riskflag::kMissing;
      if (kind == "two-sided") x[i] = bad ? (u < 0.5 ? u : 2 + u) : 1 + u;
      if (kind == "code") x[i] = bad ? 98 : std::floor(200 * u);
      many[i] = static_cast<std::int32_t>((bad ? 0 : 60) + random.below(60, 100000 + i));
    }
    std::vector<std::string> levels;
    for (int level = 0; level < 120; ++level) levels.push_back(std::to_string(1000 + level));
    table.frame.add(kind == "noisy category"  ? category("leak", {"no", "yes"}, noisy_label(table.labels, 0.03))
                    : kind == "level of many" ? category("leak", levels, many)
                                              : numbers("leak", x));
    const auto found = only(find(table));
    REQUIRE(found);
    CHECK(found->code == "target_leak");
    CHECK(found->column == "leak");
    CHECK(found->number > 0.9);
  }
  Table table = plain;
  table.frame.add(category("strong", {"no", "yes"}, noisy_label(table.labels, 0.2)));  // ROC-AUC 0.8
  CHECK_FALSE(only(find(table)));
}

TEST_CASE("a numeric target is guarded too: its copy, and what orders rows as it does") {
  Table table = honest(3000);
  const Random random(23);
  std::vector<double> log_target, noise;
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    table.labels[i] = std::exp(2 * random.normal(i));
    log_target.push_back(std::log(table.labels[i]));
    noise.push_back(table.labels[i] + 5 * random.normal(9000 + i));
  }
  CHECK_FALSE(only(find(table)));
  table.frame.add(numbers("copy", table.labels));
  table.frame.add(numbers("log", log_target));
  table.frame.add(numbers("noisy", noise));
  const auto findings = find(table);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].code == "target_copy");
  CHECK(findings[0].column == "copy");
  CHECK(findings[1].code == "target_leak");
  CHECK(findings[1].column == "log");
}

TEST_CASE("columns that name rows are found; amounts, dates and measurements are not taken for keys") {
  const std::size_t rows = 3000;
  const Random random(29);
  Table table = honest(rows);
  std::vector<double> sequence(rows), shuffled(rows), amount(rows), gapped(rows);
  std::vector<std::int32_t> codes(rows), days(rows);
  std::vector<std::string> levels;
  riskflag::TextPool texts;
  std::vector<std::uint32_t> order(rows);
  for (std::uint32_t i = 0; i < rows; ++i) order[i] = i;
  riskflag::shuffle(order, random);
  for (std::size_t i = 0; i < rows; ++i) {
    sequence[i] = 500000 + 3 * static_cast<double>(i);
    shuffled[i] = 1 + static_cast<double>(order[i]);
    amount[i] = std::floor(100000 * random.uniform(i));  // 1.5 % of its values repeat
    gapped[i] = i % 10 == 0 ? riskflag::kMissing : 5e8 + static_cast<double>(order[i]);
    codes[i] = static_cast<std::int32_t>(order[i]);
    levels.push_back("C" + std::to_string(100000 + i));
    days[i] = static_cast<std::int32_t>(10000 + i);
    texts.push_back("applicant " + std::to_string(order[i]));
  }
  table.frame.add(numbers("sequence", sequence));
  table.frame.add(numbers("shuffled", shuffled));
  table.frame.add(numbers("amount", amount));
  table.frame.add(numbers("gapped", gapped));
  table.frame.add(category("customer", levels, codes));
  table.frame.add({.name = "day", .type = ColumnType::date, .days = days});
  table.frame.add({.name = "note", .type = ColumnType::text, .texts = texts});
  std::vector<std::string> found;
  for (const audit::Finding& finding : find(table)) {
    CHECK(finding.code == "near_key");
    CHECK(finding.number == 1.0);
    found.push_back(finding.column);
  }
  CHECK(found == std::vector<std::string>{"sequence", "shuffled", "gapped", "customer", "note"});
}

TEST_CASE("a key may repeat in one row of twenty; the guard stops looking at more, in the sample or beyond it") {
  const std::size_t rows = 40000;
  Table table = honest(rows);
  std::vector<std::uint32_t> order(rows);
  for (std::uint32_t i = 0; i < rows; ++i) order[i] = i;
  riskflag::shuffle(order, Random(31));
  for (const std::uint32_t values : {10000U, 37600U, 38400U}) {  // the last is 0.96 of the rows
    std::vector<double> column(rows);
    for (std::size_t i = 0; i < rows; ++i) column[i] = order[i] % values;
    table.frame.add(numbers("of " + std::to_string(values), column));
  }
  const auto findings = find(table);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == "near_key");
  CHECK(findings[0].column == "of 38400");
  CHECK(findings[0].number == 0.96);
  CHECK(findings[0].count == 38400);
}

TEST_CASE("constants are found with and without missing cells; a rare flag is not one") {
  Table table = honest(20000);
  std::vector<double> one(20000, 7.0), gone(20000, riskflag::kMissing), rare(20000, 0.0), nearly(20000, 1.0);
  for (std::size_t i = 0; i < 20; ++i) rare[1000 * i] = 1;  // 0.1 %
  nearly[0] = 2;                                            // 0.005 %, in the first row
  table.frame.add(numbers("one", one));
  table.frame.add(numbers("gone", gone));
  table.frame.add(numbers("rare", rare));
  table.frame.add(numbers("nearly", nearly));
  const auto findings = find(table);
  REQUIRE(findings.size() == 3);
  CHECK(std::tuple(findings[0].code, findings[0].column, findings[0].number) == std::tuple("constant", "one", 1.0));
  CHECK(findings[1].column == "gone");
  CHECK(findings[1].message.find("missing") != std::string::npos);
  CHECK(std::tuple(findings[2].column, findings[2].number) == std::tuple("nearly", 0.99995));
}

TEST_CASE("dates kept as text are found, numbers with separators are not") {
  for (const char* date : {"31/12/2025", "12/31/2025", "1.2.2025", "2025/12/31", "31-Dec-2025", "Dec-2025", "2025-Dec",
                           "Dec 31, 2025", "31 December 2025", "12/31/25", "2025-12-31T10:00:00", "31.12.2025 10:00"}) {
    CAPTURE(std::string(date));
    CHECK(audit::detail::looks_like_date(date));
  }
  for (const char* other :
       {"", "RENT", "2025", "12/2025", "1-3", "99/99/9999", "31/31/2025", "10-20-30-40", "1.2", "Dec", "May be",
        "12345678", "36 months", "A/B/2020", "2025-12-", "31/12/2025x", "+1 555 1234"}) {
    CAPTURE(std::string(other));
    CHECK_FALSE(audit::detail::looks_like_date(other));
  }
  Table table = honest(2000);
  std::vector<std::string> levels;
  std::vector<std::int32_t> codes;
  for (int m = 1; m <= 9; ++m) levels.push_back("15/0" + std::to_string(m) + "/2025");
  for (std::size_t i = 0; i < 2000; ++i)
    codes.push_back(i % 50 == 0 ? riskflag::kMissingCode : static_cast<std::int32_t>(i % 9));
  table.frame.add(category("opened", levels, codes));
  const auto found = only(find(table));
  REQUIRE(found);
  CHECK(found->code == "text_date");
  CHECK(found->number == 1.0);
  CHECK(found->remedy == "--date-format opened=%d/%m/%Y, or --drop opened");
  const auto format = [](std::vector<std::string> cells) {
    return audit::detail::find_date_format(category("due", std::move(cells), {}));
  };
  CHECK(format({"31-Dec-2025", "1-Jan-2026"}) == "%d-%b-%Y");
  CHECK(format({"Dec-2025"}) == "%b-%Y");
  CHECK(format({"01/02/2025", "03/04/2025"}).empty());  // April or March?
  CHECK(format({"31/12/2025", "never"}).empty());
}

TEST_CASE("only features are looked at") {
  Table table = honest(2000);
  table.frame.add(category("outcome", {"bad", "good"}, noisy_label(table.labels, 0)));
  std::vector<double> id(2000);
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<double>(i);
  table.frame.add(numbers("id", id));
  Schema schema = table.schema();
  schema.fields[5].role = Role::target;
  schema.fields[6].role = Role::id;
  riskflag::SerialExecutor serial;
  CHECK(audit::find_leaks(table.frame, schema, table.labels, table.split, serial).empty());
}

TEST_CASE("invariant: the leak guard finds the same on any number of threads") {
  Table table = honest(30000);
  std::vector<std::uint32_t> take(30000);
  const Random random(31);
  for (std::uint32_t i = 0; i < 30000; ++i) take[i] = static_cast<std::uint32_t>(random.below(10000, i));
  std::vector<double> labels;
  for (const std::uint32_t i : take) labels.push_back(table.labels[i]);
  table.frame = table.frame.take(take);
  table.labels = labels;
  const auto want = find(table);
  CHECK(want.size() == 3);
  for (const unsigned threads : {2u, 7u}) {
    riskflag::Pool pool(threads);
    const auto got = audit::find_leaks(table.frame, table.schema(), table.labels, table.split, pool);
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].code == want[i].code);
      CHECK(got[i].message == want[i].message);
      CHECK(got[i].number == want[i].number);
      CHECK(got[i].auc == want[i].auc);
    }
  }
}

TEST_CASE("-0 equals 0 and every NaN is missing when rows are compared") {
  Table table;
  table.frame.add(numbers("x", {0.0, -0.0, riskflag::kMissing, -riskflag::kMissing, 1.0}));
  riskflag::SerialExecutor serial;
  const std::vector<const Column*> columns{&table.frame.column(0)};
  const auto hashes = audit::detail::row_hashes(5, columns, serial);
  CHECK(hashes[0] == hashes[1]);
  CHECK(hashes[2] == hashes[3]);
  CHECK(hashes[0] != hashes[2]);
  CHECK(hashes[0] != hashes[4]);
}

TEST_CASE("labels or a split that do not fit the frame are refused") {
  Table table = honest(100);
  riskflag::SerialExecutor serial;
  const std::vector<double> short_labels(99);
  CHECK_THROWS_AS((void)audit::find_leaks(table.frame, table.schema(), short_labels, table.split, serial),
                  riskflag::Error);
  table.split.test.push_back(100);
  CHECK_THROWS_AS((void)find(table), riskflag::Error);
}
