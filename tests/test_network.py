"""The network: three tiers over two zones, nothing public by accident, all traffic logged."""

import pytest

from tests.support import (
    APART,
    ENDPOINTS,
    Synthesized,
    listed,
    statements,
    target,
    template,
    text,
    variant,
)

DEV = template("dev")


def subnets(synthesized: Synthesized, tier: str) -> dict[str, dict[str, object]]:
    found = {}
    for key in synthesized.ids("AWS::EC2::Subnet"):
        tags = {t["Key"]: t["Value"] for t in synthesized.properties(key)["Tags"]}  # type: ignore[attr-defined]
        if tags["aws-cdk:subnet-name"] == tier:
            found[key] = synthesized.properties(key)
    return found


def routes(synthesized: Synthesized, tier: str) -> list[dict[str, object]]:
    tables = {
        target(a["RouteTableId"])
        for a in synthesized.all("AWS::EC2::SubnetRouteTableAssociation")
        if target(a["SubnetId"]) in subnets(synthesized, tier)
    }
    return [
        route
        for route in synthesized.all("AWS::EC2::Route")
        if target(route["RouteTableId"]) in tables
    ]


def test_vpc_resolves_names() -> None:
    vpc = DEV.one("AWS::EC2::VPC")
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    assert vpc["EnableDnsHostnames"] is True
    assert vpc["EnableDnsSupport"] is True


@pytest.mark.parametrize("tier", ["Public", "Private", "Isolated"])
def test_every_tier_stands_in_both_configured_zones(tier: str) -> None:
    zones = [subnet["AvailabilityZone"] for subnet in subnets(DEV, tier).values()]
    assert zones == ["eu-central-2a", "eu-central-2b"]


def test_no_subnet_gives_public_addresses() -> None:
    for subnet in DEV.all("AWS::EC2::Subnet"):
        assert subnet["MapPublicIpOnLaunch"] is False


def test_only_the_public_tier_has_a_route_to_the_internet_gateway() -> None:
    assert len(DEV.ids("AWS::EC2::InternetGateway")) == 1
    ways = {
        tier: [sorted(set(route) & {"GatewayId", "NatGatewayId"}) for route in routes(DEV, tier)]
        for tier in ("Public", "Private")
    }
    assert ways == {"Public": [["GatewayId"]] * 2, "Private": [["NatGatewayId"]] * 2}
    assert {r["DestinationCidrBlock"] for r in DEV.all("AWS::EC2::Route")} == {"0.0.0.0/0"}


def test_isolated_tier_has_no_route_out() -> None:
    assert routes(DEV, "Isolated") == []
    gateways = [
        target(r) for e in DEV.all("AWS::EC2::VPCEndpoint") for r in listed(e["RouteTableIds"])
    ]
    isolated = {
        target(a["RouteTableId"])
        for a in DEV.all("AWS::EC2::SubnetRouteTableAssociation")
        if target(a["SubnetId"]) in subnets(DEV, "Isolated")
    }
    assert not isolated & set(gateways)


@pytest.mark.parametrize("count", [1, 2])
def test_nat_gateways_come_by_count(count: int) -> None:
    synthesized = variant(network={"nat_gateways": count})
    assert len(synthesized.ids("AWS::EC2::NatGateway")) == count
    assert len(synthesized.ids("AWS::EC2::EIP")) == count


def test_default_security_group_is_closed() -> None:
    closing = DEV.one("Custom::VpcRestrictDefaultSG")
    assert target(closing["DefaultSecurityGroupId"]) == DEV.ids("AWS::EC2::VPC")[0]


def test_all_traffic_is_logged_to_an_encrypted_group_with_retention() -> None:
    flow_log = DEV.one("AWS::EC2::FlowLog")
    assert flow_log["TrafficType"] == "ALL"
    assert flow_log["MaxAggregationInterval"] == 60
    assert target(flow_log["ResourceId"]) == DEV.ids("AWS::EC2::VPC")[0]
    group = DEV.properties(target(flow_log["LogGroupName"]))
    assert group["LogGroupName"] == "/pcidss/dev/flow-logs"
    assert group["RetentionInDays"] == 365
    assert "EncryptionLogs" in target(group["KmsKeyId"])


