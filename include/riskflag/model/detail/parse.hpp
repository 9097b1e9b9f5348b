#pragma once

// parse_model() of model/parse.hpp.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/parse.hpp>

namespace riskflag::inline v0_1 {

namespace detail {

/// Opens the tail of the file: everything before it is what the digest covers.
inline constexpr std::string_view kDigestName = "\"sha256\": \"";
inline constexpr std::string_view kDigestEnd = "\"\n}\n";

/// Reads members one after another and remembers the first failure; after it, every read gives an empty value.
class ModelParser {
 public:
  [[nodiscard]] Result<Model> parse(const Json& root) {
    Model model;
    keep(root.only({"format", "objective", "num_outputs", "base_margin", "leaf_grid", "average_output",
                    "float32_inputs", "best_iteration", "data_digest", "schema_digest", "options", "features",
                    "history", "trees", "sha256"}));
    const Json& objective = member(root, "objective");
    keep_only(objective, {"name", "sigmoid", "parameter"});
    model.objective.name = string(member(objective, "name"));
    model.objective.sigmoid = number(member(objective, "sigmoid"));
    model.objective.parameter = number(member(objective, "parameter"));
    model.num_outputs = integer32(member(root, "num_outputs"));
    model.base_margin = numbers(member(root, "base_margin"));
    model.leaf_grid = number(member(root, "leaf_grid"));
    model.average_output = boolean(member(root, "average_output"));
    model.float32_inputs = boolean(member(root, "float32_inputs"));
    model.best_iteration = integer32(member(root, "best_iteration"));
    model.data_digest = string(member(root, "data_digest"));
    model.schema_digest = string(member(root, "schema_digest"));
    for (const Json& pair : array(member(root, "options"))) {
      const auto& parts = array(pair);
      if (parts.size() != 2) {
        note(pair.failure("found " + pair.description() + ", expected a pair: an option's name and its value"));
        break;
      }
      model.options.emplace_back(string(parts[0]), string(parts[1]));
    }
    for (const Json& feature : array(member(root, "features"))) model.features.push_back(parse_feature(feature));
    model.history = parse_history(member(root, "history"));
    const auto& trees = array(member(root, "trees"));
    model.trees.reserve(trees.size());
    for (const Json& tree : trees) {
      if (failed_) break;
      model.trees.push_back(parse_tree(tree));
    }
    if (failed_) return std::move(failure_);
    return model;
  }

 private:
  void note(Failure failure) {
    failure.code = ErrorCode::corrupt;
    if (!failed_) failure_ = std::move(failure);
    failed_ = true;
  }
  void keep(const Result<void>& result) {
    if (!result) note(result.failure());
  }
  void keep_only(const Json& object, std::initializer_list<std::string_view> known) {
    if (!failed_) keep(object.only(known));
  }
  template <class T>
  T take(Result<T> result) {
    if (result) return std::move(*result);
    note(result.failure());
    return T{};
  }

