"""Model directories: what riskflag-train, riskflag-import and Classifier.save() write."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._tables import is_frame, table_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Bundle:
    """An opened model directory. Everything in it was checked while opening: digests, structure, and that the example scores as it did.

    Rows are the applicant's raw fields; they go through the same rules as in riskflag-score and riskflag-serve, and get the same bits.
    """

    def __init__(self, native: _native.OpenBundle) -> None:
        self._native = native
        self.name, self.version, self.digest = native.name, native.version, native.digest
        self.path = pathlib.Path(native.path)
        self.kind = native.kind  # "binary", "regression" or "multiclass"
        self.schema = json.loads(native.schema)
        self.metrics = json.loads(native.metrics)
        self.input_example = json.loads(native.input_example)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Bundle:
        """Opens a directory; ValueError with a sentence where a byte of it is not what it was."""
        return cls(_native.OpenBundle(os.fspath(path)))

    def __repr__(self):
        return f"<riskflag.Bundle {self.name} {self.version}: {self.kind}>"

    @property
    def threshold(self) -> float | None:
        """A row is High exactly when its probability is at least this; None unless binary."""
        return self._native.threshold if self.kind == "binary" else None

    @property
    def classes_(self) -> NDArray[np.str_] | None:
        """The outputs' levels, in predict_proba's order; None for regression."""
        levels = self._native.target_levels
        if self.kind == "binary":
            positive = self._native.positive
            return np.array([*(level for level in levels if level != positive), positive])
        return np.array(levels) if self.kind == "multiclass" else None

    def _scores(self, frame, threads):
        if not is_frame(frame):
            raise TypeError(f"{type(frame).__name__} has no named columns; accepted: pandas, polars, pyarrow; score() takes dicts")
        return self._native.scores(table_of(frame), threads)

    def predict_proba(self, frame: Any, num_threads: int = 0) -> NDArray[np.float64]:
        """rows x classes, after calibration. The first row that cannot be used is a ValueError; score() has them one by one."""
        if self.kind == "regression":
            raise AttributeError("a regression has no probabilities; predict() has its numbers")
        scores = self._scores(frame, num_threads)
        return np.column_stack([1.0 - scores, scores]) if self.kind == "binary" else scores

    def predict(self, frame: Any, num_threads: int = 0) -> NDArray[Any]:
        """Numbers (regression), "High" or "Low" (binary), or the likeliest class."""
        scores = self._scores(frame, num_threads)
        if self.kind == "regression":
            return scores[:, 0]
        if self.kind == "binary":
            return np.where(scores[:, 0] >= self.threshold, "High", "Low")
        return self.classes_[np.argmax(scores, axis=1)]

    def score(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """A dict for each row (a dict of raw fields): probability and risk, prediction, or class and probabilities; or an error's sentence."""
        return [self._scored(row) for row in rows]

    def _scored(self, row):
        scores, error = self._native.score(_plain(row))
        if error is not None:
            return {"error": error}
        if self.kind == "binary":
            return {"probability": scores[0], "risk": "High" if scores[0] >= self.threshold else "Low"}
        if self.kind == "regression":
            return {"prediction": scores[0]}
        return {"class": str(self.classes_[int(np.argmax(scores))]), "probabilities": dict(zip(map(str, self.classes_), scores))}

    def explain(self, row: dict[str, Any], k: int = 3) -> list[dict[str, Any]]:
        """At most k reasons that speak for High, the strongest first: field, code, text, contribution in log-odds."""
        if k < 1:
            raise ValueError(f"k: {k} is no number of reasons; accepted: 1 to 10")
        return [dict(zip(("field", "code", "text", "contribution"), reason)) for reason in self._native.explain(_plain(row), k)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """pandas' NaT and NA are missing, as None and NaN are."""
    return {name: None if type(value).__name__ in ("NaTType", "NAType") else value for name, value in row.items()}
