"""What is left of an environment in an account after its stack was destroyed.

Two questions find it: which names of the template are still taken, and what still carries the
environment's tags. Nothing is deleted; each row names the command that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, cast

from pcistack.account import names_in_use
from pcistack.account.aws import Aws, Call, Item, text
from pcistack.account.needed import Needs
from pcistack.account.removal import command_for, kind_of
from pcistack.account.rows import Row, Verdict, tried
from pcistack.naming import TAGS

CALLS: Final = (
    Call.TAGGED,
    Call.KEY,
    Call.SERVICES,
    Call.TASK_DEFINITION,
    Call.SECRET,
    Call.NAT_GATEWAYS,
)
"""What is asked beside the names, which :mod:`pcistack.account.names_in_use` asks."""


def suffixes(aws: Aws) -> list[str]:
    """Return the suffix of every environment of which something is there, sorted.

    Args:
        aws: Asks in the region of the environments.
    """
    name = TAGS[0]
    tagged = aws.items(Call.TAGGED, "ResourceTagMappingList", {"TagFilters": [{"Key": name}]})
    pairs = [pair for item in tagged for pair in cast("list[Item]", item.get("Tags", []))]
    return sorted({text(pair, "Value") for pair in pairs if text(pair, "Key") == name})


def sweep(wanted: Needs, aws: Aws, tags: Mapping[str, str]) -> list[Row]:
    """Return what is left, or one row that says that nothing is.

    Args:
        wanted: What the template needs, its names among it.
        aws: Asks in the region of the environment.
        tags: The environment's own tags; see :func:`pcistack.naming.environment_tags`.

    Raises:
        CredentialsError: There are no credentials, or AWS does not accept them.
    """
    aws.items(Call.CALLER_IDENTITY, "Account", at_home=True)
    rows = [*_named(wanted, aws)]
    said = {row.need.rpartition(" ")[2] for row in rows}
    rows += [
        row
        for row in tried(lambda aws: _tagged(aws, tags), aws, "resources with the tags")
        if row.need.rpartition(" ")[2] not in said
    ]
    if all(row.state is Verdict.CONFIRMED for row in rows):
        rows.append(
            Row(
                state=Verdict.CONFIRMED,
                need=" and ".join(f"{name}={value}" for name, value in tags.items()),
                answer="nothing is left",
                asked=Call.TAGGED.permission,
            )
        )
    return rows


def _named(wanted: Needs, aws: Aws) -> Iterator[Row]:
    """Yield the names that are still taken; what could not be asked is told too."""
    named = replace(wanted, counts={})  # how many policies the account has room for is not asked
    for row in names_in_use.names(named, aws, None):
        if row.state in (Verdict.FAILS, Verdict.UNKNOWN) and row.asked:
            yield replace(row, state=Verdict.FAILS, answer="is still there", resources=())
        elif row.state is Verdict.REFUSED:
            yield row


def _tagged(aws: Aws, tags: Mapping[str, str]) -> Iterator[Row]:
    filters = [{"Key": name, "Values": [value]} for name, value in tags.items()]
    found = aws.items(Call.TAGGED, "ResourceTagMappingList", {"TagFilters": filters})
    for arn in sorted(text(item, "ResourceARN") for item in found):
        yield _left(aws, arn)


def _left(aws: Aws, arn: str) -> Row:
    kind, name = kind_of(arn)
    row = Row(
        state=Verdict.FAILS,
        need=f"{kind.rstrip(':')} {name}",
        answer="is still there",
        asked=Call.TAGGED.permission,
        fix=command_for(arn, aws.region),
    )
    lingers = _LINGERING.get(kind)
    why = lingers(aws, arn, name) if lingers else ""
    return replace(row, state=Verdict.CONFIRMED, answer=why, fix="") if why else row


# What AWS itself keeps for a while: why it may be there, or an empty text.


def _key(aws: Aws, _arn: str, name: str) -> str:
    found = aws.items(Call.KEY, "KeyMetadata", {"KeyId": name}, absent=("NotFoundException",))
    if not found:
        return "is gone"
    pending = text(found[0], "KeyState") == "PendingDeletion"
    return "goes by itself after its deletion window" if pending else ""


def _service(aws: Aws, arn: str, name: str) -> str:
    found = aws.items(
        Call.SERVICES,
        "services",
        {"cluster": name.partition("/")[0], "services": [arn]},
        absent=("ClusterNotFoundException",),
    )
    there = [item for item in found if text(item, "status") == "ACTIVE"]
    return "" if there else "is deleted; ECS shows it for a while"


def _task_definition(aws: Aws, arn: str, _name: str) -> str:
    found = aws.items(
        Call.TASK_DEFINITION,
        "taskDefinition",
        {"taskDefinition": arn},
        absent=("ClientException",),
    )
    there = [item for item in found if text(item, "status") == "ACTIVE"]
    return "" if there else "is deregistered; ECS shows it, and it costs nothing"


def _secret(aws: Aws, arn: str, _name: str) -> str:
    absent = ("ResourceNotFoundException",)
    found = aws.items(Call.SECRET, "Name", {"SecretId": arn}, absent=absent)
    going = aws.items(Call.SECRET, "DeletedDate", {"SecretId": arn}, absent=absent)
    if not found:
        return "is gone"
    return "goes by itself after its recovery window" if going else ""


def _nat_gateway(aws: Aws, _arn: str, name: str) -> str:
    asked = {"NatGatewayIds": [name]}
    found = aws.items(Call.NAT_GATEWAYS, "NatGateways", asked, absent=("NatGatewayNotFound",))
    there = [item for item in found if text(item, "State") not in ("deleting", "deleted")]
    return "" if there else "is deleted; EC2 shows it for about an hour"


_LINGERING: Final[Mapping[str, Callable[[Aws, str, str], str]]] = {
    "ec2:natgateway": _nat_gateway,
    "ecs:service": _service,
    "ecs:task-definition": _task_definition,
    "kms:key": _key,
    "secretsmanager:secret": _secret,
}
