"""A requirement stands where the template and the rules put it, and never better."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pcistack.checks.acknowledgements import Acknowledgement
from pcistack.checks.findings import Finding, Severity
from pcistack.checks.rule import Hit, Pack, Rule
from pcistack.checks.run import Outcome
from pcistack.evidence.gather import Evidence
from pcistack.evidence.standing import RequirementEvidence, Standing
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.requirements import REQUIREMENTS
from tests.evidence import sample
from tests.evidence.conftest import Gather


def _public_database(severity: Severity = Severity.ERROR) -> Rule[Context]:
    @Pack("Tests", "tests", Context.of).rule(
        "PCI-1.4.4-SAMPLE",
        "A database is not public",
        asks="Stores are not reachable.",
        requirements=("1.4.4",),
        types=("AWS::RDS::DBInstance",),
        fix="set PubliclyAccessible to false",
        security_hub=("RDS.2",),
        severity=severity,
    )
    def found(context: Context) -> Iterator[Hit]:
        for instance in context.view.of_type("AWS::RDS::DBInstance"):
            if instance.flag("PubliclyAccessible") is not False:
                yield Hit(
                    resource=instance.logical_id,
                    property="PubliclyAccessible",
                    message="the database is public",
                )

    return found


def _publish(resources: dict[str, sample.Body]) -> None:
    resources["Writer"]["Properties"]["PubliclyAccessible"] = True


def _accept(resources: dict[str, sample.Body]) -> None:
    _publish(resources)
    resources["Writer"]["Metadata"]["pcistack:acknowledged"] = [
        {
            "rule": "PCI-1.4.4-SAMPLE",
            "reason": "A test that lasts for one day only.",
            "until": "2026-12-01",
        }
    ]


def _accept_only(resources: dict[str, sample.Body]) -> None:
    _accept(resources)
    resources["Writer"]["Properties"]["PubliclyAccessible"] = False


def _of(evidence: Evidence, number: str) -> RequirementEvidence:
    (found,) = [item for item in evidence.requirements if item.number == number]
    return found


def test_every_requirement_of_the_table_has_a_standing_and_a_reason(gathered: Gather) -> None:
    evidence = gathered()
    assert [item.number for item in evidence.requirements] == [
        item.number for item in sorted(REQUIREMENTS, key=lambda item: item.sort_key)
    ]
    assert all(item.why for item in evidence.requirements)
    assert sum(evidence.counts.values()) == len(REQUIREMENTS)


@pytest.mark.parametrize("standing", [Standing.MET, Standing.PART])
def test_whatever_is_met_shows_a_setting_or_a_document(
    gathered: Gather, standing: Standing
) -> None:
    for item in gathered().requirements:
        if item.standing is standing and not item.why.startswith("AWS does it"):
            assert item.settings or item.documents, item.number


def test_a_clean_rule_with_a_supporting_setting_is_met(gathered: Gather) -> None:
    item = _of(gathered(rules=[_public_database()]), "1.4.4")
    assert item.standing is Standing.MET
    assert item.rules == ("PCI-1.4.4-SAMPLE",)
    assert item.controls == ("RDS.2",)
    assert any(
        setting.property == "PubliclyAccessible" and setting.value == "false"
        for setting in item.settings
    )


def test_the_reason_counts_what_is_really_there(gathered: Gather) -> None:
    evidence = gathered()
    assert _of(evidence, "3.7.4").why == "1 setting on 2 resources supports it."
    assert _of(evidence, "1.2.3").why == "2 documents support it."
    assert _of(evidence, "6.3.2").why == "1 setting on 1 resource and 1 document support it."


def test_an_open_finding_is_never_met(gathered: Gather) -> None:
    item = _of(gathered(_publish, rules=[_public_database()]), "1.4.4")
    assert item.standing is Standing.YOU
    assert [finding.resource for finding in item.open] == ["Writer"]
    assert not [setting for setting in item.settings if setting.property == "PubliclyAccessible"]


def test_an_open_warning_lowers_what_would_be_met_and_is_shown(gathered: Gather) -> None:
    item = _of(gathered(_publish, rules=[_public_database(Severity.WARNING)]), "1.4.4")
    assert item.standing is Standing.PART
    assert item.why.endswith("1 open warning: look at it.")
    assert [finding.severity for finding in item.open] == [Severity.WARNING]


def test_an_accepted_warning_is_acknowledged_too(gathered: Gather) -> None:
    item = _of(gathered(_accept, rules=[_public_database(Severity.WARNING)]), "1.4.4")
    assert item.standing is Standing.ACKNOWLEDGED


def test_a_document_alone_meets_only_what_asks_for_the_document(gathered: Gather) -> None:
    def no_settings(resources: dict[str, sample.Body]) -> None:
        for name in ("AlbToTask", "TaskFromAlb", "TaskToDatabase", "DatabaseFromTask"):
            del resources[name]

    evidence = gathered(no_settings)
    assert _of(evidence, "1.2.5").documents == ("ports",)
    assert _of(evidence, "1.2.5").standing is Standing.YOU
    assert _of(evidence, "1.2.4").standing is Standing.PART


@pytest.mark.parametrize("peer", [{"CidrIp": "54.0.0.0/8"}, {"SourcePrefixListId": "pl-0abc"}])
def test_a_public_range_to_a_store_needs_you(gathered: Gather, peer: dict[str, str]) -> None:
    def open_it(resources: dict[str, sample.Body]) -> None:
        properties = resources["DatabaseFromTask"]["Properties"]
        del properties["SourceSecurityGroupId"]
        properties |= peer

    before, after = gathered(pack=PACK), gathered(open_it, pack=PACK)
    for number in ("1.3.1", "1.4.1", "1.4.4"):
        assert _of(before, number).standing is not Standing.YOU, number
        assert _of(after, number).standing is Standing.YOU, number
    assert not any("can reach" in text for text in _of(after, "1.4.4").design if "Service" in text)


def test_an_accepted_finding_is_acknowledged_with_its_reason(gathered: Gather) -> None:
    item = _of(gathered(_accept, rules=[_public_database()]), "1.4.4")
    assert item.standing is Standing.ACKNOWLEDGED
    assert item.open == ()
    assert [entry.reason for entry in item.acknowledged] == ["A test that lasts for one day only."]


def _ended(severity: Severity = Severity.ERROR) -> Finding:
    """What a rule that depends on its day said at the synthesis."""
    return Finding(
        rule="PCI-1.4.4-SAMPLE",
        severity=severity,
        resource="Writer",
        property="PubliclyAccessible",
        message="over since 2026-10-31",
        fix="",
        source="",
    )


def test_the_synthesis_is_believed_and_no_rule_runs_again(gathered: Gather) -> None:
    found = Outcome(resources=1, open=[_ended()], acknowledged=[])
    item = _of(gathered(_publish, rules=[_public_database()], found=found), "1.4.4")
    assert item.standing is Standing.YOU
    assert item.open == (_ended(),)
    clean = Outcome(resources=1, open=[], acknowledged=[])
    assert _of(gathered(_publish, rules=[_public_database()], found=clean), "1.4.4").open == ()


def test_what_was_accepted_at_the_synthesis_is_acknowledged(gathered: Gather) -> None:
    accepted = Acknowledgement(
        resource="Writer", rule="PCI-1.4.4-SAMPLE", reason="A test that lasts for one day only."
    )
    found = Outcome(resources=1, open=[], acknowledged=[(_ended(), accepted)])
    item = _of(gathered(_accept_only, rules=[_public_database()], found=found), "1.4.4")
    assert item.standing is Standing.ACKNOWLEDGED
    assert item.open == ()


def test_a_fatal_finding_cannot_be_acknowledged(gathered: Gather) -> None:
    item = _of(gathered(_accept, rules=[_public_database(Severity.FATAL)]), "1.4.4")
    assert item.standing is Standing.YOU


def test_an_acknowledgement_that_covers_nothing_changes_no_standing(gathered: Gather) -> None:
    assert _of(gathered(_accept_only, rules=[_public_database()]), "1.4.4").standing is Standing.MET


def test_card_numbers_in_the_application_always_need_you(gathered: Gather) -> None:
    item = _of(gathered(), "3.5.1.2")
    assert item.standing is Standing.YOU
    assert item.settings == ()


def test_a_template_without_support_needs_you(gathered: Gather) -> None:
    evidence = gathered(sample.only_a_topic)
    assert _of(evidence, "1.4.4").standing is Standing.YOU
    assert _of(evidence, "10.5.1").standing is Standing.YOU
    inherited = [item.number for item in evidence.requirements if item.standing is Standing.MET]
    assert inherited == ["1.4.3", "3.6.1.2"]


def test_the_stack_s_share_names_only_what_the_template_supports(gathered: Gather) -> None:
    evidence = gathered()
    assert "1.4.4" in evidence.share(1)[Standing.MET]
    assert "1.2.5" in evidence.share(1)[Standing.PART]
    assert evidence.share(5) == {}
    assert evidence.share(9) == {}
    assert "10.6.1" not in gathered(lambda resources: resources.clear()).share(10).get(
        Standing.MET, ()
    )


@pytest.mark.parametrize(
    ("number", "resource", "path", "value"),
    [
        ("1.4.4", "Writer", "PubliclyAccessible", True),
        ("3.5.1", "Cluster", "StorageEncrypted", False),
        ("3.7.4", "DataKey", "EnableKeyRotation", False),
        ("4.2.1", "Https", "SslPolicy", "ELBSecurityPolicy-2016-08"),
        ("8.6.3", "Cluster", "ManageMasterUserPassword", False),
        ("10.5.1", "AuditLogs", "RetentionInDays", 30),
        ("10.2.1", "Cluster", "EnableCloudwatchLogsExports", ["error"]),
        ("2.2.2", "Cluster", "MasterUsername", "admin"),
        ("1.4.5", "PublicA", "MapPublicIpOnLaunch", True),
    ],
)
def test_a_setting_with_the_wrong_value_is_no_support(
    gathered: Gather, number: str, resource: str, path: str, value: sample.Body
) -> None:
    def shown(evidence: Evidence) -> set[tuple[str, str]]:
        return {
            (name, setting.property)
            for setting in _of(evidence, number).settings
            for name in setting.resources
        }

    def break_it(resources: dict[str, sample.Body]) -> None:
        resources[resource]["Properties"][path] = value

    assert (resource, path) in shown(gathered())
    assert (resource, path) not in shown(gathered(break_it))
