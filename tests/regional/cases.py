"""One bad and one good template per rule, as small as the rule allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from textwrap import dedent, indent

from pcistack.checks.findings import Severity

TODAY = date(2026, 11, 24)
ZURICH = "eu-central-2"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Attributes: severity and property are those of the finding in the bad template."""

    rule: str
    bad: str
    good: str
    severity: Severity = Severity.FATAL
    resource: str = "Database"
    property: str = ""
    region: str | None = ZURICH
    good_region: str | None = None
    on: date = TODAY
    good_on: date | None = None


def cluster(properties: str, *, engine: str = "aurora-mysql", more: str = "") -> str:
    return (
        "Resources:\n  Database:\n    Type: AWS::RDS::DBCluster\n    Properties:\n"
        f"      Engine: {engine}\n{indent(dedent(properties).strip(), ' ' * 6)}\n"
        f"{indent(dedent(more).strip(), '  ')}\n"
    )


def resource(kind: str, properties: str, *, more: str = "", name: str = "Thing") -> str:
    body = indent(dedent(properties).strip(), " " * 6)
    return (
        f"Resources:\n  {name}:\n    Type: {kind}\n"
        + (f"    Properties:\n{body}\n" if body.strip() else "")
        + f"{indent(dedent(more).strip(), '  ')}\n"
    )


WRITER = """
Writer:
  Type: AWS::RDS::DBInstance
  Properties:
    DBClusterIdentifier: !Ref Database
    Engine: aurora-mysql
    DBInstanceClass: db.serverless
"""
V310 = 'EngineVersion: "8.0.mysql_aurora.3.10.4"'
V304 = 'EngineVersion: "8.0.mysql_aurora.3.04.4"'
V2 = "ServerlessV2ScalingConfiguration: {MinCapacity: 0.5, MaxCapacity: 1}"
CORRECTED = cluster(f"{V310}\n{V2}", more=WRITER)


