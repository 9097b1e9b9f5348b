// Built twice, from two versions of the headers, into two shared objects of one process.
#include <riskflag/riskflag.hpp>

extern "C" const char* PLUGIN_NAME();
extern "C" const char* PLUGIN_NAME() {
  // Names from the error hierarchy, a container and a number: what would clash if the versions shared symbols.
  static const std::string text = std::string(riskflag::kVersion) + " " + riskflag::number_text(riskflag::exact::exp(1.0)) + " " +
                                  std::string(riskflag::name_of(riskflag::ErrorCode::parse));
  return text.c_str();
}
