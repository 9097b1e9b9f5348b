// Times path-dependent contributions for compare_explain.py: explain_driver MODEL ROWS COUNT OUT. ROWS: COUNT rows of
// doubles; OUT: their contributions, each row's base behind them. Prints "single NS batch NS": processor nanoseconds a
// row, C++ calls alone.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <riskflag/core/read_file.hpp>
#include <riskflag/explain.hpp>
#include <riskflag/model/import_lightgbm.hpp>

using namespace riskflag;

namespace {

double processor_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto text = try_read_file(argv[1]), cells = try_read_file(argv[2]);
  if (!text || !cells) return 2;
  const auto model = import_lightgbm(*text, argv[1]);
  if (!model) return std::fprintf(stderr, "%s\n", model.failure().text().c_str()), 1;
  const auto explainer = Explainer::make(*model);
  if (!explainer) return std::fprintf(stderr, "%s\n", explainer.failure().text().c_str()), 1;
  const auto count = static_cast<std::size_t>(std::atol(argv[3]));
  const std::size_t features = explainer->features();
  if (cells->size() != count * features * sizeof(double)) return 2;
  std::vector<double> rows(count * features), out(count * features), single(features);
  __builtin_memcpy(rows.data(), cells->data(), cells->size());
  const auto view = MatrixView<double>::row_major(rows.data(), count, features);
  Explainer::Scratch scratch;
  (void)explainer->contributions(view, out, scratch);  // warm
  const double begin = processor_ns();
  (void)explainer->contributions(view, out, scratch);
  const double batch = processor_ns();
  for (std::size_t r = 0; r < count; ++r) {
    explainer->contributions(rows.data() + r * features, single.data(), scratch);
    for (std::size_t f = 0; f < features; ++f) {
      if (single[f] != out[r * features + f]) return 3;
    }
  }
  const double end = processor_ns();
  std::printf("single %.0f batch %.0f\n", (end - batch) / static_cast<double>(count),
              (batch - begin) / static_cast<double>(count));
  std::FILE* file = std::fopen(argv[4], "wb");
  if (file == nullptr) return 2;
  for (std::size_t r = 0; r < count; ++r) {
    const double base = explainer->base();
    std::fwrite(out.data() + r * features, sizeof(double), features, file);
    std::fwrite(&base, sizeof base, 1, file);
  }
  return std::fclose(file) == 0 ? 0 : 2;
}
