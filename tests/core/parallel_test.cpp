#include <riskflag/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/random.hpp>

using namespace riskflag;

TEST_CASE("every task runs once, by a worker below concurrency") {
  for (const unsigned threads : {1u, 2u, 3u, 8u}) {
    Pool pool(threads);
    CHECK(pool.concurrency() == threads);
    for (const std::size_t tasks : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<int> runs(tasks, 0);
      std::vector<unsigned> workers(tasks, 0);
      pool.run(tasks, [&](std::size_t i, unsigned worker) {
        ++runs[i];
        workers[i] = worker;
      });
      CHECK(std::count(runs.begin(), runs.end(), 1) == static_cast<std::ptrdiff_t>(tasks));
      for (const unsigned worker : workers) CHECK(worker < threads);
    }
  }
}

TEST_CASE("no two tasks share a worker at the same time") {
  Pool pool(4);
  std::vector<std::atomic<int>> inside(4);
  std::atomic<bool> shared{false};
  pool.run(2000, [&](std::size_t, unsigned worker) {
    if (inside[worker].fetch_add(1) != 0) shared = true;
    std::this_thread::yield();
    inside[worker].fetch_sub(1);
  });
  CHECK_FALSE(shared);
}

TEST_CASE("invariant: results do not depend on the number of threads") {
  const Random random(1);
  constexpr std::size_t kRows = 20011;
  std::vector<double> want(kRows);
  std::vector<double> sums;
  for (const unsigned threads : {0u, 1u, 2u, 5u}) {
    SerialExecutor serial;
    Pool pool(std::max(threads, 1u));
    Executor& executor = threads == 0 ? static_cast<Executor&>(serial) : pool;
    std::vector<double> chunk_sums((kRows + 511) / 512, 0.0);
    parallel_for(executor, kRows, 512, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        chunk_sums[begin / 512] = exact::add(chunk_sums[begin / 512], random.normal(i));
      }
    });
    double sum = 0;
    for (const double part : chunk_sums) sum = exact::add(sum, part);
    sums.push_back(sum);
  }
  for (const double sum : sums) CHECK(sum == sums[0]);
}

TEST_CASE("parallel_for cuts by grain alone and covers the range once") {
  SerialExecutor serial;
  std::vector<std::pair<std::size_t, std::size_t>> chunks;
  const auto keep = [&](std::size_t begin, std::size_t end, unsigned) { chunks.emplace_back(begin, end); };
  parallel_for(serial, 10, 4, keep);
  CHECK(chunks == std::vector<std::pair<std::size_t, std::size_t>>{{0, 4}, {4, 8}, {8, 10}});
  chunks.clear();
  parallel_for(serial, 0, 4, keep);
  CHECK(chunks.empty());
  parallel_for(serial, 2, 0, keep);
  CHECK(chunks.size() == 2);
  chunks.clear();
  parallel_for(serial, SIZE_MAX, SIZE_MAX, keep);
  CHECK(chunks == std::vector<std::pair<std::size_t, std::size_t>>{{0, SIZE_MAX}});
}

TEST_CASE("the exception of the lowest failing task comes out, and the pool lives on") {
  for (const unsigned threads : {1u, 4u}) {
    Pool pool(threads);
    for (int round = 0; round < 200; ++round) {
      std::string caught;
      try {
        pool.run(100, [&](std::size_t i, unsigned) {
          if (i == 37) std::this_thread::sleep_for(std::chrono::microseconds(50));  // later failures come first
          if (i == 37 || i == 38 || i > 60) throw std::runtime_error(std::to_string(i));
        });
      } catch (const std::runtime_error& error) {
        caught = error.what();
      }
      REQUIRE(caught == "37");
    }
    std::atomic<int> runs{0};
    pool.run(10, [&](std::size_t, unsigned) { ++runs; });
    CHECK(runs == 10);
  }
}

TEST_CASE("a pool that is used from inside its own task says so instead of waiting for ever") {
  Pool pool(2);
  CHECK_THROWS_AS(pool.run(1, [&](std::size_t, unsigned) { pool.run(1, [](std::size_t, unsigned) {}); }), Error);
  int runs = 0;
  pool.run(1, [&](std::size_t, unsigned) { ++runs; });
  CHECK(runs == 1);
}

TEST_CASE("many short runs, with idle times between, all complete") {
  Pool pool(3);
  std::uint64_t total = 0;
  for (int round = 0; round < 5000; ++round) {
    std::atomic<std::uint64_t> sum{0};
    pool.run(5, [&](std::size_t i, unsigned) { sum += i; });
    total += sum;
    if (round % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  CHECK(total == 5000 * 10);
}

TEST_CASE("pools come and go, one inside another's task") {
  Pool outer(2);
  std::atomic<int> runs{0};
  outer.run(4, [&](std::size_t, unsigned) {
    Pool inner(2);
    inner.run(4, [&](std::size_t, unsigned) { ++runs; });
  });
  CHECK(runs == 16);
}
