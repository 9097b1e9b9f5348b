// A program that scores a saved model and gives reasons: two headers, no exceptions, no RTTI, nothing to link.
#include <riskflag/predict.hpp>

#include <riskflag/explain.hpp>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::puts("usage: predict_only model.json");
    return 0;
  }
  auto predictor = riskflag::try_load(argv[1]);
  if (!predictor) {
    std::fprintf(stderr, "%s\n", predictor.failure().text().c_str());
    return 1;
  }
  std::printf("%s\n", predictor->describe().c_str());
  const auto text = riskflag::try_read_file(argv[1]);
  const auto model = riskflag::parse_model(text.ok() ? *text : "", argv[1]);
  const auto explainer = riskflag::Explainer::make(model.ok() ? *model : riskflag::Model{});
  if (!explainer) return 1;
  riskflag::Explainer::Scratch scratch;
  const std::vector<double> row(explainer->features());
  std::vector<double> parts(explainer->features() * explainer->outputs());
  explainer->contributions(row.data(), parts.data(), scratch);
  std::printf("%g\n", parts.empty() ? 0.0 : parts[0]);
  return 0;
}
