"""Clients that others wrote, as they are, against riskflag-serve: NVIDIA's tritonclient, MLflow's scoring client, SageMaker's in boto3,
schemathesis, which makes requests of openapi.json, and curl. The scores of riskflag-score, to the bit.

tests/peers/run.sh --full brings them. RISKFLAG_BIN_DIR names the folder with the built programs.
"""
import csv
import http.client
import http.server
import importlib.metadata
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "programs"), str(pathlib.Path(__file__).resolve().parents[1] / "mlflow_server")]

import real_server  # noqa: E402; before mlflow, whose telemetry it turns off
import boto3  # noqa: E402
import mlflow.models  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import serving  # noqa: E402
import tritonclient.http as triton  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from mlflow.pyfunc.scoring_server.client import ScoringServerClient  # noqa: E402
from tritonclient.utils import InferenceServerException  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = MODEL = SERVER = FRAME = None
SCORES = []


def setUpModule():
    global FOLDER, MODEL, SERVER, FRAME, SCORES
    FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="riskflag-clients-"))
    unittest.addModuleCleanup(shutil.rmtree, FOLDER)
    MODEL = serving.train(FOLDER, 3000, "--set", "num_iterations=20")
    serving.applicants(FOLDER)
    scores = FOLDER / "scores.csv"
    serving.must(serving.BIN / "riskflag-score", "--model", MODEL, "--data", FOLDER / "new.csv", "--output", scores, "--quiet")
    with open(scores, newline="") as file:
        SCORES = [float(row["probability"]) for row in csv.DictReader(file)]
    inputs = json.loads((MODEL / "input_example.json").read_text())["columns"]
    FRAME = real_server.read_frame(FOLDER / "new.csv")[inputs]
    SERVER = serving.Server(MODEL, "--outcomes", FOLDER / "outcomes").__enter__()
    unittest.addModuleCleanup(SERVER.__exit__)


def numbers():
    return [name for name in FRAME if pd.api.types.is_numeric_dtype(FRAME[name].dtype)]


class Clients(unittest.TestCase):
    def assert_scores(self, got, want=None):
        self.assertEqual([float(p).hex() for p in got], [p.hex() for p in (SCORES if want is None else want)])

    def tearDown(self):
        self.assertIsNone(SERVER.process.poll(), "the server ended")


class Triton(Clients):
    def setUp(self):
        self.client = triton.InferenceServerClient(f"127.0.0.1:{SERVER.port}")
        self.addCleanup(self.client.close)
        self.model = self.client.get_model_metadata(MODEL.name)

    def tensor(self, name, datatype, values):
        tensor = triton.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=False)
        return tensor

    def infer(self, tensors, **kwargs):
        wanted = [triton.InferRequestedOutput("probability", binary_data=False)]
        return self.client.infer(MODEL.name, tensors, outputs=wanted, **kwargs).as_numpy("probability")

    def columns(self, rows):
        return [self.tensor(one["name"], one["datatype"],
                            FRAME[one["name"]].to_numpy(float)[rows] if one["datatype"] == "FP64" else
                            FRAME[one["name"]].fillna("").to_numpy(object)[rows]) for one in self.model["inputs"]]

    def test_health_and_metadata(self):
        self.assertTrue(self.client.is_server_live() and self.client.is_server_ready() and self.client.is_model_ready(MODEL.name))
        self.assertEqual(self.client.get_server_metadata()["name"], "riskflag")
        self.assertEqual([one["name"] for one in self.model["inputs"]], list(FRAME))
        self.assertEqual(self.model["outputs"], [{"name": "probability", "datatype": "FP64", "shape": [-1]}])
        self.assertTrue(self.client.is_model_ready(MODEL.name, self.model["versions"][0]))
        self.assertFalse(self.client.is_model_ready("another"))

    def test_a_tensor_for_each_column(self):
        whole = FRAME[numbers()].notna().all(axis=1).to_numpy()
        self.assertGreater(whole.sum(), 10)
        want = [score for score, is_whole in zip(SCORES, whole) if is_whole]
        self.assert_scores(self.infer(self.columns(whole), request_id="r-1"), want)
        self.assert_scores(self.infer(self.columns(whole), model_version=self.model["versions"][0]), want)

    def test_a_missing_number_is_nan_in_a_float_tensor(self):
        self.assertTrue(FRAME[numbers()].isna().any(axis=None))
        self.assert_scores(self.infer(self.columns(slice(None))))

    def test_one_tensor_of_texts_for_all_columns(self):
        with open(FOLDER / "new.csv", newline="") as file:
            texts = np.array([[row[name] for name in FRAME] for row in csv.DictReader(file)], object)
        self.assert_scores(self.infer([self.tensor("rows", "BYTES", texts)]))

    def test_what_is_refused_is_an_exception_that_says_why(self):
        for tensors, words in [([self.tensor("nothing", "FP64", np.zeros(1))], "nothing"),
                               ([self.tensor(numbers()[0], "FP64", np.array([math.inf]))], numbers()[0]),
                               ([self.tensor("rows", "FP64", np.zeros((1, 2)))], "2 columns")]:
            with self.assertRaisesRegex(InferenceServerException, words):
                self.infer(tensors)
        binary = triton.InferInput(numbers()[0], [1], "FP64")
        binary.set_data_from_numpy(np.zeros(1))  # as bytes behind the JSON, which is this client's default
        with self.assertRaisesRegex(InferenceServerException, "binary"):
            self.infer([binary])
        with self.assertRaises(InferenceServerException):
            self.client.infer("another", self.columns(slice(1)))


