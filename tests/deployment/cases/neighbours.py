"""Neighbours of the stack: one good template, small changes that AWS refuses."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import changes

_EDGE = """
Thing:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      Origins: [{Id: o, DomainName: a.example}, {Id: p, DomainName: b.example}]
      OriginGroups: {Items: [{Id: g}]}
      DefaultCacheBehavior: {TargetOriginId: g, AllowedMethods: [HEAD, GET]}
      CacheBehaviors: [{PathPattern: /a, TargetOriginId: o}, {PathPattern: /b, TargetOriginId: o}]
"""
_POOL = """
Pool: {Type: AWS::Cognito::UserPool}
Google:
  Type: AWS::Cognito::UserPoolIdentityProvider
  Properties: {UserPoolId: !Ref Pool, ProviderName: Google}
Thing:
  Type: AWS::Cognito::UserPoolClient
  Properties:
    UserPoolId: !Ref Pool
    GenerateSecret: false
    AllowedOAuthFlows: [code]
    CallbackURLs: ['https://a.example']
    DefaultRedirectURI: https://a.example
    SupportedIdentityProviders: [COGNITO, Google]
    ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH]
    AccessTokenValidity: 5
    TokenValidityUnits: {AccessToken: minutes}
    RefreshTokenValidity: 30
"""
_API = """
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, PayloadFormatVersion: '2.0'}
Thing:
  Type: AWS::ApiGatewayV2::Route
  Properties: {ApiId: !Ref Api, RouteKey: POST /pay, Target: !Sub 'integrations/${Integration}'}
Other:
  Type: AWS::ApiGatewayV2::Route
  Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Integration}'}
Authorizer:
  Type: AWS::ApiGatewayV2::Authorizer
  Properties:
    {ApiId: !Ref Api, AuthorizerType: REQUEST, AuthorizerPayloadFormatVersion: '2.0'}
