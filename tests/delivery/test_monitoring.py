"""Prometheus' own tool on what a server tells and on the alert rules: `promtool check metrics`, `check rules`, `check config`, `test rules`."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "deploy"))
import monitored  # noqa: E402
import stand_ins as on  # noqa: E402

MONITORING = on.DEPLOY / "monitoring"
RULES_TEST = pathlib.Path(__file__).resolve().with_name("monitoring_rules.yml")


def promtool(*arguments, cwd=None, text=None):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, input=text, timeout=60)


@unittest.skipUnless(shutil.which("promtool"), "promtool is missing: Debian's package prometheus has it")
class Promtool(unittest.TestCase):
    def test_a_server_with_every_family_is_what_prometheus_reads(self):
        with monitored.Served() as served:
            served.score("quiet")
            served.report(700)
            page = served.settled()
        for family in ("performance", "drift_alarm", "beside_drift_alarm", "shadow_rows_total", "field_bin_total", "http_request_duration_seconds_bucket"):
            self.assertTrue(f"\nriskflag_{family}{{" in page, family)
        done = promtool("check", "metrics", text=page)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        done = promtool("check", "metrics", text=page.replace("# TYPE riskflag_shed_total counter", "# TYPE riskflag_shed_total gauge"))
        self.assertNotEqual(done.returncode, 0)

    def with_rules(self, rules):
        """promtool's verdict on RULES_TEST beside those rules."""
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "rules.yml").write_text(rules, encoding="utf-8")
            shutil.copy(RULES_TEST, folder)
            return promtool("test", "rules", RULES_TEST.name, cwd=folder)

    def test_the_rules_wake_when_they_should_and_not_else(self):
        rules = (MONITORING / "rules.yml").read_text(encoding="utf-8")
        done = promtool("check", "rules", MONITORING / "rules.yml")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.with_rules(rules)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for wrong in (rules.replace("riskflag_drift_alarm) == 1", "riskflag_drift_alarm) >= 0"), rules.replace("for: 15m", "for: 3h"),
                      rules.replace("< ignoring (kind)", "> ignoring (kind)"), rules.replace('reason!="draining"', 'reason!="queue"')):
            self.assertNotEqual(wrong, rules)
            self.assertNotEqual(self.with_rules(wrong).returncode, 0)

    def test_the_configuration_is_one(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(MONITORING / "rules.yml", folder)
            shutil.copy(on.DEPLOY / "compose/prometheus.yml", folder)
            done = promtool("check", "config", "prometheus.yml", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)


class RulesTest(unittest.TestCase):
    def test_each_alert_is_seen_awake_and_asleep(self):
        rules = yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
        alerts = {rule["alert"] for group in rules for rule in group["rules"]}
        seen = [check for test in yaml.safe_load(RULES_TEST.read_text(encoding="utf-8"))["tests"] for check in test["alert_rule_test"]]
        self.assertEqual({check["alertname"] for check in seen if check.get("exp_alerts")}, alerts)
        self.assertEqual({check["alertname"] for check in seen if not check.get("exp_alerts")}, alerts)

    def test_each_alert_has_its_line_in_the_runbook(self):
        runbook = (on.ROOT / "docs/operate/serving.md").read_text(encoding="utf-8")
        rules = yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
        for alert in (rule["alert"] for group in rules for rule in group["rules"]):
            self.assertTrue(re.search(rf"^\| .*\b{alert}\b", runbook, re.M), alert)


if __name__ == "__main__":
    unittest.main()
