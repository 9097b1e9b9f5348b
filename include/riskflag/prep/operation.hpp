#pragma once

// The fitted half of prep: a pipeline is a list of these small numeric operations (docs/formats/pipeline.md).
//
// Every column is an array of doubles, called a slot. A number is itself, a date its day number, a category the index
// of its level; NaN is missing, and kUnseen a level that the schema does not know. Each operation reads finished slots
// and writes new ones; n is 1 for one applicant and up to 1024 for a block of a frame, and the loops are the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace riskflag::inline v0_1::prep {

/// The code of a level that the schema does not know. Each operation says what it makes of it.
inline constexpr double kUnseen = -1.0;

using Slot = std::uint32_t;

/// Missing becomes `value` (of a category: the code of a level); everything else, kUnseen too, passes.
struct Fill {
  Slot in = 0, out = 0;
  double value = 0;
};
/// 1 where the value is missing, else 0 (kUnseen is not missing).
struct MissingFlag {
  Slot in = 0, out = 0;
};
/// Values below `low` become `low`, above `high` become `high`; missing stays.
struct Clip {
  Slot in = 0, out = 0;
  double low = 0, high = 0;
};
/// log(1 + x); x <= -1 becomes missing.
struct Log1p {
  Slot in = 0, out = 0;
};
/// (x - mean) / scale; missing stays.
struct Scale {
  Slot in = 0, out = 0;
  double mean = 0, scale = 1;
};
/// table[code]; `missing` for a missing value, `unseen` for kUnseen and for a code beyond the table. Ordinal,
/// frequency, target and weight-of-evidence encodings are this, and so is group (its table holds codes of groups).
struct Lookup {
  Slot in = 0, out = 0;
  std::vector<double> table{};
  double missing = 0, unseen = 0;
};
/// Slots out .. out + count - 1 are 0, but for a 1 in slot out + table[code]; -1 leaves all of them 0.
struct OneHot {
  Slot in = 0, out = 0;
  std::uint32_t count = 0;
  std::vector<std::int32_t> table{};
  std::int32_t missing = -1, unseen = -1;
};
/// How many of the ascending `edges` are <= x: bin 0 is (-inf, edges[0]), bin i is [edges[i-1], edges[i]). Missing
/// stays.
struct Bin {
  Slot in = 0, out = 0;
  std::vector<double> edges{};
};
/// Missing where the number is one of `codes`, else the number.
struct DropSpecial {
  Slot in = 0, out = 0;
  std::vector<double> codes{};
};
/// 1 + i where the number is codes[i], 0 for any other number; missing stays.
struct SpecialLevel {
  Slot in = 0, out = 0;
  std::vector<double> codes{};
};
/// kUnseen becomes missing: the last thing that happens to a native categorical feature.
struct KnownLevel {
  Slot in = 0, out = 0;
};

/// One token of a postfix program.
struct Token {
  enum class Kind : std::uint8_t {
    constant,
    slot,
    negate,
    add,
    subtract,
    multiply,
    divide,
    log,
    log1p,
    abs,
    minimum,
    maximum,
    if_missing
  };
  Kind kind = Kind::constant;
  double constant = 0;
  Slot slot = 0;
  friend bool operator==(const Token&, const Token&) = default;
};
/// A postfix program over slots. A missing operand makes the result missing (but for if_missing), and so does every
/// result that is not finite: x / 0, log(0), an overflow.
struct Formula {
  Slot out = 0;
  std::vector<Token> program{};
  std::string text{};  ///< as the recipe spelled it; for people
};

using Operation = std::variant<Fill, MissingFlag, Clip, Log1p, Scale, Lookup, OneHot, Bin, DropSpecial, SpecialLevel,
                               KnownLevel, Formula>;

/// The slots that an operation reads, and the first slot and number of slots that it writes.
[[nodiscard]] std::vector<Slot> slots_read(const Operation& operation);
[[nodiscard]] Slot first_slot_written(const Operation& operation) noexcept;
[[nodiscard]] std::uint32_t slots_written(const Operation& operation) noexcept;
/// How many values a Formula's program holds at once, at most; 0 when the program is not well formed.
[[nodiscard]] std::size_t stack_depth(const std::vector<Token>& program) noexcept;

/// Runs one operation on n values. slots[s] is the array of slot s (n doubles); `stack` has stack_depth * n doubles for
/// a Formula and is not touched otherwise. Allocates nothing, throws nothing; the bits depend on no flags.
void apply(const Operation& operation, std::size_t n, double* const* slots, double* stack) noexcept;

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/operation_apply.hpp>
