"""Write the evidence to a directory: all of it, or nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from pcistack.evidence import chart_svg, oscal, page
from pcistack.evidence import json_document as data
from pcistack.evidence.data_flow_diagram import data_flow_chart
from pcistack.evidence.gather import Evidence
from pcistack.evidence.network_diagram import network_chart
from pcistack.template.document import Json

PAGE: Final = "index.html"
JSON_FILE: Final = "evidence.json"
OSCAL_FILE: Final = "oscal-component-definition.json"
NETWORK_FILE: Final = "network.svg"
DATA_FLOW_FILE: Final = "data-flow.svg"
FILES: Final = (PAGE, JSON_FILE, OSCAL_FILE, NETWORK_FILE, DATA_FLOW_FILE)


class WriteError(OSError):
    """The directory cannot be written; the message says why."""


def content(evidence: Evidence, name: str) -> str:
    """Return the text of one of the :data:`FILES` of the evidence."""
    if name == JSON_FILE:
        return _json(data.document(evidence))
    if name == OSCAL_FILE:
        return _json(oscal.component_definition(evidence))
    if name == NETWORK_FILE:
        return _network(evidence, standalone=True) + "\n"
    if name == DATA_FLOW_FILE:
        return _data_flow(evidence, standalone=True) + "\n"
    return page.render(
        evidence,
        network=_network(evidence, standalone=False),
        data_flow=_data_flow(evidence, standalone=False),
        diagram_style=chart_svg.STYLE,
    )


def _network(evidence: Evidence, *, standalone: bool) -> str:
    return chart_svg.svg(network_chart(evidence.view, evidence.network), standalone=standalone)


def _data_flow(evidence: Evidence, *, standalone: bool) -> str:
    return chart_svg.svg(data_flow_chart(evidence.context), standalone=standalone)


def _json(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(evidence: Evidence, out: Path) -> tuple[Path, ...]:
    """Write the evidence into a directory, in place of evidence that is already there.

    Everything is rendered and written beside the directory first, and moved at the end.

    Args:
        evidence: The evidence.
        out: The directory; it is made if it does not exist.

    Returns:
        The files, the page first.

    Raises:
        WriteError: The directory holds something else, or cannot be written.
    """
    named, out = out, out.resolve()
    texts = {name: content(evidence, name) for name in FILES}
    if out.exists() and not out.is_dir():
        raise WriteError(f"{out}: is a file; give a directory to write the evidence into")
    if out.is_dir():
        foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in FILES)
        if foreign:
            raise WriteError(
                f"{out}: holds {foreign[0]}, which is no evidence; "
                "give an empty directory or one with earlier evidence"
            )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            for name, text in texts.items():
                (fresh / name).write_text(text, encoding="utf-8", newline="\n")
            if out.exists():
                out.replace(Path(scratch) / "old")
            fresh.replace(out)
    except OSError as error:
        raise WriteError(f"{out}: cannot be written ({error.strerror or error})") from None
    return tuple(named / name for name in FILES)
