#include <cstdio>
#include <cstring>

extern "C" const char* old_version();
extern "C" const char* new_version();

int main() {
  std::printf("%s\n%s\n", old_version(), new_version());
  return std::strncmp(old_version(), "0.1.0 ", 6) == 0 && std::strncmp(new_version(), "9.9.9 ", 6) == 0 ? 0 : 1;
}
