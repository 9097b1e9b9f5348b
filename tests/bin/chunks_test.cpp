#include <riskflag/bin/chunks.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <riskflag/core/error.hpp>

#include "../train/small_table.hpp"

using namespace riskflag;

namespace bin_chunks_test {
namespace {

std::string refusal(auto call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

/// Both passes over chunks of these sizes, again and again until the rows are through.
Binned in_chunks(const SmallTable& t, const BinOptions& options, const std::vector<std::size_t>& sizes,
                 Executor& executor) {
  ChunkedBinning binning(t.rows, t.features, options, executor);
  for (const bool second : {false, true}) {
    for (std::size_t at = 0, k = 0; at < t.rows; ++k) {
      const std::size_t n = std::min(sizes[k % sizes.size()], t.rows - at);
      if (second)
        binning.fill(t.view().rows_from(at, n));
      else
        binning.look(t.view().rows_from(at, n));
      at += n;
    }
  }
  return binning.take();
}

bool same_tables(const Binned& a, const Binned& b) {
  if (a.rows() != b.rows() || a.cuts().bins != b.cuts().bins || a.cuts().features != b.cuts().features) return false;
  if (a.tiles() != b.tiles() || a.stored_columns() != b.stored_columns()) return false;
  for (std::size_t f = 0; f < a.cols(); ++f) {
    if (std::memcmp(a.column(f), b.column(f), a.rows()) != 0) return false;
  }
  for (std::size_t t = 0; t < a.tiles(); ++t) {
    if (a.tile(t).width != b.tile(t).width) return false;
    if ((a.tile(t).cells == nullptr) != (b.tile(t).cells == nullptr)) return false;  // sparse ones have none
    if (a.tile(t).cells == nullptr) continue;
    if (std::memcmp(a.tile(t).cells, b.tile(t).cells, a.rows() * a.tile(t).width) != 0) return false;
  }
  for (std::size_t f = 0; f < a.cols(); ++f) {
    const Binned::Place p = a.place(f), q = b.place(f);
    if (p.column != q.column || p.is_shared != q.is_shared || p.most_frequent != q.most_frequent) return false;
    if (p.first != q.first || p.others != q.others) return false;
  }
  const Binned::Sparse &s = a.sparse(), &r = b.sparse();
  return s.first == r.first && s.slots == r.slots && s.entries == r.entries && s.begin == r.begin &&
         s.listed == r.listed && s.usual == r.usual;
}

}  // namespace

TEST_CASE("invariant: a table in chunks of any size gets the bins of the whole table, byte for byte") {
  const SmallTable t = small_table(5000, 8, 61);
  Pool pool(3);
  for (const std::uint64_t sample : {std::uint64_t{200'000}, std::uint64_t{700}}) {
    const BinOptions options{.max_bin = 63, .sample_rows = sample, .zero_as_missing = sample == 700};
    const Binned whole = bin_matrix(t.view(), t.features, options, pool);
    for (const auto& sizes : {std::vector<std::size_t>{5000}, std::vector<std::size_t>{1},
                              std::vector<std::size_t>{1024}, std::vector<std::size_t>{7, 0, 1999, 1}}) {
      CAPTURE(sizes[0]);
      CHECK(same_tables(in_chunks(t, options, sizes, pool), whole));
    }
  }
}

TEST_CASE("columns that share a place, and sparse ones, are the same from chunks") {
  SmallTable t = small_table(3000, 60, 64), exclusive = small_table(3000, 20, 65);
  make_sparse(t, 20, 66);
  make_exclusive(exclusive, 4, 67);
  for (std::size_t i = 0; i < t.rows; ++i)
    std::copy_n(exclusive.row(i).begin(), 20, t.values.begin() + static_cast<std::ptrdiff_t>(i * t.cols));
  SerialExecutor serial;
  const Binned whole = bin_matrix(t.view(), t.features, {}, serial);
  REQUIRE(whole.stored_columns() < 50);
  REQUIRE(whole.sparse().slots > 0);
  CHECK(same_tables(in_chunks(t, {}, {999, 1}, serial), whole));
}

TEST_CASE("chunks of floats give the bins of a table of floats") {
  const SmallTable t = small_table(900, 5, 62);
  std::vector<float> narrow(t.values.begin(), t.values.end());
  const auto x = MatrixView<float>::row_major(narrow.data(), t.rows, t.cols);
  SerialExecutor serial;
  ChunkedBinning binning(t.rows, t.features, {}, serial);
  binning.look(x.rows_from(0, 500));
  binning.look(x.rows_from(500, 400));
  binning.fill(x);
  CHECK(same_tables(binning.take(), bin_matrix(x, t.features, {}, serial)));
}

TEST_CASE("chunks that do not add up to what was announced are refused") {
  const SmallTable t = small_table(100, 3, 63);
  SerialExecutor serial;
  ChunkedBinning binning(90, t.features, {}, serial);
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(refusal([&] { binning.look(t.view()); }), "100 rows after 0; 90 were announced");
  binning.look(t.view().rows_from(0, 60));
  has(refusal([&] { binning.fill(t.view().rows_from(0, 60)); }), "look() has seen 60 of 90 rows");
  has(refusal([&] { (void)binning.take(); }), "fill() has seen 0 of 90 rows");
  SmallTable bad = t;
  bad.values[70 * 3 + 2] = 1.5;  // f2 is categorical
  has(refusal([&] { binning.look(bad.view().rows_from(60, 30)); }), "row 70, feature \"f2\"");
  // The chunk was not seen: mended, it may come again, and counts once.
  binning.look(t.view().rows_from(60, 30));
  binning.fill(t.view().rows_from(0, 90));
  SmallTable first = t;
  first.rows = 90;
  CHECK(same_tables(binning.take(), bin_matrix(first.view(), t.features, {}, serial)));
  has(refusal([&] { ChunkedBinning(0, t.features, {}, serial); }), "has no rows");
}

}  // namespace bin_chunks_test
