#include <riskflag/report/html.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/metrics/intervals.hpp>

namespace report = riskflag::report;

namespace {

struct Scored {
  std::vector<double> labels, predictions;
};

Scored scored(std::size_t rows, std::uint64_t seed = 1) {
  const riskflag::Random random(seed);
  Scored out;
  for (std::size_t i = 0; i < rows; ++i) {
    const double margin = random.normal(2 * i) - 1;
    out.predictions.push_back(riskflag::exact::sigmoid(margin));
    out.labels.push_back(random.uniform(2 * i + 1) < out.predictions.back() ? 1 : 0);
  }
  return out;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

bool has(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

/// Every element that is opened is closed in order; void elements and self-closed ones aside. Returns the first fault.
std::string fault_of_markup(std::string_view html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == std::string_view::npos) return "a tag is not closed";
    std::string_view tag = html.substr(at + 1, end - at - 1);
    if (tag.starts_with("!")) continue;
    const bool closing = tag.starts_with("/"), self = tag.ends_with("/");
    if (closing) tag.remove_prefix(1);
    const std::string name(tag.substr(0, tag.find_first_of(" />\n")));
    if (name == "meta" || name == "br" || self) continue;
    if (!closing) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes " + (open.empty() ? "nothing" : "<" + open.back() + ">");
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? std::string() : "<" + open.back() + "> stays open";
}

report::ReportData full(const Scored& train, const Scored& test) {
  report::ReportData data;
  data.title = "Loans";
  data.model_name = "loans";
  data.target = "Risk_Flag";
  data.positive = "1";
  data.data = {{"File", "loans.csv"}};
  data.columns = {{"Income", "number", "feature", 0.1, 0, "1 to 2"}};
  data.parameters = {{"num_leaves", "31"}};
  data.parts = {{"train", train.labels, train.predictions}, {"test", test.labels, test.predictions}};
  data.threshold = 0.4;
  data.history = {{"train.auc", "valid.auc", "valid.binary_logloss"},
                  {{0.6, 0.55, 0.7}, {0.7, 0.6, 0.6}, {0.8, 0.61, 0.65}}};
  data.best_iteration = 2;
  data.importance = {{"Income", 10, 3}, {"Age", 30, 5}};
  report::ProtectedColumn sex{"Sex", {"female", "male"}, {}};
  for (std::size_t i = 0; i < test.labels.size(); ++i)
    sex.codes.push_back(i % 10 == 0 ? -1 : static_cast<std::int32_t>(i % 2));
  data.protected_columns = {sex};
  data.command = "riskflag-train --data loans.csv";
  data.digests = {{"data", "loans.csv", "ab12"}};
  return data;
}

}  // namespace

TEST_CASE("a full report has every section, one chart each, balanced markup, and fetches nothing") {
  const Scored train = scored(3000, 1), test = scored(1000, 2);
  const std::string html = report::render(full(train, test));
  CHECK(fault_of_markup(html) == "");
  for (const char* section :
       {"ROC curve", "Precision and recall", "KS: how far", "Calibration:", "Gains:", "Scores by class",
        "Learning curve: auc", "Learning curve: binary_logloss", "What the model looks at", "By protected attribute",
        "What the leak guard found", "How to reproduce it", "Parameters", "Decision at the threshold",
        "riskflag-train --data loans.csv", "ab12"}) {
    CAPTURE(std::string(section));
    CHECK(has(html, section));
  }
  CHECK(count(html, "<title>") == 1 + 6 + 2 + 1);  // the page's, six curves, two learning curves, importance
  CHECK(count(html, "<desc>") == 9);
  for (const char* outside : {"http://", "https://", "<script", "<link", "<img", "@import", "url(", "src="}) {
    CAPTURE(std::string(outside));
    CHECK_FALSE(has(html, outside));
  }
  CHECK(has(html, "prefers-color-scheme:dark"));
  CHECK(has(html, "@media print"));
  CHECK_FALSE(has(html, "nan"));
  CHECK(html == report::render(full(train, test)));
}

TEST_CASE("the figures are the metrics of the judged part") {
  const Scored train = scored(3000, 1), test = scored(1000, 2);
  report::ReportData data = full(train, test);
  const auto m = riskflag::metrics::binary_metrics(test.predictions, test.labels, {}, 0.4);
  const auto auc = riskflag::metrics::delong(test.predictions, test.labels);
  std::string html = report::render(data);
  const auto tile = [](const std::string& name, double x) {
    return ">" + name + "</div><div class=\"v\">" + report::detail::fixed(x, 3) + "<";
  };
  CHECK(has(html, tile("ROC-AUC", *m.roc_auc)));
  CHECK(has(html, tile("KS", *m.ks)));
  CHECK(has(html, report::detail::fixed(auc.low, 4) + "\xe2\x80\x93" + report::detail::fixed(auc.high, 4)));
  CHECK(has(html, report::detail::grouped(m.confusion.tp) + " <small>"));
  data.judged = "train";
  data.protected_columns.clear();
  CHECK(has(report::render(data),
            tile("ROC-AUC", *riskflag::metrics::binary_metrics(train.predictions, train.labels, {}, 0.4).roc_auc)));
}

TEST_CASE("where rows of a group repeat, intervals are as wide as those of the groups") {
  const Scored people = scored(400);
  Scored rows;
  std::vector<std::uint64_t> groups;
  for (std::size_t i = 0; i < people.labels.size(); ++i) {
    for (int month = 0; month < 9; ++month) {
      rows.labels.push_back(people.labels[i]);
      rows.predictions.push_back(people.predictions[i]);
      groups.push_back(7'000'000 + i);  // any numbers
    }
  }
  using report::detail::BinaryRanges;
  const auto once = riskflag::metrics::binary_metrics(people.predictions, people.labels, {}, 0.4);
  const BinaryRanges want = report::detail::binary_ranges(people.predictions, people.labels, {}, 0.4, once);
  const auto all = riskflag::metrics::binary_metrics(rows.predictions, rows.labels, {}, 0.4);
  const BinaryRanges naive = report::detail::binary_ranges(rows.predictions, rows.labels, {}, 0.4, all);
  const BinaryRanges got =
      report::detail::group_ranges(rows.predictions, rows.labels, report::detail::number_groups(groups), 0.4, all);
  for (const auto member : {&BinaryRanges::roc_auc, &BinaryRanges::gini, &BinaryRanges::pr_auc, &BinaryRanges::log_loss,
                            &BinaryRanges::brier, &BinaryRanges::ks, &BinaryRanges::accuracy, &BinaryRanges::precision,
                            &BinaryRanges::recall, &BinaryRanges::f1}) {
    REQUIRE((want.*member && naive.*member && got.*member));
    const auto width = [&](const BinaryRanges& ranges) { return (ranges.*member)->high - (ranges.*member)->low; };
    CHECK(width(naive) == doctest::Approx(width(want) / 3).epsilon(0.25));  // what was wrong: sqrt(9) times too narrow
    CHECK(width(got) == doctest::Approx(width(want)).epsilon(0.25));
    CHECK((got.*member)->low == doctest::Approx((want.*member)->low).epsilon(0.05));
    CHECK((got.*member)->high == doctest::Approx((want.*member)->high).epsilon(0.05));
  }
  // The exact ROC-AUC of the same resamples, without steps.
  const auto exact = riskflag::metrics::bootstrap(
      rows.labels.size(),
      [&](std::span<const double> drawn) { return riskflag::metrics::roc_auc(rows.predictions, rows.labels, drawn); },
      400, 42, 0.95, {}, report::detail::number_groups(groups).of_row);
  CHECK(got.roc_auc->low == doctest::Approx(exact.low).epsilon(0.003));
  CHECK(got.roc_auc->high == doctest::Approx(exact.high).epsilon(0.003));

  report::ReportData data;
  data.parts = {{"test", rows.labels, rows.predictions, {}, groups}};
  data.threshold = 0.4;
  data.grouped_by = "customer";
  std::string html = report::render(data);
  CHECK(has(html, "400 groups of equal customer"));
  CHECK(has(html,
            report::detail::fixed(got.roc_auc->low, 4) + "\xe2\x80\x93" + report::detail::fixed(got.roc_auc->high, 4)));
  CHECK_FALSE(has(html, "bars are 95"));  // Wilson's intervals of rows
  for (std::uint64_t& group : groups) group %= 19;
  html = report::render(data);
  CHECK(has(html, "left out because 19 groups of equal customer say too little"));
  CHECK_FALSE(has(html, "95\xe2\x80\xaf%: "));
}

TEST_CASE("many groups share numbers, and the intervals stay as wide") {
  const Scored people = scored(20500);
  std::vector<std::uint64_t> groups(people.labels.size());
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = i;
  const auto numbers = report::detail::number_groups(groups);
  CHECK(numbers.groups == 20500);
  CHECK(numbers.count == 20000);
  const auto all = riskflag::metrics::binary_metrics(people.predictions, people.labels, {}, 0.4);
  const auto got = report::detail::group_ranges(people.predictions, people.labels, numbers, 0.4, all);
  const auto want =
      report::detail::binary_ranges(people.predictions, people.labels, {}, 0.4, all);  // every row a group
  CHECK(got.roc_auc->high - got.roc_auc->low == doctest::Approx(want.roc_auc->high - want.roc_auc->low).epsilon(0.15));
  CHECK(got.brier->high - got.brier->low == doctest::Approx(want.brier->high - want.brier->low).epsilon(0.02));
}

TEST_CASE("rates by protected group are the ones counted by hand") {
  // Group a: labels 1 1 0 0, High at 0.5: yes no yes no. Group b: 0 0, High: no no. One row without a group.
  const std::vector<double> labels{1, 1, 0, 0, 0, 0, 1}, scores{0.9, 0.1, 0.8, 0.2, 0.3, 0.4, 0.6};
  report::ReportData data;
  data.parts = {{"test", labels, scores}};
  data.protected_columns = {{"group", {"a", "b"}, {0, 0, 0, 0, 1, 1, -1}}};
  const std::string html = report::render(data);
  const std::string section = html.substr(html.find("By protected attribute"));
  const std::string space = "\xe2\x80\xaf%";
  const std::string row_a = section.substr(section.find(">a</th>"), 600);
  CHECK(has(row_a, ">4 <small>57.1" + space));  // rows
  CHECK(has(row_a,
            "<td class=\"n\">50.0" + space + "</td><td class=\"n\">50.0" + space));  // positive rate, mean probability
  CHECK(has(row_a, ">50.0" + space + "</td><td class=\"n\">50.0" + space +
                       "</td><td class=\"n\">0.50</td>"));  // caught, false, ratio to b's 100 %
  CHECK(has(section, ">missing</small>"));
}

TEST_CASE("invariant: no text of the caller's becomes markup in a report") {
  const std::string evil = "<script>alert(1)</script>\"'&\x01\xff";
  const Scored test = scored(200);
  report::ReportData data = full(test, test);
  data.title = data.model_name = data.model_version = data.created = data.target = data.positive = data.threshold_rule =
      data.command = evil;
  data.data = data.parameters = data.environment = data.cross_validation = {{evil, evil}};
  data.columns = {{evil, evil, evil, 0, 3, evil}};
  riskflag::audit::Finding finding;
  finding.code = finding.column = finding.message = finding.remedy = evil;
  data.findings = {finding};
  finding.code = "split_leak";
  data.findings.push_back(finding);
  data.parts[0].name = evil;
  data.parts[1].name = evil + "2";
  data.history.names = {evil, "a." + evil, evil + "." + evil};
  data.importance = {{evil, 1, 1}};
  data.protected_columns[0].name = evil;
  data.protected_columns[0].groups = {evil, evil};
  data.digests = {{evil, evil, evil}};
  const std::string html = report::render(data);
  CHECK_FALSE(has(html, "<script"));
  CHECK(fault_of_markup(html) == "");
  CHECK(riskflag::is_utf8(html));
  CHECK(html.find('\x01') == std::string::npos);
}

TEST_CASE("many groups: the largest are shown, the others as one line, and counts add up") {
  const Scored test = scored(5000);
  report::ReportData data;
  data.parts = {{"test", test.labels, test.predictions}};
  report::ProtectedColumn town{"town", {}, {}};
  for (int g = 0; g < 100; ++g) town.groups.push_back("town " + std::to_string(g));
  // Group sizes are uneven: squares of numbers that are spread evenly.
  for (std::size_t i = 0; i < 5000; ++i)
    town.codes.push_back(i < 100 ? -1 : static_cast<std::int32_t>(99 - (i * i / 7) % 100 * ((i * i / 7) % 100) / 100));
  data.protected_columns = {town};
  const std::string html = report::render(data), section = html.substr(html.find("By protected attribute"));
  std::vector<double> rows(101);
  for (const std::int32_t code : town.codes) rows[code < 0 ? 100 : static_cast<std::size_t>(code)] += 1;
  std::vector<double> sorted(rows.begin(), rows.end() - 1);
  std::sort(sorted.rbegin(), sorted.rend());
  const auto groups =
      static_cast<std::size_t>(std::count_if(sorted.begin(), sorted.end(), [](double n) { return n > 0; }));
  REQUIRE(groups > 40);
  double others = 0;
  for (std::size_t k = 40; k < groups; ++k) others += sorted[k];
  CHECK(has(section, report::detail::plural(static_cast<double>(groups - 40), "smaller group") +
                         "</small></th><td class=\"n\">" + report::detail::grouped(others) + " <small>"));
  CHECK(count(section, ">town ") == 40);
  CHECK(has(section, ">missing</small></th><td class=\"n\">100 <small>"));
  for (std::size_t g = 0; g < 100; ++g) {
    if (rows[g] > sorted[39]) CHECK(has(section, ">town " + std::to_string(g) + "</th>"));
    if (rows[g] < sorted[39]) CHECK_FALSE(has(section, ">town " + std::to_string(g) + "</th>"));
  }
}

TEST_CASE("invariant: a report stays below 1 MB, whatever it is given") {
  const Scored test = scored(3600);
  const std::string plain(1000, 'x'), quotes(1000, '"');  // a quote is six bytes of HTML
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\xf0\x9f\x98\x80";
  for (const std::string& text : {plain, quotes, wide}) {
    report::ReportData data = full(test, test);
    data.title = data.model_name = data.model_version = data.created = data.target = data.positive = data.command =
        text;
    data.threshold_rule = data.parts[0].name = data.parts[1].name = data.grouped_by = text;
    for (int i = 0; i < 1200; ++i) {
      data.columns.push_back({text, text, text, 0.5, 10, text});
      data.parameters.push_back({text, text});
      data.importance.push_back({text, 1.0 + i, 1});
      data.contributions.push_back({text, {1.0 + i, 1, 2}});
      data.digests.push_back({text, text, text});
    }
    data.data = data.environment = data.cross_validation = data.parameters;
    riskflag::audit::Finding finding;
    finding.code = finding.message = finding.remedy = text;
    data.findings.assign(1200, finding);
    finding.code = "target_leak";
    finding.column = text;
    for (int i = 0; i < 1200; ++i) data.findings.push_back(finding);
    data.history.names.clear();
    for (int i = 0; i < 50; ++i)
      data.history.names.push_back("part " + std::to_string(i) + "." + std::to_string(i % 7) + text);
    for (int i = 0; i < 500; ++i) data.history.values.emplace_back(50, 0.5 + 0.4 * (i % 13));
    report::Dependence curve{text, {}, {}}, levels{text, std::vector<std::string>(1200, text), {}};
    for (int i = 0; i < 1200; ++i) curve.points.push_back({1.0 * i, {1.0 * (i % 9), 0.5 * (i % 9), 2.0 * (i % 9)}});
    levels.points = curve.points;
    for (int i = 0; i < 100; ++i) data.dependence.push_back(i % 2 == 0 ? curve : levels);
    data.explained_rows = 500;
    report::ProtectedColumn column{text, std::vector<std::string>(900, text), std::vector<std::int32_t>(3600)};
    for (std::size_t i = 0; i < 3600; ++i) column.codes[i] = static_cast<std::int32_t>(i % 900);
    data.protected_columns.assign(150, column);
    const std::string html = report::render(data);
    CHECK(html.size() < 1'000'000);
    for (const char* rest :
         {"more columns", "more findings", "more lines", "more files", "more features", "smaller groups"})
      CHECK(has(html, rest));
    CHECK(fault_of_markup(html) == "");
  }
  // 150 columns whose names are short have a table each.
  report::ReportData data = full(test, test);
  report::ProtectedColumn column{"branch", {}, std::vector<std::int32_t>(3600)};
  for (int g = 0; g < 900; ++g) column.groups.push_back("level number " + std::to_string(g));
  for (std::size_t i = 0; i < 3600; ++i) column.codes[i] = static_cast<std::int32_t>(i % 900);
  data.protected_columns.assign(150, column);
  const std::string html = report::render(data);
  CHECK(html.size() < 1'000'000);
  CHECK(count(html, ">branch</th>") == 150);
  CHECK(count(html, "897 smaller groups") == 150);
}

TEST_CASE("little is enough: nothing, one class, one row, equal scores, weights, no guard") {
  CHECK(fault_of_markup(report::render({})) == "");
  report::ReportData data;
  data.audited = false;
  CHECK_FALSE(has(report::render(data), "leak guard"));
  const std::vector<double> zeros(50, 0), halves(50, 0.5), one{1}, weights(50, 2);
  for (const bool weighted : {false, true}) {
    data.parts = {{"test", zeros, halves, weighted ? std::span<const double>(weights) : std::span<const double>()}};
    const std::string html = report::render(data);
    CHECK(has(html, "only one class"));
    CHECK(fault_of_markup(html) == "");
    CHECK_FALSE(has(html, "nan"));
  }
  data.parts = {{"test", one, one}};
  CHECK(fault_of_markup(report::render(data)) == "");
  data.parts = {{"test", zeros, zeros}};
  CHECK(fault_of_markup(report::render(data)) == "");
  Scored test = scored(500);
  const std::vector<double> heavy(500, 3);
  data.parts = {{"test", test.labels, test.predictions, heavy}};
  CHECK(has(report::render(data), "left out because the rows are weighted"));
}

TEST_CASE("a regression has its own metrics and curves") {
  const riskflag::Random random(3);
  std::vector<double> target, prediction;
  for (std::size_t i = 0; i < 2000; ++i) {
    prediction.push_back(1e5 * random.uniform(2 * i));
    target.push_back(prediction.back() + 1e4 * random.normal(2 * i + 1));
  }
  report::ReportData data;
  data.kind = report::ReportData::Kind::regression;
  data.parts = {{"test", target, prediction}};
  data.protected_columns = {{"Sex", {"f"}, std::vector<std::int32_t>(2000, 0)}};
  const std::string html = report::render(data);
  CHECK(fault_of_markup(html) == "");
  for (const char* what : {"RMSE", "MAE", "Residuals", "Predicted and actual", "mean prediction"})
    CHECK(has(html, what));
  CHECK_FALSE(has(html, "ROC"));
}

TEST_CASE("several classes have a table of their own, and the confusion of one with another") {
  const std::vector<double> labels{0, 1, 2, 0}, predictions{0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.2, 0.5, 0.3, 0.3, 0.3, 0.4};
  report::ReportData data;
  data.kind = report::ReportData::Kind::multiclass;
  data.classes = {"paid", "late", "<lost>"};
  data.parts = {{"train", labels, predictions}, {"test", labels, predictions}};
  data.importance = {{"Income", 10, 5}};
  const std::string html = report::render(data);
  CHECK(fault_of_markup(html) == "");
  for (const char* what : {"Which class is called for which", "&lt;lost&gt;", "F1, macro", "50.0", "Income"})
    CHECK(has(html, what));
  CHECK_FALSE(has(html, "<lost>"));
  CHECK_FALSE(has(html, "Decision at the threshold"));
  data.classes.pop_back();
  CHECK_THROWS_AS((void)report::render(data), riskflag::Error);
}

TEST_CASE("parts and groups that do not fit are refused") {
  const std::vector<double> two{0, 1}, three{0, 0.5, 1};
  report::ReportData data;
  data.parts = {{"test", two, three}};
  CHECK_THROWS_AS((void)report::render(data), riskflag::Error);
  data.parts = {{"test", two, two}};
  data.judged = "valid";
  CHECK_THROWS_AS((void)report::render(data), riskflag::Error);
  const std::vector<std::uint64_t> groups{1};
  data.parts = {{"test", two, two, {}, groups}};
  data.judged.clear();
  CHECK_THROWS_AS((void)report::render(data), riskflag::Error);
  data.parts = {{"test", two, two}};
  data.judged = "test";
  data.protected_columns = {{"Sex", {"f"}, {0}}};
  CHECK_THROWS_AS((void)report::render(data), riskflag::Error);
}
