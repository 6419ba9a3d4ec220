"""Plans and selections of AWS Backup, as it takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.template.view import Resource, Value, number

_PLAN: Final = "AWS::Backup::BackupPlan"
_VAULT: Final = "AWS::Backup::BackupVault"


@rule(
    "DEPLOY-BACKUP",
    "A plan or a vault that AWS Backup refuses",
    types=(_PLAN, _VAULT),
    severity=Severity.FATAL,
    source="AWS Backup API reference: BackupRuleInput, Lifecycle (90 days in cold storage), "
    "PutBackupVaultLockConfiguration",
)
def backup_rule(context: Context) -> Iterator[Hit]:
    for plan in context.of_type(_PLAN):
        for path, item in objects(plan, "BackupPlan.BackupPlanRule"):
            end = number(fields(item.get("Lifecycle")).get("DeleteAfterDays"))
            yield from _cold(plan, f"{path}.Lifecycle", item.get("Lifecycle"))
            for index, copy in enumerate(listed(item.get("CopyActions"))):
                at = f"{path}.CopyActions.{index}.Lifecycle"
                yield from _cold(plan, at, fields(copy).get("Lifecycle"))
            if text(item.get("EnableContinuousBackup")) == "true" and end is not None and end > 35:
                yield hit(
                    plan,
                    f"{path}.Lifecycle.DeleteAfterDays",
                    f"{end:g} days; a continuous backup is kept for 35 at most",
                    "set DeleteAfterDays to 35, or make a rule of its own for longer times",
                )
            start = number(item.get("StartWindowMinutes"))
            most = number(item.get("CompletionWindowMinutes"))
            if start is not None and most is not None and most < start + 60:
                yield hit(
                    plan,
                    f"{path}.CompletionWindowMinutes",
                    f"{most:g} minutes; a backup that begins within {start:g} gets 60 more",
                    f"set it to {start + 60:g} or more",
                )
            yield from _locked(context, plan, path, item, end)
    for vault in context.of_type(_VAULT):
        low = vault.number("LockConfiguration.MinRetentionDays")
        high = vault.number("LockConfiguration.MaxRetentionDays")
        if low is not None and high is not None and low > high:
            yield hit(
                vault,
                "LockConfiguration.MinRetentionDays",
                f"the shortest time, {low:g} days, is above the longest, {high:g}",
                "exchange them",
            )


def _cold(plan: Resource, path: str, value: Value) -> Iterator[Hit]:
    life = fields(value)
    cold = number(life.get("MoveToColdStorageAfterDays"))
    end = number(life.get("DeleteAfterDays"))
    if cold is not None and end is not None and 0 < end < cold + 90:
        yield hit(
            plan,
            f"{path}.DeleteAfterDays",
            f"{end:g} days; what is cold after {cold:g} stays 90 at least",
            f"set DeleteAfterDays to {cold + 90:g} or more",
        )


def _locked(
    context: Context, plan: Resource, path: str, item: dict[str, Value], end: float | None
) -> Iterator[Hit]:
    """A locked vault takes no backups that it would have to keep for longer, or shorter."""
    vault = context.target(item.get("TargetBackupVault"), _VAULT)
    for name, over in (("MaxRetentionDays", True), ("MinRetentionDays", False)):
        limit = vault.number(f"LockConfiguration.{name}") if vault else None
        if vault and limit and end is not None and (end > limit if over else end < limit):
            yield hit(
                plan,
                f"{path}.Lifecycle.DeleteAfterDays",
                f"{end:g} days; {vault.logical_id} has {name}: {limit:g}, and every backup fails",
                f"keep to {name} of {vault.logical_id}",
                severity=Severity.WARNING,
            )
