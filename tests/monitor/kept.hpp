#pragma once

// Texts that a restart would read, changed so that they must be refused.

#include <string>

#include <doctest/doctest.h>

#include <riskflag/core/error.hpp>

namespace kept_test {

[[nodiscard]] inline std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

/// `restore(text)` throws an error that has `word`.
template <class Restore>
void check_refused(const Restore& restore, const std::string& text, const char* word) {
  try {
    restore(text);
    FAIL("taken, although ", word);
  } catch (const riskflag::Error& error) {
    CHECK(std::string(error.what()).find(word) != std::string::npos);
  }
}

}  // namespace kept_test
