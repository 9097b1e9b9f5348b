#include "command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>

#include "program.hpp"

namespace program {

namespace {

/// The help, on one screen: a line a flag, the name of a group before its first. A flag without a description stands on
/// the line of the flag before it.
class ScreenFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const override {
    std::string needed;
    std::vector<Line> lines;
    std::size_t margin = 1;
    for (const CLI::Option* option : app->get_options({})) {
      if (option->get_group().empty() || option->check_name("--help") || option->check_name("--version")) continue;
      if (option->get_required()) needed += " " + head(option);
      const auto same = [&](const Line& line) { return line.group == option->get_group(); };
      if (option->get_description().empty() && !lines.empty() && same(lines.back())) {
        lines.back().flags += ", " + head(option);
        continue;
      }
      const bool first = std::none_of(lines.begin(), lines.end(), same);
      lines.push_back({option->get_group(), head(option), option->get_description(), first});
    }
    const bool grouped = !lines.empty() && lines.front().group != lines.back().group;
    if (grouped) {
      for (const Line& line : lines) margin = std::max(margin, line.group.size());
    }
    std::size_t width = 0;
    lines.push_back({"", "-h, --help, --version", "this text; the version", false});
    const auto tasks = app->get_subcommands({});
    for (const CLI::App* task : tasks) lines.push_back({"", task->get_name(), task->get_description(), false});
    for (const Line& line : lines) width = std::max(width, std::min(line.flags.size(), kWidest));

    std::string text =
        app->get_description() + "\nUsage: " + (name.empty() ? app->get_name() : name) + needed + " [flags]";
    if (tasks.size() > 3)
      text += " TASK";  // each has its line below
    else
      for (const CLI::App* task : tasks) text += " [" + task->get_name() + "]";
    text += "\n";
    for (const Line& line : lines) {
      const std::string group = grouped && line.first ? line.group : "";
      text += group + std::string(margin - group.size() + 1, ' ') + line.flags;
      text += std::string(width - std::min(width, line.flags.size()) + 2, ' ') + line.what + "\n";
    }
    return app->get_footer().empty() ? text : text + app->get_footer() + "\n";
  }

 private:
  struct Line {
    std::string group, flags, what;
    bool first = false;  ///< of its group
  };
  static constexpr std::size_t kWidest = 28;  ///< of the flags: what is longer pushes its text to the right

  /// "--data F.csv", and "..." after what may be given more than once.
  static std::string head(const CLI::Option* option) {
    std::string text = option->get_name();
    if (option->get_type_size() == 0) return text;
    text += " " + option->get_type_name();
    return option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ? text + " ..." : text;
  }
};

int exit_of(riskflag::ErrorCode code) noexcept {
  switch (code) {
    case riskflag::ErrorCode::usage:
    case riskflag::ErrorCode::invalid_option: return kUsage;
    case riskflag::ErrorCode::cancelled: return kInterrupted;
    default: return kFailed;
  }
}

/// A "user:password@" in a text: [begin, end).
struct Credentials {
  std::size_t begin = 0, end = 0;
  bool has_scheme = false;  ///< stands behind "://", so that it is nothing else
};

/// The next of `text` that begins at `from` or later; end 0 where there is none.
Credentials find_credentials(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const std::size_t end = std::min(text.find_first_of("/?#\"' \t\n", from), text.size());
    const std::string_view word = text.substr(from, end - from);
    const std::size_t at = word.rfind('@');
    const bool scheme = text.substr(0, from).ends_with("://");
    const bool alone = from == 0 || text[from - 1] != '/';
    if (at != std::string_view::npos && (scheme || (alone && word.substr(0, at).find(':') != std::string_view::npos)))
      return {from, from + at + 1, scheme};
    from = end + 1;
  }
  return {};
}

/// Overwrites the credentials of addresses on the command line, which `ps` shows to everybody.
void hide_passwords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    for (Credentials found = find_credentials(word, 0); found.end > 0; found = find_credentials(word, found.end)) {
      if (found.has_scheme) std::fill(argv[i] + found.begin, argv[i] + found.end - 1, 'x');
    }
  }
}

