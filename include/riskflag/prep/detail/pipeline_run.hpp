#pragma once

// Definitions of prep/pipeline.hpp.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/prep/fields.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/pipeline.hpp>

namespace riskflag::inline v0_1::prep {

namespace detail {

inline constexpr std::size_t kBlockRows = 1024;
inline constexpr std::size_t kMaxStack = 1000;

[[nodiscard]] inline bool ascends(const std::vector<double>& edges) noexcept {
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (is_missing(edges[i]) || (i > 0 && !(edges[i - 1] < edges[i]))) return false;
  }
  return true;
}

[[nodiscard]] inline bool one_hot_is_sound(const OneHot& op) noexcept {
  const auto fits = [&](std::int32_t column) {
    return column >= -1 && static_cast<std::int64_t>(column) < static_cast<std::int64_t>(op.count);
  };
  return fits(op.missing) && fits(op.unseen) && std::all_of(op.table.begin(), op.table.end(), fits);
}

}  // namespace detail

inline Pipeline::Pipeline(PipelineParts parts) : parts_(std::move(parts)) {
  const auto refuse = [](std::size_t i, const std::string& what) {
    fail(ErrorCode::corrupt, "pipeline", "operation " + std::to_string(i) + ": " + what);
  };
  if (parts_.input_levels.size() != parts_.inputs.size() || parts_.features.size() != parts_.feature_slots.size()) {
    fail(ErrorCode::corrupt, "pipeline", "the lists of inputs or of features differ in length");
  }
  std::size_t written = parts_.inputs.size();
  for (std::size_t i = 0; i < parts_.operations.size(); ++i) {
    const Operation& operation = parts_.operations[i];
    for (const Slot slot : slots_read(operation)) {
      if (slot >= written) refuse(i, "reads slot " + std::to_string(slot) + " before it is written");
    }
    // Slots are numbered in the order in which they are written, so that none is left out and none written twice.
    if (first_slot_written(operation) != written) {
      refuse(i,
             "writes slot " + std::to_string(first_slot_written(operation)) + "; accepted: " + std::to_string(written));
    }
    written += slots_written(operation);
    if (const auto* formula = std::get_if<Formula>(&operation)) {
      const std::size_t depth = stack_depth(formula->program);
      if (depth == 0 || depth > detail::kMaxStack) refuse(i, "its program is not well formed");
      stack_depth_ = std::max(stack_depth_, depth);
    } else if (const auto* bin = std::get_if<Bin>(&operation)) {
      if (!detail::ascends(bin->edges)) refuse(i, "its edges do not ascend");
    } else if (const auto* one_hot = std::get_if<OneHot>(&operation)) {
      if (!detail::one_hot_is_sound(*one_hot)) refuse(i, "its table names a column beyond its count");
    }
  }
  std::set<std::string> names;
  for (std::size_t j = 0; j < parts_.features.size(); ++j) {
    if (parts_.feature_slots[j] >= written) {
      fail(ErrorCode::corrupt, "pipeline",
           "feature " + quoted(parts_.features[j].name) + " is a slot that nothing writes");
    }
    if (!names.insert(parts_.features[j].name).second) {
      fail(ErrorCode::corrupt, "pipeline", "two features are called " + quoted(parts_.features[j].name));
    }
  }
  slot_count_ = written;
}

inline std::vector<std::string> Pipeline::feature_names() const {
  std::vector<std::string> out;
  for (const Feature& feature : parts_.features) out.push_back(feature.name);
  return out;
}

