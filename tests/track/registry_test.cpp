#include <riskflag/track/local_registry.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "error_code.hpp"
#include "fresh_directory.hpp"

namespace track = riskflag::track;
using riskflag::Error;
using riskflag::ErrorCode;

namespace {

std::string make_model(const FreshDirectory& home, const std::string& name, const std::string& content) {
  riskflag::make_directories(home.path(name + "/code"));
  riskflag::write_file(home.path(name + "/model.json"), content);
  riskflag::write_file(home.path(name + "/code/walk.py"), "pass\n");
  riskflag::write_file(home.path(name + "/manifest.json"),
                       "{\"model.json\":\"" + riskflag::sha256_hex(content) + "\"}");
  return home.path(name);
}

}  // namespace

TEST_CASE("versions count from 1, keep their bytes, and aliases move between them") {
  const FreshDirectory home("registry");
  track::LocalRegistry registry(home.path("root"));
  const std::string source = make_model(home, "m", "one");
  const track::ModelVersion first = registry.register_model({"loans", source, "run1", "the first", {{"k", "v"}}});
  CHECK(first.version == 1);
  CHECK(first.digest == riskflag::sha256_hex(riskflag::read_file(source + "/manifest.json")));
  make_model(home, "m", "two");
  CHECK(registry.register_model({"loans", source}).version == 2);
  CHECK(riskflag::read_file(first.path + "/model.json") == "one");  // a version never changes
  CHECK(riskflag::read_file(first.path + "/code/walk.py") == "pass\n");

  CHECK_FALSE(registry.find_alias("loans", "champion"));
  registry.set_alias("loans", "champion", 1);
  registry.set_alias("loans", "previous", 1);
  registry.set_alias("loans", "champion", 2);
  CHECK(registry.find_alias("loans", "champion")->version == 2);
  CHECK(riskflag::read_file(home.path("root/loans/aliases/champion/model/model.json")) ==
        "two");  // what a server follows
  const std::vector<track::ModelVersion> versions = registry.versions("loans");
  REQUIRE(versions.size() == 2);
  CHECK(versions[0].aliases == std::vector<std::string>{"previous"});
  CHECK(versions[0].run_id == "run1");
  CHECK(versions[0].description == "the first");
  REQUIRE(versions[0].tags.size() == 1);
  CHECK(versions[0].tags[0].value == "v");
  CHECK(registry.names() == std::vector<std::string>{"loans"});
  CHECK(registry.remove_alias("loans", "champion"));
  CHECK_FALSE(registry.remove_alias("loans", "champion"));
  CHECK_FALSE(registry.find_alias("loans", "champion"));
  CHECK(riskflag::exists(versions[1].path));  // the alias went, not the model
}

TEST_CASE("models:/ names resolve, and a wrong one says what there is") {
  const FreshDirectory home("resolve");
  track::LocalRegistry registry(home.path("root"));
  const std::string source = make_model(home, "m", "one");
  registry.register_model({"loans", source});
  registry.register_model({"loans", source});
  registry.set_alias("loans", "champion", 1);
  CHECK(track::resolve(registry, "models:/loans@champion").version == 1);
  CHECK(track::resolve(registry, "models:/loans/2").version == 2);
  CHECK(code_of([&] { (void)track::resolve(registry, "loans"); }) == ErrorCode::usage);
  CHECK(code_of([&] { (void)track::resolve(registry, "models:/loans"); }) == ErrorCode::usage);
  CHECK(code_of([&] { (void)track::resolve(registry, "models:/loans/0"); }) == ErrorCode::usage);
  CHECK(code_of([&] { (void)track::resolve(registry, "models:/loans/3"); }) == ErrorCode::not_found);
  CHECK(code_of([&] { (void)track::resolve(registry, "models:/loans@nobody"); }) == ErrorCode::not_found);
  try {
    (void)track::resolve(registry, "models:/loan@champion");
    FAIL("an unknown model was found");
  } catch (const Error& error) {
    CHECK(error.message().find("did you mean \"loans\"") != std::string::npos);
  }
}

TEST_CASE("names that are no file names, reserved aliases and absent versions are refused") {
  const FreshDirectory home("refused");
  track::LocalRegistry registry(home.path("root"));
  const std::string source = make_model(home, "m", "one");
  for (const char* name : {"", "../up", ".hidden", "a/b", "a b"}) {
    CAPTURE(name);
    CHECK(code_of([&] { registry.register_model({name, source}); }) == ErrorCode::invalid_option);
  }
  registry.register_model({"loans", source});
  for (const char* alias : {"latest", "v1", "a.b", "../../x", ""}) {
    CAPTURE(alias);
    CHECK(code_of([&] { registry.set_alias("loans", alias, 1); }) == ErrorCode::invalid_option);
  }
  CHECK(code_of([&] { registry.set_alias("loans", "champion", 7); }) == ErrorCode::not_found);
  CHECK(code_of([&] { registry.register_model({"loans", home.path("absent")}); }) == ErrorCode::not_found);
  CHECK(code_of([&] { (void)registry.versions("cars"); }) == ErrorCode::not_found);
}

TEST_CASE("a model registered by reference is not copied, and a change of it is noticed") {
  const FreshDirectory home("by_reference");
  track::LocalRegistry registry(home.path("root"), track::Keep::reference);
  const std::string source = make_model(home, "m", "one");
  const track::ModelVersion version = registry.register_model({"loans", source});
  CHECK(std::filesystem::equivalent(version.path, source));
  registry.verify(version);
  make_model(home, "m", "two");
  CHECK(code_of([&] { registry.verify(version); }) == ErrorCode::corrupt);
  riskflag::remove_all(source);
  CHECK(code_of([&] { registry.verify(version); }) == ErrorCode::not_found);
}

TEST_CASE(
    "invariant: processes that register and move aliases at once lose no version, and readers never see an alias "
    "without its model") {
  const FreshDirectory home("registry_many");
  constexpr int kProcesses = 4, kEach = 10;
  track::LocalRegistry registry(home.path("root"));
  const std::string source = make_model(home, "m", "one");
  registry.set_alias("loans", "champion", registry.register_model({"loans", source}).version);
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        track::LocalRegistry own(home.path("root"));
        for (int i = 0; i < kEach; ++i)
          own.set_alias("loans", "champion", own.register_model({"loans", source}).version);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  int looks = 0;
  for (std::size_t done = 0; done < children.size();) {
    CHECK(riskflag::read_file(home.path("root/loans/aliases/champion/model/model.json")) == "one");
    CHECK(registry.find_alias("loans", "champion"));
    ++looks;
    int status = 0;
    if (::waitpid(children[done], &status, WNOHANG) == children[done]) {
      CHECK(WEXITSTATUS(status) == 0);
      ++done;
    }
  }
  CHECK(looks > 0);
  const std::vector<track::ModelVersion> versions = registry.versions("loans");
  CHECK(versions.size() == 1 + kProcesses * kEach);
  for (std::size_t i = 0; i < versions.size(); ++i) CHECK(versions[i].version == i + 1);
  // Every registration and every move of the alias stands in the history.
  const std::string history = riskflag::read_file(home.path("root/loans/history.jsonl"));
  CHECK(std::count(history.begin(), history.end(), '\n') == 2 * (1 + kProcesses * kEach));
}
