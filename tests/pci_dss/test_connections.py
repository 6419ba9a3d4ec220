"""Other networks, other ways in, what publishes a store, and what a container takes of its host."""

from __future__ import annotations

import json

import pytest

from pcistack.checks.findings import Finding, Severity
from tests.pci_dss.cases import (
    Resources,
    accelerated,
    att,
    database,
    exec_cluster,
    group,
    lattice,
    one,
    ref,
    res,
    service,
    task,
    tcp,
    vpc,
    web,
)
from tests.pci_dss.test_rules import findings
from tests.tables import cases

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def of(rule: str, resources: Resources) -> list[Finding]:
    return [found for found in findings(resources) if found.rule == rule]


def severities(rule: str, resources: Resources) -> list[Severity]:
    return [found.severity for found in of(rule, resources)]


def prefix_list(*ranges: str) -> Resources:
    return {"List": res("EC2::PrefixList", Entries=[{"Cidr": one} for one in ranges])}


def test_a_prefix_list_of_the_template_is_what_is_in_it() -> None:
    from_list = tcp(22, SourcePrefixListId=att("List", "PrefixListId"))
    halves = {**web(from_list), **prefix_list("0.0.0.0/1", "128.0.0.0/1")}
    assert severities("PCI-1.3.1-INGRESS-WORLD", halves) == [ERROR, ERROR]
    office = {**web(from_list), **prefix_list("203.0.114.0/24")}
    assert severities("PCI-1.3.1-INGRESS-PUBLIC-RANGE", office) == [WARNING]
    inside = {**web(from_list), **prefix_list("10.1.0.0/16")}
    assert not of("PCI-1.3.1-INGRESS-PUBLIC-RANGE", inside)
    out = tcp(5432, DestinationPrefixListId=ref("List"))
    egress = {**vpc(), "Group": group(egress=[out]), **prefix_list("0.0.0.0/0")}
    assert of("PCI-1.3.2-EGRESS-ANYWHERE", egress)


def test_a_prefix_list_that_nobody_has_read_is_asked_for() -> None:
    unknown = web(tcp(22, SourcePrefixListId="pl-0123456789abcdef0"))
    assert severities("PCI-1.3.1-INGRESS-PUBLIC-RANGE", unknown) == [WARNING]
    https = web(tcp(443, SourcePrefixListId="pl-0123456789abcdef0"))
    assert not of("PCI-1.3.1-INGRESS-PUBLIC-RANGE", https)


def test_a_group_of_another_account_is_questioned_in_both_spellings() -> None:
    rule = "PCI-1.3.1-GROUP-ELSEWHERE"
    for peer in (
        {"SourceSecurityGroupId": "sg-1", "SourceSecurityGroupOwnerId": "222222222222"},
        {"SourceSecurityGroupId": "222222222222/sg-1"},
    ):
        alone = res(
            "EC2::SecurityGroupIngress", GroupId=att("WebGroup", "GroupId"), **tcp(443, **peer)
        )
        assert severities(rule, {**web(), "Alone": alone}) == [WARNING]
        assert severities(rule, web(tcp(443, **peer))) == [WARNING]
    mine = {"SourceSecurityGroupId": "sg-1", "SourceSecurityGroupOwnerId": ref("AWS::AccountId")}
    assert not of(rule, web(tcp(443, **mine)))


def test_routes_that_a_vpn_gateway_announces_are_routes() -> None:
    resources: Resources = {
        **vpc(),
        **database(),
        "StoreGroup": group(),
        "Announced": res(
            "EC2::VPNGatewayRoutePropagation",
            VpnGatewayId=ref("Gateway"),
            RouteTableIds=[ref("IsolatedTable")],
        ),
        "Gateway": res("EC2::VPNGateway", Type="ipsec.1"),
    }
    assert [found.resource for found in of("PCI-1.3.2-ISOLATED-ROUTE", resources)] == ["Announced"]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("EC2::TransitGatewayAttachment", {"TransitGatewayId": "tgw-1"}),
        ("EC2::TransitGatewayVpcAttachment", {"TransitGatewayId": "tgw-1"}),
        ("NetworkManager::VpcAttachment", {"CoreNetworkId": "c"}),
        ("EC2::VPNConnection", {"CustomerGatewayId": "cgw-1"}),
        ("EC2::VPCGatewayAttachment", {"VpnGatewayId": "vgw-1"}),
        ("EC2::CarrierGateway", {"VpcId": "vpc-1"}),
        ("EC2::VPCPeeringConnection", {"PeerVpcId": "vpc-1", "PeerOwnerId": "222222222222"}),
    ],
)
def test_every_network_that_is_joined_is_questioned(
    kind: str, properties: dict[str, object]
) -> None:
    assert severities("PCI-1.4.1-OTHER-NETWORK", one(kind, **properties)) == [WARNING]


def test_an_internet_gateway_is_no_other_network() -> None:
    attached = one("EC2::VPCGatewayAttachment", InternetGatewayId=ref("Igw"))
    assert not of("PCI-1.4.1-OTHER-NETWORK", attached)


