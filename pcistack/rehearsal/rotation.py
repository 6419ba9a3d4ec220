"""Rotating every secret as Secrets Manager does, with the rights of the function's role."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.place import DeploymentPlace
from pcistack.rehearsal.sdk import Client
from pcistack.rehearsal.verification import deployed

_SCHEDULE = "AWS::SecretsManager::RotationSchedule"
_LONGEST_REASON = 800
_EVERY_SECONDS = 5.0


def rotate(
    place: DeploymentPlace,
    assembly: Assembly,
    *,
    patience: float = 0,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[str, str]]:
    """Rotate the secrets that have a schedule, one after the other.

    Args:
        place: Where the stack is deployed.
        assembly: The stack.
        patience: Seconds that one rotation may take; the embedded AWS rotates at once.
        pause: Waits some seconds.

    Yields:
        The schedule of each that its function was called for, and why its secret could not be
        rotated, in the function's own words; an empty text if it was.
    """
    manager: Client = place.client("secretsmanager", assembly.region)
    secrets = deployed(place, assembly).of_type(_SCHEDULE)
    for name, secret in sorted(secrets.items()):
        version = manager.rotate_secret(SecretId=secret)["VersionId"]
        waited = 0.0
        while True:
            held = manager.describe_secret(SecretId=secret)
            stages = held["VersionIdsToStages"].get(version)
            if stages == ["AWSCURRENT"] or waited >= patience:
                break
            pause(_EVERY_SECONDS)
            waited += _EVERY_SECONDS
        if stages is None:
            continue  # the schedule of a function that is not run here
        problem = ""
        if stages != ["AWSCURRENT"]:
            reason = _last_words(place, assembly.region, str(held.get("RotationLambdaARN", "")))
            problem = f"its secret could not be rotated: {reason}"
        yield name, problem


def _last_words(place: DeploymentPlace, region: str, function: str) -> str:
    """Return the last error in a function's log."""
    functions: Client = place.client("lambda", region)
    logs: Client = place.client("logs", region)
    found = functions.get_function_configuration(FunctionName=function)
    group = found["LoggingConfig"]["LogGroup"]
    events = logs.filter_log_events(logGroupName=group)["events"]
    lines = [line for event in events for line in str(event["message"]).splitlines()]
    errors = [line for line in lines if "Error" in line or "Exception" in line]
    return errors[-1].strip()[-_LONGEST_REASON:] if errors else "its function failed"
