"""Requirements 1.2 to 1.4: what may come in, what may go out, and what is in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from assurance.findings import Severity
from assurance.pci_dss.context import Context
from assurance.pci_dss.network import (
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    AclEntry,
    Direction,
    Kind,
    PeerKind,
    Permission,
    Tier,
    Workload,
    name_of,
    parse_network,
)
from assurance.pci_dss.rule import UNRESOLVED, Extent, Hit, must_be_false, rule
from assurance.pci_dss.rules.transport import redirects_only
from assurance.resolution import Reference, Resource

_GROUP_TYPES: Final = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
)


def _permissions(context: Context, direction: Direction, *kinds: PeerKind) -> Iterator[Permission]:
    for permission in context.network.permissions:
        if permission.direction is direction and permission.kind in kinds:
            yield permission


def _at(permission: Permission, message: str) -> Hit:
    return Hit(resource=permission.resource, property=permission.path, message=message)


@rule(
    "PCI-1.3.1-INGRESS-WORLD",
    "Security groups admit the internet on 443 only, and on 80 to redirect",
    asks="Only the traffic that the cardholder data environment needs may come in.",
    requirements=("1.3.1", "1.2.6", "1.4.2"),
    security_hub=(
        "EC2.13",
        "EC2.14",
        "EC2.53",
        "EC2.54",
    ),
    related=(
        "EC2.18",
        "EC2.19",
    ),
    types=_GROUP_TYPES,
    extent=Extent.FULL,
    fix="Admit 443 to the load balancer alone; let other tiers admit a security group "
    "(SourceSecurityGroupId).",
)
def ingress_world(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.INGRESS, PeerKind.WORLD):
        if permission.ports.within(443) and permission.certain:
            continue
        if permission.ports.within(80, 443) and _only_redirects(context, permission.group):
            continue
        yield _at(
            permission, f"{permission.ports} is open to {permission.peer}, only tcp/443 may be"
        )


def _only_redirects(context: Context, group: str) -> bool:
    """Whether a group belongs to load balancers only, and their port 80 does but redirect."""
    holders = [w for w in context.network.workloads.values() if group in w.groups]
    return bool(holders) and all(
        holder.kind is Kind.LOAD_BALANCER and redirects_only(context, holder.logical_id, 80)
        for holder in holders
    )


@rule(
    "PCI-1.3.1-INGRESS-PUBLIC-RANGE",
    "Public address ranges that are admitted have a business need",
    asks="Only the traffic that the cardholder data environment needs may come in.",
    requirements=("1.3.1", "1.2.5"),
    severity=Severity.WARNING,
    types=_GROUP_TYPES,
    fix="Confirm the range's owner and need in the rule's description, or remove the rule.",
)
def ingress_public_range(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.INGRESS, PeerKind.PUBLIC):
        if not permission.ports.within(443):
            yield _at(permission, f"{permission.ports} is open to public {permission.peer}")


@rule(
    "PCI-1.3.1-INGRESS-UNKNOWN",
    "Who may come in is known before the deployment",
    asks="Only the traffic that the cardholder data environment needs may come in.",
    requirements=("1.3.1",),
    types=_GROUP_TYPES,
    extent=Extent.FULL,
    fix="Write the source and the ports, or give the parameter a default.",
)
def ingress_unknown(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        if permission.direction is Direction.INGRESS and not permission.certain:
            yield _at(
                permission, f"ingress of {permission.ports} from {permission.peer} {UNRESOLVED}"
            )


@rule(
    "PCI-1.3.1-CIDR-BETWEEN-TIERS",
    "Tiers admit each other by security group, not by address range",
    asks="Inbound traffic is restricted to what is necessary; a range admits whoever gets an "
    "address in it.",
    requirements=("1.3.1", "1.4.1"),
    types=_GROUP_TYPES,
    extent=Extent.FULL,
    fix="Replace CidrIp with SourceSecurityGroupId of the group that is meant.",
)
def cidr_between_tiers(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.INGRESS, PeerKind.PRIVATE):
        yield _at(permission, f"{permission.ports} is open to the address range {permission.peer}")


@rule(
    "PCI-1.3.2-EGRESS-ANYWHERE",
    "No security group lets everything out",
    asks="Only the traffic that is necessary may leave the cardholder data environment.",
    requirements=("1.3.2",),
    types=_GROUP_TYPES,
    extent=Extent.FULL,
    fix="List the ways out in SecurityGroupEgress: the peer's security group and port. Where there "
    "is none: CidrIp 255.255.255.255/32 with IpProtocol icmp.",
)
def egress_anywhere(context: Context) -> Iterator[Hit]:
    kinds = (PeerKind.WORLD, PeerKind.PUBLIC, PeerKind.UNKNOWN)
    for permission in _permissions(context, Direction.EGRESS, *kinds):
        if permission.implicit:
            yield _at(permission, "no outbound rule is written, so AWS lets all traffic out")
        elif permission.kind is PeerKind.UNKNOWN:
            yield _at(permission, f"egress of {permission.ports} {UNRESOLVED}")
        elif permission.kind is PeerKind.WORLD and not permission.ports.within(443):
            yield _at(permission, f"{permission.ports} may leave to {permission.peer}")


@rule(
    "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE",
    "HTTPS to anywhere is accepted with a reason only",
    asks="Only the traffic that is necessary may leave; HTTPS to any address can carry data out.",
    requirements=("1.3.2",),
    types=_GROUP_TYPES,
    fix="Reach AWS services through VPC endpoints and name their security group; else acknowledge "
    "beside the group why any address must be reachable.",
)
def egress_https(context: Context) -> Iterator[Hit]:
    leaving = {
        group
        for flow in context.network.to_outside()
        if flow.target == INTERNET and flow.source in context.network.workloads
        for group in context.network.workloads[flow.source].groups
    }
    for permission in _permissions(context, Direction.EGRESS, PeerKind.WORLD):
        if permission.ports.within(443) and permission.group in leaving:
            yield _at(permission, f"{permission.ports} may leave to {permission.peer}, by a route")


@rule(
    "PCI-1.3.2-EGRESS-CIDR",
    "Traffic between tiers leaves towards a security group, not an address range",
    asks="Only the traffic that is necessary may leave; a range reaches whoever gets an address "
    "in it.",
    requirements=("1.3.2",),
    severity=Severity.WARNING,
    types=_GROUP_TYPES,
    fix="Replace CidrIp with DestinationSecurityGroupId of the group that is meant.",
)
def egress_cidr(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.EGRESS, PeerKind.PRIVATE):
        yield _at(permission, f"{permission.ports} may leave to the range {permission.peer}")


@rule(
    "PCI-1.2.5-BUSINESS-NEED",
    "Every security group rule says what it is for",
    asks="Every allowed service, protocol and port is identified and has a business need.",
    requirements=("1.2.5",),
    severity=Severity.WARNING,
    types=_GROUP_TYPES,
    fix="Set Description to the business need; it is the entry of the port register.",
)
def business_need(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        if not permission.description.strip() and not permission.implicit:
            yield _at(
                permission,
                f"{permission.direction} of {permission.ports} ({permission.peer}) has no "
                "description",
            )


_NEEDS_GROUP: Final = {
    "AWS::RDS::DBCluster": "VpcSecurityGroupIds",
    "AWS::RDS::DBInstance": "VPCSecurityGroups",
    "AWS::RDS::DBProxy": "VpcSecurityGroupIds",
    "AWS::ECS::Service": "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "SecurityGroups",
    "AWS::Lambda::Function": "VpcConfig.SecurityGroupIds",
    "AWS::EFS::MountTarget": "SecurityGroups",
    "AWS::ElastiCache::ReplicationGroup": "SecurityGroupIds",
    "AWS::Redshift::Cluster": "VpcSecurityGroupIds",
    "AWS::DocDB::DBCluster": "VpcSecurityGroupIds",
    "AWS::Neptune::DBCluster": "VpcSecurityGroupIds",
}


@rule(
    "PCI-1.3.1-GROUP-MISSING",
    "What has a network interface names its security groups",
    asks="Inbound traffic is restricted to what is necessary; without a group of its own a "
    "resource gets the VPC's default one.",
    requirements=("1.3.1", "1.4.1"),
    related=(
        "EC2.2",
        "ELB.7",
    ),
    types=tuple(_NEEDS_GROUP),
    extent=Extent.FULL,
    fix="Name a security group that admits only the resource's clients.",
)
def group_missing(context: Context) -> Iterator[Hit]:
    for workload in context.network.workloads.values():
        path = _NEEDS_GROUP.get(workload.type)
        if workload.groups or path is None:
            continue
        resource = context.view.resources[workload.logical_id]
        if resource.text("Type") == "gateway" or resource.is_unknown(path):
            continue
        if _outside_template(resource):
            continue
        yield Hit(
            resource=workload.logical_id,
            property=path,
            message="no security group is named, so the VPC's default one applies",
        )


def _outside_template(resource: Resource) -> bool:
    """EC2-Classic style groups, or a network load balancer's optional ones."""
    return resource.get("DBSecurityGroups") is not None


