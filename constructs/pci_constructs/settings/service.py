"""Settings of the service."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pci_constructs.settings import values
from pci_constructs.settings.form import Allowed, Settings, form
from pci_constructs.settings.words import listed


def _health_check(above: dict[str, Any]) -> str:
    url = f"http://127.0.0.1:{above['container_port']}{above['health_check_path']}"
    return f"wget --quiet --output-document=/dev/null {shlex.quote(url)} || exit 1"


class ServiceSettings(Settings):
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
        form(r"/[!-~]{0,1023}"),
        Allowed("a path that begins with / and holds no space, at most 1024 characters"),
    ] = "/"
    """Path that answers 200 when a task is well."""

    health_check_command: Annotated[
        str, form(r"(?s).*\S.*"), Allowed("a command of the image's shell")
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
