"""What is watched: every alarm's metric and limit, and what to do when it goes off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pci_constructs.alarm import AlarmProps, Metric
from pci_constructs.database import Database
from pci_constructs.database_identities import DatabaseIdentities
from pci_constructs.foundation import Foundation
from pci_constructs.ingress import Ingress
from pci_constructs.job import Job
from pci_constructs.names import Names
from pci_constructs.network import Network
from pci_constructs.service import Service
from pci_constructs.worker import Worker

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
"""Connections that Aurora MySQL allows by default from a largest capacity in ACU on."""

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What alarms watch.

    Attributes:
        network: Its flow log must never fall silent.
        service: The service.
        database: The database; one that pauses writes no log, and its silence is no alarm.
        identities: What makes and rotates the database users.
        ingress: The way in, if there is one.
        workers: Tasks beside the service.
        jobs: Tasks that end; those with a schedule must be started by it.
    """

    network: Network
    service: Service
    database: Database
    identities: DatabaseIdentities
    ingress: Ingress | None = None
    workers: tuple[Worker, ...] = ()
    jobs: tuple[Job, ...] = ()


def watched(watch: Watched, foundation: Foundation) -> dict[str, AlarmProps]:
    """Return the alarms by title, in the order of the dashboard."""
    return {
        **_service(watch.service, foundation.names),
        **_workers(watch.workers, foundation.names),
        **_schedules(watch.jobs, foundation.names),
        **_database(watch.database, foundation.names),
        **_controls(watch),
        **(_ingress(watch.ingress, foundation) if watch.ingress else {}),
    }


def _service(service: Service, names: Names) -> dict[str, AlarmProps]:

    def metric(namespace: str, name: str) -> Metric:
        dimensions = {"ClusterName": names.ecs_cluster, "ServiceName": names.ecs_service()}
        return Metric(namespace=namespace, name=name, dimensions=dimensions)

    return {
        "ServiceCpu": AlarmProps(
            metric=metric("AWS/ECS", "CPUUtilization"),
            above=85,
            periods=5,
            what_to_do="Tasks need more CPU than autoscaling gives. Check whether the task count "
            "is at its maximum; raise max_count or cpu in the environment's file.",
        ),
        "ServiceMemory": AlarmProps(
            metric=metric("AWS/ECS", "MemoryUtilization"),
            above=90,
            periods=5,
            what_to_do="Tasks are close to their memory limit and will be killed. Look for a leak "
            "since the last deployment; raise memory_mib in the environment's file.",
        ),
        "TasksMissing": AlarmProps(
            metric=metric("ECS/ContainerInsights", "DesiredTaskCount"),
            less=metric("ECS/ContainerInsights", "RunningTaskCount"),
            above=0,
            periods=5,
            after=(service.service,),
            what_to_do="Fewer tasks run than are wanted. Read the service's events and the stopped "
            "tasks' reasons: image, secret, health check and capacity, in that order.",
        ),
    }


def _workers(workers: Iterable[Worker], names: Names) -> dict[str, AlarmProps]:
    alarms: dict[str, AlarmProps] = {}
    for worker in workers:
        if not worker.settings.desired_count:
            continue  # it is stopped
        dimensions = {
            "ClusterName": names.ecs_cluster,
            "ServiceName": names.ecs_service(worker.name),
        }
        running, wanted, pending = (
            Metric(
                namespace="ECS/ContainerInsights",
                name=name,
                dimensions=dimensions,
                statistic=statistic,
            )
            for name, statistic in (
                ("RunningTaskCount", "Average"),
                ("DesiredTaskCount", "Average"),
                ("PendingTaskCount", "Maximum"),
            )
        )
        alarms[f"TasksMissing-{worker.name}"] = AlarmProps(
            metric=wanted,
            less=running,
            above=0,
            periods=5,
            after=(worker.service,),
            what_to_do=f"Fewer tasks of the worker {worker.name} run than are wanted. Read its "
            "events and the stopped tasks' reasons: image, secret, health check and capacity, in "
            "that order.",
        )
        alarms[f"TasksRestarting-{worker.name}"] = AlarmProps(
            metric=pending,
            above=0,
            periods=10,
            what_to_do=f"Tasks of the worker {worker.name} wait to be started again and again. "
            "Read the log of the last one: most often the command ends or runs out of memory.",
        )
    return alarms


def _schedules(jobs: Iterable[Job], names: Names) -> dict[str, AlarmProps]:
    if not any(job.settings.schedule for job in jobs):
        return {}
    return {
        "JobsNotStarted": AlarmProps(
            metric=Metric(
                namespace="AWS/Scheduler",
                name="TargetErrorCount",
                dimensions={"ScheduleGroup": names.schedules},
                statistic="Sum",
                period=300,
            ),
            above=0,
            periods=1,
            what_to_do="EventBridge Scheduler could not start a job. Look at the quota of Fargate "
            "tasks and at the scheduler's role; start the job by hand once it is mended.",
        )
    }


