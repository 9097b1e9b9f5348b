"""Credit-risk models: boosted trees with the same bits everywhere, and model directories that are ready to serve."""

from ._bundle import Bundle
from ._estimators import Classifier, Regressor
from ._native import version as __version__

__all__ = ["Bundle", "Classifier", "Regressor", "__version__"]
