"""Where the engine differs from AWS in a way that a correct stack would feel, or a bad one not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from pcistack.regional.aurora import parameter_group_family
from pcistack.regional.facts import unknown
from pcistack.regional.versions import parse
from pcistack.rehearsal.embedded import _engine


def install() -> None:
    """Apply every mend."""
    _know_the_versions_of_the_facts()
    _show_log_exports()
    _keep_cluster_endpoints()
    _name_bucket_policies_after_their_bucket()
    _refer_to_secrets_by_arn()
    _forget_attributes_of_deleted_listeners()
    _delete_dependents_first()
    _delete_a_stack_once()
    _take_the_number_of_a_parameter()
    _keep_what_a_rollback_could_not_delete()
    _answer_when_done()


def _take_the_number_of_a_parameter() -> None:
    """A number that a parameter gives is a text to CloudFormation, which types accept all the same.

    The engine counts the days until a key is deleted with it.
    """
    handler = _engine.resource_handlers()["AWS::KMS::Key"]
    original = handler["delete"]

    def delete(physical_id: str, values: Mapping[str, Any]) -> _engine.Untyped:
        days = values.get("PendingWindowInDays")
        given = values if days is None else {**values, "PendingWindowInDays": int(days)}
        return original(physical_id, given)

    handler["delete"] = delete


# How long the answer to a stack operation is held back at most; whoever asks waits for a minute.
_LONGEST_HOLD_SECONDS = 30.0
_HELD = {b"CreateStack", b"UpdateStack", b"ExecuteChangeSet", b"DeleteStack"}
# What each stack's latest operation sets at its end, by account, region and name.
_ends: dict[tuple[str, str, str], asyncio.Event] = {}


def _answer_when_done() -> None:
    """Answer a stack operation once it is over, if that is soon.

    The CDK CLI looks at a stack at once and then every five seconds. An embedded deployment takes
    less than one, so without this every command of the CLI would mostly wait. Whoever calls
    CloudFormation directly is spared hundreds of questions how far it is.
    """
    cloudformation = _engine.module("services.cloudformation")
    original = cloudformation.handle_request

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: object
    ) -> _engine.Response:
        answer: _engine.Response = await original(method, path, headers, body, query)
        fields = parse_qs(body)
        if answer[0] < 400 and fields.get(b"Action", [b""])[0] in _HELD:
            given = fields.get(b"StackName", [b""])[0].decode()
            end = _ends.get(_place(given.split("/")[1] if given.startswith("arn:") else given))
            if end is not None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), _LONGEST_HOLD_SECONDS)
        return answer

    cloudformation.handle_request = handle
    for name in ("handlers", "changesets"):
        module = _engine.module(f"services.cloudformation.{name}")
        module._create_stack_task_in_region = _telling_its_end(module._create_stack_task_in_region)


def _telling_its_end(begin: _engine.Untyped) -> _engine.Untyped:
    def run(operation: Awaitable[None], stack: Mapping[str, Any], *rest: _engine.Untyped) -> None:
        end = _ends[_place(str(stack["StackName"]))] = asyncio.Event()

        async def whole() -> None:
            try:
                await operation
            finally:
                end.set()

        begin(whole(), stack, *rest)

    return run


def _place(stack: str) -> tuple[str, str, str]:
    return (_engine.account_id(), _engine.region(), stack)


def _keep_what_a_rollback_could_not_delete() -> None:
    """A stack that could not roll its creation back still has what it could not delete.

    The engine forgets it, so that deleting the stack would leave it behind without a word.
    """
    stacks = _engine.module("services.cloudformation.stacks")
    original = stacks._roll_back_operation

    async def roll_back(
        stack_name: str, stack_id: str, stack: _engine.Untyped, *rest: object, **named: object
    ) -> None:
        before = dict(stack.get("_resources", {}))
        await original(stack_name, stack_id, stack, *rest, **named)
        if stack["StackStatus"] == "ROLLBACK_FAILED":
            for name in stack["_rollback_failed"]:
                kept = {**before[name], "ResourceStatus": "DELETE_FAILED"}
                stack["_resources"].setdefault(name, kept)

    stacks._roll_back_operation = roll_back


def _forget_attributes_of_deleted_listeners() -> None:
    """A deleted listener leaves nothing; the engine's CloudFormation keeps its attributes."""
    handler = _engine.resource_handlers()["AWS::ElasticLoadBalancingV2::Listener"]
    original = handler["delete"]

    def delete(physical_id: str, *rest: _engine.Untyped) -> None:
        original(physical_id, *rest)
        _engine.module("services.alb")._listener_attrs.pop(physical_id, None)

    handler["delete"] = delete


