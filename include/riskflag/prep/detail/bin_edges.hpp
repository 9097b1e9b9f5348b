#pragma once

// Edges of bins for one number: by quantiles, by best-first splits on the label, or with a mean label that only rises
// or only falls. An edge belongs to the bin above it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/prep/detail/label_tables.hpp>
#include <riskflag/prep/detail/statistics.hpp>
#include <riskflag/prep/steps.hpp>

namespace riskflag::inline v0_1::prep::detail {

/// Quantiles 1/bins .. (bins-1)/bins, each once, without those that are the smallest or the greatest value: the inner
/// edges of scikit-learn's KBinsDiscretizer(strategy="quantile", quantile_method="linear").
[[nodiscard]] inline std::vector<double> quantile_edges(std::span<const double> sorted, std::size_t bins) {
  std::vector<double> edges;
  if (sorted.empty()) return edges;
  for (std::size_t i = 1; i < bins; ++i) {
    const double edge = quantile(sorted, exact::div(static_cast<double>(i), static_cast<double>(bins)));
    if (edge > (edges.empty() ? sorted.front() : edges.back()) && edge < sorted.back()) edges.push_back(edge);
  }
  return edges;
}

/// What lies between two neighbouring edges, or in several such pieces together.
struct Piece {
  double rows = 0;  ///< without weights: min_share is of rows
  double weight = 0;
  double sum = 0;       ///< of weight * label
  std::size_t end = 0;  ///< pieces [begin, end) of the finest cut; begin is the neighbour's end

  /// Weight times the squared mean label: what a bin explains of the labels' squares.
  [[nodiscard]] double explained() const noexcept {
    return weight > 0 ? exact::div(exact::mul(sum, sum), weight) : 0.0;
  }
  [[nodiscard]] double mean() const noexcept { return weight > 0 ? exact::div(sum, weight) : 0.0; }
};
[[nodiscard]] inline Piece joined(const Piece& a, const Piece& b) noexcept {
  return {exact::add(a.rows, b.rows), exact::add(a.weight, b.weight), exact::add(a.sum, b.sum), b.end};
}

/// The finest cut that label-driven edges are chosen from: at every distinct value, or at 255 quantiles where there are
/// more. It does not look at labels.
struct FineCut {
  std::vector<double> edges;
  std::vector<Piece> pieces;  ///< edges.size() + 1
};
[[nodiscard]] inline FineCut fine_cut(std::span<const double> values, const LabelledRows& rows) {
  constexpr std::size_t kMostPieces = 256;
  std::vector<double> seen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (rows.sees(i)) seen.push_back(values[i]);
  }
  const std::vector<double> sorted = sorted_values(seen);
  FineCut out;
  std::vector<double> distinct = sorted;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (distinct.size() <= kMostPieces) {
    if (!distinct.empty()) out.edges.assign(distinct.begin() + 1, distinct.end());
  } else {
    out.edges = quantile_edges(sorted, kMostPieces);
  }
  std::vector<CompensatedSum> weights(out.edges.size() + 1), sums(out.edges.size() + 1);
  out.pieces.resize(out.edges.size() + 1);
  for (std::size_t k = 0; k < out.pieces.size(); ++k) out.pieces[k].end = k + 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!rows.sees(i) || is_missing(values[i])) continue;
    const auto k =
        static_cast<std::size_t>(std::upper_bound(out.edges.begin(), out.edges.end(), values[i]) - out.edges.begin());
    out.pieces[k].rows += 1;
    weights[k].add(rows.weight(i));
    sums[k].add(exact::mul(rows.weight(i), rows.labels[i]));
  }
  for (std::size_t k = 0; k < out.pieces.size(); ++k) {
    out.pieces[k].weight = weights[k].value();
    out.pieces[k].sum = sums[k].value();
  }
  return out;
}

