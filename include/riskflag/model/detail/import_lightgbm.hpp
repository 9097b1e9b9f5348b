#pragma once

// LightGBM text models. Its writer: GBDT::SaveModelToString and Tree::ToString; its rules: include/LightGBM/tree.h.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/detail/lightgbm_linear.hpp>
#include <riskflag/model/import_lightgbm.hpp>

namespace riskflag::inline v0_1 {
namespace detail {

/// Reads one text. Life: constructed; read() once.
class LightgbmReader : private LightgbmLinearLeaves {
 public:
  LightgbmReader(std::string_view text, std::string_view where) : LightgbmLinearLeaves(text, where) {}

  [[nodiscard]] Result<Model> read() {
    if (!looks_like_lightgbm(text_)) {
      return fail_here("the first line is not \"tree\": this is no LightGBM text model", ErrorCode::parse);
    }
    (void)next_line();
    if (!read_header() || !read_trees() || !read_tail()) return failure_;
    make_levels();
    put_on_grid(model_);
    if (auto checked = check_model(model_, where_); !checked) return checked.failure();
    return std::move(model_);
  }

 private:
  // The header -------------------------------------------------------------------------------------------------------

  bool read_header() {
    std::vector<Entry> entries;
    if (!read_entries(entries, "Tree=")) return false;
    const Entry* version = find(entries, "version");
    if (version != nullptr && version->value != "v2" && version->value != "v3" && version->value != "v4") {
      return refuse("version " + quoted(version->value) + "; v2, v3 and v4 are read", ErrorCode::unsupported,
                    version->line);
    }
    int classes = 1, per_iteration = 1, greatest = -1;
    if (!number(entries, "num_class", classes) || !number(entries, "num_tree_per_iteration", per_iteration) ||
        !number(entries, "max_feature_idx", greatest)) {
      return false;
    }
    if (per_iteration < 1 || per_iteration > 10000 || (classes != per_iteration && classes != 1)) {
      return refuse("num_tree_per_iteration is " + std::to_string(per_iteration) + " for " + std::to_string(classes) +
                    " classes");
    }
    const Entry* names = find(entries, "feature_names");
    if (names == nullptr) return refuse("there is no \"feature_names\" in the lines above");
    const std::vector<std::string_view> words = words_of(names->value);
    if (greatest < 0 || words.size() != static_cast<std::size_t>(greatest) + 1) {
      return refuse(std::to_string(words.size()) + " feature names, and max_feature_idx " + std::to_string(greatest),
                    ErrorCode::corrupt, names->line);
    }
    for (const std::string_view word : words) {
      if (!is_utf8(word)) return refuse(quoted(word) + " is no UTF-8", ErrorCode::parse, names->line);
      Feature feature;
      feature.name = std::string(word);
      feature.fields = {feature.name};
      model_.features.push_back(std::move(feature));
    }
    const Entry* infos = find(entries, "feature_infos");
    if (infos != nullptr) {
      const auto ranges = words_of(infos->value);
      if (ranges.size() != words.size()) {
        return refuse(
            std::to_string(ranges.size()) + " feature_infos for " + std::to_string(words.size()) + " features",
            ErrorCode::corrupt, infos->line);
      }
      greatest_category_.assign(words.size(), -1);
      for (std::size_t f = 0; f < words.size(); ++f) {
        if (!ranges[f].empty() && ranges[f].front() != '[' && ranges[f] != "none" && !read_categories(ranges[f], f)) {
          return refuse("feature_infos: " + quoted(ranges[f]) + " is neither a range nor a list of categories",
                        ErrorCode::corrupt, infos->line);
        }
      }
    } else {
      greatest_category_.assign(words.size(), -1);
    }
    model_.num_outputs = per_iteration;
    model_.base_margin.assign(static_cast<std::size_t>(per_iteration), 0.0);
    model_.average_output = find(entries, "average_output") != nullptr;
    const Entry* sizes = find(entries, "tree_sizes");
    if (sizes != nullptr) expected_trees_ = words_of(sizes->value).size();
    has_sizes_ = sizes != nullptr;
    return read_objective(find(entries, "objective"));
  }

  /// "0:1:4" makes feature f categorical.
  bool read_categories(std::string_view list, std::size_t f) {
    model_.features[f].type = FeatureType::categorical;
    for (const std::string_view token : split_text(list, ':')) {
      std::int64_t category = 0;
      if (!read_token(token, category)) return false;
      if (category > greatest_category_[f]) greatest_category_[f] = category;
    }
    return true;
  }

