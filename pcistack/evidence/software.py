"""The register of software and how long its vendor supports it (PCI DSS 6.3.2, 12.3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.values import AT_DEPLOYMENT, shown
from pcistack.evidence.wording import claim
from pcistack.regional import facts
from pcistack.regional.catalog import lambda_runtimes
from pcistack.template.view import View

_NOT_KNOWN: Final = claim("not known here")
_DEFAULT: Final = claim("AWS's default")
_NOT_CHOSEN: Final = claim("The version is not chosen: it may change.")
_RUNTIME: Final = claim("Lambda runtime")
_IMAGE: Final = claim("Container image")
_ITS_MAKER: Final = claim("by its maker")
_TAGGED: Final = claim("Named by a tag, which may be moved.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A product whose version the template chooses.

    Attributes:
        resource: Logical id of what runs it.
        product: What it is.
        version: Its version, as the template says it.
        supported_until: Last day of the vendor's standard support, or who knows it.
        attention: Why it wants a look; empty if it does not.
    """

    resource: str
    product: str
    version: str
    supported_until: str
    attention: str

    @property
    def ends(self) -> bool:
        """Whether its last day is known."""
        return self.supported_until[:1].isdecimal()


def software(view: View) -> tuple[Software, ...]:
    """Return the software of a template, without what is inside its images."""
    rows = (*_databases(view), *_functions(view), *_images(view))
    return tuple(sorted(rows, key=lambda row: (row.product, row.resource)))


def _databases(view: View) -> Iterator[Software]:
    for database in view.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        engine, version = database.text("Engine"), database.get("EngineVersion")
        if version is None and database.get("DBClusterIdentifier") is not None:
            continue  # as its cluster
        known = facts.unknown(None).support(engine or "", str(version)) if version else None
        ends = known.ends if known is not None else None
        yield Software(
            resource=database.logical_id,
            product=engine or AT_DEPLOYMENT,
            version=shown(version) if version is not None else _DEFAULT,
            supported_until=ends.isoformat() if ends is not None else _NOT_KNOWN,
            attention="" if version is not None else _NOT_CHOSEN,
        )


def _functions(view: View) -> Iterator[Software]:
    for function in view.of_type("AWS::Lambda::Function"):
        runtime = function.text("Runtime")
        if runtime is None:
            continue
        known = lambda_runtimes().get(runtime)
        ends = known.deprecated if known is not None else None
        yield Software(
            resource=function.logical_id,
            product=_RUNTIME,
            version=runtime,
            supported_until=ends.isoformat() if ends is not None else _NOT_KNOWN,
            attention="",
        )


def _images(view: View) -> Iterator[Software]:
    for task in view.of_type("AWS::ECS::TaskDefinition"):
        for index, _ in enumerate(task.items("ContainerDefinitions")):
            image = shown(task.get(f"ContainerDefinitions.{index}.Image"))
            yield Software(
                resource=task.logical_id,
                product=_IMAGE,
                version=image,
                supported_until=_ITS_MAKER,
                attention="" if "@sha256:" in image or image == AT_DEPLOYMENT else _TAGGED,
            )
