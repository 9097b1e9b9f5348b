"""scikit-learn's histogram gradient boosting and forests for riskflag-import: copy this file beside your training script.

    from export_sklearn import export
    export(fitted, "model.json", recipe="recipe.json")
    # riskflag-import --from model.json --recipe recipe.json --data train.csv --target default --output model

`fitted` is a HistGradientBoosting*, RandomForest* or ExtraTrees* estimator, or a Pipeline whose last step is one and whose earlier steps are
SimpleImputer, StandardScaler, OrdinalEncoder, OneHotEncoder or a ColumnTransformer of these, on named columns; what riskflag has no step for is
refused with a sentence. The trees are carried over as they are, in riskflag's own model file; the preparation becomes a recipe, which
riskflag-import fits on --data: give it the rows that scikit-learn was fitted on.
"""
import hashlib
import json

import numpy as np


class NotExportable(ValueError):
    """What riskflag cannot say, and what to do instead."""


def export(fitted, path, recipe=None, feature_names=None):
    """Writes `fitted` to `path`, and its preparation, if it has one, to `recipe`. `feature_names`: of an estimator fitted on an array."""
    steps = [step for _, step in fitted.steps] if hasattr(fitted, "steps") else [fitted]
    *transformers, estimator = steps
    names = feature_names
    if transformers:
        if recipe is None:
            raise NotExportable("the pipeline prepares its columns: name a file for the recipe")
        columns = getattr(fitted, "feature_names_in_", None)
        if columns is None:
            raise NotExportable("the pipeline was fitted on an array; fit it on a DataFrame, so that its columns have names")
        plan = Plan([str(column) for column in columns])
        for transformer in transformers:
            plan.add(transformer)
        names = [column.name for column in plan.columns]
        with open(recipe, "w", encoding="utf-8") as file:
            json.dump({"format": 1, "steps": plan.steps}, file, indent=1)
    if names is None:
        names = getattr(estimator, "feature_names_in_", [f"f{i}" for i in range(estimator.n_features_in_)])
    names = [str(name) for name in names]
    if len(names) != estimator.n_features_in_:
        raise NotExportable(f"there are {len(names)} names and {estimator.n_features_in_} features; name each of them, in order")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise NotExportable(f"two features have the name {twice[0]!r}; give each a name of its own; a column used twice: a copy")
    kind = type(estimator).__name__
    if kind.startswith("HistGradientBoosting"):
        model = boosting(estimator, names)
    elif kind.removesuffix("Classifier").removesuffix("Regressor") in ("RandomForest", "ExtraTrees"):
        model = forest(estimator, names)
    else:
        raise NotExportable(f"{kind} is not read; HistGradientBoosting*, RandomForest* and ExtraTrees* are")
    if transformers:
        for feature, column in zip(model["features"], plan.columns, strict=True):
            feature["fields"] = [column.field]
    write(model, path)


def write(model, path):
    """riskflag's model file (docs/formats/model.md): its last member is the SHA-256 of all bytes before it."""
    text = json.dumps(model, indent=1, ensure_ascii=False, allow_nan=False)[:-2] + ",\n  "
    digest = hashlib.sha256(text.encode()).hexdigest()
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f'{text}"sha256": "{digest}"\n}}\n')


def number(x):
    x = float(x)
    return x if np.isfinite(x) else "inf" if x > 0 else "-inf"


def document(objective, outputs, base, trees, names, levels, average, float32):
    return {
        "format": 1, "objective": {"name": objective, "sigmoid": 1.0, "parameter": 0.0}, "num_outputs": outputs,
        "base_margin": [float(x) for x in base], "leaf_grid": 0.0, "average_output": average, "float32_inputs": float32,
        "best_iteration": len(trees) // outputs, "data_digest": "", "schema_digest": "", "options": [],
        "features": [{"name": name, "type": "numeric" if own is None else "categorical", "levels": own or [], "fields": [name]}
                     for name, own in zip(names, levels, strict=True)],
        "history": {"names": [], "values": []}, "trees": trees}


