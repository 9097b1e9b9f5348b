#pragma once

// Definition of import_arrow.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/arrow.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// One Arrow array as its cells; checks what the specification lets a producer do.
class ArrowCells {
 public:
  ArrowCells(const ArrowSchema& schema, const ArrowArray& array, const std::string& name)
      : array_(array), format_(schema.format == nullptr ? "" : schema.format), name_(name) {
    if (array.length < 0 || array.offset < 0) fail(ErrorCode::invalid_data, where(), "a negative length or offset");
  }

  [[nodiscard]] std::string where() const { return "arrow column " + quoted(name_); }
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(array_.length); }
  [[nodiscard]] const std::string& format() const noexcept { return format_; }

  /// Buffer i, which must be there unless the array is empty.
  [[nodiscard]] const void* buffer(std::int64_t i) const {
    if (i >= array_.n_buffers || (array_.buffers[i] == nullptr && size() > 0)) {
      fail(ErrorCode::invalid_data, where(),
           "buffer " + std::to_string(i) + " is absent; format " + quoted(format_) + " needs it");
    }
    return array_.buffers[i];
  }
  [[nodiscard]] bool is_valid(std::size_t i) const noexcept {
    if (array_.n_buffers == 0 || array_.buffers[0] == nullptr || array_.null_count == 0) return true;
    return bit(array_.buffers[0], i);
  }
  [[nodiscard]] bool bit(const void* bits, std::size_t i) const noexcept {
    const std::size_t at = static_cast<std::size_t>(array_.offset) + i;
    return ((static_cast<const std::uint8_t*>(bits)[at / 8] >> (at % 8)) & 1) != 0;
  }
  template <class T>
  [[nodiscard]] T value(const void* values, std::size_t i) const noexcept {
    T out;
    std::memcpy(&out, static_cast<const char*>(values) + (static_cast<std::size_t>(array_.offset) + i) * sizeof(T),
                sizeof(T));
    return out;
  }

  /// Calls with_value(i, T) for every valid cell.
  template <class T, class Take>
  void each(const Take& take) const {
    const void* const values = buffer(1);
    for (std::size_t i = 0; i < size(); ++i) {
      if (is_valid(i)) take(i, value<T>(values, i));
    }
  }
  /// Calls take(i, integer or real) for every valid cell; false when the format is not one of numbers.
  template <class Take>
  [[nodiscard]] bool each_number(const Take& take) const {
    if (format_ == "c")
      each<std::int8_t>(take);
    else if (format_ == "C")
      each<std::uint8_t>(take);
    else if (format_ == "s")
      each<std::int16_t>(take);
    else if (format_ == "S")
      each<std::uint16_t>(take);
    else if (format_ == "i")
      each<std::int32_t>(take);
    else if (format_ == "I")
      each<std::uint32_t>(take);
    else if (format_ == "l")
      each<std::int64_t>(take);
    else if (format_ == "L")
      each<std::uint64_t>(take);
    else if (format_ == "f")
      each<float>(take);
    else if (format_ == "g")
      each<double>(take);
    else
      return false;
    return true;
  }
  [[nodiscard]] bool is_text() const noexcept { return format_ == "u" || format_ == "U" || format_ == "vu"; }
  /// The texts; nullopt where missing. Only for is_text().
  [[nodiscard]] std::vector<std::optional<std::string_view>> texts() const {
    std::vector<std::optional<std::string_view>> out(size());
    if (format_ == "vu")
      see_texts(out);
    else if (format_ == "u")
      cut_texts<std::int32_t>(out);
    else
      cut_texts<std::int64_t>(out);
    return out;
  }

 private:
  template <class Offset>
  void cut_texts(std::vector<std::optional<std::string_view>>& out) const {
    if (size() == 0) return;
    const void* const offsets = buffer(1);
    const auto* const bytes = array_.n_buffers > 2 ? static_cast<const char*>(array_.buffers[2]) : nullptr;
    for (std::size_t i = 0; i < size(); ++i) {
      if (!is_valid(i)) continue;
      const auto begin = value<Offset>(offsets, i), end = value<Offset>(offsets, i + 1);
      if (begin < 0 || end < begin || (bytes == nullptr && end > begin)) {
        fail(ErrorCode::invalid_data, where(), "offsets that do not ascend at row " + std::to_string(i));
      }
      out[i] =
          end > begin ? std::string_view(bytes + begin, static_cast<std::size_t>(end - begin)) : std::string_view();
    }
  }

  /// Views of 16 bytes: a length, and up to 12 bytes of text, or 4 of them, the number of a data buffer and the place
  /// in it. Data buffers stand from 2 on, and their sizes in the last one.
  void see_texts(std::vector<std::optional<std::string_view>>& out) const {
    struct View {
      std::int32_t length, prefix, buffer, offset;
    };
    if (size() == 0) return;
    const auto* const views = static_cast<const char*>(buffer(1)) + array_.offset * std::int64_t{sizeof(View)};
    const std::int64_t data = array_.n_buffers - 3;
    const void* const sizes = data > 0 ? array_.buffers[array_.n_buffers - 1] : nullptr;
    for (std::size_t i = 0; i < size(); ++i) {
      if (!is_valid(i)) continue;
      const char* const at = views + i * sizeof(View);
      View view;
      std::memcpy(&view, at, sizeof view);
      if (view.length >= 0 && view.length <= 12) {
        out[i] = std::string_view(at + sizeof view.length, static_cast<std::size_t>(view.length));
        continue;
      }
      std::int64_t most = -1;
      if (sizes != nullptr && view.buffer >= 0 && view.buffer < data) {
        std::memcpy(&most, static_cast<const char*>(sizes) + view.buffer * std::int64_t{sizeof most}, sizeof most);
      }
      if (view.length < 0 || view.offset < 0 || std::int64_t{view.offset} + view.length > most) {
        fail(ErrorCode::invalid_data, where(), "row " + std::to_string(i) + " lies outside the text's buffers");
      }
      out[i] = std::string_view(static_cast<const char*>(array_.buffers[2 + view.buffer]) + view.offset,
                                static_cast<std::size_t>(view.length));
    }
  }

  const ArrowArray& array_;
  std::string format_;
  const std::string& name_;
};

