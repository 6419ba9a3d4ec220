"""Every physical name the stack gives, in one place, with AWS's length limits.

Everything else is named by CloudFormation, from the stack's name. A name that is not in this
table does not belong into a construct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.naming import STACK_PREFIX

LIMITS: Final[Mapping[str, int]] = {
    "stack": 128,
    "database_cluster": 63,
    "database_writer": 63,
    "last_reader": 63,
    "ecs_cluster": 255,
    "container_insights_logs": 512,
    "flow_logs": 512,
    "custom_resource_logs": 512,
    "database_users_logs": 512,
    "job_runner_logs": 512,
    "dns_logs": 512,
    "database_sessions": 512,
    "schedules": 64,
    "waf_logs": 512,
    "longest_database_logs": 512,
    "web_acl": 128,
    "dashboard": 255,
    "longest_alias": 256,
    "longest_export": 255,
}
"""Longest length that AWS allows for each name below, from the services' API references."""

DEFAULT_PROJECT: Final = "pcidss"
"""Project of an environment that names none; some of its names say what it holds instead."""

KEY_PURPOSES: Final = ("data", "logs", "secrets", "messages")
SLOW_QUERIES: Final = "slowquery"
LOG_KINDS: Final = ("audit", "error", SLOW_QUERIES)
"""Logs that the database may export; never ``general``, whose statements can hold card numbers
(PCI DSS 3.3)."""
MAX_READERS: Final = 15
DATABASE_VARIABLES: Final[Mapping[str, str]] = {
    "DATABASE_HOST": "host",
    "DATABASE_READER_HOST": "readerhost",
    "DATABASE_PORT": "port",
    "DATABASE_NAME": "dbname",
    "DATABASE_USER": "username",
    "DATABASE_PASSWORD": "password",
}
"""Variables in which a container finds the database, by the key in its secret."""
GIVEN_VARIABLES: Final = frozenset(DATABASE_VARIABLES)
"""Variables that the stack itself gives to a container."""
SERVICE: Final = "service"
"""The workload whose names say nothing of it, as most environments have it alone."""
DATABASE_SESSION: Final = "database-session"
"""The workload in which a person looks into the database."""
_LONGEST_OUTPUT: Final = "ClusterReaderEndpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Physical names of one environment.

    Attributes:
        project: Short name of the system, such as ``pcidss``; part of most names. It holds no
            hyphen, so that a name can be taken apart again in one way only.
        suffix: The environment's suffix; part of every name.
        workers: What runs beside the service, by name: lower-case letters, digits, hyphens.
        jobs: What runs to its end, by name.
        filters_dns: Whether queries for names are filtered and logged.
        logs_slow_queries: Whether the database exports its slow query log.
        database_session: Whether a person may look into the database.
    """

    project: str
    suffix: str
    workers: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    filters_dns: bool = False
    logs_slow_queries: bool = True
    database_session: bool = False

    @property
    def services(self) -> tuple[str, ...]:
        """Every workload that runs all the time."""
        return (SERVICE, *self.workers)

    @property
    def workloads(self) -> tuple[str, ...]:
        """All that runs on the cluster."""
        session = (DATABASE_SESSION,) if self.database_session else ()
        return (*self.services, *self.jobs, *session)

    @property
    def _is_default(self) -> bool:
        return self.project == DEFAULT_PROJECT

    @property
    def _database(self) -> str:
        return "transaction-db" if self._is_default else self.project

    @property
    def stack(self) -> str:
        """CloudFormation stack."""
        return f"{STACK_PREFIX if self._is_default else f'{self.project}-'}{self.suffix}"

    @property
    def ecs_cluster(self) -> str:
        """ECS cluster; named so that its Container Insights log group can be owned."""
        return f"{self.project}-{self.suffix}"

    def ecs_service(self, workload: str = SERVICE) -> str:
        """Return the ECS service of a workload, so that roles and alarms can refer to it."""
        return f"{self.ecs_cluster}{_of(workload, '-')}"

    @property
    def database_cluster(self) -> str:
        """Aurora cluster; named so that its log groups can be owned."""
        return f"{self._database}-cluster-{self.suffix}"

    @property
    def database_writer(self) -> str:
        """Writer instance."""
        return f"{self._database}-instance-{self.suffix}"

    def database_reader(self, number: int) -> str:
        """Return the name of a reader instance, numbered from 1."""
        return f"{self._database}-reader-{number}-{self.suffix}"

    @property
    def last_reader(self) -> str:
        """The longest reader name."""
        return self.database_reader(MAX_READERS)

    @property
    def database_log_kinds(self) -> tuple[str, ...]:
        """Logs that the database exports."""
        return tuple(k for k in LOG_KINDS if self.logs_slow_queries or k != SLOW_QUERIES)

    def database_logs(self, kind: str) -> str:
        """Return the log group that Aurora exports one kind of log to; the pattern is AWS's."""
        return f"/aws/rds/cluster/{self.database_cluster}/{kind}"

    @property
    def longest_database_logs(self) -> str:
        """The longest of the database's log groups."""
        return self.database_logs(max(LOG_KINDS, key=len))

    @property
    def container_insights_logs(self) -> str:
        """Log group that Container Insights writes to; the pattern is AWS's."""
        return f"/aws/ecs/containerinsights/{self.ecs_cluster}/performance"

    def task_logs(self, workload: str = SERVICE) -> str:
        """Return the log group of a workload's tasks."""
        return f"/{self.project}/{self.suffix}/tasks{_of(workload, '/')}"

    @property
    def flow_logs(self) -> str:
        """Log group of the VPC flow logs."""
        return f"/{self.project}/{self.suffix}/flow-logs"

    @property
    def schedules(self) -> str:
        """Group of the jobs' schedules."""
        return f"{self.project}-{self.suffix}"

    @property
    def dns_logs(self) -> str:
        """Log group of the queries for names."""
        return f"/{self.project}/{self.suffix}/dns-queries"

    @property
    def job_runner_logs(self) -> str:
        """Log group of the function that runs jobs in deployments."""
        return f"/{self.project}/{self.suffix}/job-runner"

    @property
    def custom_resource_logs(self) -> str:
        """Log group of the functions behind custom resources."""
        return f"/{self.project}/{self.suffix}/custom-resources"

    @property
    def database_users_logs(self) -> str:
        """Log group of the function that makes and rotates the database users."""
        return f"/{self.project}/{self.suffix}/database-users"

    @property
    def database_sessions(self) -> str:
        """Log group of what is typed and shown in database sessions."""
        return f"/{self.project}/{self.suffix}/database-sessions"

    @property
    def waf_logs(self) -> str:
        """Log group of the web ACL; WAF insists on the prefix ``aws-waf-logs-``."""
        return f"aws-waf-logs-{self.project}-{self.suffix}"

    @property
    def web_acl(self) -> str:
        """Web ACL, and its metric."""
        return f"{self.project}-{self.suffix}"

    @property
    def dashboard(self) -> str:
        """CloudWatch dashboard."""
        return f"{self.project}-{self.suffix}"

    def alarm(self, title: str) -> str:
        """Return the name of an alarm, as a message about it shows it."""
        return f"{self.stack}-{title}"

    def alias(self, purpose: str) -> str:
        """Return the alias of the key with a purpose."""
        return f"alias/{self.project}-{self.suffix}-{purpose}"

    @property
    def longest_alias(self) -> str:
        """The longest key alias."""
        return self.alias(max(KEY_PURPOSES, key=len))

    def export(self, output: str) -> str:
        """Return the export name of a stack output."""
        # A colon, as no suffix holds one: a project and a suffix are no other suffix.
        owner = "" if self._is_default else f"{self.project}:"
        return f"{owner}{self.suffix}-{output}"

    @property
    def longest_export(self) -> str:
        """The longest export name."""
        return self.export(_LONGEST_OUTPUT)

    @property
    def log_groups(self) -> tuple[str, ...]:
        """Every log group that the stack owns."""
        return (
            *(self.database_logs(kind) for kind in self.database_log_kinds),
            self.container_insights_logs,
            *(self.task_logs(workload) for workload in self.workloads),
            self.flow_logs,
            *((self.job_runner_logs,) if self.jobs else ()),
            *((self.dns_logs,) if self.filters_dns else ()),
            *((self.database_sessions,) if self.database_session else ()),
            self.custom_resource_logs,
            self.database_users_logs,
            self.waf_logs,
        )


def _of(workload: str, separator: str) -> str:
    return "" if workload == SERVICE else f"{separator}{workload}"


def longest_suffix() -> int:
    """Return the longest suffix that fits every name that holds nothing else of the user's."""
    empty = Names(project=DEFAULT_PROJECT, suffix="")
    return min(
        LIMITS[name] - len(str(getattr(empty, name)))
        for name in ("stack", "database_cluster", "database_writer", "last_reader")
    )


def longest_project() -> int:
    """Return the longest project that fits every name, beside the longest suffix."""
    suffix = "s" * longest_suffix()
    without, one = Names(project="", suffix=suffix), Names(project="p", suffix=suffix)
    return min(
        limit - len(str(getattr(without, name)))
        for name, limit in LIMITS.items()
        if getattr(without, name) != getattr(one, name)
    )