def test_what_lattice_publishes_is_found_by_name_address_and_arn() -> None:
    rule = "PCI-1.4.4-STORE-PUBLISHED"
    store: Resources = {"Db": res("RDS::DBCluster"), "Web": balancer_of("internal")}
    assert severities(rule, lattice(att("Db", "Endpoint.Address")) | store) == [ERROR]
    assert severities(rule, lattice(att("Web", "DNSName")) | store) == [WARNING]
    assert severities(rule, lattice("db.example.com")) == [WARNING]
    by_arn = one(
        "VpcLattice::ResourceConfiguration",
        ResourceConfigurationDefinition={"ArnResource": att("Db", "DBClusterArn")},
    )
    assert severities(rule, by_arn | store) == [ERROR]


def balancer_of(scheme: str) -> dict[str, object]:
    return accelerated(scheme)["Lb"]


def test_a_proxy_of_the_database_is_in_no_public_subnet() -> None:
    def proxy(subnet: str) -> Resources:
        properties = {"VpcSubnetIds": [ref(subnet)], "VpcSecurityGroupIds": []}
        return {**vpc(), "Proxy": res("RDS::DBProxy", **properties)}

    assert severities("PCI-1.4.4-STORE-PUBLISHED", proxy("Public")) == [ERROR]
    assert not of("PCI-1.4.4-STORE-PUBLISHED", proxy("Private"))


@pytest.mark.parametrize(
    ("resources", "severity"),
    [
        (one("EC2::VPCEndpointService", AcceptanceRequired=False), ERROR),
        (one("EC2::VPCEndpointService", AcceptanceRequired=True), WARNING),
        (one("EC2::VPCEndpointServicePermissions", AllowedPrincipals=["*"]), ERROR),
        (one("VpcLattice::Service", AuthType="NONE"), ERROR),
        (one("VpcLattice::Service"), ERROR),
        (one("VpcLattice::Service", AuthType="AWS_IAM"), None),
        (one("VpcLattice::ServiceNetworkVpcAssociation"), WARNING),
        (accelerated("internal"), ERROR),
        (accelerated("internet-facing"), None),
        (
            one(
                "GlobalAccelerator::EndpointGroup",
                EndpointConfigurations=[{"EndpointId": ref("Machine")}],
            )
            | {"Machine": res("EC2::Instance")},
            ERROR,
        ),
    ],
)
def test_what_is_given_to_others_is_meant_for_them(
    resources: Resources, severity: Severity | None
) -> None:
    expected = [severity] if severity else []
    assert severities("PCI-1.4.2-SERVICE-PUBLISHED", resources) == expected


def test_a_client_vpn_keeps_a_log_and_asks_for_more_than_a_certificate() -> None:
    rule = "PCI-1.3.1-CLIENT-VPN"
    certificate = [{"Type": "certificate-authentication"}]
    silent = one("EC2::ClientVpnEndpoint", AuthenticationOptions=certificate)
    assert sorted(severities(rule, silent)) == sorted([ERROR, WARNING])
    told = one(
        "EC2::ClientVpnEndpoint",
        AuthenticationOptions=[{"Type": "federated-authentication"}],
        ConnectionLogOptions={"Enabled": True},
    )
    assert not of(rule, told)


def awsvpc(spelling: str, public: str) -> dict[str, object]:
    return {"NetworkConfiguration": {spelling: {"AssignPublicIp": public, "Subnets": ["s"]}}}


RUNS: dict[str, Resources] = {
    "service": {"It": service(public="ENABLED")},
    "task set": one("ECS::TaskSet", **awsvpc("AwsVpcConfiguration", "ENABLED")),
    "rule": one(
        "Events::Rule", Targets=[{"EcsParameters": awsvpc("AwsVpcConfiguration", "ENABLED")}]
    ),
    "schedule": one(
        "Scheduler::Schedule", Target={"EcsParameters": awsvpc("AwsvpcConfiguration", "ENABLED")}
    ),
    "pipe": one(
        "Pipes::Pipe",
        TargetParameters={"EcsTaskParameters": awsvpc("AwsvpcConfiguration", "ENABLED")},
    ),
    "job": one(
        "Batch::JobDefinition",
        ContainerProperties={"NetworkConfiguration": {"AssignPublicIp": "ENABLED"}},
    ),
    "state machine": one(
        "StepFunctions::StateMachine",
        DefinitionString=json.dumps({"Parameters": awsvpc("AwsvpcConfiguration", "ENABLED")}),
    ),
    "state machine as an object": one(
        "StepFunctions::StateMachine",
        Definition={"Parameters": awsvpc("AwsvpcConfiguration", "ENABLED")},
    ),
    "address": one("EC2::EIP", InstanceId="i-1"),
    "address of an interface": one("EC2::EIPAssociation", NetworkInterfaceId="eni-1"),
    "notebook": one("SageMaker::NotebookInstance"),
    "cluster": one("EKS::Cluster", ResourcesVpcConfig={"SubnetIds": ["s"]}),
    "workflows": one("MWAA::Environment", WebserverAccessMode="PUBLIC_ONLY"),
}


