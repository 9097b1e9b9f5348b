#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/serve/detail/routes.hpp>

namespace riskflag::inline v0_1::serve {
namespace detail {

/// The answers that have a shape of their own; everything else is a Problem or stands in docs/formats/http.md.
inline constexpr std::string_view kOpenApiSchemas =
    R"("Scored":{"type":"object","required":["decision_id","id","probability","risk","threshold","model"],"properties":{)"
    R"("decision_id":{"type":"string","format":"uuid"},"id":{"type":"object"},)"
    R"("probability":{"type":"number","minimum":0,"maximum":1},"risk":{"enum":["High","Low"]},)"
    R"("threshold":{"type":"number"},"model":{"type":"object","required":["name","version","digest"],"properties":{)"
    R"("name":{"type":"string"},"version":{"type":"string"},"digest":{"type":"string"}}}}},)"
    R"("Problem":{"type":"object","required":["type","title","status","code","detail","request_id","errors"],)"
    R"("properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},)"
    R"("code":{"type":"string"},"detail":{"type":"string"},"request_id":{"type":"string"},"errors":{"type":"array",)"
    R"("maxItems":100,"items":{"type":"object","required":["row","field","code","found","expected"],"properties":{)"
    R"("row":{"type":"integer"},"field":{"type":"string"},"code":{"enum":["unknown_field","missing_field",)"
    R"("wrong_type","out_of_range","unseen_category","duplicate_key","not_finite"]},"found":{"type":"string"},)"
    R"("expected":{"type":"string"}}}}}},)"
    R"("Outcome":{"type":"object","required":["decision_id","outcome","observed_at"],"additionalProperties":false,)"
    R"("properties":{"decision_id":{"type":"string","format":"uuid"},"outcome":{"enum":[0,1]},)"
    R"("observed_at":{"type":"string","format":"date-time"}}},)"
    R"("MlflowError":{"type":"object","required":["error_code","message"],"properties":{)"
    R"("error_code":{"type":"string"},"message":{"type":"string"}}},)"
    R"("V2Error":{"type":"object","required":["error"],"properties":{"error":{"type":"string"}}})";

/// What a request may carry beside its body, and how it says who it is.
inline constexpr std::string_view kOpenApiParameters =
    R"("RequestId":{"name":"X-Request-Id","in":"header",)"
    R"("description":"comes back, and stands in the logs; else the trace of traceparent does, else one is made",)"
    R"("schema":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,64}$"}},)"
    R"("ProbeId":{"name":"X-Request-Id","in":"header","description":"comes back where it is 1 to 64 of A-Z a-z 0-9 . _ -",)"
    R"("schema":{"type":"string"}},)"
    R"("TraceParent":{"name":"traceparent","in":"header","description":"of W3C Trace Context; ignored where it is none",)"
    R"("schema":{"type":"string"}},)"
    R"("RoutingKey":{"name":"X-Routing-Key","in":"header",)"
    R"("description":"requests of the same key meet the same model, champion or challenger","schema":{"type":"string"}},)"
    R"("Explain":{"name":"explain","in":"query","description":"the most reasons that a scored row gets",)"
    R"("schema":{"type":"integer","minimum":1,"maximum":10}})";
inline constexpr std::string_view kOpenApiHeaders =
    R"("RequestId":{"description":"the request's own, its trace, or made","required":true,"schema":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,64}$"}},)"
    R"("CacheControl":{"required":true,"schema":{"const":"no-store"}},)"
    R"("ContentTypeOptions":{"required":true,"schema":{"const":"nosniff"}},)"
    R"("ContentSecurityPolicy":{"required":true,"schema":{"type":"string"}},)"
    R"("IgnoredColumns":{"description":"CSV: columns that the model does not have","schema":{"type":"integer"}},)"
    R"("RetryAfter":{"description":"503: seconds","schema":{"type":"integer"}},)"
    R"("WwwAuthenticate":{"description":"401","schema":{"const":"Bearer"}},)"
    R"("Allow":{"description":"405: the methods of the path","schema":{"type":"string"}})";
inline constexpr std::string_view kOpenApiSecurity =
    R"("ApiKey":{"type":"http","scheme":"bearer","description":"where the server has --keys"})";

