#include <riskflag/report/figures.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace figures_test {

namespace report = riskflag::report;

TEST_CASE("every chart of a page is a document of its own, named by its title, and no name is given twice") {
  const std::vector<report::Figure> found = report::figures(
      "<h1>x</h1><svg viewBox=\"0 0 1 2\"><title>ROC curve</title><svg><path/></svg></svg><p>y</p>"
      "<svg><title>ROC: curve</title></svg><svg><title>&#39;&lt;</title></svg><svg><path/></svg>");
  REQUIRE(found.size() == 4);
  CHECK(found[0].name == "roc-curve.svg");
  CHECK(found[0].svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 2\"><style>"));
  CHECK(found[0].svg.ends_with("<title>ROC curve</title><svg><path/></svg></svg>\n"));
  CHECK(found[1].name == "roc-curve-2.svg");
  CHECK(found[2].name == "39-lt.svg");
  CHECK(found[3].name == "figure.svg");
  CHECK(report::figures("<p>no chart</p>").empty());
}

TEST_CASE("a chart by itself has the page's light colours and what draws its lines, not the page's dark ones") {
  const std::string svg = report::figures("<svg><title>a</title></svg>").front().svg;
  CHECK(svg.find("--series-1:#0072b2") != std::string::npos);
  CHECK(svg.find("\n.line{") != std::string::npos);
  CHECK(svg.find("@media") == std::string::npos);
  CHECK(svg.find("--series-1:#5cb3e8") == std::string::npos);
  CHECK(svg.find("\ntable{") == std::string::npos);
}

TEST_CASE("a chart that is cut short ends with the page") {
  CHECK(report::figures("<svg><title>a</title><svg></svg>").front().svg.ends_with("<svg></svg>\n"));
}

}  // namespace figures_test
