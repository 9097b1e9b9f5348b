#include <riskflag/serve.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/random.hpp>

#include "../sanitized.hpp"
#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

/// "income:wrong_type home:unseen_category" of a problem's errors.
std::string codes_of(const Json& problem) {
  std::string out;
  for (const Json& error : *value_or_throw(problem.at("errors"))->array()) {
    out += (out.empty() ? "" : " ") + text_of(error, "field") + ":" + text_of(error, "code");
  }
  return out;
}

}  // namespace

TEST_CASE("one object is answered with one object of the contract's members, in order") {
  const Fixture f;
  const auto response = f.post(kGood);
  CHECK(response.status == 200);
  CHECK(response.header("Content-Type") == "application/json");
  CHECK(response.header("Cache-Control") == "no-store");
  CHECK(response.header("X-Request-Id").size() == 36);
  const Json json = parsed(response.body);
  std::string keys;
  for (const auto& [key, value] : *json.object()) keys += key + " ";
  CHECK(keys == "decision_id id probability risk threshold model ");
  CHECK(number_of(json, "probability") == tiny::of_margin(0.75));
  CHECK(response.body.find("\"probability\":" + number_text(tiny::of_margin(0.75)) + ",") != std::string::npos);
  CHECK(text_of(json, "risk") == "High");
  CHECK(number_of(json, "threshold") == 0.5);
  CHECK(text_of(*json.find("id"), "id") == "a-1");
  CHECK(text_of(*json.find("model"), "name") == "loans");
  CHECK(text_of(*json.find("model"), "version") == f.model->digest.substr(0, 12));
  CHECK(text_of(*json.find("model"), "digest") == f.model->digest);
}

