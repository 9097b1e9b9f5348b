"""Between which floats a library that adds and links in floats must be, given the margins in double."""
import numpy as np

LINKS_IN_FLOATS = ("binary", "cross_entropy", "poisson", "multiclass", "multiclassova")  # the others' predictions are the margins


def float_sum_error(trees, sizes):
    """The most by which a float sum of leaves, in any order, is off: each leaf is rounded once, and each of the trees - 1 additions once more,
    by 2^-24 of what is added up at most (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 4.2). The rest: leaves that
    are no normal floats. `sizes`: the sums of |leaf|."""
    rounded = trees * 2.0**-24
    return rounded / (1 - rounded) * sizes + trees * 2.0**-126


def share(own, others):
    """Softmax of rows x outputs with other margins for the own class than for the rest."""
    powers = np.exp(others[:, None, :] - own[:, :, None])
    classes = np.arange(own.shape[1])
    powers[:, classes, classes] = 1
    return 1 / powers.sum(axis=2)


def linked(objective, sigmoid, low, high):
    """The least and the greatest prediction for margins between `low` and `high`, rows x outputs."""
    with np.errstate(over="ignore"):
        if objective in ("binary", "cross_entropy", "multiclassova"):
            return 1 / (1 + np.exp(-sigmoid * low)), 1 / (1 + np.exp(-sigmoid * high))
        if objective == "poisson":
            return np.exp(low), np.exp(high)
        if objective == "multiclass":
            return share(low, high), share(high, low)
    return low, high


def outside(got, low, high):
    """The first of the floats `got` that are not between two doubles, in words; infinite is right where those are beyond the floats."""
    assert got.dtype == np.float32, got.dtype
    with np.errstate(over="ignore"):
        low, high = low.astype(np.float32), high.astype(np.float32)
    got = got.reshape(low.shape)
    wrong = ~((low <= got) & (got <= high))
    return f"{got[wrong][:3]} outside {low[wrong][:3]} to {high[wrong][:3]}" if wrong.any() else ""
