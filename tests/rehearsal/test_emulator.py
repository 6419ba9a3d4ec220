"""The embedded AWS starts fresh, is reached from this machine only, and never outlives its user."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pcistack.commands.rehearse import _prepare
from pcistack.rehearsal.cdk_cli import CommandError, Toolkit
from pcistack.rehearsal.emulator import RehearsalError, running
from pcistack.rehearsal.sweep import Beforehand, Known
from pcistack.rehearsal.trial import Lab

PROJECT = Path(__file__).resolve().parents[2]
REGION = "eu-central-2"

_HOLDER = """
import time
from pcistack.rehearsal.emulator import running
with running(region="eu-central-2") as emulator:
    print(emulator.process.pid, emulator.folder, flush=True)
    time.sleep(60)
"""


def _eventually(holds: Callable[[], bool]) -> bool:
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


def _is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _listening(port: int) -> set[str]:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    local = [line.split()[1].split(":") for line in lines if line.split()[3] == "0A"]
    return {address for address, at in local if int(at, 16) == port}


def test_listens_on_the_loopback_interface_only(lab: Lab) -> None:
    assert _listening(lab.emulator.port) == {"0100007F"}


def test_starts_empty_and_leaves_neither_process_nor_folder() -> None:
    with running(region=REGION) as emulator:
        assert emulator.client("ec2", REGION).describe_nat_gateways()["NatGateways"] == []
        assert emulator.client("cloudformation", REGION).list_stacks()["StackSummaries"] == []
        pid, port, folder = emulator.process.pid, emulator.port, emulator.folder
        assert folder.exists()

    assert not _is_running(pid)
    assert _listening(port) == set()
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ends_and_leaves_no_folder_when_its_user_is_killed(number: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout:
        number_of, _, folder = holder.stdout.readline().strip().partition(" ")
    pid = int(number_of)
    assert _is_running(pid)
    assert Path(folder).exists()

    holder.send_signal(number)
    holder.wait()

    assert _eventually(lambda: not _is_running(pid))
    assert not Path(folder).exists()


def test_port_in_use_is_said_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(RehearsalError, match=f"Port {port} .*--port"),
            running(region=REGION, port=port),
        ):
            pass


def test_killed_emulator_is_said_plainly() -> None:
    with running(region=REGION) as emulator:
        os.killpg(emulator.process.pid, signal.SIGKILL)
        emulator.process.wait()
        with pytest.raises(RehearsalError, match=r"ended by itself \(exit code -9\)"):
            emulator.inventory()


def test_no_word_of_the_users_own_aws_account_reaches_the_cli(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "company")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")

    environment = lab.emulator.environment(REGION)

    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["AWS_ENDPOINT_URL"] == f"http://localhost:{lab.emulator.port}"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_neither_a_proxy_nor_telemetry_nor_the_users_files_are_between(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")

    environment = lab.emulator.environment(REGION)

    assert [name for name in environment if name.lower().endswith("_proxy")] == []
    assert environment["CDK_DISABLE_CLI_TELEMETRY"] == "true"
    assert environment["TMPDIR"] == str(lab.emulator.folder)  # what a killed CLI leaves is there
    assert [path.name for path in Path(environment["HOME"]).iterdir() if path.is_file()] == []


def test_bootstrap_finds_no_app_to_synthesize(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[list[str], Path]] = []
    monkeypatch.setattr(
        Toolkit, "_run", lambda _self, words, _watch, folder: taken.append((words, folder))
    )

    Toolkit(lab.emulator, REGION, PROJECT).bootstrap()

    ((words, folder),) = taken
    assert words[0] == "bootstrap"
    assert list(folder.iterdir()) == []


def test_what_was_interrupted_starts_no_other_command(lab: Lab) -> None:
    toolkit = Toolkit(lab.emulator, REGION, PROJECT)
    toolkit.close()
    with pytest.raises(CommandError, match="not started any more"):
        toolkit.bootstrap()


def test_another_account_has_its_default_network_before_anybody_looks_for_traces(lab: Lab) -> None:
    other, bootstrapped = lab.emulator.acting("123456789012"), list[str]()
    _prepare(other, REGION, lambda: bootstrapped.append("it"))
    baseline = Beforehand(other)
    other.client("ec2", REGION).describe_subnets()
    assert bootstrapped == ["it"]
    assert [str(item) for item in baseline.since(Known())] == []
