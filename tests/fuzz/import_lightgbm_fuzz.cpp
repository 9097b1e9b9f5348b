// What import_lightgbm takes is a model that every scorer may walk, with the same bits; what it refuses, it refuses
// with a place and a message fit to print.

#include <cstddef>
#include <cstdint>

#include <riskflag/model/import_lightgbm.hpp>

#include "scored_model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_import(riskflag::import_lightgbm({reinterpret_cast<const char*>(data), size}, "fuzz"));
  return 0;
}
