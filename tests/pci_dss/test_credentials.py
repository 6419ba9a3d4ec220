"""Secrets in the clear: found wherever a template can hold one, and nowhere else."""

from __future__ import annotations

import base64
from typing import cast

import pytest

from pcistack.checks.findings import Finding, Severity
from pcistack.pci_dss.credentials import Grade, grade, holds_credential, is_literal, looks_random
from pcistack.pci_dss.credentials_in_text import written_in
from pcistack.template.document import Json
from tests.pci_dss.cases import Resources, att, one, ref, res, task
from tests.pci_dss.test_rules import findings
from tests.tables import cases

LITERAL = "Sup3rS3cret!x9"
# a scanner of this repository must not take the tests for a leak
TOKENS = (
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2c3D4" * 3,
    "glpat-" + "a1B2c3D4" * 3,
    "xoxb-" + "1234567890-abcdef",
    "sk_live_" + "4eC39HqLyjWD",
    "AKIA" + "IOSFODNN7ABCDEFG",
    "SG." + "a1B2c3D4" * 2 + "." + "a1B2c3D4" * 2,
    "AIza" + "a1B2c" * 7,
    "eyJ" + "hbGciOiJI.eyJ" + "zdWIiOiIx.c2lnbmF0dXJl",
    "npm_" + "a1B2" * 9,
    "-----BEGIN " + "EC PRIVATE KEY-----",
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "https://hooks." + "slack.com/services/T000/B000/abcdef",
    "postgres://app:" + LITERAL + "@db:5432/tx",
    "amqps://:" + LITERAL + "@broker",
    "Server=db;User Id=app;Password=" + LITERAL + ";Encrypt=true",
    "AccountKey=" + "a1B2c3D4" * 4,
)


def clear(resources: Resources, sections: dict[str, Json] | None = None) -> list[Finding]:
    return [found for found in findings(resources, sections) if ".6.2-" in found.rule]


def paths(resources: Resources) -> list[str]:
    return sorted(found.property for found in clear(resources))


@cases("token", TOKENS)
def test_a_token_of_a_known_shape_is_a_credential_under_any_name(token: str) -> None:
    assert holds_credential(f"see {token}")
    assert paths(task({"Environment": [{"Name": "X", "Value": token}]})) == [
        "ContainerDefinitions.0.Environment.0.Value"
    ]
    assert paths(one("CodeCommit::Repository", RepositoryName=token)) == ["RepositoryName"]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com:443/path",
        "https://user@example.com",
        "https://<AWS::Region>.example.com",
        "mysql://app:${PASSWORD}@db/tx",
        "-----BEGIN CERTIFICATE-----",
        "arn:aws:secretsmanager:eu-central-2:111111111111:secret:db-AbCdEf",
        "AKIA",
        "sha256:" + "ab12" * 16,
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_an_address_or_a_digest_is_no_credential(text: str) -> None:
    assert not holds_credential(text)
    assert clear(task({"Environment": [{"Name": "WHERE", "Value": text}]})) == []


