#pragma once

// Which path is what, and which media types a body may have.

#include <array>
#include <string_view>
#include <vector>

#include <riskflag/core/text.hpp>
#include <riskflag/serve/message.hpp>

namespace riskflag::inline v0_1::serve::detail {

enum class Endpoint { score, model, schema, metrics, live, ready };

struct Route {
  std::string_view path;
  Endpoint endpoint;
  std::string_view allow;
};
inline constexpr std::array<Route, 7> kRoutes{{{"/v1/score", Endpoint::score, "POST"},
                                               {"/v1/model", Endpoint::model, "GET, HEAD"},
                                               {"/v1/schema", Endpoint::schema, "GET, HEAD"},
                                               {"/metrics", Endpoint::metrics, "GET, HEAD"},
                                               {"/livez", Endpoint::live, "GET, HEAD"},
                                               {"/readyz", Endpoint::ready, "GET, HEAD"},
                                               {"/healthz", Endpoint::ready, "GET, HEAD"}}};

[[nodiscard]] inline const Route* find_route(std::string_view path) noexcept {
  for (const Route& each : kRoutes) {
    if (each.path == path) return &each;
  }
  return nullptr;
}

/// True for a method that `allow` ("GET, HEAD") lists.
[[nodiscard]] inline bool is_allowed(std::string_view allow, std::string_view method) {
  for (const std::string_view each : split_text(allow, ',')) {
    if (trimmed(each) == method) return true;
  }
  return false;
}

enum class Media { json, ndjson, csv, other };

/// The media type of a Content-Type; `other` for what is not accepted, an alien charset too.
[[nodiscard]] inline Media media_of(std::string_view content_type) {
  const auto parts = split_text(content_type, ';');
  const std::string_view type = parts.empty() ? std::string_view{} : trimmed(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto at = parts[i].find('=');
    if (at == std::string_view::npos) continue;
    const std::string_view name = trimmed(parts[i].substr(0, at));
    std::string_view value = trimmed(parts[i].substr(at + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (equal_ignoring_case(name, "charset") && !equal_ignoring_case(value, "utf-8") &&
        !equal_ignoring_case(value, "us-ascii")) {
      return Media::other;
    }
    if (equal_ignoring_case(name, "header") && !equal_ignoring_case(value, "present")) return Media::other;
  }
  if (equal_ignoring_case(type, "application/json")) return Media::json;
  if (equal_ignoring_case(type, "application/x-ndjson")) return Media::ndjson;
  return equal_ignoring_case(type, "text/csv") ? Media::csv : Media::other;
}

}  // namespace riskflag::inline v0_1::serve::detail
