#pragma once

#include <string>
#include <string_view>

#include <riskflag/core/file.hpp>

/// Keeps what is written.
class TextSink final : public riskflag::ByteSink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};
