#pragma once

#include <memory>

#include <riskflag/core/cpu.hpp>
#include <riskflag/train/objective.hpp>
#include <riskflag/train/objectives/binary.hpp>
#include <riskflag/train/objectives/custom.hpp>
#include <riskflag/train/objectives/log_link.hpp>
#include <riskflag/train/objectives/multiclass.hpp>
#include <riskflag/train/objectives/regression.hpp>
#include <riskflag/train/objectives/robust.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// The objective that validated options name. `level` chooses its kernels.
[[nodiscard]] inline std::unique_ptr<const ObjectiveFunction> make_objective(const TrainOptions& options,
                                                                             CpuLevel level) {
  const std::string_view name = options.objective;
  if (name == "regression") return std::make_unique<RegressionObjective>();
  if (name == "regression_l1") return std::make_unique<AbsoluteObjective>();
  if (name == "huber") return std::make_unique<HuberObjective>(options.alpha);
  if (name == "quantile") return std::make_unique<QuantileObjective>(options.alpha);
  if (name == "poisson") return std::make_unique<PoissonObjective>(options.poisson_max_delta_step);
  if (name == "gamma") return std::make_unique<GammaObjective>();
  if (name == "tweedie") return std::make_unique<TweedieObjective>(options.tweedie_variance_power);
  if (name == "cross_entropy") return std::make_unique<CrossEntropyObjective>(level);
  if (name == "multiclass") return std::make_unique<SoftmaxObjective>(options.num_class, level);
  if (name == "multiclassova") return std::make_unique<OneVsAllObjective>(options.num_class, level);
  if (name == "custom") return std::make_unique<CustomObjective>();
  return std::make_unique<BinaryObjective>(level);
}

}  // namespace riskflag::inline v0_1::detail
