#pragma once

#if !defined(__linux__)
#error "riskflag/core.hpp needs Linux; riskflag/predict.hpp and riskflag/explain.hpp compile elsewhere too"
#else
#include <riskflag/core/base64.hpp>
#include <riskflag/core/calendar.hpp>
#include <riskflag/core/column_view.hpp>
#include <riskflag/core/cpu.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/feature.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/function_ref.hpp>
#include <riskflag/core/header_field.hpp>
#include <riskflag/core/hmac.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/line_reader.hpp>
#include <riskflag/core/log_files.hpp>
#include <riskflag/core/matrix_view.hpp>
#include <riskflag/core/memory.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/read_file.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/core/version.hpp>
#endif
