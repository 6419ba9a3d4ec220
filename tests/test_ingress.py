"""The way in: HTTPS only, filtered, logged, and absent without a certificate."""

import json
from collections.abc import Mapping
from typing import cast

from tests.support import (
    CERTIFICATE,
    ZONE,
    Synthesized,
    listed,
    statements,
    target,
    template,
    text,
    variant,
    waits_for,
)

DEV = template("dev")
PROD = template("prod")
EPHEMERAL = {"ingress": {"certificate_arn": CERTIFICATE}}

REASON = "Invoices of partners are larger than 8 KB."
CHOSEN: dict[str, dict[str, object]] = {
    "ingress": {
        **ZONE["ingress"],
        "certificate_arn": CERTIFICATE,
        "rate_limit": 100,
        "allowed_sources": ["203.0.113.0/24"],
        "waf_exceptions": {"SizeRestrictions_BODY": REASON},
    },
    "service": {"health_check_path": "/health"},
    "protection": {"lock_logs": True, "keep_data": True, "log_retention_days": 731},
}
"""Settings that have nothing to do with each other: one template shows what each does."""


def balancer() -> dict[str, object]:
    return PROD.one("AWS::ElasticLoadBalancingV2::LoadBalancer")


def attributes() -> dict[object, object]:
    pairs = cast("list[dict[str, object]]", balancer()["LoadBalancerAttributes"])
    return {pair["Key"]: pair["Value"] for pair in pairs}


def listeners() -> dict[object, dict[str, object]]:
    found = PROD.all("AWS::ElasticLoadBalancingV2::Listener")
    return {listener["Port"]: listener for listener in found}


def test_without_a_certificate_nothing_faces_the_internet() -> None:
    for kind in ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::WAFv2::WebACL"):
        assert DEV.ids(kind) == []


def test_load_balancer_stands_in_the_public_tier() -> None:
    assert balancer()["Scheme"] == "internet-facing"
    assert all("Public" in PROD.path(target(s)) for s in listed(balancer()["Subnets"]))


def test_customers_are_served_with_modern_tls_only() -> None:
    https = listeners()[443]
    assert https["Protocol"] == "HTTPS"
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    (certificate,) = listed(https["Certificates"])
    assert certificate == {
        "CertificateArn": "arn:aws:acm:eu-central-2:111111111111:certificate/"
        "00000000-0000-4000-8000-000000000000"
    }


def test_plain_http_answers_with_a_permanent_redirect_and_nothing_else() -> None:
    (action,) = listed(listeners()[80]["DefaultActions"])
    assert isinstance(action, dict)
    assert action["Type"] == "redirect"
    assert action["RedirectConfig"]["Protocol"] == "HTTPS"
    assert action["RedirectConfig"]["Port"] == "443"
    assert action["RedirectConfig"]["StatusCode"] == "HTTP_301"
    assert set(listeners()) == {80, 443}


def test_malformed_requests_are_dropped() -> None:
    assert attributes()["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes()["routing.http.desync_mitigation_mode"] == "strictest"


def test_load_balancer_is_protected_by_profile() -> None:
    assert attributes()["deletion_protection.enabled"] == "true"
    ephemeral = variant(**EPHEMERAL).one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert {"Key": "deletion_protection.enabled", "Value": "false"} in listed(
        ephemeral["LoadBalancerAttributes"]
    )


def test_only_https_and_the_redirect_are_open_to_the_world() -> None:
    group = PROD.named("Ingress/SecurityGroup", "AWS::EC2::SecurityGroup")
    rules = {(r["FromPort"], r["CidrIp"]) for r in group["SecurityGroupIngress"]}  # type: ignore[attr-defined]
    assert rules == {(443, "0.0.0.0/0"), (80, "0.0.0.0/0")}


def test_load_balancer_leaves_to_the_tasks_only() -> None:
    group = PROD.named("Ingress/SecurityGroup", "AWS::EC2::SecurityGroup")
    assert "SecurityGroupEgress" not in group
    (rule,) = [
        r
        for r in PROD.all("AWS::EC2::SecurityGroupEgress")
        if "IngressSecurityGroup" in target(r["GroupId"])
    ]
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
    assert "ServiceSecurityGroup" in target(rule["DestinationSecurityGroupId"])


def test_the_load_balancer_reaches_the_tasks_and_only_it_does() -> None:
    (rule,) = [
        r
        for r in PROD.all("AWS::EC2::SecurityGroupIngress")
        if "ServiceSecurityGroup" in target(r["GroupId"])
    ]
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
    assert "IngressSecurityGroup" in target(rule["SourceSecurityGroupId"])


def test_access_logs_are_delivered_by_the_service_principal_of_newer_regions() -> None:
    assert attributes()["access_logs.s3.enabled"] == "true"
    policy = PROD.one("AWS::S3::BucketPolicy")["PolicyDocument"]
    principals = [s["Principal"] for s in statements(policy) if s["Effect"] == "Allow"]
    assert {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"} in principals
    assert not [p for p in principals if "054676820928" in json.dumps(p)]


def test_access_log_bucket_is_private_versioned_expiring_and_refuses_plain_http() -> None:
    bucket = PROD.one("AWS::S3::Bucket")
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [  # type: ignore[index]
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    ]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]  # type: ignore[index]
    assert rule == {
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "ExpirationInDays": 400,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 400},
        "Status": "Enabled",
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    refused = [
        s
        for s in statements(PROD.one("AWS::S3::BucketPolicy")["PolicyDocument"])
        if s["Effect"] == "Deny"
    ]
    assert [s["Condition"] for s in refused] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": 1.2}},
    ]
    assert all((s["Action"], s["Principal"]) == ("s3:*", {"AWS": "*"}) for s in refused)


