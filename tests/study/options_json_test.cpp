#include <riskflag/study/options_json.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/study/table.hpp>

namespace riskflag::study {
namespace {

std::string refusal(const auto& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::string(name_of(error.code())) + " | " + error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("invariant: --set beats a flag of its own, which beats --config") {
  Settings settings;
  settings.add_set("eta=0.3");
  settings.add(Layer::flag, "test_fraction", {"0.4"}, "--test-fraction");
  settings.add(Layer::flag, "learning_rate", {"0.2"}, "--learning-rate");
  settings.add_config(R"({"shrinkage_rate": 0.1, "test_fraction": 0.5, "num_leaves": 7})", "c.json");
  const StudyOptions options = settings.resolve();
  CHECK(options.train.learning_rate == 0.3);
  CHECK(options.parts.test_fraction == 0.4);
  CHECK(options.train.num_leaves == 7);
}

TEST_CASE("the same name twice in one place is an error under any alias") {
  Settings settings;
  settings.add_set("eta=0.3");
  CHECK(refusal([&] { settings.add_set("learning_rate=0.2"); }) ==
        "usage | --set learning_rate: \"learning_rate\" was said twice (before: --set eta)");
  CHECK(refusal([&] { Settings().add_config(R"({"n_jobs": 1, "num_threads": 2})", "c.json"); }) ==
        "usage | c.json:1: \"threads\" was said twice (before: c.json:1)");
}

TEST_CASE("unknown names are refused with the nearest one, bad values with their name") {
  CHECK(refusal([] { Settings().add_config("{\n\"num_leavs\": 3}", "c.json"); }) ==
        "invalid_option | c.json:2: there is no option \"num_leavs\" (did you mean \"num_leaves\"?)");
  CHECK(refusal([] { Settings().add_set("num_leaves"); }) == "usage | --set: \"num_leaves\" is not NAME=VALUE");
  Settings settings;
  settings.add_set("num_leaves=many");
  CHECK(refusal([&] { (void)settings.resolve(); }) ==
        "invalid_option | --set num_leaves: \"many\" is not an integer of 32 bits");
  CHECK(refusal([] { Settings().add_config("[1]", "c.json"); }) ==
        "parse | c.json: holds no JSON object; accepted: {\"NAME\": VALUE, ...}");
}

TEST_CASE("a value of a configuration file is refused under its line and its name") {
  Settings settings;
  settings.add_config("{\"seed\": 1,\n\"test_fraction\": \"some\"}", "c.json");
  CHECK(refusal([&] { (void)settings.resolve(); }) ==
        "invalid_option | c.json:2: test_fraction: \"some\" is not a number");
}

TEST_CASE("what LightGBM has and we have not is refused as such, under every alias") {
  CHECK(refusal([] { Settings().add_set("boosting_type=dart"); }) ==
        "usage | --set boosting_type: LightGBM's \"boosting\" is not built yet in riskflag " + std::string(kVersion));
  CHECK(refusal([] { Settings().add_set("label=y"); }) ==
        "usage | --set label: LightGBM's \"label_column\" is no option here; --target names the column");
  for (const detail::KnownName& row : detail::kKnownParameters) {
    CAPTURE(row.name);
    const bool ours = detail::find_setting(row.name) != nullptr || riskflag::detail::find_option(row.name) != nullptr;
    CHECK(refusal([&] { Settings().add_set(std::string(row.name) + "=1"); }).starts_with(ours ? "accepted" : "usage"));
  }
  for (const detail::KnownName& row : detail::kKnownObjectives) {
    CAPTURE(row.name);
    Settings settings;
    settings.add(Layer::flag, "objective", {std::string(row.name)}, "--objective");
    const std::string answer = refusal([&] { (void)settings.resolve(); });
    CHECK((answer == "accepted" || answer == "usage | --objective: the objective \"" + std::string(row.name) +
                                                 "\" is not built yet in riskflag " + std::string(kVersion)));
  }
  Settings slip;
  slip.add_set("objective=poison");
  CHECK(refusal([&] { validate(slip.resolve().train); }).starts_with("invalid_option | objective: \"poison\" is not "));
}

TEST_CASE("date formats are read by column, and only formats that have a year") {
  Settings settings;
  settings.add_config(R"({"date_format": ["due=%d/%m/%Y", "paid=%b %d, %Y"]})", "c.json");
  const StudyOptions options = settings.resolve();
  CHECK(options.reading.date_formats == std::map<std::string, std::string>{{"due", "%d/%m/%Y"}, {"paid", "%b %d, %Y"}});
  CHECK(csv_options(options).date_formats == options.reading.date_formats);
  for (const char* bad : {"due", "=%Y", "due=", "due=%d/%m", "due=%Q-%Y", "due=%Y%"}) {
    CAPTURE(bad);
    Settings refused;
    refused.add(Layer::flag, "date_format", {bad}, "--date-format");
    CHECK(refusal([&] { (void)refused.resolve(); }).starts_with("invalid_option | --date-format: "));
  }
}

TEST_CASE("every setting's name resolves to itself and no alias is two things") {
  for (const std::string_view name : setting_names()) {
    CAPTURE(name);
    CHECK(detail::canonical_setting(name) == name);
  }
  for (const detail::SettingRow& row : detail::kSettings) CHECK(riskflag::detail::find_option(row.name) == nullptr);
}

TEST_CASE("lists, codes and tokens") {
  Settings settings;
  settings.add_config(
      R"({"id": ["a", "b"], "missing": ["", "-", "Income=0"], "special": ["late=96,98"], "group_by": "x,y",
                          "metric": ["auc", "binary_logloss"], "boost_from_average": false})",
      "c.json");
  const StudyOptions options = settings.resolve();
  CHECK(options.columns.id == std::vector<std::string>{"a", "b"});
  CHECK(options.reading.missing == std::vector<std::string>{"", "-"});
  CHECK(options.reading.column_missing.at("Income") == std::vector<std::string>{"0"});
  CHECK(options.reading.special.at("late") == std::vector<double>{96, 98});
  CHECK(options.parts.group_by == std::vector<std::string>{"x", "y"});
  CHECK(options.parts.kind == SplitKind::group);  // --group-by says so
  CHECK(options.train.metric == std::vector<std::string>{"auc", "binary_logloss"});
  CHECK_FALSE(options.train.boost_from_average);
}

TEST_CASE("promises about fields are FIELD=+1 or FIELD=-1, each field once") {
  Settings settings;
  settings.add(Layer::flag, "monotone", {"Income=-1", "a=b=+1", "Age=1"}, "--monotone");
  const StudyOptions options = settings.resolve();
  REQUIRE(options.monotone.size() == 3);
  CHECK(options.monotone[0].field == "Income");
  CHECK(options.monotone[0].sign == -1);
  CHECK(options.monotone[1].field == "a=b");
  CHECK(options.monotone[2].sign == 1);
  for (const char* bad : {"Income", "Income=2", "=1"}) {
    CAPTURE(bad);
    Settings refused;
    refused.add(Layer::flag, "monotone", {bad}, "--monotone");
    CHECK(refusal([&] { (void)refused.resolve(); }).find("is not FIELD=+1") != std::string::npos);
  }
  Settings twice;
  twice.add(Layer::flag, "monotone", {"Age=1", "Age=-1"}, "--monotone");
  CHECK(refusal([&] { (void)twice.resolve(); }).find("named twice") != std::string::npos);
}

TEST_CASE("one seed for splits, preparation and training; regression is not stratified") {
  Settings settings;
  settings.add(Layer::flag, "seed", {"7"}, "--seed");
  settings.add(Layer::flag, "objective", {"rmse"}, "--objective");
  const StudyOptions options = settings.resolve();
  CHECK(options.seed == 7);
  CHECK(options.train.seed == 7);
  CHECK(options.parts.kind == SplitKind::random);
}

TEST_CASE("where records go, and the name that the model gets, are taken as said") {
  Settings said;
  for (const char* set : {"tracking=https://h:5000", "register=loan-risk", "alias=champion"}) said.add_set(set);
  const StudyOptions options = said.resolve();
  CHECK(options.tracking == "https://h:5000");
  CHECK(options.register_name == "loan-risk");
  CHECK(options.alias == "champion");
  Settings other;
  other.add_set("tracking=ftp://h");
  CHECK(refusal([&] { (void)other.resolve(); }).find("accepted: journal:DIR, http://HOST:PORT") != std::string::npos);
  Settings settings;
  settings.add_set("calibrate=none");
  CHECK(refusal([&] { (void)settings.resolve(); }) == "accepted");
}

TEST_CASE("reasons give code and text for a field") {
  const auto reasons = parse_reasons(R"({"Income": {"code": "R1", "text": "low"}})", "r.json");
  REQUIRE(reasons.size() == 1);
  CHECK((reasons[0].field + reasons[0].code + reasons[0].text) == "IncomeR1low");
  CHECK(refusal([] {
          (void)parse_reasons(R"({"Income": {"code": "R1"}})", "r.json");
        }).starts_with("invalid_option | r.json:1: reason of"));
  CHECK(refusal([] { (void)parse_reasons("3", "r.json"); }).starts_with("parse | r.json"));
}

}  // namespace riskflag::study
