#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <riskflag/core/json_reader.hpp>

namespace riskflag::inline v0_1::monitor {

/// How good the model was on rows of its training's table that it had not seen.
struct Expected {
  double roc_auc = 0;
  std::uint64_t rows = 0;
};

/// Of the test set of metrics.json, else of the validation part; nothing where neither stands there.
[[nodiscard]] inline std::optional<Expected> find_expected(std::string_view metrics_json) {
  const auto root = read_json(metrics_json, "metrics.json");
  const Json* metrics = root ? root.value().find("metrics") : nullptr;
  const Json* rows = root ? root.value().find("rows") : nullptr;
  if (metrics == nullptr || rows == nullptr) return std::nullopt;
  for (const char* part : {"test", "valid"}) {
    const Json* of_part = metrics->find(part);
    const Json* auc = of_part == nullptr ? nullptr : of_part->find("roc_auc");
    const Json* count = rows->find(part);
    if (auc == nullptr || count == nullptr) continue;
    const auto value = auc->number();
    const auto n = count->unsigned_integer();
    if (value && n && n.value() > 0) return Expected{value.value(), n.value()};
  }
  return std::nullopt;
}

}  // namespace riskflag::inline v0_1::monitor