@cases(
    ("name", "text"),
    [
        ("DB_PW", LITERAL),
        ("db_pass", "hunter22"),
        ("PGPASSWORD", "changeme"),
        ("spring.datasource.password", "x9"),
        ("MysqlPwd", LITERAL),
        ("JWT_SIGNING", "a8f5f167f44f4964"),
        ("JWT_SECRET", "supersecret"),
        ("STRIPE_KEY", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("API_TOKEN", "550e8400-e29b-41d4-a716-446655440000"),
        ("HMAC_SALT", LITERAL),
        ("clientSecret", "q1w2e3r4"),
        ("ENCRYPTION_KEY", LITERAL),
    ],
)
def test_a_literal_under_a_telling_name_is_a_credential(name: str, text: str) -> None:
    assert is_literal(grade(name), text)
    found = clear(task({"Environment": [{"Name": name, "Value": text}]}))
    assert [finding.rule for finding in found] == ["PCI-8.6.2-ENVIRONMENT"]
    assert found[0].severity is Severity.ERROR


@cases(
    ("name", "text"),
    [
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("SECRET_NAME", "prod/db"),
        ("DB_SECRET", "prod/payments/db"),
        ("DB_SECRET", "payments-db-v2"),
        ("DB_SECRET", "arn:aws:secretsmanager:eu-central-2:111111111111:secret:db-AbCdEf"),
        ("TOKEN_URL", "https://login.example.com/oauth2/token"),
        ("API_TOKEN", "https://login.example.com/oauth2/token"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("PASSWORD_RESET", "true"),
        ("REQUIRE_PASSWORD", "true"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "<your password>"),
        ("API_KEY", "REPLACE_ME"),
        ("JWT_ALGORITHM", "RS256"),
        ("AUTH", "enabled"),
        ("S3_KEY", "path/to/config.json"),
        ("PARTITION_KEY", "customerId"),
        ("KEY", "orders-2024"),
        ("BYPASS", "nothing9x"),
        ("TracingPassThrough", "Active"),
        ("PASS_RATE", "ninety9x"),
        ("COMPASS_HEADING", "n0rth"),
        ("TOKEN_TTL", "3600"),
        ("ACCESS_KEY_ID", "my-key"),
        ("MONKEY", "banana"),
        ("SIGNATURE_VERSION", "s3v4"),
        ("PUBLIC_KEY", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"),
    ],
)
def test_what_says_where_a_secret_is_or_how_it_is_handled_is_none(name: str, text: str) -> None:
    assert not is_literal(grade(name), text)
    assert clear(task({"Environment": [{"Name": name, "Value": text}]})) == []


COMMANDS = (
    f"mysql -u app -p{LITERAL} -h db",
    f"PGPASSWORD={LITERAL} psql -h db",
    f"run --password {LITERAL}",
    f"run --db-password={LITERAL}",
    f"run --api-token {LITERAL}",
    f"curl -u app:{LITERAL} https://example.com",
    f"curl -H 'Authorization: Bearer {'a1B2c3D4' * 3}' https://example.com",
    f"sshpass -p {LITERAL} ssh db",
    f"redis-cli -a {LITERAL} ping",
    f"echo {LITERAL} | docker login --username app --password-stdin",
    f"echo 'app:{LITERAL}' | chpasswd",
    f"export JWT_SIGNING_KEY={LITERAL}",
    f"java -Dspring.datasource.password={LITERAL} -jar app.jar",
    f"mysqladmin -u root password '{LITERAL}'",
    f"CREATE USER app IDENTIFIED BY '{LITERAL}'",
)


@cases("command", COMMANDS)
def test_a_credential_in_a_command_is_found_in_every_command(command: str) -> None:
    assert written_in(command)
    words = ["sh", "-c", command]
    assert paths(task({"Command": words})) == ["ContainerDefinitions.0.Command.2"]
    assert paths(task({"EntryPoint": words})) == ["ContainerDefinitions.0.EntryPoint.2"]
    health: dict[str, object] = {"HealthCheck": {"Command": ["CMD-SHELL", command]}}
    assert paths(task(health)) == ["ContainerDefinitions.0.HealthCheck.Command.1"]
    job = one("Batch::JobDefinition", ContainerProperties={"Command": words})
    assert paths(job) == ["ContainerProperties.Command.2"]
    script = f"#!/bin/bash\nset -e\n{command}\n"
    assert paths(one("EC2::Instance", UserData={"Fn::Base64": script})) == ["UserData"]
    encoded = base64.b64encode(script.encode()).decode()
    assert paths(one("EC2::Instance", UserData=encoded)) == ["UserData"]
    with_region = {"Fn::Base64": {"Fn::Sub": "echo ${AWS::Region}\n" + command}}
    template = {"LaunchTemplateData": {"UserData": with_region}}
    assert paths(one("EC2::LaunchTemplate", **template)) == ["LaunchTemplateData.UserData"]


@cases(
    "command",
    [
        "mysql -u app -p$DB_PASSWORD -h db",
        "mysql -u app -p -h db",
        "run --password ${DB_PASSWORD}",
        "run --password-file /run/secrets/db",
        "export PASSWORD=$(aws secretsmanager get-secret-value --secret-id prod/db)",
        "export TOKEN=`curl -X PUT http://169.254.169.254/latest/api/token`",
        'curl -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/',
        "aws kms decrypt --key-id alias/payments",
        "aws s3 cp s3://bucket/key.pem /etc/ssl/key.pem",
        "curl -u $USER:$PASSWORD https://example.com",
        "echo $PASSWORD | docker login --username app --password-stdin",
        "wget --quiet --output-document=/dev/null http://127.0.0.1:8080/ || exit 1",
        "gpg --import key.asc && rpm --import https://example.com/RPM-GPG-KEY-mysql-2023",
        "# PASSWORD=example is set by hand",
        "SECRET_ARN=arn:aws:secretsmanager:eu-central-2:111111111111:secret:db run",
    ],
)
def test_a_command_that_reads_its_credential_has_none(command: str) -> None:
    assert written_in(command) is None
    assert clear(task({"Command": ["sh", "-c", command]})) == []


def test_a_flag_and_its_value_may_be_two_words() -> None:
    words: list[object] = ["run", "--password", LITERAL]
    assert paths(task({"Command": words})) == ["ContainerDefinitions.0.Command"]
    assert clear(task({"Command": ["run", "--password", ref("Elsewhere")]})) == []


CODE = (
    f"import os\npw = os.environ.get('DB_PASSWORD', '{LITERAL}')",
    f'const pw = process.env.DB_PASSWORD || "{LITERAL}"',
    f'import db\npassword = "{LITERAL}"\ndb.connect(password)',
    f'db.connect(host="db", password="{LITERAL}")',
    f"const config = {{ apiKey: '{LITERAL}', url: 'x' }}",
    f'{{"auth": {{"password": "{LITERAL}"}}}}',
)


@pytest.mark.parametrize("code", CODE)
def test_a_credential_in_inline_code_is_found(code: str) -> None:
    assert paths(one("Lambda::Function", Code={"ZipFile": code})) == ["Code.ZipFile"]


def test_code_that_reads_its_credential_has_none() -> None:
    code = (
        "import os, boto3\n"
        "password = os.environ['DB_PASSWORD']\n"
        "password = os.getenv('DB_PASSWORD', '')\n"
        "token = event['token']\n"
        "secret = boto3.client('secretsmanager').get_secret_value(SecretId='prod/db')\n"
        "if password == '': raise ValueError('password: missing')\n"
        "key = record['s3']['object']['key']\n"
        "def login(password: str, token: str = None): pass\n"
        "print('token expires', token_expiry)\n"
    )
    assert clear(one("Lambda::Function", Code={"ZipFile": code})) == []


SETTINGS: dict[str, Resources] = {
    "LoggingOptions": task({"LogConfiguration": {"Options": {"splunk-token": "9f86d081884c7d65"}}}),
    "DockerLabels": task({"DockerLabels": {"db.password": LITERAL}}),
    "Batch": one(
        "Batch::JobDefinition",
        ContainerProperties={"Environment": [{"Name": "DB_PW", "Value": LITERAL}]},
    ),
    "AppRunner": one(
        "AppRunner::Service",
        SourceConfiguration={
            "ImageRepository": {
                "ImageConfiguration": {
                    "RuntimeEnvironmentVariables": [{"Name": "DB_PW", "Value": LITERAL}]
                }
            }
        },
    ),
    "Parameter": one("SSM::Parameter", Type="String", Name="/prod/db/password", Value=LITERAL),
    "CodeBuild": one(
        "CodeBuild::Project",
        Environment={"EnvironmentVariables": [{"Name": "NPM_TOKEN", "Value": "a1b2c3d4e5"}]},
    ),
    "Beanstalk": one(
        "ElasticBeanstalk::Environment",
        OptionSettings=[{"OptionName": "DB_PASSWORD", "Value": LITERAL, "Namespace": "n"}],
    ),
    "Amplify": one("Amplify::App", EnvironmentVariables=[{"Name": "API_SECRET", "Value": LITERAL}]),
    "GlueJob": one("Glue::Job", DefaultArguments={"--db-password": LITERAL}),
    "GlueConnection": one(
        "Glue::Connection", ConnectionInput={"ConnectionProperties": {"PASSWORD": LITERAL}}
    ),
    "IdentityProvider": one(
        "Cognito::UserPoolIdentityProvider", ProviderDetails={"client_secret": LITERAL}
    ),
    "Nested": one("CloudFormation::Stack", Parameters={"DbPassword": LITERAL}),
    "Custom": {"It": {"Type": "Custom::Thing", "Properties": {"AdminPassword": LITERAL}}},
    "Pipeline": one(
        "CodePipeline::Pipeline",
        Stages=[{"Actions": [{"Configuration": {"OAuthToken": "a1b2c3d4e5f6"}}]}],
    ),
    "Serverless": one("Serverless::Function", Environment={"Variables": {"DB_PASSWORD": LITERAL}}),
    "Override": one(
        "Events::Rule",
        Targets=[
            {"Input": '{"containerOverrides":[{"environment":[]}],"password":"' + LITERAL + '"}'}
        ],
    ),
    "StateMachine": one(
        "StepFunctions::StateMachine",
        DefinitionString='{"States":{"A":{"Parameters":{"password":"' + LITERAL + '"}}}}',
    ),
    "StateOverride": one(
        "StepFunctions::StateMachine",
        DefinitionString='{"Environment":[{"Name":"DB_PASSWORD","Value":"' + LITERAL + '"}]}',
    ),
    "RuleOverride": one(
        "Events::Rule",
        Targets=[{"Input": '{"environment":[{"name":"DB_PW","value":"' + LITERAL + '"}]}'}],
    ),
    "Manifest": one(
        "SSM::Document",
        Content="env:\n  - name: DB_PASSWORD\n    value: " + LITERAL + "\n",
    ),
    "StateObject": one(
        "StepFunctions::StateMachine",
        Definition={"States": {"A": {"Parameters": {"password": LITERAL}}}},
    ),
    "BuildSpec": one(
        "CodeBuild::Project",
        Source={"BuildSpec": f"version: 0.2\nenv:\n  variables:\n    DB_PASSWORD: {LITERAL}\n"},
    ),
    "ApiKey": one("ApiGateway::ApiKey", Value="a1b2c3d4e5f6a7b8c9d0"),
    "Connection": one(
        "Events::Connection",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "9f86d081"}},
    ),
    "OAuth": one(
        "Events::Connection",
        AuthParameters={"OAuthParameters": {"ClientParameters": {"ClientSecret": LITERAL}}},
    ),
    "Headers": one(
        "Events::Connection",
        AuthParameters={
            "InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "x-api-key", "Value": "9f86d081884c7d65"}]
            }
        },
    ),
    "Origin": one(
        "CloudFront::Distribution",
        DistributionConfig={
            "Origins": [
                {"OriginCustomHeaders": [{"HeaderName": "x-origin-verify", "HeaderValue": LITERAL}]}
            ]
        },
    ),
    "Broker": one("AmazonMQ::Broker", Users=[{"Username": "app", "Password": LITERAL}]),
    "CacheUser": one("ElastiCache::User", Passwords=[LITERAL]),
    "Tunnel": one(
        "EC2::VPNConnection", VpnTunnelOptionsSpecifications=[{"PreSharedKey": "a1b2c3d4"}]
    ),
    "Domain": one(
        "OpenSearchService::Domain",
        AdvancedSecurityOptions={"MasterUserOptions": {"MasterUserPassword": LITERAL}},
    ),
    "Secret": one("SecretsManager::Secret", SecretString='{"password":"' + LITERAL + '"}'),
    "Init": {
        "It": {
            "Type": "AWS::EC2::Instance",
            "Properties": {},
            "Metadata": {
                "AWS::CloudFormation::Init": {
                    "config": {
                        "files": {
                            "/etc/app.conf": {"content": {"Fn::Sub": f"db.password={LITERAL}"}}
                        }
                    }
                }
            },
        }
    },
}


