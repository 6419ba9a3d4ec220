"""What changes mean beyond themselves: what is lost, lifted, refused or restarted."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from pcistack.changes.compare import STATEFUL, Change, ChangeKind, Danger
from pcistack.changes.values import references
from pcistack.template.document import KEEPING, RawResource, Template
from pcistack.template.view import number

_SNAPSHOT_BY_DEFAULT: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")

_FLAGS: Final[Mapping[str, str]] = {
    "AWS::DocDB::DBCluster": "DeletionProtection",
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::EC2::Instance": "DisableApiTermination",
    "AWS::Logs::LogGroup": "DeletionProtectionEnabled",
    "AWS::Neptune::DBCluster": "DeletionProtection",
    "AWS::RDS::DBCluster": "DeletionProtection",
    "AWS::RDS::DBInstance": "DeletionProtection",
    "AWS::RDS::GlobalCluster": "DeletionProtection",
    "AWS::Cognito::UserPool": "DeletionProtection",
}
"""Property by which AWS refuses to delete a resource."""

_RETENTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::Logs::LogGroup": ("RetentionInDays", "events"),
    "AWS::RDS::DBCluster": ("BackupRetentionPeriod", "backups"),
    "AWS::RDS::DBInstance": ("BackupRetentionPeriod", "backups"),
    "AWS::DocDB::DBCluster": ("BackupRetentionPeriod", "backups"),
    "AWS::Kinesis::Stream": ("RetentionPeriodHours", "records"),
    "AWS::SQS::Queue": ("MessageRetentionPeriod", "messages"),
}
"""Property that says how long something is kept, and what is deleted when it is shortened."""

_RESTARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS::RDS::DBCluster": {
        "EngineVersion": "The database restarts with the new version, and there is no way back",
        "Port": "The database restarts, and every client needs the new port",
        "DBClusterParameterGroupName": "Static parameters act after the instances restart",
    },
    "AWS::RDS::DBInstance": {
        "DBInstanceClass": "The instance restarts",
        "EngineVersion": "The database restarts with the new version, and there is no way back",
        "DBParameterGroupName": "Static parameters act after the instance restarts",
    },
    "AWS::ECS::Service": {
        "TaskDefinition": "Tasks are replaced in a rolling way",
        "NetworkConfiguration": "Tasks are replaced in a rolling way",
    },
}
"""What a change in place interrupts, by property."""


def explain(old: Template, new: Template, changes: Iterable[Change]) -> None:
    """Note on each change what it means."""
    listed = list(changes)
    by_name = {change.logical_id: change for change in listed}
    for change in listed:
        before, after = old.resources.get(change.logical_id), new.resources.get(change.logical_id)
        if before is None:
            continue
        if after is None:
            _explain_removal(change, before)
            continue
        for rule in _RULES:
            rule(change, before, after)
    _explain_secrets(old, new, by_name)
    _refuse_overlaps(old, new, by_name)
    _refuse_other_vpc(new, by_name)


def holds_data(resource: RawResource) -> bool:
    """Whether data goes with the resource; an instance of a cluster leaves it to the cluster."""
    return resource.type in STATEFUL and "DBClusterIdentifier" not in (
        resource.properties if resource.type.endswith("DBInstance") else ()
    )


def _policy(resource: RawResource, name: str) -> str:
    default = "Snapshot" if resource.type in _SNAPSHOT_BY_DEFAULT else "Delete"
    if name == "UpdateReplacePolicy" or not holds_data(resource):
        default = "Delete"
    return str(resource.body.get(name, default))


def is_protected(resource: RawResource) -> bool:
    """Whether AWS refuses to delete the resource until its protection is lifted."""
    flag = _FLAGS.get(resource.type)
    if flag is not None:
        return str(resource.properties.get(flag, "")).lower() in ("true", "active")
    if resource.type != "AWS::ElasticLoadBalancingV2::LoadBalancer":
        return False
    attributes = resource.properties.get("LoadBalancerAttributes")
    return any(
        isinstance(item, dict)
        and item.get("Key") == "deletion_protection.enabled"
        and str(item.get("Value")).lower() == "true"
        for item in (attributes if isinstance(attributes, list) else [])
    )


def _explain_removal(change: Change, old: RawResource) -> None:
    policy = _policy(old, "DeletionPolicy")
    if policy in ("Retain", "RetainExceptOnCreate"):
        change.note("It stays in the account, and its name is taken if it comes back")
    elif is_protected(old):
        change.note(
            "AWS refuses to delete it, because it is protected: the update is complete, and it "
            "stays in the account with what it uses",
            Danger.LEAVES_BEHIND,
        )
    elif holds_data(old):
        left = "only its final snapshot is left" if policy == "Snapshot" else "its data is deleted"
        change.note(f"It is deleted: {left}", Danger.LOSES_DATA)


def _explain_replacement(change: Change, old: RawResource, new: RawResource) -> None:
    if change.kind is ChangeKind.REPLACED and is_protected(old) and is_protected(new):
        change.note(
            "AWS refuses to delete the old one, because it is protected: the update is complete, "
            "and it stays in the account",
            Danger.LEAVES_BEHIND,
        )
    if change.kind not in (ChangeKind.REPLACED, ChangeKind.MAY_REPLACE) or not holds_data(old):
        return
    if change.kind is ChangeKind.MAY_REPLACE and change.is_dangerous:
        return  # refused wherever it would be replaced
    policy = _policy(new, "UpdateReplacePolicy")
    fate = {
        "Retain": "the old one stays in the account, unmanaged",
        "RetainExceptOnCreate": "the old one stays in the account, unmanaged",
        "Snapshot": "of the old one a snapshot is left",
    }.get(policy, "the old one is deleted with its data")
    sure = "The new one is" if change.kind is ChangeKind.REPLACED else "A new one would be"
    change.note(f"{sure} empty; {fate}", Danger.LOSES_DATA)


def _explain_protection(change: Change, old: RawResource, new: RawResource) -> None:
    was, now = _policy(old, "DeletionPolicy"), _policy(new, "DeletionPolicy")
    if was in KEEPING and now not in KEEPING:
        what = "a final snapshot" if was == "Snapshot" else "it"
        change.note(f"A deletion no longer keeps {what}", Danger.LIFTS_PROTECTION)
    if is_protected(old) and not is_protected(new):
        change.note("Its deletion protection is lifted", Danger.LIFTS_PROTECTION)


def _explain_retention(change: Change, old: RawResource, new: RawResource) -> None:
    name, what = _RETENTIONS.get(change.type, ("", ""))
    was, now = old.properties.get(name), new.properties.get(name)
    endless = change.type == "AWS::Logs::LogGroup" and was is None and now is not None
    if endless or (number(was) or 0) > (number(now) or float("inf")):
        change.note(
            f"Older {what} are deleted: kept {was or 'for ever'}, now {now}", Danger.LOSES_DATA
        )


def _explain_restart(change: Change, old: RawResource, new: RawResource) -> None:
    del old, new
    for path in change.paths if change.kind is ChangeKind.IN_PLACE else ():
        effect = _RESTARTS.get(change.type, {}).get(path.partition(".")[0])
        if effect:
            change.note(effect)


def _explain_secrets(old: Template, new: Template, changes: Mapping[str, Change]) -> None:
    """Secrets Manager generates a new value when what describes it changes."""
    del old
    for name, change in changes.items():
        if change.type != "AWS::SecretsManager::Secret" or not any(
            path.startswith("GenerateSecretString") for path in change.paths
        ):
            continue
        told = [
            other
            for other, runs in changes.items()
            if runs.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
            and other in new.resources
            and name in {named for named, _ in references(dict(new.resources[other].properties))}
        ]
        if told:
            change.note(f"A new value is generated, and {', '.join(told)} runs again with it")
        else:
            change.note(
                "A new value is generated; whatever knows the old one, such as a database, is not "
                "told",
                Danger.LOCKS_OUT,
            )


def _refuse_lifecycle(change: Change, old: RawResource, new: RawResource) -> None:
    del old, new
    if change.type.startswith("AWS::RDS::") and "EngineLifecycleSupport" in change.paths:
        change.refuse("RDS does not change EngineLifecycleSupport of what is there")


_RULES: Final[tuple[Callable[[Change, RawResource, RawResource], None], ...]] = (
    _explain_replacement,
    _explain_protection,
    _explain_retention,
    _explain_restart,
    _refuse_lifecycle,
)


# Network: CloudFormation makes what is new before it deletes what is old.


def _refuse_overlaps(old: Template, new: Template, changes: Mapping[str, Change]) -> None:
    """A new subnet cannot stand on addresses of one that is deleted only afterwards."""
    there = {name: block for name, block in _blocks(old) if name in old.resources}
    for name, block in _blocks(new):
        change = changes.get(name)
        if change is None or change.kind not in (ChangeKind.ADDED, ChangeKind.REPLACED):
            continue
        vpc = _vpc(new.resources[name])
        taken = [
            other
            for other, addresses in there.items()
            if addresses.overlaps(block) and _vpc(old.resources[other]) == vpc
        ]
        fresh = vpc in changes and changes[vpc].kind in (ChangeKind.REPLACED, ChangeKind.ADDED)
        if taken and not fresh:
            change.refuse(
                f"EC2 refuses its addresses: {block} is taken by {', '.join(sorted(taken))}, which "
                "CloudFormation deletes only after the new subnets are there"
            )


def _blocks(template: Template) -> Iterator[tuple[str, ipaddress.IPv4Network]]:
    for name, resource in template.resources.items():
        block = resource.properties.get("CidrBlock")
        if resource.type == "AWS::EC2::Subnet" and isinstance(block, str):
            try:
                yield name, ipaddress.IPv4Network(block, strict=False)
            except ValueError:
                continue


def _vpc(subnet: RawResource) -> str:
    return next((name for name, _ in references(subnet.properties.get("VpcId"))), "")


def _refuse_other_vpc(new: Template, changes: Mapping[str, Change]) -> None:
    """A subnet group in use stays in its VPC."""
    moved = {
        name
        for name, change in changes.items()
        if change.type == "AWS::EC2::VPC" and change.kind is ChangeKind.REPLACED
    }
    for name, change in changes.items():
        resource = new.resources.get(name)
        if change.type not in _GROUPS or change.kind is not ChangeKind.IN_PLACE or resource is None:
            continue
        subnets = {other for other, _ in references(resource.properties.get("SubnetIds"))}
        vpcs = {_vpc(new.resources[other]) for other in subnets if other in new.resources}
        if vpcs & moved:
            change.refuse("Its subnets would be in another VPC, which AWS refuses while it is used")


_GROUPS: Final = (
    "AWS::DocDB::DBSubnetGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::Neptune::DBSubnetGroup",
    "AWS::RDS::DBSubnetGroup",
)
