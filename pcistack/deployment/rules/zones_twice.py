"""What stands once in a zone: mount targets of a file system, and a firewall's subnets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import objects
from pcistack.template.view import Value

_MOUNT: Final = "AWS::EFS::MountTarget"
_FILES: Final = "AWS::EFS::FileSystem"
_FIREWALL: Final = "AWS::NetworkFirewall::Firewall"


def _place(context: Context, value: Value) -> tuple[str, str]:
    """Return a subnet and its zone, each empty if it is not known."""
    subnet = context.target(value, "AWS::EC2::Subnet")
    return (subnet.logical_id, subnet.text("AvailabilityZone") or "") if subnet else ("", "")


@rule(
    "DEPLOY-ZONE-TWICE",
    "A second mount target, or a second subnet of a firewall, in one zone",
    types=(_MOUNT, _FIREWALL),
    severity=Severity.FATAL,
    source="EFS API reference: CreateMountTarget (MountTargetConflict, one of each Availability "
    "Zone); Network Firewall API reference: SubnetMapping",
)
def zone_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for mount in context.of_type(_MOUNT):
        files = context.target(mount.get("FileSystemId"), _FILES)
        if files is None:
            continue
        subnet, zone = _place(context, mount.get("SubnetId"))
        for place in filter(None, (subnet, zone)):
            first = seen.setdefault((files.logical_id, place), mount.logical_id)
            if first != mount.logical_id:
                yield hit(
                    mount,
                    "SubnetId",
                    f"{first} mounts {files.logical_id} in {place} already",
                    "make one mount target of each zone",
                )
                break
        only = files.text("AvailabilityZoneName")
        if only and zone and only != zone:
            yield hit(
                mount,
                "SubnetId",
                f"{files.logical_id} is in {only} only, and the subnet in {zone}",
                f"name a subnet of {only}",
            )
    for firewall in context.of_type(_FIREWALL):
        taken: dict[str, str] = {}
        for path, item in objects(firewall, "SubnetMappings"):
            subnet, zone = _place(context, item.get("SubnetId"))
            first = taken.setdefault(zone, subnet) if zone else subnet
            if first != subnet:
                yield hit(
                    firewall,
                    f"{path}.SubnetId",
                    f"{first} is in {zone} too; a firewall has one subnet of a zone",
                    "name one subnet of each zone",
                )
