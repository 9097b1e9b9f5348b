#include <string>

#include <doctest/doctest.h>
#include <riskflag/core/missing.hpp>
#include <riskflag/report.hpp>

using namespace riskflag;

namespace {

std::size_t count_of(const std::string& page, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++count;
  return count;
}

DependencePoint point(double value, double mean) { return {value, {mean, mean - 0.1, mean + 0.1}}; }

}  // namespace

TEST_CASE(
    "contributions are bars with their intervals, the largest first, and dependence a chart a feature on one scale") {
  report::ReportData data;
  data.contributions = {{"income", {0.5, 0.4, 0.6}}, {"home", {0.75, 0.7, 0.8}}, {"unused", {0, 0, 0}}};
  data.explained_rows = 500;
  data.dependence = {{"home", {"OWN", "RE<NT"}, {point(1, 0.5), point(0, -0.5), point(kMissing, 0.0)}},
                     {"income", {}, {point(10, -1), point(20, 1), point(kMissing, 0)}}};
  const std::string page = report::render(data);
  CHECK(page.find("What moves a prediction") != std::string::npos);
  CHECK(page.find("sample of 500 rows") != std::string::npos);
  const std::size_t home = page.find(">home<"), income = page.find(">income<");
  CHECK(home < income);
  CHECK(page.find(">unused<") == std::string::npos);
  CHECK(page.find("RE&lt;NT") < page.find(">OWN<"));    // the level that the model puts highest first
  CHECK(count_of(page, "class=\"whisker\"") == 2 + 3);  // two bars and three levels
  CHECK(count_of(page, "class=\"band\"") == 1);
  CHECK(count_of(page, ">missing<") == 2);
  CHECK(page.find("nan") == std::string::npos);
}

TEST_CASE("large contributions are whole numbers") {
  report::ReportData data;
  data.kind = report::ReportData::Kind::regression;
  data.contributions = {{"income", {165764.318, 160000, 170000}}, {"age", {12.25, 12, 13}}};
  const std::string page = report::render(data);
  CHECK(page.find(">165,764<") != std::string::npos);
  CHECK(page.find(">12.250<") != std::string::npos);
}

TEST_CASE("without contributions there is no section, and a dependence without a spread no chart") {
  report::ReportData data;
  data.importance = {{"income", 1, 1}};
  CHECK(report::render(data).find("What moves a prediction") == std::string::npos);
  data.contributions = {{"income", {0.5, 0.5, 0.5}}};
  data.dependence = {{"income", {}, {{1, {0.25, 0.25, 0.25}}}}};
  const std::string page = report::render(data);
  CHECK(page.find("What moves a prediction") != std::string::npos);
  CHECK(page.find("class=\"band\"") == std::string::npos);
  CHECK(page.find("class=\"whisker\"") == std::string::npos);
}

TEST_CASE("a long list of levels is cut in the middle, and a single value of a number is a dot") {
  report::ReportData data;
  data.contributions = {{"town", {1, 0.9, 1.1}}};
  report::Dependence towns{"town", {}, {}};
  for (int i = 0; i < 20; ++i) {
    towns.levels.push_back("town " + std::to_string(i));
    towns.points.push_back(point(i, i));
  }
  data.dependence = {towns, {"flag", {}, {point(1, 3)}}};
  const std::string page = report::render(data);
  CHECK(page.find("the six highest and the six lowest of 20 levels") != std::string::npos);
  CHECK(page.find(">town 19<") < page.find(">town 14<"));
  CHECK(page.find(">town 13<") == std::string::npos);
  CHECK(page.find(">town 5<") != std::string::npos);
  CHECK(count_of(page, "class=\"dot\"") == 12 + 1);
}
