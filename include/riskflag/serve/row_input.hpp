#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/schema.hpp>

namespace riskflag::inline v0_1::serve {

/// What the names in a row mean: an input of the model, an id that is echoed, or a field of the schema that is not
/// used.
class FieldBook {
 public:
  enum class Kind : std::uint8_t { input, id, other };
  struct Entry {
    Kind kind = Kind::other;
    std::uint32_t place = 0;   ///< input: index into RowProgram::inputs(); id: index into ids()
    std::uint32_t number = 0;  ///< among all entries, for finding repeats
  };

  FieldBook(const Schema& schema, const bundle::RowProgram& program);

  /// nullptr for a name that the schema does not have.
  [[nodiscard]] const Entry* find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t number) const noexcept { return names_[number]; }
  [[nodiscard]] const Entry& entry(std::size_t number) const noexcept { return entries_[number]; }
  [[nodiscard]] const std::vector<std::string>& ids() const noexcept { return ids_; }
  /// "one of the fields in /v1/schema (did you mean …?)".
  [[nodiscard]] std::string expected(std::string_view unknown) const;

 private:
  std::vector<std::string> names_, ids_;
  std::vector<Entry> entries_;  // in the schema's order
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
};

/// One row of a request while it is read. Reused from row to row.
struct RowInput {
  std::vector<bundle::RawCell> cells;  ///< one for each input
  std::vector<bundle::RawCell> ids;    ///< one for each id field
  std::vector<std::uint32_t> seen;     ///< by FieldBook number: the row that had it last
  std::uint32_t stamp = 0;
  /// After the name of number i - 1 (0: in the first place) the last row had this number: clients keep an order of
  /// their own, so the next name is guessed.
  std::vector<std::uint32_t> after;
  std::vector<bundle::FieldIssue> issues;

  void begin(const FieldBook& book, std::size_t inputs);
};

inline FieldBook::FieldBook(const Schema& schema, const bundle::RowProgram& program) {
  std::uint32_t inputs = 0;
  for (const Field& field : schema.fields) {
    Entry entry;
    entry.number = static_cast<std::uint32_t>(entries_.size());
    if (field.role == Role::feature) {
      entry.kind = Kind::input;
      entry.place = inputs++;
    } else if (field.role == Role::id) {
      entry.kind = Kind::id;
      entry.place = static_cast<std::uint32_t>(ids_.size());
      ids_.push_back(field.name);
    }
    entries_.push_back(entry);
    names_.push_back(field.name);
  }
  if (inputs != program.inputs().size()) fail(ErrorCode::internal, "serve", "schema and row program differ");
  for (std::uint32_t i = 0; i < names_.size(); ++i) by_name_.emplace(names_[i], i);
}

inline const FieldBook::Entry* FieldBook::find(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &entries_[it->second];
}

inline std::string FieldBook::expected(std::string_view unknown) const {
  // A long list is not searched: an attacker chooses the names, and the distance costs time.
  const bool search = names_.size() <= 2000 && unknown.size() <= 200;
  return "one of the fields in /v1/schema" + (search ? did_you_mean(unknown, names_) : std::string());
}

inline void RowInput::begin(const FieldBook& book, std::size_t inputs) {
  cells.assign(inputs, {});
  ids.assign(book.ids().size(), {});
  if (seen.size() != book.size() || ++stamp == 0) {
    seen.assign(book.size(), 0);
    stamp = 1;
  }
  for (std::size_t i = after.size(); i <= book.size(); ++i) after.push_back(static_cast<std::uint32_t>(i));
  issues.clear();
}

}  // namespace riskflag::inline v0_1::serve
