// data/*: rates of the reader's parts, in bytes of text a second. Whole files beside pandas and pyarrow:
// compare_csv.py.

#include <benchmark/benchmark.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/data.hpp>

using namespace riskflag;

namespace {

/// Rows of 28 cells: numbers with that many decimals, or words.
std::string table(int decimals, std::uint64_t rows) {
  const Random random(1);
  std::string text;
  for (int j = 0; j < 28; ++j) text += (j > 0 ? ",f" : "f") + std::to_string(j);
  text += '\n';
  for (std::uint64_t i = 0; i < rows; ++i) {
    for (std::uint64_t j = 0; j < 28; ++j) {
      if (j > 0) text += ',';
      const std::uint64_t draw = i * 28 + j;
      if (decimals == 0) {
        text += "level_" + std::to_string(random.below(50, draw));
        continue;
      }
      char cell[40];
      std::snprintf(cell, sizeof cell, "%.*f", decimals, random.normal(draw));
      text += cell;
    }
    text += '\n';
  }
  return text;
}

void read(benchmark::State& state, int decimals) {
  const std::string text = table(decimals, 5000);
  SerialExecutor serial;
  CsvOptions options;
  options.digest = false;
  {  // no wrong answer is timed: every cell again, by the streaming reader and strtod
    MemorySource source(text), again(text);
    const Frame frame = read_csv(source, options, serial).frame;
    CsvRows rows(again, options);
    std::vector<std::string_view> cells;
    for (std::size_t i = 0; rows.next(cells) == CsvRows::Next::row; ++i) {
      for (std::size_t j = 0; j < cells.size(); ++j) {
        const Column& column = frame.column(j);
        const bool same = decimals == 0
                              ? column.cell_text(i) == cells[j]
                              : std::bit_cast<std::uint64_t>(column.numbers[i]) ==
                                    std::bit_cast<std::uint64_t>(std::strtod(std::string(cells[j]).c_str(), nullptr));
        if (!same) return state.SkipWithError("a cell is wrong");
      }
    }
  }
  for (auto _ : state) {
    MemorySource source(text);
    benchmark::DoNotOptimize(read_csv(source, options, serial));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void group(benchmark::State& state) {
  SerialExecutor serial;
  const std::string text = table(0, 20000);
  MemorySource source(text);
  const Frame frame = read_csv(source, {}, serial).frame;
  const std::vector<std::string> columns = {"f0", "f1", "f2", "f3"};
  const std::vector<std::uint64_t> ids = group_ids(frame, columns);
  std::map<std::string, std::uint64_t> id_of;
  std::set<std::uint64_t> seen;
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    std::string key;
    for (const std::string& name : columns) key.append(frame.column(name).cell_text(i)).append(",");
    const auto [known, is_new] = id_of.emplace(key, ids[i]);
    if (known->second != ids[i] || seen.insert(ids[i]).second != is_new)
      return state.SkipWithError("groups are not those of the texts");
  }
  for (auto _ : state) benchmark::DoNotOptimize(group_ids(frame, columns));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * frame.rows()));
}

}  // namespace

BENCHMARK_CAPTURE(read, short_numbers, 4)->Name("data/read_csv/decimals:4");
BENCHMARK_CAPTURE(read, full_numbers, 16)->Name("data/read_csv/decimals:16");
BENCHMARK_CAPTURE(read, words, 0)->Name("data/read_csv/words");
BENCHMARK(group)->Name("data/group_ids/columns:4");
