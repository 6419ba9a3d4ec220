"""Where each requirement stands in one environment, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from typing import Final

from pcistack.checks.findings import Finding, counted
from pcistack.checks.rule import UNRESOLVED, Extent, Rule
from pcistack.checks.run import Outcome
from pcistack.evidence.acknowledgements import AcceptedFinding
from pcistack.evidence.explanations import BY_AWS
from pcistack.evidence.responsibilities import RESPONSIBILITIES
from pcistack.evidence.values import SupportingSetting
from pcistack.evidence.wording import claim
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.requirements import REQUIREMENTS, Party, Requirement
from pcistack.verified import VerifiedPromise


class Standing(StrEnum):
    """Where one requirement stands in one environment.

    Attributes:
        MET: The template or AWS settles it, settings show it, and no rule objects.
        PART: The template supports it; the rest is the organization's, or a rule warns.
        YOU: The template cannot support it, has nothing for it, or breaks a rule of it.
        ACKNOWLEDGED: A rule objects, and somebody accepted that with a reason.
    """

    MET = claim("met")
    PART = claim("met in part")
    YOU = claim("needs you")
    ACKNOWLEDGED = claim("acknowledged")


_FIX: Final = claim("{}: fix before you rely on it.")
_IN_ACCOUNT: Final = claim("In the account: {} Fix it before you rely on it.")
_EXCEPTION: Final = claim("{} is accepted with a reason.")
_EXCEPTIONS: Final = claim("{} are accepted with a reason.")
_NOTHING: Final = claim(
    "No setting of this template supports it: it does not apply, or is met elsewhere."
)
_LOOK: Final = claim("{}: look at it.")
_ONE_SUPPORTS: Final = claim("{} supports it.")
_SUPPORT: Final = claim("{} support it.")

_FAMILIES: Final[Mapping[int, str]] = {item.requirement: item.topic for item in RESPONSIBILITIES}
_DOCUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "diagram": ("network", "data-flow"),
    "port register": ("ports",),
    "crypto inventory": ("keys", "certificates", "channels"),
    "component inventory": ("components",),
    "software": ("software",),
    "secrets": ("secrets",),
    "log sources": ("logs",),
}
OF_SUPPORT: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
    (
        "AURORA-VERSION-RETIRED",
        "AURORA-VERSION-SUPPORT-ENDED",
        "AURORA-VERSION-SUPPORT-ENDING",
        "AURORA-EXTENDED-SUPPORT",
        "DATABASE-VERSION-RETIRED",
        "DATABASE-VERSION-EXTENDED",
        "LAMBDA-RUNTIME-RETIRED",
        "LAMBDA-RUNTIME-DEPRECATED",
    ),
    ("6.3.3", "12.3.4"),
)
"""Rules outside the PCI DSS pack that speak to a requirement: a vendor's support ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingGroup:
    """Resources that have the same value in the same property."""

    property: str
    value: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementEvidence:
    """One requirement and what the environment has for it.

    Attributes:
        number: Its number in the standard.
        title: A few words.
        asks: What it asks, in our own words.
        design: What this template has for it, in sentences that are true of it.
        standing: Where it stands.
        why: The reason of the standing, in a sentence.
        settings: Settings of the template that support it.
        documents: Anchors of the diagrams and registers that belong to it.
        yours: What is left to the organization; empty for nothing.
        rules: Ids of the rules that watch over it.
        controls: Controls of AWS Security Hub's PCI DSS v4.0.1 standard that look at it too.
        open: Findings that nobody accepted, warnings among them.
        acknowledged: Findings that somebody accepted.
    """

    number: str
    title: str
    asks: str
    design: tuple[str, ...]
    standing: Standing
    why: str
    settings: tuple[SettingGroup, ...]
    documents: tuple[str, ...]
    yours: str
    rules: tuple[str, ...]
    controls: tuple[str, ...]
    open: tuple[Finding, ...]
    acknowledged: tuple[AcceptedFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The requirements below one principal requirement."""

    number: int
    title: str
    requirements: tuple[RequirementEvidence, ...]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a standing follows from.

    Attributes:
        rules: The PCI DSS rules.
        findings: What the checks found.
        accepted: Every acceptance.
        settings: Settings that support each requirement.
        design: Sentences on each requirement.
        filled: Anchors of the diagrams and registers that hold something.
        broken: Promises that do not hold in the account.
    """

    rules: Sequence[Rule[Context]]
    findings: Outcome
    accepted: Sequence[AcceptedFinding]
    settings: Mapping[str, tuple[SupportingSetting, ...]]
    design: Mapping[str, tuple[str, ...]]
    filled: frozenset[str]
    broken: Sequence[VerifiedPromise] = ()

    @cached_property
    def by_requirement(self) -> Mapping[str, Sequence[Rule[Context]]]:
        """The rules by each requirement that they speak to."""
        found: dict[str, list[Rule[Context]]] = {}
        for rule in self.rules:
            for number in rule.requirements:
                found.setdefault(number, []).append(rule)
        return found


def families(sources: Sources) -> Iterator[Family]:
    """Yield the requirements with their standing, by principal requirement."""
    for number, members in groupby(REQUIREMENTS, key=lambda item: item.sort_key[0]):
        yield Family(
            number=number,
            title=_FAMILIES[number],
            requirements=tuple(_requirement(item, sources) for item in members),
        )


def _ids(number: str, sources: Sources) -> frozenset[str]:
    """Return the ids of the rules that speak to a requirement."""
    other = {rule for rule, numbers in OF_SUPPORT.items() if number in numbers}
    return frozenset({rule.id for rule in sources.by_requirement.get(number, ())} | other)


def unassigned(sources: Sources) -> tuple[Finding, ...]:
    """Return open findings that belong to no requirement, such as a version not on offer."""
    known = {rule for item in REQUIREMENTS for rule in _ids(item.number, sources)}
    return tuple(one for one in sources.findings.open if one.rule not in known)


def _requirement(requirement: Requirement, sources: Sources) -> RequirementEvidence:
    rules = sources.by_requirement.get(requirement.number, ())
    ids = _ids(requirement.number, sources)
    open_findings = tuple(one for one in sources.findings.open if one.rule in ids)
    covered = {(one.rule, one.resource) for one, _ in sources.findings.acknowledged}
    accepted = tuple(
        entry
        for entry in sources.accepted
        if entry.rule in ids and any((entry.rule, name) in covered for name in entry.resources)
    )
    documents = tuple(
        name for name in _DOCUMENTS.get(requirement.evidence, ()) if name in sources.filled
    )
    settings = _grouped(sources.settings.get(requirement.number, ()))
    standing, why = _standing(
        requirement,
        open_findings,
        accepted,
        support=_support(settings, documents if requirement.documentary else ()),
    )
    broken = [
        f"{one.says.removesuffix('.')}."
        for one in sources.broken
        if one.requirement == requirement.number
    ]
    if broken:
        standing, why = Standing.YOU, _IN_ACCOUNT.format(" ".join(broken))
    return RequirementEvidence(
        number=requirement.number,
        title=requirement.topic,
        asks=requirement.asks,
        design=sources.design.get(requirement.number, ()),
        standing=standing,
        why=why,
        settings=settings,
        documents=documents,
        yours=requirement.you,
        rules=tuple(sorted(rule.id for rule in rules)),
        controls=tuple(sorted({control for rule in rules for control in rule.security_hub})),
        open=open_findings,
        acknowledged=accepted,
    )


def _standing(
    requirement: Requirement,
    open_findings: Sequence[Finding],
    accepted: Sequence[AcceptedFinding],
    *,
    support: str,
) -> tuple[Standing, str]:
    failing = [one for one in open_findings if one.severity.fails or UNRESOLVED in one.message]
    if failing:
        return Standing.YOU, _FIX.format(_count(failing, "open finding"))
    warned = _LOOK.format(_count(open_findings, "open warning")) if open_findings else ""
    if accepted:
        reasons = {entry.reason for entry in accepted}
        form = _EXCEPTION if len(reasons) == 1 else _EXCEPTIONS
        return Standing.ACKNOWLEDGED, _joined(
            support, form.format(_count(reasons, "exception")), warned
        )
    if requirement.extent is Extent.NONE and Party.YOU in requirement.parties:
        return Standing.YOU, _joined(requirement.you, warned)
    if requirement.extent is Extent.NONE:
        return Standing.PART if warned else Standing.MET, _joined(BY_AWS, warned)
    if not support:
        return Standing.YOU, _joined(_NOTHING, warned, requirement.you)
    full = requirement.extent is Extent.FULL and not warned
    return Standing.MET if full else Standing.PART, _joined(support, warned)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _support(settings: Sequence[SettingGroup], documents: Sequence[str]) -> str:
    """Say how much supports a requirement; empty if nothing does."""
    resources = {name for setting in settings for name in setting.resources}
    parts = []
    if settings:
        parts.append(f"{_count(settings, 'setting')} on {_count(resources, 'resource')}")
    if documents:
        parts.append(_count(documents, "document"))
    if not parts:
        return ""
    form = _SUPPORT if len(settings) + len(documents) > 1 else _ONE_SUPPORTS
    return form.format(" and ".join(parts))


def _count(items: Collection[object], noun: str) -> str:
    return counted(len(items), noun)


def _grouped(settings: Sequence[SupportingSetting]) -> tuple[SettingGroup, ...]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for setting in settings:
        key = (setting.type, setting.property, setting.value)
        found.setdefault(key, []).append(setting.resource)
    return tuple(
        SettingGroup(property=property_, value=value, resources=tuple(sorted(resources)))
        for (_, property_, value), resources in sorted(found.items())
    )
