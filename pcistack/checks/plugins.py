"""Thin adapters from the checks to CDK's validation plugins, which run at the end of synth."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii

from pcistack.checks import run
from pcistack.checks.findings import Finding, Severity, sort_key
from pcistack.checks.native import PACKAGE
from pcistack.checks.rule import Pack
from pcistack.checks.schema import engine
from pcistack.packs import SCHEMA
from pcistack.template.document import Template


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

    The findings of ``pcistack check``, which takes them from the same place; errors fail synth.
    """

    def __init__(self) -> None:
        """Make the plugin; its engine starts beside whatever the caller does next."""
        super().__init__()
        self._engine = engine()

    @property
    def name(self) -> str:
        """Name in the validation report.

        Not the engine's own name: CDK turns the errors of that plugin into warnings.
        """
        return SCHEMA.title

    @property
    def version(self) -> str:
        """Version of the engine."""
        return importlib.metadata.version(PACKAGE)

    @property
    def rule_ids(self) -> list[str]:
        """Left open: the engine has hundreds of rules, and listing them starts it."""
        return []

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validate every template of the app."""
        return self.report(context)

    def findings(self, template_path: Path, region: str | None) -> Sequence[Finding]:
        """Find in one template."""
        return self._engine.begin(Template.read(template_path), region).result()


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
