#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/track/journal.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::mlflow {

/// The turn of a registered model at an MLflow server, which has no compare-and-set. Who wants it writes a tag
/// riskflag.turn.TOKEN of its own and then reads all: whoever is alone has the turn, anybody else takes the tag back
/// and tries again a random moment later. Of two that write, the later one sees the other, so both never have it.
///
/// Two limits: programs that set aliases without asking (MLflow's page and its clients) are not kept out, and a tag
/// that stands for 30 seconds is taken for that of a process that was killed, and removed.
class Turn final : public track::Registry::Turn {
 public:
  /// Returns when it is ours. `mutex` guards the client, call by call. Throws Error(io) after two minutes.
  Turn(Client& client, std::mutex& mutex, std::string name);
  /// Takes the tag back; where that fails, the next one does after its 30 seconds.
  ~Turn() override;

 private:
  Client& client_;
  std::mutex& mutex_;
  std::string name_, key_;
};

inline Turn::Turn(Client& client, std::mutex& mutex, std::string name)
    : client_(client), mutex_(mutex), name_(std::move(name)) {
  using Clock = std::chrono::steady_clock;
  constexpr std::string_view kTag = "riskflag.turn.";
  constexpr std::chrono::seconds kAbandoned{30}, kPatience{120};
  const Clock::time_point began = Clock::now();
  std::map<std::string, Clock::time_point> seen;  // others' tags, by when each was seen first; nobody writes one twice
  for (;;) {
    key_ = std::string(kTag) + track::new_run_id();
    std::string other;
    {
      const std::lock_guard lock(mutex_);
      client_.set_model_tag(name_, key_, rfc3339(now_ms()));
      const Clock::time_point now = Clock::now();
      for (const track::KeyValue& tag : client_.model_tags(name_)) {
        if (!tag.key.starts_with(kTag) || tag.key == key_) continue;
        if (now - seen.try_emplace(tag.key, now).first->second > kAbandoned) {
          client_.remove_model_tag(name_, tag.key);
          continue;
        }
        other = tag.value;
      }
      if (other.empty()) return;
      client_.remove_model_tag(name_, key_);
    }
    if (Clock::now() - began > kPatience) {
      fail(ErrorCode::io, client_.rest().where(),
           "others move aliases of " + quoted(name_) + " all the time (one since " + other + "); try again later");
    }
    unsigned char random = 0;
    system_random(&random, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + random));
  }
}

inline Turn::~Turn() {
  try {
    const std::lock_guard lock(mutex_);
    client_.remove_model_tag(name_, key_);
  } catch (const Error&) {
  }
}

}  // namespace riskflag::inline v0_1::mlflow
