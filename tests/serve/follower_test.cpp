#include <riskflag/serve/follower.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace riskflag;
using namespace serve_test;
using Found = serve::Follower::Found;

namespace {

/// Points `link` at `target` as deployments do: a new link, renamed over the old one.
void point(const std::string& link, const std::string& target) {
  std::filesystem::remove(link + ".new");
  std::filesystem::create_directory_symlink(target, link + ".new");
  std::filesystem::rename(link + ".new", link);
}

void save(const std::string& directory, double threshold, Replace replace = Replace::refuse) {
  const Schema schema = tiny::schema();
  const auto pipeline = tiny::pipeline();
  const auto model = tiny::model();
  const Frame example = tiny::rows();
  const auto reference = monitor::make_reference(schema, example, {});
  bundle::save({.schema = schema,
                .pipeline = pipeline,
                .model = model,
                .reference = reference,
                .example = example,
                .decision = {.threshold = threshold}},
               directory, replace);
}

struct Followed {
  tiny::Folder folder;
  std::string link = folder / "current";
  serve::Service service;
  serve::Follower follower;
  Followed() : service(opened()), follower(link, service) {}
  std::shared_ptr<const bundle::Bundle> opened() {
    save(folder / "a", 0.5);
    save(folder / "b", 0.6);
    point(link, folder / "a");
    return std::make_shared<const bundle::Bundle>(bundle::open(link));
  }
  [[nodiscard]] double threshold() const { return service.model()->decision.threshold; }
  [[nodiscard]] std::string readiness() const { return service.handle({"GET", "/readyz", {}, {}}).body; }
};

}  // namespace

TEST_CASE("a link that is replaced brings the new model, under the link's name") {
  Followed f;
  CHECK(f.follower.look() == Found::nothing_new);
  point(f.link, f.folder / "b");
  CHECK(f.follower.look() == Found::replaced);
  CHECK(f.threshold() == 0.6);
  CHECK(f.service.model()->name == "current");
  CHECK(f.follower.look() == Found::nothing_new);
  point(f.link, f.folder / "a");
  CHECK(f.follower.look() == Found::replaced);
  CHECK(f.threshold() == 0.5);
}

TEST_CASE("a directory that is exchanged in place brings the new model") {
  Followed f;
  save(f.folder / "a", 0.7, Replace::exchange);
  CHECK(f.follower.look() == Found::replaced);
  CHECK(f.threshold() == 0.7);
}

TEST_CASE("a broken new model is refused once, with its reason, and the old one goes on until a good one comes") {
  Followed f;
  std::ofstream(f.folder / "b/model.json", std::ios::app) << " ";
  point(f.link, f.folder / "b");
  CHECK(f.follower.look() == Found::refused);
  CHECK(f.follower.reason().find("model.json") != std::string::npos);
  CHECK(f.follower.look() == Found::nothing_new);
  CHECK(f.threshold() == 0.5);
  CHECK(f.readiness().find(R"("status":"ready")") != std::string::npos);
  CHECK(f.readiness().find(R"("result":"failed","detail":")") != std::string::npos);
  std::filesystem::remove(f.link);
  CHECK(f.follower.look() == Found::refused);
  CHECK(f.threshold() == 0.5);
  save(f.folder / "c", 0.8);
  point(f.link, f.folder / "c");
  CHECK(f.follower.look() == Found::replaced);
  CHECK(f.threshold() == 0.8);
  CHECK(f.readiness().find(R"("result":"ok","detail":null)") != std::string::npos);
}
