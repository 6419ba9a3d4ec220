"""An alarm, in the words of the services' guides: which metric, and when it goes off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct, IDependable


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A CloudWatch metric.

    Attributes:
        namespace: Such as ``AWS/RDS``.
        name: Such as ``CPUUtilization``.
        dimensions: Value by name.
        statistic: ``Average``, ``Sum``, ``Minimum``, ``Maximum``, or a percentile such as ``p99``.
        period: Length of a data point in seconds.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    period: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmProps:
    """Inputs of :func:`alarm`.

    Attributes:
        metric: What is watched.
        less: A metric to subtract from it, or None.
        above: It goes off above this value, or
        below: below this one.
        periods: For how many of the metric's periods in a row.
        after: Missing data is an alarm too if anything is here: what has to exist first, lest the
            alarm go off at once.
        what_to_do: For whoever is woken by it (PCI DSS 12.10).
    """

    metric: Metric
    less: Metric | None = None
    above: float | None = None
    below: float | None = None
    periods: int = 3
    after: tuple[IDependable, ...] = ()
    what_to_do: str


def alarm(
    scope: Construct, construct_id: str, *, name: str, props: AlarmProps, topic_arn: str
) -> cloudwatch.CfnAlarm:
    """Create an alarm that tells a topic when it begins and when it ends.

    Raises:
        ValueError: Neither or both of ``above`` and ``below`` are given.
    """
    limits = [limit for limit in (props.above, props.below) if limit is not None]
    if len(limits) != 1:
        raise ValueError(f"{construct_id}: give either above or below")
    metric = props.metric if props.less is None else None
    percentile = metric is not None and metric.statistic.startswith("p")
    created = cloudwatch.CfnAlarm(
        scope,
        construct_id,
        alarm_name=name,
        namespace=metric.namespace if metric else None,
        metric_name=metric.name if metric else None,
        dimensions=_dimensions(metric) if metric else None,
        statistic=metric.statistic if metric and not percentile else None,
        extended_statistic=metric.statistic if metric and percentile else None,
        period=metric.period if metric else None,
        metrics=_difference(props.metric, props.less) if props.less else None,
        threshold=limits[0],
        comparison_operator=(
            "LessThanThreshold" if props.above is None else "GreaterThanThreshold"
        ),
        evaluation_periods=props.periods,
        datapoints_to_alarm=props.periods,
        treat_missing_data="breaching" if props.after else "notBreaching",
        alarm_description=props.what_to_do,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
    )
    if props.after:
        created.node.add_dependency(*props.after)
    return created


def _dimensions(metric: Metric) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    dimension = cloudwatch.CfnAlarm.DimensionProperty
    return [dimension(name=name, value=value) for name, value in metric.dimensions.items()]


def _difference(metric: Metric, less: Metric) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    result = cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id="difference", expression="metric - less", return_data=True
    )
    return [result, _query("metric", metric), _query("less", less)]


def _query(query_id: str, metric: Metric) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=query_id,
        return_data=False,
        metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
            metric=cloudwatch.CfnAlarm.MetricProperty(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=_dimensions(metric),
            ),
            stat=metric.statistic,
            period=metric.period,
        ),
    )
