"""Entry point of ``cdk synth`` and ``cdk deploy``: environment, stack, checks, synth."""

from __future__ import annotations

import gc
import json
import sys
from datetime import date
from pathlib import Path
from typing import cast

from aws_cdk import App, IPolicyValidationPlugin, Validations
from cdk_nag import AwsSolutionsChecks, PCIDSS321Checks

from assurance import pci_dss, regional
from assurance.plugins import RulePackPlugin, SchemaPlugin
from stacks.assembly import build_app
from stacks.environment import ConfigurationError, Environment, load_environment


def main() -> int:
    """Synthesize and check the environment that the context names; ``dev`` if it names none.

    Returns:
        0 if the template may be deployed, 1 if a check found something, 2 for bad input.
    """
    suffix = App(builtin_cloud_formation_validation=False).node.try_get_context("environmentSuffix")
    try:
        environment = load_environment("dev" if suffix is None else str(suffix))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    schema = SchemaPlugin()  # its engine starts while the app is built
    app = build_app([environment])
    attach_checks(app, schema, on=date.today())
    try:
        assembly = app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        print(error, file=sys.stderr)
        return 1
    _summarize(environment, Path(assembly.directory))
    return 0


def attach_checks(app: App, schema: SchemaPlugin, *, on: date) -> None:
    """Attach every check; a finding at level error or fatal fails the synthesis.

    Args:
        app: The app.
        schema: Validates the templates against CloudFormation's schemas.
        on: The day for which support dates are judged.
    """
    Validations.of(app).add_plugins(
        cast("IPolicyValidationPlugin", AwsSolutionsChecks(app)),
        cast("IPolicyValidationPlugin", PCIDSS321Checks(app)),
        cast("IPolicyValidationPlugin", RulePackPlugin("Regional guard", regional, on=on)),
        cast("IPolicyValidationPlugin", RulePackPlugin("PCI DSS", pci_dss, on=on)),
        cast("IPolicyValidationPlugin", schema),
    )


def _summarize(environment: Environment, directory: Path) -> None:
    report = json.loads((directory / "validation-report.json").read_text(encoding="utf-8"))
    if any(plugin["conclusion"] != "success" for plugin in report["pluginReports"]):
        return  # the CDK CLI prints the report and fails
    path = directory / f"{environment.names.stack}.template.json"
    count = len(json.loads(path.read_text(encoding="utf-8"))["Resources"])
    print(
        f"{environment.names.stack}: {count} resources for {environment.region}, "
        f"every check passed: {path}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    gc.disable()  # the process is short: collecting would cost a tenth of its time
    sys.exit(main())
