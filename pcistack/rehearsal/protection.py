"""What refuses to be deleted: trying it, and lifting it."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.account.aws import text
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.emulator import Emulator
from pcistack.rehearsal.sdk import Client
from pcistack.rehearsal.verification import deployed

_LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def attempts(emulator: Emulator, assembly: Assembly) -> Iterator[tuple[str, bool]]:
    """Try to delete each protected resource; yield its logical id and whether it refused."""
    from botocore.exceptions import ClientError

    region, stack = assembly.region, deployed(emulator, assembly)
    rds: Client = emulator.client("rds", region)
    for name, cluster in stack.clusters.items():
        try:
            rds.delete_db_cluster(
                DBClusterIdentifier=text(cluster, "DBClusterIdentifier"), SkipFinalSnapshot=True
            )
        except ClientError as error:
            yield name, "DeletionProtection" in str(error) or "protected" in str(error)
        else:
            yield name, False
    balancers: Client = emulator.client("elbv2", region)
    for name, arn in stack.of_type(_LOAD_BALANCER).items():
        try:
            balancers.delete_load_balancer(LoadBalancerArn=arn)
        except ClientError as error:
            yield name, "OperationNotPermitted" in str(error)
        else:
            yield name, False


def lift(emulator: Emulator, assembly: Assembly) -> None:
    """Lift the protection of the stack, its database and its load balancer."""
    region, stack = assembly.region, deployed(emulator, assembly)
    cloudformation: Client = emulator.client("cloudformation", region)
    cloudformation.update_termination_protection(
        StackName=assembly.stack, EnableTerminationProtection=False
    )
    rds: Client = emulator.client("rds", region)
    for cluster in stack.clusters.values():
        rds.modify_db_cluster(
            DBClusterIdentifier=text(cluster, "DBClusterIdentifier"),
            DeletionProtection=False,
            ApplyImmediately=True,
        )
    balancers: Client = emulator.client("elbv2", region)
    for arn in stack.of_type(_LOAD_BALANCER).values():
        balancers.modify_load_balancer_attributes(
            LoadBalancerArn=arn,
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
        )
