// riskflag-serve: a model directory answers over HTTP. The one file of this program that includes Beast.

#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
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
#include "../tracking/tracking.hpp"

namespace {

using riskflag::ErrorCode;
using riskflag::fail;

struct Flags {
  std::string model, keys, tracking, host = "127.0.0.1";
  int port = 8080, threads = 0, drain_ms = 8000;
  std::size_t max_body = std::size_t{32} << 20, max_in_flight = 64;
  int max_queue_ms = 1000;
  bool insecure = false, watch = false, json = false;
};

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

/// The keys of --keys: read at the start, and again when the file changes.
class KeysFile {
 public:
  KeysFile(std::string path, riskflag::serve::Service& service) : path_(std::move(path)), service_(service) {
    text_ = riskflag::read_file(path_, kMostBytes);
    use();
  }
  /// Says on stderr what came of a new file; the old keys go on when it cannot be used.
  void look() {
    try {
      std::string now = riskflag::read_file(path_, kMostBytes);
      if (now == text_) return;
      text_ = std::move(now);
      use();
      std::fprintf(stderr, "riskflag-serve: the new keys are in use\n");
    } catch (const std::exception& error) {
      if (error.what() == told_) return;
      told_ = error.what();
      std::fprintf(stderr, "riskflag-serve: the keys file is refused, the old keys go on: %s\n", error.what());
    }
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 24;
  void use() {
    using riskflag::serve::ApiKeys;
    service_.set_keys(std::make_shared<const ApiKeys>(ApiKeys::parse(text_, path_)));
    told_.clear();
  }
  std::string path_, text_, told_;
  riskflag::serve::Service& service_;
};

/// Looks for a new model and new keys twice a second until it goes.
class Watch {
 public:
  Watch(std::unique_ptr<riskflag::serve::Follower> follower, std::unique_ptr<KeysFile> keys)
      : follower_(std::move(follower)), keys_(std::move(keys)) {
    thread_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!wake_.wait_for(lock, std::chrono::milliseconds(500), [this] { return over_; })) {
        if (follower_) look();
        if (keys_) keys_->look();
      }
    });
  }
  ~Watch() {
    {
      const std::lock_guard guard(mutex_);
      over_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void look() {
    const auto found = follower_->look();
    if (found == riskflag::serve::Follower::Found::replaced) {
      std::fprintf(stderr, "riskflag-serve: the new model answers now\n");
    } else if (found == riskflag::serve::Follower::Found::refused) {
      std::fprintf(stderr, "riskflag-serve: the new model is refused, the old one goes on: %s\n",
                   follower_->reason().c_str());
    }
  }
  std::unique_ptr<riskflag::serve::Follower> follower_;
  std::unique_ptr<KeysFile> keys_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

/// As many descriptors as the system lets this process have: each connection takes one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

riskflag::http::Response to_http(riskflag::serve::Response answer) {
  return {answer.status, std::move(answer.headers), std::move(answer.body)};
}
std::vector<riskflag::serve::Header> headers_of(std::span<const riskflag::http::Header> headers) {
  std::vector<riskflag::serve::Header> out;
  out.reserve(headers.size());
  for (const auto& header : headers) out.push_back({header.name, header.value});
  return out;
}

void announce(const Flags& flags, const riskflag::http::Server& server, const riskflag::serve::Service& service) {
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

int serve(const Flags& flags) {
  if (flags.model.empty()) fail(ErrorCode::usage, "--model", "a model directory is needed (or RISKFLAG_MODEL)");
  if (!riskflag::http::is_loopback(flags.host) && flags.keys.empty() && !flags.insecure) {
    fail(ErrorCode::usage, "--host",
         flags.host +
             " can be reached from other machines; give API keys with --keys, or --insecure to serve there all the "
             "same");
  }
  const EndSignals signals;
  signal(SIGPIPE, SIG_IGN);  // a reader of our output that leaves must not end the server
  raise_descriptor_limit();

  const program::ModelPlace place = program::find_model(flags.model, flags.tracking, [](const std::string& message) {
    std::fprintf(stderr, "riskflag-serve: %s\n", message.c_str());
  });
  riskflag::bundle::Bundle opened = riskflag::bundle::open(place.directory);
  if (!place.name.empty()) {
    opened.name = place.name;
    opened.version = place.version;
  }
  const auto model = std::make_shared<const riskflag::bundle::Bundle>(std::move(opened));
  riskflag::serve::Service service(model);
  riskflag::http::ServerOptions options;
  options.host = flags.host;
  options.port = static_cast<std::uint16_t>(flags.port);
  options.threads = static_cast<unsigned>(flags.threads);
  options.max_body = flags.max_body;
  options.drain_ms = flags.drain_ms;
  options.max_in_flight = flags.max_in_flight;
  options.max_queue_ms = flags.max_queue_ms;
  riskflag::http::Server server(
      options,
      [&service](const riskflag::http::Request& request) {
        const auto headers = headers_of(request.headers);
        return to_http(service.handle({request.method, request.target, headers, request.body}));
      },
      [&service](const riskflag::http::Refusal& refusal) {
        const auto headers = headers_of(refusal.headers);
        return to_http(service.refuse(refusal.status, refusal.code, refusal.detail, headers, refusal.reason));
      },
      [&service](const riskflag::http::Request& head) -> std::optional<riskflag::http::Response> {
        const auto headers = headers_of(head.headers);
        auto refusal = service.screen({head.method, head.target, headers, {}});
        if (!refusal) return std::nullopt;
        return to_http(std::move(*refusal));
      });
  auto follower = flags.watch ? std::make_unique<riskflag::serve::Follower>(place.directory, service) : nullptr;
  auto keys = flags.keys.empty() ? nullptr : std::make_unique<KeysFile>(flags.keys, service);
  std::optional<Watch> watch;
  if (follower || keys) watch.emplace(std::move(follower), std::move(keys));
  server.start();
  announce(flags, server, service);

  const char* why = signals.wait();
  watch.reset();
  std::fprintf(stderr, "riskflag-serve: %s: answering what is under way, then ending\n", why);
  service.set_state(riskflag::serve::State::draining);
  server.stop();
  server.wait();
  return program::kDone;
}

/// Asks the running server, as a container's health check does.
int healthcheck(const Flags& flags) {
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

/// The contract's flags of later versions, and what each is for.
constexpr std::pair<const char*, const char*> kLaterFlags[] = {
    {"--shadow", "a shadow model"},         {"--challenger", "a challenger model"}, {"--split", "a challenger model"},
    {"--decision-log", "the decision log"}, {"--log-mode", "the decision log"},     {"--hmac-key", "the decision log"},
    {"--log-failure", "the decision log"},  {"--outcomes", "taking outcomes"}};

/// A RISKFLAG_DECISION_LOG that has no effect would lose decisions.
void refuse_later_variables() {
  for (const auto& [flag, what] : kLaterFlags) {
    std::string name = "RISKFLAG_";
    for (const char* c = flag + 2; *c != '\0'; ++c)
      name += *c == '-' ? '_' : static_cast<char>(*c >= 'a' ? *c - 'a' + 'A' : *c);
    if (const char* value = std::getenv(name.c_str()); value != nullptr && *value != '\0') {
      fail(ErrorCode::usage, name,
           std::string(what) + " is not built yet in riskflag " + std::string(riskflag::kVersion) +
               "; unset the variable");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Serves a model directory over HTTP: POST /v1/score with JSON, NDJSON or CSV; GET /v1/model,\n"
      "/v1/schema, /livez, /readyz. Prints \"listening on URL\" on stdout; SIGTERM and SIGINT end it with 0\n"
      "after what is under way. Each flag is also read from the environment: --max-body from\n"
      "RISKFLAG_MAX_BODY.",
      "riskflag-serve");
  Flags flags;
  line.add_option("--model", flags.model, "model directory of riskflag-train, or models:/NAME@ALIAS")
      .envname("RISKFLAG_MODEL")
      .type_name("DIR");
  line.add_option("--host", flags.host, "address to listen on, 127.0.0.1 unless given")
      .envname("RISKFLAG_HOST")
      .type_name("H");
  line.add_option("--port", flags.port, "8080 unless given; 0 = any free one, printed")
      .envname("RISKFLAG_PORT")
      .range(0, 65535)
      .type_name("P");
  line.add_option("--threads", flags.threads, "that answer; 0 = all cores")
      .envname("RISKFLAG_THREADS")
      .range(0, 1024)
      .type_name("N");
  line.add_option("--max-body", flags.max_body, "of a request, 33554432 unless given")
      .envname("RISKFLAG_MAX_BODY")
      .range(1, std::int64_t{1} << 40)
      .type_name("BYTES");
  line.add_option("--max-in-flight", flags.max_in_flight,
                  "batches (bodies above 64 KiB) at once (64); more get 503; 0: no limit")
      .envname("RISKFLAG_MAX_IN_FLIGHT")
      .range(0, 1 << 20)
      .type_name("N");
  line.add_option("--max-queue-ms", flags.max_queue_ms,
                  "that a batch may wait for others (1000); then 503; 0: no limit")
      .envname("RISKFLAG_MAX_QUEUE_MS")
      .range(0, 3600000)
      .type_name("MS");
  line.add_option("--drain-ms", flags.drain_ms, "for what is under way at the end, 8000 unless given")
      .envname("RISKFLAG_DRAIN_MS")
      .range(0, 3600000)
      .type_name("MS");
  line.add_flag("--watch", flags.watch, "take a new model when the directory, or the link to it, is replaced")
      .envname("RISKFLAG_WATCH");
  line.add_option("--keys", flags.keys, "file of API keys that requests need; read again when it changes")
      .envname("RISKFLAG_KEYS")
      .type_name("FILE");
  line.add_option("--tracking", flags.tracking, "where models:/ is: journal:DIR or http://…")
      .envname("RISKFLAG_TRACKING")
      .type_name("WHERE");
  line.add_flag("--insecure", flags.insecure, "listen on an address that others reach, without API keys")
      .envname("RISKFLAG_INSECURE");
  line.add_flag("--json", flags.json, "stdout is one JSON object: url, port, model");
  for (const auto& [flag, what] : kLaterFlags) line.add_later(flag, what);
  bool health = false;
  line.add_task(
      "healthcheck", health, "asks the running server: exit 0 when it is ready",
      "--host H, --port P  as the server has them (RISKFLAG_HOST, RISKFLAG_PORT; 127.0.0.1 and 8080 unless given)");
  return line.run(argc, argv, [&] {
    if (health) return healthcheck(flags);
    refuse_later_variables();
    return serve(flags);
  });
}
