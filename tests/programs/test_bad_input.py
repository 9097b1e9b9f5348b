"""Whatever comes in: an exit code of the contract, a sentence that names what was found, and nothing half-written."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import threading
import time

import driver

LOANS = ["--id", "Id", "--protected", "Sex"]


class BadTable(driver.ProgramTest):
    def refused(self, data, *flags, words, code=1, **kwargs):
        """The training fails with those words and leaves the directory as it was."""
        before = sorted(p.name for p in self.dir.iterdir())
        done = self.train(data, *flags, expect=code, json_out=False, **kwargs)
        self.assert_refused(done, code, *words)
        self.assert_no_leftovers(*before)

    def test_a_bad_cell_in_line_200001_is_named(self):
        header, body = driver.small_table(200_100)
        body[199_999][1] = "3O"
        driver.write_table(self.path("t.csv"), header, body)
        self.refused(self.path("t.csv"), "--id", "key", "--numeric", "x", words=["t.csv:200001", '"x"', '"3O"', "number"])

    def test_a_column_that_is_no_number_because_of_one_cell_is_a_warning_with_its_line(self):
        header, body = driver.small_table(3000)
        body[1999][1] = "3O"
        driver.write_table(self.path("t.csv"), header, body)
        result = self.train(self.path("t.csv"), "--id", "key")
        notes = [w for w in result["warnings"] if w["code"] == "text_column"]
        self.assertEqual([w["column"] for w in notes], ["x"])
        self.assertIn("t.csv:2001", notes[0]["message"])

    def test_three_levels_for_a_binary_target(self):
        data = self.table(change=lambda h, b: (h, [r[:3] + ["abc"[i % 3]] for i, r in enumerate(b)]))
        self.refused(data, words=['target "y" has 3 levels', '"a", "b", "c"', "two"])

    def test_a_missing_target_column_names_the_nearest(self):
        self.refused(self.loans(100), target="RiskFlag", words=['no column "RiskFlag"', 'did you mean "Risk_Flag"'])

    def test_a_target_with_missing_cells(self):
        data = self.table(change=lambda h, b: (h, [r[:3] + ["" if i == 41 else r[3]] for i, r in enumerate(b)]))
        self.refused(data, words=['target "y" is missing in 1 of 600 rows', "data row 42"])

    def test_one_class(self):
        data = self.table(change=lambda h, b: (h, [r[:3] + [1] for r in b]))
        self.refused(data, words=['target "y" has 1 level', '"1"'])

    def test_an_id_left_among_the_features_is_found(self):
        data = self.loans(2000)
        result = self.train(data, target="Risk_Flag")
        keys = [w for w in result["warnings"] if w["code"] == "near_key"]
        self.assertIn("Id", [w["column"] for w in keys])
        self.assertIn("--id Id", [w for w in keys if w["column"] == "Id"][0]["remedy"])
        shutil.rmtree(self.path("model"))
        self.refused(data, "--strict", target="Risk_Flag", words=["near_key", '"Id"'])

    def test_text_that_is_not_utf8_is_refused_before_the_training(self):
        data = self.table(change=lambda h, b: (h, [r[:2] + [r[2].replace("green", "gr\u00fcn")] + r[3:] for r in b]))
        data.write_bytes(data.read_bytes().decode().encode("latin-1"))
        self.refused(data, words=['column "c"', '"gr\\xfcn" is not UTF-8', "save the file as UTF-8"])
        self.train(data, "--drop", "c", "--id", "key")

    def test_no_data_rows(self):
        self.path("t.csv").write_text("key,x,c,y\n")
        self.refused(self.path("t.csv"), words=["t.csv", "no row"])
        self.path("t.csv").write_text("")
        self.refused(self.path("t.csv"), words=["t.csv", "empty"])

    def test_a_file_that_is_not_there(self):
        self.refused(self.path("no.csv"), words=["no.csv", "No such file"])

    def test_one_column_in_two_roles_and_columns_that_do_not_exist(self):
        data = self.table()
        self.refused(data, "--id", "key", "--drop", "key", words=['"key"', "--drop", "--id"], code=2)
        self.refused(data, "--id", "kye", words=['no column "kye"', 'did you mean "key"'])
        self.path("reasons.json").write_text('{"kye": {"code": "R1", "text": "words"}}')
        self.refused(data, "--reasons", self.path("reasons.json"), words=["--reasons", 'no column "kye"', 'did you mean "key"'])
        self.refused(data, "--id", "key", "--drop", "x", "--drop", "c", words=["no column is left"])

    def test_nan_inf_and_1e308_among_the_values(self):
        def change(header, body):
            extremes = ["1e308", "-1e308", "NaN", "5e-324", "-0", "1.7976931348623157e308"]
            return header, [[r[0], extremes[i] if i < len(extremes) else r[1], r[2], r[3]] for i, r in enumerate(body)]
        result = self.train(self.table(change=change), "--id", "key", "--numeric", "x")
        self.assertGreater(result["metrics"]["test"]["roc_auc"], 0.6)
        scored = driver.run("score", "--model", self.path("model"), "--data", self.path("table.csv"), "--output", self.path("s.csv"))
        self.assertEqual(scored.returncode, 0, scored.stderr)
        shutil.rmtree(self.path("model"))
        data = self.table("inf.csv", change=lambda h, b: (h, [[r[0], "inf" if i == 9 else r[1], r[2], r[3]] for i, r in enumerate(b)]))
        self.refused(data, "--id", "key", "--numeric", "x", words=["inf.csv:11", '"inf"'])
        data = self.table("w.csv", change=lambda h, b: (h + ["w"], [r + [-1 if i == 3 else 1] for i, r in enumerate(b)]))
        self.refused(data, "--id", "key", "--weight", "w", words=['"w"', "-1", "data row 4"])

    def test_a_level_of_10_mb_is_named_and_not_repeated(self):
        size = 2_000_000 if driver.SANITIZED else 10_000_000

        def change(char, at):
            return lambda h, b: (h, [[r[0], r[1], char * size if i == at else r[2], r[3]] for i, r in enumerate(b)])
        done = self.train(self.table(change=change("x", 7)), "--id", "key", timeout=120)
        found = [w for w in done["warnings"] if w["code"] == "long_level"]
        self.assertEqual([w["message"] for w in found],
                         [f'column "c" has a level of {size} bytes; the model directory keeps every level of a feature whole'])
        self.assertIn("--drop c", found[0]["remedy"])
        score = ["score", "--model", self.path("model"), "--output", self.path("s.csv"), "--data"]
        self.assertEqual(driver.run(*score, self.path("table.csv")).returncode, 0)
        scored = driver.run(*score, self.table("other.csv", change=change("y", 9)))
        self.assert_refused(scored, 1, "1 of 600 rows could not be scored", 'row 10: field "c": "' + 60 * "y" + '..." is not a known level')
        self.assertLess(len(scored.stderr), 1000)
        self.assertLess(self.path("s.csv").stat().st_size, 100_000)

    def test_100_000_columns(self):
        columns, rows = 20_000 if driver.SANITIZED else 100_000, 60
        with open(self.path("wide.csv"), "w", encoding="ascii") as file:
            file.write("y," + ",".join(f"x{j}" for j in range(columns)) + "\n")
            for i in range(rows):
                file.write(f"{i % 2}," + ",".join(str((i * 7 + j * 13 + i * j) % 10) for j in range(columns)) + "\n")
        result = self.train(self.path("wide.csv"), "--set", "num_iterations=2", timeout=400)
        self.assertEqual(result["features"], columns)

    def test_ragged_rows_and_unclosed_quotes_are_named_by_line(self):
        self.path("t.csv").write_text("a,y\n1,0\n2,1,3\n")
        self.refused(self.path("t.csv"), words=["t.csv:3"])
        self.path("t.csv").write_text('a,y\n1,0\n"2,1\n3,0\n')
        self.refused(self.path("t.csv"), words=["t.csv:3", "quote"])


class BadCall(driver.ProgramTest):
    def test_threads_minus_one(self):
        self.assert_refused(self.train(self.table(), "--threads", -1, expect=2, json_out=False), 2, "--threads", "-1")

    def test_unknown_flags_and_missing_ones(self):
        self.assert_refused(driver.run("train", "--dataa", "x"), 2, "--dataa")
        self.assert_refused(driver.run("train", "--data", "x.csv", "--output", "m"), 2, "--target")

    def test_unknown_json_keys_in_options_name_the_nearest(self):
        config = self.path("c.json")
        for text, words in [('{"num_leavs": 3}', ['"num_leavs"', "num_leaves", "c.json:1"]),
                            ('{\n"test_fractoin": 0.1}', ["test_fraction", "c.json:2"]),
                            ('{"num_leaves": {"a": 1}}', ["c.json:1"]), ('{"num_leaves": "many"}', ["num_leaves", '"many"']),
                            ('{"num_leaves": 1}', ["num_leaves"])]:
            config.write_text(text)
            self.assert_refused(self.train(self.table(), "--config", config, expect=2, json_out=False), 2, *words)
        for text in ("[1]", "{", '{"num_leaves": 3,}', '{"seed": 1, "seed": 2}'):
            config.write_text(text)
            self.assert_refused(self.train(self.table(), "--config", config, expect=1, json_out=False), 1, "c.json")
        recipe = self.path("r.json")
        recipe.write_text('{"format": 1, "steps": [{"op": "imputee", "columns": ["x"]}]}')
        self.assert_refused(self.train(self.table(), "--recipe", recipe, expect=2, json_out=False), 2, "impute", "r.json")

    def test_json_failures_are_one_object(self):
        import json
        for flags, code, name in [(["--threads", "-1"], 2, "invalid_option"), (["--wat"], 2, "usage"), (["--id", "zzz"], 1, "not_found")]:
            done = driver.run("train", "--data", self.table(), "--target", "y", "--output", self.path("m"), "--json", *flags)
            self.assertEqual(done.returncode, code)
            error = json.loads(done.stdout)["error"]
            self.assertEqual(sorted(error), ["code", "message"])
            self.assertEqual(error["code"], name)


class BadOutput(driver.ProgramTest):
    def test_an_output_directory_that_exists_is_refused_and_force_exchanges_it(self):
        data = self.table()
        self.train(data, "--id", "key")
        model = self.path("model")
        contents = lambda: {str(p.relative_to(model)): p.read_bytes() for p in model.rglob("*") if p.is_file()}
        before = contents()
        done = self.train(data, "--id", "key", "--seed", 5, expect=1, json_out=False)
        self.assert_refused(done, 1, "model", "--force")
        self.assertEqual(contents(), before)
        self.train(data, "--id", "key", "--seed", 5, "--force")
        self.assertNotEqual((self.path("model") / "model.json").read_bytes(), before["model.json"])
        self.assert_no_leftovers("table.csv", "model")

    def test_a_report_that_cannot_be_written_is_refused_before_the_training(self):
        data = self.loans(300)
        before = data.read_bytes()
        for report, words in (("none/r.html", ["none/r.html", "No such file"]), (".", ["directory"]),
                              ("loans.csv", ["--report", "--data"])):
            done = driver.run("train", "--data", data, "--target", "Risk_Flag", "--output", self.path("m"), "--report",
                              self.path(report))
            self.assertIn(done.returncode, (1, 2))
            self.assertNotIn("read", done.stderr.splitlines())
            for word in words:
                self.assertIn(word, done.stderr)
            self.assert_no_leftovers("loans.csv")
        self.assertEqual(data.read_bytes(), before)
        self.train(data, "--report", self.path("m/report.html"), target="Risk_Flag", output="m")
        self.train(data, "--report", self.path("m/report.html"), "--force", target="Risk_Flag", output="m")
        self.assertTrue(self.path("m/report.html").exists())
        self.assertFalse([name for name in json.loads(self.path("m/manifest.json").read_text())["files"] if name.endswith((".html", ".htm"))])

    def test_outputs_that_coincide_are_refused_before_a_row_is_read(self):
        data = self.loans(300)
        before = data.read_bytes()
        for name, text in (("recipe.json", '{"format": 1, "steps": []}'), ("config.json", "{}"), ("reasons.json", "{}")):
            self.path(name).write_text(text)
        self.path("link").symlink_to(self.dir)
        given = sorted(p.name for p in self.dir.iterdir())
        m = self.path("m")
        cases = [  # flags, words
            (["--report", m], ["--report", "--output"]), (["--report", self.path("link/m")], ["--report", "--output"]),
            (["--report", self.path("x/../m")], ["--report", "--output"]), (["--report", m / "model.json"], ["--report", ".html"]),
            (["--report", self.path("r"), "--output", self.path("r/m")], ["--report", "--output", "lies in it"]),
            (["--tracking", f"journal:{m}"], ["--tracking", "--output"]), (["--tracking", f"journal:{m}/runs"], ["--tracking", "--output"]),
            (["--tracking", f"journal:{self.path('j')}", "--report", self.path("j")], ["--report", "--tracking"]),
            (["--search", 2, "--report", self.path("m.search.json")], ["--report", "--search"]),
            (["--report", data], ["--report", "--data"]), (["--test", self.path("link/loans.csv"), "--report", data], ["--report", "--data"]),
            (["--recipe", self.path("recipe.json"), "--report", self.path("recipe.json")], ["--report", "--recipe"]),
            (["--config", self.path("config.json"), "--report", self.path("config.json")], ["--report", "--config"]),
            (["--set", f"reasons={self.path('reasons.json')}", "--report", self.path("reasons.json")], ["--report", "reasons"]),
        ]
        for flags, words in cases:
            with self.subTest(flags=flags):
                output = [] if "--output" in flags else ["--output", m]
                done = driver.run("train", "--data", data, "--target", "Risk_Flag", *output, *flags)
                self.assert_refused(done, 2, *words)
                self.assertNotIn("read", done.stderr.splitlines())
                self.assert_no_leftovers(*given)
        self.assertEqual(data.read_bytes(), before)

    def test_force_never_removes_what_is_read(self):
        self.train(self.loans(300), target="Risk_Flag")
        inside = self.path("model/loans.csv")
        self.path("loans.csv").rename(inside)
        done = driver.run("train", "--data", inside, "--target", "Risk_Flag", "--output", self.path("model"), "--force")
        self.assert_refused(done, 2, "--output", "--data")
        self.assertTrue(inside.exists())

    def test_force_replaces_model_directories_alone(self):
        self.path("home").mkdir()
        self.path("home/thesis.txt").write_text("years of work")
        self.assert_refused(self.train(self.table(), "--force", output="home", expect=1, json_out=False), 1, "no model directory")
        self.assertEqual(self.path("home/thesis.txt").read_text(), "years of work")

    def test_one_flipped_byte_in_any_listed_file_is_found(self):
        data = self.table()
        self.train(data, "--id", "key")
        names = sorted(json.loads((self.path("model") / "manifest.json").read_text())["files"])
        self.assertGreaterEqual(len(names), 17)
        for name in names:
            file = self.path("model") / name
            good = file.read_bytes()
            bad = bytearray(good)
            bad[len(bad) // 2] ^= 1
            file.write_bytes(bad)
            done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"))
            self.assert_refused(done, 1, name)
            self.assertFalse(self.path("s.csv").exists())
            file.write_bytes(good)
        done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"))
        self.assertEqual(done.returncode, 0, done.stderr)

    def full_disk(self, kilobytes):
        """A directory on a small tmpfs, or None where none can be mounted."""
        where = self.path("small")
        where.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(where)], capture_output=True)
        if done.returncode != 0:
            return None
        self.addCleanup(subprocess.run, ["umount", "-l", str(where)], capture_output=True)
        return where

    def test_a_disk_that_fills_up_while_it_trains_loses_no_training(self):
        data = self.loans(3000)
        disk = self.full_disk(1000)
        if disk is None:
            self.skipTest("no right to mount a small tmpfs")
        self.path("tmp").mkdir()
        for tmp, words in ((self.path("tmp"), ["No space left", "kept in"]), (disk, ["No space left", "training is lost"])):
            process = subprocess.Popen([driver.BIN / "riskflag-train", "--data", data, "--target", "Risk_Flag", *LOANS, "--output", disk / "model",
                                        "--set", "num_iterations=400", "--set", "early_stopping_round=0"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp)})
            said = []
            for line in process.stderr:
                if line.strip().startswith("round 1 "):
                    (disk / "others").write_bytes(b"x" * 990_000)
                said.append(line)
            process.stderr.close()
            self.assertEqual(process.stdout.read(), "")
            process.stdout.close()
            self.assertEqual(process.wait(), 1)
            for word in words:
                self.assertIn(word, said[-1])
            self.assertEqual([p.name for p in disk.iterdir()], ["others"])
            (disk / "others").unlink()
        kept = list(self.path("tmp").iterdir())
        self.assertEqual(len(kept), 1)
        done = driver.run("score", "--model", kept[0], "--data", data, "--output", self.path("s.csv"), "--allow-bad-rows")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_disk_that_is_full_is_found_before_the_training(self):
        disk = self.full_disk(64)
        if disk is None:
            self.skipTest("no right to mount a small tmpfs")
        done = driver.run("train", "--data", self.loans(300), "--target", "Risk_Flag", "--output", disk / "model")
        self.assert_refused(done, 1, "No space left", "bytes are free")
        self.assertNotIn("read", done.stderr.splitlines())
        self.assertEqual(list(disk.iterdir()), [])

    def test_what_a_killed_training_left_is_removed_by_the_next(self):
        data = self.loans(3000)
        args = [driver.BIN / "riskflag-train", "--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model")]
        process = subprocess.Popen([*args, "--set", "num_iterations=100000", "--set", "early_stopping_round=0"], stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.strip().startswith("round 1 "):
                process.kill()
        process.stderr.close()
        process.wait()
        left = self.path(f"model.tmp-{process.pid}-0")  # as a kill in the middle of a save leaves it
        left.mkdir()
        (left / "model.json").write_text("{")
        alive = self.path(f"model.tmp-{os.getpid()}-0")
        alive.mkdir()
        self.train(data, *LOANS, target="Risk_Flag")
        self.assertFalse(left.exists())
        self.assertTrue(alive.exists())
        alive.rmdir()
        self.assert_no_leftovers("loans.csv", "model")

    def test_a_file_system_that_cannot_swap_is_refused_before_the_training(self):
        if driver.SANITIZED or shutil.which("cc") is None:
            self.skipTest("needs a C compiler and no sanitizer")
        self.path("no.c").write_text("""#define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <stdarg.h>
            #include <sys/syscall.h>
            long syscall(long n, ...) {
              va_list v; va_start(v, n); long a[6]; for (int i = 0; i < 6; ++i) a[i] = va_arg(v, long); va_end(v);
              if (n == SYS_renameat2) { errno = EINVAL; return -1; }
              return ((long (*)(long, ...))dlsym(RTLD_NEXT, "syscall"))(n, a[0], a[1], a[2], a[3], a[4], a[5]);
            }""")
        built = subprocess.run(["cc", "-shared", "-fPIC", "-o", self.path("no.so"), self.path("no.c"), "-ldl"], capture_output=True, text=True)
        self.assertEqual(built.returncode, 0, built.stderr)
        data = self.table()
        args = [driver.BIN / "riskflag-train", "--data", data, "--target", "y", "--id", "key", "--output", self.path("model"),
                *driver.QUICK]
        old_kernel = {**os.environ, "LD_PRELOAD": str(self.path("no.so"))}
        done = subprocess.run(args, capture_output=True, text=True, env=old_kernel)  # nothing to swap with: a plain rename does
        self.assertEqual(done.returncode, 0, done.stderr)
        before = (self.path("model") / "manifest.json").read_bytes()
        done = subprocess.run([*args, "--force", "--seed", "5"], capture_output=True, text=True, env=old_kernel)
        self.assert_refused(done, 1, "RENAME_EXCHANGE", "remove the old one")
        self.assertNotIn("read", done.stderr.splitlines())
        self.assertEqual((self.path("model") / "manifest.json").read_bytes(), before)
        self.assert_no_leftovers("no.c", "no.so", "table.csv", "model")

    def test_a_full_disk_is_a_sentence_and_leaves_nothing(self):
        data = self.loans(3000)
        self.train(data, *LOANS, target="Risk_Flag")
        disk = self.full_disk(64)
        limit = None
        if disk is None:  # no right to mount: a limit on the size of files stops writes in the same places
            disk = self.path("small")

            def limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        reason = "No space left" if limit is None else "too large"
        for args in (["simulate", "--rows", 5000, "--output", disk / "loans.csv"],
                     ["score", "--model", self.path("model"), "--data", data, "--output", disk / "scores.csv"],
                     ["train", "--data", data, "--target", "Risk_Flag", *LOANS, "--quiet", "--output", disk / "model"]):
            done = driver.run(*args, preexec_fn=limit)
            self.assert_refused(done, 1, reason, "small")
            self.assertEqual(list(disk.iterdir()), [], args[0])

    def test_memory_that_runs_out_is_a_sentence_and_leaves_nothing(self):
        data = self.path("wide.csv")
        self.assertEqual(driver.run("simulate", "--rows", 40000, "--preset", "wide28", "--output", data, "--quiet").returncode, 0)

        def under(megabytes, *args):
            limit = megabytes << 20
            return driver.run(*args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

        if under(1024, "train", "--version").returncode != 0:
            self.skipTest("a sanitizer's address space does not fit under a limit")
        train = ["train", "--data", data, "--target", "label", "--output", self.path("model"), "--quiet", "--threads", 1, *driver.QUICK,
                 "--set", "num_iterations=3"]
        refused = 0
        for megabytes in range(12, 64, 4):
            done = under(megabytes, *train)
            if done.returncode == 127:  # not even the libraries had room
                continue
            if done.returncode == 0:
                break
            self.assert_refused(done, 1, "out of memory")
            self.assert_no_leftovers("wide.csv")
            refused += 1
        self.assertGreater(refused, 3)
        self.assertEqual(driver.run(*train, "--force").returncode, 0)

    def test_standard_output_on_a_full_device(self):
        if not pathlib.Path("/dev/full").exists():
            self.skipTest("/dev/full is not here")
        data = self.table()
        self.train(data, "--id", "key")
        with open("/dev/full", "w") as full:
            for args in (["simulate", "--rows", "5000", "--output", "-"],
                         ["score", "--model", str(self.path("model")), "--data", str(data), "--output", "-"]):
                done = subprocess.run([driver.BIN / f"riskflag-{args[0]}", *args[1:]], stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("No space left", done.stderr)


class ShrinkingFile(driver.ProgramTest):
    def shrink_while(self, args, path, full):
        """Runs a program and cuts its input to a tenth at a moment that moves until the cut hits the reading."""
        for wait in (0.02, 0.05, 0.01, 0.1, 0.2, 0.005, 0.3, 0.4):
            shutil.copyfile(full, path)
            timer = threading.Timer(wait, os.truncate, [path, os.path.getsize(full) // 10])
            timer.start()
            done = driver.run(*args)
            timer.join()
            self.assertIn(done.returncode, (0, 1), done.stderr)  # never a signal
            if done.returncode == 1 and "became shorter" in done.stderr:
                return done
            time.sleep(0.01)
        self.fail("the file was never cut while it was read: " + done.stderr[-500:])

    def test_train_and_score_say_so(self):
        full = self.loans(300_000, name="full.csv")
        small = self.loans(3000)
        self.train(small, *LOANS, target="Risk_Flag")
        path = self.path("big.csv")
        done = self.shrink_while(["train", "--data", path, "--target", "Risk_Flag", *LOANS, "--quiet", "--output", self.path("m"),
                                  "--set", "num_iterations=1"] + ["--force"], path, full)
        self.assertIn("big.csv", done.stderr)
        done = self.shrink_while(["score", "--model", self.path("model"), "--data", path, "--output", self.path("s.csv")], path, full)
        self.assertIn("big.csv", done.stderr)


if __name__ == "__main__":
    driver.main()
