"""The evidence as plain JSON: what the page shows, for scripts and for a diff between releases."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from pcistack.evidence.gather import Evidence
from pcistack.evidence.registers import Register
from pcistack.evidence.responsibilities import Responsibility
from pcistack.evidence.standing import RequirementEvidence
from pcistack.template.document import Json

FORMAT: Final = 2
"""Version of this JSON's shape; it grows when a reader would have to change."""


def document(evidence: Evidence) -> Json:
    """Return the evidence as one JSON object."""
    verified = evidence.verified
    return {
        "format": FORMAT,
        "standard": "PCI DSS v4.0.1",
        "environment": evidence.environment,
        "stack": evidence.stack,
        "region": evidence.region,
        "account": evidence.judgement.account,
        "commit": evidence.judgement.commit,
        "judged_on": evidence.judgement.on.isoformat(),
        "judged_at_synthesis": evidence.judgement.recorded,
        "template_sha256": evidence.judgement.sha256,
        "template_content_sha256": evidence.judgement.content,
        "resources": len(evidence.view.resources),
        "summary": {str(standing): count for standing, count in evidence.counts.items()},
        "requirements": [_requirement(item) for item in evidence.requirements],
        "registers": {register.name: _rows(register) for register in evidence.registers},
        "other_findings": [dict(finding.as_json()) for finding in evidence.others],
        "not_treated": dict(evidence.untreated),
        "checks": [asdict(checks) for checks in evidence.checks],
        "responsibilities": [_share(evidence, item) for item in evidence.responsibilities],
        "limits": list(evidence.limits),
        "notes": list(evidence.notes),
        "as_deployed": None if verified is None else json.loads(verified.as_text()),
    }


def _share(evidence: Evidence, responsibility: Responsibility) -> Json:
    share = evidence.share(responsibility.requirement)
    return {
        "requirement": responsibility.requirement,
        "topic": responsibility.topic,
        "aws": responsibility.aws,
        "stack": {str(standing): list(numbers) for standing, numbers in share.items()},
        "you": responsibility.you,
    }


def _requirement(requirement: RequirementEvidence) -> Json:
    return {
        "number": requirement.number,
        "title": requirement.title,
        "asks": requirement.asks,
        "design": list(requirement.design),
        "standing": str(requirement.standing),
        "why": requirement.why,
        "settings": [
            {
                "property": setting.property,
                "value": setting.value,
                "resources": list(setting.resources),
            }
            for setting in requirement.settings
        ],
        "documents": list(requirement.documents),
        "yours": requirement.yours,
        "rules": list(requirement.rules),
        "security_hub": list(requirement.controls),
        "open": [dict(finding.as_json()) for finding in requirement.open],
        "acknowledged": [
            {
                "rule": entry.rule,
                "reason": entry.reason,
                "owner": entry.owner,
                "until": entry.until,
                "resources": list(entry.resources),
            }
            for entry in requirement.acknowledged
        ],
    }


def _rows(register: Register) -> Json:
    return [
        {column: value if isinstance(value, str) else list(value) for column, value in row.items()}
        for row in register.rows
    ]
