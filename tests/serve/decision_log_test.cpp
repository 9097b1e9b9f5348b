#include <riskflag/serve/decision_log.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <riskflag/core/hmac.hpp>
#include <riskflag/monitor/decision_record.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

std::vector<std::string> lines_of(const std::string& directory, const std::string& prefix) {
  std::vector<std::string> out;
  (void)monitor::each_log_line(monitor::log_paths(directory, prefix),
                               [&](std::string_view line, const std::string&) { out.emplace_back(line); });
  return out;
}

struct Logged : Fixture {
  std::shared_ptr<serve::DecisionLog> log;
  explicit Logged(serve::DecisionLog::Options options = {})
      : log(std::make_shared<serve::DecisionLog>(folder / "log", std::move(options))) {
    service.set_decision_log(log);
  }
  [[nodiscard]] std::vector<std::string> lines() const { return lines_of(folder / "log", "decisions"); }
  [[nodiscard]] std::vector<monitor::DecisionRecord> records() const {
    std::vector<monitor::DecisionRecord> out;
    for (const std::string& line : lines()) out.push_back(monitor::parse_decision(line, "log"));
    return out;
  }
};

/// The probability of a record's fields, read as cells of a CSV.
double replayed(const bundle::Bundle& model, const monitor::DecisionRecord& record) {
  const bundle::RowProgram program(model);
  std::vector<bundle::RawCell> cells(program.inputs().size());
  for (const auto& [name, text] : record.fields.value()) {
    cells[program.find_input(name)] =
        text ? bundle::RawCell::of_csv(*text) : bundle::RawCell{bundle::RawCell::Kind::null, {}};
  }
  std::vector<double> features(program.features());
  bundle::RowProgram::Scratch scratch;
  std::vector<bundle::FieldIssue> issues;
  REQUIRE(program.prepare(cells, features, scratch, issues));
  return program.probability(features);
}

}  // namespace

TEST_CASE("a decision is logged with the contract's members, in order") {
  const Logged f;
  const std::vector<serve::Header> headers{{"Content-Type", "application/json"}, {"X-Request-Id", "r-1"}};
  const auto answer = f.service.handle({"POST", "/v1/score", headers, kGood});
  REQUIRE(answer.status == 200);
  REQUIRE(f.lines().size() == 1);
  const Json line = parsed(f.lines()[0]), json = parsed(answer.body);
  std::string keys;
  for (const auto& [key, value] : *line.object()) keys += key + " ";
  CHECK(keys == "v ts decision_id request_id row id role model fields hmac probability threshold risk reasons ");
  CHECK(f.lines()[0].find(R"("fields":{"income":"500","home":"OWN","since":null},"hmac":null,)") != std::string::npos);
  CHECK(f.lines()[0].find(R"("row":1,"id":{"id":"a-1"},"role":"champion","model":{"name":"loans",)") !=
        std::string::npos);
  CHECK(f.lines()[0].ends_with(R"("threshold":0.5,"risk":"High","reasons":null})"));
  const auto record = monitor::parse_decision(f.lines()[0], "log");
  CHECK(record.decision_id == text_of(json, "decision_id"));
  CHECK(record.request_id == "r-1");
  CHECK(record.model_digest == f.model->digest);
  CHECK(record.probability == tiny::of_margin(0.75));
  CHECK(record.high);
}

TEST_CASE("invariant: every scored row of every protocol is logged once, and scores again to the bit") {
  const Logged f;
  const auto scored = [&](std::string_view body, std::string_view type, std::string_view target) {
    const auto before = f.records().size();
    const auto answer = f.post(body, type, target);
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    return f.records().size() - before;
  };
  CHECK(scored("[" + kGood + R"(,{"income":null,"home":"RENT"},{"income":1e3,"home":null,"since":"2020-02-29"}])",
               "application/json", "/v1/score") == 3);
  CHECK(scored(kGood + "\n{}\n" + kGood + "x\n[" + kGood + "]\n\n" + kGood, "application/x-ndjson", "/v1/score") == 2);
  CHECK(scored("id,income,home\n7,1000,OWN\n8,x,OWN\n9,,RENT\n", "text/csv", "/v1/score") == 2);
  CHECK(scored(R"({"instances":[{"income":500,"home":"OWN","id":3}]})", "application/json", "/invocations") == 1);
  CHECK(scored("income,home\n1000.5,MORTGAGE\n", "text/csv", "/invocations") == 1);
  CHECK(scored(R"({"inputs":[{"name":"income","datatype":"FP64","shape":[2],"data":[-9,2e3]},)"
               R"({"name":"home","datatype":"BYTES","shape":[2],"data":["OWN",null]}]})",
               "application/json", "/v2/models/loans/infer") == 2);
  const auto records = f.records();
  REQUIRE(records.size() == 11);
  for (const auto& record : records) {
    CAPTURE(record.decision_id);
    CHECK(replayed(*f.model, record) == record.probability);
    CHECK(record.high == (record.probability >= 0.5));
  }
  CHECK(records[1].row == 2);
  CHECK(records[4].row == 6);  // of NDJSON: the line's number
  CHECK(f.lines()[5].find(R"("row":1,"id":{"id":"7"})") != std::string::npos);
  CHECK(f.lines()[7].find(R"("id":{"id":3})") != std::string::npos);
}