@rule(
    "PCI-1.3.1-DEFAULT-GROUP",
    "The default security group of a VPC is closed",
    asks="Inbound and outbound traffic is restricted; the default group admits its members and "
    "lets everything out.",
    requirements=("1.3.1", "1.3.2"),
    related=("EC2.2",),
    severity=Severity.WARNING,
    types=("AWS::EC2::VPC",),
    fix="Close it with a custom resource (CDK: restrict_default_security_group=True).",
)
def default_group(context: Context) -> Iterator[Hit]:
    closed = {
        value.logical_id
        for resource in context.view.resources.values()
        if resource.type.startswith("Custom::")
        or resource.type == "AWS::CloudFormation::CustomResource"
        if resource.get("ServiceToken") is not None
        for value in resource.properties.values()
        if isinstance(value, Reference) and value.attribute == "DefaultSecurityGroup"
    }
    for vpc in context.of_type("AWS::EC2::VPC"):
        if vpc.logical_id not in closed:
            yield Hit(
                resource=vpc.logical_id,
                message="nothing in the template closes the VPC's default security group",
            )


@rule(
    "PCI-1.4.4-STORE-REACHABLE",
    "The internet has no way to what can hold card data",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.3.1"),
    security_hub=("RDS.2",),
    types=tuple(sorted({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"})),
    extent=Extent.FULL,
    fix="Place it in subnets without a route to an internet gateway, without a public address, "
    "behind a security group that admits its clients' group only.",
)
def store_reachable(context: Context) -> Iterator[Hit]:
    seen: set[str] = set()
    for flow in context.network.from_internet():
        if flow.target in seen or context.network.workloads[flow.target].kind not in STORES:
            continue
        seen.add(flow.target)
        how = "can reach it" if flow.certain else f"may reach it: its network {UNRESOLVED}"
        yield Hit(
            resource=flow.target,
            message=f"the internet {how} on {flow.ports}, admitted by {flow.resource}",
        )


@rule(
    "PCI-1.4.4-STORE-TIER",
    "What can hold card data is in subnets that have no route to the internet",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.4.1"),
    related=("RDS.46",),
    types=("AWS::EC2::Route", "AWS::RDS::DBSubnetGroup", "AWS::RDS::DBCluster"),
    extent=Extent.FULL,
    fix="Use subnets of an isolated tier: a route table without an internet gateway.",
)
def store_tier(context: Context) -> Iterator[Hit]:
    for workload in context.network.stores():
        if workload.kind is Kind.DATABASE and not workload.subnets:
            yield Hit(
                resource=workload.logical_id,
                message=_no_subnets(workload),
            )
            continue
        for subnet in workload.subnets:
            known = context.network.subnets.get(subnet)
            if known is None or known.tier is Tier.UNKNOWN:
                message = f"the routes of its subnet {subnet} {UNRESOLVED}"
            elif known.tier is Tier.PUBLIC:
                message = f"its subnet {subnet} has a route to an internet gateway"
            else:
                continue
            yield Hit(resource=workload.logical_id, message=message)


def _no_subnets(workload: Workload) -> str:
    if workload.unresolved:
        return f"the subnets it is in ({', '.join(workload.unresolved)}) {UNRESOLVED}"
    return "no subnets are named, so it is placed in the default VPC, whose subnets are public"


@rule(
    "PCI-1.3.2-STORE-EGRESS",
    "What can hold card data has no way out",
    asks="Only the traffic that is necessary may leave the cardholder data environment; a store "
    "answers, it does not call.",
    requirements=("1.3.2", "1.4.4"),
    types=("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"),
    extent=Extent.FULL,
    fix="Take the route out of its subnets' route table, and outbound rules out of its security "
    "group.",
)
def store_egress(context: Context) -> Iterator[Hit]:
    stores = {store.logical_id: store for store in context.network.stores()}
    seen: set[tuple[str, str]] = set()
    for flow in context.network.to_outside():
        store = stores.get(flow.source)
        if store is None or flow.target not in (INTERNET, OTHER_NETWORKS):
            continue
        if not any(subnet in context.network.subnets for subnet in store.subnets):
            continue  # unknown subnets are PCI-1.4.4-STORE-TIER's
        if (flow.source, flow.target) not in seen:
            seen.add((flow.source, flow.target))
            yield Hit(
                resource=flow.source,
                message=f"{flow.ports} can leave to {flow.target}, let out by {flow.resource}",
            )


@rule(
    "PCI-1.3.2-ISOLATED-ROUTE",
    "The tier of the stores has no route out",
    asks="Only the traffic that is necessary may leave the cardholder data environment.",
    requirements=("1.3.2", "1.4.4"),
    severity=Severity.WARNING,
    types=("AWS::EC2::Route",),
    fix="Give the stores' subnets a route table of their own, without routes.",
)
def isolated_route(context: Context) -> Iterator[Hit]:
    network = context.network
    homes = {
        subnet: workload.logical_id
        for workload in network.stores()
        if workload.kind is Kind.DATABASE
        for subnet in workload.subnets
    }
    for subnet, way in network.leaving_tier(Tier.PRIVATE):
        if subnet.logical_id in homes and way.route:
            yield Hit(
                resource=way.route,
                message=f"the subnet {subnet.logical_id} of {homes[subnet.logical_id]} has a route "
                f"to a {way.kind}",
            )


@rule(
    "PCI-1.4.1-NO-TIER-BETWEEN",
    "What faces the internet does not reach a store directly",
    asks="Network controls stand between untrusted networks and the trusted one; a tier lies "
    "between what is public and what stores card data.",
    requirements=("1.4.1", "1.4.2"),
    types=_GROUP_TYPES,
    extent=Extent.FULL,
    fix="Admit only the application's security group to the store.",
)
def no_tier_between(context: Context) -> Iterator[Hit]:
    network = context.network
    public = {flow.target for flow in network.from_internet() if flow.certain}
    for workload in network.stores():
        for flow in network.reaching(workload.logical_id):
            if flow.source in public and flow.certain:
                yield Hit(
                    resource=workload.logical_id,
                    message=f"{flow.source}, which the internet reaches, can reach it on "
                    f"{flow.ports}",
                )


@rule(
    "PCI-1.4.2-INTERNET-REACHES",
    "The internet reaches load balancers only, on their HTTPS port",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.3.1"),
    security_hub=("ECS.2",),
    related=("EC2.9",),
    types=("AWS::ECS::Service", "AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup"),
    extent=Extent.FULL,
    fix="Put it into a private subnet without a public address, behind a load balancer.",
)
def internet_reaches(context: Context) -> Iterator[Hit]:
    for flow in context.network.from_internet():
        workload = context.network.workloads[flow.target]
        if workload.kind in STORES or not flow.certain:
            continue  # stores have a rule of their own
        if workload.kind is not Kind.LOAD_BALANCER:
            yield Hit(
                resource=flow.target,
                message=f"the internet reaches it on {flow.ports}, admitted by {flow.resource}",
            )


@rule(
    "PCI-1.4.4-DATABASE-PUBLIC",
    "No database has a public address",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.4.2"),
    security_hub=(
        "RDS.2",
        "Redshift.1",
        "DMS.1",
    ),
    types=(
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::Redshift::Cluster",
        "AWS::DMS::ReplicationInstance",
    ),
    extent=Extent.FULL,
    fix="Set PubliclyAccessible: false; where it is absent, AWS decides by the subnets.",
)
def database_public(context: Context) -> Iterator[Hit]:
    for resource in context.of_type("AWS::RDS::DBInstance", "AWS::DMS::ReplicationInstance"):
        yield from must_be_false(resource, "PubliclyAccessible", default=None)
    for resource in context.of_type("AWS::RDS::DBCluster", "AWS::Redshift::Cluster"):
        yield from must_be_false(resource, "PubliclyAccessible")


_ADDRESS_FLAGS: Final = (
    ("AWS::EC2::Instance", "NetworkInterfaces", "AssociatePublicIpAddress"),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.NetworkInterfaces",
        "AssociatePublicIpAddress",
    ),
)


@rule(
    "PCI-1.4.2-PUBLIC-ADDRESS",
    "Tasks and instances have no public address",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.4.5"),
    security_hub=(
        "ECS.2",
        "ECS.16",
        "EC2.25",
        "Autoscaling.5",
    ),
    related=("EC2.9",),
    types=(
        "AWS::ECS::Service",
        "AWS::ECS::TaskSet",
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::AutoScaling::LaunchConfiguration",
    ),
    extent=Extent.FULL,
    fix="Disable it: AssignPublicIp DISABLED, AssociatePublicIpAddress false.",
)
def public_address(context: Context) -> Iterator[Hit]:
    for service in context.of_type("AWS::ECS::Service", "AWS::ECS::TaskSet"):
        path = "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"
        value = service.get(path)
        if service.is_unknown(path):
            yield Hit(
                resource=service.logical_id, property=path, message=f"AssignPublicIp {UNRESOLVED}"
            )
        elif value is not None and str(value).upper() != "DISABLED":
            yield Hit(
                resource=service.logical_id,
                property=path,
                message=f"AssignPublicIp is {value}: every task gets a public address",
            )
    for kind, path, flag in _ADDRESS_FLAGS:
        for resource in context.of_type(kind):
            for index in range(len(resource.items(path))):
                yield from must_be_false(resource, f"{path}.{index}.{flag}", flag)
    for resource in context.of_type("AWS::AutoScaling::LaunchConfiguration"):
        yield from must_be_false(resource, "AssociatePublicIpAddress")


@rule(
    "PCI-1.4.2-SUBNET-PUBLIC-ADDRESSES",
    "No subnet gives out public addresses by itself",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.4.4"),
    security_hub=("EC2.15",),
    types=("AWS::EC2::Subnet",),
    extent=Extent.FULL,
    fix="Set MapPublicIpOnLaunch: false; load balancers and NAT gateways do not need it.",
)
def subnet_addresses(context: Context) -> Iterator[Hit]:
    for subnet in context.of_type("AWS::EC2::Subnet"):
        yield from must_be_false(subnet, "MapPublicIpOnLaunch")
        # every IPv6 address is public
        yield from must_be_false(subnet, "AssignIpv6AddressOnCreation")
        yield from must_be_false(subnet, "Ipv6Native")


@rule(
    "PCI-1.3.1-ACL-ADMINISTRATION",
    "Network ACLs admit no remote administration from anywhere",
    asks="Only necessary traffic comes in; remote administration from the internet never is.",
    requirements=("1.3.1", "1.2.6"),
    security_hub=("EC2.21",),
    types=("AWS::EC2::NetworkAclEntry",),
    extent=Extent.FULL,
    fix="Allow the ports that are needed, or deny 22 and 3389 before.",
)
def acl_administration(context: Context) -> Iterator[Hit]:
    for entries in context.network.acls.values():
        for entry in entries:
            network = parse_network(entry.cidr or "")
            world = network is not None and network.prefixlen == 0
            if entry.egress or not entry.allow or not world:
                continue
            open_ports = [
                port
                for port in (22, 3389)
                if entry.ports.protocol in ("all", "tcp")
                and entry.ports.first <= port <= entry.ports.last
                and not _denied_before(entries, entry.number, port)
            ]
            if open_ports:
                yield Hit(
                    resource=entry.logical_id,
                    property="PortRange",
                    message=f"{entry.ports} from {entry.cidr} admits {open_ports}",
                )


def _denied_before(entries: Sequence[AclEntry], number: float, port: int) -> bool:
    return any(
        not entry.egress
        and not entry.allow
        and entry.number < number
        and entry.cidr in ("0.0.0.0/0", "::/0")
        and entry.ports.protocol in ("all", "tcp")
        and entry.ports.first <= port <= entry.ports.last
        for entry in entries
    )


@rule(
    "PCI-1.2.8-ACL-UNUSED",
    "Every network ACL guards a subnet",
    asks="The configuration of network controls matches what is in force.",
    requirements=("1.2.8",),
    security_hub=("EC2.16",),
    severity=Severity.WARNING,
    types=("AWS::EC2::NetworkAcl",),
    fix="Associate it with a subnet, or remove it.",
)
def acl_unused(context: Context) -> Iterator[Hit]:
    used = {
        name_of(link.get("NetworkAclId"))
        for link in context.of_type("AWS::EC2::SubnetNetworkAclAssociation")
    }
    for acl in context.of_type("AWS::EC2::NetworkAcl"):
        if acl.logical_id not in used:
            yield Hit(resource=acl.logical_id, message="no subnet is associated with it")


@rule(
    "PCI-1.4.3-SOURCE-CHECK",
    "Instances check source and destination of their traffic",
    asks="Forged source addresses are detected and kept out of the trusted network.",
    requirements=("1.4.3",),
    related=("EC2.180",),
    types=("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"),
    extent=Extent.FULL,
    fix="Leave SourceDestCheck true; use a NAT gateway in place of a NAT instance.",
)
def source_check(context: Context) -> Iterator[Hit]:
    for resource in context.of_type("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"):
        if resource.flag("SourceDestCheck") is False:
            yield Hit(
                resource=resource.logical_id,
                property="SourceDestCheck",
                message="SourceDestCheck is false: forged addresses pass",
            )


@rule(
    "PCI-1.3.1-PORTS-WIDE",
    "Security groups open single ports to each other, not all of them",
    asks="Only the traffic that is necessary passes between tiers.",
    requirements=("1.3.1", "1.3.2", "1.2.5"),
    types=_GROUP_TYPES,
    extent=Extent.FULL,
    fix="Name the protocol and the port that the clients use.",
)
def ports_wide(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        wide = permission.ports.protocol == "all" or (
            permission.ports.protocol in ("tcp", "udp")
            and permission.ports.last - permission.ports.first > 100
        )
        if permission.kind is PeerKind.GROUP and wide:
            own = permission.peer == permission.group
            yield Hit(
                resource=permission.resource,
                property=permission.path,
                message=f"{permission.ports} is open {_side(permission)} {permission.peer}",
                severity=Severity.WARNING if own else None,
            )


def _side(permission: Permission) -> str:
    return "from" if permission.direction is Direction.INGRESS else "to"


@rule(
    "PCI-1.2.7-RULE-IDLE",
    "Every rule between two groups has its counterpart",
    asks="Network controls are reviewed, and rules that nobody needs are removed.",
    requirements=("1.2.7", "1.2.8"),
    severity=Severity.WARNING,
    types=_GROUP_TYPES,
    fix="Remove the rule, or let the other group's rules match it.",
)
def rule_idle(context: Context) -> Iterator[Hit]:
    network = context.network
    for permission in network.permissions:
        if permission.kind is not PeerKind.GROUP or permission.peer not in network.groups:
            continue
        if permission.group not in network.groups or not permission.certain:
            continue
        if not any(
            (other.kind is not PeerKind.GROUP or other.peer == permission.group)
            and other.kind is not PeerKind.NOBODY
            and other.ports.common(permission.ports) is not None
            for other in network.rules_of(permission.peer, _other(permission.direction))
        ):
            yield _at(
                permission,
                f"{permission.direction} of {permission.ports} {_side(permission)} "
                f"{permission.peer} has no counterpart there; nothing can use it",
            )


def _other(direction: Direction) -> Direction:
    return Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS


_APPLICATION: Final = (Kind.TASKS, Kind.INSTANCE, Kind.LOAD_BALANCER)


@rule(
    "PCI-1.4.1-GROUP-SHARED",
    "A store shares its security group with nobody",
    asks="Network controls stand between tiers; a shared group opens a store to all that is "
    "open to its neighbour.",
    requirements=("1.4.1", "1.4.4"),
    types=("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::ECS::Service"),
    extent=Extent.FULL,
    fix="Give the store a security group of its own.",
)
def group_shared(context: Context) -> Iterator[Hit]:
    holders: dict[str, str] = {}
    for workload in context.network.workloads.values():
        if workload.kind in _APPLICATION:
            for group in workload.groups:
                holders.setdefault(group, workload.logical_id)
    for store in context.network.stores():
        for group in store.groups:
            if group in holders and group in context.network.groups:
                yield Hit(
                    resource=store.logical_id,
                    message=f"it shares the security group {group} with {holders[group]}",
                )


@rule(
    "PCI-1.4.1-TIER-SHARED",
    "Load balancers, applications and stores are in subnets of their own",
    asks="Network controls stand between untrusted networks and the trusted one, tier by tier.",
    requirements=("1.4.1", "1.4.2"),
    related=("RDS.46",),
    severity=Severity.WARNING,
    types=("AWS::ECS::Service", "AWS::EC2::Instance", "AWS::RDS::DBSubnetGroup"),
    fix="Put load balancers into public subnets, tasks into private, stores into isolated ones.",
)
def tier_shared(context: Context) -> Iterator[Hit]:
    network = context.network
    homes = {
        subnet: store.logical_id
        for store in network.stores()
        if store.kind is Kind.DATABASE
        for subnet in store.subnets
        if subnet in network.subnets
    }
    for workload in network.workloads.values():
        if workload.kind not in _APPLICATION:
            continue
        for subnet in workload.subnets:
            if subnet in homes:
                message = f"it is in the subnet {subnet} of {homes[subnet]}"
            elif (
                workload.kind is not Kind.LOAD_BALANCER
                and subnet in network.subnets
                and network.subnets[subnet].tier is Tier.PUBLIC
            ):
                message = f"it is in the public subnet {subnet}"
            else:
                continue
            yield Hit(resource=workload.logical_id, message=message)


RULES: Final = (
    ports_wide,
    rule_idle,
    group_shared,
    tier_shared,
    ingress_world,
    ingress_public_range,
    ingress_unknown,
    cidr_between_tiers,
    egress_anywhere,
    egress_https,
    egress_cidr,
    business_need,
    group_missing,
    default_group,
    store_reachable,
    store_tier,
    store_egress,
    isolated_route,
    no_tier_between,
    internet_reaches,
    database_public,
    public_address,
    subnet_addresses,
    acl_administration,
    acl_unused,
    source_check,
)
