#pragma once

#include <string_view>

namespace riskflag::inline v0_1 {

/// The library's version, major.minor.patch. CMakeLists.txt reads it from here.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace riskflag::inline v0_1
