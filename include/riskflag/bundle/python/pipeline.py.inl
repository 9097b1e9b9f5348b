R"py(
"""pipeline.json's operations on whole columns (docs/formats/pipeline.md): the same operations, the same bits."""
import numpy as np

from . import exact


def _number(x):
    return np.nan if x is None else float(x)


def _finite(x):
    return np.where(np.isfinite(x), x, np.nan)


def _lookup(op, x):
    table = np.array([_number(v) for v in op["table"]] + [_number(op["unseen"]), _number(op["missing"])])
    size = len(table) - 2
    missing = np.isnan(x)
    inside = ~missing & ~(x < 0) & (x < size)
    return table[np.where(inside, x, np.where(missing, size + 1, size)).astype(np.int64)]


def _formula(op, slots, n):
    stack = []
    for token in op["program"]:
        if isinstance(token, dict):
            stack.append(_finite(slots[token["slot"]]))
        elif not isinstance(token, str) or token in ("inf", "-inf"):
            stack.append(np.full(n, _number(token)))
        elif token in ("negate", "log", "log1p", "abs"):
            x = stack.pop()
            if token == "negate":
                y = -x
            elif token == "abs":
                y = np.where(x < 0, -x, x)
            elif token == "log":
                y = np.where(x > 0, exact.log(np.where(x > 0, x, 1.0)), np.nan)
            else:
                y = np.where(x > -1, exact.log1p(np.where(x > -1, x, 0.0)), np.nan)
            stack.append(_finite(y))
        else:
            y, x = stack.pop(), stack.pop()
            if token == "if_missing":
                stack.append(np.where(np.isnan(x), y, x))
                continue
            if token == "+":
                z = x + y
            elif token == "-":
                z = x - y
            elif token == "*":
                z = x * y
            elif token == "/":
                z = np.where(y != 0, x / np.where(y == 0, 1.0, y), np.nan)
            elif token == "min":
                z = np.where(y < x, y, x)
            elif token == "max":
                z = np.where(y > x, y, x)
            else:
                raise ValueError(f"pipeline.json: unknown token {token!r}; use a newer riskflag")
            stack.append(np.where(np.isnan(x) | np.isnan(y), np.nan, _finite(z)))
    return stack.pop()


class Pipeline:
    def __init__(self, document):
        if document["format"] != 1:
            raise ValueError(f"pipeline.json: format {document['format']}, this code reads 1; use a newer riskflag")
        self.inputs = [field["name"] for field in document["inputs"]]
        self.operations = document["operations"]
        self.slots = [feature["slot"] for feature in document["features"]]

    def transform(self, fields):
        """`fields`: one array of doubles for each input. Rows x features."""
        slots = dict(enumerate(fields))
        n = len(fields[0]) if fields else 0
        for op in self.operations:
            kind, out = op["op"], op["out"]
            if kind == "formula":
                slots[out] = _formula(op, slots, n)
                continue
            x = slots[op["in"]]
            missing = np.isnan(x)
            if kind == "fill":
                slots[out] = np.where(missing, _number(op["value"]), x)
            elif kind == "missing_flag":
                slots[out] = missing.astype(np.float64)
            elif kind == "clip":
                low, high = float(op["low"]), float(op["high"])
                slots[out] = np.where(x < low, low, np.where(x > high, high, x))
            elif kind == "log1p":
                slots[out] = _finite(np.where(x > -1, exact.log1p(np.where(x > -1, x, 0.0)), np.nan))
            elif kind == "scale":
                slots[out] = (x - float(op["mean"])) / float(op["scale"])
            elif kind == "lookup":
                slots[out] = _lookup(op, x)
            elif kind == "one_hot":
                column = _lookup(op, x)
                for k in range(op["count"]):
                    slots[out + k] = (column == k).astype(np.float64)
            elif kind == "bin":
                edges = np.array([float(e) for e in op["edges"]])
                slots[out] = np.where(missing, np.nan, np.searchsorted(edges, np.where(missing, 0.0, x), side="right"))
            elif kind == "drop_special":
                slots[out] = np.where(np.isin(x, [float(c) for c in op["codes"]]), np.nan, x)
            elif kind == "special_level":
                level = np.where(missing, np.nan, 0.0)
                for k, code in enumerate(op["codes"]):
                    level = np.where(x == float(code), k + 1.0, level)
                slots[out] = level
            elif kind == "known_level":
                slots[out] = np.where(x < 0, np.nan, x)
            else:
                raise ValueError(f"pipeline.json: unknown operation {kind!r}; use a newer riskflag")
        columns = [slots[slot] for slot in self.slots]
        return np.stack(columns, axis=1) if columns else np.empty((n, 0))
)py"
