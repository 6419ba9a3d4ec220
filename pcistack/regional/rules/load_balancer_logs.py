"""Who may deliver a load balancer's access logs: an account per old region, else a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.facts import load_balancer_accounts
from pcistack.regional.pack import rule
from pcistack.template.view import UNKNOWN, Resource, Unknown, Value, walk

_SERVICE: Final = "logdelivery.elasticloadbalancing.amazonaws.com"


@rule(
    "LOAD-BALANCER-LOG-PRINCIPAL",
    "A bucket policy that lets another region's load balancers write logs",
    types=("AWS::S3::BucketPolicy",),
    severity=Severity.ERROR,
    source="Elastic Load Balancing user guide: Enable access logs, bucket policy",
)
def principal_rule(context: Context) -> Iterator[Hit]:
    if not context.facts.region:
        return
    mine = context.facts.load_balancer_account
    accounts = load_balancer_accounts()
    for policy in context.view.of_type("AWS::S3::BucketPolicy"):
        statements = policy.items("PolicyDocument.Statement")
        named = [
            (index, account)
            for index, statement in enumerate(statements)
            for account in _accounts(statement)
            if account in accounts
        ]
        if not named or mine in {account for _, account in named}:
            continue
        if any(_names_service(statement) for statement in statements):
            continue  # the service may deliver, so the account does no harm
        index, account = named[0]
        yield hit(
            policy,
            f"PolicyDocument.Statement.{index}.Principal",
            f"account {account} delivers load-balancer logs in {accounts[account]}, not in "
            f"{context.here}: the load balancer cannot write to the bucket",
            f"allow Principal: {{AWS: arn:{context.facts.partition}:iam::{mine}:root}}"
            if mine
            else f"allow Principal: {{Service: {_SERVICE}}}",
        )


@rule(
    "LOAD-BALANCER-LOG-BUCKET",
    "A log bucket that the region's load balancers may not write to",
    types=("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    severity=Severity.ERROR,
    source="Elastic Load Balancing user guide: Enable access logs, bucket policy",
)
def unwritable(context: Context) -> Iterator[Hit]:
    """The load balancer's own bucket is in the template, and nothing lets it write there."""
    if not context.facts.region:
        return
    mine = context.facts.load_balancer_account
    for balancer in context.view.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        bucket = context.view.target(_log_bucket(balancer))
        if bucket is None or balancer.text("Type") not in (None, "application"):
            continue
        statements = [
            statement
            for policy in context.view.of_type("AWS::S3::BucketPolicy")
            if context.view.target(policy.get("Bucket")) is bucket or policy.is_unknown("Bucket")
            for statement in (
                policy.items("PolicyDocument.Statement")
                if not policy.is_unknown("PolicyDocument")
                else [UNKNOWN]
            )
        ]
        if any(_may_name(statement, mine) for statement in statements):
            continue
        yield hit(
            balancer,
            "LoadBalancerAttributes",
            f"no bucket policy lets load balancers of {context.here} write access logs to "
            f"{bucket.logical_id}: switching the logs on fails",
            f"allow s3:PutObject to Principal: {{Service: {_SERVICE}}}",
        )


def _log_bucket(balancer: Resource) -> Value:
    """Return the bucket of the access logs if they are on."""
    attributes = {
        str(item.get("Key")): item.get("Value")
        for item in balancer.items("LoadBalancerAttributes")
        if isinstance(item, dict)
    }
    on = str(attributes.get("access_logs.s3.enabled")).lower() == "true"
    return attributes.get("access_logs.s3.bucket") if on else None


def _may_name(statement: Value, account: str) -> bool:
    """Whether a statement names the log delivery, or somebody who is not known."""
    if not isinstance(statement, dict) or isinstance(statement.get("Principal"), Unknown | str):
        return True
    if _names_service(statement) or (account and account in _accounts(statement)):
        return statement.get("Effect") == "Allow"
    return any(isinstance(leaf, Unknown) for _, leaf in walk(statement.get("Principal")))


def _accounts(statement: Value) -> Iterator[str]:
    principal = statement.get("Principal") if isinstance(statement, dict) else None
    names = principal.get("AWS") if isinstance(principal, dict) else None
    for name in names if isinstance(names, list) else [names]:
        if isinstance(name, str):
            parts = name.split(":")
            yield parts[4] if len(parts) > 5 else name


def _names_service(statement: Value) -> bool:
    principal = statement.get("Principal") if isinstance(statement, dict) else None
    service = principal.get("Service") if isinstance(principal, dict) else None
    return _SERVICE in (service if isinstance(service, list) else [service])
