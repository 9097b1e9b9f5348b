// Runs a fuzz target once over each file or directory of files that is named: for compilers without libFuzzer.
//   g++ -std=c++20 -Iinclude tests/fuzz/json_reader_fuzz.cpp tests/fuzz/replay.cpp && ./a.out
//   tests/fuzz/corpus/json_reader

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include <riskflag/core/file.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  std::size_t files = 0;
  const auto run = [&](const std::string& path) {
    const std::string bytes = riskflag::read_file(path);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++files;
  };
  try {
    for (int i = 1; i < argc; ++i) {
      const std::string path = argv[i];
      if (!riskflag::is_directory(path)) {
        run(path);
        continue;
      }
      for (const std::string& name : riskflag::list_directory(path)) run(riskflag::join_path(path, name));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  if (files == 0) {
    std::fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...\n", argv[0]);
    return 2;
  }
  std::printf("%zu files replayed, nothing found\n", files);
}
