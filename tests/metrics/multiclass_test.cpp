#include <riskflag/metrics/multiclass.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/core/error.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/metrics/classification.hpp>

using namespace riskflag;

namespace multiclass_metrics_test {
namespace {

using Values = std::vector<double>;

MatrixView<double> view(const Values& p, std::size_t classes) {
  return MatrixView<double>::row_major(p.data(), p.size() / classes, classes);
}

// Four rows of three classes; the class called is 0, 1, 2, 1.
const Values kP{0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4, 0.2, 0.5, 0.3};
const Values kY{0, 1, 0, 2};

std::string refusal(const Values& p, const Values& y, const Values& w = {}) {
  try {
    (void)metrics::multiclass_metrics(view(p, 3), y, w);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("metrics of several classes are those worked out by hand") {
  const metrics::MulticlassMetrics m = metrics::multiclass_metrics(view(kP, 3), kY);
  CHECK(*m.log_loss == doctest::Approx(-(std::log(0.7) + std::log(0.8) + 2 * std::log(0.3)) / 4).epsilon(1e-14));
  CHECK(*m.accuracy == 0.5);
  CHECK(*m.f1_macro == doctest::Approx(4.0 / 9).epsilon(1e-14));     // 2/3, 2/3, 0
  CHECK(*m.f1_weighted == doctest::Approx(0.5).epsilon(1e-14));      // with weights 2, 1, 1
  CHECK(*m.roc_auc_ovr == doctest::Approx(8.0 / 9).epsilon(1e-14));  // 1, 1, 2/3
  CHECK(m.confusion.cells == Values{1, 0, 1, 0, 1, 0, 0, 1, 0});
  const auto each = metrics::class_scores(m.confusion);
  CHECK(*each[0].precision.value == 1.0);
  CHECK(*each[0].recall.value == 0.5);
  CHECK(*each[1].precision.value == 0.5);
  CHECK(*each[2].precision.value == 0.0);
  CHECK(each[0].rows == 2.0);
}

TEST_CASE("a weight counts its row so many times, 0 leaves it out; the layout of probabilities does not matter") {
  const Values weights{2, 1, 3, 0};
  Values p, y, by_column;
  for (std::size_t i = 0; i < 4; ++i) {
    for (int times = 0; times < static_cast<int>(weights[i]); ++times) {
      p.insert(p.end(), kP.begin() + static_cast<std::ptrdiff_t>(3 * i),
               kP.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
      y.push_back(kY[i]);
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < 4; ++i) by_column.push_back(kP[3 * i + k]);
  }
  const auto columns = MatrixView<double>::col_major(by_column.data(), 4, 3);
  const metrics::MulticlassMetrics a = metrics::multiclass_metrics(columns, kY, weights);
  const metrics::MulticlassMetrics b = metrics::multiclass_metrics(view(p, 3), y);
  CHECK(*a.log_loss == doctest::Approx(*b.log_loss).epsilon(1e-14));
  CHECK(*a.accuracy == doctest::Approx(*b.accuracy).epsilon(1e-14));
  CHECK(*a.f1_macro == doctest::Approx(*b.f1_macro).epsilon(1e-14));
  CHECK(*a.f1_weighted == doctest::Approx(*b.f1_weighted).epsilon(1e-14));
  CHECK(a.confusion.cells == b.confusion.cells);
  CHECK_FALSE(a.roc_auc_ovr);  // class 2 has no row that counts
  CHECK_FALSE(b.roc_auc_ovr);
}

TEST_CASE("of two classes they are the binary metrics") {
  const Random random(4);
  Values p, y, one, weights;
  for (std::size_t i = 0; i < 500; ++i) {
    const double x = random.uniform(3 * i);
    p.insert(p.end(), {1 - x, x});
    one.push_back(1 - (1 - x));
    y.push_back(random.uniform(3 * i + 1) < x ? 1.0 : 0.0);
    weights.push_back(random.uniform(3 * i + 2));
  }
  const metrics::MulticlassMetrics m = metrics::multiclass_metrics(view(p, 2), y, weights);
  CHECK(*m.log_loss == doctest::Approx(*metrics::log_loss(one, y, weights).value).epsilon(1e-12));
  CHECK(*m.roc_auc_ovr == doctest::Approx(*metrics::roc_auc(one, y, weights).value).epsilon(1e-12));
  CHECK(*m.accuracy ==
        doctest::Approx(*metrics::accuracy(metrics::confusion(one, y, 0.5, weights)).value).epsilon(1e-12));
}

TEST_CASE(
    "what has no answer is undefined, certainty costs a finite loss, of equal probabilities the first is called") {
  CHECK_FALSE(metrics::multi_log_loss(view({}, 3), {}));
  CHECK_FALSE(metrics::multi_log_loss(view(kP, 3), kY, Values{0, 0, 0, 0}));
  CHECK_FALSE(metrics::f1_macro(metrics::class_confusion(view({}, 3), {})));
  CHECK(metrics::roc_auc_ovr(view(kP, 3), Values{0, 1, 0, 1}).undefined_because ==
        "a class has no rows, or all of them");
  CHECK(*metrics::multi_log_loss(view({1, 0, 0}, 3), Values{1}).value == doctest::Approx(52 * std::log(2)));
  CHECK(metrics::called_class(view({0.4, 0.2, 0.4}, 3), 0) == 0);
  // A class that nobody has and nobody calls does not count.
  CHECK(*metrics::f1_macro(metrics::class_confusion(view({0.9, 0.1, 0.0}, 3), Values{0})).value == 1.0);
}

TEST_CASE("labels that are no class, probabilities outside [0, 1] and bad weights are refused") {
  CHECK(refusal(kP, {0, 1, 0}).find("3 labels for 4 scores") != std::string::npos);
  CHECK(refusal(kP, {0, 1, 0, 3}).find("label 3 is 3; labels are whole numbers below 3") != std::string::npos);
  CHECK(refusal(kP, {0, 1, 0, -1}).find("label 3 is -1") != std::string::npos);
  CHECK(refusal(kP, {0, 1, 0, 0.5}).find("label 3 is 0.5") != std::string::npos);
  CHECK(refusal(kP, kY, {1, 1, 1, -1}).find("weight 3 is -1") != std::string::npos);
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    Values p = kP;
    p[4] = bad;
    CHECK(refusal(p, kY).find("the probability of class 1 in row 1 is") != std::string::npos);
  }
}

}  // namespace multiclass_metrics_test
