#include <riskflag/mlflow/settings.hpp>

#include <map>
#include <string>

#include <doctest/doctest.h>

#include <riskflag/core/file.hpp>

#include "../track/fresh_directory.hpp"

namespace mlflow = riskflag::mlflow;

namespace {

mlflow::Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    if (it == variables.end()) return std::nullopt;
    return it->second;
  };
}

}  // namespace

TEST_CASE("the address comes from the flag, then from MLFLOW_TRACKING_URI; credentials from the address first") {
  const auto env = environment({{"MLFLOW_TRACKING_URI", "http://env:5000/p"},
                                {"MLFLOW_TRACKING_USERNAME", "u"},
                                {"MLFLOW_TRACKING_PASSWORD", "pw"},
                                {"MLFLOW_TRACKING_TOKEN", "t"},
                                {"MLFLOW_EXPERIMENT_NAME", "credit"},
                                {"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3"}});
  const mlflow::Settings from_env = mlflow::settings_from("", env);
  CHECK(from_env.uri == "http://env:5000/p");
  CHECK(from_env.user == "u");
  CHECK(from_env.password == "pw");
  CHECK(from_env.token == "t");
  CHECK(from_env.experiment == "credit");
  CHECK(from_env.max_retries == 3);
  const mlflow::Settings from_flag = mlflow::settings_from("https://a:b@flag", env);
  CHECK(from_flag.uri == "https://flag:443");
  CHECK(from_flag.user == "a");
  CHECK(from_flag.password == "b");
}

TEST_CASE("~/.mlflow/credentials is read where no variable says otherwise") {
  const FreshDirectory home("mlflow_home");
  riskflag::make_directories(home.path(".mlflow"));
  riskflag::write_file(home.path(".mlflow/credentials"),
                       "[other]\nmlflow_tracking_username = no\n[mlflow]\n# a comment\nmlflow_tracking_username = me\n"
                       "MLFLOW_TRACKING_PASSWORD=secret = with sign\n");
  const mlflow::Settings settings = mlflow::settings_from("http://a", environment({{"HOME", home.path()}}));
  CHECK(settings.user == "me");
  CHECK(settings.password == "secret = with sign");
  CHECK(settings.token.empty());
}

TEST_CASE("a variable that cannot be used is named, with what is accepted") {
  const auto refused = [](std::map<std::string, std::string> variables) {
    try {
      (void)mlflow::settings_from("http://a", environment(std::move(variables)));
    } catch (const riskflag::Error& error) {
      CHECK(error.code() == riskflag::ErrorCode::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refused({{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "99"}}).find("from 0 to 10") != std::string::npos);
  CHECK(refused({{"MLFLOW_HTTP_REQUEST_TIMEOUT", "soon"}}).starts_with("MLFLOW_HTTP_REQUEST_TIMEOUT: "));
  CHECK(refused({{"MLFLOW_TRACKING_INSECURE_TLS", "maybe"}}).starts_with("MLFLOW_TRACKING_INSECURE_TLS: "));
  CHECK(refused({}).empty());
}
