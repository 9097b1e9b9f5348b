#include <riskflag/predict/arrow.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict.hpp>

#include "random_model.hpp"

using namespace riskflag;
using namespace riskflag_test;

namespace {

/// A column of one type, written as a producer would: `skip` values before the first one.
struct Column {
  std::string name, format;
  std::vector<unsigned char> values, valid;
  const void* buffers[2] = {nullptr, nullptr};
  ArrowArray array{};
  ArrowSchema schema{};

  template <class T>
  void push(T x) {
    const auto bytes = std::bit_cast<std::array<unsigned char, sizeof(T)>>(x);
    values.insert(values.end(), bytes.begin(), bytes.end());
  }
  static void push_bit(std::vector<unsigned char>& bits, std::size_t i, bool on) {
    if (bits.size() <= i / 8) bits.push_back(0);
    if (on) bits[i / 8] = static_cast<unsigned char>(bits[i / 8] | (1U << (i % 8)));
  }
};

struct Batch {
  std::vector<Column> columns;
  std::vector<ArrowArray*> arrays;
  std::vector<ArrowSchema*> schemas;
  ArrowArray array{};
  ArrowSchema schema{};
  const void* buffers[1] = {nullptr};
  std::vector<double> rows;  ///< the same values, row-major, model order
};

/// Column f has the type kFormats[f]; columns stand in reverse, an unknown one among them.
const std::string kFormats = "bcCsSiIlLfg";

void make_batch(Batch& out, const Model& model, std::size_t rows, std::size_t skip, std::size_t batch_offset) {
  Draws draws(rows + skip);
  const std::size_t cols = model.features.size();
  out.rows.assign(rows * cols, kMissing);
  out.columns.resize(cols + 1);
  for (std::size_t c = 0; c <= cols; ++c) {
    Column& column = out.columns[cols - c];
    column.name = c < cols ? model.features[c].name : "unknown";
    column.format = c < cols ? std::string(1, kFormats[c]) : "u";
    for (std::size_t i = 0; i < skip + batch_offset + rows && c < cols; ++i) {
      const bool valid = c % 2 == 0 || draws.chance(0.7);
      const double x = draws.uniform() * 4.0 - 2.0;
      double seen = x;
      switch (kFormats[c]) {
        case 'b': Column::push_bit(column.values, i, x > 0), seen = x > 0 ? 1 : 0; break;
        case 'c': column.push(static_cast<std::int8_t>(x)), seen = static_cast<std::int8_t>(x); break;
        case 'C': column.push(static_cast<std::uint8_t>(x + 2)), seen = static_cast<std::uint8_t>(x + 2); break;
        case 's': column.push(static_cast<std::int16_t>(x)), seen = static_cast<std::int16_t>(x); break;
        case 'S': column.push(static_cast<std::uint16_t>(x + 2)), seen = static_cast<std::uint16_t>(x + 2); break;
        case 'i': column.push(static_cast<std::int32_t>(x)), seen = static_cast<std::int32_t>(x); break;
        case 'I': column.push(static_cast<std::uint32_t>(x + 2)), seen = static_cast<std::uint32_t>(x + 2); break;
        case 'l': column.push(static_cast<std::int64_t>(x)), seen = static_cast<double>(static_cast<int>(x)); break;
        case 'L':
          column.push(static_cast<std::uint64_t>(x + 2)), seen = static_cast<double>(static_cast<int>(x + 2));
          break;
        case 'f': column.push(static_cast<float>(x)), seen = static_cast<double>(static_cast<float>(x)); break;
        default: column.push(x);
      }
      if (c % 2 == 1) Column::push_bit(column.valid, i, valid);
      if (i >= skip + batch_offset && valid) out.rows[(i - skip - batch_offset) * cols + c] = seen;
    }
  }
  for (Column& column : out.columns) {
    column.buffers[0] = column.valid.empty() ? nullptr : column.valid.data();
    column.buffers[1] = column.values.data();
    column.array.length = static_cast<std::int64_t>(rows + batch_offset);
    column.array.null_count = -1;
    column.array.offset = static_cast<std::int64_t>(skip);
    column.array.n_buffers = 2;
    column.array.buffers = column.buffers;
    column.schema.format = column.format.c_str();
    column.schema.name = column.name.c_str();
    out.arrays.push_back(&column.array);
    out.schemas.push_back(&column.schema);
  }
  out.array.length = static_cast<std::int64_t>(rows);
  out.array.offset = static_cast<std::int64_t>(batch_offset);
  out.array.n_buffers = 1;
  out.array.buffers = out.buffers;
  out.array.n_children = out.schema.n_children = static_cast<std::int64_t>(out.columns.size());
  out.array.children = out.arrays.data();
  out.schema.children = out.schemas.data();
  out.schema.format = "+s";
}

Model eleven_features() {
  return random_model(7, {.trees = 30, .leaves = 12, .features = kFormats.size(), .all_rules = true});
}

}  // namespace

