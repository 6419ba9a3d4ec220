"""What the requirements of PCI DSS need from the account, which no template of a workload brings.

None of it keeps a deployment from succeeding, so what is missing is a warning with the requirement
that it leaves open, and the command that turns it on where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from pcistack.account.aws import Aws, Call, Item, flag, objects, part, text
from pcistack.account.rows import Row, Verdict, tried
from pcistack.pci_dss.accepted import PUBLIC_ACCESS_BLOCK

_STANDARD: Final = "/pci-dss/v/4.0.1"
_GUARDDUTY: Final = ("AWS::GuardDuty::Detector",)
_OFF: Final = ("BadRequestException", "InvalidAccessException")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Something that a requirement needs from the account.

    Attributes:
        need: What, in a few words.
        requirements: Numbers of the requirements that it answers.
        call: The call that answers.
        complaint: Asks; returns what is missing, or an empty text.
        here: What is said where nothing is missing.
        fix: Command that turns it on, for a region.
        brought_by: Types that bring it; a template with one is not asked about it.
    """

    need: str
    requirements: str
    call: Call
    complaint: Callable[[Aws], str]
    here: str
    fix: str = ""
    brought_by: tuple[str, ...] = ()


def account_needs(aws: Aws, types: frozenset[str]) -> Iterator[Row]:
    """Yield a row for each thing that a requirement needs from the account.

    Args:
        aws: Asks in the region.
        types: Resource types of the template, which may bring some of it itself.

    Raises:
        CredentialsError: There are no credentials, or AWS does not accept them.
    """
    for question in _QUESTIONS:
        if types.intersection(question.brought_by):
            continue
        need = f"{question.need} ({question.requirements})"
        for row in tried(partial(_answer, question, need), aws, need):
            # what could not be asked leaves the requirement open; the deployment succeeds
            unknown = row.state is Verdict.UNKNOWN
            yield replace(row, state=Verdict.WARNING) if unknown else row


def _answer(question: _Question, need: str, aws: Aws) -> Iterator[Row]:
    complaint = question.complaint(aws)
    yield Row(
        state=Verdict.WARNING if complaint else Verdict.CONFIRMED,
        need=need,
        answer=complaint or question.here,
        asked=question.call.permission,
        fix=question.fix.format(region=aws.region) if complaint and question.fix else "",
    )


# Each returns what is missing, or an empty text.


def _trail(aws: Aws) -> str:
    trails = [
        trail
        for trail in aws.items(Call.TRAILS, "trailList")
        if flag(trail, "IsMultiRegionTrail") or text(trail, "HomeRegion") == aws.region
    ]
    complaints = [_trail_complaint(aws, trail) for trail in trails]
    if not complaints:
        return "there is no trail of this region"
    return "" if "" in complaints else complaints[0]


def _trail_complaint(aws: Aws, trail: Item) -> str:
    name = text(trail, "Name")
    asked = {"Name": text(trail, "TrailARN")}
    if aws.items(Call.TRAIL_STATUS, "IsLogging", asked) != [{"": True}]:
        return f"{name} is there and does not log"
    missing = [
        what
        for key, what in (
            ("LogFileValidationEnabled", "does not validate its files"),
            ("IncludeGlobalServiceEvents", "leaves out global services"),
        )
        if flag(trail, key) is False
    ]
    return f"{name} {' and '.join(missing)}" if missing else ""


def _recorder(aws: Aws) -> str:
    recorders = aws.items(Call.RECORDER_STATUS, "ConfigurationRecordersStatus")
    if not recorders:
        return "there is no recorder"
    return "" if any(flag(item, "recording") for item in recorders) else "its recorder is stopped"


def _detectors(aws: Aws) -> list[list[Item]]:
    """Return the features of each detector that is enabled."""
    found = []
    for item in aws.items(Call.DETECTORS, "DetectorIds"):
        asked = {"DetectorId": text(item, "")}
        if aws.items(Call.DETECTOR, "Status", asked) == [{"": "ENABLED"}]:
            found.append(aws.items(Call.DETECTOR, "Features", asked))
    return found


def _detector(aws: Aws) -> str:
    return "" if _detectors(aws) else "it is off in this region"


def _on(features: Sequence[Item], name: str) -> Item | None:
    return next(
        (f for f in features if text(f, "Name") == name and text(f, "Status") == "ENABLED"), None
    )


