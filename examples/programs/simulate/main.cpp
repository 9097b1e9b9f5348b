// riskflag-simulate: loans (or a benchmark's table) with a known default probability, as CSV.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/data/simulate.hpp>

#include "../command_line.hpp"
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
  if (flags.json && flags.output == "-") {
    riskflag::fail(riskflag::ErrorCode::usage, "--json", "and --output - both want standard output");
  }
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
  std::optional<double> rate;
  if (!probabilities.empty()) rate = expected / static_cast<double>(probabilities.size());
  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("output").value(riskflag::absolute_path(flags.output));
    json.key("preset")
        .value(options.preset)
        .key("rows")
        .value(options.rows)
        .key("columns")
        .value(std::uint64_t{empty.cols()});
    json.key("seed").value(options.seed).key("default_rate");
    if (rate)
      json.value(*rate);
    else
      json.null();
    json.key("best_auc");
    if (auc)
      json.value(*auc);
    else
      json.null();
    json.end_object();
    program::print(json.text() + "\n");
  } else if (!flags.quiet) {
    const auto four_digits = [](std::optional<double> value) {
      char text[32];
      if (value) std::snprintf(text, sizeof text, "%.4f", *value);
      return std::string(value ? text : "none");
    };
    const std::string line = (flags.output == "-" ? "standard output" : flags.output) + ": " +
                             std::to_string(options.rows) + " rows, " + std::to_string(empty.cols()) +
                             " columns, default rate " + four_digits(rate) + ", best reachable AUC " +
                             four_digits(auc) + "\n";
    if (flags.output == "-")
      std::fputs(line.c_str(), stderr);
    else
      program::print(line);
  }
  return program::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Writes a table of simulated loans whose default probabilities are known.\nRow i depends on the seed and i "
      "alone.",
      "riskflag-simulate");
  Flags flags;
  line.add_option("--rows", flags.rows, "rows to write").range(0, 1'000'000'000'000).type_name("N").show_default();
  line.add_option("--seed", flags.seed, "the only source of randomness")
      // CLI11 reads what does not fit as the greatest number.
      .range(0, std::numeric_limits<std::int64_t>::max() - 1)
      .type_name("N")
      .show_default();
  line.add_option("--output", flags.output, "CSV file to write; - is standard output").required().type_name("F.csv");
  line.add_option("--preset", flags.table.preset, "loans, wide28, wide208, onehot300 or sparse95")
      .type_name("NAME")
      .show_default();
  line.add_flag("--applicants", flags.applicants, "leave out the outcome column");
  line.add_flag("--with-probability", flags.table.with_probability, "add the column default_probability");
  line.add_option("--with-drift", flags.table.drift, "standard deviations that the drifting columns move by")
      .type_name("X");
  line.add_option("--threads", flags.threads, "0 = all cores").range(0, 1024).type_name("N");
  line.add_flag("--json", flags.json, "one JSON object on stdout");
  line.add_flag("--quiet", flags.quiet, "say nothing when it works");
  return line.run(argc, argv, [&] { return simulate(flags); });
}
