// gzip/read: bytes of text a second out of a gzip file.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <zlib.h>

#include <riskflag/core/random.hpp>
#include <riskflag/gzip/gzip.hpp>

namespace {

using namespace riskflag;

/// Rows of numbers as tables have them.
std::string table() {
  std::string text;
  for (std::uint64_t i = 0; text.size() < (std::size_t{1} << 21); ++i)
    text += std::to_string(Random(1).below(100000, i)) + (i % 10 == 9 ? "\n" : ",");
  return text;
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void read(benchmark::State& state) {
  const std::string text = table(), bytes = gzipped(text);
  std::string part(std::size_t{1} << 16, '\0');
  const auto each_part = [&](auto&& use) {
    GzipSource source(std::make_unique<MemorySource>(bytes, "bench"));
    while (const std::size_t got = source.read(part.data(), part.size())) use(got);
  };
  std::string back;
  each_part([&](std::size_t got) { back.append(part, 0, got); });
  if (back != text) return state.SkipWithError("another text comes back");
  for (auto _ : state) each_part([](std::size_t got) { benchmark::DoNotOptimize(got); });
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK(read)->Name("gzip/read/bytes:2097152")->Unit(benchmark::kMillisecond);

}  // namespace
