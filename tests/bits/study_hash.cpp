// A hash of what whole studies of simulated loans leave: the simulated table's text and every file of the model
// directory that its manifest names, by 1 thread and by 3. So split, preparation, encodings, trees, threshold and
// metrics stand here, beside the trees of train_hash. tests/bits/run.sh compares it across compilers and flags.
//
//   study_hash plain       the recipe that nobody chose, one validation part
//   study_hash original    the recipe of the original pipeline (examples/host/original_recipe.json), three folds
//   study_hash train_hash:all|more|classes    what train_hash prints: a study holds all of it, and is not compiled in
//   two programs

#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/prep/recipe.hpp>
#include <riskflag/study/study.hpp>

#define RISKFLAG_PART_OF_STUDY_HASH
#include "train_hash.cpp"

namespace {

using namespace riskflag;

struct TextSink : ByteSink {
  std::string text;
  void write(std::string_view bytes) override { text += bytes; }
};

/// The manifest of the study's model directory, which names the digest of every other file.
std::string manifest_of(const study::StudyOptions& options, const std::string& table, Executor& executor) {
  study::StudyHooks hooks;
  hooks.open = [&](const std::string& path) { return std::make_unique<MemorySource>(table, path); };
  (void)study::run_study(options, executor, hooks);
  std::string manifest = read_file(join_path(options.output, "manifest.json"));
  remove_all(options.output);
  return manifest;
}

int print_hash(const std::string& mode) {
  TextSink sink;
  write_csv(simulate({.rows = 3000}), sink);
  study::StudyOptions options;
  options.data = "loans.csv";
  options.columns.target = "Risk_Flag";
  options.columns.id = {"Id"};
  options.columns.protected_ = {"Sex"};
  options.reading.special = {{"past_due_30", {96, 98}}, {"past_due_90", {96, 98}}};
  options.train.num_iterations = 12;
  options.train.num_leaves = 15;
  if (mode == "original") {
    const auto tests = std::filesystem::path(__FILE__).parent_path().parent_path();
    const std::string path = (tests.parent_path() / "examples/host/original_recipe.json").string();
    options.recipe = prep::parse_recipe(read_file(path), path);
    options.parts.cv = 3;
  }
  const auto scratch = std::filesystem::temp_directory_path() / ("riskflag-bits-" + track::new_run_id());
  options.output = scratch.string();
  SerialExecutor serial;
  Pool pool(3);
  const std::string want = manifest_of(options, sink.text, serial);
  if (manifest_of(options, sink.text, pool) != want) {
    std::fprintf(stderr, "study_hash: %s differs with 3 threads\n", mode.c_str());
    return 1;
  }
  std::printf("study_hash %s %s\n", mode.c_str(), sha256_hex(sha256_hex(sink.text) + want).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string mode = argc > 1 ? argv[1] : "plain", of_train = "train_hash:";
    return mode.starts_with(of_train) ? print_train_hash(mode.substr(of_train.size())) : print_hash(mode);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "study_hash: %s\n", error.what());
    return 1;
  }
}
