// Model directories: opened, scored by their own rows' rules, and made of a model that was trained here.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <tuple>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/bundle/reasons.hpp>
#include <riskflag/bundle/row_program.hpp>
#include <riskflag/core/calendar.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/json/schema_json.hpp>
#include <riskflag/monitor/reference.hpp>

#include "../../../programs/import/servable.hpp"
#include "model.hh"
#include "table.hh"

namespace binding {
namespace {

namespace bundle = riskflag::bundle;
using riskflag::ColumnType;
using riskflag::ErrorCode;
using riskflag::fail;
using riskflag::quoted;
using Kind = bundle::RawCell::Kind;

/// A cell whose text is its own.
struct OwnedCell {
  Kind kind = Kind::absent;
  std::string text;
};

OwnedCell cell_of(const TableColumn& column, double value, const riskflag::Field& field) {
  if (riskflag::is_missing(value)) return {Kind::null, {}};
  switch (column.type) {
    case ColumnType::number: return {Kind::number, riskflag::number_text(value)};
    case ColumnType::date:
      return {Kind::text, riskflag::date_text(static_cast<std::int32_t>(value), field.date_format)};
    default:
      return value < 0 ? OwnedCell{Kind::null, {}}
                       : OwnedCell{Kind::text, column.levels[static_cast<std::size_t>(value)]};
  }
}

/// A dict's value, as JSON would say it.
OwnedCell cell_of(nb::handle value, const riskflag::Field& field) {
  if (value.is_none()) return {Kind::null, {}};
  if (nb::isinstance<nb::str>(value)) return {Kind::text, nb::cast<std::string>(value)};
  if (PyBool_Check(value.ptr())) return {Kind::boolean, value.ptr() == Py_True ? "true" : "false"};
  if (PyLong_Check(value.ptr())) return {Kind::number, nb::cast<std::string>(nb::str(value))};
  if (nb::hasattr(value, "strftime"))
    return {Kind::text, nb::cast<std::string>(value.attr("strftime")(field.date_format))};
  const double number = PyFloat_AsDouble(value.ptr());  // numpy's numbers, too
  if (number == -1.0 && PyErr_Occurred() != nullptr) throw nb::python_error();
  if (riskflag::is_missing(number)) return {Kind::null, {}};
  return {Kind::number, riskflag::number_text(number)};
}

std::string sentence_of(const std::vector<bundle::FieldIssue>& issues) {
  std::string out;
  for (const bundle::FieldIssue& issue : issues) out += (out.empty() ? "" : "; ") + issue.sentence();
  return out;
}

/// One thread's memory.
struct Row {
  std::vector<OwnedCell> owned;
  std::vector<bundle::RawCell> cells;
  std::vector<double> features;
  std::vector<bundle::FieldIssue> issues;
  bundle::RowProgram::Scratch scratch;
  bundle::ReasonProgram::Scratch reasons;
};

/// An opened model directory and its programs; const, used by many threads.
class OpenBundle {
 public:
  explicit OpenBundle(const std::string& path) : bundle_(bundle::open(path)), program_(bundle_) {
    if (bundle_.kind() == bundle::Kind::binary) reasons_.emplace(bundle_);
  }
  OpenBundle(const OpenBundle&) = delete;
  OpenBundle& operator=(const OpenBundle&) = delete;

  [[nodiscard]] const bundle::Bundle& get() const noexcept { return bundle_; }

