"""Rotation of the database password, without the Serverless Application Repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.policy import allow
from pci_constructs.role import RoleProps, listed_role

_HANDLER: Final = Path(__file__).parent / "rotation_handler"


class Rotation(Construct):
    """A function that sets a new master password through the RDS API, then restarts the tasks.

    It speaks to AWS only, never to the database, so it needs no driver, no place in the VPC and
    no application from the Serverless Application Repository, which eu-central-2 lacks.

    Attributes:
        function: The function; its errors are worth an alarm (PCI DSS 10.7).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        secret: secretsmanager.ISecret,
        cluster: rds.DatabaseCluster,
        days: int = 30,
    ) -> None:
        """Create the function and its schedule.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names of the service to restart and of the log group; keys.
            secret: The attached master credentials of the cluster.
            cluster: The cluster whose password is set.
            days: Days between rotations; PCI DSS 8.6.3 leaves it to your risk analysis.
        """
        super().__init__(scope, construct_id)
        self._foundation, self._secret, self._cluster = foundation, secret, cluster
        log_group = owned_log_group(
            self, "LogGroup", name=foundation.names.rotation_logs, foundation=foundation
        )
        self.function = self._function(log_group)
        self._schedule(days)

    def _function(self, log_group: logs.LogGroup) -> lambda_.Function:
        names = self._foundation.names
        function = lambda_.Function(
            self,
            "Function",
            description=f"Rotates the master password of {names.database_cluster}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(_HANDLER), exclude=["__pycache__"]),
            timeout=Duration.minutes(10),
            memory_size=256,
            log_group=log_group,
            role=self._role(log_group),
            environment={
                "CLUSTER": names.database_cluster,
                "ECS_CLUSTER": names.ecs_cluster,
                "ECS_SERVICE": names.ecs_service(),
            },
        )
        function.add_permission(
            "SecretsManager",
            principal=cast("iam.IPrincipal", iam.ServicePrincipal("secretsmanager.amazonaws.com")),
            source_account=self._foundation.place.account,
        )
        acknowledge(
            function,
            {
                "PCI.DSS.321-LambdaInsideVPC": "It calls the RDS, ECS and Secrets Manager APIs and "
                "never the database; outside the VPC it has no path into the cardholder data "
                "environment."
            },
        )
        return function

    def _role(self, log_group: logs.LogGroup) -> iam.IRole:
        names, place = self._foundation.names, self._foundation.place
        key = self._foundation.keys.secrets
        service = place.arn("ecs", f"service/{names.ecs_cluster}/{names.ecs_service()}")
        return listed_role(
            self,
            "Role",
            props=RoleProps(
                description="Lets the rotation function set a new password",
                service="lambda.amazonaws.com",
                statements=(
                    allow(
                        "secretsmanager:DescribeSecret",
                        "secretsmanager:GetSecretValue",
                        "secretsmanager:PutSecretValue",
                        "secretsmanager:UpdateSecretVersionStage",
                        on=self._secret.secret_arn,
                    ),
                    allow("secretsmanager:GetRandomPassword"),
                    allow(
                        "kms:Decrypt",
                        "kms:GenerateDataKey",
                        on=key.key_arn,
                    ),
                    allow(
                        "rds:DescribeDBClusters",
                        "rds:ModifyDBCluster",
                        on=self._cluster.cluster_arn,
                    ),
                    allow("ecs:UpdateService", on=service),
                    allow("logs:CreateLogStream", "logs:PutLogEvents", on=log_group.log_group_arn),
                ),
                accepted={
                    "AwsSolutions-IAM5[Resource::*]": "secretsmanager:GetRandomPassword reads "
                    "nothing and has no resource; every other action names its resource."
                },
            ),
        ).role

    def _schedule(self, days: int) -> None:
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self._secret.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotate_immediately_on_update=False,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=f"rate({days} day{'s' if days > 1 else ''})"
            ),
        )
        permission = self.function.node.find_child("SecretsManager")
        schedule.node.add_dependency(permission)  # Secrets Manager tests that it may invoke
