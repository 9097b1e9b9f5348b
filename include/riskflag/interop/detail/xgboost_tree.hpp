#pragma once

// One tree of an XGBoost model: arrays by node id, in any order, with nodes that pruning left behind.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/feature.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/interop/detail/refusing.hpp>
#include <riskflag/interop/detail/value.hpp>
#include <riskflag/model/tree.hpp>

namespace riskflag::inline v0_1::interop::detail {

/// The greatest float below `x`, which is not -inf.
[[nodiscard]] inline float float_below(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffU) == 0) return std::bit_cast<float>(0x80000001U);
  return std::bit_cast<float>((bits & 0x80000000U) != 0 ? bits + 1 : bits - 1);
}

/// Reads one tree. Leaves are numbered by rising node id. Life: constructed; read() once.
class XgboostTree : private Refusing {
 public:
  XgboostTree(const Value& json, std::vector<Feature>& features, std::size_t& set_words, std::string where)
      : Refusing(std::move(where)), json_(json), features_(features), set_words_(set_words) {}

  [[nodiscard]] Result<Tree> read() {
    const Value* left = json_.find("left_children");
    if (left == nullptr) return refusal("there is no \"left_children\"");
    size_ = left->numbers.size();
    if (size_ == 0 || size_ > 0x7fffffffU) return refusal(std::to_string(size_) + " nodes");
    left_ = &left->numbers;
    if (!array("right_children", right_) || !array("split_indices", feature_) ||
        !array("split_conditions", condition_) || !array("default_left", default_left_) ||
        !array("split_type", type_, true) || !array("sum_hessian", cover_) || !array("loss_changes", gain_, true) ||
        !array("base_weights", value_, true)) {
      return failure_;
    }
    if (!read_sets() || !number_nodes()) return failure_;
    return std::move(tree_);
  }

 private:
  bool array(std::string_view key, const std::vector<double>*& out, bool optional = false) {
    const Value* value = json_.find(key);
    if (value == nullptr && optional) return true;
    if (value == nullptr || value->kind != Value::Kind::numbers) return refuse("there is no array " + quoted(key));
    if (value->numbers.size() != size_) {
      if (key == "base_weights" || key == "split_conditions") {
        return refuse(quoted(key) + " has " + std::to_string(value->numbers.size()) + " numbers for " +
                          std::to_string(size_) + " nodes: vector leaves (multi_output_tree) are not read",
                      ErrorCode::unsupported);
      }
      return refuse(quoted(key) + " has " + std::to_string(value->numbers.size()) + " numbers for " +
                    std::to_string(size_) + " nodes");
    }
    out = &value->numbers;
    return true;
  }

  /// Files hold floats; JSON's texts of them are read as doubles.
  static double as_float(double x) noexcept { return rounded_to_float32(x); }

  static bool is_index(double x, std::size_t size) noexcept {
    return x >= 0.0 && x < static_cast<double>(size) && x == static_cast<double>(static_cast<std::uint32_t>(x));
  }

  /// node id -> set of categories, from the four arrays that hold them all.
  bool read_sets() {
    const Value* nodes = json_.find("categories_nodes");
    if (nodes == nullptr || nodes->numbers.empty()) return true;
    const Value* all = json_.find("categories");
    const Value* begin = json_.find("categories_segments");
    const Value* sizes = json_.find("categories_sizes");
    if (all == nullptr || begin == nullptr || sizes == nullptr || begin->numbers.size() != nodes->numbers.size() ||
        sizes->numbers.size() != nodes->numbers.size()) {
      return refuse("the categories' arrays are not of one length");
    }
    sets_.resize(size_);
    for (std::size_t i = 0; i < nodes->numbers.size(); ++i) {
      const double node = nodes->numbers[i], first = begin->numbers[i], count = sizes->numbers[i];
      if (!is_index(node, size_) || !is_index(first, all->numbers.size() + 1) ||
          !is_index(count, all->numbers.size() + 1) || first + count > static_cast<double>(all->numbers.size())) {
        return refuse("the categories of a node lie outside of \"categories\"");
      }
      std::vector<std::uint32_t>& words = sets_[static_cast<std::size_t>(node)];
      for (auto at = static_cast<std::size_t>(first); at < static_cast<std::size_t>(first + count); ++at) {
        if (!is_index(all->numbers[at], std::size_t{1} << 24)) {
          return refuse("category " + number_text(all->numbers[at]) + "; 0 to 2^24 - 1 are possible");
        }
        const auto category = static_cast<std::size_t>(all->numbers[at]);
        if (category / 32 >= words.size()) {
          const std::size_t more = category / 32 + 1 - words.size();
          if (more > set_words_) {
            return refuse("the sets of categories are too large for the file", ErrorCode::unsupported);
          }
          set_words_ -= more;
          words.resize(category / 32 + 1);
        }
        words[category / 32] |= 1U << (category % 32);
      }
    }
    return true;
  }

