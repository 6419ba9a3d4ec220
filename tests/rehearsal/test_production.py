"""A first production deployment that fails, and what its profile keeps in which operation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from pcistack.rehearsal import certificate, protection
from pcistack.rehearsal import edits as changes
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.emulator import Fault
from pcistack.rehearsal.sweep import Beforehand, Known, Remains
from pcistack.rehearsal.trial import Lab
from stacks.environment import load_environment
from tests.rehearsal.parts import without_functions
from tests.support import assembly as synthesized


@pytest.fixture(scope="module")
def whole(lab: Lab) -> Iterator[Assembly]:
    assembly = Assembly.load(synthesized(load_environment("prod")), "prod")
    acm = lab.client("acm")
    arns = changes.certificate_arns(assembly.template)
    imported = {arn: certificate.import_into(acm) for arn in sorted(arns)}
    yield lab.edited(assembly, partial(changes.import_certificates, imported=imported))
    for arn in imported.values():
        acm.delete_certificate(CertificateArn=arn)


@pytest.fixture(scope="module")
def prod(lab: Lab, whole: Assembly) -> Assembly:
    """The stack without its functions, which keep nothing."""
    return lab.edited(whole, without_functions)


@pytest.fixture
def baseline(lab: Lab, whole: Assembly, prod: Assembly) -> Beforehand:
    for assembly in (whole, prod):
        lab.direct.publish(assembly)
    return Beforehand(lab.emulator)


def _fail(lab: Lab, prod: Assembly, kind: str) -> str:
    """Create the stack; the first resource of a type fails."""
    lab.emulator.set_faults([Fault(stack=prod.stack, resource=prod.of_type(kind)[0])])
    try:
        return lab.direct.create(prod)
    finally:
        lab.emulator.set_faults([])


def _deploy_without_rollback(lab: Lab, prod: Assembly, kind: str) -> str:
    cloudformation = lab.client("cloudformation")
    change_set = cloudformation.create_change_set(
        StackName=prod.stack,
        ChangeSetName=f"deploy-{kind}",
        ChangeSetType=kind,
        TemplateURL=lab.direct.publish(prod),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(
        StackName=prod.stack, ChangeSetName=f"deploy-{kind}"
    )
    cloudformation.execute_change_set(
        StackName=prod.stack, ChangeSetName=f"deploy-{kind}", DisableRollback=True
    )
    return lab.direct.wait(change_set["StackId"])


def _left(baseline: Beforehand, known: Known) -> list[Remains]:
    remains = baseline.since(known)
    return [item for item in remains if not item.expected and item.kind != "stacks"]


def _lift(lab: Lab, prod: Assembly) -> None:
    """Lift the protection of what a stack has of protected resources."""
    protection.lift(lab.emulator, prod)


def _clear(lab: Lab, left: list[Remains]) -> None:
    """Take away what a stack has left behind on purpose."""
    names = {item.key for item in left}
    logs, s3, rds = lab.client("logs"), lab.client("s3"), lab.client("rds")
    for group in logs.describe_log_groups()["logGroups"]:
        if group["logGroupName"] in names:
            logs.delete_log_group(logGroupName=group["logGroupName"])
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"] in names:
            for entry in s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", []):
                version = {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                s3.delete_object(Bucket=bucket["Name"], **version)
            s3.delete_bucket(Bucket=bucket["Name"])
    for snapshot in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        name = snapshot["DBClusterSnapshotIdentifier"]
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)


@pytest.mark.parametrize(
    "kind", ["AWS::EC2::FlowLog", "AWS::WAFv2::LoggingConfiguration", "AWS::RDS::DBCluster"]
)
def test_failed_first_deployment_leaves_nothing(
    lab: Lab, prod: Assembly, baseline: Beforehand, kind: str
) -> None:
    assert _fail(lab, prod, kind) == "ROLLBACK_COMPLETE"

    assert [str(item) for item in _left(baseline, Known())] == []
    lab.direct.delete(prod.stack)


def test_the_deployment_after_a_failed_first_one_succeeds_and_its_end_keeps_what_is_kept(
    lab: Lab, whole: Assembly, baseline: Beforehand
) -> None:
    _fail(lab, whole, "AWS::RDS::DBCluster")
    lab.direct.delete(whole.stack)

    assert lab.direct.create(whole) == "CREATE_COMPLETE", lab.direct.failures(whole.stack)

    known = Known()
    known.add(whole, lab.direct.physical_ids(whole.stack))
    _lift(lab, whole)
    assert lab.direct.delete(whole.stack) == "DELETE_COMPLETE"
    left = _left(baseline, known)
    policies = {
        name: resource["DeletionPolicy"]
        for name, resource in whole.resources.items()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert set(policies.values()) == {"RetainExceptOnCreate", "Snapshot"}
    assert {item.resource for item in left} == set(policies)
    _clear(lab, left)


def test_failure_without_a_rollback_goes_on_where_it_stopped(
    lab: Lab, prod: Assembly, baseline: Beforehand
) -> None:
    """What ``cdk deploy --no-rollback`` asks of CloudFormation, twice."""
    service = prod.of_type("AWS::ECS::Service")[0]
    lab.emulator.set_faults([Fault(stack=prod.stack, resource=service)])
    assert _deploy_without_rollback(lab, prod, "CREATE") == "CREATE_FAILED"

    assert _deploy_without_rollback(lab, prod, "UPDATE") == "UPDATE_COMPLETE"

    known = Known()
    known.add(prod, lab.direct.physical_ids(prod.stack))
    _lift(lab, prod)
    lab.direct.delete(prod.stack)
    _clear(lab, _left(baseline, known))


def test_failure_after_the_database_is_protected_is_told_and_can_be_cleared(
    lab: Lab, prod: Assembly, baseline: Beforehand
) -> None:
    assert _fail(lab, prod, "AWS::ECS::Service") == "ROLLBACK_FAILED"
    refused = {event.resource: event.reason for event in lab.direct.failures(prod.stack)}
    for kind in ("AWS::RDS::DBCluster", "AWS::ElasticLoadBalancingV2::LoadBalancer"):
        assert "protect" in refused[prod.of_type(kind)[0]].lower()

    known = Known()
    known.add(prod, lab.direct.physical_ids(prod.stack))
    _lift(lab, prod)
    assert lab.direct.delete(prod.stack) == "DELETE_COMPLETE"
    left = _left(baseline, known)
    groups = [item.key for item in left if item.kind == "log groups"]
    # deleting the stack is not the operation that made them, so what is kept is kept; the rollback
    # took the cluster and its group, which Container Insights has written again
    assert sorted(groups) == ["/aws/ecs/containerinsights/pcidss-prod/performance"] + [
        f"/aws/rds/cluster/transaction-db-cluster-prod/{log}" for log in ("audit", "error")
    ]

    assert lab.direct.create(prod).startswith("ROLLBACK_")
    assert "already exists" in lab.direct.failures(prod.stack)[0].reason
    _lift(lab, prod)
    assert lab.direct.delete(prod.stack) == "DELETE_COMPLETE"
    _clear(lab, _left(baseline, known))
    assert lab.direct.create(prod) == "CREATE_COMPLETE"
    known.add(prod, lab.direct.physical_ids(prod.stack))
    _lift(lab, prod)
    lab.direct.delete(prod.stack)
    _clear(lab, _left(baseline, known))