TEST_CASE("a decision id is a UUID of version 7, and a retry is a new decision") {
  const Fixture f;
  const std::string a = text_of(parsed(f.post(kGood).body), "decision_id");
  const std::string b = text_of(parsed(f.post(kGood).body), "decision_id");
  CHECK(a != b);
  for (const auto& id : {a, b}) {
    CAPTURE(id);
    CHECK(id.size() == 36);
    CHECK(id[14] == '7');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
    CHECK(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
  }
  CHECK(a.substr(0, 8) == b.substr(0, 8));  // the same time, to about a minute
}

TEST_CASE("High is a probability at the threshold or above it") {
  const tiny::Folder folder;
  const double p = tiny::of_margin(0.75);
  tiny::save_to(folder / "at", tiny::schema(), tiny::model(), p);
  tiny::save_to(folder / "above", tiny::schema(), tiny::model(), std::nextafter(p, 1.0));
  for (const std::string name : {"at", "above"}) {
    const auto model = std::make_shared<const bundle::Bundle>(bundle::open(folder / name));
    const serve::Service service(model);
    const std::vector<serve::Header> headers{{"Content-Type", "application/json"}};
    const auto response = service.handle({"POST", "/v1/score", headers, kGood});
    CHECK(text_of(parsed(response.body), "risk") == (name == "at" ? "High" : "Low"));
  }
}

TEST_CASE("array in, array out; an empty array too; members in any order") {
  const Fixture f;
  const auto response =
      f.post(R"([{"income":500,"home":"OWN"}, {"home":"RENT","sex":"f","income":1e3,"since":"2020-01-01"}])");
  CHECK(response.status == 200);
  const Json json = parsed(response.body);
  REQUIRE(json.array() != nullptr);
  CHECK(number_of((*json.array())[0], "probability") == tiny::of_margin(0.75));
  CHECK(number_of((*json.array())[1], "probability") == tiny::of_margin(1.75));
  CHECK(f.post("[]").body == "[]");
  CHECK(f.post(" [ ] ").status == 200);
}

TEST_CASE("null and an absent optional field are missing") {
  const Fixture f;
  const double p = number_of(parsed(f.post(R"({"income":null,"home":null})").body), "probability");
  CHECK(p == tiny::of_margin(-1 + 0.5 + 0.75));
  CHECK(number_of(parsed(f.post(R"({"income":null,"home":null,"since":null})").body), "probability") == p);
}

TEST_CASE("invariant: every field code of the contract is answered 422 with row, field, found and expected") {
  const Fixture f;
  struct Case {
    const char *body, *codes;
  };
  for (const Case& c :
       {Case{R"({"income":1,"home":"OWN","incom":2})", "incom:unknown_field"},
        Case{R"({"home":"OWN"})", "income:missing_field"}, Case{R"({"income":"1","home":"OWN"})", "income:wrong_type"},
        Case{R"({"income":true,"home":7})", "income:wrong_type home:wrong_type"},
        Case{R"({"income":[1],"home":{"a":{"b":[1]}}})", "income:wrong_type home:wrong_type"},
        Case{R"({"income":-1,"home":"OWN"})", "income:out_of_range"},
        Case{R"({"income":1,"home":"TENT"})", "home:unseen_category"},
        Case{R"({"income":1,"income":2,"home":"OWN"})", "income:duplicate_key"},
        Case{R"({"income":1,"incom\u0065":2,"home":"OWN"})", "income:duplicate_key"},
        Case{R"({"income":1e999,"home":"OWN"})", "income:not_finite"},
        Case{R"({"income":"inf","home":"OWN","since":"yesterday"})", "income:not_finite since:wrong_type"}}) {
    CAPTURE(c.body);
    const auto response = f.post(c.body);
    CHECK(response.status == 422);
    CHECK(response.header("Content-Type") == "application/problem+json");
    const Json json = parsed(response.body);
    CHECK(codes_of(json) == c.codes);
    CHECK(text_of(json, "type") == "about:blank");
    CHECK(text_of(json, "title") == "Unprocessable Content");
    CHECK(number_of(json, "status") == 422);
    CHECK(text_of(json, "code") == "invalid_field");
    CHECK(text_of(json, "request_id") == response.header("X-Request-Id"));
    for (const Json& error : *json.find("errors")->array()) {
      CHECK(number_of(error, "row") == 1);
      CHECK_FALSE(text_of(error, "found").empty());
      CHECK_FALSE(text_of(error, "expected").empty());
    }
  }
  CHECK(f.post(R"({"income":1,"home":"OWN","incom":2})").body.find("did you mean \\\"income\\\"") != std::string::npos);
}

TEST_CASE("a refusal says in plain words what came and what is accepted") {
  const Fixture f;
  struct Case {
    const char *body, *detail;
  };
  for (
      const Case& c :
      {Case{R"({"home":"OWN"})", R"(field "income" is missing (missing_field); expected a number from 0 to 1e+07)"},
       Case{R"({"income":1,"home":"OWN","incom":2})",
            R"(field "incom" is unknown to the model (unknown_field); expected one of the fields in /v1/schema (did )"
            R"(you mean "income"?))"},
       Case{R"({"income":1,"income":2,"home":"OWN"})",
            R"(field "income" is given more than once (duplicate_key); expected the field once)"},
       Case{R"({"income":-1,"home":"OWN"})",
            R"(field "income": -1 is out of range (out_of_range); expected a number from 0 to 1e+07)"},
       Case{R"({"income":1e999,"home":"OWN"})",
            R"(field "income": 1e999 is not a finite number (not_finite); expected a number from 0 to 1e+07)"},
       Case{R"({"income":"1","home":"OWN"})",
            R"(field "income": "1" is of the wrong type (wrong_type); expected a number from 0 to 1e+07)"},
       Case{R"({"income":[1],"home":"OWN"})",
            R"(field "income": an array is of the wrong type (wrong_type); expected a single value)"},
       Case{
           R"({"income":1,"home":"CASTLE"})",
           R"(field "home": "CASTLE" is not a known level (unseen_category); expected one of "MORTGAGE", "OWN", "RENT")"}}) {
    CAPTURE(c.body);
    CHECK(text_of(parsed(f.post(c.body).body), "detail") ==
          "1 field cannot be used; nothing was scored. First: " + std::string(c.detail));
  }
  CHECK(
      text_of(parsed(f.post("[7]").body), "detail") ==
      "the body is an array that holds a number; one flat object of fields, or an array of such objects, is accepted");
  CHECK(f.post("7", "application/x-ndjson").body.find("the line is a single value; one flat object") !=
        std::string::npos);
}

TEST_CASE("an array is scored whole or not at all, and names the rows") {
  const Fixture f;
  const auto response = f.post(R"([{"income":1,"home":"OWN"},{"income":1,"home":"X"},{"home":"OWN"}])");
  CHECK(response.status == 422);
  const Json json = parsed(response.body);
  CHECK(codes_of(json) == "home:unseen_category income:missing_field");
  CHECK(number_of((*json.find("errors")->array())[0], "row") == 2);
  CHECK(number_of((*json.find("errors")->array())[1], "row") == 3);
  CHECK(response.body.find("decision_id") == std::string::npos);
}

TEST_CASE("a problem has at most a hundred entries") {
  const Fixture f;
  std::string rows = "[";
  for (int i = 0; i < 1000; ++i) rows += std::string(i > 0 ? "," : "") + R"({"income":"x","home":"OWN"})";
  CHECK(parsed(f.post(rows + "]").body).find("errors")->array()->size() == 100);
  std::string wide = "{";
  for (int i = 0; i < 1000; ++i) wide += (i > 0 ? "," : "") + std::string("\"u") + std::to_string(i) + "\":1";
  CHECK(parsed(f.post(wide + "}").body).find("errors")->array()->size() == 100);
}

TEST_CASE("what is not a flat object or an array of them is answered 400 with a sentence") {
  const Fixture f;
  for (const char* body :
       {"", "{", "nul", "7", "\"x\"", "null", "[1]", "[[]]", "[null]", "[{\"income\":1,\"home\":\"OWN\"},3]", "{}x",
        "{\"income\":NaN,\"home\":\"OWN\"}", "\xff", "[{]", "{\"income\":1,}"}) {
    CAPTURE(body);
    const auto response = f.post(body);
    CHECK(response.status == 400);
    CHECK(text_of(parsed(response.body), "code") == "bad_request");
    CHECK(text_of(parsed(response.body), "detail").size() > 20);
  }
  CHECK(f.post("{\"income\":" + std::string(10000, '[')).status == 400);
}

TEST_CASE("NDJSON is answered line by line, a bad line with its error under status 200") {
  const Fixture f;
  const auto response = f.post(
      "{\"income\":500,\"home\":\"OWN\"}\r\n\n{\"income\":1}\nnot json\n[{\"income\":1,\"home\":\"OWN\"}]\n" + kGood,
      "application/x-ndjson");
  CHECK(response.status == 200);
  CHECK(response.header("Content-Type") == "application/x-ndjson");
  std::vector<Json> lines;
  for (const auto line : split_text(response.body, '\n')) {
    if (!line.empty()) lines.push_back(parsed(std::string(line)));
  }
  REQUIRE(lines.size() == 5);
  CHECK(number_of(lines[0], "probability") == tiny::of_margin(0.75));
  CHECK(number_of(lines[1], "row") == 3);  // the blank line before it counts and is not answered
  CHECK(text_of(*lines[1].find("error"), "code") == "invalid_field");
  CHECK(codes_of(*lines[1].find("error")) == "home:missing_field");
  CHECK(number_of((*lines[1].find("error")->find("errors")->array())[0], "row") == 3);
  CHECK(number_of(lines[2], "row") == 4);
  CHECK(text_of(*lines[2].find("error"), "code") == "bad_request");
  CHECK(text_of(*lines[3].find("error"), "code") == "bad_request");
  CHECK(number_of(lines[4], "probability") == tiny::of_margin(0.75));
}

TEST_CASE("CSV keeps its columns and gains ours; a bad row keeps its place") {
  const Fixture f;
  const auto response = f.post("home,\"a,b\",income,id\nOWN,\"x\"\"y\",500,1\nTENT,,500,2\nRENT,z,\nRENT,z,1000,4\n",
                               "text/csv; charset=utf-8");
  CHECK(response.status == 200);
  CHECK(response.header("X-Ignored-Columns") == "1");
  const auto lines = split_text(response.body, '\n');
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "home,\"a,b\",income,id,decision_id,probability,risk,threshold,model_version,error");
  CHECK(lines[1].substr(0, 17) == "OWN,\"x\"\"y\",500,1,");
  CHECK(lines[1].find("," + number_text(tiny::of_margin(0.75)) + ",High,0.5," + f.model->version + ",") !=
        std::string::npos);
  CHECK(lines[2].substr(0, 16) == "TENT,,500,2,,,,,");
  CHECK(lines[2].find("unseen_category") != std::string::npos);
  CHECK(lines[3].substr(0, 8) == ",,,,,,,,");
  CHECK(lines[3].find("line 4") != std::string::npos);
  CHECK(lines[4].find(number_text(tiny::of_margin(1.75))) != std::string::npos);
}

