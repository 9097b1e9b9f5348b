#pragma once

// From JSON tokens to rows of cells.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/text.hpp>
#include <riskflag/json/exact.hpp>
#include <riskflag/serve/problem.hpp>
#include <riskflag/serve/row_input.hpp>

namespace riskflag::inline v0_1::serve::detail {

/// Reads one flat object, or an array of them, and calls `on_row(RowInput&)` at each row's end; false from it stops.
///
/// What is wrong with one cell goes to the row's issues; what is wrong with the shape of it all ends the reading, and
/// `shape_defect()` says what it is.
template <class OnRow>
class JsonRows : public JsonEvents {
 public:
  JsonRows(const FieldBook& book, std::size_t inputs, RowInput& row, OnRow on_row)
      : book_(book), inputs_(inputs), row_(row), on_row_(std::move(on_row)) {}

  [[nodiscard]] bool is_array() const noexcept { return array_; }
  [[nodiscard]] const std::string& shape_defect() const noexcept { return defect_; }

  bool begin_object() {
    if (place_ == Place::row) return nested("an object");
    if (place_ == Place::nested) return deeper();
    place_ = Place::row;
    row_.begin(book_, inputs_);
    last_ = 0;
    return true;
  }
  bool end_object() {
    if (place_ == Place::nested) return shallower();
    place_ = array_ ? Place::array : Place::start;
    return on_row_(row_);
  }
  bool begin_array() {
    if (place_ == Place::row) return nested("an array");
    if (place_ == Place::nested) return deeper();
    if (place_ == Place::array) return misshapen("an array");
    array_ = true;
    place_ = Place::array;
    return true;
  }
  bool end_array() {
    if (place_ == Place::nested) return shallower();
    place_ = Place::start;
    return true;
  }
  bool key(std::string_view name) {
    if (place_ == Place::nested) return true;
    current_ = nullptr;
    repeated_ = false;
    const std::size_t guess = row_.after[last_];
    current_ = guess < book_.size() && book_.name(guess) == name ? &book_.entry(guess) : book_.find(name);
    if (current_ == nullptr) {
      name_.assign(name.substr(0, 200));
      if (row_.issues.size() < kMaxErrors)
        row_.issues.push_back({name_, "unknown_field", "a value", book_.expected(name)});
      return true;
    }
    row_.after[last_] = current_->number;
    last_ = current_->number + 1;
    if (row_.seen[current_->number] == row_.stamp) {
      repeated_ = true;
      if (row_.issues.size() < kMaxErrors) {
        row_.issues.push_back(
            {book_.name(current_->number), "duplicate_key", "the field more than once", "the field once"});
      }
    }
    row_.seen[current_->number] = row_.stamp;
    return true;
  }
  bool string(std::string_view text) { return value({bundle::RawCell::Kind::text, text}, "a string"); }
  bool number(std::string_view text) { return value({bundle::RawCell::Kind::number, text}, "a number"); }
  bool boolean(bool yes) { return value({bundle::RawCell::Kind::boolean, yes ? "true" : "false"}, "a boolean"); }
  bool null() { return value({bundle::RawCell::Kind::null, {}}, "null"); }
  [[nodiscard]] bool skipping() const noexcept { return place_ == Place::nested; }

 private:
  enum class Place { start, array, row, nested };

  bool value(bundle::RawCell cell, std::string_view what) {
    if (place_ == Place::nested) return true;
    if (place_ != Place::row) return misshapen(what);
    if (current_ == nullptr || repeated_) return true;
    if (current_->kind == FieldBook::Kind::input) row_.cells[current_->place] = cell;
    if (current_->kind == FieldBook::Kind::id) row_.ids[current_->place] = cell;
    return true;
  }
  /// A field whose value is an object or array: one issue, and its inside is skipped.
  bool nested(std::string_view what) {
    if (current_ != nullptr && !repeated_) {
      if (row_.issues.size() < kMaxErrors) {
        row_.issues.push_back({book_.name(current_->number), "wrong_type", std::string(what), "a single value"});
      }
      // Not "missing" on top of "wrong".
      if (current_->kind == FieldBook::Kind::input) row_.cells[current_->place].kind = bundle::RawCell::Kind::null;
    }
    place_ = Place::nested;
    depth_ = 1;
    return true;
  }
  bool deeper() {
    ++depth_;
    return true;
  }
  bool shallower() {
    if (--depth_ == 0) place_ = Place::row;
    return true;
  }
  bool misshapen(std::string_view what) {
    defect_ = "the body is " + std::string(place_ == Place::array ? "an array that holds " : "") + std::string(what) +
              "; one flat object of fields, or an array of such objects, is accepted";
    return false;
  }

  const FieldBook& book_;
  std::size_t inputs_;
  RowInput& row_;
  OnRow on_row_;
  Place place_ = Place::start;
  bool array_ = false, repeated_ = false;
  std::size_t depth_ = 0, last_ = 0;  // 1 more than the last name's number
  const FieldBook::Entry* current_ = nullptr;
  std::string defect_, name_;
};

}  // namespace riskflag::inline v0_1::serve::detail
