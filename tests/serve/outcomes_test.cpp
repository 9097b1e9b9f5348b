#include <riskflag/serve/outcome_log.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <riskflag/monitor/decision_key.hpp>
#include <riskflag/monitor/decision_record.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

const std::string kId = "01a2044a-eda2-715b-8fba-0f3ad562045b";
std::string outcome(const std::string& value, const std::string& time = "2026-11-29T11:00:00+01:00") {
  return R"({"decision_id":")" + kId + R"(","outcome":)" + value + R"(,"observed_at":")" + time + "\"}";
}

struct Taking : Fixture {
  Taking() { service.set_outcome_log(std::make_shared<serve::OutcomeLog>(folder / "outcomes")); }
  [[nodiscard]] serve::Response send(std::string_view body, std::string_view type = "application/json") const {
    return post(body, type, "/v1/outcomes");
  }
  [[nodiscard]] std::vector<monitor::OutcomeRecord> records() const {
    std::vector<monitor::OutcomeRecord> out;
    (void)monitor::each_log_line(
        monitor::log_paths(folder / "outcomes", "outcomes"),
        [&](std::string_view line, const std::string& where) { out.push_back(monitor::parse_outcome(line, where)); });
    return out;
  }
};

}  // namespace

TEST_CASE("one outcome, an array or a line each are taken with 202 and their number") {
  const Taking f;
  const auto one = f.send(outcome("1"));
  CHECK(one.status == 202);
  CHECK(one.body == R"({"accepted":1})");
  CHECK(f.send("[" + outcome("0") + "," + outcome("1") + "]").body == R"({"accepted":2})");
  CHECK(f.send(outcome("0") + "\n\n" + outcome("1") + "\n", "application/x-ndjson").body == R"({"accepted":2})");
  CHECK(f.send("[]").body == R"({"accepted":0})");
  const auto records = f.records();
  REQUIRE(records.size() == 5);
  CHECK(records[0].decision_id == kId);
  CHECK(records[0].positive);
  CHECK_FALSE(records[1].positive);
  CHECK(rfc3339(records[0].observed_ms) == "2026-11-29T10:00:00.000Z");
  CHECK(f.get("/metrics").body.find("riskflag_outcomes_total{result=\"accepted\"} 5\n") != std::string::npos);
}

TEST_CASE("what is wrong with an outcome is named, and none of its request is taken") {
  const Taking f;
  struct Case {
    std::string body, code, field;
  };
  for (const Case& c :
       {Case{outcome("2"), "wrong_type", "outcome"}, Case{outcome("1.0"), "wrong_type", "outcome"},
        Case{outcome("true"), "wrong_type", "outcome"}, Case{outcome("\"1\""), "wrong_type", "outcome"},
        Case{outcome("1", "yesterday"), "wrong_type", "observed_at"},
        Case{R"({"decision_id":"x","outcome":1,"observed_at":"2026-11-29T10:00:00Z"})", "wrong_type", "decision_id"},
        Case{R"({"decision_id":{},"outcome":1,"observed_at":"2026-11-29T10:00:00Z"})", "wrong_type", "decision_id"},
        Case{R"({"decision_id":")" + kId + R"(","outcome":1})", "missing_field", "observed_at"},
        Case{outcome("1,\"outcome\":0"), "duplicate_key", "outcome"},
        Case{outcome("1,\"amount\":7"), "unknown_field", "amount"}}) {
    CAPTURE(c.body);
    const auto answer = f.send("[" + outcome("1") + "," + c.body + "]");
    CHECK(answer.status == 422);
    const Json json = parsed(answer.body);
    const JsonArray& errors = *json.find("errors")->array();
    REQUIRE(errors.size() == 1);
    CHECK(text_of(errors[0], "code") == c.code);
    CHECK(text_of(errors[0], "field") == c.field);
    CHECK(number_of(errors[0], "row") == 2);
  }
  CHECK(f.send("[" + outcome("1") + ",7]").status == 400);
  CHECK(f.send("7").status == 400);
  CHECK(f.send("").status == 400);
  CHECK(f.send("{").status == 400);
  CHECK(f.send(outcome("1") + "\nx\n", "application/x-ndjson").status == 400);
  CHECK(f.send(outcome("1"), "text/csv").status == 415);
  CHECK(f.get("/v1/outcomes").status == 405);
  CHECK(f.records().empty());
  CHECK(f.get("/metrics").body.find("riskflag_outcomes_total{result=\"refused\"} 2") != std::string::npos);
}

