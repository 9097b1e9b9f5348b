#pragma once

// Sockets: a server that hands whole requests to a function, and a small client. Needs Boost.Beast and Asio, headers
// only. Including it costs seconds: keep it in one .cpp of a program.

#include <riskflag/http/address.hpp>
#include <riskflag/http/client.hpp>
#include <riskflag/http/message.hpp>
#include <riskflag/http/options.hpp>
#include <riskflag/http/server.hpp>
