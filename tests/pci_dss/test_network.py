from __future__ import annotations

from typing import cast

import pytest

from pcistack.network.addresses import PeerKind, peer_kind
from pcistack.network.network import (
    INTERNET,
    OTHER_NETWORKS,
    NetworkMap,
    Ports,
    SubnetTier,
    network_of,
)
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from tests.pci_dss.cases import (
    FORWARD,
    FROM_APP,
    FROM_WEB,
    TO_STORE,
    WORLD,
    Resources,
    acl_entries,
    att,
    balancer,
    database,
    group,
    listener,
    ref,
    res,
    service,
    tcp,
    vpc,
)
from tests.support import template as synthesized


def network(resources: Resources) -> NetworkMap:
    template = Template(cast("dict[str, Json]", {"Resources": resources}))
    return network_of(views(template, "eu-central-2")[0])


def three_tiers() -> Resources:
    """Load balancer, tasks and database, each behind a group that admits the one before."""
    to_app = {"DestinationSecurityGroupId": att("AppGroup", "GroupId")}
    return {
        **vpc(),
        **database(),
        "WebGroup": group([tcp(443, **WORLD)], [tcp(8080, **to_app)]),
        "AppGroup": group([tcp(8080, **FROM_WEB)], [tcp(6603, **TO_STORE), tcp(443, **WORLD)]),
        "StoreGroup": group([tcp(6603, **FROM_APP)]),
        "Lb": balancer(),
        "Listener": listener(443, "HTTPS", FORWARD),
        "App": service(),
    }


def flows(found: NetworkMap) -> set[tuple[str, str, str]]:
    return {(flow.source, flow.target, str(flow.ports)) for flow in found.flows}


def reached_from_internet(found: NetworkMap) -> set[str]:
    """Return the workloads that a chain of flows leads to."""
    reached, before = {INTERNET}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {flow.target for flow in found.flows if flow.source in reached}
    return reached & set(found.workloads)


def test_routes_decide_on_the_tier_of_a_subnet() -> None:
    tiers = {name: subnet.tier for name, subnet in network(vpc()).subnets.items()}
    assert tiers == {
        "Public": SubnetTier.PUBLIC,
        "Private": SubnetTier.PRIVATE,
        "Isolated": SubnetTier.ISOLATED,
    }


def test_a_subnet_whose_table_is_elsewhere_has_an_unknown_tier() -> None:
    resources = vpc()
    resources["PublicLink"] = res(
        "EC2::SubnetRouteTableAssociation", SubnetId=ref("Public"), RouteTableId="rtb-1"
    )
    assert network(resources).subnets["Public"].tier is SubnetTier.UNKNOWN


def test_a_subnet_of_a_vpc_from_elsewhere_has_an_unknown_tier() -> None:
    resources: Resources = {"S": res("EC2::Subnet", VpcId="vpc-1", CidrBlock="10.0.0.0/24")}
    assert network(resources).subnets["S"].tier is SubnetTier.UNKNOWN


def test_each_tier_reaches_the_next_and_the_internet_reaches_the_load_balancer_only() -> None:
    assert flows(network(three_tiers())) == {
        (INTERNET, "Lb", "tcp/443"),
        ("Lb", "App", "tcp/8080"),
        ("App", "Db", "tcp/6603"),
        ("App", "Lb", "tcp/443"),
        ("App", INTERNET, "tcp/443"),
    }


def test_flows_lead_from_the_internet_through_every_tier_to_the_store() -> None:
    resources = three_tiers()
    found = network(resources)
    assert reached_from_internet(found) == {"Lb", "App", "Db"}
    assert found.tiers(found.workloads["Db"]) == {SubnetTier.ISOLATED}
    del resources["App"]
    assert reached_from_internet(network(resources)) == {"Lb"}


def test_without_egress_on_the_source_there_is_no_flow() -> None:
    resources = three_tiers()
    resources["AppGroup"] = group([tcp(8080, **FROM_WEB)])
    assert network(resources).reaching("Db") == []


def test_rules_of_their_own_count_like_inline_ones() -> None:
    resources = three_tiers()
    resources["AppGroup"] = group([tcp(8080, **FROM_WEB)])
    resources["Rule"] = res(
        "EC2::SecurityGroupEgress", GroupId=att("AppGroup", "GroupId"), **tcp(6603, **TO_STORE)
    )
    assert [flow.source for flow in network(resources).reaching("Db")] == ["App"]


def test_a_group_without_outbound_rules_lets_everything_out() -> None:
    resources = three_tiers()
    properties = cast("dict[str, object]", resources["AppGroup"]["Properties"])
    del properties["SecurityGroupEgress"]
    found = {str(flow.ports) for flow in network(resources).leaving("App") if flow.target == "Db"}
    assert found == {"tcp/6603"}


def test_a_network_acl_closes_what_a_group_opens() -> None:
    resources = three_tiers()
    resources |= acl_entries({"RuleAction": "allow", "Egress": True, "Protocol": -1})
    resources["Link"] = res(
        "EC2::SubnetNetworkAclAssociation", NetworkAclId=ref("Acl"), SubnetId=ref("Public")
    )
    assert network(resources).from_internet() == ()


