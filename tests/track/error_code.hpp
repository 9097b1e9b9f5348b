#pragma once

#include <riskflag/core/error.hpp>

/// The code that `body` throws; internal when it throws nothing.
template <class Body>
riskflag::ErrorCode code_of(const Body& body) {
  try {
    body();
  } catch (const riskflag::Error& error) {
    return error.code();
  }
  return riskflag::ErrorCode::internal;
}
