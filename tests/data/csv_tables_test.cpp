// Real tables, as far as they lie beside the checkout: facts of their README, none of their rows.

#include <riskflag/data/csv.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

using namespace riskflag;

namespace {

std::string data_folder() {
  if (const char* given = std::getenv("RISKFLAG_DATA")) return given;
  return (std::filesystem::path(RISKFLAG_TESTS_DIR).parent_path().parent_path() / "shared" / "data").string();
}

struct Table {
  std::string file;
  std::size_t rows, cols;
  bool header = true;
  std::size_t skip_rows = 0;
};

CsvResult read_table(const Table& table) {
  CsvOptions options;
  options.header = table.header;
  options.skip_rows = table.skip_rows;
  Pool pool(2);
  return read_csv(data_folder() + "/" + table.file, options, pool);
}

bool there(const std::string& file) {
  if (exists(data_folder() + "/" + file)) return true;
  MESSAGE("skipped: " << file << " is not there");
  return false;
}

std::size_t missing(const Frame& frame, std::string_view name) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < frame.rows(); ++i) count += frame.column(name).is_missing_at(i) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("the public tables have the rows and columns that their README says, and no note") {
  for (const Table& table :
       {Table{"loan_behavior/Training Data.csv", 252000, 13}, Table{"loan_behavior/Test Data.csv", 28000, 12},
        Table{"gmsc/cs-training.csv", 150000, 12}, Table{"german_credit/german.data", 1000, 21, false},
        Table{"adult/adult.data", 32561, 15, false}, Table{"adult/adult.test", 16281, 15, false, 1},
        Table{"credit_risk_dataset/credit_risk_dataset.csv", 32581, 12},
        Table{"freMTPL2freq/freMTPL2freq.csv", 678013, 12}, Table{"california_housing/housing.csv", 20640, 10},
        Table{"lightgbm_examples/binary_classification/binary.train", 7000, 29, false},
        Table{"lightgbm_examples/regression/regression.test", 500, 29, false},
        Table{"lightgbm_examples/multiclass_classification/multiclass.train", 7000, 29, false}}) {
    if (!there(table.file)) continue;
    CAPTURE(table.file);
    const CsvResult result = read_table(table);
    CHECK(result.frame.rows() == table.rows);
    CHECK(result.frame.cols() == table.cols);
    CHECK(result.notes.empty());
  }
}

TEST_CASE("levels and missing cells of the public tables are those of their README") {
  if (there("loan_behavior/Training Data.csv")) {
    const Frame frame = read_table({"loan_behavior/Training Data.csv", 0, 0}).frame;
    CHECK(frame.column("CITY").levels.size() == 317);
    CHECK(frame.column("Profession").levels.size() == 51);
    CHECK(frame.column("STATE").levels.size() == 29);
    CHECK(frame.column("Income").type == ColumnType::number);
  }
  if (there("gmsc/cs-training.csv")) {
    const Frame frame = read_table({"gmsc/cs-training.csv", 0, 0}).frame;
    CHECK(frame.column(0).name == "c0");
    CHECK(missing(frame, "MonthlyIncome") == 29731);  // 19.82 %
    CHECK(missing(frame, "NumberOfDependents") == 3924);
    for (const Column& column : frame.columns()) CHECK(column.type == ColumnType::number);
  }
  if (there("adult/adult.data")) {
    const Frame frame = read_table({"adult/adult.data", 0, 0, false}).frame;
    CHECK(missing(frame, "c1") == 1836);
    CHECK(missing(frame, "c6") == 1843);
    CHECK(missing(frame, "c13") == 583);
    CHECK(frame.column("c13").levels.size() == 41);  // 42 with "?"
    CHECK(frame.column("c14").levels == std::vector<std::string>{"<=50K", ">50K"});
  }
}