@cases("place", sorted(SETTINGS))
def test_a_credential_is_found_in_every_place_that_takes_one(place: str) -> None:
    found = clear(SETTINGS[place])
    assert len(found) == 1, [(one.rule, one.property) for one in found]
    assert found[0].severity is Severity.ERROR


REFERENCES: dict[str, Resources] = {
    "Dynamic": one("RDS::DBCluster", MasterUserPassword="{{resolve:secretsmanager:db}}"),
    "Hidden": one("RDS::DBCluster", MasterUserPassword=ref("Hidden")),
    "Reference": one("DMS::Endpoint", Password=att("Other", "Value")),
    "Secrets": task({"Secrets": [{"Name": "DB_PASSWORD", "ValueFrom": "prod-db-password"}]}),
    "SecretOptions": task(
        {"LogConfiguration": {"SecretOptions": [{"Name": "splunk-token", "ValueFrom": "a1b2c3d4"}]}}
    ),
    "CodeBuild": one(
        "CodeBuild::Project",
        Environment={
            "EnvironmentVariables": [
                {"Name": "DB_PASSWORD", "Type": "SECRETS_MANAGER", "Value": "db:password"}
            ]
        },
    ),
    "BuildSpec": one(
        "CodeBuild::Project",
        Source={
            "BuildSpec": "version: 0.2\nenv:\n  secrets-manager:\n    DB_PASSWORD: db:password\n"
            "  parameter-store:\n    API_KEY: payments-key7x9z2\nphases: {}\n"
        },
    ),
    "ParameterGroup": one(
        "RDS::DBParameterGroup",
        Parameters={"password_encryption": "scram-sha-256", "default_password_lifetime": "90"},
    ),
    "Cors": one(
        "ApiGateway::Method",
        Integration={
            "IntegrationResponses": [
                {
                    "ResponseParameters": {
                        "method.response.header.Access-Control-Allow-Headers": "'X-Api-Key'"
                    }
                }
            ]
        },
    ),
    "Client": one(
        "Cognito::UserPoolClient",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        TokenValidityUnits={"AccessToken": "minutes"},
    ),
    "Table": one(
        "DynamoDB::Table",
        KeySchema=[{"AttributeName": "token", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "token", "AttributeType": "S"}],
    ),
    "Tags": one("S3::Bucket", Tags=[{"Key": "SecretOwner", "Value": "payments"}]),
    "Generated": one(
        "SecretsManager::Secret",
        GenerateSecretString={
            "SecretStringTemplate": '{"username": "app"}',
            "GenerateStringKey": "password",
            "ExcludeCharacters": "\"@/\\'`",
        },
    ),
    "Asset": one("Lambda::Function", Code={"S3Bucket": "b", "S3Key": "a1B2c3D4" * 8 + ".zip"}),
}


