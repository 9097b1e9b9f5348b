#pragma once

// MLflow's scoring protocol: the bodies that `mlflow models serve` takes at /invocations, and its answers.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/serve/codec.hpp>
#include <riskflag/serve/detail/document.hpp>
#include <riskflag/serve/detail/row_scorer.hpp>
#include <riskflag/serve/message.hpp>
#include <riskflag/serve/problem.hpp>

namespace riskflag::inline v0_1::serve::detail {

inline constexpr std::string_view kMlflowVersion = "3.17.2";  // whose protocol this is: clients ask /version

/// {"error_code","message"}: 422 becomes 400, which is all that MLflow's clients know.
[[nodiscard]] inline Response mlflow_problem(const Problem& problem) {
  std::string code;
  for (const char c : problem.code) code += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  JsonWriter json;
  json.begin_object().key("error_code").value(std::string_view(code));
  json.key("message").value(std::string_view(problem.detail)).end_object();
  return {problem.status == 422 ? 400 : problem.status, {{"Content-Type", "application/json"}}, std::move(json).text()};
}

/// One of the four JSON layouts: dataframe_split, dataframe_records, instances, inputs.
class MlflowJson {
 public:
  MlflowJson(const Codec& codec, Workspace& memory, TableScores& out) : rows_(codec, memory, out), out_(out) {}

  void score(std::string_view body) {
    if (const auto read = document_.read_with_nan(body); !read) {
      return out_.refuse("the body cannot be read: " + read.failure().text());
    }
    static constexpr std::string_view kAccepted =
        "exactly one of dataframe_split, dataframe_records, instances and inputs is accepted, beside params";
    if (!document_.is(Document::root(), Kind::object)) {
      return out_.refuse("the body is no JSON object; an object with " + std::string(kAccepted));
    }
    std::string_view layout;
    Document::Place value = Document::kNone;
    std::string defect;
    document_.each_member(Document::root(), [&](std::string_view key, Document::Place place) {
      if (key == "params") return;
      const bool known =
          key == "dataframe_split" || key == "dataframe_records" || key == "instances" || key == "inputs";
      if (!known || !layout.empty())
        defect = known ? "the body has two layouts" : "the body has a member " + quoted(key);
      layout = key;
      value = place;
    });
    if (defect.empty() && layout.empty()) defect = "the body has no rows";
    if (!defect.empty()) return out_.refuse(defect + "; " + std::string(kAccepted));
    if (layout == "dataframe_split") {
      split(value);
    } else if (layout == "inputs" && document_.is(value, Kind::object)) {
      columns(value);
    } else if (!document_.is(value, Kind::array)) {
      out_.refuse(quoted(layout) + " is no array; an array of rows is accepted");
    } else {
      list(value, layout);
    }
    rows_.finish();
  }

 private:
  using Place = Document::Place;
  using Kind = Document::Kind;

  void split(Place value) {
    const Place names = document_.find(value, "columns"), data = document_.find(value, "data");
    if (!document_.is(names, Kind::array) || !document_.is(data, Kind::array)) {
      return out_.refuse("\"dataframe_split\" is an object with the arrays \"columns\" and \"data\"; one is not there");
    }
    std::vector<const RowScorer::Entry*> columns;
    document_.each_item(names, [&](Place name) {
      if (!document_.is(name, Kind::string)) return out_.refuse("a name in \"columns\" is no string");
      columns.push_back(rows_.column(document_.text(name)));
    });
    if (!out_.problem) arrays(data, columns);
  }

  /// Rows as objects, or as arrays without names.
  void list(Place value, std::string_view layout) {
    if (const Place first = document_.first(value); first != Document::kNone && !document_.is(first, Kind::object)) {
      if (layout == "dataframe_records") return out_.refuse("\"dataframe_records\" is an array of objects");
      return arrays(value, rows_.positional());
    }
    std::size_t row = 0;
    std::size_t ignored = 0;
    document_.each_item(value, [&](Place item) {
      ++row;
      if (out_.problem || rows_.is_full()) return;
      if (!document_.is(item, Kind::object)) return out_.refuse("row " + std::to_string(row) + " is no object");
      out_.ignored_columns = 0;
      rows_.begin_row();
      document_.each_member(item,
                            [&](std::string_view name, Place cell) { rows_.set(rows_.column(name), document_, cell); });
      rows_.end_row();
      ignored = std::max(ignored, out_.ignored_columns);
    });
    out_.ignored_columns = ignored;
  }

