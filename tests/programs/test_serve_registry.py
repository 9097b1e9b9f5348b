"""--watch of riskflag-serve on models:/NAME@ALIAS: the alias moves, the registry goes away, a version is damaged. Standard library only."""
import json
import os
import time
from unittest import mock

import driver
import serving
from fake_mlflow import FakeMlflow


class Registry(driver.ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.table()
        self.environment = {"HOME": str(self.dir), "RISKFLAG_JOURNAL": str(self.path("journal")), "RISKFLAG_CACHE": str(self.path("cache")),
                            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
        change = mock.patch.dict(os.environ, self.environment)
        change.start()
        self.addCleanup(change.stop)

    def register(self, place, iterations, *flags):
        """The next version of loans."""
        self.train(self.data, "--id", "key", "--tracking", place, "--register", "loans", "--force", "--set", f"num_iterations={iterations}", *flags)

    def wait(self, what):
        deadline = time.monotonic() + 60
        while not what():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def serve(self, place, *flags):
        return serving.Server("models:/loans@champion", "--tracking", place, "--watch", *flags, env=self.environment)

    def version(self, server):
        status, answer = server.score({"x": 0.5, "c": "red"})
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["model"]["name"], "loans")
        return answer["model"]["version"]

    def test_an_alias_of_a_journal_that_moves_brings_its_version_in_each_role(self):
        place = f"journal:{self.path('journal')}"
        self.register(place, 5, "--alias", "champion")
        with self.serve(place, "--shadow", "models:/loans@champion") as server:
            self.assertEqual(self.version(server), "1")
            self.register(place, 6)
            self.register(place, 7)
            driver.write_table(self.path("judge.csv"), *driver.small_table(400, seed=8))
            moved = driver.run("registry", "--tracking", place, "promote", "loans/3", "--data", self.path("judge.csv"), "--margin", 1,
                               "--approved-by", "Ann", "--reason", "a test of the server")
            self.assertEqual(moved.returncode, 0, moved.stderr)
            self.wait(lambda: self.version(server) == "3")
            self.wait(lambda: json.loads(server.ask("GET", "/v1/monitor")[2])["shadow"]["model"]["version"] == "3")
            self.assertIn("the new model, version 3, answers now", server.messages())
            self.assertIn("the new shadow, version 3, scores now", server.messages())
            self.assertEqual(server.end(), 0)

    def test_with_the_registry_down_a_server_starts_with_the_version_that_was_verified_last(self):
        with FakeMlflow() as registry:
            url = registry.url
            self.register(url, 5, "--alias", "champion")
            with self.serve(url) as server:
                want = server.score({"x": 0.5, "c": "red"})[1]
                self.assertEqual(server.end(), 0)
        with self.serve(url) as server:
            self.assertIn("last time", server.messages())
            answer = server.score({"x": 0.5, "c": "red"})[1]
            self.assertEqual([answer["probability"], answer["model"]], [want["probability"], want["model"]])
            self.assertEqual(server.end(), 0)

    def test_a_registry_that_goes_away_or_a_damaged_version_leaves_the_old_one(self):
        with FakeMlflow() as registry:
            self.register(registry.url, 5, "--alias", "champion")
            aliases, files = registry.store.registered["loans"]["aliases"], registry.store.files
            with self.serve(registry.url) as server:
                self.assertEqual(self.version(server), "1")
                registry.faults += [("GET", "*", "500")] * 2  # two looks
                self.wait(lambda: "the alias is followed again" in server.messages())
                self.assertEqual(server.messages().count("the alias cannot be followed now, the model goes on: "), 1)
                self.register(registry.url, 6)
                aliases["champion"] = 2
                self.wait(lambda: self.version(server) == "2")
                self.register(registry.url, 7)
                newest = registry.store.registered["loans"]["versions"][2]["model_id"]
                damaged = next(path for path in files if newest in path and path.endswith("/model.json"))
                files[damaged] = files[damaged].replace(b"1", b"2", 1)
                aliases["champion"] = 3
                self.wait(lambda: "version 3 is refused, the old model goes on: " in server.messages())
                self.assertEqual(self.version(server), "2")
                ready = json.loads(server.ask("GET", "/readyz")[2])
                self.assertEqual((ready["status"], ready["last_reload"]["result"]), ("ready", "failed"))
                self.assertIn("model.json", ready["last_reload"]["detail"])
                aliases["champion"] = 1
                self.wait(lambda: self.version(server) == "1")
                self.assertEqual(server.messages().count("is refused"), 1)
                self.assertEqual(server.end(), 0)


if __name__ == "__main__":
    driver.main()
