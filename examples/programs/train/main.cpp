// riskflag-train: a CSV in, a model directory out.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/gzip/gzip.hpp>
#include <riskflag/report/figures.hpp>
#include <riskflag/study.hpp>
#include <riskflag/track/directory.hpp>
#include <riskflag/track/promotion.hpp>

#include "../command_line.hpp"
#include "../program.hpp"
#include "../tracking/tracking.hpp"
#include "progress.hpp"
#include "report_data.hpp"
#include "summary.hpp"

namespace {

/// The flags as they were given: every one but those that only say how to talk is a setting of the study.
struct Flags {
  std::map<std::string, std::vector<std::string>> values;  // "test_fraction" -> {"0.2"}
  std::vector<std::string> sets;
  std::string config;
  bool json = false, quiet = false;
};

std::string setting_name(const std::string& flag) {
  std::string name = flag.substr(2);
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

void add_flags(program::CommandLine& line, Flags& flags) {
  using program::Repeat;
  const auto setting = [&](const std::string& group, const std::string& flag, const std::string& what,
                           const std::string& type, Repeat repeat) {
    line.add_option(flag, flags.values[setting_name(flag)], what, repeat).group(group).type_name(type);
  };
  const auto value = [&](const char* group, const char* flag, const char* what, const char* type) {
    setting(group, flag, what, type, Repeat::no);
  };
  const auto list = [&](const char* group, const char* flag, const char* what, const char* type) {
    setting(group, flag, what, type, Repeat::yes);
  };
  const auto flag = [&](const std::string& group, const std::string& name, const std::string& what) {
    line.add_flag(name, [&flags, name] { flags.values[setting_name(name)] = {"true"}; }, what).group(group);
  };
  value("needed", "--data", "CSV file, plain or .gz; - is standard input", "F.csv");
  value("needed", "--target", "column to predict", "COL");
  value("needed", "--output", "model directory to make", "DIR");

  value("columns", "--positive", "level of the target that counts as 1", "LEVEL");
  list("columns", "--id", "names a row, never a feature", "COL");
  list("columns", "--drop", "not used", "COL");
  list("columns", "--protected", "reported by group, never a feature", "COL");
  list("columns", "--categorical", "a category even if all are numbers", "COL");
  list("columns", "--numeric", "a number: any other cell is an error", "COL");
  value("columns", "--weight", "weight of the row; offset: added to its margin", "COL");
  value("columns", "--offset", "", "COL");

  list("reading", "--missing", "token for missing", "[COL=]TOKEN");
  list("reading", "--special", "codes that are levels of their own", "COL=CODE,...");
  value("reading", "--delimiter", "auto, tab, space or a character", "CHAR");
  flag("reading", "--no-header", "columns are c0, c1, ...");
  value("reading", "--skip-rows", "lines before the header of each file", "N");
  value("reading", "--test-skip-rows", "", "N");
  value("reading", "--valid-skip-rows", "", "N");
  list("reading", "--date-format", "date such as due=%d/%m/%Y", "COL=FORMAT");

  value("parts", "--test", "test rows: a file, or a share of --data (0.2)", "F2.csv");
  value("parts", "--test-fraction", "", "X");
  value("parts", "--valid", "validation: a file, or a share of what is left (0.1)", "F3.csv");
  value("parts", "--valid-fraction", "", "X");
  value("parts", "--split", "stratified, random, group or time", "KIND");
  value("parts", "--group-by", "columns, or fields: all features", "COL,...");
  value("parts", "--time-by", "column that orders the rows", "COL");
  value("parts", "--cv", "folds instead of a validation part", "K");

  value("model", "--recipe", "how to prepare the columns", "R.json");
  line.add_option("--config", flags.config, "options: JSON, or LightGBM's .conf").group("model").type_name("FILE");
  line.add_option("--set", flags.sets, "any option or LightGBM parameter", Repeat::yes)
      .group("model")
      .type_name("NAME=VALUE");
  value("model", "--objective", "binary, multiclass, regression, ...", "NAME");
  list("model", "--monotone", "only rises (+1) or falls (-1) with it", "FIELD=+1|-1");
  value("model", "--threads", "0 = all cores", "N");
  value("model", "--seed", "the only source of randomness (42)", "N");
  value("model", "--search", "random trials, the best one is trained; what to try", "N");
  value("model", "--search-space", "", "S.json");
  value("model", "--threshold", "f1, cost:FN,FP, approve:RATE, NUMBER", "RULE");
  value("model", "--calibrate", "none, auto, platt, isotonic, beta, prior", "HOW");
  value("model", "--reasons", "code and text for each field", "R.json");

  value("records", "--tracking", "journal:DIR, http://…; required: or an error", "WHERE");
  flag("records", "--tracking-required", "");
  value("records", "--experiment", "names that the record has", "NAME");
  value("records", "--run-name", "", "NAME");
  value("records", "--register", "registered model; alias of the version, where free", "NAME");
  value("records", "--alias", "", "A");
  value("records", "--report", "HTML report to write", "F.html");

  flag("running", "--strict", "what the leak guard finds is an error");
  flag("running", "--force", "replace a model directory");
  flag("running", "--keep-on-interrupt", "Ctrl-C keeps the model so far");
  line.add_flag("--json", flags.json, "one JSON object on stdout").group("running");
  line.add_flag("--quiet", flags.quiet, "no progress, no messages").group("running");
}

riskflag::study::StudyOptions resolve(const Flags& flags, std::vector<std::string>& set_aside) {
  riskflag::study::Settings settings;
  if (!flags.config.empty()) {
    if (flags.config.ends_with(".conf"))
      settings.add_conf(riskflag::read_file(flags.config), flags.config);
    else
      settings.add_config(riskflag::read_file(flags.config), flags.config);
  }
  for (const auto& [name, values] : flags.values) {
    if (values.empty()) continue;
    std::string flag = "--" + name;
    for (char& c : flag) c = c == '_' ? '-' : c;
    settings.add(riskflag::study::Layer::flag, name, values, flag);
  }
  for (const std::string& set : flags.sets) settings.add_set(set);
  riskflag::study::StudyOptions options = settings.resolve();
  const auto need = [](const std::string& value, const char* flag, const char* what) {
    if (value.empty()) riskflag::fail(riskflag::ErrorCode::usage, flag, std::string("is needed: ") + what);
  };
  need(options.data, "--data", "the CSV file to learn from");
  need(options.columns.target, "--target", "the column to predict");
  need(options.output, "--output", "the model directory to make");
  if (!flags.config.empty()) options.option_files.emplace_back("--config", flags.config);
  set_aside = settings.set_aside();
  return options;
}

/// Before minutes of training: what would be refused after them.
void check_registration(const riskflag::study::StudyOptions& options,
                        const std::optional<program::TrackingPlace>& place) {
  using riskflag::ErrorCode;
  if (!options.alias.empty() && options.register_name.empty())
    riskflag::fail(ErrorCode::usage, "--alias", "is of a registered model; --register NAME says which");
  if (options.register_name.empty()) return;
  if (!place) {
    riskflag::fail(ErrorCode::usage, "--register",
                   "needs a place: --tracking journal:DIR or http://HOST:PORT, or MLFLOW_TRACKING_URI");
  }
  riskflag::track::detail::check_name(options.register_name, "--register");
  if (options.alias.empty()) return;
  try {
    riskflag::track::require_free_alias(*program::open_registry(*place, program::Asked::once), options.register_name,
                                        options.alias);
  } catch (const riskflag::Error& error) {
    if (error.code() == ErrorCode::usage && error.where() == options.register_name)
      riskflag::fail(ErrorCode::usage, "--alias", error.what());
    if (error.code() != ErrorCode::io || options.tracking_required) throw;  // a server that is down now
  }
  if (place->server.empty()) return;
  // The journal tells the server, so that both must agree.
  if (const auto known = program::open_registry({place->journal, ""});
      !known->find_alias(options.register_name, options.alias))
    riskflag::track::require_free_alias(*known, options.register_name, options.alias);
}

int train(const Flags& flags, const std::string& command) {
  program::Interrupt interrupt;
  std::vector<std::string> set_aside;  // lines of a .conf file that change nothing
  riskflag::study::StudyOptions options = resolve(flags, set_aside);
  options.command = command;
  program::ProgressPrinter progress(flags.quiet);
  for (const std::string& line : set_aside) progress.say("note: " + line);

  std::unique_ptr<riskflag::track::Logger> logger;
  std::unique_ptr<riskflag::track::Registry> registry;
  const std::optional<program::TrackingPlace> place = program::find_tracking_place(options.tracking);
  check_registration(options, place);
  riskflag::study::StudyHooks hooks;
  hooks.stop = interrupt.token();
  hooks.open = [](const std::string& path) { return riskflag::open_source(path); };
  if (place) {
    hooks.logger = [&] {
      logger = program::open_logger(*place, options.tracking_required,
                                    [&](const std::string& message) { progress.say("note: " + message); });
      return logger.get();
    };
    hooks.registry = [&] {
      // A server hears of it when the run's records are sent.
      registry = program::open_registry({place->journal, ""});
      return registry.get();
    };
  }
  hooks.tracking_required = options.tracking_required;
  hooks.progress = [&](const riskflag::study::Progress& state) { progress.show(state); };
  hooks.warning = [&](const riskflag::study::Warning& warning) {
    progress.say("warning: " + warning.code + ": " + warning.message +
                 (warning.remedy.empty() ? "" : " (" + warning.remedy + ")"));
  };
  hooks.note = [&](std::string_view text) { progress.say(text); };
  hooks.report = [](const riskflag::study::StudyView& view) { return program::ReportBuilder().render(view); };

  hooks.figures = [](std::string_view page) {
    std::vector<std::pair<std::string, std::string>> files;
    for (riskflag::report::Figure& figure : riskflag::report::figures(page)) {
      files.emplace_back(std::move(figure.name), std::move(figure.svg));
    }
    return files;
  };

  riskflag::Pool pool(static_cast<unsigned>(options.threads));
  riskflag::study::StudyResult result;
  try {
    result = riskflag::study::run_study(options, pool, hooks);
  } catch (...) {
    progress.finish();
    throw;
  }
  progress.finish();
  if (place && !place->server.empty() && !result.model_name.empty()) {
    // The server's number; none while it has not been told.
    const auto local = static_cast<std::uint64_t>(riskflag::parse_integer(result.model_version).value_or(0));
    const auto there = logger ? program::server_version(*logger, result.model_name, local) : std::nullopt;
    result.model_version = there ? std::to_string(*there) : std::string();
  }
  if (flags.json)
    return program::print(riskflag::study::result_json(result) + "\n") ? program::kDone : program::kFailed;
  return program::print(program::summary(result, options)) ? program::kDone : program::kFailed;
}

/// An address without the user and password that it may have: what is kept has no secrets.
std::string without_password(std::string word) {
  const std::size_t scheme = word.find("://");
  if (scheme == std::string::npos) return word;
  const std::size_t begin = scheme + 3, end = std::min(word.find_first_of("/?#", begin), word.size());
  const std::size_t at = word.rfind('@', end);
  if (at != std::string::npos && at >= begin && at < end) word.erase(begin, at + 1 - begin);
  return word;
}

/// The command line as it can be pasted into a shell.
std::string command_text(int argc, char** argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) {
    const std::string word = i == 0 ? riskflag::file_name(argv[0]) : without_password(argv[i]);
    command += (i == 0 ? "" : " ") + riskflag::shell_word(word);
  }
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line("Learns from a CSV file and writes a model directory.", "riskflag-train");
  Flags flags;
  add_flags(line, flags);
  return line.run(argc, argv, [&] { return train(flags, command_text(argc, argv)); });
}
