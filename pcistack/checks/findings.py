"""The shared vocabulary of all rules: what was found, where, how bad, and how to fix it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters.

    Attributes:
        FATAL: The deployment cannot succeed. It cannot be acknowledged.
        ERROR: It must be fixed, or acknowledged beside its resource with a reason.
        WARNING: Worth a look; it never fails a check.
    """

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"

    @property
    def fails(self) -> bool:
        """Whether a finding of this severity makes a check fail."""
        return self is not Severity.WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a rule found in a template.

    Attributes:
        rule: Stable id of the rule, such as ``AURORA-SERVERLESS-V1`` or ``PCI-1.4.4-DB-PUBLIC``.
        severity: How much it matters.
        resource: Logical id of the resource; empty for the template as a whole.
        property: Dotted path inside the resource's properties; empty for the whole resource.
        message: What is wrong, with the region and the value.
        fix: What to write instead, concrete enough to paste.
        source: Where the rule's fact comes from: a document or a requirement.
    """

    rule: str
    severity: Severity
    resource: str
    property: str
    message: str
    fix: str
    source: str

    def as_json(self) -> dict[str, str]:
        """Return the finding as the published JSON object (see ``pcistack check --help``)."""
        return {key: str(value) for key, value in asdict(self).items()}


def sort_key(finding: Finding) -> tuple[int, str, str, str]:
    """Order findings by severity, then resource, property and rule: the same order every run."""
    rank = list(Severity).index(finding.severity)
    return (rank, finding.resource, finding.property, finding.rule)


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one: ``1 day``, ``0.5 days``."""
    shown = int(number) if number == int(number) else number
    return f"{shown} {noun}{'' if number == 1 else 's'}"
