"""The CloudFormation stack, read as it is: safe settings, least rights. `cfn-lint` and a stand-in for AWS judge it in --full."""

import copy
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
AWS = ROOT / "examples/deploy/aws"
STACK = yaml.safe_load((AWS / "stack.yml").read_text(encoding="utf-8"))

# Actions that know no resources, by AWS's service authorization reference.
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "ssm:ListCommands", "ssm:ListCommandInvocations", "cloudwatch:PutMetricData"}
# Each role, and all that it may do.
RIGHTS = {
    "PushRole": {"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
                 "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"},
    "DeployRole": {"ssm:SendCommand", "ssm:ListCommands", "ssm:ListCommandInvocations"},
    "HostRole": {"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "s3:ListBucket", "s3:GetObject", "s3:PutObject",
                 "kms:Decrypt", "kms:GenerateDataKey", "ssm:GetParameter", "cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents"},
}
USER_DATA = STACK["Resources"]["Template"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def of_type(stack, kind):
    return {name: body["Properties"] for name, body in stack["Resources"].items() if body["Type"] == kind}


def complaints(stack):
    found = []
    roles = of_type(stack, "AWS::IAM::Role")
    if set(roles) != set(RIGHTS):
        found.append(f"the roles are {sorted(roles)}")
    for name, role in roles.items():
        actions = set()
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                here = set(as_list(statement["Action"]))
                actions |= here
                if any("*" in action for action in here) or "NotAction" in statement or "NotResource" in statement:
                    found.append(f"{name}: a wildcard of actions")
                if "*" in [resource for resource in as_list(statement["Resource"]) if isinstance(resource, str)] and not here <= WITHOUT_RESOURCE:
                    found.append(f"{name}: {sorted(here)} on every resource")
                if here == {"ssm:SendCommand"} and "instance/*" in str(statement["Resource"]) and "ssm:resourceTag/App" not in str(statement.get("Condition")):
                    found.append(f"{name}: commands to every host")
                if "cloudwatch:PutMetricData" in here and statement.get("Condition") != {"StringEquals": {"cloudwatch:namespace": {"Ref": "App"}}}:
                    found.append(f"{name}: metrics of others")
        if actions != RIGHTS.get(name):
            found.append(f"{name}: its rights are {sorted(actions)}")
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            if "Federated" in statement["Principal"]:
                equal = statement.get("Condition", {}).get("StringEquals", {})
                if set(statement["Condition"]) != {"StringEquals"} or equal.get("token.actions.githubusercontent.com:aud") != "sts.amazonaws.com" or \
                        not str(equal.get("token.actions.githubusercontent.com:sub", "")).endswith("Subjects'}"):
                    found.append(f"{name}: is not bound to audience and subject")
    for name, bucket in of_type(stack, "AWS::S3::Bucket").items():
        if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True} or len(bucket["PublicAccessBlockConfiguration"]) != 4:
            found.append(f"{name}: may be public")
        if "aws:kms" not in str(bucket.get("BucketEncryption")):
            found.append(f"{name}: is not encrypted with the key")
        if not any(policy["Bucket"] == {"Ref": name} and "aws:SecureTransport" in str(policy["PolicyDocument"]) for policy in of_type(stack, "AWS::S3::BucketPolicy").values()):
            found.append(f"{name}: takes requests without TLS")
    if not stack["Resources"]["Decisions"]["Properties"].get("ObjectLockEnabled"):
        found.append("Decisions: may be deleted")
    for name, group in of_type(stack, "AWS::EC2::SecurityGroup").items():
        for rule in group["SecurityGroupIngress"]:
            if rule["FromPort"] <= 22 <= rule["ToPort"] or rule["IpProtocol"] != "tcp":
                found.append(f"{name}: opens port 22")
            if rule.get("CidrIp") in ("0.0.0.0/0", "::/0") or (name == "HostGroup" and "CidrIp" in rule):
                found.append(f"{name}: is open to everybody")
    data = stack["Resources"]["Template"]["Properties"]["LaunchTemplateData"]
    if data.get("MetadataOptions", {}).get("HttpTokens") != "required":
        found.append("Template: IMDSv1")
    if "KeyName" in data or not all(disk["Ebs"].get("Encrypted") is True for disk in data["BlockDeviceMappings"]):
        found.append("Template: a key, or a disk that is not encrypted")
    for name, alarm in of_type(stack, "AWS::CloudWatch::Alarm").items():
        if alarm["TreatMissingData"] != "breaching" and alarm["MetricName"] != "HTTPCode_Target_5XX_Count":
            found.append(f"{name}: silence is no alarm")
    if stack["Resources"]["Repository"]["Properties"]["ImageTagMutability"] != "IMMUTABLE":
        found.append("Repository: tags can be moved")
    for name in ("Key", "Repository", "Models", "Decisions", "Logs"):
        if {stack["Resources"][name].get(policy) for policy in ("DeletionPolicy", "UpdateReplacePolicy")} != {"Retain"}:
            found.append(f"{name}: goes with the stack")
    return found


