#include <riskflag/serve/service.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/monitor/decision_record.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

struct Challenged : Fixture {
  std::shared_ptr<const bundle::Bundle> second = stricter(folder / "second");
  explicit Challenged(double percent) { service.set_challenger(second, percent); }
  [[nodiscard]] serve::Response score(std::string_view key, std::string_view body = kGood,
                                      std::string_view type = "application/json") const {
    const std::vector<serve::Header> headers{{"Content-Type", type}, {"X-Routing-Key", key}};
    return service.handle({"POST", "/v1/score", headers, body});
  }
};

/// Models of other schemas, without saving each.
struct Schemas {
  tiny::Folder folder;
  std::string path = folder / "loans";
  Schemas() { tiny::save_to(path); }
  [[nodiscard]] serve::Loaded loaded(const Schema& schema) const {
    auto opened = bundle::open(path);
    opened.schema = schema;
    return serve::Loaded(std::make_shared<const bundle::Bundle>(std::move(opened)));
  }
  /// Why that challenger is refused beside that champion; "accepted" when it is not.
  [[nodiscard]] std::string refusal(const Schema& champion, const Schema& challenger) const {
    try {
      serve::detail::check_stand_in(loaded(champion), loaded(challenger), serve::ModelRole::challenger);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::unsupported);
      return error.what();
    }
    return "accepted";
  }
};

}  // namespace

TEST_CASE("a tenth of 10,000 requests goes to the challenger, drawn or by key; a key stays where it is") {
  const serve::detail::Split split(10), wider(25);
  int drawn = 0, keyed = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::string key = "k" + std::to_string(i);
    drawn += split.takes(std::nullopt) ? 1 : 0;
    keyed += split.takes(key) ? 1 : 0;
    CHECK(split.takes(key) == split.takes(key));
    if (split.takes(key)) CHECK(wider.takes(key));
  }
  CHECK(drawn > 850);  // five standard deviations of 30
  CHECK(drawn < 1150);
  CHECK(keyed == 1003);  // Python's hashlib says so
  // Its SHA-256 begins with a045eb33, which is 62.607 % of 2^32.
  CHECK_FALSE(serve::detail::Split(62.60).takes("customer-42"));
  CHECK(serve::detail::Split(62.61).takes("customer-42"));
  const serve::detail::Split none(0), all(100);
  for (const auto key : {std::optional<std::string_view>(), std::optional<std::string_view>("")}) {
    CHECK_FALSE(none.takes(key));
    CHECK(all.takes(key));
  }
}

TEST_CASE("invariant: every answer names the model that scored, and so do its log line and its counter") {
  Challenged f(30);
  const auto log = std::make_shared<serve::DecisionLog>(f.folder / "log", serve::DecisionLog::Options{});
  f.service.set_decision_log(log);
  const serve::detail::Split split(30);
  int away = 0;
  for (int i = 0; i < 60; ++i) {
    const std::string key = "customer-" + std::to_string(i);
    const bool challenger = split.takes(key);
    away += challenger ? 1 : 0;
    const Json answer = parsed(f.score(key).body);
    const auto& model = challenger ? *f.second : *f.model;
    CHECK(text_of(*answer.find("model"), "name") == (challenger ? "second" : "loans"));
    CHECK(text_of(*answer.find("model"), "digest") == model.digest);
    CHECK(number_of(answer, "probability") == tiny::of_margin(challenger ? -0.25 : 0.75));
    CHECK(text_of(answer, "risk") == (challenger ? "Low" : "High"));
    const std::string csv = f.score(key, "income,home\n500,OWN\n", "text/csv").body;
    CHECK(csv.find("," + model.version + ",") != std::string::npos);
  }
  CHECK(away > 5);
  CHECK(away < 40);
  int logged = 0;
  (void)monitor::each_log_line(
      monitor::log_paths(f.folder / "log", "decisions"), [&](std::string_view line, const std::string& where) {
        const auto record = monitor::parse_decision(line, where);
        CHECK(record.role == (record.model_name == "second" ? "challenger" : "champion"));
        CHECK(record.probability == tiny::of_margin(record.role == "challenger" ? -0.25 : 0.75));
        logged += record.role == "challenger" ? 1 : 0;
      });
  CHECK(logged == 2 * away);
  const std::string page = f.get("/metrics").body;
  const auto counts = [&](const std::string& role, const std::string& version, const std::string& risk, int n) {
    return page.find("riskflag_predictions_total{role=\"" + role + "\",version=\"" + version + "\",risk=\"" + risk +
                     "\"} " + std::to_string(n) + "\n") != std::string::npos;
  };
  CHECK(counts("champion", f.model->version, "High", 120 - 2 * away));
  CHECK(counts("challenger", f.second->version, "Low", 2 * away));
  CHECK(counts("challenger", f.second->version, "High", 0));
}

