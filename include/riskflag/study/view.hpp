#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include <riskflag/audit/leak.hpp>
#include <riskflag/data/schema.hpp>
#include <riskflag/data/split.hpp>
#include <riskflag/model/model.hpp>
#include <riskflag/study/cross_validate.hpp>
#include <riskflag/study/global_view.hpp>
#include <riskflag/study/options.hpp>
#include <riskflag/study/result.hpp>
#include <riskflag/study/table.hpp>
#include <riskflag/study/target.hpp>

namespace riskflag::inline v0_1::study {

/// Everything that a report can be made of, at the end of a study, before anything is written. References last for the
/// call.
struct StudyView {
  const StudyOptions& options;
  const Table& table;
  const Schema& schema;  ///< of the model
  const Target& target;
  const Split& split;
  std::span<const audit::Finding> findings;
  std::span<const double> weights;  ///< one a row of the table, or empty
  const Model& model;
  std::span<const double> train_scores, valid_scores, test_scores;
  const CrossValidation* cross_validation;             ///< null without cv
  std::span<const std::optional<double>> permutation;  ///< one for each feature of the model; empty when not computed
  const GlobalView& global;                            ///< without rows when nothing was explained
  const StudyResult& result;
  std::stop_token stop{};  ///< asked: the report is not wanted any more
  std::span<const std::uint64_t>
      groups{};              ///< of each row of the table; rows of one are not independent; empty: all are
  std::string grouped_by{};  ///< the columns that rows of a group have in common, for people
};

}  // namespace riskflag::inline v0_1::study
