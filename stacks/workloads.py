"""What must hold between the settings of a service, a worker or a job."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from pci_constructs.names import DATABASE_SESSION, GIVEN_VARIABLES, SERVICE
from pci_constructs.settings import values
from pci_constructs.settings.image import PRIVATE_IMAGE
from pci_constructs.settings.regions import regions
from pci_constructs.settings.workload import ServiceSettings, WorkloadSettings
from pcistack.pci_dss.credentials import grade, holds_credential, is_literal
from stacks.lists import judged, split
from stacks.mistakes import Mistake, dotted, shown
from stacks.settings import Environment, is_in


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadTable:
    """A service, worker or job of a file.

    Attributes:
        table: Names of its table, such as ``("workers", "settlement")``.
        settings: What stands there.
        environment: The whole file.
    """

    table: tuple[str, ...]
    settings: WorkloadSettings
    environment: Environment

    def mistake(self, *names: str, wrong: str, allowed: str, value: object = None) -> Mistake:
        """Return a mistake in one of its settings."""
        field = dotted((*self.table, *names))
        return Mistake(field=field, wrong=wrong, allowed=allowed, value=value)

    @property
    def scratch_paths(self) -> tuple[str, ...]:
        """Its directories, its own or the service's."""
        own = self.settings.scratch_paths
        return self.environment.service.scratch_paths if own is None else own


WorkloadCheck: TypeAlias = Callable[[WorkloadTable], Iterator[Mistake]]

_CHECKS: Final[list[tuple[tuple[str, ...], tuple[str, ...], WorkloadCheck]]] = []


def reads(*fields: str, also: tuple[str, ...] = ()) -> Callable[[WorkloadCheck], WorkloadCheck]:
    """Register a check of the settings of a workload, and of others of the file, that it names."""

    def register(check: WorkloadCheck) -> WorkloadCheck:
        _CHECKS.append((fields, also, check))
        return check

    return register


def workloads(environment: Environment) -> Iterator[WorkloadTable]:
    """Yield all that runs on the stack."""
    tables: list[tuple[tuple[str, ...], WorkloadSettings]] = [
        (("service",), environment.service),
        *((("workers", name), worker) for name, worker in environment.workers.items()),
        *((("jobs", name), job) for name, job in environment.jobs.items()),
    ]
    for table, settings in tables:
        yield WorkloadTable(table=table, settings=settings, environment=environment)


def services_by_identity(environment: Environment) -> dict[str, list[str]]:
    """Return the ECS services that hold each database login, to be restarted when it rotates."""
    found: dict[str, list[str]] = {}
    running = {SERVICE: environment.service, **environment.workers}
    for name, settings in running.items():
        if settings.identity != "none":
            service = environment.names.ecs_service(name)
            found.setdefault(settings.identity, []).append(service)
    return found


def mistakes(environment: Environment, unusable: Collection[tuple[str, ...]]) -> Iterator[Mistake]:
    """Yield what does not fit together in each of them; see :mod:`stacks.consistency`."""
    for workload in workloads(environment):
        for fields, also, check in _CHECKS:
            needed = [(*workload.table, *field.split(".")) for field in fields]
            others = [tuple(field.split(".")) for field in also]
            if not any(is_in(names, unusable) for names in (*needed, *others)):
                yield from check(workload)
    yield from _names_are_apart(environment)


def _names_are_apart(environment: Environment) -> Iterator[Mistake]:
    for name in environment.jobs:
        if name in environment.workers:
            yield Mistake(
                field=dotted(("jobs", name)),
                wrong="has the name of a worker",
                allowed="a name that no worker has",
            )
    plain: dict[str, str] = {}
    if environment.operations.database_session:
        plain[DATABASE_SESSION.replace("-", "")] = DATABASE_SESSION
    for name in (*environment.workers, *environment.jobs):
        other = plain.setdefault(name.replace("-", ""), name)
        if other != name:
            yield Mistake(
                field=dotted(("workers" if name in environment.workers else "jobs", name)),
                wrong=f"differs from {other} by hyphens alone",
                allowed="a name that reads otherwise",
            )
    taken = {SERVICE: "the service"}
    if environment.operations.database_session:
        taken[DATABASE_SESSION] = "the database session"
    for table in ("workers", "jobs"):
        for name, whose in taken.items():
            if name in getattr(environment, table):
                yield Mistake(
                    field=dotted((table, name)),
                    wrong=f"has the name of {whose}",
                    allowed="any other name",
                )


