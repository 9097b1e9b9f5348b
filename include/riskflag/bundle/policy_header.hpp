#pragma once

#include <string>

#include <riskflag/bundle/parts.hpp>

namespace riskflag::inline v0_1::bundle {

struct PolicyHeaderOptions {
  std::string name_space = "credit_policy";  ///< an identifier, or several joined by ::
};

/// `bundle` as the text of one C++20 header that the compiler can run: preparation, trees, calibration and threshold,
/// which includes <cstdint> alone, so that a host may write
/// `static_assert(decide({.income = 52'000, .age = 41}) == Risk::High)`.
///
/// Every row has the bits that the bundle gives it, at compile time and at run time, at any flags: `margin`,
/// `probability` and `decide` take an Applicant, whose members are the schema's fields under names that C++ can spell
/// (a category is an enum of its levels, a date is days since 1970, what is not given is missing). A value that the
/// schema refuses (out of range, infinite, an unseen level where they are errors) makes Risk::Refused.
/// Throws Error(unsupported) for a model that is not binary, Error(usage) for a namespace that is none.
[[nodiscard]] std::string policy_header(const Bundle& bundle, const PolicyHeaderOptions& options = {});

}  // namespace riskflag::inline v0_1::bundle

#include <riskflag/bundle/detail/policy_header.hpp>
