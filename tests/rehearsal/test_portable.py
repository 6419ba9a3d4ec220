"""The portable template goes through CloudFormation alone, for two suffixes side by side."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pcistack.rehearsal.embedded.late_writers import INSIGHTS
from pcistack.rehearsal.sweep import Beforehand, Known
from pcistack.rehearsal.trial import Lab
from stacks.portable.template import write

BUCKET = "artifacts-of-the-organisation"
SUFFIXES = ("pr7", "pr77")


def packaged(lab: Lab, template: Path) -> str:
    """What ``aws cloudformation package`` does: upload the folders, name them; the address."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": lab.region})
    body: dict[str, Any] = json.loads(template.read_text(encoding="utf-8"))
    for resource in body["Resources"].values():
        code = resource.get("Properties", {}).get("Code")
        if isinstance(code, str):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                for file in (template.parent / code).rglob("*"):
                    if file.is_file():
                        archive.write(file, file.relative_to(template.parent / code))
            s3.put_object(Bucket=BUCKET, Key=code, Body=buffer.getvalue())
            resource["Properties"]["Code"] = {"S3Bucket": BUCKET, "S3Key": code}
    s3.put_object(Bucket=BUCKET, Key="template", Body=json.dumps(body).encode())
    return f"{lab.emulator.url}/{BUCKET}/template"


def test_two_suffixes_stand_side_by_side_and_leave_nothing(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stacks.portable.template.PROFILES", {"ephemeral": "pr1"})
    address = packaged(lab, write(tmp_path / "portable")[0])
    before = Beforehand(lab.emulator)
    cloudformation = lab.client("cloudformation")
    for suffix in SUFFIXES:
        stack = cloudformation.create_stack(
            StackName=f"Payments-{suffix}",
            TemplateURL=address,
            Parameters=[
                {"ParameterKey": "EnvironmentSuffix", "ParameterValue": suffix},
                {"ParameterKey": "DatabaseMaxCapacity", "ParameterValue": "4"},
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        status = lab.direct.wait(stack["StackId"])
        assert status == "CREATE_COMPLETE", lab.direct.failures(f"Payments-{suffix}")

    clusters = lab.client("rds").describe_db_clusters()["DBClusters"]
    names = {cluster["DBClusterIdentifier"]: cluster for cluster in clusters}
    for suffix in SUFFIXES:
        cluster = names[f"transaction-db-cluster-{suffix}"]
        assert cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    exports = {each["Name"] for each in cloudformation.list_exports()["Exports"]}
    assert {f"{suffix}-VpcId" for suffix in SUFFIXES} <= exports

    for suffix in SUFFIXES:
        status = lab.direct.delete(f"Payments-{suffix}")
        assert status == "DELETE_COMPLETE", lab.direct.failures(f"Payments-{suffix}")
    logs = lab.client("logs")
    for suffix in SUFFIXES:  # what Container Insights writes after a destroy
        late = f"{INSIGHTS}pcidss-{suffix}/"
        for group in logs.describe_log_groups(logGroupNamePrefix=late)["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])
    left = before.since(Known())
    assert [str(item) for item in left if not item.expected] == []
