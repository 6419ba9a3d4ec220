"""Feed commands what nobody would write: each input ends in an answer, quickly, or in one line.

``make fuzz`` runs 10,000 inputs; the tests run a sample. Inputs are the templates of the rules'
cases, cut, doubled, spliced and spoilt, and texts that are hostile on purpose.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from pcistack.cli import cli
from tests.checks.templates import assembly
from tests.deployment.cases import discovered
from tests.regional.cases import CASES as REGIONAL
from tests.structure.cases import CASES as STRUCTURE

SLOWEST = 20.0
"""Seconds that one input may take, on a busy machine."""
_EVIDENCE_EVERY = 50
_PIECES = (
    "\x00", "\t", "\ud83d", "²", "٣", "&a", "*a", "<<: ", "!Sub ", "!Ref ", "${", "{{resolve:", "[",
    "{", "}", "]", "'", '"', ":", "- ", "#", "---\n", "0x", "1e999", ".nan", "9" * 60, "null", "~",
    "Fn::If", "Fn::Transform", "AWS::NoValue", "\u202e", "\x1b[31m", "a" * 3000,
)  # fmt: skip
_VALUES: tuple[object, ...] = (
    None, True, -1, 0, 1e308, "", "²", "\ud800", "${", [], {}, [[]], [None], {"Ref": 3},
    {"Ref": []},    {"Fn::GetAtt": 1}, {"Fn::If": []}, {"Fn::Select": ["²", ["a"]]},
    {"Fn::Split": ["", "a"]},
    {"Fn::Cidr": ["::/0", 256, 0]}, {"Fn::FindInMap": [{"Ref": "a"}, {}, []]}, {"Fn::Sub": {}},
    {"Fn::Join": [{}, {"Ref": "AWS::NoValue"}]}, {"Fn::Transform": 1}, "x" * 5000,
)  # fmt: skip


def inputs(count: int, seed: int) -> Iterator[str]:
    """Yield hostile texts."""
    chance = random.Random(seed)
    texts = [text for case in (*REGIONAL, *STRUCTURE) for text in (case.bad, case.good)]
    texts += [text for case in discovered() for text in (case.bad, case.good)]
    for number in range(count):
        text = chance.choice(texts)
        if number % 40 == 0:
            yield _hostile(chance)
        elif number % 2:
            yield _spoilt_text(text, texts, chance)
        else:
            yield _spoilt_document(text, chance)


def _hostile(chance: random.Random) -> str:
    piece, times = chance.choice(_PIECES), chance.randrange(1, 4_000)
    head = "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n      V: "
    return chance.choice([piece * times, head + piece * times, '{"Resources":' + piece * times])


def _spoilt_text(text: str, texts: list[str], chance: random.Random) -> str:
    for _ in range(chance.randrange(1, 5)):
        at, length = chance.randrange(len(text) + 1), chance.randrange(30)
        other = chance.choice(texts)
        put = chance.choice([chance.choice(_PIECES), text[at : at + length], other[at:], ""])
        text = text[:at] + put + text[at + chance.randrange(length + 1) :]
    return text


def _spoilt_document(text: str, chance: random.Random) -> str:
    from pcistack.template.document import Template

    def spoil(node: object) -> object:
        if chance.random() < 0.04:
            return chance.choice(_VALUES)
        if isinstance(node, dict):
            return {key: spoil(value) for key, value in node.items()}
        return [spoil(item) for item in node] if isinstance(node, list) else node

    return json.dumps(spoil(dict(Template.parse(text).body)))


def run(count: int, *, seed: int) -> Counter[str]:
    """Feed inputs to the commands; return how often each ended with each exit code.

    Raises:
        AssertionError: A traceback, a code that no command has, too many lines, too slow.
    """
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        assembly(Path(scratch), {"PciDss-fuzz": "eu-central-2"})
        path = Path(scratch) / "PciDss-fuzz.template.json"
        for number, text in enumerate(inputs(count, seed)):
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            region = ["--region", "eu-central-2"]
            commands = [["check", str(path), *region], ["migrate", str(path), *region]]
            if number % _EVIDENCE_EVERY == 0:
                out = str(Path(scratch) / "out")
                commands.append(
                    ["evidence", "--app", scratch, "--stack", "PciDss-fuzz", "--out", out]
                )
            for command in commands:
                ends[f"{command[0]} {_end(command, text)}"] += 1
    return ends


def _end(command: list[str], text: str) -> int:
    started = time.perf_counter()
    result = CliRunner().invoke(cli, command)
    shown = f"{command[0]} of {text[:2_000]!r}"
    assert result.exception is None or isinstance(result.exception, SystemExit), (
        f"{shown}: {result.exception!r}"
    )
    assert "nobody foresaw" not in result.stderr, f"{shown}: {result.stderr}"
    assert result.exit_code in (0, 1, 2), shown
    assert result.exit_code != 2 or len(result.stderr.splitlines()) == 1, (
        f"{shown}: {result.stderr}"
    )
    assert time.perf_counter() - started < SLOWEST, f"{shown}: too slow"
    return result.exit_code


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for end, times in sorted(run(many, seed=int(time.time())).items()):
        print(f"{times:>6}  {end}")
