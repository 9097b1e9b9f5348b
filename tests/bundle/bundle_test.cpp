#include <riskflag/bundle/bundle.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <riskflag/calibrate/fit.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/sha256.hpp>

#include "tiny_model.hpp"

using namespace riskflag;

namespace {

void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Writes `bytes` as `name` and makes the manifest agree: what a person with a text editor and sha256sum could do.
void replace_honestly(const std::string& directory, const std::string& name, const std::string& bytes) {
  put(directory + "/" + name, bytes);
  Manifest manifest = parse_manifest(read_file(directory + "/manifest.json"), "manifest.json");
  for (auto& [path, digest] : manifest.files) {
    if (path == name) digest = sha256_hex(bytes);
  }
  put(directory + "/manifest.json", manifest_text(manifest));
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

template <class F>
Failure failure_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.failure();
  }
  return {ErrorCode::internal, "", "nothing was thrown"};
}

}  // namespace

TEST_CASE("a saved bundle opens with all its parts") {
  const tiny::Folder folder;
  const std::string digest = tiny::save_to(folder / "model");
  const bundle::Bundle b = bundle::open(folder / "model");
  CHECK(b.schema == tiny::schema());
  CHECK(b.model == tiny::model());
  CHECK(b.decision.threshold == 0.5);
  CHECK(b.decision.reasons == std::vector<bundle::ReasonText>{{"income", "R1", "the income is low"}});
  CHECK(b.reference == monitor::make_reference(b.schema, tiny::rows(), {}));
  CHECK(b.name == "model");
  CHECK(b.digest == digest);
  CHECK(b.digest == sha256_hex(read_file(folder / "model/manifest.json")));
  CHECK(b.version == digest.substr(0, 12));
  CHECK(b.kind() == bundle::Kind::binary);
  CHECK(b.ignored_files.empty());
}

TEST_CASE("invariant: the same parts give the same model directory, byte for byte, but for MLmodel's time") {
  const tiny::Folder folder;
  CHECK(tiny::save_to(folder / "a") == tiny::save_to(folder / "b"));
  for (const auto& [name, digest] : parse_manifest(read_file(folder / "a/manifest.json"), "manifest.json").files) {
    CHECK(read_file(folder / ("a/" + name)) == read_file(folder / ("b/" + name)));
  }
  CHECK(read_file(folder / "a/manifest.json") == read_file(folder / "b/manifest.json"));
}

TEST_CASE("invariant: one changed byte in any listed file is refused with the file and both digests") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  const Manifest manifest = parse_manifest(read_file(folder / "model/manifest.json"), "manifest.json");
  CHECK(manifest.files.size() == 18);  // 9 of the model, 6 modules, 3 for environments
  for (const auto& [name, digest] : manifest.files) {
    CAPTURE(name);
    const std::string path = folder / ("model/" + name);
    const std::string good = read_file(path);
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 0x20);
    put(path, bad);
    const Failure failure = failure_of([&] { static_cast<void>(bundle::open(folder / "model")); });
    CHECK(failure.code == ErrorCode::corrupt);
    CHECK(failure.where.find(name) != std::string::npos);
    CHECK(failure.message.find(digest) != std::string::npos);
    CHECK(failure.message.find(sha256_hex(bad)) != std::string::npos);
    put(path, good);
  }
  CHECK_NOTHROW(static_cast<void>(bundle::open(folder / "model")));
}

TEST_CASE("scores that do not replay to the bit are refused, however honest the digests") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  const std::string expected = read_file(folder / "model/expected_scores.json");
  const std::string p = number_text(tiny::of_margin(-1 + 2 - 0.25));
  REQUIRE(expected.find(p) != std::string::npos);
  std::string next = p;
  next.back() = next.back() == '9' ? '8' : static_cast<char>(next.back() + 1);
  replace_honestly(folder / "model", "expected_scores.json", with(expected, p, next));
  const Failure failure = failure_of([&] { static_cast<void>(bundle::open(folder / "model")); });
  CHECK(failure.code == ErrorCode::corrupt);
  CHECK(failure.message.find("row 1") != std::string::npos);
  CHECK(failure.message.find(p) != std::string::npos);
}