TEST_CASE("CSV without a required column, and CSV that is none, are refused") {
  const Fixture f;
  const auto response = f.post("home\nOWN\n", "text/csv");
  CHECK(response.status == 422);
  CHECK(codes_of(parsed(response.body)) == "income:missing_field");
  CHECK(f.post("", "text/csv").status == 400);
  CHECK(f.post("income,income\n1,2\n", "text/csv").status == 400);
  CHECK(f.post("income,home\n", "text/csv").body ==
        "income,home,decision_id,probability,risk,threshold,model_version,error\n");
}

TEST_CASE("an answered CSV that comes in again is scored again, each column once") {
  const Fixture f;
  const std::string first = f.post("income,home\n500,OWN\n", "text/csv").body;
  const auto second = f.post(first, "text/csv");
  CHECK(second.status == 200);
  CHECK(split_text(second.body, '\n')[0] == split_text(first, '\n')[0]);
}

TEST_CASE("invariant: JSON, NDJSON and CSV give one row the same probability, to the bit") {
  const Fixture f;
  const Random random(5);
  for (std::uint64_t i = 0; i < 300; ++i) {
    const double income = random.uniform(2 * i) * 3000;
    const std::string home = std::vector<std::string>{"MORTGAGE", "OWN", "RENT"}[random.below(3, 2 * i + 1)];
    const std::string row = "{\"income\":" + number_text(income) + ",\"home\":\"" + home + "\"}";
    const std::string p =
        "\"probability\":" +
        number_text(tiny::of_margin(-1 + (income <= 1000 ? 2 : 0.5) + (home == "OWN" ? -0.25 : 0.75))) + ",";
    CHECK(f.post(row).body.find(p) != std::string::npos);
    CHECK(f.post("[" + row + "]").body.find(p) != std::string::npos);
    CHECK(f.post(row, "application/x-ndjson").body.find(p) != std::string::npos);
    const std::string csv = f.post("income,home\n" + number_text(income) + "," + home + "\n", "text/csv").body;
    CHECK(csv.find("," + p.substr(14)) != std::string::npos);
  }
}

