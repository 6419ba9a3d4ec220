"""Tidies the functions that the CDK adds for its own custom resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import CfnResource, CustomResourceProviderBase, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from pci_constructs.log_group import owned_log_group
from pci_constructs.names import Names
from pci_constructs.policy import allow, policy
from pci_constructs.protection import Protection


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomResourcesProps:
    """Inputs of :class:`CustomResources`.

    Attributes:
        names: Name of the log group.
        protection: Retention and removal of the log.
        logs_key: Encrypts the log.
        tags: Tags of functions and roles; the CDK's own tagging does not reach them.
    """

    names: Names
    protection: Protection
    logs_key: kms.IKey
    tags: Mapping[str, str]


class CustomResources(Construct):
    """Gives the CDK's custom-resource functions a log group, least privilege and tags.

    Make it last: it acts on the functions that the stack has by then. They close the default
    security group and empty the log bucket, for which CloudFormation has no other way.

    Attributes:
        log_group: Where the functions log.
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: CustomResourcesProps) -> None:
        super().__init__(scope, construct_id)
        self.log_group = owned_log_group(
            self,
            "LogGroup",
            name=props.names.custom_resource_logs,
            key=props.logs_key,
            protection=props.protection,
        )
        logging = {"LogGroup": self.log_group.log_group_name}
        policies = [self._policy().ref]
        tags = [{"Key": key, "Value": value} for key, value in props.tags.items()]
        for child in Stack.of(self).node.children:
            if isinstance(child, CustomResourceProviderBase):
                role, function = _part(child, "Role"), _part(child, "Handler")
                role.add_property_override("ManagedPolicyArns", policies)
                role.add_property_override("Tags", tags)
                function.add_property_override("LoggingConfig", logging)
                function.add_property_override("Tags", tags)

    def _policy(self) -> iam.CfnManagedPolicy:
        """Return what takes the place of Lambda's basic policy.

        That one lets a function make log groups: what it writes while the stack is deleted would
        bring its group back, unencrypted and for ever, and the next deployment would fail.
        """
        write = allow("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn)
        return iam.CfnManagedPolicy(self, "Policy", policy_document=policy(write))


def _part(provider: CustomResourceProviderBase, construct_id: str) -> CfnResource:
    part = provider.node.find_child(construct_id)
    assert isinstance(part, CfnResource)
    return part
