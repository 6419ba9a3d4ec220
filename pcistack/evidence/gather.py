"""Everything the evidence says of one environment, before it is written in any format."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from pcistack.checks.findings import Finding
from pcistack.checks.rule import Extent, Pack, Rule
from pcistack.checks.run import Outcome, check_template, load, resolve
from pcistack.evidence.acknowledgements import Acknowledgement, acknowledgements
from pcistack.evidence.assembly import Assembly, Report
from pcistack.evidence.registers import Register, registers
from pcistack.evidence.responsibilities import LIMITS, RESPONSIBILITIES, Responsibility
from pcistack.evidence.supporting_settings import supporting_settings
from pcistack.evidence.values import Setting, label
from pcistack.network.network import Network
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.requirements import REQUIREMENTS, Party, Requirement
from pcistack.template.view import View


class Standing(StrEnum):
    """Where one requirement stands in one environment.

    Attributes:
        MET: The template or AWS settles it, and no rule objects.
        PART: The template supports it; the rest is the organization's.
        YOU: The template cannot support it, has nothing for it, or breaks a rule of it.
        ACKNOWLEDGED: A rule objects, and somebody accepted that with a reason.
    """

    MET = "met"
    PART = "met in part"
    YOU = "needs you"
    ACKNOWLEDGED = "acknowledged"


MEANINGS: Final[Mapping[Standing, str]] = {
    Standing.MET: "by this template or by AWS",
    Standing.PART: "the rest is described and yours",
    Standing.YOU: "outside a template, or an open finding",
    Standing.ACKNOWLEDGED: "a finding was accepted, with a reason",
}

_FAMILIES: Final[Mapping[int, str]] = {item.requirement: item.topic for item in RESPONSIBILITIES}
_DOCUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "diagram": ("network", "data-flow"),
    "port register": ("ports",),
    "crypto inventory": ("keys", "certificates", "channels"),
    "component inventory": ("components",),
    "secrets": ("secrets",),
    "log sources": ("logs",),
}
_CHECKED: Final = ("1.2.7", "1.2.8", "6.5.1")
"""Requirements that the checks of every synthesis are evidence for themselves."""


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
        design: What this project's stack does for it by design; empty for nothing.
        standing: Where it stands.
        why: The reason of the standing, in a sentence.
        settings: Settings of the template that support it.
        documents: Anchors of the diagrams and registers that support it.
        yours: What is left to the organization; empty for nothing.
        rules: Ids of the rules that watch over it.
        controls: Controls of AWS Security Hub's PCI DSS v4.0.1 standard that look at it too.
        open: Findings that nobody accepted.
        acknowledged: Findings that somebody accepted.
    """

    number: str
    title: str
    asks: str
    design: str
    standing: Standing
    why: str
    settings: tuple[SettingGroup, ...]
    documents: tuple[str, ...]
    yours: str
    rules: tuple[str, ...]
    controls: tuple[str, ...]
    open: tuple[Finding, ...]
    acknowledged: tuple[Acknowledgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The requirements below one principal requirement."""

    number: int
    title: str
    requirements: tuple[RequirementEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What one set of checks said at synthesis."""

    name: str
    version: str
    open: int
    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence of one environment.

    Attributes:
        environment: The environment's suffix.
        stack: Name of its stack.
        region: Region of the stack; None if it is not bound to one.
        sha256: Digest of the template.
        worlds: In how many ways the template's conditions can turn out; the first is shown.
        view: The template as it is shown.
        network: Its network.
        families: Requirements, by principal requirement.
        registers: The registers.
        checks: The sets of checks that ran at synthesis.
        responsibilities: Who does what.
        limits: What the stack does not do.
    """

    environment: str
    stack: str
    region: str | None
    sha256: str
    worlds: int
    view: View
    network: Network
    families: tuple[Family, ...]
    registers: tuple[Register, ...]
    checks: tuple[Checks, ...]
    responsibilities: tuple[Responsibility, ...] = RESPONSIBILITIES
    limits: tuple[str, ...] = LIMITS

    @property
    def requirements(self) -> tuple[RequirementEvidence, ...]:
        """Every requirement, in the order of the standard."""
        return tuple(item for family in self.families for item in family.requirements)

    @property
    def counts(self) -> Mapping[Standing, int]:
        """How many requirements have each standing, also those that none has."""
        return {
            standing: sum(item.standing is standing for item in self.requirements)
            for standing in Standing
        }

    def share(self, number: int) -> Mapping[Standing, tuple[str, ...]]:
        """Numbers of the requirements below a principal one that the template supports."""
        members = [item for item in self.requirements if item.number.split(".")[0] == str(number)]
        found = {
            standing: tuple(
                item.number
                for item in members
                if item.standing is standing and (item.settings or item.documents)
            )
            for standing in (Standing.MET, Standing.PART, Standing.ACKNOWLEDGED)
        }
        return {standing: numbers for standing, numbers in found.items() if numbers}

    @property
    def names(self) -> Mapping[str, str]:
        """Readable name of each resource, by logical id."""
        return {name: label(resource) for name, resource in self.view.resources.items()}


def gather(assembly: Assembly, pack: Pack[Context], *, on: date) -> Evidence:
    """Draw the evidence of a stack from its assembly.

    What the synthesis found is read. Only where it kept no record, such as in somebody else's
    assembly, the checks run here, as they would have run there.

    Args:
        assembly: The stack's files.
        pack: The PCI DSS rules.
        on: The day for which the checks judge where the synthesis kept no record.
    """
    worlds = resolve(assembly.template, assembly.region)
    view = worlds[0]
    outcome = _outcome(assembly, pack, on)
    accepted = acknowledgements(assembly.template, assembly.report)
    context = Context(view=view, on=assembly.record.on if assembly.record else on)
    network = context.network
    tables = registers(view, network, accepted)
    filled = {register.name for register in tables if register.rows} | {"checks"}
    if view.of_type("AWS::EC2::VPC"):
        filled |= {"network", "data-flow"}
    sources = _Sources(
        view=view,
        rules=pack.rules,
        findings=outcome,
        accepted=accepted,
        settings=supporting_settings(context, _criticised(outcome)),
        filled=frozenset(filled),
    )
    return Evidence(
        environment=assembly.environment,
        stack=assembly.stack,
        region=assembly.region,
        sha256=assembly.sha256,
        worlds=len(worlds),
        view=view,
        network=network,
        families=tuple(_families(sources)),
        registers=tables,
        checks=tuple(_checks(assembly.report)),
    )


def _outcome(assembly: Assembly, pack: Pack[Context], on: date) -> Outcome:
    if assembly.record is not None:
        return assembly.record.outcomes[assembly.sha256]
    packs = (pack, load("regional"))
    return check_template(assembly.template, packs, region=assembly.region, on=on)


def _criticised(outcome: Outcome) -> frozenset[tuple[str, str]]:
    """Return every place that a rule criticised, also where somebody accepted it."""
    findings = (*outcome.open, *(finding for finding, _ in outcome.acknowledged))
    return frozenset((finding.resource, finding.property) for finding in findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    view: View
    rules: Sequence[Rule[Context]]
    findings: Outcome
    accepted: Sequence[Acknowledgement]
    settings: Mapping[str, tuple[Setting, ...]]
    filled: frozenset[str]


def _families(sources: _Sources) -> Iterator[Family]:
    ordered = sorted(REQUIREMENTS, key=lambda item: item.sort_key)
    for number, title in _FAMILIES.items():
        members = [item for item in ordered if item.sort_key[0] == number]
        if members:
            yield Family(
                number=number,
                title=title,
                requirements=tuple(_requirement(item, sources) for item in members),
            )


def _requirement(requirement: Requirement, sources: _Sources) -> RequirementEvidence:
    rules = [rule for rule in sources.rules if requirement.number in rule.requirements]
    ids = {rule.id for rule in rules}
    open_findings = tuple(
        finding
        for finding in sources.findings.open
        if finding.rule in ids and finding.severity.fails
    )
    covered = {
        (finding.rule, finding.resource)
        for finding, _ in sources.findings.acknowledged
        if finding.severity.fails
    }
    accepted = tuple(
        entry
        for entry in sources.accepted
        if entry.rule in ids and any((entry.rule, name) in covered for name in entry.resources)
    )
    wanted = _DOCUMENTS.get(requirement.evidence, ())
    if requirement.number in _CHECKED:
        wanted = (*wanted, "checks")
    documents = tuple(name for name in wanted if name in sources.filled)
    settings = _grouped(sources.settings.get(requirement.number, ()))
    standing, why = _standing(
        requirement, open_findings, accepted, support=_support(settings, documents)
    )
    return RequirementEvidence(
        number=requirement.number,
        title=requirement.topic,
        asks=requirement.asks,
        design=requirement.stack,
        standing=standing,
        why=why,
        settings=settings,
        documents=documents,
        yours=requirement.you,
        rules=tuple(sorted(ids)),
        controls=tuple(sorted({control for rule in rules for control in rule.security_hub})),
        open=open_findings,
        acknowledged=accepted,
    )


def _standing(
    requirement: Requirement,
    open_findings: Sequence[Finding],
    accepted: Sequence[Acknowledgement],
    *,
    support: str,
) -> tuple[Standing, str]:
    if open_findings:
        count = _count(open_findings, "open finding")
        return Standing.YOU, f"{count}: fix before you rely on it."
    if accepted:
        reasons = {entry.reason for entry in accepted}
        exceptions = f"{_count(reasons, 'exception')} {'is' if len(reasons) == 1 else 'are'}"
        return Standing.ACKNOWLEDGED, f"{support} {exceptions} accepted with a reason.".lstrip()
    if requirement.extent is Extent.NONE:
        if Party.YOU in requirement.parties:
            return Standing.YOU, requirement.you
        return Standing.MET, "AWS does it; its attestation of compliance covers it."
    if not support:
        return (
            Standing.YOU,
            "This template has nothing for it: show that it does not apply, or meet it elsewhere.",
        )
    standing = Standing.MET if requirement.extent is Extent.FULL else Standing.PART
    return standing, support


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
    several = len(settings) + len(documents) > 1
    return f"{' and '.join(parts)} support{'' if several else 's'} it."


def _count(items: Collection[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _grouped(settings: Sequence[Setting]) -> tuple[SettingGroup, ...]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for setting in settings:
        key = (setting.type, setting.property, setting.value)
        found.setdefault(key, []).append(setting.resource)
    return tuple(
        SettingGroup(property=property_, value=value, resources=tuple(sorted(resources)))
        for (_, property_, value), resources in sorted(found.items())
    )


def _checks(report: Report | None) -> Iterator[Checks]:
    for plugin in sorted(report.plugins if report else (), key=lambda item: item.name):
        yield Checks(
            name=plugin.name,
            version=plugin.version,
            open=sum(
                len(violation.constructs)
                for violation in plugin.violations
                if violation.severity != "warning"
            ),
            acknowledged=sum(len(violation.constructs) for violation in plugin.suppressed),
        )