def tree(root, inner, question, leaf):
    """One tree. `root` and the children that question(i) names are the library's numbers; parents come before their children here."""
    order = [root]
    for i in order:
        if inner(i):
            order += question(i)["children"]
    nodes, leaves = [i for i in order if inner(i)], [i for i in order if not inner(i)]
    number_of = {i: place for place, i in enumerate(nodes)} | {i: -1 - place for place, i in enumerate(leaves)}
    asked = [question(i) for i in nodes]
    out = {"feature": [q["feature"] for q in asked], "threshold": [number(q["threshold"]) for q in asked],
           "decision_type": [(1 if q["set"] is not None else 0) | (2 if q["default_left"] else 0) | 8 for q in asked],
           "left": [number_of[q["children"][0]] for q in asked], "right": [number_of[q["children"][1]] for q in asked],
           "gain": [max(float(q["gain"]), 0.0) for q in asked], "count": [float(q["count"]) for q in asked], "value": [float(q["value"]) for q in asked],
           "leaf": [leaf(i)[0] for i in leaves], "leaf_count": [leaf(i)[1] for i in leaves]}
    sets = [q["set"] for q in asked if q["set"] is not None]
    if sets:
        places = iter(range(len(sets)))
        out["category_set"] = [next(places) if q["set"] is not None else 0 for q in asked]
        out["category_sets"] = sets
    return out


def boosting(estimator, names):
    loss = estimator._loss.__class__.__name__
    objective = {"HalfBinomialLoss": "binary", "HalfMultinomialLoss": "multiclass", "HalfPoissonLoss": "poisson", "HalfGammaLoss": "gamma",
                 "HalfSquaredError": "regression", "AbsoluteError": "regression", "PinballLoss": "regression"}.get(loss)
    if objective is None:
        raise NotExportable(f"the loss {loss} has no link here")
    # Categorical columns come first, in scikit-learn's own order of the prepared columns.
    categorical = np.zeros(len(names), dtype=bool) if estimator.is_categorical_ is None else np.asarray(estimator.is_categorical_)
    place = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)]) if categorical.any() else np.arange(len(names))
    levels = [None] * len(names)
    if categorical.any():
        encoder = estimator._preprocessor.named_transformers_["encoder"]
        for f, known in zip(np.flatnonzero(categorical), encoder.categories_):
            levels[f] = [text(level) for level in known if not is_gap(level)]
    trees = []
    for iteration in estimator._predictors:
        for predictor in iteration:
            nodes = predictor.nodes

            def question(i, nodes=nodes, predictor=predictor):
                node = nodes[i]
                words = [int(word) for word in predictor.raw_left_cat_bitsets[node["bitset_idx"]]] if node["is_categorical"] else None
                return {"feature": int(place[node["feature_idx"]]), "threshold": 0.0 if node["is_categorical"] else node["num_threshold"], "set": words,
                        "default_left": bool(node["missing_go_to_left"]), "children": [int(node["left"]), int(node["right"])],
                        "gain": node["gain"], "count": node["count"], "value": node["value"]}

            trees.append(tree(0, lambda i, nodes=nodes: not nodes[i]["is_leaf"], question,
                              lambda i, nodes=nodes: (float(nodes[i]["value"]), float(nodes[i]["count"]))))
    base = np.ravel(estimator._baseline_prediction)
    return document(objective, len(base), base, trees, names, levels, False, False)


def forest(estimator, names):
    """A classifier's trees answer with the share of its second class: its margin is the probability itself."""
    classes = getattr(estimator, "classes_", None)
    if classes is not None and len(classes) != 2:
        raise NotExportable(f"the forest has {len(classes)} classes; two are carried over")
    if estimator.n_outputs_ != 1:
        raise NotExportable(f"the forest has {estimator.n_outputs_} targets; export one for each")
    trees = []
    for each in estimator.estimators_:
        part = each.tree_

        def value(i, part=part):
            shares = part.value[i, 0]
            return float(shares[1] / shares.sum() if classes is not None else shares[0])

        def question(i, part=part, value=value):
            return {"feature": int(part.feature[i]), "threshold": part.threshold[i], "set": None,
                    "default_left": bool(part.missing_go_to_left[i]) if part.missing_go_to_left is not None else False,
                    "children": [int(part.children_left[i]), int(part.children_right[i])],
                    "gain": part.impurity[i], "count": part.weighted_n_node_samples[i], "value": value(i)}

        trees.append(tree(0, lambda i, part=part: part.children_left[i] >= 0, question,
                          lambda i, part=part, value=value: (value(i), float(part.weighted_n_node_samples[i]))))
    return document("regression" if classes is None else "probability", 1, [0.0], trees, names, [None] * len(names), True, True)


def is_gap(level):
    return level is None or type(level).__name__ == "NAType" or (isinstance(level, (float, np.floating)) and bool(np.isnan(level)))


def text(level):
    """A level as a CSV file has it."""
    if isinstance(level, (float, np.floating)):
        raise NotExportable(f"the level {level!r} of a category is a float, whose text differs from file to file (2, 2.0, 2e0); make it a "
                            "DataFrame's column of integers or text before fitting, and write the CSV file from that")
    return str(level)


