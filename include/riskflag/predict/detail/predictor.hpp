#pragma once

// Definitions of predict/predictor.hpp.

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/predict/detail/build_planes.hpp>
#include <riskflag/predict/detail/build_scan.hpp>
#include <riskflag/predict/predictor.hpp>

namespace riskflag::inline v0_1 {

namespace detail {
/// The model with every leaf's number, counted from the first tree's on, for its value.
[[nodiscard]] inline Model with_numbered_leaves(Model model) {
  double number = 0.0;
  model.leaf_grid = 0.0;
  for (Tree& tree : model.trees) {
    tree.linear.clear();
    for (double& leaf : tree.leaves) leaf = number++;
  }
  return model;
}
}  // namespace detail

inline Result<Predictor> Predictor::make(const Model& model, const PredictorOptions& options) {
  if (auto checked = check_model(model, "model"); !checked) return checked.failure();
  if (options.engine != "auto" && options.engine != "symmetric" && options.engine != "scan" &&
      options.engine != "walk") {
    return Failure{ErrorCode::invalid_option, "engine",
                   quoted(options.engine) + "; \"auto\", \"symmetric\", \"scan\" or \"walk\""};
  }
  std::string_view name = options.kernel;
  std::string where = "kernel";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only a program that writes its environment while it loads could collide
  if (const char* const forced = name == "auto" ? std::getenv("RISKFLAG_KERNEL") : nullptr; forced && *forced != 0) {
    name = forced;
    where = "RISKFLAG_KERNEL";
  }
  const ScanKernel* kernel = name == "auto" ? &best_kernel() : find_kernel(name);
  if (kernel == nullptr) {
    std::string known = "\"auto\"";
    for (const ScanKernel* each : kScanKernels) known += ", " + quoted(each->name);
    return Failure{ErrorCode::invalid_option, where, quoted(name) + "; this build has " + known};
  }
  if (!is_runnable(*kernel)) {
    return Failure{ErrorCode::unsupported, where,
                   quoted(kernel->name) + " needs instructions that this CPU lacks; its level is " +
                       std::string(name_of(cpu_level()))};
  }
  const std::shared_ptr<Parts> parts(new Parts);
  parts->objective = model.objective;
  parts->link = find_link(model.objective.name).value_or(Link::identity);
  for (const Feature& feature : model.features) parts->features.push_back(feature.name);
  for (const double base : model.base_margin) parts->base.push_back(base);
  parts->outputs = model.num_outputs;
  parts->trees = model.trees.size();
  for (const Tree& tree : model.trees) parts->nodes += tree.nodes.size();
  parts->average = model.average_output;
  parts->any_order = model.leaf_grid != 0.0;
  const auto linear = find_linear_tree(model);
  // Of linear leaves the scan finds the numbers.
  const Model numbered = linear ? detail::with_numbered_leaves(model) : Model{};
  detail::ScanBuilder builder(linear ? numbered : model, parts->scan);
  builder.may_be_symmetric = options.engine != "scan";
  if (options.engine == "walk") {
    parts->why_walk = "asked for";
  } else {
    parts->why_walk = builder.build();
    if (linear && parts->why_walk.empty() && parts->scan.cut_trees > 0) {
      parts->why_walk = "the leaves of tree " + std::to_string(*linear) +
                        " are linear, and pieces of trees of more than 256 leaves add constants";
    }
  }
  if (options.engine == "symmetric" && !parts->scan.symmetric) {
    return Failure{ErrorCode::unsupported, "engine",
                   "not every tree of this model asks one question a level, the same on every branch, on 8 at most"};
  }
  if (parts->why_walk.empty()) {
    parts->kernel = kernel;
    if (linear) parts->walk = WalkForest(model);
    if (parts->any_order) {
      detail::PlaneBuilder(parts->scan, static_cast<std::size_t>(model.num_outputs), model.leaf_grid, parts->planes)
          .build();
    }
    // A scan of one tree asks as much as one of 64: 122 ns a row, where a walk takes 30 (Zen 5, 2026-11-30).
    constexpr std::size_t kFewTrees = 3;
    if (options.engine == "auto" && parts->trees <= kFewTrees) {
      parts->walk = WalkForest(model);
      parts->walks_rows = true;
    }
  } else if (options.engine == "scan") {
    return Failure{ErrorCode::unsupported, "engine", "the interval scan cannot take this model: " + parts->why_walk};
  } else {
    parts->scan = ScanForest{};
    parts->walk = WalkForest(model);
    parts->walks = parts->walks_rows = true;
  }
  return Predictor(parts);
}

namespace detail {
/// By keys: -ffast-math may assume that there is no NaN.
inline bool is_at_least(double x, double threshold) noexcept {
  return !is_missing(threshold) && order_key(x) >= order_key(threshold);
}
}  // namespace detail

/// From the sum of an output's leaves (base margin included unless the leaves are averaged) to its margin.
inline double Predictor::finish(double sum, std::size_t output) const noexcept {
  if (parts_->average) {
    const std::size_t count = parts_->trees / static_cast<std::size_t>(parts_->outputs);
    sum = exact::add(parts_->base[output], count == 0 ? 0.0 : exact::div(sum, static_cast<double>(count)));
  }
  return from_order_key(order_key(sum));  // no -0: see without_negative_zero()
}

inline void Predictor::walk_row(const double* row, std::ptrdiff_t stride, std::size_t wanted,
                                double* out) const noexcept {
  const auto outputs = static_cast<std::size_t>(parts_->outputs);
  const bool linear = parts_->walk.has_linear_leaves();
  for (std::size_t k = 0; k < wanted; ++k) {
    double sum = parts_->average ? 0.0 : parts_->base[k];
    if (linear) {
      for (std::size_t t = k; t < parts_->trees; t += outputs)
        sum = exact::add(sum, parts_->walk.linear_leaf(t, row, stride));
      out[k] = with_one_nan(finish(sum, k));
      continue;
    }
    for (std::size_t t = k; t < parts_->trees; t += outputs) sum = exact::add(sum, parts_->walk.leaf(t, row, stride));
    out[k] = finish(sum, k);
  }
}

namespace detail {
/// sums[lane % 8] += the lane's leaf, for lanes whose leaves lie `stride` apart.
[[gnu::always_inline]] inline void add_lanes(const double* leaves, std::size_t stride, const std::uint8_t* leaf,
                                             std::size_t lanes, double* sums) noexcept {
  double s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3], s4 = sums[4], s5 = sums[5], s6 = sums[6], s7 = sums[7];
  for (std::size_t lane = 0; lane < lanes; lane += 8, leaf += 8, leaves += 8 * stride) {
    s0 += leaves[leaf[0]];
    s1 += leaves[stride + leaf[1]];
    s2 += leaves[2 * stride + leaf[2]];
    s3 += leaves[3 * stride + leaf[3]];
    s4 += leaves[4 * stride + leaf[4]];
    s5 += leaves[5 * stride + leaf[5]];
    s6 += leaves[6 * stride + leaf[6]];
    s7 += leaves[7 * stride + leaf[7]];
  }
  const double out[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
  for (int i = 0; i < 8; ++i) sums[i] = out[i];
}
}  // namespace detail

inline void Predictor::scan_row(const double* row, std::size_t wanted, double* out,
                                const double* threshold) const noexcept {
  const Parts& parts = *parts_;
  const ScanForest& forest = parts.scan;
  const auto outputs = static_cast<std::size_t>(parts.outputs);
  alignas(64) std::uint8_t ranks[kScanMaxColumns];
  // Kernels read whole registers: the bytes beyond the last column are read, and must be there, but never used.
  for (std::size_t i = forest.row_view(0).columns / 64 * 64; i < kScanMaxColumns; ++i) ranks[i] = 0;
  alignas(64) std::uint8_t leaf[4 * kScanLanes];
  std::uint32_t answers[kScanMaxAnswers];
  const bool linear = parts.walk.has_linear_leaves();
  forest.touch_pages();
  for (std::size_t k = 0; k < wanted; ++k) {
    // Eight sums side by side hide the latency of addition; on the leaf grid every one of them is exact.
    double sums[8] = {};
    double ordered = parts.average ? 0.0 : parts.base[k];
    for (std::size_t c = 0; c < forest.row_chunks; ++c) {
      const ScanView view = forest.row_view(c);
      if (k == 0 || forest.row_chunks > 1) parts.kernel->rank_row(view, row, ranks, answers);
      const std::size_t at = c * (outputs + 1) + k;
      std::size_t left = forest.row_chunks == 1 ? parts.trees / outputs
                                                : std::size_t{forest.output_trees[at + 1]} - forest.output_trees[at];
      for (std::uint32_t b = forest.output_bundles[at]; b < forest.output_bundles[at + 1]; ++b) {
        const ScanBundle& bundle = forest.bundles[b];
        parts.kernel->row_leaves(view, bundle, ranks, answers, leaf);
        const double* leaves = forest.lane_leaves.data() + bundle.first_leaf;
        const std::size_t lanes = bundle.width * kScanLanes;
        if (linear) {
          // Numbers of lanes without a tree are 0.
          std::size_t number[4 * kScanLanes + 16] = {};
          for (std::size_t lane = 0; lane < lanes; ++lane, leaves += bundle.stride) {
            number[lane] = static_cast<std::size_t>(leaves[leaf[lane]]);
            parts.walk.ask_for_record(number[lane]);
          }
          for (std::size_t lane = 0; lane < 8; ++lane) parts.walk.ask_for_terms(number[lane]);
          for (std::size_t lane = 0; lane < lanes && left > 0; ++lane, --left) {
            parts.walk.ask_for_terms(number[lane + 8]);
            ordered = exact::add(ordered, parts.walk.linear_value(number[lane], row, 1));
          }
          continue;
        }
        if (!parts.any_order) {
          // Off the grid the order counts: lanes are in it, and those without a tree add 0.
          for (std::size_t lane = 0; lane < lanes; ++lane, leaves += bundle.stride) {
            ordered = exact::add(ordered, leaves[leaf[lane]]);
          }
          continue;
        }
        // A stride that the compiler knows saves a third of the additions' instructions.
        if (bundle.stride == 32) {
          detail::add_lanes(leaves, 32, leaf, lanes, sums);
        } else {
          detail::add_lanes(leaves, bundle.stride, leaf, lanes, sums);
        }
        if (threshold == nullptr) continue;
        double sum = ordered;
        for (const double each : sums) sum = exact::add(sum, each);
        const double low = exact::add(sum, bundle.rest_low), high = exact::add(sum, bundle.rest_high);
        if (detail::is_at_least(low, *threshold) || !detail::is_at_least(high, *threshold)) {
          out[k] = detail::is_at_least(low, *threshold) ? low : high;
          return;
        }
      }
    }
    if (parts.any_order) {
      for (const double sum : sums) ordered = exact::add(ordered, sum);
    }
    out[k] = linear ? with_one_nan(finish(ordered, k)) : finish(ordered, k);
  }
}

inline std::size_t Predictor::plane_blocks(MatrixView<double> rows, double* out) const noexcept {
  const Parts& parts = *parts_;
  const ScanForest& forest = parts.scan;
  const PlaneForest& planes = parts.planes;
  const std::size_t block = parts.kernel->plane_rows;
  const std::size_t least = parts.kernel->least_plane_rows;
  if (planes.grid == 0.0 || rows.rows() < least) return 0;
  const auto outputs = static_cast<std::size_t>(parts.outputs);
  const std::size_t columns = forest.most_columns();
  const std::size_t scratch = parts.kernel->plane_scratch(columns, planes.most_tests);
  constexpr std::align_val_t kAlignment{64};
  auto* const memory = static_cast<std::uint8_t*>(
      ::operator new(scratch + block * (columns + sizeof(double)), kAlignment, std::nothrow));
  if (memory == nullptr) return 0;
  auto* const sums = reinterpret_cast<double*>(memory + scratch);
  std::uint8_t* const ranks = memory + scratch + block * sizeof(double);
  std::memset(ranks, 0, block * columns);
  std::size_t begin = 0;
  for (; begin < rows.rows() && rows.rows() - begin >= least; begin += block) {
    const std::size_t count = rows.rows() - begin < block ? rows.rows() - begin : block;
    for (std::size_t k = 0; k < outputs; ++k) {
      const double start = parts.average ? 0.0 : parts.base[k];
      for (std::size_t r = 0; r < block; ++r) sums[r] = start;
      for (std::size_t c = 0; c < forest.chunks.size(); ++c) {
        if (k == 0 || forest.chunks.size() > 1) {
          parts.kernel->rank_block(forest.view(forest.chunks[c]), rows.row(begin), rows.row_stride(), rows.col_stride(),
                                   count, block, ranks);
        }
        parts.kernel->sum_planes(planes.view(c, k, outputs, forest), ranks, memory, sums);
      }
      for (std::size_t r = 0; r < count; ++r) out[(begin + r) * outputs + k] = finish(sums[r], k);
    }
  }
  ::operator delete(memory, kAlignment);
  return begin < rows.rows() ? begin : rows.rows();
}

inline void Predictor::scan_block(MatrixView<double> rows, double* out) const noexcept {
  const Parts& parts = *parts_;
  const ScanForest& forest = parts.scan;
  const auto outputs = static_cast<std::size_t>(parts.outputs);
  constexpr std::size_t kMostRows = 1024;
  constexpr std::size_t kRankBytes = 64 * 1024;
  alignas(64) std::uint8_t ranks[kRankBytes];
  alignas(64) std::uint8_t leaf[4][kMostRows];
  alignas(64) double sums[kMostRows];
  const bool linear = parts.walk.has_linear_leaves();
  const std::size_t columns = forest.most_columns();
  const std::size_t fitting = kRankBytes / columns / kScanRowStep * kScanRowStep;
  const std::size_t block = fitting < kMostRows ? fitting : kMostRows;
  for (std::size_t begin = 0; begin < rows.rows(); begin += block) {
    const std::size_t count = rows.rows() - begin < block ? rows.rows() - begin : block;
    const std::size_t padded = (count + kScanRowStep - 1) / kScanRowStep * kScanRowStep;
    // Padding rows are scored like the others and dropped; their ranks only need a value.
    for (std::size_t c = 0; c < columns; ++c) std::memset(ranks + c * padded + count, 0, padded - count);
    for (std::size_t k = 0; k < outputs; ++k) {
      const double start = parts.average ? 0.0 : parts.base[k];
      for (std::size_t r = 0; r < padded; ++r) sums[r] = start;
      for (std::size_t c = 0; c < forest.chunks.size(); ++c) {
        const ScanView view = forest.view(forest.chunks[c]);
        if (k == 0 || forest.chunks.size() > 1) {
          parts.kernel->rank_block(view, rows.row(begin), rows.row_stride(), rows.col_stride(), count, padded, ranks);
        }
        const std::size_t at = c * (outputs + 1) + k;
        const bool by_four = parts.any_order && parts.kernel->add_leaves == nullptr;
        for (std::uint32_t t = forest.output_trees[at]; t < forest.output_trees[at + 1]; ++t) {
          if (by_four && forest.output_trees[at + 1] - t >= 4) {
            const double* leaves[4];
            for (std::uint32_t i = 0; i < 4; ++i) {
              leaves[i] = forest.leaves.data() + forest.trees[t + i].first_leaf;
              parts.kernel->tree_leaves(view, forest.trees[t + i], ranks, padded, padded, leaf[i]);
            }
            for (std::size_t r = 0; r < padded; ++r) {
              sums[r] +=
                  (leaves[0][leaf[0][r]] + leaves[1][leaf[1][r]]) + (leaves[2][leaf[2][r]] + leaves[3][leaf[3][r]]);
            }
            t += 3;
            continue;
          }
          const ScanTree& tree = forest.trees[t];
          parts.kernel->tree_leaves(view, tree, ranks, padded, padded, leaf[0]);
          const double* leaves = forest.leaves.data() + tree.first_leaf;
          if (linear) {
            for (std::size_t r = 0; r < count; ++r) {
              const auto number = static_cast<std::size_t>(leaves[leaf[0][r]]);
              const double value = parts.walk.linear_value(number, rows.row(begin + r), rows.col_stride());
              sums[r] = exact::add(sums[r], value);
            }
          } else if (parts.any_order && !by_four) {
            parts.kernel->add_leaves(leaves, tree.leaves, leaf[0], padded, sums);
          } else {
            for (std::size_t r = 0; r < padded; ++r) sums[r] = exact::add(sums[r], leaves[leaf[0][r]]);
          }
        }
      }
      for (std::size_t r = 0; r < count; ++r) {
        const double sum = finish(sums[r], k);
        out[(begin + r) * outputs + k] = linear ? with_one_nan(sum) : sum;
      }
    }
  }
}

inline double Predictor::margin(const double* row) const noexcept {
  double out = 0.0;
  if (parts_->walks_rows) {
    walk_row(row, 1, 1, &out);
  } else {
    scan_row(row, 1, &out);
  }
  return out;
}

inline bool Predictor::is_at_least(const double* row, double threshold) const noexcept {
  if (parts_->walks_rows || parts_->walk.has_linear_leaves()) {
    const double full = margin(row);
    const bool is_nan = (detail::opaque_bits(full) & 0x7fffffffffffffffULL) > 0x7ff0000000000000ULL;
    return !is_nan && detail::is_at_least(full, threshold);
  }
  if (parts_->average || !parts_->any_order) return detail::is_at_least(margin(row), threshold);
  double out = 0.0;
  scan_row(row, 1, &out, &threshold);
  return detail::is_at_least(out, threshold);
}

inline void Predictor::row_margins(const double* row, double* out) const noexcept {
  if (parts_->walks_rows) {
    walk_row(row, 1, static_cast<std::size_t>(parts_->outputs), out);
  } else {
    scan_row(row, static_cast<std::size_t>(parts_->outputs), out);
  }
}

inline double Predictor::probability(const double* row) const noexcept {
  double out = margin(row);
  apply_link(parts_->link, parts_->objective.sigmoid, std::span<double>(&out, 1));
  return out;
}

inline void Predictor::row_probabilities(const double* row, double* out) const noexcept {
  row_margins(row, out);
  apply_link(parts_->link, parts_->objective.sigmoid,
             std::span<double>(out, static_cast<std::size_t>(parts_->outputs)));
}

inline bool Predictor::margins(MatrixView<double> rows, std::span<double> out) const noexcept {
  const auto outputs = static_cast<std::size_t>(parts_->outputs);
  if (rows.cols() != features() || out.size() != rows.rows() * outputs) return false;
  if (parts_->walks) {
    for (std::size_t r = 0; r < rows.rows(); ++r)
      walk_row(rows.row(r), rows.col_stride(), outputs, out.data() + r * outputs);
  } else if (rows.rows() < 4 && rows.col_stride() == 1) {
    // A block costs as much as 64 rows.
    for (std::size_t r = 0; r < rows.rows(); ++r) row_margins(rows.row(r), out.data() + r * outputs);
  } else {
    const std::size_t done = plane_blocks(rows, out.data());
    if (done < rows.rows()) scan_block(rows.rows_from(done, rows.rows() - done), out.data() + done * outputs);
  }
  return true;
}

inline bool Predictor::margins(MatrixView<float> rows, std::span<double> out) const {
  const auto outputs = static_cast<std::size_t>(parts_->outputs);
  const std::size_t cols = features();
  if (rows.cols() != cols || out.size() != rows.rows() * outputs) return false;
  constexpr std::size_t kCells = 4096, kManyCells = std::size_t{1} << 18;
  double few[kCells];
  detail::FlatArray<double> many;
  std::size_t fitting = cols == 0 ? kCells : cols > kCells ? 1 : kCells / cols;
  // Pieces below a block would never be scored in planes.
  const std::size_t block = parts_->planes.grid != 0.0 ? parts_->kernel->plane_rows : 0;
  if (block != 0 && fitting < block && rows.rows() >= parts_->kernel->least_plane_rows) {
    fitting = kManyCells / cols / block * block;
    if (fitting == 0) fitting = block;
    if (fitting > rows.rows()) fitting = rows.rows();
  }
  if (fitting * cols > kCells) many.resize(fitting * cols, 0.0);
  double* const cells = fitting * cols > kCells ? many.data() : few;
  for (std::size_t begin = 0; begin < rows.rows(); begin += fitting) {
    const std::size_t count = rows.rows() - begin < fitting ? rows.rows() - begin : fitting;
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t f = 0; f < cols; ++f) cells[r * cols + f] = from_float32(rows(begin + r, f));
    }
    margins(MatrixView<double>::row_major(cells, count, cols), out.subspan(begin * outputs, count * outputs));
  }
  return true;
}

