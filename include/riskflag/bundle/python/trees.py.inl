R"py(
"""model.json's trees for many rows at once: QuickScorer (Lucchese et al., SIGIR 2015), with a table a feature for its lists.

Every node strikes out the leaves of the side that a row does not take; the leaf that is left of a tree is the row's. What a feature's
nodes strike out depends on one value alone, and alike for all values between two neighbouring thresholds. So a feature has a table: a
row for each such interval, and in it a mask for each 32 leaves of each tree, side by side. A row of data takes one row of each table.
"""
import numpy as np

from . import exact

_ZERO_BAND = float(np.float32(1e-35))
_WORD = 32  # leaves in a mask
_GROUP = 64  # masks side by side: a group's tables stay in the processor's caches
_BLOCK = 1024  # rows at a time


def _double(x):
    return float(x)  # "inf" and "-inf" are strings there


class Node:
    """Where values go, by docs/formats/model.md. `feature`, is it `categorical`: the column that it asks."""

    def __init__(self, tree, i):
        kind = tree["decision_type"][i]
        self.feature, self.categorical = tree["feature"][i], bool(kind & 1)
        self.default_right, self.rule = not kind & 2, kind >> 2 & 3
        if self.categorical:
            words = np.array(tree["category_sets"][tree["category_set"][i]], dtype="<u4")
            self.levels = np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)
        else:
            self.threshold = _double(tree["threshold"][i]) + 0.0

    def cuts(self):
        """Between two neighbours of these, and on the upper one, all values go the same way."""
        if self.categorical:
            return np.arange(len(self.levels), dtype=np.float64)
        return [self.threshold, *((np.nextafter(-_ZERO_BAND, -1), _ZERO_BAND) if self.rule == 1 else ())]

    def goes_right(self, x):
        missing = np.isnan(x)
        if self.categorical:
            inside = x < len(self.levels)
            right = ~inside
            right[inside] = ~self.levels[x[inside].astype(np.int64)]
        else:
            right = np.where(missing, 0.0, x) > self.threshold
            if self.rule == 0:
                return right
            if self.rule == 1:
                missing = missing | (np.abs(x) <= _ZERO_BAND)
        right[missing] = self.default_right
        return right


class Column:
    """The values of one feature that its nodes tell apart."""

    def __init__(self, nodes):
        self.cuts = np.unique(np.concatenate([node.cuts() for node in nodes]))
        self.values = np.append(self.cuts, [np.inf, np.nan])  # one for each place

    def places(self, x):
        missing = np.isnan(x)
        return np.where(missing, len(self.cuts) + 1, np.searchsorted(self.cuts, np.where(missing, 0.0, x)))


class Group:
    """Some masks, the leaves behind them and the tables that strike them out."""

    def __init__(self, leaves, linear, nodes, columns):
        """`leaves`: those of each mask. `linear`: what they add instead, or None. `nodes`: (node, first mask, masks where it goes left, masks
        where right)."""
        self.all = np.array([(1 << len(values)) - 1 for values in leaves], dtype=np.uint32)
        table = np.zeros((len(leaves), 1 + _WORD))  # at first what a mask without a leaf adds
        for row, values in zip(table, leaves):
            row[1 : 1 + len(values)] = values
        self.leaves = table.ravel()
        self.linear = [(mask, own) for mask, own in enumerate(linear) if own is not None]
        self.at = np.arange(len(leaves)) * (1 + _WORD) - 1022  # of a double its exponent is 1022 more than the bit's number from 1 on
        asked = {}
        for entry in nodes:
            asked.setdefault((entry[0].feature, entry[0].categorical), []).append(entry)
        self.tables = []  # (column, its places -> rows of the table, table)
        for key, entries in asked.items():
            column = Column([entry[0] for entry in entries])
            masks = np.full((len(column.values), len(leaves)), 0xFFFFFFFF, dtype=np.uint32)
            for node, first, left, right in entries:
                masks[:, first : first + len(left)] &= np.where(node.goes_right(column.values)[:, None], right, left)
            self.tables.append((key, column.places(columns[key].values).astype(np.intp), masks))

    def add_to(self, sums, places, x):
        """`sums` and the leaves of every tree, one after the other."""
        left = np.empty((len(sums), len(self.all)), dtype=np.uint32)
        left[:] = self.all
        struck = np.empty_like(left)
        for key, rows, masks in self.tables:
            np.take(masks, rows[places[key]], axis=0, out=struck, mode="clip")
            np.bitwise_and(left, struck, out=left)
        at = left.astype(np.float64).view(np.int64)  # a power of two, or 0: the exponent is the place of the bit
        at >>= 52
        np.maximum(at, 1022, out=at)
        at += self.at
        values = self.leaves.take(at)
        for mask, own in self.linear:
            for leaf, terms in enumerate(own, mask * (1 + _WORD) + 1):
                rows = np.flatnonzero(at[:, mask] == leaf)
                values[rows, mask] = _linear(*terms, x[rows], self.leaves[leaf])
        values[:, 0] += sums
        return np.add.accumulate(values, axis=1, out=values)[:, -1]


