// What import_xgboost takes is a model that every scorer may walk, with the same bits; what it refuses, it refuses with
// a place and a message fit to print.

#include <cstddef>
#include <cstdint>

#include <riskflag/interop.hpp>

#include "scored_model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_import(riskflag::interop::import_xgboost({reinterpret_cast<const char*>(data), size}, "fuzz"));
  return 0;
}
