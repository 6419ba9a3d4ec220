"""Updates of an environment with everything in it: a release job, workers, an ingress."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from pcistack.rehearsal import certificate, way_back
from pcistack.rehearsal import edits as changes
from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.cdk_cli import CommandError
from pcistack.rehearsal.trial import Lab
from stacks.environment import load_environment
from tests.rehearsal.parts import without_users
from tests.rehearsal.test_function_permissions import drop
from tests.support import assembly as synthesized

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


@pytest.fixture(scope="module")
def payments(lab: Lab) -> Iterator[Assembly]:
    """A deployed stack; each test leaves it as it was."""
    found = Assembly.load(synthesized(load_environment("payments")), "payments")
    acm = lab.client("acm")
    arns = changes.certificate_arns(found.template)
    imported = {arn: certificate.import_into(acm) for arn in arns}

    def edit(template: TemplateBody) -> None:
        changes.import_certificates(template, imported=imported)
        without_users(template)

    assembly = lab.edited(found, edit)
    status = lab.direct.create(assembly)
    assert status == "CREATE_COMPLETE", lab.direct.failures(assembly.stack)
    yield assembly
    assert lab.destroy(assembly) == "DELETE_COMPLETE", lab.direct.failures(assembly.stack)
    for arn in imported.values():
        acm.delete_certificate(CertificateArn=arn)


def _update(lab: Lab, assembly: Assembly) -> None:
    if lab.direct.update(assembly) != "UPDATE_COMPLETE":
        raise CommandError(str(lab.direct.failures(assembly.stack)[0]))


def test_update_whose_release_job_fails_brings_every_service_back_and_runs_no_old_job(
    lab: Lab, payments: Assembly
) -> None:
    before = lab.direct.physical_ids(payments.stack)
    released = lab.edited(payments, changes.grow)

    assert way_back.problems(lab.emulator, payments, lambda: _update(lab, released)) == []

    (first, *_) = lab.direct.failures(payments.stack)
    assert "The job migrate failed: it ended with exit code 1" in first.reason
    assert lab.direct.physical_ids(payments.stack) == before


def _of_the_job(action: str) -> Callable[[TemplateBody], None]:
    def edit(template: TemplateBody) -> None:
        changes.grow(template)
        for name, resource in template["Resources"].items():
            if name.startswith("BeforeServiceRolePolicy"):
                drop(resource["Properties"]["PolicyDocument"], action)

    return edit


@pytest.mark.parametrize("action", ["ecs:RunTask", "iam:PassRole", "cloudformation:DescribeStacks"])
def test_release_job_whose_role_lacks_a_permission_fails_the_update(
    lab: Lab, payments: Assembly, action: str
) -> None:
    with pytest.raises(CommandError, match=f"not authorized to perform: {action}"):
        _update(lab, lab.edited(payments, _of_the_job(action)))


def _protect(template: TemplateBody) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == BALANCER:
            for attribute in resource["Properties"]["LoadBalancerAttributes"]:
                if attribute["Key"] == "deletion_protection.enabled":
                    attribute["Value"] = "true"


def _without_ingress(template: TemplateBody) -> None:
    """What the template is without ``[ingress]``, as far as the load balancer goes."""
    resources = template["Resources"]
    kinds = ("AWS::ElasticLoadBalancingV2::", "AWS::WAFv2::WebACLAssociation")
    gone = {name for name, resource in resources.items() if resource["Type"].startswith(kinds)}
    for name in gone:
        del resources[name]
    for resource in resources.values():
        if resource["Type"] == "AWS::ECS::Service":
            resource["Properties"].pop("LoadBalancers", None)
            resource["Properties"].pop("HealthCheckGracePeriodSeconds", None)
        needed = resource.get("DependsOn", [])
        needed = [needed] if isinstance(needed, str) else needed
        resource["DependsOn"] = [name for name in needed if name not in gone]
    for name in [n for n, r in resources.items() if any(g in json.dumps(r) for g in gone)]:
        del resources[name]
    template.pop("Outputs", None)


def test_protected_load_balancer_that_leaves_the_template_stays_and_the_update_is_complete(
    lab: Lab, payments: Assembly
) -> None:
    """AWS refuses to delete it, and CloudFormation ends all the same; docs/changes.md says so."""
    balancers = lab.client("elbv2")
    _update(lab, lab.edited(payments, _protect))
    name = payments.of_type(BALANCER)[0]
    arn = lab.direct.physical_ids(payments.stack)[name]

    _update(lab, lab.edited(payments, _without_ingress))

    refusals = [event for event in lab.direct.failures(payments.stack) if event.resource == name]
    assert "OperationNotPermitted" in refusals[0].reason
    (left,) = balancers.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    assert left["State"]["Code"] == "active"

    attribute = {"Key": "deletion_protection.enabled", "Value": "false"}
    balancers.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    balancers.delete_load_balancer(LoadBalancerArn=arn)
