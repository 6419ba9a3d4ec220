"""Cases of the rules about databases of every engine, instance types and CloudFront's logs."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.regional.cases import V310, Case, cluster, resource

_INSTANCE = "AWS::RDS::DBInstance"
_MEMBER = """
Reader:
  Type: AWS::RDS::DBInstance
  Properties: {DBClusterIdentifier: !Ref Database, Engine: aurora-mysql,
    DBInstanceClass: db.r6g.large%s}
"""
_GROUP = """
Group: {Type: AWS::RDS::%s, Properties: {Description: ours, Family: %s}}
"""
_DISTRIBUTION = "{DistributionConfig: {Enabled: true, Logging: {Bucket: !GetAtt Logs.%s}}}"
_LOGS = """
Logs:
  Type: AWS::S3::Bucket
  Properties: {OwnershipControls: {Rules: [{ObjectOwnership: %s}]}}
"""


def _instance(text: str, *, more: str = "") -> str:
    return resource(_INSTANCE, f"DBInstanceClass: db.r6g.large\n{text}", more=more)


_KEY = "KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*', Resource: '*', %s}]}"
_LOGS_OF = _KEY % "Principal: {Service: logs.%s}"
_VIA = _KEY % "Principal: {AWS: a}, Condition: {StringEquals: {'kms:ViaService': %s}}"
_TABLE_AT = "Environment: {Variables: {ENDPOINT: 'https://dynamodb.%s.amazonaws.com'}}"

MORE_CASES = (
    Case(
        rule="REGION-SERVICE-PRINCIPAL",
        severity=Severity.ERROR,
        resource="Thing",
        property="KeyPolicy.Statement.0.Principal.Service",
        bad=resource("AWS::KMS::Key", _LOGS_OF % "eu-west-1.amazonaws.com"),
        good=resource("AWS::KMS::Key", _LOGS_OF % "eu-central-2.amazonaws.com"),
    ),
    Case(
        rule="REGION-VIA-SERVICE",
        severity=Severity.ERROR,
        resource="Thing",
        property="KeyPolicy.Statement.0.Condition.StringEquals.kms:ViaService",
        bad=resource("AWS::KMS::Key", _VIA % "rds.eu-west-1.amazonaws.com"),
        good=resource("AWS::KMS::Key", _VIA % "rds.eu-central-2.amazonaws.com"),
    ),
    Case(
        rule="REGION-HOST-NAME",
        severity=Severity.WARNING,
        resource="Thing",
        property="Environment.Variables.ENDPOINT",
        bad=resource("AWS::Lambda::Function", _TABLE_AT % "eu-west-1"),
        good=resource("AWS::Lambda::Function", _TABLE_AT % "eu-central-2"),
    ),
    Case(
        rule="REGION-COMPUTE-FEATURE",
        severity=Severity.WARNING,
        region="mx-central-1",
        resource="Thing",
        property="Architectures",
        bad=resource("AWS::Lambda::Function", "Architectures: [arm64]"),
        good=resource("AWS::Lambda::Function", "Architectures: [x86_64]"),
    ),
    Case(
        rule="DATABASE-VERSION-RETIRED",
        resource="Thing",
        property="EngineVersion",
        bad=_instance("Engine: mysql\nEngineVersion: 5.6.40"),
        good=_instance("Engine: mysql\nEngineVersion: '8.4'"),
    ),
    Case(
        rule="DATABASE-VERSION-EXTENDED",
        severity=Severity.WARNING,
        resource="Thing",
        property="EngineVersion",
        bad=_instance("Engine: postgres\nEngineVersion: '12'"),
        good=_instance("Engine: postgres\nEngineVersion: '17.6'"),
    ),
    Case(
        rule="DATABASE-LOG-TYPE",
        property="EnableCloudwatchLogsExports.0",
        bad=cluster(f"{V310}\nEnableCloudwatchLogsExports: [postgresql]"),
        good=cluster(f"{V310}\nEnableCloudwatchLogsExports: [audit]"),
    ),
    Case(
        rule="AURORA-MEMBER-PROPERTY",
        resource="Reader",
        property="BackupRetentionPeriod",
        bad=cluster(V310, more=_MEMBER % ", BackupRetentionPeriod: 7"),
        good=cluster(f"{V310}\nBackupRetentionPeriod: 7", more=_MEMBER % ""),
    ),
    Case(
        rule="AURORA-MEMBER-ENCRYPTION",
        resource="Reader",
        property="StorageEncrypted",
        bad=cluster(V310, more=_MEMBER % ", StorageEncrypted: true"),
        good=cluster(f"{V310}\nStorageEncrypted: true", more=_MEMBER % ", StorageEncrypted: true"),
    ),
    Case(
        rule="DATABASE-PARAMETER-GROUP-KIND",
        resource="Thing",
        property="DBParameterGroupName",
        bad=_instance(
            "Engine: postgres\nDBParameterGroupName: !Ref Group",
            more=_GROUP % ("DBClusterParameterGroup", "postgres17"),
        ),
        good=_instance(
            "Engine: postgres\nDBParameterGroupName: !Ref Group",
            more=_GROUP % ("DBParameterGroup", "postgres17"),
        ),
    ),
    Case(
        rule="DATABASE-OPTION-GROUP",
        resource="Options",
        property="MajorEngineVersion",
        bad=_instance(
            "Engine: mysql\nEngineVersion: 8.4.7\nOptionGroupName: !Ref Options",
            more="""
            Options:
              Type: AWS::RDS::OptionGroup
              Properties: {EngineName: mysql, MajorEngineVersion: '8.0'}
            """,
        ),
        good=_instance(
            "Engine: mysql\nEngineVersion: 8.4.7\nOptionGroupName: !Ref Options",
            more="""
            Options:
              Type: AWS::RDS::OptionGroup
              Properties: {EngineName: mysql, MajorEngineVersion: '8.4'}
            """,
        ),
    ),
    Case(
        rule="DATABASE-CLASS-VERSION",
        severity=Severity.ERROR,
        resource="Thing",
        property="DBInstanceClass",
        bad=resource(
            _INSTANCE, "Engine: postgres\nEngineVersion: '16'\nDBInstanceClass: db.t2.micro"
        ),
        good=resource(
            _INSTANCE, "Engine: postgres\nEngineVersion: '16'\nDBInstanceClass: db.t4g.micro"
        ),
    ),
    Case(
        rule="INSTANCE-TYPE",
        severity=Severity.ERROR,
        resource="Thing",
        property="InstanceType",
        bad=resource("AWS::EC2::Instance", "InstanceType: t2.micro"),
        good=resource("AWS::EC2::Instance", "InstanceType: t3.micro"),
    ),
    Case(
        rule="CLOUDFRONT-LOG-REGION",
        severity=Severity.ERROR,
        resource="Thing",
        property="DistributionConfig.Logging.Bucket",
        bad=resource(
            "AWS::CloudFront::Distribution",
            _DISTRIBUTION % "DomainName",
            more=_LOGS % "BucketOwnerPreferred",
        ),
        good=resource(
            "AWS::CloudFront::Distribution",
            _DISTRIBUTION % "DomainName",
            more=_LOGS % "BucketOwnerPreferred",
        ),
        good_region="eu-central-1",
    ),
    Case(
        rule="CLOUDFRONT-LOG-BUCKET",
        severity=Severity.ERROR,
        region="us-east-1",
        resource="Thing",
        property="DistributionConfig.Logging.Bucket",
        bad=resource(
            "AWS::CloudFront::Distribution",
            _DISTRIBUTION % "DomainName",
            more=_LOGS % "BucketOwnerEnforced",
        ),
        good=resource(
            "AWS::CloudFront::Distribution",
            _DISTRIBUTION % "DomainName",
            more=_LOGS % "ObjectWriter",
        ),
    ),
)
