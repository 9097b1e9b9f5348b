#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <riskflag/core/exact.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1 {

/// How margins become predictions.
enum class Link {
  identity,   ///< regression and its robust kin, and "probability" (a binary forest of shares): the margin itself
  sigmoid,    ///< binary, cross_entropy, multiclassova: 1 / (1 + e^(-s * margin))
  exp,        ///< poisson, gamma, tweedie
  log1p_exp,  ///< cross_entropy_lambda
  softmax,    ///< multiclass: over all outputs of a row
};

/// The link of an objective by its LightGBM name; nullopt for a name that we do not know.
[[nodiscard]] inline std::optional<Link> find_link(std::string_view objective) noexcept {
  struct Known {
    const char* name;
    Link link;
  };
  static constexpr Known kKnown[] = {
      {"binary", Link::sigmoid},
      {"cross_entropy", Link::sigmoid},
      {"multiclassova", Link::sigmoid},
      {"poisson", Link::exp},
      {"gamma", Link::exp},
      {"tweedie", Link::exp},
      {"multiclass", Link::softmax},
      {"regression", Link::identity},
      {"regression_l1", Link::identity},
      {"huber", Link::identity},
      {"fair", Link::identity},
      {"quantile", Link::identity},
      {"mape", Link::identity},
      {"lambdarank", Link::identity},
      {"rank_xendcg", Link::identity},
      {"custom", Link::identity},
      {"probability", Link::identity},
      {"cross_entropy_lambda", Link::log1p_exp},
  };
  for (const Known& known : kKnown) {
    if (objective.compare(known.name) == 0) return known.link;
  }
  return std::nullopt;
}

/// Turns one row's margins (one for each output) into predictions, in place. `scale` is Objective::sigmoid.
inline void apply_link(Link kind, double scale, std::span<double> margins) noexcept {
  switch (kind) {
    case Link::identity: return;
    case Link::sigmoid:
      for (double& m : margins) m = exact::sigmoid(exact::mul(scale, m));
      return;
    case Link::exp:
      for (double& m : margins) m = exact::exp(m);
      return;
    case Link::log1p_exp:
      for (double& m : margins) m = m > 700.0 ? m : exact::log1p(exact::exp(m));
      return;
    case Link::softmax: {
      double top = margins.empty() ? 0.0 : margins[0];
      for (const double m : margins) top = m > top ? m : top;
      double sum = 0.0;
      for (double& m : margins) {
        m = exact::exp(exact::sub(m, top));
        sum = exact::add(sum, m);
      }
      for (double& m : margins) m = exact::div(m, sum);
      return;
    }
  }
}

/// The prediction for one margin of a one-output objective; an unknown name counts as identity.
[[nodiscard]] inline double link(const Objective& objective, double margin) noexcept {
  double out = margin;
  apply_link(find_link(objective.name).value_or(Link::identity), objective.sigmoid, std::span<double>(&out, 1));
  return out;
}

}  // namespace riskflag::inline v0_1
