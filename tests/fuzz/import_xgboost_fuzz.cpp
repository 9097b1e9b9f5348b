// What import_xgboost takes is a model that every scorer may walk, with the same bits, and that model.json keeps; what
// it refuses, it refuses with a place and a message fit to print.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <riskflag/core/text.hpp>
#include <riskflag/interop.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict/predictor.hpp>

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto model = interop::import_xgboost({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!model) {
    demand(model.failure().where.rfind("fuzz", 0) == 0 && !model.failure().message.empty());
    demand(is_utf8(model.failure().text()));
    return 0;
  }
  demand(check_model(*model, "fuzz").ok());
  if (model->features.size() > 64 || model->num_outputs > 8 || model->trees.size() > 64) return 0;
  const auto fast = Predictor::make(*model);
  demand(fast.ok());
  const double values[] = {0.0, -1.0, 2.5, kMissing, 1e308, -0.0, 1e-320, 17.0};
  std::vector<double> row(model->features.size()), got(static_cast<std::size_t>(model->num_outputs));
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t f = 0; f < row.size(); ++f) row[f] = values[(start + f * 3) % 8];
    fast->row_margins(row.data(), got.data());
    for (std::size_t k = 0; k < got.size(); ++k) {
      const double want = margin(*model, row, static_cast<int>(k));
      demand(std::bit_cast<std::uint64_t>(want) == std::bit_cast<std::uint64_t>(got[k]) ||
             (is_missing(want) && is_missing(got[k])));
    }
  }
  return 0;
}
