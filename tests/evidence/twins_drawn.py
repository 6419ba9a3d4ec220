"""Twins of the claims that need a network, a finding, or more than a register."""

from __future__ import annotations

from typing import Any

from tests.evidence import sample
from tests.evidence.twins import (
    METADATA,
    OUTER,
    PARAMETER,
    Change,
    Resources,
    Twin,
    accepted,
    add,
    bucket_policy,
    cluster,
    drop,
    of,
    put,
    rule,
    twin,
)


def whole() -> Resources:
    """Return the resources of the sample: three tiers in two zones."""
    found: Resources = sample.template()["Resources"]
    return found


def _edited(*changes: Change) -> Resources:
    found = whole()
    for change in changes:
        change(found)
    return found


ROTATION = {
    "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {}},
    "Rotate": {"Type": "AWS::Lambda::Function", "Properties": {}},
    "Schedule": {
        "Type": "AWS::SecretsManager::RotationSchedule",
        "Properties": {
            "SecretId": {"Ref": "Secret"},
            "RotationLambdaARN": {"Fn::GetAtt": ["Rotate", "Arn"]},
        },
    },
}
FIREWALL = of("Route53Resolver::FirewallRuleGroupAssociation", FirewallRuleGroupId="mine")
ALARM = of("CloudWatch::Alarm")
CALL_OUT: Resources = {
    "CallOut": {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["TaskGroup", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "CidrIp": "0.0.0.0/0",
        },
    }
}
PRIVATE = ("PrivateDefaultA", "PrivateDefaultB")


def _blocking(resources: Resources) -> None:
    resources["Acl"]["Properties"]["Rules"] = [{"Name": "Rate", "Action": {"Block": {}}}]


def _many_ports(resources: Resources) -> None:
    for port in range(20, 24):
        for side, group, peer in (
            ("Ingress", "TaskGroup", "AlbGroup"),
            ("Egress", "AlbGroup", "TaskGroup"),
        ):
            made = sample._rule(side, group, peer, port, "many")
            resources[f"{side}{port}"] = made
    container: dict[str, Any] = resources["Task"]["Properties"]["ContainerDefinitions"][0]
    container["PortMappings"] = [{"ContainerPort": port} for port in range(20, 24)]


def _own_master(resources: Resources) -> None:
    put("Cluster", ManageMasterUserPassword=None, MasterUserPassword={"Ref": "Secret"})(resources)


