"""The kustomize base, read as it is: what refers to what, a confined server, probes, an end that is longer than the drain."""

import copy
import pathlib
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / "examples/deploy/kubernetes"
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))


def resources():
    return {document["kind"]: document for name in KUSTOMIZATION["resources"] for document in yaml.safe_load_all((BASE / name).read_text(encoding="utf-8"))}


def complaints(by_kind):
    """What is wrong with the base, as sentences."""
    found = []
    deployment = by_kind["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    container = pod["containers"][0]
    labels = deployment["template"]["metadata"]["labels"]
    for kind, selector in {"Deployment": deployment["selector"]["matchLabels"], "Service": by_kind["Service"]["spec"]["selector"],
                           "PodDisruptionBudget": by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                           "NetworkPolicy": by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]}.items():
        if not selector or not selector.items() <= labels.items():
            found.append(f"{kind}: its selector does not find the pods")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    if ports != {"http": int(env["RISKFLAG_PORT"])}:
        found.append("the port is not the one that the server is told")
    if by_kind["Service"]["spec"]["ports"][0]["targetPort"] not in ports or by_kind["NetworkPolicy"]["spec"]["ingress"][0]["ports"] != [{"port": "http"}]:
        found.append("the service's or the policy's port is none of the container")
    for probe, path in {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}.items():
        if container.get(probe, {}).get("httpGet") != {"path": path, "port": "http"}:
            found.append(f"{probe} does not ask {path}")
    confined = {**pod["securityContext"], **container["securityContext"]}
    wanted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
              "capabilities": {"drop": ["ALL"]}}
    for key, value in wanted.items():
        if confined.get(key) != value:
            found.append(f"{key} is {confined.get(key)}")
    if confined.get("runAsUser", 0) == 0 or pod.get("automountServiceAccountToken") is not False:
        found.append("it runs as root, or holds a token of the cluster")
    if pod["serviceAccountName"] != by_kind["ServiceAccount"]["metadata"]["name"]:
        found.append("the service account is none of the base")
    # A service called riskflag would otherwise set RISKFLAG_PORT to tcp://….
    if pod.get("enableServiceLinks") is not False:
        found.append("variables of the service are read as the server's flags")
    if "RISKFLAG_INSECURE" in env or "RISKFLAG_KEYS" not in env:
        found.append("without keys")
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    if {mount["name"] for mount in mounts.values()} != volumes or not all(mount["readOnly"] for mount in mounts.values()):
        found.append("volumes and mounts differ, or can be written")
    for variable in ("RISKFLAG_MODEL", "RISKFLAG_KEYS"):
        if str(pathlib.PurePosixPath(env[variable]).parent) not in mounts:
            found.append(f"{variable} is not mounted")
    if pod["terminationGracePeriodSeconds"] <= container["lifecycle"]["preStop"]["sleep"]["seconds"] + int(env["RISKFLAG_DRAIN_MS"]) / 1000:
        found.append("it is killed before it has drained")
    if not container["resources"]["requests"] or "memory" not in container["resources"]["limits"]:
        found.append("no resources")
    if deployment["replicas"] <= by_kind["PodDisruptionBudget"]["spec"]["minAvailable"]:
        found.append("the budget lets no node be drained")
    return found


class Kubernetes(unittest.TestCase):
    def test_the_base_names_all_of_its_files(self):
        self.assertEqual(sorted(KUSTOMIZATION["resources"]), sorted(path.name for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml"))

    def test_nothing_is_wrong_with_it(self):
        self.assertEqual(complaints(resources()), [])

    def test_the_variables_are_flags_of_the_server(self):
        flags = (ROOT / "examples/programs/serve/flags.hpp").read_text(encoding="utf-8")
        for entry in resources()["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]:
            self.assertIn(f'envname("{entry["name"]}")', flags)

    def test_each_rule_finds_what_breaks_it(self):
        def broken(word, change):
            by_kind = copy.deepcopy(resources())
            pod = by_kind["Deployment"]["spec"]["template"]["spec"]
            change(by_kind, pod, pod["containers"][0])
            found = complaints(by_kind)
            self.assertTrue(any(word in line for line in found), (word, found))
        broken("Service: its selector", lambda k, pod, c: k["Service"]["spec"]["selector"].update(app="other"))
        broken("the port is not", lambda k, pod, c: c["ports"][0].update(containerPort=80))
        broken("the service's", lambda k, pod, c: k["Service"]["spec"]["ports"][0].update(targetPort=80))
        broken("livenessProbe", lambda k, pod, c: c["livenessProbe"]["httpGet"].update(path="/readyz"))
        broken("readOnlyRootFilesystem", lambda k, pod, c: c["securityContext"].pop("readOnlyRootFilesystem"))
        broken("seccompProfile", lambda k, pod, c: pod["securityContext"].pop("seccompProfile"))
        broken("token", lambda k, pod, c: pod.pop("automountServiceAccountToken"))
        broken("read as the server's flags", lambda k, pod, c: pod.pop("enableServiceLinks"))
        broken("without keys", lambda k, pod, c: c["env"].append({"name": "RISKFLAG_INSECURE", "value": "true"}))
        broken("can be written", lambda k, pod, c: c["volumeMounts"][0].update(readOnly=False))
        broken("is not mounted", lambda k, pod, c: c["volumeMounts"][0].update(mountPath="/elsewhere"))
        broken("killed before", lambda k, pod, c: pod.update(terminationGracePeriodSeconds=13))
        broken("lets no node", lambda k, pod, c: k["Deployment"]["spec"].update(replicas=1))


if __name__ == "__main__":
    unittest.main()
