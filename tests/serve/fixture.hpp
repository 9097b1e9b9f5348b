#pragma once

// A service over the model that is small enough to score by hand, and readers of its answers.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/serve.hpp>

#include "../bundle/tiny_model.hpp"

namespace serve_test {

using namespace riskflag;

struct Fixture {
  tiny::Folder folder;
  std::shared_ptr<const bundle::Bundle> model;
  serve::Service service;
  Fixture() : model(opened(folder)), service(model) {}
  static std::shared_ptr<const bundle::Bundle> opened(const tiny::Folder& folder) {
    tiny::save_to(folder / "loans");
    return std::make_shared<const bundle::Bundle>(bundle::open(folder / "loans"));
  }
  [[nodiscard]] serve::Response post(std::string_view body, std::string_view type = "application/json",
                                     std::string_view target = "/v1/score") const {
    const std::vector<serve::Header> headers{{"content-type", type}};
    return service.handle({"POST", target, headers, body});
  }
  [[nodiscard]] serve::Response get(std::string_view target, std::string_view method = "GET") const {
    return service.handle({method, target, {}, {}});
  }
};

/// A model whose margins are one less than the tiny model's, opened from `directory`.
inline std::shared_ptr<const bundle::Bundle> stricter(const std::string& directory,
                                                      const Schema& schema = tiny::schema()) {
  Model model = tiny::model();
  model.base_margin = {-2.0};
  tiny::save_to(directory, schema, model);
  return std::make_shared<const bundle::Bundle>(bundle::open(directory));
}

inline Json parsed(const std::string& text) {
  auto json = read_json(text, "answer");
  if (!json) FAIL(json.failure().text() << " in " << text);
  return std::move(json).value();
}
inline std::string text_of(const Json& json, std::string_view key) {
  return value_or_throw(value_or_throw(json.at(key))->string());
}
inline double number_of(const Json& json, std::string_view key) {
  return value_or_throw(value_or_throw(json.at(key))->number());
}

inline const std::string kGood = R"({"income":500,"home":"OWN","id":"a-1"})";  // margin 0.75

}  // namespace serve_test
