#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/predict/dispatch.hpp>
#include <riskflag/predict/walk_forest.hpp>

namespace riskflag::inline v0_1 {

/// Which engine scores; the answers do not differ by a bit.
struct PredictorOptions {
  /// "auto", "symmetric" (trees that ask one question a level), "scan" (interval scan) or "walk" (node by node).
  std::string_view engine = "auto";
  /// Of the scan: "auto", "scalar", "neon", "ssse3", "avx2", "avx512". "auto" is the environment's RISKFLAG_KERNEL, or
  /// else the best one that this CPU runs.
  std::string_view kernel = "auto";
};

/// Scores rows with a model: the fast form, bit-equal to margin() and predict_row() of model/walk.hpp on every CPU, at
/// any flags, for one row or many.
///
/// Life: 1. made from a model, which it does not keep; 2. used from any number of threads, no member locks, and none
/// allocates for a row or a small batch (margins() takes up to 75 KiB of stack; a batch that is scored in planes, from
/// 48 rows on at the earliest, one buffer of up to 1.2 MiB where there is one to be had); 3. copied for free: copies
/// share the forest.
class Predictor {
 public:
  /// Fails with `corrupt` for a model that check_model refuses, `unsupported` when options.engine is "scan" or
  /// "symmetric" and the model is beyond it (linear leaves in trees of more than 256) or options.kernel does not run
  /// here, `invalid_option` for an unknown engine or kernel.
  [[nodiscard]] static Result<Predictor> make(const Model& model, const PredictorOptions& options = {});

  [[nodiscard]] std::size_t features() const noexcept { return parts_->features.size(); }
  [[nodiscard]] int outputs() const noexcept { return parts_->outputs; }
  [[nodiscard]] const std::vector<std::string>& feature_names() const noexcept { return parts_->features; }
  [[nodiscard]] const std::string& objective() const noexcept { return parts_->objective.name; }
  /// Of such models alone may a row of finite values have a score that is no number: products overflow.
  [[nodiscard]] bool has_linear_leaves() const noexcept { return parts_->walk.has_linear_leaves(); }

  /// The margin of one row (features() values side by side, NaN = missing), of the first output.
  [[nodiscard]] double margin(const double* row) const noexcept;
  /// The margins of one row: outputs() of them.
  void row_margins(const double* row, double* out) const noexcept;
  /// The prediction after the link, of a one-output model: a probability for "binary".
  [[nodiscard]] double probability(const double* row) const noexcept;
  void row_probabilities(const double* row, double* out) const noexcept;
  /// The prediction that a margin of a one-output model means, for a caller that adds an offset of its own to margin().
  [[nodiscard]] double prediction_of(double margin) const noexcept {
    apply_link(parts_->link, parts_->objective.sigmoid, std::span<double>(&margin, 1));
    return margin;
  }

  /// margin(row) >= threshold, always the full sum's answer: trees are left out only when no leaf of theirs can change
  /// it. Never true for a NaN threshold or margin. Models whose leaves have no grid, or are averaged, are summed in
  /// full.
  [[nodiscard]] bool is_at_least(const double* row, double threshold) const noexcept;

  /// The margins of many rows into `out`, rows x outputs, row-major. Requires rows.cols() == features() and
  /// out.size() == rows.rows() * outputs(); nothing is written otherwise, and false returned.
  bool margins(MatrixView<double> rows, std::span<double> out) const noexcept;
  /// Of float rows: each value as the double that it is. A row of more than 4096 features, and batches that are scored
  /// in planes, are copied to the heap piece by piece (2 MiB, or one block).
  bool margins(MatrixView<float> rows, std::span<double> out) const;
  /// The same after the link: softmax over a row's outputs for "multiclass".
  bool probabilities(MatrixView<double> rows, std::span<double> out) const noexcept;

  /// What was chosen and why: "interval scan, avx512 kernel: 500 trees, 15000 nodes, 55 columns".
  [[nodiscard]] std::string describe() const;
  /// "symmetric", "scan" or "walk".
  [[nodiscard]] std::string_view engine() const noexcept {
    return parts_->walks ? "walk" : parts_->scan.symmetric ? "symmetric" : "scan";
  }
  [[nodiscard]] std::string_view kernel() const noexcept { return parts_->walks ? "" : parts_->kernel->name; }

 private:
  /// Everything, made once and shared by copies; never changed afterwards, so that its view stays valid.
  struct Parts {
    Objective objective;
    Link link = Link::identity;
    std::vector<std::string> features;
    std::vector<double> base;
    int outputs = 1;
    std::size_t trees = 0, nodes = 0;
    bool average = false;
    bool any_order = false;  ///< leaves lie on a grid: sums are exact in any order
    std::string why_walk;
    bool walks = false;       ///< the engine: walk, or scan
    bool walks_rows = false;  ///< single rows at least
    WalkForest walk;
    ScanForest scan;
    PlaneForest planes;
    const ScanKernel* kernel = nullptr;
  };

  explicit Predictor(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  /// The first `wanted` outputs of one row. With a threshold: stops early, and `out` is then a bound on the threshold's
  /// side of the margin.
  void scan_row(const double* row, std::size_t wanted, double* out, const double* threshold = nullptr) const noexcept;
  void walk_row(const double* row, std::ptrdiff_t stride, std::size_t wanted, double* out) const noexcept;
  /// Scores the first rows in planes, as many as are worth it, and says how many.
  std::size_t plane_blocks(MatrixView<double> rows, double* out) const noexcept;
  void scan_block(MatrixView<double> rows, double* out) const noexcept;
  [[nodiscard]] double finish(double sum, std::size_t output) const noexcept;

  std::shared_ptr<const Parts> parts_;
};

}  // namespace riskflag::inline v0_1

#include <riskflag/predict/detail/predictor.hpp>
