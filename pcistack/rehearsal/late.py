"""What services write after a destroy: found as ``pcistack sweep`` finds it, and removed."""

from __future__ import annotations

from collections.abc import Sequence

from pcistack.account.aws import Aws
from pcistack.account.needs import needs
from pcistack.account.rows import Row, Verdict
from pcistack.account.sweep import sweep
from pcistack.naming import environment_tags
from pcistack.regions import zones_of
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.embedded.late_writers import INSIGHTS
from pcistack.rehearsal.place import DeploymentPlace
from pcistack.template.document import Template
from pcistack.template.worlds import views


def remove_what_came_late(
    place: DeploymentPlace, assembly: Assembly
) -> tuple[list[str], list[str]]:
    """Remove what services have written since a stack went, with the command that the sweep names.

    Returns:
        The log groups that were removed, and what is left although no service writes it late.
    """
    logs = place.client("logs", assembly.region)
    removed, left = [], []
    for row in _swept(place, assembly):
        group = row.need.rpartition(" ")[2]
        if row.state is Verdict.CONFIRMED:
            continue
        if group.startswith(INSIGHTS) and f"--log-group-name {group} " in row.fix:
            logs.delete_log_group(logGroupName=group)
            removed.append(group)
        else:
            left.append(f"{row.need}: {row.answer}")
    return removed, left


def _swept(place: DeploymentPlace, assembly: Assembly) -> Sequence[Row]:
    template = Template(assembly.template)
    wanted = needs(views(template, assembly.region, zones=zones_of(assembly.region)))
    return sweep(wanted, Aws(assembly.region, place.client), environment_tags(template))
