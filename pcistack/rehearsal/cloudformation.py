"""Deploying through the CloudFormation API, without the CLI in between.

The CLI polls every few seconds. Where a stack is deployed a hundred times, as with faults, this
does in a second what the CLI does in seven, with the same CloudFormation underneath.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cdk_cli import Event, failures_of, physical_ids_of
from pcistack.rehearsal.emulator import Emulator, RehearsalError
from pcistack.rehearsal.sdk import Client

_LONGEST_SECONDS = 120
_POLL_SECONDS = 0.1  # an operation is mostly over when its call is answered


class Direct:
    """CloudFormation of the embedded AWS, called directly."""

    def __init__(self, emulator: Emulator, region: str) -> None:
        """Deploy to ``emulator`` in ``region``."""
        self._emulator = emulator
        self._region = region
        self._cloudformation: Client = emulator.client("cloudformation", region)
        self._s3: Client = emulator.client("s3", region)

    def prepare_account(self) -> None:
        """Create what a template of the CDK expects of a bootstrapped account."""
        ssm: Client = self._emulator.client("ssm", self._region)
        ssm.put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True
        )

    def publish(self, assembly: Assembly) -> str:
        """Upload the assets of an assembly; return the address of its template.

        Their keys are hashes of what they hold, so that one that is there is not uploaded again.
        """
        address = ""
        there: dict[str, set[str]] = {}
        for manifest in sorted(assembly.folder.glob("*.assets.json")):
            files: Mapping[str, Any] = json.loads(manifest.read_text())["files"]
            for asset in files.values():
                source = assembly.folder / asset["source"]["path"]
                for destination in asset["destinations"].values():
                    bucket = self._filled(destination["bucketName"])
                    if bucket not in there:
                        there[bucket] = self._keys(bucket)
                    key = destination["objectKey"]
                    if key not in there[bucket]:
                        self._s3.put_object(Bucket=bucket, Key=key, Body=_contents(source))
                    if source.name.endswith(".template.json"):
                        address = f"{self._emulator.url}/{bucket}/{key}"
        return address

    def create(self, assembly: Assembly) -> str:
        """Create the stack; return the status it ends in."""
        return self._run(self._cloudformation.create_stack, assembly)

    def update(self, assembly: Assembly) -> str:
        """Update the stack; return the status it ends in."""
        return self._run(self._cloudformation.update_stack, assembly)

    def delete(self, stack: str) -> str:
        """Delete the stack; return the status it ends in."""
        identifier = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        self._cloudformation.delete_stack(StackName=stack)
        return self.wait(identifier)

    def failures(self, stack: str) -> list[Event]:
        """Return the failed steps of the stack's latest operation, first one first."""
        return failures_of(self._cloudformation, stack)

    def physical_ids(self, stack: str) -> dict[str, str]:
        """Return the physical id of every resource of a stack by its logical id."""
        return physical_ids_of(self._cloudformation, stack)

    def _run(self, operation: Callable[..., Any], assembly: Assembly) -> str:
        address = self.publish(assembly)
        answer = operation(
            StackName=assembly.stack,
            TemplateURL=address,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
        return self.wait(answer["StackId"])

    def wait(self, identifier: str) -> str:
        """Wait until the stack's operation has ended; return the status it ended in.

        Raises:
            RehearsalError: It does not end.
        """
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            found = self._cloudformation.describe_stacks(StackName=identifier)["Stacks"]
            status: str = found[0]["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                return status
            self._emulator.ensure_alive()
            time.sleep(_POLL_SECONDS)
        raise RehearsalError(f"CloudFormation did not end within {_LONGEST_SECONDS} s.")

    def _filled(self, text: str) -> str:
        known = {"AccountId": self._emulator.account, "Partition": "aws", "Region": self._region}
        for name, value in known.items():
            text = text.replace(f"${{AWS::{name}}}", value)
        return text

    def _keys(self, bucket: str) -> set[str]:
        """Return what is in a bucket, which is made if it is not there."""
        buckets = {item["Name"] for item in self._s3.list_buckets()["Buckets"]}
        if bucket not in buckets:
            where = {"LocationConstraint": self._region}
            self._s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}


def _contents(source: Path) -> bytes:
    """Return a file as it is, and a folder as a zip archive."""
    if source.is_file():
        return source.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in sorted(source.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(source))
    return buffer.getvalue()