def _runtime(aws: Aws) -> str:
    runtime = next((_on(f, "RUNTIME_MONITORING") for f in _detectors(aws)), None)
    if runtime is None:
        return "it is off"
    if _on(objects(runtime, "AdditionalConfiguration"), "ECS_FARGATE_AGENT_MANAGEMENT") is None:
        return "it is on, without the agent of Fargate"
    return ""


def _logins(aws: Aws) -> str:
    watched = any(_on(features, "RDS_LOGIN_EVENTS") for features in _detectors(aws))
    return "" if watched else "it is off"


def _standard(aws: Aws) -> str:
    found = aws.items(Call.STANDARDS, "StandardsSubscriptions", absent=_OFF)
    enabled = [
        item
        for item in found
        if _STANDARD in text(item, "StandardsArn")
        and text(item, "StandardsStatus") in ("READY", "INCOMPLETE", "PENDING")
    ]
    if enabled:
        return ""
    return "it is not enabled" if found else "Security Hub is off, or has no standard"


def _scanning(aws: Aws) -> str:
    accounts = aws.items(Call.SCANNING, "accounts")
    states = [part(item, "resourceState") for item in accounts]
    off = [
        what
        for key, what in (("ecr", "images"), ("lambda", "functions"))
        if not any(text(part(state, key), "status") == "ENABLED" for state in states)
    ]
    return f"it does not scan {' and '.join(off)}" if off else ""


def _disks(aws: Aws) -> str:
    on = aws.items(Call.DISK_ENCRYPTION, "EbsEncryptionByDefault") == [{"": True}]
    return "" if on else "it is off"


def _public_access(aws: Aws) -> str:
    account = aws.items(Call.CALLER_IDENTITY, "Account", at_home=True)
    found = aws.items(
        Call.PUBLIC_ACCESS,
        "PublicAccessBlockConfiguration",
        {"AccountId": text(account[0], "") if account else ""},
        absent=("NoSuchPublicAccessBlockConfiguration",),
    )
    missing = [name for name in PUBLIC_ACCESS_BLOCK if not any(flag(item, name) for item in found)]
    return f"not set: {', '.join(missing)}" if missing else ""


_QUESTIONS: Final = (
    _Question(
        need="a trail that logs",
        requirements="10.2.1, 10.3.4",
        call=Call.TRAILS,
        complaint=_trail,
        here="it logs and validates its files",
        brought_by=("AWS::CloudTrail::Trail",),
    ),
    _Question(
        need="AWS Config records",
        requirements="11.5.2",
        call=Call.RECORDER_STATUS,
        complaint=_recorder,
        here="it records",
        brought_by=("AWS::Config::ConfigurationRecorder",),
    ),
    _Question(
        need="GuardDuty",
        requirements="5.2.1, 11.5.1",
        call=Call.DETECTORS,
        complaint=_detector,
        here="it is on",
        fix="aws guardduty create-detector --enable --region {region}",
        brought_by=_GUARDDUTY,
    ),
    _Question(
        need="GuardDuty watches logins to databases",
        requirements="11.5.1",
        call=Call.DETECTOR,
        complaint=_logins,
        here="it is on",
        brought_by=_GUARDDUTY,
    ),
    _Question(
        need="GuardDuty watches running tasks",
        requirements="5.2.1, 11.5.1",
        call=Call.DETECTOR,
        complaint=_runtime,
        here="it is on; its endpoint and security group in the VPC hold the subnets when the stack "
        "is destroyed, so delete them then",
        brought_by=_GUARDDUTY,
    ),
    _Question(
        need="Security Hub's PCI DSS v4.0.1 standard",
        requirements="2.2.1",
        call=Call.STANDARDS,
        complaint=_standard,
        here="it is enabled",
        brought_by=("AWS::SecurityHub::Standard",),
    ),
    _Question(
        need="Inspector scans",
        requirements="6.3.1, 11.3.1",
        call=Call.SCANNING,
        complaint=_scanning,
        here="it scans images and functions",
        fix="aws inspector2 enable --resource-types ECR LAMBDA --region {region}",
    ),
    _Question(
        need="new disks are encrypted by default",
        requirements="3.5.1",
        call=Call.DISK_ENCRYPTION,
        complaint=_disks,
        here="they are",
        fix="aws ec2 enable-ebs-encryption-by-default --region {region}",
    ),
    _Question(
        need="S3 blocks public access",
        requirements="1.4.4, 7.3.3",
        call=Call.PUBLIC_ACCESS,
        complaint=_public_access,
        here="it does",
    ),
)
