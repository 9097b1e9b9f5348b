#pragma once

// --watch for models:/NAME@ALIAS: a server that follows an alias of a registry.

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/serve.hpp>
#include <riskflag/track/registry.hpp>

#include "../tracking/tracking.hpp"
#include "models.hpp"

namespace program {

/// One model that follows an alias. A version that the alias means anew is fetched and verified, then replaces the old
/// one; a registry that does not answer changes nothing, and is told once.
class AliasFollower {
 public:
  /// `model` was opened from models:/NAME@ALIAS.
  AliasFollower(const OpenedModel& model, std::string tracking, riskflag::serve::Service& service)
      : role_(model.role),
        uri_(*riskflag::track::parse_model_uri(model.text)),
        tracking_(std::move(tracking)),
        seen_(model.place.version),
        service_(service) {}

  /// Asks the registry once, for some seconds at most.
  void look() {
    std::string version;
    try {
      version = ask();
    } catch (const std::exception& error) {
      if (!unanswered_) say("the alias cannot be followed now, the " + what() + " goes on: " + error.what());
      unanswered_ = true;
      return;
    }
    if (unanswered_) say("the alias is followed again");
    unanswered_ = false;
    if (version != seen_ && version != refused_) take(version);
  }

 private:
  [[nodiscard]] std::string what() const {
    return role_ == ModelRole::champion ? "model" : std::string(name_of(role_));
  }
  static void say(const std::string& message) { std::fprintf(stderr, "riskflag-serve: %s\n", message.c_str()); }

  /// The version that the alias means.
  [[nodiscard]] std::string ask() const {
    const auto registry = open_registry(find_tracking_place(tracking_).value(), Asked::once);
    const auto found = registry->find_alias(uri_.name, uri_.alias);
    if (!found) {
      riskflag::fail(riskflag::ErrorCode::not_found, "models:/" + uri_.name + "@" + uri_.alias, "the alias is gone");
    }
    return std::to_string(found->version);
  }
  void take(const std::string& version) {
    try {
      // The version, not the alias: that may move on meanwhile, or come from the cache.
      const OpenedModel next = open_model(role_, "models:/" + uri_.name + "/" + version, tracking_);
      service_.replace(next.bundle, role_);
      say("the new " + what() + ", version " + version + ", " +
          (role_ == ModelRole::shadow ? "scores now" : "answers now"));
      seen_ = version;
      refused_.clear();
      told_.clear();
    } catch (const std::exception& error) {
      const auto* known = dynamic_cast<const riskflag::Error*>(&error);
      // What could not be fetched is asked for again; what is no good stays so.
      if (known == nullptr || known->code() != riskflag::ErrorCode::io) refused_ = version;
      if (told_ == error.what()) return;
      told_ = error.what();
      service_.replace_failed(told_, role_);
      say("version " + version + " is refused, the old " + what() + " goes on: " + told_);
    }
  }

  ModelRole role_;
  riskflag::track::ModelUri uri_;
  std::string tracking_, seen_, refused_, told_;
  bool unanswered_ = false;
  riskflag::serve::Service& service_;
};

/// Asks every three seconds, on a thread of its own: a registry may be slow.
class RegistryWatch {
 public:
  explicit RegistryWatch(std::vector<AliasFollower> followers) : followers_(std::move(followers)) {
    thread_ = std::thread([this] {
      std::unique_lock guard(lock_);
      while (!wake_.wait_for(guard, std::chrono::seconds(3), [this] { return over_; })) {
        guard.unlock();
        for (AliasFollower& each : followers_) each.look();
        guard.lock();
      }
      ended_ = true;
      wake_.notify_all();
    });
  }
  ~RegistryWatch() {
    static_cast<void>(end(std::chrono::seconds(0)));
    thread_.join();
  }
  RegistryWatch(const RegistryWatch&) = delete;
  RegistryWatch& operator=(const RegistryWatch&) = delete;

  /// False when it is still fetching after `patience`.
  [[nodiscard]] bool end(std::chrono::milliseconds patience) {
    std::unique_lock guard(lock_);
    over_ = true;
    wake_.notify_all();
    return wake_.wait_for(guard, patience, [this] { return ended_; });
  }

 private:
  std::vector<AliasFollower> followers_;
  std::mutex lock_;
  std::condition_variable wake_;
  bool over_ = false, ended_ = false;
  std::thread thread_;
};

/// The aliases that --watch follows; nullptr without any. A version that is named never becomes another.
inline std::unique_ptr<RegistryWatch> watch_registry(const std::vector<OpenedModel>& models,
                                                     const std::string& tracking, riskflag::serve::Service& service) {
  std::vector<AliasFollower> followers;
  for (const OpenedModel& each : models) {
    const auto uri = riskflag::track::parse_model_uri(each.text);
    if (uri && !uri->alias.empty()) followers.emplace_back(each, tracking, service);
  }
  return followers.empty() ? nullptr : std::make_unique<RegistryWatch>(std::move(followers));
}

}  // namespace program
