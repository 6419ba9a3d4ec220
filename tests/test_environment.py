"""The configuration: typed, complete in its errors, and never half-applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.environment import (
    ENVIRONMENTS,
    ConfigurationError,
    environment_file,
    load_environment,
)

MINIMAL = 'region = "eu-central-2"\n[network]\nzones = ["eu-central-2a", "eu-central-2b"]\n'


def load(tmp_path: Path, text: str) -> str:
    """Load a file that must be refused; return the message."""
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_environment("bad", tmp_path)
    message = str(caught.value)
    assert all("bad.toml: " in line for line in message.splitlines())
    return message


def test_a_suffix_with_a_file_uses_it_and_every_other_uses_the_ephemeral_one() -> None:
    assert environment_file("prod").name == "prod.toml"
    assert environment_file("pr42").name == "ephemeral.toml"
    assert load_environment("pr42").suffix == "pr42"


@pytest.mark.parametrize("path", sorted(ENVIRONMENTS.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_file_loads(path: Path) -> None:
    assert load_environment(path.stem).region == "eu-central-2"


def test_a_minimal_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(MINIMAL)
    environment = load_environment("small", tmp_path)
    assert environment.ingress is None
    assert environment.database.max_capacity == 1


def test_several_errors_are_told_together_with_file_field_and_value(tmp_path: Path) -> None:
    message = load(
        tmp_path,
        MINIMAL + 'cidr = "8.8.8.0/16"\nmax_asz = 3\n[database]\nport = 3306\nreaders = 99\n',
    )
    assert len(message.splitlines()) == 4
    assert "network.cidr:" in message
    assert "'8.8.8.0/16'" in message
    assert "network.max_asz: no such setting; docs/configuration.md lists them all" in message
    assert "database.port: must not be MySQL's well-known port 3306 (it is 3306)" in message
    assert "database.readers: Input should be less than or equal to 15 (it is 99)" in message


NETWORK = '"eu-central-2a", "eu-central-2b"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "region: is missing and has no default"),
        ("region = ", "not valid TOML"),
        ('suffix = "x"\n' + MINIMAL, "suffix: is given on the command line"),
        (MINIMAL.replace(NETWORK, '"eu-central-2a"'), "at least 2 items"),
        (
            MINIMAL.replace(NETWORK, '"eu-central-2a", "eu-central-2a"'),
            "every zone may stand there once",
        ),
        (
            MINIMAL.replace(NETWORK, '"eu-central-1a", "eu-central-1b"'),
            "eu-central-1a, eu-central-1b is not in region eu-central-2",
        ),
        (MINIMAL + "nat_gateways = 0", "allowed: 1 or 2"),
        (MINIMAL + "nat_gateways = 3", "allowed: 1 or 2"),
        (MINIMAL + 'egress = "endpoints"', "allowed: 0"),
        (
            MINIMAL + 'egress = "endpoints"\nnat_gateways = 0',
            "copy it to a repository <account>.dkr.ecr.eu-central-2.amazonaws.com/<name>",
        ),
        (MINIMAL + "[database]\nmin_capacity = 0.7", "must be a multiple of 0.5 ACU"),
        (MINIMAL + "[database]\nmin_capacity = 4", "larger than max_capacity 1"),
        (MINIMAL + "[database]\nauto_pause_seconds = 300", "needs min_capacity = 0"),
        (MINIMAL + '[database]\nengine_version = "8.0"', "is not an Aurora MySQL version"),
        (MINIMAL + '[database]\nmaster_username = "admin"', "default or reserved account"),
        (MINIMAL + '[service]\nuser = "root"', "must not run as root"),
        (MINIMAL + "[service]\nmemory_mib = 700", "allowed: 512, 1024, 2048"),
        (MINIMAL + "[service]\ndesired_count = 5", "smaller than desired_count 5"),
        (MINIMAL + "[protection]\nlog_retention_days = 30", "must be one of 365, 400"),
        (MINIMAL + "[protection]\nkey_deletion_window_days = 3", "greater than or equal to 7"),
        (MINIMAL + "[ingress]", "give either certificate_arn, or hosted_zone_id"),
        (
            MINIMAL + '[ingress]\ncertificate_arn = "arn:aws:acm:us-east-1:111111111111:'
            'certificate/x"',
            "the certificate is in us-east-1",
        ),
        (
            MINIMAL + '[ingress]\nhosted_zone_id = "Z1"\nhosted_zone_name = "example.com"\n'
            'domain_name = "pay.example.org"',
            "is not inside 'example.com'",
        ),
        (
            f'project = "{"p" * 200}"\n' + MINIMAL,
            "web acl 'pppp",
        ),
        ('acknowledged = {AURORA-X = "because"}\n' + MINIMAL, "at least 20 characters"),
        (MINIMAL + '[monitoring]\nemails = ["nobody"]', "monitoring.emails.0:"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_allowed(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected in load(tmp_path, text)


def test_a_missing_file_says_which_one_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ephemeral\.toml which serves every other"):
        load_environment("pr42", tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_environment("bad", tmp_path)


def test_environments_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_environment("dev").region = "eu-west-1"  # type: ignore[misc]
