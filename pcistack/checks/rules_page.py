"""Write ``docs/<pack>-rules.md`` from the rules of the packs that judge a deployment.

Run it with ``make docs``. The page of the PCI DSS pack also lists requirements and has its own
module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pcistack.checks.run import load
from pcistack.packs import PACKS

_DEPLOYMENT: Final = """They say what AWS refuses to
create, what does not start, and what silently does not work.

- **fatal**: AWS refuses it for certain. **error**: the stack does not start. **warning**: it works
  less than it says.
- **Access** is judged as IAM judges it, for every call that a service makes on the way to a
  running stack: identity policies, AWS managed policies, trust, key and resource policies, endpoint
  policies, and the conditions that AWS sends (`kms:ViaService`, encryption contexts,
  `aws:SourceArn`, `aws:SourceAccount`). What the template does not decide, such as a policy that
  is imported or a condition on a tag, is never a finding.
- **Ways** are routes, NAT gateways and where they stand, endpoints with private DNS, and the
  security groups on both sides. Subnets, routes and groups that are not in the template are taken
  to let everything pass.
- **Order** is what `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn` make wait. Nothing else holds
  CloudFormation back, even where it would usually be in time.
- What a function calls in its own code, such as `ecs:UpdateService`, no rule knows."""

_INTRODUCTIONS: Final[Mapping[str, str]] = {
    "template": "They say what\nCloudFormation refuses to read, and what could not be judged; they "
    "run in every check.",
    "regional": "What the guard knows is in\n[regional-guard.md](regional-guard.md).",
    "deployment": _DEPLOYMENT,
}
PAGES: Final = tuple(_INTRODUCTIONS)
"""The packs whose pages are written here."""


def target(pack: str) -> Path:
    """Return the file of a pack's page."""
    return Path(__file__).parents[2] / "docs" / f"{pack}-rules.md"


def render(pack: str) -> str:
    """Return the page of a pack."""
    return "\n".join(
        [
            f"# {PACKS[pack].title}: rules",
            "",
            f"This page is written from the rules by `make docs`. {_INTRODUCTIONS[pack]}",
            "",
            "| rule | what it refuses | severity | reports on | source |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| `{rule.id}` | {rule.title} | {rule.severity} | {', '.join(rule.types)} "
                f"| {rule.source} |"
                for rule in load(pack).rules
            ),
            "",
        ]
    )


if __name__ == "__main__":
    for page in PAGES:
        target(page).write_text(render(page), encoding="utf-8")
