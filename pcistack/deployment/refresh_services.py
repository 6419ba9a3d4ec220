"""Make the table of metrics and endpoint services from the CDK's own tables.

Run ``python -m pcistack.deployment.refresh_services`` after an upgrade of ``aws-cdk-lib``.
"""

from __future__ import annotations

import importlib.util
import re
import tarfile
from pathlib import Path
from typing import Final

from pcistack.deployment.services import DATA
from pcistack.regional.refresh import render

NAMESPACES: Final = (
    *("AWS/ApiGateway", "AWS/ApplicationELB", "AWS/AutoScaling", "AWS/CloudFront", "AWS/DynamoDB"),
    *("AWS/EBS", "AWS/EC2", "AWS/ECS", "AWS/EFS", "AWS/ELB", "AWS/ElastiCache", "AWS/Events"),
    *("AWS/Firehose", "AWS/Kinesis", "AWS/Lambda", "AWS/Logs", "AWS/NATGateway", "AWS/NetworkELB"),
    *("AWS/SNS", "AWS/SQS", "AWS/States"),
)
_METRIC: Final = re.compile(r'namespace:"([^"]+)",metricName:"([^"]+)"')
_ENDPOINT: Final = re.compile(
    r'=new (Interface|Gateway)VpcEndpointAwsService\("([a-z0-9._-]+)"(,"[^"]*")?'
)


def main() -> None:
    """Write the table anew."""
    metrics: dict[str, set[str]] = {name: set() for name in NAMESPACES}
    endpoints: set[str] = set()
    with tarfile.open(_library()) as archive:
        for member in archive:
            metric = member.name.endswith("canned-metrics.generated.js")
            if not metric and not member.name.endswith("aws-ec2/lib/vpc-endpoint.js"):
                continue
            file = archive.extractfile(member)
            text = file.read().decode() if file else ""
            for namespace, name in _METRIC.findall(text):
                if namespace in metrics:
                    metrics[namespace].add(name)
            endpoints |= {name for _, name, prefix in _ENDPOINT.findall(text) if not prefix}
    table = {
        "endpoints": " ".join(sorted(endpoints)),
        "metrics": {name: " ".join(sorted(each)) for name, each in metrics.items()},
    }
    DATA.write_text(render(table), encoding="utf-8")


def _library() -> Path:
    spec = importlib.util.find_spec("aws_cdk")
    if spec is None or spec.origin is None:
        raise ImportError("aws_cdk")
    return next((Path(spec.origin).parent / "_jsii").glob("aws-cdk-lib@*.tgz"))


if __name__ == "__main__":
    main()
