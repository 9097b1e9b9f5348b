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
target_compile_options(riskflag_own INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
if(RISKFLAG_SANITIZE)
  target_compile_options(riskflag_own INTERFACE -fsanitize=${RISKFLAG_SANITIZE} -fno-omit-frame-pointer -g1
    -fno-sanitize-recover=all)
  target_link_options(riskflag_own INTERFACE -fsanitize=${RISKFLAG_SANITIZE})
  if(RISKFLAG_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(riskflag_own INTERFACE -Wno-tsan)  # Asio's fences, which GCC's sanitizer says it does not follow
  endif()
endif()
