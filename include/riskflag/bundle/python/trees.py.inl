R"py(
"""model.json's trees for many rows at once.

A row's leaf in a tree is a small number e, at first 0. Nodes are visited parents first; a row is at a node when e is the
first leaf below it, and goes right by taking the first leaf of the right side. So a node is four operations on arrays of
bytes, whatever the depth.
"""
import numpy as np

from . import exact

_ZERO_BAND = float(np.float32(1e-35))
_BLOCK = 8192  # rows at a time: the bytes of a block stay in the processor's first caches


def _double(x):
    return float(x)  # "inf" and "-inf" are strings there


class Trees:
    def __init__(self, model):
        self.outputs = model["num_outputs"]
        self.base = [_double(x) for x in model["base_margin"]]
        self.average = model["average_output"]
        self.floats = model["float32_inputs"]
        self.objective = model["objective"]
        self.features = len(model["features"])
        self.columns = {}  # (feature, missing rule, default left) -> place among the ranks
        self.sets = {}  # (feature, words, default left) -> place among the flags
        self.thresholds = [set() for _ in range(self.features)]
        for tree in model["trees"]:
            for i, kind in enumerate(tree["decision_type"]):
                if not kind & 1:
                    self.thresholds[tree["feature"][i]].add(_double(tree["threshold"][i]) + 0.0)
        self.thresholds = [np.array(sorted(values)) for values in self.thresholds]
        self.trees = [self._program(tree) for tree in model["trees"]]
        self.linear = [self._linear(tree) for tree in model["trees"]]
        self.tables = {key: self._table(key[1]) for key in self.sets}
        widest = max((len(t) for t in self.thresholds), default=0)
        self.rank_type = np.uint8 if widest < 255 else np.uint16 if widest < 65535 else np.uint32

    @staticmethod
    def _left_to_right(tree):
        """The leaves in their order, and the first of each node's own and of its right side's."""
        left, right = tree["left"], tree["right"]
        order, first, of_right = [], [0] * len(left), [0] * len(left)
        stack = [(0 if left else -1, False)]
        while stack:
            at, done = stack.pop()
            if at < 0:
                order.append(-1 - at)
                continue
            if done:
                of_right[at] = len(order)
                continue
            first[at] = len(order)
            stack.append((right[at], False))
            stack.append((at, True))
            stack.append((left[at], False))
        return order, first, of_right

    def _linear(self, tree):
        """Of each leaf, from left to right: its constant and its (feature, coefficient)s; None for a tree of constants."""
        if "linear" not in tree:
            return None
        own = tree["linear"]
        return [(_double(own["constant"][i]), list(zip(own["features"][i], map(_double, own["coefficients"][i]))))
                for i in self._left_to_right(tree)[0]]

    def _program(self, tree):
        leaves = np.array([_double(x) for x in tree["leaf"]])
        feature = tree["feature"]
        count = len(feature)
        if count == 0:
            return [], leaves, np.uint8
        order, first, of_right = self._left_to_right(tree)
        steps = []
        for i in range(count):
            kind = tree["decision_type"][i]
            default_left = bool(kind & 2)
            if kind & 1:
                words = tuple(tree["category_sets"][tree["category_set"][i]])
                key = (feature[i], words, default_left)
                place = self.sets.setdefault(key, len(self.sets))
                steps.append((-1 - place, 0, first[i], of_right[i]))
            else:
                key = (feature[i], kind >> 2 & 3, default_left)
                place = self.columns.setdefault(key, len(self.columns))
                rank = int(np.searchsorted(self.thresholds[feature[i]], _double(tree["threshold"][i]) + 0.0))
                steps.append((place, rank, first[i], of_right[i]))
        small = len(leaves) <= 256
        return steps, leaves[np.array(order)], np.uint8 if small else np.uint16 if len(leaves) <= 65536 else np.uint32

    def _ranks(self, x):
        """One array a column: how many thresholds lie below the value, so that rank > k says value > threshold k."""
        out = [None] * len(self.columns)
        for (feature, rule, default_left), place in self.columns.items():
            value = x[:, feature]
            missing = np.isnan(value)
            if rule == 0:
                rank = np.searchsorted(self.thresholds[feature], np.where(missing, 0.0, value), side="left")
            else:
                if rule == 1:
                    missing = missing | (np.abs(np.where(missing, 1.0, value)) <= _ZERO_BAND)
                rank = np.searchsorted(self.thresholds[feature], np.where(missing, 0.0, value), side="left")
                rank = np.where(missing, 0 if default_left else len(self.thresholds[feature]), rank)
            out[place] = rank.astype(self.rank_type)
        return out

    @staticmethod
    def _table(words):
        """Level -> is in the set; the last entry is for every other value."""
        return np.array([words[i // 32] >> (i % 32) & 1 for i in range(32 * len(words))] + [0], dtype=bool)

    def _flags(self, x):
        """One array a set of levels: 1 where the row goes right."""
        out = [None] * len(self.sets)
        codes = {}  # (feature, size) -> place in a table so long, and which rows miss it
        for key, place in self.sets.items():
            feature, _, default_left = key
            table = self.tables[key]
            size = len(table) - 1
            if (feature, size) not in codes:
                value = x[:, feature]
                missing = np.isnan(value)
                inside = ~missing & (value < size) & (value >= 0 if self.floats else value > -1)
                codes[feature, size] = np.where(inside, value, size).astype(np.int64), missing
            code, missing = codes[feature, size]
            right = ~table[code]
            right[missing] = not default_left
            out[place] = right
        return out

    @staticmethod
    def _outputs(linear, leaves, e, x):
        """What a tree of linear leaves adds to rows that fall into the leaves e."""
        out = leaves[e]
        for leaf, (constant, terms) in enumerate(linear):
            rows = np.flatnonzero(e == leaf)
            value = np.full(len(rows), constant)
            missing = np.zeros(len(rows), dtype=bool)
            for feature, coefficient in terms:
                cells = x[rows, feature]
                missing |= np.isnan(cells)
                value = value + coefficient * np.where(np.abs(cells) <= _ZERO_BAND, 0.0, cells)
            out[rows[~missing]] = value[~missing]
        return out

    def margins(self, features):
        """Rows x outputs, before the link."""
        rows = len(features)
        out = np.empty((rows, self.outputs))
        for begin in range(0, rows, _BLOCK):
            x = features[begin : begin + _BLOCK]
            if self.floats:
                x = x.astype(np.float32).astype(np.float64)
            n = len(x)
            ranks, flags = self._ranks(x), self._flags(x)
            sums = [np.full(n, 0.0 if self.average else self.base[k]) for k in range(self.outputs)]
            at = np.empty(n, dtype=bool)
            right = np.empty(n, dtype=bool)
            for t, (steps, leaves, kind) in enumerate(self.trees):
                e = np.zeros(n, dtype=kind)
                move = np.empty(n, dtype=kind)
                for place, rank, first, of_right in steps:
                    np.equal(e, kind(first), out=at)
                    if place >= 0:
                        np.greater(ranks[place], self.rank_type(rank), out=right)
                        np.logical_and(at, right, out=at)
                    else:
                        np.logical_and(at, flags[-1 - place], out=at)
                    np.multiply(at, kind(of_right - first), out=move)
                    np.add(e, move, out=e)
                k = t % self.outputs
                if self.linear[t] is None:
                    sums[k] = sums[k] + leaves[e]
                else:
                    with np.errstate(over="ignore", invalid="ignore"):
                        sums[k] = sums[k] + self._outputs(self.linear[t], leaves, e, x)
            for k in range(self.outputs):
                if self.average:
                    each = len(range(k, len(self.trees), self.outputs))
                    sums[k] = self.base[k] + (sums[k] / each if each else 0.0)
                out[begin : begin + n, k] = sums[k] + 0.0  # -0 becomes 0
        return out

    def predict(self, features):
        """Rows x outputs, after the link."""
        margins = self.margins(features)
        name, scale = self.objective["name"], _double(self.objective["sigmoid"])
        if name in ("binary", "cross_entropy", "multiclassova"):
            return exact.sigmoid(scale * margins)
        if name in ("poisson", "gamma", "tweedie"):
            return exact.exp(margins)
        if name == "cross_entropy_lambda":
            return np.where(margins > 700.0, margins, exact.log1p(exact.exp(np.minimum(margins, 700.0))))
        if name == "multiclass":
            return exact.softmax(margins)
        return margins
)py"
