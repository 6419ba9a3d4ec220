"""What has network interfaces in a view: databases, tasks, load balancers and their like."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pcistack.network.model import Kind, NetworkWorkload, Subnet, integer
from pcistack.template.references import name_of, names_of
from pcistack.template.view import Partial, Resource, Unknown, View


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Where a type keeps what decides on its reachability."""

    kind: Kind
    groups: str
    subnets: str = ""
    subnet_group: str = ""
    ports: tuple[str, ...] = ()


_SUBNET_GROUPS: Final = "SubnetIds"

_SHAPES: Final = {
    "AWS::RDS::DBCluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::RDS::DBInstance": _Shape(
        kind=Kind.DATABASE,
        groups="VPCSecurityGroups",
        subnet_group="DBSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::RDS::DBProxy": _Shape(
        kind=Kind.PROXY, groups="VpcSecurityGroupIds", subnets="VpcSubnetIds"
    ),
    "AWS::DocDB::DBCluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::Neptune::DBCluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        ports=("DBPort",),
    ),
    "AWS::Redshift::Cluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="ClusterSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::ElastiCache::ReplicationGroup": _Shape(
        kind=Kind.CACHE,
        groups="SecurityGroupIds",
        subnet_group="CacheSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::ElastiCache::CacheCluster": _Shape(
        kind=Kind.CACHE,
        groups="VpcSecurityGroupIds",
        subnet_group="CacheSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::ElastiCache::ServerlessCache": _Shape(
        kind=Kind.CACHE, groups="SecurityGroupIds", subnets="SubnetIds"
    ),
    "AWS::MemoryDB::Cluster": _Shape(
        kind=Kind.CACHE, groups="SecurityGroupIds", subnet_group="SubnetGroupName", ports=("Port",)
    ),
    "AWS::OpenSearchService::Domain": _Shape(
        kind=Kind.SEARCH, groups="VPCOptions.SecurityGroupIds", subnets="VPCOptions.SubnetIds"
    ),
    "AWS::Elasticsearch::Domain": _Shape(
        kind=Kind.SEARCH, groups="VPCOptions.SecurityGroupIds", subnets="VPCOptions.SubnetIds"
    ),
    "AWS::EFS::MountTarget": _Shape(kind=Kind.FILES, groups="SecurityGroups", subnets="SubnetId"),
    "AWS::MSK::Cluster": _Shape(
        kind=Kind.STREAM,
        groups="BrokerNodeGroupInfo.SecurityGroups",
        subnets="BrokerNodeGroupInfo.ClientSubnets",
    ),
    "AWS::ECS::Service": _Shape(
        kind=Kind.TASKS,
        groups="NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
        subnets="NetworkConfiguration.AwsvpcConfiguration.Subnets",
    ),
    "AWS::Lambda::Function": _Shape(
        kind=Kind.FUNCTION, groups="VpcConfig.SecurityGroupIds", subnets="VpcConfig.SubnetIds"
    ),
    "AWS::EC2::Instance": _Shape(kind=Kind.INSTANCE, groups="SecurityGroupIds", subnets="SubnetId"),
    "AWS::AutoScaling::AutoScalingGroup": _Shape(
        kind=Kind.INSTANCE, groups="", subnets="VPCZoneIdentifier"
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _Shape(
        kind=Kind.LOAD_BALANCER, groups="SecurityGroups", subnets="Subnets"
    ),
    "AWS::ElasticLoadBalancing::LoadBalancer": _Shape(
        kind=Kind.LOAD_BALANCER, groups="SecurityGroups", subnets="Subnets"
    ),
    "AWS::EC2::VPCEndpoint": _Shape(
        kind=Kind.ENDPOINT, groups="SecurityGroupIds", subnets="SubnetIds"
    ),
}


def types_of(kinds: Collection[Kind]) -> tuple[str, ...]:
    """Return the resource types whose workloads are of some kinds."""
    return tuple(name for name, shape in _SHAPES.items() if shape.kind in kinds)


_DEFAULT_PORTS: Final = {
    "mysql": 3306,
    "mariadb": 3306,
    "aurora": 3306,
    "postgres": 5432,
    "oracle": 1521,
    "sqlserver": 1433,
}


def workloads(view: View, subnets: Mapping[str, Subnet]) -> Iterator[NetworkWorkload]:
    """Yield everything that has network interfaces.

    Args:
        view: The view.
        subnets: Its subnets; they decide on public addresses where a workload leaves it open.
    """
    for resource in view.resources.values():
        shape = _SHAPES.get(resource.type)
        if shape is None or not _has_interfaces(resource):
            continue
        yield _with_public_address(_workload(resource, shape, view), view, subnets)


def _has_interfaces(resource: Resource) -> bool:
    if resource.type == "AWS::RDS::DBInstance":
        return resource.get("DBClusterIdentifier") is None  # the cluster stands for its instances
    if resource.type == "AWS::Lambda::Function":
        return resource.get("VpcConfig") is not None
    if resource.type == "AWS::ECS::Service":
        return resource.get("NetworkConfiguration") is not None
    if resource.type in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        return resource.get("VPCOptions") is not None
    if resource.type == "AWS::ElastiCache::CacheCluster":
        return resource.get("ReplicationGroupId") is None
    return True


def _workload(resource: Resource, shape: _Shape, view: View) -> NetworkWorkload:
    subnets, subnets_known = _subnet_ids(resource, shape, view)
    groups_path = shape.groups
    holder = resource
    if resource.type == "AWS::AutoScaling::AutoScalingGroup":
        holder, groups_path = _launch(resource, view)
    elif resource.type == "AWS::EC2::Instance" and resource.get("NetworkInterfaces") is not None:
        groups_path = "NetworkInterfaces.0.GroupSet"
        if not subnets:
            subnets = tuple(n for n in [name_of(resource.get("NetworkInterfaces.0.SubnetId"))] if n)
    unresolved = [] if subnets_known else [shape.subnets or shape.subnet_group]
    if groups_path and isinstance(holder.get(groups_path), Unknown | Partial):
        unresolved.append(groups_path)
    gateway = resource.type == "AWS::EC2::VPCEndpoint" and resource.text("VpcEndpointType") not in (
        "Interface",
        "GatewayLoadBalancer",
    )
    return NetworkWorkload(
        logical_id=resource.logical_id,
        type=resource.type,
        kind=shape.kind,
        subnets=subnets,
        groups=() if gateway or not groups_path else names_of(holder, groups_path),
        ports=_listener_ports(resource, view) or _own_ports(resource, shape),
        public=_public(resource, holder, view),
        unresolved=tuple(unresolved),
    )


def _subnet_ids(resource: Resource, shape: _Shape, view: View) -> tuple[tuple[str, ...], bool]:
    """Return the subnets of a workload, and whether they are known to the template."""
    holder, path = resource, shape.subnets
    if shape.subnet_group:
        group = view.target(resource.get(shape.subnet_group))
        if group is None:
            return (), resource.get(shape.subnet_group) is None
        holder, path = group, _SUBNET_GROUPS
    if resource.get("SubnetMappings") is not None and not resource.items(path):
        mappings = [item for item in resource.items("SubnetMappings") if isinstance(item, dict)]
        return tuple(name_of(item.get("SubnetId")) for item in mappings), True
    return names_of(holder, path), not isinstance(holder.get(path), Unknown | Partial)


def _launch(group: Resource, view: View) -> tuple[Resource, str]:
    """Return where an Auto Scaling group's security groups are written."""
    for path, groups in (
        ("LaunchTemplate.LaunchTemplateId", "LaunchTemplateData.SecurityGroupIds"),
        ("LaunchConfigurationName", "SecurityGroups"),
    ):
        holder = view.target(group.get(path))
        if holder is not None:
            return holder, groups
    return group, ""


def _own_ports(resource: Resource, shape: _Shape) -> tuple[int, ...]:
    for path in shape.ports:
        value = resource.get(path)
        port = integer(value)
        if port is not None:
            return (port,)
        if value is not None:
            return ()
    engine = resource.text("Engine") or ""
    return tuple(port for name, port in _DEFAULT_PORTS.items() if name in engine)[:1]


def _listener_ports(resource: Resource, view: View) -> tuple[int, ...]:
    found: list[int] = []
    if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
        for listener in view.of_type("AWS::ElasticLoadBalancingV2::Listener"):
            if name_of(listener.get("LoadBalancerArn")) == resource.logical_id:
                port = integer(listener.get("Port"))
                if port is None:
                    return ()
                found.append(port)
    elif resource.type == "AWS::ElasticLoadBalancing::LoadBalancer":
        for item in resource.items("Listeners"):
            port = integer(item.get("LoadBalancerPort")) if isinstance(item, dict) else None
            if port is None:
                return ()
            found.append(port)
    return tuple(sorted(set(found)))


def _public(resource: Resource, holder: Resource, view: View) -> bool | None:
    """Whether a workload asks for a public address; None when the subnet decides or unknown."""
    ask = _PUBLIC.get(resource.type)
    return ask(resource, holder, view) if ask else False


def _balancer_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    return None if resource.is_unknown("Scheme") else resource.get("Scheme") != "internal"


def _tasks_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    path = "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"
    return None if resource.is_unknown(path) else str(resource.get(path)).upper() == "ENABLED"


def _own_flag_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    return _flag(resource, "PubliclyAccessible")


def _instance_public(resource: Resource, _holder: Resource, view: View) -> bool | None:
    if any(
        name_of(address.get("InstanceId")) == resource.logical_id
        for address in view.of_type("AWS::EC2::EIP", "AWS::EC2::EIPAssociation")
    ):
        return True
    return _flag(resource, "NetworkInterfaces.0.AssociatePublicIpAddress", absent=None)


def _group_public(_resource: Resource, holder: Resource, _view: View) -> bool | None:
    for path in (
        "AssociatePublicIpAddress",
        "LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress",
    ):
        if holder.get(path) is not None:
            return _flag(holder, path)
    return None


def _stream_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    access = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type"
    return resource.get(access) not in (None, "DISABLED")


def _cluster_public(cluster: Resource, _holder: Resource, view: View) -> bool | None:
    """A cluster is as public as its most public instance."""
    answers = [
        _flag(instance, "PubliclyAccessible")
        for instance in view.referring("AWS::RDS::DBInstance", "DBClusterIdentifier").get(
            cluster.logical_id, []
        )
    ]
    answers.append(_flag(cluster, "PubliclyAccessible"))
    return True if True in answers else None if None in answers else False


_PUBLIC: Final[Mapping[str, Callable[[Resource, Resource, View], bool | None]]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer_public,
    "AWS::ElasticLoadBalancing::LoadBalancer": _balancer_public,
    "AWS::ECS::Service": _tasks_public,
    "AWS::RDS::DBInstance": _own_flag_public,
    "AWS::Redshift::Cluster": _own_flag_public,
    "AWS::RDS::DBCluster": _cluster_public,
    "AWS::EC2::Instance": _instance_public,
    "AWS::AutoScaling::AutoScalingGroup": _group_public,
    "AWS::MSK::Cluster": _stream_public,
}


def _flag(resource: Resource, path: str, *, absent: bool | None = False) -> bool | None:
    return absent if resource.get(path) is None else resource.flag(path)


def _with_public_address(
    workload: NetworkWorkload, view: View, subnets: Mapping[str, Subnet]
) -> NetworkWorkload:
    """Let the subnets decide for instances that leave the question open."""
    if workload.public is not None or workload.kind is not Kind.INSTANCE:
        return workload
    resource = view.resources[workload.logical_id]
    asked = "NetworkInterfaces.0.AssociatePublicIpAddress"
    if resource.get(asked) is not None:
        return workload
    if any(subnet not in subnets for subnet in workload.subnets) or not workload.subnets:
        return workload
    public = any(subnets[subnet].public_addresses for subnet in workload.subnets)
    return replace(workload, public=public)
