"""Tidies the functions that the CDK adds for its own custom resources."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnResource, CustomResourceProviderBase, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, Node

from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.policy import allow, policy


class CustomResources(Construct):
    """Gives the CDK's custom-resource functions a log group, least privilege and tags.

    Make it last: it acts on the functions that the stack has by then. They close the default
    security group and empty the log bucket, for which CloudFormation has no other way.

    Attributes:
        log_group: Where the functions log.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        tags: Mapping[str, str],
    ) -> None:
        """Tidy the functions.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Name, key and retention of the log.
            tags: Tags of functions and roles; the CDK's own tagging does not reach them.
        """
        super().__init__(scope, construct_id)
        self.log_group = owned_log_group(
            self,
            "LogGroup",
            name=foundation.names.custom_resource_logs,
            foundation=foundation,
        )
        logging = {"LogGroup": self.log_group.log_group_name}
        policies = [self._policy().ref]
        cfn_tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        for child in Stack.of(self).node.children:
            if isinstance(child, CustomResourceProviderBase):
                node = child.node
                role, function = _part(node, "Role"), _part(node, "Handler")
                role.add_property_override("ManagedPolicyArns", policies)
                role.add_property_override("Tags", cfn_tags)
                function.add_property_override("LoggingConfig", logging)
                function.add_property_override("Tags", cfn_tags)

    def _policy(self) -> iam.CfnManagedPolicy:
        """Return what takes the place of Lambda's basic policy.

        That one lets a function make log groups: what it writes while the stack is deleted would
        bring its group back, unencrypted and for ever, and the next deployment would fail.
        """
        write = allow("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn)
        return iam.CfnManagedPolicy(self, "Policy", policy_document=policy(write))


def _part(provider: Node, construct_id: str) -> CfnResource:
    part = provider.find_child(construct_id)
    assert isinstance(part, CfnResource)
    return part
