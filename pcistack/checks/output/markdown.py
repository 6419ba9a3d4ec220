"""Markdown for a comment on a pull request: short lines, no table, details folded."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from pcistack.checks.findings import Finding, Severity, counted
from pcistack.checks.output.text import groups, summary, visible
from pcistack.checks.report import Entry, Report

MARK: Final = "<!-- pcistack check -->"
"""First line, by which a workflow finds the comment to replace."""

_LONGEST: Final = 60_000  # characters; GitHub takes 65,536
_ICONS: Final = {Severity.FATAL: "🛑", Severity.ERROR: "❌", Severity.WARNING: "⚠️"}
_SPECIAL: Final = re.compile(r"([\\`*_\[\]#|~])")


def render(report: Report) -> str:
    """Return the report as Markdown, cut with a word about it where GitHub would refuse it."""
    verdict = "❌ Refused" if report.failed or report.problems else "✅ Passed"
    lines = [MARK, f"### {verdict}", "", _plain(summary(report, plain=True)), ""]
    lines += [f"- **Not judged:** {_plain(line)}" for line in report.problems]
    lines += open_findings(list(report.open), _LONGEST - sum(map(len, lines)))
    size = sum(len(line) + 1 for line in lines)
    accepted = list(report.acknowledged)
    if accepted and size < _LONGEST // 2:
        lines += _folded(
            f"{counted(len(accepted), 'finding')} accepted",
            (
                f"- `{entry.finding.rule}` {_code(entry.what)}: {_plain(entry.reason)}"
                + (f" (until {entry.until})" if entry.until else "")
                for entry in accepted[:50]
            ),
        )
    lines += [f"> {_plain(line)}" for line in report.notes]
    return visible("\n".join(lines)).rstrip()


def open_findings(entries: Sequence[Entry], longest: int) -> list[str]:
    """Return findings rule by rule, worst first, in lines of at most so many characters."""
    lines: list[str] = []
    left_out = 0
    for group in groups(list(entries)):
        block = [visible(line) for line in _group(group)]
        longest -= sum(len(line) + 1 for line in block)
        if longest < 0:
            left_out += len(group)
        else:
            lines += block
    if left_out:
        lines.append(f"…and {counted(left_out, 'finding')} more; see the log of the check.")
    return lines


def _group(group: Sequence[Entry]) -> Iterator[str]:
    first = group[0].finding
    yield f"#### {_ICONS[first.severity]} {first.rule}"
    yield ""
    shown = group[:5]
    for entry in shown:
        yield f"- {_code(entry.what or 'the template')}, line {entry.line} of {_code(entry.file)}  "
        yield f"  {_plain(entry.finding.message)}"
    if len(group) > len(shown):
        yield f"- …and {counted(len(group) - len(shown), 'place')} more"
    yield from _folded("How to fix it", _fix(first))


def _fix(finding: Finding) -> Iterator[str]:
    head, _, rest = finding.fix.partition("\n")
    if head:
        yield _plain(head)
    if rest:
        yield ""
        yield from ("```yaml", textwrap.dedent(rest).replace("```", "'''"), "```")
    yield ""
    yield f"`pcistack explain {finding.rule}` says why. Source: {_plain(finding.source)}"


def _folded(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{html.escape(title)}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
    yield ""


def _plain(text: str) -> str:
    """Return a text that Markdown and HTML leave as it is, with web addresses to click."""
    words = []
    for word in re.split(r"(https://[^\s<>\"')]+)", " ".join(text.split())):
        is_link = word.startswith("https://")
        words.append(word if is_link else _SPECIAL.sub(r"\\\1", html.escape(word, quote=False)))
    return "".join(words).replace("@", "@\u200b")  # a template must not call people


def _code(text: str) -> str:
    text = " ".join(text.split())
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)  # a template must not end it
    return f"{fence} {text} {fence}" if longest else f"`{text}`"