def _service(**network: object) -> Change:
    def change(resources: Resources) -> None:
        found = resources["Service"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        found |= network

    return change


OLD_INSTANCE = of("RDS::DBInstance", AutoMinorVersionUpgrade=False)
PLAIN_MYSQL = of("RDS::DBInstance", Engine="mysql")
BUCKET = of("S3::Bucket")
SSE = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
OPEN = rule(CidrIp="0.0.0.0/0")
CLOSED = rule(CidrIp="10.0.0.0/8")
ACCOUNT = (
    "CloudTrail::Trail",
    "Config::ConfigurationRecorder",
    "GuardDuty::Detector",
    "InspectorV2::Filter",
    "SecurityHub::Hub",
    "AccessAnalyzer::Analyzer",
)


def _everything(resources: Resources) -> None:
    for kind in ACCOUNT:
        resources.update(of(kind))


NETWORK: tuple[Twin, ...] = (
    twin(
        "Public tier",
        "routes to the internet, both ways",
        says=whole(),
        broken=drop("PublicDefaultA", "PublicDefaultB"),
    ),
    twin(
        "Private tier", "routes out through a gateway, none in", says=whole(), broken=drop(*PRIVATE)
    ),
    twin(
        "Isolated tier",
        "no route out of the VPC",
        says=whole(),
        broken=drop("IsolatedA", "IsolatedB", "SubnetGroup", "Cluster", "Writer"),
    ),
    twin(
        "Not placed",
        "subnets or routes are not in this template",
        says=_edited(_service(Subnets=["subnet-1"])),
        broken=_service(Subnets=[{"Ref": "PrivateA"}]),
    ),
    twin(
        "no way in from the internet is drawn here",
        says=_edited(put("Alb", Scheme="internal")),
        broken=put("Alb", Scheme="internet-facing"),
    ),
    twin("gateway endpoint {}", says=whole(), broken=drop("S3Endpoint")),
    twin(
        "answers every tier, for any name; no DNS firewall in this template",
        says=whole(),
        broken=add(FIREWALL),
    ),
    twin(
        "answers every tier, for names that {} admits",
        says=whole() | FIREWALL,
        broken=drop("FirewallRuleGroupAssociation"),
    ),
    twin(
        "no network of its own; {}", says=whole() | of("Lambda::Function"), broken=drop("Function")
    ),
    twin(
        "WAF: {}, {}",
        "behind a web application firewall",
        says=_edited(_blocking),
        broken=drop("AclAssociation"),
    ),
    twin(
        "{}, perhaps",
        says=_edited(put("DatabaseFromTask", SourceSecurityGroupId=OUTER)),
        broken=drop("DatabaseFromTask"),
        Parameters=PARAMETER,
    ),
    twin(
        "{} ports, see the register",
        says=_edited(_many_ports),
        broken=drop("Ingress20", "Ingress21", "Ingress22"),
    ),
    twin(
        "{} NAT gateways",
        "the way out; nothing comes in",
        "{}: as the application does",
        says=_edited(add(CALL_OUT)),
        broken=drop(*PRIVATE),
    ),
    twin(
        "NAT gateway",
        says=_edited(add(CALL_OUT), _service(Subnets=[{"Ref": "PrivateA"}])),
        broken=drop("CallOut"),
    ),
    twin("listens on {}", says=whole(), broken=drop("Https", "Redirect")),
    twin("public address", says=whole(), broken=put("Alb", Scheme="internal")),
    twin(
        "zone known at deployment",
        says=_edited(put("PublicA", AvailabilityZone=None)),
        broken=put("PublicA", AvailabilityZone="eu-central-2a"),
        Parameters=PARAMETER,
    ),
)

FLOWS: tuple[Twin, ...] = (
    twin(
        "Left out, too, for want of a network of its own: {}.",
        says=whole() | of("Lambda::Function"),
        broken=drop("Function"),
    ),
    twin("copies", "kept {}", says=whole(), broken=put("Cluster", BackupRetentionPeriod=None)),
    twin(
        "new secrets, over TLS", "changes secrets", says=whole() | ROTATION, broken=drop("Schedule")
    ),
    twin(
        "new password, RDS API",
        says=_edited(add(ROTATION), _own_master),
        broken=put("Cluster", MasterUserPassword="other"),
    ),
    twin("alarms", "{} in this template", says=whole() | ALARM, broken=drop("Alarm")),
    twin("events", "{}, kept {}", says=whole(), broken=lambda resources: resources.clear()),
    twin(
        "events and whole statements",
        says=whole(),
        broken=put("Cluster", EnableCloudwatchLogsExports=["audit"]),
    ),
    twin("credentials", says=whole(), broken=drop("Task")),
    twin(
        "encrypted with {}",
        says=whole(),
        broken=put("Cluster", KmsKeyId=None, StorageEncrypted=False),
    ),
    twin(
        "encrypted with AWS's own key",
        says=_edited(put("Cluster", KmsKeyId=None)),
        broken=put("Cluster", StorageEncrypted=False),
    ),
    twin(
        "encrypted with a key from outside",
        says=_edited(put("Cluster", KmsKeyId="theirs")),
        broken=put("Cluster", KmsKeyId=None),
    ),
    twin(
        "not encrypted",
        says=_edited(put("Cluster", KmsKeyId=None, StorageEncrypted=False)),
        broken=put("Cluster", StorageEncrypted=True),
    ),
    twin(
        "{}, see the register",
        says=_edited(put("Cluster", ManageMasterUserPassword=None)) | ROTATION,
        broken=drop("Secret"),
    ),
)

REST: tuple[Twin, ...] = (
    twin("in the CDE", says=cluster(), broken=drop("DBCluster")),
    twin(
        "connected or security-affecting", "protects keys", says=of("KMS::Key"), broken=drop("Key")
    ),
    twin(
        "out of scope",
        "makes nothing in the account",
        says=of("CDK::Metadata"),
        broken=drop("Metadata"),
    ),
    twin("keeps logs", says=whole(), broken=put("Alb", LoadBalancerAttributes=[])),
    twin(
        "runs during a deployment",
        says={"It": {"Type": "Custom::Thing", "Properties": {}}},
        broken=drop("It"),
    ),
    twin(
        "not known to this inventory: connected until you decide otherwise",
        says=of("New::Service::Thing"),
        broken=drop("Thing"),
    ),
    twin(
        "a MySQL instance exports every log, the general one among them",
        "The general log holds whole statements, card numbers in them: keep it off.",
        says=dict(PLAIN_MYSQL),
        broken=put(
            "DBInstance", EnableCloudwatchLogsExports=["audit", "error", "general", "slowquery"]
        ),
    ),
    twin(
        "instances take minor upgrades by themselves",
        "Plan the upgrades (6.3.3): on a line with long-term support AWS advises to do so.",
        says=dict(OLD_INSTANCE),
        broken=put("DBInstance", AutoMinorVersionUpgrade=True),
    ),
    twin(
        "an event subscription for database security groups",
        "Such groups belong to EC2-Classic, which is gone; a VPC's send no RDS event.",
        says=cluster(),
        broken=add(of("RDS::EventSubscription", SourceType="db-security-group")),
    ),
    twin(
        "buckets log who reads and writes them",
        "Log into another bucket, or record its data events in CloudTrail: a log bucket that "
        "logs into itself never ends.",
        says=dict(BUCKET),
        broken=put("Bucket", LoggingConfiguration={"DestinationBucketName": "b"}),
    ),
    twin(
        "buckets lock their objects",
        "A locked bucket cannot be emptied with its stack. Versions protect for as long as they "
        "are kept; a copy in a log account protects longer (10.3.2, 10.3.4).",
        says=dict(BUCKET),
        broken=put("Bucket", ObjectLockEnabled=True),
    ),
    twin(
        "buckets are encrypted with KMS",
        "Use a KMS key, except where a load balancer delivers its access logs: it knows S3's own "
        "keys only.",
        says=dict(BUCKET),
        broken=put("Bucket", BucketEncryption={"ServerSideEncryptionConfiguration": [SSE]}),
    ),
    twin(
        "It does not turn on account-wide services: {}. One stack should not own what the whole "
        "account shares.",
        says={},
        broken=_everything,
    ),
)

MENDED = add(bucket_policy(**{"aws:SecureTransport": "false"}))
SUPPORT = of("KMS::Key", EnableKeyRotation=True)
MORE = of("KMS::Key", EnableKeyRotation=True, PendingWindowInDays=30)
TWO_WAYS = {"A": {"Fn::Equals": [{"Ref": "Outer"}, "yes"]}}
CHOICE = {"Outer": {"Type": "String", "AllowedValues": ["yes", "no"], "Default": "no"}}


def _other_reason(resources: Resources) -> None:
    entry = {"rule": "PCI-4.2.1-PLAIN-REQUESTS", "reason": "Another test accepts it, too."}
    resources["Second"] = {"Type": "AWS::S3::Bucket", "Metadata": {METADATA: [entry]}}


def _refused(resources: Resources) -> None:
    del resources["Bucket"]["Metadata"]


def _two_reasons() -> Resources:
    found = accepted()
    _other_reason(found)
    return found


STANDINGS: tuple[Twin, ...] = (
    twin(
        "{} found: {}.",
        "{}: fix before you rely on it.",
        "needs you",
        says=dict(BUCKET),
        broken=MENDED,
        judged=True,
    ),
    twin(
        "{} found: {}. Accepted: {}",
        "{} is accepted with a reason.",
        "acknowledged",
        says=accepted(),
        broken=_refused,
        judged=True,
    ),
    twin("{} are accepted with a reason.", says=_two_reasons(), broken=drop("Second"), judged=True),
    twin("{}: look at it.", says=of("SNS::Topic"), broken=drop("Topic"), judged=True),
    twin(
        "No setting of this template supports it: it does not apply, or is met elsewhere.",
        says={},
        broken=add(SUPPORT),
    ),
    twin(
        "met in part",
        "{} supports it.",
        says=dict(SUPPORT),
        broken=put("Key", EnableKeyRotation=False, PendingWindowInDays=3),
    ),
    twin("{} support it.", says=dict(MORE), broken=drop("Key")),
    twin("met", says=whole(), broken=lambda resources: resources.clear()),
    twin(
        "The template has conditions: this shows it with the default value of every parameter.",
        says={"Topic": {"Type": "AWS::SNS::Topic", "Condition": "A"}},
        broken=drop("Topic"),
        Parameters=CHOICE,
        Conditions=TWO_WAYS,
    ),
    twin(
        "Nested stacks whose templates are not at hand are not shown: {}.",
        says=of("CloudFormation::Stack", TemplateURL="x"),
        broken=drop("Stack"),
    ),
)
