"""scikit-learn's estimators over the library's training."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from . import _native
from ._parameters import Parameters
from ._tables import is_frame, is_pandas, matrix_of, table_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    EvalSet = tuple[Any, ArrayLike] | Sequence[tuple[Any, ArrayLike]] | None


class _Boosted(Parameters):
    """What Classifier and Regressor have in common. Life: 1. made with options; 2. fit(); 3. predict, pickle, save."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _table(self, X, reset=False):
        """X as a native table, checked as scikit-learn checks it. NaN, None and null are missing values; infinite ones are values."""
        if is_pandas(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return table_of(X)
        if is_frame(X):  # of which scikit-learn knows only some by their names
            return self._named(table_of(X), reset)
        X = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False, ensure_min_samples=1)
        return matrix_of(X, self._names() if reset else self.model_.feature_names)

    def _named(self, table, reset):
        if reset:
            self.feature_names_in_ = np.array(table.names, dtype=object)
            self.n_features_in_ = len(table.names)
        elif table.names != self.model_.feature_names:
            raise ValueError(f"The feature names should match those that were passed during fit, in their order: {self.model_.feature_names}")
        return table

    def _names(self):
        return getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)])

    def _labels(self, y, name="y"):
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        return column_or_1d(y, warn=True)

    @staticmethod
    def _weights(weight, like):
        if weight is None:
            return None
        return np.ascontiguousarray(_check_sample_weight(weight, like, dtype=np.float64), dtype=np.float64)

    def _fit(self, table, y, sample_weight, eval_set, eval_sample_weight, eval_names, options):
        labels = self._encode(y)
        check_consistent_length(range(table.rows), labels)
        names = table.names
        sets = [eval_set] if isinstance(eval_set, tuple) else list(eval_set or [])
        titles = eval_names or (["valid"] if len(sets) == 1 else [f"valid_{i}" for i in range(len(sets))])
        set_weights = eval_sample_weight if isinstance(eval_sample_weight, (list, tuple)) else [eval_sample_weight] * len(sets)
        valid = []
        for title, (rows, targets), weight in zip(titles, sets, set_weights, strict=True):
            valid_table = table_of(rows) if is_frame(rows) else matrix_of(self._matrix(rows), names)
            valid_labels = self._encode(targets, known=True)
            valid.append((title, valid_table, valid_labels, self._weights(weight, valid_labels)))
        trained = _native.train(table, labels, self._weights(sample_weight, labels), options, valid, int(self.num_threads))
        for sentence in trained.warnings:
            warnings.warn(sentence, UserWarning, stacklevel=3)
        self.model_ = trained.model
        self.best_iteration_ = trained.best_iteration
        self.stopped_early_ = trained.stopped_early
        return self

    @staticmethod
    def _matrix(X):
        from sklearn.utils import check_array

        return check_array(X, dtype=[np.float64, np.float32], ensure_all_finite=False)

    def _scores(self, X, margins=False):
        check_is_fitted(self, "model_")
        return self.model_.predict(self._table(X), margins, int(self.num_threads))

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Each feature's share of the gain of all splits; they add up to 1, or are all 0 where no tree asks anything."""
        check_is_fitted(self, "model_")
        gains = np.array(self.model_.importance()[0])
        return gains / gains.sum() if gains.sum() > 0 else gains

    @property
    def evals_result_(self) -> dict[str, dict[str, list[float]]]:
        """{"valid": {"auc": [value of each iteration]}}."""
        check_is_fitted(self, "model_")
        names, values = self.model_.history()
        out = {}
        for i, name in enumerate(names):
            title, _, metric = name.partition(".")
            out.setdefault(title, {})[metric] = [row[i] for row in values]
        return out

    def model_text(self) -> bytes:
        """The bytes of model.json: the same for the same data and options, whatever trained it."""
        check_is_fitted(self, "model_")
        return self.model_.text()

    def save(self, path: str | os.PathLike[str], *, threshold: float = 0.5, replace: bool = False) -> str:
        """Writes a model directory that riskflag-score, riskflag-serve, MLflow and Bundle.open() read; returns its digest.

        Rows are then asked by the features' names. It has no reference profile and no metrics: those come from riskflag-train.
        """
        check_is_fitted(self, "model_")
        classes = [str(label) for label in getattr(self, "classes_", [])]
        return _native.save(self.model_, os.fspath(path), classes, float(threshold), bool(replace))


class Classifier(ClassifierMixin, _Boosted):
    """Boosted trees for two classes or more. Parameters: docs/parameters.md; `objective` None is binary, or multiclass by the labels."""

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        eval_set: EvalSet = None,
        eval_sample_weight: Any = None,
        eval_names: Sequence[str] | None = None,
    ) -> Self:
        """Learns from X (numpy, pandas, polars, Arrow) and y. `eval_set` is (X, y) or a list of such: early_stopping_round looks at them."""
        table = self._table(X, reset=True)
        self._learn_classes(y)
        options = self._options()
        if self.objective is None:
            options.append(("objective", "binary" if len(self.classes_) <= 2 else "multiclass"))
        if len(self.classes_) > 2:
            options.append(("num_class", str(len(self.classes_))))
        return self._fit(table, y, sample_weight, eval_set, eval_sample_weight, eval_names, options)

    def _learn_classes(self, y):
        labels = self._labels(y)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError(f"y has 1 class, {self.classes_[0]!r}; a classifier needs rows of two classes")

    def _encode(self, y, known=False):
        labels = self._labels(y)
        at = np.searchsorted(self.classes_, labels)
        if known:
            wrong = (at == len(self.classes_)) | (self.classes_[np.minimum(at, len(self.classes_) - 1)] != labels)
            if wrong.any():
                raise ValueError(f"eval_set: {labels[wrong][0]!r} is no class of the training labels; accepted: {list(self.classes_)}")
        return np.ascontiguousarray(at, dtype=np.float64)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """rows x classes, in the order of classes_."""
        scores = self._scores(X)
        return np.column_stack([1.0 - scores, scores]) if scores.shape[1] == 1 else scores

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """The margins before the link: one a row, or one a class."""
        scores = self._scores(X, margins=True)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row."""
        scores = self._scores(X)
        return self.classes_[np.argmax(scores, axis=1) if scores.shape[1] > 1 else (scores[:, 0] > 0.5).astype(int)]


class Regressor(RegressorMixin, _Boosted):
    """Boosted trees for numbers. Parameters: docs/parameters.md; `objective` None is regression; poisson, quantile, ... by name."""

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        eval_set: EvalSet = None,
        eval_sample_weight: Any = None,
        eval_names: Sequence[str] | None = None,
    ) -> Self:
        """Learns from X (numpy, pandas, polars, Arrow) and y. `eval_set` is (X, y) or a list of such: early_stopping_round looks at them."""
        table = self._table(X, reset=True)
        options = self._options()
        if self.objective is None:
            options.append(("objective", "regression"))
        return self._fit(table, y, sample_weight, eval_set, eval_sample_weight, eval_names, options)

    def _encode(self, y, known=False):
        return np.ascontiguousarray(self._labels(y), dtype=np.float64)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The predictions, one a row."""
        return self._scores(X)[:, 0]
