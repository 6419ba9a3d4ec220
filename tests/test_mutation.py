from __future__ import annotations

import json
from functools import cache
from typing import cast

import pytest

from mutation import refused
from mutation import run as mutation
from mutation.harmless import HARMLESS, Harmless
from mutation.mutants import Mutant, mutants
from mutation.mutated import mutated
from mutation.run import MARKER, PAGE, idle, judge, known_of
from pcistack.template.document import Json, Template
from tests.support import template


@pytest.fixture(scope="module")
def production() -> Template:
    return Template(cast("dict[str, Json]", template("prod").body))


@pytest.fixture(scope="module")
def every(production: Template) -> list[Mutant]:
    return list(mutants(production))


@cache
def known() -> frozenset[tuple[str, ...]]:
    return known_of(Template(cast("dict[str, Json]", template("prod").body)))


def killers(production: Template, mutant: Mutant) -> tuple[str, ...]:
    return judge(production, mutant, known()).rules


@pytest.mark.parametrize(
    ("kind", "where", "change", "rule"),
    [
        ("RDS::DBCluster", "StorageEncrypted", "flip", "PCI-3.5.1-DATABASE-ENCRYPTED"),
        ("RDS::DBInstance", "PubliclyAccessible", "flip", "PCI-1.4.4-DATABASE-PUBLIC"),
        (
            "RDS::DBClusterParameterGroup",
            "Parameters.require_secure_transport",
            "flip",
            "PCI-4.2.1-DATABASE-TLS",
        ),
        ("KMS::Key", "EnableKeyRotation", "remove", "PCI-3.7.4-KEY-ROTATION"),
        ("Logs::LogGroup", "KmsKeyId", "remove", "PCI-10.3.1-LOG-ENCRYPTED"),
        ("Logs::LogGroup", "RetentionInDays", "lowest", "PCI-10.5.1-LOG-RETENTION"),
        ("Logs::LogGroup", "DeletionPolicy", "keep", "PCI-10.5.1-LOGS-DESTROYED"),
        ("Logs::LogGroup", "UpdateReplacePolicy", "keep", "PCI-10.5.1-LOGS-DESTROYED"),
        ("S3::Bucket", "DeletionPolicy", "keep", "PCI-10.5.1-LOGS-DESTROYED"),
        (
            "S3::Bucket",
            "LifecycleConfiguration.Rules.*.NoncurrentVersionExpiration.NoncurrentDays",
            "lowest",
            "PCI-10.5.1-LOG-BUCKET-AT-HAND",
        ),
        (
            "S3::Bucket",
            "LifecycleConfiguration.Rules.*.Transitions",
            "add",
            "PCI-10.5.1-LOG-BUCKET-AT-HAND",
        ),
        (
            "ElasticLoadBalancingV2::LoadBalancer",
            "LoadBalancerAttributes.[waf.fail_open.enabled]",
            "add",
            "PCI-6.4.2-FIREWALL-FAILS-OPEN",
        ),
        (
            "RDS::DBClusterParameterGroup",
            "Parameters.server_audit_excl_users",
            "add",
            "PCI-10.2.1-AUDIT-FILTERED",
        ),
        (
            "RDS::DBClusterParameterGroup",
            "Parameters.general_log",
            "add",
            "PCI-3.3.1-STATEMENTS-LOGGED",
        ),
        ("WAFv2::WebACLAssociation", "", "delete", "PCI-6.4.2-FIREWALL-MISSING"),
        ("WAFv2::LoggingConfiguration", "", "delete", "PCI-10.4.2-FIREWALL-LOG"),
        ("EC2::FlowLog", "", "delete", "PCI-10.2.1-FLOW-LOGS"),
        ("ElasticLoadBalancingV2::Listener", "SslPolicy", "open", "PCI-4.2.1-LISTENER-POLICY"),
        ("SecretsManager::RotationSchedule", "", "delete", "PCI-8.6.3-SECRET-ROTATION"),
        ("ECS::Service", "EnableExecuteCommand", "flip", "PCI-2.2.4-EXEC"),
        ("EC2::Subnet", "MapPublicIpOnLaunch", "flip", "PCI-1.4.2-SUBNET-PUBLIC-ADDRESSES"),
    ],
)
def test_every_such_mutant_is_killed_by_its_rule(
    production: Template, every: list[Mutant], kind: str, where: str, change: str, rule: str
) -> None:
    chosen = [
        mutant
        for mutant in every
        if (mutant.type, mutant.where, mutant.change) == (f"AWS::{kind}", where, change)
    ]
    assert chosen
    for mutant in chosen:
        assert rule in killers(production, mutant), str(mutant)


