"""The settings of one environment: their types, defaults and ranges, each judged by itself.

What concerns several of them, and what stands in lists, is judged in :mod:`stacks.consistency`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

from pci_constructs.names import MAX_READERS, Names, longest_project
from pci_constructs.retention import RETENTIONS
from stacks import values
from stacks.mistakes import listed


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may be, in words, for its messages and for the documentation."""

    words: str


def allowed(field: FieldInfo) -> str:
    """Return in words what a setting may be; choices and ranges speak for themselves."""
    words = next((item.words for item in field.metadata if isinstance(item, Allowed)), None)
    if words is not None:
        return words
    if get_origin(field.annotation) is Literal:
        return listed(f'"{choice}"' for choice in get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    low, high = (
        next(getattr(item, bound) for item in field.metadata if hasattr(item, bound))
        for bound in ("ge", "le")
    )
    return f"a whole number from {low} to {high}"


def model_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a setting that is a table of settings; None for any other."""
    candidates = (field.annotation, *get_args(field.annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _form(pattern: str) -> AfterValidator:
    """Return a validator of texts that must match a pattern as a whole."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError("cannot be used")
        return value

    return AfterValidator(check)


# Defaults that follow from other settings; pydantic passes those that stand above.


def _gateways(above: dict[str, Any]) -> int:
    return 0 if above["egress"] == "endpoints" else 1


def _health_check(above: dict[str, Any]) -> str:
    url = f"http://127.0.0.1:{above['container_port']}{above['health_check_path']}"
    return f"wget --quiet --output-document=/dev/null {shlex.quote(url)} || exit 1"


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class NetworkSettings(_Model):
    """Address plan and way out of the VPC."""

    cidr: Annotated[
        str,
        AfterValidator(values.vpc_cidr),
        Allowed(f"an IPv4 range from /16 to /22 inside {listed(values.PRIVATE_RANGES)}"),
    ] = "10.0.0.0/16"
    """IPv4 range of the VPC."""

    zones: Annotated[
        tuple[str, ...],
        Field(min_length=2, max_length=3, strict=False),
        Allowed('two or three zones of the region, such as ["eu-central-2a", "eu-central-2b"]'),
    ]
    """Availability zones."""

    egress: Literal["nat", "endpoints"] = "nat"
    """`nat`: HTTPS through NAT gateways. `endpoints`: VPC endpoints only, no way to the internet;
    the image must then be in a private ECR repository of the same region. With either, S3 in the
    region is open to ECR's image layers only."""

    nat_gateways: Annotated[int, Field(ge=0, le=3)] = Field(default_factory=_gateways)
    """0 with `endpoints`; with `nat` 1, or one per zone. Left out, it is 0 or 1."""


class DatabaseSettings(_Model):
    """Aurora MySQL Serverless v2."""

    engine_version: Annotated[
        str,
        AfterValidator(values.engine_version),
        Allowed("a version such as 8.0.mysql_aurora.3.10.4"),
    ] = "8.0.mysql_aurora.3.10.4"
    """Full Aurora MySQL version. Whether the region has it, and until when it is supported, is
    checked at synth."""

    min_capacity: Annotated[
        float,
        Field(ge=0, le=256, allow_inf_nan=False),
        AfterValidator(values.half_steps),
        Allowed("a number from 0 to 256 in steps of 0.5"),
    ] = 0.5
    """Smallest capacity in ACU (2 GiB of memory each); 0 lets it pause."""

    max_capacity: Annotated[
        float,
        Field(ge=1, le=256, allow_inf_nan=False),
        AfterValidator(values.half_steps),
        Allowed("a number from 1 to 256 in steps of 0.5"),
    ] = 1
    """Largest capacity in ACU."""

    auto_pause_seconds: Annotated[int | None, Field(ge=300, le=86400)] = None
    """Idle time before a pause, only with `min_capacity = 0`. Pools hold the database awake."""

    readers: Annotated[int, Field(ge=0, le=MAX_READERS)] = 0
    """Reader instances; writer and readers take the zones in turn."""

    port: Annotated[
        int,
        Field(ge=1150, le=65535),
        AfterValidator(values.not_mysql_port),
        Allowed("a whole number from 1150 to 65535, but not 3306"),
    ] = 6603
    """TCP port."""

    name: Annotated[
        str,
        _form(r"[a-z][a-z0-9_]{0,63}"),
        AfterValidator(values.database_name),
        Allowed(
            "lower-case letters, digits and underscores, a letter first, at most 64; no reserved "
            "word and no own database of MySQL"
        ),
    ] = "transactions"
    """Database made at the start."""

    # RDS API reference, CreateDBCluster, MasterUsername
    master_username: Annotated[
        str,
        _form(r"[A-Za-z][A-Za-z0-9]{0,15}"),
        AfterValidator(values.master_username),
        Allowed(
            "letters and digits, a letter first, at most 16; no default account, no reserved word, "
            "nothing that begins with rds"
        ),
    ] = "txowner"
    """Master user; a name of your own (PCI DSS 2.2.2)."""

    backup_retention_days: Annotated[int, Field(ge=1, le=35)] = 7
    """How long automatic backups are kept."""

    rotation_days: Annotated[int, Field(ge=1, le=90)] = 30
    """Days between rotations of the master password (PCI DSS 8.6.3)."""


class ServiceSettings(_Model):
    """The Fargate service. The defaults run an unprivileged nginx."""

    image: Annotated[
        str,
        AfterValidator(values.image),
        Allowed(
            "an image as [registry/]name[:tag][@sha256:digest]; a private one in ECR as "
            "<12 digits>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>"
        ),
    ] = "public.ecr.aws/nginx/nginx-unprivileged:1.30-alpine"
    """Container image, public or in ECR."""

    user: Annotated[
        str,
        AfterValidator(values.container_user),
        Allowed('a user name or number other than root, with or without ":group"'),
    ] = "101"
    """User the container runs as."""

    container_port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    """TCP port the container listens on."""

    health_check_path: Annotated[
        str,
        _form(r"/[!-~]{0,1023}"),
        Allowed("a path that begins with / and holds no space, at most 1024 characters"),
    ] = "/"
    """Path that answers 200 when a task is well."""

    health_check_command: Annotated[
        str, _form(r"(?s).*\S.*"), Allowed("a command of the image's shell")
    ] = Field(default_factory=_health_check)
    """Command inside the container that fails when it is unwell. Left out, `wget` asks
    `health_check_path` at `container_port`."""

    scratch_paths: Annotated[
        tuple[str, ...],
        Field(strict=False),
        Allowed('a list of different absolute paths, such as ["/tmp"], none inside another'),
    ] = ("/tmp",)
    """Directories the image must write to; the root filesystem is read-only. Each is a tmpfs."""

    scratch_mib: Annotated[int, Field(ge=1, le=4096)] = 64
    """Size of each scratch directory in MiB; all together may take half of the task's memory."""

    cpu: Annotated[
        int,
        AfterValidator(values.fargate_cpu),
        Allowed(listed(str(size) for size in values.FARGATE_MEMORY)),
    ] = 256
    """Task CPU in units of 1/1024 vCPU."""

    memory_mib: Annotated[
        int,
        Allowed(
            "a size that Fargate has for the cpu: "
            + "; ".join(f"{cpu}: {values.memory_sizes(cpu)}" for cpu in values.FARGATE_MEMORY)
        ),
    ] = 512
    """Task memory in MiB."""

    desired_count: Annotated[int, Field(ge=1, le=100)] = 1
    """Tasks without load: the least that autoscaling keeps."""

    max_count: Annotated[int, Field(ge=1, le=1000)] = 2
    """The most tasks that autoscaling starts; at least `desired_count`."""


_Arn = Annotated[
    str, _form(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]{1,64}")
]
_ZoneId = Annotated[str, _form(r"Z[A-Z0-9]{1,31}")]
_HostName = Annotated[str, AfterValidator(values.host_name)]
_CommonName = Annotated[str, AfterValidator(values.common_name)]


class IngressSettings(_Model):
    """The way in from the internet. Without this table there is none."""

    certificate_arn: Annotated[
        _Arn | None,
        Allowed("an ACM certificate: arn:aws:acm:<region>:<12 digits>:certificate/<id>"),
    ] = None
    """Certificate in the environment's region and account. Either this, or the three fields
    below."""

    hosted_zone_id: Annotated[
        _ZoneId | None, Allowed("an id as Route 53 shows it: Z, then capital letters and digits")
    ] = None
    """Public Route 53 zone in which a new certificate is validated and the name is published."""

    hosted_zone_name: Annotated[_HostName | None, Allowed("a domain such as example.com")] = None
    """Domain of that zone."""

    domain_name: Annotated[
        _CommonName | None,
        Allowed("a host name such as pay.example.com, at most 64 characters"),
    ] = None
    """Name of the service inside that zone."""

    rate_limit: Annotated[int, Field(ge=10, le=2_000_000)] = 2000
    """Requests that one address may send in five minutes before it is blocked."""


class ProtectionSettings(_Model):
    """What happens to data at the end of the environment's life."""

    keep_data: bool = False
    """Keep keys, logs and secrets and take a final snapshot when the stack is deleted. `false`
    deletes them with the stack."""

    deletion_protection: bool = False
    """AWS refuses to delete the database, the load balancer and the stack."""

    key_deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 7
    """How long a deleted key can be recovered."""

    log_retention_days: Annotated[
        int,
        AfterValidator(values.retention),
        Allowed(f"{listed(map(str, RETENTIONS))} days"),
    ] = 365
    """How long logs are kept: what CloudWatch Logs offers and PCI DSS 10.5.1 (12 months)
    allows."""


class MonitoringSettings(_Model):
    """Who hears of alarms."""

    emails: Annotated[
        tuple[str, ...],
        Field(strict=False),
        Allowed('a list of different addresses, such as ["security@example.com"]'),
    ] = ()
    """Addresses that are asked to subscribe to the alarm topic."""


class Environment(_Model):
    """Everything that differs between two environments."""

    suffix: str
    """The environment's suffix; it comes from the command line, not from the file."""

    region: Annotated[
        str,
        AfterValidator(values.region),
        Allowed('the name of an AWS region, such as "eu-central-2"'),
    ]
    """AWS region."""

    account: Annotated[
        Annotated[str, _form(r"[0-9]{12}")] | None, Allowed("12 digits in quotes")
    ] = None
    """AWS account; left out, the stack goes to the account of the deploying credentials."""

    project: Annotated[
        str,
        _form(rf"[a-z][a-z0-9]{{0,{longest_project() - 1}}}"),
        Allowed(f"lower-case letters and digits, a letter first, at most {longest_project()}"),
    ] = "pcidss"
    """Short name of the system; a tag, and part of most names. No hyphen, so that two environments
    never get the same name."""

    data_classification: Literal["cardholder-data", "test-data"] = "test-data"
    """Tag `DataClassification` on every resource. `cardholder-data` needs `keep_data`,
    `deletion_protection` and a database that never pauses."""

    network: NetworkSettings
    database: DatabaseSettings = DatabaseSettings()
    service: ServiceSettings = ServiceSettings()
    ingress: IngressSettings | None = None
    protection: ProtectionSettings = ProtectionSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    acknowledged: Annotated[
        dict[str, Annotated[str, StringConstraints(strip_whitespace=True)]],
        Allowed("a reason of at least 20 characters for each rule id"),
    ] = {}
    """Findings of the project's rules on the database that this environment accepts: reason by
    rule id. What is fatal cannot be accepted."""

    @property
    def names(self) -> Names:
        """Physical names of the environment."""
        return Names(project=self.project, suffix=self.suffix)
