// MLflow's scoring protocol, the Open Inference Protocol and the OpenAPI description: the same scores in other forms.

#include <riskflag/core/sha256.hpp>
#include <riskflag/serve.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;

namespace {

/// The rows of all the bodies below: (500, OWN) and (missing, RENT), by hand: tiny_model.hpp says the margins.
const std::vector<double> kScores{tiny::of_margin(0.75), tiny::of_margin(-1 + 0.5 + 0.75)};

std::vector<double> numbers_of(const Json* array) {
  std::vector<double> out;
  REQUIRE(array != nullptr);
  REQUIRE(array->array() != nullptr);
  for (const Json& item : *array->array()) out.push_back(value_or_throw(item.number()));
  return out;
}
serve::Response invoke(const Fixture& f, std::string_view body, std::string_view type = "application/json") {
  return f.post(body, type, "/invocations");
}
serve::Response infer(const Fixture& f, std::string_view body, std::string_view target = "/v2/models/loans/infer") {
  return f.post(body, "application/json", target);
}
std::string tensor(const std::string& name, const std::string& shape, const std::string& type,
                   const std::string& data) {
  return R"({"name":")" + name + R"(","shape":)" + shape + R"(,"datatype":")" + type + R"(","data":)" + data + "}";
}

}  // namespace

TEST_CASE("invariant: MLflow's four JSON layouts and CSV give the rows' probabilities, to the bit") {
  const Fixture f;
  for (
      const std::string body :
      {R"({"dataframe_split":{"columns":["home","income","extra"],"index":[0,1],"data":[["OWN",500,1],["RENT",null,2]]}})",
       R"({"dataframe_split":{"data":[["O\u0057N",5e2],["RENT",null]],"columns":["home","inc\u006fme"]}})",
       R"({"params":{"x":1},"dataframe_records":[{"income":500,"home":"OWN"},{"home":"RENT","income":null,"extra":[]}]})",
       R"({"instances":[{"income":500,"home":"OWN"},{"home":"RENT","income":null}]})",
       R"({"instances":[[500,"OWN",null],[null,"RENT",null]]})",
       R"({"inputs":{"income":[500,null],"home":["OWN","RENT"]}})",
       R"({"inputs":{"income":[[500],[null]],"home":[["OWN"],["RENT"]],"extra":[1,2]}})",
       R"({"inputs":[[500,"OWN",null],[null,"RENT",null]]})",
       R"({"inputs":[{"income":500,"home":"OWN"},{"income":null,"home":"RENT"}]})",
       R"({"inputs":[{"income":500,"home":"OWN"},{"income":NaN,"home":"RENT"}],"params":{"\"NaN":"NaN\\"}})",
       R"({"dataframe_split":{"columns":["home","income"],"data":[["OWN",500],["RENT",NaN]]}})"}) {
    CAPTURE(body);
    const auto response = invoke(f, body);
    CHECK(response.status == 200);
    const Json json = parsed(response.body);
    CHECK(json.object()->size() == 1);
    CHECK(numbers_of(json.find("predictions")) == kScores);
    CHECK(response.header("X-Ignored-Columns") == (body.find("extra") == std::string::npos ? "0" : "1"));
  }
  const auto csv = invoke(f, "extra,home,income\n1,OWN,500\n2,RENT,\n", "text/csv");
  CHECK(numbers_of(parsed(csv.body).find("predictions")) == kScores);
  CHECK(csv.header("X-Ignored-Columns") == "1");
  CHECK(numbers_of(parsed(invoke(f, R"({"inputs":{"income":500,"home":"OWN"}})").body).find("predictions")) ==
        std::vector<double>{kScores[0]});
  CHECK(invoke(f, R"({"instances":[]})").body == R"({"predictions":[]})");
}

