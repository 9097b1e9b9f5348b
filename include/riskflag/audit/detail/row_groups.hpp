#pragma once

// Which rows are equal. Rows are dealt to partitions by the top bits of their hash, small enough for the second-level
// cache, so that each partition's table is built without waiting for memory and partitions run side by side.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/audit/detail/row_hash.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>

namespace riskflag::inline v0_1::audit::detail {

enum class RowPart : std::uint8_t { none, train, valid, test };

/// What equal rows say about a split.
struct RowGroups {
  std::uint64_t repeated_rows = 0;  ///< equal to an earlier row in all features and the label
  std::uint64_t distinct_rows = 0;  ///< by features alone
  /// Of each row the mean label of the training rows with the same features; NaN when there is none, or for rows of the
  /// training part itself.
  std::vector<double> train_mean{};
};

/// An open-addressing table from a hash to the number of its first appearance.
class HashNumbers {
 public:
  /// Empties the table for up to `keys` keys.
  void reset(std::size_t keys) {
    size_ = 0;
    slots_.assign(std::bit_ceil(2 * keys + 2), Slot{0, kEmpty});
    shift_ = 64 - std::countr_zero(slots_.size());
  }
  /// The number of a key: the next free one when it is new.
  [[nodiscard]] std::uint32_t number(std::uint64_t key) noexcept {
    const std::size_t mask = slots_.size() - 1;
    // The product's top bits: whole numbers as doubles differ in their upper bits alone.
    for (std::size_t i = static_cast<std::size_t>(key * 0x9e3779b97f4a7c15ULL >> shift_);; i = (i + 1) & mask) {
      if (slots_[i].number == kEmpty) {
        slots_[i] = {key, size_};
        return size_++;
      }
      if (slots_[i].key == key) return slots_[i].number;
    }
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t kEmpty = 0xffffffffU;
  struct Slot {
    std::uint64_t key;
    std::uint32_t number;
  };
  std::vector<Slot> slots_;
  int shift_ = 63;
  std::uint32_t size_ = 0;
};

[[nodiscard]] inline RowGroups group_rows(std::span<const std::uint64_t> hashes, std::span<const double> labels,
                                          std::span<const RowPart> parts, Executor& executor) {
  const std::size_t rows = hashes.size();
  constexpr std::size_t kRowsPerPartition = 8192;
  const std::size_t partitions = std::bit_ceil(rows / kRowsPerPartition + 1);
  const int shift = 64 - std::countr_zero(partitions);
  const auto partition_of = [&](std::uint64_t hash) {
    return partitions == 1 ? 0 : static_cast<std::size_t>(hash >> shift);
  };

  std::vector<std::uint32_t> starts(partitions + 1, 0), order(rows);
  for (const std::uint64_t hash : hashes) ++starts[partition_of(hash) + 1];
  for (std::size_t p = 0; p < partitions; ++p) starts[p + 1] += starts[p];
  std::vector<std::uint32_t> next(starts.begin(), starts.end() - 1);
  for (std::size_t i = 0; i < rows; ++i) order[next[partition_of(hashes[i])]++] = static_cast<std::uint32_t>(i);

  RowGroups out;
  out.train_mean.assign(rows, kMissing);
  std::vector<std::uint64_t> repeated(partitions), distinct(partitions);
  struct Scratch {
    HashNumbers table;
    std::vector<std::uint32_t> group;
    std::vector<double> sum, count;
  };
  std::vector<Scratch> scratches(executor.concurrency());
  executor.run(partitions, [&](std::size_t p, unsigned worker) {
    Scratch& s = scratches[worker];
    const std::span<const std::uint32_t> members(order.data() + starts[p], order.data() + starts[p + 1]);
    s.table.reset(members.size());
    for (const std::uint32_t row : members) (void)s.table.number(fold(canonical_bits(labels[row]), hashes[row]));
    repeated[p] = members.size() - s.table.size();
    s.table.reset(members.size());
    s.group.resize(members.size());
    s.sum.assign(members.size(), 0);
    s.count.assign(members.size(), 0);
    for (std::size_t k = 0; k < members.size(); ++k) {
      const std::uint32_t row = members[k], group = s.table.number(hashes[row]);
      s.group[k] = group;
      if (parts[row] == RowPart::train) {
        s.sum[group] += labels[row];
        s.count[group] += 1;
      }
    }
    distinct[p] = s.table.size();
    for (std::size_t k = 0; k < members.size(); ++k) {
      const RowPart part = parts[members[k]];
      const bool held_out = part == RowPart::valid || part == RowPart::test;
      if (held_out && s.count[s.group[k]] > 0) out.train_mean[members[k]] = s.sum[s.group[k]] / s.count[s.group[k]];
    }
  });
  for (std::size_t p = 0; p < partitions; ++p) {
    out.repeated_rows += repeated[p];
    out.distinct_rows += distinct[p];
  }
  return out;
}

}  // namespace riskflag::inline v0_1::audit::detail
