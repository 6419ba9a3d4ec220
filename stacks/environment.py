"""The typed configuration of one environment, read from ``environments/<suffix>.toml``."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from pci_constructs.engine import mysql_version
from pci_constructs.names import MAX_READERS, Names, longest_suffix
from pci_constructs.retention import RETENTIONS

ENVIRONMENTS: Final = Path(__file__).resolve().parent.parent / "environments"
EPHEMERAL: Final = "ephemeral"
"""Name of the file for every suffix that has none of its own."""

_SUFFIX: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FARGATE_MEMORY: Final = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
_RESERVED_USERS: Final = ("admin", "root", "rdsadmin", "mysql", "master", "user")


class ConfigurationError(Exception):
    """The configuration cannot be used; the message says what, where, and what is allowed."""


def _half_steps(value: float) -> float:
    if value * 2 != int(value * 2):
        raise ValueError("must be a multiple of 0.5 ACU")
    return value


def _engine_version(value: str) -> str:
    mysql_version(value)
    return value


def _not_reserved(value: str) -> str:
    if value in _RESERVED_USERS:
        raise ValueError(
            f"{value!r} is a default or reserved account (PCI DSS 2.2.2); choose a name of your own"
        )
    return value


def _not_root(value: str) -> str:
    if value.partition(":")[0] in ("root", "0"):
        raise ValueError("the container must not run as root; give a user name or id")
    return value


def _not_mysql_port(value: int) -> int:
    if value == 3306:
        raise ValueError("must not be MySQL's well-known port 3306")
    return value


def _offered_retention(value: int) -> int:
    if value not in RETENTIONS:
        offered = ", ".join(map(str, RETENTIONS))
        raise ValueError(
            f"must be one of {offered} days: what CloudWatch Logs offers "
            "from 12 months on (PCI DSS 10.5.1)"
        )
    return value


def _vpc_cidr(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    if not network.is_private or not 16 <= network.prefixlen <= 22:
        raise ValueError("must be a private IPv4 range between /16 and /22")
    return str(network)


Zone = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NetworkSettings(_Model):
    """Address plan and way out of the VPC."""

    cidr: Annotated[str, AfterValidator(_vpc_cidr)] = "10.0.0.0/16"
    """Private IPv4 range of the VPC, between /16 and /22."""

    zones: Annotated[tuple[Zone, ...], Field(min_length=2, max_length=3)]
    """Two or three availability zones of the region."""

    egress: Literal["nat", "endpoints"] = "nat"
    """`nat`: HTTPS through NAT gateways. `endpoints`: VPC endpoints only, no way to the internet;
    the image must then be in a private ECR repository of the same region."""

    nat_gateways: Annotated[int, Field(ge=0, le=3)] = 1
    """0 with `endpoints`; with `nat` 1, or one per zone."""

    @model_validator(mode="after")
    def _zones_differ(self) -> NetworkSettings:
        if len(set(self.zones)) != len(self.zones):
            raise ValueError("zones: every zone may stand there once only")
        return self

    @model_validator(mode="after")
    def _nat_fits_egress(self) -> NetworkSettings:
        allowed = (0,) if self.egress == "endpoints" else (1, len(self.zones))
        if self.nat_gateways not in allowed:
            raise ValueError(
                f"nat_gateways: {self.nat_gateways} does not go with egress = {self.egress!r}; "
                f"allowed: {' or '.join(map(str, allowed))}"
            )
        return self


class DatabaseSettings(_Model):
    """Aurora MySQL Serverless v2."""

    engine_version: Annotated[str, AfterValidator(_engine_version)] = "8.0.mysql_aurora.3.10.4"
    """Full Aurora MySQL version. Whether the region has it, and until when it is supported, is
    checked at synth."""

    min_capacity: Annotated[float, Field(ge=0, le=256), AfterValidator(_half_steps)] = 0.5
    """Smallest capacity in ACU (2 GiB of memory each), in steps of 0.5; 0 lets it pause."""

    max_capacity: Annotated[float, Field(ge=1, le=256), AfterValidator(_half_steps)] = 1
    """Largest capacity in ACU."""

    auto_pause_seconds: Annotated[int, Field(ge=300, le=86400)] | None = None
    """Idle time before a pause, only with `min_capacity = 0`. Pools hold the database awake."""

    readers: Annotated[int, Field(ge=0, le=MAX_READERS)] = 0
    """Reader instances; writer and readers take the zones in turn."""

    port: Annotated[int, Field(ge=1150, le=65535), AfterValidator(_not_mysql_port)] = 6603
    """TCP port; not MySQL's 3306."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "transactions"
    """Database made at the start."""

    master_username: Annotated[
        str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,31}$"), AfterValidator(_not_reserved)
    ] = "txowner"
    """Master user; no default or reserved account (PCI DSS 2.2.2)."""

    backup_retention_days: Annotated[int, Field(ge=1, le=35)] = 7
    """How long automatic backups are kept."""

    rotation_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days between rotations of the master password (PCI DSS 8.6.3)."""

    @model_validator(mode="after")
    def _capacity_is_a_range(self) -> DatabaseSettings:
        if self.min_capacity > self.max_capacity:
            raise ValueError(
                f"min_capacity: {self.min_capacity:g} is larger than max_capacity "
                f"{self.max_capacity:g}"
            )
        if self.auto_pause_seconds is not None and self.min_capacity != 0:
            raise ValueError(
                "auto_pause_seconds: needs min_capacity = 0; leave it out or set min_capacity to 0"
            )
        return self


class ServiceSettings(_Model):
    """The Fargate service. The defaults run an unprivileged nginx."""

    image: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-zA-Z0-9._/:@-]+$")] = (
        "public.ecr.aws/nginx/nginx-unprivileged:1.29-alpine"
    )
    """Container image: public, or `<account>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>`."""

    user: Annotated[str, StringConstraints(min_length=1), AfterValidator(_not_root)] = "101"
    """User the container runs as; not root."""

    container_port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    """TCP port the container listens on."""

    health_check_path: Annotated[str, StringConstraints(pattern=r"^/\S*$")] = "/"
    """Path that answers 200 when a task is well."""

    health_check_command: Annotated[str, StringConstraints(min_length=1)] = (
        "wget --quiet --output-document=/dev/null http://127.0.0.1:8080/ || exit 1"
    )
    """Shell command inside the container that fails when it is unwell."""

    scratch_paths: tuple[Annotated[str, StringConstraints(pattern=r"^/[^\s:]+$")], ...] = ("/tmp",)
    """Directories the image must write to; the root filesystem is read-only. Each is a tmpfs."""

    scratch_mib: Annotated[int, Field(ge=1, le=4096)] = 64
    """Size of each scratch directory in MiB; it counts as task memory."""

    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = 256
    """Task CPU in units of 1/1024 vCPU."""

    memory_mib: int = 512
    """Task memory; each `cpu` allows certain sizes, and a wrong one is refused with the list."""

    desired_count: Annotated[int, Field(ge=1, le=100)] = 1
    """Tasks at the start, and the least that autoscaling keeps."""

    max_count: Annotated[int, Field(ge=1, le=1000)] = 2
    """The most tasks that autoscaling starts."""

    @model_validator(mode="after")
    def _fargate_has_the_size(self) -> ServiceSettings:
        allowed = _FARGATE_MEMORY[self.cpu]
        if self.memory_mib not in allowed:
            raise ValueError(
                f"memory_mib: {self.memory_mib} does not go with cpu = {self.cpu}; "
                f"allowed: {', '.join(map(str, allowed))}"
            )
        if self.max_count < self.desired_count:
            raise ValueError(
                f"max_count: {self.max_count} is smaller than desired_count {self.desired_count}"
            )
        return self


class IngressSettings(_Model):
    """The way in from the internet. Without this table there is none."""

    certificate_arn: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$"
            ),
        ]
        | None
    ) = None
    """Certificate in the environment's region. Either this, or the three fields below."""

    hosted_zone_id: Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]+$")] | None = None
    """Public Route 53 zone in which a new certificate is validated and the name is published."""

    hosted_zone_name: Annotated[str, StringConstraints(min_length=3)] | None = None
    """Domain of that zone."""

    domain_name: Annotated[str, StringConstraints(min_length=3)] | None = None
    """Name of the service inside that zone."""

    rate_limit: Annotated[int, Field(ge=10, le=2_000_000)] = 2000
    """Requests that one address may send in five minutes before it is blocked."""

    @model_validator(mode="after")
    def _one_certificate(self) -> IngressSettings:
        zone = (self.hosted_zone_id, self.hosted_zone_name, self.domain_name)
        by_zone = all(zone)
        if bool(self.certificate_arn) == by_zone or (any(zone) and not by_zone):
            raise ValueError(
                "give either certificate_arn, or hosted_zone_id, hosted_zone_name and domain_name "
                "together"
            )
        if by_zone and not f".{self.domain_name}".endswith(f".{self.hosted_zone_name}"):
            raise ValueError(
                f"domain_name: {self.domain_name!r} is not inside {self.hosted_zone_name!r}"
            )
        return self


