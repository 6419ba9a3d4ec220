"""Every call that is made to a real account, and the IAM permission that it needs."""

from __future__ import annotations

from enum import Enum
from typing import Final

_IAM_PREFIX: Final = {
    "service-quotas": "servicequotas",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
}
_OTHER_ACTION: Final = {
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
}
"""IAM actions that are not called as their operation is."""


class Call(Enum):
    """Every call that is made to AWS.

    All of them read; ``DetectStackDrift`` lets CloudFormation read.
    """

    CALLER_IDENTITY = ("sts", "GetCallerIdentity")
    REGIONS = ("ec2", "DescribeRegions")
    ZONES = ("ec2", "DescribeAvailabilityZones")
    ENDPOINT_SERVICES = ("ec2", "DescribeVpcEndpointServices")
    VPCS = ("ec2", "DescribeVpcs")
    SUBNETS = ("ec2", "DescribeSubnets")
    ADDRESSES = ("ec2", "DescribeAddresses")
    NAT_GATEWAYS = ("ec2", "DescribeNatGateways")
    INTERNET_GATEWAYS = ("ec2", "DescribeInternetGateways")
    ENDPOINTS = ("ec2", "DescribeVpcEndpoints")
    ENGINE_VERSIONS = ("rds", "DescribeDBEngineVersions")
    ORDERABLE_OPTIONS = ("rds", "DescribeOrderableDBInstanceOptions")
    DATABASE_QUOTAS = ("rds", "DescribeAccountAttributes")
    LOAD_BALANCERS = ("elbv2", "DescribeLoadBalancers")
    QUOTA = ("service-quotas", "GetServiceQuota")
    DEFAULT_QUOTA = ("service-quotas", "GetAWSDefaultServiceQuota")
    METRIC = ("cloudwatch", "GetMetricStatistics")
    RESOURCE_TYPES = ("cloudformation", "ListTypes")
    DETECTORS = ("guardduty", "ListDetectors")
    RECORDERS = ("config", "DescribeConfigurationRecorders")
    RECORDER_STATUS = ("config", "DescribeConfigurationRecorderStatus")
    TRAILS = ("cloudtrail", "DescribeTrails")
    TRAIL_STATUS = ("cloudtrail", "GetTrailStatus")
    DETECTOR = ("guardduty", "GetDetector")
    STANDARDS = ("securityhub", "GetEnabledStandards")
    SCANNING = ("inspector2", "BatchGetAccountStatus")
    DISK_ENCRYPTION = ("ec2", "GetEbsEncryptionByDefault")
    PUBLIC_ACCESS = ("s3control", "GetPublicAccessBlock")
    STACK_RESOURCES = ("cloudformation", "ListStackResources")
    LOG_GROUPS = ("logs", "DescribeLogGroups")
    RESOURCE_POLICIES = ("logs", "DescribeResourcePolicies")
    DATABASE_CLUSTERS = ("rds", "DescribeDBClusters")
    DATABASE_INSTANCES = ("rds", "DescribeDBInstances")
    CONTAINER_CLUSTERS = ("ecs", "DescribeClusters")
    WEB_ACLS = ("wafv2", "ListWebACLs")
    DASHBOARDS = ("cloudwatch", "ListDashboards")
    ALIASES = ("kms", "ListAliases")
    CERTIFICATE = ("acm", "DescribeCertificate")
    HOSTED_ZONE = ("route53", "GetHostedZone")
    ROLE = ("iam", "GetRole")
    TAGGED = ("resourcegroupstaggingapi", "GetResources")
    KEY = ("kms", "DescribeKey")
    SERVICES = ("ecs", "DescribeServices")
    TASK_DEFINITION = ("ecs", "DescribeTaskDefinition")
    STACKS = ("cloudformation", "DescribeStacks")
    EXPORTS = ("cloudformation", "ListExports")
    TEMPLATE = ("cloudformation", "GetTemplate")
    DETECT_DRIFT = ("cloudformation", "DetectStackDrift")
    DRIFT_STATUS = ("cloudformation", "DescribeStackDriftDetectionStatus")
    RESOURCE_DRIFTS = ("cloudformation", "DescribeStackResourceDrifts")
    DATABASE_SUBNETS = ("rds", "DescribeDBSubnetGroups")
    ROUTE_TABLES = ("ec2", "DescribeRouteTables")
    SECURITY_GROUPS = ("ec2", "DescribeSecurityGroups")
    FLOW_LOGS = ("ec2", "DescribeFlowLogs")
    KEY_ROTATION = ("kms", "GetKeyRotationStatus")
    KEY_POLICY = ("kms", "GetKeyPolicy")
    SECRET = ("secretsmanager", "DescribeSecret")
    TOPICS = ("sns", "ListTopics")
    TOPIC = ("sns", "GetTopicAttributes")
    ALARMS = ("cloudwatch", "DescribeAlarms")
    SCALABLE_TARGETS = ("application-autoscaling", "DescribeScalableTargets")
    SCALING_POLICIES = ("application-autoscaling", "DescribeScalingPolicies")
    LISTENERS = ("elbv2", "DescribeListeners")
    LOAD_BALANCER_ATTRIBUTES = ("elbv2", "DescribeLoadBalancerAttributes")
    WEB_ACL_OF = ("wafv2", "GetWebACLForResource")
    PRICES = ("pricing", "GetProducts")
    WEB_ACL_LOG = ("wafv2", "GetLoggingConfiguration")

    @property
    def service(self) -> str:
        """Service as botocore names it."""
        return self.value[0]

    @property
    def operation(self) -> str:
        """Operation as AWS names it."""
        return self.value[1]

    @property
    def permission(self) -> str:
        """IAM action that allows the call, such as ``rds:DescribeDBEngineVersions``."""
        if (self.service, self.operation) in _OTHER_ACTION:
            return _OTHER_ACTION[self.service, self.operation]
        return f"{_IAM_PREFIX.get(self.service, self.service)}:{self.operation}"
