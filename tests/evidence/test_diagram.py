"""The diagrams show what the network graph holds, and stay readable at A4."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side
from pcistack.evidence.chart_svg import WIDTH, svg
from pcistack.evidence.data_flow_diagram import data_flow_chart, left_out
from pcistack.evidence.network_diagram import network_chart
from tests.evidence import sample
from tests.evidence.conftest import Gather

Resources = dict[str, sample.Body]
NAT = "nat:NatA,NatB"


def _arrows(chart: Chart) -> set[tuple[str, str, str]]:
    return {(arrow.source, arrow.target, arrow.label) for arrow in chart.arrows}


def _network(gathered: Gather, change: sample.Body = None) -> Chart:
    evidence = gathered(change)
    return network_chart(evidence.view, evidence.network)


def test_every_permitted_connection_is_an_arrow(gathered: Gather) -> None:
    assert _arrows(_network(gathered)) == {
        ("internet", "Alb", "TCP 443 (HTTPS)"),
        ("internet", "Alb", "TCP 80 (HTTP)"),
        ("Alb", "Service", "TCP 8080 (HTTP)"),
        ("Service", "Cluster", "TCP 3306 (MySQL)"),
    }


def _let_out(resources: Resources) -> None:
    resources["Out"] = {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["TaskGroup", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "CidrIp": "0.0.0.0/0",
            "Description": "Images",
        },
    }


@pytest.mark.parametrize("subnet", [None, {"Fn::ImportValue": "elsewhere"}])
def test_nat_gateways_that_stand_nowhere_here_are_left_out_of_the_picture(
    gathered: Gather, subnet: object
) -> None:
    def change(resources: Resources) -> None:
        _let_out(resources)
        for name in ("NatA", "NatB"):
            resources[name]["Properties"] = {"SubnetId": subnet} if subnet else {}

    chart = _network(gathered, change)
    assert ("Service", "internet", "TCP 443 (HTTPS)") in _arrows(chart)
    assert svg(chart, standalone=False)


def test_a_way_out_goes_through_the_nat_gateways(gathered: Gather) -> None:
    arrows = _arrows(_network(gathered, _let_out))
    assert ("Service", NAT, "TCP 443 (HTTPS)") in arrows
    assert (NAT, "internet", "TCP 443 (HTTPS)") in arrows
    assert ("Service", "internet", "TCP 443 (HTTPS)") not in arrows


def test_tiers_come_from_routes_and_show_their_subnets(gathered: Gather) -> None:
    groups = {group.title: group for group in _network(gathered).groups}
    assert [box.name for box in groups["Public tier"].boxes] == ["Alb"]
    assert [box.name for box in groups["Private tier"].boxes] == ["Service"]
    assert [box.name for box in groups["Isolated tier"].boxes] == ["Cluster"]
    assert groups["Isolated tier"].cells == (
        "eu-central-2a  10.0.20.0/24",
        "eu-central-2b  10.0.21.0/24",
    )


def test_a_database_with_a_route_to_the_internet_is_drawn_in_the_public_tier(
    gathered: Gather,
) -> None:
    def expose(resources: Resources) -> None:
        for zone in ("A", "B"):
            resources[f"Exposed{zone}"] = {
                "Type": "AWS::EC2::Route",
                "Properties": {
                    "RouteTableId": {"Ref": f"IsolatedRoutes{zone}"},
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "GatewayId": {"Ref": "Igw"},
                },
            }

    groups = {group.title: group for group in _network(gathered, expose).groups}
    assert "Cluster" in [box.name for box in groups["Public tier"].boxes]
    assert "Isolated tier" not in groups


def test_data_flows_say_how_they_are_protected(gathered: Gather) -> None:
    evidence = gathered()
    arrows = _arrows(data_flow_chart(evidence.context))
    assert {
        ("internet", "Alb", "443: TLS 1.2 and 1.3"),
        ("internet", "Alb", "80: redirect to HTTPS only"),
        ("Alb", "Service", "8080: no encryption"),
        ("Service", "Cluster", "3306: TLS 1.2 and 1.3"),
        ("Cluster", "backups", "copies"),
        ("secrets", "Service", "credentials"),
        ("Cluster", "logs", "events and whole statements"),
        ("Service", "logs", "events"),
    } <= arrows


@pytest.mark.parametrize("standalone", [True, False])
def test_the_picture_is_xml_within_its_own_bounds(gathered: Gather, standalone: bool) -> None:
    evidence = gathered()
    for chart in (
        network_chart(evidence.view, evidence.network),
        data_flow_chart(evidence.context),
    ):
        root = ET.fromstring(svg(chart, standalone=standalone))
        _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
        # 13 units of 900 on the 184 mm that A4 leaves are 7.5 points
        assert width == WIDTH
        assert height < width * 1.4, "higher than an A4 page"
        for node in root.iter():
            if node.tag.endswith("rect"):
                left, top = float(node.attrib["x"]), float(node.attrib["y"])
                assert 0 <= left <= left + float(node.attrib["width"]) <= width
                assert 0 <= top <= top + float(node.attrib["height"]) <= height


def test_a_crowded_chart_stays_within_its_width() -> None:
    names = [f"box{number}" for number in range(40)]
    chart = Chart(
        title="Crowded",
        frame="VPC",
        groups=(Group(title="Tier", boxes=tuple(Box(name=n, title=n * 40) for n in names)),),
        arrows=tuple(
            Arrow(source=source, target=target, label="TCP 443 (HTTPS) " * 9, side=side)
            for side in Side
            for source in names[:15]
            for target in names[15:]
        ),
    )
    numbers = [
        float(text)
        for node in ET.fromstring(svg(chart, standalone=False)).iter()
        for key in ("x", "width")
        if (text := node.attrib.get(key)) is not None
    ]
    assert min(numbers) >= 0
    assert max(numbers) <= WIDTH
    boxes = list(ET.fromstring(svg(chart, standalone=False)).iter("rect"))
    assert all(float(box.attrib["width"]) > 150 for box in boxes)


def test_an_internet_that_reaches_nothing_is_said_to(gathered: Gather) -> None:
    def close(resources: Resources) -> None:
        del resources["AlbGroup"]["Properties"]["SecurityGroupIngress"]

    (internet,) = _network(gathered, close).groups[0].boxes
    assert internet.lines == ("no way in from the internet is drawn here",)
    (internet,) = _network(gathered).groups[0].boxes
    assert internet.lines == ()


def test_a_template_without_a_network_is_still_a_picture(gathered: Gather) -> None:
    evidence = gathered(sample.only_a_topic)
    assert not network_chart(evidence.view, evidence.network).arrows
    assert not data_flow_chart(evidence.context).arrows


def _out(resources: Resources) -> None:
    """Let the tasks call a payment processor."""
    resources["Out"] = {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["TaskGroup", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "CidrIp": "0.0.0.0/0",
            "Description": "Processor",
        },
    }


def _rotate(resources: Resources) -> None:
    """Let a function outside the network change the master password."""
    resources["Master"] = {"Type": "AWS::SecretsManager::Secret", "Properties": {}}
    resources["Rotate"] = {"Type": "AWS::Lambda::Function", "Properties": {}}
    resources["Schedule"] = {
        "Type": "AWS::SecretsManager::RotationSchedule",
        "Properties": {
            "SecretId": {"Ref": "Master"},
            "RotationLambdaARN": {"Fn::GetAtt": ["Rotate", "Arn"]},
        },
    }
    del resources["Cluster"]["Properties"]["ManageMasterUserPassword"]
    resources["Cluster"]["Properties"]["MasterUserPassword"] = {
        "Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "Master"}, "}}"]]
    }


def test_what_leaves_to_a_processor_is_a_flow_of_account_data(gathered: Gather) -> None:
    evidence = gathered(_out)
    arrows = _arrows(data_flow_chart(evidence.context))
    assert ("Service", "outbound", "443: as the application does") in arrows
    before = gathered()
    boxes = data_flow_chart(before.context).groups[0].boxes
    assert [box.name for box in boxes] == ["internet"]


def test_every_flow_of_the_graph_is_an_arrow_of_the_data_flow_diagram(gathered: Gather) -> None:
    evidence = gathered(_out)
    chart = data_flow_chart(evidence.context)
    drawn = {(arrow.source, arrow.target) for arrow in chart.arrows}
    public = {(one.target, one.ports) for one in evidence.network.from_internet()}
    for flow in evidence.network.flows:
        if flow.source != "internet" and (flow.target, flow.ports) in public:
            continue  # the internet's arrow stands for it, and the caption says so
        target = "outbound" if flow.target == "internet" else flow.target
        assert (flow.source, target) in drawn


def test_a_rotation_is_drawn_with_what_it_changes(gathered: Gather) -> None:
    evidence = gathered(_rotate)
    arrows = _arrows(data_flow_chart(evidence.context))
    assert ("Rotate", "secrets", "new secrets, over TLS") in arrows
    assert ("Rotate", "Cluster", "new password, RDS API") in arrows


def test_the_data_flow_diagram_says_what_it_leaves_out(gathered: Gather) -> None:
    helper = {"Type": "AWS::Lambda::Function"}
    evidence = gathered(lambda resources: resources.update(Helper=helper))
    assert "network of its own: Helper." in left_out(evidence.context)
    assert "Rotate" not in left_out(gathered(_rotate).context)


def test_the_network_diagram_marks_the_cde_the_firewall_and_dns(gathered: Gather) -> None:
    def block(resources: Resources) -> None:
        resources["Acl"]["Properties"]["Rules"] = [{"Name": "R", "Action": {"Block": {}}}]

    boxes = {box.name: box for group in _network(gathered, block).groups for box in group.boxes}
    assert "WAF: Ingress/Acl, 1 blocking rule" in boxes["Alb"].lines
    assert boxes["Cluster"].lines[0] == "AWS::RDS::DBCluster, in the CDE"
    assert boxes["dns"].lines == (
        "answers every tier, for any name; no DNS firewall in this template",
    )

    def undo(resources: Resources) -> None:
        del resources["AclAssociation"]
        resources["Vpc"]["Properties"]["EnableDnsSupport"] = False

    boxes = {box.name: box for group in _network(gathered, undo).groups for box in group.boxes}
    assert not any(line.startswith("WAF") for line in boxes["Alb"].lines)
    assert "dns" not in boxes
