#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <riskflag/core/missing.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::monitor {

/// One name and value of a sample; any text is accepted as value.
using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

/// Writes metrics as Prometheus reads them (text format 0.0.4, `kContentType`): for each family its help and type, then
/// its samples. Names must be [a-zA-Z_:][a-zA-Z0-9_:]*, and a family's samples follow its begin().
///
///     Exposition page;
///     page.family("riskflag_shed_total", "counter", "Requests refused under load.");
///     page.sample({{"reason", "in_flight"}}, std::uint64_t{3});
class Exposition {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ");
    append_escaped(help, false);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  void sample(Labels labels, std::uint64_t value) {
    head({}, labels);
    append_number(out_, value);
    out_ += '\n';
  }
  void sample(Labels labels, double value) {
    head({}, labels);
    append_value(value);
    out_ += '\n';
  }
  /// The samples of one histogram: `counts[i]` values up to `bounds[i]` and above the bound before; the last count has
  /// no bound. `sum` is that of the values.
  void histogram(Labels labels, std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      below += counts[i];
      head("_bucket", labels, i < bounds.size() ? number_text(bounds[i]) : "+Inf");
      append_number(out_, below);
      out_ += '\n';
    }
    head("_sum", labels);
    append_value(sum);
    out_ += '\n';
    head("_count", labels);
    append_number(out_, below);
    out_ += '\n';
  }

  [[nodiscard]] std::string text() && { return std::move(out_); }

 private:
  void head(std::string_view suffix, Labels labels, std::string_view bound = {}) {
    out_.append(name_).append(suffix);
    if (labels.size() > 0 || !bound.empty()) {
      out_ += '{';
      bool first = true;
      for (const auto& [name, value] : labels) {
        append_label(name, value, first);
        first = false;
      }
      if (!bound.empty()) append_label("le", bound, first);
      out_ += '}';
    }
    out_ += ' ';
  }
  void append_label(std::string_view name, std::string_view value, bool first) {
    if (!first) out_ += ',';
    out_.append(name).append("=\"");
    append_escaped(value, true);
    out_ += '"';
  }
  void append_escaped(std::string_view text, bool in_quotes) {
    while (!text.empty()) {
      const std::size_t length = utf8_length(text);
      const char c = text.front();
      if (length == 0) {
        out_ += "\xef\xbf\xbd";  // a scrape that is not UTF-8 is refused whole
      } else if (c == '\\') {
        out_ += "\\\\";
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (c == '"' && in_quotes) {
        out_ += "\\\"";
      } else {
        out_.append(text.substr(0, length));
      }
      text.remove_prefix(length == 0 ? 1 : length);
    }
  }
  void append_value(double value) {
    if (is_missing(value)) {
      out_ += "NaN";
    } else if (!is_finite(value)) {
      out_ += value > 0 ? "+Inf" : "-Inf";
    } else {
      append_number(out_, value);
    }
  }

  std::string name_, out_;
};

}  // namespace riskflag::inline v0_1::monitor
