#pragma once

// Definition of export_arrow.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/missing.hpp>
#include <riskflag/data/arrow.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// What one exported struct and its children live in; deleted by its release callback.
struct ArrowSchemaOwner {
  std::string name, format;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
  std::unique_ptr<ArrowSchema> dictionary;
};
struct ArrowArrayOwner {
  std::vector<std::uint8_t> validity;
  std::vector<double> numbers;
  std::vector<std::int32_t> integers;  // codes or days
  std::vector<std::int64_t> offsets;
  std::string bytes;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  std::unique_ptr<ArrowArray> dictionary;
};

/// Releases what is below, then itself; children that were moved away (release == nullptr) are left alone.
template <class Struct, class Owner>
void release_arrow(Struct* self) {
  auto* owner = static_cast<Owner*>(self->private_data);
  for (Struct& child : owner->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (owner->dictionary && owner->dictionary->release != nullptr) owner->dictionary->release(owner->dictionary.get());
  delete owner;
  self->release = nullptr;
}

inline void fill_schema(ArrowSchema& out, std::unique_ptr<ArrowSchemaOwner> owner, bool nullable) {
  for (ArrowSchema& child : owner->children) owner->pointers.push_back(&child);
  out = {owner->format.c_str(),
         owner->name.c_str(),
         nullptr,
         nullable ? ARROW_FLAG_NULLABLE : 0,
         static_cast<std::int64_t>(owner->children.size()),
         owner->pointers.empty() ? nullptr : owner->pointers.data(),
         owner->dictionary.get(),
         &release_arrow<ArrowSchema, ArrowSchemaOwner>,
         nullptr};
  out.private_data = owner.release();
}
inline void fill_array(ArrowArray& out, std::unique_ptr<ArrowArrayOwner> owner, std::size_t length,
                       std::size_t missing) {
  for (ArrowArray& child : owner->children) owner->pointers.push_back(&child);
  out = {static_cast<std::int64_t>(length),
         static_cast<std::int64_t>(missing),
         0,
         static_cast<std::int64_t>(owner->buffers.size()),
         static_cast<std::int64_t>(owner->children.size()),
         owner->buffers.data(),
         owner->pointers.empty() ? nullptr : owner->pointers.data(),
         owner->dictionary.get(),
         &release_arrow<ArrowArray, ArrowArrayOwner>,
         nullptr};
  out.private_data = owner.release();
}

[[nodiscard]] inline std::unique_ptr<ArrowArray> arrow_levels(const std::vector<std::string>& levels) {
  auto owner = std::make_unique<ArrowArrayOwner>();
  owner->offsets.push_back(0);
  for (const std::string& level : levels) {
    owner->bytes += level;
    owner->offsets.push_back(static_cast<std::int64_t>(owner->bytes.size()));
  }
  owner->buffers = {nullptr, owner->offsets.data(), owner->bytes.data()};
  auto out = std::make_unique<ArrowArray>();
  fill_array(*out, std::move(owner), levels.size(), 0);
  return out;
}

inline void export_column(const Column& column, ArrowSchema& schema, ArrowArray& array) {
  auto field = std::make_unique<ArrowSchemaOwner>();
  auto data = std::make_unique<ArrowArrayOwner>();
  field->name = column.name;
  const std::size_t rows = column.size();
  data->validity.assign(rows / 8 + 1, 0);
  std::size_t missing = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (column.is_missing_at(i))
      ++missing;
    else
      data->validity[i / 8] = static_cast<std::uint8_t>(data->validity[i / 8] | (1U << (i % 8)));
  }
  const void* const valid = data->validity.data();
  switch (column.type) {
    case ColumnType::number:
      field->format = "g";
      data->numbers = column.numbers;
      data->buffers = {valid, data->numbers.data()};
      break;
    case ColumnType::date:
      field->format = "tdD";
      data->integers = column.days;
      data->buffers = {valid, data->integers.data()};
      break;
    case ColumnType::category: {
      field->format = "i";
      data->integers = column.codes;
      data->buffers = {valid, data->integers.data()};
      auto levels = std::make_unique<ArrowSchemaOwner>();
      levels->format = "U";
      field->dictionary = std::make_unique<ArrowSchema>();
      fill_schema(*field->dictionary, std::move(levels), false);
      data->dictionary = arrow_levels(column.levels);
      break;
    }
    case ColumnType::text:
      field->format = "U";
      data->offsets.push_back(0);
      for (std::size_t i = 0; i < rows; ++i) {
        if (const auto text = column.texts[i]) data->bytes += *text;
        data->offsets.push_back(static_cast<std::int64_t>(data->bytes.size()));
      }
      data->buffers = {valid, data->offsets.data(), data->bytes.data()};
      break;
  }
  fill_schema(schema, std::move(field), true);
  fill_array(array, std::move(data), rows, missing);
}

}  // namespace detail

inline void export_arrow(const Frame& frame, ArrowSchema& schema, ArrowArray& array) {
  auto fields = std::make_unique<detail::ArrowSchemaOwner>();
  auto data = std::make_unique<detail::ArrowArrayOwner>();
  fields->format = "+s";
  fields->children.resize(frame.cols());
  data->children.resize(frame.cols());
  data->buffers = {nullptr};
  for (std::size_t j = 0; j < frame.cols(); ++j)
    detail::export_column(frame.column(j), fields->children[j], data->children[j]);
  detail::fill_schema(schema, std::move(fields), false);
  detail::fill_array(array, std::move(data), frame.rows(), 0);
}

}  // namespace riskflag::inline v0_1
