#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

/// The text with the first `what`, which must be there, made `with`.
inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}
