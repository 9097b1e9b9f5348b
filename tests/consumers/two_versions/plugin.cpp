// Built twice, from two versions of the headers, into two shared objects of one process.
#include <riskflag/riskflag.hpp>

extern "C" const char* version_text();
extern "C" const char* version_text() {
  // A constant, a function with tables and a function of the error hierarchy: what would clash if the versions shared
  // symbols.
  static const std::string text = std::string(riskflag::kVersion) + " " +
                                  riskflag::number_text(riskflag::exact::exp(1.0)) + " " +
                                  std::string(riskflag::name_of(riskflag::ErrorCode::parse));
  return text.c_str();
}

extern "C" void throw_error();
extern "C" void throw_error() { riskflag::fail(riskflag::ErrorCode::parse, "here", "thrown"); }

/// True when what `thrower` throws is this version's Error.
extern "C" bool catches_from(void (*thrower)());
extern "C" bool catches_from(void (*thrower)()) {
  try {
    thrower();
  } catch (const riskflag::Error&) {
    return true;
  } catch (...) {
  }
  return false;
}

/// A static of an inline function, as every version has it: its address must be this version's own.
extern "C" const void* address_of_version();
extern "C" const void* address_of_version() { return static_cast<const void*>(riskflag::kVersion.data()); }
