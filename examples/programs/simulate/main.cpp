// riskflag-simulate: loans (or a benchmark's table) with a known default probability, as CSV.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/simulate.hpp>

#include "../program.hpp"

namespace {

constexpr std::uint64_t kChunkRows = 4096;

/// Rows of a frame as CSV text, without the header.
std::string csv_rows(const riskflag::Frame& frame) {
  std::vector<std::vector<std::string>> cells(frame.cols());  // each level in the form the file needs
  for (std::size_t j = 0; j < frame.cols(); ++j) {
    for (const std::string& level : frame.column(j).levels) cells[j].push_back(riskflag::csv_cell(level));
  }
  std::string text;
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    for (std::size_t j = 0; j < frame.cols(); ++j) {
      const riskflag::Column& column = frame.column(j);
      if (j > 0) text += ',';
      if (column.is_missing_at(i)) continue;
      switch (column.type) {
        case riskflag::ColumnType::number: riskflag::append_number(text, column.numbers[i]); break;
        case riskflag::ColumnType::category: text += cells[j][static_cast<std::size_t>(column.codes[i])]; break;
        case riskflag::ColumnType::date: text += riskflag::date_text(column.days[i]); break;
        case riskflag::ColumnType::text: text += riskflag::csv_cell(*column.texts[i]); break;
      }
    }
    text += '\n';
  }
  return text;
}

struct Flags {
  riskflag::SimulateOptions table;
  std::int64_t rows = 60000, seed = 42;  // signed, so that -5 is refused instead of wrapped
  std::string output;
  int threads = 0;
  bool applicants = false, json = false, quiet = false;
};

int simulate(const Flags& flags) {
  program::Interrupt interrupt;
  riskflag::SimulateOptions options = flags.table;
  options.target = !flags.applicants;
  options.rows = static_cast<std::uint64_t>(flags.rows);
  options.seed = static_cast<std::uint64_t>(flags.seed);
  riskflag::Pool pool(static_cast<unsigned>(flags.threads));

  const riskflag::Frame empty = riskflag::simulate(options, 0, 0);
  std::string header;
  for (const riskflag::Column& column : empty.columns())
    header += (header.empty() ? "" : ",") + riskflag::csv_cell(column.name);
  riskflag::FileSink sink(flags.output);
  sink.write(header + "\n");

  std::vector<double> probabilities;
  const std::uint64_t batch = kChunkRows * pool.concurrency() * 4;
  for (std::uint64_t first = 0; first < options.rows; first += batch) {
    if (interrupt.token().stop_requested()) {
      riskflag::fail(riskflag::ErrorCode::cancelled, flags.output, "stopped; nothing was written");
    }
    const std::uint64_t rows = std::min(batch, options.rows - first);
    const std::size_t chunks = static_cast<std::size_t>((rows + kChunkRows - 1) / kChunkRows);
    std::vector<std::string> texts(chunks);
    std::vector<std::vector<double>> chunk_probabilities(chunks);
    pool.run(chunks, [&](std::size_t chunk, unsigned) {
      const std::uint64_t begin = first + chunk * kChunkRows;
      auto made = riskflag::simulate_rows(options, begin, std::min(kChunkRows, first + rows - begin));
      texts[chunk] = csv_rows(made.frame);
      chunk_probabilities[chunk] = std::move(made.probability);
    });
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      sink.write(texts[chunk]);
      probabilities.insert(probabilities.end(), chunk_probabilities[chunk].begin(), chunk_probabilities[chunk].end());
    }
  }
  sink.close();

  double expected = 0;
  for (const double p : probabilities) expected += p;
  const auto auc = riskflag::bayes_auc(probabilities);
  const double rate = probabilities.empty() ? 0 : expected / static_cast<double>(probabilities.size());
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("output").value(flags.output == "-" ? "-" : riskflag::absolute_path(flags.output));
    json.key("preset")
        .value(options.preset)
        .key("rows")
        .value(options.rows)
        .key("columns")
        .value(std::uint64_t{empty.cols()});
    json.key("seed").value(options.seed).key("default_rate");
    if (probabilities.empty())
      json.null();
    else
      json.value(rate);
    json.key("best_auc");
    if (auc)
      json.value(*auc);
    else
      json.null();
    json.end_object();
    if (flags.output == "-")
      std::fprintf(stderr, "%s\n", json.text().c_str());
    else
      program::print(json.text() + "\n");
  } else if (!flags.quiet) {
    char line[160];
    std::snprintf(line, sizeof line, "%s: %llu rows, %zu columns, default rate %.4f, best reachable AUC %.4f\n",
                  flags.output == "-" ? "standard output" : flags.output.c_str(),
                  static_cast<unsigned long long>(options.rows), empty.cols(), rate, auc.value_or(0));
    if (flags.output == "-")
      std::fputs(line, stderr);
    else
      program::print(line);
  }
  return program::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Writes a table of simulated loans whose default probabilities are known.\nRow i depends on the seed and i "
      "alone.",
      "riskflag-simulate");
  Flags flags;
  app.add_option("--rows", flags.rows, "rows to write")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "the only source of randomness")
      // CLI11 reads what does not fit as the greatest number.
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max() - 1))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--output", flags.output, "CSV file to write; - is standard output")->required();
  app.add_option("--preset", flags.table.preset, "loans, wide28, wide208, onehot300 or sparse95")
      ->capture_default_str();
  app.add_flag("--applicants", flags.applicants, "leave out the outcome column");
  app.add_flag("--with-probability", flags.table.with_probability, "add the column default_probability");
  app.add_option("--with-drift", flags.table.drift, "move the drifting columns by so many standard deviations");
  app.add_option("--threads", flags.threads, "0 = all cores")->check(CLI::Range(0, 1024));
  app.add_flag("--json", flags.json, "one JSON object on stdout");
  app.add_flag("--quiet", flags.quiet, "say nothing when it works");
  return program::run(app, argc, argv, [&] { return simulate(flags); });
}
