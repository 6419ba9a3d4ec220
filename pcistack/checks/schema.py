"""The engine that judges templates by the schemas of their resources, and what is taken from it.

The native ``cloudformation-validate``, the same engine as CDK's built-in one, newer. It is there
with the extra ``schema`` (or ``cdk``); synth and ``pcistack check`` take the same findings from it.
"""

from __future__ import annotations

import difflib
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Final

from pcistack.checks.diagnostics import Diagnostic, EngineError
from pcistack.checks.findings import Finding, Severity
from pcistack.checks.native import PACKAGE, native
from pcistack.packs import schema_page
from pcistack.regional import facts
from pcistack.template.document import SAM, Json, Template
from pcistack.template.uses import uses

NOT_JUDGED: Final = "TEMPLATE-SCHEMA"
_LONGEST: Final = 400
"""Characters of a message; some list every allowed value."""

_MOST_SUBSTITUTIONS: Final = 3_000
"""The engine's time grows with their square: 40,000 that are not closed take minutes."""

_MOST_RESOURCES: Final = 2_000
"""Four times what CloudFormation takes; here too the time grows with the square."""

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
    "E0001": Severity.WARNING,  # its own transform, which takes no intrinsic functions in events
    "F3006": Severity.ERROR,  # a type may be newer than its data
    "E1029": Severity.WARNING,  # "${X}" outside Fn::Sub: scripts and build files are full of it
    "E7001": Severity.WARNING,  # the characters of a mapping's keys: CloudFormation takes more
}


class SchemaEngine:
    """Judges templates one after the other, beside whatever the caller does next."""

    def __init__(self) -> None:
        """Start the engine, if nothing has yet."""
        self._engine = native()
        self._thread = ThreadPoolExecutor(1)

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
        if set(template.macros) - {SAM}:
            return ()  # what a template is before its macros says nothing; TEMPLATE-MACRO tells
        if len(template.resources) > _MOST_RESOURCES:
            return (_not_judged(f"more than {_MOST_RESOURCES:,} of them"),)
        text = json.dumps(template.body)
        if text.count("${") > _MOST_SUBSTITUTIONS:
            return (_not_judged(f"more than {_MOST_SUBSTITUTIONS:,} substitutions"),)
        given = {name: _text(value) for name, value in parameters.items() if value is not None}
        try:
            found = self._engine.judge(text, region, given)
        except EngineError as error:
            return (_not_judged(str(error)),)
        return [
            finding for each in found if (finding := _finding(each, template, region)) is not None
        ]


@cache
def engine() -> SchemaEngine:
    """Return the one of this process."""
    return SchemaEngine()


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
    name, path = found.name, found.path
    resource = template.resources.get(name)
    if found.rule in _LEFT_OUT or _is_wrong(found, template, region):
        return None
    severity = _MILDER.get(found.rule, Severity(found.level))
    if found.rule == "F3020" and found.kind == "AWS::RDS::DBInstance":
        severity = Severity.WARNING  # CloudFormation drops what a replica takes from its source
    message = found.message
    slip = found.rule == "W3030" and (_is_slip(message) or _is_closed(found))
    if slip and not _parameters_at(found, template):
        severity = Severity.ERROR
    if severity is not Severity.WARNING and found.scenario:
        states = (f"{key} is {str(value).lower()}" for key, value in found.scenario.items())
        message = f"if {' and '.join(states)}: {message}"
    if severity is Severity.FATAL and not _is_certain(found, template):
        severity = Severity.ERROR
    if name and resource is None:
        message = f"{name}: {message}"
    return Finding(
        rule=found.rule,
        severity=severity,
        resource=name if resource is not None else "",
        property=path.removeprefix("Properties").lstrip(".") if resource is not None else "",
        message=textwrap.shorten(message, _LONGEST, placeholder=" ..."),
        fix=found.fix,
        source=schema_page(found.rule),
    )


_QUOTED: Final = re.compile(r"'([^']*)'")
_DIGITS: Final = re.compile(r"\d+")
_CLOSE: Final = 0.8
"""How alike a value and an allowed one are, from 0 to 1, where one is the other misspelt."""


_CLOSED: Final = (
    *("AttributeType", "BillingMode", "ComparisonOperator", "CountryCodes", "KeyType"),
    *("PositionalConstraint", "ProjectionType", "StreamViewType", "Tier"),
)
"""Properties with choices that do not grow: countries, comparisons, kinds of keys."""


def _is_closed(found: Diagnostic) -> bool:
    names = [step for step in found.path.split(".") if not step.isdecimal()]
    return bool(names) and names[-1] in _CLOSED


def _is_slip(message: str) -> bool:
    """Whether a value is an allowed one misspelt; one that is only unknown may be younger."""
    value, *allowed = _QUOTED.findall(message) or [""]
    alike = [one for one in allowed if _DIGITS.findall(one) == _DIGITS.findall(value)]
    lower = [one.lower() for one in alike]
    return bool(difflib.get_close_matches(value.lower(), lower, 1, _CLOSE))


def _is_certain(found: Diagnostic, template: Template) -> bool:
    """Whether a finding holds whatever is chosen, and does not come from a default."""
    return not found.scenario and not _parameters_at(found, template)


def _parameters_at(found: Diagnostic, template: Template) -> frozenset[str]:
    """Return the parameters that decide what stands where a finding is."""
    named = uses(_node(found, template)).names
    return frozenset(named) & frozenset(template.section("Parameters"))


def _node(found: Diagnostic, template: Template) -> object:
    """Return what the template has at the place of a finding, or the nearest thing above it."""
    resource = template.resources.get(found.name)
    node: object = resource.body if resource is not None else {}
    for step in found.path.split("."):
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            break
    return node


def _is_wrong(found: Diagnostic, template: Template, region: str | None) -> bool:
    """Whether the engine errs, of which public templates that AWS accepts are the proof."""
    if found.level != "warning":
        if found.name in template.resources and template.uses(found.name).macros:
            return True  # what a macro adds to the properties is not there yet
        if "{}" in found.path.split("."):
            return True  # an item that a choice brings: its other choices are mixed up
        if found.scenario and _parameters_at(found, template):
            return True  # it assumes a choice, and takes the default that chooses otherwise
    match found.rule:
        case "F1020" | "F6101":
            return SAM in template.macros  # names of what the transform makes
        case "F3006":
            return _is_judged_type(found, region)
        case "E9006":
            # one value is judged beside another: of choices it mixes what never meets
            return _is_known_version(found, template) or bool(_parameters_at(found, template))
        case "E1022":
            return "Fn::GetAZs" in found.message  # a list of texts, which Fn::Join takes
        case "F3020":
            return _node(found, template) in ([], {})  # an empty list sets nothing
    return False


def _is_judged_type(found: Diagnostic, region: str | None) -> bool:
    """Whether REGION-RESOURCE-TYPE judges a type, by two sources; or only the account knows it."""
    if not found.kind.startswith("AWS::"):
        return True
    return facts.of(region).resource_type(found.kind) is not facts.Availability.UNKNOWN


def _is_known_version(found: Diagnostic, template: Template) -> bool:
    """Whether the engine refuses an Aurora version that is newer than its data, but real.

    Its list of engine versions (E9006) is older than the facts: it refuses Aurora MySQL 3.10.6.
    """
    if not found.path.endswith("EngineVersion"):
        return False
    resource = template.resources.get(found.name)
    if resource is None:
        return False
    engine, version = resource.properties.get("Engine"), resource.properties.get("EngineVersion")
    if not isinstance(engine, str) or not isinstance(version, str):
        return False
    return facts.unknown(None).engine_version(engine, version) == "available"