  void arrays(Place data, const std::vector<const RowScorer::Entry*>& columns) {
    std::size_t row = 0;
    document_.each_item(data, [&](Place item) {
      ++row;
      if (out_.problem || rows_.is_full()) return;
      const bool whole = document_.is(item, Kind::array);
      const std::size_t width = whole ? document_.items(item) : 1;
      if (width != columns.size()) {
        return out_.refuse("row " + std::to_string(row) + " has " + std::to_string(width) + " values for " +
                           std::to_string(columns.size()) + " columns");
      }
      rows_.begin_row();
      std::size_t at = 0;
      if (whole) {
        document_.each_item(item, [&](Place cell) { rows_.set(columns[at++], document_, cell); });
      } else {
        rows_.set(columns[0], document_, item);
      }
      rows_.end_row();
    });
  }

  /// {"name": [values], …}; single values are one row.
  void columns(Place value) {
    std::vector<std::pair<const RowScorer::Entry*, std::vector<Place>>> all;
    document_.each_member(value, [&](std::string_view name, Place cells) {
      auto& column = all.emplace_back(rows_.column(name), std::vector<Place>());
      if (document_.is(cells, Kind::array)) {
        document_.each_item(cells, [&](Place cell) { column.second.push_back(cell); });
      } else {
        column.second.push_back(cells);
      }
      if (column.second.size() != all.front().second.size()) {
        out_.refuse("the columns of \"inputs\" differ in length: " + quoted(name) + " has " +
                    std::to_string(column.second.size()) + " values, the first " +
                    std::to_string(all.front().second.size()));
      }
    });
    if (out_.problem || all.empty()) return;
    for (std::size_t row = 0; row < all.front().second.size() && !rows_.is_full(); ++row) {
      rows_.begin_row();
      for (const auto& [entry, cells] : all) rows_.set(entry, document_, cells[row]);
      rows_.end_row();
    }
  }

  RowScorer rows_;
  TableScores& out_;
  Document document_;
};

inline void score_mlflow_csv(const Codec& codec, std::string_view body, Workspace& memory, TableScores& out) {
  MemorySource source(body, "the body");
  std::unique_ptr<CsvRows> table;
  try {
    table = std::make_unique<CsvRows>(source, CsvOptions{});
  } catch (const Error& error) {
    return out.refuse(error.what());
  }
  RowScorer rows(codec, memory, out);
  std::vector<const RowScorer::Entry*> columns;
  for (const std::string& name : table->header()) columns.push_back(rows.column(name));
  std::vector<std::string_view> cells;
  for (auto next = table->next(cells); next != CsvRows::Next::end && !rows.is_full(); next = table->next(cells)) {
    if (next != CsvRows::Next::row) {
      return out.refuse("line " + std::to_string(table->problem().line) + ": " + table->problem().message);
    }
    rows.begin_row();
    for (std::size_t i = 0; i < columns.size(); ++i) rows.set(columns[i], bundle::RawCell::of_csv(cells[i]));
    rows.end_row();
  }
  rows.finish();
}

[[nodiscard]] inline Response mlflow_response(const TableScores& scores) {
  std::string body = R"({"predictions":[)";
  for (std::size_t i = 0; i < scores.probabilities.size(); ++i) {
    if (i > 0) body += ',';
    append_number(body, scores.probabilities[i]);
  }
  body += "]}";
  return {200,
          {{"Content-Type", "application/json"}, {"X-Ignored-Columns", std::to_string(scores.ignored_columns)}},
          std::move(body)};
}

}  // namespace riskflag::inline v0_1::serve::detail
