"""Our predictor beside LightGBM, XGBoost, ONNX Runtime and generated C on the same models and rows: one run, interleaved, ratios.

    bench/compare_inference.py --driver build/bench/inference_driver [--tables simulated,gmsc,adult] [--sizes 500x31,100x31] [--kernels avx512,avx2,scalar]

Models are trained here by LightGBM and XGBoost (TREESxLEAVES, rate 0.1), rows are float32 values, NaN and categories kept. What a figure holds:
every engine starts from doubles (XGBoost, ONNX Runtime: float32) and ends with margins, our ranks included; riskflag, LightGBM, XGBoost and the
generated C are called from C++ inside one process (inference_driver), ONNX Runtime from Python, so that its single row has Python's call inside.
XGBoost cannot score LightGBM's model: it scores its own of the same size, and we that one too.
Figures are processor time, medians of --rounds with the engines in turn; p50, p99 and cold are wall time of single calls. Nothing is
printed for a table when one engine's margins are wrong. lleaves, treelite and YDF run in environments of their own, `.venv-bench-NAME` beside
the checkout's root (python -m venv; pip install lleaves 'llvmlite<0.44' | treelite | ydf pandas | catboost | daal4py 'scikit-learn<1.6' packaging lightgbm,
named onedal), and are left out with a line when these are absent.
Needs bench/requirements.txt and a C compiler.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import pandas as pd

ROOT = pathlib.Path(__file__).resolve().parents[1]
TREES_A_FUNCTION = 34  # as lleaves cuts them, for the instruction cache


DATA = pathlib.Path(os.environ.get("RISKFLAG_DATA", ROOT.parent / "shared" / "data"))


def simulated(rows=60_000, columns=30, seed=1):
    """Credit-like columns: continuous, mostly zero amounts, small counts; 10 % missing in every fifth."""
    r = np.random.default_rng(seed)
    x, margin = np.empty((rows, columns)), np.full(rows, -2.0)
    for j in range(columns):
        if j % 4 == 1:
            x[:, j] = np.where(r.random(rows) < 0.7, 0, np.round(np.exp(r.normal(size=rows) * 2 + 3)))
        elif j % 4 == 2:
            x[:, j] = r.poisson(1.5, rows)
        else:
            x[:, j] = r.normal(size=rows) if j % 4 == 0 else np.exp(r.normal(size=rows) + 8)
        v = x[:, j]
        margin += 0.35 * np.tanh((v - v.mean()) / v.std()) * (1 if j % 3 else -1) * (1.5 if j < 8 else 0.3)
        if j % 5 == 0:
            x[r.random(rows) < 0.1, j] = np.nan
    return x, (r.random(rows) < 1 / (1 + np.exp(-margin))).astype(float), []


def gmsc():
    t = pd.read_csv(DATA / "gmsc" / "cs-training.csv", index_col=0)
    return t.drop(columns="SeriousDlqin2yrs").to_numpy(float), t["SeriousDlqin2yrs"].to_numpy(float), []


def adult():
    t = pd.concat([pd.read_csv(DATA / "adult" / f"adult.{part}", header=None, skipinitialspace=True, na_values="?", skiprows=skip) for part, skip in (("data", 0), ("test", 1))])
    y = t[14].str.startswith(">50K").to_numpy(float)
    t = t.drop(columns=14)
    categorical = [j for j in t.columns if not pd.api.types.is_numeric_dtype(t[j])]
    for j in categorical:
        codes = t[j].astype("category").cat.codes.to_numpy(float)
        t[j] = np.where(codes < 0, np.nan, codes)
    return t.to_numpy(float), y, categorical


def c_question(node, sets):
    x, t = f"r[{node['split_feature']}]", node["threshold"]
    if node["decision_type"] == "==":
        levels = [int(v) for v in str(t).split("||")]
        words = [0] * (max(levels) // 32 + 1)
        for level in levels:
            words[level // 32] |= 1 << level % 32
        sets.append(f"static const unsigned s{len(sets)}[{len(words)}] = {{{','.join(map(str, words))}}};")
        return f"{x} > -1.0 && {x} < {32 * len(words)}.0 && (s{len(sets) - 1}[(int){x} / 32] >> (int){x} % 32 & 1)"
    if node["missing_type"] == "NaN":
        return f"!({x} > {t!r})" if node["default_left"] else f"{x} <= {t!r}"
    if node["missing_type"] == "Zero":
        raise SystemExit("zero_as_missing is not written as C here")
    return f"({x} != {x} ? 0.0 : {x}) <= {t!r}"


def c_tree(node, sets):
    if "leaf_value" in node:
        return f"s += {node['leaf_value']!r};"
    return f"if ({c_question(node, sets)}) {{ {c_tree(node['left_child'], sets)} }} else {{ {c_tree(node['right_child'], sets)} }}"


def generated_c(dump, folder, compiler):
    """A shared library with double score(const double*), and the seconds that it took to compile."""
    sets, trees = [], []
    for tree in dump["tree_info"]:
        trees.append(c_tree(tree["tree_structure"], sets).replace("Infinity", "1e999").replace(" inf", " 1e999"))
    parts = [trees[i:i + TREES_A_FUNCTION] for i in range(0, len(trees), TREES_A_FUNCTION)]
    lines = sets + [f"static __attribute__((noinline)) double f{i}(const double* r, double s) {{\n" + "\n".join(part) + "\nreturn s; }" for i, part in enumerate(parts)]
    lines += ["double score(const double* r) { double s = 0;"] + [f"s = f{i}(r, s);" for i in range(len(parts))] + ["return s; }"]
    source, library = folder / "score.c", folder / "score.so"
    if library.exists():
        return library, None
    source.write_text("\n".join(lines), encoding="utf-8")
    start = time.process_time() + os.times().children_user
    subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", library, source], check=True)
    return library, time.process_time() + os.times().children_user - start


def leaf_reach(dump):
    """The sum of every tree's greatest |leaf|: what an error is measured against."""
    def most(node):
        return abs(node["leaf_value"]) if "leaf_value" in node else max(most(node["left_child"]), most(node["right_child"]))
    return sum(most(tree["tree_structure"]) for tree in dump["tree_info"])


