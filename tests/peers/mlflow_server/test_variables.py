"""MLflow's own environment variables, and a server that goes away, with the real server. Credentials and TLS need a server that a test can
bend: tests/programs/test_tracking.py."""
import json
import pathlib
import socket
import sys
import threading
import unittest
import urllib.parse

from real_server import ROOT, RealServerTest

sys.path.insert(0, str(ROOT / "tests" / "programs"))
import serving  # noqa: E402

QUICK = ["--set", "table_defaults=false"]


class Forward:
    """An address of its own in front of a server; closed, nobody listens there."""

    def __init__(self, url):
        target = urllib.parse.urlsplit(url)
        self.target = target.hostname, target.port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            self.open += [client, server]
            for here, there in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(here, there), daemon=True).start()

    @staticmethod
    def copy(here, there):
        try:
            while block := here.recv(65536):
                there.sendall(block)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.open:
            each.close()


class Variables(RealServerTest):
    def test_uri_and_experiment_name_say_where_a_run_goes(self):
        result = self.train("by-variable", *QUICK, MLFLOW_TRACKING_URI=self.server.url, MLFLOW_EXPERIMENT_NAME="by-variable")
        run, = self.runs("by-variable")
        self.assertEqual([run.info.run_id, run.info.status], [result["run_id"], "FINISHED"])
        self.assertEqual(run.data.metrics["test.roc_auc"], result["metrics"]["test"]["roc_auc"])
        listed = json.loads(self.call("registry", "runs", "--json", MLFLOW_TRACKING_URI=self.server.url,
                                      MLFLOW_EXPERIMENT_NAME="by-variable").stdout)["runs"]
        self.assertEqual([r["run_id"] for r in listed], [result["run_id"]])
        # As in Python, what is said in so many words beats the variables.
        self.call("registry", "--tracking", self.server.url, "runs", "--experiment", "by-variable", MLFLOW_TRACKING_URI="http://127.0.0.1:9",
                  MLFLOW_EXPERIMENT_NAME="elsewhere")

    def test_run_id_goes_on_with_a_run_of_somebody_elses(self):
        experiment = self.client.create_experiment("resumed")
        theirs = self.client.create_run(experiment, run_name="theirs")
        self.client.log_param(theirs.info.run_id, "mine", "1")
        self.client.log_metric(theirs.info.run_id, "before", 0.5)
        self.client.set_terminated(theirs.info.run_id, "KILLED")
        result = self.train("resumed", *QUICK, MLFLOW_TRACKING_URI=self.server.url, MLFLOW_RUN_ID=theirs.info.run_id,
                            MLFLOW_EXPERIMENT_NAME="another")
        self.assertEqual(result["run_id"], theirs.info.run_id)
        run, = self.runs("resumed")
        self.assertEqual([run.info.run_id, run.info.run_name, run.info.status], [theirs.info.run_id, "theirs", "FINISHED"])
        self.assertEqual([run.data.params["mine"], run.data.params["target"]], ["1", "Risk_Flag"])
        self.assertEqual([run.data.metrics["before"], run.data.metrics["test.roc_auc"]], [0.5, result["metrics"]["test"]["roc_auc"]])
        self.assertIsNone(self.client.get_experiment_by_name("another"))

    def test_with_mlflow_down_the_version_that_was_verified_last_goes_on(self):
        self.champion()
        data, want = self.dir / "loans.csv", self.dir / "by-directory.csv"
        self.call("score", "--model", self.dir / "model", "--data", data, "--output", want, "--quiet")
        forward = Forward(self.server.url)
        place = ["--model", "models:/loan-risk@champion", "--tracking", forward.url]
        environment = {**self.environment, "RISKFLAG_CACHE": str(self.dir / "cache-of-down")}

        def score():
            done = self.call("score", *place, "--data", data, "--output", self.dir / "down.csv",
                             RISKFLAG_CACHE=environment["RISKFLAG_CACHE"])
            self.assertEqual((self.dir / "down.csv").read_bytes(), want.read_bytes())
            return done.stderr

        def serve():
            with serving.Server(place[1], *place[2:], env=environment) as server:
                about = json.loads(server.ask("GET", "/v1/model")[2])
                status, answer = server.score((self.dir / "loans.csv").read_bytes().split(b"\n", 2)[0] + b"\n" + row, "text/csv")
                self.assertEqual(status, 200, answer)
                messages = server.messages()
                self.assertEqual(server.end(), 0)
            return about, answer, messages

        row = data.read_bytes().split(b"\n", 2)[1] + b"\n"
        self.assertNotIn("last time", score())
        about, answer, messages = serve()
        self.assertEqual([about["name"], about["version"]], ["loan-risk", "1"])
        self.assertNotIn("last time", messages)
        forward.close()
        self.assertIn("last time", score())
        again, answer_again, messages = serve()
        self.assertIn("last time", messages)
        self.assertEqual([again["name"], again["version"], again["digest"]], [about["name"], about["version"], about["digest"]])
        probability = lambda text: text.decode().splitlines()[1].split(",")[text.decode().splitlines()[0].split(",").index("probability")]
        self.assertEqual(probability(answer_again), probability(answer))
        self.assertEqual(probability(answer), want.read_text().splitlines()[1].split(",")[2])
        # What lies there is held against its manifest each time.
        model, = pathlib.Path(environment["RISKFLAG_CACHE"]).glob("models/*/model.json")
        model.write_bytes(model.read_bytes().replace(b"1", b"2", 1))
        done = self.call("score", *place, "--data", data, "--output", self.dir / "none.csv", expect=1,
                         RISKFLAG_CACHE=environment["RISKFLAG_CACHE"])
        self.assertIn("model.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
