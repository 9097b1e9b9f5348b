#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/file_lock.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {

/// Keeps a service's live windows and live performance over a restart, in files of one directory
/// (docs/formats/monitor_state.md): counts of bins, decision ids, probabilities and outcomes; no field of an applicant.
///
/// Life: 1. made beside the service, before its first request and after its models and logs are set: what a process
/// before it saved of the same models goes on; 2. save() about once a minute, and at the end, from the thread that
/// calls Service::tick(). What came after the last save() is lost by a kill; the logs have it.
class MonitorState {
 public:
  static constexpr std::size_t kMostFiles = 8;  ///< of models that stand there no more the oldest are removed

  /// Makes the directory. Throws Error(already_exists) while another process keeps its own there, Error(io) when it
  /// cannot be made. A file that cannot be used is told by refusals(), and written anew by save().
  MonitorState(std::string directory, Service& service, std::int64_t now_ms);

  /// Writes the parts that changed. False when one could not be written: take_problem() says why, and the next save()
  /// tries again.
  bool save(std::int64_t now_ms) noexcept;
  [[nodiscard]] std::optional<std::string> take_problem() { return std::exchange(problem_, std::nullopt); }

  /// Parts that were read and go on.
  [[nodiscard]] std::size_t restored() const noexcept { return restored_; }
  /// Why a file that was there is not used.
  [[nodiscard]] const std::vector<std::string>& refusals() const noexcept { return refusals_; }

 private:
  [[nodiscard]] std::string path_of(const std::string& part) const {
    return join_path(directory_, part + std::string(kEnd));
  }
  void remove_old() const;

  static constexpr std::string_view kEnd = ".state";
  std::string directory_;
  Service& service_;
  std::unique_ptr<FileLock> lock_;
  std::map<std::string, std::string> versions_;  // that are written, by part
  std::size_t restored_ = 0;
  std::vector<std::string> refusals_;
  std::optional<std::string> problem_;
};

inline MonitorState::MonitorState(std::string directory, Service& service, std::int64_t now_ms)
    : directory_(std::move(directory)), service_(service) {
  make_directories(directory_);
  lock_ = FileLock::try_lock(join_path(directory_, "lock"));
  if (lock_ == nullptr) {
    fail(ErrorCode::already_exists, directory_,
         "another process keeps what it monitors there; each server needs a directory of its own");
  }
  for (const std::string& name : list_directory(directory_)) {
    std::error_code gone;  // what a process that was killed did not finish: the lock says that nobody writes it
    if (name.find(".state.tmp-") != std::string::npos) std::filesystem::remove(join_path(directory_, name), gone);
  }
  remove_old();
  for (const std::string& part : service_.monitoring_parts()) {
    const std::string path = path_of(part);
    try {
      if (exists(path) && service_.restore_monitoring(part, read_file(path), path, now_ms)) ++restored_;
    } catch (const std::exception& error) {
      refusals_.emplace_back(error.what());
    }
  }
}

inline void MonitorState::remove_old() const {
  namespace fs = std::filesystem;
  const auto parts = service_.monitoring_parts();
  std::vector<std::pair<fs::file_time_type, std::string>> others;
  std::size_t files = 0;
  for (const std::string& name : list_directory(directory_)) {
    if (!name.ends_with(kEnd)) continue;
    ++files;
    const std::string part = name.substr(0, name.size() - kEnd.size());
    if (std::find(parts.begin(), parts.end(), part) != parts.end()) continue;
    std::error_code gone;
    others.emplace_back(fs::last_write_time(join_path(directory_, name), gone), name);
  }
  std::sort(others.begin(), others.end());
  for (std::size_t i = 0; i < others.size() && files > kMostFiles; ++i, --files) {
    std::error_code gone;
    fs::remove(join_path(directory_, others[i].second), gone);
  }
}

inline bool MonitorState::save(std::int64_t now_ms) noexcept {
  bool good = true;
  const auto each = [&](const std::string& part) {
    std::string version = versions_[part];
    const auto bytes = service_.save_monitoring(part, version, now_ms);
    if (!bytes) return;
    const std::string path = path_of(part);
    write_file(path, *bytes);
    // As the logs: no matter of everybody's. A file that is written again keeps its mode from the beginning.
    using std::filesystem::perms;
    std::filesystem::permissions(path, perms::others_all | perms::group_write, std::filesystem::perm_options::remove);
    versions_[part] = std::move(version);
  };
  try {
    const auto parts = service_.monitoring_parts();
    std::erase_if(versions_,
                  [&](const auto& known) { return std::find(parts.begin(), parts.end(), known.first) == parts.end(); });
    for (const std::string& part : parts) {
      try {
        each(part);
      } catch (const std::exception& error) {
        good = false;
        problem_ = error.what();
      }
    }
    remove_old();
  } catch (const std::exception&) {  // no memory, or a directory that went
    return false;
  }
  return good;
}

}  // namespace riskflag::inline v0_1::serve