TEST_CASE("what was answered in any protocol is judged when its outcome comes, and a model that comes back goes on") {
  Taking f;
  f.service.set_decision_log(std::make_shared<serve::DecisionLog>(f.folder / "log", serve::DecisionLog::Options{}));
  const auto ids_of = [](const std::string& body) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < body.size(); ++i) {
      if (monitor::find_decision_key(std::string_view(body).substr(i, 36))) out.push_back(body.substr(i, 36));
    }
    return out;
  };
  const auto judged = [&] {
    f.service.tick(0);
    const std::string body = f.get("/v1/monitor").body;
    const auto from = body.find(R"("all":{)");
    return body.substr(from, body.find("\"weeks\"", from) - from);
  };
  auto ids = ids_of(f.post("[" + kGood + R"(,{"income":null,"home":"RENT"}])").body);
  REQUIRE(ids.size() == 2);
  CHECK(f.post("[" + kGood + R"(,{"income":-1,"home":"OWN"}])").status == 422);          // none was made
  CHECK(f.post(R"({"income":-1,"home":"OWN"})", "application/x-ndjson").status == 200);  // nor here
  const auto more = ids_of(f.post("income,home\n500,OWN\nx,OWN\n", "text/csv").body);
  REQUIRE(more.size() == 1);
  REQUIRE(f.post(R"({"instances":[{"income":500,"home":"OWN"}]})", "application/json", "/invocations").status == 200);
  // MLflow's answer has no ids: they stand in the log.
  std::vector<std::string> logged;
  (void)monitor::each_log_line(monitor::log_paths(f.folder / "log", "decisions"),
                               [&](std::string_view line, const std::string& where) {
                                 logged.push_back(monitor::parse_decision(line, where).decision_id);
                               });
  REQUIRE(logged.size() == 4);
  CHECK(logged[2] == more[0]);
  const auto tell = [&](const std::string& id, const char* value) {
    return f.send(R"({"decision_id":")" + id + R"(","outcome":)" + value + R"(,"observed_at":"2027-01-01T00:00:00Z"})")
        .status;
  };
  CHECK(tell(ids[0], "1") == 202);
  CHECK(tell(ids[1], "0") == 202);
  CHECK(tell(logged[3], "1") == 202);
  CHECK(tell(kId, "1") == 202);
  const std::string first = judged();
  CAPTURE(first);
  CHECK(first.find(R"("decisions":4)") != std::string::npos);
  CHECK(first.find(R"("outcomes":3,"positives":2,"coverage":0.75)") != std::string::npos);
  CHECK(number_of(parsed(f.get("/v1/monitor").body), "unknown_outcomes") == 1);
  f.service.replace(stricter(f.folder / "second"));
  CHECK(judged().find(R"("decisions":0)") != std::string::npos);
  CHECK(f.post(kGood).status == 200);
  CHECK(judged().find(R"("decisions":1,)") != std::string::npos);
  CHECK(tell(more[0], "0") == 202);  // of the model that went
  f.service.replace(f.model);
  CHECK(judged().find(R"("outcomes":4,"positives":2,)") != std::string::npos);
}

TEST_CASE("a server without a place for outcomes has no such path") {
  const Fixture f;
  CHECK(f.post(outcome("1"), "application/json", "/v1/outcomes").status == 404);
  CHECK(f.service.handle({"GET", "/v1/outcomes", {}, {}}).status == 404);
}

TEST_CASE("outcomes need a key that may send outcomes") {
  Taking f;
  f.service.set_keys(std::make_shared<const serve::ApiKeys>(serve::ApiKeys::parse(
      R"({"format":1,"keys":[{"name":"bank","sha256":")" + sha256_hex("bank-key") + R"(","scopes":["outcomes"]},)" +
          R"({"name":"app","sha256":")" + sha256_hex("app-key") + R"(","scopes":["score"]}]})",
      "keys")));
  const auto with = [&](std::string_view authorization) {
    const std::vector<serve::Header> headers{{"Content-Type", "application/json"}, {"Authorization", authorization}};
    return f.service.handle({"POST", "/v1/outcomes", headers, outcome("1")}).status;
  };
  CHECK(with("Bearer bank-key") == 202);
  CHECK(with("Bearer app-key") == 403);
  CHECK(with("") == 401);
}