def onnx_model(dump, columns):
    """TreeEnsembleRegressor with thresholds rounded down to float32: float32 inputs take the same leaves."""
    from onnx import TensorProto, helper
    keys = ["treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true"]
    nodes, leaves = {k: [] for k in keys}, {k: [] for k in ["treeids", "nodeids", "ids", "weights"]}

    def add(t, node):
        i = count[0]
        count[0] += 1
        for k, v in zip(keys, (t, i, 0, 0.0, "LEAF", 0, 0, 0)):
            nodes[k].append(v)
        at = len(nodes["treeids"]) - 1
        if "leaf_value" in node:
            for k, v in zip(leaves, (t, i, 0, float(node["leaf_value"]))):
                leaves[k].append(v)
            return i
        with np.errstate(over="ignore"):
            low = np.float32(node["threshold"])
        if float(low) > node["threshold"]:
            low = np.nextafter(low, np.float32(-np.inf))
        nodes["featureids"][at], nodes["values"][at], nodes["modes"][at] = node["split_feature"], float(low), "BRANCH_LEQ"
        nan_left = node["default_left"] if node["missing_type"] == "NaN" else 0.0 <= node["threshold"]
        nodes["missing_value_tracks_true"][at] = int(nan_left)
        nodes["truenodeids"][at] = add(t, node["left_child"])
        nodes["falsenodeids"][at] = add(t, node["right_child"])
        return i

    for t, tree in enumerate(dump["tree_info"]):
        count = [0]
        add(t, tree["tree_structure"])
    made = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1,
                            **{f"nodes_{k}": v for k, v in nodes.items()}, **{f"target_{k}": v for k, v in leaves.items()})
    graph = helper.make_graph([made], "trees", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, columns])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=9).SerializeToString()


