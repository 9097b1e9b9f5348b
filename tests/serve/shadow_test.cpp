#include <riskflag/serve/service.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <riskflag/monitor/decision_record.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

constexpr std::chrono::milliseconds kNow{0};

struct Shadowed : Fixture {
  std::shared_ptr<const bundle::Bundle> second = stricter(folder / "second");
  Shadowed() {
    service.set_decision_log(std::make_shared<serve::DecisionLog>(folder / "log", serve::DecisionLog::Options{}));
    service.set_shadow(second);
  }
  /// The number of bodies that were scored.
  int work() {
    int done = 0;
    while (service.score_shadow(kNow)) ++done;
    return done;
  }
  [[nodiscard]] std::vector<monitor::DecisionRecord> records(const std::string& role) const {
    std::vector<monitor::DecisionRecord> out;
    (void)monitor::each_log_line(monitor::log_paths(folder / "log", "decisions"),
                                 [&](std::string_view line, const std::string& where) {
                                   auto record = monitor::parse_decision(line, where);
                                   if (record.role == role) out.push_back(std::move(record));
                                 });
    return out;
  }
  [[nodiscard]] bool counts(const std::string& sample, int n) const {
    return get("/metrics").body.find("\n" + sample + " " + std::to_string(n) + "\n") != std::string::npos;
  }
};

/// The answer without what is new in each.
std::string told(const serve::Response& response) {
  std::string out = std::to_string(response.status) + " " + std::string(response.header("Content-Type")) + "\n";
  for (std::size_t i = 0; i < response.body.size();) {
    if (monitor::find_decision_key(std::string_view(response.body).substr(i, 36))) {
      out += "UUID";
      i += 36;
    } else {
      out += response.body[i++];
    }
  }
  return out;
}

const std::pair<std::string, std::string> kBodies[] = {
    {kGood, "application/json"},
    {"[" + kGood + R"(,{"income":1e6,"home":"OWN"},{"income":null,"home":"RENT"}])", "application/json"},
    {R"({"income":-1,"home":"OWN"})", "application/json"},  // 422
    {kGood + "\n\n[" + kGood + "]\n" + kGood + "x\n{}\n" + kGood + "\n", "application/x-ndjson"},
    {"income,home,id\n500,OWN,7\nx,OWN,8\n1e6,RENT,9\n", "text/csv"}};

}  // namespace

TEST_CASE("invariant: a shadow changes no answer, and scores each row that the champion scored under the same id") {
  const Fixture alone;
  Shadowed f;
  for (const auto& [body, type] : kBodies) {
    CAPTURE(body);
    CHECK(told(f.post(body, type)) == told(alone.post(body, type)));
  }
  CHECK(f.records("shadow").empty());  // nothing is scored in a request's time
  CHECK(f.work() == 4);
  const auto made = f.records("champion"), shadow = f.records("shadow");
  REQUIRE(made.size() == 8);
  REQUIRE(shadow.size() == 8);
  for (std::size_t i = 0; i < made.size(); ++i) {
    CHECK(shadow[i].decision_id == made[i].decision_id);
    CHECK(shadow[i].request_id == made[i].request_id);
    CHECK(shadow[i].row == made[i].row);
    CHECK(shadow[i].fields == made[i].fields);
    CHECK(shadow[i].model_digest == f.second->digest);
    CHECK(shadow[i].probability < made[i].probability);
  }
  CHECK(shadow[0].probability == tiny::of_margin(-0.25));
  CHECK_FALSE(f.service.score_shadow(kNow));
  CHECK(told(f.post(kGood)) == told(alone.post(kGood)));
}