  bool read_objective(const Entry* entry) {
    model_.objective.name = "custom";
    if (entry == nullptr) return true;
    const auto words = words_of(entry->value);
    if (words.empty()) return refuse("the objective is empty", ErrorCode::corrupt, entry->line);
    model_.objective.name = std::string(words[0]);
    if (words[0] == "xentropy") model_.objective.name = "cross_entropy";
    if (words[0] == "xentlambda") model_.objective.name = "cross_entropy_lambda";
    if (!find_link(model_.objective.name)) {
      return refuse(
          "objective " + quoted(words[0]) + " is not known here; retrain with one that docs/guide/model.md lists",
          ErrorCode::unsupported, entry->line);
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::size_t colon = words[i].find(':');
      const std::string_view key = words[i].substr(0, colon);
      if (words[i] == "sqrt") {
        return refuse("regression with reg_sqrt has no link here; retrain with reg_sqrt=false", ErrorCode::unsupported,
                      entry->line);
      }
      if (colon == std::string_view::npos) continue;
      double value = 0.0;
      if (!read_token(words[i].substr(colon + 1), value)) {
        return refuse("the objective's " + quoted(words[i]) + " is not NAME:NUMBER", ErrorCode::corrupt, entry->line);
      }
      if (key == "sigmoid") {
        model_.objective.sigmoid = value;
      } else if (key == "num_class") {
        if (value != static_cast<double>(model_.num_outputs)) {
          return refuse("the objective has " + number_text(value) + " classes, the trees have " +
                            std::to_string(model_.num_outputs),
                        ErrorCode::corrupt, entry->line);
        }
      } else {
        model_.objective.parameter = value;
      }
    }
    return true;
  }

  // Trees ------------------------------------------------------------------------------------------------------------

  bool read_trees() {
    std::vector<Entry> entries;
    while (!at_end()) {
      const std::string_view line = next_line();
      if (line.empty()) continue;
      if (line == "end of trees") {
        if (has_sizes_ && expected_trees_ != model_.trees.size()) {
          return refuse("tree_sizes tells of " + std::to_string(expected_trees_) + " trees, the file has " +
                        std::to_string(model_.trees.size()));
        }
        model_.best_iteration = static_cast<int>(model_.trees.size()) / model_.num_outputs;
        return true;
      }
      if (line != "Tree=" + std::to_string(model_.trees.size())) {
        return refuse(quoted(line) + ", expected is \"Tree=" + std::to_string(model_.trees.size()) +
                      "\" or \"end of trees\"");
      }
      if (!read_entries(entries, "Tree=") || !read_tree(entries)) return false;
    }
    return refuse("the file ends before \"end of trees\": it was cut off");
  }

  bool read_tree(const std::vector<Entry>& entries) {
    static constexpr std::string_view kKnown[] = {
        "num_leaves",      "num_cat",        "split_feature",  "split_gain",    "threshold",  "decision_type",
        "left_child",      "right_child",    "leaf_value",     "leaf_weight",   "leaf_count", "internal_value",
        "internal_weight", "internal_count", "cat_boundaries", "cat_threshold", "is_linear",  "shrinkage",
        "leaf_const",      "num_features",   "leaf_features",  "leaf_coeff",    "leaf_parent"};
    for (const Entry& entry : entries) {
      bool known = false;
      for (const std::string_view each : kKnown) known = known || each == entry.key;
      if (!known) return refuse(quoted(entry.key) + " is no line of a tree", ErrorCode::unsupported, entry.line);
    }
    std::size_t leaves = 0, categorical = 0;
    int linear = 0;
    if (!number(entries, "num_leaves", leaves) || !number(entries, "num_cat", categorical, true) ||
        !number(entries, "is_linear", linear, true)) {
      return false;
    }
    if (leaves < 1) return refuse("num_leaves is 0");
    Tree tree;
    if (!numbers(entries, "leaf_value", leaves, tree.leaves)) return false;
    if (linear != 0 && !read_linear_leaves(entries, tree)) return false;
    const std::size_t nodes = leaves - 1;
    if (nodes > 0 && !numbers(entries, "leaf_count", leaves, tree.leaf_counts, true)) return false;
    if (nodes > 0 && !read_nodes(entries, nodes, categorical, tree)) return false;
    model_.trees.push_back(std::move(tree));
    return true;
  }