TEST_CASE("other media types, no media type and any content coding are 415") {
  const Fixture f;
  for (const char* type :
       {"text/plain", "application/json; charset=latin1", "application/xml", "text/csv; header=absent", "", "json"}) {
    CAPTURE(type);
    CHECK(f.post(kGood, type).status == 415);
  }
  CHECK(f.post(kGood, "Application/JSON; charset=\"UTF-8\"").status == 200);
  CHECK(f.service.handle({"POST", "/v1/score", {}, kGood}).status == 415);
  for (const char* coding : {"gzip", "identity", ""}) {
    const std::vector<serve::Header> headers{{"Content-Type", "application/json"}, {"Content-Encoding", coding}};
    CHECK(f.service.handle({"POST", "/v1/score", headers, kGood}).status == 415);
  }
}

TEST_CASE("explain=K adds the fields that speak for High, the strongest first, with their codes and texts") {
  const tiny::Folder folder;
  Model counted = tiny::model();
  // Means by hand: income (40 x 2 + 60 x 0.5) / 100 = 1.1, home (50 x -0.25 + 50 x 0.75) / 100 = 0.25.
  for (auto& tree : counted.trees) {
    tree.nodes[0].count = 100;
    tree.leaf_counts = &tree == &counted.trees[0] ? std::vector<double>{40, 60} : std::vector<double>{50, 50};
  }
  tiny::save_to(folder / "m", tiny::schema(), counted);
  const serve::Service service(std::make_shared<const bundle::Bundle>(bundle::open(folder / "m")));
  const auto ask = [&](std::string_view target, std::string_view body, std::string_view type) {
    const std::vector<serve::Header> headers{{"Content-Type", type}};
    return service.handle({"POST", target, headers, body});
  };
  const std::string rent = R"({"income":500,"home":"RENT"})", rich = R"({"income":1e6,"home":"OWN"})";
  const Json both = parsed(ask("/v1/score?explain=3", rent, "application/json").body);
  const auto& reasons = *both.find("reasons")->array();
  REQUIRE(reasons.size() == 2);
  CHECK(text_of(reasons[0], "field") == "income");
  CHECK(text_of(reasons[0], "code") == "R1");
  CHECK(text_of(reasons[0], "text") == "the income is low");
  CHECK(number_of(reasons[0], "contribution") == doctest::Approx(0.9));
  CHECK(text_of(reasons[1], "field") == "home");
  CHECK(text_of(reasons[1], "code") == "home");
  CHECK(number_of(reasons[1], "contribution") == doctest::Approx(0.5));
  CHECK(parsed(ask("/v1/score?explain=1", rent, "application/json").body).find("reasons")->array()->size() == 1);
  CHECK(parsed(ask("/v1/score?explain=10", rich, "application/json").body).find("reasons")->array()->empty());
  CHECK(parsed(ask("/v1/score", rent, "application/json").body).find("reasons") == nullptr);
  const Json list = parsed(ask("/v1/score?explain=2", "[" + rent + "," + rich + "]", "application/json").body);
  CHECK((*list.array())[0].find("reasons")->array()->size() == 2);
  const std::string lines = ask("/v1/score?explain=2", rent + "\n{}\n" + rich, "application/x-ndjson").body;
  CHECK(parsed(std::string(split_text(lines, '\n')[0])).find("reasons")->array()->size() == 2);
  CHECK(parsed(std::string(split_text(lines, '\n')[2])).find("reasons")->array()->empty());
  const std::string csv =
      ask("/v1/score?explain=2", "income,home,reason_1\n500,RENT,old\n1e6,OWN,old\nx,OWN,old\n", "text/csv").body;
  const auto rows = split_text(csv, '\n');
  CHECK(rows[0] == "income,home,decision_id,probability,risk,threshold,model_version,error,reason_1,reason_2");
  CHECK(rows[1].ends_with(",,R1,home"));
  CHECK(rows[2].ends_with(",,,"));
  CHECK(rows[3].ends_with("\",,"));
  for (const char* bad :
       {"explain=0", "explain=11", "explain=x", "explain=", "explain", "explain=1&explain=2", "x=1"}) {
    CAPTURE(bad);
    CHECK(ask("/v1/score?" + std::string(bad), rent, "application/json").status == 400);
  }
  CHECK(ask("/v1/score?", rent, "application/json").status == 200);
  CHECK(ask("/invocations?explain=1", "{}", "application/json").status == 400);
}