@reads("cpu", "memory_mib")
def _fargate_has_the_size(workload: WorkloadTable) -> Iterator[Mistake]:
    settings = workload.settings
    if settings.memory_mib not in values.FARGATE_MEMORY[settings.cpu]:
        yield workload.mistake(
            "memory_mib",
            wrong=f"does not go with cpu = {settings.cpu}",
            allowed=values.memory_sizes(settings.cpu),
            value=settings.memory_mib,
        )


@reads("scratch_paths")
def _scratch_paths_are_usable(workload: WorkloadTable) -> Iterator[Mistake]:
    yield from judged(
        dotted((*workload.table, "scratch_paths")),
        workload.settings.scratch_paths or (),
        values.scratch_path,
        lambda _: "absolute paths such as /tmp, without spaces, colons, //, . and ..",
    )


@reads("scratch_paths")
def _scratch_paths_are_apart(workload: WorkloadTable) -> Iterator[Mistake]:
    paths, _ = split(workload.settings.scratch_paths or (), values.scratch_path)
    for inner in dict.fromkeys(paths):
        outer = next((path for path in paths if inner.startswith(f"{path}/")), None)
        if outer is not None:
            yield workload.mistake(
                "scratch_paths",
                wrong=f"lies inside {shown(outer)}",
                allowed="paths of which none is inside another",
                value=inner,
            )


@reads("scratch_paths", "scratch_mib", "memory_mib", "cpu", also=("service.scratch_paths",))
def _scratch_leaves_memory(workload: WorkloadTable) -> Iterator[Mistake]:
    settings = workload.settings
    count = len(set(split(workload.scratch_paths, values.scratch_path)[0]))
    total, half = count * settings.scratch_mib, settings.memory_mib // 2
    if settings.memory_mib in values.FARGATE_MEMORY[settings.cpu] and total > half:
        yield workload.mistake(
            "scratch_mib",
            wrong=f"takes {total} MiB in all, more than half of memory_mib",
            allowed=f"at most {half // count}, or more memory_mib"
            if half >= count
            else "fewer paths, or more memory_mib",
            value=settings.scratch_mib,
        )


@reads("desired_count", "max_count")
def _counts_are_a_range(workload: WorkloadTable) -> Iterator[Mistake]:
    service = workload.settings
    if isinstance(service, ServiceSettings) and service.max_count < service.desired_count:
        yield workload.mistake(
            "max_count",
            wrong="is smaller than desired_count",
            allowed=f"at least {service.desired_count}, or a smaller desired_count",
            value=service.max_count,
        )


@reads("architecture", also=("region",))
def _region_has_the_processor(workload: WorkloadTable) -> Iterator[Mistake]:
    if workload.settings.architecture != "arm64":
        return
    from pcistack.regional.facts import Availability, load  # only a file with arm64 pays for it

    here = workload.environment.region
    if load(here).compute("fargate-arm64").availability is not Availability.AVAILABLE:
        yield workload.mistake(
            "architecture",
            wrong=f"is no processor that Fargate is known to have in {here}",
            allowed="x86_64, with an image that is made for it, or another region; once AWS lists "
            "the region, fargate-arm64 in pcistack/regional/data/curated.toml",
            value="arm64",
        )


@reads("image", also=("network.egress", "region"))
def _image_can_be_reached(workload: WorkloadTable) -> Iterator[Mistake]:
    yield from can_be_reached(
        workload.settings.image, workload.environment, dotted((*workload.table, "image"))
    )


