#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#include <riskflag/serve/detail/inference_v2.hpp>
#include <riskflag/serve/json_schema.hpp>
#include <riskflag/serve/loaded.hpp>
#include <riskflag/serve/openapi.hpp>

namespace riskflag::inline v0_1::serve {
namespace detail {

/// The members that say which model answers, into an open object.
inline void write_model_names(JsonWriter& json, const bundle::Bundle& model) {
  json.key("name").value(std::string_view(model.name)).key("version").value(std::string_view(model.version));
  json.key("digest").value(std::string_view(model.digest));
}

[[nodiscard]] inline std::string model_text_of(const Loaded& loaded) {
  const bundle::Bundle& b = *loaded.model;
  JsonWriter json;
  json.begin_object();
  write_model_names(json, b);
  json.key("kind").value(bundle::name_of(b.kind()));
  json.key("objective").value(std::string_view(b.model.objective.name)).key("threshold").value(b.decision.threshold);
  json.key("positive").value(std::string_view(b.schema.positive));
  json.key("trees").value(static_cast<std::uint64_t>(b.model.trees.size()));
  json.key("best_iteration").value(b.model.best_iteration);
  json.key("features").begin_array();
  for (const auto& feature : b.model.features) json.value(std::string_view(feature.name));
  json.end_array().key("fields").begin_array();
  for (const auto& field : loaded.codec.program().inputs()) json.value(std::string_view(field));
  json.end_array().key("id_fields").begin_array();
  for (const auto& field : loaded.codec.book().ids()) json.value(std::string_view(field));
  json.end_array().key("calibration").value(name_of(b.calibration.method));
  json.key("engine").value(std::string_view(b.predictor.describe())).key("library_version").value(kVersion);
  json.key("loaded_at").value(std::string_view(loaded.loaded_at));
  json.key("metrics").raw(trimmed(b.metrics_json)).end_object();
  return std::move(json).text();
}

}  // namespace detail

inline Loaded::Loaded(std::shared_ptr<const bundle::Bundle> opened, ModelRole role)
    : model(std::move(opened)), codec(*model, role), loaded_at(rfc3339(now_ms())) {
  JsonWriter json;
  json.begin_object();
  detail::write_model_names(json, *model);
  json.end_object();
  model_object = std::move(json).text();
  schema_text = json_schema_text(model->schema, model->name, detail::example_objects(model->input_example));
  model_text = detail::model_text_of(*this);
  openapi = openapi_text(schema_text, model->name);
  v2_text = detail::v2_model_text(codec, *model);
}

}  // namespace riskflag::inline v0_1::serve
