#include <riskflag/core/file.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <riskflag/core/file_lock.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/core/text.hpp>

using namespace riskflag;

namespace {

/// A fresh directory that goes with the object.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "riskflag-file-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return join_path(path_, name); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The code of the Error that `f` throws; internal when it throws none.
template <class F>
ErrorCode code_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

}  // namespace

TEST_CASE("what was written is read, and no neighbour stays behind") {
  const TempDirectory dir;
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 131072u, 300000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 >> 3);
    write_file(dir / "f", bytes);
    CHECK(read_file(dir / "f") == bytes);
    CHECK(read_file(dir / "f", size) == bytes);
    if (size > 0) CHECK(code_of([&] { (void)read_file(dir / "f", size - 1); }) == ErrorCode::resource);
  }
  CHECK(list_directory(dir.path()) == std::vector<std::string>{"f"});
}

TEST_CASE("reading fails with the path and the system's reason") {
  const TempDirectory dir;
  const auto absent = try_read_file(dir / "absent");
  REQUIRE_FALSE(absent);
  CHECK(absent.failure().code == ErrorCode::not_found);
  CHECK(absent.failure().text() == (dir / "absent") + ": cannot open: No such file or directory");
  CHECK(try_read_file(dir.path()).failure().text() == dir.path() + ": cannot read: Is a directory");
  CHECK_FALSE(try_read_file(std::string("/dev/null\0x", 11)));
  CHECK(code_of([&] { (void)read_file(dir / "absent"); }) == ErrorCode::not_found);
  CHECK(code_of([&] { const FileSource source(dir.path()); }) == ErrorCode::io);
  CHECK(code_of([&] { const FileSource source(dir / "absent"); }) == ErrorCode::not_found);
}

TEST_CASE("a full disk is an Error with the system's words, and the old file stays") {
  CHECK(code_of([] { write_file("/dev/full", "x"); }) == ErrorCode::io);
  try {
    write_file("/dev/full", "x");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "/dev/full: cannot write: No space left on device");
  }
  AppendFile journal("/dev/full");
  CHECK(code_of([&] { journal.append("x"); }) == ErrorCode::io);
  CHECK(std::filesystem::is_character_file("/dev/full"));  // not replaced by a file
}

TEST_CASE("invariant: when a write is cut short, whole lines and whole files are all that stay") {
  // A limit on the size of files cuts writes as a full disk does: a part is taken, the rest refused.
  const TempDirectory dir;
  write_file(dir / "f", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10000, 10000};
    int wrong = ::setrlimit(RLIMIT_FSIZE, &limit);
    AppendFile journal(dir / "journal");
    for (int i = 0; i < 3; ++i) journal.append(std::string(3000, 'x'));
    wrong += code_of([&] { journal.append(std::string(3000, 'y')); }) == ErrorCode::io ? 0 : 1;
    journal.append("z");
    wrong += code_of([&] { write_file(dir / "f", std::string(20000, 'x')); }) == ErrorCode::io ? 0 : 2;
    wrong += code_of([&] {
               DirectoryWriter writer(dir / "d");
               writer.write("big", std::string(20000, 'x'));
             }) == ErrorCode::io
                 ? 0
                 : 4;
    ::_exit(wrong);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  const std::string line = std::string(3000, 'x') + "\n";
  CHECK(read_file(dir / "journal") == line + line + line + "z\n");
  CHECK(read_file(dir / "f") == "old");
  CHECK(list_directory(dir.path()) == std::vector<std::string>{"f", "journal"});
}

TEST_CASE("invariant: who reads a file or directory while it is replaced sees the old one or the new one, whole") {
  const TempDirectory dir;
  const auto bytes = [](int round) { return std::string(50000, static_cast<char>('a' + round % 26)); };
  const auto replace = [&](int round) {
    write_file(dir / "f", bytes(round));
    DirectoryWriter writer(dir / "d", Replace::exchange);
    writer.write("x", bytes(round));
    writer.commit();
  };
  replace(0);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int round = 1; round < 60; ++round) replace(round);
    done = true;
  });
  int reads = 0, torn = 0, absent = 0;
  do {
    for (const char* name : {"f", "d/x"}) {
      const auto got = try_read_file(dir / name);
      ++reads;
      // The directory that was swapped out is removed file by file: who entered it before may find a file gone, never
      // half.
      if (!got && name[0] == 'f') ++absent;
      if (got && (got->size() != 50000 || got->find_first_not_of(got->front()) != std::string::npos)) ++torn;
    }
  } while (!done);
  writer.join();
  CHECK(reads > 2);
  CHECK(torn == 0);
  CHECK(absent == 0);
}

