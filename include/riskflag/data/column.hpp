#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1 {

/// What the cells of a column are. A missing cell is a value of every type.
enum class ColumnType {
  number,    ///< doubles; missing is NaN
  category,  ///< codes into a sorted dictionary of levels; missing is kMissingCode
  text,      ///< one string a row, for identifiers and prose
  date,      ///< days since 1970-01-01; missing is kMissingDate
};

/// "number", "category", "text", "date": as schema.json writes it.
[[nodiscard]] constexpr std::string_view name_of(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::number: return "number";
    case ColumnType::category: return "category";
    case ColumnType::text: return "text";
    case ColumnType::date: return "date";
  }
  return "number";
}
/// The type of that name; nullopt for any other text.
[[nodiscard]] constexpr std::optional<ColumnType> find_column_type(std::string_view name) noexcept {
  for (const ColumnType type : {ColumnType::number, ColumnType::category, ColumnType::text, ColumnType::date}) {
    if (name == name_of(type)) return type;
  }
  return std::nullopt;
}

inline constexpr std::int32_t kMissingCode = -1;
inline constexpr std::int32_t kMissingDate = std::numeric_limits<std::int32_t>::min();

/// Many strings in two allocations: their bytes one after another, and where each ends. A string may be missing, which
/// is not the same as empty.
class TextPool {
 public:
  void push_back(std::optional<std::string_view> text) {
    if (text) bytes_.append(*text);
    ends_.push_back(bytes_.size() | (text ? 0 : kMissingBit));
  }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  [[nodiscard]] bool is_missing_at(std::size_t i) const noexcept { return (ends_[i] & kMissingBit) != 0; }
  /// The text of row i, valid until the pool changes; nullopt when missing.
  [[nodiscard]] std::optional<std::string_view> operator[](std::size_t i) const noexcept {
    if (is_missing_at(i)) return std::nullopt;
    const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1] & ~kMissingBit;
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  /// Memory of the pool in bytes.
  [[nodiscard]] std::size_t memory() const noexcept {
    return bytes_.capacity() + ends_.capacity() * sizeof(std::uint64_t);
  }

  static constexpr std::uint64_t kMissingBit = std::uint64_t{1} << 63;

  /// The parts, for readers that fill rows in parallel: `ends[i]` is the offset after row i's bytes, kMissingBit set
  /// when the row is missing. They must be consistent: ends ascend without the bit, the last one is bytes.size().
  [[nodiscard]] static TextPool from_parts(std::string bytes, std::vector<std::uint64_t> ends) {
    TextPool pool;
    pool.bytes_ = std::move(bytes);
    pool.ends_ = std::move(ends);
    return pool;
  }
  [[nodiscard]] friend bool operator==(const TextPool&, const TextPool&) = default;

 private:
  std::string bytes_;
  std::vector<std::uint64_t> ends_;
};

/// One named, typed column. Only the vector that `type` names is filled; every reader of a Column switches on `type`.
struct Column {
  std::string name{};
  ColumnType type = ColumnType::number;
  std::vector<double> numbers{};      ///< type number: one a row, NaN = missing
  std::vector<std::int32_t> codes{};  ///< type category: index into levels, kMissingCode = missing
  std::vector<std::string> levels{};  ///< type category: distinct, sorted by bytes
  std::vector<std::int32_t> days{};   ///< type date: days since 1970-01-01, kMissingDate = missing
  TextPool texts{};                   ///< type text

  /// Rows.
  [[nodiscard]] std::size_t size() const noexcept {
    switch (type) {
      case ColumnType::number: return numbers.size();
      case ColumnType::category: return codes.size();
      case ColumnType::text: return texts.size();
      case ColumnType::date: return days.size();
    }
    return 0;
  }
  [[nodiscard]] bool is_missing_at(std::size_t i) const noexcept {
    switch (type) {
      case ColumnType::number: return is_missing(numbers[i]);
      case ColumnType::category: return codes[i] == kMissingCode;
      case ColumnType::text: return texts.is_missing_at(i);
      case ColumnType::date: return days[i] == kMissingDate;
    }
    return true;
  }
  /// The cell as canonical text, which reads back to the same value: shortest round-trip number, level, text,
  /// "2026-11-22"; "" when missing.
  [[nodiscard]] std::string cell_text(std::size_t i) const {
    if (is_missing_at(i)) return {};
    switch (type) {
      case ColumnType::number: return number_text(numbers[i]);
      case ColumnType::category: return levels[static_cast<std::size_t>(codes[i])];
      case ColumnType::text: return std::string(*texts[i]);
      case ColumnType::date: return date_text(days[i]);
    }
    return {};
  }
};

}  // namespace riskflag::inline v0_1
