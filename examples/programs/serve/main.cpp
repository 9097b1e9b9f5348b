// riskflag-serve: a model directory answers over HTTP. The one file of this program that includes Beast.

#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/http.hpp>
#include <riskflag/serve.hpp>

#include "../command_line.hpp"
#include "../program.hpp"
#include "background.hpp"
#include "flags.hpp"
#include "models.hpp"
#include "registry_watch.hpp"

namespace {

using riskflag::ErrorCode;
using riskflag::fail;

/// Blocks SIGTERM and SIGINT for all threads that start later; wait() takes the first that comes.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT}) {
      struct sigaction plain = {};
      plain.sa_handler = SIG_DFL;  // a shell's background job ignores SIGINT, and an ignored signal never arrives
      sigaction(signal, &plain, nullptr);
      sigaddset(&signals_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  [[nodiscard]] const char* wait() const {
    for (int signal = 0;;) {
      if (sigwait(&signals_, &signal) == 0) return signal == SIGINT ? "SIGINT" : "SIGTERM";
    }
  }

 private:
  sigset_t signals_ = {};
};

/// As many descriptors as the system lets this process have: each connection takes one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

riskflag::http::Response to_http(riskflag::serve::Response answer) {
  return {answer.status, {}, std::move(answer.body), std::move(answer.headers.text())};
}

/// The service's part of an exchange.
struct TicketOf final : riskflag::http::HandlerMemory {
  riskflag::serve::Service::Ticket ticket;

  static TicketOf& of(riskflag::http::Exchange& exchange) {
    if (exchange.memory == nullptr) exchange.memory = std::make_unique<TicketOf>();
    return static_cast<TicketOf&>(*exchange.memory);
  }
  /// Ticket and exchange trade their strings: each has those that the other's last answer left.
  void trade(riskflag::http::Exchange& exchange) {
    auto& [status, headers, body] = ticket.response;
    exchange.response.status = status;
    exchange.response.header_lines.swap(headers.text());
    exchange.response.body.swap(body);
  }
};

/// Answers as the service does, the decisions of a round in one write.
riskflag::http::RoundHandler round_handler(const riskflag::serve::Service& service) {
  using riskflag::http::Exchange;
  riskflag::http::RoundHandler out;
  out.answer = [&service](Exchange& exchange) {
    const auto& [method, target, headers, body] = exchange.request;
    TicketOf& mine = TicketOf::of(exchange);
    const bool whole = service.answer({method, target, headers, body}, mine.ticket);
    if (whole) mine.trade(exchange);
    return whole;
  };
  out.settle = [&service](std::span<Exchange* const> exchanges) {
    std::vector<riskflag::serve::Service::Ticket*> tickets;
    for (Exchange* each : exchanges) tickets.push_back(&TicketOf::of(*each).ticket);
    service.settle(tickets);
    for (Exchange* each : exchanges) TicketOf::of(*each).trade(*each);
  };
  return out;
}

void announce(const program::ServeFlags& flags, const riskflag::http::Server& server,
              const riskflag::serve::Service& service) {
  const auto opened = service.model();
  const auto& model = *opened;
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("url").value(server.url()).key("port").value(static_cast<int>(server.port()));
    json.key("model").begin_object().key("name").value(model.name).key("version").value(model.version);
    json.key("digest").value(model.digest).end_object().end_object();
    program::print(std::move(json).text() + "\n");
  } else {
    program::print("listening on " + server.url() + "\n");
  }
  std::fprintf(stderr, "riskflag-serve: model %s, version %s, threshold %s; %s\n", model.name.c_str(),
               model.version.c_str(), riskflag::number_text(model.decision.threshold).c_str(),
               model.predictor.describe().c_str());
}