def time_python(row, batch, rows, rounds):
    """Processor nanoseconds a row: single calls, and the batch."""
    singles, batches = [], []
    for _ in range(rounds):
        start = time.process_time_ns()
        for i in range(300):
            row(i)
        singles.append((time.process_time_ns() - start) / 300)
        start = time.process_time_ns()
        batch()
        batches.append((time.process_time_ns() - start) / rows)
    return {"row": statistics.median(singles), "batch": statistics.median(batches)}


def onnx_engine(dump, x, rounds):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_model(dump, x.shape[1]), options, providers=["CPUExecutionProvider"])
    cells = x.astype(np.float32)
    single = [{"x": cells[i:i + 1]} for i in range(300)]
    got = session.run(None, {"x": cells})[0].ravel().astype(float)
    facts = time_python(lambda i: session.run(None, single[i]), lambda: session.run(None, {"x": cells}), len(x), rounds)
    return dict(facts, name="ONNX Runtime", about=f"{onnxruntime.__version__}, float32, single rows with Python's call"), got


# Peers with environments of their own: a Python program each, given the model, the rows (.npy), the labels (.npy) and the rounds; prints JSON.
PEERS = {
    "lleaves": """
import lleaves
start = time.process_time()
m = lleaves.Model(model_file=model); m.compile()
about = f"{lleaves.__version__ if hasattr(lleaves, '__version__') else ''} compile {time.process_time() - start:.0f} s, single rows with Python's call"
row, batch = (lambda i: m.predict(x[i:i + 1], n_jobs=1)), (lambda: m.predict(x, n_jobs=1))
""",
    "treelite": """
import treelite, treelite.gtil
m = treelite.frontend.load_lightgbm_model(model)
f = x.astype(np.float32); about = treelite.__version__ + " GTIL"
row, batch = (lambda i: treelite.gtil.predict(m, f[i:i + 1], nthread=1)), (lambda: treelite.gtil.predict(m, f, nthread=1))
""",
    "ydf": """
import ydf, pandas as pd
ydf.verbose(0)
t = pd.DataFrame(x.astype(np.float32), columns=[f"f{j}" for j in range(x.shape[1])]); t["y"] = y.astype(int)
trees, leaves = map(int, size.split("x"))
m = ydf.GradientBoostedTreesLearner(label="y", num_trees=trees, max_num_nodes=leaves, growing_strategy="BEST_FIRST_GLOBAL", max_depth=-1, early_stopping="NONE", validation_ratio=0.0).train(t)
took = m.benchmark(t, benchmark_duration=2, num_threads=1)
about = "own model of the same size, its benchmark(), wall time"; facts = {"row": float("nan"), "batch": getattr(took.duration_per_example, "total_seconds", lambda: took.duration_per_example)() * 1e9}
""",
    "catboost": """
import catboost
trees, leaves = map(int, size.split("x"))
m = catboost.CatBoostClassifier(iterations=trees, depth=max(1, (leaves - 1).bit_length()), verbose=0, thread_count=2, allow_writing_files=False).fit(x, y)
about = catboost.__version__ + ", own symmetric trees, single rows with Python's call"
row, batch = (lambda i: m.predict(x[i:i + 1], prediction_type="RawFormulaVal", thread_count=1)), (lambda: m.predict(x, prediction_type="RawFormulaVal", thread_count=1))
""",
    "onedal": """
import daal4py, lightgbm
daal4py.daalinit(1)
m = daal4py.mb.convert_model(lightgbm.Booster(model_file=model))
about = "daal4py, probabilities, single rows with Python's call"
row, batch = (lambda i: m.predict_proba(x[i:i + 1])), (lambda: m.predict_proba(x))
""",
}
PEER_SHELL = """
import json, sys, time, statistics
import numpy as np
model, rows, labels, rounds, size = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
x, y, facts, about = np.load(rows), np.load(labels), None, ""
{code}
if facts is None:
    singles, batches = [], []
    for _ in range(rounds):
        start = time.process_time_ns()
        for i in range(100): row(i)
        singles.append((time.process_time_ns() - start) / 100)
        start = time.process_time_ns(); batch(); batches.append((time.process_time_ns() - start) / len(x))
    facts = {{"row": statistics.median(singles), "batch": statistics.median(batches)}}
print(json.dumps(dict(facts, about=about)))
"""


