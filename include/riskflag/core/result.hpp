#pragma once

// The half of error handling that never throws, so that programs built with -fno-exceptions can score.
// The throwing half is core/error.hpp.

#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace riskflag::inline v0_1 {

/// What kind of thing went wrong. Programs map it to exit codes, the server to statuses: values are stable, new ones go
/// last.
enum class ErrorCode {
  usage = 1,        ///< a program was called wrongly (exit 2)
  invalid_option,   ///< an option has a value outside its range, or does not exist
  not_found,        ///< a file, column, model or version that was named does not exist
  already_exists,   ///< something would be overwritten
  io,               ///< the operating system refused: permission, full disk, broken pipe
  parse,            ///< bytes that are not what their format says (CSV, JSON, expression)
  invalid_data,     ///< well-formed, but not usable: one class only, a NaN label, no rows
  schema_mismatch,  ///< columns, types or levels differ from what the schema says
  corrupt,          ///< a file of our own whose digest or structure does not hold
  unsupported,      ///< understood, but this build cannot do it
  cancelled,        ///< stopped on request
  resource,         ///< memory, descriptors, a port in use
  numeric,          ///< a computation left the finite numbers
  internal,         ///< a defect of ours
};

/// The code's name as JSON and logs write it, e.g. "invalid_option".
[[nodiscard]] constexpr std::string_view name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::usage: return "usage";
    case ErrorCode::invalid_option: return "invalid_option";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::io: return "io";
    case ErrorCode::parse: return "parse";
    case ErrorCode::invalid_data: return "invalid_data";
    case ErrorCode::schema_mismatch: return "schema_mismatch";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::resource: return "resource";
    case ErrorCode::numeric: return "numeric";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

/// Why something could not be done, as a value: where, and a sentence with what was found and what would be accepted.
struct Failure {
  ErrorCode code = ErrorCode::internal;
  std::string where;    ///< "train.csv:1042", "model.json", "--threads"; may be empty
  std::string message;  ///< "column \"age\": \"3O\" is not a number (the schema says numeric)"

  /// "where: message", or the message alone.
  [[nodiscard]] std::string text() const { return where.empty() ? message : where + ": " + message; }
};

/// A `T` or the reason why there is none. Never throws; reading the absent side is a defect of the caller and ends the
/// program.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : ok_(true), value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): `return value;`
  Result(Failure failure)
      : failure_(std::move(failure)) {}  // NOLINT(google-explicit-constructor): `return Failure{...};`
  Result(const Result& other) : ok_(other.ok_), failure_(other.failure_) {
    if (ok_) new (&value_) T(other.value_);
  }
  Result(Result&& other) noexcept : ok_(other.ok_), failure_(std::move(other.failure_)) {
    if (ok_) new (&value_) T(std::move(other.value_));
  }
  Result& operator=(Result other) noexcept {
    this->~Result();
    return *new (this) Result(std::move(other));
  }
  ~Result() {
    if (ok_) value_.~T();
  }

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() & noexcept { return *checked(); }
  [[nodiscard]] const T& value() const& noexcept { return *const_cast<Result*>(this)->checked(); }
  [[nodiscard]] T&& value() && noexcept { return std::move(*checked()); }
  [[nodiscard]] T& operator*() & noexcept { return value(); }
  [[nodiscard]] const T& operator*() const& noexcept { return value(); }
  [[nodiscard]] T* operator->() noexcept { return &value(); }
  [[nodiscard]] const T* operator->() const noexcept { return &value(); }

  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

 private:
  T* checked() noexcept {
    if (!ok_) __builtin_trap();
    return &value_;
  }
  bool ok_ = false;
  /// Alive when ok_. A std::optional of each type of result costs programs that only score a tenth of a second of
  /// compile time.
  union {
    T value_;
  };
  Failure failure_{};
};

/// Done, or the reason why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failed_(true), failure_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  [[nodiscard]] explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

 private:
  bool failed_ = false;
  Failure failure_;
};

}  // namespace riskflag::inline v0_1
