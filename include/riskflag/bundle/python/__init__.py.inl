R"py(
"""A riskflag model directory for mlflow.pyfunc: numpy and pandas alone, the bits of riskflag-score.

Written by riskflag beside every model; docs/formats/model_directory.md says what it reads.
"""
import json
import pathlib

import numpy as np
import pandas as pd

from . import exact
from .fields import Fields
from .pipeline import Pipeline
from .trees import Trees


class Calibration:
    """calibration.json, step by step as docs/formats/model_directory.md spells it."""

    def __init__(self, document):
        self.method = document["method"]
        if self.method == "isotonic":
            self.knots = np.array(document["from"], dtype=float), np.array(document["to"], dtype=float)
        elif self.method != "identity":
            self.a, self.b, self.c = (float(document[k]) for k in "abc")

    def apply(self, p):
        if self.method == "identity":
            return p
        if self.method == "isotonic":
            x0, y0 = self.knots
            x = np.where(p < 2.0**-90, 0.0, p)
            above = np.searchsorted(x0, x, side="right")
            low, high = np.clip(above - 1, 0, len(x0) - 1), np.clip(above, 0, len(x0) - 1)
            width = np.where(high > low, x0[high] - x0[low], 1.0)
            y = y0[low] + ((x - x0[low]) / width) * (y0[high] - y0[low])
            y = np.where(y > y0[high], y0[high], y)
            return np.where(above == 0, y0[0], np.where(above == len(x0), y0[-1], y))
        lower = p < 0.5
        smaller = np.where(lower, p, 1.0 - p)
        held = np.where(smaller < 2.0**-90, 2.0**-90, smaller)
        x = (np.ascontiguousarray(held).view(np.int64) & ~np.int64(0x7F)).view(np.float64)
        near, far = exact.log(x), exact.log1p(-x)
        z = (self.a * np.where(lower, near, far) - self.b * np.where(lower, far, near)) + self.c
        cut = np.trunc(np.where(np.abs(z) < 4.0, z, 0.0) * 2.0**50) * 2.0**-50
        z = np.where(np.abs(z) < 4.0, cut, z)
        z = np.where(z < -700.0, -700.0, np.where(z > 700.0, 700.0, z))
        return 1.0 / (1.0 + exact.exp(-z))


class Model:
    def __init__(self, path):
        root = pathlib.Path(path)
        read = lambda name: json.loads((root / name).read_text(encoding="utf-8"))
        self.fields = Fields(read("schema.json"))
        self.pipeline = Pipeline(read("pipeline.json"))
        self.trees = Trees(read("model.json"))
        self.calibration = Calibration(read("calibration.json"))
        self.kind = read("expected_scores.json")["kind"]

    def scores(self, frame):
        """Rows x outputs."""
        with np.errstate(all="ignore"):
            out = self.trees.predict(self.pipeline.transform(self.fields.read(frame)))
            return self.calibration.apply(out) if self.kind == "binary" else out

    def predict(self, model_input, params=None):
        """A column `probability`, or `prediction`, or one `p_LEVEL` a class. Raises ValueError with row, field and value."""
        frame = model_input
        if not isinstance(frame, pd.DataFrame):
            frame = pd.DataFrame(frame)
        out = self.scores(frame)
        if self.kind == "multiclass":
            return pd.DataFrame(out, columns=["p_" + level for level in self.fields.target_levels], index=frame.index)
        return out[:, 0]


def _load_pyfunc(path):
    return Model(path)
)py"