  [[nodiscard]] const Json& member(const Json& object, std::string_view name) {
    if (failed_) return nothing_;
    auto found = object.at(name);
    if (found) return **found;
    note(found.failure());
    return nothing_;
  }
  [[nodiscard]] const JsonArray& array(const Json& json) {
    const JsonArray* items = json.array();
    if (items != nullptr && !failed_) return *items;
    if (!failed_) note(json.failure("found " + json.description() + ", expected an array"));
    return empty_;
  }
  [[nodiscard]] std::string string(const Json& json) { return failed_ ? std::string() : take(json.string()); }
  [[nodiscard]] bool boolean(const Json& json) { return failed_ ? false : take(json.boolean()); }
  [[nodiscard]] double number(const Json& json) { return failed_ ? 0.0 : take(json.number()); }
  [[nodiscard]] std::int32_t integer32(const Json& json) {
    const std::int64_t value = failed_ ? 0 : take(json.integer());
    if (value < INT32_MIN || value > INT32_MAX) {
      note(json.failure("found " + json.description() + ", expected a whole number of 32 bits"));
      return 0;
    }
    return static_cast<std::int32_t>(value);
  }
  [[nodiscard]] std::uint32_t unsigned32(const Json& json) {
    const std::uint64_t value = failed_ ? 0 : take(json.unsigned_integer());
    if (value > UINT32_MAX) {
      note(json.failure("found " + json.description() + ", expected a whole number from 0 to 4294967295"));
      return 0;
    }
    return static_cast<std::uint32_t>(value);
  }
  [[nodiscard]] std::vector<double> numbers(const Json& json) {
    std::vector<double> out;
    const auto& items = array(json);
    out.reserve(items.size());
    for (const Json& item : items) out.push_back(number(item));
    return out;
  }
  [[nodiscard]] std::vector<std::string> strings(const Json& json) {
    std::vector<std::string> out;
    for (const Json& item : array(json)) out.push_back(string(item));
    return out;
  }

  [[nodiscard]] Feature parse_feature(const Json& json) {
    keep_only(json, {"name", "type", "levels", "fields"});
    Feature feature;
    feature.name = string(member(json, "name"));
    const std::string type = string(member(json, "type"));
    feature.type = type == "categorical" ? FeatureType::categorical : FeatureType::numeric;
    if (!failed_ && type != name_of(feature.type)) {
      note(member(json, "type").failure("found " + quoted(type) + ", expected \"numeric\" or \"categorical\""));
    }
    feature.levels = strings(member(json, "levels"));
    feature.fields = strings(member(json, "fields"));
    return feature;
  }

  [[nodiscard]] History parse_history(const Json& json) {
    keep_only(json, {"names", "values"});
    History history;
    history.names = strings(member(json, "names"));
    for (const Json& iteration : array(member(json, "values"))) {
      const auto& items = array(iteration);
      if (!failed_ && items.size() != history.names.size()) {
        note(iteration.failure("found " + iteration.description() + ", expected one value for each of the " +
                               std::to_string(history.names.size()) + " names"));
      }
      std::vector<double> row;
      // A metric that had no value is null.
      for (const Json& item : items) row.push_back(item.is_null() ? kMissing : number(item));
      history.values.push_back(std::move(row));
    }
    return history;
  }

  /// An array member with one value for each node.
  template <class Set>
  void read_nodes(const Json& json, std::string_view name, std::vector<Node>& nodes, Set set) {
    const Json& values = member(json, name);
    const auto& items = array(values);
    if (failed_) return;
    if (items.size() != nodes.size()) {
      note(values.failure(quoted(name) + " is " + values.description() + ", expected one value for each of the " +
                          std::to_string(nodes.size()) + " nodes"));
      return;
    }
    for (std::size_t i = 0; i < items.size() && !failed_; ++i) set(nodes[i], items[i]);
  }

  [[nodiscard]] Tree parse_tree(const Json& json) {
    keep_only(json, {"feature", "threshold", "decision_type", "left", "right", "gain", "count", "value", "leaf",
                     "leaf_count", "category_set", "category_sets"});
    Tree tree;
    tree.nodes.resize(array(member(json, "feature")).size());
    read_nodes(json, "feature", tree.nodes, [&](Node& n, const Json& v) { n.feature = integer32(v); });
    read_nodes(json, "threshold", tree.nodes, [&](Node& n, const Json& v) { n.threshold = number(v); });
    read_nodes(json, "decision_type", tree.nodes, [&](Node& n, const Json& v) { set_decision_type(n, v); });
    read_nodes(json, "left", tree.nodes, [&](Node& n, const Json& v) { n.left = integer32(v); });
    read_nodes(json, "right", tree.nodes, [&](Node& n, const Json& v) { n.right = integer32(v); });
    read_nodes(json, "gain", tree.nodes, [&](Node& n, const Json& v) { n.gain = number(v); });
    read_nodes(json, "count", tree.nodes, [&](Node& n, const Json& v) { n.count = number(v); });
    read_nodes(json, "value", tree.nodes, [&](Node& n, const Json& v) { n.value = number(v); });
    tree.leaves = numbers(member(json, "leaf"));
    tree.leaf_counts = numbers(member(json, "leaf_count"));
    if (!failed_ && json.find("category_sets") != nullptr) {
      read_nodes(json, "category_set", tree.nodes, [&](Node& n, const Json& v) { n.category_set = unsigned32(v); });
      for (const Json& set : array(member(json, "category_sets"))) {
        auto& words = tree.category_sets.emplace_back();
        for (const Json& word : array(set)) words.push_back(unsigned32(word));
      }
    }
    return tree;
  }

