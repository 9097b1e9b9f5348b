#pragma once

// From the tokens of a model.json to the Model; what stands around them is parse.hpp's.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/detail/json_lexer.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/model/model.hpp>

namespace riskflag::inline v0_1::detail {

/// Reads the members in the order in which model_text() writes them, straight into the Model: no tree of values
/// between, which costs time, memory, and a sixth of a second to everyone who compiles predict.hpp. The first failure
/// stays, and after it every read gives an empty value.
class ModelReader {
 public:
  ModelReader(std::string_view text, std::string_view where) noexcept : lexer_(text, where) {}

  /// The format, by which later ones may read on differently. False: this is no model file.
  [[nodiscard]] bool read_format(std::int64_t& format) {
    lexer_.skip_blanks();
    if (lexer_.at_end()) return lexer_.refuse(lexer_.at(), "the text ends where a value is expected");
    if (!lexer_.take('{')) return false;
    member("format", true);
    format = whole(INT64_MIN, INT64_MAX);
    return !lexer_.failed();
  }

  /// All between the format and the digest, which begins at the offset `digest_at`.
  [[nodiscard]] Model read_rest(std::size_t digest_at) {
    Model model;
    member("objective");
    open('{');
    member("name", true);
    model.objective.name = text();
    member("sigmoid");
    model.objective.sigmoid = number();
    member("parameter");
    model.objective.parameter = number();
    close('}');
    member("num_outputs");
    model.num_outputs = integer32();
    member("base_margin");
    read_numbers(model.base_margin);
    member("leaf_grid");
    model.leaf_grid = number();
    member("average_output");
    model.average_output = boolean();
    member("float32_inputs");
    model.float32_inputs = boolean();
    member("best_iteration");
    model.best_iteration = integer32();
    member("data_digest");
    model.data_digest = text();
    member("schema_digest");
    model.schema_digest = text();
    member("options");
    for (bool more = begin('['); more; more = next(']')) {
      open('[');
      auto& option = model.options.emplace_back();
      option.first = text();
      comma();
      option.second = text();
      close(']');
    }
    member("features");
    for (bool more = begin('['); more; more = next(']')) read_feature(model.features.emplace_back());
    member("history");
    read_history(model.history);
    member("trees");
    for (bool more = begin('['); more; more = next(']')) read_tree(model.trees.emplace_back());
    comma();
    if (!lexer_.failed() && lexer_.at() != digest_at) expect("the member \"sha256\"");
    return model;
  }

  [[nodiscard]] bool failed() const noexcept { return lexer_.failed(); }
  [[nodiscard]] Failure& failure() noexcept { return lexer_.failure(); }

 private:
  void refuse(std::size_t at, std::string message) { lexer_.refuse(at, std::move(message)); }
  void expect(const char* what) {
    if (!lexer_.failed()) refuse(lexer_.at(), "found " + lexer_.found() + ", expected " + what);
  }

  // Punctuation, with the blanks after it.
  void step_over(char c, const char* what) {
    if (!lexer_.failed() && !lexer_.take(c)) expect(what);
    lexer_.skip_blanks();
  }
  void open(char c) { step_over(c, c == '{' ? "an object" : "an array"); }
  void close(char c) { step_over(c, c == '}' ? "the end of the object" : "the end of the array"); }
  void comma() { step_over(',', "\",\""); }
  /// Opens a list; true when an item follows.
  [[nodiscard]] bool begin(char c) {
    open(c);
    return !lexer_.failed() && !take_end(']');
  }
  /// After an item; true when another one follows.
  [[nodiscard]] bool next(char end) {
    if (lexer_.failed() || take_end(end)) return false;
    step_over(',', "\",\" or the end of the array");
    return !lexer_.failed();
  }
  [[nodiscard]] bool take_end(char end) {
    if (!lexer_.take(end)) return false;
    lexer_.skip_blanks();
    return true;
  }

  /// Steps to the value of the member that must come next.
  void member(std::string_view name, bool first = false) {
    lexer_.skip_blanks();
    if (!first) comma();
    if (lexer_.failed()) return;
    const std::size_t at = lexer_.at();
    if (lexer_.peek() != '"') return expect_member(name);
    text_.clear();
    if (!lexer_.read_string(text_)) return;
    if (text_ != name) return refuse(at, "found the member " + quoted(text_) + ", expected " + quoted(name));
    lexer_.skip_blanks();
    step_over(':', "\":\"");
  }
  /// Whether an object goes on with this member.
  [[nodiscard]] bool is_next(std::string_view name) {
    if (lexer_.peek() != ',' || lexer_.failed()) return false;
    const JsonLexer before = lexer_;
    comma();
    text_.clear();
    const bool found = lexer_.peek() == '"' && lexer_.read_string(text_) && text_ == name;
    lexer_ = before;
    return found;
  }
  void expect_member(std::string_view name) {
    refuse(lexer_.at(), "found " + lexer_.found() + ", expected the member " + quoted(name));
  }

