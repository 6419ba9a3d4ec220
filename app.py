"""Entry point of ``cdk synth`` and ``cdk deploy``: environment, stack, checks, synth.

Half of the time is Python that imports, half is Node that builds. Each import stands where it can
run beside the other half; ``make bench`` shows what that gains.
"""

from __future__ import annotations

import gc
import importlib.util  # noqa: F401  two threads that import it first at once break it now and then
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

if TYPE_CHECKING:
    from aws_cdk import App, IPolicyValidationPlugin

    from stacks.environment import Environment


def main(*, on: date) -> int:
    """Synthesize and check the environment that the context names; ``dev`` if it names none.

    Args:
        on: The day for which support dates and acknowledgements are judged.

    Returns:
        0 if the template may be deployed, 1 if a check found something, 2 for bad input.
    """
    from stacks.node import speak_directly

    speak_directly()
    with ThreadPoolExecutor(1) as beside:
        starting = beside.submit(start)
        from stacks.command_line import chosen  # these need no CDK
        from stacks.documentation_values import refuse_documentation
        from stacks.environment import ConfigurationError, load_environment

        from stacks.app import add_stack  # isort: skip

        app, nag = starting.result()  # one thread at a time may speak to Node
        try:
            options = chosen(app.node.get_all_context())
            environment = load_environment(options.suffix, chosen=options)
            refuse_documentation(environment, os.environ.get("CDK_DEFAULT_ACCOUNT"))
        except ConfigurationError as error:
            print(error, file=sys.stderr)
            return 2
        loading = beside.submit(load_checks, on=on)
        add_stack(app, environment)
        checks = loading.result()
        attach(app, checks, nag)
    try:
        assembly = app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        print(error, file=sys.stderr)
        return 1
    finally:
        _record(Path(app.outdir), checks, on=on)
    _summarize(environment, Path(assembly.directory))
    return 0


def start() -> tuple[App, list[IPolicyValidationPlugin]]:
    """Start Node; return an app, and cdk-nag's rules for it."""
    from cdk_nag import AwsSolutionsChecks, PCIDSS321Checks

    from stacks.cdk_app import create_app

    app = create_app()
    packs = (AwsSolutionsChecks(app), PCIDSS321Checks(app))
    return app, [cast("IPolicyValidationPlugin", pack) for pack in packs]


def load_checks(*, on: date) -> list[IPolicyValidationPlugin]:
    """Return the project's own checks; when the first is asked, the others begin too.

    Args:
        on: The day for which support dates and acknowledgements are judged.
    """
    from pcistack.checks.plugins import RulePackPlugin, SchemaPlugin
    from pcistack.checks.run import load

    beside = [RulePackPlugin(load(name), on=on) for name in ("template", "deployment", "pci")]
    others = (*beside, SchemaPlugin())
    plugins = (RulePackPlugin(load("regional"), on=on, beside=others), *others)
    return [cast("IPolicyValidationPlugin", plugin) for plugin in plugins]


def attach(
    app: App, checks: list[IPolicyValidationPlugin], nag: list[IPolicyValidationPlugin]
) -> None:
    """Attach every check; a finding at level error or fatal fails the synthesis.

    Node runs cdk-nag's rules itself; they stand second, so that the other checks work meanwhile.
    """
    from aws_cdk import Validations

    first, *others = checks
    Validations.of(app).add_plugins(first, *nag, *others)


def _record(directory: Path, checks: list[IPolicyValidationPlugin], *, on: date) -> None:
    """Keep what the checks found beside the templates, for the evidence."""
    from pcistack.checks import record
    from pcistack.checks.plugins import RulePackPlugin

    packs = [check for check in checks if isinstance(check, RulePackPlugin)]
    record.write(
        directory,
        [pack.outcomes for pack in packs],
        on=on,
        commit=record.commit_of(Path.cwd()),
        version=packs[0].version,
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


def _refusal(error: OSError | RuntimeError) -> str:
    """Return what the system refused, here or in Node, such as a full disk; empty for a defect."""
    if isinstance(error, OSError):
        return f"{error.filename or 'the temporary folder'}: {error.strerror or error}"
    found = re.match(r"E[A-Z]{3,}: .*", str(error))
    return found[0] if found else ""


def process(*, on: date) -> NoReturn:
    """Run :func:`main` as a process that ends with its exit code, or one line on the system."""
    gc.disable()  # the process is short: collecting would cost a tenth of its time
    try:
        code = main(on=on)
    except (OSError, RuntimeError) as error:
        if not (reason := _refusal(error)):
            raise
        print(f"The app cannot run: {reason}", file=sys.stderr, flush=True)
        os._exit(2)  # what has half started cannot end in order
    gc.freeze()  # nor is it worth collecting at the exit
    sys.exit(code)


if __name__ == "__main__":
    process(on=date.today())
