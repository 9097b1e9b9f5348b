"""A small, strict MLflow 3 server for what a real one will not do on demand: refuse, break off, be slow, talk nonsense.

Strict: a request that MLflow would refuse fails here too (limits, names, content types, unknown ids). `faults` is a list of
(method, path or a pattern of paths, what) that are used up in order:
"503"           a gateway's answer; "503:2" with a Retry-After, in seconds or as a date; "503_after": the request took effect
"reset_before"  the connection breaks; "reset_after": and the request took effect
"slow"          the answer takes a second; "trickle": its body comes byte by byte; "stall": half of it, and then nothing
"not_json"      the request took effect, the answer is cut in the middle; "html": a page
(status, content type, text, address to go to if any)  that answer
"""
import fnmatch
import json
import posixpath
import re
import ssl
import sys
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = re.compile(r"^[/\w.\- :]*$", re.ASCII)


def is_key(name):
    """As utils/validation.py of MLflow has it: characters, length, and a path that is its own normal form."""
    return KEY.match(name) and 0 < len(name) <= 250 and name == posixpath.normpath(name) and name != "." and not name.startswith(("..", "/"))


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def invalid(message):
    return Refused(400, "INVALID_PARAMETER_VALUE", message)


def absent(message):
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", message)


def no_json(constant):
    raise invalid(f"{constant} is no JSON")


