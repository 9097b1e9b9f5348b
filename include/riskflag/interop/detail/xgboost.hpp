#pragma once

// XGBoost's model schema (doc/tutorials/saving_model.rst); its rules: src/predictor/predict_fn.h,
// src/common/categorical.h.

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/result.hpp>
#include <riskflag/core/text.hpp>
#include <riskflag/interop/detail/refusing.hpp>
#include <riskflag/interop/detail/value.hpp>
#include <riskflag/interop/detail/xgboost_tree.hpp>
#include <riskflag/interop/xgboost.hpp>
#include <riskflag/model/check.hpp>
#include <riskflag/model/import_lightgbm.hpp>

namespace riskflag::inline v0_1::interop {
namespace detail {

/// From the parsed file to a Model. Life: constructed; read() once.
class XgboostReader : private Refusing {
 public:
  XgboostReader(const Value& root, std::size_t bytes, std::string_view where)
      : Refusing(std::string(where)), root_(root), set_words_(4'000'000 + 8 * bytes) {}

  [[nodiscard]] Result<Model> read() {
    const Value* learner = root_.find("learner");
    if (learner == nullptr) return refusal("there is no member \"learner\": this is no model of XGBoost's");
    const Value* parameters = learner->find("learner_model_param");
    const Value* booster = learner->find("gradient_booster");
    const Value* objective = learner->find("objective");
    if (parameters == nullptr || booster == nullptr || objective == nullptr) {
      return refusal("the learner has no learner_model_param, gradient_booster or objective");
    }
    if (!read_parameters(*parameters) || !read_features(*learner) || !read_objective(*objective) ||
        !read_booster(*booster)) {
      return failure_;
    }
    put_on_grid(model_);
    if (auto checked = check_model(model_, where_); !checked) return checked.failure();
    return std::move(model_);
  }

 private:
  /// A parameter, which XGBoost keeps as text.
  static std::string text_of(const Value& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr) return {};
    return value->kind == Value::Kind::number ? number_text(value->number) : value->text;
  }
  bool count_of(const Value& object, std::string_view key, std::int64_t& out) {
    const std::string text = text_of(object, key);
    if (text.empty()) return true;
    const auto value = parse_integer(text);
    if (!value || *value < 0 || *value > 65536) {
      return refuse(std::string(key) + " is " + quoted(text) + "; a count is accepted");
    }
    out = *value;
    return true;
  }

  bool read_parameters(const Value& parameters) {
    std::int64_t targets = 1, classes = 0;
    if (!count_of(parameters, "num_feature", features_) || !count_of(parameters, "num_class", classes) ||
        !count_of(parameters, "num_target", targets)) {
      return false;
    }
    if (targets > 1) {
      return refuse("the model has " + std::to_string(targets) + " targets; train one model for each",
                    ErrorCode::unsupported);
    }
    model_.num_outputs = classes > 1 ? static_cast<int>(classes) : 1;
    // "5E-1", "[5E-1]" or a value for each class.
    std::string text = text_of(parameters, "base_score");
    for (char& c : text) c = c == '[' || c == ']' || c == '(' || c == ')' || c == ',' ? ' ' : c;
    for (const std::string_view word : split_text(text, ' ')) {
      if (word.empty()) continue;
      float value = 0.0F;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (error != std::errc{} || end != word.data() + word.size() || !is_finite(static_cast<double>(value))) {
        return refuse("base_score has " + quoted(word) + ", which is no number");
      }
      base_scores_.push_back(value);
    }
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    if (base_scores_.size() != 1 && base_scores_.size() != outputs) {
      return refuse(std::to_string(base_scores_.size()) + " base scores for " + std::to_string(outputs) + " outputs");
    }
    return true;
  }

  bool read_features(const Value& learner) {
    const Value* names = learner.find("feature_names");
    const Value* types = learner.find("feature_types");
    const bool named = names != nullptr && !names->items.empty();
    const bool typed = types != nullptr && !types->items.empty();
    const auto count = static_cast<std::size_t>(features_);
    if ((named && names->items.size() != count) || (typed && types->items.size() != count)) {
      return refuse("the names or types of features are not num_feature = " + std::to_string(count));
    }
    // Nothing in the file is as long as the features are many when they have no names.
    if (count == 0) return refuse("the model has no features");
    for (std::size_t f = 0; f < count; ++f) {
      Feature feature;
      feature.name = named ? names->items[f].text : "f" + std::to_string(f);
      if (feature.name.empty() || !is_utf8(feature.name)) return refuse("a feature's name is no text");
      feature.fields = {feature.name};
      if (typed && (types->items[f].text == "c" || types->items[f].text == "categorical")) {
        feature.type = FeatureType::categorical;
      }
      model_.features.push_back(std::move(feature));
    }
    return true;
  }

