"""Correct the Aurora Serverless v1 family in a template; leave every other byte alone.

Text goes in; corrected text, the explained changes and the points that only its owner can decide
come out. Nothing is guessed: a value that a token or a condition supplies stays as it is and is
reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pcistack.migration import clusters, instances, literals, parameter_groups, scaling, targets
from pcistack.migration.draft import Correction, Draft, OpenPoint
from pcistack.migration.targets import TargetVersion, target_of
from pcistack.regional.facts import Facts
from pcistack.regions import zones_of
from pcistack.template.document import RawResource, Template
from pcistack.template.text import TemplateText
from pcistack.template.worlds import views

__all__ = ["Correction", "Migration", "OpenPoint", "TargetVersion", "migrate", "target_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The result of :func:`migrate`.

    Attributes:
        text: The corrected template; the given text if there was nothing to correct.
        changes: What was changed, in the template's order.
        open_points: What was not decided.
    """

    text: str
    changes: Sequence[Correction]
    open_points: Sequence[OpenPoint]

    @property
    def complete(self) -> bool:
        """Whether nothing of the v1 family is left in the way of a deployment."""
        return not any(point.blocks for point in self.open_points)


def migrate(text: str, *, facts: Facts, on: date) -> Migration:
    """Correct the Serverless v1 family of a template.

    Args:
        text: JSON or YAML.
        facts: What is known of the region the template is meant for.
        on: The day for which a version counts as supported.

    Raises:
        TemplateError: The text is not a template.
    """
    template = Template.parse(text)
    draft = Draft(
        template=template,
        text=TemplateText(text),
        facts=facts,
        on=on,
        worlds=views(template, facts.region, zones=zones_of(facts.region)),
    )
    _correct(draft)
    return Migration(
        text=draft.text.edited(),
        changes=tuple(draft.changes),
        open_points=tuple(draft.open_points),
    )


def _correct(draft: Draft) -> None:
    found = clusters.find(draft)
    for cluster in found:
        _correct_cluster(draft, cluster, found)
    literals.write(draft)
    clusters.ask_about_loops(draft)
    if draft.changes and "aws:cdk:path" in draft.text.text:
        draft.ask(
            "",
            "",
            "a CDK app generated this template: change the app too (rds.DatabaseCluster with "
            "ClusterInstance.serverless_v2 in place of rds.ServerlessCluster), or the next "
            "synthesis brings Serverless v1 back",
        )


def _correct_cluster(draft: Draft, cluster: RawResource, found: Sequence[RawResource]) -> None:
    target = targets.choose(draft, cluster)
    if target is None:
        return
    before = len(draft.open_points)
    capacity = draft.facts.capacity(target.engine, target.version)
    assert capacity is not None  # every target has its row in the facts
    targets.ask_if_not_offered(draft, cluster, target)
    clusters.set_engine(draft, cluster, target)
    scaling.rewrite(draft, cluster, capacity)
    clusters.keep_port(draft, cluster, target)
    clusters.keep_encryption(draft, cluster)
    clusters.check_data_api(draft, cluster, target)
    members = instances.find(draft, cluster)
    for member in members:
        instances.correct(draft, member, target)
    if not members:
        instances.add(draft, cluster, target)
    parameter_groups.correct(draft, cluster, members, target, found)
    # what concerns the data is told first
    raised = draft.open_points[before:]
    draft.open_points[before:] = []
    clusters.ask_about_data(draft, cluster)
    draft.open_points += raised
