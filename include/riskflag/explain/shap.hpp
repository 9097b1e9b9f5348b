#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <riskflag/core/cpu.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/explain/kernels/kernel.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// What each feature adds to a row's margin: exact Shapley values of the trees, before the link.
///
/// Path-dependent values (Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles", 2018)
/// compare with the training mean: a feature that is not known sends the row both ways, by the shares of training rows
/// that went there. They are LightGBM's predict_contrib. Computed as an integral over the chance that a feature is
/// known, which Gauss-Legendre points give exactly: no depth limit, no loss of digits on long paths. Interventional
/// values compare with given reference rows. The same bits on every CPU, for one row or many.
///
/// Life: 1. made from a model, which it does not keep; 2. used from any number of threads, each with its own Scratch;
/// nothing is allocated once a Scratch is warm; 3. copied for free: copies share the trees.
class Explainer {
 public:
  /// Rows to compare with, looked at once: which way each goes at every node. Made by references(), for that Explainer
  /// and its copies alone. A word a node for every 64 rows.
  class References {
   public:
    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
    /// Mean margin of the rows, of each output.
    [[nodiscard]] const std::vector<double>& base() const noexcept { return base_; }

   private:
    friend class Explainer;
    std::size_t rows_ = 0;
    std::vector<std::uint64_t> left_;
    std::vector<double> base_;
  };

  /// One thread's memory.
  struct Scratch {
    std::vector<ShapLine> lines, phi;
    std::vector<ShapStep> steps;
    std::vector<std::int64_t> keys;
    std::vector<std::uint64_t> words;
    std::vector<std::uint32_t> features;
    std::vector<std::uint8_t> bytes;
    References references;
  };

  /// Fails with `corrupt` for a model that check_model refuses, `unsupported` for one with linear leaves, or without
  /// counts of training rows at its nodes and leaves (Node::count, Tree::leaf_counts). `level`: the kernel's
  /// instruction set, at most cpu_level(); the answers do not differ.
  [[nodiscard]] static Result<Explainer> make(const Model& model, CpuLevel level = cpu_level());

  [[nodiscard]] std::size_t features() const noexcept { return parts_->features; }
  [[nodiscard]] std::size_t outputs() const noexcept { return parts_->base.size(); }

  /// The margin that nothing known about a row gives: what path-dependent contributions add to.
  [[nodiscard]] double base(std::size_t output = 0) const noexcept { return parts_->expected[output]; }

  /// Path-dependent contributions of one row (features() values side by side, NaN = missing): outputs() times
  /// features() of them, output by output. base(k) plus their sum is the row's margin of output k, within rounding.
  void contributions(const double* row, double* out, Scratch& scratch) const;
  /// The same for many rows: `out` is rows x (outputs * features). Requires rows.cols() == features() and that many
  /// cells in `out`; nothing is written otherwise, and false returned.
  bool contributions(MatrixView<double> rows, std::span<double> out, Scratch& scratch) const;

  /// Looks at rows to compare with (features() values each); nothing for none, or for rows of another width.
  [[nodiscard]] std::optional<References> references(MatrixView<double> rows) const;

  /// Interventional contributions of one row against the mean of `references`, output by output: a feature that is not
  /// known takes the reference row's value. They add up from references.base() to the row's margin. False, and nothing
  /// written, when the references are another Explainer's or `out` has not outputs() * features() cells. References
  /// that agree on a path are counted together, 64 at once, so that 64 cost a few times what one does.
  bool contributions_against(const double* row, const References& references, std::span<double> out,
                             Scratch& scratch) const;
  /// The same against rows that are looked at for this call alone: O(references x nodes). Writes their mean margin into
  /// `base` (outputs() values).
  bool contributions_against(const double* row, MatrixView<double> references, std::span<double> out,
                             std::span<double> base, Scratch& scratch) const;

 private:
  enum class KeyRule : std::uint8_t { nan_left, nan_right, none, zero_left, zero_right, set };
  /// One value that nodes compare: a feature's value as its order key, missing values resolved; or a set's answer.
  struct KeyColumn {
    std::uint32_t feature;
    KeyRule rule;
    bool default_left;  // of a set
    std::uint32_t first_word, words;
  };
  struct TreeRange {
    std::size_t first_node, first_leaf;
    std::uint32_t nodes, leaves, rule;
  };
  /// Quadrature for trees with so many features on their paths.
  struct Rule {
    std::uint32_t count = 0;  // points; 0: no tree has asked yet
    std::vector<double> points;
    std::vector<ShapLine> weights, entries;  // ShapTree's
    std::uint32_t used = 0;                  // entries
    ShapKernel kernel = nullptr;
  };
  /// Everything, made once and shared by copies; never changed afterwards.
  struct Parts {
    std::size_t features = 0;
    std::vector<double> base, expected;
    double scale = 1.0;  // of every tree: 1 / trees of one output where these are averaged
    std::vector<TreeRange> trees;
    std::vector<ShapNode> nodes;
    std::vector<double> leaves;
    std::vector<Rule> rules;
    std::vector<KeyColumn> columns;
    std::vector<std::uint32_t> words;
    std::size_t most_slots = 1, most_nodes = 1, most_distinct = 0;  // of any tree; features on a path
    std::vector<double> reference_weights;                          // ReferenceTree's
    ReferenceKernel reference_kernel = nullptr;
    bool float32_inputs = false;
  };
  class Builder;

  explicit Explainer(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  [[nodiscard]] ShapTree tree(std::size_t t) const noexcept;
  void make_keys(const double* row, std::ptrdiff_t stride, std::int64_t* keys) const noexcept;
  void look_at(MatrixView<double> rows, References& out, Scratch& scratch) const;
  void explain_rows(MatrixView<double> rows, double* out, Scratch& scratch) const;

  std::shared_ptr<const Parts> parts_;
};

}  // namespace riskflag::inline v0_1

#include <riskflag/explain/detail/build.hpp>
#include <riskflag/explain/detail/shap.hpp>
#include <riskflag/explain/detail/versus.hpp>
