"""State machines: definitions that Step Functions takes, and what their role must let them do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused
from pcistack.deployment.pack import rule
from pcistack.deployment.states import JSONPATH, grammar, unreachable
from pcistack.template.view import Partial, Resource

_MACHINE: Final = "AWS::StepFunctions::StateMachine"
_TYPES: Final = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
_ENDS: Final = ("Choice", "Fail", "Succeed")
_TASK: Final = re.compile(
    r"arn:[\w-]+:states:[^:]*:[^:]*:(?:aws-sdk:)?(?P<service>\w+):(?P<action>\w+)"
)
_PREFIXES: Final[Mapping[str, str]] = {"sfn": "states", "eventbridge": "events"}
_ACTIONS: Final[Mapping[str, str]] = {"lambda:invoke": "lambda:InvokeFunction"}


def _definitions(context: Context) -> Iterator[tuple[Resource, str, object, str]]:
    """Yield each definition as (machine, property, document, what is wrong with its text)."""
    for machine in context.of_type(_MACHINE):
        body, written = machine.get("Definition"), machine.get("DefinitionString")
        if isinstance(body, dict):
            yield machine, "Definition", body, ""
        elif isinstance(written, str):
            if machine.get("DefinitionSubstitutions") is not None and "${" in written:
                continue  # what is put in need not stand in quotes
            try:
                yield machine, "DefinitionString", json.loads(written), ""
            except ValueError as error:
                if not isinstance(written, Partial):
                    yield machine, "DefinitionString", None, str(error)


@rule(
    "DEPLOY-STATE-MACHINE",
    "A definition that Step Functions refuses",
    types=(_MACHINE,),
    severity=Severity.FATAL,
    source="Amazon States Language; Step Functions API reference: CreateStateMachine "
    "(InvalidDefinition)",
)
def definition_rule(context: Context) -> Iterator[Hit]:
    for machine, path, body, error in _definitions(context):
        if error:
            yield hit(machine, path, f"the definition is no JSON: {error}", "write JSON")
            continue
        express = machine.text("StateMachineType") == "EXPRESS"
        for problem in _problems(body, express=express):
            yield hit(machine, path, problem, "see the Amazon States Language")


def _problems(body: object, language: str = JSONPATH, *, express: bool) -> Iterator[str]:
    states = body.get("States") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(states, Mapping) or not states:
        yield "the definition has no States"
        return
    start = body.get("StartAt")
    if start is None or (isinstance(start, str) and start not in states):
        yield f"StartAt is {start!r}, which is no state"
    language = str(body.get("QueryLanguage") or language)
    for name, state in states.items():
        if isinstance(state, Mapping):
            yield from _state(str(name), state, states)
            yield from grammar(str(name), state, language, express=express)
            for inner in _inner(state):
                yield from _problems(
                    inner, str(state.get("QueryLanguage") or language), express=express
                )
    for name in unreachable(start, states, _goals):
        yield f"the state {name} is not reachable"


def _state(name: str, state: Mapping[str, object], states: Mapping[str, object]) -> Iterator[str]:
    kind = state.get("Type")
    if isinstance(kind, str) and kind not in _TYPES:
        yield f"the state {name} is of the type {kind}; choose from {', '.join(_TYPES)}"
        return
    ends = kind in _ENDS or state.get("Next") is not None
    if not ends and state.get("End") in (None, False):
        yield f"the state {name} has neither Next nor End"
    for goal in _goals(state):
        if goal not in states:
            yield f"the state {name} goes on to {goal}, which is no state"


def _goals(state: Mapping[str, object]) -> Iterator[str]:
    found = [state.get("Next"), state.get("Default")]
    for key in ("Choices", "Catch"):
        items = state.get(key)
        for item in items if isinstance(items, list) else []:
            found.append(item.get("Next") if isinstance(item, Mapping) else None)
    yield from (goal for goal in found if type(goal) is str)


def _inner(state: Mapping[str, object]) -> Iterator[object]:
    branches = state.get("Branches")
    yield from branches if isinstance(branches, list) else []
    for key in ("Iterator", "ItemProcessor"):
        if state.get(key) is not None:
            yield state[key]


@rule(
    "DEPLOY-STATE-MACHINE-ROLE",
    "A state machine whose role may not do what a state does",
    types=(_MACHINE,),
    severity=Severity.WARNING,
    source="Step Functions developer guide: IAM policies for integrated services",
)
def role_rule(context: Context) -> Iterator[Hit]:
    for machine, path, body, _ in _definitions(context):
        role = context.access.role(machine.get("RoleArn"))
        if role is None or context.grants_more:
            continue
        actions = sorted({action for action in _asked(body) if refused(context, role, (action,))})
        if actions:
            yield hit(
                machine,
                path,
                f"{role.logical_id} may not call {', '.join(actions)}: the states that do so fail",
                f"in a policy of {role.logical_id} allow {', '.join(actions)}",
            )


def _asked(body: object) -> Iterator[str]:
    states = body.get("States") if isinstance(body, Mapping) else None
    for state in states.values() if isinstance(states, Mapping) else ():
        if not isinstance(state, Mapping):
            continue
        found = _TASK.match(str(state.get("Resource") or ""))
        if found and found["service"] not in ("activity", "http", "apigateway"):
            service, action = found["service"], found["action"]
            prefix = _PREFIXES.get(service, service)
            known = _ACTIONS.get(f"{service}:{action}")
            yield known or f"{prefix}:{action[:1].upper()}{action[1:]}"
        for inner in _inner(state):
            yield from _asked(inner)
