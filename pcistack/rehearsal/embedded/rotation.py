"""Secrets Manager calls a rotation function: its test when a schedule is made, its four steps else.

A function is called where it finds its database: one that made the users of a cluster on a server
at hand. Of every other the schedule is kept, and nothing more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from uuid import uuid4

from pcistack.rehearsal.embedded import _engine, database_servers
from pcistack.rehearsal.embedded._engine import Response, Untyped
from pcistack.rehearsal.embedded.api import call

_STEPS: Final = ("createSecret", "setSecret", "testSecret", "finishSecret")


def install() -> None:
    """Take over RotateSecret, which the engine only pretends, and add CancelRotateSecret."""
    manager = _engine.module("services.secretsmanager")
    original = manager.handle_request
    ours = {"RotateSecret": _rotate, "CancelRotateSecret": _cancel}

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: object
    ) -> Response:
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        operation = ours.get(name)
        if operation is None:
            answer: Response = await original(method, path, headers, body, query)
            return _not_found("secret value") if _is_empty(name, answer) else answer
        data = json.loads(body)
        _, secret = manager._resolve(data["SecretId"])
        if not secret:
            return _not_found("secret")
        version = await asyncio.to_thread(operation, secret, data)
        named = {"ARN": secret["ARN"], "Name": secret["Name"]}
        done: Response = manager.json_response(named | ({"VersionId": version} if version else {}))
        return done

    manager.handle_request = handle


def _is_empty(operation: str, answer: Response) -> bool:
    """Whether a version is read that holds nothing yet; the engine answers without a value."""
    if operation != "GetSecretValue" or answer[0] >= 400:
        return False
    return not {"SecretString", "SecretBinary"} & json.loads(answer[2]).keys()


def _not_found(what: str) -> Response:
    message = f"Secrets Manager can't find the specified {what}."
    manager = _engine.module("services.secretsmanager")
    refused: Response = manager.error_response_json("ResourceNotFoundException", message, 400)
    return refused


def _cancel(secret: MutableMapping[str, Any], _data: Mapping[str, Any]) -> str:
    for name in ("RotationLambdaARN", "RotationRules"):
        secret.pop(name, None)
    secret["RotationEnabled"] = False
    return ""


def _rotate(secret: MutableMapping[str, Any], data: Mapping[str, Any]) -> str:
    """Keep the schedule; then test the function, or let it rotate. Its failure is in its log."""
    for name in ("RotationLambdaARN", "RotationRules"):
        if data.get(name):
            secret[name] = data[name]
    secret["RotationEnabled"] = True
    function = str(secret.get("RotationLambdaARN") or "")
    version = str(data.get("ClientRequestToken") or uuid4())
    if function not in database_servers.FUNCTIONS:
        return version
    versions: MutableMapping[str, Untyped] = secret["Versions"]
    for other in versions.values():
        other["Stages"] = [stage for stage in other["Stages"] if stage != "AWSPENDING"]
    immediately = data.get("RotateImmediately", True)
    versions[version] = {
        "SecretString": None,
        "SecretBinary": None,
        "CreatedDate": 0,
        "Stages": ["AWSPENDING"],
    }
    steps = _STEPS if immediately else ("testSecret",)
    if all(_runs(function, str(secret["ARN"]), version, step) for step in steps):
        versions[version]["Stages"] = [s for s in versions[version]["Stages"] if s != "AWSPENDING"]
    if not immediately:
        versions.pop(version, None)
    return version


def _runs(function: str, secret: str, version: str, step: str) -> bool:
    """Call a function for one step; say whether it got through."""
    event = {"SecretId": secret, "ClientRequestToken": version, "Step": step}
    answer = call("lambda", "invoke", FunctionName=function, Payload=json.dumps(event))
    return "FunctionError" not in answer
