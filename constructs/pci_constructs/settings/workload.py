"""What runs on the stack: the service, workers and jobs, from one model."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form
from pci_constructs.settings.words import listed

NAME = r"[a-z][a-z0-9]{0,15}(-[a-z0-9]{1,15}){0,3}"
"""Name of a worker or job."""

Name = Annotated[str, form(NAME)]
_Path = Annotated[str, AfterValidator(values.scratch_path)]


def _health_check(above: dict[str, Any]) -> str:
    url = f"http://127.0.0.1:{above['container_port']}{above['health_check_path']}"
    return f"wget --quiet --output-document=/dev/null {shlex.quote(url)} || exit 1"


class Secret(Settings):
    """An existing secret of AWS Secrets Manager."""

    arn: Annotated[
        str,
        form(values.SECRET_ARN),
        Allowed("an ARN with the six characters that Secrets Manager adds to the name"),
    ]
    """The secret."""

    json_key: Annotated[
        Annotated[str, form(r"[^:\s]{1,128}")] | None, Allowed("a key of the secret's JSON text")
    ] = None
    """Which value of a JSON text is meant; left out, it is the whole text."""

    kms_key: Annotated[
        Annotated[str, form(values.KEY_ARN)] | None,
        Allowed("arn:aws:kms:<region>:<12 digits>:key/<id>"),
    ] = None
    """Key that encrypts it; left out for `aws/secretsmanager`."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say that the short form is as good."""
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        """Take the short form, ``<ARN>`` or ``<ARN>:<JSON key>``."""
        if not isinstance(value, str):
            return value
        parts = value.split(":", 7)
        return {"arn": ":".join(parts[:7])} | ({"json_key": parts[7]} if len(parts) > 7 else {})


class Permission(Settings):
    """What a workload may do with AWS services, by an IAM policy of its own."""

    actions: Annotated[
        tuple[Annotated[str, form(r"[a-z0-9-]+:[A-Za-z0-9]+")], ...],
        Field(min_length=1, strict=False),
        Allowed('a list of full names such as ["sqs:SendMessage"], without a wildcard'),
    ]
    """Actions, each by its name (PCI DSS 7.2.5)."""

    resources: Annotated[
        tuple[Annotated[str, form(values.ARN)], ...],
        Field(min_length=1, strict=False),
        Allowed('a list of ARNs; the only wildcard is a last "/*", and it needs a reason'),
    ]
    """What they act on."""

    kms_key: Annotated[
        Annotated[str, form(values.KEY_ARN)] | None,
        Allowed("arn:aws:kms:<region>:<12 digits>:key/<id>"),
    ] = None
    """Key of these resources, which the workload may use through their service."""

    reason: Annotated[
        Annotated[str, form(r"(?s)\s*\S.{18,}\S\s*")] | None,
        Allowed("at least 20 characters that would convince an assessor"),
    ] = None
    """Why a resource ends with `/*`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a container runs: an image, and what only its maker can know of it.

    Attributes:
        image: The image.
        user: User it runs as.
        architecture: Processor it is made for.
        scratch_paths: Directories it must write to.
    """

    image: str
    user: str
    architecture: Literal["x86_64", "arm64"]
    scratch_paths: tuple[str, ...]


class WorkloadSettings(Settings):
    """What the service, a worker and a job have in common."""

    image: Annotated[
        Annotated[str, AfterValidator(values.image)] | None,
        Allowed(
            "an image as [registry/]name[:tag][@sha256:digest]; a private one in ECR as "
            "<12 digits>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>"
        ),
    ] = None
    """Container image, public or in ECR. Left out, it is the service's, with its `user`,
    `architecture` and `scratch_paths`."""

    command: Annotated[
        tuple[str, ...] | None,
        Field(min_length=1, strict=False),
        Allowed('a list of words such as ["gunicorn", "app:app"]'),
    ] = None
    """Command of the container; left out, it is the image's own."""

    user: Annotated[
        Annotated[str, AfterValidator(values.container_user)] | None,
        Allowed('a user name or number other than root, with or without ":group"'),
    ] = None
    """User the container runs as; left out, it is the service's."""

    architecture: Literal["x86_64", "arm64"] | None = None
    """Processor; left out, it is the service's."""

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

    scratch_paths: Annotated[
        tuple[str, ...] | None,
        Field(strict=False),
        Allowed('a list of different absolute paths, such as ["/tmp"], none inside another'),
    ] = None
    """Directories the image must write to; the root filesystem is read-only. Each is a tmpfs. Left
    out, they are the service's."""

    scratch_mib: Annotated[int, Field(ge=1, le=4096)] = 64
    """Size of each scratch directory in MiB; all together may take half of the task's memory."""

    variables: Annotated[
        dict[Annotated[str, form(r"[A-Za-z_][A-Za-z0-9_]{0,127}")], str],
        Allowed("a text for each name of letters, digits and underscores"),
    ] = Field(default_factory=dict)
    """Environment variables. They are shown to whoever may describe the task: no credentials
    (PCI DSS 8.6.2), and none of the names that the stack itself gives."""

    secrets: Annotated[
        dict[Annotated[str, form(r"[A-Za-z_][A-Za-z0-9_]{0,127}")], Secret],
        Allowed(
            'the secret\'s ARN, with ":<key>" behind it for a value of a JSON text; or a table '
            "{ arn, json_key, kms_key } for one with a key of its own"
        ),
    ] = Field(default_factory=dict)
    """Environment variables that ECS reads from existing secrets when a task starts."""

    identity: Literal["application", "owner", "reader", "none"] = "application"
    """Database identity whose login its container gets. `application` reads and writes rows,
    `owner` changes the schema as well (for migrations only), `reader` only reads; `none` has no
    login and no way to the database."""

    permissions: Annotated[
        tuple[Permission, ...],
        Field(strict=False),
        Allowed("tables [[...permissions]], each with actions and resources"),
    ] = ()
    """What the running container may do with AWS services; all else is refused."""

    def runtime_beside(self, service: Runtime) -> Runtime:
        """Return what its container runs; what is left out is the service's."""
        paths = self.scratch_paths
        return Runtime(
            image=self.image or service.image,
            user=self.user or service.user,
            architecture=self.architecture or service.architecture,
            scratch_paths=service.scratch_paths if paths is None else paths,
        )


