"""Folds and trials are runs below their study's, and a search that was stopped goes on in the same one. The real server."""
import json
import signal
import subprocess
import time
import unittest

from real_server import BIN, PATIENCE, RealServerTest


class NestedRuns(RealServerTest):
    def below(self, runs):
        """The one run that has no parent, and the others by name, which hang below it."""
        parent, = (run for run in runs if "mlflow.parentRunId" not in run.data.tags)
        children = {run.info.run_name: run for run in runs if run is not parent}
        self.assertEqual(len(children), len(runs) - 1)
        for run in children.values():
            self.assertEqual([run.data.tags["mlflow.parentRunId"], run.info.status], [parent.info.run_id, "FINISHED"])
        return parent, children

    def test_folds_are_below_their_study(self):
        result = self.train("folded", "--set", "table_defaults=false", "--cv", "3", "--tracking", self.server.url, "--experiment", "folds")
        parent, folds = self.below(self.runs("folds"))
        self.assertEqual([parent.info.run_id, parent.info.status], [result["run_id"], "FINISHED"])
        self.assertEqual(sorted(folds), ["fold 1", "fold 2", "fold 3"])
        rounds = []
        for fold in folds.values():
            curve = self.client.get_metric_history(fold.info.run_id, "valid.binary_logloss")
            self.assertEqual(sorted(m.step for m in curve), list(range(1, len(curve) + 1)))
            rounds.append(int(fold.data.metrics["best_iteration"]))
            self.assertEqual(rounds[-1], min(curve, key=lambda m: m.value).step)
        self.assertEqual(sorted(rounds)[1], result["best_iteration"])
        for name, figures in result["cv"]["metrics"].items():
            mean = sum(fold.data.metrics[f"valid.{name}"] for fold in folds.values()) / 3
            self.assertAlmostEqual(mean, figures["mean"], 12, name)
            self.assertEqual(parent.data.metrics[f"cv.{name}"], figures["mean"], name)

    def test_a_stopped_search_goes_on_in_the_same_run(self):
        trials, output = 12, self.dir / "searched"
        command = [str(BIN / "riskflag-train"), "--data", str(self.dir / "loans.csv"), "--target", "Risk_Flag", "--id", "Id", "--output",
                   str(output), "--json", "--quiet", "--set", "table_defaults=false", "--set", "num_iterations=40", "--search", str(trials),
                   "--tracking", self.server.url, "--experiment", "searches"]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        kept = self.dir / "searched.search.json"
        end = time.monotonic() + PATIENCE
        while not kept.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130, said)
        first, = self.runs("searches")
        self.assertEqual(first.info.status, "KILLED")
        again = subprocess.run(command, env=self.environment, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True)
        parent, found = self.below(self.runs("searches"))
        self.assertEqual([parent.info.run_id, json.loads(again.stdout)["run_id"]], [first.info.run_id] * 2)
        self.assertEqual([parent.info.status, parent.info.start_time], ["FINISHED", first.info.start_time])
        self.assertGreater(parent.info.end_time, first.info.end_time)
        self.assertEqual(sorted(found), sorted(f"trial {t}" for t in range(trials + 1)))
        losses = {name: run.data.metrics["search.loss"] for name, run in found.items()}
        best = min(losses, key=lambda name: (losses[name], int(name.split()[1])))
        self.assertTrue(parent.data.tags["riskflag.search"].startswith(best + ":"), (parent.data.tags["riskflag.search"], losses))
        for name, value in found[best].data.params.items():
            self.assertIn(f"{name}={value}", parent.data.tags["riskflag.search"])


if __name__ == "__main__":
    unittest.main()
