#include <riskflag/serve/service.hpp>

#include <doctest/doctest.h>

#include <string>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

/// The counter of that field and bin in /metrics; -1 without one.
double count_of(const Fixture& f, const std::string& field, const std::string& bin) {
  const std::string page = f.get("/metrics").body;
  const std::string sample =
      "\nriskflag_field_bin_total{version=\"" + f.model->version + "\",field=\"" + field + "\",bin=\"" + bin + "\"} ";
  const auto at = page.find(sample);
  if (at == std::string::npos) return -1;
  const auto begin = at + sample.size();
  return parse_double(std::string_view(page).substr(begin, page.find('\n', begin) - begin)).value_or(-2);
}

}  // namespace

// The tiny model's training rows: income 500, 1000.5 and missing, home OWN, RENT and missing, since 0, 20000 and
// missing.
TEST_CASE("invariant: answered rows are counted where their values lie, in every protocol, and refused ones are not") {
  const Fixture f;
  REQUIRE(f.post("[" + kGood + R"(,{"income":null,"home":"RENT"}])").status == 200);
  REQUIRE(f.post(kGood + "\n[" + kGood + "]\n" + kGood + "x\n{}\n", "application/x-ndjson").status == 200);
  REQUIRE(f.post("income,home\n500,OWN\nx,OWN\n-9,MORTGAGE\n", "text/csv").status == 200);
  REQUIRE(f.post(R"({"instances":[{"income":5000,"home":"OWN"}]})", "application/json", "/invocations").status == 200);
  REQUIRE(f.post("[" + kGood + R"(,{"income":-1,"home":"OWN"}])").status == 422);
  CHECK(count_of(f, "income", "<=500") == 3);
  CHECK(count_of(f, "income", ">500") == 1);
  CHECK(count_of(f, "income", "=-9") == 1);
  CHECK(count_of(f, "income", "missing") == 1);
  CHECK(count_of(f, "home", "=OWN") == 4);
  CHECK(count_of(f, "home", "=RENT") == 1);
  CHECK(count_of(f, "home", "=MORTGAGE") == 1);
  CHECK(count_of(f, "home", "unseen") == 0);
  CHECK(count_of(f, "since", "missing") == 6);
}

TEST_CASE("challenger and shadow have their bins and windows, beside the champion's") {
  Fixture f;
  const auto second = stricter(f.folder / "second"), third = f.model;
  f.service.set_challenger(second, 100);
  f.service.set_shadow(third);  // the champion's own version: its bins are the champion's
  std::string rows;
  for (int i = 0; i < 1000; ++i) rows += "9999,OWN\n";
  REQUIRE(f.post("income,home\n" + rows, "text/csv").status == 200);
  REQUIRE(f.post(R"({"instances":[{"income":500,"home":"OWN"}]})", "application/json", "/invocations").status == 200);
  f.service.tick(0);
  const std::string page = f.get("/metrics").body;
  CHECK(count_of(f, "income", ">500") == 0);
  CHECK(count_of(f, "income", "<=500") == 1);
  CHECK(page.find("riskflag_field_bin_total{version=\"" + second->version + R"(",field="income",bin=">500"} 1000)") !=
        std::string::npos);
  CHECK(page.find("riskflag_beside_drift_alarm{role=\"challenger\",version=\"" + second->version +
                  R"(",field="income",window="1000rows"} 1)") != std::string::npos);
  CHECK(page.find("riskflag_drift_alarm{") == std::string::npos);  // no window of the champion's is full
  std::size_t samples = 0;
  const std::string sample = "riskflag_score_bin_total{version=\"" + f.model->version + R"(",bin="<=)";
  for (auto at = page.find(sample); at != std::string::npos; at = page.find(sample, at + 1)) ++samples;
  CHECK(samples == f.model->reference.score_edges.size());
  const Json json = parsed(f.get("/v1/monitor").body);
  CHECK(number_of(*json.find("challenger")->find("live"), "rows") == 1000);
  CHECK(number_of(*json.find("shadow")->find("live"), "rows") == 0);
}

TEST_CASE("/v1/monitor says what the windows say, and a new model begins anew") {
  Fixture f;
  CHECK(f.get("/v1/monitor", "POST").status == 405);
  f.service.tick(0);
  std::string rows;
  for (int i = 0; i < 1000; ++i)
    rows += R"({"income":9999,"home":"OWN"})"
            "\n";
  REQUIRE(f.post(rows, "application/x-ndjson").status == 200);
  f.service.tick(1000);
  const auto answer = f.get("/v1/monitor");
  CHECK(answer.status == 200);
  const Json json = parsed(answer.body);
  CHECK(text_of(*json.find("model"), "name") == "loans");
  const Json& live = *json.find("live");
  CHECK(number_of(live, "rows") == 1000);
  const Json& window = live.find("windows")->array()->at(0);
  CHECK(text_of(window, "window") == "1000rows");
  CHECK(number_of(window, "rows") == 1000);
  const Json& income = window.find("fields")->array()->at(0);
  CHECK(text_of(income, "field") == "income");
  CHECK(number_of(income, "psi") > 0.5);
  CHECK(f.get("/metrics").body.find("riskflag_drift_psi{field=\"income\",window=\"1000rows\"} ") != std::string::npos);
  f.service.replace(f.model);
  CHECK(number_of(*parsed(f.get("/v1/monitor").body).find("live"), "rows") == 0);
}
