// Prints SHA-256 of what core/exact.hpp and core/random.hpp give for about a million inputs: "exact_hash MODE HASH".
// MODE "scoring" is the part that must hold under -ffast-math too: the arithmetic of a score.

#include <bit>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <riskflag/core/exact.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/random.hpp>
#include <riskflag/core/sha256.hpp>

namespace {

using namespace riskflag;

class Hash {
 public:
  void take(double x) {
    // Every NaN is one: which operand's payload comes out is the processor's choice.
    take(is_missing(x) ? std::uint64_t{0x7ff8000000000000} : std::bit_cast<std::uint64_t>(x));
  }
  void take(std::uint64_t bits) {
    for (unsigned i = 0; i < 8; ++i) block_.push_back(static_cast<char>(static_cast<unsigned char>(bits >> (8 * i))));
    if (block_.size() > 60000) flush();
  }
  std::string hex() {
    flush();
    return sha_.hex_digest();
  }

 private:
  void flush() {
    sha_.update(block_);
    block_.clear();
  }
  Sha256 sha_;
  std::string block_;
};

const std::uint64_t kEdges[] =
    {  // zero, denormals, the smallest and largest normals, ones, infinities, NaN, exp's ends
        0x0000000000000000, 0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x3ca0000000000000,
        0x3fe0000000000000, 0x3fefffffffffffff, 0x3ff0000000000000, 0x3ff0000000000001, 0x40862e42fefa39ef,
        0x40862e42fefa39f0, 0x3ff71547652b82fe, 0x40874910d52d3051, 0x40874910d52d3052, 0x4340000000000000,
        0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff8000000000000};

/// (u - 1/2) * width by exact steps, so that the inputs are the same under every flag.
double centred(const Random& random, std::uint64_t i, double width) {
  return exact::mul(exact::sub(random.uniform(i), 0.5), width);
}

void take_scoring(Hash& hash) {
  const Random random(1);
  for (const std::uint64_t edge : kEdges) {
    for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
      hash.take(exact::sigmoid(std::bit_cast<double>(edge | sign)));
      hash.take(exact::exp(std::bit_cast<double>(edge | sign)));
    }
  }
  double margin = 0;
  for (std::uint64_t i = 0; i < 150000; ++i) {
    hash.take(exact::sigmoid(centred(random, i, 60)));
    hash.take(exact::sigmoid(centred(random, i, 1600)));  // denormal results, and the ends
    hash.take(exact::exp(centred(random, i, 1500)));
    margin = exact::add(margin, exact::mul(centred(random, i, 3), 0x1.23456789abcdfp-3));
    hash.take(margin);
  }
}

void take_rest(Hash& hash) {
  const Random random(2, 3);
  for (const std::uint64_t edge : kEdges) {
    for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
      const double x = std::bit_cast<double>(edge | sign);
      hash.take(exact::log(x));
      hash.take(exact::log1p(x));
      hash.take(exact::logit(x));
      hash.take(exact::sqrt(x));
      for (const std::uint64_t other : kEdges) {
        hash.take(exact::pow(x, std::bit_cast<double>(other)));
        hash.take(exact::div(x, std::bit_cast<double>(other)));
      }
    }
  }
  for (std::uint64_t i = 0; i < 60000; ++i) {
    const double any = std::bit_cast<double>(random.bits(4 * i)), other = std::bit_cast<double>(random.bits(4 * i + 1));
    const double u = random.uniform(4 * i + 2), v = random.uniform(4 * i + 3);
    hash.take(exact::log(any));
    hash.take(exact::log1p(any));
    hash.take(exact::log1p(centred(random, i, 1)));
    hash.take(exact::log(u));
    hash.take(exact::pow(any, other));
    hash.take(exact::pow(exact::add(u, 0.5), centred(random, i, 3000)));
    hash.take(exact::pow(exact::mul(u, 1000), v));
    hash.take(exact::logit(u));
    hash.take(exact::sqrt(exact::mul(any, v)));
    hash.take(exact::div(any, other));
    // a product that a fused multiply-add would not round
    hash.take(exact::add(exact::mul(u, v), -exact::mul(v, u)));
    hash.take(exact::sub(exact::mul(u, v), 0.25));
    hash.take(random.normal(i));
    hash.take(random.below(1 + i, i));
    hash.take(random.split(i).bits(i));
  }
  std::vector<std::uint32_t> values(5000);
  std::iota(values.begin(), values.end(), 0u);
  shuffle(values, random);
  for (const std::uint32_t value : values) hash.take(std::uint64_t{value});
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "all";
  if (mode != "all" && mode != "scoring") {
    std::fprintf(stderr, "usage: %s [all|scoring]\n", argv[0]);
    return 2;
  }
  Hash hash;
  take_scoring(hash);
  if (mode == "all") take_rest(hash);
  std::printf("exact_hash %s %s\n", mode.c_str(), hash.hex().c_str());
}
