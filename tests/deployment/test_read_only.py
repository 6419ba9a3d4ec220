"""The table of what no template sets is what CloudFormation's schemas say."""

from __future__ import annotations

import pytest

from mutation.mutants import schema
from pcistack.deployment.read_only import read_only
from pcistack.deployment.refresh_read_only import paths


@pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::RDS::DBCluster", "AWS::EC2::VPC"])
def test_the_table_is_what_the_schema_of_a_type_says(kind: str) -> None:
    assert list(read_only(kind)) == paths(schema(kind))
    assert read_only(kind)


def test_what_is_given_at_creation_is_not_in_the_table() -> None:
    described = {
        "readOnlyProperties": ["/properties/Arn", "/properties/Name", "/properties/A/*/B"],
        "createOnlyProperties": ["/properties/Name"],
    }
    assert paths(described) == ["Arn"]
    assert read_only("Custom::Thing") == ()
