#pragma once

#include <riskflag/metrics/calibration.hpp>
#include <riskflag/metrics/detail/classification.hpp>

namespace riskflag::inline v0_1::metrics {

inline std::vector<CalibrationBin> calibration_table(std::span<const double> probabilities,
                                                     std::span<const double> labels, std::span<const double> weights,
                                                     std::size_t bins) {
  detail::check_probabilities(probabilities, labels, weights);
  if (bins == 0) fail(ErrorCode::invalid_option, "bins", "0; a calibration table has at least one bin");
  struct Sums {
    CompensatedSum weight, probability, positive;
  };
  std::vector<Sums> sums(bins);
  const double width = static_cast<double>(bins);
  const auto edge = [&](std::size_t b) { return exact::div(static_cast<double>(b), width); };
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double p = probabilities[i];
    auto b = static_cast<std::size_t>(exact::mul(p, width));
    if (b >= bins) b = bins - 1;
    // The product rounds: hold the bin to its own edges.
    if (p < edge(b)) --b;
    if (b + 1 < bins && p >= edge(b + 1)) ++b;
    const double w = detail::weight_of(weights, i);
    sums[b].weight.add(w);
    sums[b].probability.add(exact::mul(w, p));
    if (labels[i] > 0) sums[b].positive.add(w);
  }
  std::vector<CalibrationBin> table(bins);
  for (std::size_t b = 0; b < bins; ++b) {
    const double weight = sums[b].weight.value();
    table[b] = {edge(b), edge(b + 1), weight, 0.0, 0.0};
    if (weight > 0) {
      table[b].mean_probability = exact::div(sums[b].probability.value(), weight);
      table[b].positive_rate = exact::div(sums[b].positive.value(), weight);
    }
  }
  return table;
}

inline Metric ece(std::span<const double> probabilities, std::span<const double> labels,
                  std::span<const double> weights, std::size_t bins) {
  const auto table = calibration_table(probabilities, labels, weights, bins);
  if (const auto why = detail::empty_because(labels.size(), weights); !why.empty()) return Metric::undefined(why);
  CompensatedSum error, weight;
  for (const CalibrationBin& bin : table) {
    const double gap = exact::sub(bin.mean_probability, bin.positive_rate);
    error.add(exact::mul(bin.weight, gap < 0 ? -gap : gap));
    weight.add(bin.weight);
  }
  return Metric::of(exact::div(error.value(), weight.value()));
}

inline std::vector<GainsRow> gains(std::span<const double> scores, std::span<const double> labels,
                                   std::span<const double> weights, std::size_t slices) {
  if (slices == 0) fail(ErrorCode::invalid_option, "slices", "0; a gains table has at least one slice");
  const detail::Ranked rows(scores, labels, weights);
  std::vector<GainsRow> table;
  if (!(rows.positive() > 0)) return table;
  const double total = rows.total();
  const double overall = exact::div(rows.positive(), total);
  CompensatedSum weight_so_far, positives_so_far;
  GainsRow row{};
  const auto close = [&](double lowest_score) {
    row.share = exact::div(weight_so_far.value(), total);
    row.positive_rate = row.weight > 0 ? exact::div(row.positives, row.weight) : 0.0;
    row.lift = exact::div(row.positive_rate, overall);
    row.captured = exact::div(positives_so_far.value(), rows.positive());
    row.lowest_score = lowest_score;
    table.push_back(row);
    row = GainsRow{};
  };
  double lowest = 0.0;
  rows.for_each_falling([&](const detail::ScoreGroup& g) {
    double left = exact::add(g.positive, g.negative);
    const double rate = exact::div(g.positive, left);
    while (left > 0) {
      const std::size_t slice = table.size() + 1;
      // The last slice takes what rounding has left over.
      const double end = exact::div(exact::mul(total, static_cast<double>(slice)), static_cast<double>(slices));
      const double room = exact::sub(end, weight_so_far.value());
      const bool fills = slice < slices && room <= left;
      const double taken = fills ? (room > 0 ? room : 0.0) : left;
      const bool whole = taken == exact::add(g.positive, g.negative);
      const double taken_positives = whole ? g.positive : exact::mul(taken, rate);
      row.weight = exact::add(row.weight, taken);
      row.positives = exact::add(row.positives, taken_positives);
      weight_so_far.add(taken);
      positives_so_far.add(taken_positives);
      left = exact::sub(left, taken);
      lowest = g.score;
      if (fills) close(g.score);
    }
  });
  if (table.size() < slices) close(lowest);
  return table;
}

}  // namespace riskflag::inline v0_1::metrics