inline void write_parameters(JsonWriter& json, Endpoint endpoint) {
  const bool open = scope_of(endpoint) == Scope::open;
  json.key("parameters").begin_array();
  const auto refer = [&](std::string_view name) {
    json.begin_object().key("$ref").value("#/components/parameters/" + std::string(name)).end_object();
  };
  refer(open ? "ProbeId" : "RequestId");
  refer("TraceParent");
  if (endpoint == Endpoint::score) {
    refer("RoutingKey");
    refer("Explain");
  }
  json.end_array();
  if (!open) json.key("security").raw(R"([{},{"ApiKey":[]}])");
}

enum class Answer { good, refusal };
inline void write_headers(JsonWriter& json, Endpoint endpoint, Answer answer) {
  json.key("headers").begin_object();
  const auto refer = [&](std::string_view header, std::string_view name) {
    json.key(header).begin_object().key("$ref").value("#/components/headers/" + std::string(name)).end_object();
  };
  refer("X-Request-Id", "RequestId");
  refer("Cache-Control", "CacheControl");
  refer("X-Content-Type-Options", "ContentTypeOptions");
  refer("Content-Security-Policy", "ContentSecurityPolicy");
  if (answer == Answer::refusal) {
    refer("Retry-After", "RetryAfter");
    refer("WWW-Authenticate", "WwwAuthenticate");
    refer("Allow", "Allow");
  } else if (endpoint == Endpoint::score || endpoint == Endpoint::invocations) {
    refer("X-Ignored-Columns", "IgnoredColumns");
  }
  json.end_object();
}

inline void write_content(JsonWriter& json, std::string_view media, std::string_view schema) {
  json.key(media).begin_object().key("schema").raw(schema).end_object();
}

