"""The arrows between rooms (docs: design's table), which foreign headers each room may use, and what scoring must not contain.

Run alone or by ctest; the standard library is enough. The table below is the one home of the arrows.
"""
import re
import tempfile
import unittest
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "include"

# room -> the rooms it may include (and itself)
ARROWS = {
    "core": "",
    "data": "core",
    "metrics": "core",
    "model": "core",
    "track": "core",
    "calibrate": "core metrics",
    "bin": "core data",
    "predict": "core model",
    "explain": "core model",
    "train": "core bin model metrics",
    "audit": "core data metrics bin model train",
    "monitor": "core data metrics bin",
    "prep": "core data bin metrics",
    "json": "core data model",
    "interop": "core model json",
    "gzip": "core data",
    "bundle": "core data prep model predict explain calibrate monitor json",
    "study": "core data metrics prep bin model train predict explain calibrate monitor audit track json bundle",
    "report": "core data metrics model explain audit monitor",
    "serve": "core data bundle predict explain monitor json",
    "http": "core",
    "mlflow": "core track http json",
}
ARROWS = {room: frozenset(allowed.split()) for room, allowed in ARROWS.items()}

# foreign header (prefix) -> where it may stand: rooms, or single files
FOREIGN = {
    "Eigen/": {"prep"},
    "boost/json": {"json", "interop"},
    "boost/system/": {"json", "interop", "http"},
    "boost/beast/": {"http"},
    "boost/asio/ssl": {"http/tls.hpp"},
    "boost/asio": {"http"},
    "openssl/": {"http/tls.hpp"},
    "zlib.h": {"gzip"},
    # POSIX and Linux
    "unistd.h": {"core"}, "fcntl.h": {"core"}, "dirent.h": {"core"}, "pthread.h": {"core"}, "sched.h": {"core"},
    "sys/": {"core"}, "linux/": {"core"}, "netinet/": {"core"}, "arpa/": {"core"}, "poll.h": {"core"}, "netdb.h": {"core"},
    "cpuid.h": {"core"},
    # instruction sets: wherever code for one of them stands apart (see INTRINSICS)
    "immintrin.h": {"kernels", "detail"},
    "emmintrin.h": {"kernels", "detail"},
    "arm_neon.h": {"kernels", "detail"},
}
INTRINSICS = {"immintrin.h", "emmintrin.h", "arm_neon.h"}

# rooms that a program without exceptions, streams and threads includes; and the files in them that may throw
SCORING = {"predict", "explain", "model"}
MAY_THROW = {"model/load.hpp"}
SCORING_FORBIDS = {"iostream", "istream", "ostream", "sstream", "fstream", "thread", "mutex", "shared_mutex",
                   "condition_variable", "future", "stop_token", "regex", "locale", "filesystem"}

# what makes Clang 19 warn in a consumer's build: libstdc++ 12 takes a buffer for them by a function that is deprecated
BUFFERED = re.compile(r"\bstd::(stable_sort|stable_partition|inplace_merge)\b")

INCLUDE_LINE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
# comments, raw strings, strings and characters; a digit separator (1'000) is none of them
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_of(text):
    """The text without comments and literals, line breaks kept."""
    return NOT_CODE.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def includes_of(text):
    """(bracket, header) of every include that is not commented out."""
    kept = re.sub(r'//[^\n]*|/\*.*?\*/', "", text, flags=re.S)
    return INCLUDE_LINE.findall(kept)


def room_of(path):
    """'data/csv.hpp' and 'data.hpp' -> 'data'; the door of the whole house has none."""
    name = path.split("/")[0].removesuffix(".hpp")
    return None if name == "riskflag" else name


def stands_in(path, places):
    return any(path == place or path.startswith(place + "/") for place in places)