TEST_CASE("a model without counts of its training rows cannot be asked for reasons, and says so") {
  const Fixture f;
  const auto response = f.post(kGood, "application/json", "/v1/score?explain=3");
  CHECK(response.status == 400);
  CHECK(response.body.find("counts of its training rows") != std::string::npos);
}

TEST_CASE("invariant: what screen() refuses for its head is what handle() answers, and the rest is left to it") {
  const Fixture f;
  struct Case {
    const char *method, *target, *type;
    int status;
  };
  for (const Case& c :
       {Case{"POST", "/v1/scor", "application/json", 404}, Case{"PUT", "/v1/score", "application/json", 405},
        Case{"POST", "/v1/score?explain=0", "application/json", 400}, Case{"POST", "/v1/score", "text/plain", 415},
        Case{"POST", "/v1/score", "application/json", 0}, Case{"GET", "/livez", "text/plain", 0}}) {
    CAPTURE(c.target);
    const std::vector<serve::Header> headers{{"Content-Type", c.type}, {"X-Request-Id", "r-1"}};
    const serve::Request head{c.method, c.target, headers, {}};
    const auto refusal = f.service.screen(head);
    CHECK((refusal ? refusal->status : 0) == c.status);
    if (refusal) {
      CHECK(refusal->body == f.service.handle(head).body);
      CHECK(refusal->headers == f.service.handle(head).headers);
    }
  }
}

