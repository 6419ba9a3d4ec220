"""Everything the evidence says of one stack, before it is written in any format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pcistack.checks.findings import Finding
from pcistack.checks.rule import Pack
from pcistack.checks.run import Outcome, check_template, load, resolve
from pcistack.evidence.acknowledgements import acknowledgements
from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.by_design.sentences import by_design
from pcistack.evidence.nested import Inlined, inlined
from pcistack.evidence.registers import Register, registers
from pcistack.evidence.responsibilities import RESPONSIBILITIES, Responsibility, limits
from pcistack.evidence.standing import (
    OF_SUPPORT,
    Family,
    RequirementEvidence,
    Sources,
    Standing,
    families,
    unassigned,
)
from pcistack.evidence.supporting_settings import EVERYTHING, supporting_settings
from pcistack.evidence.values import label
from pcistack.evidence.wording import claim
from pcistack.network.network import NetworkMap
from pcistack.packs import PACKS, SCHEMA, is_schema_rule
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.untreated import UNTREATED
from pcistack.template.view import View
from pcistack.verified import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What one set of checks said.

    Attributes:
        name: Its name.
        open: Open findings.
        acknowledged: Accepted findings.
    """

    name: str
    open: int
    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """When the checks judged, and what.

    Attributes:
        on: The day for which they judged.
        recorded: Whether they ran at the synthesis; if not, they ran when this was written.
        commit: Commit of the source; empty if it is not known.
        account: Account that the stack is bound to; None for any.
        sha256: Digest of the template file.
        content: Digest of what the template says, in whatever form it is written.
    """

    on: date
    recorded: bool
    commit: str
    account: str | None
    sha256: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence of one stack.

    Attributes:
        environment: What the stack is called in short; the suffix of this project's stacks.
        stack: Name of the stack.
        region: Region of the stack; None if it is not bound to one.
        judgement: When the checks judged, and what.
        context: The template as it is shown, with its network.
        families: Requirements, by principal requirement.
        registers: The registers.
        checks: The sets of checks that ran.
        others: Open findings that belong to no requirement.
        responsibilities: Who does what.
        limits: What the stack does not do.
        notes: What a reader has to know of how this was drawn.
        verified: What asking the account found; None if it was not asked.
        untreated: Requirements that a template has no part in, with a few words on each.
    """

    environment: str
    stack: str
    region: str | None
    judgement: Judgement
    context: Context
    families: tuple[Family, ...]
    registers: tuple[Register, ...]
    checks: tuple[Checks, ...]
    others: tuple[Finding, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    verified: Verification | None
    responsibilities: tuple[Responsibility, ...] = RESPONSIBILITIES

    @property
    def view(self) -> View:
        """The template as it is shown."""
        return self.context.view

    @property
    def network(self) -> NetworkMap:
        """Its network."""
        return self.context.network

    @property
    def untreated(self) -> Mapping[str, str]:
        """Requirements that a template has no part in."""
        return UNTREATED

    @property
    def requirements(self) -> tuple[RequirementEvidence, ...]:
        """Every requirement, in the order of the standard."""
        return tuple(item for family in self.families for item in family.requirements)

    @property
    def counts(self) -> Mapping[Standing, int]:
        """How many requirements have each standing, also those that none has."""
        found = Counter(item.standing for item in self.requirements)
        return {standing: found[standing] for standing in Standing}

    def share(self, number: int) -> Mapping[Standing, tuple[str, ...]]:
        """Numbers of the requirements below a principal one that the template supports."""
        members = [
            item
            for family in self.families
            if family.number == number
            for item in family.requirements
        ]
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


def gather(
    assembly: AssessedStack, pack: Pack[Context], *, on: date, verified: Verification | None = None
) -> Evidence:
    """Draw the evidence of a stack from its assembly.

    What the synthesis found is read. Only where it kept no record, such as in somebody else's
    assembly, the checks run here, as they would have run there.

    Args:
        assembly: The stack's files.
        pack: The PCI DSS rules.
        on: The day for which the checks judge where the synthesis kept no record.
        verified: What asking the account found of this stack.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    whole = inlined(assembly.template, assembly.region)
    worlds = resolve(whole.template, assembly.region)
    context = Context(view=worlds[0], on=assembly.record.on if assembly.record else on)
    outcome = _outcome(assembly, pack, on)
    accepted = acknowledgements(whole.template, assembly.report, outcome)
    tables = registers(context, accepted, pack.rules, outcome)
    filled = {register.name for register in tables if register.rows}
    if context.of_type("AWS::EC2::VPC"):
        filled |= {"network", "data-flow"}
    sources = Sources(
        rules=pack.rules,
        findings=outcome,
        accepted=accepted,
        settings=supporting_settings(context, _criticised(outcome, pack) | _drifted(verified)),
        design=by_design(context),
        filled=frozenset(filled),
        broken=tuple(one for one in verified.promises if one.holds is False) if verified else (),
    )
    return Evidence(
        environment=assembly.environment,
        stack=assembly.stack,
        region=assembly.region,
        judgement=_judgement(assembly, context.on),
        context=context,
        families=tuple(families(sources)),
        registers=tables,
        checks=tuple(_checks(assembly, outcome)),
        others=unassigned(sources),
        limits=limits(context),
        notes=tuple(_notes(assembly, worlds, whole)),
        verified=verified,
    )