/// Best-first: the bin whose best split explains most is split, until max_bins, or until no split explains anything or
/// leaves min_rows on both sides. Ties take the lowest edge.
[[nodiscard]] inline std::vector<double> supervised_edges(const FineCut& cut, std::size_t max_bins, double min_rows) {
  struct Split {
    double gain = 0;
    std::size_t at = 0;  // the edge's index; pieces [begin, at + 1) go left
  };
  const auto best_split = [&](std::size_t begin, std::size_t end) {
    Piece all;
    for (std::size_t k = begin; k < end; ++k) all = joined(all, cut.pieces[k]);
    Split best;
    Piece left;
    for (std::size_t k = begin; k + 1 < end; ++k) {
      left = joined(left, cut.pieces[k]);
      const Piece right = {exact::sub(all.rows, left.rows), exact::sub(all.weight, left.weight),
                           exact::sub(all.sum, left.sum), end};
      if (left.rows < min_rows || right.rows < min_rows || !(left.weight > 0) || !(right.weight > 0)) continue;
      const double gain = exact::sub(exact::add(left.explained(), right.explained()), all.explained());
      if (gain > best.gain) best = {gain, k};
    }
    return best;
  };
  // Below this a gain is rounding: labels that explain nothing must not be cut.
  Piece all;
  for (const Piece& piece : cut.pieces) all = joined(all, piece);
  const double least = exact::mul(1e-12, all.explained());

  std::vector<std::size_t> starts = {0};  // first piece of each bin, ascending
  std::vector<Split> splits = {best_split(0, cut.pieces.size())};
  while (starts.size() < max_bins) {
    std::size_t best = 0;
    for (std::size_t b = 1; b < splits.size(); ++b) {
      if (splits[b].gain > splits[best].gain) best = b;
    }
    if (!(splits[best].gain > least)) break;
    const std::size_t middle = splits[best].at + 1;
    const std::size_t end = best + 1 < starts.size() ? starts[best + 1] : cut.pieces.size();
    splits[best] = best_split(starts[best], middle);
    splits.insert(splits.begin() + static_cast<std::ptrdiff_t>(best) + 1, best_split(middle, end));
    starts.insert(starts.begin() + static_cast<std::ptrdiff_t>(best) + 1, middle);
  }
  std::vector<double> edges;
  for (std::size_t b = 1; b < starts.size(); ++b) edges.push_back(cut.edges[starts[b] - 1]);
  return edges;
}

/// Bins whose mean label rises (direction +1) or falls (-1): pieces of min_rows, neighbours that break the order pooled
/// (Ayer et al. 1955), then neighbours joined that cost least until max_bins are left.
[[nodiscard]] inline std::vector<Piece> monotone_pieces(const FineCut& cut, std::size_t max_bins, double min_rows,
                                                        int direction) {
  std::vector<Piece> bins;
  for (const Piece& piece : cut.pieces) {
    if (!bins.empty() && (bins.back().rows < min_rows || !(bins.back().weight > 0))) {
      bins.back() = joined(bins.back(), piece);
    } else {
      bins.push_back(piece);
    }
  }
  if (bins.size() > 1 && (bins.back().rows < min_rows || !(bins.back().weight > 0))) {
    bins[bins.size() - 2] = joined(bins[bins.size() - 2], bins.back());
    bins.pop_back();
  }
  std::vector<Piece> pooled;
  for (const Piece& bin : bins) {
    pooled.push_back(bin);
    while (pooled.size() > 1) {
      const double before = pooled[pooled.size() - 2].mean(), after = pooled.back().mean();
      if (direction > 0 ? before < after : before > after) break;
      pooled[pooled.size() - 2] = joined(pooled[pooled.size() - 2], pooled.back());
      pooled.pop_back();
    }
  }
  while (pooled.size() > max_bins) {
    std::size_t cheapest = 0;
    double least = 0;
    for (std::size_t b = 0; b + 1 < pooled.size(); ++b) {
      const double cost = exact::sub(exact::add(pooled[b].explained(), pooled[b + 1].explained()),
                                     joined(pooled[b], pooled[b + 1]).explained());
      if (b == 0 || cost < least) {
        cheapest = b;
        least = cost;
      }
    }
    pooled[cheapest] = joined(pooled[cheapest], pooled[cheapest + 1]);
    pooled.erase(pooled.begin() + static_cast<std::ptrdiff_t>(cheapest) + 1);
  }
  return pooled;
}

/// The direction that explains more; rising when both explain the same.
[[nodiscard]] inline std::vector<double> monotone_edges(const FineCut& cut, std::size_t max_bins, double min_rows) {
  const std::vector<Piece> rising = monotone_pieces(cut, max_bins, min_rows, 1);
  const std::vector<Piece> falling = monotone_pieces(cut, max_bins, min_rows, -1);
  const auto explained = [](const std::vector<Piece>& bins) {
    CompensatedSum sum;
    for (const Piece& bin : bins) sum.add(bin.explained());
    return sum.value();
  };
  const std::vector<Piece>& chosen = explained(falling) > explained(rising) ? falling : rising;
  std::vector<double> edges;
  for (std::size_t b = 0; b + 1 < chosen.size(); ++b) edges.push_back(cut.edges[chosen[b].end - 1]);
  return edges;
}

/// The inner edges of a bin step for one column, from the rows that are seen. Without any value: no edges, one bin.
[[nodiscard]] inline std::vector<double> fit_edges(const BinNumbers& step, std::span<const double> values,
                                                   const LabelledRows& rows) {
  const auto bins = static_cast<std::size_t>(step.max_bins);
  if (step.kind == BinKind::quantile) {
    std::vector<double> seen;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (rows.sees(i)) seen.push_back(values[i]);
    }
    return quantile_edges(sorted_values(seen), bins);
  }
  const FineCut cut = fine_cut(values, rows);
  double there = 0;
  for (const Piece& piece : cut.pieces) there += piece.rows;
  const double min_rows = std::max(1.0, exact::mul(step.min_share, there));
  return step.kind == BinKind::supervised ? supervised_edges(cut, bins, min_rows) : monotone_edges(cut, bins, min_rows);
}

}  // namespace riskflag::inline v0_1::prep::detail