TEST_CASE("a binary model without a threshold is refused, not given one") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  replace_honestly(folder / "model", "decision.json", R"({"format":1,"threshold":null,"reasons":[]})");
  const Failure failure = failure_of([&] { static_cast<void>(bundle::open(folder / "model")); });
  CHECK(failure.where.find("decision.json") != std::string::npos);
  CHECK(failure.message.find("null") != std::string::npos);
}

TEST_CASE("schema, pipeline and model of different trainings are refused") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  Schema other = tiny::schema();
  other.fields[2].levels = {"OWN", "RENT"};
  replace_honestly(folder / "model", "schema.json", schema_text(other));
  Failure failure = failure_of([&] { static_cast<void>(bundle::open(folder / "model")); });
  CHECK(failure.code == ErrorCode::schema_mismatch);
  CHECK(failure.message.find("2 levels") != std::string::npos);

  other = tiny::schema();
  other.fields[1].name = "Income";
  replace_honestly(folder / "model", "schema.json", schema_text(other));
  failure = failure_of([&] { static_cast<void>(bundle::open(folder / "model")); });
  CHECK(failure.message.find("\"Income\"") != std::string::npos);

  Model wrong = tiny::model();
  wrong.features[2].name = "age";
  CHECK(failure_of([&] { tiny::save_to(folder / "other", tiny::schema(), wrong); }).code == ErrorCode::schema_mismatch);
  CHECK_FALSE(exists(folder / "other"));
  wrong = tiny::model();
  wrong.schema_digest = std::string(64, '0');
  CHECK(failure_of([&] { tiny::save_to(folder / "other", tiny::schema(), wrong); }).code == ErrorCode::schema_mismatch);
  wrong.schema_digest = schema_digest(tiny::schema());
  CHECK_NOTHROW(tiny::save_to(folder / "other", tiny::schema(), wrong));
}

TEST_CASE("what is no model directory is said to be none") {
  const tiny::Folder folder;
  CHECK(failure_of([&] { static_cast<void>(bundle::open(folder / "absent")); }).code == ErrorCode::not_found);
  CHECK(failure_of([&] { static_cast<void>(bundle::open(folder.path.string())); }).message.find("manifest.json") !=
        std::string::npos);
  tiny::save_to(folder / "model");
  std::filesystem::remove(folder / "model/pipeline.json");
  CHECK(failure_of([&] { static_cast<void>(bundle::open(folder / "model")); }).where.find("pipeline.json") !=
        std::string::npos);
  replace_honestly(folder / "model", "pipeline.json", "");
  CHECK(failure_of([&] { static_cast<void>(bundle::open(folder / "model")); }).where.find("pipeline.json") !=
        std::string::npos);
}

TEST_CASE("files that others add are ignored and named") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  put(folder / "model/notes.txt", "mine");
  CHECK(bundle::open(folder / "model").ignored_files == std::vector<std::string>{"notes.txt"});
}

TEST_CASE("an existing directory is refused, or exchanged when asked for") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  CHECK(failure_of([&] { tiny::save_to(folder / "model"); }).code == ErrorCode::already_exists);
  const Schema s = tiny::schema();
  const Model m = tiny::model();
  const Frame example = tiny::rows();
  const prep::Pipeline p = tiny::pipeline();
  const monitor::Reference reference = monitor::make_reference(s, example, {});
  bundle::save({.schema = s,
                .pipeline = p,
                .model = m,
                .reference = reference,
                .example = example,
                .decision = {.threshold = 0.125}},
               folder / "model", Replace::exchange);
  CHECK(bundle::open(folder / "model").decision.threshold == 0.125);
}

TEST_CASE("the input example is MLflow's split form, and MLmodel has flavour and signature") {
  const tiny::Folder folder;
  tiny::save_to(folder / "model");
  CHECK(read_file(folder / "model/input_example.json") ==
        "{\"columns\":[\"income\",\"home\",\"since\"],\"data\":[[500,\"OWN\",\"1970-01-01\"],[1000.5,\"RENT\",\"2024-"
        "10-04\"],[null,null,null]]}\n");
  const std::string mlmodel = read_file(folder / "model/MLmodel");
  CHECK(mlmodel.find("\n  riskflag:\n    data: .\n") != std::string::npos);
  CHECK(mlmodel.find("\n  python_function:\n    code: code\n") != std::string::npos);
  CHECK(mlmodel.find("inputs: '[{\"type\":\"double\",\"name\":\"income\",\"required\":true}") != std::string::npos);
  CHECK(mlmodel.find("\"name\":\"probability\"") != std::string::npos);
  CHECK(mlmodel.find("artifact_path: input_example.json") != std::string::npos);
}