class Store:
    def __init__(self):
        self.experiments, self.runs, self.models, self.registered = {}, {}, {}, {}
        self.files = {}
        self.files_at = "mlflow-artifacts:"
        self.calls, self.times = [], []  # (method, path); when each came, by the monotonic clock
        self.version = "3.17.2"

    def experiment(self, name):
        return next((e for e in self.experiments.values() if e["name"] == name), None)

    def metrics(self, run_id):
        return self.runs[run_id]["metrics"]

    def api(self, method, path, query, body):
        handler = getattr(self, "do_" + method + re.sub(r"[^a-z]", "_", path), None)
        if handler is None:
            match = re.fullmatch(r"/mlflow/logged-models/(m-\w+)", path)
            if match and method == "GET" and match.group(1) in self.models:
                return {"model": self.models[match.group(1)]}
            if match and method == "PATCH":
                self.models[match.group(1)]["info"]["status"] = body["status"]
                return {"model": self.models[match.group(1)]}
            raise Refused(404, "ENDPOINT_NOT_FOUND", path)
        return handler(query if method == "GET" else body)

    def do_GET_mlflow_experiments_get_by_name(self, q):
        found = self.experiment(q["experiment_name"])
        if found is None:
            raise absent("no experiment")
        return {"experiment": found}

    def do_POST_mlflow_experiments_search(self, b):
        return {"experiments": list(self.experiments.values())[: b["max_results"]]}

    def do_POST_mlflow_experiments_create(self, b):
        if self.experiment(b["name"]):
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", "there is one")
        key = str(len(self.experiments) + 1)
        self.experiments[key] = {"experiment_id": key, "name": b["name"], "lifecycle_stage": "active"}
        return {"experiment_id": key}

    def do_POST_mlflow_runs_create(self, b):
        if b["experiment_id"] not in self.experiments:
            raise absent("no experiment")
        key = uuid.uuid4().hex
        tags = {t["key"]: t["value"] for t in b.get("tags", [])}
        uri = f"{self.files_at}/{b['experiment_id']}/{key}/artifacts"
        self.runs[key] = {"info": {"run_id": key, "run_name": b.get("run_name", "x"), "experiment_id": b["experiment_id"],
                                   "status": "RUNNING", "start_time": b["start_time"], "artifact_uri": uri},
                          "params": {}, "tags": tags, "metrics": {}, "datasets": [], "outputs": []}
        return {"run": self._run(self.runs[key])}

    def _run(self, run):
        pairs = lambda d: [{"key": k, "value": v} for k, v in d.items()]
        last = [{"key": k, "value": max(v, key=lambda p: (p[1], p[0]))[2], "step": 0, "timestamp": 0}
                for k, v in ((k, list(v)) for k, v in run["metrics"].items())]
        return {"info": run["info"], "data": {"params": pairs(run["params"]), "tags": pairs(run["tags"]), "metrics": last},
                "outputs": {"model_outputs": [{"model_id": m, "step": 0} for m in run["outputs"]]}}

    def do_GET_mlflow_runs_get(self, q):
        if q["run_id"] not in self.runs:
            raise absent(f"Run with id={q['run_id']} not found")
        return {"run": self._run(self.runs[q["run_id"]])}

    def do_POST_mlflow_runs_search(self, b):
        wanted = re.fullmatch(r"tags\.`([^`]+)` = '([^']*)'", b.get("filter", "") or "")
        found = [r for r in self.runs.values() if r["info"]["experiment_id"] in b["experiment_ids"]]
        if wanted:
            found = [r for r in found if r["tags"].get(wanted.group(1)) == wanted.group(2)]
        return {"runs": [self._run(r) for r in found[: b["max_results"]]]}

    def do_POST_mlflow_runs_update(self, b):
        info = self.runs[b["run_id"]]["info"]
        info["status"] = b["status"]
        info["end_time"] = b.get("end_time", 0)
        return {"run_info": info}

    def do_POST_mlflow_runs_log_batch(self, b):
        run = self.runs[b["run_id"]]
        metrics, params, tags = b.get("metrics", []), b.get("params", []), b.get("tags", [])
        if len(metrics) > 1000 or len(params) > 100 or len(tags) > 100 or len(metrics) + len(params) + len(tags) > 1000:
            raise invalid("too many items")
        for item in metrics + params + tags:
            if not is_key(item["key"]):
                raise invalid(f"Invalid name {item['key']!r}")
        if len({p["key"] for p in params}) < len(params):
            raise invalid("Duplicate parameter keys have been submitted")
        if any(len(t["value"]) > 8000 for t in tags):
            raise invalid("tag value too long")
        for p in params:
            if run["params"].get(p["key"], p["value"]) != p["value"]:
                raise invalid("Changing param values is not allowed")
            if len(p["value"]) > 6000:
                raise invalid("param value too long")
        for m in metrics:
            if not isinstance(m["timestamp"], int) or m["timestamp"] <= 0:
                raise invalid("no timestamp")
            if isinstance(m["value"], str) and m["value"] not in ("NaN", "Infinity", "-Infinity"):
                raise invalid("no number")
            run["metrics"].setdefault(m["key"], set()).add((m["timestamp"], m["step"], str(m["value"])))
        run["params"].update({p["key"]: p["value"] for p in params})
        run["tags"].update({t["key"]: t["value"] for t in tags})
        return {}

    def do_POST_mlflow_runs_log_inputs(self, b):
        for d in b["datasets"]:
            if len(d["dataset"]["digest"]) > 36:
                raise invalid("digest too long")
            if d not in self.runs[b["run_id"]]["datasets"]:
                self.runs[b["run_id"]]["datasets"].append(d)
        return {}

    def do_POST_mlflow_runs_outputs(self, b):
        out = self.runs[b["run_id"]]["outputs"]
        out.extend(m["model_id"] for m in b["models"] if m["model_id"] not in out)
        return {}

    def do_POST_mlflow_logged_models(self, b):
        key = "m-" + uuid.uuid4().hex
        info = {"model_id": key, "name": b["name"], "model_type": b.get("model_type"), "experiment_id": b["experiment_id"],
                "status": "LOGGED_MODEL_PENDING", "source_run_id": b["source_run_id"],
                "artifact_uri": f"{self.files_at}/{b['experiment_id']}/models/{key}/artifacts"}
        self.models[key] = {"info": info, "data": {}, "tags": {t["key"]: t["value"] for t in b.get("tags", [])}}
        return {"model": self.models[key]}

    def do_POST_mlflow_logged_models_search(self, b):
        wanted = re.fullmatch(r"tags\.`([^`]+)` = '([^']*)'", b["filter"])
        return {"models": [m for m in self.models.values() if m["tags"].get(wanted.group(1)) == wanted.group(2)]}

    def do_POST_mlflow_registered_models_create(self, b):
        if b["name"] in self.registered:  # of a model or, as MLflow has it, of a prompt
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", "there is one")
        self.registered[b["name"]] = {"versions": [], "aliases": {}, "tags": {}}
        return {"registered_model": {"name": b["name"]}}

    def do_GET_mlflow_registered_models_search(self, q):
        return {"registered_models": [{"name": name} for name in self.registered]}

    def do_GET_mlflow_registered_models_get(self, q):
        if q["name"] not in self.registered:
            raise absent("no such model")
        tags = self.registered[q["name"]]["tags"]
        return {"registered_model": {"name": q["name"], "tags": [{"key": k, "value": v} for k, v in tags.items()]}}

    def do_POST_mlflow_registered_models_set_tag(self, b):
        if b["name"] not in self.registered:
            raise absent("no such model")
        if not is_key(b["key"]) or len(b["value"]) > 100_000:
            raise invalid("tag")
        self.registered[b["name"]]["tags"][b["key"]] = b["value"]
        return {}

    def do_DELETE_mlflow_registered_models_delete_tag(self, b):
        self.registered[b["name"]]["tags"].pop(b["key"], None)
        return {}

    def _version(self, name, number):
        model = self.registered.get(name)
        if model is None or not 1 <= number <= len(model["versions"]):
            raise absent("no such version")
        out = dict(model["versions"][number - 1])
        out["aliases"] = [a for a, v in model["aliases"].items() if v == number]
        return out

    def do_POST_mlflow_model_versions_create(self, b):
        if not b["source"].startswith("models:/m-"):
            raise invalid("source")
        versions = self.registered[b["name"]]["versions"]
        versions.append({"name": b["name"], "version": str(len(versions) + 1), "source": b["source"],
                         "run_id": b.get("run_id", ""), "model_id": b["model_id"], "status": "READY",
                         "tags": b.get("tags", []), "creation_timestamp": 1})
        return {"model_version": versions[-1]}

    def do_GET_mlflow_model_versions_search(self, q):
        name = re.fullmatch(r"name='([^']*)'", q["filter"]).group(1)
        return {"model_versions": self.registered.get(name, {"versions": []})["versions"]}

    def do_GET_mlflow_model_versions_get(self, q):
        return {"model_version": self._version(q["name"], int(q["version"]))}

    def do_GET_mlflow_model_versions_get_download_uri(self, q):
        version = self._version(q["name"], int(q["version"]))
        return {"artifact_uri": self.models[version["model_id"]]["info"]["artifact_uri"]}

    def do_POST_mlflow_model_versions_set_tag(self, b):
        self._version(b["name"], int(b["version"]))
        if not is_key(b["key"]) or len(b["value"]) > 100_000:
            raise invalid("tag")
        tags = self.registered[b["name"]]["versions"][int(b["version"]) - 1]["tags"]
        tags[:] = [t for t in tags if t["key"] != b["key"]] + [{"key": b["key"], "value": b["value"]}]
        return {}

    def do_POST_mlflow_registered_models_alias(self, b):
        self._version(b["name"], int(b["version"]))
        self.registered[b["name"]]["aliases"][b["alias"]] = int(b["version"])
        return {}

    def do_DELETE_mlflow_registered_models_alias(self, b):
        self.registered[b["name"]]["aliases"].pop(b["alias"], None)
        return {}

    def do_GET_mlflow_registered_models_alias(self, q):
        if q["name"] not in self.registered:
            raise absent("no such model")
        number = self.registered[q["name"]]["aliases"].get(q["alias"])
        if number is None:
            raise invalid(f"Registered model alias {q['alias']} not found.")
        return {"model_version": self._version(q["name"], number)}

    def do_GET_mlflow_artifacts_artifacts(self, q):
        folder = q["path"].rstrip("/") + "/"
        names = sorted({path[len(folder):].split("/")[0] for path in self.files if path.startswith(folder)})
        return {"files": [{"path": n, "is_dir": folder + n not in self.files} for n in names]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, of which the second waits 40 ms for the client else

    def setup(self):
        self.server.owner.connections += 1
        super().setup()

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", location=None, wait=None, pace=None):
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if wait or status in (429, 503):
            self.send_header("Retry-After", wait or "0")
        self.end_headers()
        if pace == "trickle":
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.003)
        elif pace == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.server.owner.closing.wait(5.0)
            self.close_connection = True
        else:
            self.wfile.write(body)

    def reset(self):
        self.close_connection = True
        self.connection.close()

    def handle_any(self):
        server = self.server.owner
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        with server.lock:
            server.store.calls.append((self.command, url.path))
            server.store.times.append(time.monotonic())
            fault = None
            for i, (method, pattern, what) in enumerate(server.faults):
                if method == self.command and fnmatch.fnmatchcase(url.path, pattern):
                    fault = what
                    del server.faults[i]
                    break
        if server.meeting and (self.command, url.path) == server.meeting[:2]:
            try:
                server.meeting[2].wait(1.0)
            except threading.BrokenBarrierError:
                pass  # nobody else came
        if server.password and self.headers.get("Authorization") != server.password:
            return self.answer(401, b"You are not authenticated.", "text/plain")
        if fault == "reset_before":
            return self.reset()
        if fault == "html":
            return self.answer(200, b"<html>hello</html>", "text/html")
        if fault == "slow":
            time.sleep(1.0)
        if isinstance(fault, tuple):
            status, kind, text, *location = fault
            return self.answer(status, text.encode(), kind, *location)
        gateway, _, wait = (fault or "").partition(":")
        if gateway.isdigit():
            return self.answer(int(gateway), b"busy", "text/plain", wait=wait)
        if url.path == "/version":
            return self.answer(200, server.store.version.encode(), "text/plain")
        prefix = "/api/2.0"
        if not url.path.startswith(prefix):
            return self.answer(404, b"<html>not here</html>", "text/html")
        path = url.path[len(prefix):]
        files = "/mlflow-artifacts/artifacts/"
        with server.lock:
            try:
                if path.startswith("/mlflow-artifacts/") and not server.serves_files:
                    return self.answer(503, f"Endpoint: {path} disabled due to the mlflow server running with `--no-serve-artifacts`.".encode(),
                                       "text/html")
                if path.startswith(files):
                    name = urllib.parse.unquote(path[len(files):])
                    if self.command == "PUT":
                        server.store.files[name] = data
                        out = b"{}"
                    elif name in server.store.files:
                        out = server.store.files[name]
                    else:
                        raise absent(name)
                else:
                    query = dict(urllib.parse.parse_qsl(url.query))
                    if self.command != "GET" and not self.headers.get("Content-Type", "").startswith("application/json"):
                        raise invalid("Bad Request. Content-Type header is missing.")
                    body = json.loads(data, parse_constant=no_json) if data else {}
                    if path == "/mlflow/runs/log-batch" and len(data) > 1_000_000:
                        raise invalid("more than 1 MB")
                    out = json.dumps(server.store.api(self.command, path, query, body)).encode()
                status = 200
            except Refused as refused:
                status = refused.status
                out = json.dumps({"error_code": refused.code, "message": refused.message}).encode()
        if fault == "reset_after":
            return self.reset()
        if gateway.endswith("_after"):
            return self.answer(int(gateway.removesuffix("_after")), b"busy", "text/plain", wait=wait)
        if fault == "not_json":
            out = out[: len(out) // 2]
        self.answer(status, out, pace=fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class Quiet(ThreadingHTTPServer):
    """Connections that we broke off, or a client that a test killed, are no news."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class FakeMlflow:
    """with FakeMlflow() as server: server.url, server.store, server.faults, server.connections

    `certificate`: its key and certificate, for https; `authority`: only clients with a certificate of that authority are heard."""

    def __init__(self, certificate=None, password=None, authority=None):
        self.store, self.faults, self.lock, self.password = Store(), [], threading.Lock(), password
        self.connections = 0
        self.closing = threading.Event()
        self.meeting = None
        self.serves_files = True
        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.http.owner = self
        self.http.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            if authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(authority)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.http.server_address[1]}"

    def let_two_meet(self, method, path):
        """Each such request waits until there are two of them, a second at most."""
        self.meeting = method, path, threading.Barrier(2)

    def __enter__(self):
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()
