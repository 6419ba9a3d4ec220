"""Requirements 7.2.5 and 3.6.1: policies of stores that are no IAM policies, and mounted files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import document
from pcistack.policies.narrowing import is_everything
from pcistack.template.view import Resource, Value

_SECURITY: Final = "AWS::OpenSearchServerless::SecurityPolicy"
_ACCESS: Final = "AWS::OpenSearchServerless::AccessPolicy"


def _rules(policy: Resource) -> Iterator[dict[str, Value]]:
    found = document(policy.get("Policy"))
    for item in found if isinstance(found, list) else [found]:
        if isinstance(item, dict):
            yield item


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


@rule(
    "PCI-7.2.5-COLLECTION-ACCESS",
    "Policies of OpenSearch Serverless name who may do what, under a key of your own",
    asks="Access is assigned by need, with the least privilege; keys are protected.",
    requirements=("7.2.5", "7.3.1", "3.6.1"),
    types=(_ACCESS, _SECURITY),
    fix="Principal: ARNs of roles; Permission: the actions that are needed; Resource: the indexes "
    "of one collection; KmsARN in place of AWSOwnedKey.",
)
def collection_access(context: Context) -> Iterator[Hit]:
    for policy in context.of_type(_ACCESS):
        for item in _rules(policy):
            yield from _access(policy, item)
    for policy in context.of_type(_SECURITY):
        for item in _rules(policy):
            if item.get("AWSOwnedKey") is True:
                message = "collections are under a key of AWS, which nobody can narrow"
                yield hit(policy, "Policy", message, severity=Severity.WARNING)


def _access(policy: Resource, item: dict[str, Value]) -> Iterator[Hit]:
    for principal in map(str, _listed(item.get("Principal"))):
        if is_everything(principal.rpartition(":")[2]):
            yield hit(policy, "Policy", f"{principal} may use it: everybody")
        elif principal.endswith(":root"):
            message = f"{principal} may use it: whoever that account's policies let in"
            yield hit(policy, "Policy", message, severity=Severity.WARNING)
    for one in _listed(item.get("Rules")):
        if not isinstance(one, dict):
            continue
        wide = [str(action) for action in _listed(one.get("Permission")) if str(action)[-1:] == "*"]
        places = [str(place).split("/", 1)[-1] for place in _listed(one.get("Resource"))]
        everywhere = any(is_everything(place) for place in places)
        if wide and everywhere:
            yield hit(policy, "Policy", f"it allows {', '.join(wide)} on every collection or index")
        elif wide or everywhere:
            message = f"it allows {', '.join(wide) or 'what it allows'} " + (
                "on every collection or index" if everywhere else "in whole"
            )
            yield hit(policy, "Policy", message, severity=Severity.WARNING)


_FILES: Final = "AWS::EFS::FileSystem"
_POINT: Final = "AWS::EFS::AccessPoint"


@rule(
    "PCI-7.2.5-FILES-ACCESS",
    "File systems are mounted over TLS, and access points give a user and a directory",
    asks="Access is assigned by need, with the least privilege; card data in transit is encrypted.",
    requirements=("7.2.5", "4.2.1"),
    security_hub=("EFS.4",),
    related=("EFS.3",),
    severity=Severity.WARNING,
    types=(_FILES, _POINT),
    fix="A FileSystemPolicy that denies aws:SecureTransport false; an access point with PosixUser "
    "other than root and a RootDirectory of its own.",
)
def files_access(context: Context) -> Iterator[Hit]:
    for files in context.of_type(_FILES):
        if not _asks_for_tls(context, files) and not files.is_unknown("FileSystemPolicy"):
            yield hit(files, "FileSystemPolicy", "no policy refuses to be mounted in the clear")
    for point in context.of_type(_POINT):
        if point.get("PosixUser") is None:
            yield hit(point, "PosixUser", "whoever mounts it is whatever user they say")
        elif str(point.get("PosixUser.Uid")) == "0":
            yield hit(point, "PosixUser.Uid", "whoever mounts it is root")
        if point.get("RootDirectory.Path") in (None, "/"):
            yield hit(point, "RootDirectory.Path", "the whole file system is given")


def _asks_for_tls(context: Context, files: Resource) -> bool:
    return any(
        not statement.allows and statement.condition.get("aws:securetransport") == ("false",)
        for statement in context.statements.get(files.logical_id, ())
    )
