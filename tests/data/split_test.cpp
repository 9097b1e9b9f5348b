#include <riskflag/data/split.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace riskflag;

namespace {

using Rows = std::vector<std::uint32_t>;

bool is_partition(std::size_t rows, std::vector<const Rows*> parts) {
  Rows all;
  for (const Rows* part : parts) {
    if (!std::is_sorted(part->begin(), part->end())) return false;
    all.insert(all.end(), part->begin(), part->end());
  }
  std::sort(all.begin(), all.end());
  Rows want(rows);
  std::iota(want.begin(), want.end(), 0U);
  return all == want;
}
bool is_partition(std::size_t rows, const Split& split) {
  return is_partition(rows, {&split.train, &split.valid, &split.test});
}
bool is_partition(std::size_t rows, const std::vector<Rows>& folds) {
  std::vector<const Rows*> parts;
  for (const Rows& fold : folds) parts.push_back(&fold);
  return is_partition(rows, parts);
}

/// 1000 rows: every 8th label is 1; groups of 1 to 9 rows; times with ties.
struct SplitTable {
  std::vector<double> labels;
  std::vector<std::uint64_t> groups;
  std::vector<std::int64_t> times;
  SplitTable() {
    for (std::uint64_t i = 0; i < 1000; ++i) {
      labels.push_back(i % 8 == 0 ? 1 : 0);
      groups.push_back(i * i % 211);
      times.push_back(static_cast<std::int64_t>(i * 7919 % 300));
    }
  }
};
const SplitTable kTable;

Split split_table(SplitKind kind, std::uint64_t seed = 42) {
  return split_rows(1000, {.kind = kind, .test_fraction = 0.2, .valid_fraction = 0.1, .seed = seed}, kTable.labels,
                    kTable.groups, kTable.times);
}
std::vector<Rows> fold_table(SplitKind kind, std::size_t k) {
  return k_folds(1000, k, {.kind = kind}, kTable.labels, kTable.groups, kTable.times);
}

double positives(const Rows& rows) {
  double sum = 0;
  for (const auto row : rows) sum += kTable.labels[row];
  return sum;
}

}  // namespace

TEST_CASE("invariant: every row is in exactly one part of a split and in exactly one fold") {
  for (const SplitKind kind : {SplitKind::random, SplitKind::stratified, SplitKind::group, SplitKind::time}) {
    CHECK(is_partition(1000, split_table(kind)));
    for (const std::size_t k : {2u, 3u, 10u}) CHECK(is_partition(1000, fold_table(kind, k)));
  }
}

TEST_CASE("shares are what was asked: 200 of 1000, then a tenth of the other 800") {
  for (const SplitKind kind : {SplitKind::random, SplitKind::stratified}) {
    const Split split = split_table(kind);
    CHECK(split.test.size() == 200);
    CHECK(split.valid.size() == 80);
    CHECK(split.train.size() == 720);
  }
  const Split none = split_rows(10, {.kind = SplitKind::random, .test_fraction = 0, .valid_fraction = 0});
  CHECK(none.train.size() == 10);
  const Split only_test = split_rows(10, {.kind = SplitKind::random, .test_fraction = 0.5, .valid_fraction = 0});
  CHECK(only_test.test.size() == 5);
  CHECK(only_test.valid.empty());
}

TEST_CASE("a stratified split gives each label its share") {
  const Split split = split_table(SplitKind::stratified);
  CHECK(positives(split.test) == 25);  // 125 positives
  CHECK(positives(split.valid) == 10);
  CHECK(positives(split.train) == 90);
  for (const Rows& fold : fold_table(SplitKind::stratified, 5)) CHECK(positives(fold) == 25);
}

TEST_CASE("rounding in many small strata does not starve a part") {
  // 100 labels of 3 rows: a fifth of 3 rounds to 1 or 0, a fifth of all is 60.
  std::vector<double> labels;
  for (int label = 0; label < 100; ++label) labels.insert(labels.end(), 3, label);
  const Split split = split_rows(300, {.kind = SplitKind::stratified}, labels);
  CHECK(split.test.size() == 60);
  CHECK(split.valid.size() == 24);
}

TEST_CASE("a seed gives one split, another seed another one; the split of a seed does not change between releases") {
  CHECK(split_table(SplitKind::random).test == split_table(SplitKind::random).test);
  CHECK(split_table(SplitKind::random).test != split_table(SplitKind::random, 43).test);
  CHECK(split_rows(20, {.kind = SplitKind::random, .seed = 1}).test == Rows{0, 1, 12, 13});
}

TEST_CASE("groups stay whole, in splits and in folds") {
  const Split split = split_table(SplitKind::group);
  std::map<std::uint64_t, std::set<int>> parts_of;
  int part = 0;
  for (const Rows* rows : {&split.train, &split.valid, &split.test}) {
    for (const auto row : *rows) parts_of[kTable.groups[row]].insert(part);
    ++part;
  }
  for (const auto& [group, parts] : parts_of) CHECK(parts.size() == 1);
  CHECK(split.test.size() > 190);
  CHECK(split.test.size() < 210);
  std::map<std::uint64_t, std::set<std::size_t>> folds_of;
  const auto folds = fold_table(SplitKind::group, 4);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    for (const auto row : folds[i]) folds_of[kTable.groups[row]].insert(i);
    CHECK(folds[i].size() >= 245);
    CHECK(folds[i].size() <= 255);
  }
  for (const auto& [group, in] : folds_of) CHECK(in.size() == 1);
}

