"""What services write on their own, and what AWS lets nobody change."""

from __future__ import annotations

from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.late import remove_what_came_late
from pcistack.rehearsal.trial import Lab
from tests.rehearsal.parts import only

GROUP = "/aws/ecs/containerinsights/pcidss-pr42/performance"


def _groups(lab: Lab) -> set[str]:
    found = lab.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    return {group["logGroupName"] for group in found}


def test_next_deployment_of_a_suffix_is_free_once_the_sweep_has_removed_what_came_late(
    lab: Lab, pr42: Assembly
) -> None:
    observed = lab.edited(pr42, only("AWS::ECS::Cluster", "AWS::Logs::LogGroup"))
    assert lab.direct.create(observed) == "CREATE_COMPLETE"
    assert lab.direct.delete(observed.stack) == "DELETE_COMPLETE"
    assert _groups(lab) == {GROUP}
    assert lab.direct.create(observed) == "ROLLBACK_COMPLETE"
    assert "already exists" in str(lab.direct.failures(observed.stack)[0])
    lab.direct.delete(observed.stack)

    assert remove_what_came_late(lab.emulator, observed) == ([GROUP], [])
    assert remove_what_came_late(lab.emulator, observed) == ([], [])
    assert lab.direct.create(observed) == "CREATE_COMPLETE"
    lab.direct.delete(observed.stack)
    assert remove_what_came_late(lab.emulator, observed) == ([GROUP], [])


def test_lifecycle_support_of_a_cluster_cannot_be_changed(lab: Lab, up: Assembly) -> None:
    def edit(template: TemplateBody) -> None:
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::RDS::DBCluster":
                resource["Properties"]["EngineLifecycleSupport"] = (
                    "open-source-rds-extended-support"
                )

    assert lab.direct.update(lab.edited(up, edit)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot be modified" in str(lab.direct.failures(up.stack)[0])


def test_event_subscription_takes_more_sources_without_a_replacement(
    lab: Lab, up: Assembly
) -> None:
    (name,) = (
        name
        for name, resource in up.resources.items()
        if resource["Type"] == "AWS::RDS::EventSubscription"
        and resource["Properties"].get("SourceType") == "db-cluster"
    )
    before = lab.direct.physical_ids(up.stack)[name]

    def edit(template: TemplateBody) -> None:
        properties = template["Resources"][name]["Properties"]
        properties["SourceIds"] = []

    changed = lab.edited(up, edit)
    assert lab.direct.update(changed) == "UPDATE_COMPLETE"
    assert lab.direct.physical_ids(up.stack)[name] == before
    (found,) = lab.client("rds").describe_event_subscriptions(SubscriptionName=before)[
        "EventSubscriptionsList"
    ]
    assert found["SourceIdsList"] == []
    assert lab.direct.update(up) == "UPDATE_COMPLETE"


def test_load_balancer_writes_a_test_file_into_its_log_bucket(lab: Lab) -> None:
    subnets = {
        f"Subnet{number}": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.8.{number}.0/24"},
        }
        for number in range(2)
    }
    attributes = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "balancer-logs"}
    resources: dict[str, object] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.8.0.0/16"}},
        "Logs": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "balancer-logs"}},
        **subnets,
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "DependsOn": "Logs",
            "Properties": {
                "Subnets": [{"Ref": name} for name in subnets],
                "LoadBalancerAttributes": [
                    {"Key": key, "Value": value} for key, value in attributes.items()
                ],
            },
        },
    }
    s3 = lab.client("s3")
    with lab.stack(resources):
        (found,) = s3.list_objects_v2(Bucket="balancer-logs")["Contents"]
        s3.delete_object(Bucket="balancer-logs", Key=found["Key"])
    assert found["Key"] == "AWSLogs/111111111111/ELBAccessLogTestFile"