TEST_CASE("what MLflow's protocol cannot use is answered 400 with error_code and a message that names it") {
  const Fixture f;
  struct Case {
    const char *body, *says;
  };
  for (const Case& c :
       {Case{"{", "the body cannot be read"},
        Case{"[]", "no JSON object"},
        Case{"{}", "the body has no rows"},
        Case{R"({"rows":[]})", "member \"rows\""},
        Case{R"({"instances":[],"inputs":[]})", "two layouts"},
        Case{R"({"instances":5})", "no array"},
        Case{R"({"instances":[{"income":1,"home":"OWN"},7]})", "row 2 is no object"},
        Case{R"({"instances":[[1,"OWN"]]})", "row 1 has 2 values for 3 columns"},
        Case{R"({"dataframe_records":[[1,"OWN",null]]})", "array of objects"},
        Case{R"({"dataframe_split":{"columns":["income"]}})", "\"data\""},
        Case{R"({"dataframe_split":{"columns":[1],"data":[]}})", "no string"},
        Case{R"({"dataframe_split":{"columns":["income","home"],"data":[[1]]}})", "row 1 has 1 values"},
        Case{R"({"inputs":{"income":[1,2],"home":["OWN"]}})", "differ in length"},
        Case{R"({"dataframe_records":[{"income":1,"home":"OWN"},{"home":"OWN"}]})",
             "row 2: field \"income\" is missing"},
        Case{R"({"dataframe_records":[{"income":1,"home":"TENT"}]})", "unseen_category"},
        Case{R"({"dataframe_records":[{"income":{"a":1},"home":"OWN"}]})", "an object is of the wrong type"},
        Case{R"({"dataframe_records":[{"income":1e999,"home":"OWN"}]})", "not_finite"},
        Case{R"({"dataframe_records":[{"income":-Infinity,"home":"OWN"}]})", "not_finite"},
        Case{R"({"dataframe_records":[{"income":-NaN,"home":"OWN"}]})", "not JSON"},
        Case{R"({"dataframe_records":[{"income":nan,"home":"OWN"}]})", "not JSON"},
        Case{R"({"dataframe_records":[{"income":"500","home":"OWN"}]})", "wrong_type"}}) {
    CAPTURE(c.body);
    const auto response = invoke(f, c.body);
    CHECK(response.status == 400);
    const Json json = parsed(response.body);
    CHECK(text_of(json, "error_code") == "BAD_REQUEST");
    CHECK(text_of(json, "message").find(c.says) != std::string::npos);
  }
  CHECK(invoke(f, "income,home\n1\n", "text/csv").status == 400);
  CHECK(invoke(f, "home\nOWN\n", "text/csv").body.find("missing") != std::string::npos);
  CHECK(invoke(f, "{}", "text/plain").status == 415);
  CHECK(parsed(invoke(f, "{}", "text/plain").body).find("error_code") != nullptr);
  CHECK(f.get("/invocations").status == 405);
  CHECK(f.get("/ping").status == 200);
  CHECK(f.get("/version").body == "3.17.2");
}

TEST_CASE("invariant: tensors, one for each column or one for all, give the rows' probabilities, to the bit") {
  const Fixture f;
  const std::string columns =
      tensor("income", "[2]", "FP64", "[500,null]") + "," + tensor("home", "[2,1]", "BYTES", R"(["OWN","RENT"])");
  for (const std::string& body :
       {R"({"id":"r-1","inputs":[)" + columns + "]}",
        R"({"inputs":[)" + columns +
            R"(],"id":"r-1","outputs":[{"name":"probability"}],"parameters":{"content_type":"pd"}})",
        R"({"id":"r-1","inputs":[)" + tensor("income", "[2,1]", "INT64", "[[500],[null]]") + "," +
            tensor("home", "[2]", "BYTES", R"(["OWN","RENT"])") + "]}"}) {
    CAPTURE(body);
    const auto response = infer(f, body);
    CHECK(response.status == 200);
    const Json json = parsed(response.body);
    CHECK(text_of(json, "model_name") == "loans");
    CHECK(text_of(json, "model_version") == f.model->version);
    CHECK(text_of(json, "id") == "r-1");
    const Json& output = (*json.find("outputs")->array())[0];
    CHECK(text_of(output, "name") == "probability");
    CHECK(text_of(output, "datatype") == "FP64");
    CHECK(numbers_of(output.find("shape")) == std::vector<double>{2});
    CHECK(numbers_of(output.find("data")) == kScores);
  }
  const auto whole = infer(
      f, R"({"inputs":[)" + tensor("input-0", "[2,3]", "BYTES", R"([[null,"OWN",null],[null,"RENT",null]])") + "]}",
      "/v2/models/loans/versions/" + f.model->version + "/infer");
  CHECK(whole.status == 200);
  CHECK(numbers_of((*parsed(whole.body).find("outputs")->array())[0].find("data"))[1] == kScores[1]);
  // As tritonclient writes them: an array of numpy's has one datatype, and no null.
  for (const std::string& inputs :
       {tensor("rows", "[2,3]", "BYTES", R"(["5e2","OWN","","","RENT",""])"),
        tensor("income", "[2]", "FP64", "[500.0,NaN]") + "," + tensor("home", "[2]", "BYTES", R"(["OWN","RENT"])"),
        tensor("income", "[2]", "BYTES", R"(["500",""])") + "," +
            tensor("home", "[2]", "BYTES", R"(["OWN","RENT"])")}) {
    CAPTURE(inputs);
    const auto response = infer(f, R"({"inputs":[)" + inputs + "]}");
    REQUIRE(response.status == 200);
    CHECK(numbers_of((*parsed(response.body).find("outputs")->array())[0].find("data")) == kScores);
  }
}

