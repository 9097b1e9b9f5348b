#include "model.hh"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <stop_token>
#include <tuple>

#include <riskflag/bin.hpp>
#include <riskflag/model/file.hpp>
#include <riskflag/model/importance.hpp>
#include <riskflag/model/parse.hpp>
#include <riskflag/train.hpp>

#include "table.hh"

namespace binding {
namespace {

using Column = nb::ndarray<const double, nb::ndim<1>, nb::c_contig>;
using Options = std::vector<std::pair<std::string, std::string>>;
using Valid = std::tuple<std::string, const Table*, Column, std::optional<Column>>;

constexpr std::size_t kBlock = 4096;        // rows that one task scores
constexpr std::size_t kTrainBlock = 65536;  // rows that are binned at once

std::span<const double> span_of(const Column& column) { return {column.data(), column.shape(0)}; }
std::span<const double> span_of(const std::optional<Column>& column) {
  return column ? span_of(*column) : std::span<const double>{};
}

/// Asks the interpreter now and then whether a signal (Ctrl-C) wants the training to end.
class Interrupt {
 public:
  void look() {
    const auto now = std::chrono::steady_clock::now();
    if (raised_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(50);
    const nb::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() == 0) return;
    raised_ = true;  // the exception waits in this thread's state
    stop_.request_stop();
  }
  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  [[nodiscard]] bool raised() const noexcept { return raised_; }