TEST_CASE("a number that names a level is logged as that level's text") {
  const tiny::Folder folder;
  Schema schema = tiny::schema();
  schema.fields[2].levels = {"1", "2", "3"};
  schema.fields[2].unseen = UnseenPolicy::missing;
  prep::PipelineParts parts = tiny::pipeline().parts();
  parts.features[1].levels = schema.fields[2].levels;
  Model model = tiny::model();
  model.features = parts.features;
  Frame example = tiny::rows();
  Frame rows;
  for (Column column : example.columns()) {
    if (column.name == "home") column.levels = schema.fields[2].levels;
    rows.add(column);
  }
  bundle::save({.schema = schema,
                .pipeline = prep::Pipeline(parts),
                .model = model,
                .reference = monitor::make_reference(schema, rows, {}),
                .example = rows,
                .decision = {.threshold = 0.5}},
               folder / "loans");
  const auto opened = std::make_shared<const bundle::Bundle>(bundle::open(folder / "loans"));
  serve::Service service(opened);
  service.set_decision_log(std::make_shared<serve::DecisionLog>(folder / "log", serve::DecisionLog::Options{}));
  const std::vector<serve::Header> headers{{"Content-Type", "application/json"}};
  const auto answer = service.handle(
      {"POST", "/v1/score", headers, R"([{"income":1,"home":2.0},{"income":1,"home":2},{"income":1,"home":9.0}])"});
  REQUIRE(answer.status == 200);
  std::vector<monitor::DecisionRecord> records;
  for (const std::string& line : lines_of(folder / "log", "decisions")) {
    records.push_back(monitor::parse_decision(line, "log"));
  }
  REQUIRE(records.size() == 3);
  CHECK(records[0].fields.value()[1].second == "2");
  CHECK(records[1].fields.value()[1].second == "2");
  CHECK(records[2].fields.value()[1].second == "9.0");
  CHECK(records[0].probability == tiny::of_margin(0.75));  // level 1: OWN's place
  for (const auto& record : records) CHECK(replayed(*opened, record) == record.probability);
}

TEST_CASE("a request that is refused leaves no record") {
  const Logged f;
  CHECK(f.post("[" + kGood + R"(,{"income":-1,"home":"OWN"}])").status == 422);
  CHECK(f.post("[" + kGood + ",").status == 400);
  CHECK(f.post("[" + kGood + ",[]]").status == 400);
  CHECK(f.post(R"({"instances":[{"income":500,"home":"OWN"},{"home":"OWN"}]})", "application/json", "/invocations")
            .status == 400);
  CHECK(f.lines().empty());
}

TEST_CASE("mode hmac keeps a keyed hash in place of the fields") {
  const std::string key = "0123456789abcdef";
  const Logged f({.mode = serve::LogMode::hmac, .key = key});
  REQUIRE(f.post(kGood).status == 200);
  const auto record = f.records().at(0);
  CHECK_FALSE(record.fields.has_value());
  CHECK(record.hmac == hmac_sha256_hex(key, R"({"income":"500","home":"OWN","since":null})"));
  CHECK(f.lines()[0].find("500") == std::string::npos);
  CHECK_THROWS_AS(serve::DecisionLog(f.folder / "other", {.mode = serve::LogMode::hmac, .key = "short"}), Error);
}

TEST_CASE("a log that cannot be written refuses to score, in every protocol, or goes on when told so") {
  for (const auto failure : {serve::LogFailure::refuse, serve::LogFailure::go_on}) {
    const Logged f({.failure = failure});
    const int status = failure == serve::LogFailure::refuse ? 503 : 200;
    auto* before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    const rlimit old = limit;
    limit.rlim_cur = 10;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    const auto own = f.post(kGood);
    const auto mlflow = f.post(R"({"instances":[{"income":500,"home":"OWN"}]})", "application/json", "/invocations");
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
    std::signal(SIGXFSZ, before);
    CHECK(own.status == status);
    CHECK(mlflow.status == status);
    if (status == 503) {
      CHECK(text_of(parsed(own.body), "code") == "log_unavailable");
      CHECK(own.header("Retry-After") == "1");
      CHECK(text_of(parsed(mlflow.body), "error_code") == "LOG_UNAVAILABLE");
    }
    CHECK(f.get("/metrics").body.find("\nriskflag_decision_log_errors_total 2\n") != std::string::npos);
    const std::string high = R"(risk="High"} )" + std::string(status == 503 ? "0\n" : "2\n");
    CHECK(f.get("/metrics").body.find(high) != std::string::npos);
    CHECK(f.log->take_problem().value_or("").find("append") != std::string::npos);
    CHECK_FALSE(f.log->take_problem().has_value());
    CHECK(f.lines().empty());
    CHECK(f.post(kGood).status == 200);  // there is room again
    CHECK(f.lines().size() == 1);
  }
}