class ServiceSettings(WorkloadSettings):
    """The Fargate service. The defaults run an unprivileged nginx."""

    image: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        str,
        AfterValidator(values.image),
        Allowed(
            "an image as [registry/]name[:tag][@sha256:digest]; a private one in ECR as "
            "<12 digits>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>"
        ),
    ] = "public.ecr.aws/nginx/nginx-unprivileged:1.30-alpine"
    """Container image, public or in ECR. `-c images.service=...` on the command line replaces it,
    `-c imageTag=...` its tag or digest; `cardholder-data` needs a digest."""

    user: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        str,
        AfterValidator(values.container_user),
        Allowed('a user name or number other than root, with or without ":group"'),
    ] = "101"
    """User the container runs as."""

    architecture: Literal["x86_64", "arm64"] = (  # pyright: ignore[reportIncompatibleVariableOverride]
        "x86_64"
    )
    """Processor of the tasks; the image must be made for it."""

    container_port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    """TCP port the container listens on."""

    health_check_path: Annotated[
        str,
        form(r"/[!-~]{0,1023}"),
        Allowed("a path that begins with / and holds no space, at most 1024 characters"),
    ] = "/"
    """Path that answers 200 when a task is well."""

    health_check_command: Annotated[
        str | tuple[str, ...],
        BeforeValidator(values.command),
        Allowed('a command of the image\'s shell, or a list such as ["/app/healthy"]'),
    ] = Field(default_factory=_health_check)
    """Command inside the container that fails when it is unwell; a list runs without a shell. Left
    out, `wget` asks `health_check_path` at `container_port`, which the image must have."""

    start_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    """How long a task may be unwell after its start; the load balancer waits half a minute more."""

    scratch_paths: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        tuple[str, ...],
        Field(strict=False),
        Allowed('a list of different absolute paths, such as ["/tmp"], none inside another'),
    ] = ("/tmp",)
    """Directories the image must write to; the root filesystem is read-only. Each is a tmpfs."""

    desired_count: Annotated[int, Field(ge=1, le=100)] = 1
    """Tasks without load: the least that autoscaling keeps."""

    max_count: Annotated[int, Field(ge=1, le=1000)] = 2
    """The most tasks that autoscaling starts; at least `desired_count`."""

    @property
    def runtime(self) -> Runtime:
        """What its container runs."""
        return Runtime(
            image=self.image,
            user=self.user,
            architecture=self.architecture,
            scratch_paths=self.scratch_paths,
        )


class WorkerSettings(WorkloadSettings):
    """Tasks beside the service that run all the time and that nothing reaches: of a queue, say."""

    desired_count: Annotated[int, Field(ge=0, le=100)] = 1
    """Tasks; 0 stops the worker."""

    health_check_command: Annotated[
        str | tuple[str, ...] | None,
        BeforeValidator(values.command),
        Allowed('a command of the image\'s shell, or a list such as ["/app/healthy"]'),
    ] = None
    """Command inside the container that fails when it is unwell; a list runs without a shell. Left
    out, a worker is well as long as it runs."""

    start_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    """How long a task may be unwell after its start."""


class JobSettings(WorkloadSettings):
    """A task that runs to its end. With neither `when` nor `schedule`, somebody else starts it."""

    when: Literal["before-service"] | None = None
    """`before-service`: it runs at a deployment that changes it, before the service and the workers
    do; if it fails, the deployment stops with its last lines and all else keeps its version."""

    schedule: Annotated[
        Annotated[str, form(values.SCHEDULE)] | None,
        Allowed('a schedule of EventBridge such as "cron(0 2 * * ? *)" or "rate(1 day)", in UTC'),
    ] = None
    """When it runs by itself."""

    timeout_minutes: Annotated[int, Field(ge=1, le=14)] = 10
    """How long a deployment waits for it, with `when`; a function of AWS ends after 15 minutes."""