TEST_CASE("an Arrow batch of every number type, with nulls and offsets, is scored as its rows") {
  const Model model = eleven_features();
  const auto made = Predictor::make(model);
  for (const std::size_t rows : {0u, 1u, 70u, 3000u}) {
    for (const std::size_t skip : {0u, 3u}) {
      for (const std::size_t offset : {0u, 5u}) {
        Batch batch;
        make_batch(batch, model, rows, skip, offset);
        // Every seventh row is null as a whole.
        std::vector<unsigned char> valid;
        for (std::size_t i = 0; i < offset + rows; ++i) Column::push_bit(valid, i, i % 7 != 0);
        if (skip > 0) batch.buffers[0] = valid.data();
        std::vector<double> got(rows, -9.0);
        const auto done = arrow_margins(*made, batch.schema, batch.array, got);
        REQUIRE_MESSAGE(done.ok(), done.failure().text());
        CHECK(*done == rows);
        const std::vector<double> none(model.features.size(), kMissing);
        bool same = true;
        for (std::size_t i = 0; i < rows; ++i) {
          const std::span<const double> row(batch.rows.data() + i * model.features.size(), model.features.size());
          const bool is_null = skip > 0 && (offset + i) % 7 == 0;
          same = same && got[i] == margin(model, is_null ? std::span<const double>(none) : row);
        }
        CHECK(same);
      }
    }
  }
}

TEST_CASE("Arrow batches that do not fit the model are refused by column") {
  const Model model = eleven_features();
  const auto made = Predictor::make(model);
  std::vector<double> got(20, -9.0);
  const auto refusal = [&](const Batch& batch) {
    const auto done = arrow_margins(*made, batch.schema, batch.array, got);
    CHECK(got == std::vector<double>(20, -9.0));
    return done.ok() ? std::string("accepted") : done.failure().text();
  };
  const auto fresh = [&](Batch& batch) -> Batch& {
    make_batch(batch, model, 20, 1, 0);
    return batch;
  };
  Batch a, b, c, d, e, f;
  fresh(a).columns[2].schema.name = "other";
  CHECK(refusal(a).find("does not have it") != std::string::npos);
  fresh(b);
  b.columns[2].schema.name = b.columns[3].schema.name;
  CHECK(refusal(b).find("two of that name") != std::string::npos);
  fresh(c).columns[2].schema.format = "u";
  CHECK(refusal(c).find("Arrow format") != std::string::npos);
  fresh(d).columns[2].array.length = 19;
  CHECK(refusal(d).find("19 values where the batch has 20 rows") != std::string::npos);
  fresh(e).schema.format = "g";
  CHECK(refusal(e).find("a record batch") != std::string::npos);
  fresh(f).array.length = 10;
  CHECK(refusal(f).find("20 places; 10 are needed") != std::string::npos);
}

TEST_CASE("values by name go to their features, the others are missing") {
  const Model model = eleven_features();
  const auto made = Predictor::make(model);
  std::vector<double> row(11, 1.0);
  const std::string_view names[] = {"f3", "f0"};
  const double values[] = {0.25, -1.0};
  REQUIRE(place_by_name(*made, names, values, row).ok());
  CHECK(row[3] == 0.25);
  CHECK(row[0] == -1.0);
  CHECK(is_missing(row[1]));
  const std::string_view wrong[] = {"f3", "f99"};
  CHECK(place_by_name(*made, wrong, values, row).failure().code == ErrorCode::not_found);
  CHECK(place_by_name(*made, std::span(names).first(1), values, row).failure().code == ErrorCode::invalid_option);
}