def test_ephemeral_log_bucket_is_emptied_before_it_is_deleted() -> None:
    assert variant(**EPHEMERAL).ids("Custom::S3AutoDeleteObjects")
    assert PROD.ids("Custom::S3AutoDeleteObjects") == []


def test_web_acl_blocks_and_guards_the_load_balancer() -> None:
    acl = PROD.one("AWS::WAFv2::WebACL")
    assert acl["Scope"] == "REGIONAL"
    assert acl["DefaultAction"] == {"Allow": {}}  # what no rule blocks is a customer
    assert acl["VisibilityConfig"] == {
        "CloudWatchMetricsEnabled": True,
        "MetricName": "pcidss-prod",
        "SampledRequestsEnabled": False,
    }
    rules = {rule["Name"]: rule for rule in acl["Rules"]}  # type: ignore[attr-defined]
    assert set(rules) == {
        "RateLimit",
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    }
    assert rules["RateLimit"]["Action"] == {"Block": {}}
    assert rules["RateLimit"]["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 2000,
    }
    for name, rule in rules.items():
        assert rule["VisibilityConfig"]["CloudWatchMetricsEnabled"] is True
        if name != "RateLimit":
            assert rule["OverrideAction"] == {"None": {}}
            group = rule["Statement"]["ManagedRuleGroupStatement"]
            assert group == {"VendorName": "AWS", "Name": name}
    association = PROD.one("AWS::WAFv2::WebACLAssociation")
    assert "LoadBalancer" in target(association["ResourceArn"])
    assert target(association["WebACLArn"]) == PROD.ids("AWS::WAFv2::WebACL")[0]


def test_web_acl_log_hides_credentials() -> None:
    logging = PROD.one("AWS::WAFv2::LoggingConfiguration")
    (destination,) = listed(logging["LogDestinationConfigs"])
    assert text(destination).endswith(":log-group:aws-waf-logs-pcidss-prod")
    assert target(logging["ResourceArn"]) == PROD.ids("AWS::WAFv2::WebACL")[0]
    hidden = [field["SingleHeader"]["Name"] for field in logging["RedactedFields"]]  # type: ignore[attr-defined]
    assert hidden == ["authorization", "cookie"]
    for rule in PROD.one("AWS::WAFv2::WebACL")["Rules"]:  # type: ignore[attr-defined]
        assert rule["VisibilityConfig"]["SampledRequestsEnabled"] is False