class Stack(unittest.TestCase):
    def test_safe_settings_and_least_rights(self):
        self.assertEqual(complaints(STACK), [])

    def test_each_rule_finds_what_breaks_it(self):
        def broken(word, change):
            stack = copy.deepcopy(STACK)
            change(stack["Resources"])
            found = complaints(stack)
            self.assertTrue(any(word in line for line in found), (word, found))

        def statements(resources, role):
            return resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        broken("wildcard", lambda r: statements(r, "PushRole")[1].update(Action="ecr:*"))
        broken("on every resource", lambda r: statements(r, "PushRole")[1].update(Resource="*"))
        broken("commands to every host", lambda r: statements(r, "DeployRole")[1].pop("Condition"))
        broken("its rights are", lambda r: statements(r, "HostRole")[4].update(Action=["s3:GetObject", "s3:DeleteObject"]))
        broken("metrics of others", lambda r: next(s for s in statements(r, "HostRole") if s["Sid"] == "Count").pop("Condition"))
        broken("audience and subject", lambda r: r["PushRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"].update(
            {"token.actions.githubusercontent.com:sub": "repo:*"}))
        broken("may be public", lambda r: r["Models"]["Properties"]["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False))
        broken("not encrypted with", lambda r: r["Decisions"]["Properties"].pop("BucketEncryption"))
        broken("without TLS", lambda r: r.pop("ModelsPolicy"))
        broken("may be deleted", lambda r: r["Decisions"]["Properties"].pop("ObjectLockEnabled"))
        broken("port 22", lambda r: r["HostGroup"]["Properties"]["SecurityGroupIngress"][0].update(FromPort=0, ToPort=65535))
        broken("open to everybody", lambda r: r["LoadBalancerGroup"]["Properties"]["SecurityGroupIngress"][0].update(CidrIp="0.0.0.0/0"))
        broken("IMDSv1", lambda r: r["Template"]["Properties"]["LaunchTemplateData"].pop("MetadataOptions"))
        broken("disk that", lambda r: r["Template"]["Properties"]["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"].update(Encrypted=False))
        broken("silence", lambda r: r["Slow"]["Properties"].update(TreatMissingData="ignore"))
        broken("can be moved", lambda r: r["Repository"]["Properties"].update(ImageTagMutability="MUTABLE"))
        broken("goes with", lambda r: r["Key"].pop("DeletionPolicy"))

    def test_user_data_is_a_script_and_calls_ours(self):
        text = re.sub(r"\$\{[A-Za-z:.]+\}", "substituted", USER_DATA)
        done = subprocess.run(["shellcheck", "-"], input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue((AWS / re.search(r"/opt/riskflag/aws/(\S+)", text)[1]).exists())


class Host(unittest.TestCase):
    """What runs on the host beside deploy.sh, with a server for the metrics and an `aws` that writes down what it is asked."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def test_everything_that_host_sh_takes_is_published(self):
        taken = set(re.findall(r'"\$here"?/(?:\.\./)?([\w./*-]+)', (AWS / "host.sh").read_text()))
        self.assertEqual(taken, {"host_key.py", "install.sh", "metrics.sh", "riskflag-metrics.*"})
        (self.dir / "aws").write_text(f'#!/bin/sh\necho "$@" >> {self.dir}/asked\n')
        (self.dir / "aws").chmod(0o755)
        subprocess.run([AWS / "publish_host.sh", "bucket"], check=True, env={**os.environ, "PATH": f"{self.dir}:{os.environ['PATH']}"})
        asked = (self.dir / "asked").read_text()
        for name in ("host.sh", "host_key.py", "metrics.sh", "riskflag-metrics.service", "riskflag-metrics.timer"):
            self.assertIn(f"s3://bucket/host/aws/{name}\n", asked)
            self.assertTrue((AWS / name).exists())

    def test_user_data_makes_a_host_ready(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            self.skipTest("needs root, and a mount namespace")
        shims = self.dir / "shims"
        shims.mkdir()
        keys = json.dumps({"format": 1, "keys": [{"name": "batch", "sha256": "0" * 64, "scopes": ["score"]}]})
        # S3 is a folder; the parameter is the keys' file.
        (shims / "aws").write_text(f"""#!/usr/bin/env python3
import pathlib, shutil, sys
words = [word for word in sys.argv[1:] if not word.startswith("--")]
place = lambda name: pathlib.Path(name.replace("s3://", "{self.dir}/"))
if words[:2] == ["s3", "cp"]:
    source, target = [place(word) for word in words[-2:]]
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
elif words[:2] == ["ssm", "get-parameter"]:
    assert "/loans/keys" in words and "--with-decryption" in sys.argv
    print({keys!r})
else:
    sys.exit(f"what is {{words}}?")
""")
        for name in ("apt-get", "systemctl", "snap"):
            (shims / name).write_text(f'#!/bin/sh\necho "{name} $@" >> {self.dir}/asked\n')
        for name in shims.iterdir():
            name.chmod(0o755)
        subprocess.run([AWS / "publish_host.sh", "models"], check=True, env={**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"})
        values = {"Repository.RepositoryUri": "1.dkr.ecr.eu-west-1.amazonaws.com/loans", "Models": "models", "AWS::Region": "eu-west-1",
                  "KeysParameter": "/loans/keys", "App": "loans"}
        script = self.dir / "user_data"
        script.write_text(re.sub(r"\$\{([A-Za-z:.]+)\}", lambda found: values[found[1]], USER_DATA))
        done = subprocess.run(["unshare", "--mount", pathlib.Path(__file__).with_name("host_for_real.sh"), script, shims], capture_output=True, text=True)
        if "wrong fs type" in done.stderr:
            self.skipTest("no overlays here")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for line in ("host.sh: loans is ready for its first deployment", "deploy.sh: nothing is recorded", "640 65532 /etc/riskflag/keys", "600 0 /etc/riskflag/host.key",
                     "REPOSITORY=1.dkr.ecr.eu-west-1.amazonaws.com/loans", "MODEL_SOURCE=s3://models/models", "SMOKE_KEY_FILE=/etc/riskflag/host.key", "APP=loans",
                     '{"credHelpers": {"1.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login"}}'):
            self.assertIn(line + "\n", done.stdout)
        self.assertIn('"host"', done.stdout)
        for path in ("/usr/local/lib/riskflag/deploy.sh", "/usr/local/lib/riskflag/smoke.py", "/usr/local/lib/riskflag/metrics.sh",
                     "/etc/systemd/system/riskflag-haproxy.service", "/etc/systemd/system/riskflag-metrics.timer", "/etc/systemd/system/riskflag-recover.timer"):
            self.assertIn(path + "\n", done.stdout)
        asked = (self.dir / "asked").read_text()
        self.assertIn("systemctl enable --now riskflag-haproxy.service riskflag-recover.timer\n", asked)
        self.assertIn("systemctl enable --now riskflag-metrics.timer\n", asked)
        self.assertRegex(asked, "apt-get install .*docker.io .* haproxy ")
        self.assertFalse(pathlib.Path("/etc/systemd/system/riskflag-metrics.timer").exists())

    def host_key(self, *names):
        keys = self.dir / "keys"
        keys.write_text(json.dumps({"format": 1, "keys": [{"name": name, "sha256": "0" * 64, "scopes": ["score"]} for name in names]}))
        done = subprocess.run([sys.executable, AWS / "host_key.py", keys, self.dir / "host.key"], capture_output=True, text=True)
        return done, json.loads(keys.read_text())["keys"]

    def test_the_host_has_a_key_of_its_own_that_stays(self):
        done, keys = self.host_key("batch")
        self.assertEqual(done.returncode, 0, done.stderr)
        key = (self.dir / "host.key").read_text()
        self.assertGreaterEqual(len(key.strip()), 40)
        self.assertEqual((self.dir / "host.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(keys[1], {"name": "host", "sha256": hashlib.sha256(key.strip().encode()).hexdigest(), "scopes": ["score", "read"]})
        self.assertEqual(self.host_key("batch")[1], keys)
        self.assertEqual((self.dir / "host.key").read_text(), key)
        self.assertEqual(self.host_key("host")[0].returncode, 1)

    def metrics(self, page, colour="green"):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                right = self.headers.get("Authorization") == "Bearer secret" and self.path == "/metrics" and page is not None
                self.send_response(200 if right else 401)
                self.end_headers()
                self.wfile.write(page.encode() if right else b"")

            def log_message(self, *_):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        (self.dir / "aws").write_text(f'#!/bin/sh\necho "$@" > {self.dir}/asked\n')
        (self.dir / "aws").chmod(0o755)
        (self.dir / "key").write_text("secret\n")
        (self.dir / "state").write_text(f"current {colour} sha256:a sha256:b\n")
        (self.dir / "asked").write_text("")
        (self.dir / "conf").write_text(f"GREEN_PORT={server.server_port}\nSTATE_DIR={self.dir}\nSMOKE_KEY_FILE={self.dir}/key\n")
        done = subprocess.run([AWS / "metrics.sh", "loans"], capture_output=True, text=True, env={
            **os.environ, "PATH": f"{self.dir}:{os.environ['PATH']}", "RISKFLAG_DEPLOY_CONF": str(self.dir / "conf")})
        return done.returncode, (self.dir / "asked").read_text().strip()

    def test_the_fields_that_drift_are_counted_once(self):
        line = 'riskflag_drift_alarm{field="%s",window="%s"} %d\n'
        told = "cloudwatch put-metric-data --namespace loans --metric-name DriftingFields --unit Count --value "
        page = "".join(line % entry for entry in (("Income", "1000rows", 1), ("Income", "3600s", 1), ('a "} 1', "3600s", 0), ("Age", "3600s", 1)))
        self.assertEqual(self.metrics("# TYPE riskflag_drift_alarm gauge\n" + page), (0, told + "2"))
        self.assertEqual(self.metrics("riskflag_rows_total 1\n"), (0, told + "0"))

    def test_silence_is_told_as_silence(self):
        code, asked = self.metrics(None)
        self.assertNotEqual(code, 0)
        self.assertEqual(asked, "")
        self.assertEqual(self.metrics("", colour="none"), (0, ""))


class RollOut(unittest.TestCase):
    """roll_out.sh against an `aws` that does what the stack's document says, on this machine."""

    IMAGE, MODEL = "sha256:" + "a" * 64, "sha256:" + "b" * 64

    def setUp(self):
        self.dir = pathlib.Path(os.environ["DELIVERY_WORK"]) / "roll_out"
        subprocess.run(["rm", "-rf", self.dir], check=True)
        self.dir.mkdir()
        (self.dir / "aws").symlink_to(pathlib.Path(__file__).with_name("aws_shim.py"))

    def roll_out(self, *arguments, deploy_exit=0, hosts=1):
        (self.dir / "deploy.sh").write_text(f"#!/bin/sh\necho \"$@\" >> {self.dir}/called\nexit {deploy_exit}\n")
        (self.dir / "deploy.sh").chmod(0o755)
        return subprocess.run([AWS / "roll_out.sh", *arguments], capture_output=True, text=True, env={
            "PATH": f"{self.dir}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "SHIM_DIR": str(self.dir), "SHIM_HOSTS": str(hosts), "SSM_DOCUMENT": "document", "APP": "riskflag",
            "ROLL_OUT_POLL": "0.1", "ROLL_OUT_SECONDS": "20"})

    def called(self):
        path = self.dir / "called"
        return path.read_text().splitlines() if path.exists() else []

    def test_the_document_runs_deploy_sh_with_both_digests(self):
        done = self.roll_out("deploy", self.IMAGE, self.MODEL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.called(), [f"deploy {self.IMAGE} {self.MODEL}"])

    def test_current_and_rollback(self):
        self.assertEqual(self.roll_out("deploy", self.IMAGE, "current").returncode, 0)
        self.assertEqual(self.roll_out("rollback").returncode, 0)
        self.assertEqual(self.called(), [f"deploy {self.IMAGE} current", "rollback"])

    def test_a_failure_on_the_host_fails_the_job(self):
        done = self.roll_out("deploy", self.IMAGE, self.MODEL, deploy_exit=1)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed on 1 hosts", done.stderr)

    def test_no_host_is_a_failure(self):
        done = self.roll_out("deploy", self.IMAGE, self.MODEL, hosts=0)
        self.assertEqual(done.returncode, 1)
        self.assertIn("on 0 hosts", done.stderr)

    def test_what_is_no_digest_is_never_sent(self):
        for image in ("latest", "sha256:12", "$(reboot)", "sha256:" + "a" * 64 + "; reboot"):
            self.assertEqual(self.roll_out("deploy", image, self.MODEL).returncode, 2)
        self.assertEqual(self.called(), [])

    def test_the_document_itself_refuses_what_is_no_digest(self):
        done = subprocess.run([sys.executable, self.dir / "aws", "ssm", "send-command", "--parameters", "command=deploy,image=x;reboot,model=current"], capture_output=True, text=True,
                              env={**os.environ, "SHIM_DIR": str(self.dir), "SHIM_HOSTS": "1"})
        self.assertEqual(done.returncode, 254)
        self.assertEqual(self.called(), [])


if __name__ == "__main__":
    unittest.main()
