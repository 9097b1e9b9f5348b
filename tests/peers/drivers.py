"""The C++ beside the tests, compiled."""
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def compiled(folder, name, *flags):
    """NAME.cpp, compiled with $CXX (default c++) and `flags` (-O2 where they say no level) into `folder`: the program's path, or the shared
    library's. ccache, where it is, has the object of an earlier run."""
    compiler = os.environ.get("CXX", "c++")
    level = [] if any(flag.startswith("-O") for flag in flags) else ["-O2"]
    object_file, out = (pathlib.Path(folder) / f"{name}{end}" for end in (".o", ""))
    launcher = ["ccache"] if shutil.which("ccache") else []
    compile_only = [flag for flag in flags if flag != "-shared"]
    subprocess.run([*launcher, compiler, "-std=c++20", *level, "-I", str(HERE.parent.parent / "include"), *compile_only, "-c",
                    str(HERE / f"{name}.cpp"), "-o", str(object_file)], check=True)
    subprocess.run([compiler, *flags, str(object_file), "-o", str(out)], check=True)
    return str(out)


def compiled_for(test_case, name, *flags):
    """The same in a folder that goes when the test class is done."""
    return compiled(test_case.enterClassContext(tempfile.TemporaryDirectory()), name, *flags)
