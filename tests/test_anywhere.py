"""The constructs in anybody's CDK app: no feature flag, no context, no settings of ours."""

from __future__ import annotations

import json
from typing import cast

import pytest
from aws_cdk import (
    App,
    Environment,
    IPolicyValidationPlugin,
    SecretValue,
    Stack,
    Validations,
)
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from pci_constructs.alarms import Watched
from pci_constructs.custom_resources import CustomResources
from pci_constructs.database import Database
from pci_constructs.database_identities import DatabaseIdentities
from pci_constructs.encryption import Encryption
from pci_constructs.foundation import Foundation
from pci_constructs.ingress import Ingress
from pci_constructs.monitoring import Monitoring
from pci_constructs.names import Names
from pci_constructs.network import Network, Tier
from pci_constructs.place import Place
from pci_constructs.service import Service
from pci_constructs.settings.ingress import IngressSettings
from pci_constructs.settings.network import NetworkSettings
from pci_constructs.settings.protection import ProtectionSettings
from pcistack.checks.plugins import SchemaPlugin
from tests.support import CERTIFICATE, Synthesized, listed, references, statements, target

ZONES = ("eu-central-2a", "eu-central-2b")


def _secret(
    stack: Stack, construct_id: str, value: SecretValue | None = None
) -> secretsmanager.ISecret:
    return cast(
        "secretsmanager.ISecret",
        secretsmanager.Secret(stack, construct_id, secret_string_value=value),
    )


class Anybody:
    """Somebody's app and stack, with the constructs on it that a test asks for."""

    def __init__(self, *, region: str | None = None, workers: tuple[str, ...] = ()) -> None:
        # The CDK's own validation, by its native build: WebAssembly takes seconds to start.
        app = App(builtin_cloud_formation_validation=False)
        Validations.of(app).add_plugins(cast("IPolicyValidationPlugin", SchemaPlugin()))
        self.stack = Stack(app, "Shop", env=Environment(region=region))
        names = Names(project="shop", suffix="dev", workers=workers)
        protection = ProtectionSettings()
        self.foundation = Foundation(
            names=names,
            place=Place.of(self.stack),
            protection=protection,
            keys=Encryption(self.stack, "Keys", names=names, protection=protection),
        )
        vpc = ec2.Vpc(self.stack, "Vpc", availability_zones=list(ZONES))
        private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.tier = Tier(vpc=vpc, subnets=private, zones=ZONES)

    def network(self) -> Network:
        settings = NetworkSettings(zones=ZONES)
        return Network(self.stack, "Network", foundation=self.foundation, settings=settings)

    def database(self) -> Database:
        return Database(self.stack, "Database", foundation=self.foundation, tier=self.tier)

    def service(self) -> Service:
        secret = _secret(self.stack, "Login", SecretValue.unsafe_plain_text("{}"))
        return Service(
            self.stack, "Service", foundation=self.foundation, tier=self.tier, secret=secret
        )

    def identities(self, network: Network, database: Database) -> DatabaseIdentities:
        return DatabaseIdentities(
            self.stack,
            "Identities",
            foundation=self.foundation,
            network=network,
            database=database,
            services={},
        )

    def ingress(self, network: Network, service: Service) -> Ingress:
        return Ingress(
            self.stack,
            "Ingress",
            foundation=self.foundation,
            network=network,
            service=service,
            settings=IngressSettings(certificate_arn=CERTIFICATE),
        )

    def template(self) -> Synthesized:
        return Synthesized(Template.from_stack(self.stack).to_json())


def test_network_stands_alone() -> None:
    app = Anybody()
    app.network()
    assert app.template().all("AWS::EC2::FlowLog")


def test_database_stands_alone_without_a_region_and_without_flags() -> None:
    app = Anybody()
    database = app.database()
    app.identities(app.network(), database)
    assert app.template().one("AWS::RDS::DBCluster")["StorageEncrypted"] is True


def test_service_stands_alone() -> None:
    app = Anybody()
    app.service()
    assert app.template().one("AWS::ECS::Service")["LaunchType"] == "FARGATE"


