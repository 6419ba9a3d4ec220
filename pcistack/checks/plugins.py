"""Thin adapters from the checks to CDK's validation plugins, which run at the end of synth."""

from __future__ import annotations

import atexit
import importlib.metadata
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii

from pcistack.checks import run
from pcistack.checks.findings import Finding, Severity, sort_key
from pcistack.checks.rule import Pack
from pcistack.regional import facts
from pcistack.template.document import Template

if TYPE_CHECKING:
    from cloudformation_validate import Diagnostic, Engine  # type: ignore[import-untyped]

_LONGEST: Final = 400
"""Characters of a message; some list every allowed value."""

_LEFT_OUT: Final = (
    "W3005",  # a dependency that a reference implies already: the CDK writes such, harmlessly
    "W9013",  # an account in an ARN: a stack that is bound to one writes it out
    "W3010",  # zones that are named: they are chosen on purpose, and REGION-ZONE checks them
)


class TemplatePlugin:
    """What the plugins share: they judge templates, each in a thread of its own.

    Node asks one plugin after the other, and runs cdk-nag's rules itself. A plugin that is asked
    first can let others begin, so that they work while Node does.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._begun: dict[tuple[str, str | None], Future[Sequence[Finding]]] = {}

    def begin(self, template_path: str, region: str | None) -> Future[Sequence[Finding]]:
        """Begin to judge a template, unless that has begun already."""
        key = (template_path, region)
        if key not in self._begun:
            self._begun[key] = self._thread.submit(self.findings, Path(template_path), region)
        return self._begun[key]

    def findings(self, template_path: Path, region: str | None) -> Sequence[Finding]:
        """Return what is found in one template."""
        raise NotImplementedError

    def report(
        self, context: cdk.IPolicyValidationContext, beside: Sequence[TemplatePlugin] = ()
    ) -> cdk.PolicyValidationPluginReport:
        """Return what is found in every template of the app.

        Args:
            context: Names the templates.
            beside: Plugins that begin with the same templates now.
        """
        stacks = [(stack.template_path, stack.region) for stack in context.stack_templates]
        for plugin in (self, *beside):
            for stack in stacks:
                plugin.begin(*stack)
        found = {stack: self.begin(*stack).result() for stack in stacks}
        return cdk.PolicyValidationPluginReport(
            success=not any(finding.severity.fails for each in found.values() for finding in each),
            violations=[
                _violation(finding, template_path)
                for (template_path, _), each in found.items()
                for finding in each
            ],
        )


@jsii.implements(cdk.IPolicyValidationPlugin)
class RulePackPlugin(TemplatePlugin):
    """Runs a rule pack on every synthesized template.

    A finding at level fatal or error fails synth; an error can be acknowledged beside its
    resource. What fails while checking fails synth too.
    """

    def __init__(self, pack: Pack[Any], *, on: date, beside: Sequence[TemplatePlugin] = ()) -> None:
        """Make the plugin.

        Args:
            pack: The rule pack; its title is the name in the validation report.
            on: The day for which support dates are judged.
            beside: Plugins that begin when this one is asked.
        """
        super().__init__()
        self._pack = pack
        self._on = on
        self._beside = beside
        self.outcomes: dict[Path, run.Outcome] = {}

    @property
    def name(self) -> str:
        """Name in the validation report."""
        return self._pack.title

    @property
    def version(self) -> str:
        """Version of this package."""
        return importlib.metadata.version("pcistack")

    @property
    def rule_ids(self) -> list[str]:
        """Ids of the pack's rules."""
        return [rule.id for rule in self._pack.rules]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Check every template of the app."""
        return self.report(context, self._beside)

    def findings(self, template_path: Path, region: str | None) -> Sequence[Finding]:
        """Find in one template.

        What the template acknowledges stays in the report as a warning with its reason, where
        CDK can record it as suppressed; it does not fail synth.
        """
        outcome = run.check_template(
            Template.read(template_path), (self._pack,), region=region, on=self._on
        )
        self.outcomes[template_path] = outcome
        accepted = [
            replace(
                finding,
                severity=Severity.WARNING,
                message=f"acknowledged ({reason.reason}): {finding.message}",
            )
            for finding, reason in outcome.acknowledged
        ]
        return sorted([*outcome.open, *accepted], key=sort_key)


@jsii.implements(cdk.IPolicyValidationPlugin)
class SchemaPlugin(TemplatePlugin):
    """Runs the native ``cloudformation-validate`` engine on every synthesized template.

    The same engine as CDK's built-in one, newer, started in a fraction of a second, and its
    errors fail synth. Information and hints are left out.
    """

    def __init__(self) -> None:
        """Make the plugin; its engine starts beside whatever the caller does next."""
        super().__init__()
        self._starting: Future[Engine] | None = ThreadPoolExecutor(1).submit(_start_engine)
        atexit.register(self._stop)  # the engine's destructor fails once the interpreter is gone

    def _stop(self) -> None:
        self._starting = None

    @property
    def name(self) -> str:
        """Name in the validation report.

        Not the engine's own name: CDK turns the errors of that plugin into warnings.
        """
        return "CloudFormation schema"

    @property
    def version(self) -> str:
        """Version of the engine."""
        return importlib.metadata.version("cloudformation-validate")

    @property
    def rule_ids(self) -> list[str]:
        """Left open: the engine has hundreds of rules, and listing them starts it."""
        return []

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validate every template of the app."""
        return self.report(context)

    def findings(self, template_path: Path, region: str | None) -> Sequence[Finding]:
        """Find in one template."""
        import cloudformation_validate as native

        config = native.ValidateConfig(
            severity_level=native.Severity.WARN,
            pseudo_parameter_overrides=native.PseudoParameterOverrides(region=region),
        )
        assert self._starting is not None
        report = self._starting.result().validate_template(str(template_path), config)
        template = Template.read(template_path)
        return [
            _finding(found)
            for found in report.diagnostics
            if found.rule_id not in _LEFT_OUT and not _is_known_version(found, template)
        ]


