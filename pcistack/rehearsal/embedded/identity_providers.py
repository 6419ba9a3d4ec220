"""Providers of identities: whose tokens a role may be taken with."""

from __future__ import annotations

from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_MOST_AUDIENCES = 100
_MOST_THUMBPRINTS = 5


def _create(_place: StackPosition, properties: Properties) -> Created:
    url = properties.text("Url", pattern=r"https://\S{1,247}")
    audiences = properties.texts("ClientIdList")
    thumbprints = properties.texts("ThumbprintList")
    if len(audiences) > _MOST_AUDIENCES or len(thumbprints) > _MOST_THUMBPRINTS:
        raise PropertyError("Cannot exceed quota of client ids or thumbprints")
    answer = call(
        "iam",
        "create_open_id_connect_provider",
        Url=url,
        ClientIDList=audiences,
        ThumbprintList=thumbprints,
        Tags=properties.tags() or None,
    )
    arn = str(answer["OpenIDConnectProviderArn"])
    return arn, {"Arn": arn}


def _delete(arn: str, _values: Values) -> None:
    call("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=arn)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::IAM::OIDCProvider",
        create=_create,
        delete=_delete,
        create_only=frozenset({"Url"}),
        tags=True,
    ),
)