inline void write_request_body(JsonWriter& json, Endpoint endpoint) {
  json.key("requestBody").begin_object().key("required").value(true).key("content").begin_object();
  if (endpoint == Endpoint::score) {
    write_content(json, "application/json",
                  R"({"oneOf":[{"$ref":"#/components/schemas/Row"},)"
                  R"({"type":"array","items":{"$ref":"#/components/schemas/Row"}}]})");
    write_content(json, "application/x-ndjson", R"({"type":"string","description":"a Row on each line"})");
    write_content(json, "text/csv", R"({"type":"string","description":"a header with the fields, then rows"})");
  } else if (endpoint == Endpoint::outcomes) {
    write_content(json, "application/json",
                  R"({"oneOf":[{"$ref":"#/components/schemas/Outcome"},)"
                  R"({"type":"array","items":{"$ref":"#/components/schemas/Outcome"}}]})");
    write_content(json, "application/x-ndjson", R"({"type":"string","description":"an Outcome on each line"})");
  } else if (endpoint == Endpoint::invocations) {
    write_content(
        json, "application/json",
        R"({"type":"object","properties":{"dataframe_split":{"type":"object","required":["columns","data"],)"
        R"("properties":{"columns":{"type":"array","items":{"type":"string"}},"data":{"type":"array","items":{)"
        R"("type":"array"}},"index":{}}},"dataframe_records":{"type":"array","items":{"type":"object"}},)"
        R"("instances":{"type":"array","items":{"type":["object","array"]}},)"
        R"("inputs":{"type":["object","array"]},"params":{}},"additionalProperties":false,)"
        R"("oneOf":[{"required":["dataframe_split"]},{"required":["dataframe_records"]},)"
        R"({"required":["instances"]},{"required":["inputs"]}]})");
    write_content(json, "text/csv", R"({"type":"string"})");
  } else {
    write_content(
        json, "application/json",
        R"({"type":"object","required":["inputs"],"properties":{"id":{"type":"string"},"inputs":{)"
        R"("type":"array","minItems":1,"items":{"type":"object","required":["name","shape","datatype",)"
        R"("data"],"properties":{"name":{"type":"string"},"shape":{"type":"array","minItems":1,"maxItems":2,)"
        R"("items":{"type":"integer","minimum":0}},"datatype":{"enum":["BOOL","INT8","INT16","INT32","INT64",)"
        R"("UINT8","UINT16","UINT32","UINT64","FP16","FP32","FP64","BYTES"]},"data":{"type":"array"}}}},)"
        R"("outputs":{"type":"array","items":{"type":"object","required":["name"],"properties":{)"
        R"("name":{"const":"probability"}}}}}})");
  }
  json.end_object().end_object();
}

inline void write_answer(JsonWriter& json, Endpoint endpoint) {
  json.key(endpoint == Endpoint::outcomes ? "202" : "200").begin_object().key("description").value("the answer");
  write_headers(json, endpoint, Answer::good);
  json.key("content").begin_object();
  if (endpoint == Endpoint::score) {
    write_content(json, "application/json",
                  R"({"oneOf":[{"$ref":"#/components/schemas/Scored"},)"
                  R"({"type":"array","items":{"$ref":"#/components/schemas/Scored"}}]})");
    write_content(json, "application/x-ndjson", R"({"type":"string"})");
    write_content(json, "text/csv", R"({"type":"string"})");
  } else if (endpoint == Endpoint::outcomes) {
    write_content(json, "application/json",
                  R"({"type":"object","required":["accepted"],"properties":{"accepted":{"type":"integer"}}})");
  } else if (endpoint == Endpoint::metrics || endpoint == Endpoint::ping || endpoint == Endpoint::version) {
    write_content(json, "text/plain", R"({"type":"string"})");
  } else if (endpoint == Endpoint::page) {
    write_content(json, "text/html", R"({"type":"string"})");
  } else if (endpoint == Endpoint::schema) {
    write_content(json, "application/schema+json", R"({"type":"object"})");
  } else {
    write_content(json, "application/json", R"({"type":"object"})");
  }
  json.end_object().end_object();
}

}  // namespace detail

/// The OpenAPI 3.1 description of the endpoints of detail::kRoutes for one model; `row_schema` is its JSON Schema.
[[nodiscard]] inline std::string openapi_text(std::string_view row_schema, std::string_view name) {
  JsonWriter json;
  json.begin_object().key("openapi").value("3.1.0").key("info").begin_object();
  json.key("title").value("riskflag: " + std::string(name)).key("version").value(kVersion).end_object();
  json.key("paths").begin_object();
  for (const detail::Route& route : detail::kRoutes) {
    json.key(route.path).begin_object();
    if (route.path.find("{model}") != std::string_view::npos) {
      json.key("parameters").begin_array().begin_object().key("name").value("model").key("in").value("path");
      json.key("required").value(true).key("schema").begin_object().key("enum").begin_array().value(name).end_array();
      json.end_object().end_object().end_array();
    }
    for (const std::string_view method : split_text(route.allow, ',')) {
      json.key(lower_ascii(trimmed(method))).begin_object().key("summary").value(route.summary);
      detail::write_parameters(json, route.endpoint);
      if (route.allow == "POST") detail::write_request_body(json, route.endpoint);
      json.key("responses").begin_object();
      detail::write_answer(json, route.endpoint);
      const bool v2 = route.protocol == detail::Protocol::v2;
      const bool mlflow = route.protocol == detail::Protocol::mlflow;
      json.key("default").begin_object().key("description").value("why there is none");
      detail::write_headers(json, route.endpoint, detail::Answer::refusal);
      json.key("content").begin_object();
      detail::write_content(json, v2 || mlflow ? "application/json" : "application/problem+json",
                            v2       ? R"({"$ref":"#/components/schemas/V2Error"})"
                            : mlflow ? R"({"$ref":"#/components/schemas/MlflowError"})"
                                     : R"({"$ref":"#/components/schemas/Problem"})");
      json.end_object().end_object().end_object().end_object();
    }
    json.end_object();
  }
  json.end_object().key("components").begin_object().key("schemas");
  json.raw("{\"Row\":" + std::string(row_schema) + "," + std::string(detail::kOpenApiSchemas) + "}");
  const auto part = [&](std::string_view key, std::string_view text) {
    json.key(key).raw("{" + std::string(text) + "}");
  };
  part("parameters", detail::kOpenApiParameters);
  part("headers", detail::kOpenApiHeaders);
  part("securitySchemes", detail::kOpenApiSecurity);
  json.end_object().end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::serve
