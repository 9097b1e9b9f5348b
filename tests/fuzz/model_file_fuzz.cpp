// What parse_model takes is a model that every scorer may walk, and that is written back to the same bytes; what it
// refuses, it refuses with a place and a message fit to print. A mutated file fails its digest at once, so the bytes
// are tried a second time under a digest made anew: only then do the structural checks see them.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict/predictor.hpp>

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

/// Every scorer gives the slow one's bits for rows of small numbers, zeros, infinities and missing values.
void score(const Model& model) {
  if (model.features.size() > 64 || model.num_outputs > 8 || model.trees.size() > 64) return;
  const auto fast = Predictor::make(model);
  demand(fast.ok());
  const auto outputs = static_cast<std::size_t>(model.num_outputs);
  const double values[] = {0.0, -1.0, 2.5, kMissing, 1e308, -0.0, 1e-320, 17.0};
  std::vector<double> row(model.features.size()), got(outputs);
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t f = 0; f < row.size(); ++f) row[f] = values[(start + f * 3) % 8];
    fast->row_margins(row.data(), got.data());
    for (std::size_t k = 0; k < outputs; ++k) {
      const double want = margin(model, row, static_cast<int>(k));
      demand(std::bit_cast<std::uint64_t>(want) == std::bit_cast<std::uint64_t>(got[k]) ||
             (is_missing(want) && is_missing(got[k])));
    }
  }
}

void try_text(std::string_view text) {
  const auto model = parse_model(text, "fuzz");
  if (!model) {
    const Failure& failure = model.failure();
    demand(failure.code == ErrorCode::corrupt || failure.code == ErrorCode::unsupported);
    demand(failure.where.rfind("fuzz", 0) == 0);
    demand(!failure.message.empty() && is_utf8(failure.text()));
    return;
  }
  demand(check_model(*model, "fuzz").ok());
  const auto again = parse_model(model_text(*model), "again");
  demand(again.ok());
  demand(model_text(*again) == model_text(*model));
  score(*model);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_text(text);
  const std::size_t at = text.rfind("\"sha256\"");
  if (at == std::string_view::npos) return 0;
  std::string sealed(text.substr(0, at));
  const std::string digest = sha256_hex(sealed);
  sealed += "\"sha256\": \"" + digest + "\"\n}\n";
  try_text(sealed);
  return 0;
}
