"""WAFv2: what a web ACL protects, and where it logs."""

from __future__ import annotations

from pcistack.rehearsal.embedded.api import NotFoundError, call, require
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values


def _require_web_acl(arn: str) -> None:
    found = call("wafv2", "list_web_acls", Scope="REGIONAL")["WebACLs"]
    require([item for item in found if item["ARN"] == arn], "web ACL", arn)


def _associate(_place: StackPosition, properties: Properties) -> Created:
    resource = properties.text("ResourceArn", pattern=r"arn:[^:]+:elasticloadbalancing:.+/app/.+")
    web_acl = properties.text("WebACLArn", pattern=r"arn:[^:]+:wafv2:[^:]+:\d{12}:regional/.+")
    _require_web_acl(web_acl)
    call("elbv2", "describe_load_balancers", LoadBalancerArns=[resource])
    _require_free(resource)
    call("wafv2", "associate_web_acl", WebACLArn=web_acl, ResourceArn=resource)
    return f"{web_acl}|{resource}", {}


def _require_free(resource: str) -> None:
    """Refuse a resource that another web ACL protects already; AWS would silently take it over."""
    try:
        taken = call("wafv2", "get_web_acl_for_resource", ResourceArn=resource).get("WebACL")
    except NotFoundError:
        return
    if taken:
        raise ValueError(f"{resource} is already associated with {taken['ARN']}")


def _disassociate(_identifier: str, values: Values) -> None:
    call("wafv2", "disassociate_web_acl", ResourceArn=str(values["ResourceArn"]))


def _require_destination(arn: str) -> None:
    name = arn.split(":log-group:")[-1].removesuffix(":*")
    if not name.startswith("aws-waf-logs-"):
        raise PropertyError(
            f"The log destination {name} must start with aws-waf-logs- "
            "(Service: Wafv2, Error code: WAFInvalidParameterException)"
        )
    groups = call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    require([item for item in groups if item["logGroupName"] == name], "log group", name)


def _put_logging(properties: Properties) -> Created:
    web_acl = properties.text("ResourceArn")
    _require_web_acl(web_acl)
    destinations = properties.texts("LogDestinationConfigs", required=True)
    if len(destinations) != 1:
        raise PropertyError("Exactly one LogDestinationConfigs is allowed")
    if ":log-group:" in destinations[0]:
        _require_destination(destinations[0])
    call(
        "wafv2",
        "put_logging_configuration",
        LoggingConfiguration={
            "ResourceArn": web_acl,
            "LogDestinationConfigs": destinations,
            "RedactedFields": properties.documents("RedactedFields"),
            **_filter(properties),
        },
    )
    return web_acl, {"ManagedByFirewallManager": "false"}


def _filter(properties: Properties) -> dict[str, object]:
    chosen = properties.document("LoggingFilter")
    return {} if chosen is None else {"LoggingFilter": chosen}


def _create_logging(_place: StackPosition, properties: Properties) -> Created:
    return _put_logging(properties)


def _update_logging(_arn: str, properties: Properties, _old: Values) -> Created:
    return _put_logging(properties)


def _delete_logging(web_acl: str, _values: Values) -> None:
    call("wafv2", "delete_logging_configuration", ResourceArn=web_acl)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::WAFv2::WebACLAssociation",
        create=_associate,
        delete=_disassociate,
        create_only=frozenset({"ResourceArn", "WebACLArn"}),
    ),
    ResourceType(
        name="AWS::WAFv2::LoggingConfiguration",
        create=_create_logging,
        update=_update_logging,
        delete=_delete_logging,
        create_only=frozenset({"ResourceArn"}),
    ),
)
