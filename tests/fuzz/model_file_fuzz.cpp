// What parse_model takes is a model that every scorer may walk, and that is written back to the same bytes; what it
// refuses, it refuses with a place and a message fit to print. A mutated file fails its digest at once, so the bytes
// are tried a second time under a digest made anew: only then do the structural checks see them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/file.hpp>

#include "scored_model.hpp"

namespace {

using namespace riskflag;

using fuzz::demand;
using fuzz::score;

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
