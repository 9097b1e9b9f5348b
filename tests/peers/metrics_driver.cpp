// Reads one data set from standard input and prints every metric: the C++ side of test_metrics_sklearn.py, which
// compiles this file (c++ -std=c++20 -O2 -I include).
//
// In: a line "classes" or "numbers"; then rows "score label weight" (classes) or "prediction target weight" (numbers).
// Or a line "many K"; then rows "label weight" and K probabilities. Out: lines "name value", value "none" where the
// metric is undefined.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <riskflag/metrics.hpp>

namespace {

namespace m = riskflag::metrics;

void print(const char* name, const m::Metric& metric) {
  if (metric) {
    std::printf("%s %.17g\n", name, *metric.value);
  } else {
    std::printf("%s none\n", name);
  }
}

void print(const char* name, double value) { print(name, m::Metric::of(value)); }

int many_classes() {
  std::size_t classes = 0;
  std::cin >> classes;
  std::vector<double> y, w, p;
  std::string x;
  for (std::size_t i = 0; std::cin >> x; ++i) {
    const std::size_t place = i % (classes + 2);
    (place == 0 ? y : place == 1 ? w : p).push_back(std::strtod(x.c_str(), nullptr));
  }
  const auto view = riskflag::MatrixView<double>::row_major(p.data(), y.size(), classes);
  const m::ClassConfusion table = m::class_confusion(view, y, w);
  print("log_loss", m::multi_log_loss(view, y, w));
  print("accuracy", m::accuracy(table));
  print("f1_macro", m::f1_macro(table));
  print("f1_weighted", m::f1_weighted(table));
  print("roc_auc_ovr", m::roc_auc_ovr(view, y, w));
  for (const double cell : table.cells) print("confusion", cell);
  return 0;
}

}  // namespace

int main() {
  std::string kind;
  std::cin >> kind;
  if (kind == "many") return many_classes();
  std::vector<double> a, b, w;
  // strtod: streams do not read every double back.
  for (std::string x, y, z; std::cin >> x >> y >> z;) {
    a.push_back(std::strtod(x.c_str(), nullptr));
    b.push_back(std::strtod(y.c_str(), nullptr));
    w.push_back(std::strtod(z.c_str(), nullptr));
  }
  if (kind == "classes") {
    const m::Confusion c = m::confusion(a, b, 0.5, w);
    print("roc_auc", m::roc_auc(a, b, w));
    print("roc_auc_unweighted", m::roc_auc(a, b));
    print("pr_auc", m::pr_auc(a, b, w));
    print("log_loss", m::log_loss(a, b, w));
    print("brier", m::brier(a, b, w));
    print("ks_unweighted", m::ks(a, b));
    print("accuracy", m::accuracy(c));
    print("precision", m::precision(c));
    print("recall", m::recall(c));
    print("f1", m::f1(c));
    print("mcc", m::mcc(c));
    print("threshold_f1", m::threshold_f1(a, b, w));
    print("tp", c.tp);
    print("fp", c.fp);
    print("tn", c.tn);
    print("fn", c.fn);
    for (const auto& bin : m::calibration_table(a, b)) {
      if (bin.weight > 0) print("calibration_rate", bin.positive_rate);
      if (bin.weight > 0) print("calibration_mean", bin.mean_probability);
    }
    for (const auto& point : m::roc_curve(a, b, w, a.size() + 2)) {
      print("roc_fpr", point.false_positive_rate);
      print("roc_tpr", point.true_positive_rate);
    }
  } else {
    print("mse", m::mse(a, b, w));
    print("rmse", m::rmse(a, b, w));
    print("mae", m::mae(a, b, w));
    print("r2", m::r2(a, b, w));
    print("pinball_0.3", m::quantile_loss(a, b, 0.3, w));
    print("poisson", m::poisson_deviance(a, b, w));
    print("gamma", m::gamma_deviance(a, b, w));
    print("tweedie_1.5", m::tweedie_deviance(a, b, 1.5, w));
    print("tweedie_3", m::tweedie_deviance(a, b, 3.0, w));
    print("tweedie_-1", m::tweedie_deviance(a, b, -1.0, w));
  }
}
