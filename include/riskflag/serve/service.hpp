#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/detail/routes.hpp>
#include <riskflag/serve/message.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve {

enum class State { starting, ready, draining };

/// Answers contract.md's HTTP for one model: request in, response out, no sockets and no clock but for ids and /readyz.
///
/// Life: 1. made over an opened model, and ready; 2. handle() from many threads; 3. set_state(draining) when the
/// process is about to end: /readyz says so to the load balancer, requests are still answered.
class Service {
 public:
  /// Throws Error(unsupported) for a model that is not binary.
  explicit Service(std::shared_ptr<const bundle::Bundle> model);

  /// The answer to one request. Never throws: what goes wrong inside is a 500. Thread-safe.
  [[nodiscard]] Response handle(const Request& request) const noexcept;

  /// The final answer to a request that is refused for its head alone (path, method, parameters, media type), so that a
  /// client need not send the body; nothing where handle() would read it.
  [[nodiscard]] std::optional<Response> screen(const Request& head) const noexcept;

  /// The answer that the server in front gives itself: 400, 408, 413, 431, 500, 503. Same form and headers as
  /// handle()'s.
  [[nodiscard]] Response refuse(int status, std::string_view code, std::string_view detail,
                                std::span<const Header> headers = {}) const noexcept;

  void set_state(State state) noexcept { state_.store(state, std::memory_order_relaxed); }
  [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_relaxed); }
  [[nodiscard]] const bundle::Bundle& model() const noexcept { return *model_; }

 private:
  /// What the head of a request asks for.
  struct Plan {
    const detail::Route* route = nullptr;
    detail::Media media = detail::Media::other;
  };
  [[nodiscard]] std::optional<Response> refuse_head(const Request& request, std::string_view request_id,
                                                    Plan& plan) const;
  [[nodiscard]] Response answer(const Request& request, const Plan& plan, std::string_view request_id) const;
  [[nodiscard]] Response score(const Request& request, detail::Media media, std::string_view request_id) const;
  [[nodiscard]] Response readiness() const;
  [[nodiscard]] std::string model_text() const;
  [[nodiscard]] std::unique_ptr<Workspace> lend() const;
  void give_back(std::unique_ptr<Workspace> memory) const;

  std::shared_ptr<const bundle::Bundle> model_;
  Codec codec_;
  std::string schema_text_, model_text_, model_object_, loaded_at_;
  std::atomic<State> state_{State::ready};
  mutable std::mutex workspaces_lock_;
  mutable std::vector<std::unique_ptr<Workspace>> workspaces_;
};

}  // namespace riskflag::inline v0_1::serve

#include <riskflag/serve/detail/service.hpp>
