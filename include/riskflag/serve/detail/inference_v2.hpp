#pragma once

// The Open Inference Protocol, version 2 (KServe, Triton, MLServer): JSON tensors in, the tensor `probability` out.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/detail/document.hpp>
#include <riskflag/serve/detail/row_scorer.hpp>
#include <riskflag/serve/message.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve::detail {

[[nodiscard]] inline Response v2_problem(const Problem& problem) {
  JsonWriter json;
  json.begin_object().key("error").value(std::string_view(problem.detail)).end_object();
  return {problem.status == 422 ? 400 : problem.status, {{"Content-Type", "application/json"}}, std::move(json).text()};
}

/// What a value of a tensor may be.
enum class TensorValue { boolean, integer, number, text, unknown };

[[nodiscard]] inline TensorValue tensor_value(std::string_view datatype) noexcept {
  static constexpr std::array<std::string_view, 8> kIntegers{"INT8",  "INT16",  "INT32",  "INT64",
                                                             "UINT8", "UINT16", "UINT32", "UINT64"};
  if (datatype == "BOOL") return TensorValue::boolean;
  if (datatype == "BYTES") return TensorValue::text;
  if (datatype == "FP16" || datatype == "FP32" || datatype == "FP64") return TensorValue::number;
  return std::find(kIntegers.begin(), kIntegers.end(), datatype) != kIntegers.end() ? TensorValue::integer
                                                                                    : TensorValue::unknown;
}

/// One infer request: either an input for each column (shape [n] or [n, 1]) or one tensor [n, fields]. null and NaN are
/// missing, and so are the missing tokens of CSV.
class V2Infer {
 public:
  V2Infer(const Codec& codec, Workspace& memory, TableScores& out)
      : codec_(codec), rows_(codec, memory, out), out_(out) {}

  void score(std::string_view body) {
    if (const auto read = document_.read_with_nan(body); !read) {
      return out_.refuse("the body cannot be read: " + read.failure().text());
    }
    if (!document_.is(Document::root(), Kind::object)) return out_.refuse("the body is no JSON object");
    id_ = document_.find(Document::root(), "id");
    if (id_ != Document::kNone && !document_.is(id_, Kind::string)) return out_.refuse("\"id\" is no string");
    check_outputs(document_.find(Document::root(), "outputs"));
    const Place inputs = document_.find(Document::root(), "inputs");
    if (out_.problem) return;
    if (!document_.is(inputs, Kind::array) || document_.items(inputs) == 0) {
      return out_.refuse("\"inputs\" is no array of tensors; one for each field, or one [n, fields], is accepted");
    }
    std::vector<Tensor> tensors;
    document_.each_item(inputs, [&](Place input) {
      if (!out_.problem) read_tensor(input, tensors.emplace_back());
    });
    if (!out_.problem) score_rows(tensors);
    rows_.finish();
  }

  /// The answer to a request that was scored.
  [[nodiscard]] Response response(const bundle::Bundle& model) const {
    JsonWriter json;
    json.begin_object().key("model_name").value(std::string_view(model.name));
    json.key("model_version").value(std::string_view(model.version));
    if (id_ != Document::kNone) json.key("id").value(document_.text(id_));
    json.key("outputs").begin_array().begin_object().key("name").value("probability");
    json.key("shape").begin_array().value(static_cast<std::uint64_t>(out_.probabilities.size())).end_array();
    json.key("datatype").value("FP64").key("data").begin_array();
    for (const double p : out_.probabilities) json.value(p);
    json.end_array().end_object().end_array().end_object();
    return {200, {{"Content-Type", "application/json"}}, std::move(json).text()};
  }

 private:
  using Place = Document::Place;
  using Kind = Document::Kind;
  struct Tensor {
    std::string_view name;
    std::vector<std::size_t> shape;
    TensorValue value = TensorValue::unknown;
    std::vector<Place> data;  // row-major
    [[nodiscard]] std::size_t rows() const { return shape.empty() ? 0 : shape[0]; }
    [[nodiscard]] std::size_t width() const { return shape.size() < 2 ? 1 : shape[1]; }
  };

  void check_outputs(Place outputs) {
    if (outputs == Document::kNone) return;
    if (!document_.is(outputs, Kind::array)) return out_.refuse("\"outputs\" is no array");
    document_.each_item(outputs, [&](Place output) {
      const Place name = document_.find(output, "name");
      if (!document_.is(name, Kind::string) || document_.text(name) != "probability") {
        out_.refuse("an item of \"outputs\" is not named \"probability\", the one output that there is");
      }
    });
  }