class Mlflow(Clients):
    def setUp(self):
        self.client = ScoringServerClient("127.0.0.1", SERVER.port)

    def test_its_client_sends_what_it_sends_to_mlflow_models_serve(self):
        self.client.wait_server_ready(timeout=10, scoring_server_proc=SERVER.process)
        self.assertEqual(self.client.get_version(), importlib.metadata.version("mlflow"))
        self.assert_scores(self.client.invoke(FRAME).get_predictions()[0])
        self.assert_scores(self.client.invoke(FRAME, params={"threshold": 0.5}).get_predictions()[0])
        texts = FRAME.astype(object).where(FRAME.notna(), None)
        self.assert_scores(self.client.invoke(texts.to_numpy(object)).get_predictions()[0])
        self.assert_scores(self.client.invoke(json.dumps({"inputs": texts.to_dict("list")})).get_predictions()[0])
        self.assert_scores(self.client.invoke(texts.to_dict("records")).get_predictions()[0])

    def test_a_refusal_reaches_its_exception(self):
        with self.assertRaisesRegex(Exception, "error code 400.*is missing"):
            self.client.invoke(FRAME[[numbers()[0]]])

    def test_the_request_that_it_makes_of_an_input_example(self):
        example = mlflow.models.convert_input_example_to_serving_input(FRAME.head(7))
        status, answer = SERVER.score(example, path="/invocations")
        self.assertEqual(status, 200, answer)
        self.assert_scores(answer["predictions"], SCORES[:7])
        stored = json.loads((MODEL / "input_example.json").read_text())
        self.assertEqual(SERVER.score({"dataframe_split": stored}, path="/invocations")[0], 200)


