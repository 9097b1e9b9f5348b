#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/bundle/parts.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/explain/reasons.hpp>
#include <riskflag/explain/shap.hpp>

namespace riskflag::inline v0_1::bundle {

/// The most reasons that one row may be asked for.
inline constexpr std::size_t kMostReasons = 10;

/// One reason of a row, as HTTP and scores.csv tell it. The texts belong to the ReasonProgram.
struct Reason {
  std::string_view field;     ///< the applicant's
  std::string_view code;      ///< decision.json's for the field, or the field's name
  std::string_view text;      ///< decision.json's for the field, or the field's name
  double contribution = 0.0;  ///< in log-odds, > 0: towards High; before calibration
};

/// From a prepared row to the fields that speak for High: exact Shapley values, features summed into the fields that
/// they came from. Compared with the training mean (path-dependent) or, where the model directory keeps approved
/// applicants, with these (interventional): what makes this row riskier than those that pass.
///
/// Life: 1. made over an opened Bundle, of which it keeps copies; 2. used by many threads, each with its own Scratch;
/// nothing is allocated once the Scratch and `out` are warm.
class ReasonProgram {
 public:
  /// One thread's memory.
  struct Scratch {
    Explainer::Scratch shap;
    std::vector<double> contributions, sums;
    std::vector<FieldReason> ranked;
  };

  /// Throws Error(unsupported) when the model is not binary, or has no counts of training rows.
  explicit ReasonProgram(const Bundle& bundle)
      : ReasonProgram(bundle.pipeline.features(), bundle.pipeline.inputs(), bundle.model, bundle.decision,
                      bundle.path) {
    if (bundle.approved.rows() == 0) return;
    references_ = explainer_.references(bundle.approved.view());
    if (!references_) fail(ErrorCode::schema_mismatch, bundle.path, "approved.json does not fit the model");
  }

  /// At most `most` reasons of a prepared row (RowProgram::prepare's features), the greatest contribution first; equal
  /// ones keep the schema's order. Empty when no field speaks for High.
  void reasons(std::span<const double> features, std::size_t most, std::vector<Reason>& out, Scratch& scratch) const {
    scratch.contributions.resize(explainer_.features());
    scratch.sums.resize(ranker_.fields());
    if (references_) {
      (void)explainer_.contributions_against(features.data(), *references_, scratch.contributions, scratch.shap);
    } else {
      explainer_.contributions(features.data(), scratch.contributions.data(), scratch.shap);
    }
    ranker_.rank(scratch.contributions, most, scratch.ranked, scratch.sums);
    out.clear();
    for (const FieldReason& reason : scratch.ranked) {
      const ReasonText& words = words_[reason.field];
      out.push_back({words.field, words.code, words.text, exact::mul(scale_, reason.contribution)});
    }
  }

 private:
  ReasonProgram(const std::vector<Feature>& features, const std::vector<std::string>& fields, const Model& model,
                const Decision& decision, const std::string& where)
      : explainer_(make_explainer(model, where)), ranker_(features, fields), scale_(model.objective.sigmoid) {
    for (const std::string& field : fields) {
      ReasonText words{field, field, field};
      for (const ReasonText& known : decision.reasons) {
        if (known.field == field) words = known;
      }
      words_.push_back(std::move(words));
    }
  }

  static Explainer make_explainer(const Model& model, const std::string& where) {
    if (kind_of(model.objective) != Kind::binary) {
      fail(ErrorCode::unsupported, where, "reasons are those for High: the model is not binary");
    }
    return value_or_throw(Explainer::make(model));
  }

  Explainer explainer_;
  std::optional<Explainer::References> references_;
  ReasonRanker ranker_;
  double scale_;
  std::vector<ReasonText> words_;
};

}  // namespace riskflag::inline v0_1::bundle
