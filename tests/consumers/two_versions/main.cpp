// Loads two shared objects that were built from two versions of the library, with all their symbols visible to one
// another, and shows that each keeps its own functions, constants and error types.
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <string>

#include <dlfcn.h>

struct Plugin {
  const char* (*version_text)();
  void (*throw_error)();
  bool (*catches_from)(void (*)());
  const void* (*address_of_version)();
};

static bool load(const char* path, Plugin& plugin) {
  void* handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return false;
  }
  plugin.version_text = reinterpret_cast<const char* (*)()>(dlsym(handle, "version_text"));
  plugin.throw_error = reinterpret_cast<void (*)()>(dlsym(handle, "throw_error"));
  plugin.catches_from = reinterpret_cast<bool (*)(void (*)())>(dlsym(handle, "catches_from"));
  plugin.address_of_version = reinterpret_cast<const void* (*)()>(dlsym(handle, "address_of_version"));
  return plugin.version_text != nullptr && plugin.throw_error != nullptr && plugin.catches_from != nullptr &&
         plugin.address_of_version != nullptr;
}

static int wrong = 0;
static void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  ++wrong;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  Plugin older, newer;
  if (!load(argv[1], older) || !load(argv[2], newer)) return 1;
  std::printf("%s\n%s\n", older.version_text(), newer.version_text());
  const std::string here = std::string(argv[3]) + " 2.718281828459045 ";
  expect(std::strncmp(older.version_text(), here.c_str(), here.size()) == 0, "the older one says this tree's version");
  expect(std::strncmp(newer.version_text(), "9.9.9 2.718281828459045 ", 24) == 0, "the newer one says 9.9.9");
  expect(older.address_of_version() != newer.address_of_version(), "each has its own constants");
  for (const Plugin* plugin : {&older, &newer}) {
    const Plugin& other = plugin == &older ? newer : older;
    expect(plugin->catches_from(plugin->throw_error), "a version catches its own Error");
    expect(!plugin->catches_from(other.throw_error), "a version does not take the other's Error for its own");
  }
  return wrong == 0 ? 0 : 1;
}
