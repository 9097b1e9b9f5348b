#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/serve/service.hpp>

namespace riskflag::inline v0_1::serve {

/// Keeps a service's model of one role on what stands at a path: a model directory that is exchanged (riskflag-train
/// --force), or a symbolic link that is replaced by rename.
///
/// Life: 1. made beside the service, whose model was opened from the same path; 2. look() now and then, from one
/// thread: a new model is opened and verified there, off the requests' way, and then replaces the old one; one that
/// does not open is told to the service once, and the old one goes on. No thread and no clock of its own.
class Follower {
 public:
  enum class Found { nothing_new, replaced, refused };

  /// `service` must outlive it. The model that stands at `path` now counts as the one that is served.
  Follower(std::string path, Service& service, ModelRole role = ModelRole::champion)
      : path_(std::move(path)), service_(service), role_(role), seen_(fingerprint()) {}

  /// Costs some file status calls when nothing is new. After `refused`, reason() says why.
  [[nodiscard]] Found look();
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] ModelRole role() const noexcept { return role_; }

 private:
  [[nodiscard]] std::string fingerprint() const;

  std::string path_;
  Service& service_;
  ModelRole role_;
  std::string seen_, reason_;
};

/// Where the path leads, and each file's name, size and time: what differs after any way to replace a model.
inline std::string Follower::fingerprint() const {
  namespace fs = std::filesystem;
  std::error_code problem;
  const fs::path real = fs::canonical(path_, problem);
  if (problem) return "absent: " + problem.message();
  std::string out = real.string();
  std::vector<std::string> files;
  for (fs::directory_iterator it(real, problem), end; !problem && it != end; it.increment(problem)) {
    std::error_code gone;
    const auto size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    const auto time = it->last_write_time(gone).time_since_epoch().count();
    files.push_back("\n" + it->path().filename().string() + " " + std::to_string(size) + " " + std::to_string(time));
  }
  std::sort(files.begin(), files.end());
  for (const std::string& each : files) out += each;
  return out;
}

inline Follower::Found Follower::look() {
  std::string now = fingerprint();
  if (now == seen_) return Found::nothing_new;
  try {
    // The real directory, so that a link that moves on meanwhile does not mix two models; the name is the path's.
    std::error_code problem;
    const auto real = std::filesystem::canonical(path_, problem);
    auto opened = bundle::open(problem ? path_ : real.string());
    opened.name = file_name(absolute_path(path_));
    service_.replace(std::make_shared<const bundle::Bundle>(std::move(opened)), role_);
  } catch (const std::exception& error) {
    if (fingerprint() != now) return Found::nothing_new;  // replaced while it was read: the next look tells
    seen_ = std::move(now);
    reason_ = error.what();
    service_.replace_failed(reason_, role_);
    return Found::refused;
  }
  seen_ = std::move(now);
  return Found::replaced;
}

}  // namespace riskflag::inline v0_1::serve
