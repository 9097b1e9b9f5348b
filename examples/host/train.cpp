// Trains on a matrix of your own and scores with the result. No files, no schema: what a host program needs at the
// least.
#include <riskflag/riskflag.hpp>

#include <cstdio>

int main() try {
  // 2,000 applicants x 3 features, row-major; the label depends on the first two.
  constexpr std::size_t kRows = 2000, kColumns = 3;
  const riskflag::Random random(7);
  std::vector<double> table(kRows * kColumns), labels(kRows);
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = random.uniform(i);
  for (std::size_t i = 0; i < kRows; ++i) labels[i] = table[3 * i] > table[3 * i + 1] ? 1 : 0;
  const std::vector<riskflag::Feature> features{{.name = "debt"}, {.name = "income"}, {.name = "noise"}};

  riskflag::Pool pool;  // all cores; the model is the same for any number of them
  const auto matrix = riskflag::MatrixView<double>::row_major(table.data(), kRows, kColumns);
  const riskflag::TrainResult result =
      riskflag::train(matrix, features, labels, {.num_iterations = 50, .learning_rate = 0.2}, pool);

  const riskflag::Predictor predictor = riskflag::value_or_throw(riskflag::Predictor::make(result.model));
  const double risky[kColumns] = {0.9, 0.1, 0.5}, safe[kColumns] = {0.1, 0.9, 0.5};
  std::printf("%zu trees; %.3f and %.3f\n", result.model.trees.size(), predictor.probability(risky),
              predictor.probability(safe));
  return predictor.probability(risky) > 0.9 && predictor.probability(safe) < 0.1 ? 0 : 1;
} catch (const riskflag::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