def _start_engine() -> Engine:
    from cloudformation_validate import CelEngine

    return CelEngine()


def _is_known_version(found: Diagnostic, template: Template) -> bool:
    """Whether the engine refuses an Aurora version that is newer than its data, but real.

    Its list of engine versions (E9006) is older than the facts: it refuses Aurora MySQL 3.10.6.
    """
    if found.rule_id != "E9006" or not (found.property_path or "").endswith("EngineVersion"):
        return False
    resource = template.resources.get(found.entity.logical_id) if found.entity else None
    if resource is None:
        return False
    engine, version = resource.properties.get("Engine"), resource.properties.get("EngineVersion")
    if not isinstance(engine, str) or not isinstance(version, str):
        return False
    return facts.unknown(None).engine_version(engine, version) == "available"


def _finding(found: Diagnostic) -> Finding:
    severities = {"WARN": Severity.WARNING, "ERROR": Severity.ERROR, "FATAL": Severity.FATAL}
    return Finding(
        rule=found.rule_id,
        severity=severities[found.severity.name],
        resource=found.entity.logical_id if found.entity else "",
        property=(found.property_path or "").removeprefix("Properties").lstrip("."),
        message=textwrap.shorten(found.message, _LONGEST, placeholder=" ..."),
        fix=found.suggested_fix or "",
        source=found.documentation_url or "",
    )


def _violation(finding: Finding, template_path: str) -> cdk.PolicyViolation:
    location = f"Properties.{finding.property}" if finding.property else ""
    return cdk.PolicyViolation(
        rule_name=finding.rule,
        description=finding.message,
        severity=finding.severity.value,
        fix="\n".join(_lines((finding.fix, finding.source))),
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=finding.resource or None,
                template_path=template_path,
                locations=[location] if location else [],
            )
        ],
    )


def _lines(parts: Iterable[str]) -> Iterator[str]:
    return (part for part in parts if part)
