// Scores rows with a model file of another library: the C++ side of test_import_lightgbm.py and test_import_xgboost.py.
//
// import_driver MODEL ROWS COUNT OUT [START ITERATIONS | REFERENCES]: ROWS holds COUNT rows of doubles. OUT gets, row
// by row: each output's margin, each output's sum of |leaf| and |base|, each tree's leaf, each output's contributions
// and base (NaN for linear leaves, which have none). With REFERENCES, OUT.against gets each row's contributions against
// the first so many rows, and their base. Every engine of the predictor must give the slow scorer's bits. Ends with 1
// and a sentence when the model is refused.

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <riskflag/explain.hpp>
#include <riskflag/interop.hpp>
#include <riskflag/model/export_lightgbm.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/model/iterations.hpp>
#include <riskflag/model/linear_trees.hpp>
#include <riskflag/model/parse.hpp>
#include <riskflag/model/walk.hpp>
#include <riskflag/predict.hpp>

using namespace riskflag;

namespace {

std::string bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

[[noreturn]] void end(int code, const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(code);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc > 7) end(2, "import_driver MODEL ROWS COUNT OUT [START ITERATIONS | REFERENCES]");
  const std::string text = bytes_of(argv[1]);
  const bool lightgbm = looks_like_lightgbm(text);
  const bool own = text.substr(0, 20).find("\"format\"") != std::string::npos;  // export_sklearn.py's
  auto read = lightgbm ? import_lightgbm(text, argv[1])
              : own    ? parse_model(text, argv[1])
                       : interop::import_xgboost(text, argv[1]);
  if (!read) end(1, read.failure().text());
  const Model model = argc == 7 ? take_iterations(*read, std::atoi(argv[5]), std::atoi(argv[6])) : *read;
  const auto count = static_cast<std::size_t>(std::atol(argv[3]));
  const std::size_t features = model.features.size(), outputs = model.base_margin.size();
  const std::string cells = bytes_of(argv[2]);
  if (cells.size() != count * features * sizeof(double)) end(2, "rows of another size");
  std::vector<double> rows(count * features);
  for (std::size_t i = 0; i < rows.size(); ++i) __builtin_memcpy(&rows[i], cells.data() + i * 8, 8);

  std::vector<double> margins(count * outputs), contributions(count * outputs * features, kMissing);
  const auto view = MatrixView<double>::row_major(rows.data(), count, features);
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t k = 0; k < outputs; ++k) {
      margins[r * outputs + k] = margin(model, std::span(rows).subspan(r * features, features), static_cast<int>(k));
    }
  }
  for (const char* engine : {"auto", "walk"}) {
    const auto predictor = Predictor::make(model, {.engine = engine});
    if (!predictor) end(3, predictor.failure().text());
    std::vector<double> fast(count * outputs), single(outputs);
    if (!predictor->margins(view, fast)) end(3, "sizes");
    for (std::size_t r = 0; r < count; ++r) {
      predictor->row_margins(rows.data() + r * features, single.data());
      for (std::size_t k = 0; k < outputs; ++k) {
        const std::size_t i = r * outputs + k;
        if (std::bit_cast<std::uint64_t>(fast[i]) != std::bit_cast<std::uint64_t>(margins[i]) ||
            std::bit_cast<std::uint64_t>(single[k]) != std::bit_cast<std::uint64_t>(margins[i])) {
          end(3, predictor->describe() + ": row " + std::to_string(r) + " differs from the slow scorer");
        }
      }
    }
  }
  const bool linear = find_linear_tree(model).has_value();
  const auto explainer = Explainer::make(model);
  if (!explainer && !linear) end(3, explainer.failure().text());
  Explainer::Scratch scratch;
  if (!linear && !explainer->contributions(view, contributions, scratch)) end(3, "sizes");

  std::ofstream out(argv[4], std::ios::binary);
  const auto put = [&](double x) { out.write(reinterpret_cast<const char*>(&x), sizeof x); };
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t k = 0; k < outputs; ++k) put(margins[r * outputs + k]);
    const auto row = std::span<const double>(rows).subspan(r * features, features);
    std::vector<double> sizes;
    for (const double base : model.base_margin) sizes.push_back(base < 0 ? -base : base);
    for (std::size_t t = 0; t < model.trees.size(); ++t) {
      const double leaf = model.trees[t].leaves[leaf_of(model.trees[t], row, model.float32_inputs)];
      sizes[t % outputs] += leaf < 0 ? -leaf : leaf;
    }
    for (const double size : sizes) put(size);
    for (const Tree& tree : model.trees) put(static_cast<double>(leaf_of(tree, row, model.float32_inputs)));
    for (std::size_t k = 0; k < outputs; ++k) {
      for (std::size_t f = 0; f < features; ++f) put(contributions[(r * outputs + k) * features + f]);
      put(linear ? kMissing : explainer->base(k));
    }
  }
  if (argc == 6) {
    const auto references = explainer->references(view.rows_from(0, static_cast<std::size_t>(std::atol(argv[5]))));
    if (!references) end(3, "references");
    std::vector<double> against(outputs * features);
    std::ofstream file(argv[4] + std::string(".against"), std::ios::binary);
    for (std::size_t r = 0; r < count; ++r) {
      if (!explainer->contributions_against(rows.data() + r * features, *references, against, scratch)) end(3, "sizes");
      for (std::size_t k = 0; k < outputs; ++k) {
        file.write(reinterpret_cast<const char*>(against.data() + k * features),
                   static_cast<std::streamsize>(features * sizeof(double)));
        file.write(reinterpret_cast<const char*>(&references->base()[k]), sizeof(double));
      }
    }
  }
  // The same model for other libraries, where they can say it.
  const auto exported = [&](const char* ending, const Result<std::string>& bytes) {
    const std::string path = argv[1] + std::string(ending);
    std::remove(path.c_str());
    if (bytes) std::ofstream(path, std::ios::binary) << *bytes;
  };
  exported(".exported", lightgbm_text(model));
  exported(".own", model_text(model));
  exported(".json", interop::xgboost_json(model));
  exported(".onnx", interop::onnx_bytes(model));
  return out.good() ? 0 : 4;
}
