"""Many who move the aliases of one registered model at once, and one who was killed: at the real server, whose database decides who is first."""
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from real_server import BIN, PATIENCE, RealServerTest  # noqa: E402


class Turns(RealServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.champion()
        cls.place = ["--tracking", cls.server.url]
        for number in range(3):
            cls.train(f"version-{number}", "--set", "table_defaults=false", "--set", f"seed={number}")
            cls.call("registry", *cls.place, "register", cls.dir / f"version-{number}", "--name", "turns")

    def tags(self):
        return {key for key in self.client.get_registered_model("turns").tags if key.startswith("riskflag.turn.")}

    def test_of_six_at_once_one_gets_the_alias(self):
        for each in range(4):
            alias = f"free-{each}"
            processes = [subprocess.Popen([str(BIN / "riskflag-registry"), *self.place, "alias", "turns", alias, str(i % 3 + 1)],
                                          env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8") for i in range(6)]
            said = [process.communicate(timeout=PATIENCE)[1] for process in processes]
            codes = [process.returncode for process in processes]
            self.assertEqual(sorted(codes), [0, 2, 2, 2, 2, 2], said)
            version = self.client.get_model_version_by_alias("turns", alias).version
            self.assertEqual(int(version), codes.index(0) % 3 + 1)
            for message in said:
                self.assertTrue(not message or f'"{alias}" is at version {version}' in message, said)
        self.assertEqual(self.tags(), set())

    def test_the_turn_of_one_that_was_killed_is_over_after_30_seconds(self):
        self.client.set_registered_model_tag("turns", "riskflag.turn.dead", "2026-11-29T10:00:00.000Z")
        began = time.monotonic()
        self.call("registry", *self.place, "alias", "turns", "after-all", 2)
        self.assertGreater(time.monotonic() - began, 29)
        self.assertEqual(self.client.get_model_version_by_alias("turns", "after-all").version, "2")
        self.assertEqual(self.tags(), set())


if __name__ == "__main__":
    unittest.main()
