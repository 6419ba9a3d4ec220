"""What a destroyed environment has left is named, with the command that removes it."""

from __future__ import annotations

import pytest

from pcistack.account.aws import Call
from pcistack.account.needs import needs
from pcistack.account.rows import Row, Verdict
from pcistack.account.sweep import suffixes, sweep
from pcistack.template.document import Template
from pcistack.template.worlds import views
from tests.account.recorded import NOW, REGION, Answer, Refusal, StubbedAws

TAGS = {"EnvironmentSuffix": "pr42", "Project": "pcidss"}
GROUP = "/aws/ecs/containerinsights/pcidss-pr42/performance"
TEMPLATE = Template(
    {
        "Resources": {
            "Insights": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": GROUP}}
        }
    }
)
KEY = f"arn:aws:kms:{REGION}:111111111111:key/1234"


def _swept(**answers: Answer) -> list[Row]:
    table: dict[Call, Answer] = {
        Call.CALLER_IDENTITY: {"Account": "111111111111"},
        Call.LOG_GROUPS: {"logGroups": []},
        Call.TAGGED: {"ResourceTagMappingList": []},
        Call.SECRET: {"Name": "owner"},
        **{Call[name]: answer for name, answer in answers.items()},
    }
    stub = StubbedAws(table)
    rows = sweep(needs(views(TEMPLATE, REGION)), stub.aws(), TAGS)
    (asked,) = [parameters for call, parameters, _ in stub.log if call is Call.TAGGED] or [{}]
    if asked:
        assert asked["TagFilters"] == [
            {"Key": name, "Values": [value]} for name, value in TAGS.items()
        ]
    return rows


def _arns(*arns: str) -> Answer:
    return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": []} for arn in arns]}


def test_nothing_left_is_said() -> None:
    (row,) = _swept()
    assert (row.state, row.answer) == (Verdict.CONFIRMED, "nothing is left")


def test_log_group_that_a_service_wrote_again_is_found_with_the_command_that_removes_it() -> None:
    (row,) = _swept(LOG_GROUPS={"logGroups": [{"logGroupName": GROUP}]})
    assert row.state is Verdict.FAILS
    assert f"aws logs delete-log-group --log-group-name {GROUP} --region {REGION}" in row.fix


@pytest.mark.parametrize(
    ("arn", "command"),
    [
        (f"arn:aws:sns:{REGION}:111111111111:alarms", "aws sns delete-topic --topic-arn arn:aws"),
        ("arn:aws:s3:::logs-pr42", "aws s3 rb s3://logs-pr42 --force"),
        (
            f"arn:aws:rds:{REGION}:111111111111:cluster-snapshot:final-pr42",
            "delete-db-cluster-snapshot --db-cluster-snapshot-identifier final-pr42",
        ),
        (
            f"arn:aws:secretsmanager:{REGION}:111111111111:secret:owner-Ab1Cd2",
            "aws secretsmanager delete-secret --secret-id arn:aws",
        ),
        (f"arn:aws:ec2:{REGION}:111111111111:vpc/vpc-1", "delete-vpc --vpc-id vpc-1"),
        (
            f"arn:aws:cloudformation:{REGION}:111111111111:stack/PciDss-pr42/0-1",
            "aws cloudformation delete-stack --stack-name PciDss-pr42 --region",
        ),
    ],
)
def test_what_still_carries_the_tags_is_found(arn: str, command: str) -> None:
    (row,) = _swept(TAGGED=_arns(arn))
    assert row.state is Verdict.FAILS
    assert command in row.fix


def test_type_without_a_known_command_is_named_all_the_same() -> None:
    arn = f"arn:aws:newservice:{REGION}:111111111111:thing/one"
    (row,) = _swept(TAGGED=_arns(arn))
    assert row.fix == f"look at {arn} and delete it"


@pytest.mark.parametrize(
    ("answer", "said", "state"),
    [
        ({"KeyMetadata": {"KeyId": "1234", "KeyState": "PendingDeletion"}}, "window", "ok"),
        ({"KeyMetadata": {"KeyId": "1234", "KeyState": "Enabled"}}, "still there", "fails"),
        (Refusal("NotFoundException"), "is gone", "ok"),
    ],
)
def test_key_in_its_deletion_window_goes_by_itself(answer: Answer, said: str, state: str) -> None:
    row = _swept(TAGGED=_arns(KEY), KEY=answer)[0]
    assert said in row.answer
    assert row.state == state


def test_missing_permission_is_named() -> None:
    (row,) = _swept(TAGGED=Refusal("AccessDeniedException"))
    assert (row.state, row.answer) == (Verdict.REFUSED, "needs the IAM permission tag:GetResources")


def test_environments_of_which_something_is_there_are_listed_once() -> None:
    def tagged(suffix: str) -> dict[str, object]:
        tags = [
            {"Key": "Project", "Value": "pcidss"},
            {"Key": "EnvironmentSuffix", "Value": suffix},
        ]
        return {"ResourceARN": KEY, "Tags": tags}

    found = [tagged(suffix) for suffix in ("pr42", "dev", "pr42")]
    stub = StubbedAws({Call.TAGGED: {"ResourceTagMappingList": found}})
    assert suffixes(stub.aws()) == ["dev", "pr42"]
    assert stub.log[0][1]["TagFilters"] == [{"Key": "EnvironmentSuffix"}]


@pytest.mark.parametrize(
    ("arn", "changes", "said", "state"),
    [
        (
            f"arn:aws:secretsmanager:{REGION}:111111111111:secret:app-Ab1Cd2",
            {"SECRET": {"Name": "app", "DeletedDate": NOW}},
            "goes by itself after its recovery window",
            "ok",
        ),
        (
            f"arn:aws:secretsmanager:{REGION}:111111111111:secret:app-Ab1Cd2",
            {"SECRET": {"Name": "app"}},
            "is still there",
            "fails",
        ),
        (
            f"arn:aws:ec2:{REGION}:111111111111:natgateway/nat-1",
            {"NAT_GATEWAYS": {"NatGateways": [{"State": "deleted"}]}},
            "is deleted; EC2 shows it for about an hour",
            "ok",
        ),
        (
            f"arn:aws:ec2:{REGION}:111111111111:natgateway/nat-1",
            {"NAT_GATEWAYS": {"NatGateways": [{"State": "available"}]}},
            "is still there",
            "fails",
        ),
    ],
)
def test_what_aws_shows_for_a_while_is_told_from_what_is_there(
    arn: str, changes: dict[str, Answer], said: str, state: str
) -> None:
    row = _swept(TAGGED=_arns(arn), **changes)[0]
    assert (row.answer, row.state) == (said, state)
