#pragma once

#include <memory>

#include <riskflag/core/cpu.hpp>
#include <riskflag/train/objective.hpp>
#include <riskflag/train/objectives/binary.hpp>
#include <riskflag/train/objectives/regression.hpp>
#include <riskflag/train/options.hpp>

namespace riskflag::inline v0_1::detail {

/// The objective that validated options name. `level` chooses its kernels.
[[nodiscard]] inline std::unique_ptr<const ObjectiveFunction> make_objective(const TrainOptions& options,
                                                                             CpuLevel level) {
  if (options.objective == "regression") return std::make_unique<RegressionObjective>();
  return std::make_unique<BinaryObjective>(level);
}

}  // namespace riskflag::inline v0_1::detail
