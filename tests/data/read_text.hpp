#pragma once

// A text read as if it stood in the file "t.csv", on the caller's thread.

#include <string_view>

#include <riskflag/core/parallel.hpp>
#include <riskflag/data/csv.hpp>

inline riskflag::CsvResult read_text(std::string_view text, const riskflag::CsvOptions& options = {}) {
  riskflag::SerialExecutor serial;
  riskflag::MemorySource source(text, "t.csv");
  return riskflag::read_csv(source, options, serial);
}
