#include <riskflag/track/journal.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <riskflag/track/dead_runs.hpp>
#include <riskflag/track/journal_reader.hpp>

#include "fresh_directory.hpp"

namespace track = riskflag::track;
using riskflag::Error;
using riskflag::ErrorCode;

namespace {

std::string only_journal_file(const std::string& directory) {
  std::string found;
  for (const std::string& name : riskflag::list_directory(directory)) {
    if (name.ends_with(".jsonl")) found = riskflag::join_path(directory, name);
  }
  return found;
}

}  // namespace

TEST_CASE("a run that ended is gone on with under its id: it runs again, and began when it first began") {
  const FreshDirectory home("journal_again");
  track::JournalLogger journal(home.path("runs"));
  const std::string id = journal.begin_run({.name = "one", .start_ms = 1764000000123});
  journal.log_params(id, std::vector<track::KeyValue>{{"a", "1"}});
  journal.end_run(id, track::RunStatus::killed);
  const auto run = [&] {
    const std::vector<track::RunRecord> runs = track::read_journal(home.path("runs"));
    REQUIRE(runs.size() == 1);
    return runs[0];
  };
  CHECK(run().status == track::RunStatus::killed);
  CHECK(journal.begin_run({.name = "one", .run_id = id}) == id);
  CHECK(run().status == track::RunStatus::running);
  CHECK(run().end_ms == 0);
  CHECK(run().info.start_ms == 1764000000123);
  journal.log_params(id, std::vector<track::KeyValue>{{"b", "2"}});
  journal.end_run(id, track::RunStatus::finished);
  CHECK(run().status == track::RunStatus::finished);
  CHECK(run().params.size() == 2);
}

TEST_CASE("everything that was logged is read back") {
  const FreshDirectory home("journal");
  track::JournalLogger journal(home.path("runs"));
  riskflag::write_file(home.path("report.html"), "<p>report</p>");
  riskflag::make_directories(home.path("model"));
  riskflag::write_file(home.path("model/model.json"), "{}");
  const std::string id = journal.begin_run({"credit", "first \"try\"\n", "", {{"who", "me"}}, 1764000000123});
  journal.log_params(id, std::vector<track::KeyValue>{{"num_leaves", "31"}, {"learning_rate", "0.1"}});
  journal.log_metrics(
      id, std::vector<track::MetricPoint>{{"valid-auc", 0.1 + 0.2, 1, 0}, {"valid-auc", 0.5, 2, 1764000000999}});
  journal.log_metrics(id, std::vector<track::MetricPoint>{{"nan", std::numeric_limits<double>::quiet_NaN()},
                                                          {"inf", -std::numeric_limits<double>::infinity()}});
  journal.set_tags(id, std::vector<track::KeyValue>{{"who", "you"}, {"git", "abc"}});
  journal.log_dataset(id, {"train.csv", "d1", "train", "/data/train.csv", R"({"a":1})", 100, 7});
  journal.log_artifact(id, {home.path("report.html"), "pages/report.html"});
  journal.log_model(id, {home.path("model")});
  journal.end_run(id, track::RunStatus::finished);

  const std::vector<track::RunRecord> runs = track::read_journal(home.path("runs"));
  REQUIRE(runs.size() == 1);
  const track::RunRecord& run = runs[0];
  CHECK(run.notes.empty());
  CHECK(run.run_id == id);
  CHECK(run.info.experiment == "credit");
  CHECK(run.info.name == "first \"try\"\n");
  CHECK(run.info.start_ms == 1764000000123);
  CHECK(run.status == track::RunStatus::finished);
  CHECK(run.end_ms > run.info.start_ms);
  REQUIRE(run.params.size() == 2);
  CHECK(run.params[1].value == "0.1");
  REQUIRE(run.tags.size() == 2);
  CHECK(run.tags[0].value == "you");  // the last value of a tag wins
  CHECK(run.info.tags[0].value == "me");
  REQUIRE(run.metrics.size() == 4);
  CHECK(run.metrics[0].value == 0.1 + 0.2);  // to the bit
  CHECK(run.metrics[1].step == 2);
  CHECK(run.metrics[1].time_ms == 1764000000999);
  CHECK(riskflag::is_missing(run.metrics[2].value));
  CHECK(run.metrics[3].value == -std::numeric_limits<double>::infinity());
  CHECK(run.last_metric("valid-auc") == 0.5);
  REQUIRE(run.datasets.size() == 1);
  CHECK(run.datasets[0].schema_json == R"({"a":1})");
  CHECK(run.datasets[0].rows == 100);
  REQUIRE(run.artifacts.size() == 2);
  CHECK(run.artifacts[0].sha256 == riskflag::sha256_hex("<p>report</p>"));
  CHECK(riskflag::read_file(riskflag::join_path(home.path("runs"), run.artifacts[0].path)) == "<p>report</p>");
  CHECK(run.artifacts[1].is_model);
  CHECK(riskflag::read_file(riskflag::join_path(home.path("runs"), run.artifacts[1].path) + "/model.json") == "{}");
}

