#pragma once

// The state of one fit(): the columns as the steps so far made them, the operations, and the training values of each
// slot.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/prep/detail/select_columns.hpp>
#include <riskflag/prep/fields.hpp>
#include <riskflag/prep/fit_inputs.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// A column on its way to become a feature.
struct WorkColumn {
  std::string name;
  ColumnType type = ColumnType::number;
  Slot slot = 0;
  std::vector<std::string> levels;
  std::vector<std::string> fields;  // raw fields, sorted
  std::optional<double> information_value;
};

class FitContext {
 public:
  FitContext(const Schema& schema, const Frame& frame, const FitInputs& inputs, Executor& executor)
      : encoder_(schema), bound_(encoder_.bind(frame)), inputs_(inputs), executor_(executor) {
    for (std::size_t f = 0; f < encoder_.fields().size(); ++f) {
      const Field& field = encoder_.fields()[f];
      columns_.push_back({field.name, field.type, static_cast<Slot>(f), field.levels, {field.name}, std::nullopt});
    }
    training_.resize(columns_.size());
    producer_.resize(columns_.size());
  }

  [[nodiscard]] std::size_t rows() const noexcept { return bound_.rows(); }
  [[nodiscard]] const FitInputs& inputs() const noexcept { return inputs_; }
  [[nodiscard]] Executor& executor() noexcept { return executor_; }
  [[nodiscard]] const FieldEncoder& encoder() const noexcept { return encoder_; }
  [[nodiscard]] std::vector<WorkColumn>& columns() noexcept { return columns_; }
  [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }

  /// Positions of the columns that `columns` selects.
  [[nodiscard]] std::vector<std::size_t> select(const Columns& columns, std::string_view op) const {
    std::vector<NamedType> all;
    for (const WorkColumn& column : columns_) all.push_back({column.name, column.type});
    return select_columns(columns, all, op);
  }
  [[nodiscard]] const WorkColumn& column(std::string_view name, std::string_view op) const {
    Columns one;
    one.names.emplace_back(name);
    return columns_[select(one, op).front()];
  }

  /// Adds an operation, whose `out` is set here, and gives its first slot.
  template <class Op>
  Slot append(Op op) {
    op.out = static_cast<Slot>(training_.size());
    const Slot out = op.out;
    Operation operation = std::move(op);
    const std::vector<Slot> read = slots_read(operation);
    const bool after_labels = std::any_of(read.begin(), read.end(), [&](Slot s) { return training_[s].cross_fitted; });
    training_.resize(training_.size() + slots_written(operation));
    for (Slot s = out; s < training_.size(); ++s) training_[s].cross_fitted = after_labels;
    producer_.resize(training_.size(), operations_.size());
    operations_.push_back(std::move(operation));
    return out;
  }

  /// The training rows' values of a slot: cross-fitted where it came from labels, else what its operation makes of
  /// them.
  [[nodiscard]] const std::vector<double>& values(Slot slot) {
    if (!training_[slot].values.empty() || rows() == 0) return training_[slot].values;
    if (slot < encoder_.fields().size()) {
      std::vector<double>& out = training_[slot].values;
      out.resize(rows());
      parallel_for(executor_, rows(), kChunk, [&](std::size_t begin, std::size_t end, unsigned) {
        bound_.encode_field(slot, begin, end - begin, out.data() + begin);
      });
      return out;
    }
    run_operation(operations_[producer_[slot]]);
    return training_[slot].values;
  }
  /// Sets the training values of a slot that the pipeline's own operation must not make: they were cross-fitted. Call
  /// it before anything reads the slot.
  void set_cross_fitted(Slot slot, std::vector<double> values) {
    training_[slot].values = std::move(values);
    training_[slot].cross_fitted = true;
  }
  /// True when the slot's training values differ from what the fitted pipeline makes of the training rows.
  [[nodiscard]] bool is_cross_fitted(Slot slot) const noexcept { return training_[slot].cross_fitted; }

