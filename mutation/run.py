"""Mutation run of the PCI DSS rules: loosen every property of the production template, once.

Each mutant is the shipped template with one property removed, flipped or loosened. The mutants
come from CloudFormation's resource schemas (as cfn-lint carries them): every property that the
template has, and every absent flag and choice that a schema offers beside them. A mutant is
killed when a rule finds something that it does not find in the template itself. One that no rule
kills has to be harmless, for a reason given in :mod:`mutation.harmless`; else it survives, and
the run fails.

Run it with ``make mutation``; with ``--write`` the numbers go into ``docs/compliance.md``.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, cast

from benchmarks.page import write_between
from mutation.harmless import HARMLESS, Harmless
from pcistack.checks.findings import Finding
from pcistack.checks.run import check_template
from pcistack.pci_dss.pack import PACK
from pcistack.template.document import Json, Template

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "compliance.md"
MARKER: Final = "<!-- mutation -->"
REGION: Final = "eu-central-2"
ZONES: Final = ("eu-central-2a", "eu-central-2b", "eu-central-2c")
DAY: Final = date(2026, 11, 24)

_TYPES_SHOWN: Final = 14
_REASONS_SHOWN: Final = 12

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one resource.

    Attributes:
        resource: Logical id.
        type: CloudFormation type.
        path: Where in ``Properties``.
        where: The path as text; a list's item is named by its ``Key``, ``Name`` or ``Sid``, else
            it is a star.
        change: ``delete`` (the whole resource), ``remove``, ``flip``, ``choose``, ``lowest``,
            ``highest``, ``drop``, ``open``, ``swap`` or ``add``.
        value: The new value; None for a removal.
    """

    resource: str
    type: str
    path: Path_
    where: str
    change: str
    value: Json = None

    def __str__(self) -> str:
        exact = ".".join(str(step) for step in self.path)
        value = (
            "" if self.change in ("delete", "remove", "drop") else f" {json.dumps(self.value)[:60]}"
        )
        return f"{self.type} {self.resource}: {self.change} {exact}{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a mutant: the rules that kill it, or the reason why it is harmless."""

    mutant: Mutant
    rules: tuple[str, ...]
    harmless: Harmless | None

    @property
    def survives(self) -> bool:
        """Whether it counts against the rules."""
        return not self.rules and self.harmless is None


# Schemas


def _data() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    assert spec is not None, "cfn-lint is a development dependency"
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "schemas"


@cache
def _index() -> dict[str, str]:
    text = (_data() / "providers" / f"{REGION}.json").read_text(encoding="utf-8")
    return cast("dict[str, str]", json.loads(text))


@cache
def schema(kind: str) -> dict[str, Json]:
    """Return the resource schema of a CloudFormation type; empty if there is none."""
    name = _index().get(kind)
    if name is None:
        return {}
    text = (_data() / "resources" / f"{name}.json").read_text(encoding="utf-8")
    return cast("dict[str, Json]", json.loads(text))


def _resolved(node: Json, root: Mapping[str, Json]) -> dict[str, Json]:
    """Follow ``$ref`` and merge what ``oneOf``, ``anyOf`` and ``allOf`` add."""
    if not isinstance(node, dict):
        return {}
    reference = node.get("$ref")
    if isinstance(reference, str):
        target: Json = dict(root)
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        return _resolved(target, root)
    found = dict(node)
    for key in ("oneOf", "anyOf", "allOf"):
        for choice in _list(node.get(key)):
            for name, value in _resolved(choice, root).items():
                found.setdefault(name, value)
    return found


def _list(node: Json) -> list[Json]:
    return node if isinstance(node, list) else []


def _object(node: Json) -> dict[str, Json]:
    return node if isinstance(node, dict) else {}


# Mutants