def refuse_joined(encoder):
    if encoder.max_categories is not None or encoder.min_frequency is not None:
        raise NotExportable(f"{type(encoder).__name__} with max_categories or min_frequency joins rare levels; leave them at their defaults")


class Column:
    def __init__(self, name, field):
        self.name, self.field = name, field


class Plan:
    """The recipe's steps, and the columns that they leave, in the order of the estimator's."""

    def __init__(self, names):
        self.columns, self.steps = [Column(name, name) for name in names], []

    def add(self, transformer):
        self.columns = self.applied(transformer, self.columns)

    def applied(self, transformer, columns):
        kind, names = type(transformer).__name__, [column.name for column in columns]
        if transformer == "passthrough" or kind == "FunctionTransformer" and transformer.func is None:
            return columns
        if transformer == "drop":
            return []  # riskflag-import leaves out what the model does not ask for
        if kind == "Pipeline":
            for _, step in transformer.steps:
                columns = self.applied(step, columns)
            return columns
        if kind == "ColumnTransformer":
            out, taken = [], set()
            for _, part, chosen in transformer.transformers_:
                places = self.places(chosen, names)
                if isinstance(part, str) and part == "drop":
                    continue
                again = [i for i in places if i in taken] + [i for i in places if places.count(i) > 1]
                if again:
                    raise NotExportable(f"the ColumnTransformer uses {names[again[0]]!r} twice; copy the column under another name for the second use")
                taken.update(places)
                out += self.applied(part, [columns[i] for i in places])
            return out
        if not names:
            return []
        if kind == "SimpleImputer":
            if not is_gap(transformer.missing_values) or transformer.missing_values is None:
                raise NotExportable(f"SimpleImputer(missing_values={transformer.missing_values!r}); make these cells NaN before the pipeline")
            for name, fill in zip(names, transformer.statistics_, strict=True):
                if is_gap(fill):
                    raise NotExportable(f"SimpleImputer drops {name!r}, of which it saw no value; leave the column out before the pipeline")
            step = {"op": "impute", "columns": names, "strategy": transformer.strategy}
            if transformer.strategy == "constant":
                fill = transformer.statistics_[0]  # fill_value=None: 0 or "missing_value", by the columns' type
                step["level" if isinstance(fill, str) else "value"] = str(fill) if isinstance(fill, str) else float(fill)
            if transformer.add_indicator:
                raise NotExportable("SimpleImputer(add_indicator=True) puts its indicators last; impute without them")
            self.steps.append(step)
            return columns
        if kind == "StandardScaler":
            self.steps.append({"op": "scale", "columns": names, "center": bool(transformer.with_mean), "scale": bool(transformer.with_std)})
            return columns
        if kind == "OrdinalEncoder":
            refuse_joined(transformer)
            for column, known in zip(columns, transformer.categories_, strict=True):
                unseen = transformer.unknown_value if transformer.handle_unknown == "use_encoded_value" else None
                step = {"op": "ordinal_encode", "columns": [column.name], "order": [text(level) for level in known if not is_gap(level)]}
                for key, code in (("unseen", unseen), ("missing", transformer.encoded_missing_value)):
                    if code is not None and not np.isnan(code):
                        step[key] = float(code)
                self.steps.append(step)
            return columns
        if kind == "OneHotEncoder":
            refuse_joined(transformer)
            if transformer.drop is not None:
                raise NotExportable("OneHotEncoder with drop leaves levels out; leave it at its default")
            self.steps.append({"op": "one_hot", "columns": names})
            return [Column(f"{column.name}={'missing' if is_gap(level) else text(level)}", column.field)
                    for column, known in zip(columns, transformer.categories_, strict=True) for level in known]
        raise NotExportable(f"{kind} has no step here; SimpleImputer, StandardScaler, OrdinalEncoder, OneHotEncoder and ColumnTransformer have")

    @staticmethod
    def places(chosen, names):
        if callable(chosen):
            raise NotExportable("a ColumnTransformer that was not fitted")
        if isinstance(chosen, str):
            return [names.index(chosen)]
        if isinstance(chosen, slice):
            return list(range(len(names)))[chosen]
        chosen = list(chosen)
        if chosen and isinstance(chosen[0], str):
            return [names.index(name) for name in chosen]
        if chosen and isinstance(chosen[0], (bool, np.bool_)):
            return list(np.flatnonzero(chosen))
        return [int(i) for i in chosen]
