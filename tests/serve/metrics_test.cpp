#include <riskflag/serve/metrics.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

#include "../sanitized.hpp"
#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

/// The value of the line that begins with `sample`; -1 without one.
double value_of(const std::string& page, const std::string& sample) {
  const auto at = page.find("\n" + sample + " ");
  if (at == std::string::npos) return -1;
  const auto begin = at + sample.size() + 2;
  return parse_double(std::string_view(page).substr(begin, page.find('\n', begin) - begin)).value_or(-2);
}
std::string page_of(const Fixture& f) { return f.get("/metrics").body; }

}  // namespace

TEST_CASE("/metrics counts requests by route, method and code, rows by version and risk, and what was refused") {
  const Fixture f;
  CHECK(f.get("/metrics").header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  static_cast<void>(f.post(kGood));                                                  // High
  static_cast<void>(f.post("[" + kGood + R"(,{"income":1e6,"home":"OWN"}])"));       // High, and margin -0.75: Low
  static_cast<void>(f.post(R"({"income":-1,"home":"OWN"})"));                        // 422
  static_cast<void>(f.post(kGood + "\n[" + kGood + "]\n", "application/x-ndjson"));  // High, and a bad line
  static_cast<void>(f.post("income,home\n500,OWN\n1e6,OWN\nx,OWN\n", "text/csv"));   // High, Low, bad
  static_cast<void>(f.get("/nothing", "BREW"));
  static_cast<void>(f.service.refuse(503, "overloaded", "x", {}, "in_flight"));
  static_cast<void>(f.service.refuse(413, "content_too_large", "x"));
  const std::string page = page_of(f);
  const auto requests = [&](const std::string& labels) {
    return value_of(page, "riskflag_http_requests_total{" + labels + "}");
  };
  CHECK(requests(R"(route="/v1/score",method="POST",code="200")") == 4);
  CHECK(requests(R"(route="/v1/score",method="POST",code="422")") == 1);
  CHECK(requests(R"(route="/metrics",method="GET",code="200")") == 1);  // this one is counted when it has ended
  CHECK(requests(R"(route="other",method="other",code="404")") == 1);
  CHECK(requests(R"(route="other",method="unknown",code="503")") == 1);
  CHECK(requests(R"(route="other",method="unknown",code="413")") == 1);
  const std::string version = f.model->version;
  const auto rows = [&](const std::string& risk) {
    return value_of(page,
                    "riskflag_predictions_total{role=\"champion\",version=\"" + version + "\",risk=\"" + risk + "\"}");
  };
  CHECK(rows("High") == 4);
  CHECK(rows("Low") == 2);
  CHECK(value_of(page, R"(riskflag_shed_total{reason="in_flight"})") == 1);
  CHECK(value_of(page, R"(riskflag_shed_total{reason="queue"})") == 0);
  CHECK(value_of(page, "riskflag_http_requests_in_flight") == 1);  // the scrape itself
  CHECK(value_of(page, R"(riskflag_http_request_duration_seconds_count{route="/v1/score"})") == 5);
  CHECK(value_of(page, R"(riskflag_http_request_duration_seconds_bucket{route="/v1/score",le="+Inf"})") == 5);
  CHECK(value_of(page, R"(riskflag_http_request_duration_seconds_sum{route="/v1/score"})") > 0);
  CHECK(value_of(page, "riskflag_model_info{name=\"loans\",version=\"" + version + "\",digest=\"" + f.model->digest +
                           "\"}") == 1);
  CHECK(value_of(page, R"(riskflag_reload_total{result="ok"})") == 0);
  CHECK(value_of(page, "process_resident_memory_bytes") > 0);
}

TEST_CASE("every family has its help and type once, and no sample stands before them") {
  const Fixture f;
  static_cast<void>(f.post(kGood));
  const std::string page = page_of(f);
  std::string family;
  std::vector<std::string> seen;
  for (const auto line : split_text(page, '\n')) {
    const std::string text(line);
    if (text.starts_with("# HELP ")) {
      family = text.substr(7, text.find(' ', 7) - 7);
      CHECK(std::find(seen.begin(), seen.end(), family) == seen.end());
      seen.push_back(family);
    } else if (text.starts_with("# TYPE ")) {
      CHECK(text.starts_with("# TYPE " + family + " "));
    } else if (!text.empty()) {
      CHECK(text.starts_with(family));
    }
  }
  CHECK(seen.size() >= 13);
}

TEST_CASE("a replaced model answers at once, and a refused replacement is told while the old one goes on") {
  Fixture f;
  tiny::save_to(f.folder / "second", tiny::schema(), tiny::model(), 0.9);
  const auto second = std::make_shared<const bundle::Bundle>(bundle::open(f.folder / "second"));
  CHECK(text_of(parsed(f.post(kGood).body), "risk") == "High");
  f.service.replace(second);
  CHECK(f.service.model() == second);
  const Json answer = parsed(f.post(kGood).body);
  CHECK(text_of(answer, "risk") == "Low");
  CHECK(text_of(*answer.find("model"), "name") == "second");
  CHECK(text_of(parsed(f.get("/v1/model").body), "name") == "second");
  f.service.replace_failed("model.json: the file was changed");
  CHECK(f.post(kGood).status == 200);
  const auto ready = f.get("/readyz");
  CHECK(ready.status == 200);
  const Json json = parsed(ready.body);
  CHECK(text_of(*json.find("model"), "name") == "second");
  CHECK(text_of(*json.find("last_reload"), "result") == "failed");
  CHECK(text_of(*json.find("last_reload"), "detail") == "model.json: the file was changed");
  tiny::save_to(f.folder / "regression", tiny::schema(), tiny::model("regression"));
  CHECK_THROWS_AS(f.service.replace(std::make_shared<const bundle::Bundle>(bundle::open(f.folder / "regression"))),
                  Error);
  CHECK(f.service.model() == second);
  const std::string page = page_of(f);
  CHECK(value_of(page, R"(riskflag_reload_total{result="ok"})") == 1);
  CHECK(value_of(page, R"(riskflag_reload_total{result="failed"})") == 1);
  for (const auto& [version, risk] : {std::pair{f.model->version, "High"}, {second->version, "Low"}}) {
    CHECK(value_of(page, "riskflag_predictions_total{role=\"champion\",version=\"" + version + "\",risk=\"" + risk +
                             "\"}") > 0);
  }
}

TEST_CASE("invariant: a model that is replaced under load answers every request with one of the two, whole") {
  Fixture f;
  tiny::save_to(f.folder / "second", tiny::schema(), tiny::model(), 0.9);
  const auto first = f.service.model();
  const auto second = std::make_shared<const bundle::Bundle>(bundle::open(f.folder / "second"));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0}, answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const std::string body = f.post(kGood).body;
        const bool high = body.find(R"("risk":"High","threshold":0.5,"model":{"name":"loans")") != std::string::npos;
        const bool low = body.find(R"("risk":"Low","threshold":0.9,"model":{"name":"second")") != std::string::npos;
        if (high == low) ++wrong;
        ++answered;
      }
    });
  }
  for (int i = 0; i < riskflag_test::draws(1000); ++i) f.service.replace(i % 2 == 0 ? second : first);
  while (answered < riskflag_test::draws(1000)) std::this_thread::yield();
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(first.use_count() + second.use_count() <= 6);  // no request's memory keeps a model alive
}
