#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/detail/client_runs.hpp>

namespace riskflag::inline v0_1::mlflow {

namespace detail {

[[nodiscard]] inline LoggedModel model_of(const Json& json) {
  LoggedModel model;
  if (const Json* info = json.find("info")) {
    model.model_id = text_or(info->find("model_id"));
    model.artifact_uri = text_or(info->find("artifact_uri"));
    const Json* status = info->find("status");  // a name, or the number behind it
    model.status = text_or(status, std::to_string(integer_or(status, 0)));
  }
  return model;
}
/// `path` is a models:/ URI that resolves on this server.
[[nodiscard]] inline track::ModelVersion version_of(const Json& json) {
  track::ModelVersion version;
  version.name = text_or(json.find("name"));
  version.version = static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_or(json.find("version"), 0)));
  version.path = "models:/" + version.name + "/" + std::to_string(version.version);
  version.run_id = text_or(json.find("run_id"));
  version.description = text_or(json.find("description"));
  version.tags = pairs_of(json.find("tags"));
  version.created_ms = integer_or(json.find("creation_timestamp"), 0);
  for (const track::KeyValue& tag : version.tags) {
    if (tag.key == "riskflag.digest") version.digest = tag.value;
  }
  for (const Json& alias : items_of(json.find("aliases"))) {
    if (const Result<std::string> name = alias.string(); name.ok()) version.aliases.push_back(*name);
  }
  std::sort(version.aliases.begin(), version.aliases.end());
  return version;
}

/// MLflow's word for what a model of these training parameters is; empty where they do not say.
[[nodiscard]] inline std::string_view model_type(std::span<const track::KeyValue> params) noexcept {
  for (const track::KeyValue& param : params) {
    if (param.key != "objective") continue;
    const std::string_view objective = param.value;
    if (objective == "custom" || objective == "cross_entropy") return {};
    return objective == "binary" || objective.starts_with("multiclass") ? "Classifier" : "Regressor";
  }
  return {};
}

/// Of a search by GET: how much of it, and where it goes on.
[[nodiscard]] inline std::string page_query(const std::string& token) {
  return "max_results=1000" + (token.empty() ? "" : "&page_token=" + http::percent_encoded(token));
}

}  // namespace detail

inline LoggedModel Client::ensure_model(const std::string& experiment_id, const std::string& run_id,
                                        const std::string& client_id, const std::string& name,
                                        std::span<const track::KeyValue> params) {
  const auto find = [&]() -> std::optional<LoggedModel> {
    JsonWriter json;
    json.begin_object().key("experiment_ids").begin_array().value(std::string_view(experiment_id)).end_array();
    json.key("filter").value(
        std::string_view("tags.`riskflag.client_model_id` = " + detail::filter_text(client_id, "model id")));
    json.key("max_results").value(1).end_object();
    const Json found = rest_.post("/mlflow/logged-models/search", json.text());
    for (const Json& model : detail::items_of(found.find("models"))) return detail::model_of(model);
    return std::nullopt;
  };
  const auto make = [&] {
    const std::vector<track::KeyValue> tags{{"riskflag.client_model_id", client_id}};
    JsonWriter json;
    json.begin_object().key("experiment_id").value(std::string_view(experiment_id));
    json.key("name").value(std::string_view(name));
    if (const std::string_view type = detail::model_type(params); !type.empty()) json.key("model_type").value(type);
    json.key("source_run_id").value(std::string_view(run_id));
    std::vector<track::KeyValue> accepted;
    for (const track::KeyValue& param : params) {
      accepted.push_back({accepted_key(param.key), cut_text(param.value, kMaxParam)});
      if (accepted.size() == kMaxBatchParams) break;
    }
    detail::add_pairs(json, "params", accepted);
    detail::add_pairs(json, "tags", tags);
    json.end_object();
    const Json made = rest_.post("/mlflow/logged-models", json.text(), Repeat::ask);
    const Json* model = made.find("model");
    if (model == nullptr) fail(ErrorCode::io, rest_.where(), "logged-models gave no model");
    return detail::model_of(*model);
  };
  return find_or_make(find, make);
}

