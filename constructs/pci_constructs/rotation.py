"""Rotation of the database password, without the Serverless Application Repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs import principals
from pci_constructs.acknowledge import acknowledge
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import Names
from pci_constructs.place import Place
from pci_constructs.protection import Protection

_HANDLER: Final = Path(__file__).parent / "rotation_handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationProps:
    """Inputs of :class:`Rotation`.

    Attributes:
        secret: The attached master credentials of the cluster.
        cluster: The cluster whose password is set.
        interval: Time between rotations; PCI DSS 8.6.3 leaves it to your risk analysis.
        names: Names of the service to restart and of the log group.
        place: The account whose secrets are rotated.
        protection: Retention and removal of the log.
        secrets_key: Key of the secret.
        logs_key: Encrypts the log.
    """

    secret: secretsmanager.ISecret
    cluster: rds.DatabaseCluster
    interval: Duration
    names: Names
    place: Place
    protection: Protection
    secrets_key: kms.IKey
    logs_key: kms.IKey


class Rotation(Construct):
    """A function that sets a new master password through the RDS API, then restarts the tasks.

    It speaks to AWS only, never to the database, so it needs no driver, no place in the VPC and
    no application from the Serverless Application Repository, which eu-central-2 lacks.

    Attributes:
        function: The function; its errors are worth an alarm (PCI DSS 10.7).
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: RotationProps) -> None:
        super().__init__(scope, construct_id)
        log_group = owned_log_group(
            self,
            "LogGroup",
            name=props.names.rotation_logs,
            key=props.logs_key,
            protection=props.protection,
        )
        self.function = self._function(props, log_group)
        self._schedule(props)

    def _function(self, props: RotationProps, log_group: logs.LogGroup) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description=f"Rotates the master password of {props.names.database_cluster}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(_HANDLER), exclude=["__pycache__"]),
            timeout=Duration.minutes(10),
            memory_size=256,
            log_group=log_group,
            role=self._role(props, log_group),
            environment={
                "CLUSTER": props.names.database_cluster,
                "ECS_CLUSTER": props.names.ecs_cluster,
                "ECS_SERVICE": props.names.ecs_service,
            },
        )
        function.add_permission(
            "SecretsManager",
            principal=principals.service("secretsmanager.amazonaws.com"),
            source_account=props.place.account,
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

    def _role(self, props: RotationProps, log_group: logs.LogGroup) -> iam.IRole:
        names = props.names
        service = props.place.arn("ecs", f"service/{names.ecs_cluster}/{names.ecs_service}")
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "secretsmanager:DescribeSecret",
                        "secretsmanager:GetSecretValue",
                        "secretsmanager:PutSecretValue",
                        "secretsmanager:UpdateSecretVersionStage",
                    ],
                    resources=[props.secret.secret_arn],
                ),
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[props.secrets_key.key_arn],
                ),
                iam.PolicyStatement(
                    actions=["rds:DescribeDBClusters", "rds:ModifyDBCluster"],
                    resources=[props.cluster.cluster_arn],
                ),
                iam.PolicyStatement(actions=["ecs:UpdateService"], resources=[service]),
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log_group.log_group_arn],
                ),
                # It reads nothing and cannot be limited to a resource.
                iam.PolicyStatement(actions=["secretsmanager:GetRandomPassword"], resources=["*"]),
            ],
        )
        acknowledge(
            policy,
            {
                "AwsSolutions-IAM5[Resource::*]": "secretsmanager:GetRandomPassword has no "
                "resource; every other action names its resource."
            },
        )
        role = iam.Role(
            self,
            "Role",
            description="Lets the rotation function set a new password",
            assumed_by=principals.service("lambda.amazonaws.com"),
            managed_policies=[policy],
        )
        return role.without_policy_updates()

    def _schedule(self, props: RotationProps) -> None:
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=props.secret.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotate_immediately_on_update=False,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=f"rate({props.interval.to_days():g} days)"
            ),
        )
        permission = self.function.node.find_child("SecretsManager")
        schedule.node.add_dependency(permission)  # Secrets Manager tests that it may invoke