@cases("name", sorted(RUNS))
def test_a_public_address_is_found_by_every_way_to_one(name: str) -> None:
    assert severities("PCI-1.4.2-PUBLIC-ADDRESS", RUNS[name]) == [ERROR]


def test_what_has_no_public_address_passes() -> None:
    rule = "PCI-1.4.2-PUBLIC-ADDRESS"
    for resources in (
        {"It": service()},
        one("ECS::TaskSet", **awsvpc("AwsVpcConfiguration", "DISABLED")),
        one("Events::Rule", Targets=[{"EcsParameters": awsvpc("AwsVpcConfiguration", "DISABLED")}]),
        one("EC2::EIP", Domain="vpc"),
        one("EKS::Cluster", ResourcesVpcConfig={"EndpointPublicAccess": False}),
        one("SageMaker::NotebookInstance", DirectInternetAccess="Disabled"),
    ):
        assert not of(rule, resources)


def test_a_shell_is_opened_in_no_scheduled_task_either() -> None:
    target = {"EcsParameters": {"EnableExecuteCommand": True}}
    assert severities("PCI-2.2.4-EXEC", one("Events::Rule", Targets=[target])) == [ERROR]
    assert severities("PCI-2.2.4-EXEC", one("Scheduler::Schedule", Target=target)) == [ERROR]


def _with_channels(*actions: str, **service: object) -> dict[str, dict[str, object]]:
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": [allowed]}}
    role = res("IAM::Role", AssumeRolePolicyDocument={}, Policies=[policy])
    task = res("ECS::TaskDefinition", TaskRoleArn={"Fn::GetAtt": ["Role", "Arn"]})
    ran = {"It": res("ECS::Service", TaskDefinition={"Ref": "Task"}, **service)} if service else {}
    return {"Role": role, "Task": task, **ran}


def test_a_shell_belongs_to_a_task_of_its_own_and_not_to_a_service() -> None:
    rule, channel = "PCI-2.2.4-EXEC", "ssmmessages:OpenDataChannel"
    assert not of(rule, _with_channels(channel))
    assert severities(rule, _with_channels(channel, EnableExecuteCommand=False)) == [WARNING]
    assert severities(rule, _with_channels(channel, EnableExecuteCommand=True)) == [ERROR]
    assert not of(rule, _with_channels("s3:GetObject", EnableExecuteCommand=False))


@pytest.mark.parametrize(
    "kind",
    [
        *("RDS::DBShardGroup", "RedshiftServerless::Workgroup", "AmazonMQ::Broker"),
        *("Neptune::DBInstance", "Timestream::InfluxDBInstance", "Redshift::Cluster"),
    ],
)
def test_every_kind_of_store_may_be_made_public_by_a_flag(kind: str) -> None:
    rule = "PCI-1.4.4-DATABASE-PUBLIC"
    assert severities(rule, one(kind, PubliclyAccessible=True)) == [ERROR]
    assert not of(rule, one(kind, PubliclyAccessible=False))


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("/var/run/docker.sock", ERROR),
        ("/run/containerd/containerd.sock", ERROR),
        ("/", ERROR),
        ("/etc/", ERROR),
        ("/var/lib/docker", ERROR),
        ("/data/cache", WARNING),
    ],
)
def test_what_is_mounted_of_the_host_is_found_in_tasks_and_jobs(
    path: str, severity: Severity
) -> None:
    volumes = [{"Name": "v", "Host": {"SourcePath": path}}]
    rule = "PCI-2.2.6-HOST-MOUNT"
    assert severities(rule, task(Volumes=volumes)) == [severity]
    job = one("Batch::JobDefinition", ContainerProperties={"Volumes": volumes})
    assert severities(rule, job) == [severity]
    pod = {"PodProperties": {"Volumes": [{"Name": "v", "HostPath": {"Path": path}}]}}
    assert severities(rule, one("Batch::JobDefinition", EksProperties=pod)) == [severity]


def test_a_volume_of_the_task_alone_is_not_of_the_host() -> None:
    assert not of("PCI-2.2.6-HOST-MOUNT", task(Volumes=[{"Name": "v"}, {"Name": "w", "Host": {}}]))


def test_a_job_is_not_privileged() -> None:
    job = one("Batch::JobDefinition", ContainerProperties={"Privileged": True})
    assert severities("PCI-2.2.6-HOST-MOUNT", job) == [ERROR]


def test_shells_are_recorded_somewhere() -> None:
    rule = "PCI-10.2.1-EXEC-LOGGED"
    assert severities(rule, exec_cluster(Logging="OVERRIDE")) == [WARNING]
    assert not of(rule, exec_cluster(Logging="DEFAULT"))
    assert not of(rule, one("ECS::Cluster"))
