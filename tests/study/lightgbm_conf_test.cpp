#include <riskflag/study/options_json.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>

namespace riskflag::study {
namespace {

std::string conf_refusal(std::string_view conf) {
  try {
    Settings settings;
    settings.add_conf(conf, "t.conf");
    (void)settings.resolve();
  } catch (const Error& error) {
    return std::string(name_of(error.code())) + " | " + error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("LightGBM's own example of a parameter file is taken, under its names and aliases") {
  // examples/binary_classification/train.conf of LightGBM 4, with a label column by name.
  Settings settings;
  settings.add_conf(
      "# task type, support train and predict\r\ntask = train\r\n\r\nboosting_type = gbdt\nobjective = binary\n"
      "metric = binary_logloss,auc\nmetric_freq = 1\nis_training_metric = true\nmax_bin = 255\n"
      "data = binary.train\nvalid_data = binary.test  # judged while training\nnum_trees = 100\nlearning_rate = 0.1\n"
      "num_leaves = 63\ntree_learner = serial\nfeature_fraction = 0.8\nbagging_freq = 5\nbagging_fraction = 0.8\n"
      "min_data_in_leaf = 50\nmin_sum_hessian_in_leaf = 5.0\nis_enable_sparse = true\nuse_two_round_loading = false\n"
      "is_save_binary_file = false\noutput_model = LightGBM_model.txt\nnum_machines = 1\nlocal_listen_port = 12400\n"
      "machine_list_file = mlist.txt\nlabel = name:Risk_Flag\nignore_column = name:Id,Name\nnum_threads=2\n"
      "force_col_wise=true\nbagging_seed = 3\n",
      "t.conf");
  const StudyOptions options = settings.resolve();
  CHECK(options.data == "binary.train");
  CHECK(options.parts.valid_data == "binary.test");
  CHECK(options.output == "LightGBM_model.txt");
  CHECK(options.columns.target == "Risk_Flag");
  CHECK(options.columns.drop == std::vector<std::string>{"Id", "Name"});
  CHECK(options.threads == 2);
  CHECK(options.train.num_iterations == 100);
  CHECK(options.train.num_leaves == 63);
  CHECK(options.train.metric == std::vector<std::string>{"binary_logloss", "auc"});
  CHECK(options.train.bagging_freq == 5);
  CHECK(options.train.min_sum_hessian_in_leaf == 5.0);
  REQUIRE(settings.set_aside().size() == 13);
  CHECK(settings.set_aside()[0] == "t.conf:2: task is set aside: this program trains");
  CHECK(settings.set_aside()[12] == "t.conf:32: bagging_seed is set aside: the one seed is \"seed\"");
}

TEST_CASE("a parameter file gives the options that the same JSON gives") {
  Settings conf, json;
  conf.add_conf("eta=0.05\nreg_lambda = 2\nn_estimators=\"30\"\nheader = false\ncalibrate = platt\n", "t.conf");
  json.add_config(R"({"eta": 0.05, "reg_lambda": 2, "n_estimators": 30, "no_header": true, "calibrate": "platt"})",
                  "c");
  const StudyOptions a = conf.resolve(), b = json.resolve();
  CHECK(options_list(a.train) == options_list(b.train));
  CHECK(a.reading.header == b.reading.header);
  CHECK(a.reading.header == false);
  CHECK(a.calibrate == "platt");
}

TEST_CASE("a flag beats a parameter file") {
  Settings settings;
  settings.add_conf("eta = 0.05\n", "t.conf");
  settings.add(Layer::flag, "learning_rate", {"0.2"}, "--learning-rate");
  CHECK(settings.resolve().train.learning_rate == 0.2);
}

TEST_CASE("what a parameter file cannot have is refused under its line") {
  CHECK(conf_refusal("\nnum_leavs = 3\n") ==
        "invalid_option | t.conf:2: there is no option \"num_leavs\" (did you mean \"num_leaves\"?)");
  CHECK(conf_refusal("num_leaves\n") ==
        "parse | t.conf:1: \"num_leaves\" is no parameter; accepted: NAME = VALUE, and # for a comment");
  CHECK(conf_refusal("num_leaves = # 31\n") == "parse | t.conf:1: \"num_leaves\" has no value");
  CHECK(conf_refusal("linear_tree = true\n").find("can be \"false\" alone in riskflag") != std::string::npos);
  CHECK(conf_refusal("boosting = dart\n").find("LightGBM's \"boosting\" can be \"gbdt\" alone") != std::string::npos);
  CHECK(conf_refusal("skip_drop = 0.5\n").find("LightGBM's \"skip_drop\" is not built yet") != std::string::npos);
  CHECK(conf_refusal("label = 0\n") ==
        "usage | t.conf:1: column number \"0\" is not accepted; name:COL names a column");
  CHECK(conf_refusal("eta = 0.1\nlearning_rate = 0.2\n") ==
        "usage | t.conf:2: \"learning_rate\" was said twice (before: t.conf:1)");
  CHECK(conf_refusal("num_leaves = many\n").find("t.conf:1: num_leaves: \"many\"") != std::string::npos);
  CHECK(conf_refusal("header = maybe\n") == "invalid_option | t.conf:1: \"maybe\" is not true or false");
}

}  // namespace riskflag::study
