"""Tidies the functions that the CDK adds for its own custom resources."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import CfnResource, CustomResourceProviderBase, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from pci_constructs.log_group import owned_log_group
from pci_constructs.names import Names
from pci_constructs.protection import Protection


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomResourcesProps:
    """Inputs of :class:`CustomResources`.

    Attributes:
        names: Name of the log group.
        protection: Retention and removal of the log.
        logs_key: Encrypts the log.
    """

    names: Names
    protection: Protection
    logs_key: kms.IKey


class CustomResources(Construct):
    """Gives the CDK's custom-resource functions a log group that the stack owns.

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
        for child in Stack.of(self).node.children:
            if isinstance(child, CustomResourceProviderBase):
                function = child.node.find_child("Handler")
                assert isinstance(function, CfnResource)
                function.add_property_override("LoggingConfig", logging)