def _database(database: Database, names: Names) -> dict[str, AlarmProps]:
    dimensions = {"DBClusterIdentifier": names.database_cluster}

    def metric(name: str, statistic: str, period: int) -> Metric:
        return Metric(
            namespace="AWS/RDS",
            name=name,
            dimensions=dimensions,
            statistic=statistic,
            period=period,
        )

    alarms = {
        "DatabaseCpu": AlarmProps(
            metric=metric("CPUUtilization", "Average", 300),
            above=90,
            what_to_do="The database is short of CPU at its present capacity. Look at the slow "
            "query log first, if it is on; then raise max_capacity in the environment's file.",
        ),
        "DatabaseCapacity": AlarmProps(
            metric=metric("ACUUtilization", "Average", 300),
            above=90,
            what_to_do="The database runs at its largest capacity. If the load is expected, raise "
            "max_capacity in the environment's file; if not, look for the client that causes it.",
        ),
        "DatabaseConnections": AlarmProps(
            metric=metric("DatabaseConnections", "Maximum", 60),
            above=many_connections(database.settings.max_capacity),
            what_to_do="Most connections that the database allows are in use. Look for tasks that "
            "do not close theirs; lower the pool size, or raise max_capacity and restart the "
            "instances.",
        ),
        "DatabaseFreeMemory": AlarmProps(
            metric=metric("FreeableMemory", "Minimum", 300),
            below=128 * 1024 * 1024,
            what_to_do="The database is almost out of memory at its largest capacity and may "
            "restart. Raise max_capacity in the environment's file.",
        ),
    }
    if database.settings.readers:
        alarms["ReplicaLag"] = AlarmProps(
            metric=metric("AuroraReplicaLag", "Maximum", 60),
            above=1000,
            periods=5,
            what_to_do="Readers are more than a second behind the writer. Look for long "
            "transactions on the writer and heavy queries on the reader.",
        )
    return alarms


def _controls(watch: Watched) -> dict[str, AlarmProps]:
    """Watch the security controls themselves (PCI DSS 10.7.2)."""
    alarms = {
        "FlowLogSilent": AlarmProps(
            metric=_events(watch.network.flow_log_group.log_group_name),
            below=1,
            periods=2,
            after=(watch.network.flow_log, watch.service.service),  # which makes traffic
            what_to_do=_control_failed(
                "Check the flow log's status and its role in the VPC console."
            ),
        ),
        "RotationFailed": AlarmProps(
            metric=Metric(
                namespace="AWS/Lambda",
                name="Errors",
                dimensions={"FunctionName": watch.identities.function.function_name},
                statistic="Sum",
                period=300,
            ),
            above=0,
            periods=1,
            what_to_do="A database password was not rotated; every login still works, as the "
            "rotation touches a user that rests. The function's log names the reason and what to "
            "do. Then rotate again: aws secretsmanager rotate-secret --secret-id (the secret); "
            "while a version is pending Secrets Manager goes on with that one by itself.",
        ),
    }
    if watch.database.settings.min_capacity:
        alarms["AuditLogSilent"] = AlarmProps(
            metric=_events(watch.database.log_groups["audit"].log_group_name),
            below=1,
            periods=2,
            after=(watch.database.writer,),
            what_to_do=_control_failed(
                "Check server_audit_logging in the cluster parameter group and the cluster's log "
                "exports."
            ),
        )
    return alarms


def _ingress(ingress: Ingress, foundation: Foundation) -> dict[str, AlarmProps]:
    balancer = {"LoadBalancer": ingress.load_balancer.load_balancer_full_name}
    tasks = {**balancer, "TargetGroup": ingress.target_group.target_group_full_name}

    def metric(dimensions: Mapping[str, str], name: str, statistic: str) -> Metric:
        return Metric(
            namespace="AWS/ApplicationELB", name=name, dimensions=dimensions, statistic=statistic
        )

    return {
        "UnhealthyHosts": AlarmProps(
            metric=metric(tasks, "UnHealthyHostCount", "Maximum"),
            above=0,
            what_to_do="The load balancer finds tasks unwell. Compare health_check_path with what "
            "the container answers, then read the tasks' log.",
        ),
        "TaskErrors": AlarmProps(
            metric=metric(tasks, "HTTPCode_Target_5XX_Count", "Sum"),
            above=10,
            what_to_do="Tasks answer with 5xx. Read the tasks' log of the same minutes; roll back "
            "if it began with a deployment.",
        ),
        "LoadBalancerErrors": AlarmProps(
            metric=metric(balancer, "HTTPCode_ELB_5XX_Count", "Sum"),
            above=10,
            what_to_do="The load balancer itself answers with 5xx: no healthy task, or tasks that "
            "time out. Look at UnhealthyHosts and Latency.",
        ),
        "Latency": AlarmProps(
            metric=metric(tasks, "TargetResponseTime", "p99"),
            above=2,
            periods=5,
            what_to_do="One request in a hundred takes longer than two seconds. Look at the "
            "database's CPU and capacity first, then at the tasks' CPU.",
        ),
        "WafBlockedSurge": AlarmProps(
            metric=Metric(
                namespace="AWS/WAFV2",
                name="BlockedRequests",
                dimensions={
                    "WebACL": foundation.names.web_acl,
                    "Region": foundation.place.region,
                    "Rule": "ALL",
                },
                statistic="Sum",
                period=300,
            ),
            above=500,
            periods=1,
            what_to_do="The web ACL blocks unusually many requests. See which rule in its log: an "
            "attack needs watching, a false positive needs a scoped exception.",
        ),
    }


def _events(log_group: str) -> Metric:
    return Metric(
        namespace="AWS/Logs",
        name="IncomingLogEvents",
        dimensions={"LogGroupName": log_group},
        statistic="Sum",
        period=_HOUR,
    )


def _control_failed(repair: str) -> str:
    return (
        f"A security control has failed: no log event for two hours. {repair} Restore it, and "
        "record the gap as an incident."
    )


def many_connections(max_capacity: float) -> float:
    """Return how many connections are an alarm: 80 % of what the database allows at least.

    Args:
        max_capacity: Most capacity of the database, in ACUs.
    """
    return _connections(max_capacity) * 0.8


def _connections(max_capacity: float) -> float:
    """Connections that the database allows at least (Aurora guide, v2 scaling)."""
    return next(allowed for capacity, allowed in _CONNECTIONS if max_capacity >= capacity)