def test_web_acl_log_is_delivered_by_a_policy_of_its_group_and_not_of_the_account() -> None:
    assert PROD.ids("AWS::Logs::ResourcePolicy") == []  # an account may have ten
    group = PROD.named("Ingress/WebAclLogGroup", "AWS::Logs::LogGroup")
    (delivery,) = statements(group["ResourcePolicyDocument"])
    assert delivery["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert delivery["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert text(delivery["Resource"]).endswith(":log-group:aws-waf-logs-pcidss-prod:log-stream:*")
    condition = delivery["Condition"]
    assert isinstance(condition, dict)
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert text(condition["ArnLike"]["aws:SourceArn"]).startswith("arn:aws:logs:eu-central-2:")


def test_web_acl_logs_from_the_start_to_a_group_that_exists() -> None:
    (logging,) = PROD.ids("AWS::WAFv2::LoggingConfiguration")
    names = {
        PROD.properties(key).get("LogGroupName")
        for key in waits_for(PROD, logging)
        if PROD.resources[key]["Type"] == "AWS::Logs::LogGroup"
    }
    assert names == {"aws-waf-logs-pcidss-prod"}


def test_load_balancer_asks_each_task_whether_it_is_well() -> None:
    group = PROD.one("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert (group["HealthCheckPath"], group["Matcher"]) == ("/", {"HttpCode": "200"})
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (15, 5)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert (group["Port"], group["Protocol"], group["TargetType"]) == (8080, "HTTP", "ip")
    drained = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
    assert drained in listed(group["TargetGroupAttributes"])


def test_rate_limit_and_health_check_path_are_the_configured_ones() -> None:
    chosen = variant(**CHOSEN)
    rules = listed(chosen.one("AWS::WAFv2::WebACL")["Rules"])
    assert rules[0]["Statement"]["RateBasedStatement"]["Limit"] == 100  # type: ignore[index]
    group = chosen.one("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert group["HealthCheckPath"] == "/health"


def test_certificate_can_be_validated_in_a_hosted_zone() -> None:
    synthesized = variant(**ZONE)
    certificate = synthesized.one("AWS::CertificateManager::Certificate")
    assert certificate["DomainName"] == "pay.example.com"
    assert certificate["ValidationMethod"] == "DNS"
    (option,) = listed(certificate["DomainValidationOptions"])
    assert isinstance(option, dict)
    assert option["HostedZoneId"] == "Z0123456789ABCDEFGHIJ"
    record = synthesized.one("AWS::Route53::RecordSet")
    assert record["Name"] == "pay.example.com."
    assert record["Type"] == "A"
    assert record["HostedZoneId"] == "Z0123456789ABCDEFGHIJ"
    assert "LoadBalancer" in target(record["AliasTarget"]["HostedZoneId"])  # type: ignore[index]


def test_a_validated_certificate_is_the_one_that_customers_see() -> None:
    synthesized = variant(**ZONE)
    listeners = synthesized.all("AWS::ElasticLoadBalancingV2::Listener")
    (https,) = [listener for listener in listeners if listener["Port"] == 443]
    (shown,) = listed(https["Certificates"])
    assert isinstance(shown, dict)
    (made,) = synthesized.ids("AWS::CertificateManager::Certificate")
    assert target(shown["CertificateArn"]) == made


def test_load_balancer_writes_to_its_own_bucket() -> None:
    assert target(attributes()["access_logs.s3.bucket"]) == PROD.ids("AWS::S3::Bucket")[0]


def test_an_internal_load_balancer_is_private_and_open_to_private_ranges() -> None:
    internal = variant(ingress={"certificate_arn": CERTIFICATE, "scheme": "internal"})
    balancer = internal.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internal"
    assert all("Private" in internal.path(target(s)) for s in listed(balancer["Subnets"]))
    assert sources(internal) == {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}


def test_only_listed_sources_reach_the_load_balancer() -> None:
    narrow = variant(**CHOSEN)
    assert sources(narrow) == {"203.0.113.0/24"}
    assert "AwsSolutions-EC23" not in json.dumps(narrow.body)


def sources(synthesized: Synthesized) -> set[str]:
    """Who the load balancer's group admits to 443."""
    group = synthesized.named("Ingress/SecurityGroup", "AWS::EC2::SecurityGroup")
    rules = cast("list[dict[str, object]]", group["SecurityGroupIngress"])
    return {str(rule["CidrIp"]) for rule in rules if rule["FromPort"] == 443}


def test_an_exception_counts_in_its_group_and_all_other_rules_block() -> None:
    uploads = variant(**CHOSEN)
    rules = cast("list[dict[str, object]]", uploads.one("AWS::WAFv2::WebACL")["Rules"])
    counting = {
        str(rule["Name"]): override for rule in rules if (override := _overrides(rule)) is not None
    }
    assert counting == {
        "AWSManagedRulesCommonRuleSet": [
            {"ActionToUse": {"Count": {}}, "Name": "SizeRestrictions_BODY"}
        ]
    }
    assert REASON in json.dumps(uploads.body)


def _overrides(rule: Mapping[str, object]) -> object:
    statement = cast("dict[str, dict[str, object]]", rule["Statement"])
    return statement.get("ManagedRuleGroupStatement", {}).get("RuleActionOverrides")


def test_a_certificate_of_ones_own_goes_with_a_name() -> None:
    both = variant(**CHOSEN)
    assert both.ids("AWS::CertificateManager::Certificate") == []
    assert both.one("AWS::Route53::RecordSet")["Name"] == "pay.example.com."
    https = next(x for x in both.all("AWS::ElasticLoadBalancingV2::Listener") if x["Port"] == 443)
    assert https["Certificates"] == [{"CertificateArn": CERTIFICATE}]


def test_old_versions_of_access_logs_live_as_long_as_the_logs() -> None:
    (rule,) = cast(
        "list[dict[str, object]]",
        cast("dict[str, object]", PROD.one("AWS::S3::Bucket")["LifecycleConfiguration"])["Rules"],
    )
    noncurrent = cast("dict[str, object]", rule["NoncurrentVersionExpiration"])
    assert noncurrent["NoncurrentDays"] == rule["ExpirationInDays"] == 400


def test_logs_can_be_locked_for_their_retention() -> None:
    locked = variant(**CHOSEN)
    bucket = locked.one("AWS::S3::Bucket")
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Days": 731, "Mode": "COMPLIANCE"}},
    }
    groups = locked.all("AWS::Logs::LogGroup")
    assert all(group["DeletionProtectionEnabled"] is True for group in groups)
    assert not any("DeletionProtectionEnabled" in g for g in PROD.all("AWS::Logs::LogGroup"))
