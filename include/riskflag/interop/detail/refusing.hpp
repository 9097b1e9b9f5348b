#pragma once

#include <string>
#include <utility>

#include <riskflag/core/result.hpp>

namespace riskflag::inline v0_1::interop::detail {

/// What readers of a file have in common: a place, and the failure that ended the reading.
class Refusing {
 protected:
  explicit Refusing(std::string where) : where_(std::move(where)) {}

  Failure refusal(std::string message, ErrorCode code = ErrorCode::corrupt) const {
    return {code, where_, std::move(message)};
  }
  /// Keeps the failure; false, for a step to return.
  bool refuse(std::string message, ErrorCode code = ErrorCode::corrupt) {
    failure_ = refusal(std::move(message), code);
    return false;
  }

  std::string where_;
  Failure failure_;
};

}  // namespace riskflag::inline v0_1::interop::detail