  bool read_nodes(const std::vector<Entry>& entries, std::size_t nodes, std::size_t categorical, Tree& tree) {
    std::vector<std::int32_t> feature, left, right;
    std::vector<double> threshold, gain, count, value;
    std::vector<int> decision;
    if (!numbers(entries, "split_feature", nodes, feature) || !numbers(entries, "threshold", nodes, threshold) ||
        !numbers(entries, "decision_type", nodes, decision) || !numbers(entries, "left_child", nodes, left) ||
        !numbers(entries, "right_child", nodes, right) || !numbers(entries, "split_gain", nodes, gain, true) ||
        !numbers(entries, "internal_count", nodes, count, true) ||
        !numbers(entries, "internal_value", nodes, value, true)) {
      return false;
    }
    if (categorical > 0 && !read_sets(entries, categorical, tree)) return false;
    for (std::size_t i = 0; i < nodes; ++i) {
      Node node;
      node.feature = feature[i];
      if (node.feature < 0 || static_cast<std::size_t>(node.feature) >= model_.features.size()) {
        return refuse("node " + std::to_string(i) + " asks feature " + std::to_string(node.feature) + " of " +
                      std::to_string(model_.features.size()));
      }
      if (decision[i] < 0 || decision[i] > 11) {
        return refuse("node " + std::to_string(i) + ": decision_type " + std::to_string(decision[i]) +
                      " is none that is known");
      }
      if ((decision[i] & 1) != 0) {
        const double set = threshold[i];
        if (!(set >= 0.0) || !(set < static_cast<double>(tree.category_sets.size())) ||
            set != static_cast<double>(static_cast<std::uint32_t>(set))) {
          return refuse("node " + std::to_string(i) + " asks category set " + number_text(set) + " of " +
                        std::to_string(tree.category_sets.size()));
        }
        node.categorical = true;
        node.category_set = static_cast<std::uint32_t>(set);
        note_categories(static_cast<std::size_t>(node.feature), tree.category_sets[node.category_set]);
      } else {
        node.threshold = beside_zero(threshold[i]);
        node.default_left = (decision[i] & 2) != 0;
        node.missing = decision[i] >> 2 == 0   ? MissingRule::none
                       : decision[i] >> 2 == 1 ? MissingRule::zero
                                               : MissingRule::nan;
      }
      node.left = left[i];
      node.right = right[i];
      if (!gain.empty()) node.gain = is_finite(gain[i]) ? gain[i] : 0.0;
      if (!count.empty()) node.count = count[i];
      if (!value.empty()) node.value = is_finite(value[i]) ? value[i] : 0.0;
      tree.nodes.push_back(node);
    }
    return true;
  }

  /// LightGBM's predictors take every |x| <= kZeroBand for 0 before they ask; a threshold inside of that band moves to
  /// its edge, where x <= threshold gives the same answer. By keys: in flush-to-zero modes -1e-320 is >= 0.
  static double beside_zero(double threshold) noexcept {
    if (order_key(threshold) >= 0) return threshold < kZeroBand ? kZeroBand : threshold;
    return threshold >= -kZeroBand ? from_order_key(order_key(-kZeroBand) - 1) : threshold;
  }

  bool read_sets(const std::vector<Entry>& entries, std::size_t categorical, Tree& tree) {
    const Entry* entry = find(entries, "cat_boundaries");
    if (entry == nullptr || categorical >= entry->value.size()) return refuse("num_cat exceeds cat_boundaries");
    std::vector<std::size_t> bounds;
    if (!numbers(entries, "cat_boundaries", categorical + 1, bounds)) return false;
    std::vector<std::uint32_t> words;
    if (bounds[0] != 0 || !numbers(entries, "cat_threshold", bounds.back(), words)) {
      return failure_.message.empty() ? refuse("cat_boundaries do not begin at 0") : false;
    }
    for (std::size_t i = 0; i < categorical; ++i) {
      if (bounds[i] > bounds[i + 1] || bounds[i + 1] > words.size()) return refuse("cat_boundaries do not rise");
      tree.category_sets.emplace_back(words.begin() + static_cast<std::ptrdiff_t>(bounds[i]),
                                      words.begin() + static_cast<std::ptrdiff_t>(bounds[i + 1]));
    }
    return true;
  }

