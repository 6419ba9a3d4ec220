"""The database: Serverless v2 in a form its region deploys, unreachable from the internet."""

import json

import pytest

from pci_constructs.settings.engine import mysql_version
from pcistack.regional.curated import has_long_term_support
from stacks.consistency import mistakes
from stacks.environment import Environment, load_environment
from tests.support import (
    Synthesized,
    app,
    environment,
    listed,
    statements,
    synthesize,
    target,
    template,
    text,
    variant,
)
from tests.test_acknowledgements import open_findings, outcome

DEV = template("dev")
PROD = template("prod")

CHOSEN: dict[str, object] = {
    "engine_version": "8.0.mysql_aurora.3.12.0",
    "readers": 3,
    "port": 6604,
    "name": "ledger",
    "slow_query_log": False,
}
"""Settings that have nothing to do with each other: one template shows what each does."""


def cluster() -> dict[str, object]:
    return DEV.one("AWS::RDS::DBCluster")


def writer() -> dict[str, object]:
    return DEV.one("AWS::RDS::DBInstance")


@pytest.mark.parametrize("suffix", ["dev", "prod", "first-correction", "pr42"])
def test_database_is_never_serverless_v1(suffix: str) -> None:
    cluster = template(suffix).one("AWS::RDS::DBCluster")
    assert "EngineMode" not in cluster
    assert "ScalingConfiguration" not in cluster


def test_database_is_serverless_v2_between_half_and_one_acu() -> None:
    assert cluster()["Engine"] == "aurora-mysql"
    assert cluster()["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 1}
    assert writer()["DBInstanceClass"] == "db.serverless"
    assert writer()["DBInstanceIdentifier"] == "transaction-db-instance-dev"
    assert target(writer()["DBClusterIdentifier"]) == DEV.ids("AWS::RDS::DBCluster")[0]


def test_database_can_pause_when_asked_to() -> None:
    paused = variant(database={"min_capacity": 0, "auto_pause_seconds": 300})
    assert paused.one("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0,
        "MaxCapacity": 1,
        "SecondsUntilAutoPause": 300,
    }


def test_engine_version_and_parameter_family_belong_together() -> None:
    assert cluster()["EngineVersion"] == "8.0.mysql_aurora.3.10.6"
    group = DEV.one("AWS::RDS::DBClusterParameterGroup")
    assert group["Family"] == "aurora-mysql8.0"
    assert target(cluster()["DBClusterParameterGroupName"]) in DEV.resources


def test_the_first_correction_keeps_its_engine_version() -> None:
    cluster = template("first-correction").one("AWS::RDS::DBCluster")
    assert cluster["EngineVersion"] == "8.0.mysql_aurora.3.04.4"
    assert cluster["BackupRetentionPeriod"] == 7


def test_long_term_support_lines_do_not_upgrade_themselves() -> None:
    assert writer()["AutoMinorVersionUpgrade"] is False
    newer = variant(database=CHOSEN).all("AWS::RDS::DBInstance")
    assert {instance["AutoMinorVersionUpgrade"] for instance in newer} == {True}


def test_database_is_unreachable_from_the_internet() -> None:
    for instance in PROD.all("AWS::RDS::DBInstance"):
        assert instance["PubliclyAccessible"] is False
    group = DEV.one("AWS::RDS::DBSubnetGroup")
    subnets = [target(subnet) for subnet in listed(group["SubnetIds"])]
    assert len(subnets) == 2
    assert all("Isolated" in DEV.path(subnet) for subnet in subnets)


def test_only_the_tasks_and_the_function_of_the_users_reach_it_and_on_its_port_only() -> None:
    (group,) = [target(g) for g in listed(cluster()["VpcSecurityGroupIds"])]
    assert "SecurityGroupIngress" not in DEV.properties(group)
    rules = [r for r in DEV.all("AWS::EC2::SecurityGroupIngress") if target(r["GroupId"]) == group]
    assert {(r["FromPort"], r["ToPort"], r["IpProtocol"]) for r in rules} == {(6603, 6603, "tcp")}
    sources = {DEV.path(target(r["SourceSecurityGroupId"])) for r in rules}
    assert sources == {
        "PciDss-dev/Service/SecurityGroup/Resource",
        "PciDss-dev/DatabaseIdentities/SecurityGroup/Resource",
    }


def test_database_has_no_way_out() -> None:
    (group,) = [target(g) for g in listed(cluster()["VpcSecurityGroupIds"])]
    (closed,) = listed(DEV.properties(group)["SecurityGroupEgress"])
    assert isinstance(closed, dict)
    assert closed["CidrIp"] == "255.255.255.255/32"
    egress = [r for r in DEV.all("AWS::EC2::SecurityGroupEgress") if target(r["GroupId"]) == group]
    assert egress == []


def test_storage_is_encrypted_with_the_data_key() -> None:
    assert cluster()["StorageEncrypted"] is True
    assert "EncryptionData" in target(cluster()["KmsKeyId"])


def test_plain_connections_are_refused_and_old_tls_too() -> None:
    parameters = DEV.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]
    assert isinstance(parameters, dict)
    assert parameters["require_secure_transport"] == "ON"
    assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"


def test_audit_log_is_on_and_holds_no_statement_that_could_hold_a_card_number() -> None:
    parameters = DEV.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]
    assert isinstance(parameters, dict)
    assert parameters["server_audit_logging"] == "1"
    assert parameters["server_audit_events"] == "CONNECT,QUERY_DCL,QUERY_DDL"
    assert parameters["slow_query_log"] == "1"
    assert cluster()["EnableCloudwatchLogsExports"] == ["audit", "error", "slowquery"]