def _linear(constant, terms, x, otherwise):
    """What a linear leaf adds to rows that fall into it: `otherwise` where one of its values is missing."""
    value, missing = np.full(len(x), constant), np.zeros(len(x), dtype=bool)
    for feature, coefficient in terms:
        cells = x[:, feature]
        missing |= np.isnan(cells)
        value = value + coefficient * np.where(np.abs(cells) <= _ZERO_BAND, 0.0, cells)
    return np.where(missing, otherwise, value)


def _bits(first, count):
    return ((1 << count) - 1) << first


def _masks(struck, count):
    """All leaves but those, in words."""
    kept = _bits(0, _WORD * count) & ~struck
    return np.frombuffer(kept.to_bytes(4 * count, "little"), dtype="<u4")


def _program(tree, word):
    """The leaves from left to right, and (node, first mask, masks where it goes left, masks where right); the tree's first mask is `word`."""
    left, right = tree["left"], tree["right"]
    order, size = [0] * len(tree["leaf"]), [0] * len(left)
    size_of = lambda child: size[child] if child >= 0 else 1
    for i in reversed(range(len(left))):  # parents stand before their children
        size[i] = size_of(left[i]) + size_of(right[i])
    first, nodes = [0] * len(left), []
    for i in range(len(left)):
        begin, middle, end = first[i], first[i] + size_of(left[i]), first[i] + size[i]
        for child, at in ((left[i], begin), (right[i], middle)):
            if child >= 0:
                first[child] = at
            else:
                order[at] = -1 - child
        skipped = begin // _WORD
        words, shift = (end - 1) // _WORD + 1 - skipped, _WORD * skipped
        nodes.append((Node(tree, i), word + skipped, _masks(_bits(middle - shift, end - middle), words),
                      _masks(_bits(begin - shift, middle - begin), words)))
    return order, nodes


def _groups(trees):
    """(leaves of each mask, linear ones or None, nodes) of so many masks a group."""
    masks, linear, groups = [], [], []
    for tree in trees:
        order, nodes = _program(tree, len(masks))
        own = tree.get("linear")
        for i in range(0, len(order), _WORD):
            here = order[i : i + _WORD]
            masks.append([_double(tree["leaf"][k]) for k in here])
            linear.append(own and [(_double(own["constant"][k]), list(zip(own["features"][k], map(_double, own["coefficients"][k])))) for k in here])
        while len(groups) * _GROUP < len(masks):
            groups.append([])
        for node, first, left, right in nodes:
            for g in range(first // _GROUP, (first + len(left) - 1) // _GROUP + 1):
                begin, end = max(first, g * _GROUP), min(first + len(left), (g + 1) * _GROUP)
                groups[g].append((node, begin - g * _GROUP, left[begin - first : end - first], right[begin - first : end - first]))
    part = lambda values, g: values[g * _GROUP : (g + 1) * _GROUP]
    return [(part(masks, g), part(linear, g), nodes) for g, nodes in enumerate(groups)]


class Trees:
    def __init__(self, model):
        self.outputs = model["num_outputs"]
        self.base = [_double(x) for x in model["base_margin"]]
        self.average = model["average_output"]
        self.floats = model["float32_inputs"]
        self.objective = model["objective"]
        self.count = [len(model["trees"][k :: self.outputs]) for k in range(self.outputs)]
        drafts = [_groups(model["trees"][k :: self.outputs]) for k in range(self.outputs)]
        asked = {}
        for draft in drafts:
            for _, _, nodes in draft:
                for node, *_ in nodes:
                    asked.setdefault((node.feature, node.categorical), []).append(node)
        self.columns = {key: Column(nodes) for key, nodes in asked.items()}
        self.groups = [[Group(*group, self.columns) for group in draft] for draft in drafts]

    def _places(self, x):
        """(feature, categorical) -> of each row the place of its value."""
        out = {}
        for key, column in self.columns.items():
            value = x[:, key[0]]
            if key[1]:  # cut to an integer; what is no level is beyond all of them
                known = np.isnan(value) | (value >= 0 if self.floats else value > -1)
                value = np.where(known, np.trunc(value), np.inf)
            out[key] = column.places(value)
        return out

    def margins(self, features):
        """Rows x outputs, before the link."""
        rows = len(features)
        out = np.empty((rows, self.outputs))
        for begin in range(0, rows, _BLOCK):
            x = features[begin : begin + _BLOCK]
            if self.floats:
                x = x.astype(np.float32).astype(np.float64)
            places = self._places(x)
            for k in range(self.outputs):
                sums = np.full(len(x), 0.0 if self.average else self.base[k])
                with np.errstate(over="ignore", invalid="ignore"):  # of linear leaves
                    for group in self.groups[k]:
                        sums = group.add_to(sums, places, x)
                if self.average:
                    sums = self.base[k] + (sums / self.count[k] if self.count[k] else 0.0)
                out[begin : begin + len(x), k] = sums + 0.0  # -0 becomes 0
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
