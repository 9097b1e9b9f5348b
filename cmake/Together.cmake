# Several sources as one unit: where they share most of their headers, the one compilation takes little longer than the longest of them.
#
# riskflag_gather(UNIT [NAME SOURCE]...): sets <UNIT>_includes and <UNIT>_bodies. What the sources include stands before all of them;
# each source itself stands in a namespace of its own, program_<NAME>, that keeps its names apart, unless it has one that others open too.
function(riskflag_gather unit)
  set(includes "")
  set(bodies "")
  while(ARGN)
    list(POP_FRONT ARGN name source)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    get_filename_component(beside "${source}" DIRECTORY)
    file(STRINGS "${source}" own REGEX "^#include [<\"]")
    list(TRANSFORM own REPLACE "\"(.*)\"" "\"${beside}/\\1\"")
    list(APPEND includes ${own})
    file(STRINGS "${source}" shared REGEX "^namespace riskflag" LIMIT_COUNT 1)
    if(shared)
      string(APPEND bodies "#include \"${source}\"\n")
    else()
      string(APPEND bodies "namespace program_${name} {\n#include \"${source}\"\n}\n")
    endif()
  endwhile()
  list(REMOVE_DUPLICATES includes)
  list(JOIN includes "\n" includes)
  set(${unit}_includes "${includes}" PARENT_SCOPE)
  set(${unit}_bodies "${bodies}" PARENT_SCOPE)
endfunction()

# riskflag_together(TARGET OUTPUT_FOLDER PREFIX [NAME SOURCE]...): one program that is several. Each SOURCE has a main(); a link
# PREFIX<NAME> to the program, called by that name, does what that main() does.
function(riskflag_together target folder prefix)
  riskflag_gather(unit ${ARGN})
  set(includes "${unit_includes}")
  set(bodies "${unit_bodies}")
  set(choices "")
  set(names "")
  while(ARGN)
    list(POP_FRONT ARGN name source)
    list(APPEND names ${name})
    string(APPEND choices "  if (name == \"${prefix}${name}\") return call(&program_${name}::main, argc, argv);\n")
  endwhile()
  string(CONFIGURE [==[
@includes@

#include <cstdio>
#include <string_view>

@bodies@
namespace {
[[maybe_unused]] int call(int (*body)(int, char**), int argc, char** argv) { return body(argc, argv); }
[[maybe_unused]] int call(int (*body)(), int, char**) { return body(); }
}  // namespace

int main(int argc, char** argv) {
  std::string_view name = argc > 0 ? argv[0] : "";
  name.remove_prefix(name.rfind('/') + 1);
@choices@
  std::fputs("this is called by the name of one of its programs\n", stderr);
  return 2;
}
]==] text @ONLY)
  file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp" CONTENT "${text}")
  add_executable(${target} "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${folder}")
  foreach(name IN LISTS names)
    add_custom_command(TARGET ${target} POST_BUILD COMMAND "${CMAKE_COMMAND}" -E create_symlink ${target} "${folder}/${prefix}${name}")
  endforeach()
endfunction()
