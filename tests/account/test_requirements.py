"""What the requirements need from the account is asked, and which one is left open is said."""

from __future__ import annotations

from pcistack.account.requirements import account_needs
from pcistack.account.rows import Row, Verdict
from tests.account.recorded import (
    REGION,
    Answer,
    Refusal,
    StubbedAws,
    answers,
    detector,
    public_access,
    scanning,
    trail,
)
from tests.tables import cases


def asked(*types: str, **changes: Answer) -> list[Row]:
    stub = StubbedAws(answers(list(types), **changes))
    return list(account_needs(stub.aws(), frozenset(types)))


def test_account_that_has_everything_is_confirmed() -> None:
    rows = asked()
    assert {row.state for row in rows} == {Verdict.CONFIRMED}
    assert [row.need for row in rows] == [
        "a trail that logs (10.2.1, 10.3.4)",
        "AWS Config records (11.5.2)",
        "GuardDuty (5.2.1, 11.5.1)",
        "GuardDuty watches logins to databases (11.5.1)",
        "GuardDuty watches running tasks (5.2.1, 11.5.1)",
        "Security Hub's PCI DSS v4.0.1 standard (2.2.1)",
        "Inspector scans (6.3.1, 11.3.1)",
        "new disks are encrypted by default (3.5.1)",
        "S3 blocks public access (1.4.4, 7.3.3)",
    ]


@cases(
    ("changes", "need", "answer"),
    [
        ({"TRAILS": {"trailList": []}}, "a trail", "there is no trail of this region"),
        (
            {"TRAILS": {"trailList": [trail(IsMultiRegionTrail=False, HomeRegion="eu-west-1")]}},
            "a trail",
            "there is no trail of this region",
        ),
        ({"TRAIL_STATUS": {"IsLogging": False}}, "a trail", "all is there and does not log"),
        (
            {"TRAILS": {"trailList": [trail(LogFileValidationEnabled=False)]}},
            "a trail",
            "all does not validate its files",
        ),
        (
            {"RECORDER_STATUS": {"ConfigurationRecordersStatus": [{"recording": False}]}},
            "AWS Config",
            "its recorder is stopped",
        ),
        (
            {"RECORDER_STATUS": {"ConfigurationRecordersStatus": []}},
            "AWS Config",
            "there is no recorder",
        ),
        ({"DETECTORS": {"DetectorIds": []}}, "GuardDuty (", "it is off in this region"),
        ({"DETECTOR": detector(status="DISABLED")}, "GuardDuty (", "it is off in this region"),
        ({"DETECTOR": detector(runtime="DISABLED")}, "GuardDuty watches running", "it is off"),
        (
            {"DETECTOR": detector(fargate="DISABLED")},
            "GuardDuty watches running",
            "it is on, without the agent of Fargate",
        ),
        ({"STANDARDS": Refusal("InvalidAccessException")}, "Security Hub", "Security Hub is off"),
        ({"SCANNING": scanning("DISABLED")}, "Inspector", "it does not scan images and functions"),
        ({"DISK_ENCRYPTION": {"EbsEncryptionByDefault": False}}, "new disks", "it is off"),
        (
            {"PUBLIC_ACCESS": public_access(BlockPublicPolicy=False)},
            "S3 blocks",
            "not set: BlockPublicPolicy",
        ),
        (
            {"PUBLIC_ACCESS": Refusal("NoSuchPublicAccessBlockConfiguration")},
            "S3 blocks",
            "not set: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets",
        ),
    ],
)
def test_what_is_missing_is_a_warning_with_its_requirement(
    changes: dict[str, Answer], need: str, answer: str
) -> None:
    (row,) = [row for row in asked(**changes) if row.need.startswith(need)]
    assert row.state is Verdict.WARNING
    assert row.answer.startswith(answer)
    assert row.need.endswith(")")


def test_runtime_monitoring_that_will_hold_the_subnets_is_said() -> None:
    rows = asked(DETECTOR=detector(fargate="ENABLED"))
    (row,) = [row for row in rows if "running tasks" in row.need]
    assert row.state is Verdict.CONFIRMED
    assert "hold the subnets" in row.answer


def test_what_turns_it_on_is_named() -> None:
    rows = asked(DISK_ENCRYPTION={"EbsEncryptionByDefault": False})
    (row,) = [row for row in rows if row.fix]
    assert row.fix == f"aws ec2 enable-ebs-encryption-by-default --region {REGION}"


def test_what_the_template_brings_itself_is_not_asked() -> None:
    rows = asked("AWS::GuardDuty::Detector", "AWS::CloudTrail::Trail")
    assert not [row for row in rows if "GuardDuty" in row.need or "trail" in row.need]


def test_service_that_does_not_answer_keeps_no_deployment() -> None:
    rows = asked(SCANNING=Refusal("InternalServerException"))
    (row,) = [row for row in rows if row.state is not Verdict.CONFIRMED]
    assert row.state is Verdict.WARNING
    assert "inspector2:BatchGetAccountStatus failed" in row.answer
