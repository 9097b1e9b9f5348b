#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/predict/predictor.hpp>

namespace binding {

namespace nb = nanobind;

/// A model and the form of it that scores. Never changed after it was made.
struct ScoringModel {
  explicit ScoringModel(riskflag::Model made)
      : model(std::move(made)), predictor(riskflag::value_or_throw(riskflag::Predictor::make(model))) {}
  riskflag::Model model;
  riskflag::Predictor predictor;
};

using Scores = nb::ndarray<nb::numpy, double, nb::ndim<2>>;

/// rows x outputs as a numpy array that owns them.
inline Scores as_numpy(std::vector<double> values, std::size_t rows, std::size_t outputs) {
  auto owned = std::make_unique<std::vector<double>>(std::move(values));
  double* data = owned->data();
  nb::capsule owner(owned.get(), [](void* memory) noexcept { delete static_cast<std::vector<double>*>(memory); });
  (void)owned.release();
  return Scores(data, {rows, outputs}, owner);
}

void bind_model(nb::module_& module);
void bind_bundle(nb::module_& module);

}  // namespace binding
