#include <riskflag/train/options.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/error.hpp>

using namespace riskflag;

namespace {

std::string message_of(TrainOptions options, std::string_view name, std::string_view value) {
  try {
    set_option(options, name, value);
    validate(options);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid_option);
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("options are set by LightGBM's names and aliases") {
  TrainOptions o;
  set_option(o, "num_leaves", "63");
  set_option(o, "eta", "0.05");
  set_option(o, "n_estimators", " 500 ");
  set_option(o, "reg_lambda", "1.5");
  set_option(o, "min_child_samples", "40");
  set_option(o, "objective", "l2");
  set_option(o, "metric", "rmse,mse");
  set_option(o, "boost_from_average", "false");
  set_option(o, "random_state", "18446744073709551615");
  CHECK(o.num_leaves == 63);
  CHECK(o.learning_rate == 0.05);
  CHECK(o.num_iterations == 500);
  CHECK(o.lambda_l2 == 1.5);
  CHECK(o.min_data_in_leaf == 40);
  CHECK(o.objective == "regression");
  CHECK(o.metric == std::vector<std::string>{"rmse", "l2"});
  CHECK_FALSE(o.boost_from_average);
  CHECK(o.seed == UINT64_MAX);
  CHECK_NOTHROW(validate(o));
}

TEST_CASE("an unknown option is refused with the nearest name") {
  CHECK(message_of({}, "num_leafs", "31") ==
        "num_leafs: no training option has this name (did you mean \"num_leaves\"?)");
  CHECK(message_of({}, "zzzzzzzz", "1") == "zzzzzzzz: no training option has this name");
}

TEST_CASE("values outside an option's range are refused with the range") {
  CHECK(message_of({}, "num_leaves", "1") == "num_leaves: 1 is not in 2 to 131072");
  CHECK(message_of({}, "learning_rate", "0") == "learning_rate: 0 is not in (0, 1]");
  CHECK(message_of({}, "learning_rate", "nan") == "learning_rate: \"nan\" is not a number");
  CHECK(message_of({}, "num_iterations", "0") == "num_iterations: 0 is not at least 1");
  CHECK(message_of({}, "num_iterations", "1.5") == "num_iterations: \"1.5\" is not an integer of 32 bits");
  CHECK(message_of({}, "num_iterations", "3000000000") ==
        "num_iterations: \"3000000000\" is not an integer of 32 bits");
  CHECK(message_of({}, "lambda_l2", "-1") == "lambda_l2: -1 is not a finite number >= 0");
  CHECK(message_of({}, "max_bin", "256") == "max_bin: 256 is not in 2 to 255");
  CHECK(message_of({}, "bagging_fraction", "1.01") == "bagging_fraction: 1.01 is not in (0, 1]");
  CHECK(message_of({}, "first_metric_only", "yes") == "first_metric_only: \"yes\" is not true or false");
  CHECK(message_of({}, "seed", "-1") == "seed: \"-1\" is not a whole number from 0 to 18446744073709551615");
  CHECK(message_of({}, "seed", "18446744073709551616") ==
        "seed: \"18446744073709551616\" is not a whole number from 0 to 18446744073709551615");
  CHECK(message_of({}, "objective", "binari").find("(did you mean \"binary\"?)") != std::string::npos);
  CHECK(message_of({}, "metric", "rmse") ==
        "metric: \"rmse\" is not one of \"binary_logloss\", \"auc\", \"average_precision\", \"brier\", \"ks\", "
        "\"gini\" (objective binary)");
  TrainOptions nan;
  nan.learning_rate = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(validate(nan), "learning_rate: nan is not in (0, 1]");
}

TEST_CASE("options_list() is read back by set_option(), name for name") {
  TrainOptions odd{.objective = "regression",
                   .num_iterations = 7,
                   .learning_rate = 0.1 + 0.2,
                   .num_leaves = 3,
                   .boost_from_average = false,
                   .metric = {"l2", "rmse"},
                   .seed = 1ULL << 63};
  TrainOptions back;
  for (const auto& [name, value] : options_list(odd)) set_option(back, name, value);
  CHECK(options_list(back) == options_list(odd));
  CHECK(back.learning_rate == odd.learning_rate);
  CHECK(back.metric == odd.metric);
  CHECK(options_list(odd).size() == option_names().size());
}
