// riskflag-score: a model directory and a CSV in, scores out; row by row, in order.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/reasons.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/gzip/gzip.hpp>

#include "../command_line.hpp"
#include "../program.hpp"
#include "../tracking/open_model.hpp"
#include "replay.hpp"
#include "score_stream.hpp"

namespace {

struct Flags {
  std::string model, data, output, replay, tracking, delimiter = "auto";
  bool no_header = false;
  std::uint64_t skip_rows = 0;
  int threads = 0, explain = 0;
  bool allow_bad_rows = false, json = false, quiet = false;
};

std::string result_json(const Flags& flags, const riskflag::bundle::Bundle& bundle, const program::ScoreCounts& counts,
                        std::size_t ignored, double seconds) {
  riskflag::JsonWriter json;
  json.begin_object().key("output").value(riskflag::absolute_path(flags.output)).key("rows").value(counts.rows);
  json.key("bad_rows").value(counts.bad).key("high");
  if (bundle.kind() == riskflag::bundle::Kind::binary)
    json.value(counts.high);
  else
    json.null();
  json.key("threshold");
  if (bundle.kind() == riskflag::bundle::Kind::binary)
    json.value(bundle.decision.threshold);
  else
    json.null();
  json.key("ignored_columns").value(std::uint64_t{ignored});
  json.key("model").begin_object().key("name").value(bundle.name).key("version").value(bundle.version);
  json.key("digest").value(bundle.digest).end_object();
  json.key("seconds").value(seconds).key("peak_rss_bytes").value(riskflag::peak_rss_bytes());
  json.end_object();
  return std::move(json).text() + "\n";
}

/// Exactly one of a table and a log is scored.
void check_task(const Flags& flags) {
  using riskflag::ErrorCode;
  if (flags.replay.empty()) {
    if (flags.data.empty()) riskflag::fail(ErrorCode::usage, "--data", "is needed (or --replay LOG)");
    if (flags.output.empty()) riskflag::fail(ErrorCode::usage, "--output", "is needed");
    return;
  }
  if (!flags.data.empty())
    riskflag::fail(ErrorCode::usage, "--replay", "takes its rows from the log; leave --data out");
  if (flags.explain > 0) riskflag::fail(ErrorCode::usage, "--explain", "and --replay do not go together");
}

riskflag::bundle::Bundle open_model(const Flags& flags) {
  return program::open_model(flags.model, flags.tracking,
                             [&](const std::string& message) {
                               if (!flags.quiet) std::fprintf(stderr, "warning: %s\n", message.c_str());
                             })
      .bundle;
}

/// Scores beside the model's files are a file that others add; scores in place of one end the model.
void check_not_of_model(const std::string& output, const riskflag::bundle::Bundle& bundle) {
  namespace fs = std::filesystem;
  std::error_code absent;
  if (!fs::is_regular_file(output, absent)) return;
  const fs::path inside = fs::canonical(output).lexically_relative(fs::canonical(bundle.path));
  const std::string first = inside.empty() ? ".." : inside.begin()->string();
  const std::vector<std::string>& others = bundle.ignored_files;
  if (first == ".." || std::find(others.begin(), others.end(), first) != others.end()) return;
  riskflag::fail(riskflag::ErrorCode::usage, "--output",
                 "\"" + output + "\" is a file of the model directory, which it would replace; name another file");
}

int replay(const Flags& flags, const std::stop_token& stop) {
  const riskflag::bundle::Bundle bundle = open_model(flags);
  check_not_of_model(flags.output, bundle);
  program::Replay again(bundle);
  std::optional<riskflag::FileSink> sink;
  if (!flags.output.empty()) sink.emplace(flags.output);
  const auto counts = again.run(flags.replay, sink ? &*sink : nullptr, stop);
  if (sink) sink->close();
  return program::tell_replay(counts, flags.replay, bundle, flags.json, flags.quiet,
                              flags.output == "-" ? stderr : stdout);
}

int score(const Flags& flags) {
  program::Interrupt interrupt;
  check_task(flags);
  if (flags.json && flags.output == "-") {
    riskflag::fail(riskflag::ErrorCode::usage, "--json", "and --output - both want standard output");
  }
  if (flags.output.ends_with(".gz")) {
    riskflag::fail(
        riskflag::ErrorCode::usage, "--output",
        "\"" + flags.output + "\": scores are written plain, not gzipped; name a .csv, or pipe --output - to gzip");
  }
  std::error_code absent;
  if (flags.output != "-" && std::filesystem::is_regular_file(flags.output, absent) &&
      std::filesystem::equivalent(flags.output, flags.data, absent)) {
    riskflag::fail(riskflag::ErrorCode::usage, "--output",
                   "\"" + flags.output + "\" is the file of --data, which it would replace; name another file");
  }
  if (!flags.replay.empty()) return replay(flags, interrupt.token());
  const std::int64_t start = riskflag::monotonic_ns();
  const riskflag::bundle::Bundle bundle = open_model(flags);
  check_not_of_model(flags.output, bundle);
  const std::unique_ptr<riskflag::ByteSource> source = riskflag::open_source(flags.data);
  riskflag::Pool pool(static_cast<unsigned>(flags.threads));
  riskflag::CsvOptions reading;
  reading.digest = false;
  riskflag::set_delimiter(reading, flags.delimiter, "--delimiter");
  reading.header = !flags.no_header;
  reading.skip_rows = static_cast<std::size_t>(flags.skip_rows);
  program::ScoreStream stream(bundle, *source, reading, pool, static_cast<std::size_t>(flags.explain));
  riskflag::FileSink sink(flags.output);
  const program::ScoreCounts counts = stream.run(sink, interrupt.token());
  sink.close();

  const double seconds = static_cast<double>(riskflag::monotonic_ns() - start) * 1e-9;
  if (counts.bad > 0) {
    const std::string message = std::to_string(counts.bad) + " of " + std::to_string(counts.rows) +
                                " rows could not be scored (row " + std::to_string(counts.first_bad) + ": " +
                                counts.first_error + ")";
    if (!flags.allow_bad_rows) {
      riskflag::fail(
          riskflag::ErrorCode::invalid_data, flags.data,
          message + "; the scores were written, those rows have an error instead (--allow-bad-rows makes it exit 0)");
    }
    if (!flags.quiet) std::fprintf(stderr, "warning: %s\n", message.c_str());
  }
  if (flags.json)
    return program::print(result_json(flags, bundle, counts, stream.ignored_columns(), seconds)) ? program::kDone
                                                                                                 : program::kFailed;
  if (!flags.quiet) {
    std::FILE* out = flags.output == "-" ? stderr : stdout;
    std::fprintf(out, "%llu rows scored", static_cast<unsigned long long>(counts.rows - counts.bad));
    if (bundle.kind() == riskflag::bundle::Kind::binary)
      std::fprintf(out, ", %llu High", static_cast<unsigned long long>(counts.high));
    if (counts.bad > 0) std::fprintf(out, ", %llu not scored", static_cast<unsigned long long>(counts.bad));
    if (stream.ignored_columns() > 0)
      std::fprintf(out, "; columns ignored, unknown to the model: %zu", stream.ignored_columns());
    std::fprintf(out, " (%.2f s)\n", seconds);
  }
  return program::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Scores the rows of a CSV file with a model directory. Rows keep their order; a row that cannot be\n"
      "scored keeps its place with an error. --data and --output are needed, or --replay LOG.",
      "riskflag-score");
  Flags flags;
  line.add_option("--model", flags.model, "model directory, or models:/NAME@ALIAS").required().type_name("DIR");
  line.add_option("--data", flags.data, "CSV file with a header, plain or .gz; - is standard input").type_name("F.csv");
  line.add_option("--output", flags.output, "CSV file to write; - is standard output").type_name("scores.csv");
  line.add_option("--delimiter", flags.delimiter, "auto, tab, space or a character").type_name("CHAR");
  line.add_flag("--no-header", flags.no_header, "columns are c0, c1, ..., as in training");
  line.add_option("--skip-rows", flags.skip_rows, "lines before the header").range(0, 1'000'000'000).type_name("N");
  line.add_option("--threads", flags.threads, "0 = all cores").range(0, 1024).type_name("N");
  line.add_option("--tracking", flags.tracking, "where models:/ is: journal:DIR or http://…").type_name("WHERE");
  line.add_flag("--allow-bad-rows", flags.allow_bad_rows, "rows that cannot be scored do not make the exit 1");
  line.add_option("--explain", flags.explain, "codes of up to K reasons for High, a column each")
      .range(1, static_cast<int>(riskflag::bundle::kMostReasons))
      .type_name("K");
  line.add_flag("--json", flags.json, "one JSON object on stdout");
  line.add_flag("--quiet", flags.quiet, "no messages");
  line.add_option("--replay", flags.replay, "decision log (file or directory) to score again, to the bit")
      .type_name("LOG");
  return line.run(argc, argv, [&] { return score(flags); });
}
