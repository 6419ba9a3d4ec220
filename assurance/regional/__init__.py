"""The regional guard: what a region can do, and rules that hold a template against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from assurance.findings import Finding, sort_key
from assurance.regional import facts as regional_facts
from assurance.regional.facts import Facts
from assurance.regional.rule import Context, Rule
from assurance.regional.rules import (
    arns,
    endpoints,
    engine_versions,
    expressions,
    features,
    global_services,
    instances,
    lambda_runtimes,
    load_balancer_logs,
    parameter_groups,
    region,
    resource_types,
    serverless_v1,
    serverless_v2,
    zones,
)
from assurance.resolution import View

RULES: Final[tuple[Rule, ...]] = (
    *region.RULES,
    *serverless_v1.RULES,
    *serverless_v2.RULES,
    *engine_versions.RULES,
    *instances.RULES,
    *parameter_groups.RULES,
    *features.RULES,
    *zones.RULES,
    *resource_types.RULES,
    *endpoints.RULES,
    *global_services.RULES,
    *arns.RULES,
    *load_balancer_logs.RULES,
    *lambda_runtimes.RULES,
    *expressions.RULES,
)
"""Every rule of the regional guard."""


def check(
    views: Sequence[View], *, region: str | None, on: date, facts: Facts | None = None
) -> list[Finding]:
    """Hold a template against its region.

    Args:
        views: The template in every world its conditions allow.
        region: The region; None or an unknown one is a finding by itself.
        on: The day for which support dates are judged.
        facts: What is known of the region; by default the shipped facts.

    Returns:
        The findings, worst first; what is the same in several worlds is reported once.
    """
    if facts is None:
        known = region in regional_facts.known_regions()
        facts = regional_facts.load(region) if region and known else regional_facts.unknown(region)
    found: dict[Finding, None] = {}
    for view in views:
        context = Context(view=view, facts=facts, on=on)
        for rule in RULES:
            found |= dict.fromkeys(rule.check(rule, context))
    return sorted(found, key=sort_key)