TEST_CASE("write_file follows links, keeps permissions and refuses directories") {
  const TempDirectory dir;
  write_file(dir / "real", "old");
  REQUIRE(::chmod((dir / "real").c_str(), 0600) == 0);
  std::filesystem::create_symlink("real", dir / "link");
  write_file(dir / "link", "new");
  CHECK(std::filesystem::is_symlink(dir / "link"));
  CHECK(read_file(dir / "real") == "new");
  struct stat status{};
  REQUIRE(::stat((dir / "real").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(code_of([&] { write_file(dir.path(), "x"); }) == ErrorCode::io);
  CHECK(code_of([&] { write_file(dir / "no/such/directory", "x"); }) == ErrorCode::not_found);
}

TEST_CASE("a sink that is dropped leaves nothing, and the old file as it was") {
  const TempDirectory dir;
  write_file(dir / "f", "old");
  {
    FileSink sink(dir / "f");
    sink.write(std::string(1000000, 'x'));
    CHECK(read_file(dir / "f") == "old");
  }
  CHECK(read_file(dir / "f") == "old");
  CHECK(list_directory(dir.path()).size() == 1);
  FileSink sink(dir / "f");
  sink.write("n");
  sink.write(std::string(200000, 'e'));
  sink.write("w");
  sink.close();
  CHECK(read_file(dir / "f") == "n" + std::string(200000, 'e') + "w");
  CHECK_THROWS_AS(sink.write("x"), Error);
  CHECK_THROWS_AS(sink.close(), Error);
}

TEST_CASE("two sinks for one file do not meet: the last to close wins") {
  const TempDirectory dir;
  FileSink a(dir / "f"), b(dir / "f");
  a.write("a");
  b.write("b");
  b.close();
  a.close();
  CHECK(read_file(dir / "f") == "a");
}

TEST_CASE("appended lines stay whole, across objects, threads and processes") {
  const TempDirectory dir;
  const std::string path = dir / "journal";
  constexpr int kWriters = 4, kLines = 200;
  for (int process = 0; process < 2; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      AppendFile file(path);
      for (int i = 0; i < kLines; ++i) file.append("process " + std::to_string(process) + std::string(5000, '.'));
      ::_exit(0);
    }
  }
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      AppendFile file(path);
      for (int i = 0; i < kLines; ++i) file.append("thread " + std::to_string(writer) + std::string(5000, '.'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  int status = 0;
  while (::wait(&status) > 0) CHECK(status == 0);
  const std::string text = read_file(path);
  const auto lines = split_text(text, '\n');
  CHECK(lines.size() == (kWriters + 2) * kLines + 1);
  CHECK(lines.back().empty());
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    REQUIRE(lines[i].size() >= 5008);
    REQUIRE(lines[i].find_first_not_of('.', 9) == std::string_view::npos);
  }
}

TEST_CASE("a half-written last line is ended before the next") {
  const TempDirectory dir;
  write_file(dir / "journal", "whole\nhal");
  AppendFile file(dir / "journal");
  file.append("next", Durability::sync);
  CHECK(read_file(dir / "journal") == "whole\nhal\nnext\n");
  AppendFile moved = std::move(file);
  moved.append("");
  CHECK(moved.path() == dir / "journal");
  CHECK(read_file(dir / "journal") == "whole\nhal\nnext\n\n");
}

TEST_CASE("a directory appears whole, or not at all") {
  const TempDirectory dir;
  const std::string path = dir / "sub/bundle";
  {
    DirectoryWriter writer(path);
    writer.write("a", "1");
    CHECK_FALSE(exists(path));
  }
  CHECK(list_directory(dir / "sub").empty());
  DirectoryWriter writer(path + "/");
  writer.write("a", "1");
  writer.write("data/b", "2");
  CHECK(is_directory(writer.staging_path()));
  writer.commit();
  CHECK(read_file(join_path(path, "data/b")) == "2");
  CHECK(list_directory(path) == std::vector<std::string>{"a", "data"});
  CHECK(list_directory(dir / "sub").size() == 1);
  CHECK(code_of([&] { DirectoryWriter again(path); }) == ErrorCode::already_exists);
  CHECK(code_of([&] { writer.commit(); }) == ErrorCode::usage);
}

TEST_CASE("Replace::exchange swaps the new directory in and removes the old") {
  const TempDirectory dir;
  for (int round = 0; round < 3; ++round) {
    DirectoryWriter writer(dir / "b", Replace::exchange);
    writer.write("only" + std::to_string(round), "x");
    writer.commit();
    CHECK(list_directory(dir / "b") == std::vector<std::string>{"only" + std::to_string(round)});
  }
  CHECK(list_directory(dir.path()).size() == 1);
  {
    DirectoryWriter dropped(dir / "b", Replace::exchange);
    dropped.write("x", "x");
  }
  CHECK(read_file(dir / "b/only2") == "x");
  write_file(dir / "file", "x");
  CHECK(code_of([&] { DirectoryWriter writer(dir / "file", Replace::exchange); }) == ErrorCode::already_exists);
}

TEST_CASE("what killed processes left beside a path goes with the next write to it, and nothing else does") {
  const TempDirectory dir;
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  REQUIRE(::waitpid(gone, nullptr, 0) == gone);
  const std::string dead = ".tmp-" + std::to_string(gone), alive = ".tmp-" + std::to_string(::getppid());
  make_directories(dir / ("b" + dead + "-0/sub"));
  write_file(dir / ("b" + dead + "-0/sub/x"), "x");
  write_file(dir / ("b" + dead + "-12"), "x");
  const std::vector<std::string> kept = {"b" + alive + "-0", "b" + dead,         "b" + dead + "-",
                                         "b" + dead + "-1x", "bb" + dead + "-0", "b.tmp--1"};
  for (const std::string& name : kept) make_directories(dir / name);
  make_directories(dir / ("b" + dead + "-7"));  // somebody holds its lock: a process of another container
  const int fd = ::open((dir / ("b" + dead + "-7")).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(fd, LOCK_EX | LOCK_NB) == 0);
  DirectoryWriter(dir / "b").commit();
  CHECK_FALSE(exists(dir / ("b" + dead + "-0")));
  CHECK_FALSE(exists(dir / ("b" + dead + "-12")));
  for (const std::string& name : kept) CHECK(exists(dir / name));
  CHECK(exists(dir / ("b" + dead + "-7")));
  ::close(fd);
  make_directories(dir / ("f" + dead + "-0"));
  write_file(dir / "f", "x");
  CHECK_FALSE(exists(dir / ("f" + dead + "-0")));
  CHECK(exists(dir / ("b" + dead + "-7")));
  DirectoryWriter(dir / "b", Replace::exchange).commit();
  CHECK_FALSE(exists(dir / ("b" + dead + "-7")));
}

TEST_CASE("a process finds what one of its own number left in another container, but not what it is at itself") {
  const TempDirectory dir;
  const std::string ours = ".tmp-" + std::to_string(::getpid());
  make_directories(dir / ("b" + ours + "-7/sub"));
  write_file(dir / ("f" + ours + "-7"), "x");
  DirectoryWriter first(dir / "b"), second(dir / "b");
  FileSink third(dir / "f"), fourth(dir / "f");
  CHECK_FALSE(exists(dir / ("b" + ours + "-7")));
  CHECK_FALSE(exists(dir / ("f" + ours + "-7")));
  first.write("who", "first");
  first.commit();
  DirectoryWriter next(dir / "b", Replace::exchange), after(dir / "b", Replace::exchange);
  next.write("who", "next");
  next.commit();
  after.write("who", "after");
  after.commit();
  CHECK(read_file(dir / "b/who") == "after");
  third.write("third");
  third.close();
  fourth.write("fourth");
  fourth.close();
  CHECK(read_file(dir / "f") == "fourth");
}

TEST_CASE("who comes first keeps the name when two make the same directory") {
  const TempDirectory dir;
  DirectoryWriter a(dir / "b"), b(dir / "b");
  a.write("who", "a");
  b.write("who", "b");
  b.commit();
  CHECK(code_of([&] { a.commit(); }) == ErrorCode::already_exists);
  CHECK(read_file(dir / "b/who") == "b");
}

TEST_CASE("a directory writer keeps inside its directory") {
  const TempDirectory dir;
  DirectoryWriter writer(dir / "b");
  for (const char* path : {"", "/etc/x", "../x", "a/../../x"}) {
    CAPTURE(path);
    CHECK(code_of([&] { writer.write(path, "x"); }) == ErrorCode::usage);
  }
}

TEST_CASE("sources give the bytes front to back, and a file at any place too") {
  const TempDirectory dir;
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += std::to_string(i) + ",";
  write_file(dir / "f", bytes);
  FileSource file(dir / "f");
  MemorySource memory(bytes, "m");
  CHECK(file.size() == bytes.size());
  CHECK(file.name() == dir / "f");
  CHECK(memory.name() == "m");
  for (ByteSource* source : {static_cast<ByteSource*>(&file), static_cast<ByteSource*>(&memory)}) {
    std::string got;
    std::array<char, 97> block;
    for (std::size_t n = 1; (n = source->read(block.data(), block.size())) != 0;) got.append(block.data(), n);
    CHECK(got == bytes);
    CHECK(source->read(block.data(), block.size()) == 0);
  }
  std::array<char, 10> part;
  CHECK(file.read_at(500, part.data(), 10) == 10);
  CHECK(std::string_view(part.data(), 10) == std::string_view(bytes).substr(500, 10));
  CHECK(file.read_at(bytes.size() - 3, part.data(), 10) == 3);
  CHECK(file.read_at(bytes.size() + 3, part.data(), 10) == 0);
}

TEST_CASE("a pipe reads to its end although it comes in pieces") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      REQUIRE(::write(ends[1], "0123456789", 10) == 10);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::close(ends[1]);
  });
  FileSource source("/dev/fd/" + std::to_string(ends[0]));
  std::string got(1000, ' ');
  CHECK(source.size() == 0);
  CHECK(source.read(got.data(), 150) == 150);
  CHECK(source.read(got.data() + 150, 850) == 50);
  writer.join();
  ::close(ends[0]);
}

