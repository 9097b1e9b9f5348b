#include <riskflag/serve/service.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/base64.hpp>
#include <riskflag/core/sha256.hpp>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

/// What stands between the one <name> and the one </name> of the document.
std::string element(const std::string& html, const std::string& name) {
  const std::string open = "<" + name + ">", close = "</" + name + ">";
  const auto begin = html.find(open), end = html.find(close);
  REQUIRE(begin != std::string::npos);
  REQUIRE(html.rfind("<" + name) == begin);
  REQUIRE(html.rfind(close) == end);
  return html.substr(begin + open.size(), end - begin - open.size());
}

std::string hash_of(std::string_view text) {
  Sha256 sha;
  sha.update(text);
  std::string bytes;
  for (const std::uint8_t byte : sha.digest()) bytes += static_cast<char>(byte);
  return "'sha256-" + base64(bytes) + "'";
}

}  // namespace

TEST_CASE("invariant: the page at / may run its own script and style, ask this server, and nothing else") {
  const Fixture f;
  const auto response = f.get("/");
  CHECK(response.status == 200);
  CHECK(response.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(response.header("Cache-Control") == "no-store");
  CHECK(response.header("X-Content-Type-Options") == "nosniff");
  CHECK(response.header("Content-Security-Policy") ==
        "default-src 'none'; script-src " + hash_of(element(response.body, "script")) + "; style-src " +
            hash_of(element(response.body, "style")) +
            "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'");
  int policies = 0;
  for (const auto& [name, value] : response.headers) policies += name == "Content-Security-Policy" ? 1 : 0;
  CHECK(policies == 1);
  CHECK(f.get("/livez").header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'");
}

TEST_CASE("the page names nothing elsewhere, stores nothing and makes no markup of text") {
  const Fixture f;
  std::string html = f.get("/").body;
  const std::string_view name_of_svg = "\"http://www.w3.org/2000/svg\"";  // a name, which nobody fetches
  const auto at = html.find(name_of_svg);
  REQUIRE(at != std::string::npos);
  html.erase(at, name_of_svg.size());
  for (const char* never : {"://", "=\"//", "src=", "@import", "url(", "import(", "Storage", "cookie", "innerHTML",
                            "outerHTML", "insertAdjacent", "document.write", "eval(", "onclick"}) {
    CAPTURE(never);
    CHECK(html.find(never) == std::string::npos);
  }
}

TEST_CASE("the page is open, takes GET and HEAD, and no key changes it") {
  Fixture f;
  CHECK(f.get("/", "HEAD").status == 200);
  CHECK(f.get("/?x=1").status == 200);
  CHECK(f.get("/", "POST").status == 405);
  CHECK(f.get("/", "POST").header("Allow") == "GET, HEAD");
  CHECK(f.get("/").body == f.get("/", "GET").body);
  CHECK(f.get("/metrics").body.find("riskflag_http_requests_total{route=\"/\",method=\"HEAD\",code=\"200\"} 1") !=
        std::string::npos);
}

TEST_CASE("the schema's examples are the model's input example, and are scored") {
  const Fixture f;
  const Json schema = parsed(f.get("/v1/schema").body);
  const Json example = parsed(f.model->input_example);
  const auto& rows = *schema.find("examples")->array();
  REQUIRE(rows.size() == example.find("data")->array()->size());
  REQUIRE_FALSE(rows.empty());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto& cells = *example.find("data")->array()->at(row).array();
    REQUIRE(rows[row].object()->size() == cells.size());
    std::string body;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto& [name, value] = rows[row].object()->at(i);
      CHECK(name == value_or_throw(example.find("columns")->array()->at(i).string()));
      CHECK(value.description() == cells[i].description());
      const bool text = value.kind() == Json::Kind::string;
      body += (body.empty() ? "{" : ",") + json_quoted(name) + ":" +
              (value.is_null() ? "null"
               : text          ? json_quoted(value_or_throw(value.string()))
                               : number_text(value_or_throw(value.number())));
    }
    CHECK(f.post(body + "}").status == 200);
  }
  CHECK(serve::json_schema_text(f.model->schema, "loans").find("\"examples\":[{") == std::string::npos);
  for (const char* none : {"", "[]", "{}", R"({"columns":["a"],"data":[[1,2]]})", R"({"columns":["a"],"data":7})"}) {
    CHECK(serve::detail::example_objects(none).empty());
  }
  CHECK(serve::detail::example_objects(R"({"columns":["a","b","c","d"],"data":[[0.1,"x\"y",null,true]]})") ==
        R"([{"a":0.1,"b":"x\"y","c":null,"d":true}])");
}
