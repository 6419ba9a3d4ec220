"""Correct the Aurora Serverless v1 family in a template; leave every other byte alone.

Text goes in; corrected text, the explained changes and the points that only its owner can decide
come out. Nothing is guessed: a value that a token or a condition supplies stays as it is and is
reported.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from assurance.regional import mysql_parameters, v2_capacity
from assurance.regional.aurora import recommended_version
from assurance.regional.facts import Availability, Capacity, Facts
from assurance.regional.versions import parse
from assurance.resolution import View, views
from assurance.template_text import Path, TemplateText
from assurance.templates import Json, RawResource, Template

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"
_CLUSTER_GROUP: Final = "AWS::RDS::DBClusterParameterGroup"
_INSTANCE_GROUP: Final = "AWS::RDS::DBParameterGroup"
_OLD_FAMILY: Final = re.compile(r"aurora5\.6|aurora-mysql5\.7|aurora-postgresql(9\.6|1[0-3])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The version that a Serverless v1 cluster is raised to.

    Attributes:
        engine: Engine name.
        version: Engine version.
    """

    engine: str
    version: str

    @property
    def family(self) -> str:
        """Parameter-group family of the version."""
        release = parse(self.engine, self.version)
        assert release is not None
        community = {"3": "8.0"}.get(release.major, release.major)
        return f"{self.engine}{community}"


_ENGINES: Final = {
    "aurora": "aurora-mysql",
    "aurora-mysql": "aurora-mysql",
    "aurora-postgresql": "aurora-postgresql",
}


def target_of(engine: str) -> Target:
    """Return what a v1 cluster of an engine is raised to: the recommended version."""
    return Target(engine=engine, version=recommended_version(engine))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that was changed, and why.

    Attributes:
        resource: Logical id, or the name of a parameter.
        property: Dotted path inside it; empty for the whole resource.
        before: What stood there; empty if it is new.
        after: What stands there now; empty if it was removed.
        reason: Why.
    """

    resource: str
    property: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPoint:
    """Something that only the template's owner can decide.

    Attributes:
        resource: Logical id, or the name of a parameter.
        property: Dotted path inside it; empty for the whole resource.
        question: What to decide, and how.
        blocks: Whether the template cannot be deployed before it is decided.
    """

    resource: str
    property: str
    question: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The result of :func:`migrate`.

    Attributes:
        text: The corrected template; the given text if there was nothing to correct.
        changes: What was changed, in the template's order.
        open_points: What was not decided.
    """

    text: str
    changes: Sequence[Change]
    open_points: Sequence[OpenPoint]

    @property
    def complete(self) -> bool:
        """Whether nothing of the v1 family is left in the way of a deployment."""
        return not any(point.blocks for point in self.open_points)


