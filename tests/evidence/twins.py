"""For each claim of the evidence a template that says it, and the change that takes it away.

Small templates, so that a reader sees what the claim hangs on; :mod:`tests.evidence.twins_drawn`
has those that need a network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pcistack.evidence import inventory

Resources = dict[str, Any]
Change = Callable[[Resources], object]


@dataclass(frozen=True)
class Twin:
    """Claims that come together.

    Attributes:
        claims: As they are registered.
        says: Resources of the template that says them.
        broken: What breaks it.
        body: Other sections of the template.
        judged: Whether the rules judge it; else it is as if they found nothing.
    """

    claims: tuple[str, ...]
    says: Resources
    broken: Change
    body: Mapping[str, Any] = field(default_factory=dict)
    judged: bool = False


def of(kind: str, **properties: object) -> Resources:
    """Return one resource, called as its type."""
    return {kind.rpartition(":")[2]: {"Type": f"AWS::{kind}", "Properties": properties}}


def put(name: str, **properties: object) -> Change:
    """Set properties of a resource; None takes one away."""

    def change(resources: Resources) -> None:
        known = resources[name]["Properties"]
        known |= properties
        for key in [key for key in known if known[key] is None]:
            del known[key]

    return change


def drop(*names: str) -> Change:
    """Take resources away."""
    return lambda resources: [resources.pop(name) for name in names]


def add(found: Resources) -> Change:
    """Put resources into the template."""
    return lambda resources: resources.update(found)


def twin(
    *claims: str, says: Resources, broken: Change, judged: bool = False, **body: object
) -> Twin:
    """Return a twin."""
    return Twin(claims, says, broken, body, judged)


OUTER = {"Ref": "Outer"}
PARAMETER = {"Outer": {"Type": "String"}}
METADATA = "pcistack:acknowledged"


def accepted(**more: str) -> Resources:
    """Return a bucket whose missing encryption in transit was accepted."""
    entry = {"rule": "PCI-4.2.1-PLAIN-REQUESTS", "reason": "A test accepts this finding.", **more}
    return {"Bucket": {"Type": "AWS::S3::Bucket", "Metadata": {METADATA: [entry]}}}


def _owned(resources: Resources) -> None:
    resources["Bucket"]["Metadata"][METADATA][0]["until"] = "2030-01-01"


NAG = {"cdk_nag": {"rules_to_suppress": [{"id": "AwsSolutions-S1"}]}}
ELB, RDS, LOGS, SM = "ElasticLoadBalancingV2::", "RDS::", "Logs::", "SecretsManager::"


def listener(**properties: object) -> Resources:
    """Return a listener."""
    return of(f"{ELB}Listener", LoadBalancerArn="arn", Port=443, **properties)


def cluster(**properties: object) -> Resources:
    """Return a database."""
    return of(f"{RDS}DBCluster", Engine="aurora-mysql", **properties)


def group(**parameters: object) -> Resources:
    """Return a database with parameters."""
    return cluster(DBClusterParameterGroupName={"Ref": "DBClusterParameterGroup"}) | of(
        f"{RDS}DBClusterParameterGroup", Parameters=parameters
    )


def schedule(**rules: object) -> Resources:
    """Return a secret that rotates."""
    return of(f"{SM}Secret") | of(
        f"{SM}RotationSchedule", SecretId={"Ref": "Secret"}, RotationRules=rules
    )


def bucket_policy(**condition: object) -> Resources:
    """Return a bucket whose policy denies something to everybody."""
    arn = {"Fn::GetAtt": ["Bucket", "Arn"]}
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, {"Fn::Join": ["", [arn, "/*"]]}],
        "Condition": {"Bool": condition},
    }
    return of("S3::Bucket") | of(
        "S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument={"Statement": [statement]}
    )


def task(**container: object) -> Resources:
    """Return a task with one container."""
    return of("ECS::TaskDefinition", ContainerDefinitions=[{"Name": "app", **container}])


def exports(*logs: str) -> Resources:
    """Return a database that exports logs."""
    return cluster(EnableCloudwatchLogsExports=list(logs))


def rule(**peer: object) -> Resources:
    """Return a security group with one rule."""
    entry = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Description": "why", **peer}
    return of("EC2::SecurityGroup", SecurityGroupIngress=[entry], SecurityGroupEgress=[])


def _rule(**peer: object) -> Change:
    return lambda resources: resources.update(rule(**peer))


TLS_1_2 = put("Listener", SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
NO_ENGINE_LOG = put("DBCluster", EnableCloudwatchLogsExports=[])
CERTIFICATE = of("CertificateManager::Certificate", DomainName="a.example.com")
FLOW = of("EC2::FlowLog", LogGroupName={"Ref": "LogGroup"}) | of(f"{LOGS}LogGroup")
GENERATED = of(f"{SM}Secret", GenerateSecretString={"PasswordLength": 32})

REGISTERS: tuple[Twin, ...] = (
    twin("no end", says=accepted(), broken=_owned),
    twin(
        "no reason given",
        says={"Bucket": {"Type": "AWS::S3::Bucket", "Metadata": NAG}},
        broken=drop("Bucket"),
    ),
    twin(
        "known at deployment",
        says=rule(CidrIp=OUTER),
        broken=_rule(CidrIp="10.0.0.0/8"),
        Parameters=PARAMETER,
    ),
    twin("none", says=of("KMS::Key"), broken=put("Key", EnableKeyRotation=True)),
    twin("not set", says=of(f"{ELB}Listener"), broken=put("Listener", Port=443)),
    # channels
    twin(
        "redirect to HTTPS only",
        says=listener(
            Protocol="HTTP",
            DefaultActions=[{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS"}}],
        ),
        broken=put("Listener", DefaultActions=[{"Type": "forward"}]),
    ),
    twin(
        "no encryption",
        "Traffic is not encrypted (4.2.1).",
        says=listener(Protocol="HTTP"),
        broken=put("Listener", Protocol="HTTPS"),
    ),
    twin("Clients to load balancer", says=listener(), broken=drop("Listener")),
    twin(
        "as the client sends it",
        says=listener(Protocol="TCP"),
        broken=put("Listener", Protocol="TLS"),
    ),
    twin("as {} says", says=listener(Protocol="TLS", SslPolicy="Mine"), broken=TLS_1_2),
    twin("TLS 1.0 and newer", "Older than TLS 1.2.", says=listener(Protocol="TLS"), broken=TLS_1_2),
    twin(
        "TLS 1.1 and newer",
        says=listener(Protocol="TLS", SslPolicy="ELBSecurityPolicy-TLS-1-1-2017-01"),
        broken=TLS_1_2,
    ),
    twin(
        "TLS 1.2 and 1.3",
        says=listener(Protocol="TLS", SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
        broken=put("Listener", SslPolicy=None),
    ),
    twin(
        "Load balancer to what it serves",
        says=of(f"{ELB}TargetGroup", Protocol="HTTP"),
        broken=drop("TargetGroup"),
    ),
    twin(
        "Not encrypted on this way: say why its network is trusted (4.2.1).",
        says=of(f"{ELB}TargetGroup", Protocol="HTTP"),
        broken=put("TargetGroup", Protocol="HTTPS"),
    ),
    twin(
        "TLS, in the version that both sides agree on",
        says=of(f"{ELB}TargetGroup", Protocol="HTTPS"),
        broken=put("TargetGroup", Protocol="HTTP"),
    ),
    twin("Clients to database", says=cluster(), broken=drop("DBCluster")),
    twin(
        "as the engine allows",
        says=group(),
        broken=put("DBClusterParameterGroup", Parameters={"tls_version": "TLSv1.3"}),
    ),
    twin(
        "nothing in this template forces encryption",
        "Nothing in this template refuses unencrypted connections (4.2.1).",
        says=group(),
        broken=put("DBClusterParameterGroup", Parameters={"require_secure_transport": "ON"}),
    ),
    twin(
        "Its parameters are not in this template: look at them (4.2.1).",
        says=cluster(DBClusterParameterGroupName="theirs"),
        broken=put("DBCluster", DBClusterParameterGroupName=None),
    ),
    twin(
        "Callers to {}",
        "TLS only",
        "Statement {} denies aws:SecureTransport = false",
        says=bucket_policy(**{"aws:SecureTransport": "false"}),
        broken=add(bucket_policy(**{"aws:SecureTransport": "true"})),
    ),
    # secrets
    twin(
        "every 7 days, by RDS",
        "RDS, in Secrets Manager",
        "Master password of the database ({})",
        says=cluster(ManageMasterUserPassword=True),
        broken=put("DBCluster", ManageMasterUserPassword=False),
    ),
    twin(
        "Secrets Manager's own key",
        says=of(f"{SM}Secret"),
        broken=put("Secret", KmsKeyId="arn:aws:kms:eu-central-2:111111111111:key/mine"),
    ),
    twin(
        "a value in the template",
        "Its value stands in the template.",
        says=of(f"{SM}Secret", SecretString="hunter2hunter2"),
        broken=put("Secret", SecretString=None),
    ),
    twin(
        "given at the deployment",
        says=of(f"{SM}Secret", SecretString=OUTER),
        broken=put("Secret", SecretString="hunter2hunter2"),
        Parameters=PARAMETER,
    ),
    twin("set by you after the deployment", says=of(f"{SM}Secret"), broken=add(GENERATED)),
    twin(
        "Secrets Manager, {} random characters",
        says=dict(GENERATED),
        broken=put("Secret", GenerateSecretString=None),
    ),
    twin(
        "It does not rotate by itself: change it as your risk analysis says (8.6.3).",
        says=of(f"{SM}Secret"),
        broken=add(schedule(AutomaticallyAfterDays=30)),
    ),
    twin("every {}", says=schedule(AutomaticallyAfterDays=30), broken=drop("RotationSchedule")),
    twin("scheduled", says=schedule(), broken=add(schedule(AutomaticallyAfterDays=30))),
    twin(
        "{} within {} hours from {}:00 UTC",
        "every day",
        says=schedule(ScheduleExpression="cron(0 2 * * ? *)", Duration="4h"),
        broken=drop("RotationSchedule"),
    ),
    twin(
        "{} from {}:00 UTC",
        "every month on day {}",
        says=schedule(ScheduleExpression="cron(0 2 1 * ? *)"),
        broken=drop("RotationSchedule"),
    ),
    twin(
        "every {} months on day {}",
        says=schedule(ScheduleExpression="cron(0 2 1 1/3 ? *)"),
        broken=add(schedule(ScheduleExpression="cron(0 2 1 * ? *)")),
    ),
    twin(
        "every {} days of a month",
        says=schedule(ScheduleExpression="cron(0 2 1/9 * ? *)"),
        broken=add(schedule(ScheduleExpression="cron(0 2 * * ? *)")),
    ),
    twin(
        "Read by containers; made outside this template",
        "not in the template",
        "Not part of this template: show its rotation yourself.",
        says=task(Secrets=[{"Name": "A", "ValueFrom": "arn:aws:secretsmanager:x"}]),
        broken=add(task()),
    ),
    # logs
    twin(
        "Database audit",
        "AWS makes this log group itself: it never ends, without a key of yours.",
        "not set by the template",
        says=exports("audit"),
        broken=NO_ENGINE_LOG,
    ),
    twin("Database errors", says=exports("error"), broken=NO_ENGINE_LOG),
    twin(
        "Database statements slower than the limit", says=exports("slowquery"), broken=NO_ENGINE_LOG
    ),
    twin(
        "Every database statement, card data in them included",
        says=exports("general"),
        broken=NO_ENGINE_LOG,
    ),
    twin("Database log", says=exports("postgresql"), broken=NO_ENGINE_LOG),
    twin("Database log: {}", says=exports("listener"), broken=NO_ENGINE_LOG),
    twin(
        "Not part of this template: show its retention and its key yourself.",
        says=of("EC2::FlowLog", LogGroupName="theirs"),
        broken=add(FLOW),
    ),
    twin("see the name", "Log", says=of(f"{LOGS}LogGroup"), broken=drop("LogGroup")),
    twin("for ever", says=dict(FLOW), broken=put("LogGroup", RetentionInDays=400)),
    twin(
        "CloudWatch's own key",
        says=dict(FLOW),
        broken=put("LogGroup", KmsKeyId="arn:aws:kms:eu-central-2:111111111111:key/mine"),
    ),
    twin(
        "Shorter than the 12 months of 10.5.1.",
        says=FLOW | of(f"{LOGS}LogGroup", RetentionInDays=30),
        broken=put("LogGroup", RetentionInDays=400),
    ),
    twin("Network flows ({})", says=dict(FLOW), broken=drop("FlowLog")),
    twin("accepted and refused", says=dict(FLOW), broken=put("FlowLog", TrafficType="REJECT")),
    twin(
        "S3's own",
        "Calls of the AWS API",
        says=of("CloudTrail::Trail", S3BucketName={"Ref": "Bucket"}) | of("S3::Bucket"),
        broken=drop("Trail", "Bucket"),
    ),
    twin(
        "Output of container {}",
        "nowhere",
        "The container's output is not recorded.",
        says=task(),
        broken=put("TaskDefinition", ContainerDefinitions=[]),
    ),
    twin(
        "the log driver {}", says=task(LogConfiguration={"LogDriver": "splunk"}), broken=add(task())
    ),
    twin(
        "Container performance",
        says=of(
            "ECS::Cluster", ClusterSettings=[{"Name": "containerInsights", "Value": "enhanced"}]
        ),
        broken=put("Cluster", ClusterSettings=None),
    ),
    twin(
        "Requests to the load balancer",
        says=of(
            f"{ELB}LoadBalancer",
            LoadBalancerAttributes=[{"Key": "access_logs.s3.enabled", "Value": "true"}],
        ),
        broken=put("LoadBalancer", LoadBalancerAttributes=[]),
    ),
    twin(
        "TLS connections to the load balancer",
        says=of(
            f"{ELB}LoadBalancer",
            LoadBalancerAttributes=[{"Key": "connection_logs.s3.enabled", "Value": "true"}],
        ),
        broken=put("LoadBalancer", LoadBalancerAttributes=[]),
    ),
    twin(
        "Requests judged by the web ACL",
        says=of("WAFv2::LoggingConfiguration", LogDestinationConfigs=["arn"]),
        broken=put("LoggingConfiguration", LogDestinationConfigs=[]),
    ),
    twin("Output of the function", says=of("Lambda::Function"), broken=drop("Function")),
    twin(
        "Names that are asked for",
        says=of("Route53Resolver::ResolverQueryLoggingConfig", DestinationArn="arn"),
        broken=drop("ResolverQueryLoggingConfig"),
    ),
    # software
    twin(
        "Lambda runtime",
        says=of("Lambda::Function", Runtime="python3.13"),
        broken=put("Function", Runtime=None),
    ),
    twin(
        "not known here",
        says=of("Lambda::Function", Runtime="mine"),
        broken=put("Function", Runtime="python3.13"),
    ),
    twin(
        "AWS's default",
        "The version is not chosen: it may change.",
        says=cluster(),
        broken=put("DBCluster", EngineVersion="8.0.mysql_aurora.3.10.4"),
    ),
    twin(
        "Container image",
        "by its maker",
        "Named by a tag, which may be moved.",
        says=task(Image="app:1"),
        broken=put("TaskDefinition", ContainerDefinitions=[]),
    ),
    # keys and certificates
    twin(
        "The key does not rotate by itself (3.7.4).",
        says=of("KMS::Key"),
        broken=put("Key", EnableKeyRotation=True),
    ),
    twin(
        "every {} days",
        says=of("KMS::Key", EnableKeyRotation=True),
        broken=put("Key", EnableKeyRotation=False),
    ),
    twin("{} days", says=of("KMS::Key"), broken=drop("Key")),
    twin(
        "AWS, as long as its DNS records stand",
        says=of("CertificateManager::Certificate", ValidationMethod="DNS"),
        broken=put("Certificate", ValidationMethod="EMAIL"),
    ),
    twin(
        "you, by answering an e-mail",
        says=dict(CERTIFICATE),
        broken=put("Certificate", ValidationMethod="DNS"),
    ),
    twin(
        "AWS, by the private authority that the template names",
        says=of("CertificateManager::Certificate", CertificateAuthorityArn="arn"),
        broken=put("Certificate", CertificateAuthorityArn=None),
    ),
    twin(
        "AWS for its own public certificates; you for imported ones",
        "Made outside this template: add its names and end date to your inventory.",
        says=listener(Certificates=[{"CertificateArn": "arn:aws:acm:mine"}]),
        broken=put("Listener", Certificates=[]),
    ),
    # ports
    twin(
        "all protocols, all ports",
        "Every protocol and port.",
        says=rule(IpProtocol="-1", CidrIp="10.0.0.0/8"),
        broken=_rule(CidrIp="10.0.0.0/8"),
    ),
    twin(
        "anywhere ({})",
        "Open to the world.",
        says=rule(CidrIp="0.0.0.0/0"),
        broken=_rule(CidrIp="10.0.0.0/8"),
    ),
    twin(
        "security group {}",
        says=rule(SourceSecurityGroupId="sg-1"),
        broken=_rule(CidrIp="10.0.0.0/8"),
    ),
    twin("prefix list {}", says=rule(SourcePrefixListId="pl-1"), broken=_rule(CidrIp="10.0.0.0/8")),
    twin(
        "AWS's own rule, because the template writes no outbound rule: everything may leave.",
        says=of("EC2::SecurityGroup"),
        broken=put(
            "SecurityGroup",
            SecurityGroupEgress=[
                {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.0/8"}
            ],
        ),
    ),
    twin(
        "The rule has no description, so its business need is not recorded.",
        says=rule(CidrIp="10.0.0.0/8", Description=""),
        broken=_rule(CidrIp="10.0.0.0/8"),
    ),
    twin(
        "Known only at deployment: look at it then.",
        says=rule(CidrIp=OUTER),
        broken=_rule(CidrIp="10.0.0.0/8"),
        Parameters=PARAMETER,
    ),
)


def _scopes() -> tuple[Twin, ...]:
    """A type of the inventory has its scope and its reason, and no other says the same."""
    known = inventory.IN_CDE | inventory.CONNECTED_TYPES
    first = {why: kind for kind, why in reversed(known.items())}
    return tuple(
        twin(
            why,
            says={"It": {"Type": kind if kind.count("::") > 1 else f"{kind}::Thing"}},
            broken=drop("It"),
        )
        for why, kind in first.items()
    )


SCOPES = _scopes()