  // Values, with the blanks after them.
  [[nodiscard]] std::string text() {
    std::string out;
    if (lexer_.peek() != '"') expect("a string");
    if (lexer_.failed() || !lexer_.read_string(out)) return {};
    lexer_.skip_blanks();
    return out;
  }
  [[nodiscard]] bool boolean() {
    const bool value = lexer_.peek() == 't';
    if (!value && lexer_.peek() != 'f') expect("true or false");
    if (lexer_.failed() || !lexer_.read_word(value ? "true" : "false")) return false;
    lexer_.skip_blanks();
    return value;
  }
  [[nodiscard]] bool read_token(JsonNumber& out) {
    if (lexer_.peek() != '-' && !is_digit(lexer_.peek())) expect("a number");
    if (lexer_.failed() || !lexer_.read_number(out)) return false;
    lexer_.skip_blanks();
    return true;
  }
  /// Finite, or "inf" and "-inf" as the writer makes them.
  [[nodiscard]] double number() {
    JsonNumber out;
    if (lexer_.peek() == '"') {
      const std::size_t at = lexer_.at();
      const std::string word = text();
      if (word == "inf") return detail::infinity();
      if (word == "-inf") return -detail::infinity();
      if (!lexer_.failed()) refuse(at, "found the string " + quoted(word) + ", expected a number");
      return 0.0;
    }
    return read_token(out) ? out.real : 0.0;
  }
  [[nodiscard]] std::int64_t whole(std::int64_t least, std::int64_t most) {
    const std::size_t at = lexer_.at();
    JsonNumber number;
    if (!read_token(number)) return 0;
    const auto value = static_cast<std::int64_t>(number.integer);
    if (number.form == JsonNumber::Form::real || (number.form == JsonNumber::Form::positive && value < 0) ||
        value < least || value > most) {
      refuse(at, "found the number " + number_text(number.real) + ", expected a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most));
      return 0;
    }
    return value;
  }
  [[nodiscard]] std::int32_t integer32() { return static_cast<std::int32_t>(whole(INT32_MIN, INT32_MAX)); }
  [[nodiscard]] std::uint32_t unsigned32() { return static_cast<std::uint32_t>(whole(0, UINT32_MAX)); }
  void read_numbers(std::vector<double>& out) {
    for (bool more = begin('['); more; more = next(']')) out.push_back(number());
  }
  void read_strings(std::vector<std::string>& out) {
    for (bool more = begin('['); more; more = next(']')) out.emplace_back() = text();
  }

  void read_feature(Feature& feature) {
    open('{');
    member("name", true);
    feature.name = text();
    member("type");
    const std::size_t at = lexer_.at();
    const std::string type = text();
    feature.type = type == "categorical" ? FeatureType::categorical : FeatureType::numeric;
    if (!lexer_.failed() && type != name_of(feature.type)) {
      refuse(at, "found " + quoted(type) + ", expected \"numeric\" or \"categorical\"");
    }
    member("levels");
    read_strings(feature.levels);
    member("fields");
    read_strings(feature.fields);
    close('}');
  }

  void read_history(History& history) {
    open('{');
    member("names", true);
    read_strings(history.names);
    member("values");
    for (bool more = begin('['); more; more = next(']')) {
      const std::size_t at = lexer_.at();
      std::vector<double>& row = history.values.emplace_back();
      for (bool more_names = begin('['); more_names; more_names = next(']')) {
        if (lexer_.peek() == 'n') {  // a metric that had no value
          if (!lexer_.read_word("null")) return;
          lexer_.skip_blanks();
          row.push_back(kMissing);
        } else {
          row.push_back(number());
        }
      }
      if (!lexer_.failed() && row.size() != history.names.size()) {
        refuse(at, "found " + std::to_string(row.size()) + " values, expected one for each of the " +
                       std::to_string(history.names.size()) + " names");
      }
    }
    close('}');
  }

  /// An array member with one value for each node; `set` gets the node.
  template <class Set>
  void read_nodes(std::string_view name, std::vector<Node>& nodes, const Set& set) {
    member(name);
    const std::size_t at = lexer_.at();
    std::size_t count = 0;
    for (bool more = begin('['); more; more = next(']'), ++count) {
      if (count == nodes.size()) return refuse_count(at, name, "more", nodes);
      set(nodes[count]);
    }
    if (count < nodes.size()) refuse_count(at, name, "fewer", nodes);
  }
  void refuse_count(std::size_t at, std::string_view name, const char* than, const std::vector<Node>& nodes) {
    refuse(at, quoted(name) + " holds " + than + " than the one value for each of the " + std::to_string(nodes.size()) +
                   " nodes that is expected");
  }
  void read_doubles(std::string_view name, std::vector<Node>& nodes, double Node::* place) {
    read_nodes(name, nodes, [&](Node& node) { node.*place = number(); });
  }
  void read_integers(std::string_view name, std::vector<Node>& nodes, std::int32_t Node::* place) {
    read_nodes(name, nodes, [&](Node& node) { node.*place = integer32(); });
  }

  void read_tree(Tree& tree) {
    open('{');
    member("feature", true);
    for (bool more = begin('['); more; more = next(']')) tree.nodes.emplace_back().feature = integer32();
    read_doubles("threshold", tree.nodes, &Node::threshold);
    read_nodes("decision_type", tree.nodes, [&](Node& node) { read_decision_type(node); });
    read_integers("left", tree.nodes, &Node::left);
    read_integers("right", tree.nodes, &Node::right);
    read_doubles("gain", tree.nodes, &Node::gain);
    read_doubles("count", tree.nodes, &Node::count);
    read_doubles("value", tree.nodes, &Node::value);
    member("leaf");
    read_numbers(tree.leaves);
    member("leaf_count");
    read_numbers(tree.leaf_counts);
    if (is_next("category_set")) {
      read_nodes("category_set", tree.nodes, [&](Node& node) { node.category_set = unsigned32(); });
      member("category_sets");
      for (bool more = begin('['); more; more = next(']')) {
        std::vector<std::uint32_t>& words = tree.category_sets.emplace_back();
        for (bool more_words = begin('['); more_words; more_words = next(']')) words.push_back(unsigned32());
      }
    }
    if (is_next("linear")) read_linear(tree);
    close('}');
  }

  void read_linear(Tree& tree) {
    member("linear");
    open('{');
    member("constant", true);
    const std::size_t at = lexer_.at();
    for (bool more = begin('['); more; more = next(']')) tree.linear.emplace_back().constant = number();
    if (!lexer_.failed() && tree.linear.size() != tree.leaves.size()) {
      refuse(at, "found " + std::to_string(tree.linear.size()) + " constants, expected one for each of the " +
                     std::to_string(tree.leaves.size()) + " leaves");
    }
    read_leaves("features", tree, [&](LinearLeaf& leaf) { leaf.features.push_back(integer32()); });
    read_leaves("coefficients", tree, [&](LinearLeaf& leaf) { leaf.coefficients.push_back(number()); });
    close('}');
  }
  /// An array member with one array for each linear leaf; `add` gets the leaf for each of its items.
  template <class Add>
  void read_leaves(std::string_view name, Tree& tree, const Add& add) {
    member(name);
    const std::size_t at = lexer_.at();
    std::size_t count = 0;
    for (bool more = begin('['); more; more = next(']'), ++count) {
      if (count == tree.linear.size()) return refuse_lists(at, name, "more", count);
      for (bool items = begin('['); items; items = next(']')) add(tree.linear[count]);
    }
    if (count < tree.linear.size()) refuse_lists(at, name, "fewer", tree.linear.size());
  }
  void refuse_lists(std::size_t at, std::string_view name, const char* than, std::size_t leaves) {
    refuse(at, quoted(name) + " holds " + than + " than the one array for each of the " + std::to_string(leaves) +
                   " leaves that is expected");
  }

  void read_decision_type(Node& node) {
    const std::int64_t bits = whole(0, 11);
    node.categorical = (bits & 1) != 0;
    node.default_left = (bits & 2) != 0;
    const std::int64_t rule = bits >> 2;
    node.missing = rule == 0 ? MissingRule::none : rule == 1 ? MissingRule::zero : MissingRule::nan;
  }

  JsonLexer lexer_;
  std::string text_;  ///< a member's name
};

}  // namespace riskflag::inline v0_1::detail
