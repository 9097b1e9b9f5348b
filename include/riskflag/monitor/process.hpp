#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/monitor/exposition.hpp>

namespace riskflag::inline v0_1::monitor {
namespace detail {

/// The first number after `label` in one of /proc's texts.
[[nodiscard]] inline std::optional<double> number_after(std::string_view text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = trimmed(text.substr(at + label.size()));
  return parse_double(rest.substr(0, rest.find_first_of(" \t\n")));
}

}  // namespace detail

/// Adds the usual process_* families of this process, read from Linux' /proc; what cannot be read is left out.
inline void write_process(Exposition& page) {
  const auto gauge = [&page](std::string_view name, std::string_view help, std::optional<double> value) {
    if (!value) return;
    page.family(name, "gauge", help);
    page.sample({}, *value);
  };
  constexpr double kTicks = 100;  // USER_HZ, the same on every Linux that we support
  if (const auto stat = try_read_file("/proc/self/stat", std::size_t{1} << 16)) {
    // Fields after the program's name, which may hold blanks and brackets: utime is the 12th, stime 13th, starttime
    // 20th.
    const auto fields = split_text(trimmed(std::string_view(*stat).substr(stat->rfind(')') + 1)), ' ');
    if (fields.size() > 19) {
      const auto user = parse_double(fields[11]), system = parse_double(fields[12]), start = parse_double(fields[19]);
      if (user && system) {
        page.family("process_cpu_seconds_total", "counter", "User and system processor time, in seconds.");
        page.sample({}, (*user + *system) / kTicks);
      }
      const auto system_stat = try_read_file("/proc/stat", std::size_t{1} << 20);
      const auto boot = system_stat ? detail::number_after(*system_stat, "\nbtime ") : std::nullopt;
      if (start && boot) {
        gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", *boot + *start / kTicks);
      }
    }
  }
  if (const auto status = try_read_file("/proc/self/status", std::size_t{1} << 16)) {
    const auto bytes = [&](std::string_view label) -> std::optional<double> {
      const auto kilo = detail::number_after(*status, label);
      return kilo ? std::optional<double>(*kilo * 1024) : std::nullopt;
    };
    gauge("process_resident_memory_bytes", "Resident memory, in bytes.", bytes("VmRSS:"));
    gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.", bytes("VmSize:"));
    gauge("process_threads", "Threads.", detail::number_after(*status, "Threads:"));
  }
  try {
    const auto open = list_directory("/proc/self/fd").size();  // one of them is the listing's own
    gauge("process_open_fds", "Open file descriptors.", static_cast<double>(open - (open > 0 ? 1 : 0)));
  } catch (const Error&) {  // no /proc
  }
  if (const auto limits = try_read_file("/proc/self/limits", std::size_t{1} << 16)) {
    gauge("process_max_fds", "File descriptors that the system lets the process have.",
          detail::number_after(*limits, "Max open files"));
  }
}

}  // namespace riskflag::inline v0_1::monitor
