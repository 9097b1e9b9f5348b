// What compare_csv.py runs: reads a file some times and prints one JSON object a reading.
//   csv_driver FILE THREADS REPEATS [--check] [--digest]
// REPEATS 0: one reading for each line of standard input, so that a peer's readings may stand between them.
// --check: first compares every number with strtod's value of its cell, bit for bit, and refuses to time a wrong
// answer.

#include <sys/resource.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/data.hpp>
#include <riskflag/gzip.hpp>

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// False at the end of standard input.
bool next_line() {
  int c = std::getchar();
  const bool is_there = c != EOF;
  while (c != EOF && c != '\n') c = std::getchar();
  return is_there;
}

std::uint64_t column_bytes(const riskflag::Frame& frame) {
  std::uint64_t bytes = 0;
  for (const riskflag::Column& column : frame.columns()) {
    bytes += column.numbers.size() * sizeof(double) +
             (column.codes.size() + column.days.size()) * sizeof(std::int32_t) + column.texts.memory();
  }
  return bytes;
}

/// Cells whose number is not strtod's.
std::uint64_t wrong_numbers(const riskflag::Frame& frame, const std::string& path) {
  const auto source = riskflag::open_source(path);
  riskflag::CsvRows rows(*source, {});
  std::vector<std::string_view> cells;
  std::uint64_t wrong = 0;
  std::size_t i = 0;
  for (; rows.next(cells) == riskflag::CsvRows::Next::row; ++i) {
    for (std::size_t j = 0; j < cells.size(); ++j) {
      const riskflag::Column& column = frame.column(j);
      if (column.type != riskflag::ColumnType::number) {
        wrong += column.cell_text(i) != (column.is_missing_at(i) ? std::string_view() : cells[j]) ? 1 : 0;
      } else if (!column.is_missing_at(i)) {
        const double want = std::strtod(std::string(cells[j]).c_str(), nullptr);
        wrong += std::bit_cast<std::uint64_t>(want) != std::bit_cast<std::uint64_t>(column.numbers[i]) ? 1 : 0;
      }
    }
  }
  return wrong + (i == frame.rows() ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: csv_driver FILE THREADS REPEATS [--check] [--digest]\n", stderr);
    return 2;
  }
  try {
    const std::string path = argv[1];
    riskflag::Pool pool(static_cast<unsigned>(std::atoi(argv[2])));
    riskflag::CsvOptions options;
    options.digest = false;  // its peers compute none
    bool check = false;
    for (int i = 4; i < argc; ++i) {
      if (std::string_view(argv[i]) == "--check") check = true;
      if (std::string_view(argv[i]) == "--digest") options.digest = true;
    }
    const int repeats = std::atoi(argv[3]);
    for (int repeat = 0; repeats == 0 ? next_line() : repeat < repeats; ++repeat) {
      const double cpu = cpu_seconds();
      const std::int64_t begin = riskflag::monotonic_ns();
      const auto source = riskflag::open_source(path);
      const riskflag::CsvResult result = riskflag::read_csv(*source, options, pool);
      const double seconds = 1e-9 * static_cast<double>(riskflag::monotonic_ns() - begin);
      const double used = cpu_seconds() - cpu;
      if (check && repeat == 0) {
        const std::uint64_t wrong = wrong_numbers(result.frame, path);
        if (wrong > 0) {
          std::fprintf(stderr, "%s: %llu cells are not what strtod and the text say\n", argv[1],
                       static_cast<unsigned long long>(wrong));
          return 1;
        }
      }
      std::printf(
          "{\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"rows\":%zu,\"cols\":%zu,\"bytes\":%llu,\"column_bytes\":%llu,"
          "\"peak_rss_bytes\":%llu}\n",
          seconds, used, result.frame.rows(), result.frame.cols(), static_cast<unsigned long long>(result.bytes),
          static_cast<unsigned long long>(column_bytes(result.frame)),
          static_cast<unsigned long long>(riskflag::peak_rss_bytes()));
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
