// What a scored row costs inside the server, without sockets: bytes in, bytes out, on one thread.
//   serve/json/rows:N/trees:T, serve/csv/…, serve/ndjson/… ; the rate is rows.
// Before it times, each answer's probabilities are compared with the slow walk over the same rows.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <riskflag/core/random.hpp>
#include <riskflag/model/link.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/serve.hpp>

namespace {

using namespace riskflag;

constexpr int kNumbers = 15, kCategories = 5, kDepth = 5;

/// Twenty fields, as a loan application has; complete trees over them with leaves on a grid.
struct Model20 {
  Schema schema;
  prep::Pipeline pipeline;
  riskflag::Model model;

  explicit Model20(int trees) {
    prep::PipelineParts parts;
    for (int f = 0; f < kNumbers + kCategories; ++f) {
      const bool number = f < kNumbers;
      Field field{.name = (number ? "number_" : "level_") + std::to_string(f)};
      if (!number) {
        field.type = ColumnType::category;
        for (int level = 0; level < 9; ++level) field.levels.push_back("level " + std::to_string(level));
      }
      parts.inputs.push_back(field.name);
      parts.input_levels.push_back(field.levels.size());
      parts.features.push_back(
          {field.name, number ? FeatureType::numeric : FeatureType::categorical, field.levels, {field.name}});
      parts.feature_slots.push_back(static_cast<prep::Slot>(f));
      schema.fields.push_back(std::move(field));
    }
    model.features = parts.features;
    pipeline = prep::Pipeline(std::move(parts));
    model.base_margin = {0.0};
    model.leaf_grid = 0x1p-20;
    const Random random(7);
    std::uint64_t draw = 0;
    for (int t = 0; t < trees; ++t) model.trees.push_back(tree(random, draw));
    model.best_iteration = trees;
  }

  static Tree tree(const Random& random, std::uint64_t& draw) {
    Tree out;
    const std::int32_t inner = (1 << kDepth) - 1;
    for (std::int32_t i = 0; i < inner; ++i) {
      Node node;
      node.feature = static_cast<std::int32_t>(random.below(kNumbers + kCategories, draw++));
      node.categorical = node.feature >= kNumbers;
      node.threshold = node.categorical ? 0.0 : random.uniform(draw++);
      if (node.categorical) {
        node.category_set = static_cast<std::uint32_t>(out.category_sets.size());
        out.category_sets.push_back({static_cast<std::uint32_t>(1 + random.below(510, draw++))});
      }
      const auto child = [&](std::int32_t at) { return at < inner ? at : ~(at - inner); };
      node.left = child(2 * i + 1);
      node.right = child(2 * i + 2);
      out.nodes.push_back(node);
    }
    for (std::int32_t leaf = 0; leaf <= inner; ++leaf) {
      out.leaves.push_back((static_cast<double>(random.below(2001, draw++)) - 1000.0) * 0x1p-14);
    }
    return out;
  }
};

/// Raw rows, and what the slow scorer says of them.
struct Rows {
  std::vector<std::vector<double>> values;
  std::vector<double> probabilities;

  Rows(const Model20& m, std::size_t n) {
    const Random random(11);
    std::uint64_t draw = 0;
    for (std::size_t i = 0; i < n; ++i) {
      auto& row = values.emplace_back();
      for (int f = 0; f < kNumbers; ++f) row.push_back(random.uniform(draw++));
      for (int f = 0; f < kCategories; ++f) row.push_back(static_cast<double>(random.below(9, draw++)));
      probabilities.push_back(link(m.model.objective, margin(m.model, row)));
    }
  }
  [[nodiscard]] std::string cell(std::size_t i, std::size_t f, const char* quote) const {
    return f < kNumbers ? number_text(values[i][f]) : quote + ("level " + number_text(values[i][f])) + quote;
  }
  [[nodiscard]] std::string json(const Model20& m, std::size_t i) const {
    std::string out = "{";
    for (std::size_t f = 0; f < values[i].size(); ++f)
      out += (f > 0 ? ",\"" : "\"") + m.schema.fields[f].name + "\":" + cell(i, f, "\"");
    return out + "}";
  }
};

struct Setup {
  Model20 parts;
  std::shared_ptr<const bundle::Bundle> model;
  std::unique_ptr<serve::Service> service;

