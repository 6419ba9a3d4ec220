from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from pcistack.account.aws import Aws, AwsError, Call, CallRefusedError, CredentialsError, texts
from tests.account.recorded import Refusal, StubbedAws, answers, model_of
from tests.tables import cases

ROOT = Path(__file__).parents[2]


@cases("call", Call)
def test_every_call_only_reads(call: Call) -> None:
    assert re.match(r"((Batch)?Get|Describe|List)[A-Z]|DetectStackDrift", call.operation)
    model = model_of(call.service)
    assert call.operation in model.operation_names


@cases("call", Call)
def test_every_permission_has_the_prefix_that_iam_knows(call: Call) -> None:
    model = model_of(call.service)
    prefix, _, action = call.permission.partition(":")
    if call is Call.PUBLIC_ACCESS:
        action = {"GetAccountPublicAccessBlock": "GetPublicAccessBlock"}[action]
    iam = {"monitoring": "cloudwatch", "tagging": "tag"}  # the service authorization reference
    signing_name = iam.get(model.signing_name, model.signing_name)
    assert (prefix, action) == (signing_name, call.operation)


def test_no_other_module_talks_to_aws() -> None:
    makes_clients = re.compile(r"\.client\(|\.resource\(|create_client\(")
    found = {
        path.name
        for path in (ROOT / "pcistack" / "account").rglob("*.py")
        if makes_clients.search(path.read_text(encoding="utf-8"))
    }
    assert found <= {"aws.py"}
    uses_session = "session.client" in (ROOT / "pcistack/account/aws.py").read_text("utf-8")
    assert uses_session


def test_the_command_starts_without_boto3() -> None:
    code = (
        "import sys; from pcistack.cli import cli; import pcistack.commands.preflight, "
        "pcistack.commands.migrate; "
        "sys.exit(bool({'boto3', 'botocore', 'yaml', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_all_pages_are_read() -> None:
    pages = {"": "b", "b": "c", "c": ""}

    def page(parameters: dict[str, str]) -> dict[str, object]:
        token = parameters.get("NextToken", "")
        answer: dict[str, object] = {"Vpcs": [{"VpcId": f"vpc-{token}"}]}
        return answer | ({"NextToken": pages[token]} if pages[token] else {})

    stub = StubbedAws(answers([], VPCS=page))
    assert [item["VpcId"] for item in stub.aws().items(Call.VPCS, "Vpcs")] == [
        "vpc-",
        "vpc-b",
        "vpc-c",
    ]


def test_a_question_is_asked_once() -> None:
    stub = StubbedAws(answers([]))
    aws = stub.aws()
    first = aws.items(Call.ZONES, "AvailabilityZones")
    assert aws.items(Call.ZONES, "AvailabilityZones") == first
    assert len(stub.log) == 1


@pytest.mark.parametrize(
    "code",
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.AccessDenied"],
)
@pytest.mark.parametrize("call", [Call.VPCS, Call.QUOTA, Call.LOAD_BALANCERS])
def test_a_refusal_names_the_call_and_the_permission(call: Call, code: str) -> None:
    stub = StubbedAws({call: Refusal(code)})
    parameters = {"ServiceCode": "vpc", "QuotaCode": "L-1"} if call is Call.QUOTA else {}
    with pytest.raises(CallRefusedError) as error:
        stub.aws().items(call, "X", parameters)
    assert call.permission in str(error.value)
    assert call.operation in str(error.value)


@pytest.mark.parametrize(
    "code", ["InvalidClientTokenId", "ExpiredToken", "AuthFailure", "UnrecognizedClientException"]
)
def test_bad_credentials_are_no_refusal(code: str) -> None:
    stub = StubbedAws({Call.VPCS: Refusal(code)})
    with pytest.raises(CredentialsError, match=code):
        stub.aws().items(Call.VPCS, "Vpcs")


def test_missing_credentials_say_what_to_do() -> None:
    def client(service: str, region: str) -> object:
        raise NoCredentialsError

    with pytest.raises(CredentialsError, match="--profile"):
        Aws("eu-central-2", client).items(Call.VPCS, "Vpcs")


def test_any_other_failure_names_the_call() -> None:
    stub = StubbedAws({Call.VPCS: Refusal("InternalError", "try later")})
    with pytest.raises(AwsError, match="ec2:DescribeVpcs failed"):
        stub.aws().items(Call.VPCS, "Vpcs")


def test_an_error_that_means_none_gives_none() -> None:
    stub = StubbedAws({Call.QUOTA: Refusal("NoSuchResourceException", "none")})
    parameters = {"ServiceCode": "vpc", "QuotaCode": "L-1"}
    absent = ("NoSuchResourceException",)
    assert stub.aws().items(Call.QUOTA, "Quota", parameters, absent=absent) == []


@pytest.mark.parametrize(
    ("region", "home"),
    [
        ("eu-central-2", "us-east-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("eusc-de-east-1", "eusc-de-east-1"),
    ],
)
def test_the_home_region_is_of_the_same_partition(region: str, home: str) -> None:
    assert StubbedAws({}).aws(region).home == home


def test_lists_of_objects_give_their_names() -> None:
    assert texts({"Zones": [{"Name": "a"}, "b"]}, "Zones") == ["a", "b"]
    assert texts({}, "Zones") == []


def test_a_session_gives_clients_of_the_right_region_that_do_not_wait_long() -> None:
    made: list[tuple[str, str, Config]] = []

    class Session:
        def client(self, service: str, *, region_name: str, config: Config) -> object:
            made.append((service, region_name, config))
            return StubbedAws(answers([])).client(service, region_name)

    told: list[Call] = []
    session = cast("boto3.Session", Session())
    aws = Aws.of_session(session, "eu-central-2", progress=told.append)
    aws.items(Call.ZONES, "AvailabilityZones")
    aws.items(Call.CALLER_IDENTITY, "Account", at_home=True)
    assert [(service, region) for service, region, _ in made] == [
        ("ec2", "eu-central-2"),
        ("sts", "us-east-1"),
    ]
    assert told == [Call.ZONES, Call.CALLER_IDENTITY]
    settings = [vars(config) for _, _, config in made]
    timeouts = [(found["connect_timeout"], found["read_timeout"]) for found in settings]
    assert timeouts == [(5, 20), (5, 20)]


def test_a_network_that_does_not_answer_names_the_call() -> None:
    def client(service: str, region: str) -> object:
        raise EndpointConnectionError(endpoint_url="https://ec2.eu-central-2.amazonaws.com")

    with pytest.raises(AwsError, match="ec2:DescribeVpcs got no answer"):
        Aws("eu-central-2", client).items(Call.VPCS, "Vpcs")
