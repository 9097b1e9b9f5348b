#pragma once

// The preset "loans". The default probability is a function of the visible cells alone: what a cell hides (a code, a
// missing value) the probability does not know either, so bayes_auc() is a score that a model could reach.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/data/column.hpp>
#include <riskflag/data/detail/simulate_names.hpp>
#include <riskflag/data/detail/simulate_row.hpp>

namespace riskflag::inline v0_1::detail {

/// Codes in the past-due counts, as bureaus write them beside real counts.
inline constexpr double kNotReported = 96;
inline constexpr double kQueryRefused = 98;
/// The day the simulated applications were made: 2026-01-01.
inline constexpr std::int32_t kApplicationDay = 20454;

enum class House { norent_noown, owned, rented };

/// One applicant as the lender sees him.
struct Loan {
  bool female, married, car;
  int age, experience, job_years, house_years;
  int profession, city;
  House house;
  double income, amount;
  std::int32_t history_start = kMissingDate;
  double inquiries = kMissing, past_due_30 = kMissing, past_due_90 = kMissing;
  double utilisation = kMissing, months_since_delinquency = kMissing;
};

/// Draws the person: age, home, work and money.
inline void draw_person(RowDraws& draws, double drift, Loan& loan) noexcept {
  loan.female = draws.chance(0.42);
  const double youth = draws.uniform();
  loan.age = 21 + static_cast<int>(exact::mul(58, exact::mul(youth, exact::sqrt(youth))));
  loan.married = draws.chance(clamped(exact::add(0.15, exact::mul(0.012, loan.age - 21)), 0, 0.75));

  // A third of the professions is taken up by women more often: Sex has no effect of its own, and still rates differ by
  // it.
  loan.profession = draws.below(static_cast<int>(kProfessions.size()));
  if ((loan.profession % 3 == 0) != loan.female && draws.chance(0.35)) {
    loan.profession = draws.below(static_cast<int>(kProfessions.size()));
  }
  const double place = draws.uniform();
  loan.city = static_cast<int>(exact::mul(static_cast<double>(kCities.size()), exact::mul(place, place)));

  const double career = exact::add(0.3, exact::mul(0.7, draws.uniform()));
  loan.experience = static_cast<int>(exact::mul(loan.age - 20, career));
  const double tenure = draws.uniform();
  loan.job_years =
      std::min(loan.experience, static_cast<int>(exact::mul(loan.experience + 1, exact::mul(tenure, tenure))));
  loan.house_years = draws.below(15);

  const double home = draws.uniform();
  const double rents = exact::sub(0.80, exact::mul(0.007, loan.age - 21));
  loan.house = home < rents ? House::rented : home < 0.95 ? House::owned : House::norent_noown;
  loan.car = draws.chance(loan.house == House::owned ? 0.5 : 0.28);

  const Profession& work = kProfessions[static_cast<std::size_t>(loan.profession)];
  const double log_income = ExactSum(13.0)
                                .plus(work.income)
                                .plus(0.018, loan.experience)
                                .plus(-0.0002, exact::mul(loan.experience, loan.experience))
                                .plus(0.45, exact::sub(draws.normal(), drift))
                                .value();
  loan.income = clamped(rounded_to(exact::exp(log_income), 1), 60000, 9999999);
  const double log_share = ExactSum(-0.7).plus(0.55, draws.normal()).value();
  loan.amount = std::max(
      10000.0, exact::mul(1000, std::floor(exact::mul(loan.income, exact::mul(0.001, exact::exp(log_share))))));
}

/// Draws the credit history: thin files, counts with codes, gaps.
inline void draw_history(RowDraws& draws, double drift, Loan& loan) noexcept {
  const bool thin_file = draws.chance(loan.age < 26 ? 0.30 : 0.07);
  const double stress = draws.normal();
  const double inquiry_noise = draws.normal();
  const double inquiry_level = ExactSum(drift).plus(0.5, stress).plus(0.87, inquiry_noise).value();
  if (!draws.chance(0.04)) {
    loan.inquiries = std::min(15.0, std::floor(exact::exp(exact::add(0.1, exact::mul(0.8, inquiry_level)))));
  }
  if (thin_file) return;

  const int adult_days = (loan.age - 18) * 365;
  loan.history_start =
      kApplicationDay - 30 - static_cast<std::int32_t>(exact::mul(adult_days, exact::sqrt(draws.uniform())));

  const double lateness = ExactSum().plus(0.7, stress).plus(0.7, draws.normal()).value();
  loan.past_due_30 =
      lateness > 0.9 ? std::min(13.0, std::floor(exact::exp(exact::mul(1.1, exact::sub(lateness, 0.9))))) : 0;
  const double severity = draws.normal();
  loan.past_due_90 =
      loan.past_due_30 > 0 && severity > 0.3
          ? std::min(loan.past_due_30, exact::add(1, std::floor(exact::mul(1.5, exact::sub(severity, 0.3)))))
          : 0;
  const double since = draws.uniform();
  if (loan.past_due_30 > 0) loan.months_since_delinquency = std::floor(exact::mul(72, exact::mul(since, since)));
  const double report = draws.uniform();
  if (report < 0.018) {
    loan.past_due_30 = loan.past_due_90 = report < 0.012 ? kNotReported : kQueryRefused;
    loan.months_since_delinquency = kMissing;
  }
  const double use_noise = draws.normal();
  const double use = ExactSum(-0.6).plus(0.6, stress).plus(0.8, use_noise).plus(drift).value();
  if (!draws.chance(0.03)) loan.utilisation = rounded_to(exact::mul(1.15, exact::sigmoid(use)), 1000);
}

/// Log-odds of default: curves, codes, gaps and four interactions.
[[nodiscard]] inline double loan_log_odds(const Loan& loan) noexcept {
  const City& city = kCities[static_cast<std::size_t>(loan.city)];
  ExactSum odds(-3.10);
  odds.plus(kProfessions[static_cast<std::size_t>(loan.profession)].risk);
  odds.plus(city.risk).plus(kStates[static_cast<std::size_t>(city.state)].risk);
  odds.plus(-0.40, exact::sub(exact::log(loan.income), 13.1));
  odds.plus(0.0008, exact::mul(loan.age - 46, loan.age - 46));
  odds.plus(-0.035, loan.job_years).plus(loan.married ? -0.15 : 0).plus(loan.car ? -0.10 : 0);
  if (loan.house == House::owned) odds.plus(-0.30);
  if (loan.house == House::rented && loan.job_years < 2) odds.plus(0.45);
  if ((loan.house_years < 4) != (loan.job_years < 2)) odds.plus(0.40);

  const double burden = std::max(0.0, exact::add(exact::log(exact::div(loan.amount, loan.income)), 0.8));
  odds.plus(0.70, burden);
  if (is_missing(loan.utilisation)) {
    odds.plus(0.30);
  } else {
    odds.plus(1.9, exact::sub(loan.utilisation, 0.4));
    odds.plus(1.6, exact::mul(burden, std::max(0.0, exact::sub(loan.utilisation, 0.5))));
  }
  odds.plus(0.25, is_missing(loan.inquiries) ? 1.0 : std::min(6.0, loan.inquiries));
  if (is_missing(loan.past_due_30)) {
    odds.plus(0.30);
  } else if (loan.past_due_30 == kNotReported) {
    odds.plus(0.60);
  } else if (loan.past_due_30 == kQueryRefused) {
    odds.plus(1.50);
  } else {
    odds.plus(0.50, std::min(4.0, loan.past_due_30)).plus(0.60, std::min(3.0, loan.past_due_90));
  }
  if (!is_missing(loan.months_since_delinquency)) {
    odds.plus(0.9, exact::sub(1, exact::div(loan.months_since_delinquency, 72)));
  }
  if (loan.history_start == kMissingDate) {
    odds.plus(0.15);
  } else {
    odds.plus(-0.04, std::min(15.0, exact::div(kApplicationDay - loan.history_start, 365)));
  }
  return odds.value();
}

/// A category column whose levels are `names` in byte order, and where each name's index went.
template <class Names>
struct LevelColumn {
  Column column;
  std::vector<std::int32_t> code_of;

