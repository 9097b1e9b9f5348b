// riskflag-import: another library's model file in, a model directory out.

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <riskflag/bundle/bundle.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/parallel.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/data/csv.hpp>
#include <riskflag/gzip/gzip.hpp>
#include <riskflag/interop.hpp>
#include <riskflag/model/import_lightgbm.hpp>
#include <riskflag/model/iterations.hpp>
#include <riskflag/model/parse.hpp>
#include <riskflag/study/evaluate.hpp>
#include <riskflag/study/result_json.hpp>
#include <riskflag/study/target.hpp>
#include <riskflag/study/threshold.hpp>

#include "../command_line.hpp"
#include "../program.hpp"
#include "export.hpp"
#include "prepare.hpp"
#include "servable.hpp"

namespace {

struct Flags {
  std::string from, data, target, positive, output, threshold, recipe, to, name_space;
  int start_iteration = 0, num_iteration = 0;
  bool force = false, json = false, quiet = false;
};

struct Foreign {
  std::string kind;
  riskflag::Model model;
  riskflag::UnseenPolicy unseen = riskflag::UnseenPolicy::missing;
};

/// Some 150,000 trees of 31 leaves: a longer file is no model, and would take the memory before that is seen.
constexpr std::size_t kMostModelBytes = std::size_t{512} << 20;

Foreign read_foreign(const std::string& path) {
  const std::string bytes = riskflag::read_file(path, kMostModelBytes);
  if (riskflag::looks_like_lightgbm(bytes)) {
    return {"lightgbm", riskflag::value_or_throw(riskflag::import_lightgbm(bytes, path)),
            riskflag::UnseenPolicy::missing};
  }
  if (riskflag::interop::looks_like_xgboost(bytes)) {
    return {"xgboost", riskflag::value_or_throw(riskflag::interop::import_xgboost(bytes, path)),
            riskflag::UnseenPolicy::error};
  }
  if (bytes.substr(0, 20).find("\"format\"") != std::string::npos) {
    return {"riskflag", riskflag::value_or_throw(riskflag::parse_model(bytes, path)), riskflag::UnseenPolicy::missing};
  }
  riskflag::fail(riskflag::ErrorCode::unsupported, path,
                 "this is no model file that is known here; accepted: LightGBM's text (save_model), XGBoost's JSON and "
                 "UBJSON (save_model to .json or .ubj), scikit-learn's by way of export_sklearn.py");
}

/// Rows that the model can be judged and profiled on.
struct Data {
  riskflag::Frame frame;
  std::vector<double> scores, labels;
};

Data read_data(const Flags& flags, riskflag::Schema& schema, const riskflag::prep::Pipeline& pipeline,
               const riskflag::Predictor& predictor, riskflag::bundle::Kind kind) {
  riskflag::Pool pool(0);
  riskflag::CsvOptions csv;
  csv.missing = schema.missing;
  csv.allow_absent = true;
  csv.digest = false;
  csv.max_levels = 1'000'000;
  for (const riskflag::Field& field : schema.fields) csv.types[field.name] = field.type;
  const auto source = riskflag::open_source(flags.data);
  Data data;
  data.frame = riskflag::read_csv(*source, csv, pool).frame;
  if (data.frame.rows() == 0) riskflag::fail(riskflag::ErrorCode::invalid_data, flags.data, "there is no row");
  const riskflag::prep::FeatureMatrix features = pipeline.transform(data.frame, schema, pool);
  data.scores.resize(features.rows * static_cast<std::size_t>(predictor.outputs()));
  if (!predictor.probabilities(features.view(), data.scores)) {
    riskflag::fail(riskflag::ErrorCode::internal, flags.data, "the prepared rows do not fit the model");
  }
  if (flags.target.empty()) return data;
  auto target = riskflag::study::read_target(data.frame.column(flags.target), kind, flags.positive, flags.data);
  if (kind == riskflag::bundle::Kind::multiclass) program::name_classes(target, schema, flags.target, flags.data);
  data.labels = std::move(target.labels);
  riskflag::Field field;
  field.name = flags.target;
  field.type = data.frame.column(flags.target).type;
  field.role = riskflag::Role::target;
  field.required = false;
  if (kind == riskflag::bundle::Kind::binary) {
    field.type = riskflag::ColumnType::category;
    field.levels = target.levels;
    schema.positive = target.positive;
    schema.target_levels = target.levels;
  }
  std::erase_if(schema.fields, [&](const riskflag::Field& each) { return each.name == flags.target; });
  schema.fields.push_back(std::move(field));
  return data;
}

/// Each cell from another row, so that no row is somebody's application.
riskflag::Frame mixed_rows(const riskflag::Frame& frame, const riskflag::Schema& schema) {
  riskflag::Frame out;
  const riskflag::Random random(42, 0x696d706f7274);
  std::uint64_t draw = 0;
  for (const riskflag::Field& field : schema.fields) {
    const riskflag::Column* column = frame.find(field.name);
    if (field.role != riskflag::Role::feature || column == nullptr) continue;
    std::vector<std::uint32_t> rows;
    for (int i = 0; i < 5; ++i) rows.push_back(static_cast<std::uint32_t>(random.below(frame.rows(), draw++)));
    riskflag::Column cells = riskflag::take_rows(*column, rows);
    for (std::size_t i = 0; i < cells.codes.size(); ++i) {  // a level that the model does not know
      if (cells.codes[i] == riskflag::kMissingCode) continue;
      const std::string& level = cells.levels[static_cast<std::size_t>(cells.codes[i])];
      const bool known = std::find(field.levels.begin(), field.levels.end(), level) != field.levels.end();
      if (!known) cells.codes[i] = riskflag::kMissingCode;
    }
    out.add(std::move(cells));
  }
  return out;
}

void check_flags(const Flags& flags, const riskflag::study::ThresholdRule& rule) {
  const auto refuse = [](const char* flag, const std::string& message) {
    riskflag::fail(riskflag::ErrorCode::usage, flag, message);
  };
  if (flags.data.empty() && !flags.target.empty()) refuse("--target", "needs --data, the file that has it");
  if (flags.data.empty() && !flags.recipe.empty()) refuse("--recipe", "needs --data, the rows that it is fitted on");
  if (flags.target.empty() && !flags.positive.empty()) refuse("--positive", "needs --target");
  if (!flags.threshold.empty() && rule.needs_rows() && flags.data.empty()) {
    refuse("--threshold", "\"" + flags.threshold + "\" is chosen on rows: give --data, or a number");
  }
  const bool labelled =
      rule.kind == riskflag::study::ThresholdRule::Kind::f1 || rule.kind == riskflag::study::ThresholdRule::Kind::cost;
  if (!flags.threshold.empty() && labelled && flags.target.empty()) {
    refuse("--threshold", "\"" + flags.threshold + "\" is chosen by labels: give --target");
  }
}

void check_export(const Flags& flags) {
  const bool none = flags.data.empty() && flags.target.empty() && flags.positive.empty() && flags.threshold.empty() &&
                    flags.recipe.empty() && flags.start_iteration == 0 && flags.num_iteration == 0;
  if (none) return;
  riskflag::fail(riskflag::ErrorCode::usage, "--export",
                 "writes what the model directory has; the flags for data, recipe and iterations are for imports");
}

int import(const Flags& flags) {
  riskflag::study::ThresholdRule rule = riskflag::study::parse_threshold_rule(!flags.threshold.empty() ? flags.threshold
                                                                              : flags.target.empty()   ? "0.5"
                                                                                                       : "f1");
  check_flags(flags, rule);
  if (!flags.force && riskflag::exists(flags.output)) {
    riskflag::fail(riskflag::ErrorCode::already_exists, flags.output, "exists; --force replaces a model directory");
  }
  Foreign foreign = read_foreign(flags.from);
  riskflag::Model& model = foreign.model;
  if (flags.start_iteration != 0 || flags.num_iteration > 0) {
    const std::size_t all = model.trees.size() / static_cast<std::size_t>(model.num_outputs);
    if (flags.start_iteration > 0 && static_cast<std::size_t>(flags.start_iteration) >= all) {
      riskflag::fail(riskflag::ErrorCode::usage, "--start-iteration",
                     std::to_string(flags.start_iteration) + " is past the end: " + flags.from + " has " +
                         std::to_string(all) + " iterations, the first of which is 0");
    }
    model = riskflag::take_iterations(model, flags.start_iteration, flags.num_iteration);
  }
  const riskflag::bundle::Kind kind = riskflag::bundle::kind_of(model.objective);
  if (kind == riskflag::bundle::Kind::multiclass) {
    if (!flags.threshold.empty()) {
      riskflag::fail(riskflag::ErrorCode::usage, "--threshold",
                     "the model has " + std::to_string(model.num_outputs) + " classes, and no High and Low");
    }
  } else if (model.num_outputs != 1) {
    riskflag::fail(riskflag::ErrorCode::unsupported, flags.from,
                   "objective " + riskflag::quoted(model.objective.name) + " with " +
                       std::to_string(model.num_outputs) +
                       " outputs; model directories hold one output, or the classes of a multiclass model");
  }
  program::sort_levels(model, flags.from);
  riskflag::Schema schema;
  riskflag::prep::Pipeline pipeline;
  if (flags.recipe.empty()) {
    schema = program::schema_of(model, foreign.unseen);
    pipeline = program::identity_pipeline(model);
  } else {
    program::Prepared prepared =
        program::fit_recipe(flags.recipe, flags.data, flags.target, flags.positive, kind, model);
    schema = std::move(prepared.schema);
    pipeline = std::move(prepared.pipeline);
    program::take_features(model, pipeline.features(), flags.from);
    program::relax_unused(schema, model);
  }
  const riskflag::Predictor predictor = riskflag::value_or_throw(riskflag::Predictor::make(model));

  riskflag::study::StudyResult result;
  result.kind = kind;
  result.threshold = rule.value;
  riskflag::monitor::Reference reference;
  std::optional<riskflag::Frame> example;
  if (flags.data.empty()) {
    example = program::invented_row(model);
  } else {
    const Data data = read_data(flags, schema, pipeline, predictor, kind);
    const bool one_score = kind != riskflag::bundle::Kind::multiclass;  // which is what a profile is of
    reference = riskflag::monitor::make_reference(
        schema, data.frame, one_score ? std::span<const double>(data.scores) : std::span<const double>{});
    example = mixed_rows(data.frame, schema);
    if (kind == riskflag::bundle::Kind::binary && rule.needs_rows()) {
      result.threshold = riskflag::study::choose_threshold(rule, data.scores, data.labels, {});
    }
    result.valid_rows = data.frame.rows();
    if (!data.labels.empty()) {
      result.valid = riskflag::study::evaluate(kind, data.scores, data.labels, {}, result.threshold);
    }
  }
  riskflag::bundle::BundleParts parts{schema, pipeline, model, reference, *example};
  parts.decision.threshold = result.threshold;
  parts.metrics_json = riskflag::study::metrics_json(result, rule);
  const std::string digest = riskflag::bundle::save(
      parts, flags.output, flags.force ? riskflag::Replace::exchange : riskflag::Replace::refuse);

  if (flags.json) {
    riskflag::JsonWriter json;
    json.begin_object().key("model").value(riskflag::absolute_path(flags.output)).key("kind").value(foreign.kind);
    json.key("objective").value(model.objective.name).key("features").value(std::uint64_t{model.features.size()});
    json.key("trees").value(std::uint64_t{model.trees.size()}).key("engine").value(predictor.describe());
    json.key("threshold");
    kind == riskflag::bundle::Kind::binary ? json.value(result.threshold) : json.null();
    json.key("rows").value(std::uint64_t{result.valid_rows}).key("metrics");
    riskflag::study::write_metrics(json, result.valid);
    json.key("digest").value(digest).end_object();
    return program::print(json.text() + "\n") ? program::kDone : program::kFailed;
  }
  if (flags.quiet) return program::kDone;
  std::string text = foreign.kind + " " + model.objective.name + " model, " + predictor.describe() + "\n";
  for (const auto& [name, value] : result.valid) {
    text += name + " " + (value ? riskflag::number_text(*value) : "-") + "\n";
  }
  return program::print(text + "written to " + flags.output + "\n") ? program::kDone : program::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  program::CommandLine line(
      "Makes a model directory of another library's model file: LightGBM's text, XGBoost's JSON and\n"
      "UBJSON, scikit-learn's by way of export_sklearn.py. With --data it has a reference profile, with\n"
      "--target metrics and a threshold, too. With --export the other way: --from is a model directory,\n"
      "--output the file to write.",
      "riskflag-import");
  Flags flags;
  line.add_option("--from", flags.from, "model file; its kind is detected").required().type_name("FILE");
  line.add_option("--output", flags.output, "model directory to make").required().type_name("DIR");
  line.add_option("--data", flags.data, "CSV file of rows such as the training rows, plain or .gz").type_name("F.csv");
  line.add_option("--target", flags.target, "its column that the model predicts").type_name("COL");
  line.add_option("--positive", flags.positive, "level of the target that counts as 1").type_name("LEVEL");
  line.add_option("--threshold", flags.threshold, "f1, cost:FN,FP, approve:RATE, NUMBER (f1; without labels 0.5)")
      .type_name("RULE");
  line.add_option("--recipe", flags.recipe, "prepares the columns of --data first, and is fitted on them")
      .type_name("R.json");
  line.add_option("--start-iteration", flags.start_iteration, "first of the model's iterations to take (0)")
      .type_name("N");
  line.add_option("--num-iteration", flags.num_iteration, "how many of them, 0 or less: all that follow")
      .type_name("N");
  line.add_option("--export", flags.to, "write the directory's model as " + std::string(program::kExports))
      .type_name("KIND");
  line.add_option("--namespace", flags.name_space, "of the header that --export cpp writes (credit_policy)")
      .type_name("NAME");
  line.add_flag("--force", flags.force, "replace what --output names");
  line.add_flag("--json", flags.json, "one JSON object on stdout");
  line.add_flag("--quiet", flags.quiet, "no messages");
  return line.run(argc, argv, [&] {
    if (!flags.to.empty()) {
      check_export(flags);
      return program::export_model(
          {flags.from, flags.to, flags.output, flags.name_space, flags.force, flags.json, flags.quiet});
    }
    if (!flags.name_space.empty()) riskflag::fail(riskflag::ErrorCode::usage, "--namespace", "needs --export cpp");
    return import(flags);
  });
}