  bool read_objective(const Value& objective) {
    struct Known {
      std::string_view theirs, ours;
      enum class Base { as_is, logit, log } base;
    };
    using Base = Known::Base;
    static constexpr Known kKnown[] = {{"binary:logistic", "binary", Base::logit},
                                       {"reg:logistic", "cross_entropy", Base::logit},
                                       {"binary:logitraw", "custom", Base::as_is},
                                       {"reg:squarederror", "regression", Base::as_is},
                                       {"reg:squaredlogerror", "regression", Base::as_is},
                                       {"reg:absoluteerror", "regression_l1", Base::as_is},
                                       {"reg:pseudohubererror", "huber", Base::as_is},
                                       {"reg:quantileerror", "quantile", Base::as_is},
                                       {"count:poisson", "poisson", Base::log},
                                       {"reg:gamma", "gamma", Base::log},
                                       {"reg:tweedie", "tweedie", Base::log},
                                       {"multi:softprob", "multiclass", Base::as_is},
                                       {"multi:softmax", "multiclass", Base::as_is},
                                       {"rank:pairwise", "lambdarank", Base::as_is},
                                       {"rank:ndcg", "lambdarank", Base::as_is},
                                       {"rank:map", "lambdarank", Base::as_is}};
    const std::string name = text_of(objective, "name");
    for (const Known& known : kKnown) {
      if (known.theirs != name) continue;
      model_.objective.name = std::string(known.ours);
      for (std::size_t k = 0; k < static_cast<std::size_t>(model_.num_outputs); ++k) {
        const float score = base_scores_[base_scores_.size() == 1 ? 0 : k];
        double base = from_float32(score);
        if (known.base == Base::logit) {
          if (!(score > 0.0F && score < 1.0F)) return refuse("base_score is no probability between 0 and 1");
          // XGBoost takes the logarithm of floats.
          base = static_cast<double>(static_cast<float>(-exact::log(static_cast<double>(1.0F / score - 1.0F))));
        } else if (known.base == Base::log) {
          if (!(score > 0.0F)) return refuse("base_score is not above 0, and its logarithm is asked for");
          base = static_cast<double>(static_cast<float>(exact::log(base)));
        }
        model_.base_margin.push_back(base);
      }
      return true;
    }
    return refuse("objective " + quoted(name) +
                      " has no link here; accepted are logistic, squared, absolute, huber, "
                      "quantile, poisson, gamma, tweedie, softprob and rank objectives",
                  ErrorCode::unsupported);
  }

  bool read_booster(const Value& booster) {
    const std::string name = text_of(booster, "name");
    if (name != "gbtree" && name != "dart") {
      return refuse("booster " + quoted(name) + "; trees are read (gbtree, dart)", ErrorCode::unsupported);
    }
    const Value* inner = booster.find("gbtree");
    const Value* model = inner != nullptr ? inner->find("model") : booster.find("model");
    if (model == nullptr) return refuse("the booster has no model");
    const Value* trees = model->find("trees");
    const Value* info = model->find("tree_info");
    if (trees == nullptr || info == nullptr || (trees->items.empty() && !trees->numbers.empty()) ||
        info->numbers.size() != trees->items.size()) {
      return refuse("trees and tree_info are not of one length");
    }
    const Value* weights = booster.find("weight_drop");
    if (weights == nullptr) weights = model->find("weight_drop");
    if (weights != nullptr && !weights->numbers.empty() && weights->numbers.size() != trees->items.size()) {
      return refuse("weight_drop has " + std::to_string(weights->numbers.size()) + " numbers for " +
                    std::to_string(trees->items.size()) + " trees");
    }
    model_.float32_inputs = true;
    const auto outputs = static_cast<std::size_t>(model_.num_outputs);
    std::vector<std::vector<Tree>> by_class(outputs);
    for (std::size_t t = 0; t < trees->items.size(); ++t) {
      auto tree = read_tree(trees->items[t], model_.features, set_words_, where_ + ": tree " + std::to_string(t));
      if (!tree) {
        failure_ = tree.failure();
        return false;
      }
      if (weights != nullptr && !weights->numbers.empty()) {
        const auto weight = rounded_to_float32(weights->numbers[t]);
        for (double& leaf : tree->leaves) leaf = exact::mul(leaf, weight);
      }
      const double output = info->numbers[t];
      if (!(output >= 0.0) || !(output < static_cast<double>(outputs))) {
        return refuse("tree " + std::to_string(t) + " is of class " + number_text(output) + " of " +
                      std::to_string(outputs));
      }
      by_class[static_cast<std::size_t>(output)].push_back(std::move(*tree));
    }
    for (const auto& own : by_class) {
      if (own.size() != by_class[0].size()) return refuse("the classes have different numbers of trees");
    }
    for (std::size_t t = 0; t < by_class[0].size(); ++t) {
      for (auto& own : by_class) model_.trees.push_back(std::move(own[t]));
    }
    model_.best_iteration = static_cast<int>(by_class[0].size());
    return read_levels(model->find("cats"));
  }

