#pragma once

// The page for people at `/`: one document of its own, with its style and script inside. It asks the same endpoints as
// any other client.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/base64.hpp>
#include <riskflag/core/sha256.hpp>

namespace riskflag::inline v0_1::serve::detail {

// clang-format off
inline constexpr std::string_view kPageBody =
#include <riskflag/serve/page/body.html.inl>
;
inline constexpr std::string_view kPageStyle =
#include <riskflag/serve/page/style.css.inl>
;
/// In the order in which they run; all share one scope.
inline constexpr std::array<std::string_view, 6> kPageScripts{
#include <riskflag/serve/page/basics.js.inl>
,
#include <riskflag/serve/page/fields.js.inl>
,
#include <riskflag/serve/page/applicant.js.inl>
,
#include <riskflag/serve/page/file.js.inl>
,
#include <riskflag/serve/page/monitor.js.inl>
,
#include <riskflag/serve/page/start.js.inl>
};
// clang-format on

struct Page {
  std::string html;
  std::string policy;  ///< its Content-Security-Policy
};

/// As a Content-Security-Policy names a text that may stand in the document.
[[nodiscard]] inline std::string content_hash(std::string_view text) {
  Sha256 sha;
  sha.update(text);
  const std::array<std::uint8_t, 32> digest = sha.digest();
  return "'sha256-" + base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "'";
}

[[nodiscard]] inline Page make_page() {
  std::string script = "\"use strict\";";
  for (const std::string_view part : kPageScripts) script += part;
  Page page;
  page.html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>riskflag</title>\n<style>";
  page.html += kPageStyle;
  page.html += "</style>\n</head>";
  page.html += kPageBody;
  page.html += "<script>" + script + "</script>\n</body>\n</html>\n";
  // Exactly this script and this style run, and what the script may do is ask this server: it cannot turn text into
  // markup either, whatever a field or a model is called.
  page.policy = "default-src 'none'; script-src " + content_hash(script) + "; style-src " + content_hash(kPageStyle) +
                "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                "require-trusted-types-for 'script'; trusted-types 'none'";
  return page;
}

/// Made once.
[[nodiscard]] inline const Page& page() {
  static const Page made = make_page();
  return made;
}

}  // namespace riskflag::inline v0_1::serve::detail