/// Tells the user, and with --json the script, why there is no result. An address that was typed where none belongs
/// comes without its password.
int give_up(const std::string& name, bool json, riskflag::ErrorCode code, std::string message) {
  for (Credentials found = find_credentials(message, 0); found.end > 0; found = find_credentials(message, found.begin))
    message.erase(found.begin, found.end - found.begin);
  std::fprintf(stderr, "%s: %s\n", name.c_str(), message.c_str());
  if (json) {
    riskflag::JsonWriter writer;
    writer.begin_object().key("error").begin_object();
    writer.key("code").value(riskflag::name_of(code)).key("message").value(message);
    writer.end_object().end_object();
    print(writer.text() + "\n");
  }
  return exit_of(code);
}

/// The task that the command line named; the program itself where it named none.
const CLI::App& task_of(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app : *named.front();
}

/// " (did you mean \"--threads\"?)" for the first word that looks like a flag and is none of `app`'s, nor of the
/// task's; else "".
std::string nearest_flag(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> flags;
  for (const CLI::App* owner : {&task_of(app), &app}) {
    for (const CLI::Option* option : owner->get_options({})) {
      if (option->get_group().empty()) continue;
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    if (!word.starts_with("--") || app.get_option_no_throw(word) != nullptr) continue;
    if (task_of(app).get_option_no_throw(word) == nullptr) return riskflag::did_you_mean(word, flags);
  }
  return {};
}

/// The first word that is no flag and no flag's value: it stands where a task would. Nothing after a flag that is not
/// known: whether it takes the next word is not known either.
std::string word_for_task(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with('-')) return word;
    const std::size_t equals = word.find('=');
    const CLI::Option* option = app.get_option_no_throw(word.substr(0, equals));
    if (option == nullptr) return {};
    if (option->get_type_size() > 0 && equals == std::string::npos) ++i;
  }
  return {};
}

/// What is wrong with a command line, what would be accepted, and whose help says more.
std::string parse_complaint(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App& task = task_of(app);
  const std::string help = app.get_name() + (&task == &app ? "" : " " + task.get_name()) + " --help lists the flags";
  const bool stray = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const bool no_task =
      dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && app.get_require_subcommand_min() > 0;
  if (&task == &app && (stray || no_task)) {
    std::vector<std::string> tasks;
    for (const CLI::App* each : app.get_subcommands({})) tasks.push_back(each->get_name());
    const std::string word = word_for_task(app, argc, argv);
    if (!tasks.empty() && !word.empty())
      return riskflag::quoted(word) + " is no task" + riskflag::what_there_is(word, tasks) + " (" + help + ")";
    if (no_task) return "a task is needed" + riskflag::what_there_is("", tasks) + " (" + help + ")";
  }
  std::string message = error.what();
  // "Could not convert: version = two"
  constexpr std::string_view kConversion = "Could not convert: ";
  if (const std::size_t equals = message.find(" = "); message.starts_with(kConversion) && equals != std::string::npos) {
    message = message.substr(kConversion.size(), equals - kConversion.size()) + ": " +
              riskflag::quoted(std::string_view(message).substr(equals + 3)) + " is no number that it takes";
  }
  return message + (stray ? nearest_flag(app, argc, argv) : "") + " (" + help + ")";
}

/// `message` about a flag whose value came from the environment, with the variable's name in place of the flag's:
/// nobody typed --port.
std::string blame_variable(const CLI::App& app, std::string message, int argc, char** argv) {
  for (const CLI::Option* option : app.get_options({})) {
    const std::string variable = option->get_envname(), flag = option->get_name();
    const std::size_t at = message.find(flag);
    if (variable.empty() || at == std::string::npos || std::getenv(variable.c_str()) == nullptr) continue;
    bool typed = false;
    for (int i = 1; i < argc; ++i) {
      const std::string_view word = argv[i];
      typed = typed || word == flag || word.starts_with(flag + "=");
    }
    if (!typed) return message.replace(at, flag.size(), variable);
  }
  return message;
}

}  // namespace

Flag& Flag::required() {
  option_->required();
  return *this;
}
Flag& Flag::type_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}
Flag& Flag::group(const std::string& name) {
  option_->group(name);
  return *this;
}
Flag& Flag::envname(const std::string& variable) {
  option_->envname(variable);
  return *this;
}
Flag& Flag::range(std::int64_t least, std::int64_t most) {
  CLI::Range range(least, most);
  range.description("");  // which would stand in the help as if it were the value's name
  option_->check(range);
  return *this;
}
Flag& Flag::show_default() {
  option_->capture_default_str();
  option_->description(option_->get_description() + " (" + option_->get_default_str() + ")");
  return *this;
}

