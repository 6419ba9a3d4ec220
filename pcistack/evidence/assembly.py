"""Read one environment's part of a cloud assembly: its template and the report of its checks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pcistack.naming import STACK_PREFIX
from pcistack.template.document import Template, TemplateError

REPORT: Final = "validation-report.json"
MANIFEST: Final = "manifest.json"


_ModelT = TypeVar("_ModelT", bound=BaseModel)


class AssemblyError(ValueError):
    """The assembly cannot be used; the message says what is missing and how to make it."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _CloudFormationResource(_Model):
    template: str = Field(default="", alias="templatePath")
    logical_id: str = Field(default="", alias="logicalId")
    properties: tuple[str, ...] = Field(default=(), alias="propertyPaths")


class ViolatingConstruct(_Model):
    """A resource that a check of the synthesis found fault with."""

    path: str = Field(default="", alias="constructPath")
    resource: _CloudFormationResource = Field(
        default=_CloudFormationResource(), alias="cloudFormationResource"
    )


class Violation(_Model):
    """What a check of the synthesis found; ``reason`` is there when it was acknowledged."""

    rule: str = Field(alias="ruleName")
    description: str = ""
    severity: str = ""
    constructs: tuple[ViolatingConstruct, ...] = Field(default=(), alias="violatingConstructs")
    reason: str = ""


class PluginReport(_Model):
    """The result of one set of checks."""

    name: str = Field(alias="pluginName")
    version: str = Field(default="", alias="pluginVersion")
    conclusion: str = ""
    violations: tuple[Violation, ...] = ()
    suppressed: tuple[Violation, ...] = Field(default=(), alias="suppressedViolations")


class Report(_Model):
    """``validation-report.json`` as the synthesis writes it."""

    plugins: tuple[PluginReport, ...] = Field(alias="pluginReports")


class _Artifact(_Model):
    type: str = ""
    environment: str = ""


class _Manifest(_Model):
    artifacts: Mapping[str, _Artifact] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """One environment of a cloud assembly.

    Attributes:
        suffix: The environment's suffix.
        stack: Name of its stack.
        region: Region it is synthesized for; None if it is not bound to one.
        template: Its template.
        sha256: Digest of the template file, so that the evidence names exactly what it is about.
        report: What the checks of the synthesis found and what was acknowledged.
    """

    suffix: str
    stack: str
    region: str | None
    template: Template
    sha256: str
    report: Report

    @classmethod
    def read(cls, directory: Path, suffix: str) -> Assembly:
        """Read the files of one environment.

        Args:
            directory: The cloud assembly, such as ``cdk.out``.
            suffix: The environment's suffix.

        Raises:
            AssemblyError: A file is missing or unreadable, or the report belongs to other stacks.
        """
        stack = f"{STACK_PREFIX}{suffix}"
        template_file = directory / f"{stack}.template.json"
        report_file = directory / REPORT
        for file in (template_file, report_file, directory / MANIFEST):
            if not file.is_file():
                raise AssemblyError(f"{file}: no such file. {_how_to_fix(suffix, directory)}")
        manifest = _parse(_Manifest, directory / MANIFEST, suffix)
        artifact = manifest.artifacts.get(stack)
        if artifact is None:
            held = sorted(
                name
                for name, item in manifest.artifacts.items()
                if item.type == "aws:cloudformation:stack"
            )
            raise AssemblyError(
                f"{directory / MANIFEST}: the last synthesis was of {', '.join(held) or 'no stack'}"
                f", so {REPORT} does not cover {stack}. {_how_to_fix(suffix, directory)}"
            )
        report = _parse(Report, report_file, suffix)
        try:
            template = Template.read(template_file)
            digest = hashlib.sha256(template_file.read_bytes()).hexdigest()
        except TemplateError as error:
            raise AssemblyError(f"{error}. {_how_to_fix(suffix, directory)}") from None
        return cls(
            suffix=suffix,
            stack=stack,
            region=_region(artifact.environment),
            template=template,
            sha256=digest,
            report=_only(report, template_file.name, stack),
        )


def _how_to_fix(suffix: str, directory: Path) -> str:
    option = "" if directory.name == "cdk.out" else f" and copy cdk.out to {directory}"
    return f"Run `make synth SUFFIX={suffix}` first{option}."


def _parse(model: type[_ModelT], file: Path, suffix: str) -> _ModelT:
    try:
        return model.model_validate_json(file.read_bytes())
    except OSError as error:
        raise AssemblyError(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AssemblyError(
            f"{file}: not what a synthesis writes ({where + ': ' if where else ''}{first['msg']}). "
            f"{_how_to_fix(suffix, file.parent)}"
        ) from None


def _region(environment: str) -> str | None:
    """Return the region of ``aws://account/region``, as the manifest writes it."""
    region = environment.rpartition("/")[2]
    return region if region and not region.startswith("unknown-") else None


def _only(report: Report, template: str, stack: str) -> Report:
    """Leave out what the report says of other stacks of the same assembly."""

    def ours(construct: ViolatingConstruct) -> bool:
        if construct.resource.template:
            return Path(construct.resource.template).name == template
        return construct.path in ("", stack) or construct.path.startswith(f"{stack}/")

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

    return Report(
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
