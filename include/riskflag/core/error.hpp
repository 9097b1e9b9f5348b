#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/result.hpp>

namespace riskflag::inline v0_1 {

/// What every door of the library throws: a sentence that says where, what was found and what would be accepted.
///
/// `what()` is the whole sentence, "where: message". Nothing else is thrown but std::bad_alloc.
class Error : public std::exception {
 public:
  explicit Error(Failure failure) : failure_(std::move(failure)), text_(failure_.text()) {}
  Error(ErrorCode code, std::string where, std::string message)
      : Error(Failure{code, std::move(where), std::move(message)}) {}

  [[nodiscard]] ErrorCode code() const noexcept { return failure_.code; }
  [[nodiscard]] const std::string& where() const noexcept { return failure_.where; }
  [[nodiscard]] const std::string& message() const noexcept { return failure_.message; }
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  Failure failure_;
  std::string text_;
};

/// Throws Error(code, where, message).
[[noreturn]] inline void fail(ErrorCode code, std::string where, std::string message) {
  throw Error(code, std::move(where), std::move(message));
}

/// The value, or throws its failure as an Error.
template <class T>
[[nodiscard]] T value_or_throw(Result<T> result) {
  if (!result) throw Error(result.failure());
  return std::move(result).value();
}
inline void value_or_throw(const Result<void>& result) {
  if (!result) throw Error(result.failure());
}

}  // namespace riskflag::inline v0_1