  void read_tensor(Place input, Tensor& tensor) {
    const Place name = document_.find(input, "name"), shape = document_.find(input, "shape");
    const Place datatype = document_.find(input, "datatype"), data = document_.find(input, "data");
    if (!document_.is(name, Kind::string)) return out_.refuse("an input has no \"name\"");
    tensor.name = document_.text(name);
    const std::string where = "input " + quoted(tensor.name) + ": ";
    if (document_.find(document_.find(input, "parameters"), "binary_data_size") != Document::kNone) {
      return out_.refuse(where + "binary tensors are not accepted; send \"data\" as JSON");
    }
    if (!document_.is(datatype, Kind::string)) return out_.refuse(where + "there is no \"datatype\"");
    tensor.value = tensor_value(document_.text(datatype));
    if (tensor.value == TensorValue::unknown) {
      return out_.refuse(where + "the datatype " + quoted(document_.text(datatype)) +
                         " is unknown; BOOL, INT8 to INT64, UINT8 to UINT64, FP16, FP32, FP64 and BYTES are accepted");
    }
    if (!document_.is(shape, Kind::array) || !document_.is(data, Kind::array)) {
      return out_.refuse(where + "\"shape\" and \"data\" must be arrays");
    }
    document_.each_item(shape, [&](Place dimension) {
      const auto n = document_.is(dimension, Kind::number) ? parse_integer(document_.text(dimension)) : std::nullopt;
      if (!n || *n < 0 || *n > kMostRows) return out_.refuse(where + "\"shape\" holds no counts");
      tensor.shape.push_back(static_cast<std::size_t>(*n));
    });
    if (out_.problem) return;
    if (tensor.shape.empty() || tensor.shape.size() > 2)
      return out_.refuse(where + "\"shape\" must be [n] or [n, columns]");
    flatten(data, tensor, where);
    if (!out_.problem && tensor.data.size() != tensor.rows() * tensor.width()) {
      out_.refuse(where + std::to_string(tensor.data.size()) + " values, the shape says " +
                  std::to_string(tensor.rows() * tensor.width()));
    }
  }

  void flatten(Place array, Tensor& tensor, const std::string& where) {
    document_.each_item(array, [&](Place item) {
      if (out_.problem) return;
      if (document_.is(item, Kind::array)) return flatten(item, tensor, where);
      if (!fits(item, tensor.value)) return out_.refuse(where + "a value does not have the tensor's datatype");
      tensor.data.push_back(item);
    });
  }
  [[nodiscard]] bool fits(Place item, TensorValue value) const {
    switch (document_.kind(item)) {
      case Kind::null: return true;
      case Kind::boolean: return value == TensorValue::boolean;
      case Kind::string: return value == TensorValue::text;
      case Kind::number:
        return value == TensorValue::number ||
               (value == TensorValue::integer && document_.text(item).find_first_of(".eE") == std::string_view::npos);
      case Kind::array:
      case Kind::object:
      case Kind::key: break;
    }
    return false;
  }

  void score_rows(const std::vector<Tensor>& tensors) {
    const auto fields = rows_.positional();
    const bool one =
        tensors.size() == 1 && tensors[0].shape.size() == 2 && codec_.book().find(tensors[0].name) == nullptr;
    if (one && tensors[0].width() != fields.size()) {
      return out_.refuse("input " + quoted(tensors[0].name) + " has " + std::to_string(tensors[0].width()) +
                         " columns; the model has " + std::to_string(fields.size()) +
                         " fields, in the order of /v2/models");
    }
    std::vector<const RowScorer::Entry*> columns;
    for (const Tensor& tensor : tensors) {
      if (one) break;
      columns.push_back(codec_.book().find(tensor.name));
      const std::string where = "input " + quoted(tensor.name);
      if (columns.back() == nullptr)
        return out_.refuse(where + " is unknown; expected " + codec_.book().expected(tensor.name));
      if (std::count(columns.begin(), columns.end(), columns.back()) > 1)
        return out_.refuse(where + " stands there twice");
      if (tensor.width() != 1 || tensor.rows() != tensors[0].rows()) {
        return out_.refuse(where + ": the shape must be [n] or [n, 1], with the same n for every field");
      }
    }
    for (std::size_t row = 0; row < tensors[0].rows() && !rows_.is_full(); ++row) {
      rows_.begin_row();
      if (one) {
        for (std::size_t c = 0; c < fields.size(); ++c) {
          set(fields[c], tensors[0], row * fields.size() + c);
        }
      } else {
        for (std::size_t c = 0; c < columns.size(); ++c) set(columns[c], tensors[c], row);
      }
      rows_.end_row();
    }
  }

  /// Texts are read as CSV's cells are: a client whose tensors have one datatype has no other way to write a row of
  /// numbers and levels, nor a missing number among integers.
  void set(const RowScorer::Entry* entry, const Tensor& tensor, std::size_t i) {
    bundle::RawCell cell;
    if (entry != nullptr && entry->kind == FieldBook::Kind::input && document_.cell(tensor.data[i], cell) &&
        cell.kind == bundle::RawCell::Kind::text) {
      return rows_.set(entry, bundle::RawCell::of_csv(cell.text));
    }
    rows_.set(entry, document_, tensor.data[i]);
  }

  static constexpr std::int64_t kMostRows = std::numeric_limits<std::int32_t>::max();

  const Codec& codec_;
  RowScorer rows_;
  TableScores& out_;
  Document document_;
  Place id_ = Document::kNone;
};

/// GET /v2/models/{model}: the column style's inputs, which are also the columns of a single tensor, in order.
[[nodiscard]] inline std::string v2_model_text(const Codec& codec, const bundle::Bundle& model) {
  JsonWriter json;
  const auto tensor = [&json](std::string_view name, std::string_view datatype) {
    json.begin_object().key("name").value(name).key("datatype").value(datatype);
    json.key("shape").begin_array().value(-1).end_array().end_object();
  };
  json.begin_object().key("name").value(std::string_view(model.name)).key("versions").begin_array();
  json.value(std::string_view(model.version)).end_array().key("platform").value("riskflag_model");
  json.key("inputs").begin_array();
  for (std::size_t i = 0; i < codec.program().inputs().size(); ++i) {
    tensor(codec.program().inputs()[i], codec.program().field(i).type == ColumnType::number ? "FP64" : "BYTES");
  }
  json.end_array().key("outputs").begin_array();
  tensor("probability", "FP64");
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace riskflag::inline v0_1::serve::detail
