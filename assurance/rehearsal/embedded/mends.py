"""Where the engine differs from AWS in a way that a correct stack would feel, or a bad one not."""

from collections.abc import Mapping
from typing import Any

from . import _engine


def install() -> None:
    """Apply every mend."""
    _show_log_exports()
    _add_cancel_rotation()
    _keep_cluster_endpoints()


def _keep_cluster_endpoints() -> None:
    """Endpoints keep the names RDS gives; the engine points them at a server of its own."""
    _engine.module("services.rds")._sync_cluster_endpoints = lambda _cluster: None


def _show_log_exports() -> None:
    """DescribeDBClusters lists the log exports."""
    rds = _engine.module("services.rds")
    original = rds._cluster_xml

    def with_exports(cluster: Mapping[str, Any]) -> str:
        members = "".join(
            f"<member>{name}</member>" for name in cluster.get("EnabledCloudwatchLogsExports", [])
        )
        exports = f"<EnabledCloudwatchLogsExports>{members}</EnabledCloudwatchLogsExports>"
        return f"{original(cluster)}{exports}"

    rds._cluster_xml = with_exports


def _add_cancel_rotation() -> None:
    """CancelRotateSecret exists."""
    manager = _engine.module("services.secretsmanager")
    original = manager.handle_request

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: object
    ) -> _engine.Response:
        if not headers.get("x-amz-target", "").endswith(".CancelRotateSecret"):
            answer: _engine.Response = await original(method, path, headers, body, query)
            return answer
        import json

        _, secret = manager._resolve(json.loads(body)["SecretId"])
        if not secret:
            refused: _engine.Response = manager.error_response_json(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
                400,
            )
            return refused
        for name in ("RotationLambdaARN", "RotationRules"):
            secret.pop(name, None)
        secret["RotationEnabled"] = False
        cancelled: _engine.Response = manager.json_response(
            {"ARN": secret["ARN"], "Name": secret["Name"]}
        )
        return cancelled

    manager.handle_request = handle
