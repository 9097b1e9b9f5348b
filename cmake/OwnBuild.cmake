# Flags of our own programs, tests and benchmarks; nothing of this reaches a consumer.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# -O2 and no -m flags: what a consumer's compiler makes of the headers is what we test.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
if(RISKFLAG_SANITIZE)
  # At -O2 the checks of UndefinedBehaviorSanitizer treble the compile time of the larger units and find nothing more.
  set(CMAKE_CXX_FLAGS_RELEASE "-O1")
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(riskflag_own INTERFACE)
if(RISKFLAG_SANITIZE)
  # The warnings are the plain build's; here they would only take time.
  target_compile_options(riskflag_own INTERFACE -fsanitize=${RISKFLAG_SANITIZE} -fno-omit-frame-pointer -g1
    -fno-sanitize-recover=all)
  target_link_options(riskflag_own INTERFACE -fsanitize=${RISKFLAG_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Meant to save compile time (their share by -ftime-report was 6 and 5 %, the gain itself is not measured): collecting garbage below 1 GiB, and an analysis that sanitized code gains nothing from.
    target_compile_options(riskflag_own INTERFACE --param=ggc-min-heapsize=1048576 -fno-tree-pta)
  endif()
  if(RISKFLAG_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(riskflag_own INTERFACE -Wno-tsan)  # Asio's fences, which GCC's sanitizer says it does not follow
  endif()
else()
  target_compile_options(riskflag_own INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
endif()

# From cold, one unit of all of a room's test files takes a fraction of the time of a unit each: the headers and what they
# instantiate are compiled once. After an edit of one file the whole unit is compiled again: off unless asked for (tests/run.sh asks).
option(RISKFLAG_UNITY_TESTS "Compile the tests of a room together, and the host programs" OFF)