class ProtectionSettings(_Model):
    """What happens to data at the end of the environment's life."""

    keep_data: bool = False
    """Keep keys, logs and secrets and take a final snapshot when the stack is deleted. `false`
    leaves nothing behind."""

    deletion_protection: bool = False
    """AWS refuses to delete the database, the load balancer and the stack."""

    key_deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 7
    """How long a deleted key can be recovered."""

    log_retention_days: Annotated[int, AfterValidator(_offered_retention)] = 365
    """How long logs are kept: 365, 400, 545, 731, 1096, 1827, 2557 or 3653 days, which CloudWatch
    Logs offers and PCI DSS 10.5.1 (12 months) allows."""


class MonitoringSettings(_Model):
    """Who hears of alarms."""

    emails: tuple[
        Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")], ...
    ] = ()
    """Addresses that are asked to subscribe to the alarm topic."""


class Environment(_Model):
    """Everything that differs between two environments."""

    suffix: str
    """The environment's suffix; it comes from the command line, not from the file."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    """AWS region."""

    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    """AWS account; left out, the stack goes to the account of the deploying credentials."""

    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")] = "pcidss"
    """Short name of the system; a tag, and part of most names."""

    network: NetworkSettings
    database: DatabaseSettings = DatabaseSettings()
    service: ServiceSettings = ServiceSettings()
    ingress: IngressSettings | None = None
    protection: ProtectionSettings = ProtectionSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    acknowledged: dict[str, Annotated[str, StringConstraints(min_length=20)]] = {}
    """Findings of the project's rules on the database that this environment accepts: reason of at
    least 20 characters by rule id."""

    @property
    def names(self) -> Names:
        """Physical names of the environment."""
        return Names(project=self.project, suffix=self.suffix)

    @model_validator(mode="after")
    def _names_fit(self) -> Environment:
        too_long = self.names.too_long()
        if too_long:
            raise ValueError(f"project: shorten it: {'; '.join(too_long)}")
        return self

    @model_validator(mode="after")
    def _everything_is_in_the_region(self) -> Environment:
        strangers = [zone for zone in self.network.zones if zone[:-1] != self.region]
        if strangers:
            raise ValueError(
                f"network.zones: {', '.join(strangers)} is not in region {self.region}; its zones "
                f"are named {self.region}a, {self.region}b and so on"
            )
        arn = self.ingress.certificate_arn if self.ingress else None
        if arn and arn.split(":")[3] != self.region:
            raise ValueError(
                f"ingress.certificate_arn: the certificate is in {arn.split(':')[3]}; a load "
                f"balancer needs one of its own region, {self.region}"
            )
        return self

    @model_validator(mode="after")
    def _image_can_be_reached(self) -> Environment:
        private = f".dkr.ecr.{self.region}.amazonaws.com/"
        if self.network.egress == "endpoints" and private not in self.service.image:
            raise ValueError(
                f"service.image: {self.service.image} cannot be reached with egress = 'endpoints'; "
                f"copy it to a repository <account>{private}<name>"
            )
        return self


def check_suffix(suffix: str) -> str:
    """Return the suffix if it can be part of every name.

    Raises:
        ConfigurationError: It cannot; the message says what is allowed.
    """
    longest = longest_suffix()
    if not _SUFFIX.fullmatch(suffix) or len(suffix) > longest:
        raise ConfigurationError(
            f"environmentSuffix {suffix!r} cannot be used: it must begin with a lower-case letter, "
            "hold lower-case letters, digits and single hyphens between them, and have at most "
            f"{longest} characters, for example dev or pr42"
        )
    return suffix


def environment_file(suffix: str, directory: Path = ENVIRONMENTS) -> Path:
    """Return the file of a suffix: its own if there is one, else the ephemeral one."""
    own = directory / f"{suffix}.toml"
    return own if own.is_file() else directory / f"{EPHEMERAL}.toml"


def load_environment(suffix: str, directory: Path = ENVIRONMENTS) -> Environment:
    """Read the configuration of an environment.

    Args:
        suffix: The environment's suffix.
        directory: Folder of the configuration files.

    Raises:
        ConfigurationError: The suffix or the file cannot be used. All errors are told at once.
    """
    check_suffix(suffix)
    path = environment_file(suffix, directory)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such file; an environment needs environments/{suffix}.toml, or "
            f"environments/{EPHEMERAL}.toml which serves every other suffix"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None
    if "suffix" in values:
        raise ConfigurationError(f"{path}: suffix: is given on the command line, not in the file")
    try:
        return Environment.model_validate({"suffix": suffix, **values})
    except ValidationError as error:
        lines = [_explain(details) for details in error.errors()]
        raise ConfigurationError("\n".join(f"{path}: {line}" for line in lines)) from None


def _explain(details: ErrorDetails) -> str:
    """Turn one of pydantic's errors into: field, what is wrong or allowed, the value."""
    field = ".".join(str(part) for part in details["loc"])
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = "no such setting; docs/configuration.md lists them all"
    elif details["type"] == "missing":
        message = "is missing and has no default"
    value = details["input"]
    shown = f" (it is {value!r})" if isinstance(value, str | int | float) else ""
    return f"{field}: {message}{shown}" if field else message