def test_flow_log_role_serves_flow_logs_of_this_account_and_writes_to_its_group_only() -> None:
    flow_log = DEV.one("AWS::EC2::FlowLog")
    role = DEV.properties(target(flow_log["DeliverLogsPermissionArn"]))
    (trust,) = statements(role["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (policy_reference,) = listed(role["ManagedPolicyArns"])
    policy = DEV.properties(target(policy_reference))
    (statement,) = statements(policy["PolicyDocument"])
    assert statement["Action"] == [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ]
    assert target(statement["Resource"]) == target(flow_log["LogGroupName"])


def test_without_nat_there_is_no_route_to_the_internet_for_tasks() -> None:
    synthesized = variant(**ENDPOINTS)
    assert synthesized.ids("AWS::EC2::NatGateway") == []
    assert routes(synthesized, "Private") == []


def test_without_nat_every_endpoint_that_starts_or_restarts_a_task_is_there() -> None:
    services = {
        text(endpoint["ServiceName"]).removeprefix("com.amazonaws.eu-central-2.")
        for endpoint in variant(**ENDPOINTS).all("AWS::EC2::VPCEndpoint")
    }
    assert services == {
        "com.amazonaws.${AWS::Region}.s3",
        "ecr.api",
        "ecr.dkr",
        "logs",
        "secretsmanager",
        "ecs",
        "kms",
    }


def test_endpoints_are_admitted_on_https_from_tasks_and_the_function_of_the_users_only() -> None:
    synthesized = variant(**ENDPOINTS)
    interfaces = [
        endpoint
        for endpoint in synthesized.all("AWS::EC2::VPCEndpoint")
        if endpoint["VpcEndpointType"] == "Interface"
    ]
    for endpoint in interfaces:
        assert endpoint["PrivateDnsEnabled"] is True  # else the AWS APIs' names lead outside
        tiers = {synthesized.path(target(s)).split("/")[-2] for s in listed(endpoint["SubnetIds"])}
        assert tiers == {"PrivateSubnet1", "PrivateSubnet2"}
    (group,) = {target(g) for e in interfaces for g in listed(e["SecurityGroupIds"])}
    assert "SecurityGroupIngress" not in synthesized.properties(group)
    (closed,) = listed(synthesized.properties(group)["SecurityGroupEgress"])
    assert isinstance(closed, dict)
    assert closed["CidrIp"] == "255.255.255.255/32"
    rules = [
        r
        for r in synthesized.all("AWS::EC2::SecurityGroupIngress")
        if target(r["GroupId"]) == group
    ]
    assert {(r["FromPort"], r["ToPort"]) for r in rules} == {(443, 443)}
    sources = {synthesized.path(target(r["SourceSecurityGroupId"])) for r in rules}
    assert sources == {
        "PciDss-dev/Service/SecurityGroup/Resource",
        "PciDss-dev/DatabaseIdentities/SecurityGroup/Resource",
    }


def test_s3_endpoint_gives_image_layers_and_takes_what_custom_resources_answer() -> None:
    (endpoint,) = [e for e in DEV.all("AWS::EC2::VPCEndpoint") if e["VpcEndpointType"] == "Gateway"]
    allowed = {s["Action"]: text(s["Resource"]) for s in statements(endpoint["PolicyDocument"])}
    assert allowed == {
        "s3:GetObject": "arn:aws:s3:::prod-eu-central-2-starport-layer-bucket/*",
        "s3:PutObject": "arn:aws:s3:::cloudformation-custom-resource-response-eucentral2/*",
    }
    private = {
        target(a["RouteTableId"])
        for a in DEV.all("AWS::EC2::SubnetRouteTableAssociation")
        if target(a["SubnetId"]) in subnets(DEV, "Private")
    }
    assert {target(table) for table in listed(endpoint["RouteTableIds"])} == private


def test_address_plan_is_the_configured_one() -> None:
    assert variant(**APART).one("AWS::EC2::VPC")["CidrBlock"] == "10.9.0.0/20"


def test_every_flow_between_groups_is_one_tcp_port_with_its_reason_on_both_sides() -> None:
    synthesized = variant(**ENDPOINTS)
    sides = {
        side: sorted(
            (rule["Description"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
            for rule in synthesized.all(f"AWS::EC2::SecurityGroup{side}")
        )
        for side in ("Ingress", "Egress")
    }
    function = "The function of the database users"
    wanted = [
        ("Tasks query the database over TLS", "tcp", 6603, 6603),
        ("Tasks reach AWS services", "tcp", 443, 443),
        (f"{function} makes and tests logins over TLS", "tcp", 6603, 6603),
        (f"{function} reaches AWS services", "tcp", 443, 443),
    ]
    assert sides == {"Ingress": wanted, "Egress": wanted}
