// Windows of simulated loans against a training profile: which have an alarm by the windows of a running server, and
// which by audit::find_shift(). The C++ side of compare_drift.py, which compiles this file or is given the built one.
// Usage: drift_driver TRAINING_ROWS WINDOW_ROWS WINDOWS ROW_WINDOWS DRIFT FIELD…

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <riskflag/audit/shift.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/data/simulate.hpp>
#include <riskflag/monitor/live.hpp>
#include <riskflag/monitor/reference.hpp>

namespace {

constexpr std::uint64_t kTrainingSeed = 7, kLiveSeed = 8;  // compare_drift.py makes its tables with the same

/// Rows as bundle::RowProgram would read them, one after another.
std::vector<double> values_of(const riskflag::Schema& schema, const riskflag::Frame& frame) {
  std::vector<double> out(frame.rows() * schema.fields.size());
  for (std::size_t j = 0; j < schema.fields.size(); ++j) {
    const riskflag::Field& field = schema.fields[j];
    const riskflag::Column& column = frame.column(field.name);
    std::map<std::string, double> levels;
    for (std::size_t i = 0; i < field.levels.size(); ++i) levels[field.levels[i]] = static_cast<double>(i);
    for (std::size_t i = 0; i < frame.rows(); ++i) {
      double& value = out[i * schema.fields.size() + j];
      if (column.is_missing_at(i)) {
        value = riskflag::kMissing;
      } else if (field.type == riskflag::ColumnType::number) {
        value = column.numbers[i];
      } else {
        const auto level = levels.find(column.cell_text(i));
        value = level == levels.end() ? static_cast<double>(levels.size()) : level->second;
      }
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) return 2;
  const auto count = [&](int i) { return static_cast<std::uint64_t>(std::strtoull(argv[i], nullptr, 10)); };
  const std::uint64_t training_rows = count(1), rows = count(2), windows = count(3), row_windows = count(4);
  const std::vector<std::string> names(argv + 6, argv + argc);

  const riskflag::Frame training = riskflag::simulate({.rows = training_rows, .seed = kTrainingSeed, .target = false});
  riskflag::Schema schema;
  for (const riskflag::Field& field : riskflag::infer_schema(training).fields) {
    for (const std::string& name : names) {
      if (field.name == name) schema.fields.push_back(field);
    }
  }
  if (schema.fields.size() != names.size()) return 2;
  std::vector<riskflag::Feature> features;
  for (riskflag::Field& field : schema.fields) {
    if (field.name.rfind("past_due", 0) == 0) field.special = {96, 98};
    riskflag::Feature& feature = features.emplace_back(riskflag::Feature{.name = field.name});
    if (field.type != riskflag::ColumnType::category) continue;
    feature.type = riskflag::FeatureType::categorical;
    feature.levels = field.levels;
    feature.levels.emplace_back("(unseen)");
  }
  riskflag::monitor::LiveProfile live(riskflag::monitor::make_reference(schema, training, {}),
                                      {.sliding_s = {}, .tumbling_rows = {rows}});
  const auto reference = values_of(schema, training);
  const auto view = [&](const std::vector<double>& values) {
    return riskflag::MatrixView<double>::row_major(values.data(), values.size() / names.size(), names.size());
  };

  riskflag::SerialExecutor serial;
  std::vector<std::uint64_t> by_field(names.size(), 0);
  std::uint64_t alarms = 0, row_alarms = 0, either = 0;
  const riskflag::SimulateOptions options{
      .rows = rows * windows, .seed = kLiveSeed, .target = false, .drift = std::strtod(argv[5], nullptr)};
  for (std::uint64_t window = 0; window < windows; ++window) {
    const auto values = values_of(schema, riskflag::simulate(options, window * rows, rows));
    std::vector<std::uint32_t> places;
    for (std::size_t i = 0; i < rows; ++i) {
      live.layout().places(std::span(values).subspan(i * names.size(), names.size()), 0, places);
    }
    live.add(places);
    live.tick(static_cast<std::int64_t>(window));
    bool has_alarm = false;
    const auto seen = live.drift().at(0);
    for (std::size_t f = 0; f < names.size(); ++f) {
      by_field[f] += seen.fields[f].alarm ? 1 : 0;
      has_alarm |= seen.fields[f].alarm;
    }
    alarms += has_alarm ? 1 : 0;
    if (window >= row_windows) continue;
    const auto shift = riskflag::audit::find_shift(view(reference), view(values), features, serial);
    row_alarms += shift->alarm ? 1 : 0;
    either += has_alarm || shift->alarm ? 1 : 0;
  }
  riskflag::JsonWriter json;
  json.begin_object().key("alarms").value(alarms).key("row_alarms").value(row_alarms).key("either").value(either);
  json.key("fields").begin_object();
  for (std::size_t f = 0; f < names.size(); ++f) json.key(schema.fields[f].name).value(by_field[f]);
  json.end_object().end_object();
  std::printf("%s\n", json.text().c_str());
  return 0;
}
