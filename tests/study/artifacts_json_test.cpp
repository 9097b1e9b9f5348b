#include <riskflag/study/artifacts_json.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace artifacts_json_test {

namespace study = riskflag::study;

/// Without the line breaks and indents that people read it by.
std::string flat(const std::string& json) {
  std::string out;
  for (const char c : json) {
    if (c != ' ' && c != '\n') out += c;
  }
  return out;
}

TEST_CASE("the features stand by falling gain, with those that no tree asks last") {
  riskflag::Model model;
  model.features = {{.name = "unasked"}, {.name = "age"}, {.name = "debt"}};
  riskflag::Tree tree;
  for (const auto& [feature, gain] : {std::pair(1, 2.0), std::pair(2, 5.0), std::pair(1, 0.5)}) {
    riskflag::Node node;
    node.feature = feature;
    node.gain = gain;
    tree.nodes.push_back(node);
  }
  model.trees.push_back(tree);
  CHECK(flat(study::importance_json(model)) ==
        R"({"format":1,"features":[{"name":"debt","gain":5,"splits":1},{"name":"age","gain":2.5,"splits":2},)"
        R"({"name":"unasked","gain":0,"splits":0}]})");
}

TEST_CASE("two classes are counted at the threshold, by weight, in the parts that have rows") {
  study::Target target;
  target.levels = {"no", "yes"};
  target.positive = "yes";
  const std::vector<double> scores{0.5, 0.49, 0.9, 0.1}, labels{1, 1, 0, 0}, weights{1, 2, 4, 8}, none;
  const std::array parts{study::ScoredPart{"valid", none, none, none},
                         study::ScoredPart{"test", scores, labels, weights}};
  CHECK(flat(study::confusion_json(target, 0.5, parts)) ==
        R"({"format":1,"positive":"yes","threshold":0.5,"parts":{"test":{"tp":1,"fp":4,"tn":8,"fn":2}}})");
}

TEST_CASE("several classes are a table by true and called class") {
  study::Target target;
  target.levels = {"a", "b", "c"};
  const std::vector<double> labels{0, 0, 2}, none;
  const std::vector<double> scores{0.7, 0.2, 0.1, 0.2, 0.5, 0.3, 0.1, 0.1, 0.8};
  const std::array parts{study::ScoredPart{"test", scores, labels, none}};
  CHECK(flat(study::confusion_json(target, 0, parts)) ==
        R"({"format":1,"classes":["a","b","c"],"parts":{"test":[[1,1,0],[0,0,0],[0,0,1]]}})");
}

}  // namespace artifacts_json_test
