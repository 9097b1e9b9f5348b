# Flags of our own programs, tests and benchmarks; nothing of this reaches a consumer.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# -O2 and no -m flags: what a consumer's compiler makes of the headers is what we test.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
if(RISKFLAG_SANITIZE)
  # The optimiser spends minutes on what the sanitizers add to a large unit (the tests of prep by Clang 19: 111 s at -O1, 26 s at
  # -O0; by GCC 12 161 s at -O1). What then runs for minutes takes fewer draws (tests/sanitized.hpp).
  set(CMAKE_CXX_FLAGS_RELEASE "-O0")
  if(RISKFLAG_SANITIZE MATCHES "thread")  # a race's tests are long, and this sanitizer adds less
    set(CMAKE_CXX_FLAGS_RELEASE "-O1")
  endif()
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(riskflag_own INTERFACE)
if(RISKFLAG_SANITIZE)
  target_compile_options(riskflag_own INTERFACE -fsanitize=${RISKFLAG_SANITIZE} -fno-omit-frame-pointer -g1
    -fno-sanitize-recover=all)
  target_link_options(riskflag_own INTERFACE -fsanitize=${RISKFLAG_SANITIZE})
  if(RISKFLAG_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Its static run-time library defines operator new, and so does a test; the shared one gives way.
    execute_process(COMMAND "${CMAKE_CXX_COMPILER}" "-print-file-name=libclang_rt.tsan-${CMAKE_SYSTEM_PROCESSOR}.so"
      OUTPUT_VARIABLE runtime OUTPUT_STRIP_TRAILING_WHITESPACE)
    get_filename_component(folder "${runtime}" DIRECTORY)
    target_link_options(riskflag_own INTERFACE -shared-libsan "-Wl,-rpath,${folder}")
  endif()
  if(RISKFLAG_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(riskflag_own INTERFACE -Wno-tsan)  # Asio's fences, which GCC's sanitizer says it does not follow
  endif()
endif()
target_compile_options(riskflag_own INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)

# From cold, one unit of many rooms' test files takes a fraction of the time of a unit each: the headers and what they
# instantiate are compiled once. After an edit of one file the whole unit is compiled again: off unless asked for (tests/run.sh asks).
option(RISKFLAG_UNITY_TESTS "Compile tests, host programs and benchmarks together: less in all, more after a change" OFF)