TEST_CASE("protocols whose answers name no model are the champion's alone, and /v1/monitor tells who is there") {
  const Challenged f(100);
  CHECK(text_of(*parsed(f.score("x").body).find("model"), "name") == "second");
  CHECK(f.post(R"({"instances":[{"income":500,"home":"OWN"}]})", "application/json", "/invocations").body ==
        "{\"predictions\":[" + number_text(tiny::of_margin(0.75)) + "]}");
  const Json json = parsed(f.get("/v1/monitor").body);
  CHECK(text_of(*json.find("model"), "name") == "loans");
  CHECK(text_of(*json.find("challenger")->find("model"), "name") == "second");
  CHECK(number_of(*json.find("challenger"), "percent") == 100);
  CHECK(json.find("shadow")->is_null());
}

TEST_CASE("a challenger that might refuse what the champion takes is refused, with the field and the reason") {
  const Schemas schemas;
  const Schema plain = tiny::schema();
  CHECK(schemas.refusal(plain, plain) == "accepted");
  const auto changed = [&](const std::function<void(Schema&)>& change) {
    Schema schema = tiny::schema();
    change(schema);
    return schema;
  };
  enum Place : std::size_t { kId, kIncome, kHome, kSex, kSince };
  // What the challenger has, and what the champion has: the challenger is narrower, then it is as wide or wider.
  const std::vector<std::pair<std::function<void(Schema&)>, std::string>> narrower{
      {[](Schema& s) { s.fields[kSince].required = true; }, "field \"since\" is required"},
      {[](Schema& s) { s.fields[kIncome].maximum = 1e6; }, "field \"income\" refuses numbers above 1e+06"},
      {[](Schema& s) { s.fields[kIncome].minimum = 1; }, "field \"income\" refuses numbers below 1"},
      {[](Schema& s) { s.fields[kIncome].special.clear(); }, "field \"income\" does not know the code -9"},
      {[](Schema& s) { s.fields[kSince].date_format = "%d.%m.%Y"; }, "field \"since\" has dates of the form"},
      {[](Schema& s) { s.fields[kSex].name = "gender"; }, "no field \"sex\""},
      {[](Schema& s) { s.fields[kId].role = Role::dropped; }, "other id fields"},
      {[](Schema& s) { s.missing.pop_back(); }, "missing token \"?\""},
  };
  for (const auto& [change, reason] : narrower) {
    const std::string why = schemas.refusal(plain, changed(change));
    CAPTURE(reason);
    CHECK(why.find("cannot be the challenger of \"loans\": ") != std::string::npos);
    CHECK(why.find(reason) != std::string::npos);
  }
  const std::vector<std::pair<std::function<void(Schema&)>, std::string>> wider{
      {[](Schema& s) { s.fields[kHome].unseen = UnseenPolicy::missing; }, "refuses levels that it has not seen"},
      {[](Schema& s) { s.fields[kIncome].missing = {"none"}; }, "missing token \"none\""},
      {[](Schema& s) { s.fields[kIncome].maximum.reset(); }, "refuses numbers above"},
      {[](Schema& s) { s.fields[kIncome].required = false; }, "field \"income\" is required"},
  };
  for (const auto& [change, reason] : wider) {
    CAPTURE(reason);
    CHECK(schemas.refusal(changed(change), plain).find(reason) != std::string::npos);
    CHECK(schemas.refusal(plain, changed(change)) == "accepted");
  }
}

TEST_CASE("both models are replaced while they answer, unless they would no longer take the same requests") {
  Challenged f(100);
  const auto third = stricter(f.folder / "third");
  f.service.replace(third, serve::ModelRole::challenger);
  CHECK(text_of(*parsed(f.score("x").body).find("model"), "name") == "third");
  CHECK(f.service.model() == f.model);
  Schema wide = tiny::schema();
  wide.fields[1].maximum = 1e9;
  const auto wider = stricter(f.folder / "wider", wide);
  CHECK_THROWS_WITH_AS(f.service.replace(wider), doctest::Contains("refuses numbers above 1e+07"), Error);
  CHECK(f.service.model() == f.model);
  f.service.replace(wider, serve::ModelRole::challenger);
  f.service.replace(wider);
  CHECK(f.service.model() == wider);
  CHECK(f.score("x", R"({"income":1e8,"home":"OWN"})").status == 200);
  CHECK_THROWS_AS(f.service.replace(third, serve::ModelRole::shadow), Error);  // there is none
}
