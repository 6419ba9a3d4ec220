"""Delivery streams of Firehose: where they deliver to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule

_STREAM: Final = "AWS::KinesisFirehose::DeliveryStream"
_S3: Final = "ExtendedS3DestinationConfiguration"


@rule(
    "DEPLOY-DELIVERY-STREAM",
    "A delivery stream with no destination, with several, or with a prefix that lacks its pair",
    types=(_STREAM,),
    severity=Severity.FATAL,
    source="Firehose API reference: CreateDeliveryStream (exactly one destination); developer "
    "guide: custom prefixes (ErrorOutputPrefix)",
)
def stream_rule(context: Context) -> Iterator[Hit]:
    for stream in () if context.has_macro else context.of_type(_STREAM):
        given = sorted(name for name in stream.properties if _is_destination(name))
        written = [name for name in stream.raw.properties if _is_destination(name)]
        if len(given) > 1 and given != [_S3, "S3DestinationConfiguration"]:
            yield hit(
                stream, given[1], f"a stream has one destination, not {len(given)}", "keep one"
            )
        elif not written:
            yield hit(stream, "", "the stream delivers nowhere", f"add {_S3}")
        prefix = stream.get(f"{_S3}.Prefix")
        if (
            isinstance(prefix, str)
            and "!{" in prefix
            and stream.get(f"{_S3}.ErrorOutputPrefix") is None
        ):
            yield hit(
                stream,
                f"{_S3}.ErrorOutputPrefix",
                "a Prefix with an expression needs a prefix for what cannot be delivered",
                "set ErrorOutputPrefix, such as errors/!{firehose:error-output-type}/",
            )


def _is_destination(name: str) -> bool:
    return name.endswith("DestinationConfiguration")
