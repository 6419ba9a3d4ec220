"""The pipeline's roles are made and removed by CloudFormation, with the provider of identities."""

from __future__ import annotations

from pathlib import Path

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.sweep import Beforehand
from pcistack.rehearsal.trial import Lab
from stacks.cdk_app import create_app
from stacks.delivery.settings import Delivery
from stacks.delivery.stack import BOUNDARY, NAME, DeliveryStack


def test_pipeline_roles_are_deployed_and_leave_nothing(lab: Lab, tmp_path: Path) -> None:
    app = create_app(outdir=str(tmp_path))
    DeliveryStack(app, NAME, settings=Delivery(repository="example/payments"))
    app.synth()
    assembly = Assembly.load(tmp_path, "")
    lab.direct.publish(assembly)
    before = Beforehand(lab.emulator).now()

    assert lab.direct.create(assembly) == "CREATE_COMPLETE", lab.direct.failures(NAME)
    iam = lab.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    ids = lab.direct.physical_ids(NAME)
    role = iam.get_role(RoleName=ids["Production"])["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Federated": provider["Arn"]}
    assert ids["Boundary"].endswith(f":policy/{BOUNDARY}")

    assert lab.direct.delete(NAME) == "DELETE_COMPLETE"
    left = Beforehand(lab.emulator).now() - before
    assert {store for store, *_ in left} == {"cloudformation"}  # that there was such a stack
