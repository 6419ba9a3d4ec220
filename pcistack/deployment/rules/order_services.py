"""Order: what a service, a task or a deployment needs is there before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.secret_values import attachments
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_GUIDE: Final = "CloudFormation user guide: DependsOn attribute; "
_SERVICE: Final = "AWS::ECS::Service"
_FORWARDING: Final = (
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
)


def _forwarding(context: Context, group: Resource) -> list[Resource]:
    """Return the listeners and rules that send requests to a target group."""
    return [
        listener
        for listener in context.of_type(*_FORWARDING)
        if any(
            path.rpartition(".")[2] == "TargetGroupArn" and name_of(value) == group.logical_id
            for path, value in listener.leaves
        )
    ]


@rule(
    "DEPLOY-ORDER-LISTENER",
    "A service that may be created before a listener uses its target group",
    types=(_SERVICE,),
    source=_GUIDE + "Amazon ECS: The target group does not have an associated load balancer",
)
def listener_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(_SERVICE):
        for index, item in enumerate(service.items("LoadBalancers")):
            value = item.get("TargetGroupArn") if isinstance(item, dict) else None
            group = context.target(value, "AWS::ElasticLoadBalancingV2::TargetGroup")
            listeners = _forwarding(context, group) if group else []
            if listeners and not any(context.order.waits_for(service, one) for one in listeners):
                names = ", ".join(one.logical_id for one in listeners)
                yield hit(
                    service,
                    f"LoadBalancers.{index}.TargetGroupArn",
                    f"nothing makes it wait for {names}: ECS refuses a target group that no "
                    "listener uses yet",
                    f"set DependsOn: {listeners[0].logical_id}",
                )


@rule(
    "DEPLOY-ORDER-DATABASE",
    "Tasks that may start before their database has an instance",
    types=(_SERVICE,),
    severity=Severity.WARNING,
    source=_GUIDE + "Aurora user guide: a cluster without an instance has nobody to connect to",
)
def database_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(_SERVICE):
        before = context.order.before(service.logical_id)
        used = {name for name in before if name in context.view.resources}
        secrets = [context.view.resources[name] for name in used]
        for secret in secrets:
            if secret.type == "AWS::SecretsManager::Secret":
                used |= {name_of(one.get("TargetId")) for one in attachments(context, secret)}
        for cluster in context.of_type("AWS::RDS::DBCluster"):
            instances = [
                instance.logical_id
                for instance in context.of_type("AWS::RDS::DBInstance")
                if name_of(instance.get("DBClusterIdentifier")) == cluster.logical_id
            ]
            if cluster.logical_id in used and instances and not before & set(instances):
                yield hit(
                    service,
                    "",
                    f"its tasks use {cluster.logical_id}, and nothing makes it wait for an "
                    "instance of it: the first tasks find no database, and the deployment may fail",
                    f"set DependsOn: {instances[0]}",
                )


@rule(
    "DEPLOY-ORDER-SECRET-ATTACHMENT",
    "Tasks that may read a secret before the database's address is in it",
    types=(_SERVICE,),
    severity=Severity.WARNING,
    source=_GUIDE
    + "CloudFormation: AWS::SecretsManager::SecretTargetAttachment adds host and port",
)
def attachment_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(_SERVICE):
        before = context.order.before(service.logical_id)
        for secret in context.of_type("AWS::SecretsManager::Secret"):
            attached = attachments(context, secret) if secret.logical_id in before else []
            if attached and not before & {one.logical_id for one in attached}:
                yield hit(
                    service,
                    "TaskDefinition",
                    f"nothing makes it wait for {attached[0].logical_id}: {secret.logical_id} may "
                    "have neither host nor port when the first task reads it",
                    f"refer to {attached[0].logical_id} in place of {secret.logical_id}, or set "
                    f"DependsOn: {attached[0].logical_id}",
                )


@rule(
    "DEPLOY-ORDER-CAPACITY-PROVIDER",
    "A service that may be created before its cluster has the capacity provider",
    types=(_SERVICE,),
    source=_GUIDE + "Amazon ECS API reference: PutClusterCapacityProviders",
)
def capacity_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(_SERVICE):
        if not service.items("CapacityProviderStrategy"):
            continue
        for link in context.of_type("AWS::ECS::ClusterCapacityProviderAssociations"):
            same = name_of(link.get("Cluster")) == name_of(service.get("Cluster")) != ""
            if same and not context.order.waits_for(service, link):
                yield hit(
                    service,
                    "CapacityProviderStrategy",
                    f"nothing makes it wait for {link.logical_id}: ECS refuses a capacity "
                    "provider that the cluster does not have yet",
                    f"set DependsOn: {link.logical_id}",
                )


@rule(
    "DEPLOY-ORDER-SCALING-TARGET",
    "A scaling target that may be registered before its service exists",
    types=("AWS::ApplicationAutoScaling::ScalableTarget",),
    source=_GUIDE + "Application Auto Scaling API reference: RegisterScalableTarget",
)
def scaling_rule(context: Context) -> Iterator[Hit]:
    for target in context.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        text = context.access.names.text(target.get("ResourceId"))
        for service in context.of_type(_SERVICE):
            name = service.text("ServiceName")
            named = name is not None and text.endswith(f"/{name}")
            if named and not context.order.waits_for(target, service):
                yield hit(
                    target,
                    "ResourceId",
                    f"it names {service.logical_id} by text alone and may be registered before "
                    "the service exists",
                    f"refer to {service.logical_id}.Name, or set DependsOn: {service.logical_id}",
                )


@rule(
    "DEPLOY-ORDER-API-METHODS",
    "A deployment of an API that may have no method yet",
    types=("AWS::ApiGateway::Deployment",),
    source=_GUIDE + "API Gateway: The REST API doesn't contain any methods",
)
def methods_rule(context: Context) -> Iterator[Hit]:
    for deployment in context.of_type("AWS::ApiGateway::Deployment"):
        api = context.target(deployment.get("RestApiId"), "AWS::ApiGateway::RestApi")
        methods = [
            method.logical_id
            for method in context.of_type("AWS::ApiGateway::Method")
            if api and name_of(method.get("RestApiId")) == api.logical_id
        ]
        if methods and not context.order.before(deployment.logical_id) & set(methods):
            yield hit(
                deployment,
                "RestApiId",
                "nothing makes it wait for a method of the API: API Gateway refuses to deploy an "
                "API without methods",
                f"set DependsOn: [{', '.join(methods)}]",
            )


@rule(
    "DEPLOY-ORDER-MOUNT-TARGET",
    "A function or service that may start before its file system can be mounted",
    types=("AWS::Lambda::Function", _SERVICE),
    source="CloudFormation: AWS::Lambda::Function FileSystemConfig, the mount target must be "
    "created first (DependsOn)",
)
def mount_rule(context: Context) -> Iterator[Hit]:
    targets = context.of_type("AWS::EFS::MountTarget")
    for kind in ("AWS::Lambda::Function", _SERVICE) if targets else ():
        for resource in context.of_type(kind):
            before = context.order.before(resource.logical_id)
            systems = {name for name in before if _is_file_system(context, name)}
            missing = [
                target.logical_id
                for target in targets
                if name_of(target.get("FileSystemId")) in systems
                and target.logical_id not in before
            ]
            if missing:
                yield hit(
                    resource,
                    "FileSystemConfigs" if kind != _SERVICE else "TaskDefinition",
                    f"nothing makes it wait for {', '.join(missing)}: until then nobody can "
                    "mount the file system",
                    f"set DependsOn: [{', '.join(missing)}]",
                    severity=Severity.WARNING if kind == _SERVICE else None,
                )


def _is_file_system(context: Context, name: str) -> bool:
    resource = context.view.resources.get(name)
    return resource is not None and resource.type == "AWS::EFS::FileSystem"