"""
_REST = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {EndpointConfiguration: {Types: [REGIONAL]}}}
Function: {Type: AWS::Lambda::Function}
Thing:
  Type: AWS::ApiGateway::Method
  Properties: {RestApiId: !Ref Api, Integration: {Type: AWS_PROXY, Uri: !Ref Uri}}
Deployment:
  Type: AWS::ApiGateway::Deployment
  DependsOn: Thing
  Properties: {RestApiId: !Ref Api}
"""
_FIREWALL = """
Group: {Type: AWS::NetworkFirewall::RuleGroup, Properties: {Type: STATEFUL}}
Thing:
  Type: AWS::NetworkFirewall::FirewallPolicy
  Properties:
    FirewallPolicy: {StatefulRuleGroupReferences: [{ResourceArn: !Ref Group}]}
Log:
  Type: AWS::NetworkFirewall::LoggingConfiguration
  Properties:
    LoggingConfiguration:
      LogDestinationConfigs:
      - {LogType: FLOW, LogDestinationType: CloudWatchLogs, LogDestination: {logGroup: a}}
      - {LogType: ALERT, LogDestinationType: S3, LogDestination: {bucketName: a, prefix: b}}
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
One:
  Type: AWS::EC2::Subnet
  Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: eu-central-2a}
Two:
  Type: AWS::EC2::Subnet
  Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: eu-central-2b}
Firewall:
  Type: AWS::NetworkFirewall::Firewall
  Properties: {VpcId: !Ref Vpc, SubnetMappings: [{SubnetId: !Ref One}, {SubnetId: !Ref Two}]}
Files: {Type: AWS::EFS::FileSystem, Properties: {Encrypted: true}}
MountOne: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Files, SubnetId: !Ref One}}
MountTwo: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Files, SubnetId: !Ref Two}}
Interface:
  Type: AWS::EC2::NetworkInterface
  Properties: {SubnetId: !Ref One, PrivateIpAddress: 10.0.0.10}
Peering:
  Type: AWS::EC2::VPCPeeringConnection
  Properties: {VpcId: !Ref Vpc, PeerVpcId: vpc-1}
Block:
  Type: AWS::EC2::VPCCidrBlock
  Properties: {VpcId: !Ref Vpc, CidrBlock: 100.64.0.0/16}
Options: {Type: AWS::EC2::DHCPOptions, Properties: {DomainName: a.example}}
List:
  Type: AWS::EC2::PrefixList
  Properties:
    PrefixListName: pay
    AddressFamily: IPv4
    MaxEntries: 2
    Entries: [{Cidr: 10.0.0.0/16}, {Cidr: 10.1.0.0/16}]
"""
_JOB = """
Thing:
  Type: AWS::Batch::JobDefinition
  Properties:
    PlatformCapabilities: [FARGATE]
    ContainerProperties:
      ExecutionRoleArn: !Sub 'arn:aws:iam::${AWS::AccountId}:role/r'
      Privileged: false
      ResourceRequirements: [{Type: VCPU, Value: '0.25'}, {Type: MEMORY, Value: '512'}]
Queue:
  Type: AWS::Batch::JobQueue
  Properties:
    ComputeEnvironmentOrder:
    - {Order: 1, ComputeEnvironment: a}
    - {Order: 2, ComputeEnvironment: b}
"""
_RECORDER = """
Recorder: {Type: AWS::Config::ConfigurationRecorder}
Thing: {Type: AWS::Config::ConfigRule, DependsOn: Recorder}
Detector: {Type: AWS::GuardDuty::Detector}
"""
_S3 = "ExtendedS3DestinationConfiguration"
_STREAM = f"""
Thing:
  Type: AWS::KinesisFirehose::DeliveryStream
  Properties:
    {_S3}: {{Prefix: 'd/!{{timestamp:yyyy}}/', ErrorOutputPrefix: e/}}
"""
_FUNCTION = """
Thing:
  Type: AWS::Lambda::Function
  Properties:
    Runtime: python3.13
    Handler: index.handler
    Code: {ZipFile: 'def handler(event, context): pass'}
    Environment: {Variables: {A: b}}
"""
_CACHE = """
Thing:
  Type: AWS::ElastiCache::ReplicationGroup
  Properties:
    Engine: redis
    EngineVersion: '7.1'
    NumNodeGroups: 2
    AutomaticFailoverEnabled: true
    CacheParameterGroupName: default.redis7.cluster.on
User:
  Type: AWS::ElastiCache::User
  Properties: {UserId: app, UserName: app, AuthenticationMode: {Type: iam}}
Default: {Type: AWS::ElastiCache::User, Properties: {UserId: none, UserName: default}}
Group:
  Type: AWS::ElastiCache::UserGroup
  Properties: {Engine: redis, UserIds: [!Ref User, !Ref Default]}
Table:
  Type: AWS::DynamoDB::GlobalTable
  Properties:
    StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
    Replicas: [{Region: eu-central-2}, {Region: eu-central-1}]
Parameter:
  Type: AWS::SSM::Parameter
  Properties: {Type: String, Value: '5', AllowedPattern: '^[0-9]+$'}
Window: {Type: AWS::SSM::MaintenanceWindow, Properties: {Duration: 3, Cutoff: 1}}
"""
_TRAIL = """
Thing:
  Type: AWS::CloudTrail::Trail
  Properties:
    AdvancedEventSelectors: [{FieldSelectors: [{Field: eventCategory, Equals: [Data]}]}]
Bus: {Type: AWS::Events::EventBus, Properties: {Name: pay}}
Hook: {Type: AWS::Events::ApiDestination}
Rule:
  Type: AWS::Events::Rule
  Properties:
    EventBusName: !Ref Bus
    EventPattern: {source: [pay]}
    Targets: [{Id: h, Arn: !GetAtt Hook.Arn, RoleArn: !Sub 'arn:aws:iam::${AWS::AccountId}:role/r'}]
Group:
  Type: AWS::Logs::LogGroup
  Properties:
    DataProtectionPolicy:
      Statement:
      - {DataIdentifier: [a], Operation: {Audit: {FindingsDestination: {}}}}
      - {DataIdentifier: [a], Operation: {Deidentify: {MaskConfig: {}}}}
Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: example.com}}
Certificate:
  Type: AWS::CertificateManager::Certificate
  Properties:
    DomainName: pay.example.com
    DomainValidationOptions: [{DomainName: pay.example.com, HostedZoneId: !Ref Zone}]
"""
_DEFAULT = "DistributionConfig.DefaultCacheBehavior"
_BEHAVIORS = "DistributionConfig.CacheBehaviors"
_BOX = "ContainerProperties"
_LOGS = "LoggingConfiguration.LogDestinationConfigs"
_POLICY = "FirewallPolicy.StatefulRuleGroupReferences.0"
_MACHINE = """
Thing:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    StateMachineType: STANDARD
    Definition:
      StartAt: A
      States:
        A:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke.waitForTaskToken
          Retry: [{ErrorEquals: [States.Timeout]}, {ErrorEquals: [States.ALL]}]
          Next: W
        W: {Type: Wait, Seconds: 5, Next: C}
        C: {Type: Choice, Choices: [{Variable: $.x, NumericEquals: 1, Next: S}], Default: M}
        S: {Type: Succeed}
        M:
          Type: Map
          ItemProcessor: {StartAt: I, States: {I: {Type: Pass, End: true}}}
          Next: J
        J: {Type: Wait, QueryLanguage: JSONata, Seconds: 5, End: true}
"""
_VALUES = """
Thing:
  Type: AWS::AutoScaling::AutoScalingGroup
  Properties: {MinSize: '1', MaxSize: '3', DesiredCapacity: '2'}
Cache:
  Type: AWS::ElastiCache::ServerlessCache
  Properties: {CacheUsageLimits: {DataStorage: {Minimum: 1, Maximum: 10}}}
Plan:
  Type: AWS::Backup::BackupPlan
  Properties:
    BackupPlan:
      BackupPlanRule:
      - EnableContinuousBackup: true
        Lifecycle: {DeleteAfterDays: 35}
        CopyActions: [{Lifecycle: {MoveToColdStorageAfterDays: 30, DeleteAfterDays: 120}}]
Acl:
  Type: AWS::WAFv2::WebACL
  Properties:
    Rules:
    - Statement:
        RegexMatchStatement:
          RegexString: (a)
          FieldToMatch: {UriPath: {}}
          TextTransformations: [{Priority: 0, Type: NONE}, {Priority: 1, Type: LOWERCASE}]
    - Statement:
        NotStatement: {Statement: {GeoMatchStatement: {CountryCodes: [CH]}}}
Patterns: {Type: AWS::WAFv2::RegexPatternSet, Properties: {RegularExpressionList: ['^/a']}}
Web:
  Type: AWS::Route53::RecordSet
  Properties: {HostedZoneId: Z1, Name: a.example.com, Type: CNAME}
Text:
  Type: AWS::Route53::RecordSet
  Properties: {HostedZoneId: Z1, Name: b.example.com, Type: TXT}
"""
_MATCH = "Rules.0.Statement.RegexMatchStatement"
CASES = (
    *changes(
        "DEPLOY-STATE-MACHINE",
        _MACHINE,
        ("unreachable", "Thing", "Definition", "Next: S}", "Next: M}"),
        ("succeed", "Thing", "Definition", "{Type: Succeed}", "{Type: Succeed, End: true}"),
        ("wait", "Thing", "Definition", "Wait, Seconds: 5", "Wait"),
        ("operator", "Thing", "Definition", "NumericEquals", "NumericEqual"),
        ("variable", "Thing", "Definition", "$.x", "x"),
        ("resource", "Thing", "Definition", "Resource:", "Comment:"),
        ("token", "Thing", "Definition", "STANDARD", "EXPRESS"),
        ("all", "Thing", "Definition", "States.Timeout", "States.ALL"),
        ("path", "Thing", "Definition", "JSONata, Seconds: 5", "JSONata, Seconds: 5, InputPath: $"),
        ("inside", "Thing", "Definition", "{StartAt: I", "{StartAt: X"),
    ),
    *changes(
        "DEPLOY-NUMBERS",
        _VALUES,
        ("group", "Thing", "DesiredCapacity", "DesiredCapacity: '2'", "DesiredCapacity: '4'"),
        ("cache", "Cache", "CacheUsageLimits.DataStorage.Minimum", "Minimum: 1", "Minimum: 11"),
    ),
    *changes(
        "DEPLOY-BACKUP",
        _VALUES,
        (
            "continuous",
            "Plan",
            "BackupPlan.BackupPlanRule.0.Lifecycle.DeleteAfterDays",
            "Days: 35",
            "Days: 36",
        ),
        (
            "cold copy",
            "Plan",
            "BackupPlan.BackupPlanRule.0.CopyActions.0.Lifecycle.DeleteAfterDays",
            "Days: 120",
            "Days: 119",
        ),
    ),
    *changes(
        "DEPLOY-WAF-STATEMENT",
        _VALUES,
        ("pattern", "Patterns", "RegularExpressionList.0", "^/a", "^/(a"),
        ("expression", "Acl", f"{_MATCH}.RegexString", "(a)", "(a"),
        ("two fields", "Acl", f"{_MATCH}.FieldToMatch", "UriPath: {}", "UriPath: {}, Body: {}"),
        ("priority", "Acl", f"{_MATCH}.TextTransformations", "Priority: 1", "Priority: 0"),
        (
            "nested",
            "Acl",
            "Rules.1.Statement.NotStatement.Statement.RateBasedStatement",
            "NotStatement: {Statement: {GeoMatchStatement: {CountryCodes: [CH]}}}",
            "NotStatement: {Statement: {RateBasedStatement: {Limit: 100, AggregateKeyType: IP}}}",
        ),
    ),
    *changes(
        "DEPLOY-RECORD",
        _VALUES,
        ("beside a CNAME", "Web", "Type", "b.example.com", "a.example.com"),
    ),
    *changes(
        "DEPLOY-DISTRIBUTION",
        _EDGE,
        ("origin", "Thing", f"{_DEFAULT}.TargetOriginId", "TargetOriginId: g", "TargetOriginId: x"),
        ("methods", "Thing", f"{_DEFAULT}.AllowedMethods", "[HEAD, GET]", "[GET, HEAD, POST]"),
        ("two origins", "Thing", "DistributionConfig.Origins.0.Id", "Id: p", "Id: o"),
        ("two paths", "Thing", f"{_BEHAVIORS}.0.PathPattern", "/b", "/a"),
    ),
    *changes(
        "DEPLOY-USER-POOL-CLIENT",
        _POOL,
        (
            "two flows",
            "Thing",
            "AllowedOAuthFlows",
            "Secret: false\n      AllowedOAuthFlows: [code]",
            "Secret: true\n      AllowedOAuthFlows: [code, client_credentials]",
        ),
        ("no secret", "Thing", "GenerateSecret", "[code]", "[client_credentials]"),
        ("redirect", "Thing", "DefaultRedirectURI", "URI: https://a", "URI: https://b"),
        ("provider", "Thing", "SupportedIdentityProviders", "COGNITO, Google", "COGNITO, SAML"),
        ("old flow", "Thing", "ExplicitAuthFlows", "ALLOW_USER_SRP", "USER_SRP"),
        ("too short", "Thing", "AccessTokenValidity", "Validity: 5", "Validity: 4"),
        ("too long", "Thing", "RefreshTokenValidity", "Validity: 30", "Validity: 3651"),
    ),
    *changes(
        "DEPLOY-HTTP-API",
        _API,
        ("key", "Thing", "RouteKey", "POST /pay", "POST pay"),
        (
            "target",
            "Thing",
            "Target",
            "POST /pay, Target: !Sub 'integrations/${Integration}'",
            "POST /pay, Target: !Ref Integration",
        ),
        ("type", "Integration", "IntegrationType", "AWS_PROXY", "MOCK"),
        ("format", "Integration", "PayloadFormatVersion", "PROXY, Pay", "PROXY, Pays"),
        ("authorizer", "Authorizer", "AuthorizerPayloadFormatVersion", "AuthorizerPay", "Pays"),
    ),
    *changes(
        "DEPLOY-LISTENER",
        """
        Thing:
          Type: AWS::ElasticLoadBalancingV2::Listener
          Properties:
            Protocol: HTTPS
            Certificates: [{CertificateArn: !Ref Certificate}]
            SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06
        """,
        ("a policy of another month", "Thing", "SslPolicy", "2021-06", "2021-07"),
    ),
    *changes(
        "DEPLOY-REST-API",
        _REST,
        ("uri", "Thing", "Integration.Uri", "!Ref Uri", "!GetAtt Function.Arn"),
        ("policy", "Deployment", "RestApiId", "[REGIONAL]", "[PRIVATE]"),
    ),
    *changes(
        "DEPLOY-NETWORK-FIREWALL",
        _FIREWALL,
        ("type", "Thing", f"{_POLICY}.ResourceArn", "Type: STATEFUL", "Type: STATELESS"),
        ("priority", "Thing", f"{_POLICY}.Priority", "Arn: !Ref Group", "Arn: x, Priority: 1"),
        ("two logs", "Log", f"{_LOGS}.0.LogType", "LogType: ALERT", "LogType: FLOW"),
        ("name", "Log", f"{_LOGS}.0.LogDestination", "{logGroup: a}", "{LogGroup: a}"),
    ),
    *changes(
        "DEPLOY-ENDPOINT",
        """
        Table: {Type: AWS::EC2::RouteTable}
        Other: {Type: AWS::EC2::RouteTable}
        One:
          Type: AWS::EC2::VPCEndpoint
          Properties: {ServiceName: com.amazonaws.eu-central-2.s3, RouteTableIds: [!Ref Table]}
        Thing:
          Type: AWS::EC2::VPCEndpoint
          Properties: {ServiceName: com.amazonaws.eu-central-2.s3, RouteTableIds: [!Ref Other]}
        """,
        ("a table twice", "Thing", "RouteTableIds.0", "!Ref Other", "!Ref Table"),
    ),
    *changes(
        "DEPLOY-ZONE-TWICE",
        _FIREWALL,
        (
            "subnet",
            "MountTwo",
            "SubnetId",
            "Files, SubnetId: !Ref Two",
            "Files, SubnetId: !Ref One",
        ),
        (
            "other zone",
            "MountTwo",
            "SubnetId",
            "Encrypted: true",
            "AvailabilityZoneName: eu-central-2a",
        ),
    ),
    *changes(
        "DEPLOY-REFERENCE-TYPE",
        """
        Topic: {Type: AWS::SNS::Topic}
        Cluster: {Type: AWS::ECS::Cluster}
        Queue: {Type: AWS::SQS::Queue}
        Thing: {Type: AWS::SNS::TopicPolicy, Properties: {Topics: [!Ref Topic]}}
        Service: {Type: AWS::ECS::Service, Properties: {Cluster: !Ref Cluster}}
        Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {OKActions: [!Ref Topic]}}
        """,
        ("topic", "Thing", "Topics.0", "{Topics: [!Ref Topic", "{Topics: [!Ref Queue"),
        ("cluster", "Service", "Cluster", "{Cluster: !Ref Cluster", "{Cluster: !Ref Topic"),
        ("action", "Alarm", "OKActions.0", "OKActions: [!Ref Topic", "OKActions: [!Ref Thing"),
    ),
    *changes(
        "DEPLOY-REFERENCE-TYPE",
        _FIREWALL,
        (
            "subnet",
            "Interface",
            "SubnetId",
            "{SubnetId: !Ref One, Private",
            "{SubnetId: !Ref Vpc, Private",
        ),
        (
            "group",
            "Interface",
            "GroupSet.SecurityGroupIds.0",
            "IpAddress: 10.0.0.10",
            "IpAddress: 10.0.0.10, GroupSet: {SecurityGroupIds: [!Ref One]}",
        ),
    ),
    *changes(
        "DEPLOY-PREFIX-LIST",
        _FIREWALL,
        ("name", "List", "PrefixListName", "Name: pay", "Name: com.amazonaws.pay"),
        ("full", "List", "MaxEntries", "MaxEntries: 2", "MaxEntries: 1"),
        ("family", "List", "Entries.1.Cidr", "10.1.0.0/16", "'2001:db8::/32'"),
        ("twice", "List", "Entries.1.Cidr", "10.1.0.0/16", "10.0.0.0/16"),
    ),
    *changes(
        "DEPLOY-NETWORK-PART",
        _FIREWALL,
        ("itself", "Peering", "PeerVpcId", "vpc-1", "!Ref Vpc"),
        ("outside", "Interface", "PrivateIpAddress", "10.0.0.10", "10.0.1.10"),
        ("none", "Options", "", "{DomainName: a.example}", "{Tags: []}"),
        ("overlap", "Block", "CidrBlock", "100.64.0.0/16", "10.0.128.0/17"),
    ),
    *changes(
        "DEPLOY-FUNCTION-VARIABLES",
        _FUNCTION,
        ("list", "Thing", "Environment.Variables", "{A: b}", "[A=b]"),
    ),
    *changes(
        "DEPLOY-FUNCTION-CODE",
        _FUNCTION,
        ("none", "Thing", "Code", "{ZipFile: 'def handler(event, context): pass'}", "{}"),
    ),
    *changes(
        "DEPLOY-BATCH-JOB",
        _JOB,
        ("size", "Thing", f"{_BOX}.ResourceRequirements", "'512'", "'4096'"),
        ("memory", "Thing", f"{_BOX}.ResourceRequirements", ", {Type: MEMORY, Value: '512'}", ""),
        ("role", "Thing", f"{_BOX}.ExecutionRoleArn", "ExecutionRoleArn", "JobRoleArn"),
        ("privileged", "Thing", f"{_BOX}.Privileged", "Privileged: false", "Privileged: true"),
        ("order", "Queue", "ComputeEnvironmentOrder.0.Order", "Order: 2", "Order: 1"),
    ),
    *changes(
        "DEPLOY-ORDER-RECORDER",
        _RECORDER,
        ("order", "Thing", "", ", DependsOn: Recorder", ""),
        severity=Severity.ERROR,
    ),
    *changes(
        "DEPLOY-ONE-PER-REGION",
        _RECORDER,
        ("two", "Detector", "", "AWS::GuardDuty::Detector", "AWS::Config::ConfigurationRecorder"),
    ),
    *changes(
        "DEPLOY-DELIVERY-STREAM",
        _STREAM,
        ("nowhere", "Thing", "", _S3, "Other"),
        ("prefix", "Thing", f"{_S3}.ErrorOutputPrefix", "ErrorOutputPrefix", "FileExtension"),
    ),
    *changes(
        "DEPLOY-CACHE-CLUSTER",
        _CACHE,
        ("failover", "Thing", "AutomaticFailoverEnabled", "Enabled: true", "Enabled: false"),
        ("one shard", "Thing", "CacheParameterGroupName", ".cluster.on", ""),
        ("older", "Thing", "CacheParameterGroupName", "default.redis7", "default.redis6.x"),
    ),
    *changes(
        "DEPLOY-CACHE-USER",
        _CACHE,
        ("name", "User", "UserName", "UserName: app", "UserName: other"),
        ("no default", "Group", "UserIds", "[!Ref User, !Ref Default]", "[!Ref User]"),
    ),
    *changes(
        "DEPLOY-GLOBAL-TABLE",
        _CACHE,
        ("elsewhere", "Table", "Replicas", "Region: eu-central-2", "Region: eu-west-1"),
        (
            "stream",
            "Table",
            "StreamSpecification.StreamViewType",
            "NEW_AND_OLD_IMAGES",
            "KEYS_ONLY",
        ),
    ),
    *changes(
        "DEPLOY-SYSTEMS-MANAGER",
        _CACHE,
        ("pattern", "Parameter", "Value", "Value: '5'", "Value: x"),
        ("size", "Parameter", "Value", "Value: '5'", "Value: '" + "5" * 4097 + "'"),
        ("window", "Window", "Cutoff", "Cutoff: 1", "Cutoff: 3"),
    ),
    *changes(
        "DEPLOY-TRAIL-SELECTOR",
        _TRAIL,
        (
            "no category",
            "Thing",
            "AdvancedEventSelectors.0.FieldSelectors",
            "Field: eventCategory",
            "Field: readOnly",
        ),
    ),
    *changes(
        "DEPLOY-EVENT-BUS-RULE",
        _TRAIL,
        (
            "schedule",
            "Rule",
            "ScheduleExpression",
            "EventPattern: {source: [pay]}",
            "ScheduleExpression: rate(5 minutes)",
        ),
    ),
    *changes(
        "DEPLOY-LOG-PROTECTION",
        _TRAIL,
        ("no mask", "Group", "DataProtectionPolicy.Statement", "Deidentify", "Audit"),
    ),
    *changes(
        "DEPLOY-CERTIFICATE",
        _TRAIL,
        (
            "other name",
            "Certificate",
            "DomainValidationOptions.0.DomainName",
            "[{DomainName: pay",
            "[{DomainName: shop",
        ),
    ),
    *changes(
        "DEPLOY-CERTIFICATE",
        _TRAIL,
        (
            "private zone",
            "Certificate",
            "DomainValidationOptions.0.HostedZoneId",
            "{Name: example.com}",
            "{Name: example.com, VPCs: [{VPCId: vpc-1}]}",
        ),
        severity=Severity.ERROR,
    ),
)
