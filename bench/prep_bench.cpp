// Preparing loans: one applicant, a frame, and fitting, for the default recipe and for the original pipeline's. Before
// anything is timed, rows prepared one by one are compared with the frame's.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <riskflag/data/simulate.hpp>
#include <riskflag/prep.hpp>

namespace {

using namespace riskflag;

constexpr const char* kOriginal = R"({"format":1,"steps":[
  {"op":"group","columns":["CITY","STATE","Profession"],"ignore_case":true,"underscores_as_blanks":true},
  {"op":"target_encode","columns":["CITY","STATE"]},
  {"op":"derive","name":"income_to_age","expression":"Income / Age"},
  {"op":"derive","name":"income_to_experience","expression":"Income / Experience"},
  {"op":"derive","name":"stability","expression":"(CURRENT_JOB_YRS + CURRENT_HOUSE_YRS) / 2"},
  {"op":"ordinal_encode","columns":["Car_Ownership","Married/Single"]},
  {"op":"one_hot","columns":["House_Ownership"]}]})";

struct Case {
  prep::Recipe recipe;
  Frame loans;
  Schema schema;
  std::vector<double> labels;
  prep::Fitted fitted;
};

const Case& loans_case(bool original) {
  static const auto make = [](bool with_steps) {
    Case out;
    if (with_steps) out.recipe = prep::parse_recipe(kOriginal, "recipe");
    out.loans = simulate({.rows = 50'000});
    out.labels = out.loans.column("Risk_Flag").numbers;
    Schema schema = infer_schema(out.loans);
    for (Field& field : schema.fields) {
      if (field.name == "Id") field.role = Role::id;
      if (field.name == "Risk_Flag") field.role = Role::target;
    }
    out.schema = prep::prepare_schema(out.recipe, schema);
    SerialExecutor serial;
    out.fitted = prep::fit(out.recipe, out.schema, out.loans, {.labels = out.labels}, serial);
    return out;
  };
  static const Case plain = make(false), steps = make(true);
  return original ? steps : plain;
}

struct Rows {
  std::size_t inputs, outputs;
  std::vector<double> raw;  // row after row
};
Rows raw_rows(const Case& data, std::size_t count) {
  const prep::FieldEncoder encoder(data.schema);
  const prep::FrameFields bound = encoder.bind(data.loans);
  Rows out{bound.fields(), data.fitted.pipeline.features().size(), std::vector<double>(bound.fields() * count)};
  std::vector<double*> cells(bound.fields());
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t f = 0; f < cells.size(); ++f) cells[f] = &out.raw[i * cells.size() + f];
    bound.encode(i, 1, cells);
  }
  return out;
}

bool is_right(const Case& data, const Rows& rows, std::size_t count) {
  SerialExecutor serial;
  const prep::FeatureMatrix whole = data.fitted.pipeline.transform(data.loans, data.schema, serial);
  prep::Scratch scratch;
  std::vector<double> out(rows.outputs);
  for (std::size_t i = 0; i < count; ++i) {
    data.fitted.pipeline.transform_row({&rows.raw[i * rows.inputs], rows.inputs}, out, scratch);
    for (std::size_t j = 0; j < out.size(); ++j) {
      const double want = whole.view()(i, j);
      const bool same = is_missing(want) ? is_missing(out[j])
                                         : std::bit_cast<std::uint64_t>(want) == std::bit_cast<std::uint64_t>(out[j]);
      if (!same) return false;
    }
  }
  return true;
}

void row(benchmark::State& state, bool original) {
  const Case& data = loans_case(original);
  constexpr std::size_t kRows = 512;
  const Rows rows = raw_rows(data, kRows);
  if (!is_right(data, rows, kRows)) return state.SkipWithError("a row differs from the frame");
  prep::Scratch scratch;
  std::vector<double> out(rows.outputs);
  std::size_t i = 0;
  for (auto _ : state) {
    data.fitted.pipeline.transform_row({&rows.raw[i * rows.inputs], rows.inputs}, out, scratch);
    benchmark::DoNotOptimize(out.data());
    i = (i + 1) % kRows;
  }
  state.SetItemsProcessed(state.iterations());
}

void frame(benchmark::State& state, bool original) {
  const Case& data = loans_case(original);
  if (!is_right(data, raw_rows(data, 64), 64)) return state.SkipWithError("a row differs from the frame");
  SerialExecutor serial;
  for (auto _ : state)
    benchmark::DoNotOptimize(data.fitted.pipeline.transform(data.loans, data.schema, serial).values.data());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(data.loans.rows()));
}

/// The training rows are what transform() makes of them, but for encodings made out of fold (`encoded` columns); those
/// differ, and keep their mean to a tenth.
bool is_fitted(const Case& data, const prep::FeatureMatrix& train, std::size_t encoded) {
  SerialExecutor serial;
  const prep::FeatureMatrix whole = data.fitted.pipeline.transform(data.loans, data.schema, serial);
  std::size_t different = 0;
  for (std::size_t j = 0; j < data.fitted.pipeline.features().size(); ++j) {
    bool is_same = true;
    double got = 0, want = 0;
    for (std::size_t i = 0; i < data.loans.rows(); ++i) {
      const double a = train.view()(i, j), b = whole.view()(i, j);
      if (is_missing(a) && is_missing(b)) continue;
      is_same &= a == b;
      got += a;
      want += b;
    }
    if (is_same) continue;
    ++different;
    if (!(std::abs(got - want) <= 0.1 * std::abs(want))) return false;
  }
  return different == encoded;
}

void fit(benchmark::State& state, bool original) {
  const Case& data = loans_case(original);
  SerialExecutor serial;
  if (!is_fitted(data, data.fitted.train, original ? 2 : 0)) return state.SkipWithError("not what transform() makes");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        prep::fit(data.recipe, data.schema, data.loans, {.labels = data.labels}, serial).train.values.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(data.loans.rows()));
}

}  // namespace

BENCHMARK_CAPTURE(row, default_recipe, false)->Name("prep/row/recipe:default");
BENCHMARK_CAPTURE(row, original_recipe, true)->Name("prep/row/recipe:original");
BENCHMARK_CAPTURE(frame, default_recipe, false)->Name("prep/frame/recipe:default/threads:1");
BENCHMARK_CAPTURE(frame, original_recipe, true)->Name("prep/frame/recipe:original/threads:1");
BENCHMARK_CAPTURE(fit, default_recipe, false)->Name("prep/fit/recipe:default/threads:1");
BENCHMARK_CAPTURE(fit, original_recipe, true)->Name("prep/fit/recipe:original/threads:1");
