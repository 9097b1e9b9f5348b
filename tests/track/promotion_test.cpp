#include <riskflag/track/promotion.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/track/local_registry.hpp>

#include "error_code.hpp"
#include "fresh_directory.hpp"

namespace promotion_test {

namespace track = riskflag::track;
using riskflag::ErrorCode;

constexpr const char* kName = "loans";

/// Three versions, of which the first is champion.
struct Shelf {
  FreshDirectory home{"promotion"};
  track::LocalRegistry registry{home.path("root")};
  Shelf() {
    for (const char* content : {"one", "two", "three"}) {
      const std::string source = home.path(content);
      riskflag::make_directories(source);
      riskflag::write_file(source + "/manifest.json", content);
      registry.register_model({kName, source});
    }
    registry.set_alias(kName, "champion", 1);
  }
  [[nodiscard]] std::uint64_t at(const char* alias) const {
    const auto found = registry.find_alias(kName, alias);
    return found ? found->version : 0;
  }
};

std::string text_at(const riskflag::Json& json, const char* key) {
  return riskflag::value_or_throw(riskflag::value_or_throw(json.at(key))->string());
}

TEST_CASE("a promotion moves the alias, remembers where it was, and leaves who and why") {
  Shelf shelf;
  const track::Promotion done =
      track::promote(shelf.registry, kName, "champion", 1, 2, {"Ann", "better \"AUC\"", R"({"roc_auc":0.8})"});
  CHECK(done.from.version == 1);
  CHECK(done.to.version == 2);
  CHECK(shelf.at("champion") == 2);
  CHECK(shelf.at("previous") == 1);
  const std::vector<std::string> trail = shelf.registry.audit(kName);
  REQUIRE(trail.size() == 1);
  CHECK(trail[0] == done.record);
  const riskflag::Json record = riskflag::value_or_throw(riskflag::read_json(trail[0], "record"));
  CHECK(text_at(record, "event") == "promote");
  CHECK(text_at(record, "approved_by") == "Ann");
  CHECK(text_at(record, "reason") == "better \"AUC\"");
  CHECK(text_at(*riskflag::value_or_throw(record.at("to")), "digest") == riskflag::sha256_hex("two"));
  CHECK(text_at(*riskflag::value_or_throw(record.at("from")), "digest") == riskflag::sha256_hex("one"));
  CHECK(riskflag::value_or_throw(riskflag::value_or_throw(record.at("evidence"))->at("roc_auc"))->number().value() ==
        0.8);
}

TEST_CASE("a rollback goes back to the version before, and a second one undoes it") {
  Shelf shelf;
  const track::Approval approval{"Ann", "a reason"};
  CHECK(code_of([&] { track::roll_back(shelf.registry, kName, "champion", approval); }) == ErrorCode::not_found);
  track::promote(shelf.registry, kName, "champion", 1, 3, approval);
  track::roll_back(shelf.registry, kName, "champion", {"Ben", "it was worse live"});
  CHECK(shelf.at("champion") == 1);
  CHECK(shelf.at("previous") == 3);
  track::roll_back(shelf.registry, kName, "champion", approval);
  CHECK(shelf.at("champion") == 3);
  CHECK(shelf.registry.audit(kName).size() == 3);
}

TEST_CASE("no move without a name, a reason, another version, or from where the alias no longer is") {
  Shelf shelf;
  const auto promote = [&](std::uint64_t from, std::uint64_t to, const track::Approval& approval) {
    return code_of([&] { track::promote(shelf.registry, kName, "champion", from, to, approval); });
  };
  CHECK(promote(1, 2, {"", "a reason"}) == ErrorCode::usage);
  CHECK(promote(1, 2, {"Ann", " "}) == ErrorCode::usage);
  CHECK(promote(1, 1, {"Ann", "a reason"}) == ErrorCode::usage);
  CHECK(promote(2, 3, {"Ann", "a reason"}) == ErrorCode::invalid_option);
  CHECK(promote(1, 9, {"Ann", "a reason"}) == ErrorCode::not_found);
  CHECK(code_of([&] { track::promote(shelf.registry, kName, "shadow", 1, 2, {"Ann", "a reason"}); }) ==
        ErrorCode::not_found);
  CHECK(shelf.at("champion") == 1);
  CHECK(shelf.at("previous") == 0);
  CHECK(shelf.registry.audit(kName).empty());
  shelf.registry.set_alias(kName, "shadow", 1);
  track::promote(shelf.registry, kName, "shadow", 1, 2, {"Ann", "a reason"});
  CHECK(shelf.at("previous-shadow") == 1);
}

TEST_CASE("a version without an alias can be removed, the newest cannot, and no number comes twice") {
  Shelf shelf;
  const auto remove = [&](std::uint64_t version) {
    return code_of([&] { shelf.registry.remove_version(kName, version); });
  };
  CHECK(remove(1) == ErrorCode::invalid_option);  // champion
  CHECK(remove(3) == ErrorCode::invalid_option);  // the newest
  CHECK(remove(7) == ErrorCode::not_found);
  shelf.registry.remove_version(kName, 2);
  CHECK_FALSE(shelf.registry.find_version(kName, 2));
  CHECK_FALSE(riskflag::exists(shelf.home.path("root/loans/versions/2")));
  CHECK(riskflag::exists(shelf.home.path("root/loans/versions/1/model/manifest.json")));
  CHECK(shelf.registry.register_model({kName, shelf.home.path("two")}).version == 4);
}

TEST_CASE("an alias that was taken away goes back to its version alone, and who took it away is on record") {
  Shelf shelf;
  const auto give = [&](const char* alias, std::uint64_t version) {
    return code_of([&] { track::give_alias(shelf.registry, kName, alias, version); });
  };
  const track::Approval approval{"Ann", "a reason"};
  CHECK(code_of([&] { track::take_alias(shelf.registry, kName, "champion", {"Ann", ""}); }) == ErrorCode::usage);
  CHECK(code_of([&] { track::take_alias(shelf.registry, kName, "shadow", approval); }) == ErrorCode::not_found);
  CHECK(give("champion", 2) == ErrorCode::usage);  // a move
  CHECK(shelf.at("champion") == 1);
  const track::Promotion gone = track::take_alias(shelf.registry, kName, "champion", approval);
  CHECK(shelf.at("champion") == 0);
  CHECK(gone.from.version == 1);
  const riskflag::Json record = riskflag::value_or_throw(riskflag::read_json(gone.record, "record"));
  CHECK(text_at(record, "event") == "unalias");
  CHECK(text_at(record, "approved_by") == "Ann");
  CHECK(riskflag::value_or_throw(record.at("to"))->is_null());
  CHECK(shelf.registry.audit(kName) == std::vector<std::string>{gone.record});

  CHECK(give("champion", 2) == ErrorCode::usage);
  CHECK(code_of([&] { track::require_free_alias(shelf.registry, kName, "champion"); }) == ErrorCode::usage);
  CHECK(shelf.at("champion") == 0);
  track::give_alias(shelf.registry, kName, "champion", 1);
  CHECK(shelf.at("champion") == 1);
  track::give_alias(shelf.registry, kName, "shadow", 3);  // never was anywhere
  CHECK(give("other", 9) == ErrorCode::not_found);
}

TEST_CASE("who looks where an alias is and then moves it has the turn: the others look afterwards") {
  const track::Approval approval{"Ann", "a reason"};
  const auto meanwhile = [&](const char* alias, const auto& move) {  // somebody has the turn, and gives `alias` to 3
    Shelf shelf;
    auto turn = shelf.registry.take_turn(kName);
    std::optional<ErrorCode> code;
    std::thread other([&] { code = code_of([&] { move(shelf.registry); }); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // without the turn it would be done by now
    shelf.registry.set_alias(kName, alias, 3);
    turn.reset();
    other.join();
    CHECK(shelf.at(alias) == 3);
    return *code;
  };
  CHECK(meanwhile("shadow", [](auto& all) { track::give_alias(all, kName, "shadow", 2); }) == ErrorCode::usage);
  CHECK(meanwhile("champion", [&](auto& all) { track::promote(all, kName, "champion", 1, 2, approval); }) ==
        ErrorCode::invalid_option);
  Shelf shelf;
  CHECK(code_of([&] { static_cast<void>(shelf.registry.take_turn("loan")); }) == ErrorCode::not_found);
}

TEST_CASE("where rollback goes back to is set by promotions alone") {
  Shelf shelf;
  const track::Approval approval{"Ann", "a reason"};
  const auto give = [&](const char* alias, std::uint64_t version) {
    return code_of([&] { track::give_alias(shelf.registry, kName, alias, version); });
  };
  CHECK(give("previous", 2) == ErrorCode::usage);
  CHECK(give("previous-shadow", 2) == ErrorCode::usage);
  track::promote(shelf.registry, kName, "champion", 1, 3, approval);
  CHECK(code_of([&] { track::promote(shelf.registry, kName, "previous", 1, 2, approval); }) == ErrorCode::usage);
  CHECK(code_of([&] { track::roll_back(shelf.registry, kName, "previous", approval); }) == ErrorCode::usage);
  track::take_alias(shelf.registry, kName, "previous", approval);
  CHECK(give("previous", 2) == ErrorCode::usage);
  track::give_alias(shelf.registry, kName, "previous", 1);
  // Without the record of its removal too: the promotion says where it was left.
  track::roll_back(shelf.registry, kName, "champion", approval);
  shelf.registry.remove_alias(kName, "previous");
  CHECK(track::last_version(shelf.registry.audit(kName), "previous") == 3);
  CHECK(track::last_version(shelf.registry.audit(kName), "champion") == 1);
  CHECK_FALSE(track::last_version(shelf.registry.audit(kName), "shadow"));
}

}  // namespace promotion_test
