"""The parameters of the estimators: LightGBM's names and defaults, docs/parameters.md (tests/delivery/test_python.py holds the two together)."""

from collections.abc import Mapping, Sequence

from sklearn.base import BaseEstimator


class Parameters(BaseEstimator):
    """Training options as scikit-learn wants them: named one by one, stored as they came.

    `objective=None` is binary or multiclass by the labels (Classifier), or regression (Regressor); `num_class` follows from the labels;
    `num_threads=0` means all cores and changes no result.
    """

    def __init__(
        self,
        *,
        objective: str | None = None,
        num_iterations: int = 100,
        learning_rate: float = 0.1,
        num_leaves: int = 31,
        max_depth: int = -1,
        min_data_in_leaf: int = 20,
        min_sum_hessian_in_leaf: float = 1e-3,
        lambda_l1: float = 0.0,
        lambda_l2: float = 0.0,
        min_gain_to_split: float = 0.0,
        max_bin: int = 255,
        min_data_in_bin: int = 3,
        bin_construct_sample_cnt: int = 200000,
        boost_from_average: bool = True,
        scale_pos_weight: float = 1.0,
        feature_fraction: float = 1.0,
        bagging_fraction: float = 1.0,
        bagging_freq: int = 0,
        max_cat_to_onehot: int = 4,
        max_cat_threshold: int = 32,
        cat_smooth: float = 10.0,
        cat_l2: float = 10.0,
        min_data_per_group: int = 100,
        metric: str | Sequence[str] | None = None,
        early_stopping_round: int = 0,
        early_stopping_min_delta: float = 0.0,
        first_metric_only: bool = False,
        seed: int = 42,
        grow_policy: str = "leafwise",
        max_delta_step: float = 0.0,
        feature_fraction_bynode: float = 1.0,
        extra_trees: bool = False,
        is_unbalance: bool = False,
        pos_bagging_fraction: float = 1.0,
        neg_bagging_fraction: float = 1.0,
        monotone_constraints: Sequence[int] | None = None,
        monotone_constraints_method: str = "basic",
        interaction_constraints: Sequence[Sequence[str]] | None = None,
        max_bin_by_feature: Sequence[int] | None = None,
        alpha: float = 0.9,
        poisson_max_delta_step: float = 0.7,
        tweedie_variance_power: float = 1.5,
        zero_as_missing: bool = False,
        bagging_by_query: bool = False,
        cegb_tradeoff: float = 1.0,
        cegb_penalty_split: float = 0.0,
        feature_contri: Sequence[float] | None = None,
        cegb_penalty_feature_coupled: Sequence[float] | None = None,
        cegb_penalty_feature_lazy: Sequence[float] | None = None,
        forced_bins: Mapping[str, Sequence[float]] | None = None,
        num_threads: int = 0,
    ) -> None:
        self.objective = objective
        self.num_iterations = num_iterations
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_data_in_leaf = min_data_in_leaf
        self.min_sum_hessian_in_leaf = min_sum_hessian_in_leaf
        self.lambda_l1 = lambda_l1
        self.lambda_l2 = lambda_l2
        self.min_gain_to_split = min_gain_to_split
        self.max_bin = max_bin
        self.min_data_in_bin = min_data_in_bin
        self.bin_construct_sample_cnt = bin_construct_sample_cnt
        self.boost_from_average = boost_from_average
        self.scale_pos_weight = scale_pos_weight
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.bagging_freq = bagging_freq
        self.max_cat_to_onehot = max_cat_to_onehot
        self.max_cat_threshold = max_cat_threshold
        self.cat_smooth = cat_smooth
        self.cat_l2 = cat_l2
        self.min_data_per_group = min_data_per_group
        self.metric = metric
        self.early_stopping_round = early_stopping_round
        self.early_stopping_min_delta = early_stopping_min_delta
        self.first_metric_only = first_metric_only
        self.seed = seed
        self.grow_policy = grow_policy
        self.max_delta_step = max_delta_step
        self.feature_fraction_bynode = feature_fraction_bynode
        self.extra_trees = extra_trees
        self.is_unbalance = is_unbalance
        self.pos_bagging_fraction = pos_bagging_fraction
        self.neg_bagging_fraction = neg_bagging_fraction
        self.monotone_constraints = monotone_constraints
        self.monotone_constraints_method = monotone_constraints_method
        self.interaction_constraints = interaction_constraints
        self.max_bin_by_feature = max_bin_by_feature
        self.alpha = alpha
        self.poisson_max_delta_step = poisson_max_delta_step
        self.tweedie_variance_power = tweedie_variance_power
        self.zero_as_missing = zero_as_missing
        self.bagging_by_query = bagging_by_query
        self.cegb_tradeoff = cegb_tradeoff
        self.cegb_penalty_split = cegb_penalty_split
        self.feature_contri = feature_contri
        self.cegb_penalty_feature_coupled = cegb_penalty_feature_coupled
        self.cegb_penalty_feature_lazy = cegb_penalty_feature_lazy
        self.forced_bins = forced_bins
        self.num_threads = num_threads

    def _options(self):
        """Every parameter that is not None as the library reads it: name and text."""
        return [(name, _text(value)) for name, value in self.get_params(deep=False).items() if name != "num_threads" and value is not None]


def _text(value):
    """LightGBM's text of a value: true, 0.5, 1,0,-1 or [a,b],[c]; a dict of lists is [key,bound,bound],..."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = [[key, *(bounds if isinstance(bounds, (list, tuple)) else [bounds])] for key, bounds in value.items()]
    if isinstance(value, (list, tuple)) or hasattr(value, "__array__") and getattr(value, "ndim", 0) == 1:
        return ",".join(f"[{_text(part)}]" if isinstance(part, (list, tuple)) else _text(part) for part in value)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "true" if value else "false"
    try:
        return repr(int(value)) if int(value) == value and not isinstance(value, float) else repr(float(value))
    except (TypeError, ValueError):
        return str(value)  # the library says what it would accept