def _name_bucket_policies_after_their_bucket() -> None:
    """The physical id of a bucket's policy is the bucket's; the engine invents another."""
    handler = _engine.resource_handlers()["AWS::S3::BucketPolicy"]
    for operation in ("create", "update"):
        handler[operation] = _with_the_buckets_id(handler[operation])


def _with_the_buckets_id(original: _engine.Untyped) -> _engine.Untyped:
    def run(*arguments: _engine.Untyped) -> tuple[str, _engine.Untyped]:
        physical_id, attributes = original(*arguments)
        return str(physical_id).removesuffix("-policy"), attributes

    return run


def _refer_to_secrets_by_arn() -> None:
    """The physical id of a secret, and what ``Ref`` gives, is its ARN; the engine's is the name."""
    handler = _engine.resource_handlers()["AWS::SecretsManager::Secret"]
    secrets = _engine.module("services.secretsmanager")
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def name(arn: str) -> str:
        return str(secrets._resolve(arn)[0] or arn)

    def answer(made: tuple[str, Mapping[str, str]]) -> tuple[str, Mapping[str, str]]:
        return made[1]["Id"], made[1]

    handler["create"] = lambda *given: answer(create(*given))
    handler["update"] = lambda arn, *given: answer(update(name(arn), *given))
    handler["delete"] = lambda arn, *given: delete(name(arn), *given)


def _delete_a_stack_once() -> None:
    """A stack that is being deleted is not deleted a second time beside it.

    The engine starts over, and the two operations meet at the same resources.
    """
    handlers = _engine.module("services.cloudformation.handlers")
    original = handlers._ACTION_HANDLERS["DeleteStack"]

    def delete(parameters: Mapping[str, Any]) -> _engine.Response:
        stack = handlers._resolve_stack(handlers._p(parameters, "StackName")) or {}
        if stack.get("StackStatus") == "DELETE_IN_PROGRESS":
            going: _engine.Response = handlers._xml(200, "DeleteStackResponse", "")
            return going
        answer: _engine.Response = original(parameters)
        return answer

    handlers._ACTION_HANDLERS["DeleteStack"] = delete


def _delete_dependents_first() -> None:
    """A resource stays while one that depends on it could not be deleted.

    CloudFormation deletes along the dependencies, so what failed keeps what it needs, such as a
    custom resource its function. The engine goes on and deletes that too.
    """
    provisioners = _engine.module("services.cloudformation.provisioners")
    stacks = _engine.module("services.cloudformation.stacks")
    original = provisioners._delete_resource
    failed: set[tuple[str, str]] = set()

    def delete(
        kind: str, physical_id: str, values: object, stack: str = "", logical_id: str = ""
    ) -> None:
        waiting = [
            name
            for other, name in sorted(failed)
            if other == stack and logical_id in _needs(stack, name)
        ]
        try:
            if waiting:
                raise ValueError(f"{', '.join(waiting)} depends on it and is not deleted")
            original(kind, physical_id, values, stack, logical_id)
        except Exception:
            failed.add((stack, logical_id))
            raise
        failed.discard((stack, logical_id))

    provisioners._delete_resource = delete
    stacks._delete_resource = delete


def _needs(stack: str, name: str) -> set[str]:
    """Return the resources of a stack that one of them refers to or depends on."""
    record = _engine.module("services.cloudformation")._stacks.get(stack) or {}
    resources = (record.get("_template") or {}).get("Resources", {})
    engine = _engine.module("services.cloudformation.engine")
    return (
        set(engine._extract_deps(resources[name], set(resources))) if name in resources else set()
    )


def _keep_cluster_endpoints() -> None:
    """Endpoints keep the names RDS gives; the engine points them at a server of its own."""
    _engine.module("services.rds")._sync_cluster_endpoints = lambda _cluster: None


def _know_the_versions_of_the_facts() -> None:
    """A version that the regional facts have can be created; the engine's list is older."""
    rds = _engine.module("services.rds")
    listed = rds.AURORA_MYSQL_ENGINE_VERSIONS
    for version, status in unknown(None).engine_versions["aurora-mysql"].items():
        release = parse("aurora-mysql", version)
        if release is None or not release.is_exact or status != "available":
            continue
        if version not in rds.AURORA_MYSQL_ENGINE_VERSION_SET:
            listed.append((version, parameter_group_family("aurora-mysql", release)))
            rds.AURORA_MYSQL_ENGINE_VERSION_SET.add(version)


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
