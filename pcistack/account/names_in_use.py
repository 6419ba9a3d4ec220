"""Whether the names that a template gives are still free, and its certificates are there.

A name that something else has makes the deployment fail with "already exists", often what an
earlier deployment left behind. What belongs to the stack itself is updated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from pcistack.account.aws import Aws, Call, Item, text
from pcistack.account.needed import Needs, UniqueName
from pcistack.account.rows import Row, Verdict, answered, tried, undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A type whose resources a template can name, and how AWS lists them.

    Attributes:
        title: What one is called.
        call: Lists them.
        key: Where the answer has the list.
        field: Where an entry has its name.
        queries: Parameters of the calls that find some names; every answer may hold others too.
        delete: Command that deletes one.
        counts: Whether an entry takes its name.
    """

    title: str
    call: Call
    key: str
    field: str
    delete: Callable[[str, Item], str]
    queries: Callable[[Sequence[str]], list[Mapping[str, object]]] = lambda names: [{}]
    counts: Callable[[Item], bool] = lambda item: True


def _by_prefix(parameter: str) -> Callable[[Sequence[str]], list[Mapping[str, object]]]:
    return lambda names: [{parameter: name} for name in names]


def _delete_instance(name: str, item: Item) -> str:
    command = f"aws rds delete-db-instance --db-instance-identifier {name}"
    in_cluster = bool(text(item, "DBClusterIdentifier"))  # the snapshot is the cluster's then
    return command if in_cluster else f"{command} --final-db-snapshot-identifier {name}-final"


_KINDS: Final[Mapping[str, _Kind]] = {
    "AWS::CloudWatch::Dashboard": _Kind(
        title="dashboard",
        call=Call.DASHBOARDS,
        key="DashboardEntries",
        field="DashboardName",
        queries=_by_prefix("DashboardNamePrefix"),
        delete=lambda name, _: f"aws cloudwatch delete-dashboards --dashboard-names {name}",
    ),
    "AWS::ECS::Cluster": _Kind(
        title="ECS cluster",
        call=Call.CONTAINER_CLUSTERS,
        key="clusters",
        field="clusterName",
        queries=lambda names: [{"clusters": list(names)}],
        counts=lambda item: text(item, "status") == "ACTIVE",  # a deleted one is shown for a while
        delete=lambda name, _: f"aws ecs delete-cluster --cluster {name}",
    ),
    "AWS::KMS::Alias": _Kind(
        title="key alias",
        call=Call.ALIASES,
        key="Aliases",
        field="AliasName",
        delete=lambda name, _: f"aws kms delete-alias --alias-name {name}",
    ),
    "AWS::Logs::LogGroup": _Kind(
        title="log group",
        call=Call.LOG_GROUPS,
        key="logGroups",
        field="logGroupName",
        queries=_by_prefix("logGroupNamePrefix"),
        delete=lambda name, _: f"aws logs delete-log-group --log-group-name {name}",
    ),
    "AWS::RDS::DBCluster": _Kind(
        title="database cluster",
        call=Call.DATABASE_CLUSTERS,
        key="DBClusters",
        field="DBClusterIdentifier",
        delete=lambda name, _: (
            f"aws rds delete-db-cluster --db-cluster-identifier {name} "
            f"--final-db-snapshot-identifier {name}-final"
        ),
    ),
    "AWS::RDS::DBInstance": _Kind(
        title="database instance",
        call=Call.DATABASE_INSTANCES,
        key="DBInstances",
        field="DBInstanceIdentifier",
        delete=_delete_instance,
    ),
    "AWS::WAFv2::WebACL": _Kind(
        title="web ACL",
        call=Call.WEB_ACLS,
        key="WebACLs",
        field="Name",
        queries=lambda names: [{"Scope": "REGIONAL", "Limit": 100}],  # a region holds 100
        delete=lambda name, item: (
            f"aws wafv2 delete-web-acl --scope REGIONAL --name {name} --id {text(item, 'Id')} "
            f"--lock-token {text(item, 'LockToken')}"
        ),
    ),
}
# "An account can have up to 10 resource policies per Amazon Web Services Region": PutResourcePolicy
_RESOURCE_POLICIES: Final = 10
_POLICY: Final = "AWS::Logs::ResourcePolicy"
_GONE: Final = ("DELETE_COMPLETE", "DELETE_SKIPPED")

# What a stack has: type and physical id. None if the stack is not known or may not be asked.
_Own: TypeAlias = frozenset[tuple[str, str]] | None


