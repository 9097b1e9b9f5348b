import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class Used(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeToolchain", "CMakeDeps"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        model = os.path.join(os.path.dirname(__file__), "../../../../tests/bits/models/leafwise.json")
        if can_run(self):
            self.run(f"{os.path.join(self.cpp.build.bindir, 'used')} {os.path.normpath(model)}", env="conanrun")
