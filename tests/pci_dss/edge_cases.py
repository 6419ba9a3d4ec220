"""Cases of the rules on the edge, on stores beside the database, and on audit records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.checks.findings import Severity
from tests.pci_dss.cases import Case, Resources, att, ref, res, vpc

_OTHER: Final = "arn:aws:redshift-serverless:eu-central-2:222222222222:namespace/x"


def _distribution(origin: Mapping[str, object]) -> Resources:
    return {
        "Cdn": res(
            "CloudFront::Distribution",
            DistributionConfig={
                "Enabled": True,
                "Origins": [{"Id": "o", "DomainName": "o.example.com", **origin}],
                "DefaultCacheBehavior": {"ViewerProtocolPolicy": "https-only"},
            },
        )
    }


def _acl(*rules: Mapping[str, object]) -> Resources:
    return {"Acl": res("WAFv2::WebACL", DefaultAction={"Allow": {}}, Rules=list(rules))}


def _begins(text: str, **more: object) -> dict[str, object]:
    match = {
        "SearchString": text,
        "FieldToMatch": {"UriPath": {}},
        "PositionalConstraint": "STARTS_WITH",
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
    }
    return {"ByteMatchStatement": match | more}


def _flood(**more: object) -> dict[str, object]:
    statement = {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP", **more}}
    return {"Name": "Flood", "Priority": 5, "Action": {"Block": {}}, "Statement": statement}


def _allowing(priority: int) -> dict[str, object]:
    return {
        "Name": "Health",
        "Priority": priority,
        "Action": {"Allow": {}},
        "Statement": _begins("/"),
    }


def _logging(*actions: str) -> Resources:
    conditions = [{"ActionCondition": {"Action": action}} for action in actions]
    drop = {"Behavior": "DROP", "Requirement": "MEETS_ANY", "Conditions": conditions}
    return {
        "Logging": res(
            "WAFv2::LoggingConfiguration",
            LoggingFilter={"DefaultBehavior": "KEEP", "Filters": [drop]},
        )
    }


def _balancer(kind: str) -> Resources:
    return {
        **vpc(),
        "Group": res(
            "EC2::SecurityGroup",
            VpcId=ref("Vpc"),
            SecurityGroupIngress=[
                {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
            ],
        ),
        "Balancer": res(
            "ElasticLoadBalancingV2::LoadBalancer",
            Type=kind,
            Scheme="internet-facing",
            Subnets=[ref("Public")],
            SecurityGroups=[att("Group", "GroupId")],
        ),
        "Listener": res(
            "ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref("Balancer"),
            Port=443,
            Protocol="TLS" if kind == "network" else "HTTPS",
        ),
    }


def _log_bucket(**rule: object) -> Resources:
    return {
        "Logs": res("S3::Bucket", LifecycleConfiguration={"Rules": [{"Status": "Enabled"} | rule]}),
        "Trail": res("CloudTrail::Trail", S3BucketName=ref("Logs")),
    }


def _balancer_attribute(value: str) -> Resources:
    attributes = [{"Key": "waf.fail_open.enabled", "Value": value}]
    return {
        "Balancer": res("ElasticLoadBalancingV2::LoadBalancer", LoadBalancerAttributes=attributes)
    }


def _thing(kind: str, **properties: object) -> Resources:
    return {"Thing": res(kind, **properties)}


EDGE_CASES: Final[Mapping[str, Case]] = {
    "PCI-4.2.1-ORIGIN-PLAIN": Case(
        at=[("Cdn", "DistributionConfig.Origins.0.CustomOriginConfig.OriginProtocolPolicy")],
        bad=_distribution({"CustomOriginConfig": {"OriginProtocolPolicy": "http-only"}}),
        good=_distribution({"CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}}),
    ),
    "PCI-6.4.2-FIREWALL-IMPOSSIBLE": Case(
        at=[("Balancer", "Type")], bad=_balancer("network"), good=_balancer("application")
    ),
    "PCI-6.4.2-FIREWALL-FAILS-OPEN": Case(
        at=[("Balancer", "LoadBalancerAttributes.0.Value")],
        bad=_balancer_attribute("true"),
        good=_balancer_attribute("false"),
    ),
    "PCI-4.2.1-FILE-TRANSFER": Case(
        at=[("Thing", "EndpointType"), ("Thing", "Protocols.0"), ("Thing", "SecurityPolicyName")],
        bad=_thing("Transfer::Server", Protocols=["FTP"], EndpointType="PUBLIC"),
        good=_thing(
            "Transfer::Server",
            Protocols=["SFTP"],
            EndpointType="VPC",
            SecurityPolicyName="TransferSecurityPolicy-2024-01",
        ),
    ),
    "PCI-1.4.4-WEBSITE": Case(
        severity=Severity.WARNING,
        at=[
            ("Thing", "CorsConfiguration.CorsRules.0.AllowedOrigins"),
            ("Thing", "WebsiteConfiguration"),
        ],
        bad=_thing(
            "S3::Bucket",
            WebsiteConfiguration={"IndexDocument": "i.html"},
            CorsConfiguration={"CorsRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]},
        ),
        good=_thing(
            "S3::Bucket",
            CorsConfiguration={
                "CorsRules": [
                    {"AllowedOrigins": ["https://pay.example.com"], "AllowedMethods": ["GET"]}
                ]
            },
        ),
    ),
    "PCI-6.4.2-FIREWALL-SHADOWED": Case(
        at=[("Acl", "Rules.0.Action")],
        bad=_acl(_allowing(1), _flood()),
        good=_acl(_allowing(9), _flood()),
    ),
    "PCI-6.4.2-FIREWALL-SCOPED-AWAY": Case(
        severity=Severity.WARNING,
        at=[("Acl", "Rules.0.Statement.RateBasedStatement.ScopeDownStatement")],
        bad=_acl(_flood(ScopeDownStatement=_begins("/never", PositionalConstraint="EXACTLY"))),
        good=_acl(_flood(ScopeDownStatement=_begins("/"))),
    ),
    "PCI-10.4.2-FIREWALL-LOG-FILTER": Case(
        at=[("Logging", "LoggingFilter.Filters.0")],
        bad=_logging("ALLOW", "BLOCK"),
        good=_logging("COUNT"),
    ),
    "PCI-3.5.1-RESTORED": Case(
        severity=Severity.WARNING,
        at=[("Thing", "SnapshotIdentifier"), ("Thing", "SnapshotIdentifier")],
        bad=_thing(
            "RDS::DBCluster",
            SnapshotIdentifier="arn:aws:rds:eu-central-2:222222222222:cluster-snapshot:x",
        ),
        good=_thing("RDS::DBCluster", SnapshotIdentifier="x", KmsKeyId=ref("Key")),
    ),
    "PCI-3.5.1-GLOBAL-ENCRYPTED": Case(
        at=[("Thing", "StorageEncrypted")],
        bad=_thing("RDS::GlobalCluster", Engine="aurora-mysql"),
        good=_thing("RDS::GlobalCluster", Engine="aurora-mysql", StorageEncrypted=True),
    ),
    "PCI-4.2.1-PROXY-TLS": Case(
        at=[("Thing", "DebugLogging"), ("Thing", "RequireTLS")],
        bad=_thing("RDS::DBProxy", EngineFamily="MYSQL", DebugLogging=True),
        good=_thing("RDS::DBProxy", EngineFamily="MYSQL", RequireTLS=True),
    ),
    "PCI-4.2.1-CACHE-TLS": Case(
        at=[("Thing", "Engine")],
        bad=_thing("ElastiCache::CacheCluster", Engine="redis", NumCacheNodes=1),
        good=_thing("ElastiCache::CacheCluster", Engine="redis", ReplicationGroupId=ref("Group")),
    ),
    "PCI-3.2.1-DATA-COPIED": Case(
        severity=Severity.WARNING,
        at=[("Thing", "TargetArn")],
        bad=_thing("RDS::Integration", SourceArn=att("Db", "DBClusterArn"), TargetArn=_OTHER),
        good=_thing("RDS::DBCluster", Engine="aurora-mysql"),
    ),
    "PCI-4.2.1-MIGRATION-TLS": Case(
        at=[("Thing", "SslMode")],
        bad=_thing("DMS::Endpoint", EngineName="mysql", EndpointType="source"),
        good=_thing(
            "DMS::Endpoint", EngineName="mysql", EndpointType="source", SslMode="verify-full"
        ),
    ),
    "PCI-1.4.4-SNAPSHOTS-PUBLIC": Case(
        at=[("Thing", "State")],
        bad=_thing("EC2::SnapshotBlockPublicAccess", State="unblocked"),
        good=_thing("EC2::SnapshotBlockPublicAccess", State="block-all-sharing"),
    ),
    "PCI-10.2.1-AUDIT-FILTERED": Case(
        at=[("Thing", "Parameters.server_audit_incl_users")],
        bad=_thing(
            "RDS::DBClusterParameterGroup", Parameters={"server_audit_incl_users": "nobody"}
        ),
        good=_thing("RDS::DBClusterParameterGroup", Parameters={"server_audit_logging": "1"}),
    ),
    "PCI-10.2.2-FLOW-LOG-FIELDS": Case(
        at=[("Thing", "LogFormat")],
        bad=_thing("EC2::FlowLog", LogFormat="${version} ${interface-id} ${start} ${end}"),
        good=_thing(
            "EC2::FlowLog",
            LogFormat="${pkt-srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${start} "
            "${end} ${action}",
        ),
    ),
    "PCI-10.5.1-LOG-BUCKET-AT-HAND": Case(
        at=[
            ("Logs", "LifecycleConfiguration.Rules.0.ExpirationDate"),
            ("Logs", "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration"),
            ("Logs", "LifecycleConfiguration.Rules.0.Transitions.0"),
        ],
        bad=_log_bucket(
            ExpirationDate="2026-12-01T00:00:00Z",
            NoncurrentVersionExpiration={"NoncurrentDays": 30},
            Transitions=[{"StorageClass": "GLACIER", "TransitionInDays": 1}],
        ),
        good=_log_bucket(
            ExpirationInDays=400,
            NoncurrentVersionExpiration={"NoncurrentDays": 365},
            Transitions=[
                {"StorageClass": "GLACIER", "TransitionInDays": 90},
                {"StorageClass": "GLACIER_IR", "TransitionInDays": 1},
            ],
        ),
    ),
    "PCI-10.2.1-RECORDER-PARTIAL": Case(
        severity=Severity.WARNING,
        at=[("Thing", "RecordingGroup")],
        bad=_thing(
            "Config::ConfigurationRecorder",
            RecordingGroup={"AllSupported": False, "ResourceTypes": ["AWS::S3::Bucket"]},
        ),
        good=_thing(
            "Config::ConfigurationRecorder",
            RecordingGroup={"AllSupported": True, "IncludeGlobalResourceTypes": True},
        ),
    ),
    "PCI-10.2.1-TRAIL-EVENTS": Case(
        at=[("Thing", "EventSelectors.0.IncludeManagementEvents")],
        bad=_thing("CloudTrail::Trail", EventSelectors=[{"IncludeManagementEvents": False}]),
        good=_thing("CloudTrail::Trail", EventSelectors=[{"ReadWriteType": "All"}]),
    ),
    "PCI-3.3.1-EXECUTION-DATA-LOGGED": Case(
        at=[("Thing", "LoggingConfiguration.IncludeExecutionData")],
        bad=_thing(
            "StepFunctions::StateMachine",
            LoggingConfiguration={"Level": "ALL", "IncludeExecutionData": True},
        ),
        good=_thing("StepFunctions::StateMachine", LoggingConfiguration={"Level": "ALL"}),
    ),
    "PCI-10.2.1-LOG-LEVEL-OFF": Case(
        at=[("Thing", "LogConfiguration.Level")],
        bad=_thing("Pipes::Pipe", LogConfiguration={"Level": "OFF"}),
        good=_thing("Pipes::Pipe", LogConfiguration={"Level": "ERROR"}),
    ),
    "PCI-10.7.2-DETECTION-OFF": Case(
        at=[("Thing", "Enable")],
        bad=_thing("GuardDuty::Detector", Enable=False),
        good=_thing(
            "GuardDuty::Detector",
            Enable=True,
            Features=[{"Name": "RDS_LOGIN_EVENTS", "Status": "ENABLED"}],
        ),
    ),
}