Flag Command::add_option(const std::string& flag, std::string& value, const std::string& what) {
  return Flag(command_->add_option(flag, value, what));
}
Flag Command::add_option(const std::string& flag, std::uint64_t& value, const std::string& what) {
  return Flag(command_->add_option(flag, value, what));
}
Flag Command::add_option(const std::string& flag, double& value, const std::string& what) {
  return Flag(command_->add_option(flag, value, what));
}
Flag Command::add_option(const std::string& flag, std::vector<std::string>& values, const std::string& what) {
  return Flag(command_->add_option(flag, values, what)
                  ->expected(1)
                  ->allow_extra_args(false)
                  ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
}
Flag Command::add_flag(const std::string& flag, bool& given, const std::string& what) {
  return Flag(command_->add_flag(flag, given, what));
}
bool Command::given() const { return command_->parsed(); }

CommandLine::CommandLine(const std::string& description, const std::string& name)
    : app_(std::make_unique<CLI::App>(description, name)) {}
CommandLine::~CommandLine() = default;

Flag CommandLine::add_option(const std::string& flag, std::string& value, const std::string& what) {
  return Flag(app_->add_option(flag, value, what));
}
Flag CommandLine::add_option(const std::string& flag, int& value, const std::string& what) {
  return Flag(app_->add_option(flag, value, what));
}
Flag CommandLine::add_option(const std::string& flag, std::int64_t& value, const std::string& what) {
  return Flag(app_->add_option(flag, value, what));
}
Flag CommandLine::add_option(const std::string& flag, std::uint64_t& value, const std::string& what) {
  return Flag(app_->add_option(flag, value, what));
}
Flag CommandLine::add_option(const std::string& flag, double& value, const std::string& what) {
  return Flag(app_->add_option(flag, value, what));
}
Flag CommandLine::add_option(const std::string& flag, std::vector<std::string>& values, const std::string& what,
                             Repeat repeat) {
  return Flag(app_->add_option(flag, values, what)
                  ->expected(1)
                  ->allow_extra_args(false)
                  ->multi_option_policy(repeat == Repeat::yes ? CLI::MultiOptionPolicy::TakeAll
                                                              : CLI::MultiOptionPolicy::Throw));
}
Flag CommandLine::add_flag(const std::string& flag, bool& given, const std::string& what) {
  return Flag(app_->add_flag(flag, given, what));
}
Flag CommandLine::add_flag(const std::string& flag, const std::function<void()>& seen, const std::string& what) {
  return Flag(app_->add_flag_callback(flag, seen, what));
}

void CommandLine::add_task(const std::string& word, bool& given, const std::string& what, const std::string& footer) {
  CLI::App* task = app_->add_subcommand(word, what)->fallthrough();
  task->footer(footer);
  task->callback([&given] { given = true; });
}

Command CommandLine::add_command(const std::string& word, const std::string& what) {
  app_->require_subcommand(1);
  return Command(app_->add_subcommand(word, what)->fallthrough());
}

int CommandLine::run(int argc, char** argv, const std::function<int()>& body) {
  const std::string name = app_->get_name();
  bool json = false;
  for (int i = 1; i < argc; ++i) json = json || std::string_view(argv[i]) == "--json";
  try {
    app_->set_version_flag("--version", "riskflag " + std::string(riskflag::kVersion));
    app_->formatter(std::make_shared<ScreenFormatter>());
    for (CLI::App* task : app_->get_subcommands({})) task->formatter(app_->get_formatter());
    try {
      app_->parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help, --version
      return app_->exit(success) == 0 ? kDone : kFailed;
    } catch (const CLI::ParseError& error) {
      return give_up(name, json, riskflag::ErrorCode::usage,
                     blame_variable(*app_, parse_complaint(*app_, error, argc, argv), argc, argv));
    }
    hide_passwords(argc, argv);
    return body();
  } catch (const riskflag::Error& error) {
    const bool stopped = error.code() == riskflag::ErrorCode::cancelled;
    return give_up(name, json, error.code(), (stopped ? "interrupted: " : "") + std::string(error.what()));
  } catch (const std::bad_alloc&) {
    return give_up(name, json, riskflag::ErrorCode::resource, "out of memory");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again)
      return give_up(name, json, riskflag::ErrorCode::internal, error.what());
    return give_up(name, json, riskflag::ErrorCode::resource,
                   "out of memory, or of threads: a thread could not be started (ulimit -v, ulimit -u)");
  } catch (const std::exception& error) {
    return give_up(name, json, riskflag::ErrorCode::internal, error.what());
  }
}

}  // namespace program
