"""What is promised of the network and of what faces the internet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.account.aws import Call, Item, number, objects, text, texts
from pcistack.account.verify.deployed import ANYWHERE, LOAD_BALANCER, VPC, Deployed
from pcistack.account.verify.promise import Promise

_PUBLIC_PORTS: Final = (80, 443)


def _flow_logs(stack: Deployed) -> Iterator[str]:
    logs = stack.aws.items(Call.FLOW_LOGS, "FlowLogs")
    for name, vpc in stack.of_type(VPC).items():
        if not any(text(log, "ResourceId") == vpc and _whole(log) for log in logs):
            yield f"{name}: has no active flow log of all its traffic"


def _whole(log: Item) -> bool:
    return text(log, "FlowLogStatus") == "ACTIVE" and text(log, "TrafficType") == "ALL"


def _security_groups(stack: Deployed) -> Iterator[str]:
    names = {identifier: name for name, identifier in stack.physical_ids.items()}
    balancers = {group for item in _balancers(stack) for group in texts(item, "SecurityGroups")}
    for identifier, group in stack.security_groups.items():
        name = names.get(identifier, f"{text(group, 'GroupName')} security group {identifier}")
        inbound = objects(group, "IpPermissions")
        if text(group, "GroupName") == "default" and (
            inbound or objects(group, "IpPermissionsEgress")
        ):
            yield f"{name}: the default security group still has rules"
        for rule in inbound:
            allowed = identifier in balancers and number(rule, "FromPort") in _PUBLIC_PORTS
            if _from_anywhere(rule) and not allowed:
                yield f"{name}: admits the internet to port {rule.get('FromPort')}"
    for name, cluster in stack.clusters.items():
        for membership in objects(cluster, "VpcSecurityGroups"):
            group = stack.security_groups.get(text(membership, "VpcSecurityGroupId"), {})
            yield from _database_group(name, group, number(cluster, "Port"))


def _from_anywhere(rule: Item) -> bool:
    ranges = {text(item, "CidrIp") for item in objects(rule, "IpRanges")}
    return bool(ANYWHERE & (ranges | {text(r, "CidrIpv6") for r in objects(rule, "Ipv6Ranges")}))


def _balancers(stack: Deployed) -> list[Item]:
    arns = list(stack.of_type(LOAD_BALANCER).values())
    if not arns:
        return []
    asked = {"LoadBalancerArns": arns}
    return stack.aws.items(Call.LOAD_BALANCERS, "LoadBalancers", asked)


def _database_group(name: str, group: Item, port: float | None) -> Iterator[str]:
    if not objects(group, "IpPermissions"):
        yield f"{name}: nothing is admitted to the database"
    if any(_from_anywhere(rule) for rule in objects(group, "IpPermissionsEgress")):
        yield f"{name}: the database may open connections to the internet"
    for rule in objects(group, "IpPermissions"):
        if not objects(rule, "UserIdGroupPairs") or objects(rule, "IpRanges"):
            yield f"{name}: the database admits addresses instead of a security group"
        if not number(rule, "FromPort") == number(rule, "ToPort") == port:
            yield f"{name}: the database admits more than its port {port:g}"


# What faces the internet


def _https(stack: Deployed) -> Iterator[str]:
    for name, arn in stack.of_type(LOAD_BALANCER).items():
        listeners = stack.aws.items(Call.LISTENERS, "Listeners", {"LoadBalancerArn": arn})
        secure = [item for item in listeners if text(item, "Protocol") == "HTTPS"]
        if not secure:
            yield f"{name}: does not listen for HTTPS"
        for listener in secure:
            if not objects(listener, "Certificates"):
                yield f"{name}: listens for HTTPS without a certificate"
        for listener in listeners:
            kinds = {text(action, "Type") for action in objects(listener, "DefaultActions")}
            if text(listener, "Protocol") == "HTTP" and kinds != {"redirect"}:
                yield f"{name}: answers plain HTTP on port {listener.get('Port')}"


def _firewall(stack: Deployed) -> Iterator[str]:
    absent = ("WAFNonexistentItemException",)
    for name, arn in stack.of_type(LOAD_BALANCER).items():
        asked = {"ResourceArn": arn}
        found = stack.aws.items(Call.WEB_ACL_OF, "WebACL", asked, absent=absent)
        if not found:
            yield f"{name}: no web ACL protects it"
            continue
        acl = {"ResourceArn": text(found[0], "ARN")}
        if not stack.aws.items(Call.WEB_ACL_LOG, "LoggingConfiguration", acl, absent=absent):
            yield f"{name}: its web ACL {text(found[0], 'Name')} does not log"


def _access_logs(stack: Deployed) -> Iterator[str]:
    for name, arn in stack.of_type(LOAD_BALANCER).items():
        asked = {"LoadBalancerArn": arn}
        found = stack.aws.items(Call.LOAD_BALANCER_ATTRIBUTES, "Attributes", asked)
        values = {text(item, "Key"): text(item, "Value") for item in found}
        if values.get("access_logs.s3.enabled") != "true":
            yield f"{name}: writes no access logs"


PROMISES: Final = (
    Promise(
        id="flow-logs",
        says="Flow logs of all traffic are active",
        requirement="10.2.1",
        types=(VPC,),
        problems=_flow_logs,
    ),
    Promise(
        id="security-groups",
        says="Security groups admit groups, and the default one is closed",
        requirement="1.3.1",
        types=(VPC,),
        problems=_security_groups,
    ),
    Promise(
        id="ingress-https",
        says="What faces the internet speaks HTTPS",
        requirement="4.2.1",
        types=(LOAD_BALANCER,),
        problems=_https,
    ),
    Promise(
        id="ingress-firewall",
        says="A web ACL that logs protects what faces the internet",
        requirement="6.4.2",
        types=(LOAD_BALANCER,),
        problems=_firewall,
    ),
    Promise(
        id="ingress-logs",
        says="What faces the internet writes access logs",
        requirement="10.2.1",
        types=(LOAD_BALANCER,),
        problems=_access_logs,
    ),
)
