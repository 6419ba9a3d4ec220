"""Task definitions and services of ECS: what registration and creation refuse."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_TASK = """
Thing:
  Type: AWS::ECS::TaskDefinition
  Properties:
    RequiresCompatibilities: [FARGATE]
    NetworkMode: awsvpc
    Cpu: '512'
    Memory: '1024'
    ContainerDefinitions:
      - Name: web
        Image: public.ecr.aws/nginx/nginx:1
"""
_SERVICE = """
Task:
  Type: AWS::ECS::TaskDefinition
  Properties:
    RequiresCompatibilities: [FARGATE]
    NetworkMode: awsvpc
    Cpu: '512'
    Memory: '1024'
    ContainerDefinitions: [{Name: web, Image: i, PortMappings: [{ContainerPort: 8080}]}]
Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: ip, Port: 80,
  Protocol: HTTP, VpcId: vpc-1}}
Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: a, Port: 80,
  Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]}}
Thing:
  Type: AWS::ECS::Service
  Properties:
    TaskDefinition: !Ref Task
    LaunchType: FARGATE
    NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [s]}}
    LoadBalancers: [{ContainerName: web, ContainerPort: 8080, TargetGroupArn: !Ref Group}]
"""
_C0 = "ContainerDefinitions.0"


def _task(rule: str, path: str, old: str, new: str, name: str = "") -> Case:
    """A task that is good as it stands, and bad with one text put in another's place."""
    assert old in _TASK
    return Case(
        rule=rule,
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=template(_TASK.replace(old, new)),
        good=template(_TASK),
    )


def _container(rule: str, path: str, bad: str, good: str, name: str = "") -> Case:
    """A container of which one property is bad or good."""
    return Case(
        rule=rule,
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=template(f"{_TASK}        {bad}\n"),
        good=template(f"{_TASK}        {good}\n"),
    )


def _service(
    rule: str, path: str, old: str, new: str, *, name: str = "", resource: str = "Thing"
) -> Case:
    assert old in _SERVICE
    return Case(
        rule=rule,
        name=name,
        severity=Severity.FATAL,
        resource=resource,
        property=path,
        bad=template(_SERVICE.replace(old, new)),
        good=template(_SERVICE),
    )


_LOG = "LogConfiguration: {LogDriver: %s, Options: {%s}}"
_AWSLOGS = "awslogs-group: g, awslogs-region: r"