TEST_CASE("a request id is echoed, made when absent, and refused when it is none") {
  const Fixture f;
  auto with_id = [&](std::string_view id, std::string_view target = "/v1/model") {
    const std::vector<serve::Header> headers{{"x-request-id", id}};
    return f.service.handle({"GET", target, headers, {}});
  };
  CHECK(with_id("Abc.1_2-3").header("X-Request-Id") == "Abc.1_2-3");
  CHECK(with_id(std::string(64, 'x')).status == 200);
  for (const std::string& bad :
       {std::string(65, 'x'), std::string("a b"), std::string("a\"b"), std::string("\xc3\xa9")}) {
    CHECK(with_id(bad).status == 400);
    CHECK(with_id(bad).header("X-Request-Id").size() == 36);
    CHECK(with_id(bad, "/livez").status == 200);  // a probe must not fail for it
  }
}

TEST_CASE("without a request id the trace of a traceparent is it; what is no traceparent is ignored") {
  const Fixture f;
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto id_of = [&](const std::string& parent, const std::optional<std::string>& id = {}) {
    std::vector<serve::Header> headers{{"Traceparent", parent}};
    if (id) headers.push_back({"X-Request-Id", *id});
    return std::string(f.service.handle({"GET", "/v1/model", headers, {}}).header("X-Request-Id"));
  };
  const std::string good = "00-" + trace + "-00f067aa0ba902b7-01";
  CHECK(id_of(good) == trace);
  CHECK(id_of(good, "mine") == "mine");
  CHECK(id_of(good, "a b").size() == 36);
  CHECK(id_of("cc" + good.substr(2) + "-later") == trace);  // a later version says more
  for (const std::string& bad :
       {std::string(), "ff" + good.substr(2), good + "-more", "cc" + good.substr(2) + "more", good.substr(0, 54),
        "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01", "00-" + trace + "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736" + good.substr(35), "00_" + good.substr(3),
        good.substr(0, 20) + "\"" + good.substr(21)}) {
    CAPTURE(bad);
    CHECK(id_of(bad).size() == 36);
  }
}

TEST_CASE("unknown paths are 404, wrong methods 405 with Allow") {
  const Fixture f;
  CHECK(f.get("/v3").status == 404);
  CHECK(f.get("/v1/scor").body.find("did you mean") != std::string::npos);
  CHECK(f.get("/v1/score/").status == 404);
  CHECK(f.get("/" + std::string(100000, 'a')).body.size() < 1000);
  CHECK(f.get("/v1/score").status == 405);
  CHECK(f.get("/v1/score").header("Allow") == "POST");
  CHECK(f.get("/v1/model", "DELETE").status == 405);
  CHECK(f.get("/v1/model", "DELETE").header("Allow") == "GET, HEAD");
  CHECK(f.get("/v1/model", "HEAD").status == 200);
}

TEST_CASE("health answers live, ready and draining") {
  Fixture f;
  CHECK(f.get("/livez").status == 200);
  for (const char* path : {"/readyz", "/healthz"}) {
    const auto response = f.get(path);
    CHECK(response.status == 200);
    const Json json = parsed(response.body);
    CHECK(text_of(json, "status") == "ready");
    CHECK(text_of(*json.find("model"), "digest") == f.model->digest);
    const Json& reload = *json.find("last_reload");
    CHECK(text_of(reload, "at").size() == 24);
    CHECK(text_of(reload, "result") == "ok");
    CHECK(reload.find("detail")->is_null());
  }
  f.service.set_state(serve::State::draining);
  CHECK(f.get("/readyz").status == 503);
  CHECK(f.get("/readyz").header("Retry-After") == "1");
  CHECK(text_of(parsed(f.get("/readyz").body), "status") == "draining");
  CHECK(f.post(kGood).status == 200);  // what still arrives is answered
  f.service.set_state(serve::State::starting);
  CHECK(f.post(kGood).status == 503);
  CHECK(text_of(parsed(f.post(kGood).body), "code") == "not_ready");
  CHECK(f.get("/livez").status == 200);
}

