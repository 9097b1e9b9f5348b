#include <riskflag/explain/reasons.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace riskflag;

namespace {

Feature from(const std::string& name, std::vector<std::string> fields) {
  Feature feature;
  feature.name = name;
  feature.fields = std::move(fields);
  return feature;
}

}  // namespace

TEST_CASE("one-hot columns are summed into their field, and a ratio counts for both of its fields in equal parts") {
  const ReasonRanker ranker({from("home=OWN", {"home"}), from("home=RENT", {"home"}),
                             from("loan / income", {"loan", "income"}), from("income", {"income"})},
                            {"income", "loan", "home"});
  std::vector<double> sums(3);
  ranker.sum(std::vector<double>{0.5, -0.125, 1.0, -0.25}, sums);
  CHECK(sums == std::vector<double>{0.25, 0.5, 0.375});
  std::vector<FieldReason> reasons;
  ranker.rank(std::vector<double>{0.5, -0.125, 1.0, -0.25}, 2, reasons, sums);
  CHECK(reasons == std::vector<FieldReason>{{1, 0.5}, {2, 0.375}});
}

TEST_CASE("only what speaks for High is a reason, and equal reasons keep the fields' order") {
  const ReasonRanker ranker({from("a", {"a"}), from("b", {"b"}), from("c", {"c"}), from("d", {"d"})},
                            {"a", "b", "c", "d"});
  std::vector<double> sums(4);
  std::vector<FieldReason> reasons;
  ranker.rank(std::vector<double>{0.0, 0.25, -3.0, 0.25}, 4, reasons, sums);
  CHECK(reasons == std::vector<FieldReason>{{1, 0.25}, {3, 0.25}});
  ranker.rank(std::vector<double>{-1.0, -1.0, -1.0, 0.0}, 4, reasons, sums);
  CHECK(reasons.empty());
}

TEST_CASE("a feature whose fields nobody asked for counts for nobody") {
  const ReasonRanker ranker({from("a", {}), from("b", {"elsewhere"})}, {"a"});
  std::vector<double> sums(1, 9.0);
  ranker.sum(std::vector<double>{1.0, 2.0}, sums);
  CHECK(sums == std::vector<double>{0.0});
}
