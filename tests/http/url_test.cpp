#include <riskflag/http/url.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = riskflag::http;

TEST_CASE("a URL is taken apart, its origin shows neither user nor password") {
  const http::Url url = http::parse_url("https://me:s%40cret@Mlflow.example:8443/prefix/", "uri");
  CHECK(url.scheme == "https");
  CHECK(url.host == "Mlflow.example");
  CHECK(url.port == 8443);
  CHECK(url.path == "/prefix");
  CHECK(url.user == "me");
  CHECK(url.password == "s@cret");
  CHECK(url.origin() == "https://Mlflow.example:8443");
}

TEST_CASE("ports are the scheme's where none is given, an IPv6 address stands in brackets") {
  CHECK(http::parse_url("http://a", "uri").port == 80);
  CHECK(http::parse_url("https://a/", "uri").port == 443);
  const http::Url v6 = http::parse_url("http://[::1]:5000", "uri");
  CHECK(v6.host == "::1");
  CHECK(v6.origin() == "http://[::1]:5000");
}

TEST_CASE("what is no address is refused, and no message repeats a password") {
  for (const char* text :
       {"", "mlflow:5000", "ftp://a", "http://", "http://a:0", "http://a:65536", "http://a:x", "http://a b",
        "http://[::1", "http://a/?q", "http://u:hunter2@:5000", "sqlite:///x.db", "http://u:1@hunter2@a:0"}) {
    CAPTURE(text);
    try {
      (void)http::parse_url(text, "MLFLOW_TRACKING_URI");
      FAIL("accepted");
    } catch (const riskflag::Error& error) {
      CHECK(error.code() == riskflag::ErrorCode::usage);
      CHECK(std::string(error.what()).starts_with("MLFLOW_TRACKING_URI: "));
      CHECK(std::string(error.what()).find("hunter2") == std::string::npos);
    }
  }
}

TEST_CASE("segments are encoded and decoded byte by byte") {
  CHECK(http::percent_encoded("a b/ü~") == "a%20b%2F%C3%BC~");
  CHECK(http::percent_decoded("a%20b%2F%c3%BC~") == "a b/ü~");
  CHECK(http::percent_decoded("100%") == "100%");
  CHECK(http::percent_decoded("%zz%4") == "%zz%4");
}
