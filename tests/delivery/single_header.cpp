// Scores and explains rows by a saved model and prints the bits: built from the doors and from the single header.
#include <riskflag/predict.hpp>

#include <riskflag/explain.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

static void print(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  std::printf("%016llx\n", static_cast<unsigned long long>(bits));
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto text = riskflag::try_read_file(argv[1]);
  if (!text.ok()) return 1;
  const auto model = riskflag::parse_model(*text, argv[1]);
  const auto predictor = riskflag::try_load(argv[1]);
  if (!model.ok() || !predictor) return 1;
  const auto explainer = riskflag::Explainer::make(*model);
  if (!explainer) return 1;
  constexpr std::size_t kRows = 300;  // more than a block of any kernel
  std::vector<double> rows(kRows * predictor->features());
  std::uint32_t state = 1;
  for (double& value : rows) {
    state = state * 1664525 + 1013904223;
    value = (state >> 8) / 16777216.0 * 4 - 2;
  }
  std::vector<double> out(kRows * static_cast<std::size_t>(predictor->outputs()));
  const auto table = riskflag::MatrixView<double>::row_major(rows.data(), kRows, predictor->features());
  if (!predictor->margins(table, out)) return 1;
  for (const double value : out) print(value);
  riskflag::Explainer::Scratch scratch;
  std::vector<double> parts(explainer->features() * explainer->outputs());
  for (std::size_t row = 0; row < kRows; row += 37) {
    explainer->contributions(rows.data() + row * explainer->features(), parts.data(), scratch);
    for (const double part : parts) print(part);
  }
  return 0;
}
