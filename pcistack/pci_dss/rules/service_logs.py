"""Requirement 10.2.1: services log, at a level that tells enough, but no whole bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    Extent,
    Hit,
    hit,
    must_be_false,
    must_be_set,
    must_be_true,
    show,
)
from pcistack.pci_dss import audit_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Resource, Value

_SEARCH_DOMAINS: Final = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")


_ON: Final = re.compile(r"'(Enabled|Status)': (True|'true'|'ENABLED')")


# Where a kind's logs are set, what shows that one is on, and how much it matters.
_LOGS_BY_KIND: Final = {
    "AWS::EKS::Cluster": ("Logging.ClusterLogging.EnabledTypes", re.compile("'audit'"), None),
    "AWS::MSK::Cluster": ("LoggingInfo.BrokerLogs", _ON, None),
}


_DEPLOYMENT: Final = "AWS::ApiGateway::Deployment"


_SERVICE_LOGS: Final = (
    ("AWS::ApiGateway::Stage", "AccessLogSetting.DestinationArn"),
    ("AWS::ApiGatewayV2::Stage", "AccessLogSettings.DestinationArn"),
    ("AWS::CloudFront::Distribution", "DistributionConfig.Logging.Bucket"),
    ("AWS::Redshift::Cluster", "LoggingProperties"),
    ("AWS::StepFunctions::StateMachine", "LoggingConfiguration.Destinations"),
)


@rule(
    "PCI-10.2.1-SERVICE-LOGS",
    "APIs, distributions, warehouses and state machines log",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1", "10.4.2"),
    security_hub=(
        "APIGateway.9",
        "CloudFront.5",
        "Redshift.4",
        "StepFunctions.1",
        "Opensearch.5",
        "ES.5",
        "EKS.8",
        "MQ.2",
        "EC2.171",
    ),
    types=(
        *(kind for kind, _ in _SERVICE_LOGS),
        _DEPLOYMENT,
        *_SEARCH_DOMAINS,
        *types_of(audit_settings.SERVICE_LOGS),
        *_LOGS_BY_KIND,
        "AWS::Transfer::Server",
    ),
    extent=Extent.FULL,
    fix="Set the property to a log group or bucket.",
)
def service_logs(context: Context) -> Iterator[Hit]:
    yield from _deployments(context)
    for kind, path in _SERVICE_LOGS:
        for resource in context.of_type(kind):
            if resource.logical_id in context.delivered or _logs_in_real_time(resource):
                continue
            yield from must_be_set(resource, path, f"{path} is not set, so nothing is logged")
    for machine in context.of_type("AWS::StepFunctions::StateMachine"):
        path = "LoggingConfiguration.Level"  # OFF is the default
        level = machine.get(path)
        if machine.items("LoggingConfiguration.Destinations") and level in (None, "OFF"):
            yield hit(machine, path, f"Level is {show(level)}, so nothing is logged")
    for domain in context.of_type(*_SEARCH_DOMAINS):
        yield from must_be_true(domain, "LogPublishingOptions.AUDIT_LOGS.Enabled")
    yield from wrong(context, audit_settings.SERVICE_LOGS)
    yield from _logs_by_kind(context)


def _deployments(context: Context) -> Iterator[Hit]:
    for deployment in context.of_type(_DEPLOYMENT):
        if deployment.get("StageName") is not None:  # it makes a stage of its own
            path = "StageDescription.AccessLogSetting.DestinationArn"
            yield from must_be_set(deployment, path, f"{path} is not set, so nothing is logged")


def _logs_by_kind(context: Context) -> Iterator[Hit]:
    for kind, (path, sign, severity) in _LOGS_BY_KIND.items():
        for resource in context.of_type(kind):
            if not sign.search(str(resource.get(path))) and not resource.is_unknown(path):
                yield hit(resource, path, "no log of it is on", severity=severity)
    for server in context.of_type("AWS::Transfer::Server"):
        if not server.get("LoggingRole") and not server.items("StructuredLogDestinations"):
            yield hit(
                server,
                "StructuredLogDestinations",
                "who sends and fetches files is not logged",
                severity=Severity.WARNING,
            )


def _logs_in_real_time(resource: Resource) -> bool:
    """Whether a distribution sends each request to a stream."""
    return bool(resource.get("DistributionConfig.DefaultCacheBehavior.RealtimeLogConfigArn"))


@rule(
    "PCI-3.3.1-BODIES-LOGGED",
    "No API logs whole requests and responses",
    asks="Sensitive authentication data is not kept; whole bodies in a log would hold it.",
    requirements=("3.3.1", "3.5.1"),
    types=(
        "AWS::ApiGateway::Stage",
        "AWS::ApiGatewayV2::Stage",
        _DEPLOYMENT,
        "AWS::CloudFront::Distribution",
    ),
    fix="Set DataTraceEnabled: false.",
)
def bodies_logged(context: Context) -> Iterator[Hit]:
    for deployment in context.of_type(_DEPLOYMENT):
        yield from must_be_false(deployment, "StageDescription.DataTraceEnabled")
        for index in range(len(deployment.items("StageDescription.MethodSettings"))):
            path = f"StageDescription.MethodSettings.{index}.DataTraceEnabled"
            yield from must_be_false(deployment, path)
    for distribution in context.of_type("AWS::CloudFront::Distribution"):
        path = "DistributionConfig.Logging.IncludeCookies"
        if distribution.flag(path) is True:
            yield hit(distribution, path, "session cookies are logged", severity=Severity.WARNING)
    for stage in context.of_type("AWS::ApiGateway::Stage"):
        for index in range(len(stage.items("MethodSettings"))):
            yield from must_be_false(stage, f"MethodSettings.{index}.DataTraceEnabled")
    for stage in context.of_type("AWS::ApiGatewayV2::Stage"):
        routes = stage.get("RouteSettings")
        for route in routes if isinstance(routes, dict) else ():
            if str(_route(routes, route).get("DataTraceEnabled")).lower() == "true":
                yield hit(stage, "RouteSettings", f"whole requests of {route} are logged")


def _route(routes: Value, name: str) -> dict[str, Value]:
    found = routes.get(name) if isinstance(routes, dict) else None
    return found if isinstance(found, dict) else {}


@rule(
    "PCI-3.3.1-EXECUTION-DATA-LOGGED",
    "No workflow or API logs whole inputs and outputs",
    asks="Sensitive authentication data is not kept; whole payloads in a log would hold it.",
    requirements=("3.3.1", "3.5.1"),
    types=(
        "AWS::StepFunctions::StateMachine",
        "AWS::AppSync::GraphQLApi",
        "AWS::Pipes::Pipe",
        "AWS::Events::EventBus",
        "AWS::ApiGatewayV2::Stage",
    ),
    fix="IncludeExecutionData false, ExcludeVerboseContent true, DataTraceEnabled false.",
)
def execution_data_logged(context: Context) -> Iterator[Hit]:
    for machine in context.of_type("AWS::StepFunctions::StateMachine"):
        yield from must_be_false(machine, "LoggingConfiguration.IncludeExecutionData")
    for api in context.of_type("AWS::AppSync::GraphQLApi"):
        if api.get("LogConfig") is not None and api.flag("LogConfig.ExcludeVerboseContent") is not (
            True
        ):
            yield hit(
                api,
                "LogConfig.ExcludeVerboseContent",
                f"it is {show(api.get('LogConfig.ExcludeVerboseContent'))}: headers and whole "
                "answers are logged",
            )
    for pipe in context.of_type("AWS::Pipes::Pipe"):
        if pipe.items("LogConfiguration.IncludeExecutionData"):
            yield hit(pipe, "LogConfiguration.IncludeExecutionData", "whole events are logged")
    for bus in context.of_type("AWS::Events::EventBus"):
        if bus.get("LogConfig.IncludeDetail") == "FULL":
            yield hit(bus, "LogConfig.IncludeDetail", "whole events are logged")
    for stage in context.of_type("AWS::ApiGatewayV2::Stage"):
        yield from must_be_false(stage, "DefaultRouteSettings.DataTraceEnabled")


@rule(
    "PCI-10.2.1-LOG-LEVEL-OFF",
    "No service's log is switched off or filtered away by its level",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1",),
    security_hub=("AppSync.2",),
    types=("AWS::AppSync::GraphQLApi", "AWS::Pipes::Pipe"),
    fix="Level ALL or ERROR; FieldLogLevel ERROR or ALL.",
)
def log_level_off(context: Context) -> Iterator[Hit]:
    for api in context.of_type("AWS::AppSync::GraphQLApi"):
        if api.get("LogConfig.FieldLogLevel") in (None, "NONE"):
            yield hit(api, "LogConfig.FieldLogLevel", "no field is logged")
    for pipe in context.of_type("AWS::Pipes::Pipe"):
        if pipe.get("LogConfiguration.Level") == "OFF":
            yield hit(pipe, "LogConfiguration.Level", "nothing is logged at this level")
