"""The stack of the pipeline's roles, synthesized once."""

from __future__ import annotations

import json
from functools import cache
from typing import cast

from aws_cdk import App

from pcistack.checks import run as packs
from pcistack.policies.access import Access
from pcistack.policies.evaluation import ABSENT, Request
from pcistack.template.document import Template
from pcistack.template.view import Reference
from stacks.cdk_app import create_app
from stacks.delivery.settings import Delivery
from stacks.delivery.stack import NAME, DeliveryStack
from tests.support import Body, Synthesized

REGION = "eu-central-2"
ACCOUNT = "<AWS::AccountId>"
SETTINGS: dict[str, object] = {"repository": "example/payments"}


def app_of(**changes: object) -> App:
    """The app, before its synthesis."""
    app = create_app()
    DeliveryStack(app, NAME, settings=Delivery.model_validate({**SETTINGS, **changes}))
    return app


@cache
def delivery() -> Synthesized:
    return synthesized()


def synthesized(**changes: object) -> Synthesized:
    body = app_of(**changes).synth().get_stack_by_name(NAME).template
    return Synthesized(cast("Body", body))


@cache
def access() -> Access:
    text = json.dumps(delivery().body)
    (view,) = packs.resolve(Template.parse(text), REGION)
    return Access(view)


def may(role: str, action: str, resource: str, **context: str | None) -> bool | None:
    """Whether a role may do something; the context has ``__`` for ``:`` and ``___`` for ``/``."""
    found = access().role(Reference(role, "Arn"))
    assert found is not None
    keys = {
        "aws:resourcetag/environmentsuffix": ABSENT,
        "aws:requesttag/environmentsuffix": ABSENT,
        "iam:permissionsboundary": ABSENT,
        "iam:passedtoservice": ABSENT,
        "iam:awsservicename": ABSENT,
        "cloudformation:rolearn": ABSENT,
    }
    for key, value in context.items():
        name = key.replace("___", "/").replace("__", ":")
        assert name in keys, name
        keys[name] = ABSENT if value is None else (value,)
    return access().role_may(found, Request(action=action, resource=resource, context=keys))