@cases("place", sorted(REFERENCES))
def test_a_reference_to_a_secret_is_none_in_the_clear(place: str) -> None:
    sections: dict[str, Json] = {
        "Parameters": {"Hidden": {"Type": "String", "NoEcho": True}},
    }
    resources = REFERENCES[place] | {"Other": res("SNS::Topic")}
    assert clear(resources, sections) == []


def test_a_parameter_that_is_shown_is_no_place_for_a_password() -> None:
    shown: dict[str, Json] = {"Parameters": {"Shown": {"Type": "String"}}}
    found = clear(one("RDS::DBCluster", MasterUserPassword=ref("Shown")), shown)
    assert [(one.rule, one.severity) for one in found] == [
        ("PCI-8.6.2-PASSWORD-LITERAL", Severity.ERROR)
    ]
    unseen: Json = {"Type": "String", "NoEcho": "true"}
    hidden: dict[str, Json] = {"Parameters": {"DbPassword": unseen, "Contact": unseen}}
    for name, value, severity in (
        ("DB_PW", ref("DbPassword"), Severity.ERROR),
        ("DB_PW", ref("Contact"), Severity.ERROR),
        ("CONF", ref("DbPassword"), Severity.ERROR),
        ("DATABASE_URL", {"Fn::Sub": "mysql://app:${DbPassword}@db/tx"}, Severity.ERROR),
        ("CONF", ref("Contact"), Severity.WARNING),
    ):
        variable = one("Lambda::Function", Environment={"Variables": {name: value}})
        assert [one.severity for one in clear(variable, hidden)] == [severity]
    nested = one("CloudFormation::Stack", Parameters={"Password": ref("DbPassword")})
    assert clear(nested, hidden) == []


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ({"Type": "String", "Default": LITERAL}, Severity.ERROR),
        ({"Type": "String", "Default": LITERAL, "NoEcho": True}, Severity.ERROR),
        ({"Type": "String"}, Severity.WARNING),
        ({"Type": "String", "NoEcho": True}, None),
        ({"Type": "String", "NoEcho": True, "Default": ""}, None),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/db/password"}, None),
        ({"Type": "Number", "Default": 12}, None),
    ],
)
def test_a_parameter_for_a_password_is_hidden_and_empty(
    body: Json, severity: Severity | None
) -> None:
    found = clear(one("SNS::Topic"), {"Parameters": {"DbPassword": body}})
    assert [one.severity for one in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        (ref("Pw"), True),
        ({"Fn::Sub": "mysql://app:${Pw}@db"}, True),
        (att("Key", "SecretAccessKey"), True),
        ("{{resolve:secretsmanager:db:SecretString:password}}", True),
        (f"https://app:{LITERAL}@example.com", True),
        (ref("Secret"), False),
        (ref("SecretName"), False),
        (att("Db", "Endpoint.Address"), False),
        ({"Fn::Sub": "https://${AWS::Region}.example.com"}, False),
    ],
)
def test_an_output_that_shows_a_secret_is_found(value: object, is_found: bool) -> None:
    sections = {
        "Parameters": {
            "Pw": {"Type": "String", "NoEcho": True},
            "SecretName": {"Type": "String"},
        },
        "Outputs": {"It": {"Value": value}},
    }
    resources: Resources = {
        "Key": res("IAM::User"),
        "Secret": res("SecretsManager::Secret", GenerateSecretString={}),
        "Db": res("RDS::DBCluster"),
    }
    found = clear(resources, cast("dict[str, Json]", sections))
    assert ["PCI-8.6.2-OUTPUT"] * is_found == [one.rule for one in found]


def test_what_looks_drawn_by_chance_is_asked_for() -> None:
    drawn = "kJ8sQ2vLx0Zp4Rt7Wn1Yb6Mc3Hd9Fg5A"
    assert looks_random(drawn)
    variables = {"Variables": {"BLOB": drawn, "BLOB_ID": drawn}}
    found = clear(one("Lambda::Function", Environment=variables))
    assert [one.property for one in found] == ["Environment.Variables.BLOB"]
    for text in (
        "ab12" * 16,
        "MyApplicationConfigurationSettings",
        "us-east-1_aBcDeFgHi",
        "a" * 40,
    ):
        assert not looks_random(text)


def test_the_grades_of_names_rise() -> None:
    assert grade("DB_PASSWORD") is Grade.PASSWORD
    assert grade("API_TOKEN") is Grade.SECRET
    assert grade("JWT_SIGNING") is Grade.HINT
    assert grade("COLOUR") is Grade.NONE
