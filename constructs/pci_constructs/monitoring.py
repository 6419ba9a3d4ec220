"""Alarms that reach somebody, and a dashboard that shows the same metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IDependable

from pci_constructs import principals
from pci_constructs.acknowledge import acknowledge
from pci_constructs.database import Database
from pci_constructs.ingress import Ingress
from pci_constructs.names import Names
from pci_constructs.network import Network
from pci_constructs.place import Place
from pci_constructs.service import Service

_CLUSTER_EVENTS: Final = (
    "configuration change",  # among them: the master password was reset
    "deletion",
    "failover",
    "failure",
    "maintenance",
)
_CONNECTIONS: Final = (
    (192, 6000),
    (128, 5000),
    (64, 4000),
    (32, 3000),
    (16, 2000),
    (8, 1000),
    (4, 135),
    (1, 90),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringProps:
    """Inputs of :class:`Monitoring`.

    Attributes:
        names: Names of cluster, service, database and dashboard.
        place: The account whose alarms may publish, and the region of the web ACL.
        service: The service to watch.
        database: The database to watch.
        readers: Number of reader instances; replica lag is watched if there is one.
        min_capacity: Smallest capacity of the database in ACU; at 0 it pauses and writes no log.
        max_capacity: Largest capacity of the database in ACU; connections are judged by it.
        ingress: The ingress to watch, if there is one.
        rotation: The function that rotates the password.
        network: Its flow log must never fall silent.
        messages_key: Encrypts the topic; its policy lets alarms and RDS publish.
        emails: Addresses that are asked to subscribe.
    """

    names: Names
    place: Place
    service: Service
    database: Database
    readers: int
    min_capacity: float
    max_capacity: float
    ingress: Ingress | None
    rotation: lambda_.Function
    network: Network
    messages_key: kms.IKey
    emails: tuple[str, ...]


class Monitoring(Construct):
    """Alarms, database events and a dashboard (PCI DSS 10.4, 10.7.2, 11.5.2, 12.10).

    Attributes:
        topic: Where every alarm and event goes.
        alarms: The alarms by id, in the order of the dashboard.
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: MonitoringProps) -> None:
        super().__init__(scope, construct_id)
        self._minute = Duration.minutes(1)
        self._five_minutes = Duration.minutes(5)
        self._hour = Duration.hours(1)
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        self.topic = self._topic(props)
        self._tell = cast(
            "cloudwatch.IAlarmAction", actions.SnsAction(cast("sns.ITopic", self.topic))
        )
        self._service_alarms(props)
        self._database_alarms(props)
        self._control_alarms(props)
        if props.ingress is not None:
            self._ingress_alarms(props.ingress, props.place)
        self._database_events(props)
        self._dashboard(props)

    def _topic(self, props: MonitoringProps) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Alarms of {props.names.stack}",
            master_key=props.messages_key,
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsAndDatabaseEventsOfThisAccountPublish",
                actions=["sns:Publish"],
                principals=[
                    principals.service("cloudwatch.amazonaws.com"),
                    principals.service("events.rds.amazonaws.com"),
                ],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": props.place.account}},
            )
        )
        for address in props.emails:
            topic.add_subscription(
                cast("sns.ITopicSubscription", subscriptions.EmailSubscription(address))
            )
        return topic

    def _alarm(
        self,
        construct_id: str,
        metric: cloudwatch.IMetric,
        *,
        above: float | None = None,
        below: float | None = None,
        periods: int = 3,
        after: Sequence[IDependable] = (),
        what_to_do: str,
    ) -> None:
        """Add an alarm.

        Args:
            construct_id: Id, and title on the dashboard.
            metric: What is watched.
            above: Goes off above this value, or
            below: below this one.
            periods: For how many of the metric's periods in a row.
            after: Silence is an alarm too; what has to exist first, lest it go off at once.
            what_to_do: For whoever is woken by it.
        """
        operator = cloudwatch.ComparisonOperator
        threshold = above if above is not None else below
        assert threshold is not None
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            threshold=threshold,
            comparison_operator=(
                operator.GREATER_THAN_THRESHOLD
                if above is not None
                else operator.LESS_THAN_THRESHOLD
            ),
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            treat_missing_data=(
                cloudwatch.TreatMissingData.BREACHING
                if after
                else cloudwatch.TreatMissingData.NOT_BREACHING
            ),
            alarm_description=what_to_do,
        )
        if after:
            alarm.node.add_dependency(*after)
        alarm.add_alarm_action(self._tell)
        alarm.add_ok_action(self._tell)
        self.alarms[construct_id] = alarm

    def _service_alarms(self, props: MonitoringProps) -> None:
        service = props.service.service
        self._alarm(
            "ServiceCpu",
            service.metric_cpu_utilization(period=self._minute),
            above=85,
            periods=5,
            what_to_do="Tasks need more CPU than autoscaling gives. Check whether the task count "
            "is at its maximum; raise max_count or cpu in the environment's file.",
        )
        self._alarm(
            "ServiceMemory",
            service.metric_memory_utilization(period=self._minute),
            above=90,
            periods=5,
            what_to_do="Tasks are close to their memory limit and will be killed. Look for a leak "
            "since the last deployment; raise memory_mib in the environment's file.",
        )
        self._alarm(
            "TasksMissing",
            self._missing_tasks(props.names),
            above=0,
            periods=5,
            after=[service],
            what_to_do="Fewer tasks run than are wanted. Read the service's events and the stopped "
            "tasks' reasons: image, secret, health check and capacity, in that order.",
        )

    def _missing_tasks(self, names: Names) -> cloudwatch.MathExpression:
        counts = {
            variable: cloudwatch.Metric(
                namespace="ECS/ContainerInsights",
                metric_name=name,
                dimensions_map={"ClusterName": names.ecs_cluster, "ServiceName": names.ecs_service},
                statistic="Average",
                period=self._minute,
            )
            for variable, name in (("desired", "DesiredTaskCount"), ("running", "RunningTaskCount"))
        }
        return cloudwatch.MathExpression(
            expression="desired - running",
            using_metrics=dict(counts),
            period=self._minute,
            label="Missing tasks",
        )

    def _database_alarms(self, props: MonitoringProps) -> None:
        cluster = props.database.cluster
        self._alarm(
            "DatabaseCpu",
            cluster.metric_cpu_utilization(period=self._five_minutes),
            above=90,
            what_to_do="The database is short of CPU at its present capacity. Look at the slow "
            "query log first; then raise max_capacity in the environment's file.",
        )
        self._alarm(
            "DatabaseCapacity",
            cluster.metric_acu_utilization(period=self._five_minutes),
            above=90,
            what_to_do="The database runs at its largest capacity. If the load is expected, raise "
            "max_capacity in the environment's file; if not, look for the client that causes it.",
        )
        self._alarm(
            "DatabaseConnections",
            cluster.metric_database_connections(period=self._minute, statistic="Maximum"),
            above=_connections(props.max_capacity) * 0.8,
            what_to_do="Most connections that the database allows are in use. Look for tasks that "
            "do not close theirs; lower the pool size, or raise max_capacity and restart the "
            "instances.",
        )
        self._alarm(
            "DatabaseFreeMemory",
            cluster.metric_freeable_memory(period=self._five_minutes, statistic="Minimum"),
            below=128 * 1024 * 1024,
            what_to_do="The database is almost out of memory at its largest capacity and may "
            "restart. Raise max_capacity in the environment's file.",
        )
        if props.readers:
            self._alarm(
                "ReplicaLag",
                cluster.metric("AuroraReplicaLag", period=self._minute, statistic="Maximum"),
                above=1000,
                periods=5,
                what_to_do="Readers are more than a second behind the writer. Look for long "
                "transactions on the writer and heavy queries on the reader.",
            )

    def _control_alarms(self, props: MonitoringProps) -> None:
        """Watch the security controls themselves (PCI DSS 10.7.2)."""
        self._silence(
            "FlowLogSilent",
            props.network.flow_log_group,
            after=[props.network.flow_log, props.service.service],  # which makes traffic
            repair="Check the flow log's status and its role in the VPC console.",
        )
        if props.min_capacity > 0:
            self._silence(
                "AuditLogSilent",
                props.database.log_groups["audit"],
                after=[props.database.writer],
                repair="Check server_audit_logging in the cluster parameter group and the "
                "cluster's log exports.",
            )
        else:
            acknowledge(
                props.database.cluster,
                {
                    "PCI-10.7.2-CONTROL-FAILURE": "A paused database writes no audit log, so its "
                    "silence says nothing; an environment that pauses holds no card data."
                },
            )
        self._alarm(
            "RotationFailed",
            props.rotation.metric_errors(period=self._five_minutes),
            above=0,
            periods=1,
            what_to_do="The database password was not rotated. Read the rotation function's log. "
            "Once it has reached setSecret the database takes the pending password only, and new "
            "tasks cannot log in: rotate again at once.",
        )

    def _silence(
        self, construct_id: str, group: logs.ILogGroup, *, after: Sequence[IDependable], repair: str
    ) -> None:
        self._alarm(
            construct_id,
            cloudwatch.Metric(
                namespace="AWS/Logs",
                metric_name="IncomingLogEvents",
                dimensions_map={"LogGroupName": group.log_group_name},
                statistic="Sum",
                period=self._hour,
            ),
            below=1,
            periods=2,
            after=after,
            what_to_do="A security control has failed: no log event for two hours. "
            f"{repair} Restore it, and record the gap as an incident.",
        )

    def _ingress_alarms(self, ingress: Ingress, place: Place) -> None:
        balancer, tasks = ingress.load_balancer, ingress.target_group
        self._alarm(
            "UnhealthyHosts",
            tasks.metrics.unhealthy_host_count(period=self._minute, statistic="Maximum"),
            above=0,
            what_to_do="The load balancer finds tasks unwell. Compare health_check_path with what "
            "the container answers, then read the tasks' log.",
        )
        self._alarm(
            "TaskErrors",
            tasks.metrics.http_code_target(
                elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=self._minute, statistic="Sum"
            ),
            above=10,
            what_to_do="Tasks answer with 5xx. Read the tasks' log of the same minutes; roll back "
            "if it began with a deployment.",
        )
        self._alarm(
            "LoadBalancerErrors",
            balancer.metrics.http_code_elb(
                elbv2.HttpCodeElb.ELB_5XX_COUNT, period=self._minute, statistic="Sum"
            ),
            above=10,
            what_to_do="The load balancer itself answers with 5xx: no healthy task, or tasks that "
            "time out. Look at UnhealthyHosts and Latency.",
        )
        self._alarm(
            "Latency",
            tasks.metrics.target_response_time(period=self._minute, statistic="p99"),
            above=2,
            periods=5,
            what_to_do="One request in a hundred takes longer than two seconds. Look at the "
            "database's CPU and capacity first, then at the tasks' CPU.",
        )
        self._alarm(
            "WafBlockedSurge",
            cloudwatch.Metric(
                namespace="AWS/WAFV2",
                metric_name="BlockedRequests",
                dimensions_map={
                    "WebACL": str(ingress.web_acl.name),
                    "Region": place.region,
                    "Rule": "ALL",
                },
                statistic="Sum",
                period=self._five_minutes,
            ),
            above=500,
            periods=1,
            what_to_do="The web ACL blocks unusually many requests. See which rule in its log: an "
            "attack needs watching, a false positive needs a scoped exception.",
        )

    def _database_events(self, props: MonitoringProps) -> None:
        """Tell of changes and failures that RDS itself notices (PCI DSS 11.5.2)."""
        policy = self.topic.node.find_child("Policy")
        topic_arn = self.topic.topic_arn
        cluster = [props.database.cluster.cluster_identifier]
        instances = list(props.database.cluster.instance_identifiers)
        for construct_id, source_type, source_ids, categories in (
            ("ClusterEvents", "db-cluster", cluster, _CLUSTER_EVENTS),
            (
                "InstanceEvents",
                "db-instance",
                instances,
                ["configuration change", "failure", "maintenance"],
            ),
            ("ParameterGroupEvents", "db-parameter-group", None, ["configuration change"]),
        ):
            subscription = rds.CfnEventSubscription(
                self,
                construct_id,
                sns_topic_arn=topic_arn,
                source_type=source_type,
                source_ids=source_ids,
                event_categories=list(categories),
            )
            subscription.node.add_dependency(policy)  # RDS publishes a test event at once

    def _dashboard(self, props: MonitoringProps) -> None:
        alarms = list(self.alarms.values())
        overview = cloudwatch.AlarmStatusWidget(alarms=alarms, width=24, title="Alarms")
        graphs = [
            cloudwatch.AlarmWidget(title=title, alarm=alarm, width=8)
            for title, alarm in self.alarms.items()
        ]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=props.names.dashboard,
            start="-PT3H",
            widgets=[[overview], *(graphs[row : row + 3] for row in range(0, len(graphs), 3))],
        )


def _connections(max_capacity: float) -> float:
    """Connections that Aurora MySQL allows at least at a capacity (Aurora guide, v2 scaling)."""
    return next(allowed for capacity, allowed in _CONNECTIONS if max_capacity >= capacity)