  void set_decision_type(Node& node, const Json& json) {
    const std::int32_t bits = integer32(json);
    if (!failed_ && (bits < 0 || bits > 11)) {
      note(json.failure("found " + json.description() + ", expected a decision type from 0 to 11"));
      return;
    }
    node.categorical = (bits & 1) != 0;
    node.default_left = (bits & 2) != 0;
    const int rule = bits >> 2;
    node.missing = rule == 0 ? MissingRule::none : rule == 1 ? MissingRule::zero : MissingRule::nan;
  }

  bool failed_ = false;  ///< a std::optional would cost programs that only score compile time
  Failure failure_{};
  Json nothing_;
  JsonArray empty_;
};

/// The file ends with its digest, and the digest is that of what stands before.
inline Result<void> check_digest(std::string_view text, std::string_view where) {
  const std::size_t tail = kDigestName.size() + 64 + kDigestEnd.size();
  const std::string advice = "; the file is cut off or was altered: restore it from where it was saved";
  if (text.size() < tail || text.substr(text.size() - tail, kDigestName.size()) != kDigestName ||
      text.substr(text.size() - kDigestEnd.size()) != kDigestEnd) {
    return corrupt(std::string(where), "the " + std::to_string(text.size()) +
                                           " bytes do not end with the member \"sha256\" and a closing brace" + advice);
  }
  const std::string_view said = text.substr(text.size() - tail + kDigestName.size(), 64);
  const std::string digest = sha256_hex(text.substr(0, text.size() - tail));
  if (said != digest) {
    return corrupt(std::string(where), "the first " + std::to_string(text.size() - tail) + " bytes have SHA-256 " +
                                           digest + ", but the last member says " + quoted(said, 64) + advice);
  }
  return {};
}

}  // namespace detail

inline Result<Model> parse_model(std::string_view text, std::string_view where) {
  const std::string name(where);
  auto root = read_json(text, where);
  if (!root) {
    Failure failure = root.failure();
    failure.code = ErrorCode::corrupt;
    failure.message += "; the file is cut off or was altered: restore it from where it was saved";
    return failure;
  }
  const Json* format = root->find("format");
  if (format == nullptr) {
    return detail::corrupt(
        name, "found " + root->description() + " without a member \"format\"; expected a model.json of riskflag");
  }
  const auto version = format->integer();
  if (!version || *version < 1) {
    return detail::corrupt(name, "format is " + format->description() + "; expected a whole number from 1 to " +
                                     std::to_string(kModelFormat));
  }
  if (*version > kModelFormat) {
    return Failure{ErrorCode::unsupported, name,
                   "format " + std::to_string(*version) + ", this build reads up to " + std::to_string(kModelFormat) +
                       "; save it again with a riskflag as old as this one, or upgrade"};
  }
  if (auto checked = detail::check_digest(text, where); !checked) return checked.failure();
  auto model = detail::ModelParser().parse(*root);
  if (!model) return model;
  if (auto checked = check_model(*model, name); !checked) return checked.failure();
  return model;
}

}  // namespace riskflag::inline v0_1
