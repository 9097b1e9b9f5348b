#pragma once

// parse_model() of model/parse.hpp.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/sha256.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/detail/model_reader.hpp>
#include <riskflag/model/parse.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// Opens the tail of the file: everything before it is what the digest covers.
inline constexpr std::string_view kDigestName = "\"sha256\": \"";
inline constexpr std::string_view kDigestEnd = "\"\n}\n";

inline constexpr std::size_t kDigestBytes = kDigestName.size() + 64 + kDigestEnd.size();
inline constexpr const char* kAltered = "; the file is cut off or was altered: restore it from where it was saved";

/// The file ends with its digest, and the digest is that of what stands before.
inline Result<void> check_digest(std::string_view text, std::string_view where) {
  if (text.size() < kDigestBytes || text.substr(text.size() - kDigestBytes, kDigestName.size()) != kDigestName ||
      text.substr(text.size() - kDigestEnd.size()) != kDigestEnd) {
    return corrupt(std::string(where), "the " + std::to_string(text.size()) +
                                           " bytes do not end with the member \"sha256\" and a closing brace" +
                                           kAltered);
  }
  const std::size_t digest_at = text.size() - kDigestBytes;
  const std::string_view said = text.substr(digest_at + kDigestName.size(), 64);
  const std::string digest = sha256_hex(text.substr(0, digest_at));
  if (said != digest) {
    return corrupt(std::string(where), "the first " + std::to_string(digest_at) + " bytes have SHA-256 " + digest +
                                           ", but the last member says " + quoted(said, 64) + kAltered);
  }
  return {};
}

}  // namespace detail

inline Result<Model> parse_model(std::string_view text, std::string_view where) {
  const std::string name(where);
  detail::ModelReader reader(text, where);
  std::int64_t format = 0;
  if (!reader.read_format(format)) {
    Failure failure = std::move(reader.failure());
    if (!reader.failed()) failure = Failure{ErrorCode::corrupt, name, "found no object where one is expected"};
    failure.code = ErrorCode::corrupt;
    failure.message += "; a model.json of riskflag begins with the member \"format\", a whole number from 1 to ";
    failure.message += std::to_string(kModelFormat);
    failure.message += detail::kAltered;
    return failure;
  }
  if (format < 1) {
    return detail::corrupt(name, "format is the number " + std::to_string(format) +
                                     "; expected a whole number from 1 to " + std::to_string(kModelFormat));
  }
  if (format > kModelFormat) {
    return Failure{ErrorCode::unsupported, name,
                   "format " + std::to_string(format) + ", this build reads up to " + std::to_string(kModelFormat) +
                       "; save it again with a riskflag as old as this one, or upgrade"};
  }
  if (auto checked = detail::check_digest(text, where); !checked) return checked.failure();
  Model model = reader.read_rest(text.size() - detail::kDigestBytes);
  if (reader.failed()) {
    reader.failure().code = ErrorCode::corrupt;
    return std::move(reader.failure());
  }
  if (auto checked = check_model(model, name); !checked) return checked.failure();
  return model;
}

}  // namespace riskflag::inline v0_1
