"""What an account has once in a region, and what waits for a recorder of AWS Config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule

_ONCE: Final[Mapping[str, str]] = {
    "AWS::Config::ConfigurationRecorder": "MaxNumberOfConfigurationRecordersExceededException",
    "AWS::Config::DeliveryChannel": "MaxNumberOfDeliveryChannelsExceededException",
    "AWS::GuardDuty::Detector": "a detector already exists for the current account",
    "AWS::Macie::Session": "Macie has already been enabled",
    "AWS::SecurityHub::Hub": "account is already subscribed to Security Hub",
}
_RULE: Final = "AWS::Config::ConfigRule"
_PACK: Final = "AWS::Config::ConformancePack"
_RECORDER: Final = "AWS::Config::ConfigurationRecorder"


@rule(
    "DEPLOY-ONE-PER-REGION",
    "A second one of what an account has once in a region",
    types=tuple(_ONCE),
    severity=Severity.FATAL,
    source="CloudFormation resource reference of the type",
)
def once_rule(context: Context) -> Iterator[Hit]:
    for kind, said in _ONCE.items():
        found = context.of_type(kind)
        for other in found[1:]:
            yield hit(
                other,
                "",
                f"{found[0].logical_id} is the {kind} of the region; a second one is refused: "
                f"{said}",
                "delete one of them",
            )


@rule(
    "DEPLOY-ORDER-RECORDER",
    "A rule of AWS Config that may be created before there is a recorder",
    types=(_RULE, _PACK),
    source="AWS Config API reference: PutConfigRule (NoAvailableConfigurationRecorderException)",
)
def recorder_rule(context: Context) -> Iterator[Hit]:
    for recorder in context.of_type(_RECORDER):
        for one in context.of_type(_RULE, _PACK):
            if not context.order.waits_for(one, recorder):
                yield hit(
                    one,
                    "",
                    f"nothing makes it wait for {recorder.logical_id}, without which AWS Config "
                    "takes no rule",
                    f"set DependsOn: {recorder.logical_id}",
                )
