"""What the command line chooses: environment, images; and what no deployment may have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from stacks import without_value
from stacks.command_line import Chosen, chosen
from stacks.documentation_values import refuse_documentation
from stacks.environment import ENVIRONMENTS, load_environment
from stacks.mistakes import ConfigurationError
from stacks.without_value import told_by_ps

DIGEST = "sha256:" + "ab" * 32
FILE = """\
region = "eu-central-2"
[network]
zones = ["eu-central-2a", "eu-central-2b"]
[service]
image = "localhost:5000/team/app:1"
[workers.settlement]
[jobs.nightly]
image = "reports:1"
"""


def images(folder: Path, **given: object) -> dict[str, str | None]:
    (folder / "x.toml").write_text(FILE, encoding="utf-8")
    context = {key.replace("__", "."): value for key, value in given.items()}
    environment = load_environment("x", folder, chosen=chosen(context))
    return {
        "service": environment.service.image,
        "settlement": environment.workers["settlement"].image,
        "nightly": environment.jobs["nightly"].image,
    }


def test_the_files_images_are_used_without_a_word(tmp_path: Path) -> None:
    assert images(tmp_path)["service"] == "localhost:5000/team/app:1"


@pytest.mark.parametrize(
    ("tag", "image"),
    [("2.0", "localhost:5000/team/app:2.0"), (DIGEST, f"localhost:5000/team/app@{DIGEST}")],
)
def test_a_tag_or_digest_replaces_that_of_the_service_alone(
    tmp_path: Path, tag: str, image: str
) -> None:
    found = images(tmp_path, imageTag=tag)
    assert found == {"service": image, "settlement": None, "nightly": "reports:1"}


def test_an_image_without_a_tag_gets_one(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(FILE.replace("app:1", "app"), encoding="utf-8")
    environment = load_environment("x", tmp_path, chosen=Chosen(tag="2"))
    assert environment.service.image == "localhost:5000/team/app:2"


def test_each_image_can_be_replaced_by_name(tmp_path: Path) -> None:
    found = images(tmp_path, images__service="a:1", images__settlement="b:2", images__nightly="c:3")
    assert found == {"service": "a:1", "settlement": "b:2", "nightly": "c:3"}


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ({"images.nope": "a"}, "-c images.nope: no such workload; allowed: 'service', 'settlement' or 'nightly'"),  # noqa: E501
        ({"imageTag": "a b"}, "-c imageTag: cannot be used; allowed: a tag such as 1.4.2, or a digest, sha256:<64 hexadecimal digits> (it is 'a b')"),  # noqa: E501
        ({"imagetag": "1"}, "-c imagetag: no such key; is -c imageTag=... meant?"),
        ({"image": "1"}, "-c image: no such key; is -c images.service=... meant?"),
        ({"environmentSufix": "x"}, "-c environmentSufix: no such key; is -c environmentSuffix=... meant?"),  # noqa: E501
        ({"environmentsuffix": "x"}, "-c environmentsuffix: no such key; is -c environmentSuffix=... meant?"),  # noqa: E501
        ({"environment-sufix": "x"}, "-c environment-sufix: no such key; is -c environmentSuffix=... meant?"),  # noqa: E501
        ({"env": "x"}, "-c env: no such key; is -c environmentSuffix=... meant?"),
    ],
)  # fmt: skip
def test_what_the_command_line_cannot_say_is_refused_in_one_line(
    tmp_path: Path, context: dict[str, object], line: str
) -> None:
    (tmp_path / "x.toml").write_text(FILE, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_environment("x", tmp_path, chosen=chosen(context))
    assert str(caught.value) == line


@pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed")
def test_the_command_line_of_a_process_is_told_without_proc_too() -> None:
    told = told_by_ps(os.getpid())
    assert told is not None
    assert told[1] == os.getppid()
    assert "pytest" in " ".join(told[0]) or "-c" in told[0]  # a worker of pytest-xdist
    assert told_by_ps(2**30) is None


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("cdk synth -c environmentSuffix", True),
        ("cdk synth --context environmentSuffix --quiet", True),
        ("cdk synth --context=environmentSuffix", True),
        ("cdk synth -c environmentSuffix=prod", False),
        ("cdk synth", False),
    ],
)
@pytest.mark.parametrize("teller", ["told_by_files", "told_by_ps"])
def test_a_suffix_without_a_value_is_noticed_wherever_the_system_tells(
    monkeypatch: pytest.MonkeyPatch, teller: str, line: str, lacks: bool
) -> None:
    for name in ("told_by_files", "told_by_ps"):
        told = (line.split(), 1) if name == teller else None
        monkeypatch.setattr(without_value, name, lambda _, told=told: told)
    assert without_value.lacks_value("environmentSuffix") is lacks


def test_context_of_the_cdk_and_of_others_is_no_misspelling() -> None:
    context = {"aws:cdk:version-reporting": True, "@aws-cdk/core:newStyle": True, "owner": "me"}
    assert chosen(context) == Chosen()


def test_an_image_that_cannot_be_one_is_a_mistake_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"service\.image: is not the name of an image"):
        images(tmp_path, images__service="a b")


def test_the_values_of_the_documentation_are_refused_where_they_would_be_deployed() -> None:
    prod = load_environment("prod")
    lines = (ENVIRONMENTS / "prod.toml").read_text(encoding="utf-8").splitlines()
    with pytest.raises(ConfigurationError) as caught:
        refuse_documentation(prod, "222222222222")
    found = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in found] == [
        "ingress.certificate_arn",
        "monitoring.emails",
        "service.image",
    ]
    for line in found:
        number = int(line.split(": ")[0].rpartition(":")[2])
        value = line.rpartition("(it is '")[2][:20]
        assert value in lines[number - 1]


@pytest.mark.parametrize("account", [None, "111111111111", "123456789012"])
def test_they_are_no_mistake_without_an_account_to_deploy_to(account: str | None) -> None:
    refuse_documentation(load_environment("prod"), account)


def test_an_environment_of_ones_own_is_not_refused() -> None:
    refuse_documentation(load_environment("dev"), "222222222222")
