"""What an update from one template to another does to each resource, as CloudFormation decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from pcistack.changes.replacement import Replacement, Update, replacement_of
from pcistack.changes.values import DECIDING, TemplateValues, differences, references
from pcistack.template.document import RawResource, Template

STATEFUL: Final = frozenset(
    "AWS::" + name
    for name in (
        "Backup::BackupVault", "Cognito::UserPool", "DocDB::DBCluster", "DocDB::DBInstance",
        "DynamoDB::GlobalTable", "DynamoDB::Table", "EC2::Volume", "ECR::Repository",
        "EFS::FileSystem", "ElastiCache::CacheCluster", "ElastiCache::ReplicationGroup",
        "ElastiCache::ServerlessCache", "FSx::FileSystem", "KMS::Key", "Kinesis::Stream",
        "Logs::LogGroup", "MSK::Cluster", "Neptune::DBCluster", "Neptune::DBInstance",
        "OpenSearchService::Domain", "QLDB::Ledger", "RDS::DBCluster", "RDS::DBInstance",
        "RDS::GlobalCluster", "Redshift::Cluster", "S3::Bucket", "SQS::Queue",
        "SecretsManager::Secret", "Timestream::Table",
    )
)  # fmt: skip
"""Types that hold data or what decrypts it: replacing or removing one can lose it."""

ATTRIBUTES: Final = ("DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy")
"""Attributes of a resource whose change is shown beside its properties."""


class ChangeKind(Enum):
    """What happens to a resource, from the least to the most."""

    ADDED = "added"
    IN_PLACE = "changed in place"
    MAY_REPLACE = "may be replaced"
    REPLACED = "replaced"
    REMOVED = "removed"
    REFUSED = "refused"


class Danger(StrEnum):
    """What makes a change dangerous to what is in production."""

    LOSES_DATA = "loses-data"
    LIFTS_PROTECTION = "lifts-protection"
    LEAVES_BEHIND = "leaves-behind"
    LOCKS_OUT = "locks-out"
    REFUSED = "refused"


@dataclass(slots=True)
class Change:
    """What an update does to one resource.

    Attributes:
        logical_id: Its name in the template.
        type: Its CloudFormation type.
        kind: What happens to it.
        paths: Properties and attributes that change.
        because: Those of ``paths`` for which it is replaced.
        effects: What that means beyond the change itself, one sentence each.
        dangers: Why it is dangerous; empty if it is not.
    """

    logical_id: str
    type: str
    kind: ChangeKind
    paths: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    effects: list[str] = field(default_factory=list)
    dangers: list[Danger] = field(default_factory=list)

    @property
    def is_stateful(self) -> bool:
        """Whether it holds data."""
        return self.type in STATEFUL

    @property
    def is_dangerous(self) -> bool:
        """Whether data is lost, protection is lifted or AWS refuses the update."""
        return bool(self.dangers)

    def note(self, effect: str, danger: Danger | None = None) -> None:
        """Add what the change means."""
        if effect not in self.effects:
            self.effects.append(effect)
        if danger is not None and danger not in self.dangers:
            self.dangers.append(danger)

    def refuse(self, reason: str) -> None:
        """Note that AWS refuses the update here, and why."""
        self.kind = ChangeKind.REFUSED
        self.note(reason, Danger.REFUSED)


def compare(old: Template, new: Template) -> list[Change]:
    """Return what changes, in the order of the new template, what is removed last.

    A resource whose condition another template decides otherwise counts as written: a condition
    of parameters that only a deployment knows is left to it.
    """
    before, after = old.resources, new.resources
    found: dict[str, Change] = {}
    values = TemplateValues(old), TemplateValues(new)
    decided_alike = all(old.section(name) == new.section(name) for name in DECIDING)
    for name, resource in after.items():
        if name not in before:
            found[name] = Change(name, resource.type, ChangeKind.ADDED)
        elif decided_alike and before[name].body == resource.body:
            continue
        elif (change := _changed(before[name], resource, *values)) is not None:
            found[name] = change
    _spread(found, new)
    for name, resource in before.items():
        if name not in after:
            found[name] = Change(name, resource.type, ChangeKind.REMOVED)
    for name, change in found.items():
        if change.kind in (ChangeKind.REPLACED, ChangeKind.MAY_REPLACE):
            _require_new_name(change, before[name], after[name])
    return list(found.values())


def _changed(
    old: RawResource, new: RawResource, before: TemplateValues, after: TemplateValues
) -> Change | None:
    if old.type != new.type:
        change = Change(new.logical_id, new.type, ChangeKind.REPLACED, ("Type",), ("Type",))
        change.refuse(
            f"CloudFormation does not update {old.type} to {new.type} under one logical id: "
            "rename it in the template"
        )
        return change
    paths = list(differences(before.of(dict(old.properties)), after.of(dict(new.properties))))
    attributes = [name for name in ATTRIBUTES if old.body.get(name) != new.body.get(name)]
    if not paths and not attributes:
        return None
    change = Change(new.logical_id, new.type, ChangeKind.IN_PLACE, (*paths, *attributes))
    _classify(change, paths)
    return change


def _classify(change: Change, paths: list[str], least: Update = Update.REPLACES) -> None:
    """Say whether changes at paths replace a resource."""
    known = replacement_of(change.type) or Replacement()
    asked = {path: known.of(path) for path in paths}
    for update, kind in (
        (Update.REPLACES, ChangeKind.REPLACED),
        (Update.MAY_REPLACE, ChangeKind.MAY_REPLACE),
    ):
        because = tuple(path for path, wanted in asked.items() if wanted is update)
        if because:
            change.kind = kind if least is Update.REPLACES else ChangeKind.MAY_REPLACE
            change.because = because
            return


def _spread(found: dict[str, Change], new: Template) -> None:
    """What refers to a replaced resource changes too, and may be replaced for it."""
    waiting = [name for name, change in found.items() if is_new(change)]
    if not waiting:
        return
    named = {
        name: {
            key: {other for other, _ in references(value)}
            for key, value in resource.properties.items()
        }
        for name, resource in new.resources.items()
    }
    while waiting:
        cause = waiting.pop()
        for name, resource in new.resources.items():
            if name == cause or (name in found and found[name].kind is ChangeKind.ADDED):
                continue
            paths = [key for key, others in named[name].items() if cause in others]
            if paths:
                _change_by_reference(found, resource, paths, cause, waiting)


def is_new(change: Change) -> bool:
    """Whether a change makes a new resource, or may."""
    return change.kind in (ChangeKind.REPLACED, ChangeKind.MAY_REPLACE)


def _change_by_reference(
    found: dict[str, Change],
    resource: RawResource,
    paths: list[str],
    cause: str,
    waiting: list[str],
) -> None:
    name = resource.logical_id
    change = found.setdefault(name, Change(name, resource.type, ChangeKind.IN_PLACE))
    was = change.kind
    known = tuple(path for path in paths if path not in change.paths)
    change.paths = (*change.paths, *known)
    if was in (ChangeKind.REPLACED, ChangeKind.REFUSED):
        return
    certain = found[cause].kind is ChangeKind.REPLACED
    _classify(change, paths, Update.REPLACES if certain else Update.MAY_REPLACE)
    if change.kind is not was:
        waiting.append(name)


def _require_new_name(change: Change, old: RawResource, new: RawResource) -> None:
    """A resource with a name of the template's own cannot be replaced under the same name."""
    known = replacement_of(change.type)
    for name in sorted(known.names if known else ()):
        if name not in old.properties or name in change.because or name not in new.properties:
            continue
        if change.kind is ChangeKind.MAY_REPLACE:
            change.note(
                f"Where {', '.join(change.because)} replaces it, CloudFormation refuses, because "
                f"its {name} stays",
                Danger.REFUSED if change.is_stateful else None,
            )
            return
        change.refuse(
            "CloudFormation cannot update a stack when a custom-named resource requires "
            f"replacing: {', '.join(change.because)} needs a new one, and its {name} stays"
        )
        return