def mutants(template: Template) -> Iterator[Mutant]:
    """Yield every mutant of a template, in its order."""
    for logical_id, resource in template.resources.items():
        if not _referred(template, logical_id):  # else CloudFormation refuses the template
            yield Mutant(
                resource=logical_id, type=resource.type, path=(), where="", change="delete"
            )
        root = schema(resource.type)
        if not root:
            continue
        read_only = {
            str(path).removeprefix("/properties/") for path in _list(root.get("readOnlyProperties"))
        }
        walker = _Walker(template, logical_id, resource.type, root, frozenset(read_only))
        yield from walker.objects(dict(resource.properties), root, ())


@dataclass(frozen=True, slots=True)
class _Walker:
    """Walks one resource beside its schema."""

    template: Template
    logical_id: str
    type: str
    root: dict[str, Json]
    read_only: frozenset[str]

    def mutant(self, path: Path_, change: str, value: Json = None) -> Mutant:
        return Mutant(
            resource=self.logical_id,
            type=self.type,
            path=path,
            where=self.label(path),
            change=change,
            value=value,
        )

    def label(self, path: Path_) -> str:
        """Return a path with list items named by what they are about."""
        node: Json = dict(self.template.resources[self.logical_id].properties)
        steps: list[str] = []
        for step in path:
            if isinstance(step, str):
                node = _object(node).get(step)
                steps.append(step)
            else:
                node = _list(node)[step]
                steps.append(_name(node))
        return ".".join(steps)

    def objects(
        self, value: dict[str, Json], node: dict[str, Json], path: Path_
    ) -> Iterator[Mutant]:
        """Mutants of an object: its properties, and what its schema offers beside them."""
        properties = _object(node.get("properties"))
        required = {str(name) for name in _list(node.get("required"))}
        for name, item in value.items():
            here = (*path, name)
            if name not in required:
                yield self.mutant(here, "remove")
            yield from self.values(item, _resolved(properties.get(name), self.root), here)
        for name, child in properties.items():
            here = (*path, name)
            if name not in value and "/".join(str(s) for s in here) not in self.read_only:
                yield from self.absent(_resolved(child, self.root), here)

    def absent(self, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        """Flags and choices that a schema offers and the template does not set."""
        if node.get("type") == "boolean":
            yield self.mutant(path, "add", True)
            yield self.mutant(path, "add", False)
        for choice in _list(node.get("enum")):
            yield self.mutant(path, "add", choice)

    def values(self, value: Json, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        """Mutants of one value."""
        if _is_function(value):
            yield from self.swapped(value, path)
            return
        if isinstance(value, dict):
            yield from self.objects(value, node, path)
        elif isinstance(value, list):
            yield from self.items(value, _resolved(node.get("items"), self.root), path)
        else:
            yield from self.scalars(value, node, path)

    def items(self, value: list[Json], node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        for index, item in enumerate(value):
            here = (*path, index)
            if len(value) > 1:
                yield self.mutant(here, "drop")
            yield from self.values(item, node, here)

    def scalars(self, value: Json, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        if isinstance(value, bool):
            yield self.mutant(path, "flip", not value)
        elif isinstance(value, int | float):
            yield from self.numbers(value, node, path)
        elif isinstance(value, str):
            yield from self.texts(value, node, path)

    def numbers(self, value: float, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        for key, change in (("minimum", "lowest"), ("maximum", "highest")):
            limit = node.get(key)
            fallback = 0 if change == "lowest" else value * 1000
            extreme = limit if isinstance(limit, int | float) else fallback
            if extreme != value:
                yield self.mutant(path, change, extreme)
        for choice in _list(node.get("enum")):
            if choice != value:
                yield self.mutant(path, "choose", choice)

    def texts(self, value: str, node: dict[str, Json], path: Path_) -> Iterator[Mutant]:
        choices = [choice for choice in _list(node.get("enum")) if choice != value]
        for choice in choices:
            yield self.mutant(path, "choose", choice)
        if not choices and value.lower() in _OPPOSITES:
            yield self.mutant(path, "flip", _OPPOSITES[value.lower()])
        if value.isdigit():
            yield self.mutant(path, "lowest", "0")
            yield self.mutant(path, "highest", str(int(value) * 1000))
        step = next((s for s in reversed(path) if isinstance(s, str)), "")
        for opened in _OPENED.get(step, ()):
            if opened != value:
                yield self.mutant(path, "open", opened)

    def swapped(self, value: Json, path: Path_) -> Iterator[Mutant]:
        """Another subnet, security group or route table; in policies, everything."""
        step = next((s for s in reversed(path) if isinstance(s, str)), "")
        for opened in _OPENED.get(step, ()):
            yield self.mutant(path, "open", opened)
        target = self.template.resources.get(_target(value))
        if target is None or target.type not in _SWAPPED:
            return
        for other in self.template.resources.values():
            if other.type == target.type and other.logical_id != target.logical_id:
                yield self.mutant(path, "swap", _retarget(value, other.logical_id))


def _name(item: Json) -> str:
    if isinstance(item, str):
        return f"[{item}]"
    for key in ("Key", "Name", "Sid"):
        value = _object(item).get(key)
        if isinstance(value, str):
            return f"[{value}]"
    return "*"


def _referred(template: Template, logical_id: str) -> bool:
    """Whether another resource or an output needs a value of a resource; waiting is no need."""
    others = {
        name: {key: value for key, value in _object(body).items() if key != "DependsOn"}
        for name, body in template.section("Resources").items()
        if name != logical_id
    }
    text = json.dumps([others, dict(template.section("Outputs"))])
    return f'"{logical_id}"' in text or "${" + logical_id in text


_OPPOSITES: Final[Mapping[str, str]] = {
    "true": "false",
    "false": "true",
    "on": "OFF",
    "off": "ON",
    "enabled": "disabled",
    "disabled": "enabled",
    "1": "0",
    "0": "1",
    "allow": "Deny",
    "deny": "Allow",
}

_OPENED: Final[Mapping[str, tuple[Json, ...]]] = {
    "Action": ("*",),
    "Resource": ("*",),
    "Principal": ("*",),
    "Service": ("*",),
    "AWS": ("*",),
    "CidrIp": ("0.0.0.0/0",),
    "CidrIpv6": ("::/0",),
    "IpProtocol": ("-1",),
    "MasterUsername": ("admin",),
    "MasterUserPassword": ("correct-horse-battery",),
    "SecretStringTemplate": ('{"username": "admin"}',),
    "SslPolicy": ("ELBSecurityPolicy-2016-08",),
    "tls_version": ("TLSv1.0,TLSv1.1,TLSv1.2",),
    "server_audit_events": ("CONNECT", "CONNECT,QUERY"),
    "EnableCloudwatchLogsExports": ("general",),
    "User": ("0",),
    "Runtime": ("python3.8",),
    "ScheduleExpression": ("rate(365 days)",),
    "routing.http.desync_mitigation_mode": ("monitor",),
    "ManagedPolicyArns": ("arn:aws:iam::aws:policy/AdministratorAccess",),
    "ServiceName": (),
    "KmsKeyId": ("alias/aws/rds",),
    "KmsMasterKeyId": ("alias/aws/sns",),
    "Image": ("nginx:latest", "nginx"),
    "PlatformVersion": ("1.3.0",),
}
"""What a property is loosened to where its schema has no choice to offer."""

_SWAPPED: Final = frozenset(
    {"AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::RouteTable", "AWS::SNS::Topic"}
)


def _is_function(value: Json) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and next(iter(value)).startswith(("Ref", "Fn::"))
    )


def _target(value: Json) -> str:
    argument = next(iter(_object(value).values()), "")
    return str(argument[0]) if isinstance(argument, list) and argument else str(argument)


def _retarget(value: Json, logical_id: str) -> Json:
    key, argument = next(iter(_object(value).items()))
    if isinstance(argument, list):
        return {key: [logical_id, *argument[1:]]}
    return {key: logical_id}


# Running


def mutated(template: Template, mutant: Mutant) -> Template:
    """Return the template with the mutant's change; everything else is shared with the original."""
    resources = dict(template.section("Resources"))
    if mutant.change == "delete":
        del resources[mutant.resource]
        for name, other in resources.items():
            waits = _object(other).get("DependsOn")
            if mutant.resource in (waits if isinstance(waits, list) else [waits]):
                kept = [one for one in _list(waits) if one != mutant.resource]
                resources[name] = {**_object(other), "DependsOn": kept}
        return Template({**template.body, "Resources": resources})
    body = dict(_object(resources[mutant.resource]))
    body["Properties"] = _changed(body.get("Properties"), mutant.path, mutant)
    resources[mutant.resource] = body
    return Template({**template.body, "Resources": resources})


def _changed(node: Json, path: Path_, mutant: Mutant) -> Json:
    step = path[0]
    if isinstance(node, list) and isinstance(step, int):
        copied = list(node)
        if len(path) == 1 and mutant.change == "drop":
            del copied[step]
        else:
            copied[step] = (
                mutant.value if len(path) == 1 else _changed(copied[step], path[1:], mutant)
            )
        return copied
    found = dict(_object(node))
    if len(path) > 1:
        found[str(step)] = _changed(found.get(str(step)), path[1:], mutant)
    elif mutant.change == "remove":
        found.pop(str(step), None)
    else:
        found[str(step)] = mutant.value
    return found


def findings_of(template: Template) -> list[Finding]:
    """Return what the rules find in a template."""
    outcome = check_template(template, (PACK,), region=REGION, on=DAY, zones=ZONES)
    return [*outcome.open, *(finding for finding, _ in outcome.acknowledged)]


def judge(template: Template, mutant: Mutant, known: frozenset[tuple[str, ...]]) -> Verdict:
    """Return what becomes of a mutant."""
    new = {
        finding.rule
        for finding in findings_of(mutated(template, mutant))
        if _identity(finding) not in known
    }
    reason = None if new else next((one for one in HARMLESS if one.covers(mutant)), None)
    return Verdict(mutant=mutant, rules=tuple(sorted(new)), harmless=reason)


def _identity(finding: Finding) -> tuple[str, ...]:
    return (finding.rule, finding.resource, finding.property, finding.message)


def known_of(template: Template) -> frozenset[tuple[str, ...]]:
    """Return what the rules find in a template itself, which kills no mutant."""
    return frozenset(_identity(finding) for finding in findings_of(template))


def idle(every: Sequence[Mutant]) -> list[Harmless]:
    """Return the reasons that cover none of some mutants: nobody would see when they turn false."""
    return [reason for reason in HARMLESS if not any(reason.covers(mutant) for mutant in every)]


def run(template: Template) -> list[Verdict]:
    """Return the verdict on every mutant of a template."""
    known = known_of(template)
    found: list[Verdict] = []
    everything = list(mutants(template))
    for index, mutant in enumerate(everything, start=1):
        found.append(judge(template, mutant, known))
        if sys.stderr.isatty() and index % 50 == 0:
            print(f"\r{index} of {len(everything)} mutants", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return found


def production() -> Template:
    """Return the template of the shipped production environment, built in this process."""
    from stacks.app import build_app
    from stacks.environment import load_environment

    with tempfile.TemporaryDirectory() as folder:
        assembly = build_app([load_environment("prod")], outdir=folder).synth()
        return Template.read(Path(assembly.stacks[0].template_full_path))


def report(verdicts: Sequence[Verdict], seconds: float) -> list[str]:
    """Return the lines that the run prints."""
    lines = [f"{'Type':44}{'Mutants':>8}{'Killed':>8}{'Harmless':>10}{'Survive':>9}"]
    by_type: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_type.setdefault(verdict.mutant.type, []).append(verdict)
    for kind, group in sorted(by_type.items()):
        lines.append(_row(kind, group))
    lines += [_row("Total", verdicts), "", "Killed by"]
    killers = Counter(rule for verdict in verdicts for rule in verdict.rules)
    lines += [f"  {rule:44}{count:>8}" for rule, count in sorted(killers.items())]
    lines += ["", "Harmless, because"]
    lines += [f"  {count:>5}  {reason}" for reason, count in sorted(_reasons(verdicts).items())]
    excused = f"{_excused(verdicts)} of the killed mutants are also of a class with such a reason"
    lines += ["", excused]
    survivors = [verdict for verdict in verdicts if verdict.survives]
    if survivors:
        lines += ["", "Survivors"]
        lines += [f"  {verdict.mutant}" for verdict in survivors]
    lines += ["", f"Score: {_score(verdicts)}, in {seconds:.0f} s"]
    return lines


def _score(verdicts: Sequence[Verdict]) -> str:
    _, killed, _, survive = _numbers(verdicts)
    matter = killed + survive
    score = 100 * killed / matter if matter else 100.0
    return f"{killed} of {matter} mutants that matter are killed, {score:.1f} %"


def _reasons(verdicts: Sequence[Verdict]) -> Counter[str]:
    return Counter(v.harmless.reason for v in verdicts if v.harmless is not None)


def _excused(verdicts: Sequence[Verdict]) -> int:
    """Count the killed mutants that a reason for harmless ones would cover too."""
    return sum(
        bool(verdict.rules) and any(one.covers(verdict.mutant) for one in HARMLESS)
        for verdict in verdicts
    )


def _numbers(group: Sequence[Verdict]) -> tuple[int, int, int, int]:
    """Count a group: all, killed, harmless, surviving."""
    return (
        len(group),
        sum(bool(verdict.rules) for verdict in group),
        sum(verdict.harmless is not None for verdict in group),
        sum(verdict.survives for verdict in group),
    )


def _row(name: str, group: Sequence[Verdict]) -> str:
    every, killed, harmless, survive = _numbers(group)
    return f"{name:44}{every:>8}{killed:>8}{harmless:>10}{survive:>9}"


def page(verdicts: Sequence[Verdict]) -> str:
    """Return what the page on compliance says of a run: the same for the same template."""
    by_type: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_type.setdefault(verdict.mutant.type, []).append(verdict)
    ranked = sorted(by_type.items(), key=lambda item: (-_numbers(item[1])[1], item[0]))
    rest = [verdict for _, group in ranked[_TYPES_SHOWN:] for verdict in group]
    reasons = _reasons(verdicts)
    shown = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:_REASONS_SHOWN]
    further = len(reasons) - len(shown)
    lines = [
        f"**{_score(verdicts)}**, of {len(verdicts)} in all.",
        "",
        "| type | mutants | killed | harmless | survive |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(_page_row(f"`{kind}`", group) for kind, group in ranked[:_TYPES_SHOWN]),
        _page_row(f"{len(ranked) - _TYPES_SHOWN} other types", rest),
        _page_row("**all**", verdicts),
        "",
        "The reasons of the harmless ones are a person's judgement and are there to be challenged;",
        "that a deployment refuses a mutant is one of them and was not tried out on AWS. A reason",
        f"covers a class of changes, and {_excused(verdicts)} of the killed mutants are of such a",
        "class too; `tests/pci_dss` pins the ones that must never be excused. The most frequent:",
        "",
        "| mutants | because |",
        "| ---: | --- |",
        *(f"| {count} | {reason} |" for reason, count in shown),
        f"| {reasons.total() - sum(count for _, count in shown)} | {further} further reasons, in "
        "`mutation/harmless.py` |",
    ]
    return "\n".join(lines)


def _page_row(name: str, group: Sequence[Verdict]) -> str:
    return f"| {name} | {' | '.join(str(number) for number in _numbers(group))} |"


def main() -> int:
    """Print the score and the survivors; 1 if there are any, or an idle reason."""
    files = [word for word in sys.argv[1:] if word != "--write"]
    template = Template.read(Path(files[0])) if files else production()
    start = time.perf_counter()
    verdicts = run(template)
    print("\n".join(report(verdicts, time.perf_counter() - start)))
    if "--write" in sys.argv:
        write_between(PAGE, MARKER, page(verdicts))
    without_use = [] if files else idle([verdict.mutant for verdict in verdicts])
    for reason in without_use:
        print(
            f"mutation/harmless.py: {reason} covers no mutant of the production template; "
            "delete it",
            file=sys.stderr,
        )
    return int(bool(without_use) or any(verdict.survives for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
