"""Parameter and option groups: of the kind, engine and version of what uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora, community, versions
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.regional.versions import AURORA_ENGINES
from pcistack.template.view import Resource

_CLUSTER_GROUP: Final = "AWS::RDS::DBClusterParameterGroup"
_INSTANCE_GROUP: Final = "AWS::RDS::DBParameterGroup"
_ENGINES: Final = (*AURORA_ENGINES, *community.ENGINES)
_PATHS: Final = (
    (aurora.CLUSTER, "DBClusterParameterGroupName", _CLUSTER_GROUP),
    (aurora.CLUSTER, "DBInstanceParameterGroupName", _INSTANCE_GROUP),
    (aurora.INSTANCE, "DBParameterGroupName", _INSTANCE_GROUP),
)
_FAMILY: Final = re.compile(
    r"(aurora-postgresql|aurora-mysql|aurora|postgres|mysql|mariadb)([\d.]+)"
)


@dataclass(frozen=True, kw_only=True)
class _Use:
    """Who uses which group, and what it runs; family and version are empty if not known."""

    user: Resource
    path: str
    wanted_kind: str
    group: Resource | None
    named: str
    engine: str
    version: str

    @property
    def family(self) -> str:
        """The family that the user takes; empty if its version is not known."""
        if self.engine in community.ENGINES:
            return community.family_of(self.engine, self.version)
        parsed = versions.parse(self.engine, self.version)
        return aurora.parameter_group_family(self.engine, parsed) if parsed else ""


@rule(
    "AURORA-PARAMETER-FAMILY",
    "A parameter group whose family does not fit the engine version",
    types=(_CLUSTER_GROUP, _INSTANCE_GROUP, aurora.CLUSTER, aurora.INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: DBParameterGroupFamily of DescribeDBEngineVersions",
)
def family_rule(context: Context) -> Iterator[Hit]:
    for use in _uses(context):
        family = ((use.group.text("Family") if use.group else use.named) or "").lower()
        if not family or not _contradicts(context, use, family):
            continue
        runs = f"{use.engine} {use.version}".strip()
        wanted = use.family or f"a family of {use.engine}"
        at = (use.group, "Family") if use.group else (use.user, use.path)
        what = (
            f"the parameter group is of family {family}, but {use.user.logical_id} ({use.path})"
            if use.group
            else f"default.{use.named} is of family {use.named}, but the "
            f"{'cluster' if use.user.type == aurora.CLUSTER else 'instance'}"
        )
        yield hit(
            *at,
            f"{what} runs {runs}, which takes {wanted} in {context.here}",
            f"set {'Family: ' if use.group else f'{use.path}: default.'}{wanted}"
            if use.family
            else f"choose {wanted}",
        )


@rule(
    "DATABASE-PARAMETER-GROUP-KIND",
    "A parameter group of a cluster at an instance, or the reverse",
    types=(aurora.CLUSTER, aurora.INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, DBParameterGroupName",
)
def kind_rule(context: Context) -> Iterator[Hit]:
    for use in _uses(context):
        if use.group is not None and use.group.type != use.wanted_kind:
            yield hit(
                use.user,
                use.path,
                f"{use.group.logical_id} is of type {use.group.type}; {use.path} takes a "
                f"{use.wanted_kind}, in {context.here} or elsewhere",
                f"make {use.group.logical_id} a {use.wanted_kind}, or name another group",
            )


@rule(
    "DATABASE-OPTION-GROUP",
    "An option group of another engine or major version",
    types=("AWS::RDS::OptionGroup",),
    severity=Severity.FATAL,
    source="RDS API reference: CreateOptionGroup, EngineName and MajorEngineVersion",
)
def option_group_rule(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        group = context.view.target(instance.get("OptionGroupName"))
        if group is None or group.type != "AWS::RDS::OptionGroup":
            continue
        engine, version = aurora.engine(instance), aurora.version(instance) or ""
        its, major = group.text("EngineName"), group.text("MajorEngineVersion")
        parsed = community.parse(engine, version)
        if its and engine and its != engine:
            what, path, fix = f"of engine {its}", "EngineName", engine
        elif major and parsed and major != parsed.major:
            what, path, fix = f"for {its} {major}", "MajorEngineVersion", f'"{parsed.major}"'
        else:
            continue
        yield hit(
            group,
            path,
            f"the option group is {what}, but {instance.logical_id} runs "
            f"{f'{engine} {version}'.strip()}: AWS refuses the instance in {context.here}",
            f"set {path}: {fix}",
        )


def _contradicts(context: Context, use: _Use, family: str) -> bool:
    """Whether a family is known to be another than the one that the user takes."""
    if use.family:
        return family != use.family
    found = _FAMILY.fullmatch(family)
    if found is None:
        return False
    engine, major = found.groups()
    if engine != use.engine and not (engine == "aurora" and use.engine == "aurora-mysql"):
        return True
    # without a version AWS takes its default, which is of a major that lives
    known = context.facts.engine_versions.get(engine, {})
    return (
        not use.user.is_unknown("EngineVersion")
        and engine in community.ENGINES
        and community.status(engine, major, known) == "deprecated"
    )


def _uses(context: Context) -> Iterator[_Use]:
    """Yield who uses which parameter group of the template, or which default one."""
    for kind, path, wanted in _PATHS:
        for user in context.view.of_type(kind):
            cluster = context.members.cluster_of(user)
            engine = aurora.engine(user) or (aurora.engine(cluster) if cluster else "")
            if engine not in _ENGINES:
                continue
            version = aurora.version(user) or (aurora.version(cluster) if cluster else None)
            group = context.view.target(user.get(path))
            if group is not None and group.type not in (_CLUSTER_GROUP, _INSTANCE_GROUP):
                continue
            name = user.text(path) or ""
            named = name.removeprefix("default.") if name.startswith("default.") else ""
            if group is not None or named:
                yield _Use(
                    user=user,
                    path=path,
                    wanted_kind=wanted,
                    group=group,
                    named=named,
                    engine=engine,
                    version=version or "",
                )