def test_everything_stands_together_in_a_stack_with_a_region() -> None:
    app = Anybody(region="eu-central-2")
    network, database, service = app.network(), app.database(), app.service()
    Monitoring(
        app.stack,
        "Monitoring",
        foundation=app.foundation,
        watch=Watched(
            network=network,
            service=service,
            database=database,
            identities=app.identities(network, database),
            ingress=app.ingress(network, service),
        ),
    )
    CustomResources(app.stack, "CustomResources", foundation=app.foundation, tags={})
    template = app.template()
    assert template.all("AWS::WAFv2::WebACL")
    assert len(template.all("AWS::CloudWatch::Alarm")) > 10


def granted(template: Synthesized, role: str) -> set[str]:
    """Actions that policies beside the role's own list give to it."""
    return {
        str(action)
        for policy in template.all("AWS::IAM::Policy")
        if role in set(references(policy["Roles"]))
        for statement in statements(policy["PolicyDocument"])
        for action in listed(statement["Action"])
    }


@pytest.mark.parametrize("kind", ["TaskRoleArn", "ExecutionRoleArn"])
def test_a_grant_to_a_role_of_ours_takes_effect(kind: str) -> None:
    app = Anybody()
    task = app.service().task_definition
    queue = sqs.Queue(app.stack, "Queue")
    role = task.task_role if kind == "TaskRoleArn" else task.obtain_execution_role()
    queue.grant_send_messages(role)
    template = app.template()
    holder = target(template.one("AWS::ECS::TaskDefinition")[kind])
    assert "sqs:SendMessage" in granted(template, holder)


def test_a_secret_that_is_added_to_the_container_can_be_read() -> None:
    app = Anybody()
    service = app.service()
    container = service.task_definition.default_container
    assert container is not None
    own = _secret(app.stack, "Own")
    container.add_secret("TOKEN", ecs.Secret.from_secrets_manager(own))
    template = app.template()
    role = target(template.one("AWS::ECS::TaskDefinition")["ExecutionRoleArn"])
    assert "secretsmanager:GetSecretValue" in granted(template, role)


def test_a_permission_of_the_function_of_the_users_takes_effect() -> None:
    app = Anybody()
    function = app.identities(app.network(), app.database()).function
    queue = sqs.Queue(app.stack, "Queue")
    queue.grant_send_messages(function)
    template = app.template()
    functions = template.all("AWS::Lambda::Function")
    (own,) = [one for one in functions if one["Handler"] == "database_users.index.handler"]
    role = target(own["Role"])
    assert "sqs:SendMessage" in granted(template, role)


def test_what_the_constructs_need_is_listed_and_not_granted_a_second_time() -> None:
    app = Anybody()
    app.service()
    app.identities(app.network(), app.database())
    assert app.template().ids("AWS::IAM::Policy") == []


def test_a_second_service_shares_the_cluster_and_has_names_of_its_own() -> None:
    app = Anybody(workers=("reports",))
    first = app.service()
    Service(
        app.stack,
        "Reports",
        foundation=app.foundation,
        tier=app.tier,
        secret=_secret(app.stack, "Other"),
        name="reports",
        cluster=first.cluster,
    )
    template = app.template()
    assert len(template.ids("AWS::ECS::Cluster")) == 1
    names = {service["ServiceName"] for service in template.all("AWS::ECS::Service")}
    assert names == {"shop-dev", "shop-dev-reports"}
    (key,) = [k for k in template.all("AWS::KMS::Key") if "reports" in json.dumps(k)]
    assert "log-group:/shop/dev/tasks/reports" in json.dumps(key)


def test_a_log_group_that_the_key_does_not_serve_is_refused_at_once() -> None:
    app = Anybody()
    first = app.service()
    with pytest.raises(ValueError, match="add the worker or job there"):
        Service(
            app.stack,
            "Reports",
            foundation=app.foundation,
            tier=app.tier,
            secret=_secret(app.stack, "Other"),
            name="reports",
            cluster=first.cluster,
        )
