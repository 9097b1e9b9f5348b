#pragma once

// An MLflow server's experiments and models, from C++: a logger, a registry, and models:/ URIs that become directories.
// Needs Boost.Asio and Beast (headers only) through http/; https needs http/tls.hpp beside it.

#if !defined(__linux__)
#error "riskflag/mlflow.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/http/plain.hpp>
#include <riskflag/mlflow/client.hpp>
#include <riskflag/mlflow/fetch.hpp>
#include <riskflag/mlflow/logger.hpp>
#include <riskflag/mlflow/names.hpp>
#include <riskflag/mlflow/registry.hpp>
#include <riskflag/mlflow/rest.hpp>
#include <riskflag/mlflow/settings.hpp>
#include <riskflag/mlflow/sync_audit.hpp>
#include <riskflag/mlflow/sync_registry.hpp>
#include <riskflag/mlflow/sync_run.hpp>
#include <riskflag/mlflow/sync_state.hpp>
#include <riskflag/mlflow/turn.hpp>
#endif
