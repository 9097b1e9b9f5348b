// Tracking for a program that trains nothing of ours: any figures, any files, in a journal on this disk.
// `riskflag-registry sync DIR http://…` tells them to an MLflow server; mlflow::MlflowLogger in the journal's place
// does so while they happen.
#include <riskflag/track.hpp>

#include <cmath>
#include <cstdio>

int main(int argc, char** argv) try {
  riskflag::track::JournalLogger journal(argc > 1 ? argv[1] : "runs");
  riskflag::track::Run run(journal, {.experiment = "interest", .name = "36 months at 9 %"});
  run.param("rate", "0.09");
  const double payment = 10000 * 0.0075 / (1 - std::pow(1.0075, -36));  // of an annuity
  double balance = 10000;
  for (int month = 1; month <= 36; ++month) run.metric("balance", balance = balance * 1.0075 - payment, month);
  run.text("terms.txt", "paid monthly\n");
  run.finish();  // without it the run ends as FAILED: an exception passed by
  std::printf("run %s\n", run.id().c_str());
  return 0;
} catch (const riskflag::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
