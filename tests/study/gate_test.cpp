#include <riskflag/study/gate.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/metrics/intervals.hpp>

namespace gate_test {

namespace study = riskflag::study;
using riskflag::Error;
using riskflag::ErrorCode;

/// Outcomes, a score that knows them through noise, and one that knows less.
struct Scores {
  std::vector<double> labels, good, poor;
  explicit Scores(std::size_t rows) {
    const riskflag::Random random(5, 6);
    for (std::size_t i = 0; i < rows; ++i) {
      const double y = random.uniform(3 * i) < 0.3 ? 1 : 0;
      labels.push_back(y);
      good.push_back(0.25 * y + 0.7 * random.uniform(3 * i + 1));
      poor.push_back(0.15 * y + 0.7 * random.uniform(3 * i + 2));
    }
  }
  [[nodiscard]] study::GateRows rows(bool good_challenges) const {
    study::GateRows out;
    out.challenger = good_challenges ? good : poor;
    out.champion = good_challenges ? poor : good;
    out.labels = labels;
    return out;
  }
};

study::GateOptions asked(std::vector<std::string> names, double margin) {
  study::GateOptions options;
  options.metrics = std::move(names);
  options.margin = margin;
  options.resamples = 200;
  return options;
}

template <class Body>
ErrorCode code_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST_CASE("the better model passes on every metric, the worse one on none, whichever way a metric grows") {
  const Scores scores(1000);
  const std::vector<std::string> all{"roc_auc", "gini", "pr_auc", "ks", "brier", "log_loss"};
  for (const study::GateMetric& metric : study::compare_models(scores.rows(true), asked(all, 0))) {
    CAPTURE(metric.name);
    CHECK(metric.passed == (metric.name != "log_loss" && metric.name != "brier" ? metric.challenger > metric.champion
                                                                                : metric.challenger < metric.champion));
    CHECK(metric.passed);
    CHECK(metric.lower_bound > 0);
  }
  for (const study::GateMetric& metric : study::compare_models(scores.rows(false), asked(all, 0))) {
    CAPTURE(metric.name);
    CHECK_FALSE(metric.passed);
  }
}

TEST_CASE("the bound of an area is the lower end of the paired DeLong interval of twice the tail") {
  const Scores scores(500);
  const auto found = study::compare_models(scores.rows(true), asked({"roc_auc", "gini"}, 0.1));
  const double low = riskflag::metrics::delong_difference(scores.good, scores.poor, scores.labels, 0.9).low;
  CHECK(found[0].method == "delong");
  CHECK(found[0].lower_bound == doctest::Approx(low).epsilon(1e-12));
  CHECK(found[1].lower_bound == doctest::Approx(2 * low).epsilon(1e-12));
}

TEST_CASE("a model passes over itself with a margin, and never without one") {
  const Scores scores(300);
  study::GateRows rows = scores.rows(true);
  rows.champion = rows.challenger;
  for (const char* name : {"roc_auc", "ks", "log_loss"}) {
    CAPTURE(name);
    const auto strict = study::compare_models(rows, asked({name}, 0));
    CHECK(strict[0].lower_bound == 0);
    CHECK_FALSE(strict[0].passed);
    CHECK(study::compare_models(rows, asked({name}, 0.001))[0].passed);
  }
}

TEST_CASE("weights and groups ask for the bootstrap, and rows that repeat do not make a difference sure") {
  const Scores scores(120);
  const auto alone = study::compare_models(scores.rows(true), asked({"ks"}, 0));
  // Each row ten times, once as if they were independent and once as what they are.
  Scores many(0);
  std::vector<std::uint64_t> groups;
  for (int copy = 0; copy < 10; ++copy) {
    for (std::size_t i = 0; i < scores.labels.size(); ++i) {
      many.labels.push_back(scores.labels[i]);
      many.good.push_back(scores.good[i]);
      many.poor.push_back(scores.poor[i]);
      groups.push_back(i);
    }
  }
  study::GateRows rows = many.rows(true);
  const auto blind = study::compare_models(rows, asked({"ks"}, 0));
  rows.groups = groups;
  const auto grouped = study::compare_models(rows, asked({"ks"}, 0));
  CHECK(grouped[0].lower_bound ==
        doctest::Approx(alone[0].lower_bound).epsilon(1e-9));  // the same draws of the same rows
  CHECK(blind[0].lower_bound > grouped[0].lower_bound);
  CHECK(study::compare_models(rows, asked({"roc_auc"}, 0))[0].method == "bootstrap");
  std::vector<double> weights(scores.labels.size(), 1.0);
  rows = scores.rows(true);
  rows.weights = weights;
  CHECK(study::compare_models(rows, asked({"roc_auc"}, 0))[0].method == "bootstrap");
}

TEST_CASE("what cannot be compared is refused with a reason") {
  const Scores scores(100);
  const study::GateRows rows = scores.rows(true);
  const auto code = [](const study::GateRows& of, const study::GateOptions& options) {
    return code_of([&] { static_cast<void>(study::compare_models(of, options)); });
  };
  CHECK(code(rows, asked({"auc"}, 0)) == ErrorCode::invalid_option);
  CHECK(code(rows, asked({}, 0)) == ErrorCode::invalid_option);
  CHECK(code(rows, asked({"roc_auc"}, -1)) == ErrorCode::invalid_option);
  study::GateOptions two_sided = asked({"roc_auc"}, 0);
  two_sided.level = 0.5;
  CHECK(code(rows, two_sided) == ErrorCode::invalid_option);
  study::GateRows classes = rows;
  classes.kind = riskflag::bundle::Kind::multiclass;
  CHECK(code(classes, asked({"roc_auc"}, 0)) == ErrorCode::unsupported);
  study::GateRows numbers = rows;
  numbers.kind = riskflag::bundle::Kind::regression;
  CHECK(code(numbers, asked({"roc_auc"}, 0)) == ErrorCode::invalid_option);
  const Scores more(3000);
  numbers = more.rows(true);
  numbers.kind = riskflag::bundle::Kind::regression;
  CHECK(study::compare_models(numbers, asked({"rmse"}, 0))[0].passed);
  const std::vector<double> ones(rows.labels.size(), 1.0);
  study::GateRows one_class = rows;
  one_class.labels = ones;
  CHECK(code(one_class, asked({"roc_auc"}, 0)) == ErrorCode::invalid_data);
  CHECK_FALSE(study::all_passed({}));
}

}  // namespace gate_test