inline bool Predictor::probabilities(MatrixView<double> rows, std::span<double> out) const noexcept {
  if (!margins(rows, out)) return false;
  const auto outputs = static_cast<std::size_t>(parts_->outputs);
  for (std::size_t at = 0; at < out.size(); at += outputs) {
    apply_link(parts_->link, parts_->objective.sigmoid, out.subspan(at, outputs));
  }
  return true;
}

inline std::string Predictor::describe() const {
  const std::string size = std::to_string(parts_->trees) + " trees, " + std::to_string(parts_->nodes) + " nodes";
  if (parts_->walks) return "walk, node by node: " + size + " (" + parts_->why_walk + ")";
  const ScanForest& forest = parts_->scan;
  std::string out = (forest.symmetric ? "symmetric trees, level by level, " : "interval scan, ") +
                    std::string(parts_->kernel->name) + " kernel" +
                    (parts_->kernel == &best_kernel() ? " (this CPU's best): " : " (asked for): ") + size + ", " +
                    std::to_string(forest.most_columns()) + " columns";
  if (forest.chunks.size() > 1) out += " in each of " + std::to_string(forest.chunks.size()) + " chunks";
  if (parts_->walks_rows) {
    out += ", single rows node by node: few trees";
  } else if (forest.row_answers.size() > 0) {
    out += ", categories level by level for single rows";
  }
  if (parts_->walk.has_linear_leaves()) out += ", linear leaves by their numbers";
  if (parts_->planes.grid != 0.0)
    out += ", batches in planes of " + std::to_string(parts_->kernel->plane_rows) + " rows";
  else
    out +=
        parts_->any_order ? ", batches without planes: too many trees" : ", batches without planes: leaves off a grid";
  if (forest.cut_trees > 0) {
    out += ", " + std::to_string(forest.cut_trees) + " trees of more than 256 leaves cut into pieces";
  }
  return out;
}

}  // namespace riskflag::inline v0_1
