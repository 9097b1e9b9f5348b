#include <riskflag/serve/keys.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/sha256.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

std::string key(const std::string& name, const std::string& secret, const std::string& scopes) {
  return "{\"name\":\"" + name + "\",\"sha256\":\"" + sha256_hex(secret) + "\",\"scopes\":[" + scopes + "]}";
}
std::string file(const std::string& keys) { return "{\"format\":1,\"keys\":[" + keys + "]}"; }
std::string refusal(const std::string& text) {
  try {
    static_cast<void>(serve::ApiKeys::parse(text, "keys.json"));
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("invariant: with keys, every endpoint but the probes and the page wants one that has its scope") {
  Fixture f;
  f.service.set_keys(std::make_shared<const serve::ApiKeys>(serve::ApiKeys::parse(
      file(key("a", "secret-a", "\"score\"") + "," + key("b", "secret-b", "\"read\",\"outcomes\"")), "k")));
  const auto status = [&](const char* method, const char* target, const char* authorization) {
    std::vector<serve::Header> headers{{"Content-Type", "application/json"}};
    if (authorization != nullptr) headers.push_back({"authorization", authorization});
    return f.service.handle({method, target, headers, kGood}).status;
  };
  CHECK(status("POST", "/v1/score", "Bearer secret-a") == 200);
  CHECK(status("POST", "/v1/score", "bearer  secret-a ") == 200);
  CHECK(status("POST", "/v1/score", "Bearer secret-b") == 403);
  for (const char* bad : {"Bearer secret-c", "Bearer", "Bearer ", "Basic secret-a", "secret-a", ""}) {
    CAPTURE(bad);
    CHECK(status("POST", "/v1/score", bad) == 401);
  }
  for (const auto& route : serve::detail::kRoutes) {
    CAPTURE(route.path);
    const std::string path = route.path.find('{') == std::string_view::npos
                                 ? std::string(route.path)
                                 : "/v2/models/loans" + std::string(route.path.substr(18));
    const char* method = route.allow == "POST" ? "POST" : "GET";
    const bool open = path == "/" || path == "/livez" || path == "/readyz" || path == "/healthz" || path == "/ping" ||
                      path.starts_with("/v2/health/");
    CHECK((status(method, path.c_str(), nullptr) == 401) == !open);
    const bool scores = route.allow == "POST" && path != "/v1/outcomes";
    CHECK((status(method, path.c_str(), "Bearer secret-b") == 403) == scores);
    CHECK((status(method, path.c_str(), "Bearer secret-a") == 403) == (!scores && !open));
  }
  CHECK(status("GET", "/nothing", nullptr) == 404);
  const auto refused = f.get("/v1/model");
  CHECK(refused.header("WWW-Authenticate") == "Bearer");
  CHECK(text_of(parsed(refused.body), "code") == "unauthorized");
  CHECK(text_of(parsed(refused.body), "title") == "Unauthorized");
  CHECK(f.service.screen({"POST", "/v1/score", {}, {}})->status == 401);
  f.service.set_keys(nullptr);
  CHECK(f.get("/v1/model").status == 200);
}

TEST_CASE("a key is known wherever it stands; a part of one, more than one, or its digest is none") {
  const auto keys = serve::ApiKeys::parse(
      file(key("a", "x", "\"score\"") + "," + key("b", "yy", "\"score\"") + "," + key("c", "zzz", "\"read\"")),
      "keys.json");
  using Verdict = serve::ApiKeys::Verdict;
  const auto judge = [&](const std::string& secret, std::string* name = nullptr) {
    return keys.judge("Bearer " + secret, serve::Scope::score, name);
  };
  std::string name;
  CHECK(judge("x", &name) == Verdict::allowed);
  CHECK(name == "a");
  CHECK(judge("yy", &name) == Verdict::allowed);
  CHECK(name == "b");
  CHECK(judge("zzz", &name) == Verdict::forbidden);
  CHECK(name == "c");
  for (const std::string& none :
       {std::string(), std::string("y"), std::string("yyy"), std::string("x,yy"), sha256_hex("x")}) {
    CAPTURE(none);
    CHECK(judge(none) == Verdict::unknown);
  }
}

TEST_CASE("a keys file that says too little is refused with its place") {
  CHECK(refusal(file(key("a", "x", "\"score\""))) == "accepted");
  CHECK(refusal(file("")).find("no keys") != std::string::npos);
  CHECK(refusal(file(key("a", "x", ""))).find("no scopes") != std::string::npos);
  CHECK(refusal(file(key("a", "x", "\"all\""))).find("no scope \"all\"; accepted: score, outcomes, read") !=
        std::string::npos);
  CHECK(refusal(file(key("a", "x", "\"score\"") + "," + key("a", "y", "\"score\""))).find("two keys \"a\"") !=
        std::string::npos);
  CHECK(refusal(file(key("a", "x", "\"score\"") + "," + key("b", "x", "\"score\""))).find("are the same") !=
        std::string::npos);
  CHECK(refusal("{\"format\":1,\"keys\":[{\"name\":\"a\",\"sha256\":\"secret\",\"scopes\":[\"score\"]}]}")
            .find("hex digits") != std::string::npos);
  CHECK(refusal("{\"format\":1,\"keys\":[{\"name\":\"a\",\"key\":\"secret\"}]}").find("unknown member \"key\"") !=
        std::string::npos);
  CHECK(refusal("{").starts_with("keys.json:1"));
}