def test_a_network_acl_denies_before_it_allows() -> None:
    resources = three_tiers()
    resources |= acl_entries(
        {"RuleAction": "deny", "PortRange": {"From": 443, "To": 443}},
        {"RuleAction": "allow", "Protocol": -1},
    )
    resources["Link"] = res(
        "EC2::SubnetNetworkAclAssociation", NetworkAclId=ref("Acl"), SubnetId=ref("Public")
    )
    assert network(resources).from_internet() == ()


def test_a_public_database_in_a_public_subnet_is_reached_by_the_internet() -> None:
    resources = {**vpc(), **database("Public", PubliclyAccessible=True)}
    resources["StoreGroup"] = group([tcp(6603, **WORLD)])
    (flow,) = network(resources).from_internet()
    assert (flow.target, str(flow.ports), flow.certain) == ("Db", "tcp/6603", True)


def test_an_isolated_database_is_not_reached_even_if_its_group_is_open() -> None:
    resources = {**vpc(), **database(PubliclyAccessible=True)}
    resources["StoreGroup"] = group([tcp(6603, **WORLD)])
    assert network(resources).from_internet() == ()


def test_groups_from_elsewhere_make_a_flow_that_is_not_certain() -> None:
    resources = three_tiers()
    resources |= database(VpcSecurityGroupIds=[{"Fn::ImportValue": "group"}])
    resources["AppGroup"] = group(egress=[tcp(6603, CidrIp="10.0.0.0/16")])
    found = network(resources).reaching("Db")
    assert found
    assert not any(flow.certain for flow in found)


def test_other_networks_are_told_from_the_internet() -> None:
    resources = three_tiers()
    resources["PrivateRoute"] = res(
        "EC2::Route",
        RouteTableId=ref("PrivateTable"),
        DestinationCidrBlock="0.0.0.0/0",
        TransitGatewayId="tgw-1",
    )
    assert (("App", OTHER_NETWORKS, "tcp/443")) in flows(network(resources))


def test_an_endpoint_in_the_isolated_tier_is_no_way_out_of_it() -> None:
    resources = three_tiers()
    resources["S3"] = res(
        "EC2::VPCEndpoint", ServiceName="s3", RouteTableIds=[ref("IsolatedTable")]
    )
    found = network(resources)
    assert found.subnets["Isolated"].tier is SubnetTier.ISOLATED
    assert found.leaving_tier(SubnetTier.ISOLATED) == []


def test_a_circle_of_groups_is_not_reached_from_the_internet() -> None:
    resources = three_tiers()
    resources["StoreGroup"] = group(
        [tcp(6603, **FROM_APP)], [tcp(8080, DestinationSecurityGroupId=att("AppGroup", "GroupId"))]
    )
    resources["AppGroup"] = group(
        [tcp(8080, SourceSecurityGroupId=att("StoreGroup", "GroupId"))], [tcp(6603, **TO_STORE)]
    )
    found = network(resources)
    assert {("Db", "App", "tcp/8080"), ("App", "Db", "tcp/6603")} <= flows(found)
    assert reached_from_internet(found) == {"Lb"}


@pytest.mark.parametrize(
    ("cidr", "kind"),
    [
        ("0.0.0.0/0", PeerKind.WORLD),
        ("128.0.0.0/1", PeerKind.WORLD),
        ("::/0", PeerKind.WORLD),
        ("10.1.2.0/24", PeerKind.PRIVATE),
        ("100.64.0.0/10", PeerKind.PRIVATE),
        ("198.51.100.7/32", PeerKind.PUBLIC),
        ("255.255.255.255/32", PeerKind.NOBODY),
        ("<Range>", PeerKind.UNKNOWN),
    ],
)
def test_a_range_is_told_by_its_addresses(cidr: str, kind: PeerKind) -> None:
    assert peer_kind(cidr) is kind


def test_ports_meet_within_one_protocol() -> None:
    assert Ports("tcp", 1, 100).common(Ports("tcp", 80, 443)) == Ports("tcp", 80, 100)
    assert Ports("tcp", 1, 100).common(Ports("udp", 1, 100)) is None
    assert Ports("all").common(Ports("udp", 53, 53)) == Ports("udp", 53, 53)


# The stack's own promises


@pytest.fixture(scope="module")
def production() -> NetworkMap:
    template = Template(cast("dict[str, Json]", synthesized("prod").body))
    return network_of(views(template, "eu-central-2")[0])


def kind_of(found: NetworkMap, kind: str) -> str:
    (only,) = [w.logical_id for w in found.workloads.values() if w.kind == kind]
    return only


def test_the_internet_reaches_the_load_balancer_only(production: NetworkMap) -> None:
    balancer_id = kind_of(production, "load balancer")
    found = {(flow.target, str(flow.ports)) for flow in production.from_internet()}
    assert found == {(balancer_id, "tcp/443"), (balancer_id, "tcp/80")}


def test_only_tasks_and_the_function_of_the_users_reach_the_database(
    production: NetworkMap,
) -> None:
    found = {flow.source for flow in production.reaching(kind_of(production, "database"))}
    assert found == {kind_of(production, "tasks"), "DatabaseIdentitiesFunction0A09197D"}


def test_nothing_leaves_the_isolated_tier(production: NetworkMap) -> None:
    assert production.leaving_tier(SubnetTier.ISOLATED) == []
    assert production.leaving(kind_of(production, "database")) == []
