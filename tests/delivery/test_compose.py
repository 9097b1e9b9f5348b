"""docker compose's file and what it mounts, read as they are: the schema, ports that only this machine reaches, wiring that fits, and
rules and panels that ask for metrics and labels which a running server has.
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "deploy"))
import monitored  # noqa: E402
import stand_ins as on  # noqa: E402

COMPOSE, MONITORING = on.DEPLOY / "compose", on.DEPLOY / "monitoring"
FILE = yaml.safe_load((COMPOSE / "compose.yml").read_text(encoding="utf-8"))
SERVICES = FILE["services"]
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
RULES = [rule for group in yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def container_port(service):
    return {int(port.rsplit(":", 1)[1]) for port in SERVICES[service]["ports"]}


def mounts(service):
    """Where in the container -> what of the host, or which volume."""
    found = {}
    for volume in SERVICES[service].get("volumes", []):
        source, place = volume.removesuffix(":ro").rsplit(":", 1)
        found[place] = source
    return found


def labels_of(page):
    """Metric -> its labels' names; a histogram's samples count as metrics of their own."""
    found = {}
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", page, re.M):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def complaints(expression, metrics):
    found = []
    names = re.findall(r"\b((?:riskflag|process)_[a-z_]+)\b", re.sub(r'"[^"]*"', '""', expression))
    for name in names:
        if name not in metrics:
            found.append(f"{name} is no metric of a server")
    of_scraping = {"job", "instance"}
    for name, matchers in re.findall(r"\b([a-z_]+)\{([^}]*)\}", expression):
        for label in re.findall(r'(\w+)\s*[=!]', re.sub(r'"[^"]*"', '""', matchers)):
            if label not in metrics.get(name, set()) | of_scraping:
                found.append(f"{name} has no label {label}")
    known = set().union(*(metrics.get(name, set()) for name in names)) | of_scraping
    for listed in re.findall(r"\bby \(([^)]*)\)", expression):
        for label in re.split(r",\s*", listed):
            if label not in known:
                found.append(f"by ({label}): none of its metrics has it")
    return found


class Compose(unittest.TestCase):
    def test_the_schema(self):
        done = subprocess.run([pathlib.Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE / "compose.yml"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_services_and_that_only_this_machine_reaches_them(self):
        self.assertEqual(sorted(SERVICES), ["grafana", "mlflow", "prometheus", "serve"])
        for name, service in SERVICES.items():
            for port in service["ports"]:
                self.assertTrue(port.startswith("127.0.0.1:"), (name, port))
            self.assertRegex(service["image"], r":[a-z]*v?\d+\.\d+\.\d+$|^riskflag:serve$", name)

    def test_the_server_is_confined_and_built_from_the_target_that_there_is(self):
        serve = SERVICES["serve"]
        self.assertEqual((serve["read_only"], serve["cap_drop"], serve["security_opt"]), (True, ["ALL"], ["no-new-privileges:true"]))
        dockerfile = (COMPOSE / serve["build"]["context"] / serve["build"]["dockerfile"]).read_text(encoding="utf-8")
        self.assertRegex(dockerfile, rf"(?m)^FROM \S+ AS {serve['build']['target']}$")
        self.assertRegex(dockerfile, rf"(?m)^EXPOSE {container_port('serve').pop()}$")
        self.assertIn("/model", mounts("serve"))

    def test_what_is_mounted_is_there(self):
        for service in SERVICES:
            for source in mounts(service).values():
                if source.startswith("."):
                    self.assertTrue((COMPOSE / source).is_file(), source)
                elif not source.startswith("${"):
                    self.assertIn(source, FILE["volumes"])

    def test_each_finds_the_next(self):
        prometheus = yaml.safe_load((COMPOSE / "prometheus.yml").read_text(encoding="utf-8"))
        for job in prometheus["scrape_configs"]:
            for target in job["static_configs"][0]["targets"]:
                name, port = target.split(":")
                self.assertIn(int(port), container_port(name))
        for rules in prometheus["rule_files"]:
            self.assertIn(f"/etc/prometheus/{rules}", mounts("prometheus"))
        source = yaml.safe_load((COMPOSE / "grafana/datasource.yml").read_text(encoding="utf-8"))["datasources"][0]
        self.assertEqual(source["url"], f"http://prometheus:{container_port('prometheus').pop()}")
        self.assertEqual({panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}, {source["uid"]})
        folder = yaml.safe_load((COMPOSE / "grafana/dashboards.yml").read_text(encoding="utf-8"))["providers"][0]["options"]["path"]
        self.assertTrue(any(place.startswith(folder + "/") for place in mounts("grafana")))
        self.assertIn("--port=5000", SERVICES["mlflow"]["command"])
        self.assertEqual(container_port("mlflow"), {5000})


class Asked(unittest.TestCase):
    """What rules and panels ask for, a server has that has everything to tell."""

    @classmethod
    def setUpClass(cls):
        served = cls.enterClassContext(monitored.Served())
        served.score("quiet")
        served.report()
        cls.page = served.settled()
        cls.metrics = labels_of(cls.page)

    def test_metrics_and_labels_are_there(self):
        self.assertGreater(len(EXPRESSIONS), 20)
        for expression in EXPRESSIONS:
            self.assertEqual(complaints(expression, self.metrics), [], expression)

    def test_a_route_that_is_asked_for_is_one(self):
        for route in {route for expression in EXPRESSIONS for route in re.findall(r'route="([^"]*)"', expression)}:
            self.assertIn(f'route="{route}"', self.page)

    def test_the_check_finds_what_is_not_there(self):
        self.assertEqual(complaints("rate(riskflag_request_total[5m])", self.metrics), ["riskflag_request_total is no metric of a server"])
        self.assertEqual(complaints('riskflag_shed_total{cause="x"}', self.metrics), ["riskflag_shed_total has no label cause"])
        self.assertEqual(complaints("sum by (reason, cause) (riskflag_shed_total)", self.metrics), ["by (cause): none of its metrics has it"])

    def test_the_dashboard_is_whole(self):
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            here = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertTrue(max(x for x, _ in here) < 24 and not here & taken, panel["title"])
            taken |= here

    def test_each_alert_says_how_grave_and_what(self):
        names = [rule["alert"] for rule in RULES]
        self.assertEqual(len(names), len(set(names)))
        for rule in RULES:
            self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
            self.assertTrue(rule["annotations"]["summary"])


if __name__ == "__main__":
    unittest.main()
