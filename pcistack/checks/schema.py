"""The engine that judges templates by the schemas of their resources, and what is taken from it.

The native ``cloudformation-validate``, the same engine as CDK's built-in one, newer. It is there
with the extra ``schema`` (or ``cdk``); synth and ``pcistack check`` take the same findings from it.
"""

from __future__ import annotations

import atexit
import json
import textwrap
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

from pcistack.checks.findings import Finding, Severity
from pcistack.packs import schema_page
from pcistack.regional import facts
from pcistack.template.document import SAM, Json, Template
from pcistack.template.uses import uses

if TYPE_CHECKING:
    from cloudformation_validate import Diagnostic, Engine  # type: ignore[import-untyped]

PACKAGE: Final = "cloudformation-validate"
NOT_JUDGED: Final = "TEMPLATE-SCHEMA"
_LONGEST: Final = 400
"""Characters of a message; some list every allowed value."""

_MOST_SUBSTITUTIONS: Final = 3_000
"""The engine's time grows with their square: 40,000 that are not closed take minutes."""

_LEFT_OUT: Final[Mapping[str, str]] = {
    "F0001": "whether there is a resource is asked before; loops and macros bring some",
    "F3004": "TEMPLATE-DEPENDENCIES judges circles, those under conditions too",
    "W1011": "PCI-8.6.2 and its neighbours judge secrets, by what is in them",
    "W1019": "style: a variable that nothing uses",
    "W1020": "style: Fn::Sub without a variable",
    "W2001": "style: a parameter that nothing uses",
    "W2010": "the PCI rules judge where secrets come out",
    "W2508": "the PCI rules judge who reaches a port, by the whole network",
    "W2509": "the PCI rules judge parameters that hold secrets",
    "W3002": "a path that the package command replaces before the deployment",
    "W3005": "a dependency that a reference implies already: the CDK writes such, harmlessly",
    "W3010": "zones that are named: they are chosen on purpose, and REGION-ZONE checks them",
    "W3045": "the PCI rules judge access control lists",
    "W7001": "style: a mapping that nothing uses",
    "W8001": "style: a condition that nothing uses",
    "W9002": "style: an ARN that is written out",
    "W9003": "CloudFormation itself turns texts into numbers and flags",
    "W9008": "the PCI rules judge encryption",
    "W9010": "style: an image that is named",
    "W9013": "an account in an ARN: a stack that is bound to one writes it out",
    "W9052": "about the engine's own bounds",
}
"""Rules of the engine that are not reported, each with its reason."""

_MILDER: Final[Mapping[str, Severity]] = {
    "E1029": Severity.WARNING,  # "${X}" outside Fn::Sub: scripts and build files are full of it
    "E7001": Severity.WARNING,  # the characters of a mapping's keys: CloudFormation takes more
}
_SEVERITIES: Final = {
    "WARN": Severity.WARNING,
    "ERROR": Severity.ERROR,
    "FATAL": Severity.FATAL,
}


class SchemaEngine:
    """The engine, started in a thread of its own beside whatever the caller does next."""

    def __init__(self) -> None:
        """Start it."""
        self._thread = ThreadPoolExecutor(1)
        self._engine: Future[Engine] | None = self._thread.submit(_start)
        atexit.register(self._stop)  # the engine's destructor fails once the interpreter is gone

    def _stop(self) -> None:
        self._engine = None

    def begin(
        self,
        template: Template,
        region: str | None,
        parameters: Mapping[str, Json] | None = None,
    ) -> Future[Sequence[Finding]]:
        """Begin to judge a template; parameters are values that a caller gives."""
        return self._thread.submit(self._findings, template, region, parameters or {})

    def _findings(
        self, template: Template, region: str | None, parameters: Mapping[str, Json]
    ) -> Sequence[Finding]:
        import cloudformation_validate as native

        if set(template.macros) - {SAM}:
            return ()  # what a template is before its macros says nothing; TEMPLATE-MACRO tells
        config = native.ValidateConfig(
            severity_level=native.Severity.WARN,
            pseudo_parameter_overrides=native.PseudoParameterOverrides(region=region),
            parameter_overrides={
                name: _text(value) for name, value in parameters.items() if value is not None
            },
        )
        assert self._engine is not None
        text = json.dumps(template.body)
        if text.count("${") > _MOST_SUBSTITUTIONS:
            return (_not_judged(f"more than {_MOST_SUBSTITUTIONS} substitutions"),)
        content = native.TemplateContent(text, "template.json")
        try:
            report = self._engine.result().validate_template(content, config)
        except (native.ValidationError, ValueError) as error:  # pyright: ignore[reportGeneralTypeIssues]
            return (_not_judged(str(error)),)
        return [
            finding
            for found in report.diagnostics
            if (finding := _finding(found, template, region)) is not None
        ]


