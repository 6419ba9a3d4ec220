"""The examples that ``pcistack explain`` shows, taken from the cases; ``make docs`` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import yaml

from pcistack.checks.examples import FOLDER
from pcistack.checks.findings import Finding
from pcistack.checks.rule import HasView, Pack
from pcistack.checks.run import load, resolve
from pcistack.template.document import Json, Template
from tests.deployment import cases as deployment
from tests.pci_dss.all_cases import CASES as PCI
from tests.regional.cases import CASES as REGIONAL
from tests.regional.cases import TODAY, ZURICH
from tests.regional.more_cases import MORE_CASES
from tests.structure.cases import CASES as STRUCTURE


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A rule with what is shown of its bad and its good template."""

    rule: str
    says: str
    bad: str
    good: str

    @property
    def text(self) -> str:
        return yaml.dump(
            {"says": self.says, "bad": _Block(self.bad), "good": _Block(self.good)},
            Dumper=_Dumper,
            sort_keys=False,
            width=100,
            allow_unicode=True,
        )


def examples() -> Iterator[Shown]:
    """Yield the first case of each rule that is said of a whole region."""
    seen: set[str] = set()
    for name, cases in (
        ("regional", (*REGIONAL, *MORE_CASES)),
        ("template", STRUCTURE),
        ("deployment", deployment.discovered()),
    ):
        for case in cases:
            if case.rule not in seen:
                seen.add(case.rule)
                bad = Template.parse(case.bad)
                found = load(name).check(resolve(bad, case.region), region=case.region, on=case.on)
                says = _message(found, case.rule)
                yield Shown(rule=case.rule, says=says, bad=case.bad.strip(), good=case.good.strip())
    for rule, twins in PCI.items():
        wrong, right = (cast("dict[str, Json]", each) for each in (twins.bad, twins.good))
        sections = cast("dict[str, Json]", dict(twins.sections))
        found = _findings(load("pci"), wrong, sections)
        yield Shown(
            rule=rule,
            says=_message(found, rule),
            bad=_different(wrong, right, sections),
            good=_different(right, wrong),
        )


def _findings(
    pack: Pack[HasView], resources: dict[str, Json], sections: dict[str, Json]
) -> list[Finding]:
    views = resolve(Template({"Resources": resources, **sections}), ZURICH)
    return pack.check(views, region=ZURICH, on=TODAY)


def _message(found: list[Finding], rule: str) -> str:
    return next(finding.message for finding in found if finding.rule == rule)


def _different(
    this: dict[str, Json], other: dict[str, Json], sections: dict[str, Json] | None = None
) -> str:
    """Return, as YAML, the resources and sections that make the difference."""
    shown = {key: value for key, value in this.items() if other.get(key) != value} or this
    body = {**(sections or {}), "Resources": shown}
    text = yaml.dump(_tagged(body), Dumper=_Dumper, sort_keys=False, width=90)
    return re.sub(r"(!\w+) '([\w.:]+)'", r"\1 \2", text).strip()


class _Block(str):
    """A text that is written in lines."""


class _Short:
    """An intrinsic function in its short form."""

    def __init__(self, tag: str, value: object) -> None:
        self.tag, self.value = tag, value


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _short(dumper: _Dumper, short: _Short) -> yaml.Node:
    node = dumper.represent_data(short.value)
    node.tag = short.tag
    return node


_Dumper.add_representer(_Short, _short)
_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
)


def _tagged(value: Json) -> object:
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (key, inner), *_ = value.items()
        if key == "Ref":
            return _Short("!Ref", inner)
        if key == "Fn::GetAtt" and isinstance(inner, list):
            return _Short("!GetAtt", ".".join(map(str, inner)))
        if key.startswith("Fn::") and isinstance(inner, str):
            return _Short(f"!{key[4:]}", inner)
    return {key: _tagged(item) for key, item in value.items()}


def main() -> None:
    """Write every example, and remove those of rules that are gone."""
    texts = {f"{shown.rule}.yaml": shown.text for shown in examples()}
    for path in FOLDER.glob("*.yaml"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
