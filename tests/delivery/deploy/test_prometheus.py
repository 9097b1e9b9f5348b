"""A real Prometheus (Debian's) scrapes a server: the alerts on drift and decay wake on simulated drift and decay and sleep without, and every query
of the dashboard has data. Time runs faster: it looks every second, and the rules' `for` is none. Rates are over the dashboard's own windows.
"""

import json
import re
import shutil
import time
import unittest
import urllib.parse

import monitored
import stand_ins as on

MONITORING = on.DEPLOY / "monitoring"
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))


class Prometheus:
    """Scrapes the servers of these ports."""

    def __init__(self, ports):
        folder = on.WORK / "prometheus"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        rules = (MONITORING / "rules.yml").read_text(encoding="utf-8")
        (folder / "rules.yml").write_text(re.sub(r"(?m)^        for: .*\n", "", rules), encoding="utf-8")
        targets = ", ".join(f"'127.0.0.1:{port}'" for port in ports)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
            f"scrape_configs:\n  - job_name: riskflag\n    static_configs: [{{targets: [{targets}]}}]\n", encoding="utf-8")
        port = on.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = on.Process("prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
                                  f"--web.listen-address=127.0.0.1:{port}", log=on.WORK / "prometheus.log")
        on.wait_for(lambda: on.get(self.url + "/-/ready"))

    def ask(self, path, **query):
        answer = json.loads(on.get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def firing(self):
        return {(alert["labels"]["alertname"], alert["labels"].get("field", alert["labels"].get("instance"))) for alert in self.ask("alerts")["alerts"]
                if alert["state"] == "firing"}


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is missing: Debian's package of that name")
class Scraped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.quiet = cls.enterClassContext(monitored.Served())
        cls.odd = cls.enterClassContext(monitored.Served())
        cls.quiet.score("quiet")
        cls.quiet.report()
        cls.odd.score("drifted")
        cls.odd.report(outcome_of=lambda n, outcome: n % 2)
        for each in (cls.quiet, cls.odd):
            each.settled()

    def prometheus(self, *servers):
        started = Prometheus([each.port for each in servers])
        self.addCleanup(started.process.end)
        on.wait_for(lambda: all(target["health"] == "up" for target in started.ask("targets")["activeTargets"]))
        return started

    def test_a_quiet_server_wakes_nobody_and_every_query_of_the_dashboard_has_data(self):
        prometheus = self.prometheus(self.quiet)
        on.wait_for(lambda: prometheus.ask("query", query='count_over_time(up{job="riskflag"}[1m]) >= 3')["result"])
        self.quiet.score("quiet")  # rates need what happens between two looks
        on.wait_for(lambda: prometheus.ask("query", query='increase(riskflag_predictions_total[1m]) > 0')["result"])
        on.wait_for(lambda: prometheus.ask("query", query='rate(riskflag_shadow_rows_total[1m]) > 0')["result"])
        time.sleep(2)  # two rounds of the rules over all that
        self.assertEqual(prometheus.firing(), set())
        queries = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
        self.assertGreater(len(queries), 20)
        for title, query in queries:
            found = prometheus.ask("query", query=query)["result"]
            self.assertTrue(found, f"{title}: {query}")
            self.assertNotEqual({sample["value"][1] for sample in found}, {"NaN"}, f"{title}: {query}")
        versions = {sample["metric"]["role"] for sample in prometheus.ask("query", query="sum by (role) (riskflag_predictions_total) > 0")["result"]}
        self.assertEqual(versions, {"champion", "challenger", "shadow"})

    def test_drift_and_decay_wake_their_alerts(self):
        prometheus = self.prometheus(self.odd, self.quiet)
        want = {("RiskflagDrift", "Income"), ("RiskflagDecay", f"127.0.0.1:{self.odd.port}")}
        on.wait_for(lambda: want <= prometheus.firing(), 30)
        self.assertEqual({name for name, _ in prometheus.firing()}, {"RiskflagDrift", "RiskflagDecay"})
        self.assertNotIn(("RiskflagDecay", f"127.0.0.1:{self.quiet.port}"), prometheus.firing())


if __name__ == "__main__":
    unittest.main()