[[nodiscard]] inline Column arrow_numbers(const ArrowCells& cells) {
  Column column;
  column.numbers.assign(cells.size(), kMissing);
  const auto take = [&]<class T>(std::size_t i, T value) {
    if constexpr (sizeof(T) == 8 && std::is_integral_v<T>) {
      constexpr T kMost = T{1} << 53;
      const bool fits = std::is_signed_v<T> ? value <= kMost && value >= static_cast<T>(T{0} - kMost) : value <= kMost;
      if (!fits) {
        fail(ErrorCode::invalid_data, cells.where(),
             "row " + std::to_string(i) + " holds " + std::to_string(value) +
                 ", which no double can; send integers beyond 2^53 as text");
      }
    }
    if constexpr (std::is_same_v<T, float>) {
      column.numbers[i] = from_float32(value);
    } else {
      column.numbers[i] = static_cast<double>(value);
    }
  };
  if (cells.format() == "b") {
    const void* const bits = cells.buffer(1);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells.is_valid(i)) column.numbers[i] = cells.bit(bits, i) ? 1 : 0;
    }
  } else if (cells.format() != "n" && !cells.each_number(take)) {
    fail(ErrorCode::unsupported, cells.where(),
         "format " + quoted(cells.format()) +
             "; accepted are integers, float, double, bool, utf8, large_utf8, utf8_view, dictionaries of these "
             "texts, date32 and null");
  }
  return column;
}