def peer_engine(name, arguments):
    python = ROOT / f".venv-bench-{name}" / "bin" / "python"
    python = pathlib.Path(os.environ.get(f"RISKFLAG_PEER_{name.upper()}", python))
    if not python.exists():
        return f"{name}: left out, no environment at {python}"
    done = subprocess.run([python, "-c", PEER_SHELL.format(code=PEERS[name]), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        return f"{name}: left out, {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'it ended with ' + str(done.returncode)}"
    return dict(json.loads(done.stdout.splitlines()[-1]), name=name)


def train(x, y, categorical, trees, leaves, folder, max_bin):
    import lightgbm
    import xgboost
    if (folder / "lightgbm.txt").exists():
        peer = None if categorical else xgboost.Booster(model_file=folder / "xgboost.json")
        return lightgbm.Booster(model_file=folder / "lightgbm.txt"), peer
    order = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.1, "verbose": -1, "num_threads": 2, "min_data_in_leaf": 20, "seed": 1, "max_bin": max_bin}
    booster = lightgbm.train(order, lightgbm.Dataset(x, y, categorical_feature=categorical or "auto"), trees)
    booster.save_model(folder / "lightgbm.txt")
    peer = None
    if not categorical:
        settings = {"objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": leaves, "max_depth": 0, "eta": 0.1, "nthread": 2, "max_bin": max_bin}
        peer = xgboost.train(settings, xgboost.DMatrix(x, y), trees)
        peer.save_model(folder / "xgboost.json")
    return booster, peer


def refuse(name, got, want, bound):
    worst = np.abs(got - want).max()
    if not worst <= bound:
        raise SystemExit(f"{name}: margins differ by {worst:.3g}, more than {bound:.3g}: a wrong answer is not timed")


def compare(options, name, x, y, categorical, size, folder):
    import xgboost
    trees, leaves = map(int, size.split("x"))
    x = np.ascontiguousarray(x.astype(np.float32).astype(float))
    cut = len(x) - min(options.rows, len(x) // 3)
    booster, peer = train(x[:cut], y[:cut], categorical, trees, leaves, folder, options.max_bin)
    test = np.ascontiguousarray(x[cut:])
    dump = booster.dump_model()
    library, compile_seconds = generated_c(dump, folder, options.compiler)
    test.tofile(folder / "rows.bin")
    text = folder / "lightgbm.txt"
    import lightgbm
    lightgbm_library = next((pathlib.Path(lightgbm.__file__).parent / "lib").glob("lib_lightgbm.*"))
    xgboost_library = next((pathlib.Path(xgboost.__file__).parent / "lib").glob("libxgboost.*"))
    engines = [f"riskflag:{kernel}:{text}" for kernel in options.kernels.split(",")] + [f"lightgbm:{lightgbm_library}:{text}", f"c:{library}:-"]
    if peer is not None:
        engines += [f"xgboost:{xgboost_library}:{folder / 'xgboost.json'}", f"riskflag:auto:{folder / 'xgboost.json'}"]
    command = [options.driver, folder / "rows.bin", len(test), x.shape[1], options.rounds, folder / "margins.bin"]
    done = subprocess.run([*map(str, command), *engines], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr.strip()}")
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    margins = np.fromfile(folder / "margins.bin").reshape(len(facts), 2, len(test))
    want, reach = booster.predict(test, raw_score=True, num_threads=1), leaf_reach(dump)
    for fact, engine, got in zip(facts, engines, margins):
        if engine.endswith("xgboost.json"):
            refuse(fact["name"], got, peer.predict(xgboost.DMatrix(test), output_margin=True).astype(float), 1e-6 * max(1.0, reach))
            fact["name"] += ", XGBoost's model"
        else:
            refuse(fact["name"], got, want, 1e-12 * max(1.0, reach))
    next(f for f in facts if f["name"] == "generated C")["about"] += f", {compile_seconds:.1f} s to compile" if compile_seconds else ""
    left_out = []
    if categorical:
        left_out.append("XGBoost, ONNX Runtime: left out, the model has categories")
    else:
        fact, got = onnx_engine(dump, test, options.rounds)
        refuse("ONNX Runtime", got, want, 1e-5 * max(1.0, reach))
        facts.append(fact)
    np.save(folder / "rows.npy", test)
    np.save(folder / "labels.npy", y[cut:])
    for other in options.peers.split(",") if options.peers else []:
        fact = peer_engine(other, [text, folder / "rows.npy", folder / "labels.npy", options.rounds, size])
        facts.append(fact) if isinstance(fact, dict) else left_out.append(fact)
    show(name, size, x.shape[1], facts, left_out)


def show(name, size, columns, facts, left_out):
    ours = facts[0]
    load = "/".join(f"{v:.1f}" for v in os.getloadavg())
    print(f"\n{name}, {size} x {columns} columns, load {load}, ratios to {ours['name']} ({ours['about']})\n")
    print("| engine | row, us | ratio | batch, ns a row | ratio | p50 / p99, us | cold, us | |\n|---|---|---|---|---|---|---|---|")
    for f in facts:
        tail = f"{f['p50'] / 1e3:.2f} / {f['p99'] / 1e3:.2f} | {f['cold'] / 1e3:.1f}" if "p50" in f else " | "
        print(f"| {f['name']} | {f['row'] / 1e3:.3f} | {f['row'] / ours['row']:.1f} | {f['batch']:.0f} | {f['batch'] / ours['batch']:.1f} | {tail} | {f['about'] if f is not ours else ''} |", flush=True)
    early = ", ".join(f"{f['name']} {f['early'] / 1e3:.3f} us, {f['early'] / f['row']:.2f} of the full sum" for f in facts if f.get("early"))
    print(f"\nIs the margin at least the one that a tenth of the rows exceeds? A row: {early}")
    for f in facts:
        if f.get("two"):
            print(f"{f['name']}: two threads and one predictor {f['two']:.2f} times one; model read in {f['read_ms']:.1f} ms, made ready in {f['ready_ms']:.1f}")
    for line in left_out:
        print(line)


def main():
    tables = {"simulated": simulated, "gmsc": gmsc, "adult": adult}
    p = argparse.ArgumentParser()
    p.add_argument("--driver", required=True)
    p.add_argument("--tables", default="simulated,gmsc,adult")
    p.add_argument("--sizes", default="500x31")
    p.add_argument("--columns", default="30", help="of the simulated table: 30,64,200,1000")
    p.add_argument("--max-bin", type=int, default=255, help="of the training: more give more thresholds a feature")
    p.add_argument("--kernels", default="auto")
    p.add_argument("--rows", type=int, default=4096)
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--compiler", default="gcc")
    p.add_argument("--keep", type=pathlib.Path, help="a folder: models and compiled C are kept there, and taken from there the next time")
    p.add_argument("--peers", default=",".join(PEERS))
    options = p.parse_args()
    runs = [(name, columns) for name in options.tables.split(",") for columns in (options.columns.split(",") if name == "simulated" else ["0"])]
    for name, columns in runs:
        try:
            x, y, categorical = tables[name](columns=int(columns)) if name == "simulated" else tables[name]()
        except FileNotFoundError as e:
            print(f"{name}: skipped, {e.filename} is absent")
            continue
        order = np.random.default_rng(0).permutation(len(x))
        for size in options.sizes.split(","):
            with tempfile.TemporaryDirectory() as folder:
                if options.keep:
                    folder = options.keep / f"{name}-{size}-{x.shape[1]}-{options.max_bin}"
                    folder.mkdir(parents=True, exist_ok=True)
                compare(options, name, x[order], y[order], categorical, size, pathlib.Path(folder))


if __name__ == "__main__":
    main()