def test_exported_logs_go_to_groups_that_exist_before_the_cluster() -> None:
    (cluster,) = DEV.ids("AWS::RDS::DBCluster")
    groups = {
        str(DEV.properties(key)["LogGroupName"])
        for key in listed(DEV.resources[cluster]["DependsOn"])
        if isinstance(key, str)
    }
    assert groups == {
        f"/aws/rds/cluster/transaction-db-cluster-dev/{kind}"
        for kind in ("audit", "error", "slowquery")
    }


def test_master_user_and_port_are_not_the_defaults() -> None:
    assert cluster()["Port"] == 6603
    assert cluster()["MasterUsername"] == "txowner"


def test_rds_keeps_the_master_password_with_the_secrets_key() -> None:
    assert cluster()["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster()
    assert "EncryptionSecrets" in target(cluster()["MasterUserSecret"]["KmsKeyId"])  # type: ignore[index]
    assert "{{resolve:" not in json.dumps(DEV.body)


def test_backups_tags_monitoring_and_access_follow_the_promise() -> None:
    assert cluster()["DatabaseName"] == "transactions"
    assert cluster()["BackupRetentionPeriod"] == 7
    assert cluster()["CopyTagsToSnapshot"] is True
    assert cluster()["EnableIAMDatabaseAuthentication"] is False  # no identity uses it
    assert cluster()["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    assert writer()["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert writer()["MonitoringInterval"] == 60
    role = DEV.properties(target(writer()["MonitoringRoleArn"]))
    (trust,) = statements(role["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (policy,) = listed(role["ManagedPolicyArns"])
    assert text(policy) == "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


def test_production_has_a_reader_in_the_other_zone_that_can_take_over() -> None:
    zones = {
        str(instance["DBInstanceIdentifier"]): instance["AvailabilityZone"]
        for instance in PROD.all("AWS::RDS::DBInstance")
    }
    assert zones == {
        "transaction-db-instance-prod": "eu-central-2a",
        "transaction-db-reader-1-prod": "eu-central-2b",
    }
    reader = PROD.named("Cluster/Reader1", "AWS::RDS::DBInstance")
    assert reader["PromotionTier"] == 1


def test_an_engine_version_of_another_engine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is not an Aurora MySQL version such as"):
        mysql_version("16.4")


def test_long_term_support_is_told_by_the_line() -> None:
    assert has_long_term_support("8.0.mysql_aurora.3.10.6")
    assert not has_long_term_support("8.0.mysql_aurora.3.1.0")


def test_capacity_backups_and_readers_are_the_configured_ones() -> None:
    cluster = PROD.one("AWS::RDS::DBCluster")
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 8}
    assert cluster["BackupRetentionPeriod"] == 35
    chosen = variant(database=CHOSEN)
    assert len(chosen.ids("AWS::RDS::DBInstance")) == 4
    configured = chosen.one("AWS::RDS::DBCluster")
    assert (configured["Port"], configured["DatabaseName"]) == (6604, "ledger")


def test_the_slow_query_log_is_off_for_cardholder_data_unless_it_is_asked_for() -> None:
    def logs(synthesized: Synthesized) -> tuple[object, object, bool]:
        parameters = synthesized.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]
        assert isinstance(parameters, dict)
        exported = synthesized.one("AWS::RDS::DBCluster")["EnableCloudwatchLogsExports"]
        return parameters["slow_query_log"], exported, "/slowquery" in json.dumps(synthesized.body)

    off, on = ["audit", "error"], ["audit", "error", "slowquery"]
    assert logs(PROD) == ("0", off, False)
    assert logs(DEV) == ("1", on, True)
    assert logs(variant(database=CHOSEN)) == ("0", off, False)
    values = load_environment("prod").model_dump()
    values["database"]["slow_query_log"] = True
    assert logs(synthesize(Environment.model_validate(values))) == ("1", on, True)


SNAPSHOT = "arn:aws:rds:eu-central-2:111111111111:cluster-snapshot:before"


def test_a_database_begins_with_a_snapshot_and_has_the_key_of_the_stack() -> None:
    values = environment(database={"snapshot": SNAPSHOT}).model_dump()
    chosen = Environment.model_validate({**values, "account": "111111111111"})
    restored = synthesize(chosen)
    cluster = restored.one("AWS::RDS::DBCluster")
    assert cluster["SnapshotIdentifier"] == "before"
    assert {"MasterUsername", "DatabaseName", "StorageEncrypted"}.isdisjoint(cluster)
    assert "EncryptionData" in target(cluster["KmsKeyId"])
    assert cluster["ManageMasterUserPassword"] is True
    assert open_findings(app(chosen)) == set()
    assert outcome(restored).open == []


def test_a_snapshot_of_an_unknown_account_is_told() -> None:
    restored = variant(database={"snapshot": SNAPSHOT})
    assert restored.one("AWS::RDS::DBCluster")["SnapshotIdentifier"] == SNAPSHOT
    assert {finding.rule for finding in outcome(restored).open} == {"PCI-3.5.1-RESTORED"}


def test_a_snapshot_of_another_region_is_refused() -> None:
    values = load_environment("dev").model_dump()
    values["database"]["snapshot"] = SNAPSHOT.replace("eu-central-2", "eu-west-1")
    (mistake,) = mistakes(Environment.model_validate(values))
    assert "database.snapshot: is a snapshot of another region" in str(mistake)