int serve(const program::ServeFlags& flags) {
  program::check_models(flags);
  if (!riskflag::http::is_loopback(flags.host) && flags.keys.empty() && !flags.insecure) {
    fail(ErrorCode::usage, "--host",
         flags.host +
             " can be reached from other machines; give API keys with --keys, or --insecure to serve there all the "
             "same");
  }
  const EndSignals signals;
  signal(SIGPIPE, SIG_IGN);  // a reader of our output that leaves must not end the server
  signal(SIGXFSZ, SIG_IGN);  // nor a log at the limit of file sizes: its write fails, and that is answered
  raise_descriptor_limit();

  std::vector<program::OpenedModel> models = program::open_models(flags);
  riskflag::serve::Service service(models.front().bundle);
  program::put_beside(service, models, flags.split);
  const auto decisions = program::open_decision_log(flags);
  service.set_decision_log(decisions);
  if (!flags.outcomes.empty()) {
    service.set_outcome_log(std::make_shared<riskflag::serve::OutcomeLog>(flags.outcomes),
                            {.most_decisions = flags.keep_decisions});
  }
  const auto accesses = program::open_access_log(flags);
  service.set_access_log(accesses);
  auto state = program::open_state(flags, service);
  riskflag::http::ServerOptions options;
  options.host = flags.host;
  options.port = static_cast<std::uint16_t>(flags.port);
  options.threads = static_cast<unsigned>(flags.threads);
  options.max_body = flags.max_body;
  options.drain_ms = flags.drain_ms;
  options.max_in_flight = flags.max_in_flight;
  options.max_queue_ms = flags.max_queue_ms;
  riskflag::http::Server server(
      options, round_handler(service),
      [&service](const riskflag::http::Refusal& refusal) {
        return to_http(service.refuse(refusal.status, refusal.code, refusal.detail, refusal.headers, refusal.reason));
      },
      [&service](const riskflag::http::Request& head) -> std::optional<riskflag::http::Response> {
        auto refusal = service.screen({head.method, head.target, head.headers, {}});
        if (!refusal) return std::nullopt;
        return to_http(std::move(*refusal));
      });
  std::vector<std::unique_ptr<riskflag::serve::Follower>> followers;
  std::unique_ptr<program::RegistryWatch> registry;
  if (flags.watch) {
    followers = program::follow(models, service);
    registry = program::watch_registry(models, flags.tracking, service);
  }
  models.clear();  // one that is replaced can go
  auto keys = flags.keys.empty() ? nullptr : std::make_unique<program::KeysFile>(flags.keys, service);
  std::optional<program::Background> background;
  background.emplace(std::move(followers), std::move(keys), decisions, accesses, std::move(state), service);
  std::optional<program::ShadowWorker> shadow;
  if (!flags.shadow.empty()) shadow.emplace(service);
  server.start();
  announce(flags, server, service);

  const char* why = signals.wait();
  background->end();
  if (registry) static_cast<void>(registry->end(std::chrono::seconds(0)));  // no new look
  std::fprintf(stderr, "riskflag-serve: %s: answering what is under way, then ending\n", why);
  service.set_state(riskflag::serve::State::draining);
  server.stop();
  server.wait();
  shadow.reset();
  background->look_once_more();
  background.reset();
  if (accesses) accesses->flush();
  if (registry && !registry->end(std::chrono::seconds(1))) {  // a registry that is slow to give a model holds nobody
    if (decisions) decisions->tick();
    std::fflush(nullptr);
    std::_Exit(program::kDone);
  }
  return program::kDone;
}

/// Asks the running server, as a container's health check does.
int healthcheck(const program::ServeFlags& flags) {
  auto address = riskflag::http::numeric_address(flags.host);
  if (address.is_unspecified()) {
    address = address.is_v6() ? boost::asio::ip::address(boost::asio::ip::address_v6::loopback())
                              : boost::asio::ip::address(boost::asio::ip::address_v4::loopback());
  }
  const auto answer = riskflag::http::ask(
      {.host = address.to_string(), .port = static_cast<std::uint16_t>(flags.port), .timeout_ms = 2000}, "GET",
      "/readyz");
  if (answer.status == 200) return program::kDone;
  fail(ErrorCode::io, "healthcheck", "the server answers " + std::to_string(answer.status) + ": " + answer.body);
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Serves a model directory over HTTP: POST /v1/score with JSON, NDJSON or CSV, GET /v1/model,\n"
      "/metrics, /readyz and more (/openapi.json lists them), a page for people at /. Prints\n"
      "\"listening on URL\" on stdout; SIGTERM and SIGINT end it with 0 after what is under way. Each flag is\n"
      "also read from the environment: --max-body from RISKFLAG_MAX_BODY.",
      "riskflag-serve");
  program::ServeFlags flags;
  program::add_flags(line, flags);
  bool health = false;
  line.add_task(
      "healthcheck", health, "asks the running server: exit 0 when it is ready",
      "--host H, --port P  as the server has them (RISKFLAG_HOST, RISKFLAG_PORT; 127.0.0.1 and 8080 unless given)");
  bool as_told = false;
  line.add_task("serve", as_told, "what it does without a word: SageMaker starts a container so", "");
  return line.run(argc, argv, [&] {
    if (health) return healthcheck(flags);
    return serve(flags);
  });
}
