#include <riskflag/serve/monitor_state.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

constexpr std::int64_t kNow = 1'796'000'000'000;

/// A process of riskflag-serve, as far as monitoring goes.
struct Process {
  serve::Service service;
  std::unique_ptr<serve::MonitorState> state;
  Process(const std::shared_ptr<const bundle::Bundle>& model, const tiny::Folder& folder, const std::string& place,
          const std::shared_ptr<const bundle::Bundle>& challenger = nullptr,
          const std::shared_ptr<const bundle::Bundle>& shadow = nullptr)
      : service(model) {
    if (challenger) service.set_challenger(challenger, 50);
    if (shadow) service.set_shadow(shadow);
    service.set_outcome_log(std::make_shared<serve::OutcomeLog>(folder / "outcomes"));
    state = std::make_unique<serve::MonitorState>(folder / place, service, kNow);
  }
  [[nodiscard]] serve::Response post(std::string_view body, std::string_view type, std::string_view target) const {
    const std::vector<serve::Header> headers{{"content-type", type}};
    return service.handle({"POST", target, headers, body});
  }
  /// Scores so many rows of an income that no training row had; the id of the last decision.
  std::string score(int rows) {
    std::string body = "[";
    for (int i = 0; i < rows; ++i) body += std::string(i == 0 ? "" : ",") + R"({"income":9999,"home":"OWN"})";
    const auto answer = post(body + "]", "application/json", "/v1/score");
    REQUIRE(answer.status == 200);
    while (service.score_shadow(std::chrono::milliseconds(0))) {
    }
    return text_of(parsed(answer.body).array()->back(), "decision_id");
  }
  void outcome(const std::string& id) {
    REQUIRE(post(R"({"decision_id":")" + id + R"(","outcome":1,"observed_at":"2026-11-30T10:00:00Z"})",
                 "application/json", "/v1/outcomes")
                .status == 202);
  }
  [[nodiscard]] Json seen() {
    service.tick(kNow + 1000);
    return parsed(service.handle({"GET", "/v1/monitor", {}, {}}).body);
  }
};
double decisions_of(const Json& at) { return number_of(*at.find("performance")->find("all"), "decisions"); }
double outcomes_of(const Json& at) { return number_of(*at.find("performance")->find("all"), "outcomes"); }
std::size_t windows_of(const Json& at) { return at.find("live")->find("windows")->array()->size(); }

}  // namespace

TEST_CASE("a server that is started again knows its windows, its decisions and their outcomes") {
  const Fixture f;
  std::string id, unjudged;
  {
    Process first(f.model, f.folder, "state", nullptr, f.model);
    CHECK(first.state->restored() == 0);
    first.service.tick(kNow);
    id = first.score(600);
    unjudged = first.score(1);
    first.outcome(id);
    CHECK(first.state->save(kNow));
  }
  Process second(f.model, f.folder, "state", nullptr, f.model);
  CHECK(second.state->refusals().empty());
  CHECK(second.state->restored() == 4);
  second.score(399);
  second.outcome(unjudged);
  const Json seen = second.seen();
  CHECK(decisions_of(seen) == 1000);
  CHECK(outcomes_of(seen) == 2);
  CHECK(decisions_of(*seen.find("shadow")) == 1000);
  CHECK(outcomes_of(*seen.find("shadow")) == 2);
  CHECK(number_of(seen, "unknown_outcomes") == 0);
  REQUIRE(windows_of(seen) > 0);
  const Json& window = seen.find("live")->find("windows")->array()->at(0);
  CHECK(text_of(window, "window") == "1000rows");
  CHECK(number_of(window, "rows") == 1000);
  CHECK(number_of(*seen.find("live"), "rows") == 399);  // this process'
}

TEST_CASE("what was kept of a challenger goes on when it is the champion; another model begins anew") {
  const Fixture f;
  const auto other = stricter(f.folder / "other");
  Model even_stricter = tiny::model();
  even_stricter.base_margin = {-3.0};
  tiny::save_to(f.folder / "third", tiny::schema(), even_stricter);
  const auto third = std::make_shared<const bundle::Bundle>(bundle::open(f.folder / "third"));
  std::string id;
  {
    Process first(f.model, f.folder, "state", other);
    for (int i = 0; i < 40; ++i) id = first.score(1);
    CHECK(first.state->save(kNow));
    const Json seen = first.seen();
    CHECK(decisions_of(seen) + decisions_of(*seen.find("challenger")) == 40);
  }
  double of_other = 0;
  {
    Process promoted(other, f.folder, "state");
    of_other = decisions_of(promoted.seen());
    CHECK(of_other > 0);
    CHECK(of_other < 40);
    CHECK(windows_of(promoted.seen()) == 0);  // what it answered as challenger is no window of the champion's
    CHECK(promoted.state->save(kNow));
  }
  CHECK(decisions_of(Process(f.model, f.folder, "state").seen()) == 40 - of_other);
  CHECK(decisions_of(Process(third, f.folder, "state").seen()) == 0);
}

TEST_CASE("only what changed is written, and a place that cannot be written is said and tried again") {
  const Fixture f;
  Process process(f.model, f.folder, "state");
  process.score(3);
  REQUIRE(process.state->save(kNow));
  const std::string name = f.folder / "state/performance-" + f.model->digest.substr(0, 16) + ".state";
  const std::string kept = read_file(name);
  using std::filesystem::perms;
  CHECK((std::filesystem::status(name).permissions() & (perms::others_all | perms::group_write)) == perms::none);
  write_file(name, "x");
  REQUIRE(process.state->save(kNow));
  CHECK(read_file(name) == "x");
  remove_all(name);
  make_directories(name);  // nothing can be renamed over it
  process.score(1);
  CHECK_FALSE(process.state->save(kNow));
  CHECK(process.state->take_problem().value_or("").find(name) != std::string::npos);
  CHECK_FALSE(process.state->take_problem().has_value());
  remove_all(name);
  CHECK(process.state->save(kNow));
  CHECK(read_file(name).size() == kept.size() + 32);
}

TEST_CASE("a file that is damaged or of a newer riskflag is told, the rest goes on") {
  const Fixture f;
  {
    Process first(f.model, f.folder, "state");
    first.score(3);
    REQUIRE(first.state->save(kNow));
  }
  const std::string name = f.folder / "state/windows-champion.state";
  write_file(name, read_file(name).substr(0, 200));
  Process second(f.model, f.folder, "state");
  REQUIRE(second.state->refusals().size() == 1);
  CHECK(second.state->refusals()[0].find(name) != std::string::npos);
  CHECK(second.state->restored() == 1);
  CHECK(decisions_of(second.seen()) == 3);
  CHECK(second.state->save(kNow));
  second.state.reset();
  CHECK(Process(f.model, f.folder, "state").state->restored() == 2);
}

TEST_CASE("a directory is one server's, and files of models that went are few") {
  const Fixture f;
  for (int i = 0; i < 12; ++i) {
    make_directories(f.folder / "state");
    write_file(f.folder / "state/performance-" + std::to_string(i) + ".state", "");
  }
  write_file(f.folder / "state/mine.txt", "");
  write_file(f.folder / "state/performance-1.state.tmp-7-1", "");  // of a process that was killed
  Process first(f.model, f.folder, "state");
  CHECK(list_directory(f.folder / "state").size() == serve::MonitorState::kMostFiles + 2);  // and the lock
  CHECK_THROWS_AS(Process(f.model, f.folder, "state"), Error);
  Process elsewhere(f.model, f.folder, "elsewhere");
}
