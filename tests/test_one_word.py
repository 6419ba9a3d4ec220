"""One word for one thing, and one statement of it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from pci_constructs.settings.retention import RETENTIONS
from pcistack.deployment.limit_kinds import OneOf
from pcistack.deployment.limits import LIMITS

ROOT: Final = Path(__file__).parent.parent
FOLDERS: Final = ("pcistack", "constructs", "stacks", "mutation", "benchmarks")
_DEFINED: Final = re.compile(r"^(?:class |(?=\w+(?:: TypeAlias)? = ))([A-Z][a-z]\w*)", re.MULTILINE)

EXCUSED: Final = {
    "Client": "an SDK client, by whatever package makes it",
    "Context": "what a pack hands its rules: packs are independent, and each hands on its own",
    "Job": "the handler's run of a job: its text is in the template, whose digests do not change",
    "Statement": "a statement of a policy: constructs write one, checks read one",
}
"""Names that two modules define, with the reason."""


def _defined() -> dict[str, list[str]]:
    """Return the modules that define each class or type."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for name in set(_DEFINED.findall(file.read_text())):
                found[name].append(str(file.relative_to(ROOT)))
    return found


def test_no_two_modules_define_a_class_of_the_same_name() -> None:
    defined = _defined()
    doubled = {name: files for name, files in defined.items() if len(files) > 1}
    assert len(defined) > 300
    assert doubled.keys() == EXCUSED.keys(), (
        f"give each thing a name of its own, or say here why one name is right: {doubled}"
    )


def test_cloudwatch_logs_has_every_retention_that_a_setting_offers() -> None:
    offered = LIMITS["AWS::Logs::LogGroup"]["RetentionInDays"]
    assert isinstance(offered, OneOf)
    assert set(map(str, RETENTIONS)) <= set(offered.values)
