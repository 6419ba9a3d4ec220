"""Access: the role that a service is given lets it do what it is given for."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused
from pcistack.deployment.pack import rule
from pcistack.deployment.service_roles import KINDS, calls


@rule(
    "DEPLOY-ROLE-ACCESS",
    "A role that does not let the service do what it is given for",
    types=KINDS,
    source="VPC user guide: IAM role for publishing flow logs; RDS user guide: Enhanced "
    "Monitoring; EventBridge user guide: Target permissions; Step Functions: Logging",
)
def role_rule(context: Context) -> Iterator[Hit]:
    for call in calls(context):
        missing = refused(context, call.role, call.actions, call.arn, sent=call.sent)
        if missing:
            on = f" on {call.arn}" if call.arn not in ("", "*", "<value>") else ""
            yield hit(
                call.resource,
                call.path,
                f"{call.role.logical_id} may not call {', '.join(missing)}{on}: {call.what}",
                f"in a policy of {call.role.logical_id} allow {', '.join(missing)}{on}",
                severity=call.severity,
            )
