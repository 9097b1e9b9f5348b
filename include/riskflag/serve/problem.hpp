#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/serve/message.hpp>

namespace riskflag::inline v0_1::serve {

/// At most this many entries stand in one answer's "errors".
inline constexpr std::size_t kMaxErrors = 100;

/// One unusable cell and the row (1-based) that it stands in.
struct RowIssue {
  std::uint64_t row = 1;
  bundle::FieldIssue issue;
};

/// What went wrong with a request: docs/formats/http.md lists the codes.
struct Problem {
  int status = 400;
  std::string code;
  std::string detail;
  std::vector<RowIssue> errors{};
};

/// "Unprocessable Content" for 422, and so on for every status that this service answers.
[[nodiscard]] inline std::string_view title_of(int status) noexcept {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

/// Appends [{"row","field","code","found","expected"}, …].
inline void write_errors(JsonWriter& json, std::span<const RowIssue> errors) {
  json.begin_array();
  for (std::size_t i = 0; i < errors.size() && i < kMaxErrors; ++i) {
    const auto& [row, issue] = errors[i];
    json.begin_object().key("row").value(row);
    json.key("field").value(std::string_view(issue.field)).key("code").value(issue.code);
    json.key("found").value(std::string_view(issue.found)).key("expected").value(std::string_view(issue.expected));
    json.end_object();
  }
  json.end_array();
}

/// The answer of contract 9 (application/problem+json), with Retry-After where the client may try again.
[[nodiscard]] inline Response problem_response(const Problem& problem, std::string_view request_id) {
  JsonWriter json;
  json.begin_object();
  json.key("type")
      .value("about:blank")
      .key("title")
      .value(title_of(problem.status))
      .key("status")
      .value(problem.status);
  json.key("code").value(std::string_view(problem.code)).key("detail").value(std::string_view(problem.detail));
  json.key("request_id").value(request_id).key("errors");
  write_errors(json, problem.errors);
  json.end_object();
  Response response{problem.status, {{"Content-Type", "application/problem+json"}}, std::move(json).text()};
  if (problem.status == 503) response.headers.add("Retry-After", "1");
  return response;
}

}  // namespace riskflag::inline v0_1::serve
