#pragma once

// What a study refuses before it reads a row: places that cannot be written, or that would spoil one another.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/study/detail/study_run.hpp>

namespace riskflag::inline v0_1::study {

namespace detail {

/// A file or directory that a study reads or makes.
struct Place {
  const char* flag;
  std::string name;               ///< as given
  std::filesystem::path where{};  ///< absolute, links followed as far as it exists
};

[[nodiscard]] inline Place place_of(const char* flag, const std::string& name) {
  std::error_code unknown;
  std::filesystem::path plain = std::filesystem::path(absolute_path(name)).lexically_normal();
  std::filesystem::path where = std::filesystem::weakly_canonical(plain, unknown);
  return {flag, name, unknown ? std::move(plain) : std::move(where)};
}

/// True when `inner` is `outer` or lies below it.
[[nodiscard]] inline bool holds(const Place& outer, const Place& inner) {
  return std::mismatch(outer.where.begin(), outer.where.end(), inner.where.begin(), inner.where.end()).first ==
         outer.where.end();
}

/// Outputs keep apart from each other and from what is read: found after minutes of training, one would be lost.
inline void StudyRun::check_places() const {
  const auto refuse = [](const Place& place, const std::string& message) {
    fail(ErrorCode::invalid_option, place.flag, quoted(place.name) + " " + message);
  };
  std::vector<Place> inputs;
  const auto add = [&](const char* flag, const std::string& name) {
    if (!name.empty() && name != "-") inputs.push_back(place_of(flag, name));
  };
  add("--data", options_.data);
  add("--test", options_.parts.test_data);
  add("--valid", options_.parts.valid_data);
  for (const auto& [flag, name] : options_.option_files) add(flag.c_str(), name);

  const Place output = place_of("--output", options_.output);
  std::vector<Place> outputs{output};  // and the other places that are kept
  constexpr std::string_view kJournal = "journal:";
  if (options_.tracking.starts_with(kJournal)) {
    const Place journal = place_of("--tracking", options_.tracking.substr(kJournal.size()));
    if (holds(output, journal))
      refuse(journal, "lies in the model directory of --output, which is written whole; name another directory");
    outputs.push_back(journal);
  }
  if (options_.search > 0) outputs.push_back(place_of("--search", options_.output + ".search.json"));
  for (const Place& input : inputs) {
    if (options_.replace != Replace::refuse && holds(output, input))
      refuse(output,
             std::string("holds the file of ") + input.flag + ", which it would replace; name another directory");
  }
  if (options_.report.empty() || !hooks_.report) return;
  const Place report = place_of("--report", options_.report);
  for (const std::vector<Place>* places : {&inputs, &outputs}) {
    for (const Place& other : *places) {
      if (!holds(report, other)) continue;
      refuse(report,
             report.where == other.where
                 ? std::string("is the place of ") + other.flag + ", which it would replace; name another file"
                 : std::string("would have to be a directory: ") + other.flag + " lies in it; name another file");
    }
  }
  const std::string extension = report.where.extension().string();
  if (holds(output, report) && extension != ".html" && extension != ".htm")
    refuse(report, "lies in the model directory of --output; a name that ends in .html is none of its own files'");
}

inline void StudyRun::check_output() const {
  check_places();
  if (exists(options_.output)) {
    if (options_.replace == Replace::refuse) {
      fail(ErrorCode::already_exists, options_.output,
           "is there already; choose another --output, or --force to replace it");
    }
    const bool ours = is_directory(options_.output) &&
                      (list_directory(options_.output).empty() || exists(join_path(options_.output, "manifest.json")));
    if (!ours) {
      fail(ErrorCode::already_exists, options_.output,
           "is no model directory (it has no manifest.json); --force replaces only those");
    }
  }
  // What cannot be written is found now, not after the training.
  namespace fs = std::filesystem;
  const fs::path output = fs::path(absolute_path(options_.output)).lexically_normal();
  std::error_code absent;
  if (fs::is_directory(output.parent_path(), absent)) {
    const DirectoryWriter probe(options_.output, options_.replace);
    const fs::space_info space = fs::space(output.parent_path(), absent);
    constexpr std::uintmax_t kLeast = std::uintmax_t{128} << 10;  // schema, profile and a few trees
    if (!absent && space.available < kLeast) {
      fail(ErrorCode::io, options_.output,
           "No space left on device: " + std::to_string(space.available) + " bytes are free, a model directory takes " +
               std::to_string(kLeast) + " and more");
    }
  }
  if (options_.report.empty() || !hooks_.report) return;
  const bool inside = holds(place_of("--output", options_.output), place_of("--report", options_.report));
  const bool plain = !exists(options_.report) || fs::is_regular_file(options_.report, absent) ||
                     is_directory(options_.report);  // a pipe or a device is opened once, to write
  if (!inside && plain) const FileSink probe(options_.report);
}

}  // namespace detail

}  // namespace riskflag::inline v0_1::study