def migrate(text: str, *, facts: Facts, on: date) -> Migration:
    """Correct the Serverless v1 family of a template.

    Args:
        text: JSON or YAML.
        facts: What is known of the region the template is meant for.
        on: The day for which a version counts as supported.

    Raises:
        TemplateError: The text is not a template.
    """
    migrator = _Migrator(
        template=Template.parse(text),
        text=TemplateText(text),
        facts=facts,
        on=on,
    )
    return migrator.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A literal that a property should have, to be written there or into its parameter."""

    path: Path
    value: str
    reason: str


@dataclass(kw_only=True)
class _Migrator:
    template: Template
    text: TemplateText
    facts: Facts
    on: date
    changes: list[Change] = field(default_factory=list)
    open_points: list[OpenPoint] = field(default_factory=list)
    _wanted: list[_Wanted] = field(default_factory=list)
    _worlds: list[View] = field(default_factory=list)

    def run(self) -> Migration:
        self._worlds = views(self.template, self.facts.region)
        clusters = [self.template.resources[name] for name in self._clusters()]
        if clusters and self.text.has_aliases:
            self._ask(
                clusters[0].logical_id,
                "",
                "the template uses YAML aliases, which CloudFormation refuses; expand them first",
                blocks=True,
            )
            return self._result()
        for cluster in clusters:
            self._cluster(cluster, clusters)
        self._write_wanted()
        self._loops()
        if self.changes and "aws:cdk:path" in self.text.text:
            self._ask(
                "",
                "",
                "a CDK app generated this template: change the app too (rds.DatabaseCluster with "
                "ClusterInstance.serverless_v2 in place of rds.ServerlessCluster), or the next "
                "synthesis brings Serverless v1 back",
            )
        return self._result()

    def _result(self) -> Migration:
        return Migration(
            text=self.text.edited(),
            changes=tuple(self.changes),
            open_points=tuple(self.open_points),
        )

    # Which clusters

    def _clusters(self) -> list[str]:
        """Return the clusters that are Serverless v1 beyond doubt; ask about the doubtful ones."""
        found: list[str] = []
        for name, resource in self.template.resources.items():
            if resource.type != _CLUSTER:
                continue
            mode = resource.properties.get("EngineMode")
            scaling = "ScalingConfiguration" in resource.properties
            named = mode.lower() if isinstance(mode, str) else mode
            if named == "serverless" or (mode is None and scaling):
                found.append(name)
            elif isinstance(mode, str) and scaling:
                self._ask(
                    name,
                    "ScalingConfiguration",
                    f"belongs to Serverless v1, but EngineMode says {mode}; remove it, or make "
                    "the cluster serverless with ServerlessV2ScalingConfiguration",
                    blocks=True,
                )
            elif isinstance(mode, dict) and (scaling or self._may_be_serverless(name)):
                self._ask(
                    name,
                    "EngineMode",
                    f"{_shown(mode)} decides whether this is Serverless v1, so nothing was "
                    "changed here; remove EngineMode and ScalingConfiguration, or write "
                    "EngineMode: serverless literally and run this again",
                    blocks=True,
                )
        return found

    def _may_be_serverless(self, name: str) -> bool:
        return any(
            (world.resources[name].text("EngineMode") or "").lower() == "serverless"
            for world in self._worlds
            if name in world.resources
        )

    def _loops(self) -> None:
        for key, body in self.template.section("Resources").items():
            if key.startswith("Fn::ForEach") and '"serverless"' in json.dumps(body):
                self._ask(
                    key,
                    "",
                    "a loop makes clusters with EngineMode serverless; loops are not changed",
                    blocks=True,
                )

    # One cluster

    def _cluster(self, cluster: RawResource, clusters: Sequence[RawResource]) -> None:
        target = self._target(cluster)
        if target is None or self._has_repeated_keys(cluster):
            return
        before = len(self.open_points)
        capacity = self.facts.capacity(target.engine, target.version)
        assert capacity is not None  # every target has its row in the facts
        self._offer(cluster, target)
        self._engine(cluster, target)
        self._scaling(cluster, capacity)
        self._port(cluster, target)
        self._encryption(cluster)
        self._http_endpoint(cluster, target)
        members = self._members(cluster)
        for member in members:
            self._member(member, target)
        if not members:
            self._add_instance(cluster, target)
        self._parameter_groups(cluster, members, target, clusters)
        blocking = self.open_points[before:]
        self.open_points[before:] = []
        self._data(cluster)
        self.open_points += blocking

    def _has_repeated_keys(self, cluster: RawResource) -> bool:
        """Whether a key stands twice in what would be edited; then nothing is changed."""
        properties = ("Resources", cluster.logical_id, "Properties")
        repeated = [
            *self.text.repeated_keys(properties),
            *self.text.repeated_keys((*properties, "ScalingConfiguration")),
        ]
        if repeated:
            self._ask(
                cluster.logical_id,
                repeated[0],
                "stands more than once, so nothing was changed here; keep one",
                blocks=True,
            )
        return bool(repeated)

    def _target(self, cluster: RawResource) -> Target | None:
        engine = _ENGINES.get(self._text(cluster.logical_id, "Engine") or "")
        if engine is not None:
            version = self._text(cluster.logical_id, "EngineVersion") or ""
            if self._is_good(engine, version):
                return Target(engine=engine, version=version)
            return target_of(engine)
        self._ask(
            cluster.logical_id,
            "Engine",
            f"{_shown(cluster.properties.get('Engine'))} does not say whether this is MySQL or "
            "PostgreSQL, so nothing was changed here; write aurora-mysql or aurora-postgresql",
            blocks=True,
        )
        return None

    def _is_good(self, engine: str, version: str) -> bool:
        """Whether a version runs on Serverless v2 here and is in standard support."""
        release, support = parse(engine, version), self.facts.support(engine, version)
        return (
            release is not None
            and release.is_exact
            and self.facts.serverless_v2(engine, version) is Availability.AVAILABLE
            and self.facts.engine_version(engine, version) == "available"
            and support is not None
            and support.ends >= self.on
        )

    def _offer(self, cluster: RawResource, target: Target) -> None:
        """Say so if the region does not have what the cluster is raised to."""
        here = self.facts.serverless_v2(target.engine, target.version)
        status = self.facts.engine_version(target.engine, target.version)
        missing = here is Availability.UNAVAILABLE or status == "not offered"
        if missing or here is Availability.UNKNOWN:
            verb = "does not offer" if missing else "may not offer"
            self._ask(
                cluster.logical_id,
                "EngineVersion",
                f"{self.facts.region} {verb} Serverless v2 with {target.version}; "
                "ask with pcistack preflight, or choose another region",
                blocks=missing,
            )

    def _engine(self, cluster: RawResource, target: Target) -> None:
        name, properties = cluster.logical_id, cluster.properties
        if "EngineMode" in properties:
            self._remove(
                name,
                "EngineMode",
                "Serverless v1 reached its end of life on 2025-03-31; no region creates it any "
                "more. Serverless v2 clusters have no engine mode of their own",
            )
        if self._text(name, "Engine") == "aurora":
            self._want(
                name,
                "Engine",
                target.engine,
                "aurora was MySQL 5.6, which AWS no longer offers",
            )
        why = "v1 ran on versions that Serverless v2 does not; this one has long-term support"
        if "EngineVersion" in properties:
            if self._text(name, "EngineVersion") != target.version:
                self._want(name, "EngineVersion", target.version, why)
        else:
            self._insert(name, "EngineVersion", target.version, why, after="Engine")

    # Scaling

    def _scaling(self, cluster: RawResource, within: Capacity) -> None:
        name, properties = cluster.logical_id, cluster.properties
        if "ServerlessV2ScalingConfiguration" in properties:
            if "ScalingConfiguration" in properties:
                self._remove(
                    name, "ScalingConfiguration", "ServerlessV2ScalingConfiguration takes its place"
                )
            return
        scaling = properties.get("ScalingConfiguration", {})
        if not isinstance(scaling, dict) or _is_token(scaling):
            self._ask(
                name,
                "ScalingConfiguration",
                f"{_shown(scaling)} cannot be converted; write ServerlessV2ScalingConfiguration "
                "with MinCapacity and MaxCapacity in its place",
                blocks=True,
            )
            return
        pause = self._pauses(cluster, scaling)
        limits = self._limits(cluster, scaling, pause, within)
        if scaling:
            self._rewrite_scaling(name, scaling, limits, within)
        else:
            self._fresh_scaling(name, "ScalingConfiguration" in properties, limits)

    def _pauses(self, cluster: RawResource, scaling: Mapping[str, Json]) -> bool:
        value = scaling.get("AutoPause", True)
        if not _is_token(value):
            return str(value).lower() == "true"
        self._ask(
            cluster.logical_id,
            "ScalingConfiguration.AutoPause",
            f"{_shown(value)} decides whether the cluster pauses; MinCapacity keeps its value, so "
            "it does not. Write MinCapacity: 0 if it should",
        )
        return False

    def _limits(
        self,
        cluster: RawResource,
        scaling: Mapping[str, Json],
        pause: bool,
        within: Capacity,
    ) -> Mapping[str, float | None]:
        """Return the new limits; None for one that a token supplies and that stays."""
        name = cluster.logical_id
        v1_default = 2 if self._text(name, "Engine") == "aurora-postgresql" else 1
        low = self._capacity(name, "MinCapacity", scaling, v1_default)
        high = self._capacity(name, "MaxCapacity", scaling, v2_capacity.V1_DEFAULT_MAXIMUM)
        minimum = (
            v2_capacity.minimum_capacity(low or v1_default, pause=pause, within=within)
            if pause or low is not None
            else None
        )
        maximum = None if high is None else v2_capacity.maximum_capacity(high, within)
        if minimum is not None and maximum is not None and minimum > maximum:
            self._ask(
                name,
                "ScalingConfiguration",
                f"MinCapacity {_shown(minimum)} is above MaxCapacity {_shown(maximum)}; "
                "AWS refuses that",
                blocks=True,
            )
        return {"MinCapacity": minimum, "MaxCapacity": maximum}

    def _capacity(
        self, name: str, limit: str, scaling: Mapping[str, Json], default: float
    ) -> float | None:
        """Return a literal limit, or None for one that comes from elsewhere."""
        value = scaling.get(limit, default)
        if isinstance(value, bool) or _is_token(value):
            known = self._numbers(name, f"ScalingConfiguration.{limit}")
            if not known or any(not 1 <= number <= 256 for number in known):
                self._ask(
                    name,
                    f"ServerlessV2ScalingConfiguration.{limit}",
                    f"{_shown(value)} was kept; its value must be 0.5 to 256 in steps of 0.5 "
                    "(MaxCapacity at least 1)",
                    blocks=any(number > 256 for number in known),
                )
            return None
        number = _finite(value)
        if number is None:
            self._ask(
                name, f"ScalingConfiguration.{limit}", f"{_shown(value)} is no number", blocks=True
            )
        return number

    def _rewrite_scaling(
        self,
        name: str,
        scaling: Mapping[str, Json],
        limits: Mapping[str, float | None],
        within: Capacity,
    ) -> None:
        path = ("Resources", name, "Properties", "ScalingConfiguration")
        self.text.rename(path, "ServerlessV2ScalingConfiguration")
        self.changes.append(
            Change(
                resource=name,
                property="ScalingConfiguration",
                before="ScalingConfiguration",
                after="ServerlessV2ScalingConfiguration",
                reason="v2 counts in the same ACU, in steps of 0.5",
            )
        )
        last = list(scaling)[-1]
        for limit, value in limits.items():
            if value is not None:
                self._limit(path, name, limit, scaling, v2_capacity.written(value), last)
        pauses = limits["MinCapacity"] == 0
        for key in ("AutoPause", "TimeoutAction", "SecondsBeforeTimeout"):
            if key in scaling:
                self.text.remove((*path, key))
                self._note(name, key, _shown(scaling[key]), "", _why_dropped(key, within, pauses))
        self._pause_seconds(path, name, scaling, pauses)

    def _limit(
        self,
        path: Path,
        name: str,
        limit: str,
        scaling: Mapping[str, Json],
        value: float,
        last: str,
    ) -> None:
        if limit not in scaling:
            self.text.insert((*path, limit), value, after=last)
            self._note(name, limit, "", str(value), _why_limit(limit, value, None))
        elif _shown(scaling[limit]) != str(value):
            self.text.set((*path, limit), value)
            before = _shown(scaling[limit])
            self._note(name, limit, before, str(value), _why_limit(limit, value, before))

    def _pause_seconds(
        self, path: Path, name: str, scaling: Mapping[str, Json], pauses: bool
    ) -> None:
        key = "SecondsUntilAutoPause"
        if key not in scaling:
            return
        given = scaling[key]
        if not pauses:
            self.text.remove((*path, key))
            self._note(name, key, _shown(given), "", "only a cluster with MinCapacity 0 pauses")
            return
        if _is_token(given):
            known = self._numbers(name, f"ScalingConfiguration.{key}")
            if not known or any(v2_capacity.pause_seconds(number) != number for number in known):
                self._ask(name, key, f"{_shown(given)} was kept; v2 wants 300 to 86400 seconds")
            return
        number = _finite(given)
        if number is None:
            self._ask(name, key, f"{_shown(given)} is no number", blocks=True)
            return
        seconds = v2_capacity.pause_seconds(number)
        if _shown(given) != str(seconds):
            self.text.set((*path, key), seconds)
            self._note(name, key, _shown(given), str(seconds), "v2 wants 300 to 86400 seconds")

    def _fresh_scaling(self, name: str, replaces: bool, limits: Mapping[str, float | None]) -> None:
        value: dict[str, Json] = {
            key: v2_capacity.written(number) for key, number in limits.items() if number is not None
        }
        if replaces:
            self.text.remove(("Resources", name, "Properties", "ScalingConfiguration"))
        self._insert(
            name,
            "ServerlessV2ScalingConfiguration",
            value,
            "required before any db.serverless instance; v1 without limits went up to 16 ACU and "
            "paused when idle",
            after=self.text.keys(("Resources", name, "Properties"))[-1],
        )

    # What v1 implied

    def _port(self, cluster: RawResource, target: Target) -> None:
        if target.engine == "aurora-postgresql" and "Port" not in cluster.properties:
            self._insert(
                cluster.logical_id,
                "Port",
                5432,
                "PostgreSQL on v1 listened on 5432; without EngineMode CloudFormation's default "
                "is 3306 for both engines",
                after=self.text.keys(("Resources", cluster.logical_id, "Properties"))[-1],
            )

    def _encryption(self, cluster: RawResource) -> None:
        name, properties = cluster.logical_id, cluster.properties
        restores = [
            key for key in ("SnapshotIdentifier", "SourceDBClusterIdentifier") if key in properties
        ]
        encrypted = properties.get("StorageEncrypted")
        if encrypted is None and not restores:
            self._insert(
                name,
                "StorageEncrypted",
                True,
                "v1 always encrypted its storage, v2 only if told to; it cannot be changed later",
                after=self.text.keys(("Resources", name, "Properties"))[-1],
            )
        elif str(encrypted).lower() == "false":
            self._ask(
                name,
                "StorageEncrypted",
                "is false; v1 encrypted all the same, v2 would not. Set it to true unless plain "
                "storage is what you want",
            )
        for key in restores:
            self._ask(
                name,
                key,
                f"{_shown(properties[key])} was kept: a v1 snapshot is MySQL 5.6/5.7 or "
                "PostgreSQL 10 to 13 and must be upgraded to the new major version first, and "
                "encryption comes from it",
            )

    def _http_endpoint(self, cluster: RawResource, target: Target) -> None:
        name = cluster.logical_id
        value = cluster.properties.get("EnableHttpEndpoint")
        if value is None or str(value).lower() == "false":
            return
        here = self.facts.feature("data-api", target.engine).availability
        if here is Availability.AVAILABLE:
            return
        users = [
            other.logical_id
            for other in self.template.resources.values()
            if "rds-data:" in json.dumps(other.body)
            or "RelationalDatabaseConfig" in other.properties
        ]
        if here is Availability.UNKNOWN or _is_token(value):
            self._ask(
                name,
                "EnableHttpEndpoint",
                f"{_shown(value)} was kept; check that {self.facts.region} has the RDS Data API",
            )
            return
        self._remove(name, "EnableHttpEndpoint", f"{self.facts.region} has no RDS Data API")
        self._ask(
            name,
            "EnableHttpEndpoint",
            "whatever called the Data API must open a database connection instead"
            + (f": see {', '.join(users)}" if users else ""),
        )

    # Instances

    def _members(self, cluster: RawResource) -> list[RawResource]:
        identifier = cluster.properties.get("DBClusterIdentifier")
        found: list[RawResource] = []
        for resource in self.template.resources.values():
            if resource.type != _INSTANCE:
                continue
            given = resource.properties.get("DBClusterIdentifier")
            refers = any(
                world.resources[resource.logical_id].referenced("DBClusterIdentifier")
                == cluster.logical_id
                for world in self._worlds
                if resource.logical_id in world.resources
            )
            if refers or (given is not None and given == identifier):
                found.append(resource)
        return found

    def _member(self, member: RawResource, target: Target) -> None:
        name = member.logical_id
        if self._text(name, "Engine") == "aurora":
            self._want(name, "Engine", target.engine, "the same engine as the cluster")
        version = self._text(name, "EngineVersion")
        if "EngineVersion" in member.properties and version != target.version:
            self._want(name, "EngineVersion", target.version, "the same version as the cluster")
        size = self._text(name, "DBInstanceClass")
        if size != "db.serverless":
            self._ask(
                name,
                "DBInstanceClass",
                f"{_shown(member.properties.get('DBInstanceClass'))} was kept: a fixed size does "
                "not scale; write db.serverless if it should",
            )

    def _add_instance(self, cluster: RawResource, target: Target) -> None:
        name = cluster.logical_id
        new = self._free_name(f"{name}Writer")
        body: dict[str, Json] = {"Type": _INSTANCE}
        for key in ("Condition", "DeletionPolicy", "UpdateReplacePolicy"):
            value = cluster.body.get(key)
            if value is not None:
                # a cluster's snapshot holds all data; AWS takes none of its instances
                body[key] = "Delete" if value == "Snapshot" else value
        engine = cluster.properties.get("Engine")
        body["Properties"] = {
            "DBClusterIdentifier": {"Ref": name},
            "DBInstanceClass": "db.serverless",
            "Engine": engine if _is_token(engine) else target.engine,
            "PubliclyAccessible": False,
        }
        self.text.insert(("Resources", new), body, after=name)
        self.changes.append(
            Change(
                resource=new,
                property="",
                before="",
                after="AWS::RDS::DBInstance, db.serverless",
                reason="a v1 cluster ran by itself, a v2 cluster needs an instance to serve "
                "anything; not public, as v1 never was",
            )
        )
        waiting = [
            other.logical_id
            for other in self.template.resources.values()
            if name in _list(other.body.get("DependsOn"))
        ]
        if waiting:
            self._ask(
                new,
                "",
                f"DependsOn: {name} no longer means that the database answers; let "
                f"{', '.join(waiting)} depend on {new} too if they connect while the stack is "
                "created",
            )

    def _free_name(self, wanted: str) -> str:
        taken = {
            name
            for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Rules")
            for name in self.template.section(section)
        }
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}{number}"
        return name

    # Parameter groups

    def _parameter_groups(
        self,
        cluster: RawResource,
        members: Sequence[RawResource],
        target: Target,
        clusters: Sequence[RawResource],
    ) -> None:
        ours = {cluster.logical_id, *(member.logical_id for member in members)}
        ours |= {other.logical_id for other in clusters}
        self._group(cluster, "DBClusterParameterGroupName", target, ours)
        self._group(cluster, "DBInstanceParameterGroupName", target, ours)
        for member in members:
            self._group(member, "DBParameterGroupName", target, ours)
        for group in self.template.resources.values():
            unused = not any(self._users(group.logical_id))
            if group.type in (_CLUSTER_GROUP, _INSTANCE_GROUP) and unused:
                self._raise_family(group, target)

    def _group(self, resource: RawResource, key: str, target: Target, ours: set[str]) -> None:
        value = resource.properties.get(key)
        if value is None:
            return
        group = self.template.resources.get(_referenced(value))
        if group is not None:
            strangers = [user for user in self._users(group.logical_id) if user not in ours]
            if strangers:
                self._ask(
                    group.logical_id,
                    "Family",
                    f"must become {target.family} for {resource.logical_id}, but "
                    f"{', '.join(strangers)} uses the group too; give them one each",
                    blocks=True,
                )
            else:
                self._raise_family(group, target)
            return
        name = self._text(resource.logical_id, key)
        if name is not None and re.fullmatch(rf"default\.(?:{_OLD_FAMILY.pattern})", name):
            self._want(
                resource.logical_id,
                key,
                f"default.{target.family}",
                "the default group of the new version",
            )
        elif name != f"default.{target.family}":
            self._ask(
                resource.logical_id,
                key,
                f"{_shown(value)} is not in this template; its family must be {target.family}",
            )

    def _users(self, group: str) -> Iterator[str]:
        """Yield the clusters and instances that use a parameter group."""
        for resource in self.template.resources.values():
            if resource.type in (_CLUSTER, _INSTANCE) and any(
                _referenced(resource.properties.get(key)) == group
                for key in (
                    "DBClusterParameterGroupName",
                    "DBInstanceParameterGroupName",
                    "DBParameterGroupName",
                )
            ):
                yield resource.logical_id

    def _raise_family(self, group: RawResource, target: Target) -> None:
        name = group.logical_id
        family = self._text(name, "Family")
        path = ("Resources", name, "Properties", "Family")
        if any(wanted.path == path for wanted in self._wanted) or family == target.family:
            return
        if family is None or not _OLD_FAMILY.fullmatch(family):
            if any(self._users(name)):
                self._ask(
                    name,
                    "Family",
                    f"{_shown(group.properties.get('Family'))} must be {target.family}",
                    blocks=True,
                )
            return
        if family.startswith("aurora-postgresql") != target.family.startswith("aurora-postgresql"):
            return
        self._want(name, "Family", target.family, f"the family of {target.version}")
        self._removed_parameters(group, target)
        named = (
            "DBClusterParameterGroupName"
            if group.type == _CLUSTER_GROUP
            else ("DBParameterGroupName")
        )
        if named in group.properties:
            self._ask(
                name,
                named,
                "has a fixed name: a running stack cannot replace the group under the same name; "
                "give it a new one",
            )

    def _removed_parameters(self, group: RawResource, target: Target) -> None:
        parameters = group.properties.get("Parameters")
        if target.engine != "aurora-mysql" or not isinstance(parameters, dict):
            return
        for key, value in parameters.items():
            if key in mysql_parameters.REMOVED:
                instead = mysql_parameters.REMOVED[key]
                self._ask(
                    group.logical_id,
                    f"Parameters.{key}",
                    "MySQL 8.0 does not have it and the group is refused with it; "
                    + (f"use {instead}" if instead else "remove it"),
                    blocks=True,
                )
            elif key == "sql_mode" and mysql_parameters.REMOVED_SQL_MODE in str(value):
                self._ask(
                    group.logical_id,
                    "Parameters.sql_mode",
                    f"MySQL 8.0 does not know {mysql_parameters.REMOVED_SQL_MODE}; remove it",
                    blocks=True,
                )

    # Data

    def _data(self, cluster: RawResource) -> None:
        name = cluster.logical_id
        self._ask(
            name,
            "",
            "a stack that already runs this cluster: CloudFormation replaces it, and the new one "
            "is empty. Take a snapshot and choose how the data moves: docs/migration.md, "
            '"Moving the data"',
        )
        if "DBClusterIdentifier" in cluster.properties:
            self._ask(
                name,
                "DBClusterIdentifier",
                f"{_shown(cluster.properties['DBClusterIdentifier'])} is a fixed name: a running "
                "stack cannot replace the cluster under the same name; give it a new one",
            )

    # Literals, directly or through a parameter's default

    def _want(self, resource: str, key: str, value: str, reason: str) -> None:
        path = ("Resources", resource, "Properties", key)
        self._wanted.append(_Wanted(path=path, value=value, reason=reason))

    def _write_wanted(self) -> None:
        by_parameter: dict[str, list[_Wanted]] = {}
        for wanted in self._wanted:
            current = self._raw(wanted.path)
            parameter = _referenced(current)
            if parameter in self.template.section("Parameters"):
                by_parameter.setdefault(parameter, []).append(wanted)
            elif _is_token(current):
                self._refuse_token(wanted, current)
            else:
                self.text.set(wanted.path, wanted.value)
                self._note_at(wanted, _shown(current))
        uses = _parameter_uses(self.template)
        for parameter, asked in by_parameter.items():
            self._parameter(parameter, asked, uses.get(parameter, []))

    def _refuse_token(self, wanted: _Wanted, current: Json) -> None:
        self._ask(
            wanted.path[1],
            wanted.path[-1],
            f"{_shown(current)} was kept; it must give {wanted.value} ({wanted.reason})",
            blocks=True,
        )

    def _parameter(self, parameter: str, asked: Sequence[_Wanted], uses: Sequence[Path]) -> None:
        """Raise a parameter's default if it serves only what is migrated."""
        declaration = self.template.section("Parameters").get(parameter)
        value = asked[0].value
        only_ours = set(uses) <= {wanted.path for wanted in asked}
        same = all(wanted.value == value for wanted in asked)
        if (
            not isinstance(declaration, dict)
            or "Default" not in declaration
            or declaration.get("Type") != "String"
            or not (only_ours and same)
            or not _allows_pattern(declaration, value)
        ):
            for wanted in asked:
                self._refuse_token(wanted, {"Ref": parameter})
            return
        default = declaration["Default"]
        path = ("Parameters", parameter)
        self.text.set((*path, "Default"), value)
        allowed = declaration.get("AllowedValues")
        if isinstance(allowed, list) and value not in allowed and default in allowed:
            self.text.set_item((*path, "AllowedValues"), allowed.index(default), value)
        reason = asked[0].reason
        for wanted in asked:
            reason = f"{wanted.path[1]}.{wanted.path[-1]}: {wanted.reason}"
        self.changes.append(
            Change(
                resource=parameter,
                property="Default",
                before=_shown(default),
                after=value,
                reason=reason,
            )
        )
        self._ask(
            parameter,
            "",
            f"a running stack keeps the value it was given; pass {value} when you update it",
        )

    # Small things

    def _raw(self, path: Path) -> Json:
        return self.template.resources[path[1]].properties.get(path[-1])

    def _text(self, resource: str, key: str) -> str | None:
        """Return a property's text if it is the same in every world."""
        found = {
            world.resources[resource].text(key)
            for world in self._worlds
            if resource in world.resources
        }
        return found.pop() if len(found) == 1 else None

    def _numbers(self, resource: str, path: str) -> list[float]:
        found = [
            world.resources[resource].number(path)
            for world in self._worlds
            if resource in world.resources
        ]
        return [number for number in found if number is not None]

    def _remove(self, resource: str, key: str, reason: str) -> None:
        self.text.remove(("Resources", resource, "Properties", key))
        before = _shown(self._raw(("Resources", resource, "Properties", key)))
        self.changes.append(
            Change(resource=resource, property=key, before=before, after="", reason=reason)
        )

    def _insert(self, resource: str, key: str, value: Json, reason: str, *, after: str) -> None:
        self.text.insert(("Resources", resource, "Properties", key), value, after=after)
        self.changes.append(
            Change(resource=resource, property=key, before="", after=_shown(value), reason=reason)
        )

    def _note(self, resource: str, key: str, before: str, after: str, reason: str) -> None:
        path = f"ServerlessV2ScalingConfiguration.{key}" if after else f"ScalingConfiguration.{key}"
        self.changes.append(
            Change(resource=resource, property=path, before=before, after=after, reason=reason)
        )

    def _note_at(self, wanted: _Wanted, before: str) -> None:
        self.changes.append(
            Change(
                resource=wanted.path[1],
                property=wanted.path[-1],
                before=before,
                after=wanted.value,
                reason=wanted.reason,
            )
        )

    def _ask(self, resource: str, key: str, question: str, *, blocks: bool = False) -> None:
        point = OpenPoint(resource=resource, property=key, question=question, blocks=blocks)
        if point not in self.open_points:
            self.open_points.append(point)