  /// rows x outputs; the first row that cannot be used is an error.
  [[nodiscard]] Scores scores(const Table& table, unsigned threads) const {
    const std::size_t outputs = program_.outputs();
    std::vector<double> out(table.rows() * outputs);
    std::size_t bad_row = table.rows();
    std::string bad;
    {
      const nb::gil_scoped_release unlocked;
      std::vector<const TableColumn*> columns;
      for (const std::string& name : program_.inputs()) columns.push_back(table.find(name));
      riskflag::Pool pool(table.rows() <= 1024 ? 1 : threads);
      std::vector<Row> workers(pool.concurrency());
      std::mutex failing;
      riskflag::parallel_for(pool, table.rows(), 1024, [&](std::size_t begin, std::size_t end, unsigned worker) {
        Row& row = workers[worker];
        std::vector<std::vector<double>> values(columns.size(), std::vector<double>(end - begin));
        for (std::size_t i = 0; i < columns.size(); ++i) {
          if (columns[i] != nullptr) columns[i]->read(begin, end - begin, values[i].data());
        }
        for (std::size_t r = begin; r < end; ++r) {
          row.owned.assign(columns.size(), {});
          for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i] != nullptr) row.owned[i] = cell_of(*columns[i], values[i][r - begin], program_.field(i));
          }
          if (prepare(row)) {
            program_.scores(row.features, std::span(out.data() + r * outputs, outputs));
            continue;
          }
          const std::lock_guard lock(failing);
          if (r < bad_row) {
            bad_row = r;
            bad = sentence_of(row.issues);
          }
        }
      });
    }
    if (bad_row < table.rows()) fail(ErrorCode::invalid_data, "row " + std::to_string(bad_row), bad);
    return as_numpy(std::move(out), table.rows(), outputs);
  }

  /// The scores of a dict, or the sentence that says why there are none.
  [[nodiscard]] std::pair<std::vector<double>, std::optional<std::string>> score(const nb::dict& values) const {
    Row row;
    if (!take(values, row)) return {{}, sentence_of(row.issues)};
    std::vector<double> out(program_.outputs());
    program_.scores(row.features, out);
    return {std::move(out), std::nullopt};
  }

  /// (field, code, text, contribution) of at most `most` reasons.
  [[nodiscard]] std::vector<std::tuple<std::string, std::string, std::string, double>> explain(const nb::dict& values,
                                                                                               std::size_t most) const {
    if (!reasons_) fail(ErrorCode::unsupported, bundle_.path, "reasons are those for High: the model is not binary");
    Row row;
    if (!take(values, row)) fail(ErrorCode::invalid_data, "row", sentence_of(row.issues));
    std::vector<bundle::Reason> found;
    reasons_->reasons(row.features, std::min(most, bundle::kMostReasons), found, row.reasons);
    std::vector<std::tuple<std::string, std::string, std::string, double>> out;
    for (const bundle::Reason& reason : found)
      out.emplace_back(reason.field, reason.code, reason.text, reason.contribution);
    return out;
  }

 private:
  bool prepare(Row& row) const {
    row.cells.clear();
    for (const OwnedCell& cell : row.owned) row.cells.push_back({cell.kind, cell.text});
    row.features.resize(program_.features());
    row.issues.clear();
    return program_.prepare(row.cells, row.features, row.scratch, row.issues);
  }
  bool take(const nb::dict& values, Row& row) const {
    row.owned.assign(program_.inputs().size(), {});
    for (const auto [key, value] : values) {
      const auto name = nb::cast<std::string>(key);
      const std::size_t input = program_.find_input(name);
      if (input < row.owned.size()) {
        row.owned[input] = cell_of(value, program_.field(input));
      } else if (bundle_.schema.find(name) == nullptr) {  // an id or a target may stand there
        fail(ErrorCode::schema_mismatch, "",
             "the model has no field " + quoted(name) + riskflag::did_you_mean(name, program_.inputs()));
      }
    }
    return prepare(row);
  }

  bundle::Bundle bundle_;
  bundle::RowProgram program_;
  std::optional<bundle::ReasonProgram> reasons_;
};

/// A model directory of a model whose features are the applicant's raw fields; `classes` name the outputs.
std::string save(const ScoringModel& scoring, const std::string& path, std::vector<std::string> classes,
                 double threshold, bool replace) {
  const nb::gil_scoped_release unlocked;
  const riskflag::Model& model = scoring.model;
  riskflag::Schema schema = program::schema_of(model, riskflag::UnseenPolicy::missing);
  if (!classes.empty()) {
    if (classes.size() == 2) schema.positive = classes[1];
    schema.target_levels = std::move(classes);
  }
  const riskflag::prep::Pipeline pipeline = program::identity_pipeline(model);
  const riskflag::monitor::Reference reference;
  const riskflag::Frame example = program::invented_row(model);
  bundle::BundleParts parts{schema, pipeline, model, reference, example};
  parts.decision.threshold = threshold;
  return bundle::save(parts, path, replace ? riskflag::Replace::exchange : riskflag::Replace::refuse);
}

}  // namespace

void bind_bundle(nb::module_& module) {
  const auto property = [](auto member) { return [member](const OpenBundle& self) { return self.get().*member; }; };
  nb::class_<OpenBundle>(module, "OpenBundle", "An opened model directory.")
      .def(nb::init<const std::string&>(), nb::arg("path"), nb::call_guard<nb::gil_scoped_release>())
      .def("scores", &OpenBundle::scores, nb::arg("table"), nb::arg("threads") = 0)
      .def("score", &OpenBundle::score, nb::arg("row"))
      .def("explain", &OpenBundle::explain, nb::arg("row"), nb::arg("most"))
      .def_prop_ro("name", property(&bundle::Bundle::name))
      .def_prop_ro("version", property(&bundle::Bundle::version))
      .def_prop_ro("digest", property(&bundle::Bundle::digest))
      .def_prop_ro("path", property(&bundle::Bundle::path))
      .def_prop_ro("kind", [](const OpenBundle& self) { return std::string(bundle::name_of(self.get().kind())); })
      .def_prop_ro("threshold", [](const OpenBundle& self) { return self.get().decision.threshold; })
      .def_prop_ro("positive", [](const OpenBundle& self) { return self.get().schema.positive; })
      .def_prop_ro("target_levels", [](const OpenBundle& self) { return self.get().schema.target_levels; })
      .def_prop_ro("schema", [](const OpenBundle& self) { return riskflag::schema_text(self.get().schema); })
      .def_prop_ro("metrics", [](const OpenBundle& self) { return self.get().metrics_json; })
      .def_prop_ro("input_example", [](const OpenBundle& self) { return self.get().input_example; });
  module.def("save", &save, nb::arg("model"), nb::arg("path"), nb::arg("classes"), nb::arg("threshold"),
             nb::arg("replace"));
}

}  // namespace binding