TEST_CASE("a torn last line is left out, and said so") {
  const FreshDirectory home("torn");
  track::JournalLogger journal(home.path("runs"));
  const std::string id = journal.begin_run({});
  journal.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 0.5, 1, 0}});
  const std::string path = only_journal_file(home.path("runs"));
  const std::string whole = riskflag::read_file(path);
  const std::size_t second = whole.find('\n') + 1;
  for (std::size_t cut = second + 1; cut < whole.size() - 1;
       ++cut) {  // after every byte of the last record but its end
    CAPTURE(cut);
    riskflag::write_file(path, whole.substr(0, cut));
    const track::RunRecord run = track::read_run(path);
    CHECK(run.metrics.empty());
    CHECK(run.run_id == id);
    REQUIRE(run.notes.size() == 1);
    CHECK(run.notes[0].code == "torn_line");
    CHECK(run.notes[0].message.find(".jsonl:2: ") != std::string::npos);
  }
  riskflag::write_file(path, whole.substr(0, whole.size() - 1));  // only the newline is lost: the record is whole
  CHECK(track::read_run(path).metrics.size() == 1);
  CHECK(track::read_run(path).notes.empty());
}

TEST_CASE("a record after a torn one is not lost with it") {
  const FreshDirectory home("after_torn");
  std::string id;
  {
    track::JournalLogger journal(home.path("runs"));
    id = journal.begin_run({});
    journal.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 0.5, 1, 0}});
  }
  const std::string path = only_journal_file(home.path("runs"));
  const std::string whole = riskflag::read_file(path);
  riskflag::write_file(path, whole.substr(0, whole.size() - 9));
  track::JournalLogger journal(home.path("runs"));
  journal.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 0.75, 2, 0}});
  const track::RunRecord run = track::read_run(path);
  REQUIRE(run.metrics.size() == 1);
  CHECK(run.metrics[0].value == 0.75);
  REQUIRE(run.notes.size() == 1);
  CHECK(run.notes[0].code == "torn_line");
}

TEST_CASE("a line that is no record is left out with its reason, and unknown record types pass") {
  const FreshDirectory home("bad_line");
  track::JournalLogger journal(home.path("runs"));
  const std::string id = journal.begin_run({});
  const std::string path = only_journal_file(home.path("runs"));
  riskflag::AppendFile file(path);
  file.append(
      R"({"v":1,"type":"metrics","ts":"2026-11-22T10:00:00.000Z","metrics":[{"key":"a","value":"x","step":0}]})");
  file.append(R"({"v":1,"type":"from-the-future","ts":"2026-11-22T10:00:00.000Z","what":[]})");
  file.append("[1,2}");
  journal.end_run(id, track::RunStatus::killed);
  const track::RunRecord run = track::read_run(path);
  CHECK(run.status == track::RunStatus::killed);
  CHECK(run.metrics.empty());
  REQUIRE(run.notes.size() == 2);
  CHECK(run.notes[0].code == "bad_line");
  CHECK(run.notes[0].message.find(":2") != std::string::npos);
  CHECK(run.notes[1].message.find(":4") != std::string::npos);
}

