"""The rule groups of AWS that the web ACL has, and their rules (WAF guide)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _parts(rule: str, *places: str) -> tuple[str, ...]:
    return tuple(f"{rule}_{place}" for place in places)


_ANYWHERE: Final = ("BODY", "COOKIE", "URIPATH", "QUERYARGUMENTS")

MANAGED_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWSManagedRulesAmazonIpReputationList": (
        "AWSManagedIPReputationList",
        "AWSManagedReconnaissanceList",
        "AWSManagedIPDDoSList",
    ),
    "AWSManagedRulesCommonRuleSet": (
        "NoUserAgent_HEADER",
        "UserAgent_BadBots_HEADER",
        *_parts("SizeRestrictions", "QUERYSTRING", "Cookie_HEADER", "BODY", "URIPATH"),
        *_parts("EC2MetaDataSSRF", *_ANYWHERE),
        *_parts("GenericLFI", "QUERYARGUMENTS", "URIPATH", "BODY"),
        *_parts("RestrictedExtensions", "URIPATH", "QUERYARGUMENTS"),
        *_parts("GenericRFI", "QUERYARGUMENTS", "BODY", "URIPATH"),
        *_parts("CrossSiteScripting", *_ANYWHERE),
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        *_parts("JavaDeserializationRCE", "HEADER", "BODY", "URIPATH", "QUERYSTRING"),
        "Host_localhost_HEADER",
        "PROPFIND_METHOD",
        "ExploitablePaths_URIPATH",
        *_parts("Log4JRCE", "HEADER", "QUERYSTRING", "BODY", "URIPATH"),
        "ReactJSRCE_BODY",
    ),
    "AWSManagedRulesSQLiRuleSet": (
        *_parts("SQLi", *_ANYWHERE),
        *_parts("SQLiExtendedPatterns", "QUERYARGUMENTS", "BODY"),
    ),
}
"""Rules by group, in the order of the groups in the web ACL."""
