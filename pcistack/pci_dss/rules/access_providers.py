"""Requirements 7.2.5 and 8.3.6: identity providers, certificates and pools of users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.policies.statements import Statement
from pcistack.template.view import Value


def _trust(context: Context) -> Iterator[Statement]:
    for role in context.of_type("AWS::IAM::Role"):
        for statement in context.statements.get(role.logical_id, ()):
            if "AssumeRolePolicyDocument" in statement.path and statement.allows:
                yield statement


@rule(
    "PCI-7.2.5-PROVIDER-SUBJECT",
    "A role that an identity provider vouches for says for whom",
    asks="Access is assigned to a known user, workload or job; a provider vouches for all of its "
    "customers.",
    requirements=("7.2.5", "7.3.1", "8.2.2"),
    types=("AWS::IAM::Role",),
    fix="Add StringEquals on the provider's :sub (for SAML: SAML:aud; for Cognito: "
    "cognito-identity.amazonaws.com:aud and :amr), without a wildcard for the owner.",
)
def provider_subject(context: Context) -> Iterator[Hit]:
    for statement in _trust(context):
        actions = [action.partition(":")[2] for action in statement.actions]
        if not statement.providers or "unknown" in statement.condition:
            continue
        keys = statement.narrowing
        if any("saml" in action for action in actions):
            if not any(key.startswith("saml:") for key in keys):
                yield _at(statement, "a SAML provider without an audience", Severity.WARNING)
        elif any("cognito-identity" in one for one in statement.providers):
            if "cognito-identity.amazonaws.com:aud" not in keys:
                yield _at(statement, "every identity pool's users may assume the role")
            elif "unauthenticated" in statement.condition.get(_LOGGED_IN, ()):
                yield _at(statement, "whoever has not logged in may assume the role")
        elif not any(key.endswith(_SUBJECTS) for key in keys):
            yield _at(statement, "whoever the provider vouches for may assume the role")


_SUBJECTS: Final = (":sub", ":user_id", ":oaud", ":email", ":repository", ":repository_owner")


_LOGGED_IN: Final = "cognito-identity.amazonaws.com:amr"


_ANYWHERE: Final = "rolesanywhere.amazonaws.com"


@rule(
    "PCI-7.2.5-ROLES-ANYWHERE",
    "A role for certificates of one's own names the trust anchor",
    asks="Access is assigned to a known user, workload or machine.",
    requirements=("7.2.5", "7.3.1"),
    severity=Severity.WARNING,
    types=("AWS::IAM::Role",),
    fix="Add ArnEquals aws:SourceArn with the trust anchor, and StringEquals on "
    "aws:PrincipalTag/x509Subject/CN.",
)
def roles_anywhere(context: Context) -> Iterator[Hit]:
    for statement in _trust(context):
        if _ANYWHERE in statement.services and not statement.narrowed_by(
            "aws:sourcearn", "aws:principaltag/"
        ):
            yield _at(
                statement, "whoever has a certificate of any trust anchor may assume the role"
            )


def _at(statement: Statement, message: str, severity: Severity | None = None) -> Hit:
    return hit(statement.resource, statement.path, message, severity=severity)


# Pools of users


@rule(
    "PCI-8.3.6-USER-POOL",
    "User pools ask for strong passwords and a second factor",
    asks="Passwords have at least 12 characters, letters and digits among them; access is by more "
    "than one factor.",
    requirements=("8.3.6", "8.4.2"),
    types=("AWS::Cognito::UserPool", "AWS::Cognito::IdentityPool"),
    extent=Extent.PART,
    fix="PasswordPolicy with MinimumLength 12, RequireNumbers and RequireLowercase, "
    "MfaConfiguration ON, AdminCreateUserOnly true, and no unauthenticated identities.",
)
def user_pool(context: Context) -> Iterator[Hit]:
    base = "Policies.PasswordPolicy"
    for pool in context.of_type("AWS::Cognito::UserPool"):
        length = pool.number(f"{base}.MinimumLength")
        known = not pool.is_unknown(f"{base}.MinimumLength")
        if known and (length is None or length < accepted.PASSWORD_LENGTH):
            yield hit(pool, f"{base}.MinimumLength", _short(pool.get(f"{base}.MinimumLength")))
        letters = [pool.flag(f"{base}.Require{case}case") for case in ("Lower", "Upper")]
        if pool.get(base) is not None and pool.flag(f"{base}.RequireNumbers") is False:
            yield hit(pool, f"{base}.RequireNumbers", "passwords without digits are taken")
        if letters == [False, False]:
            yield hit(pool, f"{base}.RequireLowercase", "passwords without letters are taken")
        factor = pool.get("MfaConfiguration")
        if factor in (None, "OFF"):
            yield hit(pool, "MfaConfiguration", "a password alone is enough")
        elif factor == "OPTIONAL":
            yield hit(
                pool,
                "MfaConfiguration",
                "a second factor is left to each user",
                severity=Severity.WARNING,
            )
        path = "AdminCreateUserConfig.AllowAdminCreateUserOnly"
        if pool.flag(path) is False:
            yield hit(pool, path, "everyone may sign up", severity=Severity.WARNING)
    for pool in context.of_type("AWS::Cognito::IdentityPool"):
        if pool.flag("AllowUnauthenticatedIdentities") is True:
            yield hit(
                pool, "AllowUnauthenticatedIdentities", "nobody has to log in to get credentials"
            )


def _short(value: Value) -> str:
    return f"MinimumLength is {show(value)}, at least {accepted.PASSWORD_LENGTH} is needed"