namespace {

/// Requests that are answered before any is settled.
struct Round {
  std::vector<serve::Header> headers{{"Content-Type", "application/json"}};
  std::vector<serve::Service::Ticket> tickets;
  std::vector<serve::Service::Ticket*> held{};
  Round(const serve::Service& service, const std::vector<std::string>& bodies) : tickets(bodies.size()) {
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      if (!service.answer({"POST", "/v1/score", headers, bodies[i]}, tickets[i])) held.push_back(&tickets[i]);
    }
  }
};

}  // namespace

TEST_CASE("invariant: decisions of a round are written together, before any of them is answered or counted") {
  const Logged f;
  const std::string other = R"({"income":2000,"home":"RENT","id":"b-2"})";
  Round round(f.service, {kGood, R"({"income":-1,"home":"OWN"})", "[" + other + "," + kGood + "]"});
  REQUIRE(round.held.size() == 2);
  CHECK(round.tickets[1].response.status == 422);  // nothing to wait for
  CHECK(f.lines().empty());
  CHECK(f.get("/metrics").body.find("risk=\"High\"} 0\n") != std::string::npos);
  f.service.settle(round.held);
  const auto records = f.records();
  REQUIRE(records.size() == 3);
  CHECK(records[0].decision_id == text_of(parsed(round.tickets[0].response.body), "decision_id"));
  CHECK(records[1].row == 1);
  CHECK(records[2].row == 2);
  CHECK(round.tickets[2].response.body.find(records[2].decision_id) != std::string::npos);
  CHECK(f.get("/metrics").body.find("risk=\"High\"} 3\n") != std::string::npos);
}

TEST_CASE("a round that cannot be written refuses each of its requests") {
  const Logged f;
  Round round(f.service, {kGood, kGood});
  REQUIRE(round.held.size() == 2);
  auto* before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const rlimit small{10, old.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  f.service.settle(round.held);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  std::signal(SIGXFSZ, before);
  for (const auto& ticket : round.tickets) {
    CHECK(ticket.response.status == 503);
    CHECK(text_of(parsed(ticket.response.body), "code") == "log_unavailable");
    CHECK(ticket.response.header("Cache-Control") == "no-store");
    CHECK(ticket.response.header("Retry-After") == "1");
  }
  CHECK(f.lines().empty());
  CHECK(f.get("/metrics").body.find("\nriskflag_decision_log_errors_total 2\n") != std::string::npos);
  CHECK(f.get("/metrics").body.find("risk=\"High\"} 0\n") != std::string::npos);
}

TEST_CASE("reasons that were asked for are logged as they were answered") {
  const tiny::Folder folder;
  Model model = tiny::model();
  for (Tree& tree : model.trees) {  // counts of training rows, which reasons need
    tree.nodes[0].count = 10;
    tree.leaf_counts = {4, 6};
  }
  tiny::save_to(folder / "loans", tiny::schema(), model);
  serve::Service service(std::make_shared<const bundle::Bundle>(bundle::open(folder / "loans")));
  service.set_decision_log(std::make_shared<serve::DecisionLog>(folder / "log", serve::DecisionLog::Options{}));
  const std::vector<serve::Header> headers{{"Content-Type", "application/json"}};
  const auto answer = service.handle({"POST", "/v1/score?explain=2", headers, kGood});
  REQUIRE(answer.status == 200);
  const std::string reasons = answer.body.substr(answer.body.find(R"("reasons":)"));
  const auto lines = lines_of(folder / "log", "decisions");
  REQUIRE(lines.size() == 1);
  CHECK(reasons.find(R"("code":"R1")") != std::string::npos);
  CHECK(lines[0].substr(lines[0].find(R"("reasons":)")) == reasons);
}

TEST_CASE("a damaged log is told by line") {
  CHECK_THROWS_AS(static_cast<void>(monitor::parse_decision("{", "log:3")), Error);
  CHECK_THROWS_AS(static_cast<void>(monitor::parse_decision("[]", "log:3")), Error);
  CHECK_THROWS_AS(static_cast<void>(monitor::parse_decision(R"({"v":2})", "log:3")), Error);
  const Logged f;
  REQUIRE(f.post(kGood).status == 200);
  std::string line = f.lines()[0];
  line.replace(line.find("\"High\""), 6, "\"Huge\"");
  CHECK_THROWS_WITH(static_cast<void>(monitor::parse_decision(line, "log:3")),
                    "log:3:1: \"risk\" is neither High nor Low");
}
