"""The database's identities: who may do what, each with a login of its own that rotates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from aws_cdk import CustomResource
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from pci_constructs import durations
from pci_constructs.database import Database
from pci_constructs.database_users.grants import GRANTS, users
from pci_constructs.database_users_code import HANDLER, digest, packed
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.network import Network, admit
from pci_constructs.policy import allow, deny
from pci_constructs.protection import removal_policy
from pci_constructs.role import RoleProps, listed_role

_WINDOW: Final = "3h"
_INTERFACES: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda itself needs to give a function a place in a VPC (Lambda guide)."""


class DatabaseIdentities(Construct):
    """One secret for each identity, and the one function that makes and rotates their users.

    The function is the only one that may read the master user's secret (PCI DSS 7.2.5, 8.6.1).

    Attributes:
        function: The function; its errors are worth an alarm (PCI DSS 10.7).
        security_group: The function's group.
        arns: ARN of the secret of each identity.
        ready: The users are made; wait for it before a task starts.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        network: Network,
        database: Database,
        services: Mapping[str, Sequence[str]],
    ) -> None:
        """Create the secrets, the function, the users and the rotation.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, protection and keys.
            network: Where the function stands: in the private tier.
            database: Whose users they are; its settings say when they rotate.
            services: ECS services by the identity whose secret their tasks hold.
        """
        super().__init__(scope, construct_id)
        self._foundation, self._network, self._database = foundation, network, database
        self._services = {
            identity: [[foundation.names.ecs_cluster, name] for name in names]
            for identity, names in services.items()
        }
        self._secrets = {identity: self._secret(identity) for identity in GRANTS}
        self.arns = {identity: secret.secret_arn for identity, secret in self._secrets.items()}
        self.security_group = group = self._security_group()
        log_group = owned_log_group(
            self, "LogGroup", name=foundation.names.database_users_logs, foundation=foundation
        )
        self.function = self._function(group, log_group)
        self._function_arn = self.function.function_arn
        may_rotate = self._permission()
        self.ready: IDependable = self._users(group)
        self._rotate(may_rotate, self.ready)

    def secret(self, identity: str) -> secretsmanager.ISecret:
        """Return the secret of an identity: host, readerhost, port, dbname, username, password.

        Args:
            identity: ``application``, ``owner`` or ``reader``.
        """
        return cast("secretsmanager.ISecret", self._secrets[identity])

    def _secret(self, identity: str) -> secretsmanager.Secret:
        """Generate a login; it is in no parameter and no template (PCI DSS 8.6.2)."""
        value = {
            "engine": "mysql",
            "host": self._database.host,
            "readerhost": self._database.reader_host,
            "port": str(self._database.settings.port),
            "dbname": self._database.settings.name,
            "username": users(identity)[0],
        }
        return secretsmanager.Secret(
            self,
            identity.capitalize(),
            description=f"Database identity {identity} of {self._foundation.names.stack}",
            encryption_key=self._foundation.keys.secrets,
            removal_policy=removal_policy(self._foundation.protection),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=_json(value),
                generate_string_key="password",
                password_length=32,
                exclude_punctuation=True,  # so that it stands in a URL as it is
                require_each_included_type=True,
            ),
        )

    def _security_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self._network.vpc,
            description="Function of the database users: every way out is listed, no way in",
            allow_all_outbound=False,
        )
        admit(
            self._database.security_group,
            group,
            name="UsersFunctionToDatabase",
            port=self._database.settings.port,
            reason="The function of the database users makes and tests logins over TLS",
        )
        self._network.give_way_to_aws(group, name="UsersFunctionToEndpoints")
        return group

    def _function(self, group: ec2.SecurityGroup, log_group: logs.LogGroup) -> lambda_.Function:
        tier, cluster = self._network.private, self._database.cluster
        return lambda_.Function(
            self,
            "Function",
            description=f"Makes and rotates the users of {cluster.node.path}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=HANDLER,
            code=lambda_.Code.from_asset(packed()),
            timeout=durations.minutes(10),
            memory_size=256,
            log_group=log_group,
            role=self._role(log_group),
            vpc=tier.vpc,
            vpc_subnets=tier.subnets,
            security_groups=[group],
            environment={
                "HOST": self._database.host,
                "PORT": str(self._database.settings.port),
                "DATABASE": self._database.settings.name,
                "MASTER_SECRET": self._database.master_secret_arn,
                "SECRETS": _json(self.arns),
                "SERVICES": json.dumps(self._services),
            },
        )

    def _permission(self) -> lambda_.CfnPermission:
        return lambda_.CfnPermission(
            self.function,
            "SecretsManager",
            action="lambda:InvokeFunction",
            function_name=self._function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=self._foundation.place.account,
        )

    def _role(self, log_group: logs.LogGroup) -> iam.IRole:
        place, cluster = self._foundation.place, self._foundation.names.ecs_cluster
        services = [
            place.arn("ecs", f"service/{cluster}/{name}")
            for pairs in self._services.values()
            for _, name in pairs
        ]
        key = self._foundation.keys.arns["secrets"]
        restart = [allow("ecs:UpdateService", on=services)] if services else []
        return listed_role(
            self,
            "Role",
            props=RoleProps(
                description="Lets the function make and rotate the database users",
                service="lambda.amazonaws.com",
                statements=(
                    allow("secretsmanager:GetSecretValue", on=self._database.master_secret_arn),
                    allow(
                        "secretsmanager:DescribeSecret",
                        "secretsmanager:GetSecretValue",
                        "secretsmanager:PutSecretValue",
                        "secretsmanager:UpdateSecretVersionStage",
                        on=list(self.arns.values()),
                    ),
                    allow("secretsmanager:GetRandomPassword"),
                    allow("kms:Decrypt", "kms:GenerateDataKey", on=key),
                    *restart,
                    allow("logs:CreateLogStream", "logs:PutLogEvents", on=log_group.log_group_arn),
                    allow(*_INTERFACES, sid="LambdaPlacesTheFunctionInTheVpc"),
                    deny(
                        *_INTERFACES,
                        when={"Null": {"lambda:SourceFunctionArn": "false"}},
                        sid="ButNotItsCode",
                    ),
                ),
                accepted={
                    "AwsSolutions-IAM5[Resource::*]": "Lambda makes and removes the function's "
                    "network interfaces with this role, and they have no name before; the code "
                    "itself is denied it. secretsmanager:GetRandomPassword reads nothing and has "
                    "no resource. Every other action names its resource."
                },
            ),
        ).role

    def _users(self, group: ec2.SecurityGroup) -> CustomResource:
        """Make the users at deployment; CloudFormation has no other way (decision 14)."""
        users_made = CustomResource(
            self,
            "Users",
            resource_type="Custom::DatabaseUsers",
            service_token=self._function_arn,
            service_timeout=durations.minutes(15),
            properties={  # a change of any makes the users again
                "Host": self._database.host,
                "Port": self._database.settings.port,
                "Secrets": list(self.arns.values()),
                "MasterSecret": self._database.master_secret_arn,
                "Code": digest(),
            },
        )
        users_made.node.add_dependency(
            self._database.writer,
            self._database.security_group,
            group,
            *self._network.way_out,
        )
        if self._network.endpoint_security_group is not None:
            users_made.node.add_dependency(self._network.endpoint_security_group)
        return users_made

    def _rotate(self, *tested: IDependable) -> None:
        """Rotate by a schedule, of which Secrets Manager tests at once what it needs.

        Args:
            tested: That it may invoke the function, and that the login works.
        """
        settings = self._database.settings
        rules = secretsmanager.CfnRotationSchedule.RotationRulesProperty(
            schedule_expression=rotation_cron(settings.rotation_days, settings.rotation_hour),
            duration=_WINDOW,
        )
        for identity, arn in self.arns.items():
            schedule = secretsmanager.CfnRotationSchedule(
                self,
                f"{identity.capitalize()}Schedule",
                secret_id=arn,
                rotation_lambda_arn=self._function_arn,
                rotate_immediately_on_update=False,
                rotation_rules=rules,
            )
            schedule.node.add_dependency(*tested)


def _json(value: Mapping[str, str]) -> str:
    return json.dumps(value, separators=(",", ":"))


def rotation_cron(days: int, hour: int) -> str:
    """Return a schedule whose rotations are never further apart than some days.

    A month's last gap is shorter: the days are counted anew from the first.
    """
    if days > 61:
        return f"cron(0 {hour} 1 1/2 ? *)"
    return f"cron(0 {hour} {'1' if days > 30 else f'1/{days}'} * ? *)"
