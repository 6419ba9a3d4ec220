"""One bad and one good template per rule, as small as the rule allows."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.regional.cases import Case, resource

_TOPIC = "Resources: {Thing: {Type: AWS::SNS::Topic}}\n"
_LOOP = (
    "Transform: AWS::LanguageExtensions\nResources:\n"
    "  Fn::ForEach::Topics: [N, [a, b], {'T${N}': {Type: AWS::SNS::Topic}}]\n"
)
_MAPPING = "Mappings: {Images: {eu-central-1: {Id: ami-1}}}\n" + resource(
    "AWS::EC2::Instance", "ImageId: !FindInMap [Images, !Ref AWS::Region, Id]"
)
_WARNING = Severity.WARNING


def _topics(count: int) -> str:
    return "Resources:\n" + "".join(f"  T{n}: {{Type: AWS::SNS::Topic}}\n" for n in range(count))


def _choices(count: int) -> str:
    value = "z"
    for number in range(count):
        value = f"!If [C{number}, x{number}, {value}]"
    parameters = "".join(f"  P{n}: {{Type: String, Default: a}}\n" for n in range(count))
    conditions = "".join(f"  C{n}: !Equals [!Ref P{n}, b]\n" for n in range(count))
    properties = f"DisplayName: {value}"
    return (
        f"Parameters:\n{parameters}Conditions:\n{conditions}"
        f"{resource('AWS::SNS::Topic', properties)}"
    )


def _groups(source: str) -> str:
    return resource(
        "AWS::EC2::SecurityGroup",
        "SecurityGroupIngress: [{SourceSecurityGroupId: !Ref Other}]",
        more=f"""
            Other:
              Type: AWS::EC2::SecurityGroup
              Properties: {{SecurityGroupIngress: [{{{source}}}]}}
            """,
    )


CASES = (
    Case(
        rule="TEMPLATE-SELECT",
        resource="Thing",
        bad=resource("AWS::EC2::Subnet", "AvailabilityZone: !Select [3, !GetAZs '']"),
        good=resource("AWS::EC2::Subnet", "AvailabilityZone: !Select [2, !GetAZs '']"),
    ),
    Case(
        rule="TEMPLATE-MAPPING",
        resource="Thing",
        bad=_MAPPING,
        good=_MAPPING,
        good_region="eu-central-1",
    ),
    Case(
        rule="TEMPLATE-LOOP",
        severity=_WARNING,
        resource="Fn::ForEach::Topics",
        bad=_LOOP,
        good=_TOPIC,
    ),
    Case(
        rule="TEMPLATE-REFERENCE",
        resource="Thing",
        property="KmsMasterKeyId",
        bad=resource("AWS::SNS::Topic", "KmsMasterKeyId: !Ref Kye"),
        good=resource(
            "AWS::SNS::Topic", "KmsMasterKeyId: !Ref Key", more="Key: {Type: AWS::KMS::Key}"
        ),
    ),
    Case(
        rule="TEMPLATE-CIRCLE",
        resource="",
        bad="Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\n" + _TOPIC,
        good="Conditions: {A: !Not [!Condition B], B: !Equals [a, b]}\n" + _TOPIC,
    ),
    Case(
        rule="TEMPLATE-DEPENDENCIES",
        resource="Thing",
        bad=_groups("SourceSecurityGroupId: !Ref Thing"),
        good=_groups("CidrIp: 10.0.0.0/16"),
    ),
    Case(
        rule="TEMPLATE-FUNCTION",
        resource="Thing",
        bad=resource("AWS::SNS::Topic", "TopicName: !Nonsense a"),
        good=resource("AWS::SNS::Topic", "TopicName: !Sub a"),
    ),
    Case(
        rule="TEMPLATE-NULL",
        resource="Thing",
        bad=resource("AWS::SNS::Topic", "TopicName:"),
        good=resource("AWS::SNS::Topic", "TopicName: a"),
    ),
    Case(
        rule="TEMPLATE-TYPE",
        resource="Thing",
        bad=resource("aws::rds::dbcluster", "Engine: aurora-mysql"),
        good=resource("AWS::RDS::DBCluster", "Engine: aurora-mysql"),
    ),
    Case(
        rule="TEMPLATE-NAME",
        resource="my-topic",
        bad="Resources: {my-topic: {Type: AWS::SNS::Topic}}\n",
        good=_TOPIC,
    ),
    Case(rule="TEMPLATE-LIMIT", resource="", bad=_topics(501), good=_topics(500)),
    Case(
        rule="TEMPLATE-MACRO",
        severity=_WARNING,
        resource="",
        bad="Transform: [MyMacro]\n" + _TOPIC,
        good="Transform: AWS::LanguageExtensions\n" + _TOPIC,
    ),
    Case(
        rule="TEMPLATE-SERVERLESS",
        severity=_WARNING,
        resource="Thing",
        bad="Transform: AWS::Serverless-2016-10-31\n"
        + resource("AWS::Serverless::SimpleTable", ""),
        good=_TOPIC,
    ),
    Case(
        rule="TEMPLATE-MODULE",
        severity=_WARNING,
        resource="Thing",
        bad=resource("My::Org::Database::MODULE", "Size: 1"),
        good=_TOPIC,
    ),
    Case(
        rule="TEMPLATE-STACK-SET",
        severity=_WARNING,
        resource="Thing",
        bad=resource("AWS::CloudFormation::StackSet", "TemplateURL: https://b.s3.amazonaws.com/k"),
        good=resource("AWS::CloudFormation::StackSet", "TemplateBody: '{\"Resources\": {}}'"),
    ),
    Case(
        rule="TEMPLATE-WORLDS",
        severity=_WARNING,
        resource="Thing",
        bad=_choices(9),
        good=_choices(6),
    ),
)
