#pragma once

// Sockets: a server that hands whole requests to a function, and a small client. Needs Boost.Beast and Asio, headers
// only. Including it costs seconds: keep it in one .cpp of a program.

#if !defined(__linux__)
#error "riskflag/http.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/http/address.hpp>
#include <riskflag/http/client.hpp>
#include <riskflag/http/message.hpp>
#include <riskflag/http/options.hpp>
#include <riskflag/http/server.hpp>
#endif