_RAN_NOW: Final = claim(
    "The synthesis kept no findings of these checks: they ran when this was written."
)
_DEFAULTS: Final = claim(
    "The template has conditions: this shows it with the default value of every parameter."
)
_NESTED: Final = claim("Nested stacks are shown as parts of it: {}.")
_NOT_AT_HAND: Final = claim("Nested stacks whose templates are not at hand are not shown: {}.")


def _notes(assembly: AssessedStack, worlds: Sequence[View], whole: Inlined) -> Iterator[str]:
    if assembly.record is None:
        yield _RAN_NOW
    if len(worlds) > 1:
        yield _DEFAULTS
    if whole.shown:
        yield _NESTED.format(", ".join(whole.shown))
    if whole.missing:
        yield _NOT_AT_HAND.format(", ".join(whole.missing))


def _outcome(assembly: AssessedStack, pack: Pack[Context], on: date) -> Outcome:
    if assembly.record is not None:
        return assembly.record.outcomes[assembly.sha256]
    packs = (pack, *(load(name) for name in PACKS if name != "pci"))
    return check_template(assembly.template, packs, region=assembly.region, on=on)


def _criticised(outcome: Outcome, pack: Pack[Context]) -> frozenset[tuple[str, str]]:
    """Return every place that a rule of PCI DSS criticised, also where somebody accepted it."""
    rules = {rule.id for rule in pack.rules} | OF_SUPPORT.keys()
    findings = (*outcome.open, *(finding for finding, _ in outcome.acknowledged))
    return frozenset((one.resource, one.property) for one in findings if one.rule in rules)


def _drifted(verified: Verification | None) -> frozenset[tuple[str, str]]:
    """Return every place that the account has otherwise; of what is gone, everything."""
    drift = verified.drift if verified is not None else ()
    return frozenset((one.resource, one.property or EVERYTHING) for one in drift)


def _judgement(assembly: AssessedStack, on: date) -> Judgement:
    return Judgement(
        on=on,
        recorded=assembly.record is not None,
        commit=assembly.record.commit if assembly.record is not None else "",
        account=assembly.account,
        sha256=assembly.sha256,
        content=assembly.content,
    )


def _checks(assembly: AssessedStack, outcome: Outcome) -> Iterator[Checks]:
    """Yield every set of checks that is known to have run: our own, and those of CDK's report."""
    titles = [PACKS[name].title for name in PACKS]
    found: dict[str, list[int]] = {title: [0, 0] for title in titles}
    for finding in outcome.open:
        found.setdefault(_title(finding.rule), [0, 0])[0] += 1
    for finding, _ in outcome.acknowledged:
        found.setdefault(_title(finding.rule), [0, 0])[1] += 1
    for plugin in assembly.report.plugins if assembly.report else ():
        if plugin.name not in titles:
            found[plugin.name] = [
                sum(len(one.constructs) for one in plugin.violations),
                sum(len(one.constructs) for one in plugin.suppressed),
            ]
    for name, (open_, acknowledged) in sorted(found.items()):
        yield Checks(name=name, open=open_, acknowledged=acknowledged)


def _title(rule: str) -> str:
    if is_schema_rule(rule):
        return SCHEMA.title
    own = [pack.title for pack in PACKS.values() if pack.prefix and rule.startswith(pack.prefix)]
    return own[0] if own else PACKS["regional"].title