inline void Client::finish_model(const std::string& run_id, const std::string& model_id, bool ready) {
  JsonWriter outputs;
  outputs.begin_object().key("run_id").value(std::string_view(run_id)).key("models").begin_array();
  outputs.begin_object().key("model_id").value(std::string_view(model_id)).key("step").value(0).end_object();
  outputs.end_array().end_object();
  rest_.post("/mlflow/runs/outputs", outputs.text());
  JsonWriter json;
  json.begin_object().key("model_id").value(std::string_view(model_id)).key("status");
  json.value(ready ? "LOGGED_MODEL_READY" : "LOGGED_MODEL_UPLOAD_FAILED").end_object();
  rest_.send("PATCH", "/mlflow/logged-models/" + http::percent_encoded(model_id), json.text());
}

inline LoggedModel Client::logged_model(const std::string& model_id) {
  const Json json = rest_.get("/mlflow/logged-models/" + http::percent_encoded(model_id));
  const Json* model = json.find("model");
  if (model == nullptr) fail(ErrorCode::not_found, rest_.where(), "there is no logged model " + quoted(model_id));
  return detail::model_of(*model);
}

inline track::ModelVersion Client::ensure_version(const std::string& name, const LoggedModel& model,
                                                  const std::string& run_id, const std::string& digest,
                                                  const std::string& description, std::span<const track::KeyValue> tags,
                                                  const Told& told) {
  JsonWriter registered;
  registered.begin_object().key("name").value(std::string_view(name)).end_object();
  bool was_there = false;
  try {
    rest_.post("/mlflow/registered-models/create", registered.text());
  } catch (const ApiError& error) {
    if (!error.is("RESOURCE_ALREADY_EXISTS")) throw;
    was_there = true;
    for (const track::KeyValue& tag : model_tags(name)) {
      if (tag.key != "mlflow.prompt.is_prompt" || lower_ascii(tag.value) != "true") continue;
      fail(ErrorCode::already_exists, rest_.where(),
           quoted(name) + " is the name of a prompt there; register the model under another name");
    }
  }
  const std::string source = "models:/" + model.model_id;
  const auto find = [&]() -> std::optional<track::ModelVersion> {
    for (track::ModelVersion& version : versions(name)) {
      for (const track::KeyValue& tag : version.tags) {
        if (tag.key == "riskflag.model_id" && tag.value == model.model_id) return std::move(version);
      }
    }
    return std::nullopt;
  };
  const auto make = [&] {
    std::vector<track::KeyValue> all{{"riskflag.digest", digest}, {"riskflag.model_id", model.model_id}};
    for (const track::KeyValue& tag : tags) all.push_back({accepted_key(tag.key), tag.value});
    JsonWriter json;
    json.begin_object().key("name").value(std::string_view(name)).key("source").value(std::string_view(source));
    if (!run_id.empty()) json.key("run_id").value(std::string_view(run_id));
    json.key("model_id").value(std::string_view(model.model_id));
    if (!description.empty()) json.key("description").value(std::string_view(description));
    detail::add_pairs(json, "tags", all);
    json.end_object();
    const Json made = rest_.post("/mlflow/model-versions/create", json.text(), Repeat::ask);
    const Json* version = made.find("model_version");
    if (version == nullptr) fail(ErrorCode::io, rest_.where(), "model-versions/create gave no version");
    track::ModelVersion out = detail::version_of(*version);
    if (was_there && told && out.version > 1) {
      told("the model " + quoted(name) + " was there already: this is its version " + std::to_string(out.version) +
           "; its aliases stay where they are (riskflag-registry promote moves one)");
    }
    return out;
  };
  return find_or_make(find, make);
}

inline std::vector<std::string> Client::model_names() {
  std::vector<std::string> names;
  const auto ask = [&](const std::string& token) {
    return rest_.get("/mlflow/registered-models/search", detail::page_query(token));
  };
  detail::each_found("registered_models", ask,
                     [&](const Json& model) { names.push_back(detail::text_or(model.find("name"))); });
  std::sort(names.begin(), names.end());
  return names;
}

inline std::vector<track::ModelVersion> Client::versions(const std::string& name) {
  std::vector<track::ModelVersion> out;
  const std::string filter = http::percent_encoded("name=" + detail::filter_text(name, "model name"));
  const auto ask = [&](const std::string& token) {
    return rest_.get("/mlflow/model-versions/search", "filter=" + filter + "&" + detail::page_query(token));
  };
  detail::each_found("model_versions", ask, [&](const Json& version) { out.push_back(detail::version_of(version)); });
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
  return out;
}