TEST_CASE("an example row that the schema refuses is no example") {
  const tiny::Folder folder;
  Schema s = tiny::schema();
  s.fields[1].maximum = 600;  // the second row has an income of 1000.5
  const Failure failure = failure_of([&] { tiny::save_to(folder / "model", s); });
  CHECK(failure.code == ErrorCode::schema_mismatch);
  CHECK(failure.message.find("row 2") != std::string::npos);
  CHECK(failure.message.find("income") != std::string::npos);
}

TEST_CASE("a regression model is saved, opened and scored, without a threshold") {
  const tiny::Folder folder;
  Schema s = tiny::schema();
  s.positive.clear();
  s.target_levels.clear();
  tiny::save_to(folder / "model", s, tiny::model("regression"));
  const bundle::Bundle b = bundle::open(folder / "model");
  CHECK(b.kind() == bundle::Kind::regression);
  CHECK(read_file(folder / "model/decision.json").find("\"threshold\": null") != std::string::npos);
  const bundle::RowProgram program(b);
  const std::vector<double> features{500, 1, 0};
  CHECK(program.probability(features) == -1 + 2 - 0.25);
}

TEST_CASE("invariant: a calibration is part of the bundle, and every row's score is the calibrated one to the bit") {
  std::vector<Calibration> all(4);
  all[0] = odds_correction(3);
  all[1].method = CalibrationMethod::platt;
  all[1].a = all[1].b = 0.6;
  all[1].c = -0.25;
  all[2].method = CalibrationMethod::beta;
  all[2].a = 0.4;
  all[2].b = 1.7;
  all[3].method = CalibrationMethod::isotonic;
  all[3].knots = {{0.1, 0.01}, {0.5, 0.2}, {0.9, 0.6}};
  const Schema s = tiny::schema();
  const Model m = tiny::model();
  const Frame example = tiny::rows();
  const prep::Pipeline p = tiny::pipeline();
  const monitor::Reference reference = monitor::make_reference(s, example, {});
  for (const Calibration& calibration : all) {
    CAPTURE(name_of(calibration.method));
    const tiny::Folder folder;
    bundle::save({.schema = s,
                  .pipeline = p,
                  .model = m,
                  .reference = reference,
                  .example = example,
                  .calibration = calibration},
                 folder / "model");
    const bundle::Bundle b = bundle::open(folder / "model");  // replays the example
    CHECK(b.calibration == calibration);
    const bundle::RowProgram program(b);
    bundle::RowProgram::Scratch scratch;
    std::vector<bundle::FieldIssue> issues;
    std::vector<double> features(program.features()), scores(1);
    const std::vector<bundle::RawCell> cells{bundle::RawCell::of_csv("500"), bundle::RawCell::of_csv("OWN"),
                                             bundle::RawCell::of_csv("1970-01-01")};
    REQUIRE(program.prepare(cells, features, scratch, issues));
    program.scores(features, scores);
    CHECK(scores[0] == calibration.apply(tiny::of_margin(-1 + 2 - 0.25)));
    CHECK(scores[0] == program.probability(features));
    CHECK(scores[0] != tiny::of_margin(-1 + 2 - 0.25));
    // A directory whose curve was changed by hand does not replay.
    Calibration moved = calibration;
    moved.c += 1;
    for (auto& [from, to] : moved.knots) to = to / 2;
    if (moved.method == CalibrationMethod::isotonic) moved.c = calibration.c;
    replace_honestly(folder / "model", "calibration.json", calibration_text(moved));
    CHECK(failure_of([&] { static_cast<void>(bundle::open(folder / "model")); }).code == ErrorCode::corrupt);
  }
}
