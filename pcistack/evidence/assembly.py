"""Read one stack of a cloud assembly: its template, and what was found in it at synthesis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pcistack.checks import record
from pcistack.checks.record import Record, RecordError
from pcistack.naming import STACK_PREFIX, environment_tags
from pcistack.template.cloud_assembly import MANIFEST, Stack, every_stack
from pcistack.template.document import Template, TemplateError
from pcistack.verified import content_digest

_SUFFIX_TAG: Final = "EnvironmentSuffix"
REPORT: Final = "validation-report.json"

_ModelT = TypeVar("_ModelT", bound=BaseModel)


class AssemblyError(ValueError):
    """The assembly cannot be used; the message says what is missing and how to make it."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _CloudFormationResource(_Model):
    template: str = Field(default="", alias="templatePath")
    logical_id: str = Field(default="", alias="logicalId")


class ViolatingConstruct(_Model):
    """A resource that a check of the synthesis found fault with."""

    path: str = Field(default="", alias="constructPath")
    resource: _CloudFormationResource = Field(
        default=_CloudFormationResource(), alias="cloudFormationResource"
    )


class Violation(_Model):
    """What a check of the synthesis found; ``reason`` is there when it was acknowledged."""

    rule: str = Field(alias="ruleName")
    severity: str = ""
    constructs: tuple[ViolatingConstruct, ...] = Field(default=(), alias="violatingConstructs")
    reason: str = ""


class PluginReport(_Model):
    """The result of one set of checks."""

    name: str = Field(alias="pluginName")
    version: str = Field(default="", alias="pluginVersion")
    violations: tuple[Violation, ...] = ()
    suppressed: tuple[Violation, ...] = Field(default=(), alias="suppressedViolations")


class ValidationReport(_Model):
    """``validation-report.json`` as the synthesis writes it."""

    plugins: tuple[PluginReport, ...] = Field(alias="pluginReports")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedStack:
    """One stack of a cloud assembly.

    Attributes:
        stack: Name of the stack.
        account: Account that it is synthesized for; None if it is not bound to one.
        region: Region it is synthesized for; None if it is not bound to one.
        template: Its template.
        sha256: Digest of the template file, so that the evidence names exactly what it is about.
        content: Digest of what the template says: of its JSON with sorted keys, however it is
            written, so that it can be compared with what CloudFormation has.
        record: What the checks of the synthesis found in this very file; None without a record.
        report: What CDK's report says of the stack, by set of checks; None without a report.
    """

    stack: str
    account: str | None
    region: str | None
    template: Template
    sha256: str
    content: str
    record: Record | None
    report: ValidationReport | None

    @property
    def environment(self) -> str:
        """What the stack is called in short: the suffix, for a stack of this project."""
        tagged = environment_tags(self.template).get(_SUFFIX_TAG)
        return tagged or self.stack.removeprefix(STACK_PREFIX)

    @classmethod
    def read(
        cls, directory: Path, stack: str | None = None, *, suffix: str | None = None
    ) -> AssessedStack:
        """Read the files of one stack.

        Args:
            directory: The cloud assembly, such as ``cdk.out``.
            stack: Name of the stack, or its path in the app; None for the only one.
            suffix: Environment suffix, which chooses the stack that is tagged with it.

        Raises:
            AssemblyError: A file is missing or unreadable, or is not the one that was synthesized.
        """
        if suffix is not None:
            stack = _named(directory, suffix)
        chosen = _chosen(directory, stack)
        file = chosen.template
        hint = _how_to_fix(chosen.name, directory)
        if not file.is_file():
            raise AssemblyError(f"{file}: no such file. {hint}")
        try:
            template = Template.read(file)
            digest = record.digest(file)
            kept = record.read(directory)
        except (TemplateError, RecordError) as error:
            raise AssemblyError(f"{error}. {hint}") from None
        _refuse_other(chosen, digest, kept, hint)
        return cls(
            stack=chosen.name,
            account=chosen.account,
            region=chosen.region,
            template=template,
            sha256=digest,
            content=content_digest(template.body),
            record=kept if kept is not None and digest in kept.outcomes else None,
            report=_report(directory, chosen),
        )


