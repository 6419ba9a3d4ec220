"""The way out: names that resolve, addresses that stay, services that permissions name."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from typing import cast

from stacks.environment import Environment, load_environment
from tests.support import (
    APART,
    ENDPOINTS,
    PRIVATE_IMAGE,
    Synthesized,
    app,
    environment,
    listed,
    statements,
    synthesize,
    target,
    template,
    variant,
    waits_for,
)
from tests.test_acknowledgements import accepted, open_findings, outcome

RULE = "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE"
OUTBOUND = ["api.processor.example", "*.partner.example"]


@cache
def filtered() -> Synthesized:
    return variant(network={"outbound": OUTBOUND}, service={"image": PRIVATE_IMAGE})


def reasons(synthesized: Synthesized) -> set[str]:
    return {text for entry, text in accepted(synthesized).items() if entry.startswith(RULE)}


def domains(synthesized: Synthesized) -> list[object]:
    return listed(
        synthesized.named("Allowed", "AWS::Route53Resolver::FirewallDomainList")["Domains"]
    )


def test_tasks_resolve_what_is_listed_and_aws_in_the_region_and_nothing_else() -> None:
    assert domains(filtered()) == [
        *OUTBOUND,
        "*.eu-central-2.amazonaws.com",
        "*.eu-central-2.rds.amazonaws.com",
        "*.eu-central-2.compute.internal",
    ]
    group = filtered().one("AWS::Route53Resolver::FirewallRuleGroup")
    rules = sorted(
        cast("list[dict[str, object]]", group["FirewallRules"]),
        key=lambda rule: cast("int", rule["Priority"]),
    )
    assert [rule["Action"] for rule in rules] == ["ALLOW", "BLOCK"]
    every = target(rules[1]["FirewallDomainListId"])
    assert filtered().properties(every)["Domains"] == ["*"]


def test_registries_of_public_images_are_found() -> None:
    public = variant(network={"outbound": []}, service={"image": "ghcr.io/team/app:1"})
    assert domains(public)[:2] == ["ghcr.io", "pkg-containers.githubusercontent.com"]
    docker = variant(network={"outbound": []}, service={"image": "team/app:1"})
    assert "registry-1.docker.io" in domains(docker)


def test_the_firewall_stands_before_the_first_task_and_every_query_is_logged() -> None:
    synthesized = filtered()
    (service,) = synthesized.ids("AWS::ECS::Service")
    before = {str(synthesized.resources[key]["Type"]) for key in waits_for(synthesized, service)}
    assert "AWS::Route53Resolver::FirewallRuleGroupAssociation" in before
    names = {str(g.get("LogGroupName")) for g in synthesized.all("AWS::Logs::LogGroup")}
    assert "/pcidss/dev/dns-queries" in names
    logging = synthesized.one("AWS::Route53Resolver::ResolverQueryLoggingConfig")
    assert "/pcidss/dev/dns-queries" in json.dumps(logging["DestinationArn"])
    assert synthesized.ids("AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation")


def test_nothing_is_open_with_named_domains() -> None:
    chosen = environment(network={"outbound": OUTBOUND}, service={"image": PRIVATE_IMAGE})
    assert open_findings(app(chosen)) == set()
    assert outcome(filtered()).open == []


def test_any_address_is_accepted_by_what_the_environment_says_of_itself() -> None:
    (test_data,) = reasons(template("dev"))
    assert "holds no card data" in test_data
    (named,) = reasons(filtered())
    assert "DNS Firewall" in named
    assert reasons(variant(**ENDPOINTS)) == set()


def test_an_environment_may_accept_it_in_its_own_file_with_a_last_day() -> None:
    own = "The partner's gateways have no fixed names; a proxy is being built."
    values = load_environment("prod").model_dump()
    values["network"]["outbound"] = None
    values["acknowledged"] = {RULE: {"reason": own, "until": date(2099, 12, 31)}}
    chosen = Environment.model_validate(values)
    synthesized = synthesize(chosen)
    assert reasons(synthesized) == {own}
    assert '"until": "2099-12-31"' in json.dumps(synthesized.body)
    assert synthesized.ids("AWS::Route53Resolver::FirewallRuleGroup") == []


def test_addresses_are_outputs_and_no_setting_but_the_zones_replaces_them() -> None:
    def addresses(synthesized: Synthesized) -> dict[str, object]:
        found = {key: synthesized.resources[key] for key in synthesized.ids("AWS::EC2::EIP")}
        return {key: resource.get("Properties") for key, resource in found.items()}

    outputs = cast("dict[str, dict[str, object]]", template("prod").body["Outputs"])
    shown = json.dumps(outputs["NatAddresses"])
    assert all(f'"Ref": "{key}"' in shown for key in addresses(template("prod")))
    dev = addresses(template("dev"))
    for changed in (filtered(), variant(**APART)):
        assert addresses(changed) == dev


S3 = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::pcidss-reports/in.csv"]}
SQS = {
    "actions": ["sqs:SendMessage"],
    "resources": ["arn:aws:sqs:eu-central-2:111111111111:reports"],
}


def test_buckets_that_permissions_name_are_admitted_for_that_role_only() -> None:
    synthesized = variant(service={"permissions": [S3, SQS]})
    endpoint = synthesized.named("S3Endpoint", "AWS::EC2::VPCEndpoint")
    policy = cast("dict[str, list[dict[str, object]]]", endpoint["PolicyDocument"])
    (own,) = [s for s in policy["Statement"] if "pcidss-reports" in json.dumps(s)]
    assert own["Action"] == "s3:GetObject"
    condition = cast("dict[str, dict[str, object]]", own["Condition"])["ArnEquals"]
    role = target(condition["aws:PrincipalArn"])
    assert "Service/TaskRole" in synthesized.path(role)


def test_without_a_way_out_a_service_that_permissions_name_gets_its_endpoint() -> None:
    def services(synthesized: Synthesized) -> set[str]:
        return {
            json.dumps(endpoint["ServiceName"]).rpartition("eu-central-2.")[2].strip('"]}')
            for endpoint in synthesized.all("AWS::EC2::VPCEndpoint")
        }

    service = {**ENDPOINTS["service"], "permissions": [SQS, S3]}
    asked = variant(network=ENDPOINTS["network"], service=service)
    assert services(asked) - services(variant(**ENDPOINTS)) == {"sqs"}
    assert outcome(asked).open == []
    assert "sqs" not in services(variant(service={"permissions": [S3, SQS]}))


def test_such_an_endpoint_lets_nothing_pass_but_what_is_permitted_to_this_account() -> None:
    service = {**ENDPOINTS["service"], "permissions": [SQS, S3]}
    asked = variant(network=ENDPOINTS["network"], service=service)
    endpoint = asked.named("SqsEndpoint", "AWS::EC2::VPCEndpoint")
    (statement,) = statements(endpoint["PolicyDocument"])
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == SQS["resources"][0]
    assert statement["Condition"] == {
        "StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}
    }
