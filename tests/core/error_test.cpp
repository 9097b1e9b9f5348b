#include <riskflag/core/error.hpp>
#include <riskflag/core/result.hpp>

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("an Error is its failure, as one sentence") {
  try {
    fail(ErrorCode::parse, "train.csv:3", "not a number");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::parse);
    CHECK(error.where() == "train.csv:3");
    CHECK(error.message() == "not a number");
    CHECK(std::string(error.what()) == "train.csv:3: not a number");
  }
  CHECK(Failure{ErrorCode::io, "", "alone"}.text() == "alone");
}

TEST_CASE("a Result holds one of value and failure, also of a type that only moves") {
  Result<std::unique_ptr<int>> good(std::make_unique<int>(7));
  CHECK(good);
  CHECK(**good == 7);
  CHECK(*value_or_throw(std::move(good)) == 7);
  Result<int> bad(Failure{ErrorCode::not_found, "x", "absent"});
  CHECK_FALSE(bad);
  CHECK_THROWS_AS((void)value_or_throw(bad), Error);
  CHECK(Result<void>());
  CHECK_THROWS_AS(value_or_throw(Result<void>(Failure{})), Error);
}

TEST_CASE("a Result is copied, moved and assigned with what it holds") {
  const auto counted = std::make_shared<int>(7);
  {
    Result<std::shared_ptr<int>> value(counted);
    Result<std::shared_ptr<int>> copy = value;
    CHECK(counted.use_count() == 3);
    CHECK(**copy == 7);
    const Result<std::shared_ptr<int>> failed(Failure{ErrorCode::io, "x", "gone"});
    copy = failed;
    CHECK_FALSE(copy);
    CHECK(copy.failure().message == "gone");
    CHECK(counted.use_count() == 2);
    copy = std::move(value);
    CHECK(**copy == 7);
    CHECK(copy.failure().message.empty());
    copy = static_cast<const Result<std::shared_ptr<int>>&>(copy);  // itself
    CHECK(**copy == 7);
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("every code has a name of its own") {
  for (int a = 1; a <= static_cast<int>(ErrorCode::internal); ++a) {
    for (int b = 1; b < a; ++b) CHECK(name_of(static_cast<ErrorCode>(a)) != name_of(static_cast<ErrorCode>(b)));
  }
  CHECK(name_of(ErrorCode::schema_mismatch) == "schema_mismatch");
}
