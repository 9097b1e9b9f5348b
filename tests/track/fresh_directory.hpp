#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

/// An empty directory of its own, removed at the end of the scope (in the process that made it).
class FreshDirectory {
 public:
  explicit FreshDirectory(const std::string& name) {
    std::string pattern = (std::filesystem::temp_directory_path() / ("riskflag_" + name + "_XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~FreshDirectory() { std::filesystem::remove_all(path_); }
  FreshDirectory(const FreshDirectory&) = delete;
  FreshDirectory& operator=(const FreshDirectory&) = delete;
  [[nodiscard]] std::string path(const std::string& name = {}) const {
    return name.empty() ? path_ : path_ + "/" + name;
  }

 private:
  std::string path_;
};
