"""Databases, firewalls, tables, caches, backups and records: one good template, small changes."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import changes

_DISK = """
Thing:
  Type: AWS::RDS::DBInstance
  Properties:
    Engine: postgres
    AllocatedStorage: 100
    MaxAllocatedStorage: 200
    StorageType: gp3
    LicenseModel: postgresql-license
"""
_DATABASE = """
Key:
  Type: AWS::KMS::Key
  Properties:
    KeyPolicy:
      Statement:
      - Effect: Allow
        Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}
        Action: kms:*
        Resource: '*'
Secret:
  Type: AWS::SecretsManager::Secret
  Properties:
    KmsKeyId: !Ref Key
    GenerateSecretString:
      SecretStringTemplate: '{"username": "owner"}'
      GenerateStringKey: password
      PasswordLength: 41
      ExcludeCharacters: '/@"'
Cluster:
  Type: AWS::RDS::DBCluster
  Properties:
    Engine: aurora-mysql
    DBSubnetGroupName: !Ref Subnets
    MasterUsername: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:username}}'
    MasterUserPassword: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:password}}'
Subnets: {Type: AWS::RDS::DBSubnetGroup}
Thing:
  Type: AWS::RDS::DBInstance
  Properties: {Engine: aurora-mysql, DBClusterIdentifier: !Ref Cluster, PromotionTier: 1}
Events:
  Type: AWS::RDS::EventSubscription
  Properties: {SourceType: db-cluster, SourceIds: [!Ref Cluster]}
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: rds.amazonaws.com}}]
    Policies:
    - PolicyName: p
      PolicyDocument:
        Statement:
        - {Effect: Allow, Action: [secretsmanager:GetSecretValue, kms:Decrypt], Resource: '*'}
Proxy:
  Type: AWS::RDS::DBProxy
  Properties:
    EngineFamily: MYSQL
    RoleArn: !GetAtt Role.Arn
    Auth: [{SecretArn: !Ref Secret}]
Targets:
  Type: AWS::RDS::DBProxyTargetGroup
  DependsOn: Thing
  Properties:
    DBProxyName: !Ref Proxy
    DBClusterIdentifiers: [!Ref Cluster]
    ConnectionPoolConfigurationInfo: {MaxConnectionsPercent: 90, MaxIdleConnectionsPercent: 50}
"""
_AT = "GenerateSecretString."
_POOL = "ConnectionPoolConfigurationInfo."
CASES = (
    *changes(
        "DEPLOY-DATABASE-DISK",
        _DISK,
        ("small", "Thing", "AllocatedStorage", "AllocatedStorage: 100\n", "AllocatedStorage: 10\n"),
        (
            "no room",
            "Thing",
            "MaxAllocatedStorage",
            "MaxAllocatedStorage: 200",
            "MaxAllocatedStorage: 50",
        ),
        ("license", "Thing", "LicenseModel", "postgresql-license", "license-included"),
    ),
    *changes(
        "DEPLOY-DATABASE-SECRET",
        _DATABASE,
        ("long", "Secret", f"{_AT}PasswordLength", "PasswordLength: 41", "PasswordLength: 64"),
        ("reserved", "Secret", f"{_AT}SecretStringTemplate", '"owner"', '"rdsadmin"'),
    ),
    *changes(
        "DEPLOY-DATABASE-SECRET",
        _DATABASE,
        ("characters", "Secret", f"{_AT}ExcludeCharacters", "'/@\"'", "'/@'"),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-DATABASE-EVENT-SOURCE",
        _DATABASE,
        (
            "instance",
            "Events",
            "SourceIds.0",
            "SourceIds: [!Ref Cluster]",
            "SourceIds: [!Ref Thing]",
        ),
    ),
    *changes(
        "DEPLOY-DATABASE-MEMBER",
        _DATABASE,
        (
            "logs",
            "Thing",
            "EnableCloudwatchLogsExports",
            "PromotionTier: 1",
            "EnableCloudwatchLogsExports: [audit]",
        ),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-PROXY",
        _DATABASE,
        ("order", "Targets", "DBClusterIdentifiers", "DependsOn: Thing", "Metadata: {}"),
        ("no key", "Proxy", "RoleArn", ", kms:Decrypt]", "]"),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-PROXY",
        _DATABASE,
        ("family", "Targets", "DBClusterIdentifiers", "MYSQL", "POSTGRESQL"),
        (
            "idle",
            "Targets",
            f"{_POOL}MaxIdleConnectionsPercent",
            "IdleConnectionsPercent: 50",
            "IdleConnectionsPercent: 95",
        ),
    ),
)

_FIREWALL = """
Thing:
  Type: AWS::WAFv2::WebACL
  Properties:
    CustomResponseBodies: {slow: {Content: a, ContentType: TEXT_PLAIN}}
    Rules:
    - Name: a
      Action: {Block: {CustomResponse: {ResponseCode: 429, CustomResponseBodyKey: slow}}}
      Statement: {RateBasedStatement: {Limit: 100, AggregateKeyType: IP}}
