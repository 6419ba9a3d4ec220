"""The service: hardened tasks, least privilege, scaling within its limits."""

import json

import pytest

from tests.support import (
    APART,
    ENDPOINTS,
    PRIVATE_IMAGE,
    Synthesized,
    listed,
    statements,
    target,
    template,
    text,
    variant,
    waits_for,
)

DEV = template("dev")
PROD = template("prod")


def service() -> dict[str, object]:
    return DEV.one("AWS::ECS::Service")


def task() -> dict[str, object]:
    return DEV.one("AWS::ECS::TaskDefinition")


def container(synthesized: Synthesized = DEV) -> dict[str, object]:
    (only,) = listed(synthesized.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"])
    assert isinstance(only, dict)
    return only


def permissions(role: str, synthesized: Synthesized = DEV) -> dict[str, list[object]]:
    """Resources by action of a role's managed policies."""
    properties = synthesized.named(role, "AWS::IAM::Role")
    found: dict[str, list[object]] = {}
    for reference in listed(properties.get("ManagedPolicyArns", [])):
        policy = synthesized.properties(target(reference))
        for statement in statements(policy["PolicyDocument"]):
            for action in listed(statement["Action"]):
                found[str(action)] = listed(statement["Resource"])
    return found


def test_container_insights_are_on_and_their_log_group_exists_first() -> None:
    cluster = DEV.one("AWS::ECS::Cluster")
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    (key,) = DEV.ids("AWS::ECS::Cluster")
    groups = [
        DEV.properties(str(d)).get("LogGroupName") for d in listed(DEV.resources[key]["DependsOn"])
    ]
    assert groups == ["/aws/ecs/containerinsights/pcidss-dev/performance"]


def test_tasks_run_in_private_subnets_without_public_address_on_the_latest_platform() -> None:
    network = service()["NetworkConfiguration"]
    assert isinstance(network, dict)
    configuration = network["AwsvpcConfiguration"]
    assert configuration["AssignPublicIp"] == "DISABLED"
    assert all("Private" in DEV.path(target(s)) for s in configuration["Subnets"])
    assert len(configuration["Subnets"]) == 2
    assert service()["LaunchType"] == "FARGATE"
    assert service()["PlatformVersion"] == "LATEST"


def test_nobody_reaches_the_tasks_without_ingress() -> None:
    network = service()["NetworkConfiguration"]
    assert isinstance(network, dict)
    (group,) = [target(g) for g in network["AwsvpcConfiguration"]["SecurityGroups"]]
    assert "SecurityGroupIngress" not in DEV.properties(group)
    assert not [
        r for r in DEV.all("AWS::EC2::SecurityGroupIngress") if target(r["GroupId"]) == group
    ]


def test_tasks_leave_on_https_and_to_the_database_only() -> None:
    group = DEV.named("Service/SecurityGroup", "AWS::EC2::SecurityGroup")
    (https,) = listed(group["SecurityGroupEgress"])
    assert isinstance(https, dict)
    assert (https["FromPort"], https["ToPort"], https["IpProtocol"]) == (443, 443, "tcp")
    (own,) = [key for key in DEV.ids("AWS::EC2::SecurityGroup") if "ServiceSecurity" in key]
    rules = DEV.all("AWS::EC2::SecurityGroupEgress")
    (database,) = [rule for rule in rules if target(rule["GroupId"]) == own]
    assert (database["FromPort"], database["ToPort"]) == (6603, 6603)
    assert "DatabaseSecurityGroup" in target(database["DestinationSecurityGroupId"])


@pytest.mark.parametrize("egress", ["nat", "endpoints"])
def test_tasks_start_only_when_they_can_reach_their_image(egress: str) -> None:
    synthesized = DEV if egress == "nat" else variant(**ENDPOINTS)
    (service,) = synthesized.ids("AWS::ECS::Service")
    first = waits_for(synthesized, service)
    assert set(synthesized.ids("AWS::EC2::VPCEndpoint")) <= first
    nat_routes = {
        key
        for key in synthesized.ids("AWS::EC2::Route")
        if "NatGatewayId" in synthesized.properties(key)
    }
    assert nat_routes <= first
    assert bool(nat_routes) == (egress == "nat")
    for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        assert set(synthesized.ids(kind)) <= first


@pytest.mark.parametrize("suffix", ["dev", "prod"])
def test_tasks_start_only_when_the_database_takes_connections(suffix: str) -> None:
    synthesized = template(suffix)
    (service,) = synthesized.ids("AWS::ECS::Service")
    first = waits_for(synthesized, service)
    instances = first & set(synthesized.ids("AWS::RDS::DBInstance"))
    names = [synthesized.properties(key)["DBInstanceIdentifier"] for key in instances]
    assert names == [f"transaction-db-instance-{suffix}"]  # a reader would only make it later
    assert set(synthesized.ids("AWS::SecretsManager::SecretTargetAttachment")) <= first
    for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        assert set(synthesized.ids(kind)) <= first


def test_container_is_not_root_and_cannot_write_its_own_filesystem() -> None:
    assert container()["User"] == "101"
    assert container()["ReadonlyRootFilesystem"] is True
    assert container()["Privileged"] is False


def test_container_has_no_capability_and_writes_to_its_scratch_directory_only() -> None:
    linux = container()["LinuxParameters"]
    assert isinstance(linux, dict)
    assert linux["Capabilities"] == {"Drop": ["ALL"]}
    assert linux["Tmpfs"] == [
        {
            "ContainerPath": "/tmp",
            "Size": 64,
            "MountOptions": ["mode=1777", "noexec", "nosuid", "nodev"],
        }
    ]
    assert "Volumes" not in task()


def test_container_has_a_health_check_and_a_memory_limit() -> None:
    check = container()["HealthCheck"]
    assert isinstance(check, dict)
    assert check["Command"][0] == "CMD-SHELL"
    assert "127.0.0.1:8080" in check["Command"][1]
    seconds = {name: value for name, value in check.items() if name != "Command"}
    assert seconds == {"Interval": 15, "Timeout": 5, "Retries": 3, "StartPeriod": 30}
    assert container()["Memory"] == 512
    assert (task()["Cpu"], task()["Memory"]) == ("256", "512")


def test_container_logs_to_an_owned_encrypted_group() -> None:
    logging = container()["LogConfiguration"]
    assert isinstance(logging, dict)
    assert logging["LogDriver"] == "awslogs"
    assert logging["Options"]["mode"] == "non-blocking"  # a full log must not stop payments
    assert logging["Options"]["awslogs-stream-prefix"] == "service"
    group = DEV.properties(target(logging["Options"]["awslogs-group"]))
    assert group["LogGroupName"] == "/pcidss/dev/tasks"
    assert "EncryptionLogs" in target(group["KmsKeyId"])


def test_database_secret_comes_from_secrets_manager_and_never_from_the_environment() -> None:
    assert "Environment" not in container()
    secrets = {s["Name"]: text(s["ValueFrom"]) for s in container()["Secrets"]}  # type: ignore[attr-defined]
    fields = {name: secret.rpartition("}")[2] for name, secret in secrets.items()}
    assert fields == {
        "DATABASE_HOST": ":host::",
        "DATABASE_READER_HOST": ":readerhost::",
        "DATABASE_PORT": ":port::",
        "DATABASE_NAME": ":dbname::",
        "DATABASE_USER": ":username::",
        "DATABASE_PASSWORD": ":password::",
    }
    (own,) = [key for key in DEV.ids("AWS::SecretsManager::Secret") if "Application" in key]
    assert all(secret.startswith(f"${{{own}}}") for secret in secrets.values())


def test_task_and_execution_roles_differ_and_the_task_may_do_nothing() -> None:
    assert target(task()["TaskRoleArn"]) != target(task()["ExecutionRoleArn"])
    assert permissions("Service/TaskRole") == {}


def test_execution_role_may_start_the_task_and_no_more() -> None:
    allowed = permissions("Service/ExecutionRole")
    group = target(container()["LogConfiguration"]["Options"]["awslogs-group"])  # type: ignore[index]
    (secret,) = [key for key in DEV.ids("AWS::SecretsManager::Secret") if "Application" in key]
    key = target(DEV.properties(secret)["KmsKeyId"])
    assert {action: [target(r) for r in resources] for action, resources in allowed.items()} == {
        "kms:Decrypt": [key],
        "logs:CreateLogStream": [group],
        "logs:PutLogEvents": [group],
        "secretsmanager:GetSecretValue": [secret],
    }


def test_roles_are_assumed_by_tasks_of_this_account_only() -> None:
    for name in ("TaskRole", "ExecutionRole"):
        role = DEV.named(f"Service/{name}", "AWS::IAM::Role")
        (trust,) = statements(role["AssumeRolePolicyDocument"])
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        condition = trust["Condition"]
        assert isinstance(condition, dict)
        assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        source = text(condition["ArnLike"]["aws:SourceArn"])
        assert source == "arn:aws:ecs:eu-central-2:${AWS::AccountId}:*"


def test_a_private_image_may_be_pulled_from_its_repository_only() -> None:
    private = variant(service={"image": PRIVATE_IMAGE})
    allowed = permissions("Service/ExecutionRole", private)
    assert allowed["ecr:GetAuthorizationToken"] == ["*"]  # it has no resource
    assert text(allowed["ecr:BatchGetImage"][0]).endswith(
        ":ecr:eu-central-2:111111111111:repository/team/app"
    )
    assert "team/app:1.2" in json.dumps(container(private)["Image"])


def test_a_private_image_may_be_named_by_its_digest() -> None:
    image = json.dumps(container(variant(**APART))["Image"])
    assert "/app@sha256:" + "0" * 64 in image


def test_failed_deployments_roll_back_and_nobody_opens_a_shell() -> None:
    deployment = service()["DeploymentConfiguration"]
    assert isinstance(deployment, dict)
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert service()["EnableExecuteCommand"] is False


def test_tasks_carry_the_tags_of_their_service() -> None:
    assert service()["PropagateTags"] == "SERVICE"
    assert service()["EnableECSManagedTags"] is True


def test_cluster_and_service_have_the_names_that_logs_alarms_and_roles_expect() -> None:
    assert DEV.one("AWS::ECS::Cluster")["ClusterName"] == "pcidss-dev"
    assert service()["ServiceName"] == "pcidss-dev"


def test_every_setting_of_the_task_is_taken() -> None:
    chosen = variant(
        service={
            "cpu": 1024,
            "memory_mib": 2048,
            "user": "1000",
            "container_port": 9000,
            "health_check_command": "/bin/well",
            "scratch_paths": ["/tmp", "/var/cache"],
            "scratch_mib": 128,
        }
    )
    task = chosen.one("AWS::ECS::TaskDefinition")
    assert (task["Cpu"], task["Memory"]) == ("1024", "2048")
    assert task["RuntimePlatform"] == {
        "CpuArchitecture": "X86_64",
        "OperatingSystemFamily": "LINUX",
    }
    made = container(chosen)
    assert (made["User"], made["Memory"]) == ("1000", 2048)
    assert made["PortMappings"] == [{"ContainerPort": 9000, "Protocol": "tcp"}]
    assert made["HealthCheck"]["Command"] == ["CMD-SHELL", "/bin/well"]  # type: ignore[index]
    tmpfs = made["LinuxParameters"]["Tmpfs"]  # type: ignore[index]
    assert [(t["ContainerPath"], t["Size"]) for t in tmpfs] == [("/tmp", 128), ("/var/cache", 128)]


@pytest.mark.parametrize(
    ("synthesized", "least", "most"), [(DEV, 1, 2), (PROD, 2, 6)], ids=["dev", "prod"]
)
def test_task_count_scales_between_its_limits_and_no_deployment_resets_it(
    synthesized: Synthesized, least: int, most: int
) -> None:
    assert "DesiredCount" not in synthesized.one("AWS::ECS::Service")
    scalable = synthesized.one("AWS::ApplicationAutoScaling::ScalableTarget")
    assert (scalable["MinCapacity"], scalable["MaxCapacity"]) == (least, most)


def test_scaling_tracks_cpu_and_memory_and_requests_when_there_is_ingress() -> None:
    def tracked(synthesized: Synthesized) -> dict[str, tuple[int, int, int]]:
        found = {}
        for policy in synthesized.all("AWS::ApplicationAutoScaling::ScalingPolicy"):
            aim = policy["TargetTrackingScalingPolicyConfiguration"]
            assert isinstance(aim, dict)
            metric = aim["PredefinedMetricSpecification"]["PredefinedMetricType"]
            cooldowns = (aim["ScaleOutCooldown"], aim["ScaleInCooldown"])
            found[metric] = (aim["TargetValue"], *cooldowns)
        return found

    use = {
        "ECSServiceAverageCPUUtilization": (60, 60, 300),
        "ECSServiceAverageMemoryUtilization": (70, 60, 300),
    }
    assert tracked(DEV) == use
    assert tracked(PROD) == {**use, "ALBRequestCountPerTarget": (3000, 60, 300)}