@cache
def engine() -> SchemaEngine:
    """Return the engine of this process; it is started once."""
    return SchemaEngine()


def _start() -> Engine:
    from cloudformation_validate import CelEngine

    return CelEngine()


def _text(value: Json) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _not_judged(why: str) -> Finding:
    return Finding(
        rule=NOT_JUDGED,
        severity=Severity.WARNING,
        resource="",
        property="",
        message=textwrap.shorten(f"the schemas of its resources are not judged ({why})", _LONGEST),
        fix="check it with cfn-lint",
        source=PACKAGE,
    )


def _finding(found: Diagnostic, template: Template, region: str | None) -> Finding | None:
    """Return what one diagnostic of the engine says; None for one that is left out."""
    name = found.entity.logical_id if found.entity else ""
    resource = template.resources.get(name)
    path = found.property_path or ""
    if found.rule_id in _LEFT_OUT or _is_wrong(found, template, region):
        return None
    severity = _MILDER.get(found.rule_id, _SEVERITIES[found.severity.name])
    message = found.message
    if severity is not Severity.WARNING and found.condition_scenario:
        states = (f"{key} is {str(value).lower()}" for key, value in _scenario(found).items())
        message = f"if {' and '.join(states)}: {message}"
    if severity is Severity.FATAL and not _is_certain(found, template):
        severity = Severity.ERROR
    if name and resource is None:
        message = f"{name}: {message}"
    return Finding(
        rule=found.rule_id,
        severity=severity,
        resource=name if resource is not None else "",
        property=path.removeprefix("Properties").lstrip(".") if resource is not None else "",
        message=textwrap.shorten(message, _LONGEST, placeholder=" ..."),
        fix=found.suggested_fix or "",
        source=found.documentation_url or schema_page(found.rule_id),
    )


def _scenario(found: Diagnostic) -> Mapping[str, bool]:
    return found.condition_scenario or {}


def _is_certain(found: Diagnostic, template: Template) -> bool:
    """Whether a finding holds whatever is chosen, and does not come from a default."""
    return not found.condition_scenario and not _parameters_at(found, template)


def _parameters_at(found: Diagnostic, template: Template) -> frozenset[str]:
    """Return the parameters that decide what stands where a finding is."""
    named = uses(_node(found, template)).names
    return frozenset(named) & frozenset(template.section("Parameters"))


def _node(found: Diagnostic, template: Template) -> object:
    """Return what the template has at the place of a finding, or the nearest thing above it."""
    resource = template.resources.get(found.entity.logical_id) if found.entity else None
    node: object = resource.body if resource is not None else {}
    for step in (found.property_path or "").split("."):
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            break
    return node


def _is_wrong(found: Diagnostic, template: Template, region: str | None) -> bool:
    """Whether the engine errs, of which public templates that AWS accepts are the proof."""
    name = found.entity.logical_id if found.entity else ""
    path = found.property_path or ""
    if found.severity.name != "WARN":
        if name in template.resources and template.uses(name).macros:
            return True  # what a macro adds to the properties is not there yet
        if "{}" in path.split("."):
            return True  # an item that a choice brings: its other choices are mixed up
        if found.condition_scenario and _parameters_at(found, template):
            return True  # it assumes a choice, and takes the default that chooses otherwise
    match found.rule_id:
        case "F3006":
            return _is_known_type(found, region)
        case "E9006":
            # one value is judged beside another: of choices it mixes what never meets
            return _is_known_version(found, template) or bool(_parameters_at(found, template))
        case "E1022":
            return "Fn::GetAZs" in found.message  # a list of texts, which Fn::Join takes
        case "F3020":
            return _node(found, template) in ([], {})  # an empty list sets nothing
    return False


def _is_known_type(found: Diagnostic, region: str | None) -> bool:
    """Whether a type is newer than the engine's data, or registered in the account."""
    kind = (found.entity.resource_type if found.entity else "") or ""
    if not kind.startswith("AWS::"):
        return True
    return facts.of(region).resource_type(kind) is facts.Availability.AVAILABLE


def _is_known_version(found: Diagnostic, template: Template) -> bool:
    """Whether the engine refuses an Aurora version that is newer than its data, but real.

    Its list of engine versions (E9006) is older than the facts: it refuses Aurora MySQL 3.10.6.
    """
    if not (found.property_path or "").endswith("EngineVersion"):
        return False
    resource = template.resources.get(found.entity.logical_id) if found.entity else None
    if resource is None:
        return False
    engine, version = resource.properties.get("Engine"), resource.properties.get("EngineVersion")
    if not isinstance(engine, str) or not isinstance(version, str):
        return False
    return facts.unknown(None).engine_version(engine, version) == "available"