TEST_CASE("paths are put together and taken apart") {
  CHECK(join_path("a", "b") == "a/b");
  CHECK(join_path("a/", "b") == "a/b");
  CHECK(join_path("a", "/b") == "/b");
  CHECK(join_path("", "b") == "b");
  CHECK(file_name("a/b.csv") == "b.csv");
  CHECK(file_name("a/b/") == "b");
  CHECK(file_name("b") == "b");
  CHECK(file_name("/") == "/");
  CHECK(absolute_path("/x") == "/x");
  CHECK(absolute_path("x") == std::filesystem::current_path().string() + "/x");
  CHECK(absolute_path(".") == std::filesystem::current_path().string());
}

TEST_CASE("directories are made with their parents and removed with their children") {
  const TempDirectory dir;
  make_directories(dir / "a/b/c");
  make_directories(dir / "a/b/c");
  write_file(dir / "a/b/f", "x");
  CHECK(is_directory(dir / "a/b/c"));
  write_file(dir / "outside", "x");
  std::filesystem::create_symlink(dir / "outside", dir / "a/link");
  CHECK(code_of([&] { make_directories(dir / "outside/x"); }) != ErrorCode::internal);
  remove_all(dir / "a");
  remove_all(dir / "a");
  CHECK_FALSE(exists(dir / "a"));
  CHECK(exists(dir / "outside"));  // the link went, not what it pointed to
  CHECK_THROWS_AS((void)list_directory(dir / "a"), Error);
}