  LevelColumn(std::string name, const Names& names, std::size_t rows) {
    column.name = std::move(name);
    column.type = ColumnType::category;
    column.codes.resize(rows);
    std::vector<std::int32_t> order(names.size());
    std::iota(order.begin(), order.end(), 0);
    const auto text = [&](std::int32_t i) { return std::string_view(names[static_cast<std::size_t>(i)]); };
    std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return text(a) < text(b); });
    code_of.resize(names.size());
    for (std::size_t code = 0; code < order.size(); ++code) {
      column.levels.emplace_back(text(order[code]));
      code_of[static_cast<std::size_t>(order[code])] = static_cast<std::int32_t>(code);
    }
  }
  void set(std::size_t row, int index) noexcept { column.codes[row] = code_of[static_cast<std::size_t>(index)]; }
};

[[nodiscard]] inline SimulatedColumns simulate_loans(const SimulateJob& job) {
  const std::size_t n = job.count;
  using Names = std::vector<std::string_view>;
  const auto names_of = [](const auto& table) {
    Names names;
    for (const auto& entry : table) names.push_back(entry.name);
    return names;
  };
  Column id = number_column("Id", n), income = number_column("Income", n), age = number_column("Age", n);
  Column experience = number_column("Experience", n);
  LevelColumn<Names> married("Married/Single", {"single", "married"}, n);
  LevelColumn<Names> house("House_Ownership", {"norent_noown", "owned", "rented"}, n);
  LevelColumn<Names> car("Car_Ownership", {"no", "yes"}, n);
  LevelColumn<Names> profession("Profession", names_of(kProfessions), n);
  LevelColumn<Names> city("CITY", names_of(kCities), n), state("STATE", names_of(kStates), n);
  Column job_years = number_column("CURRENT_JOB_YRS", n), house_years = number_column("CURRENT_HOUSE_YRS", n);
  LevelColumn<Names> sex("Sex", {"male", "female"}, n);
  Column amount = number_column("loan_amount", n);
  Column history_start;
  history_start.name = "credit_history_start";
  history_start.type = ColumnType::date;
  history_start.days.resize(n);
  Column inquiries = number_column("inquiries_6m", n), past_due_30 = number_column("past_due_30", n);
  Column past_due_90 = number_column("past_due_90", n), utilisation = number_column("utilisation", n);
  Column months = number_column("months_since_last_delinquency", n);
  SimulatedColumns made;
  made.probability.resize(n);
  made.target.resize(n);

  for (std::size_t i = 0; i < n; ++i) {
    RowDraws draws(job.seed, job.first + i);
    Loan loan{};
    draw_person(draws, job.drift, loan);
    draw_history(draws, job.drift, loan);
    made.probability[i] = exact::sigmoid(loan_log_odds(loan));
    made.target[i] = draws.chance(made.probability[i]) ? 1 : 0;

    id.numbers[i] = static_cast<double>(job.first + i + 1);
    income.numbers[i] = loan.income;
    age.numbers[i] = loan.age;
    experience.numbers[i] = loan.experience;
    married.set(i, loan.married ? 1 : 0);
    house.set(i, static_cast<int>(loan.house));
    car.set(i, loan.car ? 1 : 0);
    profession.set(i, loan.profession);
    city.set(i, loan.city);
    state.set(i, kCities[static_cast<std::size_t>(loan.city)].state);
    job_years.numbers[i] = loan.job_years;
    house_years.numbers[i] = loan.house_years;
    sex.set(i, loan.female ? 1 : 0);
    amount.numbers[i] = loan.amount;
    history_start.days[i] = loan.history_start;
    inquiries.numbers[i] = loan.inquiries;
    past_due_30.numbers[i] = loan.past_due_30;
    past_due_90.numbers[i] = loan.past_due_90;
    utilisation.numbers[i] = loan.utilisation;
    months.numbers[i] = loan.months_since_delinquency;
  }
  for (Column* column : {&id,
                         &income,
                         &age,
                         &experience,
                         &married.column,
                         &house.column,
                         &car.column,
                         &profession.column,
                         &city.column,
                         &state.column,
                         &job_years,
                         &house_years,
                         &sex.column,
                         &amount,
                         &history_start,
                         &inquiries,
                         &past_due_30,
                         &past_due_90,
                         &utilisation,
                         &months}) {
    made.columns.push_back(std::move(*column));
  }
  return made;
}

}  // namespace riskflag::inline v0_1::detail