CASES = (
    _task("DEPLOY-FARGATE-SIZE", "Memory", "'1024'", "'512'"),
    _task("DEPLOY-FARGATE-SIZE", "Cpu", "'512'", "'300'", "cpu"),
    _task("DEPLOY-FARGATE-SIZE", "Memory", "'1024'", "8 GB", "units"),
    _task("DEPLOY-FARGATE-SIZE", "Memory", "    Memory: '1024'\n", "", "absent"),
    _task("DEPLOY-FARGATE-TASK", "NetworkMode", "awsvpc", "bridge", "network mode"),
    _task("DEPLOY-FARGATE-TASK", "PidMode", "    Cpu", "    PidMode: host\n    Cpu", "pid mode"),
    _task(
        "DEPLOY-FARGATE-TASK",
        "Volumes.0.Host.SourcePath",
        "    Cpu",
        "    Volumes: [{Name: v, Host: {SourcePath: /x}}]\n    Cpu",
        "host volume",
    ),
    _task(
        "DEPLOY-FARGATE-TASK",
        "EphemeralStorage.SizeInGiB",
        "    Cpu",
        "    EphemeralStorage: {SizeInGiB: 500}\n    Cpu",
        "storage",
    ),
    _task(
        "DEPLOY-FARGATE-TASK",
        "RuntimePlatform.CpuArchitecture",
        "    Cpu",
        "    RuntimePlatform: {CpuArchitecture: ARM}\n    Cpu",
        "processor",
    ),
    _container(
        "DEPLOY-FARGATE-TASK", f"{_C0}.Privileged", "Privileged: true", "Privileged: false", "flag"
    ),
    _container(
        "DEPLOY-FARGATE-TASK",
        f"{_C0}.LinuxParameters.Capabilities.Add.0",
        "LinuxParameters: {Capabilities: {Add: [NET_ADMIN]}}",
        "LinuxParameters: {Capabilities: {Add: [SYS_PTRACE], Drop: [ALL]}}",
        "capability",
    ),
    _container(
        "DEPLOY-FARGATE-TASK",
        f"{_C0}.LinuxParameters.SharedMemorySize",
        "LinuxParameters: {SharedMemorySize: 64}",
        "LinuxParameters: {InitProcessEnabled: true}",
        "shared memory",
    ),
    _container(
        "DEPLOY-FARGATE-TASK",
        f"{_C0}.Ulimits.0.Name",
        "Ulimits: [{Name: core, SoftLimit: 1, HardLimit: 1}]",
        "Ulimits: [{Name: nofile, SoftLimit: 1, HardLimit: 1}]",
        "ulimit",
    ),
    _container(
        "DEPLOY-FARGATE-TASK",
        f"{_C0}.PortMappings.0.HostPort",
        "PortMappings: [{ContainerPort: 80, HostPort: 8080}]",
        "PortMappings: [{ContainerPort: 80, HostPort: 80}]",
        "host port",
    ),
    _container(
        "DEPLOY-FARGATE-TASK",
        f"{_C0}.LogConfiguration.LogDriver",
        "LogConfiguration: {LogDriver: syslog}",
        "LogConfiguration: {LogDriver: splunk}",
        "log driver",
    ),
    _container("DEPLOY-TASK-CONTAINERS", "ContainerDefinitions", "Essential: false", "Cpu: 1"),
    _container(
        "DEPLOY-TASK-CONTAINERS",
        f"{_C0}.DependsOn.0.ContainerName",
        "DependsOn: [{ContainerName: other, Condition: START}]",
        "Cpu: 1",
        "dependency",
    ),
    _container(
        "DEPLOY-TASK-CONTAINERS",
        f"{_C0}.MountPoints.0.SourceVolume",
        "MountPoints: [{SourceVolume: v, ContainerPath: /v}]",
        "Cpu: 1",
        "volume",
    ),
    _container(
        "DEPLOY-TASK-CONTAINERS",
        f"{_C0.replace('0', '1')}.Name",
        "Cpu: 1\n      - {Name: web, Image: i}",
        "Cpu: 1\n      - {Name: other, Image: i}",
        "name",
    ),
    _container("DEPLOY-TASK-MEMORY", f"{_C0}.Memory", "Memory: 2048", "Memory: 1024"),
    _container("DEPLOY-TASK-MEMORY", "Cpu", "Cpu: 1024", "Cpu: 512", "cpu"),
    _container(
        "DEPLOY-TASK-MEMORY",
        f"{_C0}.MemoryReservation",
        "Memory: 128\n        MemoryReservation: 256",
        "Memory: 256\n        MemoryReservation: 128",
        "reservation",
    ),
    _container(
        "DEPLOY-TASK-MEMORY",
        "Memory",
        "Memory: 800\n      - {Name: b, Image: i, Memory: 800}",
        "Memory: 500\n      - {Name: b, Image: i, Memory: 500}",
        "sum",
    ),
    _container(
        "DEPLOY-TASK-HEALTH-CHECK",
        f"{_C0}.HealthCheck.Interval",
        "HealthCheck: {Command: [CMD, x], Interval: 301}",
        "HealthCheck: {Command: [CMD, x], Interval: 300}",
    ),
    _container(
        "DEPLOY-TASK-HEALTH-CHECK",
        f"{_C0}.HealthCheck.Command",
        "HealthCheck: {Command: [curl localhost]}",
        "HealthCheck: {Command: [CMD-SHELL, curl localhost]}",
        "command",
    ),
    _container(
        "DEPLOY-TASK-LOG-OPTIONS",
        f"{_C0}.LogConfiguration.Options",
        _LOG % ("awslogs", _AWSLOGS),
        _LOG % ("awslogs", f"{_AWSLOGS}, awslogs-stream-prefix: p"),
    ),
    _container(
        "DEPLOY-TASK-LOG-OPTIONS",
        f"{_C0}.LogConfiguration.Options.awslogs-stream-name",
        _LOG % ("awslogs", f"{_AWSLOGS}, awslogs-stream-prefix: p, awslogs-stream-name: n"),
        _LOG % ("awslogs", f"{_AWSLOGS}, awslogs-stream-prefix: p, mode: non-blocking"),
        "unknown",
    ),
    _container(
        "DEPLOY-TASK-VARIABLES",
        f"{_C0}.Secrets.0.Name",
        "Environment: [{Name: A, Value: b}]\n        Secrets: [{Name: A}]",
        "Environment: [{Name: A, Value: b}]\n        Secrets: [{Name: B}]",
    ),
    _container(
        "DEPLOY-TASK-EXECUTION-ROLE",
        "ExecutionRoleArn",
        "Secrets: [{Name: A, ValueFrom: b}]",
        "Environment: [{Name: A, Value: b}]",
    ),
    _service(
        "DEPLOY-FARGATE-TASK",
        "RequiresCompatibilities",
        "    RequiresCompatibilities: [FARGATE]\n",
        "",
        name="compatibility",
        resource="Task",
    ),
    _service(
        "DEPLOY-SERVICE-COMPUTE",
        "CapacityProviderStrategy",
        "    LaunchType: FARGATE\n",
        "    LaunchType: FARGATE\n    CapacityProviderStrategy: [{CapacityProvider: FARGATE}]\n",
    ),
    _service(
        "DEPLOY-SERVICE-COMPUTE",
        "PlatformVersion",
        "    LaunchType: FARGATE\n",
        "    LaunchType: FARGATE\n    PlatformVersion: 1.1.0\n",
        name="platform",
    ),
    _service(
        "DEPLOY-SERVICE-COMPUTE",
        "SchedulingStrategy",
        "    LaunchType: FARGATE\n",
        "    LaunchType: FARGATE\n    SchedulingStrategy: DAEMON\n",
        name="daemon",
    ),
    _service(
        "DEPLOY-SERVICE-NETWORK",
        "NetworkConfiguration",
        "    NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [s]}}\n",
        "",
    ),
    _service(
        "DEPLOY-SERVICE-LOAD-BALANCER",
        "LoadBalancers.0.ContainerPort",
        "ContainerPort: 8080, Target",
        "ContainerPort: 9999, Target",
        name="port",
    ),
    _service(
        "DEPLOY-SERVICE-LOAD-BALANCER",
        "LoadBalancers.0.ContainerName",
        "ContainerName: web",
        "ContainerName: app",
        name="name",
    ),
    _service(
        "DEPLOY-SERVICE-LOAD-BALANCER",
        "TargetType",
        "TargetType: ip",
        "TargetType: instance",
        name="target type",
        resource="Group",
    ),
    _service(
        "DEPLOY-SERVICE-LOAD-BALANCER",
        "LoadBalancers.0.TargetGroupArn",
        "TargetGroupArn: !Ref Group}]}}",
        "TargetGroupArn: other}]}}",
        name="listener",
    ),
    _service(
        "DEPLOY-SERVICE-DEPLOYMENT",
        "DeploymentConfiguration.DeploymentCircuitBreaker",
        "    LaunchType: FARGATE\n",
        "    LaunchType: FARGATE\n    DeploymentController: {Type: CODE_DEPLOY}\n"
        "    DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}\n",
    ),
    _service(
        "DEPLOY-SERVICE-DEPLOYMENT",
        "DeploymentConfiguration.MinimumHealthyPercent",
        "    LaunchType: FARGATE\n",
        "    LaunchType: FARGATE\n"
        "    DeploymentConfiguration: {MinimumHealthyPercent: 100, MaximumPercent: 100}\n",
        name="percent",
    ),
    Case(
        rule="DEPLOY-SERVICE-EXEC",
        property="EnableExecuteCommand",
        bad=template(f"{_SERVICE}    EnableExecuteCommand: true\n"),
        good=template(f"{_SERVICE}    EnableExecuteCommand: false\n"),
    ),
)
