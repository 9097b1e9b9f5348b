// Whether a sanitizer watches: compiled without optimisation, a test of sizes or of many draws takes fewer of them
// there.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RISKFLAG_TESTS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RISKFLAG_TESTS_SANITIZED 1
#endif
#endif
#ifndef RISKFLAG_TESTS_SANITIZED
#define RISKFLAG_TESTS_SANITIZED 0
#endif

namespace riskflag_test {
inline constexpr bool kSanitized = RISKFLAG_TESTS_SANITIZED != 0;

/// `n` random draws, a fifth of them under a sanitizer.
template <class Count>
constexpr Count draws(Count n) {
  return kSanitized ? n / 5 : n;
}
}  // namespace riskflag_test