  /// Walks from the root: parents get the smaller numbers, and nothing is met twice.
  bool number_nodes() {
    std::vector<std::uint32_t> order = {0};
    std::vector<std::uint8_t> seen(size_);
    std::vector<std::int32_t> number(size_, -1);
    seen[0] = 1;
    std::int32_t inner = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::uint32_t id = order[i];
      if ((*left_)[id] == -1.0) continue;
      number[id] = inner++;
      for (const double child : {(*left_)[id], (*right_)[id]}) {
        if (!is_index(child, size_)) {
          return refuse("node " + std::to_string(id) + " has child " + number_text(child) + " of " +
                        std::to_string(size_) + " nodes");
        }
        const auto at = static_cast<std::uint32_t>(child);
        if (seen[at]++ != 0) return refuse("node " + std::to_string(at) + " has two parents");
        order.push_back(at);
      }
    }
    std::int32_t leaf = 0;
    for (std::size_t id = 0; id < size_; ++id) {
      if (seen[id] == 0 || number[id] >= 0) continue;
      number[id] = ~leaf++;
      tree_.leaves.push_back(as_float((*condition_)[id]));
      tree_.leaf_counts.push_back(as_float((*cover_)[id]));
    }
    for (const std::uint32_t id : order) {
      if (number[id] >= 0 && !add_node(id, number)) return false;
    }
    return true;
  }

  bool add_node(std::uint32_t id, const std::vector<std::int32_t>& number) {
    const auto here = [&] { return "node " + std::to_string(id); };
    Node node;
    if (!is_index((*feature_)[id], features_.size())) {
      return refuse(here() + " asks feature " + number_text((*feature_)[id]) + " of " +
                    std::to_string(features_.size()));
    }
    node.feature = static_cast<std::int32_t>((*feature_)[id]);
    node.default_left = (*default_left_)[id] != 0.0;
    node.left = number[static_cast<std::size_t>((*left_)[id])];
    node.right = number[static_cast<std::size_t>((*right_)[id])];
    if (type_ != nullptr && (*type_)[id] != 0.0) {
      // XGBoost sends the set to the right and all else to the left; here the set goes left.
      node.categorical = true;
      features_[static_cast<std::size_t>(node.feature)].type = FeatureType::categorical;
      std::swap(node.left, node.right);
      node.default_left = !node.default_left;
      node.category_set = static_cast<std::uint32_t>(tree_.category_sets.size());
      tree_.category_sets.push_back(sets_.empty() ? std::vector<std::uint32_t>{} : sets_[id]);
    } else {
      const auto condition = to_float32((*condition_)[id]);
      if (is_missing(condition) || condition == -std::numeric_limits<float>::infinity()) {
        return refuse(here() + " has the condition " + number_text((*condition_)[id]));
      }
      node.threshold = from_float32(float_below(condition));  // x < condition, both floats
    }
    const auto finite = [&](const std::vector<double>* values) {
      return values != nullptr && is_finite((*values)[id]) ? as_float((*values)[id]) : 0.0;
    };
    node.gain = finite(gain_);
    node.value = finite(value_);
    node.count = finite(cover_);
    tree_.nodes.push_back(node);
    return true;
  }

  const Value& json_;
  std::vector<Feature>& features_;
  std::size_t& set_words_;  // that all trees may still take for their sets
  std::size_t size_ = 0;
  const std::vector<double>*left_ = nullptr, *right_ = nullptr, *feature_ = nullptr, *condition_ = nullptr,
        *default_left_ = nullptr, *type_ = nullptr, *cover_ = nullptr, *gain_ = nullptr, *value_ = nullptr;
  std::vector<std::vector<std::uint32_t>> sets_;
  Tree tree_;
};

[[nodiscard]] inline Result<Tree> read_tree(const Value& json, std::vector<Feature>& features, std::size_t& set_words,
                                            std::string where) {
  return XgboostTree(json, features, set_words, std::move(where)).read();
}

}  // namespace riskflag::inline v0_1::interop::detail
