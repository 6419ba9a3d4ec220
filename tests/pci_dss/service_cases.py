"""Cases of the rules on services that the stack does not use: their bad and good twins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from pcistack.checks.findings import Severity
from tests.pci_dss.cases import Case, Resources, document, res, task

_WARN: Final = Severity.WARNING


def _thing(kind: str, **properties: object) -> Resources:
    return {"Thing": res(kind, **properties)}


def _beanstalk(*options: tuple[str, str, str]) -> Resources:
    return _thing(
        "ElasticBeanstalk::Environment",
        OptionSettings=[
            {"Namespace": space, "OptionName": name, "Value": value}
            for space, name, value in options
        ],
    )


def _session(**inputs: object) -> Resources:
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    return _thing("SSM::Document", DocumentType="Session", Content=content)


def _logged(driver: str, **options: str) -> Resources:
    named = {name.replace("_", "-"): value for name, value in options.items()}
    return task({"LogConfiguration": {"LogDriver": driver, "Options": named}})


def _collection(principal: str, resource: str, *actions: str) -> Resources:
    rules = [{"ResourceType": "index", "Resource": [resource], "Permission": list(actions)}]
    policy = json.dumps([{"Rules": rules, "Principal": [principal]}])
    return _thing("OpenSearchServerless::AccessPolicy", Type="data", Policy=policy)


def _firewall(action: str) -> Resources:
    policy = {"StatelessDefaultActions": [action], "StatelessFragmentDefaultActions": ["aws:drop"]}
    return _thing("NetworkFirewall::FirewallPolicy", FirewallPolicy=policy)


def _trusting(service: str, condition: Mapping[str, object]) -> Resources:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return _thing("IAM::Role", AssumeRolePolicyDocument=document(statement))


def _bodies(**handling: str) -> Resources:
    field = {"FieldToMatch": {"Body": handling}, "TextTransformations": []}
    rule = {"Name": "Sql", "Action": {"Block": {}}, "Statement": {"SqliMatchStatement": field}}
    return _thing("WAFv2::WebACL", Rules=[rule])


def _kept(**properties: object) -> Resources:
    cluster = {**res("RDS::DBCluster", **properties), "DeletionPolicy": "Snapshot"}
    return {"Thing": cluster}


_SPACE: Final = "aws:elasticbeanstalk:cloudwatch:logs"
_ROLE: Final = "arn:aws:iam::111111111111:role/app"
_STREAMS: Final = (_SPACE, "StreamLogs", "true")
_TLS_ONLY: Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

SERVICE_CASES: Final[Mapping[str, Case]] = {
    "PCI-4.2.1-BEANSTALK-TLS": Case(
        at=[("Thing", "OptionSettings.0.Value"), ("Thing", "OptionSettings.1.Value")],
        bad=_beanstalk(
            ("aws:elbv2:listener:default", "Protocol", "HTTP"),
            ("aws:elbv2:listener:443", "SSLPolicy", "ELBSecurityPolicy-2016-08"),
        ),
        good=_beanstalk(
            ("aws:elb:listener:80", "ListenerProtocol", "HTTP"),
            ("aws:elb:listener:80", "ListenerEnabled", "false"),
            ("aws:elbv2:listener:443", "Protocol", "HTTPS"),
            ("aws:elbv2:listener:443", "SSLPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
        ),
    ),
    "PCI-10.2.1-BEANSTALK-LOGS": Case(
        at=[("Thing", "OptionSettings.1.Value"), ("Thing", "OptionSettings.2.Value")],
        bad=_beanstalk(
            _STREAMS, (_SPACE, "RetentionInDays", "7"), (_SPACE, "DeleteOnTerminate", "true")
        ),
        good=_beanstalk(_STREAMS, (_SPACE, "RetentionInDays", "400")),
        severity=_WARN,
    ),
    "PCI-6.3.3-BEANSTALK-UPDATES": Case(
        at=[("Thing", "OptionSettings")],
        bad=_beanstalk(),
        good=_beanstalk(("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled", "true")),
        severity=_WARN,
    ),
    "PCI-1.4.2-BEANSTALK-HOSTS": Case(
        at=[("Thing", "OptionSettings.0.Value"), ("Thing", "OptionSettings.1.Value")],
        bad=_beanstalk(
            ("aws:ec2:vpc", "AssociatePublicIpAddress", "true"),
            ("aws:autoscaling:launchconfiguration", "DisableIMDSv1", "false"),
        ),
        good=_beanstalk(("aws:ec2:vpc", "AssociatePublicIpAddress", "false")),
    ),
    "PCI-7.3.3-API-ANYBODY": Case(
        at=[("Thing", "AuthenticationType")],
        bad=_thing("AppSync::GraphQLApi", AuthenticationType="API_KEY"),
        good=_thing("AppSync::GraphQLApi", AuthenticationType="AWS_IAM"),
    ),
    "PCI-6.2.4-CROSS-ORIGIN": Case(
        at=[("Thing", "Cors.AllowOrigins")],
        bad=_thing("Lambda::Url", AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"]}),
        good=_thing("Lambda::Url", Cors={"AllowOrigins": ["https://pay.example.com"]}),
        severity=_WARN,
    ),
    "PCI-4.2.1-DATABASE-CIPHERS": Case(
        at=[("Thing", "Parameters.ssl_cipher")],
        bad=_thing(
            "RDS::DBParameterGroup",
            Parameters={"ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA"},
        ),
        good=_thing(
            "RDS::DBParameterGroup",
            Parameters={"ssl_cipher": "ECDHE-RSA-AES256-GCM-SHA384", "ssl_ciphers": "HIGH:!RC4"},
        ),
    ),
    "PCI-8.3.2-PASSWORD-HASHES": Case(
        at=[("Thing", "Parameters.password_encryption")],
        bad=_thing("RDS::DBParameterGroup", Parameters={"password_encryption": "md5"}),
        good=_thing("RDS::DBParameterGroup", Parameters={"password_encryption": "scram-sha-256"}),
    ),
    "PCI-2.2.4-DATABASE-FUNCTIONS": Case(
        at=[("Thing", "Parameters.local_infile")],
        bad=_thing("RDS::DBParameterGroup", Parameters={"local_infile": "1"}),
        good=_thing("RDS::DBParameterGroup", Parameters={"local_infile": "0"}),
        severity=_WARN,
    ),
    "PCI-10.2.1-SESSION-LOG": Case(
        at=[("Thing", "Content")],
        bad=_session(cloudWatchLogGroupName="", s3BucketName="", kmsKeyId="alias/sessions"),
        good=_session(
            cloudWatchLogGroupName="sessions",
            cloudWatchEncryptionEnabled=True,
            kmsKeyId="alias/sessions",
        ),
    ),
    "PCI-7.2.5-COLLECTION-ACCESS": Case(
        at=[("Thing", "Policy")],
        bad=_collection(_ROLE, "index/*/*", "aoss:*"),
        good=_collection(_ROLE, "index/cards/orders", "aoss:ReadDocument"),
    ),
    "PCI-7.2.5-FILES-ACCESS": Case(
        at=[("Files", "FileSystemPolicy"), ("Point", "PosixUser"), ("Point", "RootDirectory.Path")],
        bad={
            "Files": res("EFS::FileSystem", Encrypted=True),
            "Point": res("EFS::AccessPoint", FileSystemId="fs-1"),
        },
        good={
            "Files": res("EFS::FileSystem", FileSystemPolicy=document(_TLS_ONLY)),
            "Point": res(
                "EFS::AccessPoint",
                PosixUser={"Uid": "1000", "Gid": "1000"},
                RootDirectory={"Path": "/orders"},
            ),
        },
        severity=_WARN,
    ),
    "PCI-1.3.1-FIREWALL-PASSES": Case(
        at=[("Thing", "FirewallPolicy.StatelessDefaultActions")],
        bad=_firewall("aws:pass"),
        good=_firewall("aws:forward_to_sfe"),
    ),
    "PCI-10.2.1-NETWORK-FIREWALL-LOGS": Case(
        at=[("Thing", "")],
        bad=_thing("NetworkFirewall::Firewall", FirewallName="edge"),
        good={
            **_thing("NetworkFirewall::Firewall", FirewallName="edge"),
            "Logging": res(
                "NetworkFirewall::LoggingConfiguration",
                FirewallName="edge",
                LoggingConfiguration={
                    "LogDestinationConfigs": [{"LogType": "FLOW"}, {"LogType": "ALERT"}]
                },
            ),
        },
    ),
    "PCI-10.2.2-ACCESS-LOG-FIELDS": Case(
        at=[("Thing", "AccessLogSetting.Format")],
        bad=_thing("ApiGateway::Stage", AccessLogSetting={"Format": "$context.requestId"}),
        good=_thing(
            "ApiGateway::Stage",
            AccessLogSetting={
                "Format": "$context.identity.sourceIp $context.requestTime $context.httpMethod "
                "$context.path $context.status"
            },
        ),
        severity=_WARN,
    ),
    "PCI-3.5.1-LOG-MASKED": Case(
        at=[("Thing", "DataProtectionPolicy")],
        bad=_thing(
            "Logs::LogGroup",
            DataProtectionPolicy={"Statement": [{"Operation": {"Audit": {}}}]},
        ),
        good=_thing(
            "Logs::LogGroup",
            DataProtectionPolicy={
                "Statement": [
                    {"Operation": {"Audit": {}}},
                    {"Operation": {"Deidentify": {"MaskConfig": {}}}},
                ]
            },
        ),
        severity=_WARN,
    ),
    "PCI-4.2.1-LOG-TRANSPORT": Case(
        at=[("Task", "ContainerDefinitions.0.LogConfiguration.Options")],
        bad=_logged("syslog", syslog_address="tcp://logs.example.com:514"),
        good=_logged("syslog", syslog_address="tcp+tls://logs.example.com:6514"),
    ),
    "PCI-6.3.3-STORE-PATCHES": Case(
        at=[("Thing", "AutoMinorVersionUpgrade")],
        bad=_thing("AmazonMQ::Broker", AutoMinorVersionUpgrade=False),
        good=_thing("AmazonMQ::Broker", AutoMinorVersionUpgrade=True),
    ),
    "PCI-10.5.1-SECURITY-LAKE": Case(
        at=[("Thing", "LifecycleConfiguration.Expiration.Days")],
        bad=_thing("SecurityLake::DataLake", LifecycleConfiguration={"Expiration": {"Days": 90}}),
        good=_thing("SecurityLake::DataLake", LifecycleConfiguration={"Expiration": {"Days": 400}}),
    ),
    "PCI-10.2.1-MIGRATION-LOGS": Case(
        at=[("Thing", "ReplicationTaskSettings")],
        bad=_thing("DMS::ReplicationTask", MigrationType="cdc"),
        good=_thing(
            "DMS::ReplicationTask",
            ReplicationTaskSettings=json.dumps({"Logging": {"EnableLogging": True}}),
        ),
    ),
    "PCI-10.4.2-ZONE-LOG": Case(
        at=[("Thing", "QueryLoggingConfig")],
        bad=_thing("Route53::HostedZone", Name="example.com"),
        good=_thing("Route53::HostedZone", Name="example.internal", VPCs=[{"VPCId": "vpc-1"}]),
        severity=_WARN,
    ),
    "PCI-1.3.2-DNS-FORWARDED": Case(
        at=[("Thing", "TargetIps.1")],
        bad=_thing(
            "Route53Resolver::ResolverRule", TargetIps=[{"Ip": "10.0.0.2"}, {"Ip": "8.8.8.8"}]
        ),
        good=_thing("Route53Resolver::ResolverRule", TargetIps=[{"Ip": "10.0.0.2"}]),
        severity=_WARN,
    ),
    "PCI-7.2.5-BOUNDARY": Case(
        at=[("Thing", "PermissionsBoundary")],
        bad=_thing("IAM::Role", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"),
        good=_thing("IAM::Role", PermissionsBoundary="arn:aws:iam::111111111111:policy/bound"),
        severity=_WARN,
    ),
    "PCI-7.2.5-ROLES-ANYWHERE": Case(
        at=[("Thing", "AssumeRolePolicyDocument.Statement.0")],
        bad=_trusting("rolesanywhere.amazonaws.com", {}),
        good=_trusting(
            "rolesanywhere.amazonaws.com",
            {"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "till-1"}},
        ),
        severity=_WARN,
    ),
    "PCI-12.10.1-STORE-RECOVERY": Case(
        at=[("Thing", "BackupRetentionPeriod"), ("Thing", "DeletionProtection")],
        bad=_kept(BackupRetentionPeriod=1, DeletionProtection=False),
        good=_kept(BackupRetentionPeriod=7, DeletionProtection=True),
        severity=_WARN,
    ),
    "PCI-6.4.2-FIREWALL-LOOKS-AWAY": Case(
        at=[("Thing", "Rules.0.Statement")],
        bad=_bodies(OversizeHandling="CONTINUE"),
        good=_bodies(OversizeHandling="MATCH"),
        severity=_WARN,
    ),
}
