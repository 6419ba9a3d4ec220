"""Ways: tasks reach their image, secrets and logs, their database, and are reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.tasks import awslogs, containers, on_fargate, repository, secrets
from pcistack.deployment.ways import INTERNET, admits, nat_works, obstacle, used_endpoint
from pcistack.network.model import NetworkWorkload, Ports
from pcistack.policies.evaluation import Principal, Request
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Resource

_SERVICE: Final = "AWS::ECS::Service"
_GROUPS: Final = "NetworkConfiguration.AwsvpcConfiguration"
_GUIDE: Final = "Amazon ECS developer guide: "


def _needs(context: Context, service: Resource) -> Mapping[str, str]:
    """Return the services that a task calls before it runs, with what for."""
    task = context.target(service.get("TaskDefinition"), "AWS::ECS::TaskDefinition")
    found: dict[str, str] = {}
    for container in containers(context) if task else ():
        if container.task is not task:
            continue
        image = container.body.get("Image")
        if repository(context, container):
            found |= dict.fromkeys(("ecr.api", "ecr.dkr", "s3"), "the image")
        elif isinstance(image, str) and not isinstance(image, Partial):
            found[INTERNET] = "the image"
        for use in secrets(context, container):
            found["ssm" if use.is_parameter else "secretsmanager"] = "a secret"
        if awslogs(container) is not None:
            found["logs"] = "the log group"
    return found


@rule(
    "DEPLOY-WAY-TASK-START",
    "Tasks without a way to their image, secrets or logs",
    types=(_SERVICE,),
    source=_GUIDE + "Amazon ECR interface VPC endpoints; Connect Amazon ECS applications to the "
    "internet",
)
def start_rule(context: Context) -> Iterator[Hit]:
    for service in context.of_type(_SERVICE):
        workload = context.network.workloads.get(service.logical_id)
        if workload is None or not on_fargate(context, service):
            continue
        reasons: dict[str, list[str]] = {}
        for name, what in _needs(context, service).items():
            reason = obstacle(context, workload, name)
            if reason:
                reasons.setdefault(reason, []).append(f"{what} ({name or 'a public registry'})")
        for reason, missing in reasons.items():
            yield hit(
                service,
                _GROUPS,
                f"its tasks cannot reach {', '.join(missing)}: {reason}; no task starts",
                "give the subnets a default route to a NAT gateway in a public subnet, or "
                "endpoints for ecr.api, ecr.dkr, s3, logs and secretsmanager with private DNS, "
                "and let the groups on both sides pass port 443",
            )


_CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "s3": ("s3:GetObject", "arn:{p}:s3:::prod-{r}-starport-layer-bucket/layer"),
    "ecr.api": ("ecr:GetAuthorizationToken", "*"),
    "ecr.dkr": ("ecr:BatchGetImage", ""),
    "logs": ("logs:PutLogEvents", ""),
    "secretsmanager": ("secretsmanager:GetSecretValue", ""),
    "ssm": ("ssm:GetParameters", ""),
}
"""What a task calls through an endpoint before it runs; an empty resource is any."""


@rule(
    "DEPLOY-WAY-ENDPOINT-POLICY",
    "An endpoint whose policy refuses what tasks need to start",
    types=("AWS::EC2::VPCEndpoint",),
    source=_GUIDE + "Amazon ECR interface VPC endpoints, minimum S3 bucket permissions; EC2: "
    "Control access to VPC endpoints using endpoint policies",
)
def policy_rule(context: Context) -> Iterator[Hit]:
    told: set[tuple[str, str]] = set()
    for service in context.of_type(_SERVICE) if context.region else ():
        workload = context.network.workloads.get(service.logical_id)
        if workload is None or not on_fargate(context, service):
            continue
        task = context.target(service.get("TaskDefinition"))
        role = context.access.role(task.get("ExecutionRoleArn")) if task else None
        arn = (context.access.names.arn(role) or "") if role else ""
        for name, what in _needs(context, service).items():
            endpoint = _endpoint(context, workload, name)
            if endpoint is None or endpoint.get("PolicyDocument") is None or not arn:
                continue
            action, resource = _CALLS[name]
            request = Request(
                action=action,
                resource=context.placed(resource),
                # layers come by a signed address, whoever asked for it
                principal=Principal(arn="<value>" if name == "s3" else arn),
            )
            allowed = context.access.resource_allows((endpoint,), request)
            if allowed is False and (endpoint.logical_id, action) not in told:
                told.add((endpoint.logical_id, action))
                yield hit(
                    endpoint,
                    "PolicyDocument",
                    f"its policy refuses {action} {f'on {request.resource} ' if resource else ''}"
                    f"to the tasks of {service.logical_id}: they cannot read {what}, and no task "
                    "starts",
                    f"allow {action} on {request.resource or '*'} in the policy of the endpoint",
                )


def _endpoint(context: Context, workload: NetworkWorkload, name: str) -> Resource | None:
    for one in workload.subnets:
        subnet = context.network.subnets.get(one)
        if subnet and (found := used_endpoint(context, subnet, name)) is not None:
            return found
    return None


@rule(
    "DEPLOY-WAY-LOAD-BALANCER",
    "A load balancer that cannot reach the tasks behind it",
    types=(_SERVICE,),
    source="Elastic Load Balancing user guide: Target security groups",
)
def balancer_rule(context: Context) -> Iterator[Hit]:
    network = context.network
    for service in context.of_type(_SERVICE):
        tasks = network.workloads.get(service.logical_id)
        for index, item in enumerate(service.items("LoadBalancers") if tasks else ()):
            port = item.get("ContainerPort") if isinstance(item, dict) else None
            group = item.get("TargetGroupArn") if isinstance(item, dict) else None
            if not str(port).isdecimal() or tasks is None or tasks.unresolved:
                continue
            ports = Ports("tcp", int(str(port)), int(str(port)))
            for balancer in context.balancers_of(name_of(group)):
                source = network.workloads.get(balancer)
                if source is None or admits(context, source, tasks.logical_id, ports):
                    continue
                yield hit(
                    service,
                    f"LoadBalancers.{index}",
                    f"{balancer} cannot reach the tasks on {ports}: the security groups of one "
                    "side do not let it pass; every health check fails, and the deployment with it",
                    f"let the group of {balancer} out to the group of the tasks, and let it in "
                    f"there, on {ports}",
                )
            yield from _health(context, service, tasks, name_of(group), f"LoadBalancers.{index}")


def _health(
    context: Context, service: Resource, tasks: NetworkWorkload, group: str, path: str
) -> Iterator[Hit]:
    """Yield where a health check goes to a port that the load balancer cannot reach."""
    target = context.view.resources.get(group)
    port = target.number("HealthCheckPort") if target else None
    if port is None:
        return  # it goes where the requests go
    ports = Ports("tcp", int(port), int(port))
    for balancer in context.balancers_of(group):
        source = context.network.workloads.get(balancer)
        if source is not None and not admits(context, source, tasks.logical_id, ports):
            yield hit(
                service,
                path,
                f"{balancer} cannot reach the tasks on {ports}, where {group} checks their "
                "health: every check fails, and the deployment with it",
                f"let {ports} pass, or set HealthCheckPort: traffic-port on {group}",
            )


@rule(
    "DEPLOY-WAY-NAT",
    "A public NAT gateway in a subnet without an internet gateway",
    types=("AWS::EC2::NatGateway",),
    severity=Severity.WARNING,
    source="VPC user guide: NAT gateways, a public NAT gateway stands in a public subnet",
)
def nat_rule(context: Context) -> Iterator[Hit]:
    for nat in context.of_type("AWS::EC2::NatGateway"):
        if nat.get("ConnectivityType") not in (None, "public"):
            continue
        if not nat_works(context, nat.logical_id):
            yield hit(
                nat,
                "SubnetId",
                f"{name_of(nat.get('SubnetId'))} has no route to an internet gateway: nothing "
                "that leaves through this NAT gateway arrives",
                "put it into a subnet whose route table leads 0.0.0.0/0 to an internet gateway",
            )