inline void Pipeline::run(std::size_t n, std::span<const double* const> fields, std::span<double* const> out,
                          Scratch& scratch) const {
  const std::size_t inputs = parts_.inputs.size();
  if (fields.size() != inputs || out.size() != parts_.features.size()) {
    fail(ErrorCode::schema_mismatch, "pipeline",
         std::to_string(fields.size()) + " fields in and " + std::to_string(out.size()) +
             " features out; accepted: " + std::to_string(inputs) + " and " + std::to_string(parts_.features.size()));
  }
  scratch.values.resize(std::max(scratch.values.size(), (slot_count_ - inputs + stack_depth_) * n));
  scratch.slots.resize(std::max(scratch.slots.size(), slot_count_));
  double** const slots = scratch.slots.data();
  // Operations only read the fields: the constness is put back by slots_read() being all that touches them.
  for (std::size_t f = 0; f < inputs; ++f) slots[f] = const_cast<double*>(fields[f]);
  for (std::size_t s = inputs; s < slot_count_; ++s) slots[s] = scratch.values.data() + (s - inputs) * n;
  double* const stack = scratch.values.data() + (slot_count_ - inputs) * n;
  // A feature that is a slot of its own is written in place.
  for (std::size_t j = 0; j < out.size(); ++j) {
    if (parts_.feature_slots[j] >= inputs) slots[parts_.feature_slots[j]] = out[j];
  }
  for (const Operation& operation : parts_.operations) apply(operation, n, slots, stack);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const double* from = slots[parts_.feature_slots[j]];
    if (from != out[j]) std::copy_n(from, n, out[j]);
  }
}

inline void Pipeline::transform_row(std::span<const double> fields, std::span<double> out, Scratch& scratch) const {
  scratch.fields.resize(fields.size());
  scratch.outputs.resize(out.size());
  for (std::size_t i = 0; i < fields.size(); ++i) scratch.fields[i] = &fields[i];
  for (std::size_t j = 0; j < out.size(); ++j) scratch.outputs[j] = &out[j];
  run(1, scratch.fields, scratch.outputs, scratch);
}

inline FeatureMatrix Pipeline::transform(const Frame& frame, const Schema& schema, Executor& executor) const {
  const FieldEncoder encoder(schema);
  if (encoder.inputs() != parts_.inputs) {
    fail(ErrorCode::schema_mismatch, "pipeline",
         "the schema's features are not the fields that the pipeline was fitted on");
  }
  for (std::size_t f = 0; f < parts_.inputs.size(); ++f) {
    if (encoder.fields()[f].levels.size() != parts_.input_levels[f]) {
      fail(ErrorCode::schema_mismatch, "pipeline",
           "field " + quoted(parts_.inputs[f]) + " has " + std::to_string(encoder.fields()[f].levels.size()) +
               " levels in the schema and had " + std::to_string(parts_.input_levels[f]) +
               " when the pipeline was fitted; accepted: the schema of prepare_schema that it was fitted with");
    }
  }
  const FrameFields bound = encoder.bind(frame);
  FeatureMatrix matrix{frame.rows(), parts_.features.size(), {}};
  matrix.values.resize(matrix.rows * matrix.cols);

  struct Worker {
    Scratch scratch;
    std::vector<double> values;
    std::vector<double*> raw, out;
    std::vector<const double*> fields;
  };
  std::vector<Worker> workers(executor.concurrency());
  parallel_for(executor, matrix.rows, detail::kBlockRows, [&](std::size_t begin, std::size_t end, unsigned id) {
    Worker& worker = workers[id];
    const std::size_t n = end - begin;
    if (worker.raw.empty()) {
      worker.values.resize(parts_.inputs.size() * detail::kBlockRows);
      for (std::size_t f = 0; f < parts_.inputs.size(); ++f) {
        worker.raw.push_back(worker.values.data() + f * detail::kBlockRows);
        worker.fields.push_back(worker.raw.back());
      }
      worker.out.resize(matrix.cols);
    }
    bound.encode(begin, n, worker.raw);
    for (std::size_t j = 0; j < matrix.cols; ++j) worker.out[j] = matrix.values.data() + j * matrix.rows + begin;
    run(n, worker.fields, worker.out, worker.scratch);
  });
  return matrix;
}

}  // namespace riskflag::inline v0_1::prep
