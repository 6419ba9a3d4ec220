"""Logs of web ACLs: where they go, and what their filters keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, objects, text
from pcistack.policies.arns import parts
from pcistack.template.view import Partial, Reference, Value

_LOGGING: Final = "AWS::WAFv2::LoggingConfiguration"
_PREFIX: Final = "aws-waf-logs-"


@rule(
    "DEPLOY-WAF-LOG-NAME",
    "A log of AWS WAF whose destination has another name than AWS WAF demands",
    types=(_LOGGING,),
    source="AWS WAF developer guide: Logging destinations, names begin with aws-waf-logs-",
)
def log_name_rule(context: Context) -> Iterator[Hit]:
    names = {
        "AWS::S3::Bucket": "BucketName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    }
    for logging in context.of_type(_LOGGING):
        for index, value in enumerate(logging.items("LogDestinationConfigs")):
            target = context.target(value)
            if target is not None and target.type in names:
                known = target.get(names[target.type])
                what = f"{target.logical_id} has {'no name' if known is None else 'the name'}"
            else:
                known = _named_by_arn(value)
                what = "the destination has the name"
            if known is None and (target is None or target.type not in names):
                continue
            if known is not None and not _is_another(known):
                continue
            shown = "" if known is None else f" {known}"
            yield hit(
                logging,
                f"LogDestinationConfigs.{index}",
                f"{what}{shown}; AWS WAF writes only where the name begins with {_PREFIX}",
                f"begin the name with {_PREFIX}",
                severity=Severity.FATAL if known is not None else None,
            )


def _named_by_arn(value: Value) -> Value:
    """Return the name in a destination's ARN; None if it is not in the text."""
    if not isinstance(value, str):
        return None
    pieces = parts(value)  # an unknown account is written with colons, too
    if len(pieces) < 6 or pieces[0] != "arn":
        return None
    name = ":".join(pieces[5:]).removeprefix("log-group:").removeprefix("deliverystream/")
    if not name or pieces[2] not in ("s3", "logs", "firehose"):
        return None
    return Partial(name) if "<" in name else name


def _is_another(name: Value) -> bool:
    """Whether a name, as far as it is known, does not begin as AWS WAF demands."""
    if isinstance(name, Reference) or not isinstance(name, str):
        return False
    head = name.split("<", 1)[0] if isinstance(name, Partial) else name
    if len(head) >= len(_PREFIX) or not isinstance(name, Partial):
        return not head.startswith(_PREFIX)
    return not _PREFIX.startswith(head)


@rule(
    "DEPLOY-WAF-LOG-FILTER",
    "A filter of a web ACL's log that AWS WAF refuses",
    types=(_LOGGING,),
    severity=Severity.FATAL,
    source="AWS WAF API reference: LoggingFilter and LoggingConfiguration, RedactedFields",
)
def log_filter_rule(context: Context) -> Iterator[Hit]:
    for logging in context.of_type(_LOGGING):
        given = fields(logging.get("LoggingFilter"))
        if given and text(given.get("DefaultBehavior")) not in ("KEEP", "DROP"):
            yield hit(
                logging,
                "LoggingFilter.DefaultBehavior",
                "the filter's default behavior is KEEP or DROP",
                "set DefaultBehavior: KEEP",
            )
        if given and given.get("Filters") in (None, []):
            yield hit(
                logging,
                "LoggingFilter.Filters",
                "the filter has no filters",
                "add one, or delete LoggingFilter",
            )
        for path, item in objects(logging, "RedactedFields"):
            for name in item:
                if name not in ("Method", "QueryString", "SingleHeader", "UriPath"):
                    yield hit(
                        logging,
                        f"{path}.{name}",
                        f"AWS WAF does not redact {name}",
                        "choose from Method, QueryString, SingleHeader, UriPath",
                    )
