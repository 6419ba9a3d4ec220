"""What holds for the rules of every pack."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import cast

import pytest

from pcistack.checks import run
from pcistack.checks.rule import ANY, HasView, Pack, Rule
from pcistack.packs import PACKS
from pcistack.template.document import Json, Template
from pcistack.template.view import CUSTOM_RESOURCE
from tests.deployment.cases import discovered
from tests.pci_dss.all_cases import CASES as PCI
from tests.regional.test_rules import CASES as REGIONAL

DAY = date(2026, 11, 24)
ZURICH = "eu-central-2"


def templates() -> Iterator[Template]:
    """Every template that is a case of a rule, bad and good; many cases share one."""
    for case in PCI.values():
        for resources in (case.bad, case.good):
            yield Template(cast("dict[str, Json]", {"Resources": resources}))
    texts = [text for case in REGIONAL for text in (case.bad, case.good)]
    texts += [text for case in discovered() for text in (case.bad, case.good)]
    for text in dict.fromkeys(texts):
        yield Template.parse(text)


def test_a_rule_reports_on_the_types_that_it_declares_and_on_no_other() -> None:
    undeclared: set[tuple[str, str]] = set()
    for template in templates():
        views = run.resolve(template, ZURICH)
        kinds = {key: found.type for view in views for key, found in view.resources.items()}
        for name in PACKS:
            pack = run.load(name)
            contexts = [pack.context(view, ZURICH, DAY) for view in views]
            for rule, context in product(pack.rules, contexts):
                for hit in rule.find(context):  # though its types may not be there
                    kind = kinds.get(hit.resource, "")
                    if kind.startswith("Custom::"):  # a name of one's own for the same thing
                        kind = CUSTOM_RESOURCE
                    if ANY not in rule.types and kind not in rule.types:
                        undeclared.add((rule.id, kind))
    assert undeclared == set()


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_that_a_module_holds_is_in_its_pack_once(name: str) -> None:
    pack = run.load(name)
    package = importlib.import_module(pack.package)
    held = [
        value.id
        for module in pkgutil.iter_modules(package.__path__)
        for value in vars(importlib.import_module(f"{pack.package}.{module.name}")).values()
        if isinstance(value, Rule)
    ]
    assert sorted(held) == sorted(rule.id for rule in pack.rules)


_RULE = """
from {package} import PACK

@PACK.rule({id!r}, "Anything", types=("any",), source="a test")
def found(context):
    return ()
"""


@pytest.fixture
def package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Path]:
    """A package that will hold rules, of a name that no other test uses."""
    folder = tmp_path / f"rules_of_{request.node.name}"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from pcistack.checks.rule import Pack\n"
        "PACK = Pack(title='T', package=__name__, context=lambda view, region, on: view)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def _pack(folder: Path) -> Pack[HasView]:
    return cast("Pack[HasView]", importlib.import_module(folder.name).PACK)


def test_a_rule_is_in_its_pack_as_soon_as_its_file_is_there(package: Path) -> None:
    (package / "anything.py").write_text(_RULE.format(package=package.name, id="NEW"))
    assert [rule.id for rule in _pack(package).rules] == ["NEW"]


def test_two_rules_cannot_have_the_same_id(package: Path) -> None:
    for name in ("one", "two"):
        (package / f"{name}.py").write_text(_RULE.format(package=package.name, id="SAME"))
    with pytest.raises(ValueError, match="same id: SAME"):
        _ = _pack(package).rules