  /// Puts `made` in the place of column `at`, or behind it (keep). Throws already_exists for a name that is taken.
  void replace(std::size_t at, std::vector<WorkColumn> made, bool keep, std::string_view op) {
    const auto here = columns_.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<WorkColumn> rest(columns_.begin(), here);
    if (keep) rest.push_back(*here);
    rest.insert(rest.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
    rest.insert(rest.end(), here + 1, columns_.end());
    columns_ = std::move(rest);
    check_names(op);
  }
  void check_names(std::string_view op) const {
    std::vector<std::string_view> names;
    for (const WorkColumn& column : columns_) names.push_back(column.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
      fail(ErrorCode::already_exists, std::string(op),
           "there would be two columns " + quoted(*twice) + "; names are unique");
    }
  }

  /// Calls fit(i) for i in [0, n) on the executor and gives the results in order.
  template <class Fit>
  [[nodiscard]] auto each(std::size_t n, Fit fit) {
    std::vector<std::optional<decltype(fit(std::size_t{}))>> out(n);
    executor_.run(n, [&](std::size_t i, unsigned) { out[i].emplace(fit(i)); });
    return out;
  }

  /// The folds of all training rows for one step.
  [[nodiscard]] std::vector<std::uint32_t> folds(int count) const {
    std::vector<std::uint32_t> out(rows());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t unit = inputs_.groups.empty() ? i : inputs_.groups[i];
      out[i] = cross_fit_fold(inputs_.seed, unit, static_cast<std::uint32_t>(count));
    }
    return out;
  }

  /// The training rows in the order of ordered encodings, drawn from the seed; rows of one group stand together.
  [[nodiscard]] std::vector<std::uint32_t> drawn_order() const {
    constexpr std::uint64_t kUse = 0x6f726465;  // "orde"
    const Random random = Random(inputs_.seed).split(kUse);
    const auto unit = [&](std::size_t row) { return inputs_.groups.empty() ? row : inputs_.groups[row]; };
    std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>> keyed(rows());
    for (std::size_t i = 0; i < keyed.size(); ++i)
      keyed[i] = {random.bits(unit(i)), unit(i), static_cast<std::uint32_t>(i)};
    std::sort(keyed.begin(), keyed.end());
    std::vector<std::uint32_t> out(rows());
    for (std::size_t i = 0; i < keyed.size(); ++i) out[i] = std::get<2>(keyed[i]);
    return out;
  }

 private:
  static constexpr std::size_t kChunk = 16 * 1024;
  struct Training {
    std::vector<double> values;
    bool cross_fitted = false;
  };

  void run_operation(const Operation& operation) {
    const std::vector<Slot> read = slots_read(operation);
    for (const Slot slot : read) (void)values(slot);
    const Slot first = first_slot_written(operation);
    const std::uint32_t written = slots_written(operation);
    for (Slot s = first; s < first + written; ++s) training_[s].values.resize(rows());
    const auto* formula = std::get_if<Formula>(&operation);
    const std::size_t depth = formula != nullptr ? stack_depth(formula->program) : 0;
    parallel_for(executor_, rows(), kChunk, [&](std::size_t begin, std::size_t end, unsigned) {
      std::vector<double*> slots(first + written);
      for (const Slot slot : read) slots[slot] = training_[slot].values.data() + begin;
      for (Slot s = first; s < first + written; ++s) slots[s] = training_[s].values.data() + begin;
      std::vector<double> stack(depth * (end - begin));
      apply(operation, end - begin, slots.data(), stack.data());
    });
  }

  FieldEncoder encoder_;
  FrameFields bound_;
  const FitInputs& inputs_;
  Executor& executor_;
  std::vector<WorkColumn> columns_;
  std::vector<Operation> operations_;
  std::vector<Training> training_;     // by slot
  std::vector<std::size_t> producer_;  // by slot: the operation that writes it
};

}  // namespace riskflag::inline v0_1::prep::detail
