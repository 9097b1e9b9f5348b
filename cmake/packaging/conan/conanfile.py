"""Conan 2: headers and CMake's package, nothing compiled. What a component needs (docs/decisions/6-dependencies.md) is found where
CMake finds it, the system's packages: a recipe that required Boost would force it on those who only score.
"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain
from conan.tools.files import copy, load


class Riskflag(ConanFile):
    name = "riskflag"
    description = "Credit-risk models, header-only C++20"
    license = "MIT"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def set_version(self):
        self.version = re.search(r'kVersion = "([^"]+)"', load(self, self._tree("include/riskflag/core/version.hpp"))).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, self._tree("."), self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("PROGRAMS", "TESTS", "BENCH"):
            toolchain.variables[f"RISKFLAG_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install(component="dev")

    def package_info(self):
        self.cpp_info.bindirs, self.cpp_info.libdirs = [], []
        self.cpp_info.set_property("cmake_find_mode", "none")  # CMake's own package, with its components, is what is found
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "riskflag")]

    def _tree(self, path):
        return os.path.normpath(os.path.join(self.recipe_folder, "../../..", path))