def _aurora() -> Iterator[Case]:
    yield Case(
        rule="AURORA-SERVERLESS-V1",
        property="EngineMode",
        bad=cluster("EngineMode: serverless\nEngineVersion: 5.7.mysql_aurora.2.11.3"),
        good=CORRECTED,
    )
    yield Case(
        rule="AURORA-ENGINE-MODE",
        property="EngineMode",
        bad=cluster(f"EngineMode: parallelquery\n{V310}"),
        good=cluster(f"EngineMode: provisioned\n{V310}"),
    )
    yield Case(
        rule="AURORA-VERSION-RETIRED",
        property="EngineVersion",
        bad=cluster("EngineVersion: 8.0.mysql_aurora.3.05.2"),
        good=cluster(V310),
    )
    yield Case(
        rule="AURORA-VERSION-FORM",
        property="EngineVersion",
        bad=cluster("EngineVersion: 3.10.4"),
        good=cluster(V310),
    )
    yield Case(
        rule="AURORA-VERSION-UNKNOWN",
        severity=Severity.WARNING,
        property="EngineVersion",
        bad=cluster("EngineVersion: 8.0.mysql_aurora.3.99.0"),
        good=cluster(V310),
    )
    yield Case(
        rule="AURORA-VERSION-SUPPORT-ENDED",
        severity=Severity.ERROR,
        property="EngineVersion",
        bad=cluster(V304),
        good=cluster(V304),
        good_on=date(2026, 10, 31),
    )
    yield Case(
        rule="AURORA-VERSION-SUPPORT-ENDING",
        severity=Severity.WARNING,
        property="EngineVersion",
        bad=cluster(V304),
        on=date(2026, 10, 31),
        good=cluster(V304),
        good_on=date(2026, 8, 2),
    )
    yield Case(
        rule="AURORA-EXTENDED-SUPPORT",
        property="EngineLifecycleSupport",
        bad=cluster(
            "EngineVersion: 5.7.mysql_aurora.2.12.6\n"
            "EngineLifecycleSupport: open-source-rds-extended-support-disabled"
        ),
        good=cluster(f"{V310}\nEngineLifecycleSupport: open-source-rds-extended-support-disabled"),
    )
    yield Case(
        rule="AURORA-V2-VERSION",
        property="EngineVersion",
        bad=cluster(f"EngineVersion: 5.7.mysql_aurora.2.12.6\n{V2}", more=WRITER),
        good=CORRECTED,
    )
    yield Case(
        rule="AURORA-V2-CAPACITY-MISSING",
        property="ServerlessV2ScalingConfiguration",
        bad=cluster(V310, more=WRITER),
        good=CORRECTED,
    )
    yield Case(
        rule="AURORA-V2-INSTANCE-MISSING",
        severity=Severity.WARNING,
        property="ServerlessV2ScalingConfiguration",
        bad=cluster(f"{V310}\n{V2}"),
        good=CORRECTED,
    )
    yield Case(
        rule="AURORA-V2-CAPACITY",
        property="ServerlessV2ScalingConfiguration.MaxCapacity",
        bad=cluster(
            f"{V310}\nServerlessV2ScalingConfiguration: {{MinCapacity: 1, MaxCapacity: 1.3}}"
        ),
        good=CORRECTED,
    )
    yield Case(
        rule="AURORA-V2-CAPACITY-VERSION",
        severity=Severity.ERROR,
        property="ServerlessV2ScalingConfiguration.MinCapacity",
        bad=cluster(
            f"{V304}\nServerlessV2ScalingConfiguration: {{MinCapacity: 0, MaxCapacity: 1}}"
        ),
        good=cluster(
            f"{V310}\nServerlessV2ScalingConfiguration: {{MinCapacity: 0, MaxCapacity: 1}}"
        ),
    )
    yield Case(
        rule="AURORA-INSTANCE-MISMATCH",
        resource="Writer",
        property="Engine",
        bad=cluster(f"{V310}\n{V2}", more=WRITER.replace("aurora-mysql", "aurora-postgresql")),
        good=CORRECTED,
    )
    yield Case(
        rule="DATABASE-INSTANCE-CLASS",
        resource="Writer",
        property="DBInstanceClass",
        bad=cluster(V310, more=WRITER.replace("db.serverless", "db.r4.large")),
        good=cluster(V310, more=WRITER.replace("db.serverless", "db.r6g.large")),
    )
    group = """
    Group:
      Type: AWS::RDS::DBClusterParameterGroup
      Properties: {Description: d, Family: aurora-mysql5.7, Parameters: {}}
    """
    yield Case(
        rule="AURORA-PARAMETER-FAMILY",
        resource="Group",
        property="Family",
        bad=cluster(f"{V310}\nDBClusterParameterGroupName: !Ref Group", more=group),
        good=cluster(
            f"{V310}\nDBClusterParameterGroupName: !Ref Group", more=group.replace("5.7", "8.0")
        ),
    )
    yield Case(
        rule="AURORA-DATA-API",
        severity=Severity.ERROR,
        property="EnableHttpEndpoint",
        bad=cluster(f"{V310}\nEnableHttpEndpoint: true"),
        good=cluster(f"{V310}\nEnableHttpEndpoint: true"),
        good_region="eu-central-1",
    )
    yield Case(
        rule="AURORA-BACKTRACK",
        severity=Severity.ERROR,
        property="BacktrackWindow",
        bad=cluster(f"{V310}\nBacktrackWindow: 3600"),
        good=cluster(f"{V310}\nBacktrackWindow: 3600"),
        good_region="eu-central-1",
    )
    yield Case(
        rule="AURORA-STORAGE-TYPE",
        severity=Severity.ERROR,
        property="StorageType",
        bad=cluster("EngineVersion: 5.7.mysql_aurora.2.12.6\nStorageType: aurora-iopt1"),
        good=cluster(f"{V310}\nStorageType: aurora-iopt1"),
    )
    authority = WRITER + "    CACertificateIdentifier: rds-ca-rsa4096-g1\n"
    yield Case(
        rule="DATABASE-CERTIFICATE-AUTHORITY",
        severity=Severity.ERROR,
        resource="Writer",
        property="CACertificateIdentifier",
        bad=cluster(f"{V310}\n{V2}", more=authority),
        good=cluster(f"{V310}\n{V2}", more=authority.replace("rsa4096", "rsa2048")),
    )
    yield Case(
        rule="AURORA-INSIGHTS-MODE",
        property="PerformanceInsightsRetentionPeriod",
        bad=cluster(
            f"{V310}\nDatabaseInsightsMode: advanced\nPerformanceInsightsEnabled: true\n"
            "PerformanceInsightsRetentionPeriod: 7"
        ),
        good=cluster(
            f"{V310}\nDatabaseInsightsMode: advanced\nPerformanceInsightsEnabled: true\n"
            "PerformanceInsightsRetentionPeriod: 465"
        ),
    )