TEST_CASE("invariant: kill -9 at any moment loses at most the last line of a journal") {
  for (int round = 0; round < 5; ++round) {
    const FreshDirectory home("kill");
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      track::JournalLogger journal(home.path("runs"));
      const std::string id = journal.begin_run({});
      for (std::int64_t step = 1;; ++step) {
        journal.log_metrics(id, std::vector<track::MetricPoint>{{"auc", 1.0 / static_cast<double>(step), step, 0}});
        // Told to the parent only when the journal has it: what the parent counts must be found.
        if (::write(pipe_ends[1], &step, sizeof step) != sizeof step) ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    std::int64_t told = 0;
    for (int i = 0; i < 50 * (round + 1); ++i) REQUIRE(::read(pipe_ends[0], &told, sizeof told) == sizeof told);
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    for (std::int64_t step = 0; ::read(pipe_ends[0], &step, sizeof step) == sizeof step;) told = step;
    ::close(pipe_ends[0]);
    const std::vector<track::RunRecord> runs = track::read_journal(home.path("runs"));
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].status == track::RunStatus::running);
    CHECK(static_cast<std::int64_t>(runs[0].metrics.size()) >= told);
    CHECK(static_cast<std::int64_t>(runs[0].metrics.size()) <= told + 1);
    for (std::size_t i = 0; i < runs[0].metrics.size(); ++i) {
      REQUIRE(runs[0].metrics[i].step == static_cast<std::int64_t>(i) + 1);
    }
    CHECK(runs[0].notes.size() <= 1);
  }
}

TEST_CASE("a run whose writer was killed is ended as KILLED at its last record, and no other run is") {
  const FreshDirectory home("dead");
  track::JournalLogger journal(home.path("runs"));
  const std::string alive = journal.begin_run({}), finished = journal.begin_run({});
  journal.end_run(finished, track::RunStatus::finished);
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    track::JournalLogger own(home.path("runs"));
    const std::string id = own.begin_run({.start_ms = 1'700'000'000'000});
    own.log_text(id, "notes/kept.txt", "whole");
    riskflag::write_file(home.path("runs/" + id + "/notes/half.txt.tmp-1-0"), "ha");
    riskflag::make_directories(home.path("runs/" + id + "/model.tmp-1-0"));
    if (::write(pipe_ends[1], id.data(), id.size()) < 0) ::_exit(1);
    ::pause();
  }
  std::string dead(32, ' ');
  REQUIRE(::read(pipe_ends[0], dead.data(), dead.size()) == 32);
  CHECK(track::end_dead_runs(home.path("runs")).empty());  // it lives
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const std::int64_t last = track::read_run(home.path("runs/" + dead + ".jsonl")).last_ms;
  riskflag::AppendFile(home.path("runs/" + dead + ".jsonl")).append(R"({"v":1,"type":"cut)");

  CHECK(track::end_dead_runs(home.path("runs")) == std::vector<std::string>{dead});
  const track::RunRecord run = track::read_run(home.path("runs/" + dead + ".jsonl"));
  CHECK(run.status == track::RunStatus::killed);
  CHECK(run.end_ms == last);
  CHECK(last > run.info.start_ms);
  CHECK(riskflag::list_directory(home.path("runs/" + dead)) == std::vector<std::string>{"notes"});
  CHECK(riskflag::list_directory(home.path("runs/" + dead + "/notes")) == std::vector<std::string>{"kept.txt"});
  CHECK(track::read_run(home.path("runs/" + alive + ".jsonl")).status == track::RunStatus::running);
  CHECK(track::read_run(home.path("runs/" + finished + ".jsonl")).status == track::RunStatus::finished);
  CHECK(track::end_dead_runs(home.path("runs")).empty());  // once
  journal.end_run(alive, track::RunStatus::finished);
  for (const std::string& name : riskflag::list_directory(home.path("runs"))) CHECK_FALSE(name.ends_with(".running"));

  // Gone on with under its id, it is somebody's again.
  CHECK(journal.begin_run({.run_id = dead}) == dead);
  CHECK(track::end_dead_runs(home.path("runs")).empty());
  journal.end_run(dead, track::RunStatus::finished);
  CHECK(track::read_run(home.path("runs/" + dead + ".jsonl")).status == track::RunStatus::finished);
}