TEST_CASE("what the Open Inference Protocol cannot use is answered 4xx with an error that names it") {
  const Fixture f;
  const std::string home = tensor("home", "[1]", "BYTES", R"(["OWN"])");
  struct Case {
    std::string body, says;
  };
  for (const Case& c : std::vector<Case>{
           {"{", "cannot be read"},
           {"[]", "no JSON object"},
           {"{}", "\"inputs\""},
           {R"({"inputs":[]})", "\"inputs\""},
           {R"({"inputs":[7]})", "no \"name\""},
           {R"({"id":7,"inputs":[]})", "\"id\""},
           {R"({"inputs":[)" + home + R"(],"outputs":[{"name":"label"}]})", "probability"},
           {R"({"inputs":[)" + tensor("income", "[2]", "FP64", "[1]") + "]}", "1 values, the shape says 2"},
           {R"({"inputs":[)" + tensor("income", "[1,1,1]", "FP64", "[1]") + "]}", "\"shape\" must be"},
           {R"({"inputs":[)" + tensor("income", "[-1]", "FP64", "[1]") + "]}", "no counts"},
           {R"({"inputs":[)" + tensor("income", "[1]", "FP128", "[1]") + "]}", "FP128"},
           {R"({"inputs":[)" + tensor("income", "[1]", "INT32", "[1.5]") + "]}", "datatype"},
           {R"({"inputs":[)" + tensor("income", "[1]", "FP64", R"(["1"])") + "]}", "datatype"},
           {R"({"inputs":[)" + home + "," + tensor("income", "[1]", "FP64", "[Infinity]") + "]}", "not_finite"},
           {R"({"inputs":[)" + home + "," + tensor("income", "[1]", "BYTES", R"(["5OO"])") + "]}", "wrong_type"},
           {R"({"inputs":[)" + tensor("incom", "[1]", "FP64", "[1]") + "]}", "did you mean"},
           {R"({"inputs":[)" + home + "," + home + "]}", "twice"},
           {R"({"inputs":[)" + home + "," + tensor("income", "[2]", "FP64", "[1,2]") + "]}", "same n"},
           {R"({"inputs":[)" + tensor("x", "[1,2]", "FP64", "[1,2]") + "]}", "2 columns; the model has 3"},
           {R"({"inputs":[)" + home + "]}", "field \"income\" is missing"},
           {R"({"inputs":[{"name":"income","shape":[1],"datatype":"FP64","parameters":{"binary_data_size":8}}]})",
            "binary"}}) {
    CAPTURE(c.body);
    const auto response = infer(f, c.body);
    CHECK(response.status == 400);
    CHECK(text_of(parsed(response.body), "error").find(c.says) != std::string::npos);
  }
  const std::vector<serve::Header> binary{{"Inference-Header-Content-Length", "10"}};
  CHECK(f.service.handle({"POST", "/v2/models/loans/infer", binary, "{}"}).status == 400);
  CHECK(infer(f, "{}", "/v2/models/other/infer").status == 404);
  CHECK(infer(f, "{}", "/v2/models/loans/versions/9/infer").status == 404);
  CHECK(parsed(infer(f, "{}", "/v2/models/other/infer").body).find("error") != nullptr);
  CHECK(f.get("/v2/models/loans/x").status == 404);
  CHECK(f.get("/v2/models/").status == 404);
  CHECK(f.get("/v2/models/loans/infer").status == 405);
}

TEST_CASE("the Open Inference Protocol's health and metadata") {
  Fixture f;
  CHECK(text_of(parsed(f.get("/v2").body), "name") == "riskflag");
  CHECK(f.get("/v2/health/live").status == 200);
  CHECK(f.get("/v2/health/ready").status == 200);
  const Json model = parsed(f.get("/v2/models/loans").body);
  CHECK(text_of(model, "name") == "loans");
  CHECK(text_of((*model.find("inputs")->array())[0], "datatype") == "FP64");
  CHECK(text_of((*model.find("inputs")->array())[1], "datatype") == "BYTES");
  CHECK(f.get("/v2/models/l%6Fans/ready").body == R"({"name":"loans","ready":true})");
  f.service.set_state(serve::State::draining);
  CHECK(f.get("/v2/health/ready").status == 503);
  CHECK(f.get("/v2/health/live").status == 200);
  CHECK(f.get("/ping").status == 503);
}

