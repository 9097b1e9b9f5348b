#include <riskflag/core/base64.hpp>

#include <doctest/doctest.h>

#include <string_view>

using namespace riskflag;

TEST_CASE("base64 gives the vectors of RFC 4648, section 10, and bytes above 127") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64(std::string_view("\xff\xfb\x00\xbf", 4)) == "//sAvw==");  // python3: b64encode(b"\xff\xfb\0\xbf")
}