TEST_CASE("the system is asked for randomness, memory, names and time") {
  std::array<std::uint64_t, 4> a{}, b{};
  system_random(a.data(), sizeof a);
  system_random(b.data(), sizeof b);
  CHECK(a != b);
  CHECK(peak_rss_bytes() > 1000000);
  CHECK_FALSE(host_name().empty());
  const auto before = monotonic_ns();
  CHECK(monotonic_ns() >= before);
  std::vector<char> memory(std::size_t{5} << 20, 'x');
  ask_for_large_pages(memory.data() + 1, memory.size() - 1);
  ask_for_large_pages(memory.data() + 1, 1);
  ask_for_large_pages(nullptr, 0);
  CHECK(memory == std::vector<char>(memory.size(), 'x'));
}

TEST_CASE("a FileLock keeps others out until it goes, and ends with its process") {
  const TempDirectory dir;
  std::atomic<int> inside{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const FileLock lock(dir / "lock");
        most = std::max(most.load(), inside.fetch_add(1) + 1);
        std::this_thread::yield();
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most == 1);
  const pid_t child = ::fork();
  if (child == 0) {
    const FileLock lock(dir / "lock");
    ::_exit(0);  // no destructor runs
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  const FileLock again(dir / "lock");
  CHECK(exists(dir / "lock"));
  CHECK(code_of([&] { const FileLock none(dir / "no/lock"); }) == ErrorCode::not_found);
}
