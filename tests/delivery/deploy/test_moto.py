"""The stack made, changed and deleted in moto, a stand-in for AWS; and what cfn-lint says. --full, with requirements-full.txt."""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import boto3
import yaml
from moto import mock_aws

STACK = pathlib.Path(__file__).resolve().parents[3] / "examples/deploy/aws/stack.yml"
# Types that moto does not make: only test_stack.py and cfn-lint look at these.
SKIPPED = {"AWS::S3::BucketPolicy", "AWS::CloudWatch::Alarm"}
REGION = "eu-west-1"


class Moto(unittest.TestCase):
    def test_cfn_lint_is_clean(self):
        done = subprocess.run([pathlib.Path(sys.executable).parent / "cfn-lint", STACK], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    @mock_aws
    def test_made_changed_and_deleted(self):
        def client(name):
            return boto3.client(name, region_name=REGION)
        ec2, formation = client("ec2"), client("cloudformation")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
                   for n, zone in enumerate("ab")]
        certificate = client("acm").request_certificate(DomainName="riskflag.example")["CertificateArn"]
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        client("ssm").put_parameter(Name="/test/image", Value=image, Type="String")
        # moto reads the parameter's default too, and knows no image of Canonical's.
        text = re.sub("/aws/service/canonical/.*", "/test/image", STACK.read_text())
        parameters = {"VpcId": vpc, "PublicSubnets": ",".join(subnets), "HostSubnet": subnets[0], "CertificateArn": certificate, "Image": "/test/image",
                      "GitHubProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
                      "GitHubReleaseSubjects": "repo:a@1/b@2:environment:release", "GitHubProductionSubjects": "repo:a@1/b@2:environment:production"}

        def with_parameters(**more):
            return {"StackName": "riskflag", "TemplateBody": text, "Capabilities": ["CAPABILITY_IAM"],
                    "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in {**parameters, **more}.items()]}
        formation.create_stack(**with_parameters())
        self.assertEqual(formation.describe_stacks()["Stacks"][0]["StackStatus"], "CREATE_COMPLETE")
        listed = formation.describe_stack_resources(StackName="riskflag")["StackResources"]
        resources = {one["LogicalResourceId"]: one for one in listed if "LogicalResourceId" in one}
        wanted = {name for name, body in yaml.safe_load(STACK.read_text())["Resources"].items()
                  if "Condition" not in body and body["Type"] not in SKIPPED}
        self.assertEqual(set(resources), wanted)

        def physical(name):
            return resources[name]["PhysicalResourceId"]
        repository = client("ecr").describe_repositories(repositoryNames=["riskflag"])["repositories"][0]
        self.assertEqual(repository["imageTagMutability"], "IMMUTABLE")
        trust = client("iam").get_role(RoleName=physical("DeployRole"))["Role"]["AssumeRolePolicyDocument"]
        trust = trust if isinstance(trust, dict) else json.loads(trust)
        self.assertEqual(trust["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"], ["repo:a@1/b@2:environment:production"])
        document = client("ssm").get_document(Name=physical("Document"))["Content"]
        document = document if isinstance(document, dict) else json.loads(document)
        self.assertEqual(document["parameters"]["image"]["allowedPattern"], "^(current|sha256:[0-9a-f]{64})$")
        rules = ec2.describe_security_groups(GroupIds=[physical("HostGroup")])["SecurityGroups"][0]["IpPermissions"]
        self.assertEqual([(rule["FromPort"], rule["ToPort"], rule["IpRanges"]) for rule in rules], [(8080, 8080, [])])
        data = ec2.describe_launch_template_versions(LaunchTemplateId=physical("Template"))["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        self.assertEqual(data["MetadataOptions"]["HttpTokens"], "required")
        self.assertEqual(client("elbv2").describe_target_groups()["TargetGroups"][0]["HealthCheckPath"], "/readyz")
        formation.update_stack(**with_parameters(ClientCidr="10.9.0.0/16"))
        self.assertEqual(formation.describe_stacks()["Stacks"][0]["StackStatus"], "UPDATE_COMPLETE")
        formation.delete_stack(StackName="riskflag")
        self.assertEqual([stack for stack in formation.list_stacks()["StackSummaries"] if stack["StackStatus"] != "DELETE_COMPLETE"], [])


if __name__ == "__main__":
    unittest.main()
