// Any body of any accepted media type is answered 200, 400 or 422, with an answer that our own strict reader reads, and
// a row that is scored has a finite probability in [0, 1]. The first byte chooses the media type; "i" is MLflow's
// protocol, "v" the Open Inference Protocol.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/serve.hpp>

#include "../bundle/tiny_model.hpp"

namespace {

using namespace riskflag;

void demand(bool condition) {
  if (!condition) __builtin_trap();
}

const serve::Service& service() {
  static const auto made = [] {
    const tiny::Folder folder;
    tiny::save_to(folder / "loans");
    return std::make_unique<serve::Service>(std::make_shared<const bundle::Bundle>(bundle::open(folder / "loans")));
  }();
  return *made;
}

void demand_result(const Json& result) {
  const auto p = value_or_throw(value_or_throw(result.at("probability"))->number());
  demand(p >= 0 && p <= 1);
  demand(value_or_throw(value_or_throw(result.at("decision_id"))->string()).size() == 36);
}

void table_of_rows(const std::string& path, std::string_view body) {
  const std::vector<serve::Header> headers{{"Content-Type", "application/json"}};
  const auto answer = service().handle({"POST", path, headers, body});
  demand(answer.status == 200 || answer.status == 400);
  const auto read = read_json(answer.body, "answer");
  demand(read.ok());
  if (answer.status == 400) {
    demand((*read).find(path == "/invocations" ? "message" : "error") != nullptr);
    return;
  }
  const Json* outputs = (*read).find("outputs");
  const Json* scores = outputs == nullptr ? (*read).find("predictions") : (*outputs->array())[0].find("data");
  for (const Json& score : *scores->array()) {
    const auto p = value_or_throw(score.number());
    demand(p >= 0 && p <= 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'i' || data[0] == 'v') {
    table_of_rows(data[0] == 'i' ? "/invocations" : "/v2/models/loans/infer", body);
    return 0;
  }
  const std::string_view types[] = {"application/json", "application/x-ndjson", "text/csv"};
  const std::string_view type = types[data[0] % 3];
  const std::vector<serve::Header> headers{{"Content-Type", type}};
  const auto answer = service().handle({"POST", "/v1/score", headers, body});
  demand(answer.status == 200 || answer.status == 400 || answer.status == 422);
  if (answer.status != 200) {
    const auto problem = read_json(answer.body, "problem");
    demand(problem.ok());
    demand(value_or_throw((*problem).at("errors"))->array()->size() <= serve::kMaxErrors);
  } else if (type == "application/json") {
    const auto json = read_json(answer.body, "answer");
    demand(json.ok());
    if ((*json).array() == nullptr) {
      demand_result(*json);
    } else {
      for (const Json& result : *(*json).array()) demand_result(result);
    }
  } else if (type == "application/x-ndjson") {
    for (const std::string_view line : split_text(answer.body, '\n')) {
      if (line.empty()) continue;
      const auto json = read_json(line, "line");
      demand(json.ok());
      if ((*json).find("error") == nullptr) demand_result(*json);
    }
  }
  return 0;
}