def _refuse_other(stack: Stack, digest: str, kept: Record | None, hint: str) -> None:
    """Refuse a template that is not the one that was synthesized and judged."""
    judged = ""
    if kept is not None and digest not in kept.outcomes:
        judged = kept.templates.get(stack.template.name, "")
    for source, known in ((MANIFEST, stack.digest), (record.FILE, judged)):
        if known not in ("", digest):
            raise AssemblyError(
                f"{stack.template}: changed after the synthesis: its SHA-256 is {digest[:12]}..., "
                f"{source} says {known[:12]}.... {hint}"
            )


def _named(directory: Path, suffix: str) -> str:
    """Return the name of an environment's stack: that which is tagged so, or called so."""
    try:
        for stack in every_stack(directory):
            if environment_tags(Template.read(stack.template)).get(_SUFFIX_TAG) == suffix:
                return stack.name
    except TemplateError:
        pass  # said where the stack is read
    return f"{STACK_PREFIX}{suffix}"


def _chosen(directory: Path, stack: str | None) -> Stack:
    try:
        found = sorted(every_stack(directory), key=lambda one: one.shown or one.id)
    except TemplateError as error:
        raise AssemblyError(f"{error}. {_how_to_fix(stack, directory)}") from None
    held = ", ".join(sorted(one.name for one in found)) or "no stack"
    if stack is None:
        if len(found) != 1:
            raise AssemblyError(f"{directory}: holds {held}; choose one with --stack NAME")
        return found[0]
    chosen = [one for one in found if stack in one.names]
    if not chosen and stack.startswith(STACK_PREFIX):  # of another project, as its file names it
        suffix = stack.removeprefix(STACK_PREFIX)
        chosen = [one for one in found if one.name.partition("-")[2] == suffix]
    if len(chosen) > 1:
        paths = ", ".join(sorted(one.shown or one.id for one in chosen))
        raise AssemblyError(f"{directory}: {stack} is several stacks; name one of {paths}")
    if not chosen:
        raise AssemblyError(
            f"{directory / MANIFEST}: the last synthesis was of {held}, not of {stack}. "
            f"{_how_to_fix(stack, directory)}"
        )
    return chosen[0]


def _how_to_fix(stack: str | None, directory: Path) -> str:
    if stack is None or not stack.startswith(STACK_PREFIX):
        return f"Synthesize it again, such as by `cdk synth --output {directory}`."
    option = "" if directory.name == "cdk.out" else f" and copy cdk.out to {directory}"
    return f"Run `make synth SUFFIX={stack.removeprefix(STACK_PREFIX)}` first{option}."


def _parse(model: type[_ModelT], file: Path, stack: str | None) -> _ModelT:
    try:
        return model.model_validate_json(file.read_bytes())
    except OSError as error:
        raise AssemblyError(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AssemblyError(
            f"{file}: not what a synthesis writes ({where + ': ' if where else ''}{first['msg']}). "
            f"{_how_to_fix(stack, file.parent)}"
        ) from None


def _report(directory: Path, stack: Stack) -> ValidationReport | None:
    """Return what CDK's report says of a stack; None if the synthesis left no report."""
    file = directory / REPORT
    if not file.is_file():
        return None
    report = _parse(ValidationReport, file, stack.name)
    relative = stack.template.relative_to(directory).as_posix()
    return _only(report, relative, stack)


def _only(report: ValidationReport, template: str, stack: Stack) -> ValidationReport:
    """Leave out what the report says of other stacks of the same assembly."""

    def ours(construct: ViolatingConstruct) -> bool:
        if construct.resource.template:
            return construct.resource.template == template
        names = stack.names
        return construct.path == "" or any(
            construct.path == name or construct.path.startswith(f"{name}/") for name in names
        )

    def keep(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
        kept = (
            violation.model_copy(update={"constructs": tuple(filter(ours, violation.constructs))})
            for violation in violations
        )
        return tuple(
            new
            for new, old in zip(kept, violations, strict=True)
            if new.constructs or not old.constructs
        )

    return ValidationReport(
        pluginReports=tuple(
            plugin.model_copy(
                update={
                    "violations": keep(plugin.violations),
                    "suppressed": keep(plugin.suppressed),
                }
            )
            for plugin in report.plugins
        )
    )