  /// The data frame's categories, or the numbers up to the greatest that a tree asks for.
  bool read_levels(const Value* cats) {
    const Value* lists = cats == nullptr ? nullptr : cats->find("enc");
    if (lists != nullptr && lists->items.size() == model_.features.size()) {
      for (std::size_t f = 0; f < model_.features.size(); ++f) {
        const Value& list = lists->items[f];
        const Value* values = list.find("values");
        const Value* offsets = list.find("offsets");
        if (values == nullptr || model_.features[f].type != FeatureType::categorical) continue;
        std::vector<std::string>& levels = model_.features[f].levels;
        if (offsets == nullptr) {
          for (const double value : values->numbers) levels.push_back(number_text(value));
          continue;
        }
        for (std::size_t i = 0; i + 1 < offsets->numbers.size(); ++i) {
          const double begin = offsets->numbers[i], end = offsets->numbers[i + 1];
          if (!(begin >= 0.0) || !(begin <= end) || !(end <= static_cast<double>(values->numbers.size()))) {
            return refuse("cats: the levels of feature " + quoted(model_.features[f].name) + " overlap their text");
          }
          std::string level;
          for (auto at = static_cast<std::size_t>(begin); at < static_cast<std::size_t>(end); ++at) {
            const double byte = values->numbers[at];
            if (!(byte >= -128.0) || !(byte <= 255.0))
              return refuse("cats: a level has a byte of " + number_text(byte));
            level += static_cast<char>(static_cast<int>(byte));
          }
          if (!is_utf8(level)) {
            return refuse("cats: level " + quoted(level) + " of feature " + quoted(model_.features[f].name) +
                              " is no UTF-8 (XGBoost 3.2 writes names cut off that are not ASCII); rename the level",
                          ErrorCode::unsupported);
          }
          levels.push_back(std::move(level));
        }
      }
    }
    std::vector<std::size_t> most(model_.features.size(), 0);
    for (const Tree& tree : model_.trees) {
      for (const Node& node : tree.nodes) {
        if (!node.categorical) continue;
        const std::size_t size = tree.category_sets[node.category_set].size() * 32;
        std::size_t& own = most[static_cast<std::size_t>(node.feature)];
        own = size > own ? size : own;
      }
    }
    for (std::size_t f = 0; f < model_.features.size(); ++f) {
      Feature& feature = model_.features[f];
      if (feature.type != FeatureType::categorical || !feature.levels.empty() || most[f] > 65536) continue;
      for (std::size_t i = 0; i < most[f]; ++i) feature.levels.push_back(std::to_string(i));
    }
    return true;
  }

  const Value& root_;
  std::size_t set_words_;
  Model model_;
  std::int64_t features_ = 0;
  std::vector<float> base_scores_;
};

}  // namespace detail

inline bool looks_like_xgboost(std::string_view bytes) noexcept {
  return !bytes.empty() && bytes[0] == '{' && bytes.substr(0, 64).find("learner") != std::string_view::npos;
}

inline Result<Model> import_xgboost(std::string_view bytes, std::string_view where) {
  if (bytes.empty() || bytes[0] != '{') {
    return Failure{ErrorCode::parse, std::string(where),
                   "the first byte is no \"{\": neither JSON nor UBJSON of XGBoost"};
  }
  const auto root = detail::read_value(bytes, where);
  if (!root) return root.failure();
  return detail::XgboostReader(*root, bytes.size(), where).read();
}

}  // namespace riskflag::inline v0_1::interop
