"""The registered model where MLflow takes it: its own scoring server, Spark, and an environment of mlflow, pandas and numpy alone. The bits of
riskflag-score. Needs Java 17, pyspark and that environment: tests/peers/run.sh --full brings them."""
import json
import os
import pathlib
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from real_server import PATIENCE, Process, RealServerTest, free_port, read_frame  # noqa: E402

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of Spark's workers


class Elsewhere(RealServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.champion()
        cls.data = cls.applicants()
        cls.frame = read_frame(cls.data)
        cls.want = cls.scores(cls.dir / "model", cls.data)

    def test_mlflow_models_serve_answers_the_same(self):
        port = free_port()
        served = Process(self.dir, ["models", "serve", "--env-manager", "local", "-m", "models:/loan-risk@champion", "--host", "127.0.0.1",
                                    "--port", str(port)], f"http://127.0.0.1:{port}", "/ping",
                         {**os.environ, "MLFLOW_TRACKING_URI": self.server.url,  # it starts uvicorn by name
                          "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"})
        self.addCleanup(served.stop)
        ask = lambda body, kind: json.load(urllib.request.urlopen(urllib.request.Request(
            served.url + "/invocations", body.encode(), {"Content-Type": kind}), timeout=PATIENCE))["predictions"]
        rows = self.frame.to_json(orient="split", double_precision=15, index=False)
        table = json.loads(rows)
        self.assertTrue(any(cell is None for row in table["data"] for cell in row))
        answers = {
            "split": ask(json.dumps({"dataframe_split": table}), "application/json"),
            "records": ask(json.dumps({"dataframe_records": self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")}),
                           "application/json"),
        }
        for form, answer in answers.items():
            with self.subTest(form):
                self.assertEqual(len(answer), len(self.want))
                self.assert_same_bits(np.array([float(row["probability"]) if isinstance(row, dict) else row for row in answer]), self.want)

    def test_spark_gives_the_same(self):
        spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
                 .config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.shuffle.partitions", "4")
                 .config("spark.sql.warehouse.dir", str(self.dir / "warehouse")).getOrCreate())
        self.addCleanup(spark.stop)
        inputs = json.loads((self.dir / "model" / "input_example.json").read_text())["columns"]
        numbers = [c for c in inputs if pd.api.types.is_numeric_dtype(self.frame[c].dtype)]
        table = self.frame[inputs].assign(row=np.arange(len(self.frame), dtype=np.int64))
        texts = {c: table[c].astype(object).where(table[c].notna(), None) for c in inputs if c not in numbers}
        given = spark.createDataFrame(table.assign(**texts)).repartition(4)
        given = given.select("row", *inputs)
        score = mlflow.pyfunc.spark_udf(spark, "models:/loan-risk@champion", result_type="double", env_manager="local")
        got = given.withColumn("p", score(*inputs)).select("row", "p").toPandas().sort_values("row")
        self.assertEqual(list(got["row"]), list(range(len(self.want))))
        self.assert_same_bits(got["p"].to_numpy(), self.want)

    def test_an_environment_of_mlflow_pandas_and_numpy_alone_gives_the_same(self):
        self.assert_same_bits_alone([os.environ["RISKFLAG_ALONE_PYTHON"], "-I"], self.data)

    def test_the_library_fetches_and_opens_it(self):
        digest = self.client.get_model_version_by_alias("loan-risk", "champion").tags["riskflag.digest"]
        answer = subprocess.run([os.environ["RISKFLAG_FETCH_DRIVER"], self.server.url, "models:/loan-risk@champion", str(self.dir / "cache-of-driver")],
                                check=True, capture_output=True, encoding="utf-8", env=self.environment)
        inputs = json.loads((self.dir / "model" / "input_example.json").read_text())["columns"]
        self.assertEqual(answer.stdout.split(), ["loan-risk", "1", digest, "server", str(len(inputs))])


if __name__ == "__main__":
    unittest.main()
