#pragma once

// The flags of riskflag-serve, and what they come to.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/serve.hpp>

#include "../command_line.hpp"

namespace program {

struct ServeFlags {
  std::string model, challenger, shadow, keys, tracking, host = "127.0.0.1";
  int port = 8080, threads = 0, drain_ms = 8000;
  std::size_t max_body = std::size_t{32} << 20, max_in_flight = 64;
  std::size_t keep_decisions = riskflag::monitor::LivePerformanceOptions{}.most_decisions;
  int max_queue_ms = 1000;
  std::string decision_log, log_mode, hmac_key, log_failure, log_sync, outcomes, state, access_log;
  std::uint64_t log_max_bytes = std::uint64_t{256} << 20;
  int log_max_hours = 24;
  double split = -1;  // percent; -1: not given
  bool insecure = false, watch = false, json = false;
};

inline void add_flags(CommandLine& line, ServeFlags& flags) {
  line.add_option("--model", flags.model, "model directory of riskflag-train, or models:/NAME@ALIAS")
      .envname("RISKFLAG_MODEL")
      .type_name("DIR");
  line.add_option("--challenger", flags.challenger, "a second model, which answers a share of /v1/score")
      .envname("RISKFLAG_CHALLENGER")
      .type_name("DIR");
  line.add_option("--split", flags.split, "that share, sticky by the header X-Routing-Key")
      .envname("RISKFLAG_SPLIT")
      .type_name("PERCENT");
  line.add_option("--shadow", flags.shadow, "a model that scores silently what the champion answers")
      .envname("RISKFLAG_SHADOW")
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
  line.add_option("--decision-log", flags.decision_log, "every decision is written there before its answer")
      .envname("RISKFLAG_DECISION_LOG")
      .type_name("DIR");
  line.add_option("--log-mode", flags.log_mode, "full (can be replayed), or hmac: a keyed hash of the fields")
      .envname("RISKFLAG_LOG_MODE")
      .type_name("M");
  line.add_option("--hmac-key", flags.hmac_key, "file with the key of that, at least 16 bytes")
      .envname("RISKFLAG_HMAC_KEY")
      .type_name("FILE");
  line.add_option("--log-failure", flags.log_failure, "refuse (503) or continue when it cannot be written")
      .envname("RISKFLAG_LOG_FAILURE")
      .type_name("F");
  line.add_option("--log-sync", flags.log_sync, "to the disk: everysec, always (before the answer) or no")
      .envname("RISKFLAG_LOG_SYNC")
      .type_name("S");
  line.add_option("--log-max-bytes", flags.log_max_bytes, "of a file, then the next begins (268435456)")
      .envname("RISKFLAG_LOG_MAX_BYTES")
      .range(1, std::int64_t{1} << 40)
      .type_name("BYTES");
  line.add_option("--log-max-hours", flags.log_max_hours, "of a file, then the next begins (24)")
      .envname("RISKFLAG_LOG_MAX_HOURS")
      .range(1, 24 * 366)
      .type_name("H");
  line.add_option("--outcomes", flags.outcomes, "POST /v1/outcomes is taken and written there")
      .envname("RISKFLAG_OUTCOMES")
      .type_name("DIR");
  line.add_option("--keep-decisions", flags.keep_decisions,
                  "with --outcomes: of a model, whose performance /metrics tells (250000)")
      .envname("RISKFLAG_KEEP_DECISIONS")
      .range(0, 100'000'000)
      .type_name("N");
  line.add_option("--state", flags.state, "live windows and performance are kept there over a restart")
      .envname("RISKFLAG_STATE")
      .type_name("DIR");
  line.add_option("--access-log", flags.access_log, "a line for every request is written there")
      .envname("RISKFLAG_ACCESS_LOG")
      .type_name("DIR");
  line.add_option("--tracking", flags.tracking, "where models:/ is: journal:DIR or http://…")
      .envname("RISKFLAG_TRACKING")
      .type_name("WHERE");
  line.add_flag("--insecure", flags.insecure, "listen on an address that others reach, without API keys")
      .envname("RISKFLAG_INSECURE");
  line.add_flag("--json", flags.json, "stdout is one JSON object: url, port, model");
}

/// Throws Error(usage) for flags of the models that do not go together.
inline void check_models(const ServeFlags& flags) {
  using riskflag::ErrorCode;
  if (flags.model.empty()) {
    riskflag::fail(ErrorCode::usage, "--model", "a model directory is needed (or RISKFLAG_MODEL)");
  }
  const bool is_given = flags.split != -1;
  if (is_given == flags.challenger.empty()) {
    riskflag::fail(ErrorCode::usage, "--split",
                   is_given ? "is the share of a challenger; give --challenger DIR too"
                            : "--challenger needs the percentage of requests that it answers");
  }
  if (is_given && !(flags.split >= 0 && flags.split <= 100)) {
    riskflag::fail(ErrorCode::usage, "--split",
                   riskflag::number_text(flags.split) + " is no percentage; 0 to 100 is accepted");
  }
}

/// When a log's file ends.
inline void limit_files(const ServeFlags& flags, riskflag::LogOptions& files) {
  files.max_bytes = flags.log_max_bytes;
  files.max_age_ms = std::int64_t{flags.log_max_hours} * 3'600'000;
}

/// The decision log that the flags ask for, or nullptr. Throws Error(usage) for flags that do not go together.
inline std::shared_ptr<riskflag::serve::DecisionLog> open_decision_log(const ServeFlags& flags) {
  using riskflag::ErrorCode;
  using riskflag::serve::DecisionLog;
  const auto refuse = [](const std::string& flag, const std::string& found, const std::string& accepted) {
    riskflag::fail(ErrorCode::usage, flag, riskflag::quoted(found) + " is not accepted; " + accepted + " is");
  };
  if (flags.decision_log.empty()) {
    for (const auto& [flag, value] :
         {std::pair("--log-mode", &flags.log_mode), std::pair("--hmac-key", &flags.hmac_key),
          std::pair("--log-failure", &flags.log_failure), std::pair("--log-sync", &flags.log_sync)}) {
      if (!value->empty())
        riskflag::fail(ErrorCode::usage, flag, "is about the decision log; give --decision-log DIR too");
    }
    return nullptr;
  }
  DecisionLog::Options options;
  const bool hmac = flags.log_mode == "hmac";
  if (!hmac && !flags.log_mode.empty() && flags.log_mode != "full")
    refuse("--log-mode", flags.log_mode, "full or hmac");
  if (hmac == flags.hmac_key.empty()) {
    riskflag::fail(ErrorCode::usage, "--hmac-key",
                   hmac ? "--log-mode hmac needs a file with the key" : "only --log-mode hmac takes a key");
  }
  if (hmac) {
    options.mode = riskflag::serve::LogMode::hmac;
    options.key = std::string(riskflag::trimmed(riskflag::read_file(flags.hmac_key, std::size_t{1} << 16)));
  }
  if (flags.log_failure == "continue") {
    options.failure = riskflag::serve::LogFailure::go_on;
  } else if (!flags.log_failure.empty() && flags.log_failure != "refuse") {
    refuse("--log-failure", flags.log_failure, "refuse or continue");
  }
  if (!flags.log_sync.empty()) {
    const auto sync = riskflag::find_log_sync(flags.log_sync);
    if (!sync) refuse("--log-sync", flags.log_sync, "everysec, always or no");
    options.files.sync = *sync;
  }
  limit_files(flags, options.files);
  return std::make_shared<DecisionLog>(flags.decision_log, std::move(options));
}

/// nullptr without --state. Says on stderr what goes on.
inline std::unique_ptr<riskflag::serve::MonitorState> open_state(const ServeFlags& flags,
                                                                 riskflag::serve::Service& service) {
  if (flags.state.empty()) return nullptr;
  auto state = std::make_unique<riskflag::serve::MonitorState>(flags.state, service, riskflag::now_ms());
  for (const std::string& why : state->refusals()) {
    std::fprintf(stderr, "riskflag-serve: --state: what was kept is not used: %s\n", why.c_str());
  }
  if (state->restored() > 0) std::fprintf(stderr, "riskflag-serve: monitoring goes on from %s\n", flags.state.c_str());
  return state;
}

/// nullptr without --access-log.
inline std::shared_ptr<riskflag::serve::AccessLog> open_access_log(const ServeFlags& flags) {
  if (flags.access_log.empty()) return nullptr;
  riskflag::serve::AccessLog::Options options;
  limit_files(flags, options.files);
  return std::make_shared<riskflag::serve::AccessLog>(flags.access_log, std::move(options));
}

}  // namespace program
