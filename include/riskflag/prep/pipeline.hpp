#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <riskflag/core/feature.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/frame.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/prep/operation.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep {

/// A table of prepared features that owns its values, column after column.
struct FeatureMatrix {
  std::size_t rows = 0, cols = 0;
  std::vector<double> values{};  ///< column-major: feature j of row i is values[j * rows + i]; NaN = missing
  [[nodiscard]] MatrixView<double> view() const noexcept {
    return MatrixView<double>::col_major(values.data(), rows, cols);
  }
};

/// Working memory of one thread; reused from call to call, it stops allocating once it has seen its largest n.
struct Scratch {
  std::vector<double> values;
  std::vector<double*> slots;
  std::vector<const double*> fields;
  std::vector<double*> outputs;
};

/// What a pipeline is made of, as pipeline.json holds it. Slots 0 .. inputs.size() - 1 are the raw fields.
struct PipelineParts {
  std::vector<std::string> inputs{};        ///< names of the raw fields, in the schema's order
  std::vector<std::size_t> input_levels{};  ///< how many levels each has; 0 = a number or date
  std::vector<Operation> operations{};      ///< each reads slots that are written before it
  std::vector<Feature> features{};
  std::vector<Slot> feature_slots{};  ///< the slot that each feature is
  Recipe recipe{};                    ///< what was fitted
  std::map<std::string, double>
      information_value{};  ///< by feature: of weight-of-evidence columns, from all training rows
};

/// A fitted preparation: raw fields in, features out; the same bits for one row and for a frame, for any block size,
/// number of threads, compiler and flags.
///
/// Life: 1. fit() or bundle::parse_pipeline makes it; 2. any number of threads apply it, each with its own Scratch;
/// 3. bundle::pipeline_text saves it. Const members are thread-safe.
class Pipeline {
 public:
  Pipeline() = default;
  /// Throws Error(corrupt) when a slot is read before it is written or written twice, a formula is not well formed, a
  /// one-hot table names a column that is not there, or edges do not ascend: what stands here was read from a file,
  /// perhaps.
  explicit Pipeline(PipelineParts parts);

  [[nodiscard]] const PipelineParts& parts() const noexcept { return parts_; }
  /// Names, types, levels and raw fields of what comes out, in order.
  [[nodiscard]] const std::vector<Feature>& features() const noexcept { return parts_.features; }
  [[nodiscard]] std::vector<std::string> feature_names() const;
  /// Names of the raw fields that go in, in order.
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return parts_.inputs; }

  /// Prepares n rows: fields[i] is the array of input i, out[j] receives feature j (n doubles each).
  void run(std::size_t n, std::span<const double* const> fields, std::span<double* const> out, Scratch& scratch) const;
  /// Prepares one row: fields.size() == inputs().size(), out.size() == features().size().
  void transform_row(std::span<const double> fields, std::span<double> out, Scratch& scratch) const;
  /// Prepares a frame, in blocks of 1024 rows. `schema` is the one that the pipeline was fitted with.
  /// Throws Error(schema_mismatch) when the frame or the schema does not fit.
  [[nodiscard]] FeatureMatrix transform(const Frame& frame, const Schema& schema, Executor& executor) const;

 private:
  PipelineParts parts_;
  std::size_t slot_count_ = 0;
  std::size_t stack_depth_ = 0;
};

}  // namespace riskflag::inline v0_1::prep

#include <riskflag/prep/detail/pipeline_run.hpp>
