// Times contributions for compare_explain.py: explain_driver MODEL ROWS COUNT REFERENCES OUT. MODEL: LightGBM's or
// XGBoost's; ROWS: COUNT rows of doubles; OUT: their path-dependent contributions, each row's base behind them, and
// then, where REFERENCES > 0, their interventional ones against the last so many rows. Prints
// "single NS batch NS references NS": processor nanoseconds a row, C++ calls alone.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <riskflag/core/read_file.hpp>
#include <riskflag/explain.hpp>
#include <riskflag/interop/xgboost.hpp>
#include <riskflag/json/src.hpp>
#include <riskflag/model/import_lightgbm.hpp>

using namespace riskflag;

namespace {

double processor_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void write(std::FILE* file, const std::vector<double>& parts, std::size_t features, double base) {
  for (std::size_t at = 0; at < parts.size(); at += features) {
    std::fwrite(parts.data() + at, sizeof(double), features, file);
    std::fwrite(&base, sizeof base, 1, file);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const auto text = try_read_file(argv[1]), cells = try_read_file(argv[2]);
  if (!text || !cells) return 2;
  const auto model =
      looks_like_lightgbm(*text) ? import_lightgbm(*text, argv[1]) : interop::import_xgboost(*text, argv[1]);
  if (!model) return std::fprintf(stderr, "%s\n", model.failure().text().c_str()), 1;
  const auto explainer = Explainer::make(*model);
  if (!explainer) return std::fprintf(stderr, "%s\n", explainer.failure().text().c_str()), 1;
  const auto count = static_cast<std::size_t>(std::atol(argv[3]));
  const auto kept = static_cast<std::size_t>(std::atol(argv[4]));
  const std::size_t features = explainer->features();
  if (cells->size() != count * features * sizeof(double) || kept > count) return 2;
  std::vector<double> rows(count * features), out(count * features), single(features), against(count * features);
  __builtin_memcpy(rows.data(), cells->data(), cells->size());
  const auto view = MatrixView<double>::row_major(rows.data(), count, features);
  Explainer::Scratch scratch;
  (void)explainer->contributions(view, out, scratch);  // warm
  const double begin = processor_ns();
  (void)explainer->contributions(view, out, scratch);
  const double batch = processor_ns();
  for (std::size_t r = 0; r < count; ++r) {
    explainer->contributions(rows.data() + r * features, single.data(), scratch);
    if (!std::equal(single.begin(), single.end(), out.begin() + static_cast<std::ptrdiff_t>(r * features))) return 3;
  }
  const double end = processor_ns();
  double spent = 0.0, base = 0.0;
  if (kept > 0) {
    const auto references = explainer->references(view.rows_from(count - kept, kept));
    if (!references) return 3;
    base = references->base().front();
    const double start = processor_ns();
    for (std::size_t r = 0; r < count; ++r) {
      (void)explainer->contributions_against(rows.data() + r * features, *references,
                                             std::span(against).subspan(r * features, features), scratch);
    }
    spent = processor_ns() - start;
  }
  const auto rows_timed = static_cast<double>(count);
  std::printf("single %.0f batch %.0f references %.0f\n", (end - batch) / rows_timed, (batch - begin) / rows_timed,
              spent / rows_timed);
  std::FILE* file = std::fopen(argv[5], "wb");
  if (file == nullptr) return 2;
  write(file, out, features, explainer->base());
  if (kept > 0) write(file, against, features, base);
  return std::fclose(file) == 0 ? 0 : 2;
}
