// The extension module. Errors of the library become Python's own exceptions, with the same sentence.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <exception>
#include <string>

#include <riskflag/core/error.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/json/src.hpp>

#include "model.hh"
#include "table.hh"

namespace {

PyObject* exception_of(riskflag::ErrorCode code) {
  using riskflag::ErrorCode;
  switch (code) {
    case ErrorCode::not_found: return PyExc_FileNotFoundError;
    case ErrorCode::already_exists: return PyExc_FileExistsError;
    case ErrorCode::io: return PyExc_OSError;
    case ErrorCode::resource: return PyExc_MemoryError;
    case ErrorCode::cancelled: return PyExc_InterruptedError;
    case ErrorCode::internal: return PyExc_RuntimeError;
    default: return PyExc_ValueError;
  }
}

}  // namespace

NB_MODULE(_native, module) {
  nanobind::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const riskflag::Error& error) {
      PyErr_SetString(exception_of(error.code()), error.what());
    }
  });
  module.attr("version") = std::string(riskflag::kVersion);
  binding::bind_table(module);
  binding::bind_model(module);
  binding::bind_bundle(module);
}
