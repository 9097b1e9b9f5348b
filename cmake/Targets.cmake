# The INTERFACE targets: one for each set of rooms that needs the same libraries. They carry cxx_std_20 and links, never
# warnings, -m flags, sanitizers or definitions: a consumer's flags are the build.
#
# A target whose packages are absent is left out here; asking for it through find_package(COMPONENTS) says what is missing.

find_package(Threads QUIET)
find_package(Eigen3 3.4 QUIET NO_MODULE)
find_package(Boost 1.81 QUIET COMPONENTS json)
find_package(ZLIB QUIET)
find_package(OpenSSL QUIET)

set(RISKFLAG_TARGETS "")
function(riskflag_target name)
  cmake_parse_arguments(ARG "" "" "LINKS;NEEDS" ${ARGN})
  foreach(needed IN LISTS ARG_NEEDS)
    if(NOT TARGET ${needed})
      return()
    endif()
  endforeach()
  add_library(riskflag_${name} INTERFACE)
  add_library(riskflag::${name} ALIAS riskflag_${name})
  set_target_properties(riskflag_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(riskflag_${name} INTERFACE cxx_std_20)
  target_include_directories(riskflag_${name} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  foreach(link IN LISTS ARG_LINKS)
    if(link MATCHES "^riskflag::")
      string(REPLACE "riskflag::" "riskflag_" link "${link}")
    endif()
    target_link_libraries(riskflag_${name} INTERFACE ${link})
  endforeach()
  set(RISKFLAG_TARGETS ${RISKFLAG_TARGETS} riskflag_${name} PARENT_SCOPE)
endfunction()

riskflag_target(predict)
riskflag_target(core LINKS riskflag::predict Threads::Threads NEEDS Threads::Threads)
riskflag_target(prep LINKS riskflag::core Eigen3::Eigen NEEDS riskflag::core Eigen3::Eigen)
riskflag_target(json LINKS riskflag::core Boost::json NEEDS riskflag::core Boost::json)
riskflag_target(json_header_only LINKS riskflag::core Boost::headers NEEDS riskflag::core Boost::headers)
riskflag_target(gzip LINKS riskflag::core ZLIB::ZLIB NEEDS riskflag::core ZLIB::ZLIB)
riskflag_target(bundle LINKS riskflag::prep riskflag::json NEEDS riskflag::prep riskflag::json)
riskflag_target(study LINKS riskflag::bundle NEEDS riskflag::bundle)
riskflag_target(serve LINKS riskflag::bundle NEEDS riskflag::bundle)
riskflag_target(http LINKS riskflag::core Boost::headers NEEDS riskflag::core Boost::headers)
riskflag_target(tls LINKS riskflag::http OpenSSL::SSL NEEDS riskflag::http OpenSSL::SSL)
riskflag_target(mlflow LINKS riskflag::http riskflag::json NEEDS riskflag::http riskflag::json)
if(TARGET riskflag_core)
  add_library(riskflag::riskflag ALIAS riskflag_core)
endif()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/riskflag" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
install(TARGETS ${RISKFLAG_TARGETS} EXPORT riskflagTargets)
install(EXPORT riskflagTargets NAMESPACE riskflag:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/riskflag"
  COMPONENT dev)
include(CMakePackageConfigHelpers)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/riskflagConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/riskflagConfig.cmake" INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/riskflag")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/riskflagConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/riskflagConfig.cmake" "${PROJECT_BINARY_DIR}/riskflagConfigVersion.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/riskflag" COMPONENT dev)