Set:
  Type: AWS::WAFv2::IPSet
  Properties: {IPAddressVersion: IPV4, Addresses: [192.0.2.0/24]}
Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
First:
  Type: AWS::WAFv2::WebACLAssociation
  Properties: {ResourceArn: !Ref Balancer, WebACLArn: !GetAtt Thing.Arn}
Second:
  Type: AWS::WAFv2::WebACLAssociation
  Properties: {ResourceArn: !Ref Other, WebACLArn: !GetAtt Thing.Arn}
Other: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
"""
_RATE = "Rules.0.Statement.RateBasedStatement."
CASES += (
    *changes(
        "DEPLOY-WAF-STATEMENT",
        _FIREWALL,
        (
            "forwarded",
            "Thing",
            f"{_RATE}ForwardedIPConfig",
            "AggregateKeyType: IP",
            "AggregateKeyType: FORWARDED_IP",
        ),
        (
            "body",
            "Thing",
            "Rules.0.Action.Block.CustomResponse.CustomResponseBodyKey",
            "CustomResponseBodyKey: slow",
            "CustomResponseBodyKey: slower",
        ),
    ),
    *changes(
        "DEPLOY-WAF-ADDRESSES",
        _FIREWALL,
        ("no length", "Set", "Addresses.0", "192.0.2.0/24", "192.0.2.1"),
        ("every one", "Set", "Addresses.0", "192.0.2.0/24", "0.0.0.0/0"),
        ("version", "Set", "Addresses.0", "192.0.2.0/24", "'2001:db8::/32'"),
    ),
    *changes(
        "DEPLOY-WAF-TWICE",
        _FIREWALL,
        ("balancer", "Second", "ResourceArn", "!Ref Other", "!Ref Balancer"),
        severity=Severity.WARNING,
    ),
    *changes(
        "DEPLOY-TABLE",
        """
        Thing:
          Type: AWS::DynamoDB::Table
          Properties:
            BillingMode: PROVISIONED
            KeySchema: [{AttributeName: a, KeyType: HASH}, {AttributeName: b, KeyType: RANGE}]
            GlobalSecondaryIndexes:
            - IndexName: i
              KeySchema: [{AttributeName: b, KeyType: HASH}]
              ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
        """,
        ("two keys", "Thing", "KeySchema", "KeyType: RANGE", "KeyType: HASH"),
        (
            "throughput",
            "Thing",
            "GlobalSecondaryIndexes.0.ProvisionedThroughput",
            "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}",
            "Projection: {ProjectionType: ALL}",
        ),
    ),
    *changes(
        "DEPLOY-CACHE",
        """
        Group:
          Type: AWS::ElastiCache::ParameterGroup
          Properties: {CacheParameterGroupFamily: redis7}
        Thing:
          Type: AWS::ElastiCache::ReplicationGroup
          Properties:
            Engine: redis
            EngineVersion: '7.1'
            SnapshotWindow: 03:00-04:00
            CacheParameterGroupName: !Ref Group
        """,
        ("window", "Thing", "SnapshotWindow", "03:00-04:00", "03:00-03:30"),
        ("family", "Thing", "CacheParameterGroupName", "redis7", "valkey8"),
    ),
    *changes(
        "DEPLOY-BACKUP",
        """
        Vault:
          Type: AWS::Backup::BackupVault
          Properties: {LockConfiguration: {MinRetentionDays: 7, MaxRetentionDays: 400}}
        Thing:
          Type: AWS::Backup::BackupPlan
          Properties:
            BackupPlan:
              BackupPlanRule:
              - TargetBackupVault: !Ref Vault
                StartWindowMinutes: 60
                CompletionWindowMinutes: 180
                Lifecycle: {MoveToColdStorageAfterDays: 30, DeleteAfterDays: 365}
        """,
        (
            "cold",
            "Thing",
            "BackupPlan.BackupPlanRule.0.Lifecycle.DeleteAfterDays",
            "DeleteAfterDays: 365",
            "DeleteAfterDays: 100",
        ),
        ("short", "Thing", "BackupPlan.BackupPlanRule.0.CompletionWindowMinutes", "180", "90"),
    ),
    *changes(
        "DEPLOY-BACKUP",
        """
        Thing:
          Type: AWS::Backup::BackupVault
          Properties: {LockConfiguration: {MinRetentionDays: 7, MaxRetentionDays: 400}}
        """,
        ("lock", "Thing", "LockConfiguration.MinRetentionDays", "Days: 7", "Days: 700"),
    ),
    *changes(
        "DEPLOY-RECORD",
        """
        Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: example.com}}
        Thing:
          Type: AWS::Route53::RecordSet
          Properties: {HostedZoneId: !Ref Zone, Name: a.example.com., Type: CNAME, TTL: '60',
                       ResourceRecords: [b.example.com]}
        """,
        ("zone", "Thing", "Name", "a.example.com.", "a.example.org."),
        ("apex", "Thing", "Type", "a.example.com.", "example.com."),
    ),
)
