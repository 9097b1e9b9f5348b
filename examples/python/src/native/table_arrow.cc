// Tables from Arrow's C stream interface.

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/arrow.hpp>

#include "format.hh"
#include "table.hh"

extern "C" {

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

// As the specification writes it (arrow.apache.org/docs/format/CStreamInterface.html).
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif

}  // extern "C"

namespace binding {
namespace {

using riskflag::ColumnType;
using riskflag::ErrorCode;
using riskflag::fail;
using riskflag::quoted;

/// Numbers that are read where they lie.
bool is_plain(const ArrowSchema& schema) {
  return schema.dictionary == nullptr && std::strlen(schema.format) == 1 &&
         std::strchr("cCsSiIlLfg", schema.format[0]) != nullptr;
}

ColumnType type_of(const ArrowSchema& schema) {
  const std::string_view format = schema.format;
  if (schema.dictionary != nullptr || format == "u" || format == "U" || format == "vu") return ColumnType::category;
  return format == "tdD" ? ColumnType::date : ColumnType::number;
}

}  // namespace

struct Table::Batch {
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (schema.release != nullptr) schema.release(&schema);
    if (array.release != nullptr) array.release(&array);
  }
  ArrowSchema schema{};
  ArrowArray array{};
};

void Table::start_from(const void* batch_schema) {
  const auto& schema = *static_cast<const ArrowSchema*>(batch_schema);
  if (std::string_view(schema.format) != "+s") {
    fail(ErrorCode::invalid_data, "arrow stream",
         "is no stream of record batches (format " + quoted(schema.format) + ")");
  }
  for (std::int64_t k = 0; k < schema.n_children; ++k) {
    const ArrowSchema& child = *schema.children[k];
    add({child.name == nullptr ? "" : child.name, type_of(child), {}, {}});
  }
}

void Table::add_arrow(nb::handle capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
  if (stream == nullptr) throw nb::python_error();
  const auto check = [&](int status) {
    if (status == 0) return;
    const char* said = stream->get_last_error(stream);
    fail(status == ENOMEM ? ErrorCode::resource : ErrorCode::invalid_data, "arrow stream",
         said == nullptr ? std::strerror(status) : said);
  };
  for (bool first = true;; first = false) {
    auto batch = std::make_shared<Batch>();
    check(stream->get_schema(stream, &batch->schema));
    if (first) start_from(&batch->schema);
    check(stream->get_next(stream, &batch->array));
    if (batch->array.release == nullptr) return;  // the end
    add_batch(batch);
  }
}

/// What import_arrow() made of some columns of a batch, as doubles.
struct Table::Merged {
  std::vector<std::vector<double>> values;
};

void Table::add_batch(const std::shared_ptr<Batch>& batch) {
  const ArrowSchema& schema = batch->schema;
  const ArrowArray& array = batch->array;
  const auto rows = static_cast<std::size_t>(array.length);
  const bool rows_missing = array.n_buffers > 0 && array.buffers[0] != nullptr && array.null_count != 0;
  std::vector<ArrowSchema*> schemas;
  std::vector<ArrowArray*> arrays;
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    ArrowArray& child = *array.children[k];
    if (!is_plain(*schema.children[k]) || rows_missing || child.n_buffers != 2) {
      schemas.push_back(schema.children[k]);
      arrays.push_back(&child);
      places.push_back(k);
      continue;
    }
    const char format = schema.children[k]->format[0];
    const auto offset = static_cast<std::size_t>(array.offset + child.offset);
    const std::size_t size = size_of(format);
    columns_[k].pieces.push_back({format, static_cast<const unsigned char*>(child.buffers[1]) + offset * size,
                                  static_cast<std::ptrdiff_t>(size), static_cast<const std::uint8_t*>(child.buffers[0]),
                                  offset, rows});
  }
  memory_.push_back(batch);
  rows_ += rows;
  if (places.empty()) return;

  ArrowSchema some_schema = schema;  // a batch of these columns alone, which nobody releases
  some_schema.n_children = static_cast<std::int64_t>(places.size());
  some_schema.children = schemas.data();
  ArrowArray some = array;
  some.n_children = some_schema.n_children;
  some.children = arrays.data();
  const riskflag::Frame frame = riskflag::import_arrow(some_schema, some);
  auto merged = std::make_shared<Merged>();
  for (std::size_t n = 0; n < places.size(); ++n) {
    const riskflag::Column& from = frame.column(n);
    TableColumn& to = columns_[places[n]];
    std::vector<double>& values = merged->values.emplace_back(rows, riskflag::kMissing);
    std::map<std::string, double, std::less<>> known;
    for (std::size_t i = 0; i < to.levels.size(); ++i) known.emplace(to.levels[i], static_cast<double>(i));
    const auto index_of = [&](std::string_view level) {
      const auto found = known.find(level);
      if (found != known.end()) return found->second;
      to.levels.emplace_back(level);
      return known.emplace(level, static_cast<double>(to.levels.size() - 1)).first->second;
    };
    std::vector<double> indices;
    for (const std::string& level : from.levels) indices.push_back(index_of(level));
    for (std::size_t i = 0; i < rows; ++i) {
      if (from.is_missing_at(i)) continue;
      switch (from.type) {
        case ColumnType::number: values[i] = from.numbers[i]; break;
        case ColumnType::category: values[i] = indices[static_cast<std::size_t>(from.codes[i])]; break;
        case ColumnType::text: values[i] = index_of(*from.texts[i]); break;
        case ColumnType::date: values[i] = from.days[i]; break;
      }
    }
    to.pieces.push_back({'g', reinterpret_cast<const unsigned char*>(values.data()), 8, nullptr, 0, rows});
  }
  memory_.push_back(std::move(merged));
}

}  // namespace binding
