#pragma once

// What the programs have in common: how they are called, how they end, and what an interrupt does.
// exit 0 done, 1 failed, 2 called wrongly, 130 interrupted; messages on stderr; stdout carries the result only.

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>

namespace program {

enum Exit { kDone = 0, kFailed = 1, kUsage = 2, kInterrupted = 130 };

/// Turns SIGINT and SIGTERM into a stop token. Construct it before the first thread: they inherit the blocked signals,
/// and one thread of its own waits for them. The second signal ends the process at once.
class Interrupt {
 public:
  Interrupt() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::thread([this] {
      for (int seen = 0;;) {
        int signal = 0;
        if (sigwait(&signals_, &signal) != 0) continue;
        if (done_.load()) return;
        if (++seen > 1) _exit(kInterrupted);
        stop_.request_stop();
      }
    });
  }
  ~Interrupt() {
    done_.store(true);
    // SIGINT may be ignored (a shell's background job), and an ignored signal is never delivered to sigwait.
    struct sigaction plain = {};
    plain.sa_handler = SIG_DFL;
    sigaction(SIGTERM, &plain, nullptr);
    pthread_kill(waiter_.native_handle(), SIGTERM);
    waiter_.join();
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  sigset_t signals_ = {};
  std::stop_source stop_;
  std::atomic<bool> done_{false};
  std::thread waiter_;
};

/// Writes all of `text` to stdout; false when it cannot (a full disk, a reader that left).
inline bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

[[nodiscard]] inline int exit_of(riskflag::ErrorCode code) noexcept {
  switch (code) {
    case riskflag::ErrorCode::usage:
    case riskflag::ErrorCode::invalid_option: return kUsage;
    case riskflag::ErrorCode::cancelled: return kInterrupted;
    default: return kFailed;
  }
}

/// Tells the user, and with --json the script, why there is no result.
inline int give_up(std::string_view name, bool json, riskflag::ErrorCode code, const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(), message.c_str());
  if (json) {
    riskflag::JsonWriter writer;
    writer.begin_object().key("error").begin_object();
    writer.key("code").value(riskflag::name_of(code)).key("message").value(message);
    writer.end_object().end_object();
    print(writer.text() + "\n");
  }
  return exit_of(code);
}

/// CLI11's help without its empty lines, so that it fits a screen.
class TightFormatter final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    const std::string loose = CLI::Formatter::make_help(app, std::move(name), mode);
    std::string tight;
    for (const char c : loose) {
      if (c != '\n' || tight.empty() || tight.back() != '\n') tight += c;
    }
    return tight;
  }
};

/// A flag of the contract whose capability belongs to a later version: it is known, and refused with a sentence.
inline void not_built_yet(CLI::App& app, const std::string& flag, const std::string& what) {
  app.add_option_function<std::string>(flag,
                                       [flag, what](const std::string&) {
                                         throw riskflag::Error(
                                             riskflag::ErrorCode::usage, flag,
                                             what + " is not built yet in riskflag " + std::string(riskflag::kVersion));
                                       })
      ->group("")
      ->expected(0, 1)
      ->trigger_on_parse();
}

/// " (did you mean \"--threads\"?)" for the first word that looks like a flag and is none of `app`'s; else "".
inline std::string nearest_flag(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options({})) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    if (!word.starts_with("--") || app.get_option_no_throw(word) != nullptr) continue;
    return riskflag::did_you_mean(word, flags);
  }
  return {};
}

/// `message` about a flag whose value came from the environment, with the variable's name in place of the flag's:
/// nobody typed --port.
inline std::string blame_variable(const CLI::App& app, std::string message, int argc, char** argv) {
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

/// Parses the command line and runs `body`, which gives the exit code; every way to fail ends in one sentence.
template <class Body>
int run(CLI::App& app, int argc, char** argv, Body body) {
  const std::string name = app.get_name();
  bool json = false;
  for (int i = 1; i < argc; ++i) json = json || std::string_view(argv[i]) == "--json";
  try {
    app.set_version_flag("--version", "riskflag " + std::string(riskflag::kVersion));
    app.formatter(std::make_shared<TightFormatter>());
    app.get_formatter()->column_width(34);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help, --version
      return app.exit(success) == 0 ? kDone : kFailed;
    } catch (const CLI::ParseError& error) {
      return give_up(name, json, riskflag::ErrorCode::usage,
                     blame_variable(app, error.what(), argc, argv) + nearest_flag(app, argc, argv) + " (" + name +
                         " --help lists the flags)");
    }
    return body();
  } catch (const riskflag::Error& error) {
    const bool stopped = error.code() == riskflag::ErrorCode::cancelled;
    return give_up(name, json, error.code(), (stopped ? "interrupted: " : "") + std::string(error.what()));
  } catch (const std::bad_alloc&) {
    return give_up(name, json, riskflag::ErrorCode::resource, "out of memory");
  } catch (const std::exception& error) {
    return give_up(name, json, riskflag::ErrorCode::internal, error.what());
  }
}

}  // namespace program
