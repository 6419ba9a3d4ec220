"""A dashboard that shows the state of every alarm, and draws each with its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

_WIDTH = 24
_COLUMNS = 3
_OVERVIEW_HEIGHT, _GRAPH_HEIGHT = 3, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardProps:
    """Inputs of :class:`Dashboard`.

    Attributes:
        name: Name of the dashboard.
        region: Where the alarms are.
        alarms: The alarms by title, in the order of the graphs.
    """

    name: str
    region: str
    alarms: Mapping[str, cloudwatch.CfnAlarm]


class Dashboard(Construct):
    """The last three hours of everything that can raise an alarm (PCI DSS 10.4.1)."""

    def __init__(self, scope: Construct, construct_id: str, *, props: DashboardProps) -> None:
        super().__init__(scope, construct_id)
        cloudwatch.CfnDashboard(
            self,
            "Resource",
            dashboard_name=props.name,
            dashboard_body=Stack.of(self).to_json_string(_body(props)),
        )


def _body(props: DashboardProps) -> dict[str, object]:
    """Return the body; see the CloudWatch API reference, dashboard body structure."""
    arns = {title: alarm.attr_arn for title, alarm in props.alarms.items()}
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
                "region": props.region,
                "view": "timeSeries",
                "annotations": {"alarms": [arn]},
            },
        }
        for number, (title, arn) in enumerate(arns.items())
    ]
    return {"start": "-PT3H", "widgets": [overview, *graphs]}


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}
