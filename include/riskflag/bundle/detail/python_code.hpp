#pragma once

// The Python walker that every model directory carries for mlflow.pyfunc: written out as it stands in bundle/python/,
// but for the tables of exp and log, which are core/exact.hpp's own.

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>

namespace riskflag::inline v0_1::bundle::detail {

// clang-format off
inline constexpr std::string_view kPythonInit =
#include <riskflag/bundle/python/__init__.py.inl>
;
inline constexpr std::string_view kPythonExact =
#include <riskflag/bundle/python/exact.py.inl>
;
inline constexpr std::string_view kPythonFields =
#include <riskflag/bundle/python/fields.py.inl>
;
inline constexpr std::string_view kPythonPipeline =
#include <riskflag/bundle/python/pipeline.py.inl>
;
inline constexpr std::string_view kPythonTrees =
#include <riskflag/bundle/python/trees.py.inl>
;
// clang-format on

/// As Python's float.fromhex reads it.
[[nodiscard]] inline std::string python_hex(double x) {
  std::array<char, 40> text{};
  const bool negative = x < 0;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), negative ? -x : x, std::chars_format::hex);
  return std::string(negative ? "'-0x" : "'0x") + std::string(text.data(), end.ptr) + "'";
}

[[nodiscard]] inline std::string python_tables() {
  namespace tables = exact::detail;
  std::string out = "\"\"\"The tables of exp and log, as C++ has them.\"\"\"\n\nEXP_ROWS = (\n";
  for (const auto& row : tables::kExpRows)
    out += "    (" + python_hex(row.power) + ", " + python_hex(row.tail) + "),\n";
  out += ")\nFIRST_LOG_ROW = " + std::to_string(tables::kFirstLogRow) + "\nLOG_ROWS = (\n";
  for (const auto& row : tables::kLogRows) {
    out += "    (" + python_hex(row.reciprocal) + ", " + python_hex(row.log_high) + ", " + python_hex(row.log_low) +
           "),\n";
  }
  return out + ")\n";
}

/// Paths in a model directory and their bytes: the package, and what MLflow needs to make an environment for it.
[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> python_files() {
  const auto module = [](const char* name, std::string_view text) {
    return std::pair(std::string("code/riskflag_pyfunc/") + name, std::string(text.substr(1)));  // the first line break
  };
  return {
      module("__init__.py", kPythonInit),
      module("exact.py", kPythonExact),
      {"code/riskflag_pyfunc/exact_tables.py", python_tables()},
      module("fields.py", kPythonFields),
      module("pipeline.py", kPythonPipeline),
      module("trees.py", kPythonTrees),
      {"conda.yaml",
       "channels:\n- conda-forge\ndependencies:\n- python>=3.10\n- pip\n- pip:\n  - mlflow>=3\n  - numpy\n  - pandas\n"
       "name: riskflag\n"},
      {"python_env.yaml", "python: '3.11'\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n"},
      {"requirements.txt", "mlflow>=3\nnumpy\npandas\n"},
  };
}

}  // namespace riskflag::inline v0_1::bundle::detail