class House:
    """Every header under include/riskflag with what it includes."""

    def __init__(self, include):
        self.texts = {}
        root = include / "riskflag"
        for path in sorted(root.rglob("*")):
            if path.suffix in {".hpp", ".inl", ".ipp", ".h"}:
                self.texts[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
        self.own = {}
        self.foreign = {}
        self.problems = []
        for path, text in self.texts.items():
            self.own[path], self.foreign[path] = [], []
            for bracket, header in includes_of(text):
                if bracket == '"':
                    self.problems.append(f'{path}: #include "{header}" is spelled <riskflag/room/file.hpp> here')
                elif header.startswith("riskflag/"):
                    target = header.removeprefix("riskflag/")
                    self.own[path].append(target)
                    if target not in self.texts:
                        self.problems.append(f"{path}: includes {header}, which is not there")
                else:
                    self.foreign[path].append(header)

    def check(self):
        """Every breach of the rules, one line each."""
        self.check_arrows()
        self.check_foreign()
        self.check_cycles()
        self.check_scoring()
        self.check_names()
        return self.problems

    def check_arrows(self):
        for path, targets in self.own.items():
            room = room_of(path)
            if room is not None and room not in ARROWS:
                self.problems.append(f"{path}: room {room} is not in the table of arrows")
                continue
            for target in targets:
                other = room_of(target)
                if room is None or other == room:
                    continue
                if other not in ARROWS[room]:
                    self.problems.append(f"{path}: {room} may not include {other} (riskflag/{target})")

    def check_foreign(self):
        for path, headers in self.foreign.items():
            for header in headers:
                prefix = next((p for p in FOREIGN if header.startswith(p)), None)
                if prefix is None:
                    if "/" in header or header.endswith((".h", ".hpp")):
                        self.problems.append(f"{path}: <{header}> is no header that any room may use")
                elif header in INTRINSICS and path.split("/")[1] in FOREIGN[prefix]:
                    continue
                elif not stands_in(path, FOREIGN[prefix]):
                    self.problems.append(f"{path}: <{header}> belongs in {', '.join(sorted(FOREIGN[prefix]))} alone")

    def check_cycles(self):
        """Headers of rooms must not include each other in a ring; parts in a sub-folder (detail/) may include the header that
        ends with them."""
        done, walk = set(), []

        def visit(path):
            if path in walk:
                ring = walk[walk.index(path):] + [path]
                if not any(step.count("/") > 1 for step in ring):
                    self.problems.append("headers include each other in a ring: " + " -> ".join(ring))
                return
            if path in done or path not in self.own:
                return
            walk.append(path)
            for target in self.own[path]:
                visit(target)
            walk.pop()
            done.add(path)

        for path in self.own:
            visit(path)

    def reach(self, paths):
        """{header: a chain of includes that leads to it}."""
        chains = {path: [path] for path in paths}
        queue = list(paths)
        while queue:
            path = queue.pop()
            for target in self.own.get(path, ()):
                if target not in chains:
                    chains[target] = chains[path] + [target]
                    queue.append(target)
        return chains

    def check_scoring(self):
        """predict, explain and model, and everything they pull in from core, do not throw and need no streams or threads."""
        starts = [path for path in self.texts
                  if room_of(path) in SCORING and path not in MAY_THROW and not self.only_opens_throwing(path)]
        for path, chain in sorted(self.reach(starts).items()):
            way = " (by " + " -> ".join(chain) + ")" if len(chain) > 1 else ""
            if re.search(r"\bthrow\b", code_of(self.texts.get(path, ""))):
                self.problems.append(f"{path}: contains throw, but scoring programs include it{way}")
            for header in self.foreign.get(path, ()):
                if header in SCORING_FORBIDS:
                    self.problems.append(f"{path}: <{header}>, but scoring programs include it{way}")

    def check_names(self):
        for path, text in self.texts.items():
            for match in BUFFERED.finditer(code_of(text)):
                self.problems.append(f"{path}: {match.group(0)} warns in Clang 19; std::sort with the place for equal ones is accepted")

    def only_opens_throwing(self, path):
        """model.hpp is a door and may open model/load.hpp; predict.hpp and explain.hpp may not."""
        return path == "model.hpp"


class Arrows(unittest.TestCase):
    def test_the_house_keeps_the_table(self):
        problems = House(INCLUDE).check()
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_the_table_has_no_cycle(self):
        left = dict(ARROWS)
        while left:
            free = [room for room, allowed in left.items() if not allowed & left.keys()]
            self.assertTrue(free, f"these rooms may include each other in a ring: {sorted(left)}")
            for room in free:
                del left[room]

    def test_the_house_is_where_it_is_looked_for(self):
        self.assertIn("core/exact.hpp", House(INCLUDE).texts)


class PlantedViolations(unittest.TestCase):
    """Each rule finds the breach that is planted for it, and a clean house passes."""

    CLEAN = {
        "core/a.hpp": "#include <vector>\n#include <riskflag/core/detail/a.hpp>\n",
        "core/detail/a.hpp": "#include <riskflag/core/a.hpp>\n",
        "core/error.hpp": "inline void fail() { throw 1; }\n",
        "core/file.hpp": "#include <unistd.h>\n",
        "model/tree.hpp": '#include <riskflag/core/a.hpp>\n// nothing to throw\nconst char* t = "throw";\n',
        "model/load.hpp": "#include <riskflag/core/error.hpp>\nvoid f() { throw 2; }\n",
        "model.hpp": "#include <riskflag/model/tree.hpp>\n#include <riskflag/model/load.hpp>\n",
        "predict/p.hpp": "#include <riskflag/model/tree.hpp>\nint big = 1'000; char c = 't';\n",
        "predict.hpp": "#include <riskflag/predict/p.hpp>\n",
        "http/tls.hpp": "#include <openssl/ssl.h>\n#include <boost/asio/ssl.hpp>\n",
        "riskflag.hpp": "#include <riskflag/model.hpp>\n#include <riskflag/predict.hpp>\n",
    }

    def problems(self, **planted):
        files = dict(self.CLEAN)
        files.update({name.replace("__", "/") + ".hpp": text for name, text in planted.items()})
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / "riskflag" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return House(Path(folder)).check()

    def assert_found(self, what, **planted):
        problems = self.problems(**planted)
        self.assertTrue(any(what in problem for problem in problems), f"not found: {what!r} in {problems}")

    def test_a_clean_house_passes(self):
        self.assertEqual([], self.problems())

    def test_a_forbidden_arrow(self):
        self.assert_found("core may not include model", core__b="#include <riskflag/model/tree.hpp>\n")
        self.assert_found("predict may not include train",
                          predict__q="#include <riskflag/train/t.hpp>\n", train__t="#include <riskflag/core/a.hpp>\n")

    def test_a_room_without_a_row_in_the_table(self):
        self.assert_found("room utils is not in the table", utils__u="")

    def test_a_foreign_header_in_the_wrong_room(self):
        self.assert_found("<Eigen/Core> belongs in prep", train__t="#include <Eigen/Core>\n")
        self.assert_found("<boost/json.hpp> belongs in interop, json", core__j="  #  include <boost/json.hpp>\n")
        self.assert_found("<zlib.h> belongs in gzip", data__z="#include <zlib.h>\n")
        self.assert_found("<openssl/ssl.h> belongs in http/tls.hpp", http__server="#include <openssl/ssl.h>\n")
        self.assert_found("<boost/asio/ssl.hpp> belongs in http/tls.hpp", http__server="#include <boost/asio/ssl.hpp>\n")
        self.assert_found("<sys/stat.h> belongs in core", data__s="#include <sys/stat.h>\n")
        self.assert_found("<immintrin.h> belongs in detail, kernels", predict__q="#include <immintrin.h>\n")
        self.assertEqual([], self.problems(predict__kernels__q="#include <immintrin.h>\n"))
        self.assert_found("<fmt/format.h> is no header", data__s="#include <fmt/format.h>\n")

    def test_a_ring_of_headers(self):
        self.assert_found("data/x.hpp -> data/y.hpp -> data/x.hpp",
                          data__x="#include <riskflag/data/y.hpp>\n", data__y="#include <riskflag/data/x.hpp>\n")

    def test_a_throw_that_scoring_reaches(self):
        self.assert_found("predict/q.hpp: contains throw", predict__q="void f() { throw 1; }\n")
        self.assert_found("core/error.hpp: contains throw", predict__q="#include <riskflag/core/error.hpp>\n")
        self.assert_found("model/load.hpp: contains throw", predict="#include <riskflag/model/load.hpp>\n")

    def test_streams_and_threads_that_scoring_reaches(self):
        self.assert_found("<iostream>", model__q="#include <iostream>\n")
        self.assert_found("<thread>, but scoring programs include it (by predict/q.hpp -> core/b.hpp)",
                          predict__q="#include <riskflag/core/b.hpp>\n", core__b="#include <thread>\n")

    def test_an_algorithm_that_warns_in_a_consumers_build(self):
        self.assert_found("core/b.hpp: std::stable_sort", core__b="void f() { std::stable_sort(a, b); }\n")
        self.assertEqual([], self.problems(core__b="// std::stable_sort\n"))

    def test_an_include_that_is_not_there_or_in_quotes(self):
        self.assert_found("which is not there", core__b="#include <riskflag/core/absent.hpp>\n")
        self.assert_found('#include "a.hpp"', core__b='#include "a.hpp"\n')

    def test_a_commented_include_is_none(self):
        self.assertEqual([], self.problems(core__b="// #include <Eigen/Core>\n/*\n#include <zlib.h>\n*/\n"))


if __name__ == "__main__":
    unittest.main()
