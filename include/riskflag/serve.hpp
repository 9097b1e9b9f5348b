#pragma once

// Request bytes in, response bytes out, for one opened model directory. No sockets: hand it requests from any server.

#if !defined(__linux__)
#error "riskflag/serve.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/serve/access_log.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/decision_log.hpp>
#include <riskflag/serve/follower.hpp>
#include <riskflag/serve/json_schema.hpp>
#include <riskflag/serve/keys.hpp>
#include <riskflag/serve/loaded.hpp>
#include <riskflag/serve/message.hpp>
#include <riskflag/serve/metrics.hpp>
#include <riskflag/serve/model_role.hpp>
#include <riskflag/serve/monitor_state.hpp>
#include <riskflag/serve/openapi.hpp>
#include <riskflag/serve/outcome_log.hpp>
#include <riskflag/serve/problem.hpp>
#include <riskflag/serve/row_input.hpp>
#include <riskflag/serve/service.hpp>
#endif