TEST_CASE("many processes and threads write one run and their own, and no record is lost or mixed") {
  const FreshDirectory home("many");
  track::JournalLogger journal(home.path("runs"));
  const std::string shared = journal.begin_run({.name = "shared"});
  constexpr int kProcesses = 4, kThreads = 2, kRecords = 100;
  const std::string padding(3000, 'x');  // lines longer than a pipe's atomic size
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      track::JournalLogger own(home.path("runs"));
      const std::string id = own.begin_run({.name = "own", .parent_run_id = shared});
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0; i < kRecords; ++i) {
            const std::string key = std::to_string(p) + "." + std::to_string(t) + "." + std::to_string(i);
            own.log_params(shared, std::vector<track::KeyValue>{{key, padding}});
            own.log_metrics(id, std::vector<track::MetricPoint>{{"m", 1.0, t * kRecords + i, 0}});
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      own.end_run(id, track::RunStatus::finished);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
  }
  std::size_t finished = 0;
  for (const track::RunRecord& run : track::read_journal(home.path("runs"))) {
    CHECK(run.notes.empty());
    if (run.run_id == shared) {
      CHECK(run.params.size() == kProcesses * kThreads * kRecords);
      for (const track::KeyValue& param : run.params) REQUIRE(param.value == padding);
      continue;
    }
    CHECK(run.info.parent_run_id == shared);
    CHECK(run.metrics.size() == kThreads * kRecords);
    finished += run.status == track::RunStatus::finished ? 1 : 0;
  }
  CHECK(finished == kProcesses);
}

TEST_CASE("a run id or artifact name that would leave the journal's directory is refused") {
  const FreshDirectory home("escape");
  track::JournalLogger journal(home.path("runs"));
  riskflag::write_file(home.path("a"), "a");
  CHECK_THROWS_AS(journal.log_params("../x", std::vector<track::KeyValue>{{"a", "b"}}), Error);
  const std::string id = journal.begin_run({});
  for (const char* name : {"../a", "/a", "x/../../a", "x//a"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(journal.log_artifact(id, {home.path("a"), name}), Error);
    CHECK_THROWS_AS(journal.log_text(id, name, "a"), Error);
  }
}

TEST_CASE("a text becomes a file of the run, however other artifacts are kept") {
  for (const track::Keep keep : {track::Keep::copy, track::Keep::reference}) {
    const FreshDirectory home("text");
    track::JournalLogger journal(home.path("runs"), keep);
    const std::string id = journal.begin_run({});
    journal.log_text(id, "figures/a.svg", "abc");
    const track::RunRecord run = track::read_run(home.path("runs/" + id + ".jsonl"));
    REQUIRE(run.artifacts.size() == 1);
    CHECK(run.artifacts[0].name == "figures/a.svg");
    CHECK(run.artifacts[0].path == id + "/figures/a.svg");
    CHECK(run.artifacts[0].sha256 ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4, "abc"
    CHECK(riskflag::read_file(home.path("runs/" + id + "/figures/a.svg")) == "abc");
  }
}

TEST_CASE("an artifact kept by reference is noted with its digest and not copied") {
  const FreshDirectory home("reference");
  track::JournalLogger journal(home.path("runs"), track::Keep::reference);
  riskflag::write_file(home.path("a.txt"), "abc");
  const std::string id = journal.begin_run({});
  journal.log_artifact(id, {home.path("a.txt")});
  const track::RunRecord run = track::read_run(home.path("runs/" + id + ".jsonl"));
  REQUIRE(run.artifacts.size() == 1);
  CHECK(run.artifacts[0].path == home.path("a.txt"));
  CHECK(run.artifacts[0].sha256 ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4, "abc"
  CHECK_FALSE(riskflag::exists(home.path("runs/" + id)));
  try {
    journal.log_artifact(id, {home.path("absent")});
    FAIL("an absent artifact was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::not_found);
  }
}