def names(wanted: Needs, aws: Aws, stack: str | None) -> Iterator[Row]:
    """Yield whether each name is free, belongs to the stack itself, or is taken.

    Args:
        wanted: What the template needs.
        aws: Asks in the region that the template is meant for.
        stack: Name of the stack that the template is for; None if it is not known.
    """
    policies = wanted.counts.get("resource policies", 0)
    if not wanted.names and not policies:
        return
    own: _Own = None
    if stack is not None:
        own, refusal = answered(partial(_own, stack), aws, f"what the stack {stack} has")
        yield from refusal
    for name in wanted.names:
        if name.name is None:
            yield undecided(f"name of {name.resource}", name.resource)
    for type_, kind in _KINDS.items():
        found = [name for name in wanted.names if name.type == type_ and name.name is not None]
        if found:
            ask = partial(_names, kind, found, own, stack)
            yield from tried(ask, aws, f"{kind.title} names")
    if policies:
        yield from tried(partial(_resource_policies, policies, own), aws, "Logs resource policies")


def _own(stack: str, aws: Aws) -> frozenset[tuple[str, str]]:
    """Return what the stack has; nothing if there is none."""
    summaries = aws.items(
        Call.STACK_RESOURCES,
        "StackResourceSummaries",
        {"StackName": stack},
        absent=("ValidationError",),  # there is no such stack
    )
    return frozenset(
        # a web ACL's physical id is name|id|scope
        (text(item, "ResourceType"), text(item, "PhysicalResourceId").partition("|")[0])
        for item in summaries
        if text(item, "ResourceStatus") not in _GONE
    )


def _names(
    kind: _Kind, wanted: Sequence[UniqueName], own: _Own, stack: str | None, aws: Aws
) -> Iterator[Row]:
    there: dict[str, Item] = {}
    for query in kind.queries([name.name or "" for name in wanted]):
        for item in aws.items(kind.call, kind.key, query):
            if kind.counts(item):
                there[text(item, kind.field)] = item
    ours = [name for name in wanted if own and (name.type, name.name) in own]
    taken = [name for name in wanted if name not in ours and name.name in there]
    free = len(wanted) - len(taken) - len(ours)
    parts = [f"{free} free"] if free else []
    if ours:
        parts.append(f"{len(ours)} of {stack} itself, which is updated")
    if parts:
        yield Row(
            state=Verdict.CONFIRMED,
            need=f"{kind.title} names: {free + len(ours)}",
            answer=", ".join(parts),
            asked=kind.call.permission,
            resources=tuple(name.resource for name in wanted if name not in taken),
        )
    for name in taken:
        yield _taken(kind, name, there[name.name or ""], own, stack, aws.region)


def _taken(
    kind: _Kind, name: UniqueName, item: Item, own: _Own, stack: str | None, region: str
) -> Row:
    fix = f"delete it: {kind.delete(name.name or '', item)} --region {region}"
    if name.kept and stack is not None:
        # CloudFormation imports what the template keeps, only: aws/aws-cdk-cli#1367
        fix += f"\nor keep it: cdk deploy {stack} --import-existing-resources"
    answer = "already exists, so the deployment would fail"
    if own is None:
        answer = "already exists; if it is the stack's own, name the stack with --stack"
    return Row(
        state=Verdict.UNKNOWN if own is None else Verdict.FAILS,
        need=f"{kind.title} {name.name}",
        answer=answer,
        asked=kind.call.permission,
        resources=(name.resource,),
        fix=fix,
    )


def _resource_policies(count: int, own: _Own, aws: Aws) -> Iterator[Row]:
    """Yield whether the account has room for policies; those of the stack are there already."""
    found = [
        text(item, "policyName") for item in aws.items(Call.RESOURCE_POLICIES, "resourcePolicies")
    ]
    used = [name for name in found if not own or (_POLICY, name) not in own]
    fits = len(used) + count <= _RESOURCE_POLICIES
    answer = f"{len(used)} of {_RESOURCE_POLICIES} in use"
    yield Row(
        state=Verdict.CONFIRMED if fits else Verdict.FAILS,
        need=f"Logs resource policies: {count}",
        answer=answer if fits else f"{answer}, and AWS raises this quota for nobody; delete one",
        asked=Call.RESOURCE_POLICIES.permission,
        fix=""
        if fits
        else f"aws logs delete-resource-policy --policy-name NAME --region {aws.region}",
    )


def certificates(wanted: Needs, aws: Aws) -> Iterator[Row]:
    """Yield whether each certificate that the template names is there and issued."""
    for arn, resources in wanted.certificates.items():
        ask = partial(_certificate, arn, resources)
        yield from tried(ask, aws, f"certificate {_short(arn)}")


def _certificate(arn: str, resources: Sequence[str], aws: Aws) -> Iterator[Row]:
    found = aws.items(
        Call.CERTIFICATE,
        "Certificate",
        {"CertificateArn": arn},
        absent=("ResourceNotFoundException",),
    )
    status = text(found[0], "Status") if found else ""
    answer = "there is none in this account and region"
    if status:
        answer = (
            "issued" if status == "ISSUED" else f"{status}, a listener takes an ISSUED one only"
        )
    yield Row(
        state=Verdict.CONFIRMED if status == "ISSUED" else Verdict.FAILS,
        need=f"certificate {_short(arn)}",
        answer=answer,
        asked=Call.CERTIFICATE.permission,
        resources=resources,
    )


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]
