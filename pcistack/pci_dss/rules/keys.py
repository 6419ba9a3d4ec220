"""Requirements 3.6 and 3.7: keys rotate, live long enough, and are used by whom they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import Extent, Hit, hit, must_be_false, must_be_true, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.policies.statements import Statement
from pcistack.template.view import Resource

_NARROWING: Final = (
    "kms:viaservice",
    "kms:calleraccount",
    "kms:encryptioncontext",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
)

_USES: Final = ("kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant")


def _symmetric(key: Resource) -> bool:
    return key.get("KeySpec") in (None, "SYMMETRIC_DEFAULT")


@rule(
    "PCI-3.7.4-KEY-ROTATION",
    "Symmetric keys rotate",
    asks="Keys are changed when their cryptoperiod ends.",
    requirements=("3.7.4",),
    security_hub=("KMS.4",),
    types=("AWS::KMS::Key",),
    extent=Extent.FULL,
    fix="Set EnableKeyRotation: true.",
)
def key_rotation(context: Context) -> Iterator[Hit]:
    for key in context.of_type("AWS::KMS::Key"):
        if not _symmetric(key):
            continue
        if key.get("Origin") in ("EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"):
            yield Hit(
                resource=key.logical_id,
                property="Origin",
                message=f"Origin is {show(key.get('Origin'))}: AWS cannot rotate the key",
                severity=Severity.WARNING,
            )
            continue
        yield from must_be_true(key, "EnableKeyRotation")
        period = key.number("RotationPeriodInDays")
        if period is not None and period > accepted.KEY_DAYS:
            yield hit(
                key,
                "RotationPeriodInDays",
                f"the key rotates every {period:.0f} days, later than a year",
            )


@rule(
    "PCI-3.7.5-KEY-DELETION",
    "A key that is kept waits 30 days before it is deleted",
    asks="Keys are retired when they are no longer needed, and not by mistake.",
    requirements=("3.7.5",),
    severity=Severity.WARNING,
    types=("AWS::KMS::Key",),
    fix="Set PendingWindowInDays: 30 where the key's DeletionPolicy keeps it.",
)
def key_deletion(context: Context) -> Iterator[Hit]:
    for key in context.of_type("AWS::KMS::Key"):
        window = key.number("PendingWindowInDays")
        if key.raw.is_kept and window is not None and window < accepted.KEPT_KEY_WINDOW:
            yield hit(
                key,
                "PendingWindowInDays",
                f"the key is kept, but its deletion waits {counted(window, 'day')} only",
            )


def _key_statements(context: Context) -> Iterator[Statement]:
    for key in context.of_type("AWS::KMS::Key", "AWS::KMS::ReplicaKey"):
        for statement in context.statements.get(key.logical_id, ()):
            if statement.allows:
                yield statement


@rule(
    "PCI-3.6.1-KEY-POLICY-PUBLIC",
    "No key is for everyone",
    asks="Keys that protect stored account data are protected against disclosure and misuse.",
    requirements=("3.6.1", "7.3.3"),
    related=("KMS.5",),
    types=("AWS::KMS::Key", "AWS::KMS::ReplicaKey"),
    extent=Extent.FULL,
    fix="Name the principals, or add the condition kms:CallerAccount or aws:PrincipalOrgID.",
)
def key_policy_public(context: Context) -> Iterator[Hit]:
    for statement in _key_statements(context):
        narrowed = statement.narrowed_by(*(k for k in _NARROWING if k != "kms:viaservice"))
        if "NotPrincipal" in statement.inverted or (statement.everyone and not narrowed):
            yield Hit(
                resource=statement.resource,
                property=statement.path,
                message="the statement lets every principal of every account use the key",
            )


@rule(
    "PCI-3.6.1-KEY-USE",
    "Key policies say through which service, or for what, the key is used",
    asks="Access to keys is limited to the fewest that need it.",
    requirements=("3.6.1", "7.2.5"),
    severity=Severity.WARNING,
    types=("AWS::KMS::Key", "AWS::KMS::ReplicaKey"),
    fix="Give the account administration only, and its use of the key a condition: "
    "kms:ViaService, kms:EncryptionContext:..., or for services aws:SourceAccount.",
)
def key_use(context: Context) -> Iterator[Hit]:
    for key in context.of_type("AWS::KMS::Key"):
        if not context.statements.get(key.logical_id) and not key.is_unknown("KeyPolicy"):
            yield hit(
                key,
                "KeyPolicy",
                "no key policy is written; by default every IAM policy of the account "
                "can give the key away",
            )
    for statement in _key_statements(context):
        everything = [action for action in statement.actions if action in ("*", "kms:*")]
        if everything and statement.condition and not statement.everyone:
            yield Hit(
                resource=statement.resource,
                property=statement.path,
                message=f"the statement allows {everything[0]}, administration included",
            )
            continue
        if not (statement.account_root or statement.services) or statement.everyone:
            continue
        wide = [action for action in _USES if statement.allows_action(action)]
        keys = _NARROWING if statement.services else ("kms:viaservice", "kms:encryptioncontext")
        if (wide or "NotAction" in statement.inverted) and not statement.narrowed_by(*keys):
            who = ", ".join(statement.services) or "the whole account"
            yield Hit(
                resource=statement.resource,
                property=statement.path,
                message=f"{who} may {', '.join(wide) or 'do nearly all'} without a condition",
            )


@rule(
    "PCI-3.6.1-KEY-GRANTS",
    "Grants on a key are for AWS resources only",
    asks="Access to keys is limited to the fewest that need it; a grant gives it on.",
    requirements=("3.6.1",),
    severity=Severity.WARNING,
    types=("AWS::KMS::Key",),
    fix="Add the condition Bool kms:GrantIsForAWSResource true to kms:CreateGrant.",
)
def key_grants(context: Context) -> Iterator[Hit]:
    for statement in _key_statements(context):
        named = "kms:creategrant" in statement.actions
        if named and "true" not in statement.condition.get("kms:grantisforawsresource", ()):
            yield Hit(
                resource=statement.resource,
                property=statement.path,
                message="kms:CreateGrant is allowed for any grantee",
            )


@rule(
    "PCI-3.6.1-KEY-REGIONS",
    "Keys stay in their region",
    asks="Keys are kept in the fewest places possible.",
    requirements=("3.6.1",),
    severity=Severity.WARNING,
    types=("AWS::KMS::Key",),
    fix="Leave MultiRegion out, unless data is replicated to that region.",
)
def key_regions(context: Context) -> Iterator[Hit]:
    for key in context.of_type("AWS::KMS::Key"):
        yield from must_be_false(key, "MultiRegion")
