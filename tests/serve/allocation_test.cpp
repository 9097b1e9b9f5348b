#include <riskflag/serve/service.hpp>

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../allocations.hpp"
#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;
using riskflag_test::allocations;

namespace {

/// Allocations of the second hundred of the same request.
std::size_t allocated(const serve::Service& service, std::string_view body, const char* target = "/v1/score") {
  const std::vector<serve::Header> headers{{"Host", "localhost"}, {"Content-Type", "application/json"}};
  serve::Service::Ticket ticket;
  std::size_t before = 0;
  for (int i = 0; i < 200; ++i) {
    if (i == 100) before = allocations;
    serve::Service::Ticket* const one = &ticket;
    if (!service.answer({"POST", target, headers, body}, ticket)) service.settle({&one, 1});
    REQUIRE(ticket.response.status == 200);
  }
  CHECK(before > 0);  // else nothing is counted
  return allocations - before;
}

const std::string kLong = R"({"income":123456.78901234567,"home":"MORTGAGE","since":"2020-02-29","id":")" +
                          std::string(60, 'i') + R"(","sex":"f"})";

}  // namespace

TEST_CASE(
    "invariant: the service allocates nothing for a row once it has answered one, decision log and live counters "
    "included") {
  Fixture f;
  CHECK(allocated(f.service, kGood) == 0);
  CHECK(allocated(f.service, kLong) == 0);
  CHECK(allocated(f.service, "[" + kLong + "]") == 0);
  f.service.set_decision_log(std::make_shared<serve::DecisionLog>(f.folder / "log", serve::DecisionLog::Options{}));
  CHECK(allocated(f.service, kGood) == 0);
  CHECK(allocated(f.service, kLong) == 0);
}

TEST_CASE("more rows in a body allocate no more") {
  const Fixture f;
  std::string many = "[" + kLong;
  for (int i = 0; i < 50; ++i) many += "," + kLong;
  CHECK(allocated(f.service, many + "]") == 0);
}
