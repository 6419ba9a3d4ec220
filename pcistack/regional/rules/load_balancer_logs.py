"""Who may deliver a load balancer's access logs: an account per old region, else a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.catalog import load_balancer_accounts
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.template.view import UNKNOWN, Resource, Unknown, Value, View, walk

_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_CLASSIC: Final = "AWS::ElasticLoadBalancing::LoadBalancer"
_SERVICE: Final = "logdelivery.elasticloadbalancing.amazonaws.com"
_NETWORK_SERVICE: Final = "delivery.logs.amazonaws.com"
_LOGS: Final = ("access_logs", "connection_logs", "health_check_logs")


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
    types=(_BALANCER, _CLASSIC),
    severity=Severity.ERROR,
    source="Elastic Load Balancing user guides: Enable access logs, bucket policy",
)
def unwritable(context: Context) -> Iterator[Hit]:
    """The load balancer's own bucket is in the template, and nothing lets it write there."""
    if not context.facts.region:
        return
    for balancer in context.view.of_type(_BALANCER, _CLASSIC):
        network = balancer.text("Type") == "network"
        if balancer.is_unknown("Type") or balancer.text("Type") == "gateway":
            continue
        mine = "" if network else context.facts.load_balancer_account
        service = _NETWORK_SERVICE if network else _SERVICE
        for path, value in _log_buckets(balancer):
            bucket = _bucket(context.view, value)
            if bucket is None or any(
                _may_name(statement, mine, service)
                for statement in _statements_on(context.view, bucket)
            ):
                continue
            kind = "network load balancers" if network else "load balancers"
            yield hit(
                balancer,
                path,
                f"no bucket policy lets {kind} of {context.here} write their logs to "
                f"{bucket.logical_id}: switching the logs on fails",
                f"allow s3:PutObject to Principal: {{Service: {service}}}"
                + (", and s3:GetBucketAcl on the bucket itself" if network else ""),
            )


def _statements_on(view: View, bucket: Resource) -> Iterator[Value]:
    """Yield the statements of every policy of a bucket; unknown for one that is not known."""
    for policy in view.of_type("AWS::S3::BucketPolicy"):
        if policy.is_unknown("Bucket") and _bucket(view, policy.get("Bucket")) is None:
            yield UNKNOWN
        elif _bucket(view, policy.get("Bucket")) is bucket:
            known = not policy.is_unknown("PolicyDocument")
            yield from policy.items("PolicyDocument.Statement") if known else [UNKNOWN]


def _bucket(view: View, value: Value) -> Resource | None:
    """Return the bucket of the template that a value refers to, or names as the bucket does."""
    found = view.target(value)
    if found is not None:
        return found if found.type == "AWS::S3::Bucket" else None
    if not isinstance(value, str) or not value.strip("<>"):
        return None
    named = [b for b in view.of_type("AWS::S3::Bucket") if b.get("BucketName") == value]
    return named[0] if named else None


def _log_buckets(balancer: Resource) -> Iterator[tuple[str, Value]]:
    """Yield where a load balancer's logs go, with the path that says so, if they are on."""
    if balancer.type == _CLASSIC:
        if balancer.flag("AccessLoggingPolicy.Enabled"):
            path = "AccessLoggingPolicy.S3BucketName"
            yield path, balancer.get(path)
        return
    attributes = {
        str(item.get("Key")): item.get("Value")
        for item in balancer.items("LoadBalancerAttributes")
        if isinstance(item, dict)
    }
    for log in _LOGS:
        if str(attributes.get(f"{log}.s3.enabled")).lower() == "true":
            yield "LoadBalancerAttributes", attributes.get(f"{log}.s3.bucket")


def _may_name(statement: Value, account: str, service: str) -> bool:
    """Whether a statement names the log delivery, or somebody who is not known."""
    if not isinstance(statement, dict) or isinstance(statement.get("Principal"), Unknown | str):
        return True
    if _names_service(statement, service) or (account and account in _accounts(statement)):
        return statement.get("Effect") == "Allow"
    return any(isinstance(leaf, Unknown) for _, leaf in walk(statement.get("Principal")))


def _accounts(statement: Value) -> Iterator[str]:
    principal = statement.get("Principal") if isinstance(statement, dict) else None
    names = principal.get("AWS") if isinstance(principal, dict) else None
    for name in names if isinstance(names, list) else [names]:
        if isinstance(name, str):
            parts = name.split(":")
            yield parts[4] if len(parts) > 5 else name


def _names_service(statement: Value, service: str = _SERVICE) -> bool:
    principal = statement.get("Principal") if isinstance(statement, dict) else None
    named = principal.get("Service") if isinstance(principal, dict) else None
    return service in (named if isinstance(named, list) else [named])
