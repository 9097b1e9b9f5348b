// A registered model through the library: fetched by URI, opened, scored on the rows of its own example.
#include <cstdio>

#include <riskflag/bundle.hpp>
#include <riskflag/mlflow.hpp>

int main(int argc, char** argv) try {
  if (argc != 4) return 2;  // server, URI, cache
  riskflag::mlflow::FetchOptions options;
  options.settings = riskflag::mlflow::settings_from(argv[1]);
  options.connect = riskflag::http::connect_plain;
  options.cache = argv[3];
  const riskflag::mlflow::Fetched fetched = riskflag::mlflow::fetch(argv[2], options);
  const riskflag::bundle::Bundle bundle = riskflag::bundle::open(fetched.directory);
  std::printf("%s %llu %s %s %zu\n", fetched.name.c_str(), static_cast<unsigned long long>(fetched.version),
              fetched.digest.c_str(), fetched.from_cache ? "cache" : "server", bundle.schema.features().size());
  return 0;
} catch (const riskflag::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