def can_be_reached(image: str | None, environment: Environment, field: str) -> Iterator[Mistake]:
    """Yield the mistake that an image is out of reach."""
    here = environment.region
    if image is None or environment.network.egress == "nat":
        return
    private = PRIVATE_IMAGE.fullmatch(image)
    if private is None or private["region"] != here:
        yield Mistake(
            field=field,
            wrong='cannot be reached with egress = "endpoints"',
            allowed=f"<12 digits>.dkr.ecr.{here}.{regions()[here].domain}/<name>:<tag>, to which "
            "it must be copied",
            value=image,
        )


@reads("image", also=("data_classification",))
def _image_is_the_one_that_was_tested(workload: WorkloadTable) -> Iterator[Mistake]:
    yield from is_the_one_that_was_tested(
        workload.settings.image, workload.environment, dotted((*workload.table, "image"))
    )


def is_the_one_that_was_tested(
    image: str | None, environment: Environment, field: str
) -> Iterator[Mistake]:
    """Yield the mistake that an image beside cardholder data has no digest."""
    classification = environment.data_classification
    if classification == "cardholder-data" and image is not None and "@sha256:" not in image:
        yield Mistake(
            field=field,
            wrong='does not go with data_classification = "cardholder-data": a tag can be another '
            "image tomorrow",
            allowed="one with its digest, <image>@sha256:<64 hexadecimal digits>, or "
            'data_classification = "test-data"',
            value=image,
        )


@reads("variables")
def _variables_hold_no_credential(workload: WorkloadTable) -> Iterator[Mistake]:
    for name, text in workload.settings.variables.items():
        if holds_credential(text) or is_literal(grade(name), text):
            yield workload.mistake(
                "variables",
                name,
                wrong="looks like a credential, which anybody may read who may describe the task "
                "(PCI DSS 8.6.2)",
                allowed=f"a secret of Secrets Manager, as secrets.{name}, or another name",
            )


@reads("variables", "identity")
def _variables_are_not_given(workload: WorkloadTable) -> Iterator[Mistake]:
    yield from _given(workload, "variables", workload.settings.variables)


@reads("secrets", "identity")
def _secrets_are_not_given(workload: WorkloadTable) -> Iterator[Mistake]:
    yield from _given(workload, "secrets", workload.settings.secrets)


def _given(workload: WorkloadTable, table: str, names: Iterable[str]) -> Iterator[Mistake]:
    for name in names:
        if name in GIVEN_VARIABLES and workload.settings.identity != "none":
            yield workload.mistake(
                table, name, wrong="is given by the stack", allowed="any other name"
            )


@reads("variables", "secrets")
def _a_name_is_given_once(workload: WorkloadTable) -> Iterator[Mistake]:
    for name in workload.settings.secrets:
        if name in workload.settings.variables:
            yield workload.mistake(
                "secrets", name, wrong="is a variable too", allowed="one of the two"
            )


@reads("secrets", also=("region",))
def _secrets_are_in_the_region(workload: WorkloadTable) -> Iterator[Mistake]:
    here = workload.environment.region
    for name, secret in workload.settings.secrets.items():
        if secret.arn.split(":")[3] != here:
            yield workload.mistake(
                "secrets",
                name,
                wrong="is a secret of another region, which ECS cannot read",
                allowed=f"one of {here}",
                value=secret.arn,
            )


@reads("permissions")
def _wildcards_have_a_reason(workload: WorkloadTable) -> Iterator[Mistake]:
    for number, permission in enumerate(workload.settings.permissions):
        wide = [name for name in permission.resources if name.endswith("/*")]
        if wide and permission.reason is None:
            yield workload.mistake(
                f"permissions[{number}]",
                wrong='ends a resource with "/*" without saying why',
                allowed="resources by their names, or a reason",
                value=wide[0],
            )