TEST_CASE("rows of every protocol are counted") {
  const Fixture f;
  static_cast<void>(invoke(f, R"({"inputs":{"income":[500,1e6],"home":["OWN","OWN"]}})"));
  static_cast<void>(infer(f, R"({"inputs":[)" + tensor("income", "[1]", "FP64", "[500]") + "," +
                                 tensor("home", "[1]", "BYTES", R"(["OWN"])") + "]}"));
  static_cast<void>(invoke(f, R"({"inputs":{"income":[500,-1],"home":["OWN","OWN"]}})"));  // all or nothing
  const std::string page = f.get("/metrics").body;
  CHECK(page.find("risk=\"High\"} 2\n") != std::string::npos);
  CHECK(page.find("risk=\"Low\"} 1\n") != std::string::npos);
  CHECK(page.find(R"({route="/v2/models/{model}/infer",method="POST",code="200"} 1)") != std::string::npos);
}

TEST_CASE("openapi.json names every path with its methods, and the model's own fields") {
  const Fixture f;
  const Json json = parsed(f.get("/openapi.json").body);
  CHECK(text_of(json, "openapi") == "3.1.0");
  const Json& paths = *json.find("paths");
  CHECK(paths.object()->size() == serve::detail::kRoutes.size());
  for (const auto& [path, item] : *paths.object()) {
    CAPTURE(path);
    const std::string allowed(
        f.get(path.find('{') == std::string::npos ? path : "/v2/models/loans" + path.substr(18), "BREW")
            .header("Allow"));
    const bool taken = path != "/v1/outcomes";  // not without a place for outcomes: 404, whatever the method
    CHECK(allowed == (!taken ? "" : item.find("post") != nullptr ? "POST" : "GET, HEAD"));
    CHECK((item.find("get") != nullptr) != (item.find("post") != nullptr));
  }
  const Json& row = *json.find("components")->find("schemas")->find("Row");
  CHECK(row.find("properties")->find("income") != nullptr);
  const Json& model = (*paths.find("/v2/models/{model}/infer")->find("parameters")->array())[0];
  CHECK(value_or_throw((*model.find("schema")->find("enum")->array())[0].string()) == "loans");
}

TEST_CASE("openapi.json names the headers that a request may have, and those that answers do have") {
  Fixture f;
  const Json json = parsed(f.get("/openapi.json").body);
  const auto part = [&](const std::string& ref) -> const Json& {
    const Json* at = &json;
    for (const std::string_view name : split_text(std::string_view(ref).substr(2), '/')) at = at->find(name);
    REQUIRE(at != nullptr);
    return *at;
  };
  const auto taken = [&](const Json& operation) {
    std::vector<std::string> out;
    for (const Json& each : *operation.find("parameters")->array()) {
      out.push_back(text_of(part(text_of(each, "$ref")), "name"));
    }
    return out;
  };
  const Json& paths = *json.find("paths");
  using Names = std::vector<std::string>;
  CHECK(taken(*paths.find("/v1/score")->find("post")) ==
        Names{"X-Request-Id", "traceparent", "X-Routing-Key", "explain"});
  CHECK(taken(*paths.find("/v1/outcomes")->find("post")) == Names{"X-Request-Id", "traceparent"});
  CHECK(taken(*paths.find("/livez")->find("get")) == Names{"X-Request-Id", "traceparent"});
  CHECK(paths.find("/livez")->find("get")->find("security") == nullptr);
  CHECK(paths.find("/metrics")->find("get")->find("security") != nullptr);
  CHECK(part("#/components/securitySchemes/ApiKey").find("scheme") != nullptr);

  const auto all_are_named = [&](const serve::Response& answer, const Json& operation, const char* which) {
    const Json* named = operation.find("responses")->find(which)->find("headers");
    for (const auto& [name, value] : answer.headers) {
      CAPTURE(name);
      if (name == "Content-Type") continue;  // OpenAPI has it as the content's key
      REQUIRE(named->find(name) != nullptr);
      CHECK_FALSE(part(text_of(*named->find(name), "$ref")).find("schema") == nullptr);
    }
  };
  for (const auto& [path, item] : *paths.object()) {
    CAPTURE(path);
    const std::string real = path.find('{') == std::string::npos ? path : "/v2/models/loans" + path.substr(18);
    const Json* get = item.find("get");
    if (get != nullptr) all_are_named(f.get(real), *get, "200");
    all_are_named(f.get(real, "BREW"), get != nullptr ? *get : *item.find("post"), "default");
  }
  const Json& score = *paths.find("/v1/score")->find("post");
  all_are_named(f.post("income,home\n500,OWN\n", "text/csv"), score, "200");
  f.service.set_state(serve::State::starting);
  all_are_named(f.post(kGood), score, "default");  // Retry-After
  f.service.set_keys(std::make_shared<const serve::ApiKeys>(serve::ApiKeys::parse(
      R"({"format":1,"keys":[{"name":"app","sha256":")" + sha256_hex("key") + R"(","scopes":["score"]}]})", "keys")));
  all_are_named(f.post(kGood), score, "default");  // WWW-Authenticate
}
