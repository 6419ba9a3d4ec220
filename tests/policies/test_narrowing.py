"""One reading of what narrows a policy: conditions, values, wildcards."""

from __future__ import annotations

from pcistack.policies.narrowing import is_every_resource, is_everything, narrowing_keys
from pcistack.template.view import Partial, Value
from tests.tables import cases

OWN = Partial("arn:aws:iam::<AWS::AccountId>:role/app")


def keys(operator: str, key: str, value: Value) -> set[str]:
    return set(narrowing_keys({operator: {key: value}}))


@cases(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:SourceAccount", "111111111111"),
        ("StringEquals", "AWS:SourceAccount", Partial("<AWS::AccountId>")),
        ("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", ["o-a1b2c3d4e5/r-1/"]),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
        ("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*"),
        ("ArnEquals", "aws:PrincipalArn", OWN),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::payments-*"),
        ("ArnLike", "aws:SourceArn", "arn:aws:*:*:111111111111:*"),
        ("StringLike", "aws:SourceArn", "*:111111111111:*"),
        ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]),
        ("IpAddress", "aws:SourceIp", Partial("<Office>")),
        ("StringEquals", "aws:SourceVpce", "vpce-0a1b2c3d"),
        ("StringEqualsIfExists", "kms:CallerAccount", "111111111111"),
        ("Bool", "kms:GrantIsForAWSResource", "true"),
        ("Bool", "kms:GrantIsForAWSResource", True),
        ("StringEquals", "kms:ViaService", "rds.eu-central-2.amazonaws.com"),
        ("StringLike", "kms:ViaService", "rds.*.amazonaws.com"),
        ("StringLike", "token.actions.githubusercontent.com:sub", "repo:owner/app:*"),
        ("StringLike", "token.actions.githubusercontent.com:sub", "repo:owner/*"),
        ("StringEquals", "aws:ResourceTag/team", "payments"),
    ],
)
def test_a_condition_with_values_of_its_own_narrows(operator: str, key: str, value: Value) -> None:
    assert keys(operator, key, value) == {key.lower()}


@cases(
    ("operator", "key", "value"),
    [
        ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
        ("IpAddress", "aws:SourceIp", "::/0"),
        ("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]),
        ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "0.0.0.0/0"]),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/app"),
        ("StringLike", "aws:PrincipalArn", "*"),
        ("StringLike", "aws:PrincipalArn", "arn:*"),
        ("StringLike", "aws:PrincipalArn", "arn:aws:iam::????????????:role/app"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
        ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:*"),
        ("StringLike", "aws:SourceAccount", "*"),
        ("StringLike", "aws:PrincipalAccount", ["111111111111", "1*"]),
        ("StringLike", "aws:PrincipalOrgID", "o-*"),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-*/*"),
        ("StringLike", "aws:SourceVpc", "vpc-*"),
        ("StringNotEquals", "aws:SourceAccount", "111111111111"),
        ("StringEqualsIfExists", "aws:SourceAccount", "111111111111"),
        ("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        ("Null", "aws:SourceVpc", "false"),
        ("Bool", "aws:SecureTransport", "true"),
        ("Bool", "aws:PrincipalIsAWSService", "true"),
        ("Bool", "kms:GrantIsForAWSResource", "false"),
        ("StringEquals", "aws:RequestedRegion", "eu-central-2"),
        ("DateLessThan", "aws:CurrentTime", "2099-01-01T00:00:00Z"),
        ("NumericLessThan", "s3:TlsVersion", "1.3"),
        ("StringLike", "kms:ViaService", "*.amazonaws.com"),
        ("StringLike", "token.actions.githubusercontent.com:sub", "repo:*"),
        ("StringLike", "token.actions.githubusercontent.com:sub", "repo:*/app:*"),
        ("StringLike", "token.actions.githubusercontent.com:sub", "*:ref:refs/heads/main"),
        ("StringEquals", "aws:SourceAccount", []),
    ],
)
def test_a_condition_that_lets_everybody_through_does_not(
    operator: str, key: str, value: Value
) -> None:
    assert keys(operator, key, value) == set()


@cases(
    "resource",
    [
        *("*", "**", "?*", "arn:*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:sqs:*:*:*"),
        *("arn:aws:dynamodb:*:*:table/*", "arn:aws:dynamodb:eu-central-2:111111111111:table/*"),
        *("arn:aws:dynamodb:*:*:table/*/index/*", "arn:aws:rds:*:*:*", "arn:aws:logs:*:*:*"),
        *("arn:aws:secretsmanager:*:*:secret:*", "arn:aws:kms:*:*:key/*", "arn:aws:iam::*:role/*"),
        *("arn:<AWS::Partition>:ssm:*:*:parameter/*", "arn:aws:rds-db:*:*:dbuser:*/*"),
    ],
)
def test_everything_is_everything_in_every_spelling(resource: str) -> None:
    assert is_every_resource(resource)


@cases(
    "resource",
    [
        *(
            "arn:aws:s3:::payments",
            "arn:aws:s3:::payments/*",
            "arn:aws:s3:::*-logs/*",
            "<Bucket>/*",
        ),
        *("arn:aws:dynamodb:*:*:table/payments", "arn:aws:dynamodb:*:*:table/payments/index/*"),
        *("arn:aws:secretsmanager:*:*:secret:app/*", "arn:aws:ssm:*:*:parameter/app/*"),
        *("arn:aws:logs:*:*:log-group:/pay/*:*", "arn:aws:kms:*:*:alias/payments", "Table", ""),
    ],
)
def test_a_named_resource_is_not_everything(resource: str) -> None:
    assert not is_every_resource(resource)


def test_wildcards_alone_are_everything() -> None:
    assert all(map(is_everything, ("*", "**", "?*", "*:*", "*/*")))
    assert not any(map(is_everything, ("", "?", "a*", "s3:*")))