def _why_dropped(key: str, within: Capacity, pauses: bool) -> str:
    if key != "AutoPause":
        return "v2 scales without a scaling point, so there is nothing to time out"
    if pauses:
        return "MinCapacity 0 pauses the cluster"
    return (
        "a MinCapacity above 0 never pauses"
        if within.can_pause
        else "this version cannot pause; 0.5 ACU is its smallest capacity"
    )


def _why_limit(limit: str, value: float, before: str | None) -> str:
    if limit == "MinCapacity" and value == 0:
        return "AutoPause became MinCapacity 0: it pauses when idle, and wakes at 0.5 ACU or more"
    if before is None:
        return "v1 used this when none was given"
    return "v2 takes 0.5 to 256 ACU (MaxCapacity at least 1) in steps of 0.5"


def _finite(value: Json) -> float | None:
    """Return a literal number, also if it is written as text; None if it is none."""
    try:
        number = float(str(value))
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_token(value: Json) -> bool:
    """Whether a value is an intrinsic function rather than a literal."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    key = next(iter(value))
    return key in ("Ref", "Condition") or key.startswith("Fn::")


def _referenced(value: Json) -> str:
    """Return what a plain ``Ref`` names, else the empty string."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return str(value["Ref"])
    return ""


def _shown(value: Json) -> str:
    """Write a value as a reader of the template knows it."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return f"!Ref {value['Ref']}"
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _allows_pattern(declaration: Mapping[str, Json], value: str) -> bool:
    pattern = declaration.get("AllowedPattern")
    if not isinstance(pattern, str):
        return True
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return False


def _parameter_uses(template: Template) -> Mapping[str, list[Path]]:
    """Map each name that is referred to, to the places that do."""
    uses: dict[str, list[Path]] = {}
    stack: list[tuple[Path, Json]] = [((), dict(template.body))]
    while stack:
        path, node = stack.pop()
        if isinstance(node, list):
            stack += [((*path, str(index)), item) for index, item in enumerate(node)]
        elif isinstance(node, dict):
            if isinstance(node.get("Ref"), str) and len(node) == 1:
                uses.setdefault(str(node["Ref"]), []).append(path)
            if "Fn::Sub" in node:
                for name in re.findall(r"\$\{([^!}.]+)\}", json.dumps(node["Fn::Sub"])):
                    uses.setdefault(name.strip(), []).append((*path, "Fn::Sub"))
            stack += [((*path, key), item) for key, item in node.items()]
    return uses
