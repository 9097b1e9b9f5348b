#pragma once

#include <string>

#include <doctest/doctest.h>

#include <riskflag/study/evaluate.hpp>

/// The metric of that name, which must be there and have a value.
inline double value_of(const riskflag::study::MetricList& list, const std::string& name) {
  for (const auto& [key, value] : list) {
    if (key == name) return value.value();
  }
  FAIL("no metric " << name);
  return 0;
}
