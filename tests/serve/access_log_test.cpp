#include <riskflag/serve/access_log.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include <riskflag/core/sha256.hpp>
#include <riskflag/monitor/decision_record.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

struct Accessed : Fixture {
  std::shared_ptr<serve::AccessLog> log;
  explicit Accessed(serve::AccessLog::Options options = {})
      : log(std::make_shared<serve::AccessLog>(folder / "log", std::move(options))) {
    service.set_access_log(log);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    CHECK(log->flush());
    std::vector<std::string> out;
    (void)monitor::each_log_line(monitor::log_paths(folder / "log", "access"),
                                 [&](std::string_view line, const std::string&) { out.emplace_back(line); });
    return out;
  }
};

/// A line without the members that differ from run to run.
std::string told(const std::string& line) {
  const Json json = parsed(line);
  const auto text = [&](std::string_view key) {
    const Json& value = *value_or_throw(json.at(key));
    return value.is_null() ? std::string("null") : value_or_throw(value.string());
  };
  CHECK(number_of(json, "v") == 1);
  CHECK(text("ts").size() == 24);
  CHECK(number_of(json, "duration_us") >= 0);
  return text("route") + " " + number_text(number_of(json, "status")) + " " + number_text(number_of(json, "rows")) +
         " " + text("model_version") + " " + text("key");
}

}  // namespace

TEST_CASE("invariant: every request has one line in the access log, whatever its answer") {
  const Accessed f;
  const std::string version = f.model->version;
  std::vector<std::string> want;
  const auto expect = [&](const serve::Response& answer, const std::string& route, const std::string& rest) {
    want.push_back(route + " " + std::to_string(answer.status) + " " + rest);
  };
  const std::string none = "0 null null";
  expect(f.post("[" + kGood + "," + kGood + "]"), "/v1/score", "2 " + version + " null");
  expect(f.post(kGood + "\nx\n", "application/x-ndjson"), "/v1/score", "1 " + version + " null");
  expect(f.post(R"({"income":-1,"home":"OWN"})"), "/v1/score", none);
  expect(f.post("income,home\n5,OWN\n", "text/csv", "/invocations"), "/invocations", "1 " + version + " null");
  expect(f.post("{}", "application/json", "/v2/models/loans/versions/" + version + "/infer"),
         "/v2/models/{model}/infer", none);
  expect(f.get("/readyz"), "/readyz", none);
  expect(f.get("/v1/score"), "/v1/score", none);
  expect(f.get("/Jane%20Doe?income=500"), "other", none);
  expect(f.service.refuse(431, "headers_too_large", "x"), "other", none);
  const auto screened = f.service.screen({"POST", "/v1/outcomes", {}, {}});
  REQUIRE(screened);
  expect(*screened, "/v1/outcomes", none);
  CHECK_FALSE(f.service.screen({"GET", "/livez", {}, {}}));  // handle() will log it
  std::vector<std::string> got;
  for (const std::string& line : f.lines()) got.push_back(told(line));
  CHECK(got == want);
}

TEST_CASE("the line has the contract's members, the key's name, and the sender's id if that is one") {
  Accessed f;
  const std::string key =
      R"({"format":1,"keys":[{"name":"ba\"t\nch","sha256":")" + sha256_hex("secret") + R"(","scopes":["score"]}]})";
  f.service.set_keys(std::make_shared<const serve::ApiKeys>(serve::ApiKeys::parse(key, "k")));
  const auto ask = [&](std::string_view target, std::string_view id, std::string_view secret) {
    const std::vector<serve::Header> headers{
        {"Content-Type", "application/json"}, {"X-Request-Id", id}, {"Authorization", secret}};
    static_cast<void>(f.service.handle({"POST", target, headers, kGood}));
  };
  ask("/v1/score", "r-1", "Bearer secret");
  ask("/v1/outcomes", "r-2", "Bearer secret");                  // 403: known, and may not
  ask("/v1/score", "r\"},\n{\"v\":1,\"ts\":", "Bearer other");  // 401
  const auto lines = f.lines();
  REQUIRE(lines.size() == 3);
  std::string members;
  const Json first = parsed(lines[0]);
  for (const auto& [name, value] : *first.object()) members += name + " ";
  CHECK(members == "v ts request_id route status duration_us rows model_version key ");
  CHECK(text_of(parsed(lines[0]), "request_id") == "r-1");
  CHECK(told(lines[0]) == "/v1/score 200 1 " + f.model->version + " ba\"t\nch");
  CHECK(told(lines[1]) == "/v1/outcomes 403 0 null ba\"t\nch");
  CHECK(told(lines[2]) == "/v1/score 401 0 null null");
  CHECK(text_of(parsed(lines[2]), "request_id").size() == 36);
  for (const std::string& line : lines) CHECK(line.find("a-1") == std::string::npos);  // the applicant's id
}

TEST_CASE("lines of many threads arrive whole; those without room are counted, and the others stay") {
  serve::AccessLog::Options options;
  options.most_bytes = 10000;  // some 50 lines
  const Accessed f(options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) static_cast<void>(f.get("/livez"));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto lines = f.lines();
  CHECK(lines.size() > 40);
  CHECK(lines.size() < 80);
  for (const std::string& line : lines) CHECK(told(line) == "/livez 200 0 null null");
  CHECK(f.log->lost().no_room == 400 - lines.size());
  CHECK(f.get("/metrics")
            .body.find("riskflag_access_log_lost_total{reason=\"no_room\"} " + std::to_string(400 - lines.size()) +
                       "\n") != std::string::npos);
  CHECK(f.lines().size() == lines.size() + 1);  // there is room again
}

TEST_CASE("a disk that is full costs lines, which are counted, and no answer") {
  const Accessed f;
  CHECK(f.lines().empty());
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
  CHECK(f.get("/livez").status == 200);
  CHECK(f.get("/livez").status == 200);
  const bool written = f.log->flush();
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, previous);
  CHECK_FALSE(written);
  CHECK(f.log->take_problem().value_or("").find("access-") != std::string::npos);
  CHECK_FALSE(f.log->take_problem());
  CHECK(f.log->lost().not_written == 2);
  CHECK(f.post(kGood).status == 200);
  CHECK(f.lines().size() == 1);
}
