#pragma once

// The command line of a program: its flags, its help, and how it ends. CLI11 does the parsing, in command_line.cpp
// alone: to compile its headers costs more than most of a program.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace program {

/// A flag that was added, to be told more about: `line.add_option("--port", port, "...").range(0,
/// 65535).type_name("P")`.
class Flag {
 public:
  explicit Flag(CLI::Option* option) noexcept : option_(option) {}
  Flag& required();
  Flag& type_name(const std::string& name);    ///< what the help calls its value
  Flag& group(const std::string& name);        ///< where the help lists it; "" hides it
  Flag& envname(const std::string& variable);  ///< read where the flag is not given
  Flag& range(std::int64_t least, std::int64_t most);
  Flag& show_default();  ///< in the help: the value at the time of this call

 private:
  CLI::Option* option_;
};

/// Whether a flag may be given more than once.
enum class Repeat { no, yes };

/// A word with flags and arguments of its own: `riskflag-registry show NAME`.
class Command {
 public:
  explicit Command(CLI::App* command) noexcept : command_(command) {}
  Flag add_option(const std::string& flag, std::string& value, const std::string& what);
  Flag add_option(const std::string& flag, std::uint64_t& value, const std::string& what);
  Flag add_option(const std::string& flag, double& value, const std::string& what);
  /// May be given more than once.
  Flag add_option(const std::string& flag, std::vector<std::string>& values, const std::string& what);
  Flag add_flag(const std::string& flag, bool& given, const std::string& what);
  [[nodiscard]] bool given() const;

 private:
  CLI::App* command_;
};

class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& name);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// A flag with a value, which `value` holds once the command line is read.
  Flag add_option(const std::string& flag, std::string& value, const std::string& what);
  Flag add_option(const std::string& flag, int& value, const std::string& what);
  Flag add_option(const std::string& flag, std::int64_t& value, const std::string& what);
  Flag add_option(const std::string& flag, std::uint64_t& value, const std::string& what);
  Flag add_option(const std::string& flag, double& value, const std::string& what);
  /// The values of a flag in the order they are given, one for each time.
  Flag add_option(const std::string& flag, std::vector<std::string>& values, const std::string& what, Repeat repeat);
  /// A flag without a value.
  Flag add_flag(const std::string& flag, bool& given, const std::string& what);
  Flag add_flag(const std::string& flag, const std::function<void()>& seen, const std::string& what);
  /// A word that stands for another task; flags may come before and after it.
  void add_task(const std::string& word, bool& given, const std::string& what, const std::string& footer);

  /// One of several words, of which exactly one must be there. A flag without dashes is an argument in its place.
  Command add_command(const std::string& word, const std::string& what);

  /// Reads the command line and runs `body`, which gives the exit code. Every way to fail ends in one sentence on
  /// stderr, and with --json in one object on stdout.
  int run(int argc, char** argv, const std::function<int()>& body);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace program
