"""Answers of AWS in Zurich, in the shapes that botocore's service models define."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel, ServiceModel
from botocore.stub import Stubber

from pcistack.account import sweep
from pcistack.account.aws import Aws, Call
from pcistack.account.verify import permissions

REGION = "eu-central-2"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ZONES = [f"{REGION}{letter}" for letter in "abc"]

PREFLIGHT = frozenset(Call) - {
    Call.PRICES,
    *(call for call in sweep.CALLS if call is not Call.NAT_GATEWAYS),
    *permissions.CALLS
    - {
        Call.DATABASE_CLUSTERS,
        Call.DATABASE_INSTANCES,
        Call.LOAD_BALANCERS,
        Call.LOG_GROUPS,
        Call.STACK_RESOURCES,
        Call.SUBNETS,
    },
}
"""What ``preflight`` asks: what only other commands ask is left out."""

Parameters: TypeAlias = dict[str, Any]
Answer: TypeAlias = "Parameters | Callable[[Parameters], Parameters] | Refusal"


@dataclass(frozen=True)
class Refusal:
    """An error of AWS in place of an answer."""

    code: str
    message: str = "User: arn:aws:iam::111111111111:user/x is not authorized"


@dataclass
class StubbedAws:
    """Clients that answer from a table; botocore checks every request and every answer.

    Attributes:
        answers: Answer by call; a function gets the call's parameters.
        log: Calls made, with their parameters and the region they went to.
    """

    answers: dict[Call, Answer]
    log: list[tuple[Call, Parameters, str]] = field(default_factory=list)

    def aws(self, region: str = REGION) -> Aws:
        return Aws(region, self.client)

    def client(self, service: str, region: str) -> object:
        _CURRENT[:] = [self]
        return _stubbed_client(service, region)

    def queue(
        self, stubber: Stubber, call: Call, operation: str, parameters: Parameters, region: str
    ) -> None:
        self.log.append((call, parameters, region))
        answer = self.answers[call]
        if isinstance(answer, Refusal):
            stubber.add_client_error(xform_name(operation), answer.code, answer.message)
            return
        try:
            given = answer(parameters) if callable(answer) else answer
            # botocore decodes some answers in place
            stubber.add_response(xform_name(operation), pickle.loads(pickle.dumps(given)))
        except ParamValidationError as error:
            raise AssertionError(f"{operation}: {error}") from None


_CURRENT: list[StubbedAws] = []


@cache
def _session() -> boto3.Session:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.Session(botocore_session=_botocore(), **keys)


@cache
def model_of(service: str) -> ServiceModel:
    """Return what botocore knows of a service, read once because that is slow."""
    return _botocore().get_service_model(service)


@cache
def _botocore() -> botocore.session.Session:
    return botocore.session.Session()


@cache
def _stubbed_client(service: str, region: str) -> object:
    """Return a client, made once because that is slow, that the current stub answers."""
    plain = Config(user_agent="tests")  # else each call puts a long one together
    client = _session().client(service, region_name=region, config=plain)  # type: ignore[call-overload]
    stubber = Stubber(client)

    def prepare(params: Parameters, model: OperationModel, **_: object) -> None:
        call = Call((service, model.name))
        _CURRENT[0].queue(stubber, call, model.name, dict(params), region)

    client.meta.events.register_first("before-parameter-build.*.*", prepare)
    stubber.activate()  # after our handler, which queues the answer that it will give
    return client


def engine_version(**changes: object) -> Parameters:
    """Return one engine version as DescribeDBEngineVersions gives it."""
    return {
        "Engine": "aurora-mysql",
        "MajorEngineVersion": "8.0",
        "EngineVersion": "8.0.mysql_aurora.3.10.4",
        "DBParameterGroupFamily": "aurora-mysql8.0",
        "Status": "available",
        "SupportedEngineModes": ["provisioned"],
        "ExportableLogTypes": ["audit", "error", "general", "slowquery"],
        "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1"],
        "ServerlessV2FeaturesSupport": {"MinCapacity": 0.0, "MaxCapacity": 256.0},
    } | changes


def orderable(**changes: object) -> Parameters:
    """Return one orderable option as DescribeOrderableDBInstanceOptions gives it."""
    return {
        "Engine": "aurora-mysql",
        "EngineVersion": "8.0.mysql_aurora.3.10.4",
        "DBInstanceClass": "db.serverless",
        "AvailabilityZones": [{"Name": zone} for zone in ZONES],
        "SupportsStorageEncryption": True,
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsPerformanceInsights": True,
        "SupportsHttpEndpoint": False,
        "SupportedEngineModes": ["provisioned"],
    } | changes


def endpoint_service(name: str, kind: str = "Interface", zones: list[str] = ZONES) -> Parameters:
    """Return one service as DescribeVpcEndpointServices gives it."""
    return {
        "ServiceName": f"com.amazonaws.{REGION}.{name}",
        "ServiceType": [{"ServiceType": kind}],
        "AvailabilityZones": zones,
        "Owner": "amazon",
    }


def quota(value: float, **changes: object) -> Parameters:
    """Return an answer of GetServiceQuota."""
    return {"Quota": {"QuotaName": "a quota", "Value": value} | changes}


FARGATE_METRIC = {
    "MetricNamespace": "AWS/Usage",
    "MetricName": "ResourceCount",
    "MetricDimensions": {
        "Class": "Standard/OnDemand",
        "Resource": "vCPU",
        "Service": "Fargate",
        "Type": "Resource",
    },
    "MetricStatisticRecommendation": "Maximum",
}


def _quota_of(parameters: Mapping[str, Any]) -> Parameters:
    if parameters["ServiceCode"] == "fargate":
        return quota(6, UsageMetric=FARGATE_METRIC)
    return quota(5)


def _database_quota(name: str, used: int, maximum: int) -> Parameters:
    return {"AccountQuotaName": name, "Used": used, "Max": maximum}


def certificate(arn: str, status: str = "ISSUED") -> Parameters:
    """Return an answer of DescribeCertificate."""
    return {
        "Certificate": {"CertificateArn": arn, "DomainName": "pay.example.com"} | {"Status": status}
    }


def hosted_zone(name: str = "example.com.", *, private: bool = False) -> Parameters:
    """Return an answer of GetHostedZone."""
    return {
        "HostedZone": {
            "Id": "/hostedzone/Z1",
            "Name": name,
            "CallerReference": "x",
            "Config": {"PrivateZone": private},
        },
        "DelegationSet": {"NameServers": ["ns-1.awsdns-00.com"]},
    }


def linked_role() -> Parameters:
    """Return an answer of GetRole."""
    name = "AWSServiceRoleForECS"
    return {
        "Role": {
            "Path": "/aws-service-role/ecs.amazonaws.com/",
            "RoleName": name,
            "RoleId": "AROAEXAMPLEEXAMPLEEXA",
            "Arn": f"arn:aws:iam::111111111111:role/aws-service-role/ecs.amazonaws.com/{name}",
            "CreateDate": NOW,
        }
    }


def stack_resource(kind: str, physical_id: str, status: str = "CREATE_COMPLETE") -> Parameters:
    """Return one resource as ListStackResources gives it."""
    return {
        "LogicalResourceId": "Any",
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "LastUpdatedTimestamp": NOW,
        "ResourceStatus": status,
    }


def trail(**changes: object) -> Parameters:
    """Return a trail as DescribeTrails gives it."""
    return {
        "Name": "all",
        "TrailARN": f"arn:aws:cloudtrail:{REGION}:111111111111:trail/all",
        "IsMultiRegionTrail": True,
        "LogFileValidationEnabled": True,
        "IncludeGlobalServiceEvents": True,
    } | changes


def detector(
    status: str = "ENABLED", runtime: str = "ENABLED", fargate: str = "ENABLED"
) -> Parameters:
    """Return a detector of GuardDuty that watches logins to databases."""
    agent = {"Name": "ECS_FARGATE_AGENT_MANAGEMENT", "Status": fargate}
    return {
        "ServiceRole": "arn:aws:iam::111111111111:role/x",
        "Status": status,
        "Features": [
            {"Name": "RDS_LOGIN_EVENTS", "Status": "ENABLED"},
            {"Name": "RUNTIME_MONITORING", "Status": runtime, "AdditionalConfiguration": [agent]},
        ],
    }


def scanning(status: str = "ENABLED") -> Parameters:
    """Return the state of Inspector."""
    state: Parameters = {"status": status, "errorCode": "ALREADY_ENABLED", "errorMessage": "none"}
    kinds = {"ec2": state, "ecr": state, "lambda": state}
    return {"accounts": [{"accountId": "111111111111", "state": state, "resourceState": kinds}]}


def public_access(**changes: bool) -> Parameters:
    """Return the account's block of public access to S3."""
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {"PublicAccessBlockConfiguration": dict.fromkeys(names, True) | changes}


