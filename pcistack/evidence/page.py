"""Render the page: one file that fetches nothing, prints at A4 and filters without a server."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from pcistack.evidence import deployed, explanations
from pcistack.evidence.acknowledgements import NO_END
from pcistack.evidence.data_flow_diagram import left_out
from pcistack.evidence.gather import Evidence
from pcistack.evidence.standing import Standing
from pcistack.evidence.values import NONE, NOT_KNOWN

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_TONES: Final[Mapping[Standing, str]] = {
    Standing.MET: "met",
    Standing.PART: "part",
    Standing.YOU: "you",
    Standing.ACKNOWLEDGED: "ack",
}
_HEADINGS: Final[Mapping[str, str]] = {
    "made_by": "Made by",
    "used_by": "Used by",
    "read_by": "Referred to by",
    "business_need": "Business need",
    "security_group": "Security group",
    "name": "Component",
}
_LINKS: Final = (
    "resource",
    "resources",
    "security_group",
    "source",
    "towards",
    "encrypts",
    "used_by",
    "read_by",
)
_CODE: Final = ("rule", "control")
_VALUES: Final = (
    "peer",
    "encryption",
    "destination",
    "channel",
    "setting",
    "purpose",
    "port",
    "name",
)
_BESIDE: Final = ("attention",)
_BESIDE_COMPONENTS: Final = ("resource", "why")
"""Columns that stand inside another column's cell."""
_TITLES: Final[Mapping[str, str]] = {
    "network": "Network diagram",
    "data-flow": "Data flows",
    "checks": "Checks",
}
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def render(evidence: Evidence, *, network: str, data_flow: str, diagram_style: str) -> str:
    """Return the page.

    Everything that comes from the template is escaped, and a content security policy lets only
    the page's own script and style run, by their digests.

    Args:
        evidence: What the page shows.
        network: The network diagram, as SVG.
        data_flow: The data-flow diagram, as SVG.
        diagram_style: Style rules of the diagrams.
    """
    from markupsafe import Markup

    package = files("pcistack.evidence")
    style = package.joinpath("page.css").read_text(encoding="utf-8") + diagram_style
    script = package.joinpath("page.js").read_text(encoding="utf-8")
    names = evidence.names
    titles = dict(_TITLES) | {register.name: register.title for register in evidence.registers}
    return _template().render(
        e=evidence,
        names=names,
        anchors={name: _anchor(name, place) for place, name in enumerate(names)},
        titles=titles,
        shares={
            item.requirement: evidence.share(item.requirement) for item in evidence.responsibilities
        },
        tones=_TONES,
        none=NONE,
        no_end=NO_END,
        unknown=NOT_KNOWN,
        deployed=deployed,
        words=explanations,
        bar=list(_bar(evidence)),
        headings=_Headings(),
        beside={
            register.name: _BESIDE_COMPONENTS if register.name == "components" else _BESIDE
            for register in evidence.registers
        },
        link_columns=_LINKS,
        code_columns=_CODE,
        value_columns=_VALUES,
        readable=lambda text: _readable(text, names),
        breakable=_breakable,
        compare=explanations.COMMAND.format(stack=shlex.quote(evidence.stack)),
        style=Markup(style),
        style_hash=_digest(style),
        script=Markup(script),
        script_hash=_digest(script),
        network=Markup(network),
        data_flow=Markup(data_flow),
        left_out=left_out(evidence.context),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    text = files("pcistack.evidence").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)


class _Headings:
    """Heading of a column, by the name of its field."""

    def __getitem__(self, column: str) -> str:
        return _HEADINGS.get(column, column.replace("_", " ").capitalize())


def _bar(evidence: Evidence) -> Iterator[tuple[Standing, int, int]]:
    start = 0
    for standing, count in evidence.counts.items():
        if count:
            yield standing, start, count
        start += count


def _anchor(name: str, place: int) -> str:
    """Return a resource's anchor; a logical id that CloudFormation would refuse is numbered."""
    return f"r-{name}" if name.isascii() and name.isalnum() else f"r-{place}"


def _readable(text: str, names: Mapping[str, str]) -> str:
    """Put readable names in the place of logical ids."""
    return re.sub(r"[A-Za-z0-9]+", lambda word: names.get(word[0], word[0]), text)


def _breakable(text: str) -> Markup:
    """Escape a text and let a line break after separators and within long compound words."""
    from markupsafe import Markup, escape

    safe = re.sub(r"(::|[/.,:_=-])(?=\w)", r"\1<wbr>", str(escape(text)))
    return Markup(re.sub(r"\w{20,}", lambda word: _HUMP.sub("<wbr>", word[0]), safe))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
