#include <riskflag/gzip/gzip.hpp>

#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include <riskflag/data/csv.hpp>

using namespace riskflag;

namespace {

std::string gzipped(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string everything(ByteSource& source, std::size_t step = 1000) {
  std::string out, part(step, '\0');
  while (const std::size_t got = source.read(part.data(), part.size())) out.append(part, 0, got);
  CHECK(source.read(part.data(), part.size()) == 0);  // the end stays the end
  return out;
}
std::string unzipped(std::string_view bytes, std::size_t step = 1000) {
  GzipSource source(std::make_unique<MemorySource>(bytes, "f.csv.gz"));
  return everything(source, step);
}

std::string long_text() {
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919 % 10007) + ",x" + std::to_string(i % 97) + "\n";
  return text;
}

/// A folder of its own that goes when the test ends.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("riskflag_gzip_" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return (path / name).string();
  }
};

}  // namespace

TEST_CASE("gzip text comes back, in steps of any size") {
  const std::string text = long_text();
  const std::string bytes = gzipped(text);
  CHECK(bytes.size() < text.size() / 2);
  CHECK(unzipped(bytes, 1) == text);
  CHECK(unzipped(bytes, 100'000) == text);
  CHECK(unzipped(gzipped("")) == "");
}

TEST_CASE("concatenated members are one text; padding behind them is none") {
  const std::string bytes = gzipped("a,b\n1,") + gzipped("") + gzipped("2\n");
  CHECK(unzipped(bytes) == "a,b\n1,2\n");
  CHECK(unzipped(bytes, 1) == "a,b\n1,2\n");
  CHECK(unzipped(bytes + std::string(1000, '\0')) == "a,b\n1,2\n");
}

TEST_CASE("every file that was cut short is refused with its name") {
  const std::string bytes = gzipped("a,b\n1,2\n") + gzipped("3,4\n");
  const std::size_t first = gzipped("a,b\n1,2\n").size();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (size == first) continue;  // that is a whole file
    CAPTURE(size);
    CHECK_THROWS_WITH_AS((void)unzipped(std::string_view(bytes).substr(0, size)),
                         doctest::Contains("f.csv.gz: the file"), Error);
  }
}

TEST_CASE("a flipped byte of the compressed text or its checksum is refused") {
  const std::string text = long_text();
  const std::string good = gzipped(text);
  for (const std::size_t at : {std::size_t{0}, std::size_t{2}, good.size() / 2, good.size() - 1, good.size() - 5}) {
    CAPTURE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    try {
      (void)unzipped(bad);
      FAIL("nothing was refused");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::corrupt);
      CHECK(error.where() == "f.csv.gz");
    }
  }
  CHECK_THROWS_AS((void)unzipped(good + "no gzip"), Error);
}

TEST_CASE("open_source tells gzip by its bytes, not by its name, and leaves plain files plain") {
  const Folder folder;
  const std::string text = long_text();
  auto zipped = open_source(folder.write("a.csv", gzipped(text)));
  CHECK(everything(*zipped) == text);
  auto plain = open_source(folder.write("b.gz", text));
  CHECK(dynamic_cast<FileSource*>(plain.get()) != nullptr);
  CHECK(everything(*plain) == text);
  for (const std::string& shorter : {std::string(), std::string("a")}) {
    auto source = open_source(folder.write("c.csv", shorter));
    CHECK(everything(*source) == shorter);
  }
  CHECK_THROWS_AS((void)open_source((folder.path / "absent.csv").string()), Error);
}

TEST_CASE("a table reads alike plain, compressed, from a stream in memory and from one that spools to disk") {
  const Folder folder;
  const std::string text = long_text();
  SerialExecutor serial;
  auto plain = open_source(folder.write("p.csv", text));
  auto zipped = open_source(folder.write("z.csv.gz", gzipped(text)));
  const CsvResult want = read_csv(*plain, {}, serial);
  const CsvResult got = read_csv(*zipped, {}, serial);
  CHECK(want.frame.rows() == 50'000);
  CHECK(got.frame.column("a").numbers == want.frame.column("a").numbers);
  CHECK(got.frame.column("b").codes == want.frame.column("b").codes);
  CHECK(got.sha256 == want.sha256);  // of the text, so the same
  MemorySource stream(text);
  const detail::csv::Bytes spooled(stream, 1000);
  const CsvOptions options;
  const CsvResult from_disk = detail::csv::TableReader(spooled, options, serial, std::size_t{1} << 16).read();
  CHECK(from_disk.frame.column("a").numbers == want.frame.column("a").numbers);
  CHECK(from_disk.sha256 == want.sha256);
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
    CHECK(entry.path().extension() != ".spool");
  }
}

TEST_CASE("a truncated .csv.gz fails as a table too, with its name") {
  const Folder folder;
  const std::string bytes = gzipped(long_text());
  auto source = open_source(folder.write("t.csv.gz", bytes.substr(0, bytes.size() / 2)));
  SerialExecutor serial;
  CHECK_THROWS_WITH_AS((void)read_csv(*source, {}, serial), doctest::Contains("t.csv.gz: the file ends in the middle"),
                       Error);
}
