"""Alarms that reach somebody, and a dashboard that shows the same metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, cast

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IDependable

from pci_constructs.alarm import alarm
from pci_constructs.alarms import Watched, watched
from pci_constructs.dashboard import DashboardProps, dashboard
from pci_constructs.encryption import publishers
from pci_constructs.foundation import Foundation
from pci_constructs.job import Job
from pci_constructs.names import Names
from pci_constructs.policy import allow, from_this_account
from pci_constructs.settings.monitoring import MonitoringSettings

_CLUSTER_EVENTS: Final = (
    "configuration change",  # among them: the master password was reset
    "deletion",
    "failover",
    "failure",
    "maintenance",
)


class Monitoring(Construct):
    """Alarms, database events and a dashboard (PCI DSS 10.4, 10.7.2, 11.5.2, 12.10).

    Attributes:
        topic: Where every alarm and event goes.
        topic_arn: Its ARN.
        alarms: The alarms by id, in the order of the dashboard.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        watch: Watched,
        settings: MonitoringSettings | None = None,
    ) -> None:
        """Create the alarms of what is watched.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, by which metrics are found; place; the messages key.
            watch: What is watched.
            settings: Who hears of alarms; nobody if left out.
        """
        super().__init__(scope, construct_id)
        names = foundation.names
        settings = settings or MonitoringSettings()
        self._published: list[IDependable] = []
        if settings.topic_arn:
            self.topic_arn = settings.topic_arn
            self.topic = sns.Topic.from_topic_arn(self, "ExistingTopic", self.topic_arn)
        else:
            topic = self._topic(foundation, settings)
            self.topic, self.topic_arn = cast("sns.ITopic", topic), topic.topic_arn
            self._admit_publishers(topic, foundation)
        self.alarms = {
            title: alarm(
                self,
                title,
                name=names.alarm(title),
                props=alarm_props,
                topic_arn=self.topic_arn,
            )
            for title, alarm_props in watched(watch, foundation).items()
        }
        self._database_events(watch)
        self._failed_jobs(watch.jobs, names)
        dashboard(
            self,
            "Dashboard",
            props=DashboardProps(
                name=names.dashboard,
                place=foundation.place,
                alarms={title: names.alarm(title) for title in self.alarms},
            ),
        )

    def _topic(self, foundation: Foundation, settings: MonitoringSettings) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Alarms of {foundation.names.stack}",
            master_key=foundation.keys.messages,
            enforce_ssl=True,
        )
        for address in settings.emails:
            topic.add_subscription(
                cast("sns.ITopicSubscription", subscriptions.EmailSubscription(address))
            )
        return topic

    def _admit_publishers(self, topic: sns.Topic, foundation: Foundation) -> None:
        publish = allow(
            "sns:Publish",
            on=self.topic_arn,
            to={"Service": publishers(foundation.names)},
            when=from_this_account(foundation.place),
            sid="AlarmsAndDatabaseEventsOfThisAccountPublish",
        )
        added = topic.add_to_resource_policy(iam.PolicyStatement.from_json(publish))
        assert added.policy_dependable is not None
        self._published.append(added.policy_dependable)

    def _database_events(self, watch: Watched) -> None:
        """Tell of changes and failures that RDS itself notices (PCI DSS 11.5.2)."""
        cluster = [watch.database.cluster.cluster_identifier]
        instances = list(watch.database.cluster.instance_identifiers)
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
                sns_topic_arn=self.topic_arn,
                source_type=source_type,
                source_ids=source_ids,
                event_categories=list(categories),
            )
            subscription.node.add_dependency(*self._published)  # RDS publishes a test event at once

    def _failed_jobs(self, jobs: Iterable[Job], names: Names) -> None:
        """Tell of every run of a job that fails; no metric does."""
        for job in jobs:
            rule = events.CfnRule(
                self,
                f"JobFailed-{job.name}",
                description=f"A run of the job {job.name} failed",
                event_pattern={
                    "source": ["aws.ecs"],
                    "detail-type": ["ECS Task State Change"],
                    "detail": {
                        "clusterArn": [job.cluster.cluster_arn],
                        "group": [f"family:{job.task_definition.family}"],
                        "lastStatus": ["STOPPED"],
                        "$or": [
                            {"containers": {"exitCode": [{"anything-but": 0}]}},
                            {"stopCode": ["TaskFailedToStart"]},
                        ],
                    },
                },
                targets=[
                    events.CfnRule.TargetProperty(
                        id="Topic",
                        arn=self.topic_arn,
                        input_transformer=events.CfnRule.InputTransformerProperty(
                            input_paths_map={
                                "reason": "$.detail.stoppedReason",
                                "task": "$.detail.taskArn",
                            },
                            input_template=json.dumps(
                                f"The job {job.name} failed: <reason> Task: <task>. Read the log "
                                f"group {names.task_logs(job.name)}, mend it, run it again."
                            ),
                        ),
                    )
                ],
            )
            rule.node.add_dependency(*self._published)
