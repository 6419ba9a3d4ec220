"""Every sentence on what a template does is true of it: break the template, and it goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from pcistack.evidence.by_design.sentences import SENTENCES, by_design
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.requirements import REQUIREMENTS
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from tests import support
from tests.evidence.sample import DAY, REGION
from tests.tables import cases

Body = dict[str, Any]
Change = Callable[[Body], object]
TEXTS = {sentence.key: sentence for sentence in SENTENCES}


def every(kind: str, **values: object) -> Change:
    """Set values of every resource of a type; ``__`` in a name goes one level down."""

    def change(resources: Body) -> None:
        for resource in resources.values():
            if resource["Type"] == kind:
                for name, value in values.items():
                    _set(resource.setdefault("Properties", {}), name.split("__"), value)

    return change


def _set(node: Json, steps: list[str], value: object) -> None:
    for step in steps[:-1]:
        if isinstance(node, list):
            node = node[int(step)]
        elif isinstance(node, dict):
            node = node.setdefault(step, {})
    assert isinstance(node, dict)
    if value is None:
        node.pop(steps[-1], None)
    else:
        node[steps[-1]] = cast("Json", value)


def drop(*kinds: str) -> Change:
    """Take every resource of some types away."""

    def change(resources: Body) -> None:
        for name in [name for name, one in resources.items() if one["Type"] in kinds]:
            del resources[name]

    return change


def add(name: str, kind: str, **properties: object) -> Change:
    """Put a resource into the template."""

    def change(resources: Body) -> None:
        resources[name] = {"Type": kind, "Properties": properties}

    return change


def attribute(key: str, value: str) -> Change:
    """Set an attribute of the load balancers."""

    def change(resources: Body) -> None:
        for resource in resources.values():
            for item in resource.get("Properties", {}).get("LoadBalancerAttributes", []):
                if item["Key"] == key:
                    item["Value"] = value

    return change


def both(*changes: Change) -> Change:
    """Make several changes."""

    def change(resources: Body) -> None:
        for one in changes:
            one(resources)

    return change


def statement(action: str, resource: str = "*", **more: object) -> Change:
    """Add a policy that allows something."""
    entry = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return add(
        "Added",
        "AWS::IAM::ManagedPolicy",
        PolicyDocument={"Version": "2012-10-17", "Statement": [entry]},
    )


ECS, RDS, ELB, EC2 = "AWS::ECS::", "AWS::RDS::", "AWS::ElasticLoadBalancingV2::", "AWS::EC2::"
CONTAINER = "ContainerDefinitions__0__"
PARAMETERS = f"{RDS}DBClusterParameterGroup"
INSTANCE = add("Box", f"{EC2}Instance", MetadataOptions={"HttpTokens": "required"})


def _ingress(**peer: object) -> Change:
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8", **peer}
    return every(f"{EC2}SecurityGroup", SecurityGroupIngress=[rule])


def _public(resources: Body) -> None:
    every(f"{ECS}Service", NetworkConfiguration__AwsvpcConfiguration__AssignPublicIp="ENABLED")(
        resources
    )


def _route_out(resources: Body) -> None:
    gateway = next(k for k, v in resources.items() if v["Type"] == f"{EC2}NatGateway")
    for name, one in list(resources.items()):
        if one["Type"] == f"{EC2}RouteTable" and "Isolated" in name:
            add(
                f"Out{name}",
                f"{EC2}Route",
                RouteTableId={"Ref": name},
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId={"Ref": gateway},
            )(resources)
    every(f"{EC2}SecurityGroup", SecurityGroupEgress=[{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}])(
        resources
    )


def _master_in_tasks(resources: Body) -> None:
    cluster = next(one for one in resources.values() if one["Type"] == f"{RDS}DBCluster")
    cluster["Properties"].pop("MasterUserPassword", None)
    cluster["Properties"] |= {"ManageMasterUserPassword": True}
    name = next(name for name, one in resources.items() if one is cluster)
    arn = {"Fn::GetAtt": [name, "MasterUserSecret.SecretArn"]}
    secret = {"Name": "PASSWORD", "ValueFrom": {"Fn::Join": ["", [arn, ":password::"]]}}
    every(f"{ECS}TaskDefinition", **{f"{CONTAINER}Secrets": [secret]})(resources)


def _own_login(resources: Body) -> None:
    add("Own", "AWS::SecretsManager::Secret", GenerateSecretString={"PasswordLength": 32})(
        resources
    )
    secret = {"Name": "PASSWORD", "ValueFrom": {"Ref": "Own"}}
    every(f"{ECS}TaskDefinition", **{f"{CONTAINER}Secrets": [secret]})(resources)


def _one_role(resources: Body) -> None:
    for one in resources.values():
        if one["Type"] == f"{ECS}TaskDefinition":
            one["Properties"]["ExecutionRoleArn"] = one["Properties"]["TaskRoleArn"]


NOTHING: Change = lambda resources: None  # noqa: E731
LOG_GROUP, KEY, ACL = "AWS::Logs::LogGroup", "AWS::KMS::Key", "AWS::WAFv2::WebACL"
ALARM, BUCKET = "AWS::CloudWatch::Alarm", "AWS::S3::Bucket"

# a sentence: what makes production say it, and what takes it away or changes it
BROKEN: dict[str, tuple[Change, Change]] = {
    "drawn_from_the_template": (NOTHING, drop(f"{EC2}Subnet")),
    "flows_are_drawn": (NOTHING, drop(f"{EC2}SecurityGroupIngress")),
    "rules_have_a_need": (NOTHING, every(f"{EC2}SecurityGroupIngress", Description=None)),
    "port_80_redirects": (NOTHING, every(f"{ELB}Listener", DefaultActions__0__Type="forward")),
    "no_remote_administration": (NOTHING, _ingress()),
    "default_group_is_closed": (NOTHING, drop("Custom::VpcRestrictDefaultSG")),
    "what_the_internet_reaches": (NOTHING, every(f"{ELB}LoadBalancer", Scheme="internal")),
    "what_faces_the_internet_beside": (
        add("Api", "AWS::ApiGateway::RestApi"),
        drop("AWS::ApiGateway::RestApi"),
    ),
    "what_reaches_the_internet": (NOTHING, drop(f"{EC2}NatGateway", f"{EC2}Route")),
    "names_are_resolved": (NOTHING, every(f"{EC2}VPC", EnableDnsSupport=False)),
    "stores_cannot_call": (NOTHING, _route_out),
    "tiers_by_routes": (NOTHING, drop(f"{EC2}Route")),
    "no_public_addresses": (NOTHING, _public),
    "stores_are_isolated": (NOTHING, _route_out),
    "who_reaches_the_stores": (NOTHING, drop(f"{EC2}SecurityGroupIngress")),
    "subnets_give_no_address": (NOTHING, every(f"{EC2}Subnet", MapPublicIpOnLaunch=True)),
    "nothing_is_shared": (NOTHING, every(LOG_GROUP, KmsKeyId={"Fn::ImportValue": "key"})),
    "master_user_is_no_default": (NOTHING, every(f"{RDS}DBCluster", MasterUsername="admin")),
    "containers_are_confined": (
        NOTHING,
        every(f"{ECS}TaskDefinition", **{f"{CONTAINER}User": "root"}),
    ),
    "no_shell_into_tasks": (NOTHING, every(f"{ECS}Service", EnableExecuteCommand=True)),
    "listeners_speak_tls": (
        NOTHING,
        every(f"{ELB}Listener", SslPolicy="ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"),
    ),
    "no_container_is_privileged": (
        NOTHING,
        every(f"{ECS}TaskDefinition", **{f"{CONTAINER}Privileged": True}),
    ),
    "metadata_in_version_2": (
        INSTANCE,
        every(f"{EC2}Instance", MetadataOptions__HttpTokens="optional"),
    ),
    "database_refuses_clear_text": (
        NOTHING,
        every(PARAMETERS, Parameters__require_secure_transport="OFF"),
    ),
    "logs_end": (NOTHING, every(LOG_GROUP, RetentionInDays=None)),
    "slow_statements_are_kept": (
        every(f"{RDS}DBCluster", EnableCloudwatchLogsExports=["audit", "slowquery"]),
        every(f"{RDS}DBCluster", EnableCloudwatchLogsExports=["audit", "error"]),
    ),
    "general_log_is_off": (NOTHING, every(PARAMETERS, Parameters__general_log="1")),
    "audit_log_leaves_statements_out": (
        NOTHING,
        every(PARAMETERS, Parameters__server_audit_events="CONNECT,QUERY"),
    ),
    "web_acl_log_is_redacted": (
        NOTHING,
        every("AWS::WAFv2::LoggingConfiguration", RedactedFields=None),
    ),
    "stores_use_own_keys": (NOTHING, every(f"{RDS}DBCluster", KmsKeyId=None)),
    "log_bucket_uses_s3_keys": (NOTHING, every(BUCKET, BucketEncryption=None)),
    "no_key_is_for_everyone": (
        NOTHING,
        every(KEY, KeyPolicy__Statement__0__Principal="*"),
    ),
    "keys_rotate": (NOTHING, every(KEY, EnableKeyRotation=False)),
    "key_deletion_waits": (NOTHING, every(KEY, PendingWindowInDays=7)),
    "who_refuses_clear_text": (NOTHING, drop("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy")),
    "way_to_the_tasks_is_plain": (NOTHING, every(f"{ELB}TargetGroup", Protocol="HTTPS")),
    "load_balancers_are_strict": (
        NOTHING,
        attribute("routing.http.drop_invalid_header_fields.enabled", "false"),
    ),
    "platform_is_current": (NOTHING, every(f"{ECS}Service", PlatformVersion="1.3.0")),
    "minor_upgrades": (NOTHING, every(f"{RDS}DBInstance", AutoMinorVersionUpgrade=True)),
    "images_are_scanned": (
        add("Images", "AWS::ECR::Repository", ImageScanningConfiguration={"ScanOnPush": True}),
        every("AWS::ECR::Repository", ImageScanningConfiguration__ScanOnPush=False),
    ),
    "web_acl_in_front": (NOTHING, drop("AWS::WAFv2::WebACLAssociation")),
    "nothing_to_guard": (
        every(f"{ELB}LoadBalancer", Scheme="internal"),
        every(f"{ELB}LoadBalancer", Scheme="internet-facing"),
    ),
    "data_is_not_deleted_by_mistake": (
        NOTHING,
        every(f"{RDS}DBCluster", DeletionProtection=False),
    ),
    "data_is_classified": (NOTHING, every(f"{RDS}DBCluster", Tags=None)),
    "no_policy_allows_everything": (NOTHING, statement("*")),
    "roles_are_separate": (NOTHING, _one_role),
    "tasks_log_in_as_master": (_master_in_tasks, _own_login),
    "tasks_have_their_own_login": (_own_login, _master_in_tasks),
    "iam_logins": (
        every(f"{RDS}DBCluster", EnableIAMDatabaseAuthentication=True),
        every(f"{RDS}DBCluster", EnableIAMDatabaseAuthentication=False),
    ),
    "nothing_is_for_everyone": (
        NOTHING,
        add(
            "Open",
            "AWS::SNS::TopicPolicy",
            Topics=[],
            PolicyDocument={
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}]
            },
        ),
    ),
    "secrets_use_own_keys": (NOTHING, add("Plain", "AWS::SecretsManager::Secret")),
    "passwords_are_long": (
        _own_login,
        every("AWS::SecretsManager::Secret", GenerateSecretString={"PasswordLength": 8}),
    ),
    "secrets_rotate": (NOTHING, add("Still", "AWS::SecretsManager::Secret")),
    "no_instance_has_a_key_pair": (INSTANCE, every(f"{EC2}Instance", KeyName="mine")),
    "containers_read_secrets": (
        NOTHING,
        every(f"{ECS}TaskDefinition", **{f"{CONTAINER}Secrets": None}),
    ),
    "what_is_recorded": (NOTHING, drop(f"{EC2}FlowLog")),
    "output_may_be_dropped": (
        every(
            f"{ECS}TaskDefinition",
            **{f"{CONTAINER}LogConfiguration__Options__mode": "non-blocking"},
        ),
        every(
            f"{ECS}TaskDefinition",
            **{f"{CONTAINER}LogConfiguration__Options__mode": "blocking"},
        ),
    ),
    "reads_are_not_recorded": (NOTHING, every(PARAMETERS, Parameters__server_audit_logging="0")),
    "grants_are_recorded": (
        NOTHING,
        every(PARAMETERS, Parameters__server_audit_events="CONNECT,QUERY_DDL"),
    ),
    "definitions_are_recorded": (
        NOTHING,
        every(f"{RDS}DBCluster", EnableCloudwatchLogsExports=["error"]),
    ),
    "refusals_are_recorded": (NOTHING, every(f"{EC2}FlowLog", TrafficType="ACCEPT")),
    "logs_are_encrypted": (NOTHING, every(LOG_GROUP, KmsKeyId=None)),
    "log_buckets_are_versioned": (NOTHING, every(BUCKET, VersioningConfiguration=None)),
    "no_role_deletes_logs": (NOTHING, statement("logs:Delete*")),
    "logs_leave_at_once": (
        NOTHING,
        every(f"{ECS}TaskDefinition", **{f"{CONTAINER}LogConfiguration": None}),
    ),
    "controls_raise_alarms": (NOTHING, every(ALARM, AlarmActions=None)),
    "log_texts_are_not_searched": (
        NOTHING,
        add("Filter", "AWS::Logs::MetricFilter", FilterPattern="ERROR"),
    ),
    "who_is_told": (NOTHING, every(ALARM, ActionsEnabled=False)),
    "logs_are_kept": (NOTHING, every(LOG_GROUP, RetentionInDays=90)),
    "clocks_are_kept": (NOTHING, every(f"{ECS}Service", LaunchType="EC2")),
    "database_changes_are_told": (NOTHING, every(f"{RDS}EventSubscription", Enabled=False)),
    "support_ends": (
        NOTHING,
        every(f"{RDS}DBCluster", EngineVersion="8.0.mysql_aurora.3.04.4"),
    ),
    "components_are_listed": (NOTHING, drop(ALARM)),
    "alarms_say_what_to_do": (NOTHING, every(ALARM, AlarmDescription=None)),
}


def _body() -> Body:
    return support.copied(support.template("prod").body)


def _context(body: Body) -> Context:
    return Context(view=views(Template(body), REGION)[0], on=DAY)


def _said(key: str, body: Body) -> str:
    return TEXTS[key].text(_context(body))


@cache
def _whole() -> Context:
    """Production as it is, which most sentences are said of."""
    return _context(_body())


@cases("key", sorted(BROKEN))
def test_a_sentence_goes_or_changes_when_the_template_breaks(key: str) -> None:
    said_by, broken_by = BROKEN[key]
    body = _body()
    said_by(body["Resources"])
    before = TEXTS[key].text(_whole()) if said_by is NOTHING else _said(key, body)
    assert before.endswith("."), key
    broken_by(body["Resources"])
    assert _said(key, body) != before


def _of(kind: str, **properties: object) -> Body:
    return {"Type": kind, "Properties": properties}


FROM_OUTER = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "SourceSecurityGroupId": "sg-1"}]
SERVICE = _of("AWS::ECS::Service", TaskDefinition="theirs")
DATABASE = _of(
    "AWS::RDS::DBCluster",
    Engine="aurora-mysql",
    DBClusterParameterGroupName="theirs",
    VpcSecurityGroupIds=[{"Ref": "Group"}],
)
GROUP = _of("AWS::EC2::SecurityGroup", SecurityGroupIngress=FROM_OUTER)
API = _of("AWS::ApiGateway::RestApi")
FOREIGN: dict[str, tuple[Body, str, str]] = {
    "a store whose callers are elsewhere": (
        {"Database": DATABASE, "Group": GROUP},
        "who_reaches_the_stores",
        "Over the network whoever is in sg-1 can reach Database.",
    ),
    "a store whose groups are elsewhere": (
        {"Database": DATABASE | {"Properties": {"Engine": "aurora-mysql"}}},
        "who_reaches_the_stores",
        "Over the network whoever the deployment admits can reach Database.",
    ),
    "a store whose subnets are elsewhere": ({"Database": DATABASE}, "stores_cannot_call", ""),
    "a log of parameters elsewhere": ({"Database": DATABASE}, "general_log_is_off", ""),
    "an instance whose subnets are elsewhere": (
        {"Box": _of("AWS::EC2::Instance", SubnetId="subnet-1")},
        "what_reaches_the_internet",
        "To the internet or other networks may go: Box on all traffic.",
    ),
    "a database with AWS's default for its address": (
        {"Database": DATABASE, "Box": _of("AWS::RDS::DBInstance")},
        "no_public_addresses",
        "",
    ),
    "a service beside an API": ({"It": SERVICE, "Api": API}, "nothing_to_guard", ""),
    "a service on whatever its cluster has": ({"It": SERVICE}, "clocks_are_kept", ""),
    "a service on no platform of Fargate": (
        {"It": _of("AWS::ECS::Service", LaunchType="EC2")},
        "platform_is_current",
        "",
    ),
    "an alarm that scales": (
        {
            "Alarm": _of(ALARM, AlarmActions=[{"Ref": "Policy"}]),
            "Policy": _of("AWS::ApplicationAutoScaling::ScalingPolicy"),
        },
        "who_is_told",
        "",
    ),
    "an alarm to a topic elsewhere": (
        {"Alarm": _of(ALARM, AlarmActions=["arn:aws:sns:x:1:y"])},
        "who_is_told",
        "Alarms go to what is not in this template: show who is told there.",
    ),
    "a condition that narrows nothing": (
        {
            "Policy": _of(
                "AWS::SNS::TopicPolicy",
                PolicyDocument={
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
                    }
                },
            )
        },
        "nothing_is_for_everyone",
        "",
    ),
    "a role with everything by a policy of AWS": (
        {
            "Role": _of(
                "AWS::IAM::Role",
                ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"],
                Policies=[{"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "a:B"}}}],
            )
        },
        "no_policy_allows_everything",
        "No policy of the template gives all actions. Its roles have these from elsewhere: "
        "AdministratorAccess.",
    ),
    "a secret from elsewhere": (
        {
            "Task": _of(
                "AWS::ECS::TaskDefinition",
                ContainerDefinitions=[{"Secrets": [{"Name": "A", "ValueFrom": "arn:mine"}]}],
            )
        },
        "secrets_rotate",
        "",
    ),
}


@cases("name", FOREIGN)
def test_what_only_the_deployment_knows_is_not_told_as_if_it_were_known(name: str) -> None:
    resources, key, said = FOREIGN[name]
    assert _said(key, {"Resources": resources}) == said


def test_outputs_are_named_as_long_as_they_are_there() -> None:
    body = _body()
    assert "LoadBalancerDnsName" in _said("outputs_name_hosts", body)
    body["Outputs"] = {}
    assert _said("outputs_name_hosts", body) == ""


def test_every_sentence_has_its_test_and_speaks_to_a_requirement_of_the_table() -> None:
    assert set(TEXTS) == {*BROKEN, "outputs_name_hosts"}
    assert len(TEXTS) == len(SENTENCES)
    known = {requirement.number for requirement in REQUIREMENTS}
    assert {number for one in SENTENCES for number in one.numbers} <= known


def test_an_empty_template_has_no_sentence() -> None:
    empty = Context(view=views(Template({"Resources": {}}), REGION)[0], on=DAY)
    assert by_design(empty) == {}


def test_development_describes_no_firewall_no_bucket_and_no_load_balancer() -> None:
    body = cast("Body", dict(support.template("dev").body))
    said = by_design(Context(view=views(Template(body), REGION)[0], on=DAY))
    texts = " ".join(text for found in said.values() for text in found).lower()
    for word in ("a web acl with", "bucket", "load balancer"):
        assert word not in texts
    assert said["6.4.2"] == ("This template has no web application that the internet reaches.",)
