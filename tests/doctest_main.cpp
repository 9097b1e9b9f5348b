// The main() of every test program. Called by the name test_<room> it runs that room's tests, which may share the
// program with others'.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string>

int main(int argc, char** argv) {
  doctest::Context context;
  const std::string path = argc > 0 ? argv[0] : "";
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.starts_with("test_")) context.addFilter("source-file", ("*/tests/" + name.substr(5) + "/*").c_str());
  context.applyCommandLine(argc, argv);
  return context.run();
}
