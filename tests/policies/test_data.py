"""What IAM knows: actions, principals and managed policies, as the packages carry them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pcistack.policies import actions, managed


@pytest.mark.parametrize("action", ["kms:Decrypt", "s3:*", "*", "ec2:Describe*", "S3:getobject"])
def test_an_action_that_exists_is_known(action: str) -> None:
    assert actions.exists(action)


def test_a_misspelt_action_is_not_known_and_the_right_one_is_named() -> None:
    assert not actions.exists("secretsmanager:GetSecretValues")
    assert actions.nearest("secretsmanager:GetSecretValues") == "secretsmanager:getsecretvalue"
    assert actions.nearest("secretmanager:GetSecretValue").startswith("secretsmanager:")


@pytest.mark.parametrize("principal", ["ecs-tasks", "monitoring.rds", "vpc-flow-logs"])
def test_a_service_principal_is_known(principal: str) -> None:
    assert principal in actions.principals()


def test_the_execution_policy_of_tasks_reads_no_secret() -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    found = managed.statements_of(arn) or ()
    assert len(found) == 1
    statement = found[0]
    assert statement.allows_action("ecr:BatchGetImage")
    assert not statement.allows_action("secretsmanager:GetSecretValue")


def test_the_data_is_read_only_when_it_is_asked_for() -> None:
    code = (
        "import pcistack.deployment.pack as p; p.PACK.rules; "
        "from pcistack.policies import actions, managed; "
        "from pcistack.line_tables import rows; "
        "assert not rows.cache_info().currsize; "
        "managed.statements_of('arn:aws:iam::aws:policy/X'), actions.exists('s3:GetObject'); "
        "assert rows.cache_info().currsize == 2"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_aws_writes_into_default_policies_is_known() -> None:
    assert actions.exists("SNS:Receive")
