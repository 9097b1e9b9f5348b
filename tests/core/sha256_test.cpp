#include <riskflag/core/sha256.hpp>

#include <array>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

using namespace riskflag;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
                   "pqrstnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(sha256_hex(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("every length around the padding's edges hashes the same in one piece and in two") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * 37);
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string whole = sha256_hex(std::string_view(text).substr(0, length));
    for (std::size_t cut : {std::size_t{0}, length / 3, length / 2, length}) {
      Sha256 hash;
      hash.update(text.data(), cut);
      hash.update(text.data() + cut, length - cut);
      REQUIRE(hash.hex_digest() == whole);
    }
  }
}

TEST_CASE("the digests of lengths 55, 56, 63, 64 and 65 are hashlib's") {
  // python3 -c "import hashlib; print(hashlib.sha256(b'x'*55).hexdigest())"
  CHECK(sha256_hex(std::string(55, 'x')) == "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
  CHECK(sha256_hex(std::string(56, 'x')) == "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
  CHECK(sha256_hex(std::string(63, 'x')) == "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2");
  CHECK(sha256_hex(std::string(64, 'x')) == "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
  CHECK(sha256_hex(std::string(65, 'x')) == "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9");
}

#if defined(__x86_64__)
TEST_CASE("the processor's SHA instructions give the portable code's state") {
  if (!detail::has_sha_instructions()) return;
  std::array<std::uint8_t, 64 * 40> data{};
  std::uint32_t x = 1;
  for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>((x = x * 1664525 + 1013904223) >> 24);
  for (std::size_t blocks = 0; blocks <= 40; ++blocks) {
    std::array<std::uint32_t, 8> want{1, 2, 3, 4, 5, 0xffffffff, 7, 0x80000000}, got = want;
    detail::sha256_blocks_portable(want.data(), data.data(), blocks);
    detail::sha256_blocks_x86(got.data(), data.data(), blocks);
    REQUIRE(got == want);
  }
}
#endif
