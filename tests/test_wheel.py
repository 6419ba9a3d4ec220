"""What is installed: the wheel, alone in a fresh environment, away from this repository."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pcistack.cli import COMMANDS, EXTRAS

ROOT = Path(__file__).resolve().parent.parent
FAILED = ROOT / "docs" / "examples" / "serverless-v1.yaml"
ZURICH = ("--region", "eu-central-2")
BASE = {"click": "click", "pyyaml": "yaml"}
"""The packages that the wheel needs, and what each is imported as."""


class Installed:
    """An environment that holds the wheel and the packages that it requires without extras."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "env" / "bin"
        uv = str(Path(sys.executable).parent / "uv")
        self._run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
        self._run(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "env"))
        rows = folder / "rows.txt"
        rows.write_text("\n".join(_rows(set(BASE))))
        python = ("--quiet", "--python", str(self.bin / "python"))
        self._run(uv, "pip", "install", *python, "--no-deps", "--require-hashes", "-r", str(rows))
        (wheel,) = folder.glob("*.whl")
        self._run(uv, "pip", "install", *python, "--no-deps", str(wheel))
        self._run(uv, "pip", "check", *python)

    def _run(self, *command: str) -> None:
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, outside the repository unless told otherwise."""
        program, *arguments = command
        return subprocess.run(
            [str(self.bin / program), *arguments],
            cwd=cwd or self.folder,
            env={"PATH": str(self.bin), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def pcistack(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("pcistack", *arguments)


def _rows(names: set[str]) -> Iterator[str]:
    wanted = False
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line[:1].isalpha():
            wanted = line.partition("==")[0] in names
        if wanted:
            yield line


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("wheel"))


def test_check_migrate_and_facts_need_click_and_yaml_alone(installed: Installed) -> None:
    check = installed.pcistack("check", str(FAILED), *ZURICH)
    assert check.returncode == 1, check.stderr
    assert "AURORA-SERVERLESS-V1" in check.stdout
    migrate = installed.pcistack("migrate", str(FAILED), *ZURICH)
    assert "ServerlessV2ScalingConfiguration" in migrate.stdout, migrate.stderr
    facts = installed.pcistack("facts", "show", "eu-central-2")
    assert facts.returncode == 0, facts.stderr
    assert "Europe (Zurich)" in facts.stdout


def test_the_installation_takes_a_few_megabytes(installed: Installed) -> None:
    files = [path for path in (installed.folder / "env" / "lib").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files if path.suffix != ".pyc") < 10_000_000


def test_the_constructs_are_installed_and_the_application_is_not(installed: Installed) -> None:
    script = (
        "from importlib.util import find_spec; from importlib.resources import files; "
        "print([name for name in ('stacks', 'tests', 'app') if find_spec(name)], "
        "bool(find_spec('pci_constructs')), "
        "files('pci_constructs').joinpath('database_users/index.py').is_file(), "
        "files('pci_constructs').joinpath('database_users/certificates/eu-central-2.pem').is_file())"
    )
    assert installed.run("python", "-c", script).stdout.split("\n")[0] == "[] True True True"


def test_every_file_that_the_package_reads_is_in_the_wheel(installed: Installed) -> None:
    (package,) = (installed.folder / "env" / "lib").glob("python3.*/site-packages")
    for source, name in ((ROOT, "pcistack"), (ROOT / "constructs", "pci_constructs")):
        here, there = (
            {
                str(path.relative_to(folder))
                for path in (folder / name).rglob("*")
                if path.is_file() and "__pycache__" not in path.parts
            }
            for folder in (source, package)
        )
        assert here == there


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("evidence", "--environment", "dev", "--out", "out"), "evidence"),
        (("preflight", str(FAILED), *ZURICH), "aws"),
        (("facts", "refresh", "--live", *ZURICH), "aws"),
        (("rehearse",), "rehearsal"),
    ],
)
def test_a_missing_extra_is_one_line_that_names_it(
    installed: Installed, arguments: tuple[str, ...], extra: str
) -> None:
    result = installed.run("pcistack", *arguments, cwd=ROOT)  # rehearse wants a project
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("pcistack: this needs the package ")
    assert line.endswith(f"pip install 'pcistack[{extra}]'")


def test_the_help_of_every_command_needs_no_extra_or_names_it(installed: Installed) -> None:
    script = (
        "import json, sys; from click.testing import CliRunner; from pcistack.cli import cli; "
        "ended = {name: CliRunner().invoke(cli, [name, '--help']) for name in sys.argv[1:]}; "
        "print(json.dumps({name: [one.exit_code, one.output] for name, one in ended.items()}))"
    )
    ended = json.loads(installed.run("python", "-c", script, *COMMANDS).stdout)
    assert set(ended) == set(COMMANDS)
    for name, (code, output) in ended.items():
        assert code == 0 or (code == 2 and "pip install 'pcistack[" in output), name


def _required() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: [Requirement(line) for line in lines] for extra, lines in extras.items()}


def test_the_wheel_and_the_lock_do_not_contradict_each_other() -> None:
    pinned = dict(
        re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / "requirements.txt").read_text(), re.M)
    )
    named = re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.in").read_text(), re.M)
    for requirement in (entry for entries in _required().values() for entry in entries):
        name = requirement.name.lower()
        assert name in named
        assert requirement.specifier.contains(pinned[name]), requirement


def test_every_extra_is_known_to_the_command_line() -> None:
    required = _required()
    assert {entry.name.lower() for entry in required[""]} == set(BASE)
    assert set(required) - {""} == set(EXTRAS)


@pytest.mark.parametrize("package", ["pcistack", "constructs/pci_constructs"])
def test_every_package_that_is_imported_is_required_or_comes_with_an_extra(package: str) -> None:
    known = {*BASE.values(), *(module for modules in EXTRAS.values() for module in modules)}
    known |= {*sys.stdlib_module_names, "pcistack", "pci_constructs"}
    for path in (ROOT / package).rglob("*.py"):
        if "database_users" in path.parts:
            continue  # runs in AWS Lambda
        imported = set(_imports(ast.parse(path.read_text())))
        assert imported <= known, path


def _imports(node: ast.AST) -> Iterator[str]:
    """Yield the first name of whatever a module imports at run time."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):  # holds no import
            yield from _imports(child)
