"""Many processes that tell many runs at once; nothing may be lost, nothing may be there twice."""
import json
import subprocess

from real_server import BIN, PATIENCE


def write_journal(directory, name, experiment, keys, steps):
    """A run as JournalLogger would have left it: `keys` metrics, `steps` points each."""
    directory.mkdir(exist_ok=True)
    stamp = lambda i: f"2026-11-29T12:{i // 60 % 60:02d}:{i % 60:02d}.{i % 1000:03d}Z"
    lines = [{"v": 1, "type": "begin", "ts": stamp(0), "run_id": name, "experiment": experiment, "name": name, "parent_run_id": "",
              "host": "h", "tags": []}]
    for step in range(steps):
        lines.append({"v": 1, "type": "metrics", "ts": stamp(step),
                      "metrics": [{"key": f"m{k}", "value": step / 7 + k, "step": step} for k in range(keys)]})
    lines.append({"v": 1, "type": "end", "ts": stamp(steps), "status": "FINISHED"})
    (directory / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def tell(test, journals, runs, keys, steps, experiment):
    """`runs` runs in each journal, told by eight processes (two of a journal where there are four: a lock keeps them apart), and read back."""
    names = [f"{experiment}-{p}-{r}" for p in range(journals) for r in range(runs)]
    for name in names:
        write_journal(test.dir / name.rsplit("-", 1)[0], name, experiment, keys, steps)
    # The server takes its time when all ask at once on a busy machine; who gives up meanwhile asks once more of it.
    environment = {**test.environment, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(PATIENCE)}
    processes = [subprocess.Popen([str(BIN / "riskflag-registry"), "sync", str(test.dir / f"{experiment}-{p % journals}"), test.server.url],
                                  env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
                 for p in range(8)]
    for process in processes:
        _, said = process.communicate(timeout=4 * PATIENCE)
        test.assertEqual(process.returncode, 0, said)
    found = test.runs(experiment)
    test.assertEqual(sorted(run.info.run_name for run in found), sorted(names))
    for run in found:
        test.assertEqual(run.info.status, "FINISHED")
        test.assertEqual(sorted(run.data.metrics), [f"m{k}" for k in range(keys)])
        for k in range(keys):
            history = test.client.get_metric_history(run.info.run_id, f"m{k}")
            test.assertEqual(sorted((m.step, m.value) for m in history), [(step, step / 7 + k) for step in range(steps)])
