"""Requirement 10.2.1: shells that Session Manager opens are recorded, and in ciphertext."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import document
from pcistack.template.view import Resource, Value


@rule(
    "PCI-10.2.1-SESSION-LOG",
    "Sessions of Session Manager are recorded and encrypted",
    asks="All individual user access and every action of an administrator is recorded.",
    requirements=("10.2.1", "10.2.1.2", "2.2.7"),
    types=("AWS::SSM::Document",),
    fix="In inputs: cloudWatchLogGroupName with cloudWatchEncryptionEnabled true, or s3BucketName "
    "with s3EncryptionEnabled true; a kmsKeyId; runAsDefaultUser other than root.",
)
def session_log(context: Context) -> Iterator[Hit]:
    for found in context.of_type("AWS::SSM::Document"):
        content = document(found.get("Content"))
        inputs = content.get("inputs") if isinstance(content, dict) else None
        shell = isinstance(content, dict) and content.get("sessionType") in (
            None,
            "Standard_Stream",
        )
        if found.get("DocumentType") == "Session" and shell:
            yield from _session(found, inputs if isinstance(inputs, dict) else {})


def _session(found: Resource, inputs: Mapping[str, Value]) -> Iterator[Hit]:
    group, bucket = inputs.get("cloudWatchLogGroupName"), inputs.get("s3BucketName")
    if not group and not bucket:
        yield hit(found, "Content", "what is typed on an instance is recorded nowhere")
    for place, flag in ((group, "cloudWatchEncryptionEnabled"), (bucket, "s3EncryptionEnabled")):
        if place and _is(inputs.get(flag), "false"):
            yield _mild(found, f"{flag} is false: the record is in the clear")
    if not inputs.get("kmsKeyId"):
        yield _mild(found, "no kmsKeyId: the session has TLS alone, and no key of yours")
    if _is(inputs.get("runAsEnabled"), "true") and inputs.get("runAsDefaultUser") == "root":
        yield _mild(found, "every session is root's")


def _is(value: Value, wanted: str) -> bool:
    return str(value).lower() == wanted


def _mild(found: Resource, message: str) -> Hit:
    return hit(found, "Content", message, severity=Severity.WARNING)
