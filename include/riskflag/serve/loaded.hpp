#pragma once

#include <memory>
#include <string>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/monitor/counters.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/model_role.hpp>

namespace riskflag::inline v0_1::serve {

/// One model as a service holds it: opened, with everything that is the same in each of its answers.
struct Loaded {
  /// Throws Error(unsupported) for a model that is not binary.
  explicit Loaded(std::shared_ptr<const bundle::Bundle> opened, ModelRole role = ModelRole::champion);

  std::shared_ptr<const bundle::Bundle> model;
  Codec codec;
  std::string loaded_at;     ///< RFC 3339
  std::string model_object;  ///< {"name","version","digest"}
  std::string model_text;    ///< /v1/model
  std::string schema_text;   ///< /v1/schema
  std::string openapi;       ///< /openapi.json
  std::string v2_text;       ///< /v2/models/{model}
};

}  // namespace riskflag::inline v0_1::serve

#include <riskflag/serve/detail/loaded.hpp>
