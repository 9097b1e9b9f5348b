#include <riskflag/mlflow/logger.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>

#include <riskflag/track/journal_reader.hpp>

#include "../track/fresh_directory.hpp"

namespace http = riskflag::http;
namespace mlflow = riskflag::mlflow;
namespace track = riskflag::track;

namespace {

/// A server in this process that holds every batch back until it is told to take them.
struct SlowServer {
  std::atomic<bool> takes{false};
  std::atomic<int> pause_ms{0}, batches{0};
  std::atomic<std::size_t> longest{0}, points{0}, runs{0};
  std::set<std::pair<std::string, std::int64_t>> known{};  // (key, step) of what was taken; by the sender alone
};

class SlowConnection final : public http::Connection {
 public:
  SlowConnection(SlowServer& server, http::ConnectionOptions options) : server_(server), options_(std::move(options)) {}

  http::Response exchange(const http::Outgoing& request, riskflag::ByteSink*) override {
    const std::string_view path = request.target;
    const auto asks = [&](std::string_view end) { return path.substr(0, path.find('?')).ends_with(end); };
    http::Response answer;
    answer.body = "{}";
    if (asks("/version")) answer.body = "3.17.2";
    if (asks("/get-by-name")) answer.body = R"({"experiment":{"experiment_id":"1"}})";
    if (asks("/runs/create")) {
      ++server_.runs;
      answer.body = R"({"run":{"info":{"run_id":"r1","experiment_id":"1","artifact_uri":"s3://bucket"}}})";
    }
    if (asks("/log-batch")) take(request.body);
    return answer;
  }
  [[nodiscard]] bool last_attempt_was_sent() const noexcept override { return true; }

 private:
  void take(std::string_view body) {
    std::this_thread::sleep_for(std::chrono::milliseconds(server_.pause_ms));
    ++server_.batches;
    while (!server_.takes) {
      if (options_.stop.stop_requested()) riskflag::fail(riskflag::ErrorCode::cancelled, "slow", "stopped");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    server_.longest = std::max(server_.longest.load(), body.size());
    const riskflag::Json json = riskflag::value_or_throw(riskflag::read_json(body, "batch"));
    for (const riskflag::Json& point : *json.find("metrics")->array()) {
      ++server_.points;
      server_.known.emplace(riskflag::value_or_throw(point.find("key")->string()),
                            riskflag::value_or_throw(point.find("step")->integer()));
    }
  }
  SlowServer& server_;
  http::ConnectionOptions options_;
};

/// Bytes that malloc has given out; 0 under a sanitizer, which has its own.
std::size_t heap_in_use() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

}  // namespace

TEST_CASE(
    "a server that does not keep up costs no memory and no record: the journal is the queue, and flush tells it") {
  const FreshDirectory home("mlflow_logger");
  SlowServer server;
  mlflow::LoggerOptions options;
  options.settings.uri = "http://slow:5000";
  options.connect = [&](const http::Url&, const http::ConnectionOptions& how) {
    return std::make_unique<SlowConnection>(server, how);
  };
  options.journal = home.path("runs");
  options.last_words_ms = 100;
  mlflow::MlflowLogger logger(options);
  const std::string run = logger.begin_run({.experiment = "e", .name = "n"});
  CHECK(run == "r1");

  constexpr std::int64_t kBatches = 40, kPoints = 1000;
  std::vector<track::MetricPoint> points(kPoints);
  const std::size_t before = heap_in_use();
  for (std::int64_t b = 0; b < kBatches; ++b) {
    for (std::int64_t i = 0; i < kPoints; ++i) {
      points[static_cast<std::size_t>(i)] = {"train.binary_logloss.of.a.long.name", 0.5, b * kPoints + i,
                                             1764000000123};
    }
    logger.log_metrics(run, points);
  }
  const std::string journal = home.path("runs/r1.jsonl");
  const std::uintmax_t written = std::filesystem::file_size(journal);
  CHECK(written > std::uintmax_t{3} << 20);
  CHECK(heap_in_use() < before + (std::size_t{2} << 20));  // the piece of 256 KiB that waits, as text, JSON and points

  std::string told;
  try {
    logger.flush();
  } catch (const riskflag::Error& error) {
    CHECK(error.code() == riskflag::ErrorCode::io);
    told = error.what();
  }
  CHECK(told.find("not everything could be sent") != std::string::npos);
  CHECK(told.find("riskflag-registry sync " + home.path("runs") + " http://slow:5000") != std::string::npos);
  CHECK(track::read_run(journal).metrics.size() == kBatches * kPoints);

  server.takes = true;
  logger.end_run(run, track::RunStatus::finished);
  for (int patience = 600; patience > 0; --patience) {  // each as long as something arrives within 0.1 s
    try {
      logger.flush();
      break;
    } catch (const riskflag::Error&) {
      if (patience == 1) throw;
    }
  }
  CHECK(server.runs == 1);
  CHECK(server.points == kBatches * kPoints);  // each once
  CHECK(server.known.size() == kBatches * kPoints);
  CHECK(server.longest < 1'000'000);
}

TEST_CASE("flush waits as long as answers come, however long all of them take") {
  const FreshDirectory home("mlflow_logger_flush");
  SlowServer server;
  server.takes = true;
  mlflow::LoggerOptions options;
  options.settings.uri = "http://slow:5000";
  options.connect = [&](const http::Url&, const http::ConnectionOptions& how) {
    return std::make_unique<SlowConnection>(server, how);
  };
  options.journal = home.path("runs");
  options.last_words_ms = 1500;
  mlflow::MlflowLogger logger(options);
  const std::string run = logger.begin_run({.experiment = "e", .name = "n"});
  server.pause_ms = 250;
  std::vector<track::KeyValue> params;
  for (int i = 0; i < 1000; ++i) params.push_back({"p" + std::to_string(i), "1"});
  logger.log_params(run, params);  // one line of the journal, ten calls
  logger.end_run(run, track::RunStatus::finished);
  logger.flush();
  CHECK(server.batches == 10);
}
