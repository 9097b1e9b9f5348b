#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/names.hpp>

namespace riskflag::inline v0_1::mlflow {

namespace detail {

inline void add_pairs(JsonWriter& json, std::string_view key, std::span<const track::KeyValue> pairs) {
  json.key(key).begin_array();
  for (const track::KeyValue& pair : pairs) {
    json.begin_object().key("key").value(std::string_view(pair.key));
    json.key("value").value(std::string_view(pair.value)).end_object();
  }
  json.end_array();
}
[[nodiscard]] inline std::vector<track::KeyValue> pairs_of(const Json* value) {
  std::vector<track::KeyValue> out;
  for (const Json& pair : items_of(value)) out.push_back({text_or(pair.find("key")), text_or(pair.find("value"))});
  return out;
}
/// protobuf's JSON: NaN and the infinities are strings.
inline void add_number(JsonWriter& json, double value) {
  if (is_missing(value)) {
    json.value("NaN");
  } else if (value > 1.7976931348623157e308) {
    json.value("Infinity");
  } else if (value < -1.7976931348623157e308) {
    json.value("-Infinity");
  } else {
    json.value(value);
  }
}
[[nodiscard]] inline double number_of(const Json* value) {
  if (value == nullptr) return kMissing;
  if (const Result<double> number = value->number(); number.ok()) return *number;
  return parse_double(text_or(value), Specials::accept).value_or(kMissing);
}
[[nodiscard]] inline ServerRun run_of(const Json& json) {
  ServerRun run;
  if (const Json* info = json.find("info")) {
    run.run_id = text_or(info->find("run_id"));
    run.name = text_or(info->find("run_name"));
    run.experiment_id = text_or(info->find("experiment_id"));
    run.status = text_or(info->find("status"));
    run.artifact_uri = text_or(info->find("artifact_uri"));
    run.start_ms = integer_or(info->find("start_time"), 0);
    run.end_ms = integer_or(info->find("end_time"), 0);
  }
  if (const Json* data = json.find("data")) {
    run.params = pairs_of(data->find("params"));
    run.tags = pairs_of(data->find("tags"));
    for (const Json& metric : items_of(data->find("metrics"))) {
      run.metrics.push_back({text_or(metric.find("key")), number_of(metric.find("value")),
                             integer_or(metric.find("step"), 0), integer_or(metric.find("timestamp"), 0)});
    }
  }
  if (const Json* outputs = json.find("outputs")) {
    for (const Json& model : items_of(outputs->find("model_outputs"))) {
      run.models.push_back(text_or(model.find("model_id")));
    }
  }
  return run;
}
/// 'text' as MLflow's filters quote it. A quote inside cannot be written there.
[[nodiscard]] inline std::string filter_text(std::string_view text, std::string_view where) {
  if (text.find('\'') != std::string_view::npos) {
    fail(ErrorCode::invalid_option, std::string(where),
         quoted(text) + " has an apostrophe, which MLflow cannot look for");
  }
  return "'" + std::string(text) + "'";
}

}  // namespace detail

/// Makes something unless `find` knows it: when the answer to `make` is lost, `find` is asked before another try. One
/// more try is made where no retries are wanted: it costs an answer, no waiting.
template <class Find, class Make>
auto Client::find_or_make(const Find& find, const Make& make) {
  for (int attempt = 0;; ++attempt) {
    if (auto found = find()) return std::move(*found);
    try {
      return make();
    } catch (const LostReply& lost) {
      if (attempt >= std::max(1, rest_.retries())) throw;
      if (rest_.retries() > 0) rest_.pause(attempt, lost.retry_after_s());
    } catch (const ApiError& error) {
      if (!error.is("RESOURCE_ALREADY_EXISTS") || attempt == 5) throw;  // somebody else was faster
    }
  }
}

inline std::optional<std::string> Client::find_experiment(const std::string& name) {
  try {
    const Json json = rest_.get("/mlflow/experiments/get-by-name", "experiment_name=" + http::percent_encoded(name));
    const Json* experiment = json.find("experiment");
    if (experiment == nullptr) return std::nullopt;
    if (detail::text_or(experiment->find("lifecycle_stage")) == "deleted") {
      fail(ErrorCode::not_found, rest_.where(),
           "the experiment " + quoted(name) + " is deleted; restore it with MLflow, or use another name");
    }
    return detail::text_or(experiment->find("experiment_id"));
  } catch (const ApiError& error) {
    if (error.is("RESOURCE_DOES_NOT_EXIST")) return std::nullopt;
    throw;
  }
}

inline std::map<std::string, std::string> Client::experiments() {
  std::map<std::string, std::string> names;
  const auto ask = [&](const std::string& token) {
    JsonWriter json;
    json.begin_object().key("max_results").value(1000);
    if (!token.empty()) json.key("page_token").value(std::string_view(token));
    json.end_object();
    return rest_.post("/mlflow/experiments/search", json.text());
  };
  detail::each_found("experiments", ask, [&](const Json& experiment) {
    names[detail::text_or(experiment.find("experiment_id"))] = detail::text_or(experiment.find("name"));
  });
  return names;
}

inline std::vector<std::string> Client::experiment_names() {
  std::vector<std::string> names;
  for (auto& [id, name] : experiments()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string Client::experiment_id(const std::string& name) {
  return find_or_make([&] { return find_experiment(name); },
                      [&] {
                        JsonWriter json;
                        json.begin_object().key("name").value(std::string_view(name)).end_object();
                        const Json made = rest_.post("/mlflow/experiments/create", json.text(), Repeat::ask);
                        return detail::text_or(made.find("experiment_id"));
                      });
}

inline ServerRun Client::ensure_run(const std::string& experiment_id, const std::string& client_id,
                                    const track::RunInfo& info, const std::string& parent_run_id,
                                    std::span<const track::KeyValue> tags) {
  const auto find = [&]() -> std::optional<ServerRun> {
    std::vector<ServerRun> runs = search_runs(
        {experiment_id}, "tags.`riskflag.client_run_id` = " + detail::filter_text(client_id, "run id"), "", 1);
    if (runs.empty()) return std::nullopt;
    return std::move(runs.front());
  };
  const auto make = [&] {
    std::vector<track::KeyValue> all{{"riskflag.client_run_id", client_id}};
    if (!parent_run_id.empty()) all.push_back({"mlflow.parentRunId", parent_run_id});
    for (const track::KeyValue& tag : tags) {
      if (!tag.value.empty()) all.push_back({accepted_key(tag.key), cut_text(tag.value, kMaxTag)});
    }
    JsonWriter json;
    json.begin_object().key("experiment_id").value(std::string_view(experiment_id));
    if (!info.name.empty()) json.key("run_name").value(std::string_view(info.name));
    json.key("start_time").value(info.start_ms);
    detail::add_pairs(json, "tags", all);
    json.end_object();
    const Json made = rest_.post("/mlflow/runs/create", json.text(), Repeat::ask);
    const Json* run = made.find("run");
    if (run == nullptr) fail(ErrorCode::io, rest_.where(), "runs/create gave no run");
    return detail::run_of(*run);
  };
  return find_or_make(find, make);
}

inline ServerRun Client::run(const std::string& run_id) {
  const Json json = rest_.get("/mlflow/runs/get", "run_id=" + http::percent_encoded(run_id));
  const Json* run = json.find("run");
  if (run == nullptr) fail(ErrorCode::not_found, rest_.where(), "there is no run " + quoted(run_id));
  return detail::run_of(*run);
}

inline std::vector<ServerRun> Client::search_runs(const std::vector<std::string>& experiment_ids,
                                                  const std::string& filter, const std::string& order_by,
                                                  std::size_t limit) {
  std::vector<ServerRun> runs;
  std::string page;
  do {
    JsonWriter json;
    json.begin_object().key("experiment_ids").begin_array();
    for (const std::string& id : experiment_ids) json.value(std::string_view(id));
    json.end_array();
    if (!filter.empty()) json.key("filter").value(std::string_view(filter));
    json.key("run_view_type").value("ACTIVE_ONLY");
    json.key("max_results").value(static_cast<std::uint64_t>(std::min<std::size_t>(limit - runs.size(), 1000)));
    if (!order_by.empty()) json.key("order_by").begin_array().value(std::string_view(order_by)).end_array();
    if (!page.empty()) json.key("page_token").value(std::string_view(page));
    json.end_object();
    const Json found = rest_.post("/mlflow/runs/search", json.text());
    for (const Json& run : detail::items_of(found.find("runs"))) runs.push_back(detail::run_of(run));
    page = detail::text_or(found.find("next_page_token"));
  } while (!page.empty() && runs.size() < limit);
  return runs;
}

inline void Client::update_run(const std::string& run_id, track::RunStatus status, std::int64_t end_ms) {
  JsonWriter json;
  json.begin_object().key("run_id").value(std::string_view(run_id)).key("status").value(track::name_of(status));
  if (end_ms != 0) json.key("end_time").value(end_ms);
  json.end_object();
  rest_.post("/mlflow/runs/update", json.text());
}

inline void Client::log_batch(const std::string& run_id, std::span<const track::MetricPoint> metrics,
                              std::span<const track::KeyValue> params, std::span<const track::KeyValue> tags,
                              const Told& told) {
  const auto sent_as = [&](std::string_view what, const std::string& key) {
    std::string accepted = accepted_key(key);
    if (accepted != key && told) told(std::string(what) + " " + quoted(key) + " is sent as " + quoted(accepted));
    return accepted;
  };
  const auto shortened = [&](std::string_view what, const track::KeyValue& pair, std::size_t limit) {
    const std::size_t length = characters(pair.value);
    if (length > limit && told) {
      told(std::string(what) + " " + quoted(pair.key) + " has " + std::to_string(length) +
           " characters, of which MLflow takes " + std::to_string(limit));
    }
    return cut_text(pair.value, limit);
  };
  std::size_t m = 0, p = 0, t = 0;
  while (m < metrics.size() || p < params.size() || t < tags.size()) {
    JsonWriter json;
    json.begin_object().key("run_id").value(std::string_view(run_id)).key("metrics").begin_array();
    std::size_t items = 0;
    const auto room = [&] { return items < kMaxBatchMetrics && json.text().size() + kMaxItemBytes < kMaxBatchBytes; };
    for (; m < metrics.size() && room(); ++m, ++items) {
      json.begin_object().key("key").value(std::string_view(sent_as("metric", metrics[m].key))).key("value");
      detail::add_number(json, metrics[m].value);
      json.key("timestamp").value(metrics[m].time_ms).key("step").value(metrics[m].step).end_object();
    }
    json.end_array().key("params").begin_array();
    for (std::size_t n = 0; p < params.size() && n < kMaxBatchParams && room(); ++p, ++n, ++items) {
      json.begin_object().key("key").value(std::string_view(sent_as("parameter", params[p].key)));
      json.key("value").value(std::string_view(shortened("parameter", params[p], kMaxParam))).end_object();
    }
    json.end_array().key("tags").begin_array();
    for (std::size_t n = 0; t < tags.size() && n < kMaxBatchTags && room(); ++t, ++n, ++items) {
      json.begin_object().key("key").value(std::string_view(sent_as("tag", tags[t].key)));
      json.key("value").value(std::string_view(shortened("tag", tags[t], kMaxTag))).end_object();
    }
    json.end_array().end_object();
    rest_.post("/mlflow/runs/log-batch", json.text());
  }
}

inline void Client::log_dataset(const std::string& run_id, const track::DatasetInfo& dataset) {
  JsonWriter source;
  source.begin_object().key("uri").value(std::string_view(dataset.source)).end_object();
  JsonWriter json;
  json.begin_object().key("run_id").value(std::string_view(run_id)).key("datasets").begin_array().begin_object();
  json.key("dataset").begin_object();
  json.key("name").value(std::string_view(cut_text(dataset.name, 500)));
  json.key("digest").value(std::string_view(cut_text(dataset.digest, kMaxDigest)));
  json.key("source_type").value("local").key("source").value(std::string_view(source.text()));
  if (!dataset.schema_json.empty() && dataset.schema_json.size() <= kMaxSchema)
    json.key("schema").value(std::string_view(dataset.schema_json));
  if (dataset.rows >= 0) {
    JsonWriter profile;
    profile.begin_object().key("num_rows").value(dataset.rows);
    if (dataset.columns >= 0) profile.key("num_elements").value(dataset.rows * dataset.columns);
    profile.end_object();
    json.key("profile").value(std::string_view(profile.text()));
  }
  json.end_object().key("tags").begin_array();
  json.begin_object().key("key").value("mlflow.data.context").key("value");
  json.value(std::string_view(dataset.context.empty() ? std::string("train") : dataset.context)).end_object();
  json.end_array().end_object().end_array().end_object();
  rest_.post("/mlflow/runs/log-inputs", json.text());
}

}  // namespace riskflag::inline v0_1::mlflow
