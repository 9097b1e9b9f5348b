#include <riskflag/json/manifest.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <riskflag/core/file.hpp>
#include <riskflag/core/sha256.hpp>

using namespace riskflag;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("riskflag-manifest-" + std::to_string(monotonic_ns()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  void put(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
};

}  // namespace

TEST_CASE("a manifest comes back from its text, whatever order its files had") {
  const Manifest a{{{"b.json", sha256_hex("b")}, {"a.json", sha256_hex("a")}}};
  const Manifest b{{{"a.json", sha256_hex("a")}, {"b.json", sha256_hex("b")}}};
  CHECK(manifest_text(a) == manifest_text(b));
  CHECK(parse_manifest(manifest_text(a), "manifest.json") == b);
}

TEST_CASE("a manifest's paths stay inside the directory") {
  for (const char* path : {"../x", "/etc/passwd", "a/../b", "", "a//b", "./a"}) {
    CAPTURE(path);
    const Manifest bad{{{path, sha256_hex("")}}};
    CHECK_THROWS_AS(static_cast<void>(parse_manifest(manifest_text(bad), "manifest.json")), Error);
  }
  const Manifest short_digest{{{"a", "abc"}}};
  CHECK_THROWS_AS(static_cast<void>(parse_manifest(manifest_text(short_digest), "manifest.json")), Error);
}

TEST_CASE("invariant: a listed file with one changed byte is refused with its name and both digests") {
  const Folder folder;
  const std::string bytes = "the whole of a small file";
  folder.put("model.json", bytes);
  const Manifest manifest{{{"model.json", sha256_hex(bytes)}}};
  CHECK(read_verified(manifest, folder.path.string()).front().second == bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    folder.put("model.json", changed);
    try {
      static_cast<void>(read_verified(manifest, folder.path.string()));
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::corrupt);
      const std::string what = error.what();
      CHECK(what.find("model.json") != std::string::npos);
      CHECK(what.find(sha256_hex(bytes)) != std::string::npos);
      CHECK(what.find(sha256_hex(changed)) != std::string::npos);
    }
  }
  std::filesystem::remove(folder.path / "model.json");
  CHECK_THROWS_AS(static_cast<void>(read_verified(manifest, folder.path.string())), Error);
}
