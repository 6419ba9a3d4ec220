"""EC2: tags, which its resources take in a form of their own."""

from __future__ import annotations

from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.properties import Properties


def tag_specification(resource: str, properties: Properties) -> list[dict[str, object]] | None:
    """Return the tags for a call that makes something; None if there are none."""
    tags = properties.tags()
    return [{"ResourceType": resource, "Tags": tags}] if tags else None


def retag(identifier: str, properties: Properties) -> None:
    """Give something the tags of now, and no others."""
    tags = properties.tags()
    described = call(
        "ec2", "describe_tags", Filters=[{"Name": "resource-id", "Values": [identifier]}]
    )
    stale = [
        {"Key": tag["Key"]}
        for tag in described["Tags"]
        if not tag["Key"].startswith("aws:") and tag["Key"] not in {t["Key"] for t in tags}
    ]
    if stale:
        call("ec2", "delete_tags", Resources=[identifier], Tags=stale)
    if tags:
        call("ec2", "create_tags", Resources=[identifier], Tags=tags)
