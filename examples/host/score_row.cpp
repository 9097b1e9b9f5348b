// Scores one applicant from a host program. Usage: example-score_row MODEL_DIRECTORY
// Opening verifies every digest and replays the model's own example; scoring takes no lock and, once warm, allocates
// nothing.
#include <riskflag/bundle.hpp>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 2) return std::fprintf(stderr, "usage: %s MODEL_DIRECTORY\n", argv[0]), 2;
  namespace bundle = riskflag::bundle;
  const bundle::Bundle model = bundle::open(argv[1]);
  const bundle::RowProgram program(model);

  // Cells in the order of program.inputs(); what your service does not know stays absent.
  std::vector<bundle::RawCell> cells(program.inputs().size());
  const auto set = [&](std::string_view field, std::string_view text) {
    if (const std::size_t input = program.find_input(field); input < cells.size())
      cells[input] = bundle::RawCell::of_csv(text);
  };
  for (const std::string& name : program.inputs()) {  // a stand-in for your own applicant: the first level, or 30
    const riskflag::Field& field = program.field(program.find_input(name));
    std::string_view text = "30";  // a cell is a view: what it looks at must outlive the scoring
    if (field.type == riskflag::ColumnType::category) text = field.levels.front();
    if (field.type == riskflag::ColumnType::date) text = "2015-06-01";
    set(name, text);
  }

  bundle::RowProgram::Scratch scratch;
  std::vector<double> features(program.features());
  std::vector<bundle::FieldIssue> issues;
  if (!program.prepare(cells, features, scratch, issues)) {
    for (const bundle::FieldIssue& issue : issues) std::fprintf(stderr, "%s\n", issue.sentence().c_str());
    return 1;
  }
  const double probability = program.probability(features);
  std::printf("%.17g %s\n", probability, probability >= model.decision.threshold ? "High" : "Low");
  return 0;
} catch (const riskflag::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
