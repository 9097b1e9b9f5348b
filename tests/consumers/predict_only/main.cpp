// A program that scores a saved model and nothing else: one header, no exceptions, no RTTI, nothing to link.
#include <riskflag/predict.hpp>

#include <cstdio>

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
  return 0;
}
