#include <riskflag/track.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace track = riskflag::track;

namespace {

/// Writes down what it hears; fails on request.
class Listener final : public track::Logger {
 public:
  explicit Listener(std::string name) : name_(std::move(name)) {}
  std::string begin_run(const track::RunInfo& info) override {
    if (fails) riskflag::fail(riskflag::ErrorCode::io, name_, "is down");
    const std::string id = name_ + std::to_string(++runs_);
    heard.push_back("begin " + id + " parent=" + info.parent_run_id);
    return id;
  }
  void log_metrics(const std::string& id, std::span<const track::MetricPoint> points) override {
    if (fails) riskflag::fail(riskflag::ErrorCode::io, name_, "is down");
    heard.push_back(id + " metrics " + std::to_string(points.size()));
  }
  void log_artifact(const std::string& id, const track::Artifact& artifact) override {
    heard.push_back(id + " artifact " + artifact.path);
  }
  void log_text(const std::string& id, const std::string& name, std::string_view text) override {
    heard.push_back(id + " text " + name + " " + std::string(text));
  }
  void end_run(const std::string& id, track::RunStatus status) override {
    heard.push_back(id + " " + std::string(name_of(status)));
  }
  std::vector<std::string> heard;
  bool fails = false;

 private:
  std::string name_;
  int runs_ = 0;
};

}  // namespace

TEST_CASE("run ids are 32 hex digits and do not repeat") {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = track::new_run_id();
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    ids.insert(id);
  }
  CHECK(ids.size() == 1000);
}

TEST_CASE("a run that an exception leaves is marked as failed, a finished one is ended once") {
  Listener listener("a");
  try {
    track::Run run(listener, {});
    run.metric("auc", 0.5);
    throw 1;
  } catch (int) {
  }
  CHECK(listener.heard.back() == "a1 FAILED");
  {
    track::Run run(listener, {});
    track::Run moved = std::move(run);
    moved.finish(track::RunStatus::killed);
  }
  CHECK(listener.heard.back() == "a2 KILLED");
  CHECK(listener.heard.size() == 5);
}

TEST_CASE("each logger behind a tee hears every record under its own run id, and its own parent's") {
  auto a = std::make_shared<Listener>("a"), b = std::make_shared<Listener>("b");
  (void)b->begin_run({});  // b counts differently
  track::TeeLogger tee;
  tee.add(a).add(b);
  track::Run parent(tee, {});
  track::Run child(tee, {.parent_run_id = parent.id()});
  child.metric("auc", 0.5, 3);
  child.model({"/m"});
  child.text("a/b.txt", "c");
  child.finish();
  CHECK(a->heard == std::vector<std::string>{"begin a1 parent=", "begin a2 parent=a1", "a2 metrics 1", "a2 artifact /m",
                                             "a2 text a/b.txt c", "a2 FINISHED"});
  CHECK(b->heard == std::vector<std::string>{"begin b1 parent=", "begin b2 parent=", "begin b3 parent=b2",
                                             "b3 metrics 1", "b3 artifact /m", "b3 text a/b.txt c", "b3 FINISHED"});
  parent.finish();
}

TEST_CASE("an optional logger that fails is reported and the others hear all; a required one throws after they did") {
  auto optional = std::make_shared<Listener>("o"), required = std::make_shared<Listener>("r"),
       other = std::make_shared<Listener>("x");
  std::vector<std::string> errors;
  track::TeeLogger tee([&](std::string_view message) { errors.emplace_back(message); });
  tee.add(optional, track::OnError::report).add(required).add(other);
  optional->fails = true;
  const std::string id = tee.begin_run({});
  CHECK(id == "r1");
  optional->fails = false;
  tee.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 0.5}});
  CHECK(errors == std::vector<std::string>{"o: is down"});
  CHECK(optional->heard.empty());  // it never began the run
  CHECK(other->heard.back() == "x1 metrics 1");
  required->fails = true;
  CHECK_THROWS_AS(tee.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 0.5}, {"ks", 0.2}}), riskflag::Error);
  CHECK(other->heard.back() == "x1 metrics 2");
}

TEST_CASE("the console tells one line a step, and no control bytes") {
  std::vector<std::string> lines;
  track::ConsoleLogger console([&](std::string_view line) { lines.emplace_back(line); });
  const std::string id = console.begin_run({.experiment = "credit", .name = "a\x1b[31m\nb"});
  console.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 0.5, 1, 0}, {"ks", 0.25, 1, 0}, {"auc", 0.75, 2, 0}});
  console.log_dataset(id, {"train.csv", "0123456789abcdef", "train", "", "", 100, 5});
  console.end_run(id, track::RunStatus::finished);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "run " + id.substr(0, 8) + " of experiment credit: a\\x1b[31m\\x0ab");
  CHECK(lines[1] == "[1] auc 0.5  ks 0.25");
  CHECK(lines[2] == "[2] auc 0.75");
  CHECK(lines[3] == "dataset train.csv (train): 100 rows, digest 0123456789ab");
  CHECK(lines[4].starts_with("run " + id.substr(0, 8) + " FINISHED after "));
}

TEST_CASE("the null logger takes everything") {
  track::NullLogger null;
  track::Run run(null, {});
  CHECK(run.id().size() == 32);
  run.param("a", "b");
  run.metric("auc", 1.0, 3);
  run.finish();
}
