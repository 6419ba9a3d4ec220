"""The version that a Serverless v1 cluster is raised to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pcistack.migration.draft import Draft
from pcistack.migration.values import shown
from pcistack.regional.aurora import parameter_group_family, recommended_version
from pcistack.regional.facts import Availability
from pcistack.regional.versions import parse
from pcistack.template.document import RawResource


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetVersion:
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
        return parameter_group_family(self.engine, release)


_ENGINES: Final = {
    "aurora": "aurora-mysql",
    "aurora-mysql": "aurora-mysql",
    "aurora-postgresql": "aurora-postgresql",
}


def target_of(engine: str) -> TargetVersion:
    """Return what a v1 cluster of an engine is raised to: the recommended version."""
    return TargetVersion(engine=engine, version=recommended_version(engine))


def choose(draft: Draft, cluster: RawResource) -> TargetVersion | None:
    """Return what a cluster is raised to, or keeps if it is good; ask, and None, if unclear."""
    engine = _ENGINES.get(draft.literal(cluster.logical_id, "Engine") or "")
    if engine is not None:
        version = draft.literal(cluster.logical_id, "EngineVersion") or ""
        if _is_good(draft, engine, version):
            return TargetVersion(engine=engine, version=version)
        return target_of(engine)
    draft.ask(
        cluster.logical_id,
        "Engine",
        f"{shown(cluster.properties.get('Engine'))} does not say whether this is MySQL or "
        "PostgreSQL, so nothing was changed here; write aurora-mysql or aurora-postgresql",
        blocks=True,
    )
    return None


def _is_good(draft: Draft, engine: str, version: str) -> bool:
    """Whether a version runs on Serverless v2 here and is in standard support."""
    release, support = parse(engine, version), draft.facts.support(engine, version)
    return (
        release is not None
        and release.is_exact
        and draft.facts.serverless_v2(engine, version) is Availability.AVAILABLE
        and draft.facts.engine_version(engine, version) == "available"
        and support is not None
        and support.ends >= draft.on
    )


def ask_if_not_offered(draft: Draft, cluster: RawResource, target: TargetVersion) -> None:
    """Say so if the region does not have what the cluster is raised to."""
    here = draft.facts.serverless_v2(target.engine, target.version)
    status = draft.facts.engine_version(target.engine, target.version)
    missing = here is Availability.UNAVAILABLE or status == "not offered"
    if missing or here is Availability.UNKNOWN:
        verb = "does not offer" if missing else "may not offer"
        draft.ask(
            cluster.logical_id,
            "EngineVersion",
            f"{draft.facts.region} {verb} Serverless v2 with {target.version}; "
            "ask with pcistack preflight, or choose another region",
            blocks=missing,
        )