TEST_CASE("the comparison has the rows, their risks and their differences") {
  Shadowed f;
  CHECK(parsed(f.get("/v1/monitor").body).find("shadow")->find("compared")->find("rows")->number().value() == 0);
  // Margins 0.75 and -0.25, then -0.75 and -1.75.
  REQUIRE(f.post("[" + kGood + R"(,{"income":1e6,"home":"OWN"}])").status == 200);
  REQUIRE(f.work() == 1);
  const double first = tiny::of_margin(0.75) - tiny::of_margin(-0.25);
  const double second = tiny::of_margin(-0.75) - tiny::of_margin(-1.75);
  const Json shadow = *parsed(f.get("/v1/monitor").body).find("shadow");
  CHECK(text_of(*shadow.find("model"), "name") == "second");
  const Json& compared = *shadow.find("compared");
  CHECK(text_of(compared, "champion") == f.model->version);
  CHECK(text_of(compared, "version") == f.second->version);
  CHECK(number_of(compared, "rows") == 2);
  CHECK(number_of(compared, "same_risk") == 1);
  CHECK(number_of(compared, "refused") == 0);
  CHECK(number_of(compared, "mean_absolute_difference") == (first + second) / 2);
  CHECK(number_of(compared, "max_absolute_difference") == std::max(first, second));
  const std::string versions = "{champion=\"" + f.model->version + "\",version=\"" + f.second->version + "\"";
  CHECK(f.counts("riskflag_shadow_rows_total" + versions + ",risk=\"same\"}", 1));
  CHECK(f.counts("riskflag_shadow_rows_total" + versions + ",risk=\"other\"}", 1));
  CHECK(f.get("/metrics")
            .body.find("riskflag_shadow_difference_total" + versions + "} " + number_text(first + second) + "\n") !=
        std::string::npos);
  CHECK(f.counts(R"(riskflag_shadow_requests_total{result="scored"})", 1));
  const std::string predictions = "riskflag_predictions_total{role=\"shadow\",version=\"" + f.second->version;
  CHECK(f.counts(predictions + "\",risk=\"High\"}", 0));
  CHECK(f.counts(predictions + "\",risk=\"Low\"}", 2));
  f.service.replace(stricter(f.folder / "third", tiny::schema()), serve::ModelRole::shadow);  // the same digest
  REQUIRE(f.post(kGood).status == 200);
  REQUIRE(f.work() == 1);
  CHECK(f.counts("riskflag_shadow_rows_total" + versions + ",risk=\"other\"}", 2));
}

TEST_CASE("rows that the shadow refuses are counted, rows that the champion refused are not its own") {
  Shadowed f;
  Schema other = tiny::schema();
  other.fields[1].maximum = 1e9;
  other.fields[1].minimum = 100;
  f.service.replace(stricter(f.folder / "champion", other));  // a shadow holds no champion up
  const std::string rows = kGood + "\n" + R"({"income":1e8,"home":"OWN"})" + "\n" + R"({"income":5,"home":"OWN"})";
  REQUIRE(f.post(rows, "application/x-ndjson").status == 200);
  REQUIRE(f.post(R"({"income":1e8,"home":"OWN"})").status == 200);
  CHECK(f.work() == 2);
  CHECK(f.records("champion").size() == 3);
  CHECK(f.records("shadow").size() == 1);
  const Json shadow = *parsed(f.get("/v1/monitor").body).find("shadow");
  CHECK(number_of(*shadow.find("compared"), "rows") == 1);
  CHECK(number_of(*shadow.find("compared"), "refused") == 1);
  CHECK(number_of(*shadow.find("requests"), "failed") == 1);
}

TEST_CASE("bodies that find no room are dropped and counted, and answered all the same") {
  Shadowed f;
  const std::string large = kGood + std::string(std::size_t{9} << 20, ' ');
  CHECK(f.post(large, "application/x-ndjson").status == 200);
  CHECK(f.post(large, "application/x-ndjson").status == 200);
  CHECK(f.post(kGood).status == 200);  // has room
  CHECK(f.work() == 2);
  CHECK(f.counts(R"(riskflag_shadow_requests_total{result="dropped"})", 1));
  CHECK(f.post(large, "application/x-ndjson").status == 200);
  CHECK(f.work() == 1);
}

TEST_CASE("what a challenger answered does not come to the shadow, which waits for what does") {
  Shadowed f;
  f.service.set_challenger(f.second, 100);
  CHECK(f.post(kGood).status == 200);
  CHECK(f.work() == 0);
  Shadowed g;
  std::thread later([&] { static_cast<void>(g.post(kGood)); });
  CHECK(g.service.score_shadow(std::chrono::seconds(20)));
  later.join();
}

TEST_CASE("many threads offer while one scores: every row is scored or dropped, under its own id") {
  Shadowed f;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) static_cast<void>(f.post(kGood));
    });
  }
  int done = 0;
  while (done < 300 && f.service.score_shadow(std::chrono::seconds(20))) ++done;
  for (auto& thread : threads) thread.join();
  CHECK(done == 300);
  std::vector<std::string> made, shadow;
  for (const auto& record : f.records("champion")) made.push_back(record.decision_id);
  for (const auto& record : f.records("shadow")) shadow.push_back(record.decision_id);
  std::sort(made.begin(), made.end());
  std::sort(shadow.begin(), shadow.end());
  CHECK(made.size() == 300);
  CHECK(made == shadow);
}
