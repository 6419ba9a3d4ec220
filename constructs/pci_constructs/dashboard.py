"""A dashboard that shows the state of every alarm, and draws each with its threshold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from pci_constructs.place import Place

_WIDTH: Final = 24
_COLUMNS: Final = 3
_OVERVIEW_HEIGHT: Final = 3
_GRAPH_HEIGHT: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardProps:
    """Inputs of :func:`dashboard`.

    Attributes:
        name: Name of the dashboard.
        place: Where the alarms are.
        alarms: Names of the alarms by title, in the order of the graphs.
    """

    name: str
    place: Place
    alarms: Mapping[str, str]


def dashboard(
    scope: Construct, construct_id: str, *, props: DashboardProps
) -> cloudwatch.CfnDashboard:
    """Create a dashboard of the last three hours of all that is watched (PCI DSS 10.4.1)."""
    return cloudwatch.CfnDashboard(
        scope, construct_id, dashboard_name=props.name, dashboard_body=json.dumps(_body(props))
    )


def _body(props: DashboardProps) -> dict[str, object]:
    """Return the body; see the CloudWatch API reference, dashboard body structure."""
    arns = {
        title: props.place.arn("cloudwatch", f"alarm:{name}")
        for title, name in props.alarms.items()
    }
    overview = {
        "type": "alarm",
        **_place(0, 0, _WIDTH, _OVERVIEW_HEIGHT),
        "properties": {"title": "Alarms", "alarms": list(arns.values())},
    }
    width = _WIDTH // _COLUMNS
    graphs = [
        {
            "type": "metric",
            **_place(
                number % _COLUMNS * width,
                number // _COLUMNS * _GRAPH_HEIGHT + _OVERVIEW_HEIGHT,
                width,
                _GRAPH_HEIGHT,
            ),
            "properties": {
                "title": title,
                "region": props.place.region,
                "view": "timeSeries",
                "annotations": {"alarms": [arn]},
            },
        }
        for number, (title, arn) in enumerate(arns.items())
    ]
    return {"start": "-PT3H", "widgets": [overview, *graphs]}


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}
