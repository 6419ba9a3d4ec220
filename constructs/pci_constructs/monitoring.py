"""Alarms that reach somebody, and a dashboard that shows the same metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from pci_constructs.alarm import alarm
from pci_constructs.alarms import watched
from pci_constructs.dashboard import DashboardProps, dashboard
from pci_constructs.database import Database
from pci_constructs.encryption import PUBLISHERS
from pci_constructs.ingress import Ingress
from pci_constructs.names import Names
from pci_constructs.network import Network
from pci_constructs.place import Place
from pci_constructs.policy import allow, from_this_account
from pci_constructs.service import Service

_CLUSTER_EVENTS: Final = (
    "configuration change",  # among them: the master password was reset
    "deletion",
    "failover",
    "failure",
    "maintenance",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringProps:
    """Inputs of :class:`Monitoring`.

    Attributes:
        names: Names of cluster, service, database and dashboard; metrics are found by them.
        place: The account whose alarms may publish, and the region of the web ACL.
        service: The service to watch.
        database: The database to watch.
        readers: Number of reader instances; replica lag is watched if there is one.
        pauses: Whether the database pauses when idle; then it writes no log, and its silence is
            no alarm.
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
    pauses: bool
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
        self.topic = self._topic(props)
        topic_arn = self.topic.topic_arn
        self.alarms = {
            title: alarm(
                self,
                title,
                name=props.names.alarm(title),
                props=alarm_props,
                topic_arn=topic_arn,
            )
            for title, alarm_props in watched(props).items()
        }
        self._database_events(props, topic_arn)
        dashboard(
            self,
            "Dashboard",
            props=DashboardProps(
                name=props.names.dashboard,
                place=props.place,
                alarms={title: props.names.alarm(title) for title in self.alarms},
            ),
        )

    def _topic(self, props: MonitoringProps) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Alarms of {props.names.stack}",
            master_key=props.messages_key,
            enforce_ssl=True,
        )
        publish = allow(
            "sns:Publish",
            on=topic.topic_arn,
            to={"Service": list(PUBLISHERS)},
            when=from_this_account(props.place),
            sid="AlarmsAndDatabaseEventsOfThisAccountPublish",
        )
        topic.add_to_resource_policy(iam.PolicyStatement.from_json(publish))
        for address in props.emails:
            topic.add_subscription(
                cast("sns.ITopicSubscription", subscriptions.EmailSubscription(address))
            )
        return topic

    def _database_events(self, props: MonitoringProps, topic_arn: str) -> None:
        """Tell of changes and failures that RDS itself notices (PCI DSS 11.5.2)."""
        policy = self.topic.node.find_child("Policy")
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