inline std::optional<track::ModelVersion> Client::find_version(const std::string& name, std::uint64_t version) {
  try {
    const Json json = rest_.get("/mlflow/model-versions/get",
                                "name=" + http::percent_encoded(name) + "&version=" + std::to_string(version));
    const Json* found = json.find("model_version");
    if (found == nullptr) return std::nullopt;
    return detail::version_of(*found);
  } catch (const ApiError& error) {
    if (error.is("RESOURCE_DOES_NOT_EXIST")) return std::nullopt;
    throw;
  }
}

inline std::optional<track::ModelVersion> Client::find_alias(const std::string& name, const std::string& alias) {
  try {
    const Json json = rest_.get("/mlflow/registered-models/alias",
                                "name=" + http::percent_encoded(name) + "&alias=" + http::percent_encoded(alias));
    const Json* found = json.find("model_version");
    if (found == nullptr) return std::nullopt;
    return detail::version_of(*found);
  } catch (const ApiError& error) {
    // An alias that is not there is INVALID_PARAMETER_VALUE to MLflow, a name RESOURCE_DOES_NOT_EXIST.
    if (error.is("RESOURCE_DOES_NOT_EXIST") || error.is("INVALID_PARAMETER_VALUE")) return std::nullopt;
    throw;
  }
}

inline void Client::set_alias(const std::string& name, const std::string& alias, std::uint64_t version) {
  JsonWriter json;
  json.begin_object().key("name").value(std::string_view(name)).key("alias").value(std::string_view(alias));
  json.key("version").value(std::string_view(std::to_string(version))).end_object();
  rest_.post("/mlflow/registered-models/alias", json.text());
}

inline void Client::remove_alias(const std::string& name, const std::string& alias) {
  JsonWriter json;
  json.begin_object().key("name").value(std::string_view(name)).key("alias").value(std::string_view(alias));
  json.end_object();
  rest_.send("DELETE", "/mlflow/registered-models/alias", json.text());
}

inline void Client::remove_version(const std::string& name, std::uint64_t version) {
  JsonWriter json;
  json.begin_object().key("name").value(std::string_view(name));
  json.key("version").value(std::string_view(std::to_string(version))).end_object();
  rest_.send("DELETE", "/mlflow/model-versions/delete", json.text());
}

inline std::vector<track::KeyValue> Client::model_tags(const std::string& name) {
  const Json json = rest_.get("/mlflow/registered-models/get", "name=" + http::percent_encoded(name));
  const Json* model = json.find("registered_model");
  return model == nullptr ? std::vector<track::KeyValue>{} : detail::pairs_of(model->find("tags"));
}

inline void Client::set_model_tag(const std::string& name, const std::string& key, const std::string& value) {
  JsonWriter json;
  json.begin_object().key("name").value(std::string_view(name)).key("key").value(std::string_view(key));
  json.key("value").value(std::string_view(value)).end_object();
  rest_.post("/mlflow/registered-models/set-tag", json.text());
}

inline void Client::remove_model_tag(const std::string& name, const std::string& key) {
  JsonWriter json;
  json.begin_object().key("name").value(std::string_view(name)).key("key").value(std::string_view(key)).end_object();
  rest_.send("DELETE", "/mlflow/registered-models/delete-tag", json.text());
}

inline void Client::set_version_tag(const std::string& name, std::uint64_t version, const std::string& key,
                                    const std::string& value) {
  JsonWriter json;
  json.begin_object().key("name").value(std::string_view(name));
  json.key("version").value(std::string_view(std::to_string(version))).key("key").value(std::string_view(key));
  json.key("value").value(std::string_view(value)).end_object();
  rest_.post("/mlflow/model-versions/set-tag", json.text());
}

inline std::string Client::download_uri(const std::string& name, std::uint64_t version) {
  const Json json = rest_.get("/mlflow/model-versions/get-download-uri",
                              "name=" + http::percent_encoded(name) + "&version=" + std::to_string(version));
  return detail::text_or(json.find("artifact_uri"));
}

}  // namespace riskflag::inline v0_1::mlflow