 private:
  std::chrono::steady_clock::time_point next_{};
  std::stop_source stop_;
  bool raised_ = false;
};

/// A matrix in one piece is read where it lies; other tables are never in memory as a whole, but for their bins.
riskflag::Binned bin(const Table& table, std::span<const riskflag::Feature> features,
                     const riskflag::TrainOptions& options, riskflag::Executor& pool) {
  const riskflag::BinOptions how = riskflag::bin_options(options);
  if (const auto x = table.doubles()) return riskflag::bin_matrix(*x, features, how, pool);
  if (const auto x = table.floats()) return riskflag::bin_matrix(*x, features, how, pool);
  const FeatureReader reader(table, features);
  riskflag::ChunkedBinning bins(reader.rows(), features, how, pool);
  std::vector<double> block;
  const auto pass = [&](auto take) {
    for (std::size_t first = 0; first < reader.rows(); first += kTrainBlock) {
      const std::size_t count = std::min(kTrainBlock, reader.rows() - first);
      block.resize(count * reader.cols());
      pool.run(reader.cols(),
               [&](std::size_t j, unsigned) { reader.read_column(j, first, count, block.data() + j * count); });
      take(riskflag::MatrixView<double>::col_major(block.data(), count, reader.cols()));
    }
  };
  pass([&](riskflag::MatrixView<double> rows) { bins.look(rows); });
  pass([&](riskflag::MatrixView<double> rows) { bins.fill(rows); });
  return bins.take();
}

struct Trained {
  std::shared_ptr<ScoringModel> model;
  int best_iteration = 0;
  bool stopped_early = false;
  std::vector<std::string> warnings;
};

Trained train(const Table& table, const Column& labels, const std::optional<Column>& weights, const Options& settings,
              const std::vector<Valid>& valid, unsigned threads) {
  Interrupt interrupt;
  riskflag::TrainResult result;
  {
    const nb::gil_scoped_release unlocked;
    riskflag::TrainOptions options;
    for (const auto& [name, value] : settings) riskflag::set_option(options, name, value);
    riskflag::validate(options);
    const std::vector<riskflag::Feature> features = table.features();
    riskflag::Pool pool(threads);
    const riskflag::Binned bins = bin(table, features, options, pool);
    std::vector<std::vector<double>> copies;
    std::vector<riskflag::ValidData> sets;
    for (const auto& [name, rows, targets, set_weights] : valid) {
      const FeatureReader reader(*rows, features);
      auto x = reader.as_it_lies();
      if (!x)
        x = riskflag::MatrixView<double>::col_major(copies.emplace_back(reader.read_all(pool)).data(), reader.rows(),
                                                    reader.cols());
      sets.push_back({name, *x, span_of(targets), span_of(set_weights), {}});
    }
    riskflag::TrainHooks hooks;
    hooks.on_iteration = [&](const riskflag::IterationReport&) { interrupt.look(); };
    hooks.stop = interrupt.token();
    interrupt.look();
    result = riskflag::train({.bins = bins, .labels = span_of(labels), .weights = span_of(weights)}, sets, options,
                             pool, hooks);
  }
  if (interrupt.raised()) throw nb::python_error();
  return {std::make_shared<ScoringModel>(std::move(result.model)), result.best_iteration, result.stopped_early,
          std::move(result.warnings)};
}

Scores predict(const ScoringModel& scoring, const Table& table, bool margins, unsigned threads) {
  const riskflag::Predictor& predictor = scoring.predictor;
  const auto outputs = static_cast<std::size_t>(predictor.outputs());
  std::vector<double> out(table.rows() * outputs);
  {
    const nb::gil_scoped_release unlocked;
    const FeatureReader reader(table, scoring.model.features);
    const auto lies = reader.as_it_lies();
    riskflag::Pool pool(table.rows() <= kBlock ? 1 : threads);
    std::vector<std::vector<double>> blocks(pool.concurrency());
    riskflag::parallel_for(pool, table.rows(), kBlock, [&](std::size_t begin, std::size_t end, unsigned worker) {
      riskflag::MatrixView<double> rows;
      if (lies) {
        rows = lies->rows_from(begin, end - begin);
      } else {
        std::vector<double>& block = blocks[worker];
        block.resize((end - begin) * reader.cols());
        reader.read(begin, end - begin, block.data());
        rows = riskflag::MatrixView<double>::col_major(block.data(), end - begin, reader.cols());
      }
      const std::span<double> to(out.data() + begin * outputs, (end - begin) * outputs);
      if (!(margins ? predictor.margins(rows, to) : predictor.probabilities(rows, to)))
        riskflag::fail(riskflag::ErrorCode::internal, "predict", "the rows do not fit the model");
    });
  }
  return as_numpy(std::move(out), table.rows(), outputs);
}

}  // namespace

void bind_model(nb::module_& module) {
  using riskflag::Model;
  nb::class_<ScoringModel>(module, "Model", "A trained model; its text is model.json.")
      .def("text",
           [](const ScoringModel& self) {
             const std::string text = riskflag::model_text(self.model);
             return nb::bytes(text.data(), text.size());
           })
      .def_static(
          "parse",
          [](const nb::bytes& text) {
            return std::make_shared<ScoringModel>(
                riskflag::value_or_throw(riskflag::parse_model({text.c_str(), text.size()}, "model.json")));
          },
          nb::arg("text"))
      .def("__getstate__",
           [](const ScoringModel& self) {
             const std::string text = riskflag::model_text(self.model);
             return nb::bytes(text.data(), text.size());
           })
      .def("__setstate__",
           [](ScoringModel& self, const nb::bytes& text) {
             new (&self) ScoringModel(
                 riskflag::value_or_throw(riskflag::parse_model({text.c_str(), text.size()}, "model.json")));
           })
      .def("predict", &predict, nb::arg("table"), nb::arg("margins") = false, nb::arg("threads") = 0,
           "rows x outputs: probabilities or predictions, or margins before the link.")
      .def(
          "importance",
          [](const ScoringModel& self) {
            std::pair<std::vector<double>, std::vector<std::size_t>> out;
            for (const auto& [gain, splits] : riskflag::importance(self.model)) {
              out.first.push_back(gain);
              out.second.push_back(splits);
            }
            return out;
          },
          "The gains and the numbers of splits of each feature.")
      .def(
          "history",
          [](const ScoringModel& self) { return std::pair(self.model.history.names, self.model.history.values); },
          "Names (\"valid.auc\") and, for each iteration, values.")
      .def_prop_ro("feature_names", [](const ScoringModel& self) { return self.predictor.feature_names(); })
      .def_prop_ro(
          "levels",
          [](const ScoringModel& self) {
            std::vector<std::vector<std::string>> out;
            for (const riskflag::Feature& feature : self.model.features) out.push_back(feature.levels);
            return out;
          },
          "Of each feature; none for a number.")
      .def_prop_ro("objective", [](const ScoringModel& self) { return self.model.objective.name; })
      .def_prop_ro("trees", [](const ScoringModel& self) { return self.model.trees.size(); })
      .def_prop_ro("options", [](const ScoringModel& self) { return self.model.options; })
      .def("describe", [](const ScoringModel& self) { return self.predictor.describe(); });
  nb::class_<Trained>(module, "Trained", "A model and how its training ended.")
      .def_ro("model", &Trained::model)
      .def_ro("best_iteration", &Trained::best_iteration)
      .def_ro("stopped_early", &Trained::stopped_early)
      .def_ro("warnings", &Trained::warnings);
  module.def("train", &train, nb::arg("table"), nb::arg("labels"), nb::arg("weights").none(), nb::arg("options"),
             nb::arg("valid"), nb::arg("threads") = 0);
  module.def(
      "default_options", [] { return riskflag::options_list({}); }, "Every training option and its default, as text.");
}

}  // namespace binding