def answers(types: list[str], **changes: Answer) -> dict[Call, Answer]:
    """Return answers of an empty, enabled account in Zurich; changes are by name of the call."""
    found: dict[Call, Answer] = {
        Call.CALLER_IDENTITY: {
            "Account": "111111111111",
            "Arn": "arn:aws:iam::111111111111:user/reader",
            "UserId": "AIDAEXAMPLEEXAMPLEEXA",
        },
        Call.REGIONS: {"Regions": [{"RegionName": REGION, "OptInStatus": "opted-in"}]},
        Call.ZONES: {
            "AvailabilityZones": [
                {
                    "ZoneName": zone,
                    "ZoneId": f"euc2-az{number}",
                    "ZoneType": "availability-zone",
                    "State": "available",
                }
                for number, zone in enumerate(ZONES, start=1)
            ]
        },
        Call.RESOURCE_TYPES: {"TypeSummaries": [{"TypeName": name} for name in types]},
        Call.ENGINE_VERSIONS: {"DBEngineVersions": [engine_version()]},
        Call.ORDERABLE_OPTIONS: {"OrderableDBInstanceOptions": [orderable()]},
        Call.ENDPOINT_SERVICES: {
            "ServiceDetails": [endpoint_service("s3", "Gateway"), endpoint_service("ecr.api")]
        },
        Call.VPCS: {"Vpcs": []},
        Call.SUBNETS: {"Subnets": []},
        Call.ADDRESSES: {"Addresses": []},
        Call.NAT_GATEWAYS: {"NatGateways": []},
        Call.INTERNET_GATEWAYS: {"InternetGateways": []},
        Call.ENDPOINTS: {"VpcEndpoints": []},
        Call.LOAD_BALANCERS: {"LoadBalancers": []},
        Call.QUOTA: _quota_of,
        Call.DEFAULT_QUOTA: quota(5),
        Call.METRIC: {"Label": "ResourceCount", "Datapoints": []},
        Call.DATABASE_QUOTAS: {
            "AccountQuotas": [
                _database_quota("DBClusters", 1, 40),
                _database_quota("DBInstances", 2, 40),
                _database_quota("DBClusterParameterGroups", 1, 50),
                _database_quota("DBParameterGroups", 1, 50),
                _database_quota("DBSubnetGroups", 1, 50),
            ]
        },
        # a region takes one detector: the template's own is the first
        Call.DETECTORS: {"DetectorIds": [] if "AWS::GuardDuty::Detector" in types else ["d-1"]},
        Call.RECORDERS: {"ConfigurationRecorders": []},
        Call.RECORDER_STATUS: {"ConfigurationRecordersStatus": [{"recording": True}]},
        Call.TRAILS: {"trailList": [trail()]},
        Call.TRAIL_STATUS: {"IsLogging": True},
        Call.DETECTOR: detector(),
        Call.STANDARDS: {
            "StandardsSubscriptions": [
                {
                    "StandardsSubscriptionArn": "arn:aws:securityhub:x",
                    "StandardsArn": f"arn:aws:securityhub:{REGION}::standards/pci-dss/v/4.0.1",
                    "StandardsInput": {},
                    "StandardsStatus": "READY",
                }
            ]
        },
        Call.SCANNING: scanning(),
        Call.DISK_ENCRYPTION: {"EbsEncryptionByDefault": True},
        Call.PUBLIC_ACCESS: public_access(),
        Call.STACK_RESOURCES: Refusal("ValidationError", "Stack with id PciDss-dev does not exist"),
        Call.LOG_GROUPS: {"logGroups": []},
        Call.RESOURCE_POLICIES: {"resourcePolicies": []},
        Call.DATABASE_CLUSTERS: {"DBClusters": []},
        Call.DATABASE_INSTANCES: {"DBInstances": []},
        Call.CONTAINER_CLUSTERS: {"clusters": [], "failures": []},
        Call.WEB_ACLS: {"WebACLs": []},
        Call.DASHBOARDS: {"DashboardEntries": []},
        Call.ALIASES: {"Aliases": []},
        Call.PRICES: {"PriceList": []},
        Call.HOSTED_ZONE: hosted_zone(),
        Call.ROLE: linked_role(),
        Call.CERTIFICATE: lambda parameters: certificate(parameters["CertificateArn"]),
    }
    return found | {Call[name]: answer for name, answer in changes.items()}