  void note_categories(std::size_t f, const std::vector<std::uint32_t>& words) {
    model_.features[f].type = FeatureType::categorical;
    for (std::size_t w = words.size(); w-- > 0;) {
      if (words[w] == 0) continue;
      for (int bit = 31; bit >= 0; --bit) {
        if ((words[w] >> bit & 1U) == 0) continue;
        const auto category = static_cast<std::int64_t>(w * 32) + bit;
        if (category > greatest_category_[f]) greatest_category_[f] = category;
        return;
      }
    }
  }

  // What follows -----------------------------------------------------------------------------------------------------

  bool read_tail() {
    constexpr std::string_view kCategories = "[categorical_feature: ";
    constexpr std::string_view kPandas = "pandas_categorical:";
    while (!at_end()) {
      const std::string_view line = next_line();
      if (line.substr(0, kCategories.size()) == kCategories && line.back() == ']') {
        for (const std::string_view token :
             split_text(line.substr(kCategories.size(), line.size() - kCategories.size() - 1), ',')) {
          std::size_t f = 0;
          if (read_token(token, f) && f < model_.features.size()) {
            categorical_.push_back(f);
            model_.features[f].type = FeatureType::categorical;
          }
        }
      } else if (line.substr(0, kPandas.size()) == kPandas) {
        return read_pandas(line.substr(kPandas.size()));
      }
    }
    return true;
  }

  /// Lists of levels, one for each column of pandas's category type, in the columns' order.
  bool read_pandas(std::string_view json) {
    const auto lists = read_json(json, where_ + ": pandas_categorical");
    if (!lists) {
      failure_ = lists.failure();
      return false;
    }
    if (lists->is_null()) return true;
    if (lists->array() == nullptr) return refuse("pandas_categorical is no list of lists");
    if (lists->array()->empty()) return true;
    if (lists->array()->size() != categorical_.size()) {
      categorical_.clear();
      for (std::size_t f = 0; f < model_.features.size(); ++f) {
        if (model_.features[f].type == FeatureType::categorical) categorical_.push_back(f);
      }
    }
    if (lists->array()->size() != categorical_.size()) {
      return refuse("pandas_categorical has the levels of " + std::to_string(lists->array()->size()) +
                        " columns, but " + std::to_string(categorical_.size()) +
                        " features are categorical, and nothing tells which is which; make all of them columns of "
                        "pandas's category type, or none",
                    ErrorCode::unsupported);
    }
    std::size_t i = 0;
    for (const Json& list : *lists->array()) {
      Feature& feature = model_.features[categorical_[i++]];
      if (list.array() == nullptr) return refuse("pandas_categorical is no list of lists");
      for (const Json& level : *list.array()) {
        if (level.kind() == Json::Kind::string) {
          feature.levels.push_back(level.string().value());
        } else if (level.kind() == Json::Kind::number) {
          feature.levels.push_back(number_text(level.number().value()));
        } else if (level.kind() == Json::Kind::boolean) {
          feature.levels.push_back(level.boolean().value() ? "True" : "False");
        } else {
          return refuse("pandas_categorical: " + level.description() + " is no level");
        }
      }
      if (feature.levels.empty()) return refuse("pandas_categorical: a column without levels");
    }
    return true;
  }

  void make_levels() {
    constexpr std::int64_t kMost = 65536;  // beyond it, levels have no names
    for (std::size_t f = 0; f < model_.features.size(); ++f) {
      Feature& feature = model_.features[f];
      if (feature.type != FeatureType::categorical || !feature.levels.empty() || greatest_category_[f] >= kMost)
        continue;
      for (std::int64_t level = 0; level <= greatest_category_[f]; ++level) {
        feature.levels.push_back(std::to_string(level));
      }
    }
  }

  Model model_;
  std::vector<std::int64_t> greatest_category_;
  std::vector<std::size_t> categorical_;  // as the parameters list them
  std::size_t expected_trees_ = 0;
  bool has_sizes_ = false;
};

}  // namespace detail

inline bool looks_like_lightgbm(std::string_view text) noexcept {
  return text.substr(0, 5) == "tree\n" || text.substr(0, 6) == "tree\r\n";
}

inline Result<Model> import_lightgbm(std::string_view text, std::string_view where) {
  return detail::LightgbmReader(text, where).read();
}

}  // namespace riskflag::inline v0_1