/// A category whose dictionary is what occurs, sorted.
[[nodiscard]] inline Column category_of(const std::vector<std::optional<std::string_view>>& texts) {
  Column column;
  column.type = ColumnType::category;
  std::map<std::string_view, std::int32_t> codes;
  for (const auto& text : texts) {
    if (text) codes.emplace(*text, 0);
  }
  for (auto& [level, code] : codes) {
    code = static_cast<std::int32_t>(column.levels.size());
    column.levels.emplace_back(level);
  }
  column.codes.reserve(texts.size());
  for (const auto& text : texts) column.codes.push_back(text ? codes.find(*text)->second : kMissingCode);
  return column;
}

[[nodiscard]] inline Column arrow_texts(const ArrowCells& cells) {
  const auto texts = cells.texts();
  const std::size_t limit = std::min<std::size_t>(1000, std::max<std::size_t>(16, texts.size() / 2));
  std::unordered_map<std::string_view, bool> levels;
  for (std::size_t i = 0; i < texts.size() && levels.size() <= limit; ++i) {
    if (texts[i]) levels.emplace(*texts[i], true);
  }
  if (levels.size() <= limit) return category_of(texts);
  Column column;
  column.type = ColumnType::text;
  for (const auto& text : texts) column.texts.push_back(text);
  return column;
}

[[nodiscard]] inline Column arrow_dictionary(const ArrowSchema& schema, const ArrowArray& array,
                                             const ArrowCells& cells, const std::string& name) {
  if (array.dictionary == nullptr)
    fail(ErrorCode::invalid_data, cells.where(), "the dictionary that its schema names is absent");
  const ArrowCells entries(*schema.dictionary, *array.dictionary, name);
  if (!entries.is_text()) {
    fail(ErrorCode::unsupported, cells.where(),
         "a dictionary of format " + quoted(entries.format()) + "; accepted are texts");
  }
  const auto levels = entries.texts();
  std::vector<std::optional<std::string_view>> texts(cells.size());
  const auto take = [&]<class T>(std::size_t i, T index) {
    if (!(index >= T{0}) || !(static_cast<double>(index) < static_cast<double>(levels.size()))) {
      fail(
          ErrorCode::invalid_data, cells.where(),
          "row " + std::to_string(i) + " points outside a dictionary of " + std::to_string(levels.size()) + " entries");
    }
    texts[i] = levels[static_cast<std::size_t>(index)];
  };
  if (cells.format() == "f" || cells.format() == "g" || !cells.each_number(take)) {
    fail(ErrorCode::unsupported, cells.where(),
         "dictionary indices of format " + quoted(cells.format()) + "; accepted are integers");
  }
  return category_of(texts);
}

}  // namespace detail

inline Frame import_arrow(const ArrowSchema& schema, const ArrowArray& array) {
  if (schema.release == nullptr || array.release == nullptr) {
    fail(ErrorCode::invalid_data, "arrow", "a struct that was released already");
  }
  if (schema.format == nullptr || std::string_view(schema.format) != "+s" || schema.n_children != array.n_children ||
      array.offset != 0) {
    fail(ErrorCode::invalid_data, "arrow",
         "format " + quoted(schema.format == nullptr ? "" : schema.format) +
             "; accepted is a record batch: a struct (\"+s\") without offset, its columns as children");
  }
  Frame frame;
  for (std::int64_t j = 0; j < schema.n_children; ++j) {
    const ArrowSchema& field = *schema.children[j];
    const ArrowArray& child = *array.children[j];
    std::string name = field.name == nullptr || *field.name == '\0' ? "c" + std::to_string(j) : std::string(field.name);
    const detail::ArrowCells cells(field, child, name);
    Column column;
    if (field.dictionary != nullptr) {
      column = detail::arrow_dictionary(field, child, cells, name);
    } else if (cells.is_text()) {
      column = detail::arrow_texts(cells);
    } else if (cells.format() == "tdD") {
      column.type = ColumnType::date;
      column.days.assign(cells.size(), kMissingDate);
      cells.each<std::int32_t>([&](std::size_t i, std::int32_t days) { column.days[i] = days; });
    } else {
      column = detail::arrow_numbers(cells);
    }
    column.name = std::move(name);
    frame.add(std::move(column));
  }
  return frame;
}

}  // namespace riskflag::inline v0_1
