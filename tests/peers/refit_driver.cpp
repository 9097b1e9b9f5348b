// Learns the leaves of a LightGBM model anew: the C++ side of test_growth_lightgbm.py.
//
// refit_driver MODEL ROWS COUNT DECAY OUT [option=value ...]: ROWS holds COUNT rows of doubles, then COUNT labels. OUT
// gets all leaves, tree after tree, in LightGBM's order. Ends with 1 and a sentence when something is refused.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/train.hpp>

using namespace riskflag;

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  try {
    const Model model = value_or_throw(import_lightgbm(read_file(argv[1]), argv[1]));
    const auto count = static_cast<std::size_t>(std::atol(argv[3]));
    const std::size_t cols = model.features.size();
    const std::string bytes = read_file(argv[2]);
    if (bytes.size() != count * (cols + 1) * sizeof(double)) return 2;
    std::vector<double> numbers(count * (cols + 1));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    const std::vector<double> labels(numbers.begin() + static_cast<std::ptrdiff_t>(count * cols), numbers.end());
    TrainOptions options;
    for (int i = 6; i < argc; ++i) {
      const std::string_view text = argv[i];
      set_option(options, text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
    }
    SerialExecutor serial;
    const Model got = refit(model, MatrixView<double>::row_major(numbers.data(), count, cols), labels, {}, options,
                            std::strtod(argv[4], nullptr), serial);
    std::string out;
    for (const Tree& tree : got.trees)
      out.append(reinterpret_cast<const char*>(tree.leaves.data()), tree.leaves.size() * sizeof(double));
    write_file(argv[5], out);
  } catch (const Error& e) {
    std::fprintf(stderr, "refit_driver: %s\n", e.what());
    return 1;
  }
  return 0;
}
