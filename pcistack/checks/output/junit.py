"""JUnit XML, which build servers show as tests: one suite a template, one case a finding."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as Xml

from pcistack.checks.report import Checked, Entry, Report

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return the report as JUnit XML; warnings and accepted findings are skipped cases."""
    root = Xml.Element("testsuites", {"name": "pcistack"})
    for each in report.checked:
        _suite(root, each)
    for number, line in enumerate(report.problems, start=1):
        suite = Xml.SubElement(root, "testsuite", _counts("bad input", tests=1, errors=1))
        case = Xml.SubElement(suite, "testcase", {"classname": "input", "name": str(number)})
        Xml.SubElement(case, "error", {"message": _legal(line)})
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode")


def _suite(root: Xml.Element, each: Checked) -> None:
    failures = [entry for entry in each.open if entry.finding.severity.fails]
    skipped = [
        *(("warning", entry) for entry in each.open if not entry.finding.severity.fails),
        *(("accepted", entry) for entry in each.acknowledged),
        *(("in the baseline", entry) for entry in each.known),
    ]
    total = max(len(failures) + len(skipped), 1)
    counts = _counts(each.name, tests=total, failures=len(failures), skipped=len(skipped))
    suite = Xml.SubElement(root, "testsuite", counts)
    for entry in failures:
        found = entry.finding
        attributes = {"message": _legal(found.message), "type": found.severity.value}
        failure = Xml.SubElement(_case(suite, entry), "failure", attributes)
        failure.text = _legal(f"{entry.place}\n{found.message}\nfix: {found.fix}\n{found.source}")
    for why, entry in skipped:
        message = f"{why}: {entry.reason or entry.finding.message}"
        Xml.SubElement(_case(suite, entry), "skipped", {"message": _legal(message)})
    if not failures and not skipped:
        Xml.SubElement(suite, "testcase", {"classname": _legal(each.name), "name": "no finding"})


def _counts(
    name: str, *, tests: int, errors: int = 0, failures: int = 0, skipped: int = 0
) -> dict[str, str]:
    numbers = {"tests": tests, "errors": errors, "failures": failures, "skipped": skipped}
    return {"name": _legal(name), **{key: str(value) for key, value in numbers.items()}}


def _case(suite: Xml.Element, entry: Entry) -> Xml.Element:
    name = f"{entry.finding.rule} {entry.what}".strip()
    attributes = {
        "classname": _legal(entry.template),
        "name": _legal(name),
        "file": _legal(entry.file),
        "line": str(entry.line),
    }
    return Xml.SubElement(suite, "testcase", attributes)


def _legal(text: str) -> str:
    """Return a text with what XML cannot hold written out."""
    return _ILLEGAL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