  explicit Setup(int trees) : parts(trees) {
    Frame example;
    for (std::size_t f = 0; f < parts.schema.fields.size(); ++f) {
      const Field& field = parts.schema.fields[f];
      Column column{.name = field.name, .type = field.type};
      column.levels = field.levels;
      if (field.type == ColumnType::number)
        column.numbers = {0.5};
      else
        column.codes = {3};
      example.add(std::move(column));
    }
    const auto reference = monitor::make_reference(parts.schema, example, {});
    const auto folder = std::filesystem::temp_directory_path() / ("riskflag-bench-" + std::to_string(monotonic_ns()));
    bundle::save({.schema = parts.schema,
                  .pipeline = parts.pipeline,
                  .model = parts.model,
                  .reference = reference,
                  .example = example},
                 folder.string());
    model = std::make_shared<const bundle::Bundle>(bundle::open(folder.string()));
    std::filesystem::remove_all(folder);
    service = std::make_unique<serve::Service>(model);
  }
};

void score(benchmark::State& state, const std::string& media, const std::string& body, const Setup& setup,
           const Rows& rows) {
  const std::vector<serve::Header> headers{{"Host", "localhost"}, {"Content-Type", media}};
  const serve::Request request{"POST", "/v1/score", headers, body};
  const std::string answer = setup.service->handle(request).body;
  for (const double p : rows.probabilities) {
    if (answer.find(number_text(p)) == std::string::npos)
      return state.SkipWithError("the answer is not the slow scorer's");
  }
  for (auto _ : state) benchmark::DoNotOptimize(setup.service->handle(request).body.size());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows.values.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

const Setup& setup_of(int trees) {
  static const Setup small(100), large(1000);
  return trees == 100 ? small : large;
}

void json(benchmark::State& state) {
  const Setup& setup = setup_of(static_cast<int>(state.range(1)));
  const Rows rows(setup.parts, static_cast<std::size_t>(state.range(0)));
  std::string body = rows.values.size() == 1 ? "" : "[";
  for (std::size_t i = 0; i < rows.values.size(); ++i) body += (i > 0 ? "," : "") + rows.json(setup.parts, i);
  score(state, "application/json", body + (rows.values.size() == 1 ? "" : "]"), setup, rows);
}
void ndjson(benchmark::State& state) {
  const Setup& setup = setup_of(static_cast<int>(state.range(1)));
  const Rows rows(setup.parts, static_cast<std::size_t>(state.range(0)));
  std::string body;
  for (std::size_t i = 0; i < rows.values.size(); ++i) body += rows.json(setup.parts, i) + "\n";
  score(state, "application/x-ndjson", body, setup, rows);
}
void csv(benchmark::State& state) {
  const Setup& setup = setup_of(static_cast<int>(state.range(1)));
  const Rows rows(setup.parts, static_cast<std::size_t>(state.range(0)));
  std::string body;
  for (std::size_t f = 0; f < rows.values[0].size(); ++f)
    body += (f > 0 ? "," : "") + setup.parts.schema.fields[f].name;
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    for (std::size_t f = 0; f < rows.values[i].size(); ++f) body += (f > 0 ? "," : "\n") + rows.cell(i, f, "");
  }
  score(state, "text/csv", body + "\n", setup, rows);
}

}  // namespace

BENCHMARK(json)->Name("serve/json")->ArgNames({"rows", "trees"})->ArgsProduct({{1, 100}, {100, 1000}});
BENCHMARK(ndjson)->Name("serve/ndjson")->ArgNames({"rows", "trees"})->ArgsProduct({{100}, {100, 1000}});
BENCHMARK(csv)->Name("serve/csv")->ArgNames({"rows", "trees"})->ArgsProduct({{100}, {100, 1000}});