TEST_CASE("/v1/model says what answers, /v1/schema what is accepted") {
  const Fixture f;
  const Json model = parsed(f.get("/v1/model").body);
  CHECK(text_of(model, "name") == "loans");
  CHECK(text_of(model, "kind") == "binary");
  CHECK(number_of(model, "trees") == 2);
  CHECK(model.find("fields")->array()->size() == 3);
  CHECK(model.find("metrics")->object() != nullptr);
  const auto response = f.get("/v1/schema");
  CHECK(response.header("Content-Type") == "application/schema+json");
  const Json schema = parsed(response.body);
  CHECK(value_or_throw(schema.find("additionalProperties")->boolean()) == false);
  CHECK(schema.find("required")->array()->size() == 2);
  const Json& home = *schema.find("properties")->find("home");
  CHECK(home.find("enum")->array()->size() == 4);  // three levels and null
  CHECK(text_of(*schema.find("properties")->find("since"), "format") == "date");
  CHECK(schema.find("properties")->find("sex")->find("not") != nullptr);  // not used, but a single value
}

TEST_CASE("a refusal of the server in front has the same form") {
  const Fixture f;
  const std::vector<serve::Header> headers{{"X-Request-Id", "r-1"}};
  const auto response = f.service.refuse(413, "content_too_large", "too large", headers);
  CHECK(response.status == 413);
  CHECK(response.header("X-Request-Id") == "r-1");
  CHECK(text_of(parsed(response.body), "code") == "content_too_large");
  CHECK(f.service.refuse(503, "overloaded", "x").header("Retry-After") == "1");
}

TEST_CASE("a model that is not binary is not served") {
  const tiny::Folder folder;
  tiny::save_to(folder / "m", tiny::schema(), tiny::model("regression"));
  const auto model = std::make_shared<const bundle::Bundle>(bundle::open(folder / "m"));
  CHECK_THROWS_AS(serve::Service{model}, Error);
}

TEST_CASE("ids are echoed as they came, control characters and all") {
  const Fixture f;
  CHECK(f.post(R"({"income":1,"home":"OWN","id":1.50})").body.find(R"("id":{"id":1.50})") != std::string::npos);
  CHECK(f.post(R"({"income":1,"home":"OWN","id":"a\"\u0001\ud83d\ude00"})")
            .body.find("\"id\":{\"id\":\"a\\\"\\u0001\xf0\x9f\x98\x80\"}") != std::string::npos);
  CHECK(f.post(R"({"income":1,"home":"OWN","id":1e999})").body.find(R"("id":{"id":"1e999"})") != std::string::npos);
  CHECK(f.post(R"({"income":1,"home":"OWN"})").body.find(R"("id":{"id":null})") != std::string::npos);
}

TEST_CASE("invariant: no body makes the service throw or answer something else than 200, 400 or 422") {
  const Fixture f;
  const Random random(20261122);
  const std::string seed =
      R"([{"income":500.5,"home":"OWN","since":"2020-01-01","id":"é\n"},{"income":null,"home":"RENT"}])";
  std::uint64_t draw = 0;
  for (int round = 0; round < riskflag_test::draws(20000); ++round) {
    std::string body = seed;
    for (std::uint64_t edits = 1 + random.below(4, draw++); edits > 0; --edits) {
      const std::size_t at = random.below(body.size(), draw++);
      switch (random.below(4, draw++)) {
        case 0: body[at] = static_cast<char>(random.below(256, draw++)); break;
        case 1: body.erase(at, 1 + random.below(8, draw++)); break;
        case 2: body.insert(at, 1, "{}[]\",:\\0e-.nul"[random.below(15, draw++)]); break;
        default: body.insert(at, body.substr(random.below(body.size(), draw++), 5)); break;
      }
      if (body.empty()) body = "x";
    }
    const char* type = round % 3 == 0 ? "application/json" : round % 3 == 1 ? "application/x-ndjson" : "text/csv";
    const auto response = f.post(body, type);
    if (response.status != 200 && response.status != 400 && response.status != 422) FAIL_CHECK(body);
  }
}

TEST_CASE("eight threads get the answers that one gets") {
  const Fixture f;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  const std::string p = "\"probability\":" + number_text(tiny::of_margin(0.75)) + ",";
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (f.post(kGood).body.find(p) == std::string::npos) ++wrong;
        if (f.post("{").status != 400) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}
