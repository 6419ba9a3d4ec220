"""What the evidence says of a template hangs on the template: break it, and the claim goes.

Sentences on requirements are in :mod:`tests.evidence.test_sentences`; here is everything else that
the page, the JSON, the OSCAL document and the drawings say.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pcistack.checks.record import Record
from pcistack.checks.run import Outcome
from pcistack.evidence import explanations, files
from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.chart import Chart
from pcistack.evidence.data_flow_diagram import data_flow_chart, left_out
from pcistack.evidence.gather import Evidence, gather
from pcistack.evidence.json_document import document
from pcistack.evidence.network_diagram import network_chart
from pcistack.evidence.responsibilities import RESPONSIBILITIES
from pcistack.evidence.wording import CLAIMS
from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.requirements import REQUIREMENTS
from pcistack.template.document import Json, Template
from tests.evidence import test_deployed, twins, twins_drawn
from tests.evidence.sample import DAY, REGION
from tests.evidence.twins import Resources, Twin
from tests.support import copied
from tests.tables import cases

TWINS: tuple[Twin, ...] = (
    *twins.REGISTERS,
    *twins.SCOPES,
    *twins_drawn.NETWORK,
    *twins_drawn.FLOWS,
    *twins_drawn.REST,
    *twins_drawn.STANDINGS,
)
RAN_NOW = "The synthesis kept no findings of these checks: they ran when this was written."
ELSEWHERE = {
    RAN_NOW,  # test_page: bound to a day, a commit and a template
    "not known",  # test_page: the commit
    "Nested stacks are shown as parts of it: {}.",  # test_nested
    "In the account: {} Fix it before you rely on it.",  # test_deployed
}
ROOM = Path(files.__file__).parent
WITHOUT_CLAIMS = (
    "explanations.py",
    "responsibilities.py",
    "by_design/",
    "assembly.py",
    "chart_svg.py",
)
"""Explanations, sentences that have their own tests, errors and styles."""


def _evidence(resources: Resources, twin: Twin | None = None) -> Evidence:
    body = {**(twin.body if twin else {}), "Resources": resources}
    nothing = Outcome(resources=0, open=(), acknowledged=())
    kept = Record(on=DAY, commit="", version="", outcomes={"sha": nothing}, templates={})
    assembly = AssessedStack(
        stack="PciDss-test",
        account=None,
        region=REGION,
        template=Template(body),
        sha256="sha",
        content="content",
        record=None if twin is None or twin.judged else kept,
        report=None,
    )
    return gather(assembly, PACK, on=DAY)


def _texts(whole: Json) -> Iterator[str]:
    left = [whole]
    while left:
        node = left.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            left += node.values()
        elif isinstance(node, list):
            left += node


def _drawn(chart: Chart) -> Iterator[str]:
    yield chart.frame
    for group in chart.groups:
        yield from (group.title, group.note, *group.cells)
        for box in group.boxes:
            yield from (box.title, *box.lines)
    yield from (arrow.label for arrow in chart.arrows)


def _pieces(evidence: Evidence) -> Counter[str]:
    """Count every text, and its parts where several were joined to one."""
    whole = Counter(
        [
            *_texts(document(evidence)),
            *_drawn(network_chart(evidence.view, evidence.network)),
            *_drawn(data_flow_chart(evidence.context)),
            left_out(evidence.context),
        ]
    )
    found = Counter(whole)
    for text, times in whole.items():
        for part in _parts(text):
            found[part] += times
    return found


@cache
def _parts(text: str) -> frozenset[str]:
    sentences = re.split(r"(?<=\.) ", text)
    return frozenset(sentences).union(re.split(r", |  | within | from |[()]", text)) - {text}


@cache
def _whole(says: str, judged: bool) -> Counter[str]:
    """The pieces of a template that is whole, which many twins share."""
    resources, body = json.loads(says)
    return _pieces(_evidence(resources, Twin((), resources, lambda _: None, body, judged)))


def _said(claim: str, pieces: Counter[str]) -> int:
    pattern = re.compile(".+".join(map(re.escape, claim.split("{}"))), re.DOTALL)
    return sum(count for text, count in pieces.items() if pattern.fullmatch(text))


@cases("twin", TWINS, ids=lambda twin: twin.claims[0][:50])
def test_a_claim_goes_when_the_template_breaks(twin: Twin) -> None:
    before = _whole(json.dumps([twin.says, twin.body]), twin.judged)
    resources = copied(twin.says)
    twin.broken(resources)
    after = _pieces(_evidence(resources, twin))
    for claim in twin.claims:
        assert _said(claim, before) > _said(claim, after), claim


def test_every_claim_has_a_template_that_says_it_and_a_broken_one_that_does_not() -> None:
    known = (
        {claim for twin in TWINS for claim in twin.claims} | ELSEWHERE | test_deployed.SAID.keys()
    )
    assert set(CLAIMS) == known


def _literals(tree: ast.AST) -> Iterator[str]:
    """Yield texts of code that a reader may see: no documentation, no error, no claim."""
    hidden: set[int] = set()
    for node in ast.walk(tree):
        claims = isinstance(node, ast.Call) and getattr(node.func, "id", "") in NO_TEXT_OF
        if (
            claims
            or isinstance(node, ast.Raise)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ):
            hidden |= {id(one) for one in ast.walk(node)}
        if (
            isinstance(node, ast.Constant)
            and id(node) not in hidden
            and isinstance(node.value, str)
        ):
            yield node.value


NO_TEXT_OF = ("claim", "counted", "_count")  # the last two are given a noun
NO_TEXTS = {
    "port register", "crypto inventory", "component inventory", "log sources",  # keys
    "PCI DSS v4.0.1",
    "Made by", "Used by", "Referred to by", "Business need", "Security group",  # headings
    "Network diagram", "Data flows",
    "NAT gateway",  # a kind of exit
}  # fmt: skip


def test_every_text_of_the_room_is_a_claim_or_an_explanation() -> None:
    """A text that a reader sees is registered with what makes it true, or true of any template."""
    found = {
        f"{file.relative_to(ROOM)}: {text[:60]}"
        for file in sorted(ROOM.rglob("*.py"))
        if not str(file.relative_to(ROOM)).startswith(WITHOUT_CLAIMS)
        for text in _literals(ast.parse(file.read_text(encoding="utf-8")))
        if re.search(r"[A-Za-z]{2,}'?s? [a-z(]", text) and text not in NO_TEXTS
    }
    assert found == set()


def test_the_page_says_nothing_that_the_code_does_not_give_it() -> None:
    text = (ROOM / "page.html.j2").read_text(encoding="utf-8")
    shown = re.sub(r"\{[{%].*?[%}]\}|<[^>]*>", "\n", text, flags=re.DOTALL)
    assert [line for line in shown.splitlines() if re.search(r"\w\.(\s|$)", line)] == []


def _explained() -> Iterator[str]:
    for name, value in vars(explanations).items():
        if isinstance(value, str) and name.isupper():
            yield value
    yield from explanations.MEANINGS.values()
    yield from explanations.LIMITS
    yield from (about.text for about in explanations.REGISTERS.values())
    yield from (text for one in RESPONSIBILITIES for text in (one.aws, one.you))
    yield from (one.you for one in REQUIREMENTS)


@cases("text", sorted({*_explained()}), ids=lambda text: text[:40])
def test_an_explanation_claims_nothing_of_the_template(text: str) -> None:
    """What is said of this template, or of all or none of its parts, needs a condition."""
    claiming = r"\b(this template (has|is|shows)|(every|no|none|all) [^.:]*\b(is|are|has|have)\b)"
    assert not re.search(claiming, text, re.IGNORECASE), text


def test_the_explanations_of_an_empty_template_are_those_of_any() -> None:
    page = files.content(_evidence({}), "index.html")
    for about in explanations.REGISTERS.values():
        assert about.text.replace("'", "&#39;") in page
    assert json.loads(files.content(_evidence({}), "evidence.json"))["notes"] == [RAN_NOW]