class SageMakerRouter(http.server.BaseHTTPRequestHandler):
    """What stands between SageMaker's clients and a container: /endpoints/NAME/invocations becomes /invocations."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, answer = SERVER.ask("POST", re.sub(r"^/endpoints/[^/]+", "", self.path), body,
                                             {"Content-Type": self.headers["Content-Type"], "Accept": self.headers.get("Accept", "*/*")})
        if status >= 400:
            answer = json.dumps({"OriginalStatusCode": status, "OriginalMessage": answer.decode(), "Message": "from the container"}).encode()
            status = 424
        self.send_response(status)
        if status == 424:
            self.send_header("x-amzn-ErrorType", "ModelError")
        self.send_header("Content-Type", headers["content-type"])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class SageMaker(Clients):
    """SageMaker asks GET /ping and POST /invocations of a container on port 8080."""

    @classmethod
    def setUpClass(cls):
        cls.router = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SageMakerRouter)
        threading.Thread(target=cls.router.serve_forever, daemon=True).start()
        cls.runtime = boto3.client("sagemaker-runtime", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{cls.router.server_port}",
                                   aws_access_key_id="none", aws_secret_access_key="none", config=Config(retries={"total_max_attempts": 1}))

    @classmethod
    def tearDownClass(cls):
        cls.runtime.close()
        cls.router.shutdown()
        cls.router.server_close()

    def test_ping(self):
        self.assertEqual(SERVER.ask("GET", "/ping")[0], 200)

    def test_csv_and_the_layouts_of_mlflow(self):
        split = FRAME.astype(object).where(FRAME.notna(), None).to_dict("split", index=False)
        for kind, body in [("text/csv", (FOLDER / "new.csv").read_bytes()), ("text/csv; header=present", FRAME.to_csv(index=False).encode()),
                           ("application/json", json.dumps({"dataframe_split": split}).encode())]:
            answer = self.runtime.invoke_endpoint(EndpointName="loans", ContentType=kind, Accept="application/json", Body=body)
            self.assert_scores(json.load(answer["Body"])["predictions"])

    def test_a_refusal_is_a_model_error_with_our_sentence(self):
        with self.assertRaises(ClientError) as refused:
            self.runtime.invoke_endpoint(EndpointName="loans", ContentType="application/json", Body=b'{"instances":[{}]}')
        self.assertEqual(refused.exception.response["OriginalStatusCode"], 400)
        self.assertIn("is missing", refused.exception.response["OriginalMessage"])


class OpenApi(Clients):
    """schemathesis makes requests that openapi.json allows, and some that it does not, and holds the answers against it."""

    def schemathesis(self, *words, hooks=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SCHEMATHESIS_")}
        if hooks:
            environment |= {"SCHEMATHESIS_HOOKS": hooks, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])}
        command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", "--seed", "1",
                   "--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color", *words,
                   f"http://127.0.0.1:{SERVER.port}/openapi.json"]
        done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=1800)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])
        self.assertGreater(int(re.search(r"(\d+) generated", done.stdout)[1]), 50, done.stdout)

    def test_every_answer_is_as_described(self):
        self.schemathesis("--checks", "all", "--exclude-checks", "positive_data_acceptance,negative_data_rejection", "--max-examples", "15")

    TABLES = ["/invocations", "/v2/models/{model}/infer"]

    def test_what_is_described_is_accepted_and_nothing_else(self):
        """Of JSON, which the schema says all of; a CSV text needs columns that JSON Schema cannot ask for."""
        self.schemathesis("--checks", "positive_data_acceptance,negative_data_rejection", "--max-examples", "30",
                          *(word for path in self.TABLES for word in ("--exclude-path", path)), hooks="only_json")

    def test_tables_that_are_not_as_described_are_refused(self):
        """That one is as described does not say that its columns are the model's."""
        self.schemathesis("--checks", "negative_data_rejection", "--max-examples", "30",
                          *(word for path in self.TABLES for word in ("--include-path", path)), hooks="only_json")


class Curl(Clients):
    @unittest.skipUnless(shutil.which("curl"), "curl is skipped: it is not installed")
    def test_the_forms_that_people_type(self):
        def curl(*words):
            done = subprocess.run(["curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", *map(str, words)], capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        url = f"http://127.0.0.1:{SERVER.port}"
        scored = curl("--data-binary", f"@{FOLDER / 'new.csv'}", "--header", "Content-Type: text/csv", url + "/v1/score").decode().splitlines()
        self.assert_scores([row["probability"] for row in csv.DictReader(scored)])
        asked = curl("--header", "Content-Type: text/csv", "--header", "Transfer-Encoding: chunked", "--header", "Expect: 100-continue",
                     "--data-binary", f"@{FOLDER / 'new.csv'}", url + "/invocations")
        self.assert_scores(json.loads(asked)["predictions"])
        self.assertEqual(curl("--head", url + "/readyz").split(b"\r\n")[0], b"HTTP/1.1 200 OK")


if __name__ == "__main__":
    unittest.main()
