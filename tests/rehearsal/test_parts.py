"""The parts that need no embedded AWS."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pcistack.rehearsal import critical_path
from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.edits import grow
from pcistack.rehearsal.embedded import function_processes
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.emulator import RehearsalError
from pcistack.rehearsal.project import moved, with_ingress
from pcistack.rehearsal.steps import Step, StepError, Steps, StepState
from pcistack.rehearsal.sweep import Known
from stacks.documentation_values import CERTIFICATE


def _assembly(resources: dict[str, object], folder: Path = Path()) -> Assembly:
    return Assembly(
        folder=folder,
        stack="PciDss-dev",
        suffix="dev",
        region="eu-central-2",
        template={"Resources": resources},
    )


class _Silent:
    def started(self, step: Step) -> None:
        pass

    def finished(self, step: Step) -> None:
        pass


# --- Properties -----------------------------------------------------------------------------------


def test_property_that_nobody_reads_is_refused() -> None:
    with (
        pytest.raises(PropertyError, match=r"extraneous key \[Colour\]"),
        Properties.read({"Size": 1, "Colour": "blue"}) as given,
    ):
        given.number("Size", minimum=0, maximum=2)


@pytest.mark.parametrize("value", [True, "much", None, 3, -1, [1]])
def test_number_that_is_none_or_out_of_bounds_is_refused(value: object) -> None:
    with pytest.raises(PropertyError):
        Properties({"Size": value}).number("Size", minimum=0, maximum=2)


@pytest.mark.parametrize(("value", "number"), [(2, 2), ("2", 2), (2.0, 2), (None, None)])
def test_integer_may_be_written_as_text_or_left_out(value: object, number: int | None) -> None:
    read = Properties({"Size": value}).optional_integer("Size", minimum=0, maximum=2)
    assert (read, type(read)) == (number, type(number))


@pytest.mark.parametrize("value", [1.5, "1.5", True, 3, -1])
def test_fraction_or_integer_out_of_bounds_is_refused(value: object) -> None:
    with pytest.raises(PropertyError):
        Properties({"Size": value}).optional_integer("Size", minimum=0, maximum=2)


@pytest.mark.parametrize(("value", "truth"), [(True, True), ("false", False), (None, True)])
def test_boolean_may_be_written_as_text(value: object, truth: bool) -> None:
    assert Properties({"Open": value}).flag("Open", default=True) is truth


@pytest.mark.parametrize("value", ["yes", 1, "", []])
def test_other_values_are_no_booleans(value: object) -> None:
    with pytest.raises(PropertyError, match="expected a Boolean"):
        Properties({"Open": value}).flag("Open", default=True)


def test_tag_without_a_value_is_refused() -> None:
    with pytest.raises(PropertyError, match="a Key and a Value"):
        Properties({"Tags": [{"Key": "Owner"}]}).tags()


# --- Assemblies -----------------------------------------------------------------------------------


def _write_assembly(folder: Path) -> Assembly:
    text = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}})
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / "S.template.json").write_text(text)
    source = {"source": {"path": "S.template.json"}, "destinations": {"d": {"objectKey": digest}}}
    (folder / "S.assets.json").write_text(json.dumps({"files": {digest: source}}))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-central-2",
        "properties": {"templateFile": "S.template.json", "url": f"s3://bucket/{digest}.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}))
    return Assembly.load(folder, "dev")


def test_edited_template_is_an_asset_under_its_own_hash(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()

    def edit(template: TemplateBody) -> None:
        template["Resources"]["Topic"]["Properties"]["DisplayName"] = "Alarms"

    (original / "asset.1").mkdir()
    assembly = _write_assembly(original)
    assembly.edited(tmp_path / "edited", lambda _: None)
    edited = assembly.edited(tmp_path / "edited", edit)

    assert (edited.folder / "asset.1").is_dir()
    text = (edited.folder / "S.template.json").read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert list(json.loads((edited.folder / "S.assets.json").read_text())["files"]) == [digest]
    assert f"s3://bucket/{digest}.json" in (edited.folder / "manifest.json").read_text()
    assert edited.resources["Topic"]["Properties"] == {"DisplayName": "Alarms"}
    assert Assembly.load(original, "dev").resources["Topic"]["Properties"] == {}


def test_folder_without_an_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="holds no cloud assembly"):
        Assembly.load(tmp_path, "dev")


# --- Names of what is left ------------------------------------------------------------------------


def test_log_group_is_named_after_the_resource_whose_service_made_it() -> None:
    known = Known()
    kinds = {"Dashboard": "AWS::CloudWatch::Dashboard", "Cluster": "AWS::ECS::Cluster"}
    stack = _assembly({name: {"Type": kind} for name, kind in kinds.items()})
    known.add(stack, dict.fromkeys(kinds, "pcidss-dev"))

    group = "/aws/ecs/containerinsights/pcidss-dev/performance"

    assert known.name("cloudwatch_logs", group) == "Cluster"
    assert known.name("cloudwatch", "pcidss-dev") == "Dashboard"
    assert known.name("cloudwatch_logs", "/aws/lambda/another") == ""


@pytest.mark.parametrize(
    ("store", "name"),
    [("_buckets", "Logs"), ("_bucket_policies", "LogsPolicy"), ("_bucket_encryption", "Logs")],
)
def test_bucket_and_its_policy_share_an_id_and_are_told_apart(store: str, name: str) -> None:
    known = Known()
    kinds = {"Logs": "AWS::S3::Bucket", "LogsPolicy": "AWS::S3::BucketPolicy"}
    stack = _assembly({name: {"Type": kind} for name, kind in kinds.items()})
    known.add(stack, dict.fromkeys(kinds, "pcidss-dev-logs"))

    assert known.name("s3", "pcidss-dev-logs", store) == name


# --- Critical path --------------------------------------------------------------------------------


def test_critical_path_is_the_longest_chain_of_references() -> None:
    path = critical_path.find(
        _assembly(
            {
                "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {}},
                "Cluster": {
                    "Type": "AWS::RDS::DBCluster",
                    "Properties": {"Subnets": {"Fn::Sub": "in ${Vpc.Arn}"}},
                },
                "Writer": {
                    "Type": "AWS::RDS::DBInstance",
                    "Properties": {"DBClusterIdentifier": {"Ref": "Cluster"}},
                },
                "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
            }
        )
    )

    assert [link.resource for link in path.links] == ["Vpc", "Cluster", "Writer"]
    assert path.seconds == sum(
        critical_path.DURATIONS[kind].seconds
        for kind in ("AWS::EC2::VPC", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
    )
    assert path.waits == ()


def test_critical_path_names_a_wait_that_only_depends_on_makes() -> None:
    instance = {"Type": "AWS::RDS::DBInstance", "Properties": {}}
    path = critical_path.find(
        _assembly({"Writer": instance, "Reader": {**instance, "DependsOn": ["Writer"]}})
    )

    wait = path.waits[0]
    duration = critical_path.DURATIONS["AWS::RDS::DBInstance"].seconds
    assert (wait.resource, wait.waits_for, wait.saves) == ("Reader", "Writer", duration)
    assert path.seconds == 2 * duration


def test_every_duration_names_its_source_or_says_that_it_is_assumed() -> None:
    for duration in critical_path.DURATIONS.values():
        assert duration.source.startswith(("assumed", "public"))


# --- Steps ----------------------------------------------------------------------------------------


def test_error_of_the_rehearsal_fails_its_step_and_stops_the_run() -> None:
    steps = Steps(_Silent())

    with pytest.raises(StepError), steps.take("deploy"):
        raise RehearsalError("no room\nfor it")

    assert steps.taken[0].outcome is StepState.FAILED
    assert steps.taken[0].details == ["no room", "for it"]
    assert not steps.all_passed


def test_step_that_is_interrupted_has_not_passed() -> None:
    steps = Steps(_Silent())

    with pytest.raises(KeyboardInterrupt), steps.take("deploy"):
        raise KeyboardInterrupt

    assert steps.taken[0].outcome is StepState.FAILED


def test_no_step_at_all_is_no_success() -> None:
    assert not Steps(_Silent()).all_passed


def test_environment_without_ingress_gets_one_with_a_certificate_of_its_own_place() -> None:
    text = with_ingress('region = "us-east-1"\naccount = "222222222222"\n')
    arn = "arn:aws:acm:us-east-1:222222222222:certificate/"
    assert arn in text
    assert f"{arn}{CERTIFICATE}" not in text  # which no account but the documentation's may have
    with_one = '[ingress]\nhosted_zone = "example.com"\n'
    assert with_ingress(with_one) == with_one


def test_environment_moves_to_another_region_with_its_zones() -> None:
    text = 'region = "eu-central-2"\n[network]\nzones = ["eu-central-2a", "eu-central-2b"]\n'
    assert moved(text, "us-west-1") == (
        'region = "us-west-1"\n[network]\nzones = ["us-west-1a", "us-west-1c"]\n'
    )
    assert moved(text, "eu-central-2") == text


def test_environment_that_names_no_region_cannot_be_moved() -> None:
    with pytest.raises(RehearsalError, match="names no region"):
        moved("[network]\n", "us-east-1")


@pytest.mark.parametrize(
    ("image", "changed"),
    [
        ("public.ecr.aws/nginx:1", "public.ecr.aws/nginx:1-rehearsed"),
        ("app@sha256:" + "ab" * 32, "app@sha256:" + "b" * 64),
        (
            {"Fn::Join": ["", ["111111111111.dkr.ecr.", {"Ref": "X"}, "/app:1.4.2"]]},
            {"Fn::Join": ["", ["111111111111.dkr.ecr.", {"Ref": "X"}, "/app:1.4.2-rehearsed"]]},
        ),
    ],
)
def test_update_changes_any_image_to_another_release(image: object, changed: object) -> None:
    template: TemplateBody = {
        "Resources": {
            "Task": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {"ContainerDefinitions": [{"Image": image}]},
            }
        }
    }
    grow(template)
    assert template["Resources"]["Task"]["Properties"]["ContainerDefinitions"] == [
        {"Image": changed}
    ]


# --- Functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["copy", "own-sdk", "no-copy"])
def test_python_function_gets_the_sdk_that_it_brings_and_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "own-sdk":
        (tmp_path / "boto3.py").write_text("session = 'of the function'\n")
    if way == "no-copy":

        def refuse(*_: object) -> None:
            raise OSError("AF_UNIX path too long")

        monkeypatch.setattr(function_processes, "_Function", refuse)
    script = tmp_path / "_worker.py"
    script.write_text("import boto3, os\nprint(boto3.session, dict(os.environ), os.getcwd())\n")
    process = function_processes.start(
        [sys.executable, str(script)],
        cwd=str(tmp_path),
        env={"NAME": "value"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = process.stdout.read()

    assert process.wait(10) == 0
    assert ("of the function" in said) is (way == "own-sdk")
    assert "'NAME': 'value'" in said
    assert "PATH" not in said
    assert str(tmp_path) in said
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