def test_mutants_come_by_the_thousand_and_from_every_type_with_a_schema(
    production: Template, every: list[Mutant]
) -> None:
    assert len(every) > 2000
    types = {resource.type for resource in production.resources.values()}
    without = types - {mutant.type for mutant in every}
    # no schema; all properties required and referred to by others; a policy as text
    assert without <= {
        "Custom::VpcRestrictDefaultSG",
        "AWS::SecretsManager::SecretTargetAttachment",
        "AWS::Logs::ResourcePolicy",
    }


def test_the_page_tells_of_a_run_over_the_shipped_template(every: list[Mutant]) -> None:
    """To write it again: ``python -m mutation.run --write``."""
    shown = PAGE.read_text(encoding="utf-8").split(MARKER)[1]
    assert f"of {len(every)} in all." in shown
    assert "| **all** |" in shown


def test_a_mutant_changes_one_resource_and_leaves_the_template_alone(
    production: Template, every: list[Mutant]
) -> None:
    before = repr(production.body)
    for mutant in every[::97]:
        changed = mutated(production, mutant).section("Resources")
        kept = [n for n, body in production.section("Resources").items() if changed.get(n) == body]
        assert len(kept) == len(production.section("Resources")) - 1, str(mutant)
    assert repr(production.body) == before


def test_no_reason_excuses_what_infrastructure_must_settle(every: list[Mutant]) -> None:
    never = (
        ("AWS::RDS::DBCluster", "StorageEncrypted", "flip"),
        ("AWS::EC2::FlowLog", "TrafficType", "choose"),
        ("AWS::KMS::Key", "EnableKeyRotation", "flip"),
        ("AWS::WAFv2::WebACLAssociation", "", "delete"),
    )
    for mutant in every:
        if (mutant.type, mutant.where, mutant.change) in never:
            assert not any(reason.covers(mutant) for reason in HARMLESS), str(mutant)


def test_every_reason_covers_a_mutant_of_the_shipped_template(every: list[Mutant]) -> None:
    assert [str(reason) for reason in idle(every)] == []


def test_a_reason_that_covers_nothing_fails_the_run_and_is_named(
    production: Template, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (name,) = (n for n, r in production.resources.items() if r.type == "AWS::CloudWatch::Dashboard")
    small = Template({"Resources": {name: production.section("Resources")[name]}})
    used = [reason for reason in HARMLESS if reason not in idle(list(mutants(small)))]
    gone = Harmless("it is gone", "RDS::DBProxy", "RequireTLS", "flip False")

    def run(reasons: list[Harmless]) -> tuple[int, str]:
        monkeypatch.setattr(mutation, "production", lambda: small)
        monkeypatch.setattr(mutation, "HARMLESS", reasons)
        monkeypatch.setattr("sys.argv", ["mutation"])
        return mutation.main(), capsys.readouterr().err

    assert run(used) == (0, "")
    code, said = run([*used, gone])
    assert code == 1
    assert said == (
        "mutation/harmless.py: 'it is gone' for 'flip False' of 'RequireTLS' in RDS::DBProxy "
        "covers no mutant of the production template; delete it\n"
    )


def test_what_breaks_a_schema_is_tried_once_for_each_place() -> None:
    group = {"LogGroupName": "/a", "RetentionInDays": 7}
    body = {"One": group, "Two": group}
    resources = {k: {"Type": "AWS::Logs::LogGroup", "Properties": v} for k, v in body.items()}
    found = {
        (mutant.where, mutant.change)
        for mutant in refused.refused(Template(json.loads(json.dumps({"Resources": resources}))))
    }
    assert {
        ("NoSuchProperty", "unknown"),
        ("Arn", "read-only"),
        ("LogGroupName", "pattern"),
        ("RetentionInDays", "type"),
    } <= found


def test_a_survivor_that_is_not_told_of_fails_the_run() -> None:
    told, untold = (
        refused.Refusal(
            mutant=Mutant(resource="R", type="T", path=("a",), where="a", change=change), by=""
        )
        for change in ("enum", "required")
    )
    assert not refused.survives([told])
    assert refused.survives([told, untold])
