"""Web ACLs: what AWS WAF refuses."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_ARN = "'arn:aws:logs:eu-central-2:111111111111:log-group:%s'"
_SEEN = "VisibilityConfig: {MetricName: m, SampledRequestsEnabled: true}"
_GROUP = "Statement: {ManagedRuleGroupStatement: {VendorName: AWS, Name: %s}}"
_COMMON = _GROUP % "AWSManagedRulesCommonRuleSet"
_NONE = "OverrideAction: {None: {}}"
_RATE = "Statement: {RateBasedStatement: {AggregateKeyType: IP, Limit: %s}}"
_BLOCK = "Action: {Block: {}}"


def _acl(*rules: str) -> str:
    written = ", ".join(f"{{{_SEEN}, {rule}}}" for rule in rules)
    return template(
        "Thing:\n  Type: AWS::WAFv2::WebACL\n"
        f"  Properties: {{Scope: REGIONAL, {_SEEN}, Rules: [{written}]}}"
    )


def _case(name: str, path: str, bad: str, good: str) -> Case:
    return Case(
        rule="DEPLOY-WAF-RULE",
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=bad,
        good=good,
    )


def _log(name: str) -> str:
    return template(
        f"Logs: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}\n"
        "Thing:\n  Type: AWS::WAFv2::LoggingConfiguration\n"
        "  Properties: {ResourceArn: a, LogDestinationConfigs: [!GetAtt Logs.Arn]}"
    )


def _logged(arn: str) -> str:
    return template(
        "Thing:\n  Type: AWS::WAFv2::LoggingConfiguration\n"
        f"  Properties: {{ResourceArn: a, LogDestinationConfigs: [{arn}]}}"
    )


def _redacted(field: str) -> str:
    arn = _ARN % "aws-waf-logs-shop"
    return template(
        "Thing:\n  Type: AWS::WAFv2::LoggingConfiguration\n  Properties: {ResourceArn: a, "
        f"LogDestinationConfigs: [{arn}], RedactedFields: [{{{field}: {{}}}}]}}"
    )


def _attached(kind: str) -> str:
    return template(
        "Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: "
        f"{kind}}}}}\nThing:\n  Type: AWS::WAFv2::WebACLAssociation\n"
        "  Properties: {ResourceArn: !Ref Balancer, WebACLArn: a}"
    )


_A = f"Name: a, Priority: 0, {_COMMON}, {_NONE}"

CASES = (
    _case(
        "priority",
        "Rules.1.Priority",
        _acl(_A, f"Name: b, Priority: 0, {_COMMON}, {_NONE}"),
        _acl(_A, f"Name: b, Priority: 1, {_COMMON}, {_NONE}"),
    ),
    _case(
        "action of a group",
        "Rules.0.Action",
        _acl(f"Name: a, Priority: 0, {_COMMON}, {_BLOCK}"),
        _acl(_A),
    ),
    _case(
        "override of a rule",
        "Rules.0.OverrideAction",
        _acl(f"Name: a, Priority: 0, {_RATE % 100}, {_NONE}"),
        _acl(f"Name: a, Priority: 0, {_RATE % 100}, {_BLOCK}"),
    ),
    _case("no action", "Rules.0", _acl(f"Name: a, Priority: 0, {_COMMON}"), _acl(_A)),
    _case(
        "group",
        "Rules.0.Statement.ManagedRuleGroupStatement.Name",
        _acl(f"Name: a, Priority: 0, {_GROUP % 'AWSManagedRulesCoreRuleSet'}, {_NONE}"),
        _acl(_A),
    ),
    _case(
        "rate",
        "Rules.0.Statement.RateBasedStatement.Limit",
        _acl(f"Name: a, Priority: 0, {_RATE % 5}, {_BLOCK}"),
        _acl(f"Name: a, Priority: 0, {_RATE % 10}, {_BLOCK}"),
    ),
    Case(
        rule="DEPLOY-WAF-LOG-NAME",
        severity=Severity.FATAL,
        property="LogDestinationConfigs.0",
        bad=_log("firewall-logs"),
        good=_log("aws-waf-logs-shop"),
    ),
    Case(
        rule="DEPLOY-WAF-LOG-NAME",
        name="by ARN",
        severity=Severity.FATAL,
        property="LogDestinationConfigs.0",
        bad=_logged(_ARN % "/waf"),
        good=_logged(_ARN % "aws-waf-logs-shop"),
    ),
    Case(
        rule="DEPLOY-WAF-LOG-NAME",
        name="partly known",
        severity=Severity.FATAL,
        property="LogDestinationConfigs.0",
        bad=_log("!Sub 'logs-${AWS::AccountId}'"),
        good=_log("!Sub 'aws-waf-logs-${AWS::AccountId}'"),
    ),
    Case(
        rule="DEPLOY-WAF-LOG-NAME",
        name="generated",
        property="LogDestinationConfigs.0",
        bad=_log("!Ref AWS::NoValue"),
        good=_log("!Sub 'aws-waf-${AWS::StackName}'"),
    ),
    Case(
        rule="DEPLOY-WAF-LOG-FILTER",
        severity=Severity.FATAL,
        property="RedactedFields.0.Body",
        bad=_redacted("Body"),
        good=_redacted("QueryString"),
    ),
    Case(
        rule="DEPLOY-WAF-ASSOCIATION",
        severity=Severity.FATAL,
        property="ResourceArn",
        bad=_attached("network"),
        good=_attached("application"),
    ),
)
