"""Sentences on requirements 6, 7 and 8: software, access, authentication."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.by_design.data import databases, own_key
from pcistack.evidence.by_design.network import doors
from pcistack.evidence.by_design.sentence import every, listed, name_in, on_fargate, says
from pcistack.evidence.logins import master_credentials, task_credentials
from pcistack.evidence.secrets import secrets
from pcistack.evidence.settings_in_context import blocking_rules
from pcistack.evidence.values import NONE, OUTSIDE, shown
from pcistack.network.network import Kind
from pcistack.pci_dss.context import Context, attributes
from pcistack.policies.statements import IDENTITY_POLICIES, Statement
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def policies(context: Context) -> list[Statement]:
    """Return what the identity policies of the template allow."""
    return [
        one
        for found in context.statements.values()
        for one in found
        if one.allows and context.view.resources[one.resource].type in IDENTITY_POLICIES
        if not one.path.startswith("AssumeRolePolicyDocument")
    ]


@says("6.2.4")
def load_balancers_are_strict(context: Context) -> str:
    def strict(one: Resource) -> bool:
        known = attributes(one)
        mode = known.get("routing.http.desync_mitigation_mode", "defensive")
        dropped = str(known.get("routing.http.drop_invalid_header_fields.enabled")).lower()
        return dropped == "true" and mode in ("defensive", "strictest")

    if not every(context.of_type(_BALANCER), strict):
        return ""
    return "The load balancer drops invalid headers and mitigates request smuggling."


@says("6.3.3")
def platform_is_current(context: Context) -> str:
    services = context.of_type("AWS::ECS::Service")
    current = ("LATEST", None)
    if not every(services, lambda one: on_fargate(one) and one.get("PlatformVersion") in current):
        return ""
    return "Tasks start on the current platform of Fargate."


@says("6.3.3")
def minor_upgrades(context: Context) -> str:
    path = "AutoMinorVersionUpgrade"
    instances = context.of_type("AWS::RDS::DBInstance")
    if any(one.flag(path) is False for one in instances):
        return "The database takes no minor upgrade by itself: plan them."
    if not every(instances, lambda one: one.get(path) is None or one.flag(path) is True):
        return ""
    return "The database takes minor upgrades by itself."


@says("6.3.3 11.3.1")
def images_are_scanned(context: Context) -> str:
    repositories = context.of_type("AWS::ECR::Repository")
    path = "ImageScanningConfiguration.ScanOnPush"
    if not every(repositories, lambda one: one.flag(path) is True):
        return ""
    return "The repositories of the template scan images when they are pushed."


@says("6.4.2 10.4.2")
def web_acl_in_front(context: Context) -> str:
    found = []
    logged = {
        name_of(one.get("ResourceArn"))
        for one in context.of_type("AWS::WAFv2::LoggingConfiguration")
    }
    for link in context.of_type("AWS::WAFv2::WebACLAssociation"):
        acl, guarded = context.target(link.get("WebACLArn")), name_of(link.get("ResourceArn"))
        if acl is not None and any(blocking_rules(acl)):
            rules = counted(len(list(blocking_rules(acl))), "blocking rule")
            writes = "and a log" if acl.logical_id in logged else "and no log"
            found.append(f"a web ACL with {rules} {writes} in front of {name_in(context, guarded)}")
    return f"There is {listed(found)}." if found else ""


@says("6.4.2")
def nothing_to_guard(context: Context) -> str:
    public = [
        one
        for one in context.network.workloads.values()
        if one.kind is Kind.LOAD_BALANCER and one.public is not False
    ]
    reached = public or context.network.from_internet() or doors(context)
    if reached or not context.network.workloads:
        return ""
    return "This template has no web application that the internet reaches."


@says("6.5.1")
def data_is_not_deleted_by_mistake(context: Context) -> str:
    if not every(databases(context), lambda one: one.flag("DeletionProtection") is True):
        return ""
    return "AWS refuses to delete the database."


@says("6.5.5 7.2.1")
def data_is_classified(context: Context) -> str:
    found = [
        str(item["Value"])
        for one in databases(context)
        for item in one.items("Tags")
        if isinstance(item, dict) and item.get("Key") == "DataClassification"
    ]
    return f"The database is classified as {listed(found)}." if found else ""


@says("7.2.2 7.2.5")
def no_policy_allows_everything(context: Context) -> str:
    statements = policies(context)
    if not statements or any(
        "NotAction" in one.inverted or any(action in ("*", "*:*") for action in one.actions)
        for one in statements
    ):
        return ""
    given = sorted(set(_managed(context)))
    besides = f" Its roles have these from elsewhere: {listed(given)}." if given else ""
    return f"No policy of the template gives all actions.{besides}"


def _managed(context: Context) -> Iterator[str]:
    """Managed policies that the template's roles, users and groups have from elsewhere."""
    for one in context.of_type("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for arn in one.items("ManagedPolicyArns"):
            if context.target(arn) is None:
                yield shown(arn).rpartition("/")[2]


@says("7.2.5 7.2.1")
def roles_are_separate(context: Context) -> str:
    tasks = context.of_type("AWS::ECS::TaskDefinition")
    functions = context.of_type("AWS::Lambda::Function")
    roles = [
        name_of(value)
        for one in tasks
        for value in (one.get("TaskRoleArn"), one.get("ExecutionRoleArn"))
    ] + [name_of(one.get("Role")) for one in functions]
    if not roles or "" in roles or len(set(roles)) != len(roles):
        return ""
    who = ["tasks and their start"] if tasks else []
    who += ["each function"] if functions else []
    return f"A role of their own have {listed(who)}."


@says("7.2.5 8.2.2 8.6.1")
def tasks_log_in_as_master(context: Context) -> str:
    """Tell what is against the requirement, too."""
    if not task_credentials(context) & master_credentials(context):
        return ""
    return "The tasks log in as the master user of the database, which may do everything in it."


@says("7.2.5 8.2.2")
def tasks_have_their_own_login(context: Context) -> str:
    own = task_credentials(context)
    if not own or own & master_credentials(context) or not databases(context):
        return ""
    return "The tasks log in to the database with credentials that are not the master user's."


@says("7.3.1 7.2.6")
def iam_logins(context: Context) -> str:
    may = any(
        action.startswith("rds-db:connect") for one in policies(context) for action in one.actions
    )
    on = any(one.flag("EnableIAMDatabaseAuthentication") for one in databases(context))
    if not on:
        return ""
    if may:
        return "A role of the template logs in to the database by IAM."
    return "The database admits logins by IAM, and no role of the template uses it."


def _for_everyone(context: Context, statement: Statement) -> bool:
    """Whether a statement opens what holds it; an endpoint's policy opens nothing by itself."""
    holder = context.view.resources[statement.resource].type
    return statement.everyone and not statement.narrowing and holder != "AWS::EC2::VPCEndpoint"


@says("7.3.3 10.3.1")
def nothing_is_for_everyone(context: Context) -> str:
    statements = [one for found in context.statements.values() for one in found if one.allows]
    if not statements or any(_for_everyone(context, one) for one in statements):
        return ""
    return "No policy of the template opens a resource to everyone."


@says("8.3.2")
def secrets_use_own_keys(context: Context) -> str:
    def own(one: Resource) -> bool:
        managed = one.type != "AWS::SecretsManager::Secret"
        return own_key(context, one.get("MasterUserSecret.KmsKeyId" if managed else "KmsKeyId"))

    found = context.of_type("AWS::SecretsManager::Secret")
    found += [one for one in databases(context) if one.flag("ManageMasterUserPassword")]
    return "Secrets are encrypted with a key of this template." if every(found, own) else ""


@says("8.3.6")
def passwords_are_long(context: Context) -> str:
    made = [
        one.get("GenerateSecretString.PasswordLength") or 32
        for one in context.of_type("AWS::SecretsManager::Secret")
        if one.get("GenerateSecretString") is not None
    ]
    lengths = [length for length in made if isinstance(length, int)]
    if not lengths or len(lengths) != len(made):
        return ""
    return f"Generated passwords have at least {counted(min(lengths), 'character')}."


@says("8.3.9 8.6.3")
def secrets_rotate(context: Context) -> str:
    kept = secrets(context.view)
    if not kept or any(one.rotation in (NONE, OUTSIDE) for one in kept):
        return ""
    return f"Every secret changes by itself: {listed(one.rotation for one in kept)}."


@says("8.6.1")
def no_instance_has_a_key_pair(context: Context) -> str:
    instances = context.of_type("AWS::EC2::Instance")
    if not every(instances, lambda one: one.get("KeyName") is None):
        return ""
    return "No instance has a key pair to log in with."


@says("8.6.2")
def containers_read_secrets(context: Context) -> str:
    if not task_credentials(context):
        return ""
    return "Containers get credentials from Secrets Manager, by reference."
