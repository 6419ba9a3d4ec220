"""Where a stack is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from aws_cdk import Stack, Token
from constructs import IConstruct

from pcistack.regions import DOMAINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Partition, region and account of a stack, asked of the CDK once.

    Attributes:
        partition: ``aws``, or another group of regions.
        region: The region.
        account: The account; a token if the credentials at deployment decide.
    """

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, construct: IConstruct) -> Place:
        """Return the place of a construct's stack."""
        stack = Stack.of(construct)
        return cls(partition=stack.partition, region=stack.region, account=stack.account)

    @property
    def domain(self) -> str:
        """The domain of the services of the partition."""
        return DOMAINS.get(self.partition, DOMAINS["aws"])

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def in_findings(self) -> Place:
        """The place as the ids of cdk-nag's findings write it, as an id cannot hold a token."""
        return Place(
            partition=_named(self.partition, "Partition"),
            region=_named(self.region, "Region"),
            account=_named(self.account, "AccountId"),
        )


@cache
def _named(value: str, parameter: str) -> str:
    return f"<AWS::{parameter}>" if Token.is_unresolved(value) else value
