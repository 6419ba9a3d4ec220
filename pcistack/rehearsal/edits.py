"""The changes that the rehearsal makes to a synthesized stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pcistack.rehearsal.assembly import TemplateBody

# Types that hold data: replacing one loses it.
STATEFUL = (
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBSubnetGroup",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)

_MORE_CAPACITY = 1


def _properties(template: TemplateBody, kind: str) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == kind
    ]


def grow(template: TemplateBody) -> None:
    """Raise the database's capacity and the service's counts, and change the image's tag."""
    scale(template)
    for properties in _properties(template, "AWS::ECS::TaskDefinition"):
        container = properties["ContainerDefinitions"][0]
        container["Image"] = _next_release(container["Image"])


def scale_out(template: TemplateBody) -> None:
    """Let everything that scales stand at its top from the start."""
    for properties in _properties(template, "AWS::RDS::DBCluster"):
        capacity = properties["ServerlessV2ScalingConfiguration"]
        capacity["MinCapacity"] = capacity["MaxCapacity"]
    for properties in _properties(template, "AWS::ApplicationAutoScaling::ScalableTarget"):
        properties["MinCapacity"] = properties["MaxCapacity"]


def scale(template: TemplateBody) -> None:
    """Raise the database's capacity and the service's counts.

    A service without ``DesiredCount`` follows the least that autoscaling keeps.
    """
    for properties in _properties(template, "AWS::RDS::DBCluster"):
        properties["ServerlessV2ScalingConfiguration"]["MaxCapacity"] += _MORE_CAPACITY
    for properties in _properties(template, "AWS::ECS::Service"):
        if "DesiredCount" in properties:
            properties["DesiredCount"] += 1
    for properties in _properties(template, "AWS::ApplicationAutoScaling::ScalableTarget"):
        properties["MinCapacity"] += 1
        properties["MaxCapacity"] += 1


def _next_release(image: object) -> object:
    """Return another image of the same repository: another tag, or another digest.

    An image in a private ECR repository is an ``Fn::Join`` whose last part ends with the tag.
    """
    if isinstance(image, str):
        name, _, digest = image.partition("@")
        return f"{name}@sha256:{digest[-1] * 64}" if digest else f"{name}-rehearsed"
    if isinstance(image, Mapping) and isinstance(image.get("Fn::Join"), list):
        separator, parts = image["Fn::Join"]
        return {"Fn::Join": [separator, [*parts[:-1], _next_release(parts[-1])]]}
    raise TypeError(f"no image whose release can be changed: {image!r:.80}")


def touch(template: TemplateBody) -> None:
    """Change something harmless in almost every type: a tag, a description, a target."""
    for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        for properties in _properties(template, kind):
            properties["Description"] = "Rehearsed"
    for properties in _properties(template, "AWS::ApplicationAutoScaling::ScalingPolicy"):
        properties["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] += 1
    for resource in template["Resources"].values():
        tags = resource.get("Properties", {}).get("Tags")
        if isinstance(tags, list):
            tags.append({"Key": "Rehearsed", "Value": "yes"})


def replace_database(template: TemplateBody) -> None:
    """Change what `database.name` sets, which only a new cluster can have.

    The cluster's own name stays, as it does in the app: AWS announces it, and refuses to do it.
    """
    for properties in _properties(template, "AWS::RDS::DBCluster"):
        properties["DatabaseName"] = "rehearsed"


def import_certificates(template: TemplateBody, imported: Mapping[str, str]) -> None:
    """Put the certificates that the embedded AWS has in place of those the template names."""
    for properties in _properties(template, "AWS::ElasticLoadBalancingV2::Listener"):
        for certificate in properties.get("Certificates", []):
            arn = certificate.get("CertificateArn")
            if isinstance(arn, str):
                certificate["CertificateArn"] = imported[arn]


def certificate_arns(template: TemplateBody) -> set[str]:
    """Return the certificates that the listeners name."""
    return {
        certificate["CertificateArn"]
        for properties in _properties(template, "AWS::ElasticLoadBalancingV2::Listener")
        for certificate in properties.get("Certificates", [])
        if isinstance(certificate.get("CertificateArn"), str)
    }