TEST_CASE("a split by time tests on the latest rows and keeps equal times together") {
  const Split split = split_table(SplitKind::time);
  const auto times_of = [](const Rows& rows) {
    std::vector<std::int64_t> times;
    for (const auto row : rows) times.push_back(kTable.times[row]);
    return times;
  };
  const auto train = times_of(split.train), valid = times_of(split.valid), test = times_of(split.test);
  CHECK(*std::max_element(train.begin(), train.end()) < *std::min_element(valid.begin(), valid.end()));
  CHECK(*std::max_element(valid.begin(), valid.end()) < *std::min_element(test.begin(), test.end()));
  CHECK(split.test.size() >= 197);
  CHECK(split.test.size() <= 203);
  const auto folds = fold_table(SplitKind::time, 4);
  for (std::size_t i = 0; i + 1 < folds.size(); ++i) {
    const auto a = times_of(folds[i]), b = times_of(folds[i + 1]);
    CHECK(*std::max_element(a.begin(), a.end()) < *std::min_element(b.begin(), b.end()));
  }
  // As many folds as times: one each, though the first time has most of the rows.
  const std::vector<std::int64_t> uneven = {1, 1, 1, 1, 1, 2, 3};
  CHECK(k_folds(7, 3, {.kind = SplitKind::time}, {}, {}, uneven) == std::vector<Rows>{{0, 1, 2, 3, 4}, {5}, {6}});
}

TEST_CASE("folds differ by at most one row") {
  for (const SplitKind kind : {SplitKind::random, SplitKind::stratified}) {
    for (const Rows& fold : fold_table(kind, 7)) {
      CHECK(fold.size() >= 142);
      CHECK(fold.size() <= 143);
    }
  }
}

TEST_CASE("arguments that cannot be met are refused with what would be accepted") {
  CHECK_THROWS_WITH_AS((void)split_rows(10, {.test_fraction = 1}), doctest::Contains("test_fraction: 1; accepted is 0"),
                       Error);
  CHECK_THROWS_WITH_AS((void)split_rows(10, {.valid_fraction = -0.5}), doctest::Contains("valid_fraction: -0.5"),
                       Error);
  CHECK_THROWS_WITH_AS((void)split_rows(10, {}), doctest::Contains("0 labels for 10 rows"), Error);
  CHECK_THROWS_WITH_AS((void)split_rows(3, {.kind = SplitKind::random, .test_fraction = 0.1, .valid_fraction = 0}),
                       doctest::Contains("test part would be empty"), Error);
  const std::vector<std::uint64_t> one_group(10, 7);
  CHECK_THROWS_AS((void)split_rows(10, {.kind = SplitKind::group}, {}, one_group), Error);
  CHECK_THROWS_WITH_AS((void)k_folds(10, 2, {.kind = SplitKind::group}, {}, one_group),
                       doctest::Contains("accepted is 2 to 1"), Error);
  CHECK_THROWS_AS((void)k_folds(10, 1, {.kind = SplitKind::random}), Error);
  const std::vector<double> missing_label = {0, kMissing};
  CHECK_THROWS_WITH_AS((void)split_rows(2, {}, missing_label), doctest::Contains("label of row 1 is missing"), Error);
}

TEST_CASE("group_ids: equal rows have equal ids, numbered by first appearance, missing equal to missing") {
  Frame frame;
  Column n, c, t;
  n.name = "n";
  n.numbers = {1, 0.0, 1, -0.0, kMissing, kMissing};
  c.name = "c";
  c.type = ColumnType::category;
  c.levels = {"x", "y"};
  c.codes = {0, 1, 0, 1, -1, -1};
  t.name = "t";
  t.type = ColumnType::text;
  for (const char* text : {"a", "b", "c", "b", "d", "d"}) t.texts.push_back(text);
  frame.add(n);
  frame.add(c);
  frame.add(t);
  using Ids = std::vector<std::uint64_t>;
  const std::vector<std::string> two = {"n", "c"}, all = {"n", "c", "t"}, none, absent = {"z"};
  CHECK(group_ids(frame, two) == Ids{0, 1, 0, 1, 2, 2});
  CHECK(group_ids(frame, all) == Ids{0, 1, 2, 1, 3, 3});
  CHECK_THROWS_AS((void)group_ids(frame, none), Error);
  CHECK_THROWS_AS((void)group_ids(frame, absent), Error);
}

TEST_CASE("group_ids agrees with sorting on random tables") {
  Frame frame;
  std::vector<std::string> names;
  std::vector<std::vector<double>> values(3);
  for (std::size_t j = 0; j < 3; ++j) {
    Column column;
    column.name = "f" + std::to_string(j);
    for (std::uint64_t i = 0; i < 5000; ++i)
      column.numbers.push_back(static_cast<double>((i * 2654435761U >> (5 * j + 3)) % 13));
    values[j] = column.numbers;
    names.push_back(column.name);
    frame.add(column);
  }
  const auto ids = group_ids(frame, names);
  std::map<std::vector<double>, std::uint64_t> want;
  for (std::size_t i = 0; i < 5000; ++i) {
    CHECK(ids[i] ==
          want.emplace(std::vector<double>{values[0][i], values[1][i], values[2][i]}, want.size()).first->second);
  }
  CHECK(want.size() > 100);
}
