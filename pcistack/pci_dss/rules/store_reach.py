"""Requirements 1.4.4 and 7.3.3: who reaches search, caches, brokers and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, must_be_set, show
from pcistack.pci_dss import reach_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.template.view import Partial


@rule(
    "PCI-1.4.4-SEARCH-PUBLIC",
    "Search domains, caches, brokers and warehouses are not public and ask who you are",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "8.3.2"),
    security_hub=(
        "ES.2",
        "ElastiCache.6",
    ),
    related=(
        "Opensearch.2",
        "MSK.4",
    ),
    types=(
        "AWS::OpenSearchService::Domain",
        "AWS::Elasticsearch::Domain",
        "AWS::MSK::Cluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::OpenSearchServerless::SecurityPolicy",
        *types_of(reach_settings.REACH),
    ),
    extent=Extent.FULL,
    fix="Set VPCOptions; an AuthToken, users with passwords or IAM; no public access.",
)
def search_public(context: Context) -> Iterator[Hit]:
    for domain in context.of_type("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        yield from must_be_set(domain, "VPCOptions", "the domain has a public endpoint")
    for cluster in context.of_type("AWS::MSK::Cluster"):
        path = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type"
        if cluster.get(path) not in (None, "DISABLED"):
            yield hit(cluster, path, f"public access is {show(cluster.get(path))}")
    for group in context.of_type("AWS::ElastiCache::ReplicationGroup"):
        redis = group.get("Engine") in (None, "redis", "valkey")
        if redis and not group.get("AuthToken") and not group.items("UserGroupIds"):
            yield hit(group, "AuthToken", "whoever reaches the cache may use it")
    yield from wrong(context, reach_settings.REACH)
    for policy in context.of_type("AWS::OpenSearchServerless::SecurityPolicy"):
        if _OPEN_COLLECTION.search(str(policy.get("Policy"))):
            yield hit(policy, "Policy", "the collections have a public endpoint")


# A network policy of OpenSearch Serverless is JSON in a text.
_OPEN_COLLECTION: Final = re.compile(r'"AllowFromPublic"\s*:\s*true')


@rule(
    "PCI-7.3.3-FUNCTION-PUBLIC",
    "No function can be invoked by everyone",
    asks="Access is denied unless it is needed and allowed.",
    requirements=("7.3.3", "1.4.2"),
    security_hub=("Lambda.1",),
    types=("AWS::Lambda::Permission", "AWS::Lambda::Url"),
    extent=Extent.FULL,
    fix="Name the account or the service, with SourceAccount or SourceArn; AuthType AWS_IAM.",
)
def function_public(context: Context) -> Iterator[Hit]:
    for permission in context.of_type("AWS::Lambda::Permission"):
        narrowed = any(
            permission.get(path) for path in ("SourceAccount", "SourceArn", "PrincipalOrgID")
        )
        if permission.get("Principal") == "*" and not narrowed:
            yield hit(permission, "Principal", "everyone may invoke the function")
        if permission.get("FunctionUrlAuthType") == "NONE":
            yield hit(permission, "FunctionUrlAuthType", "everyone may call the function's URL")
        if permission.get("Action") in ("*", "lambda:*"):
            yield hit(permission, "Action", "every action on the function is allowed")
    for url in context.of_type("AWS::Lambda::Url"):
        value = url.get("AuthType")
        if value != "AWS_IAM":
            unknown = isinstance(value, Partial) or url.is_unknown("AuthType")
            yield hit(
                url, "AuthType", f"AuthType {UNRESOLVED}" if unknown else f"AuthType is {value}"
            )