def _others() -> Iterator[Case]:
    bucket = resource("AWS::S3::Bucket", "")
    yield Case(
        rule="REGION-MISSING",
        severity=Severity.ERROR,
        resource="",
        bad=bucket,
        good=bucket,
        region=None,
        good_region=ZURICH,
    )
    yield Case(
        rule="REGION-UNKNOWN",
        severity=Severity.ERROR,
        resource="",
        bad=bucket,
        good=bucket,
        region="eu-nowhere-9",
        good_region=ZURICH,
    )
    yield Case(
        rule="REGION-ZONE",
        resource="Thing",
        property="AvailabilityZone",
        bad=resource("AWS::EC2::Subnet", "{VpcId: vpc-1, AvailabilityZone: dummy1a}"),
        good=resource("AWS::EC2::Subnet", "{VpcId: vpc-1, AvailabilityZone: eu-central-2c}"),
    )
    yield Case(
        rule="REGION-RESOURCE-TYPE",
        resource="Thing",
        bad=resource("AWS::Macie::Session", ""),
        good=resource("AWS::GuardDuty::Detector", "{Enable: true}"),
    )
    yield Case(
        rule="REGION-RESOURCE-TYPE-UNKNOWN",
        severity=Severity.WARNING,
        resource="Thing",
        bad=resource("AWS::RDS::DBClusterr", ""),
        good=resource("Custom::Anything", ""),
    )
    application = resource(
        "AWS::Serverless::Application",
        "Location: {ApplicationId: 'arn:aws:serverlessrepo:us-east-1:111111111111:"
        "applications/x', SemanticVersion: 1.0.0}",
    )
    yield Case(
        rule="REGION-APPLICATION-REPOSITORY",
        resource="Thing",
        property="Location",
        bad=application,
        good=application,
        good_region="eu-central-1",
    )
    yield Case(
        rule="ENDPOINT-REGION",
        resource="Thing",
        property="ServiceName",
        bad=resource(
            "AWS::EC2::VPCEndpoint", "{VpcId: v, ServiceName: com.amazonaws.eu-central-1.ecr.api}"
        ),
        good=resource(
            "AWS::EC2::VPCEndpoint",
            "{VpcId: v, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.ecr.api'}",
        ),
    )
    yield Case(
        rule="ENDPOINT-SERVICE",
        severity=Severity.ERROR,
        resource="Thing",
        property="ServiceName",
        bad=resource(
            "AWS::EC2::VPCEndpoint", "{VpcId: v, ServiceName: com.amazonaws.eu-central-2.apprunner}"
        ),
        good=resource(
            "AWS::EC2::VPCEndpoint",
            "{VpcId: v, ServiceName: com.amazonaws.eu-central-2.secretsmanager}",
        ),
    )
    acl = "{Name: n, Scope: CLOUDFRONT, DefaultAction: {Allow: {}}, VisibilityConfig: {}}"
    yield Case(
        rule="WAF-CLOUDFRONT-SCOPE",
        resource="Thing",
        property="Scope",
        bad=resource("AWS::WAFv2::WebACL", acl),
        good=resource("AWS::WAFv2::WebACL", acl),
        good_region="us-east-1",
    )
    certificate = (
        "DistributionConfig: {Enabled: true, ViewerCertificate: {AcmCertificateArn: "
        "'arn:aws:acm:REGION:111111111111:certificate/x'}}"
    )
    yield Case(
        rule="CLOUDFRONT-CERTIFICATE",
        resource="Thing",
        property="DistributionConfig.ViewerCertificate.AcmCertificateArn",
        bad=resource("AWS::CloudFront::Distribution", certificate.replace("REGION", ZURICH)),
        good=resource("AWS::CloudFront::Distribution", certificate.replace("REGION", "us-east-1")),
    )
    key = "{LogGroupName: g, KmsKeyId: 'arn:PARTITION:kms:REGION:111111111111:key/x'}"
    logs = resource("AWS::Logs::LogGroup", key.replace("PARTITION", "aws"))
    yield Case(
        rule="ARN-REGION",
        resource="Thing",
        property="KmsKeyId",
        bad=logs.replace("REGION", "eu-central-1"),
        good=logs.replace("REGION", ZURICH),
    )
    role = "{RoleName: r, ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}"
    yield Case(
        rule="ARN-PARTITION",
        severity=Severity.ERROR,
        resource="Thing",
        property="ManagedPolicyArns.0",
        bad=resource("AWS::IAM::Role", role),
        region="cn-north-1",
        good=resource("AWS::IAM::Role", role),
        good_region=ZURICH,
    )
    policy = (
        "PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:PutObject', Resource: '*', "
        "Principal: PRINCIPAL}]}"
    )
    frankfurt = "{AWS: 'arn:aws:iam::054676820928:root'}"
    yield Case(
        rule="LOAD-BALANCER-LOG-PRINCIPAL",
        severity=Severity.ERROR,
        resource="Thing",
        property="PolicyDocument.Statement.0.Principal",
        bad=resource("AWS::S3::BucketPolicy", policy.replace("PRINCIPAL", frankfurt)),
        good=resource(
            "AWS::S3::BucketPolicy",
            policy.replace(
                "PRINCIPAL", "{Service: logdelivery.elasticloadbalancing.amazonaws.com}"
            ),
        ),
    )
    balancer = (
        "LoadBalancerAttributes: [{Key: access_logs.s3.enabled, Value: 'true'}, "
        "{Key: access_logs.s3.bucket, Value: !Ref Logs}]"
    )
    logged = (
        "Logs: {Type: AWS::S3::Bucket}\nPolicy:\n  Type: AWS::S3::BucketPolicy\n  Properties:\n"
        f"    Bucket: !Ref Logs\n    {policy}"
    )
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    yield Case(
        rule="LOAD-BALANCER-LOG-BUCKET",
        severity=Severity.ERROR,
        resource="Thing",
        property="LoadBalancerAttributes",
        bad=resource(kind, balancer, more=logged.replace("PRINCIPAL", frankfurt)),
        good=resource(kind, balancer, more=logged.replace("PRINCIPAL", frankfurt)),
        good_region="eu-central-1",
    )
    yield Case(
        rule="LAMBDA-RUNTIME-RETIRED",
        resource="Thing",
        property="Runtime",
        bad=resource("AWS::Lambda::Function", "{Runtime: python3.7, Role: r, Code: {}}"),
        good=resource("AWS::Lambda::Function", "{Runtime: python3.13, Role: r, Code: {}}"),
    )
    yield Case(
        rule="LAMBDA-RUNTIME-DEPRECATED",
        severity=Severity.WARNING,
        resource="Thing",
        property="Runtime",
        bad=resource("AWS::Lambda::Function", "{Runtime: dotnet8, Role: r, Code: {}}"),
        good=resource("AWS::Lambda::Function", "{Runtime: dotnet8, Role: r, Code: {}}"),
        good_on=date(2026, 11, 9),
    )


CASES = (*_aurora(), *_others())
